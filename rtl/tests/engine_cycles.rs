//! The engine's own counters prove its timing: when nothing stalls, a step takes max(tokens, BEATS) cycles and neither tiles
//! nor jobs cost one between them; a stream-bound job takes a beat of weights every cycle.

use contract::Trit;
use rtl::cosim::Random;
use rtl::cosim::engine::{Counters, EngineJob, EngineSimulator, EngineTrace, Patterns, Session, Source, Top};
use rtl::{EngineParameters, Parameters};

/// An engine whose other streams keep up: a word of activations and a token's results take a beat each.
fn engine(lanes: u32, columns: u32, tokens: u32, stream_bits: u32) -> EngineParameters {
    let array = Parameters { lanes, columns, tokens, stream_bits, acc_bits: contract::ACC_BITS };
    EngineParameters {
        activation_bits: 8 * lanes,
        activation_words: 512,
        result_lanes: columns.next_power_of_two(),
        fifo_beats: 32,
        burst_beats: 4,
        ..EngineParameters::of(array)
    }
}

/// Random weights and activations: `tiles` times `steps` steps of `tokens` tokens.
fn job(p: &EngineParameters, tiles: u32, steps: u32, tokens: u32, random: &mut Random) -> EngineJob {
    let (n, k) = ((tiles * p.array.columns) as usize, (steps * p.array.lanes) as usize);
    let weights = (0..n).map(|_| (0..k).map(|_| random.pick(&Trit::ALL)).collect()).collect();
    let mut activation = |_| random.bits().to_le_bytes()[0].cast_signed();
    let activations = (0..tokens).map(|_| (0..k).map(&mut activation).collect()).collect();
    let source = Source::Matrix { weights, activations, kept: false, keep: false, corruptions: vec![] };
    EngineJob { source, raw: true, maximum: false, scale: false }
}

/// Runs each list of jobs, queued as fast as a driver can, without a stall on any port.
fn run(simulator: &EngineSimulator, runs: &[Vec<EngineJob>]) -> Vec<(Counters, EngineTrace)> {
    let mut random = Random::new(1);
    let sessions: Vec<Session> = runs
        .iter()
        .map(|jobs| {
            let mut session = Session::new(simulator.parameters(), simulator.top(), Patterns::default());
            jobs.iter().for_each(|job| session.start(job, &mut random).expect("a job that fits"));
            session.finish();
            session
        })
        .collect();
    let runs: Vec<_> = sessions.iter().map(|session| session.run().clone()).collect();
    let traces = simulator.run(&runs, 1).expect("runs to their ends");
    let counted = |(session, trace): (&Session, EngineTrace)| {
        let outcome = session.check(&trace).expect("the contract's results");
        (outcome.counters.expect("a run to its end"), trace)
    };
    sessions.iter().zip(traces).map(counted).collect()
}

fn check(p: &EngineParameters, top: Top) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let simulator = EngineSimulator::build(p, top, dir.path()).expect("an engine that compiles");
    let beats = p.array.beats();
    let mut random = Random::new(u64::from(p.array.lanes));
    for tokens in 1..=p.array.tokens {
        let step_cycles = u64::from(tokens).max(beats);
        // Long enough that a driver queues the second job while the first one runs.
        let steps = u32::try_from(600 / step_cycles).expect("few").min(512 / tokens / 2);
        let tiles = u32::try_from(900 / (step_cycles * u64::from(steps)) + 1).expect("few");
        let mut job = |tiles, steps| job(p, tiles, steps, tokens, &mut random);
        let runs = [
            vec![job(tiles, steps)],
            vec![job(tiles, steps + 1)],
            vec![job(2 * tiles, steps)],
            vec![job(tiles, steps), job(tiles, steps)],
        ];
        let counted = run(&simulator, &runs);
        let [one, longer, more, two] = [0, 1, 2, 3].map(|i: usize| counted[i].0);
        let all = u64::from(tiles * steps);
        for (counters, steps) in
            [(one, all), (longer, all + u64::from(tiles)), (more, 2 * all), (two, 2 * all)]
        {
            assert_eq!(counters.issued, steps * u64::from(tokens), "{p:?}, {tokens} tokens");
            assert_eq!(counters.weight_beats, steps * beats);
            assert_eq!(counters.output_blocked, 0);
        }
        // What a step more costs, in a tile, in a tile of its own, and in a job of its own.
        let cycles = [longer, more, two].map(|counters| counters.matrix_cycles() - one.matrix_cycles());
        assert_eq!(
            cycles,
            [u64::from(tiles) * step_cycles, all * step_cycles, all * step_cycles],
            "{p:?}, {top:?}, {tokens} tokens"
        );
        if beats >= u64::from(tokens) && top == Top::Stream {
            // The port takes a beat every cycle, but for those that waited in the FIFO for the first job.
            let cycles = &counted[3].1.segments[0].weight_cycles;
            let waited = p.fifo_beats as usize + 2 * usize::try_from(beats).expect("few") + 8;
            assert!(cycles[waited..].windows(2).all(|pair| pair[1] == pair[0] + 1), "{p:?}, {tokens} tokens");
        }
    }
}

#[test]
fn a_step_takes_exactly_the_larger_of_tokens_and_beats() {
    // Tiles of 1, 2, 3 and 9 beats, with fewer, as many and more tokens.
    for (lanes, columns, tokens, stream_bits) in [(5, 1, 3, 8), (7, 3, 4, 64), (16, 2, 6, 24), (45, 1, 11, 8)]
    {
        check(&engine(lanes, columns, tokens, stream_bits), Top::Stream);
    }
}

#[test]
fn a_step_takes_as_long_when_its_weights_are_fetched() {
    check(&engine(10, 3, 6, 16), Top::Axi);
}
