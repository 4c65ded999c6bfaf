//! What `DEVIATIONS.md` says of the simulator, as it is: when one of these gaps is closed, its test fails, and its row goes.

use contract::kv::KvForm;
use model::WeightFormat;
use sim::chip::DramSpec;
use sim::dram::{Command, CommandKind, Organisation, Outcome, Policy, Setup, standard};
use sim::engine::Ports;
use sim::mapping::{Job, Mapping, Step};
use sim::result::Phase;
use sim::timing::{Memory, Surroundings};
use sim::workload::{Machine, Workload};
use sim::{Batch, Equal, Request, Share, chip, simulate};

fn decode(batch: u64) -> Request {
    Request {
        phases: vec![Phase::Decode],
        prompt: 1,
        context: 64,
        batch: Batch::Size(batch),
        head: None,
        kv: KvForm::F16,
        zeros: Share::THIRD,
        equal: Equal::Lanes,
        baselines: vec![],
        skip: true,
    }
}

fn job(steps: &[Step], operator: &str) -> Job {
    steps.iter().find(|step| step.operator == operator).expect("an operator").job
}

#[test]
fn rows_of_the_embedding_are_read_as_neighbours() {
    let (shape, chip) = (model::preset("7b").unwrap(), chip::load("edge").unwrap());
    let workload = Workload::new(&shape, Machine::Ternary, WeightFormat::F16, Phase::Decode, 6, 100);
    let mapping = Mapping::new(workload, &chip).unwrap();
    let Job::VectorStream { data, .. } = job(&mapping.prologue(&mapping.pass(0)), "embedding") else {
        panic!("a stream")
    };
    // 4096 halves are 64 stripes of 128 bytes; six tokens' rows are one stretch, whatever the tokens are.
    assert_eq!(data.stripes, 6 * 64);
}

#[test]
fn caches_of_several_sequences_are_read_as_one_stretch() {
    let (shape, chip) = (model::preset("7b").unwrap(), chip::load("edge").unwrap());
    let workload = Workload::new(&shape, Machine::Ternary, WeightFormat::F16, Phase::Decode, 6, 100);
    let mapping = Mapping::new(workload, &chip).unwrap();
    let Job::VectorStream { data, data_bytes, .. } = job(&mapping.layer(&mapping.pass(0), 3), "attention")
    else {
        panic!("a stream")
    };
    // Each sequence has a place for the new token behind its 100; the gaps are not between what is read.
    assert_eq!((data_bytes, data.stripes), (6 * 100 * 4096 * 2 * 2, 6 * 100 * 4096 * 2 * 2 / 128));
}

#[test]
fn gains_of_norms_are_not_fetched_and_no_linear_is_requantised_by_the_engine() {
    let (shape, chip) = (model::preset("bitnet-2b-4t").unwrap(), chip::load("edge").unwrap());
    let request = decode(1);
    let run = simulate(&shape, &chip, &request).unwrap().phases.remove(0).ternary;
    for norm in ["input_layernorm", "attn_sub_norm", "post_attention_layernorm", "ffn_sub_norm", "norm"] {
        let operator = run.operators.iter().find(|operator| operator.name == norm).expect(norm);
        // Norm and quantiser are the vector unit's work.
        assert!(operator.bytes == 0 && operator.cycles > 0, "{norm}");
    }
}

#[test]
fn activations_come_a_beat_a_cycle_and_results_are_taken_at_once() {
    let chip = chip::load("edge").unwrap();
    let mut surroundings = Surroundings::new(Memory::new(&chip), chip.stripe_bytes());
    surroundings.begin([], 100);
    assert_eq!([5, 100, 101].map(|from| surroundings.activation(from)), [100, 100, 101]);
    assert_eq!([5, 300].map(|from| surroundings.result(from)), [5, 300]);
}

#[test]
fn one_batch_is_in_flight_in_a_pipeline_of_chips() {
    let (shape, chip) = (model::preset("30b").unwrap(), chip::load("kv260").unwrap());
    let request = decode(2);
    let run = simulate(&shape, &chip, &request).unwrap().phases.remove(0).ternary;
    assert!(run.chips > 1);
    approx::assert_relative_eq!(run.tokens_per_second * run.seconds, 2.0, max_relative = 1e-12);
}

/// A trace through `channels` of a standard, and its commands.
fn traced(name: &str, channels: u64, mapping: &str, trace: &str) -> (Outcome, Vec<Command>) {
    let setup = Setup {
        standard: standard(name).unwrap(),
        organisation: Organisation { channels, ranks: 1 },
        mapping: mapping.to_owned(),
        policy: Policy::default(),
    };
    let mut commands = vec![];
    let mut keep = |command: &Command| commands.push(*command);
    let outcome = sim::dram::run(&setup, trace.as_bytes(), u64::MAX, Some(&mut keep)).unwrap();
    (outcome, commands)
}

/// Reads of so many bursts of 32 bytes, one behind the other.
fn stream(bursts: u64) -> String {
    (0..bursts).map(|burst| format!("LD {:#x}\n", 32 * burst)).collect()
}

