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
use sim::VERIFIED_ENGINES;
use sim::engine::{Counters, Engine, Job, Matrix, Ports, Request, Sizes, StepAll, Transfer, WeightSource};
use sim::mapping::Extent;
use sim::timing::{Memory, Part, Surroundings};

/// From a register write accepted whole to the job in the queue: the write is held for a cycle, and then has its turn.
const START_CYCLES: i64 = contract::latency::AXI_LITE_CYCLES as i64 - 1;

/// The surroundings of a run, and what passed through the ports.
struct Patterned<'a> {
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

impl Seen {
    fn note(&mut self, transfer: Transfer, cycle: i64) {
        match transfer {
            Transfer::Weight => self.weights.push(cycle),
            Transfer::Activation => self.activations.push(cycle),
            Transfer::Vector => self.vectors.push(cycle),
            Transfer::Result { offered } => self.results.push((offered, cycle)),
            Transfer::Quantized { offered } => self.quantized.push((offered, cycle)),
        }
    }
}

/// The first cycle from `from` on in which a port is willing.
fn willing(pattern: &Pattern, from: i64) -> i64 {
    let mut cycles = from..;
    let at = |cycle: i64| usize::try_from(cycle).expect("after the reset") % pattern.len();
    cycles
        .find(|&cycle| pattern.is_empty() || pattern[at(cycle)])
        .expect("a pattern that is willing at times")
}

impl Ports for Patterned<'_> {
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
        let latency =
            latencies.get(self.seen.requests.len() % latencies.len().max(1)).map_or(1, |&l| signed(l));
        self.bursts.push_back((accepted + latency, request.beats));
        self.seen.requests.push((request.offered, accepted, request.address, request.beats));
        accepted
    }

    fn transfer(&mut self, transfer: Transfer, cycle: i64) {
        self.seen.note(transfer, cycle);
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
    session.run_mut().memory_latency_cycles =
        (0..1 + random.below(5)).map(|_| 1 + random.below(80)).collect();
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
    for ((session, jobs), trace) in sessions.iter().zip(&traces) {
        let outcome = session.check(trace).expect("the contract's results");
        let fetched = top == Top::Axi;
        let source = if fetched { WeightSource::Fetched } else { WeightSource::Stream };
        let surroundings =
            Patterned { run: session.run(), fetched, bursts: VecDeque::new(), seen: Seen::default() };
        let mut engine = Engine::new(sizes(p), source, surroundings);
        for (job, cycles) in jobs.iter().zip(&outcome.job_cycles) {
            engine.job(job, signed(cycles.started) + START_CYCLES, &mut StepAll).expect("a job that fits");
        }
        let context = || format!("{p:?}, {top:?}, {jobs:?}");
        assert_eq!(engine.ports().seen, seen(trace), "{}", context());
        assert_eq!(Some(engine.counters()), outcome.counters.map(counters), "{}", context());
    }
    sessions.iter().map(|(_, jobs)| jobs.len()).sum()
}

fn counters(c: rtl::cosim::engine::Counters) -> Counters {
    Counters {
        busy_cycles: c.busy_cycles,
        issued: c.issued,
        weight_starved: c.weight_starved,
        activation_starved: c.activation_starved,
        output_blocked: c.output_blocked,
        weight_beats: c.weight_beats,
        activation_beats: c.activation_beats,
        result_beats: c.result_beats,
    }
}

fn engine(array: [u32; 4], activations: [u32; 2], outputs: [u32; 2], fifo: [u32; 2]) -> EngineParameters {
    let [lanes, columns, tokens, stream_bits] = array;
    EngineParameters {
        array: Parameters { lanes, columns, tokens, stream_bits, acc_bits: contract::ACC_BITS },
        activation_bits: activations[0],
        activation_words: activations[1],
        result_lanes: outputs[0],
        dividers: outputs[1],
        fifo_beats: fifo[0],
        burst_beats: fifo[1],
    }
}

/// An engine of each kind with weights from a stream and with weights that it fetches: together more than 2,000 jobs, a part of
/// which each such test asks for.
fn equal_both(p: &EngineParameters) {
    for top in [Top::Stream, Top::Axi] {
        let jobs = equal(p, top, 55);
        assert!(jobs >= 170, "{jobs}");
    }
}

