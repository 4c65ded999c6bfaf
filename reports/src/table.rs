//! What a person sees first: one report on a terminal, at most 100 columns, no colour.

use sim::board::BoardComparison;
use sim::result::{PhaseReport, Report};

use crate::grid::{Grid, wrapped};
use crate::json::word;
use crate::machine::{Machine, machines, system_components};
use crate::operators::{SMALL, baseline_verification, operators, others};
use crate::units::{bytes, count, number, percent, si, times};

/// A report as text: per phase the two machines side by side, then their operators and what the array waited for.
pub fn table(report: &Report) -> String {
    let options = &report.options;
    let batch = if options.batch == options.fp16_batch {
        format!("batch {}", options.batch)
    } else {
        format!("batch {} (FP16: {})", options.batch, options.fp16_batch)
    };
    let mut text = format!(
        "{} on {} | prompt {}, context {}, {batch}, head {}, KV cache of {} bits\n",
        report.model,
        report.chip,
        count(options.prompt),
        count(options.context),
        word(options.head),
        options.kv_bits
    );
    text.push_str(&headline(report));
    for phase in &report.phases {
        let title = format!("{} of {}", phase.ternary.phase.name(), tokens(phase.ternary.tokens));
        let board = phase.board.as_ref().map(board);
        let parts = [
            Some(summary(phase)),
            baselines(phase),
            Some(operators(phase)),
            Some(waiting(phase)),
            board,
            Some(notes(phase)),
        ];
        let parts = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
        text.push_str(&format!("\n{title}\n{}\n{parts}", "=".repeat(title.chars().count())));
    }
    text
}

/// The answer, a line a phase. Tokens a second, not latencies: the batches may differ.
fn headline(report: &Report) -> String {
    let line = |phase: &PhaseReport| {
        let (throughput, energy) = (times(phase.ratio.throughput), times(phase.ratio.energy.system));
        let name = phase.ternary.phase.name();
        format!("{name:<8} {throughput} the tokens/s and {energy} the tokens/J of FP16\n")
    };
    report.phases.iter().map(line).collect()
}

/// `1 token`, `2 tokens`.
fn tokens(number: u64) -> String {
    format!("{} token{}", count(number), if number == 1 { "" } else { "s" })
}

/// The headline quantities, each with how many times better the ternary machine is.
fn summary(phase: &PhaseReport) -> String {
    let both = machines(phase);
    let [ternary, fp16] = both.map(|machine| machine.run);
    let mut grid = Grid::new("<>>>");
    grid.row(["", "ternary", "FP16", "ratio"]);
    grid.rule();
    let mut row = |name: &str, values: [String; 2], ratio: Option<f64>| {
        let [ternary, fp16] = values;
        grid.row([name.to_owned(), ternary, fp16, ratio.map(times).unwrap_or_default()]);
    };

    row("cycles", both.map(|m| count(m.run.cycles)), None);
    row("latency", both.map(|m| si(m.run.seconds, "s")), Some(phase.ratio.latency));
    if let (Some(ours), Some(theirs)) = (ternary.time_to_first_token_s, fp16.time_to_first_token_s) {
        row("time to first token", [ours, theirs].map(|s| si(s, "s")), Some(theirs / ours));
    }
    row(
        "throughput",
        both.map(|m| format!("{} tokens/s", number(m.run.tokens_per_second))),
        Some(phase.ratio.throughput),
    );
    let efficiency = ternary.tokens_per_joule / fp16.tokens_per_joule;
    row("efficiency", both.map(|m| format!("{} tokens/J", number(m.run.tokens_per_joule))), Some(efficiency));
    row("array utilization", both.map(|m| percent(m.run.array_utilization)), None);
    let traffic = fp16.dram_bytes as f64 / ternary.dram_bytes as f64;
    row("DRAM traffic", both.map(|m| bytes(m.run.dram_bytes)), Some(traffic));
    row("DRAM bandwidth, of peak", both.map(|m| bandwidth(&m)), None);
    row(
        "passes over the weights",
        both.map(|m| format!("{} x {}", count(m.run.passes), tokens(m.run.tokens_per_pass))),
        None,
    );
    row("resident in DRAM", both.map(|m| bytes(m.run.resident_bytes)), None);
    row("chips", both.map(|m| count(m.run.chips)), None);
    row("lanes of a chip", both.map(|m| count(m.run.lanes)), None);
    row("area of a chip", both.map(|m| format!("{} mm2", number(m.run.area.total_mm2))), None);
    let per_mm2 = ternary.tokens_per_second_per_mm2 / fp16.tokens_per_second_per_mm2;
    row(
        "throughput of an area",
        both.map(|m| format!("{} tokens/s/mm2", number(m.run.tokens_per_second_per_mm2))),
        Some(per_mm2),
    );
    let energy_delay = fp16.energy_delay_j_s / ternary.energy_delay_j_s;
    row("energy x delay of a token", both.map(|m| si(m.run.energy_delay_j_s, "Js")), Some(energy_delay));

    grid.rule();
    energy(&mut grid, phase);
    grid.text()
}

