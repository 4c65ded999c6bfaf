//! Comma-separated tables of raw values, one observation a row.
//!
//! | table | one row for each |
//! |---|---|
//! | [`csv`] | model, phase and machine: all that is a single number |
//! | [`operators_csv`] | operator of these |
//! | [`energy_csv`] | component of each accounting of these |
//!
//! The first four columns (`model`, `chip`, `phase`, `machine`) are the key that joins them. Columns are named as the
//! JSON document's keys.

use sim::result::{DramByCommands, Report};

use crate::Error;
use crate::json::word;
use crate::machine::{Machine, machines};

/// A row: each value beside the name of its column.
type Row = Vec<(String, String)>;

/// One row a model, phase and machine, with every scalar of the run.
pub fn csv(reports: &[Report]) -> Result<String, Error> {
    write(each_machine(reports, |report, machine| vec![scalars(report, machine)]))
}

/// One row an operator of each model, phase and machine.
pub fn operators_csv(reports: &[Report]) -> Result<String, Error> {
    write(each_machine(reports, |_, machine| {
        let row = |operator: &sim::result::OperatorResult| {
            named([
                ("operator", operator.name.to_owned()),
                ("count", operator.count.to_string()),
                ("cycles", operator.cycles.to_string()),
                ("bytes", operator.bytes.to_string()),
                ("verification", word(operator.verification)),
            ])
        };
        machine.run.operators.iter().map(row).collect()
    }))
}

/// One row a component of each accounting of each model, phase and machine; joules of the whole phase.
pub fn energy_csv(reports: &[Report]) -> Result<String, Error> {
    write(each_machine(reports, |_, machine| {
        let rows = machine.energy.iter().flat_map(|(accounting, joules)| {
            joules.components.iter().map(move |(component, energy_j)| {
                named([
                    ("accounting", (*accounting).to_owned()),
                    ("component", (*component).to_owned()),
                    ("energy_j", energy_j.to_string()),
                ])
            })
        });
        rows.collect()
    }))
}

fn scalars(report: &Report, machine: Machine<'_>) -> Row {
    let (options, run) = (&report.options, machine.run);
    let (batch, head, kv_bits) = if machine.is_baseline() {
        (options.fp16_batch, "f16".to_owned(), 16)
    } else {
        (options.batch, word(options.head), options.kv_bits)
    };
    // Empty where no datasheet has the currents.
    let by_commands = |joules: &dyn Fn(&DramByCommands) -> f64| {
        run.dram_by_commands.as_ref().map(|energy| joules(energy).to_string()).unwrap_or_default()
    };
    let mut row = named([
        ("prompt", options.prompt.to_string()),
        ("context", options.context.to_string()),
        ("batch", batch.to_string()),
        ("head", head),
        ("kv_bits", kv_bits.to_string()),
        ("tokens", run.tokens.to_string()),
        ("tokens_per_pass", run.tokens_per_pass.to_string()),
        ("passes", run.passes.to_string()),
        ("mapping", run.mapping.clone()),
        ("cycles", run.cycles.to_string()),
        ("seconds", run.seconds.to_string()),
        ("tokens_per_second", run.tokens_per_second.to_string()),
        ("time_to_first_token_s", run.time_to_first_token_s.map(|s| s.to_string()).unwrap_or_default()),
        ("tokens_per_joule", run.tokens_per_joule.to_string()),
        ("energy_delay_j_s", run.energy_delay_j_s.to_string()),
        ("tokens_per_second_per_mm2", run.tokens_per_second_per_mm2.to_string()),
        ("lanes", run.lanes.to_string()),
        ("area_array_mm2", run.area.array_mm2.to_string()),
        ("area_control_mm2", run.area.control_mm2.to_string()),
        ("area_requantizer_mm2", run.area.requantizer_mm2.to_string()),
        ("area_sram_mm2", run.area.sram_mm2.to_string()),
        ("area_vector_unit_mm2", run.area.vector_unit_mm2.to_string()),
        ("area_dram_interface_mm2", run.area.dram_interface_mm2.to_string()),
        ("area_total_mm2", run.area.total_mm2.to_string()),
        ("dram_bytes", run.dram_bytes.to_string()),
        ("dram_bandwidth_gb_s", run.dram_bandwidth_gb_s.to_string()),
        ("dram_peak_gb_s", run.dram_peak_gb_s.to_string()),
        ("stream_peak_gb_s", run.stream_peak_gb_s.to_string()),
        ("dram_reads", run.dram_commands.reads.to_string()),
        ("dram_writes", run.dram_commands.writes.to_string()),
        ("dram_activates", run.dram_commands.activates.to_string()),
        ("dram_precharges", run.dram_commands.precharges.to_string()),
        ("dram_refreshes", run.dram_commands.refreshes.to_string()),
        ("dram_by_commands_j", by_commands(&|energy| energy.total_j)),
        ("dram_by_commands_activate_j", by_commands(&|energy| energy.activate_j)),
        ("dram_by_commands_read_j", by_commands(&|energy| energy.read_j)),
        ("dram_by_commands_write_j", by_commands(&|energy| energy.write_j)),
        ("dram_by_commands_refresh_j", by_commands(&|energy| energy.refresh_j)),
        ("dram_by_commands_background_j", by_commands(&|energy| energy.background_j)),
        ("ungated_clock_j", run.ungated_clock_j.to_string()),
        ("array_utilization", run.array_utilization.to_string()),
        ("array_busy_cycles", run.array_busy_cycles.to_string()),
    ]);
    row.extend(run.stalls.by_cause().map(|(cause, cycles)| (format!("stalls_{cause}"), cycles.to_string())));
    row.extend(named([
        ("chips", run.chips.to_string()),
        ("resident_bytes", run.resident_bytes.to_string()),
        ("skipped_fraction", run.skipped_fraction.to_string()),
    ]));
    row.extend(
        machine
            .energy
            .map(|(accounting, joules)| (format!("energy_{accounting}_j"), joules.total.to_string())),
    );
    row
}

