//! The simulator's engine and the emitted Verilog make every transfer in the same cycle, and count the same.
//!
//! The two share nothing but the contract's latencies: the simulator computes each cycle from earlier ones, and Verilator
//! steps the emitted text clock by clock, with the same senders, receivers and memory around it.

use std::collections::VecDeque;

use rtl::cosim::engine::{
    Command, EngineJob, EngineRun, EngineSimulator, EngineTrace, JobLimits, OutputBeat, Patterns, Session,
    Source, Top,
};
use rtl::cosim::{Pattern, Random};
use rtl::{EngineParameters, Parameters};
use sim::engine::{Counters, Engine, Job, Matrix, Ports, Request, Sizes, StepAll, Transfer, WeightSource};

/// From a register write accepted whole to the job in the queue: the write is held for a cycle, and then has its turn.
const START_CYCLES: i64 = contract::latency::AXI_LITE_CYCLES as i64 - 1;

/// The surroundings of a run, and what passed through the ports.
struct Surroundings<'a> {
    run: &'a EngineRun,
    fetched: bool,
    /// Bursts under way: the first cycle of data, and beats that have not come.
    bursts: VecDeque<(i64, u64)>,
    seen: Seen,
}

#[derive(Debug, Default, PartialEq)]
struct Seen {
    weights: Vec<i64>,
    activations: Vec<i64>,
    vectors: Vec<i64>,
    /// Offered, and taken.
    results: Vec<(i64, i64)>,
    /// See above.
    quantized: Vec<(i64, i64)>,
    requests: Vec<(i64, i64, u64, u64)>,
}

/// The first cycle from `from` on in which a port is willing.
fn willing(pattern: &Pattern, from: i64) -> i64 {
    let mut cycles = from..;
    let at = |cycle: i64| usize::try_from(cycle).expect("after the reset") % pattern.len();
    cycles.find(|&cycle| pattern.is_empty() || pattern[at(cycle)]).expect("a pattern that is willing at times")
}

impl Ports for Surroundings<'_> {
    fn weight(&mut self, from: i64) -> i64 {
        let patterns = &self.run.patterns;
        if !self.fetched {
            return willing(&patterns.weight_valid, from);
        }
        let (data_from, left) = self.bursts.front_mut().expect("beats that were asked for");
        let cycle = willing(&patterns.burst_data_valid, from.max(*data_from));
        *left -= 1;
        if *left == 0 {
            self.bursts.pop_front();
        }
        cycle
    }

    fn activation(&mut self, from: i64) -> i64 {
        willing(&self.run.patterns.activation_valid, from)
    }

    fn vector(&mut self, from: i64) -> i64 {
        willing(&self.run.patterns.vector_valid, from)
    }

    fn result(&mut self, from: i64) -> i64 {
        willing(&self.run.patterns.result_ready, from)
    }

    fn quantized(&mut self, from: i64) -> i64 {
        willing(&self.run.patterns.quantized_ready, from)
    }

    fn request(&mut self, request: Request) -> i64 {
        let accepted = willing(&self.run.patterns.burst_address_ready, request.offered);
        let latencies = &self.run.memory_latency_cycles;
        let latency = latencies.get(self.seen.requests.len() % latencies.len().max(1)).map_or(1, |&l| signed(l));
        self.bursts.push_back((accepted + latency, request.beats));
        self.seen.requests.push((request.offered, accepted, request.address, request.beats));
        accepted
    }

    fn transfer(&mut self, transfer: Transfer, cycle: i64) {
        match transfer {
            Transfer::Weight => self.seen.weights.push(cycle),
            Transfer::Activation => self.seen.activations.push(cycle),
            Transfer::Vector => self.seen.vectors.push(cycle),
            Transfer::Result { offered } => self.seen.results.push((offered, cycle)),
            Transfer::Quantized { offered } => self.seen.quantized.push((offered, cycle)),
        }
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).expect("a cycle")
}

/// What the Verilog's ports saw.
fn seen(trace: &EngineTrace) -> Seen {
    let [segment] = trace.segments.as_slice() else { panic!("one segment") };
    let cycles = |cycles: &[u64]| cycles.iter().map(|&cycle| signed(cycle)).collect();
    let beats = |beats: &[OutputBeat]| {
        beats.iter().map(|beat| (signed(beat.offered_cycle), signed(beat.cycle))).collect()
    };
    Seen {
        weights: cycles(&segment.weight_cycles),
        activations: cycles(&segment.activation_cycles),
        vectors: cycles(&segment.vector_cycles),
        results: beats(&segment.results),
        quantized: beats(&segment.quantized),
        requests: trace
            .requests
            .iter()
            .map(|r| (signed(r.offered_cycle), signed(r.cycle), r.address, r.beats))
            .collect(),
    }
}