/// Joules a token by the three accountings, and by the components of the last.
fn energy(grid: &mut Grid, phase: &PhaseReport) {
    let both = machines(phase);
    let ratio = &phase.ratio.energy;
    let names = ["paper's operations", "datapath as built", "whole system"];
    for (index, (name, ratio)) in
        names.into_iter().zip([ratio.paper, ratio.datapath, ratio.system]).enumerate()
    {
        let per_token = both.map(|m| si(m.energy[index].1.total / m.run.tokens as f64, "J"));
        grid.row([format!("energy/token, {name}"), per_token[0].clone(), per_token[1].clone(), times(ratio)]);
    }
    let parts = both.each_ref().map(Machine::system_j_per_token);
    let totals = parts.each_ref().map(|parts| parts.values().sum::<f64>());
    let of = |component: &str| parts.each_ref().map(|parts| parts.get(component).copied().unwrap_or(0.0));
    let mut row = |name: String, joules: [f64; 2]| {
        let cell = |machine: usize| match joules[machine] {
            0.0 => "-".to_owned(),
            joules => format!("{}  {:>5}", si(joules, "J"), percent(joules / totals[machine])),
        };
        grid.row([format!("    {name}"), cell(0), cell(1), String::new()]);
    };
    let is_small =
        |component: &&str| of(component).iter().zip(totals).all(|(part, total)| part / total < SMALL);
    let (small, shown): (Vec<_>, Vec<_>) = system_components(&both).into_iter().partition(is_small);
    for component in shown {
        row(component.replace('_', " "), of(component));
    }
    if !small.is_empty() {
        let sum = |machine: usize| small.iter().map(|component| of(component)[machine]).sum();
        row(others(small.len()), [sum(0), sum(1)]);
    }
    let ungated = both.each_ref().map(|m| si(m.run.ungated_clock_j / m.run.tokens as f64, "J"));
    let [ternary, fp16] = ungated;
    grid.row(["idle registers, if clocked".to_owned(), ternary, fp16, String::new()]);
    let by_commands = both.each_ref().map(|m| {
        let energy = m.run.dram_by_commands.as_ref()?;
        let joules = si(energy.total_j / m.run.tokens as f64, "J");
        Some(format!("{joules}  {:>+4.0}%", 100.0 * energy.difference))
    });
    if let [Some(ternary), Some(fp16)] = by_commands {
        grid.row(["DRAM devices by their commands".to_owned(), ternary, fp16, String::new()]);
    }
}

fn bandwidth(machine: &Machine<'_>) -> String {
    let run = machine.run;
    let share = percent(run.dram_bandwidth_gb_s / run.dram_peak_gb_s);
    format!("{} GB/s  {share:>5}", number(run.dram_bandwidth_gb_s))
}

/// The array's cycles by what it did or waited for.
fn waiting(phase: &PhaseReport) -> String {
    let [ternary, fp16] = [&phase.ternary, &phase.fp16];
    let mut grid = Grid::new("<>>>>");
    grid.row(["the array's cycles", "ternary", "share", "FP16", "share"]);
    grid.rule();
    let mut row = |name: String, cycles: [u64; 2]| {
        let share = |index: usize, total: u64| percent(cycles[index] as f64 / total as f64);
        grid.row([name, count(cycles[0]), share(0, ternary.cycles), count(cycles[1]), share(1, fp16.cycles)]);
    };
    row("busy".to_owned(), [ternary.array_busy_cycles, fp16.array_busy_cycles]);
    for ((cause, ours), (_, theirs)) in ternary.stalls.by_cause().into_iter().zip(fp16.stalls.by_cause()) {
        row(format!("waiting: {}", cause.replace('_', " ")), [ours, theirs]);
    }
    grid.text()
}

