//! The engine's results are the contract's: random jobs with random stalls on every port, aborts, resets, invalid
//! bytes, read errors, refused starts and register traffic. And a fault shows.

use rtl::cosim::Random;
use rtl::cosim::engine::{
    EngineJob, EngineSimulator, Instruments, Patterns, Session, SessionLimits, Top, Verification, verify,
};
use rtl::{EngineParameters, Error, Parameters};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// What all engines here have in common is what `EngineParameters::of` chooses.
fn engine(lanes: u32, columns: u32, tokens: u32, stream_bits: u32) -> EngineParameters {
    EngineParameters::of(Parameters { lanes, columns, tokens, stream_bits, acc_bits: contract::ACC_BITS })
}

fn verified(p: &EngineParameters, top: Top, seeds: u64) -> Verification {
    let dir = folder();
    let mut simulator = EngineSimulator::build(p, top, dir.path()).expect("an engine that compiles");
    match verify(&mut simulator, SessionLimits::of(p), seeds, None) {
        Ok(verification) => verification,
        Err(error) => panic!("{p:?}: {error}"),
    }
}

fn random_jobs_give_the_contracts_results(p: &EngineParameters, top: Top, seeds: u64) {
    let sum = verified(p, top, seeds);
    assert_eq!(sum.runs, seeds);
    assert!(sum.jobs > seeds && sum.values > sum.jobs, "{sum:?}");
    // Every kind of stall was there, or the run was too tame. The core has no counters: `engine_coverage` sees its stalls.
    assert_eq!(sum.counters.is_some(), top != Top::Core);
    if let Some(counted) = sum.counters {
        assert!(
            counted.issued > 0 && counted.activation_starved > 0 && counted.weight_starved > 0,
            "{sum:?}"
        );
    }
}

/// A module for each engine: streams alone, weights by stream, and fetched, if its stream can be an AXI4 bus.
macro_rules! random_jobs {
    ($($name:ident: $lanes:literal x $columns:literal x $tokens:literal, $bits:literal, $seeds:literal
        $(, $field:ident: $value:expr)*;)*) => {$(
        mod $name {
            use super::*;

            fn sizes() -> EngineParameters {
                #[allow(unused_mut, reason = "some have no field of their own")]
                let mut p = engine($lanes, $columns, $tokens, $bits);
                $(p.$field = $value;)*
                p
            }

            #[test]
            fn streams_alone() {
                random_jobs_give_the_contracts_results(&sizes(), Top::Core, $seeds);
            }

            #[test]
            fn by_stream() {
                random_jobs_give_the_contracts_results(&sizes(), Top::Stream, $seeds);
            }

            #[test]
            fn fetched() {
                match sizes().validate_axi() {
                    Ok(()) => random_jobs_give_the_contracts_results(&sizes(), Top::Axi, $seeds),
                    Err(error) => assert!(matches!(error, Error::AxiWidth { stream_bits: $bits })),
                }
            }
        }
    )*};
}

random_jobs! {
    results_of_1x1x1: 1 x 1 x 1, 8, 300, activation_words: 4, fifo_beats: 4, burst_beats: 1;
    results_of_2x3x2: 2 x 3 x 2, 8, 300, activation_bits: 8, activation_words: 4, fifo_beats: 8, burst_beats: 8;
    results_of_5x4x2: 5 x 4 x 2, 8, 300, activation_bits: 24, activation_words: 64, burst_beats: 128;
    results_of_7x3x4: 7 x 3 x 4, 16, 300, activation_bits: 16, activation_words: 16, result_lanes: 2;
    results_of_16x5x3: 16 x 5 x 3, 64, 200, activation_words: 32, dividers: 3, fifo_beats: 32;
    results_of_33x2x5: 33 x 2 x 5, 24, 200, activation_words: 32, result_lanes: 1;
    results_of_3x7x1: 3 x 7 x 1, 40, 200, activation_bits: 64, activation_words: 4, result_lanes: 8;
    results_of_12x9x8: 12 x 9 x 8, 128, 200, activation_words: 16, result_lanes: 2, dividers: 2;
    results_of_21x6x3: 21 x 6 x 3, 256, 200, activation_words: 8, fifo_beats: 4, burst_beats: 4;
    results_of_4x4x16: 4 x 4 x 16, 1024, 200, activation_words: 32, fifo_beats: 16;
    results_of_80x1x4: 80 x 1 x 4, 128, 100;
    results_of_80x4x4: 80 x 4 x 4, 512, 100;
    results_of_128x16x8: 128 x 16 x 8, 512, 30;
}

/// Accumulators as narrow as they can be, and as wide.
#[test]
fn results_of_narrow_and_wide_accumulators() {
    let narrow = Parameters { lanes: 9, columns: 2, tokens: 3, stream_bits: 32, acc_bits: 12 };
    let mut p = EngineParameters { activation_words: 16, ..EngineParameters::of(narrow) };
    random_jobs_give_the_contracts_results(&p, Top::Axi, 200);
    p.array.acc_bits = 32;
    verified(&p, Top::Stream, 100);
    verified(&p, Top::Core, 100);
}

