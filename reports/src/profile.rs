//! Where the simulator's own time went.

use sim::result::{Report, Run};

use crate::grid::Grid;
use crate::units::{percent, si};

/// A table of operators: how long each was simulated in each phase, for each machine, those that took longest first.
pub fn profile(report: &Report) -> String {
    let columns: Vec<(String, &Run)> = report
        .phases
        .iter()
        .flat_map(|phase| [("ternary", &phase.ternary), ("FP16", &phase.fp16)])
        .map(|(machine, run)| (format!("{} {machine}", run.phase.name()), run))
        .collect();
    let mut names: Vec<&str> =
        columns.iter().flat_map(|(_, run)| &run.own_time).map(|own| own.name).collect();
    let spent = |run: &Run, name: &str| -> f64 {
        run.own_time.iter().filter(|own| own.name == name).map(|own| own.seconds).sum()
    };
    let all = |name: &str| columns.iter().map(|(_, run)| spent(run, name)).sum::<f64>();
    names.sort_unstable();
    names.dedup();
    names.sort_by(|a, b| all(b).total_cmp(&all(a)));
    let total: f64 = names.iter().map(|name| all(name)).sum();
    let mut grid = Grid::new(&format!("<{}>>", ">".repeat(columns.len())));
    let header = columns.iter().map(|(name, _)| name.as_str());
    grid.row(["the simulator's time"].into_iter().chain(header).chain(["all", "share"]));
    grid.rule();
    for name in &names {
        let times = columns.iter().map(|(_, run)| si(spent(run, name), "s"));
        let share = [si(all(name), "s"), percent(all(name) / total)];
        grid.row([(*name).to_owned()].into_iter().chain(times).chain(share));
    }
    let sums = columns.iter().map(|(_, run)| si(run.own_time.iter().map(|own| own.seconds).sum(), "s"));
    grid.row(["all".to_owned()].into_iter().chain(sums).chain([si(total, "s"), percent(1.0)]));
    let skipped = columns.iter().map(|(_, run)| percent(run.skipped_fraction));
    grid.row(["skipped".to_owned()].into_iter().chain(skipped).chain([String::new(), String::new()]));
    grid.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn what_took_longest_comes_first_and_all_adds_up() {
        let text = profile(&example::report());
        let cells = |line: &str| {
            line.split("  ").map(str::trim).filter(|c| !c.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let lines: Vec<Vec<String>> = text.lines().map(cells).collect();
        assert_eq!(
            lines[0][1..],
            ["prefill ternary", "prefill FP16", "decode ternary", "decode FP16", "all", "share"]
        );
        assert_eq!(
            lines[2],
            ["attention", "30.00 ms", "30.00 ms", "30.00 ms", "30.00 ms", "120.0 ms", "75.0%"]
        );
        assert_eq!(
            lines[3],
            ["qkv_proj", "10.00 ms", "10.00 ms", "10.00 ms", "10.00 ms", "40.00 ms", "25.0%"]
        );
        assert_eq!(lines[4], ["all", "40.00 ms", "40.00 ms", "40.00 ms", "40.00 ms", "160.0 ms", "100%"]);
        assert_eq!(lines[5][0], "skipped");
    }
}