/// Baselines besides the one in full: how much better the ternary machine is than each.
fn baselines(phase: &PhaseReport) -> Option<String> {
    if phase.baselines.is_empty() {
        return None;
    }
    let mut grid = Grid::new("<>>>>>>>>");
    grid.row(["", "lanes", "area", "chips", "tokens/s", "", "tokens/s/mm2", "J/token", ""]);
    grid.row(["other baselines", "", "mm2", "", "", "ratio", "", "", "ratio"]);
    grid.rule();
    for baseline in &phase.baselines {
        grid.row([
            format!("{}, equal {}", baseline.machine, baseline.equal.name()),
            count(baseline.lanes),
            number(baseline.area_mm2),
            count(baseline.chips),
            number(baseline.tokens_per_second),
            times(baseline.throughput_ratio),
            number(baseline.tokens_per_second_per_mm2),
            si(baseline.system_j_per_token, "J"),
            times(baseline.energy_ratio),
        ]);
    }
    Some(grid.text())
}

/// Why the weights take the passes they take, and how much of the simulation was stepped.
/// The board that the chip describes: predicted and measured.
fn board(board: &BoardComparison) -> String {
    let seconds = |seconds: f64| si(seconds, "s");
    let mut grid = Grid::new("<>>>>>");
    grid.row(["the board", "bytes", "predicted", "calibrated", "measured", "errors"]);
    grid.rule();
    for (name, stream) in [("layers' weights", &board.layers), ("head's weights", &board.head)] {
        let bytes = if stream.bytes == stream.measured_bytes {
            count(stream.bytes)
        } else {
            format!("{} (measured {})", count(stream.bytes), count(stream.measured_bytes))
        };
        grid.row([
            name.to_owned(),
            bytes,
            seconds(stream.seconds),
            seconds(stream.calibrated_seconds),
            seconds(stream.measured_seconds),
            format!("{:+.1}%, {:+.1}%", stream.error_percent, stream.calibrated_error_percent),
        ]);
    }
    grid.row([
        "host, measured".to_owned(),
        String::new(),
        String::new(),
        seconds(board.measured_host_seconds),
        seconds(board.measured_host_seconds),
        String::new(),
    ]);
    let rate = |rate: f64| format!("{rate:.2}");
    grid.row([
        "tokens/s".to_owned(),
        String::new(),
        rate(board.predicted_tokens_per_second),
        rate(board.calibrated_tokens_per_second),
        rate(board.measured_tokens_per_second),
        String::new(),
    ]);
    let mut text = grid.text();
    let constant = format!(
        "predicted from ports and DRAM; calibrated by the layers' time alone, {} a matrix; measured by {}",
        seconds(board.calibrated_seconds_per_matrix),
        board.source
    );
    text.push_str(&wrapped("the board:       ", &constant));
    text
}

