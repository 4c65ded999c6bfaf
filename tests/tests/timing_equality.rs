//! The simulator's array and the emitted Verilog transfer every beat, token and result in the same cycle.
//!
//! The two share nothing but the contract's latencies: the simulator computes each cycle from the cycles before it, and
//! Verilator steps the emitted text clock by clock.

use contract::latency::array_cycles;
use rtl::Parameters;
use rtl::cosim::{Job, Random, Run, Simulator, Trace};
use sim::VERIFIED_ARRAYS;
use sim::timing::array_schedule;

fn parameters(lanes: u64, columns: u64, tokens: u64, stream_bits: u64, acc_bits: u32) -> Parameters {
    let size = |size: u64| u32::try_from(size).unwrap();
    Parameters {
        lanes: size(lanes),
        columns: size(columns),
        tokens: size(tokens),
        stream_bits: size(stream_bits),
        acc_bits,
    }
}

/// Tiles back to back for the same tokens, whose weights come in bursts with gaps and whose activations are ready from
/// `start` on.
fn random_run(p: &Parameters, start: usize, random: &mut Random) -> (Vec<Job>, Run) {
    let mut jobs: Vec<Job> = (0..1 + random.below(3)).map(|_| Job::random(p, 8, random)).collect();
    let tokens = jobs[0].activations.len();
    for job in &mut jobs {
        let token = job.activations[0].clone();
        job.activations.resize(tokens, token);
    }
    let mut run = Job::run(p, &jobs);
    let percent = [100, 90, 50, 20][usize::try_from(random.below(4)).unwrap()];
    run.weight_valid = (0..97).map(|_| random.chance(percent)).collect();
    run.weight_valid.push(true);
    if start > 0 {
        // The pattern outlasts the run, so that it is not begun again.
        run.activation_valid = (0..100_000).map(|cycle| cycle >= start).collect();
    }
    (jobs, run)
}

fn check(p: &Parameters, jobs: &[Job], run: &Run, start: usize, trace: &Trace) {
    let signed = |n: u64| i64::try_from(n).unwrap();
    let (tokens, beats) = (signed(jobs[0].activations.len() as u64), signed(p.beats()));
    let steps = signed(run.weights.len() as u64) / beats;
    let willing = |cycle: i64| run.weight_valid[usize::try_from(cycle).unwrap() % run.weight_valid.len()];
    let schedule = array_schedule(tokens, beats, steps, i64::try_from(start).unwrap(), |from| {
        (from..).find(|&cycle| willing(cycle)).unwrap()
    });
    let cycles = |cycles: &[u64]| cycles.iter().map(|&cycle| signed(cycle)).collect::<Vec<_>>();
    assert_eq!(cycles(&trace.weight_cycles), schedule.beats, "{p:?}");
    let served: Vec<i64> = schedule.first_tokens.iter().flat_map(|&first| first..first + tokens).collect();
    assert_eq!(cycles(&trace.activation_cycles), served, "{p:?}");
    // A tile's results follow its last step.
    let mut steps_done = 0;
    let mut expected = Vec::new();
    for job in jobs {
        steps_done += job.weights[0].len().div_ceil(p.lanes as usize);
        let last = schedule.first_tokens[steps_done - 1];
        expected.extend((last..last + tokens).map(|cycle| cycle + i64::from(array_cycles(p.lanes))));
    }
    let results: Vec<i64> = trace.results.iter().map(|result| signed(result.cycle)).collect();
    assert_eq!(results, expected, "{p:?}");
}

fn equal(p: Parameters, runs: usize) {
    let dir = tempfile::tempdir().unwrap();
    let simulator = Simulator::build(&p, dir.path()).unwrap();
    let mut random = Random::new(u64::from(p.lanes * 1000 + p.columns));
    let starts: Vec<usize> =
        (0..runs).map(|i| if i % 2 == 0 { 0 } else { usize::try_from(random.below(600)).unwrap() }).collect();
    let (jobs, schedule): (Vec<Vec<Job>>, Vec<Run>) =
        starts.iter().map(|&start| random_run(&p, start, &mut random)).unzip();
    let traces = simulator.run(&schedule, 3).unwrap();
    assert_eq!(traces.len(), runs);
    for (index, trace) in traces.iter().enumerate() {
        check(&p, &jobs[index], &schedule[index], starts[index], trace);
    }
}

/// A chip preset's own array, which must be called verified: then and only then its results are `rtl-verified`.
fn equal_for_preset(name: &str, runs: usize) {
    let spec = sim::chip::load(name).unwrap().spec;
    let array = (spec.lanes, spec.columns, spec.token_slots, spec.stream_bits, spec.acc_bits);
    assert!(VERIFIED_ARRAYS.contains(&array));
    equal(parameters(array.0, array.1, array.2, array.3, array.4), runs);
}

#[test]
fn the_array_of_kv260_keeps_the_verilogs_cycles() {
    equal_for_preset("kv260", 40);
}

#[test]
fn the_array_of_kv260_large_keeps_the_verilogs_cycles() {
    equal_for_preset("kv260-large", 20);
}

#[test]
fn the_array_of_trellisboard_keeps_the_verilogs_cycles() {
    equal_for_preset("trellisboard", 20);
}

#[test]
fn the_array_of_u280_keeps_the_verilogs_cycles() {
    equal_for_preset("u280", 40);
}

#[test]
fn the_array_of_edge_keeps_the_verilogs_cycles() {
    equal_for_preset("edge", 40);
}

#[test]
fn the_array_of_datacenter_keeps_the_verilogs_cycles() {
    equal_for_preset("datacenter", 6);
}

#[test]
fn arrays_of_odd_sizes_keep_the_same_cycles() {
    for (lanes, columns, tokens, stream_bits) in [(1, 1, 1, 8), (7, 3, 2, 16), (33, 2, 5, 24), (16, 5, 9, 8)]
    {
        equal(parameters(lanes, columns, tokens, stream_bits, contract::ACC_BITS), 60);
    }
}

#[test]
fn no_array_is_called_verified_that_no_preset_has() {
    let tested = sim::chip::preset_names().map(|name| {
        let spec = sim::chip::load(name).unwrap().spec;
        (spec.lanes, spec.columns, spec.token_slots, spec.stream_bits, spec.acc_bits)
    });
    let tested: Vec<_> = tested.collect();
    assert!(VERIFIED_ARRAYS.iter().all(|array| tested.contains(array)));
}