/// The rows that `rows` makes of every machine of every phase, behind the key.
fn each_machine(reports: &[Report], rows: impl Fn(&Report, Machine<'_>) -> Vec<Row>) -> Vec<Row> {
    let mut table = Vec::new();
    for report in reports {
        for machine in report.phases.iter().flat_map(machines) {
            let key = named([
                ("model", report.model.clone()),
                ("chip", report.chip.clone()),
                ("phase", machine.run.phase.name().to_owned()),
                ("machine", machine.name.to_owned()),
            ]);
            table.extend(rows(report, machine).into_iter().map(|row| [key.clone(), row].concat()));
        }
    }
    table
}

fn named<const N: usize>(cells: [(&str, String); N]) -> Row {
    cells.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The table's text; the header is the first row's names, since every row of a table has the same.
fn write(rows: Vec<Row>) -> Result<String, Error> {
    let failed = |reason: String| Error::Document { format: "CSV", reason };
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    if let Some(first) = rows.first() {
        writer
            .write_record(first.iter().map(|(name, _)| name))
            .map_err(|reason| failed(reason.to_string()))?;
    }
    for row in &rows {
        writer
            .write_record(row.iter().map(|(_, value)| value))
            .map_err(|reason| failed(reason.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|reason| failed(reason.to_string()))?;
    String::from_utf8(bytes).map_err(|reason| failed(reason.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    /// The table read back: a map from column to value for each row.
    fn read(text: &str) -> Vec<std::collections::HashMap<String, String>> {
        ::csv::Reader::from_reader(text.as_bytes()).deserialize().map(|row| row.unwrap()).collect()
    }

    #[test]
    fn one_row_a_phase_and_machine_with_the_raw_values() {
        let report = example::report();
        let rows = read(&csv(std::slice::from_ref(&report)).unwrap());
        let keys: Vec<_> = rows.iter().map(|row| (row["phase"].as_str(), row["machine"].as_str())).collect();
        assert_eq!(
            keys,
            [("prefill", "ternary"), ("prefill", "fp16"), ("decode", "ternary"), ("decode", "fp16")]
        );
        for (row, run) in
            rows.iter().zip(report.phases.iter().flat_map(|phase| [&phase.ternary, &phase.fp16]))
        {
            assert_eq!(row["cycles"].parse(), Ok(run.cycles));
            assert_eq!(row["seconds"].parse(), Ok(run.seconds), "floats survive to the last bit");
            assert_eq!(row["dram_activates"].parse(), Ok(run.dram_commands.activates));
            assert_eq!(row["stalls_weight_stream"].parse(), Ok(run.stalls.weight_stream));
            assert_eq!(row["mapping"], run.mapping);
        }
        assert_eq!(rows[3]["energy_system_j"].parse(), Ok(report.phases[1].energy_j.system.fp16.total));
        assert_eq!(rows[0]["time_to_first_token_s"].parse(), Ok(report.phases[0].ternary.seconds));
        assert_eq!(rows[2]["time_to_first_token_s"], "", "decode has none");
        assert_eq!((rows[2]["batch"].as_str(), rows[3]["batch"].as_str()), ("4", "2"));
        assert_eq!((rows[2]["head"].as_str(), rows[3]["head"].as_str()), ("bf16", "f16"));
        assert_eq!(rows[3]["stream_peak_gb_s"].parse(), Ok(report.phases[1].fp16.stream_peak_gb_s));
    }

    #[test]
    fn operators_and_components_join_by_the_key() {
        let report = example::report();
        let operators = read(&operators_csv(std::slice::from_ref(&report)).unwrap());
        assert_eq!(operators.len(), 4 * report.phases[0].ternary.operators.len());
        let head = operators.iter().rfind(|row| row["operator"] == "lm_head").unwrap();
        assert_eq!((head["machine"].as_str(), head["verification"].as_str()), ("fp16", "modelled"));
        assert_eq!(head["cycles"].parse(), Ok(report.phases[1].fp16.operators.last().unwrap().cycles));

        let energy = read(&energy_csv(std::slice::from_ref(&report)).unwrap());
        let system: f64 = energy
            .iter()
            .filter(|row| {
                (&*row["phase"], &*row["machine"], &*row["accounting"]) == ("decode", "ternary", "system")
            })
            .map(|row| row["energy_j"].parse::<f64>().unwrap())
            .sum();
        assert!((system - report.phases[1].energy_j.system.ternary.total).abs() < 1e-12, "{system}");
    }

    #[test]
    fn several_reports_share_one_header() {
        let text = csv(&[example::report(), example::report()]).unwrap();
        assert_eq!(text.lines().count(), 1 + 2 * 4);
        assert_eq!(text.matches("time_to_first_token_s").count(), 1);
    }
}
