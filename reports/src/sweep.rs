//! Several models beside one another on a terminal.

use sim::result::{Phase, Report};

use crate::grid::Grid;
use crate::machine::machines;
use crate::units::{count, number, si, times};

/// One line a model, one grid a phase; energy is the system accounting's, per token.
pub fn sweep_table(reports: &[Report]) -> String {
    let grids = [Phase::Prefill, Phase::Decode].map(|phase| grid(phase, reports));
    let parts: Vec<_> = grids.into_iter().flatten().collect();
    parts.join("\n")
}

/// The grid of one phase, unless no report has it.
fn grid(phase: Phase, reports: &[Report]) -> Option<String> {
    let mut grid = Grid::new("<>>>>>>>>>");
    grid.row(["", "", "latency", "", "", "tokens/s", "", "J/token", "", ""]);
    grid.row(["model", "chips", "ternary", "FP16", "ratio", "ternary", "FP16", "ternary", "FP16", "ratio"]);
    grid.rule();
    for report in reports {
        for part in report.phases.iter().filter(|part| part.ternary.phase == phase) {
            let both = machines(part);
            let [seconds, rate, energy] = [
                both.map(|m| si(m.run.seconds, "s")),
                both.map(|m| number(m.run.tokens_per_second)),
                both.map(|m| si(m.system_j_per_token().values().sum(), "J")),
            ];
            let chips = format!("{} vs {}", part.ternary.chips, part.fp16.chips);
            let mut cells = vec![report.model.clone(), chips];
            cells.extend(seconds);
            cells.push(times(part.ratio.latency));
            cells.extend(rate);
            cells.extend(energy);
            cells.push(times(part.ratio.energy.system));
            grid.row(cells);
        }
    }
    let first = reports.iter().find(|report| report.phases.iter().any(|part| part.ternary.phase == phase))?;
    let (what, length) = match phase {
        Phase::Prefill => ("prompt", first.options.prompt),
        Phase::Decode => ("context", first.options.context),
    };
    let title =
        format!("{} on {}, {what} {}, batch {}", phase.name(), first.chip, count(length), batches(reports));
    Some(format!("{title}\n\n{}", grid.text()))
}

/// The batch, or the range of batches that `max` led to.
pub(crate) fn batches(reports: &[Report]) -> String {
    let batches = || reports.iter().flat_map(|report| [report.options.batch, report.options.fp16_batch]);
    match (batches().min(), batches().max()) {
        (Some(least), Some(most)) if least != most => format!("{} to {}", count(least), count(most)),
        (Some(batch), _) => count(batch),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::grid::WIDTH;

    #[test]
    fn one_line_a_model_in_each_phase() {
        let mut small = example::report();
        small.model = "bitnet-2b-4t".to_owned();
        let text = sweep_table(&[small, example::report()]);
        assert!(text.starts_with("prefill on datacenter, prompt 512, batch 2 to 4\n\n"), "{text}");
        assert!(text.contains("\ndecode on datacenter, context 768, batch 2 to 4\n"));
        let lines: Vec<Vec<&str>> =
            text.lines().map(|line| line.split("  ").map(str::trim).collect()).collect();
        let last = lines.last().unwrap().iter().filter(|cell| !cell.is_empty()).copied().collect::<Vec<_>>();
        let expected = [
            "70b", "1 vs 2", "5.512 ms", "53.12 ms", "9.64x", "725.6", "37.65", "150.0 mJ", "2.880 J",
            "19.2x",
        ];
        assert_eq!(last, expected);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn a_phase_that_none_has_has_no_grid() {
        let mut decode_only = example::report();
        decode_only.phases.remove(0);
        assert!(sweep_table(&[decode_only]).starts_with("decode"));
    }
}
