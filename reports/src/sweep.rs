//! Several models beside one another on a terminal.

use sim::result::{Phase, Report};

use crate::grid::Grid;
use crate::machine::machines;
use crate::units::{count, number, si, times};

/// One line a model, one grid a phase; energy is the system accounting's, per token. Where `max` led to batches that
/// differ, each line has its own: the ratios are those of tokens, not of the latencies.
pub fn sweep_table(reports: &[Report]) -> String {
    let grids = [Phase::Prefill, Phase::Decode].map(|phase| grid(phase, reports));
    let parts: Vec<_> = grids.into_iter().flatten().collect();
    parts.join("\n")
}

/// The grid of one phase, unless no report has it.
fn grid(phase: Phase, reports: &[Report]) -> Option<String> {
    let each_batch = batches_differ(reports);
    let mut grid = Grid::new(if each_batch { "<>>>>>>>>>>" } else { "<>>>>>>>>>" });
    let row = |model: &str, batch: String, others: [String; 9]| {
        [model.to_owned()].into_iter().chain(each_batch.then_some(batch)).chain(others)
    };
    let header = |cells: [&str; 9]| cells.map(str::to_owned);
    let groups = header(["", "latency", "", "tokens/s", "", "", "J/token", "", ""]);
    grid.row(row("", String::new(), groups));
    let names = header(["chips", "ternary", "FP16", "ternary", "FP16", "ratio", "ternary", "FP16", "ratio"]);
    grid.row(row("model", "batch".to_owned(), names));
    grid.rule();
    for report in reports {
        for part in report.phases.iter().filter(|part| part.ternary.phase == phase) {
            let both = machines(part);
            let [seconds, fp16_seconds] = both.map(|m| si(m.run.seconds, "s"));
            let [rate, fp16_rate] = both.map(|m| number(m.run.tokens_per_second));
            let [energy, fp16_energy] = both.map(|m| si(m.system_j_per_token().values().sum(), "J"));
            let cells = [
                format!("{} vs {}", part.ternary.chips, part.fp16.chips),
                seconds,
                fp16_seconds,
                rate,
                fp16_rate,
                times(part.ratio.throughput),
                energy,
                fp16_energy,
                times(part.ratio.energy.system),
            ];
            grid.row(row(&report.model, batch_pair(report), cells));
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

/// Whether `max` led to different batches, by model or by machine.
pub(crate) fn batches_differ(reports: &[Report]) -> bool {
    let mut batches = reports.iter().flat_map(|report| [report.options.batch, report.options.fp16_batch]);
    batches.next().is_some_and(|first| batches.any(|batch| batch != first))
}

/// The ternary machine's batch and the baseline's: `4 vs 2`.
pub(crate) fn batch_pair(report: &Report) -> String {
    format!("{} vs {}", report.options.batch, report.options.fp16_batch)
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
            "70b", "4 vs 2", "1 vs 2", "5.512 ms", "53.12 ms", "725.6", "37.65", "19.3x", "150.0 mJ",
            "2.880 J", "19.2x",
        ];
        assert_eq!(last, expected);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn equal_batches_have_no_column() {
        let mut report = example::report();
        let columns = |text: &str| -> Vec<String> {
            let header = text.lines().find(|line| line.starts_with("model")).unwrap();
            header.split_whitespace().take(3).map(str::to_owned).collect()
        };
        assert_eq!(columns(&sweep_table(std::slice::from_ref(&report))), ["model", "batch", "chips"]);
        report.options.fp16_batch = 4;
        let text = sweep_table(&[report.clone(), report.clone()]);
        assert!(text.contains("batch 4\n\n"), "{text}");
        assert_eq!(columns(&text), ["model", "chips", "ternary"]);
        let mut other = report.clone();
        (other.options.batch, other.options.fp16_batch) = (8, 8);
        let text = sweep_table(&[report, other]);
        assert!(["\n70b    4 vs 4  ", "\n70b    8 vs 8  "].iter().all(|line| text.contains(line)), "{text}");
    }

    #[test]
    fn a_phase_that_none_has_has_no_grid() {
        let mut decode_only = example::report();
        decode_only.phases.remove(0);
        assert!(sweep_table(&[decode_only]).starts_with("decode"));
    }
}