#[test]
fn an_engine_of_one_byte_keeps_the_verilogs_cycles() {
    equal_both(&engine([5, 1, 1, 8], [40, 16], [1, 1], [4, 1]));
}

#[test]
fn an_engine_whose_tokens_take_longer_than_its_tiles_keeps_the_verilogs_cycles() {
    equal_both(&engine([7, 3, 9, 64], [16, 64], [4, 2], [8, 8]));
}

#[test]
fn an_engine_whose_tiles_take_longer_than_its_tokens_keeps_the_verilogs_cycles() {
    equal_both(&engine([33, 2, 2, 16], [128, 32], [1, 3], [16, 4]));
}

#[test]
fn an_engine_with_a_slow_way_out_keeps_the_verilogs_cycles() {
    equal_both(&engine([5, 9, 5, 64], [8, 32], [1, 1], [32, 16]));
}

#[test]
fn an_engine_with_narrow_activations_keeps_the_verilogs_cycles() {
    equal_both(&engine([16, 2, 3, 32], [8, 16], [2, 4], [64, 2]));
}

#[test]
fn an_engine_of_a_power_of_two_keeps_the_verilogs_cycles() {
    equal_both(&engine([16, 4, 4, 128], [128, 128], [4, 11], [128, 16]));
}

/// The engine of a chip preset must be called verified: then and only then its results are `rtl-verified`.
fn equal_for_preset(name: &str, runs: usize) {
    let chip = sim::chip::load(name).expect("a preset");
    let sizes = sim::mapping::engine_sizes(&chip, model::WeightFormat::Ternary);
    assert!(VERIFIED_ENGINES.contains(&sizes), "{sizes:?}");
    let size = |size: u64| u32::try_from(size).expect("a size");
    let p = engine(
        [sizes.lanes, sizes.columns, sizes.tokens, sizes.stream_bits].map(size),
        [sizes.activation_bits, sizes.activation_words].map(size),
        [sizes.result_lanes, sizes.dividers].map(size),
        [sizes.fifo_beats, sizes.burst_beats].map(size),
    );
    assert_eq!(chip.spec.acc_bits, contract::ACC_BITS);
    assert!(equal(&p, Top::Axi, runs) >= runs);
}

#[test]
fn the_engine_of_kv260_keeps_the_verilogs_cycles() {
    equal_for_preset("kv260", 60);
}

#[test]
fn the_engine_of_u280_keeps_the_verilogs_cycles() {
    equal_for_preset("u280", 40);
}

#[test]
fn the_engine_of_trellisboard_keeps_the_verilogs_cycles() {
    equal_for_preset("trellisboard", 20);
}

#[test]
fn the_engine_of_kv260_large_keeps_the_verilogs_cycles() {
    equal_for_preset("kv260-large", 20);
}

#[test]
fn the_engine_of_edge_keeps_the_verilogs_cycles() {
    equal_for_preset("edge", 20);
}

#[test]
#[ignore = "its Verilog takes minutes to compile: `make verify` runs it"]
fn the_engine_of_datacenter_keeps_the_verilogs_cycles() {
    equal_for_preset("datacenter", 6);
}

#[test]
fn no_engine_is_called_verified_that_no_preset_has() {
    let engine = |name| {
        sim::mapping::engine_sizes(&sim::chip::load(name).expect("a preset"), model::WeightFormat::Ternary)
    };
    let tested: Vec<Sizes> = sim::chip::preset_names().map(engine).collect();
    assert!(VERIFIED_ENGINES.iter().all(|engine| tested.contains(engine)));
}

/// A chip's DRAM answers an engine, and what passes its ports is noted.
struct FromDram {
    surroundings: Surroundings,
    seen: Seen,
}

impl Ports for FromDram {
    fn weight(&mut self, from: i64) -> i64 {
        self.surroundings.weight(from)
    }

    fn activation(&mut self, from: i64) -> i64 {
        self.surroundings.activation(from)
    }

    fn vector(&mut self, from: i64) -> i64 {
        self.surroundings.vector(from)
    }