fn notes(phase: &PhaseReport) -> String {
    let mut text = String::new();
    for (label, run) in [("ternary mapping: ", &phase.ternary), ("FP16 mapping:    ", &phase.fp16)] {
        text.push_str(&wrapped(label, &run.mapping));
    }
    text.push_str(&wrapped("FP16 cycles:     ", &baseline_verification(&phase.fp16)));
    let stepped = [&phase.ternary, &phase.fp16].map(|run| percent(1.0 - run.skipped_fraction));
    text.push_str(&wrapped(
        "stepped:         ",
        &format!(
            "{} of the ternary run, {} of FP16's; the rest repeats what was seen",
            stepped[0], stepped[1]
        ),
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use crate::grid::WIDTH;

    /// The cells of the first line that starts with `label`, from the decode part.
    fn cells(text: &str, label: &str) -> Vec<String> {
        let decode = text.find("\ndecode of").expect("a decode part");
        let line = text[decode..].lines().find(|line| line.trim_start().starts_with(label));
        let values =
            line.unwrap_or_else(|| panic!("no `{label}` in\n{text}")).trim_start()[label.len()..].split("  ");
        values.map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn both_machines_stand_side_by_side_in_human_units() {
        let text = table(&example::report());
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some(
                "70b on datacenter | prompt 512, context 768, batch 4 (FP16: 2), head bf16, KV cache of 8 bits"
            )
        );
        assert_eq!(lines.next(), Some("prefill  19.3x the tokens/s and 19.2x the tokens/J of FP16"));
        assert_eq!(lines.next(), Some("decode   19.3x the tokens/s and 19.2x the tokens/J of FP16"));
        assert_eq!(cells(&text, "cycles"), ["5,512,345", "53,123,456"]);
        assert_eq!(cells(&text, "latency"), ["5.512 ms", "53.12 ms", "9.64x"]);
        assert_eq!(cells(&text, "throughput"), ["725.6 tokens/s", "37.65 tokens/s", "19.3x"]);
        assert_eq!(cells(&text, "DRAM traffic"), ["14.21 GB", "138.0 GB", "9.71x"]);
        assert_eq!(cells(&text, "DRAM bandwidth, of peak"), ["2578 GB/s", "78.7%", "2597 GB/s", "79.2%"]);
        assert_eq!(cells(&text, "energy/token, whole system"), ["150.0 mJ", "2.880 J", "19.2x"]);
        assert_eq!(cells(&text, "chips"), ["1", "2"]);
    }

    #[test]
    fn other_baselines_stand_below_the_one_in_full() {
        let text = table(&example::report());
        let w8a8 = ["524,288", "198.5", "2", "109.1", "6.65x", "0.2748", "1.260 J", "8.40x"];
        assert_eq!(cells(&text, "W8A8, equal lanes"), w8a8);
        assert_eq!(cells(&text, "FP16, equal area")[..2], ["43,008", "182.2"]);
        let mut report = example::report();
        report.phases.iter_mut().for_each(|phase| phase.baselines.clear());
        assert!(!table(&report).contains("other baselines"));
    }

    #[test]
    fn what_the_drams_commands_take_stands_beside_what_its_bits_cost() {
        // 0.03 J for four tokens of one machine and two of the other, instead of 0.04 J.
        let mut report = example::report();
        let row = |report: &sim::result::Report| {
            let text = table(report);
            text.lines()
                .filter(|line| line.contains("by their commands"))
                .map(|line| line.split_whitespace().skip(5).collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
        };
        assert_eq!(row(&report)[1], "7.500 mJ -25% 15.00 mJ -25%");
        // 4 mJ for as many.
        assert_eq!(cells(&table(&report), "idle registers, if clocked"), ["1.000 mJ", "2.000 mJ"]);
        for phase in &mut report.phases {
            phase.ternary.dram_by_commands = None;
            phase.fp16.dram_by_commands = None;
        }
        assert!(row(&report).is_empty());
    }

    #[test]
    fn area_and_energy_delay_are_compared() {
        let text = table(&example::report());
        assert_eq!(cells(&text, "area of a chip"), ["181.5 mm2", "190.8 mm2"]);
        assert_eq!(
            cells(&text, "throughput of an area"),
            ["3.900 tokens/s/mm2", "1.950 tokens/s/mm2", "2.00x"]
        );
        assert_eq!(cells(&text, "energy x delay of a token"), ["1.100 mJs", "2.200 mJs", "2.00x"]);
    }

    #[test]
    fn the_datapath_is_one_component_of_the_system() {
        let text = table(&example::report());
        assert_eq!(cells(&text, "dram "), ["115.0 mJ", "76.7%", "2.235 J", "77.6%"]);
        // (4 + 2) mJ over four tokens, (8 + 69) mJ over two.
        assert_eq!(cells(&text, "array  "), ["1.500 mJ", "1.00%", "38.50 mJ", "1.34%"]);
        // The link and the vector unit's FP32 operations are below half a percent of both.
        assert_eq!(cells(&text, "2 others "), ["750.0 µJ", "0.50%", "2.000 mJ", "0.07%"]);
    }

    #[test]
    fn operators_and_waiting_add_up() {
        let text = table(&example::report());
        let down = ["80", "2.756 M", "50.0%", "7.106 GB", "26.56 M", "50.0%", "68.98 GB", "rtl-verified"];
        assert_eq!(cells(&text, "down_proj"), down);
        assert_eq!(cells(&text, "waiting: dram"), ["2,756,172", "50.0%", "26,561,728", "50.0%"]);
        assert!(text.contains("mapping: 32 tokens a pass"));
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let text = table(&example::report());
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(WIDTH), "{widest:?}");
        assert!(text.lines().all(|line| line.trim_end() == line), "no trailing blanks");
        assert!(!text.contains("\n\n\n") && text.ends_with('\n'));
    }

    #[test]
    fn a_time_to_first_token_is_prefills_alone() {
        let text = table(&example::report());
        assert_eq!(text.matches("time to first token").count(), 1);
    }
}
