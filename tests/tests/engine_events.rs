//! What the simulator counts for the energy accountings is what the nets of the emitted Verilog do.
//!
//! Counted from outside, in the same kind of runs that `engine_timing` times: rows of every memory on the way of weights,
//! activations and results, lanes that zeros hold still, additions of every width, tiles; and what clocks the blocks around the array.

use std::collections::BTreeMap;

use rtl::EngineParameters;
use rtl::cosim::Random;
use rtl::cosim::engine::{EngineSimulator, EngineTrace, Instruments, NetEvents, Source, Top};
use sim::control::Occurrences;
use sim::engine::{Accesses, EngineEvents, Job, Matrix};
use tritium_tests::engines::{engine, parameters, random_session, seen, sizes};

/// The memories whose instances' names have a part; rows of several that lie side by side are one row.
fn memory(nets: &NetEvents, part: &str) -> Accesses {
    let of = nets.memories.iter().filter(|(place, _)| place.contains(part)).map(|(_, accesses)| accesses);
    let (mut bits, mut written, mut read) = (0, 0, 0);
    for accesses in of {
        bits += accesses.bits;
        written += accesses.bits * accesses.writes;
        read += accesses.bits * accesses.reads;
    }
    assert_eq!((written % bits, read % bits), (0, 0), "{part}: rows are written and read whole");
    Accesses { bits, writes: written / bits, reads: read / bits }
}

/// What the nets did, in the simulator's terms.
fn counted(p: &EngineParameters, nets: &NetEvents) -> EngineEvents {
    let columns = u64::from(p.array.columns);
    let sums: u64 = nets.accumulations.values().sum();
    let issued = sums / columns;
    let mut adds: BTreeMap<u32, u64> =
        nets.adders.iter().map(|(&bits, adders)| (bits, adders * issued)).collect();
    for (&bits, sums) in &nets.accumulations {
        *adds.entry(bits).or_default() += sums;
    }
    // What is decoded is what is stored in tiles.
    let weight_fifo = memory(nets, "weight_stream");
    assert_eq!(nets.tile_beats, weight_fifo.reads);
    EngineEvents {
        issued,
        tiles: nets.tiles,
        lanes_active: nets.lanes_active,
        lanes_gated: nets.lanes_gated,
        adds,
        weight_fifo,
        activation_ring: memory(nets, "activation_buffer"),
        result_buffer: memory(nets, "result_buffer"),
    }
}

fn equal(p: &EngineParameters, top: Top) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let instruments = Instruments { events: true, ..Instruments::default() };
    let simulator =
        EngineSimulator::build_with(p, top, instruments, dir.path()).expect("an engine that compiles");
    let mut random = Random::new(u64::from(p.array.lanes));
    let sessions: Vec<_> = (0..30).map(|_| random_session(p, top, &mut random)).collect();
    let all: Vec<_> = sessions.iter().map(|(session, _)| session.run().clone()).collect();
    let traces = simulator.run(&all, 5).expect("runs to their ends");
    for ((session, jobs), trace) in sessions.iter().zip(&traces) {
        session.check(trace).expect("the contract's results");
        let mut expected = no_events(p);
        let mut occurrences = Occurrences::default();
        for (engine_job, job) in jobs {
            let kept = matches!(engine_job.source, Source::Matrix { kept: true, .. });
            let nonzero = engine_job.nonzero_trits(p) * job.tokens;
            add(&mut expected, &sizes(p).events(p.array.acc_bits, job, kept, nonzero));
            occurrences = occurrences.plus(&Occurrences::of(&sizes(p), job, kept), 1);
        }
        passed(top, trace, &occurrences);
        assert_eq!(counted(p, &trace.events), expected, "{p:?}, {top:?}");
    }
}

/// What clocks the blocks around the array is what passed through the engine's ports, its memories and its array.
fn passed(top: Top, trace: &EngineTrace, counted: &Occurrences) {
    let (ports, nets) = (seen(trace), &trace.events);
    let beats = |beats: usize| u64::try_from(beats).expect("beats of a run");
    assert_eq!(beats(ports.weights.len()), counted.weight_beats);
    assert_eq!(beats(ports.activations.len()), counted.activation_beats);
    assert_eq!(beats(ports.vectors.len()), counted.vector_beats);
    assert_eq!(beats(ports.results.len()), counted.raw_beats);
    assert_eq!(beats(ports.quantized.len()), counted.scaled_beats);
    assert_eq!(nets.tiles, counted.steps);
    assert_eq!(memory(nets, "activation_buffer").writes, counted.activation_words);
    assert_eq!(memory(nets, "result_buffer").writes, counted.results);
    if top == Top::Axi {
        assert_eq!(beats(ports.requests.len()), counted.bursts);
    }
}

/// The adders and memories of an engine, before they did anything.
fn no_events(p: &EngineParameters) -> EngineEvents {
    let matrix = Some(Matrix { inputs: 1, keep: false, address: 0 });
    let job = Job { outputs: 1, tokens: 1, matrix, raw: true, maximum: false, scale: false };
    let of_one = sizes(p).events(p.array.acc_bits, &job, false, 0);
    let idle = |accesses: Accesses| Accesses { writes: 0, reads: 0, ..accesses };
    EngineEvents {
        adds: of_one.adds.into_keys().map(|bits| (bits, 0)).collect(),
        weight_fifo: idle(of_one.weight_fifo),
        activation_ring: idle(of_one.activation_ring),
        result_buffer: idle(of_one.result_buffer),
        ..EngineEvents::default()
    }
}

fn add(all: &mut EngineEvents, more: &EngineEvents) {
    all.issued += more.issued;
    all.tiles += more.tiles;
    all.lanes_active += more.lanes_active;
    all.lanes_gated += more.lanes_gated;
    more.adds.iter().for_each(|(bits, adds)| *all.adds.entry(*bits).or_default() += adds);
    let memories = [
        (&mut all.weight_fifo, more.weight_fifo),
        (&mut all.activation_ring, more.activation_ring),
        (&mut all.result_buffer, more.result_buffer),
    ];
    for (all, more) in memories {
        all.writes += more.writes;
        all.reads += more.reads;
    }
}

#[test]
fn events_of_an_engine_of_one_byte_are_its_nets() {
    let p = engine([5, 1, 1, 8], [40, 16], [1, 1], [4, 1]);
    [Top::Stream, Top::Axi].iter().for_each(|&top| equal(&p, top));
}

#[test]
fn events_of_an_engine_with_padded_lanes_are_its_nets() {
    let p = engine([7, 3, 9, 64], [16, 64], [4, 2], [8, 8]);
    [Top::Stream, Top::Axi].iter().for_each(|&top| equal(&p, top));
}

#[test]
fn events_of_an_engine_whose_tiles_take_many_beats_are_its_nets() {
    let p = engine([33, 2, 2, 16], [128, 32], [1, 3], [16, 4]);
    [Top::Stream, Top::Axi].iter().for_each(|&top| equal(&p, top));
}

#[test]
fn events_of_the_engine_of_kv260_are_its_nets() {
    let chip = sim::chip::load("kv260").expect("a preset");
    let sizes = sim::mapping::engine_sizes(&chip, model::WeightFormat::Ternary);
    equal(&parameters(&sizes), Top::Axi);
}
