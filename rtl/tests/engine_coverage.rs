//! Random runs come into every full, empty and stall state of each top, and out of it again.

use rtl::cosim::engine::{EngineSimulator, Instruments, SessionLimits, Top, covered_states, verify};
use rtl::{EngineParameters, Parameters};

fn every_state_is_entered_and_left(top: Top) {
    let array = Parameters { lanes: 6, columns: 8, tokens: 4, stream_bits: 64, acc_bits: 24 };
    // Buffers that random stalls outlast, and results that come faster than they leave.
    let p = EngineParameters {
        activation_words: 8,
        fifo_beats: 4,
        burst_beats: 2,
        ..EngineParameters::of(array)
    };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let instruments = Instruments { coverage: true, ..Instruments::default() };
    let mut simulator =
        EngineSimulator::build_with(&p, top, instruments, dir.path()).expect("an engine that compiles");
    verify(&mut simulator, SessionLimits::of(&p), 60, None).expect("the contract's results");
    let states = covered_states(top, simulator.coverage());
    let missed: Vec<_> = states.iter().filter(|state| !state.is_covered()).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn every_full_empty_and_stall_state_of_the_core() {
    every_state_is_entered_and_left(Top::Core);
}

#[test]
fn every_full_empty_and_stall_state_of_the_engine() {
    every_state_is_entered_and_left(Top::Stream);
}

#[test]
fn every_full_empty_and_stall_state_of_the_engine_that_fetches() {
    every_state_is_entered_and_left(Top::Axi);
}