/// What cannot be right is said, where it cannot be refused.
#[test]
fn the_core_says_that_a_job_does_not_fit() {
    let p = EngineParameters { activation_words: 16, ..engine(7, 3, 4, 16) };
    let dir = folder();
    let simulator = EngineSimulator::build(&p, Top::Core, dir.path()).expect("a core that compiles");
    let mut random = Random::new(1);
    let mut session = |steps: usize| {
        let mut session = Session::new(&p, Top::Core, Patterns::default());
        let job = EngineJob::matrix(6, 7 * steps, 4, &mut random);
        session.start(&job, &mut random).expect("a job that the contract knows");
        session.run_mut().stop_after_cycles = Some(1000);
        session
    };
    let (fits, does_not) = (session(4), session(5));
    let runs = [fits.run().clone(), does_not.run().clone()];
    let traces = simulator.run(&runs, 1).expect("runs to their ends");
    assert!(fits.check(&traces[0]).is_ok());
    assert_eq!(traces[1].overflows.len(), 1);
    let refused = does_not.check(&traces[1]).expect_err("a level that is high");
    assert!(refused.starts_with("activation_overflow rose in cycle"), "{refused}");
    assert!(traces[1].segments[0].results.is_empty());
}

/// The comparison is worth something: it sees a fault wherever one is set in.
fn are_seen(top: Top, faults: &[(&str, &str)]) {
    let p = EngineParameters { activation_words: 16, result_lanes: 2, ..engine(7, 3, 4, 16) };
    let text = top.verilog(&p).expect("valid sizes");
    for (right, wrong) in faults {
        let dir = folder();
        let faulty = text.replacen(right, wrong, 1);
        assert!(faulty != text, "{right} is not in the text");
        let mut simulator = EngineSimulator::build_text(&p, top, Instruments::default(), &faulty, dir.path())
            .expect("a fault, but Verilog");
        let seen = verify(&mut simulator, SessionLimits::of(&p), 300, None);
        assert!(matches!(seen, Err(Error::Run { .. })), "{wrong} was not seen: {seen:?}");
    }
}

#[test]
fn faults_of_the_ports_and_the_control_are_seen() {
    are_seen(Top::Stream, &FAULTS[..6]);
}

#[test]
fn faults_of_the_values_are_seen() {
    are_seen(Top::Stream, &FAULTS[6..]);
}

#[test]
fn faults_of_the_core_are_seen() {
    are_seen(Top::Core, &CORE_FAULTS);
}

/// What is in the core's text, and what is there instead: jobs that have no place, a last beat that is not said, activations
/// that never stay, and invalid bytes that are not said.
const CORE_FAULTS: [(&str, &str); 4] = [
    (
        "assign s_axis_job_tready = matrix_unit_job_ready & collect_queue_input_ready;",
        "assign s_axis_job_tready = matrix_unit_job_ready | (1'd0 & collect_queue_input_ready);",
    ),
    ("assign beat_last = after[1] & ", "assign beat_last = (after[1] | 1'd1) & "),
    (".job_keep(s_axis_job_tdata[56])", ".job_keep(s_axis_job_tdata[56] & 1'd0)"),
    ("assign invalid = ", "assign invalid = 1'd0 & "),
];

/// What is in the text, and what is there instead.
const FAULTS: [(&str, &str); 12] = [
    // Beats are lost, results have no place, an abort leaves all as it is, and is no reason to refuse a job.
    ("assign advance = ~valid_register | output_ready;", "assign advance = output_ready | 1'd1;"),
    (
        "weight_tile_held & (~activation_last | result_room);",
        "weight_tile_held & (~activation_last | result_room | 1'd1);",
    ),
    ("assign flush = reset | ", "assign flush = reset | 1'd0 & "),
    ("job_ready & ~", "job_ready | 1'd0 & ~"),
    // Half a word is written, an answer does not wait.
    ("b_error <= write_error | ~w_full;", "b_error <= write_error | (~w_full & 1'd0);"),
    (
        "else if (write_turn | bready) b_held <= write_turn;",
        "else if (write_turn | bready | 1'd1) b_held <= write_turn;",
    ),
    // Kept activations are freed; rounding; maxima; flags; the order of groups.
    ("assign free = outputs_last & ~keep;", "assign free = outputs_last & (~keep | 1'd1);"),
    ("(|remainder || limited[0])", "(|remainder || 1'd1)"),
    ("assign replace = fresh_stage_0 |", "assign replace = (fresh_stage_0 & 1'd0) |"),
    ("assign invalid = ", "assign invalid = 1'd0 & "),
    ("assign last_group = after[1];", "assign last_group = after[1] | 1'd1;"),
    (
        "assign beat_fresh = first_tile & first_group;",
        "assign beat_fresh = (first_tile | 1'd1) & first_group;",
    ),
];
