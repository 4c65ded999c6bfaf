//! The emitted array: its values are the contract's, its cycles `contract::latency`'s, its text what tools accept.

use contract::latency::{TILE_SWAP_CYCLES, array_cycles};
use rtl::cosim::{Job, Random, Run, Simulator, Taken, Trace};
use rtl::{Error, Parameters, eda, verilog};

fn parameters(lanes: u32, columns: u32, tokens: u32, stream_bits: u32) -> Parameters {
    Parameters { lanes, columns, tokens, stream_bits, acc_bits: contract::ACC_BITS }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn expected(p: &Parameters, jobs: &[Job]) -> Vec<(u32, Vec<i64>)> {
    jobs.iter().flat_map(|job| job.expected(p).expect("a job that fits")).collect()
}

fn values(results: &[Taken]) -> Vec<(u32, Vec<i64>)> {
    results.iter().map(|taken| (taken.slot, taken.values.clone())).collect()
}

/// Random jobs back to back under random stalls, every third run aborted and started anew.
fn random_jobs_give_the_contracts_values(p: Parameters, runs: u32, steps: u32) {
    let dir = folder();
    let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
    let mut random = Random::new(u64::from(p.lanes) << 32 | u64::from(p.columns));
    let mut schedule = vec![];
    let mut jobs_of = vec![];
    for i in 0..runs {
        let jobs: Vec<Job> = (0..1 + random.below(4)).map(|_| Job::random(&p, steps, &mut random)).collect();
        let mut run = Job::run(&p, &jobs).with_random_stalls(&mut random);
        if i % 3 == 1 {
            run.stop_after_cycles = Some(1 + random.below(run.weights.len() as u64 * 2));
        }
        schedule.push(run);
        jobs_of.push(jobs);
    }
    let traces = simulator.run(&schedule, 1).expect("a run to its end");
    for ((run, trace), jobs) in schedule.iter().zip(&traces).zip(&jobs_of) {
        let expected = expected(&p, jobs);
        let values = values(&trace.results);
        if run.stop_after_cycles.is_none() {
            assert_eq!(values, expected);
        } else {
            // Nothing of a former run is among the results, and none is missing in between.
            assert_eq!(values, expected[..values.len()]);
        }
    }
}

macro_rules! random_jobs {
    ($($name:ident: $lanes:literal x $columns:literal x $tokens:literal, $bits:literal, $runs:literal;)*) => {$(
        #[test]
        fn $name() {
            random_jobs_give_the_contracts_values(parameters($lanes, $columns, $tokens, $bits), $runs, 5);
        }
    )*};
}

random_jobs! {
    values_of_1x1x1: 1 x 1 x 1, 8, 300;
    values_of_7x3x2: 7 x 3 x 2, 16, 300;
    values_of_33x2x5: 33 x 2 x 5, 24, 150;
    values_of_80x1x4: 80 x 1 x 4, 128, 150;
    values_of_80x4x4: 80 x 4 x 4, 512, 100;
    values_of_128x16x8: 128 x 16 x 8, 512, 20;
}

#[test]
fn accumulators_reach_both_ends_of_their_range() {
    let p = Parameters { lanes: 4, columns: 2, tokens: 2, stream_bits: 8, acc_bits: 12 };
    let k = usize::try_from(contract::max_k(p.acc_bits)).expect("a small K");
    let row = |t| vec![contract::Trit::new(t).expect("a trit"); k];
    let job = Job { weights: vec![row(-1), row(1)], activations: vec![vec![-128; k], vec![127; k]] };
    assert_eq!(expected(&p, std::slice::from_ref(&job))[0], (0, vec![128 * k as i64, -128 * k as i64]));
    let dir = folder();
    let traces =
        Simulator::build(&p, dir.path()).and_then(|s| s.run(&[Job::run(&p, std::slice::from_ref(&job))], 2));
    assert_eq!(values(&traces.expect("a run")[0].results), expected(&p, &[job]));
}

/// A run of `steps` steps with `tokens` tokens, without stalls.
fn steps(p: &Parameters, tokens: u32, steps: u32) -> (Job, Run) {
    let mut random = Random::new(7);
    let k = (p.lanes * steps) as usize;
    let mut job = Job::random(p, steps, &mut random);
    job.weights.iter_mut().for_each(|row| row.resize(k, contract::Trit::Plus));
    job.activations.resize(tokens as usize, vec![]);
    job.activations.iter_mut().for_each(|token| token.resize(k, 1));
    let run = Job::run(p, std::slice::from_ref(&job));
    (job, run)
}

/// The cycle in which every transfer happens when nothing stalls: design.md's throughput and `contract::latency`.
fn check_cycles(p: &Parameters, tokens: u32, steps: u32, trace: &Trace) {
    let (tokens, steps) = (u64::from(tokens), u64::from(steps));
    let step_cycles = tokens.max(p.beats());
    let first = p.beats() - 1 + u64::from(TILE_SWAP_CYCLES);
    for step in 0..steps {
        for token in 0..tokens {
            let i = usize::try_from(step * tokens + token).expect("a short run");
            assert_eq!(
                trace.activation_cycles[i],
                first + step * step_cycles + token,
                "step {step}, token {token}"
            );
        }
    }
    for (token, taken) in (0..).zip(&trace.results) {
        let accepted = first + (steps - 1) * step_cycles + token;
        assert_eq!(taken.offered_cycle, accepted + u64::from(array_cycles(p.lanes)));
        assert_eq!(taken.cycle, taken.offered_cycle);
    }
    if tokens <= p.beats() {
        // Bound by the stream: a beat every cycle, none missed.
        assert!(trace.weight_cycles.iter().copied().eq(0..steps * p.beats()));
    }
}

#[test]
fn a_step_takes_exactly_the_larger_of_tokens_and_beats() {
    // Tiles of 1, 2, 3, 4 and 9 beats, each with fewer, as many and more tokens.
    for p in
        [parameters(5, 1, 4, 8), parameters(7, 3, 6, 24), parameters(16, 2, 12, 16), parameters(45, 1, 12, 8)]
    {
        let dir = folder();
        let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
        let shapes: Vec<_> = (1..=p.tokens).flat_map(|tokens| [1, 2, 7].map(|n| (tokens, n))).collect();
        let runs: Vec<Run> = shapes.iter().map(|&(tokens, n)| steps(&p, tokens, n).1).collect();
        let traces = simulator.run(&runs, 3).expect("runs");
        for (&(tokens, n), trace) in shapes.iter().zip(&traces) {
            check_cycles(&p, tokens, n, trace);
        }
    }
}

#[test]
fn a_beat_is_offered_when_it_has_arrived() {
    let p = parameters(5, 2, 2, 8);
    let dir = folder();
    let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
    let (job, mut run) = steps(&p, 1, 3);
    run.weight_arrival_cycles = vec![3, 3, 20, 21, 90, 50];
    let trace = &simulator.run(&[run], 6).expect("a run")[0];
    // Two at once are taken one after the other; one that arrived before its predecessor waits for it.
    assert_eq!(trace.weight_cycles, [3, 4, 20, 21, 90, 91]);
    assert_eq!(trace.activation_cycles, [4, 21, 91].map(|cycle| cycle + u64::from(TILE_SWAP_CYCLES)));
    assert_eq!(values(&trace.results), expected(&p, &[job]));
}

#[test]
fn a_result_waits_unchanged_and_everything_behind_it_too() {
    let p = parameters(7, 3, 2, 16);
    let dir = folder();
    let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
    let (job, mut run) = steps(&p, 2, 3);
    let free = simulator.run(&[run.clone()], 4).expect("a run");
    // Not ready for 50 cycles, then for one in ten.
    run.result_ready = (0..200).map(|cycle| cycle >= 50 && cycle % 10 == 0).collect();
    let stalled = simulator.run(&[run], 4).expect("a run");
    assert_eq!(values(&stalled[0].results), expected(&p, &[job]));
    assert_eq!(stalled[0].results[0].offered_cycle, free[0].results[0].offered_cycle);
    assert_eq!(stalled[0].results.iter().map(|taken| taken.cycle).collect::<Vec<_>>(), [50, 60]);
}

/// The comparison is worth something: it sees a fault in a lane, in the tree, in an accumulator, in the control.
#[test]
fn a_fault_in_the_text_is_seen() {
    let p = parameters(3, 2, 2, 16);
    let text = verilog::mac_array(&p).expect("valid sizes");
    let mut random = Random::new(11);
    let jobs: Vec<Job> = (0..20).map(|_| Job::random(&p, 4, &mut random)).collect();
    let run = Job::run(&p, &jobs).with_random_stalls(&mut random);
    let faults = [
        ("activation ^ {8{negative}}", "activation ^ {8{~negative}}"),
        ("{8'd0, carry[0]}", "{8'd0, ~carry[0]}"),
        ("{24{~first}}", "{24{first}}"),
        (
            "assign advance = ~valid_register | result_ready;",
            "assign advance = ~valid_register | 1'b1 | result_ready;",
        ),
        (
            "assign swap = loaded_register & (~held_register | release_tile);",
            "assign swap = loaded_register;",
        ),
    ];
    for (right, wrong) in faults {
        let dir = folder();
        let faulty = text.replacen(right, wrong, 1);
        assert_ne!(faulty, text, "{right} is not in the text");
        let simulator = Simulator::build_text(&p, &faulty, dir.path()).expect("a fault, but Verilog");
        // A run that comes to a standstill, or in which a waiting result changes, is an error.
        let traces = simulator.run(std::slice::from_ref(&run), 5);
        let survived = traces.is_ok_and(|traces| values(&traces[0].results) == expected(&p, &jobs));
        assert!(!survived, "{wrong} was not seen");
    }
}

#[test]
fn the_text_passes_lint_and_holds_no_multiplier() {
    let dir = folder();
    for p in
        [parameters(1, 1, 1, 8), parameters(7, 3, 2, 16), parameters(80, 1, 4, 128), parameters(33, 2, 5, 24)]
    {
        let text = verilog::mac_array(&p).expect("valid sizes");
        eda::lint(dir.path(), &text).expect("no warning");
        for synthesis in [
            "",
            "synth_xilinx -run :map_luts",
            "synth_ecp5 -run :map_luts",
            "synth_ice40 -dsp -run :map_luts",
        ] {
            let cells = eda::cells(dir.path(), &text, "mac_array", synthesis).expect("Yosys accepts it");
            assert!(!cells.is_empty());
            let multipliers: Vec<_> = cells.iter().filter(|(cell, _)| eda::is_multiplier(cell)).collect();
            assert!(multipliers.is_empty(), "{p:?}, {synthesis}: {multipliers:?}");
        }
    }
}

#[test]
fn presets_pass_lint() {
    let dir = folder();
    for p in [parameters(80, 4, 4, 512), parameters(128, 16, 8, 512), parameters(128, 64, 32, 512)] {
        eda::lint(dir.path(), &verilog::mac_array(&p).expect("valid sizes")).expect("no warning");
    }
}

#[test]
fn the_text_is_small_clean_and_always_the_same() {
    let p = parameters(128, 128, 32, 512);
    let start = std::time::Instant::now();
    let text = verilog::mac_array(&p).expect("valid sizes");
    assert!(start.elapsed().as_secs() < 10);
    assert!(text.len() < 3_000_000, "{} bytes", text.len());
    assert_eq!(text, verilog::mac_array(&p).expect("valid sizes"));
    assert!(!text.contains(['$', '*']) || !text.replace("@(*)", "").contains(['$', '*']));
    let modules: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("module ")).collect();
    assert_eq!(modules.iter().filter(|name| name.starts_with("ternary_lane")).count(), 1);
    assert_eq!(modules.iter().filter(|name| name.starts_with("dot_unit")).count(), 1);
}