fn sizes(p: &EngineParameters) -> Sizes {
    Sizes {
        lanes: p.array.lanes.into(),
        columns: p.array.columns.into(),
        tokens: p.array.tokens.into(),
        column_bytes: p.array.lanes.div_ceil(5).into(),
        activation_bytes: 1,
        stream_bits: p.array.stream_bits.into(),
        activation_bits: p.activation_bits.into(),
        activation_words: p.activation_words.into(),
        result_lanes: p.result_lanes.into(),
        dividers: p.dividers.into(),
        fifo_beats: p.fifo_beats.into(),
        burst_beats: p.burst_beats.into(),
    }
}

fn job(job: &EngineJob, address: u64) -> Job {
    let matrix = match &job.source {
        Source::Matrix { keep, .. } => Some(Matrix { inputs: job.inputs() as u64, keep: *keep, address }),
        Source::Vector { .. } => None,
    };
    Job {
        outputs: job.outputs() as u64,
        tokens: job.tokens() as u64,
        matrix,
        raw: job.raw,
        maximum: job.maximum,
        scale: job.scale,
    }
}

/// Random jobs, queued as fast as a driver can or with pauses, under random stalls on every port and random latencies.
fn random_session(p: &EngineParameters, top: Top, random: &mut Random) -> (Session, Vec<Job>) {
    // A response that is not taken would hold up the next write, which is the driver's affair.
    let patterns = Patterns { write_response_ready: vec![], ..Patterns::random(random) };
    let patterns = if random.chance(15) { Patterns::default() } else { patterns };
    let mut session = Session::new(p, top, patterns);
    let beat_bytes = u64::from(p.array.stream_bits / 8);
    session.run_mut().memory_latency_cycles = (0..1 + random.below(5)).map(|_| 1 + random.below(80)).collect();
    let mut jobs = vec![];
    for _ in 0..1 + random.below(8) {
        if top == Top::Axi {
            let address = session.next_address() + random.below(100) * beat_bytes;
            session.set_address(address);
        }
        let kept = session.kept().map(<[_]>::to_vec);
        let next = EngineJob::random(p, JobLimits { tiles: 4, steps: 6 }, kept.as_deref(), random);
        jobs.push(job(&next, session.next_address()));
        session.start(&next, random).expect("a job that fits");
        match random.below(8) {
            0 => session.idle(),
            1 => session.command(Command::Wait { cycles: random.below(300) }),
            _ => {}
        }
    }
    session.finish();
    (session, jobs)
}

/// So many runs of random jobs; how many jobs.
fn equal(p: &EngineParameters, top: Top, runs: usize) -> usize {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let simulator = EngineSimulator::build(p, top, dir.path()).expect("an engine that compiles");
    let mut random = Random::new(u64::from(p.array.lanes * 1000 + p.array.columns));
    let sessions: Vec<_> = (0..runs).map(|_| random_session(p, top, &mut random)).collect();
    let all: Vec<_> = sessions.iter().map(|(session, _)| session.run().clone()).collect();
    let traces = simulator.run(&all, 3).expect("runs to their ends");
    let mut count = 0;
    for ((session, jobs), trace) in sessions.iter().zip(&traces) {
        let outcome = session.check(trace).expect("the contract's results");
        let fetched = top == Top::Axi;
        let source = if fetched { WeightSource::Fetched } else { WeightSource::Stream };
        let surroundings =
            Surroundings { run: session.run(), fetched, bursts: VecDeque::new(), seen: Seen::default() };
        let mut engine = Engine::new(sizes(p), source, surroundings);
        for (job, cycles) in jobs.iter().zip(&outcome.job_cycles) {
            engine.job(job, signed(cycles.started) + START_CYCLES, &mut StepAll).expect("activations that fit");
        }
        let context = || format!("{p:?}, {top:?}, {jobs:?}");
        assert_eq!(engine.ports().seen, seen(trace), "{}", context());
        let counters = outcome.counters.expect("a run to its end");
        let counters = Counters {
            busy_cycles: counters.busy_cycles,
            issued: counters.issued,
            weight_starved: counters.weight_starved,
            activation_starved: counters.activation_starved,
            output_blocked: counters.output_blocked,
            weight_beats: counters.weight_beats,
            activation_beats: counters.activation_beats,
            result_beats: counters.result_beats,
        };
        assert_eq!(engine.counters(), counters, "{}", context());
        count += jobs.len();
    }
    count
}

fn engine(lanes: u32, columns: u32, tokens: u32, stream_bits: u32) -> EngineParameters {
    let array = Parameters { lanes, columns, tokens, stream_bits, acc_bits: contract::ACC_BITS };
    EngineParameters { activation_words: 32, fifo_beats: 16, burst_beats: 4, ..EngineParameters::of(array) }
}

#[test]
fn small_engines_keep_the_verilogs_cycles() {
    for p in [engine(5, 2, 2, 8), engine(7, 3, 4, 16)] {
        for top in [Top::Stream, Top::Axi] {
            equal(&p, top, 60);
        }
    }
}
