//! The engine's own counters, and the cycles in which results come, prove its timing: when nothing stalls, a step takes max(tokens, BEATS) cycles and neither tiles
//! nor jobs cost one between them; a stream-bound job takes a beat of weights every cycle.

use contract::latency::{
    OPERANDS_CYCLES, RESULT_BUFFER_CYCLES, STREAM_REGISTER_CYCLES, TILE_SWAP_CYCLES, WEIGHT_STORE_CYCLES,
    array_cycles,
};
use rtl::cosim::Random;
use rtl::cosim::engine::{
    Command, Counters, EngineJob, EngineSimulator, EngineTrace, Patterns, Session, SessionLimits, Top,
};
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

/// `tiles` times `steps` steps of `tokens` tokens.
fn job(p: &EngineParameters, tiles: u32, steps: u32, tokens: u32, random: &mut Random) -> EngineJob {
    let (n, k) = ((tiles * p.array.columns) as usize, (steps * p.array.lanes) as usize);
    EngineJob::matrix(n, k, tokens as usize, random)
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

/// From the ports alone: when each beat of results is offered, if the first weights come in cycle `ARRIVAL`.
#[test]
fn every_result_comes_in_the_cycle_that_the_latencies_say() {
    const ARRIVAL: u64 = 400;
    for p in [engine(5, 1, 3, 8), engine(16, 2, 6, 24)] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let simulator = EngineSimulator::build(&p, Top::Stream, dir.path()).expect("an engine that compiles");
        let mut random = Random::new(3);
        let shapes: Vec<(u32, u32, u32)> = (1..=p.array.tokens)
            .flat_map(|tokens| [(1, 1, tokens), (2, 3, tokens), (3, 2, tokens)])
            .collect();
        let sessions: Vec<Session> = shapes
            .iter()
            .map(|&(tiles, steps, tokens)| {
                let mut session = Session::new(&p, Top::Stream, Patterns::default());
                // The activations are there when the job begins.
                session.command(Command::Wait { cycles: 200 });
                session
                    .start(&job(&p, tiles, steps, tokens, &mut random), &mut random)
                    .expect("a job that fits");
                session.finish();
                let weights = &mut session.run_mut().segments[0].weights;
                weights.arrival_cycles =
                    vec![ARRIVAL; weights.bytes.len() / (p.array.stream_bits as usize / 8)];
                session
            })
            .collect();
        let runs: Vec<_> = sessions.iter().map(|session| session.run().clone()).collect();
        let traces = simulator.run(&runs, 1).expect("runs to their ends");
        let beats = p.array.beats();
        let first_token =
            ARRIVAL + u64::from(WEIGHT_STORE_CYCLES) + (beats - 1) + u64::from(TILE_SWAP_CYCLES);
        let to_port = u64::from(
            array_cycles(p.array.lanes) + RESULT_BUFFER_CYCLES + OPERANDS_CYCLES + STREAM_REGISTER_CYCLES,
        );
        for ((session, trace), &(tiles, steps, tokens)) in sessions.iter().zip(&traces).zip(&shapes) {
            let outcome = session.check(trace).expect("the contract's results");
            let step_cycles = u64::from(tokens).max(beats);
            let mut results = trace.segments[0].results.iter();
            for tile in 0..u64::from(tiles) {
                for token in 0..u64::from(tokens) {
                    let step = tile * u64::from(steps) + u64::from(steps) - 1;
                    let offered = results.next().expect("a beat a token").offered_cycle;
                    let due = first_token + step * step_cycles + token + to_port;
                    assert_eq!(offered, due, "{p:?}, tile {tile}, token {token} of {tokens}");
                }
            }
            let counters = outcome.counters.expect("a run to its end");
            assert_eq!(counters.activation_starved, 0);
        }
    }
}

/// The same of the core, in jobs of all sizes that are queued one behind the other: neither a tile nor a job costs a cycle.
#[test]
fn every_result_of_the_core_comes_in_the_cycle_that_the_latencies_say() {
    const ARRIVAL: u64 = 400;
    for p in [engine(5, 1, 3, 8), engine(16, 2, 6, 24)] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let simulator = EngineSimulator::build(&p, Top::Core, dir.path()).expect("a core that compiles");
        let mut random = Random::new(3);
        let shapes: Vec<(u32, u32, u32)> = (1..=p.array.tokens)
            .flat_map(|tokens| [(1, 1, tokens), (2, 3, tokens), (3, 2, tokens)])
            .collect();
        let mut session = Session::new(&p, Top::Core, Patterns::default());
        for &(tiles, steps, tokens) in &shapes {
            let job = job(&p, tiles, steps, tokens, &mut random);
            session.start(&job, &mut random).expect("a job that fits");
        }
        // Jobs and activations are there before the weights.
        let weights = &mut session.run_mut().segments[0].weights;
        weights.arrival_cycles = vec![ARRIVAL; weights.bytes.len() / (p.array.stream_bits as usize / 8)];
        let traces = simulator.run(&[session.run().clone()], 1).expect("runs to its end");
        session.check(&traces[0]).expect("the contract's results");
        let beats = p.array.beats();
        let to_port = u64::from(array_cycles(p.array.lanes) + RESULT_BUFFER_CYCLES);
        let mut step_begins =
            ARRIVAL + u64::from(WEIGHT_STORE_CYCLES) + (beats - 1) + u64::from(TILE_SWAP_CYCLES);
        let mut due = vec![];
        for (tiles, steps, tokens) in shapes {
            for step in 1..=tiles * steps {
                if step % steps == 0 {
                    due.extend((0..u64::from(tokens)).map(|token| step_begins + token + to_port));
                }
                step_begins += u64::from(tokens).max(beats);
            }
        }
        let offered: Vec<u64> = traces[0].segments[0].results.iter().map(|beat| beat.offered_cycle).collect();
        assert_eq!(offered, due, "{p:?}");
    }
}