#[test]
fn a_small_array_reads_as_it_always_did() {
    let text = verilog::mac_array(&parameters(3, 2, 2, 16)).expect("valid sizes");
    expect_test::expect_file!["mac_array_3x2x2_w16.v"].assert_eq(&text);
}

#[test]
fn sizes_out_of_range_are_named() {
    let good = parameters(80, 4, 4, 512);
    let wrong = [
        (Parameters { lanes: 0, ..good }, "lanes 0 is out of range: it must be 1 to 1024"),
        (Parameters { columns: 1025, ..good }, "columns 1025 is out of range: it must be 1 to 1024"),
        (
            Parameters { lanes: 1024, columns: 1024, ..good },
            "lanes x columns 1048576 is out of range: it must be 1 to 131072",
        ),
        (Parameters { tokens: 0, ..good }, "tokens 0 is out of range: it must be 1 to 1024"),
        (
            Parameters { stream_bits: 65_544, ..good },
            "stream-bits 65544 is out of range: it must be 8 to 65536",
        ),
        (
            Parameters { stream_bits: 12, ..good },
            "stream-bits 12 is no multiple of 8: the stream carries bytes of five trits",
        ),
        // 80 lanes may sum to 80 x 128 = 10,240, which takes 15 bits.
        (Parameters { acc_bits: 14, ..good }, "acc-bits 14 is out of range: it must be 15 to 32"),
        (Parameters { acc_bits: 33, ..good }, "acc-bits 33 is out of range: it must be 15 to 32"),
    ];
    for (p, message) in wrong {
        assert_eq!(verilog::mac_array(&p).expect_err("an error").to_string(), message);
    }
}

#[test]
fn a_schedule_that_does_not_fit_is_refused() {
    let p = parameters(5, 1, 1, 8);
    let dir = folder();
    let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
    let (_, good) = steps(&p, 1, 1);
    let mut short = good.clone();
    short.weights[0].pop();
    let mut beyond = good;
    beyond.activations[0].slot = 1;
    for run in [short, beyond] {
        assert!(matches!(simulator.run(&[run], 1), Err(Error::Schedule(_))));
    }
}
