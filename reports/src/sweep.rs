//! Several models beside one another on a terminal.

use sim::result::{Phase, PhaseReport, Report};

use crate::grid::Grid;
use crate::machine::machines;
use crate::units::{count, number, si, times};

/// Two grids a phase, one line a model: how fast, and the energy of a token by all three accountings. Where `max` led to batches that
/// differ, each line has its own: the ratios are those of tokens, not of the latencies.
pub fn sweep_table(reports: &[Report]) -> String {
    let grids = [Phase::Prefill, Phase::Decode].map(|phase| grids(phase, reports));
    let parts: Vec<_> = grids.into_iter().flatten().collect();
    parts.join("\n")
}

/// The grids of one phase, unless no report has it.
fn grids(phase: Phase, reports: &[Report]) -> Option<String> {
    let of = |report: &'_ Report| report.phases.iter().find(|part| part.ternary.phase == phase).cloned();
    let parts: Vec<_> = reports.iter().filter_map(|report| Some((report, of(report)?))).collect();
    let (first, _) = parts.first()?;
    let (what, length) = match phase {
        Phase::Prefill => ("prompt", first.options.prompt),
        Phase::Decode => ("context", first.options.context),
    };
    let title =
        format!("{} on {}, {what} {}, batch {}", phase.name(), first.chip, count(length), batches(reports));
    let each_batch = batches_differ(reports);
    Some(format!("{title}\n\n{}\n{}", speed(&parts, each_batch), energy(&parts)))
}

/// Latency and throughput.
fn speed(parts: &[(&Report, PhaseReport)], each_batch: bool) -> String {
    let mut grid = Grid::new(if each_batch { "<>>>>>>>" } else { "<>>>>>>" });
    let row = |model: &str, batch: String, others: [String; 6]| {
        [model.to_owned()].into_iter().chain(each_batch.then_some(batch)).chain(others)
    };
    let header = |cells: [&str; 6]| cells.map(str::to_owned);
    grid.row(row("", String::new(), header(["", "latency", "", "tokens/s", "", ""])));
    let names = header(["chips", "ternary", "FP16", "ternary", "FP16", "ratio"]);
    grid.row(row("model", "batch".to_owned(), names));
    grid.rule();
    for (report, part) in parts {
        let both = machines(part);
        let [seconds, fp16_seconds] = both.map(|m| si(m.run.seconds, "s"));
        let [rate, fp16_rate] = both.map(|m| number(m.run.tokens_per_second));
        let cells = [
            format!("{} vs {}", part.ternary.chips, part.fp16.chips),
            seconds,
            fp16_seconds,
            rate,
            fp16_rate,
            times(part.ratio.throughput),
        ];
        grid.row(row(&report.model, batch_pair(report), cells));
    }
    grid.text()
}

/// Joules a token and their ratio by the paper's operations, by the datapath as built, and by the whole system.
fn energy(parts: &[(&Report, PhaseReport)]) -> String {
    let mut grid = Grid::new("<>>>>>>>>>");
    grid.row(["J/token", "paper", "", "", "datapath", "", "", "system", "", ""]);
    let machines_and_ratio = ["ternary", "FP16", "ratio"].repeat(3);
    grid.row(["model"].into_iter().chain(machines_and_ratio));
    grid.rule();
    for (report, part) in parts {
        let both = machines(part);
        let ratio = &part.ratio.energy;
        let cells =
            [ratio.paper, ratio.datapath, ratio.system].into_iter().enumerate().flat_map(|(index, ratio)| {
                let [ternary, fp16] = both.map(|m| si(m.energy[index].1.total / m.run.tokens as f64, "J"));
                [ternary, fp16, times(ratio)]
            });
        grid.row([report.model.clone()].into_iter().chain(cells));
    }
    grid.text()
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

    /// The cells of the lines that begin with a model's name, blanks left out.
    fn lines(text: &str, model: &str) -> Vec<Vec<String>> {
        let cells = |line: &str| {
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
        };
        text.lines().filter(|line| line.starts_with(model)).map(cells).collect()
    }

    #[test]
    fn one_line_a_model_in_each_grid() {
        let mut small = example::report();
        small.model = "bitnet-2b-4t".to_owned();
        let text = sweep_table(&[small, example::report()]);
        assert!(text.starts_with("prefill on datacenter, prompt 512, batch 2 to 4\n\n"), "{text}");
        assert!(text.contains("\ndecode on datacenter, context 768, batch 2 to 4\n"));
        let of_70b = lines(&text, "70b ");
        assert_eq!(of_70b.len(), 4);
        let speed = ["70b", "4 vs 2", "1 vs 2", "5.512 ms", "53.12 ms", "725.6", "37.65", "19.3x"];
        assert_eq!(of_70b[2], speed);
        let energy = of_70b[3].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!((energy[0], energy.len()), ("70b", 10));
        assert_eq!(energy[7..], ["150.0 mJ", "2.880 J", "19.2x"]);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn the_three_ratios_stand_side_by_side() {
        let report = example::report();
        let text = sweep_table(std::slice::from_ref(&report));
        let of_70b = lines(&text, "70b ");
        let ratio = &report.phases[1].ratio.energy;
        for (column, ratio) in [(3, ratio.paper), (6, ratio.datapath), (9, ratio.system)] {
            assert_eq!(of_70b[3][column], times(ratio));
        }
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