fn cycles(commands: &[Command], kind: CommandKind) -> Vec<i64> {
    commands.iter().filter(|command| command.kind == kind).map(|command| command.cycle).collect()
}

#[test]
fn a_chips_channel_has_one_rank() {
    let edge = chip::load("edge").unwrap().spec;
    let dram = serde_yaml::to_string(&edge.dram).unwrap();
    assert!(serde_yaml::from_str::<DramSpec>(&dram).is_ok());
    let error = serde_yaml::from_str::<DramSpec>(&format!("{dram}ranks: 2\n")).unwrap_err().to_string();
    assert!(error.contains("unknown field `ranks`"), "{error}");
}

#[test]
fn pseudo_channels_have_a_command_bus_each() {
    let (_, commands) = traced("hbm2", 2, "RoBaCoBgCh", &stream(1000));
    let reads = commands.iter().filter(|command| command.kind == CommandKind::Read);
    let (first, second): (Vec<&Command>, Vec<&Command>) = reads.partition(|command| command.channel == 0);
    let met = first.iter().filter(|a| second.iter().any(|b| a.cycle == b.cycle));
    assert!(met.count() > 100);
}

#[test]
fn banks_are_closed_one_by_one_before_a_refresh() {
    let (_, commands) = traced("hbm3", 1, "RoBaCoBg", &stream(4000));
    let refresh = cycles(&commands, CommandKind::Refresh)[0];
    let before = commands.iter().filter(|command| command.cycle < refresh);
    let mut last: Vec<_> = before.rev().take_while(|c| c.kind == CommandKind::Precharge).collect();
    last.sort_by_key(|command| command.bank);
    last.dedup_by_key(|command| command.bank);
    assert!(last.len() > 1, "{last:?}");
}

#[test]
fn refreshes_come_on_time_and_an_idle_row_stays_open() {
    let (_, commands) = traced("ddr4-3200", 1, "RoBaCoBg", &stream(40_000));
    let refreshes = cycles(&commands, CommandKind::Refresh);
    let refi = standard("ddr4-3200").unwrap().timing.refi;
    assert!(refreshes.len() > 5);
    for (n, cycle) in (1..).zip(&refreshes) {
        // Banks have to be closed first.
        assert!((n * refi..n * refi + 200).contains(cycle), "refresh {n} in cycle {cycle}");
    }
    // The next burst of the bank group.
    let (outcome, commands) = traced("ddr4-3200", 1, "RoBaCoBg", "0x0 READ 0\n0x100 READ 12000\n");
    assert_eq!((outcome.row_hits, outcome.activates), (1, 1));
    assert_eq!(cycles(&commands, CommandKind::Activate), [0]);
}

#[test]
fn gddr6_has_no_window_of_32_activates() {
    // Rows in one bank after the other, as fast as tFAW lets them.
    let gddr6 = standard("gddr6").unwrap();
    let row_bytes = gddr6.burst_bytes * gddr6.columns;
    let rows: String = (0..200).map(|row| format!("LD {:#x}\n", row * row_bytes)).collect();
    let (_, commands) = traced("gddr6", 1, "RoBaBgCo", &rows);
    let activates = cycles(&commands, CommandKind::Activate);
    let shortest = activates.windows(33).map(|window| window[32] - window[0]).min().unwrap();
    let ns = shortest as f64 * 1000.0 / gddr6.clock_mhz as f64;
    assert!(ns < 277.0, "{ns}");
}

#[test]
fn engines_of_a_chip_read_one_stretch_of_memory() {
    let chip = chip::load("kv260").unwrap();
    assert!(chip.spec.engines > 1);
    let shape = model::preset("bitnet-2b-4t").unwrap();
    let workload = Workload::new(&shape, Machine::Ternary, WeightFormat::F16, Phase::Decode, 1, 100);
    let mapping = Mapping::new(workload, &chip).unwrap();
    let Job::Array { tiling, image, .. } = job(&mapping.layer(&mapping.pass(0), 0), "o_proj") else {
        panic!("a matrix")
    };
    // All rounds of tiles, one an engine, are one stretch.
    assert!(tiling.tiles.is_multiple_of(chip.spec.engines));
    let round = chip.spec.engines * tiling.slice_bytes();
    assert_eq!(image.stripes, (tiling.tiles / chip.spec.engines * round).div_ceil(chip.stripe_bytes()));
}

#[test]
fn a_machine_of_equal_area_has_the_static_power_of_the_other() {
    let shape = model::preset("700m").unwrap();
    let chip = chip::load("edge").unwrap();
    let report = simulate(&shape, &chip, &Request { equal: Equal::Area, ..decode(1) }).unwrap();
    let phase = &report.phases[0];
    assert!(phase.fp16.lanes < phase.ternary.lanes);
    let system = &phase.energy_j.system;
    for (run, joules) in [(&phase.ternary, &system.ternary), (&phase.fp16, &system.fp16)] {
        let watts = joules.components["static"] / run.seconds;
        approx::assert_relative_eq!(watts, chip.spec.static_power_w, max_relative = 1e-9);
    }
}
