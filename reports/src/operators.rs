//! The terminal's list of operators.

use sim::result::{OperatorResult, PhaseReport, Run, Verification};

use crate::grid::Grid;
use crate::json::word;
use crate::units::{bytes, count, percent, short_count};

/// Below this share of everything a line is summed up with others; JSON and CSV have them all.
pub(crate) const SMALL: f64 = 0.005;

/// The name of a line that sums up several.
pub(crate) fn others(lines: usize) -> String {
    if lines == 1 { "1 other".to_owned() } else { format!("{lines} others") }
}

/// What the baseline's operators are, which the list says of the ternary machine's only.
pub(crate) fn baseline_verification(fp16: &Run) -> String {
    let verified: Vec<_> = fp16
        .operators
        .iter()
        .filter(|operator| operator.verification == Verification::RtlVerified)
        .map(|operator| operator.name)
        .collect();
    match verified.as_slice() {
        [] => "all operators are modelled".to_owned(),
        names => format!("{} are rtl-verified, the rest is modelled", names.join(", ")),
    }
}

/// What the cycles and bytes were spent on. Operators without weight in either machine are one line.
pub(crate) fn operators(phase: &PhaseReport) -> String {
    let [ternary, fp16] = [&phase.ternary, &phase.fp16];
    let mut grid = Grid::new("<>>>>>>><");
    grid.row(["operator", "runs", "cycles", "share", "bytes", "FP16", "share", "bytes", "ternary is"]);
    grid.rule();
    let cells = |run: &Run, cycles: u64, moved: u64| {
        [short_count(cycles), percent(cycles as f64 / run.cycles as f64), bytes(moved)]
    };
    let mut small = Others::default();
    for operator in &ternary.operators {
        let baseline = fp16.operators.iter().find(|other| other.name == operator.name);
        let (cycles, moved) = baseline.map_or((0, 0), |other| (other.cycles, other.bytes));
        let shares = [
            operator.cycles as f64 / ternary.cycles as f64,
            operator.bytes as f64 / ternary.dram_bytes as f64,
            cycles as f64 / fp16.cycles as f64,
            moved as f64 / fp16.dram_bytes as f64,
        ];
        if operator.verification == Verification::Modelled && shares.iter().all(|share| *share < SMALL) {
            small.add(operator, cycles, moved);
            continue;
        }
        let mut row = vec![operator.name.to_owned(), count(operator.count)];
        row.extend(cells(ternary, operator.cycles, operator.bytes));
        match baseline {
            Some(_) => row.extend(cells(fp16, cycles, moved)),
            None => row.extend(["-", "-", "-"].map(str::to_owned)),
        }
        row.push(word(operator.verification));
        grid.row(row);
    }
    if small.kinds > 0 {
        let mut row = vec![others(small.kinds), count(small.runs)];
        row.extend(cells(ternary, small.cycles[0], small.bytes[0]));
        row.extend(cells(fp16, small.cycles[1], small.bytes[1]));
        row.push(word(Verification::Modelled));
        grid.row(row);
    }
    grid.text()
}

/// Operators that are shown together; the ternary machine's numbers before the baseline's.
#[derive(Default)]
struct Others {
    kinds: usize,
    runs: u64,
    cycles: [u64; 2],
    bytes: [u64; 2],
}

impl Others {
    fn add(&mut self, operator: &OperatorResult, baseline_cycles: u64, baseline_bytes: u64) {
        self.kinds += 1;
        self.runs += operator.count;
        self.cycles[0] += operator.cycles;
        self.cycles[1] += baseline_cycles;
        self.bytes[0] += operator.bytes;
        self.bytes[1] += baseline_bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn what_has_no_weight_is_summed_up_and_what_is_verified_is_not() {
        let mut phase = example::report().phases.remove(1);
        let text = operators(&phase);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[2].starts_with("qkv_proj") && lines[2].ends_with("rtl-verified"), "{text}");
        assert!(lines[5].starts_with("lm_head") && lines[5].ends_with("modelled"), "{text}");
        // The embedding is a thousandth of the cycles.
        assert!(
            lines[6].starts_with("1 other ") && lines[6].contains("5,512") && lines[6].contains("53.12 k"),
            "{text}"
        );

        assert_eq!(baseline_verification(&phase.fp16), "all operators are modelled");
        assert_eq!(
            baseline_verification(&phase.ternary),
            "qkv_proj, down_proj are rtl-verified, the rest is modelled"
        );
        phase.ternary.operators[0].verification = Verification::RtlVerified;
        assert!(operators(&phase).contains("embedding"));
    }

    #[test]
    fn an_operator_that_the_baseline_lacks_has_dashes() {
        let mut phase = example::report().phases.remove(1);
        phase.fp16.operators.retain(|operator| operator.name != "attention");
        let text = operators(&phase);
        let line = text.lines().find(|line| line.starts_with("attention")).unwrap();
        assert_eq!(line.split_whitespace().filter(|cell| *cell == "-").count(), 3);
    }
}