/// Whatever stalls, a cycle of a matrix job counts once: what a job is busy beside them is always the same.
#[test]
fn each_cycle_of_a_matrix_job_is_counted_once() {
    let p = engine(7, 3, 4, 16);
    for top in [Top::Stream, Top::Axi] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let simulator = EngineSimulator::build(&p, top, dir.path()).expect("an engine that compiles");
        let mut random = Random::new(5);
        let sessions: Vec<Session> = (0..200)
            .map(|_| {
                // Results are taken at once, so that the last token's way out has its latency.
                let patterns = Patterns {
                    result_ready: vec![],
                    quantized_ready: vec![],
                    ..Patterns::random(&mut random)
                };
                let mut session = Session::new(&p, top, patterns);
                let [tiles, steps, tokens] =
                    [3, 5, 4].map(|n| u32::try_from(1 + random.below(n)).expect("few"));
                session
                    .start(&job(&p, tiles, steps, tokens, &mut random), &mut random)
                    .expect("a job that fits");
                session.finish();
                session.run_mut().memory_latency_cycles = vec![1 + random.below(50)];
                session
            })
            .collect();
        let runs: Vec<_> = sessions.iter().map(|session| session.run().clone()).collect();
        let traces = simulator.run(&runs, 1).expect("runs to their ends");
        let mut beside: Vec<u64> = vec![];
        let mut sum = Counters::default();
        for (session, trace) in sessions.iter().zip(&traces) {
            let outcome = session.check(trace).expect("the contract's results");
            let counters = outcome.counters.expect("a run to its end");
            beside.push(counters.busy_cycles - counters.matrix_cycles());
            sum += counters;
        }
        assert!(beside.iter().all(|cycles| *cycles == beside[0]), "{top:?}: {beside:?}");
        assert!(sum.weight_starved > 500 && sum.activation_starved > 500, "{top:?}: {sum:?}");
    }
}

/// A FIFO that covers the memory's latency hides it: read data comes in every cycle, and never waits.
#[test]
fn fetched_weights_arrive_without_a_gap_while_the_fifo_covers_the_latency() {
    let p = EngineParameters { fifo_beats: 64, burst_beats: 8, ..engine(10, 3, 6, 16) };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let simulator = EngineSimulator::build(&p, Top::Axi, dir.path()).expect("an engine that compiles");
    let mut random = Random::new(9);
    let mut session = |latency: u64| {
        let mut session = Session::new(&p, Top::Axi, Patterns::default());
        session.command(Command::Wait { cycles: 300 });
        // Three beats a step, two tokens: bound by the stream. The second job's weights follow the first one's.
        for tiles in [8, 6] {
            session.start(&job(&p, tiles, 20, 2, &mut random), &mut random).expect("a job that fits");
        }
        session.finish();
        session.run_mut().memory_latency_cycles = vec![latency];
        session
    };
    let sessions = [1, 10, 40, 100].map(&mut session);
    let runs: Vec<_> = sessions.iter().map(|session| session.run().clone()).collect();
    let traces = simulator.run(&runs, 1).expect("runs to their ends");
    let gaps = |trace: &EngineTrace| {
        let cycles = &trace.segments[0].weight_cycles;
        cycles.windows(2).map(|pair| pair[1] - pair[0] - 1).sum::<u64>()
    };
    for (session, trace) in sessions.iter().zip(&traces) {
        session.check(trace).expect("the contract's results");
        assert_eq!(trace.read_stall_cycles, 0, "what was asked for has room");
    }
    let gaps: Vec<u64> = traces.iter().map(gaps).collect();
    assert_eq!(gaps[..3], [0, 0, 0], "{gaps:?}");
    assert!(gaps[3] > 300, "64 beats do not cover 100 cycles: {gaps:?}");
}

#[test]
fn no_handshake_depends_on_an_input_of_the_same_cycle() {
    let p = engine(5, 2, 2, 16);
    for top in [Top::Core, Top::Stream, Top::Axi] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let simulator = EngineSimulator::build(&p, top, dir.path()).expect("an engine that compiles");
        let session = |seed| {
            Session::random(&p, top, SessionLimits::of(&p), &mut Random::new(seed)).expect("jobs that fit")
        };
        let runs: Vec<_> = (0..100).map(|seed| session(seed).run().clone()).collect();
        // Of a valid the bench itself would have said so.
        for trace in simulator.run(&runs, 1).expect("runs to their ends") {
            assert_eq!(trace.combinational, [""; 0], "{top:?}");
            assert_eq!(trace.read_stall_cycles, 0, "{top:?}");
        }
    }
}