    fn result(&mut self, from: i64) -> i64 {
        self.surroundings.result(from)
    }

    fn quantized(&mut self, from: i64) -> i64 {
        self.surroundings.quantized(from)
    }

    fn request(&mut self, request: Request) -> i64 {
        let accepted = self.surroundings.request(request);
        self.seen.requests.push((request.offered, accepted, request.address, request.beats));
        accepted
    }

    fn transfer(&mut self, transfer: Transfer, cycle: i64) {
        self.seen.note(transfer, cycle);
    }
}

/// What the simulator's DRAM answers is replayed into the Verilog, which asks for each burst in the simulator's cycle, takes each beat
/// in its cycle, and gives out each result in its cycle.
#[test]
fn the_verilog_asks_the_dram_in_the_simulators_cycles() {
    let p = engine([20, 6, 4, 128], [160, 64], [8, 1], [64, 16]);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let simulator = EngineSimulator::build(&p, Top::Axi, dir.path()).expect("an engine that compiles");
    let mut random = Random::new(11);
    for standard in ["ddr3-800-x16", "ddr4-2400-x16", "lpddr5-6400", "hbm2"] {
        let mut chip = sim::chip::load("edge").expect("a preset").spec;
        (chip.dram.standard, chip.dram.channels) = (standard.to_owned(), 1);
        chip.clock_mhz = 200 + random.below(800);
        let chip = sim::Chip::new(chip, "test").expect("a chip");
        let mut session = Session::new(&p, Top::Axi, Patterns::default());
        let mut jobs = vec![];
        let beat_bytes = u64::from(p.array.stream_bits) / 8;
        let mut parts = vec![];
        let mut base = 0;
        // As many as can be queued at once: then the host never waits for one.
        for (n, k, tokens) in [(200, 300, 1), (70, 100, 4), (400, 300, 2), (64, 300, 3)] {
            let next = EngineJob::matrix(n, k, tokens, &mut random);
            // Images begin where the longest burst can.
            session.set_address(session.next_address().next_multiple_of(16 * beat_bytes));
            let address = session.next_address();
            session.start(&next, &mut random).expect("a job that fits");
            let beats = (session.next_address() - address) / beat_bytes;
            let stripes = (beats * beat_bytes).div_ceil(chip.stripe_bytes());
            parts.push(Part { beats, beat_bytes, extent: Extent { base, stripes } });
            base += stripes;
            jobs.push(job(&next, address));
        }
        session.finish();
        let run = |session: &Session| {
            let traces = simulator.run(&[session.run().clone()], 3).expect("a run to its end");
            let outcome = session.check(&traces[0]).expect("the contract's results");
            let queued: Vec<i64> =
                outcome.job_cycles.iter().map(|job| signed(job.started) + START_CYCLES).collect();
            (queued, outcome.counters.map(counters), seen(&traces[0]))
        };
        let (queued, ..) = run(&session);
        let mut surroundings = Surroundings::new(Memory::new(&chip), chip.stripe_bytes());
        surroundings.begin(parts, 0);
        let ports = FromDram { surroundings, seen: Seen::default() };
        let mut engine = Engine::new(sizes(&p), WeightSource::Fetched, ports);
        for (job, queued) in jobs.iter().zip(&queued) {
            engine.job(job, *queued, &mut StepAll).expect("a job that fits");
        }
        let expected = &engine.ports().seen;
        // Read data can come in the simulator's cycles and in no other.
        let last = usize::try_from(*expected.weights.last().expect("weights")).expect("a cycle");
        let mut valid = vec![false; last + 100_000];
        expected.weights.iter().for_each(|&cycle| valid[usize::try_from(cycle).expect("a cycle")] = true);
        session.run_mut().patterns.burst_data_valid = valid;
        let (again, counted, verilog) = run(&session);
        assert_eq!((&again, &verilog), (&queued, expected), "{standard}");
        assert_eq!(counted, Some(engine.counters()), "{standard}");
        let starved = engine.counters().weight_starved;
        assert!(starved > 300, "{standard}: the DRAM matters, {starved}");
    }
}
