//! The simulator's engine and the emitted Verilog make every transfer in the same cycle, and count the same.
//!
//! The two share nothing but the contract's latencies: the simulator computes each cycle from earlier ones, and Verilator
//! steps the emitted text clock by clock, with the same senders, receivers and memory around it.

use std::collections::VecDeque;

use rtl::EngineParameters;
use rtl::cosim::engine::{EngineRun, EngineSimulator, Top};
use rtl::cosim::{Pattern, Random};
use sim::VERIFIED_ENGINES;
use sim::engine::{self, Engine, Ports, Request, Sizes, StepAll, Transfer};
use tritium_tests::engines::{
    START_CYCLES, Seen, counters, engine, parameters, random_session, seen, signed, sizes,
};

/// The surroundings of a run, and what passed through the ports.
struct Patterned<'a> {
    run: &'a EngineRun,
    fetched: bool,
    /// Bursts under way: the first cycle of data, and beats that have not come.
    bursts: VecDeque<(i64, u64)>,
    seen: Seen,
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
    fn job(&mut self, from: i64) -> i64 {
        willing(&self.run.patterns.job_valid, from)
    }

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
        let surroundings =
            Patterned { run: session.run(), fetched, bursts: VecDeque::new(), seen: Seen::default() };
        let timed_top = match top {
            Top::Core => engine::Top::Core,
            Top::Stream => engine::Top::Stream,
            Top::Axi => engine::Top::Axi,
        };
        let mut engine = Engine::new(sizes(p), timed_top, surroundings);
        for ((_, job), cycles) in jobs.iter().zip(&outcome.job_cycles) {
            let queued = if top == Top::Core { 0 } else { signed(cycles.started) + START_CYCLES };
            engine.job(job, queued, &mut StepAll).expect("a job that fits");
        }
        let context = || format!("{p:?}, {top:?}, {:?}", jobs.iter().map(|(_, job)| job).collect::<Vec<_>>());
        assert_eq!(engine.ports().seen, seen(trace), "{}", context());
        if top != Top::Core {
            assert_eq!(Some(engine.counters()), outcome.counters.map(counters), "{}", context());
        }
    }
    sessions.iter().map(|(_, jobs)| jobs.len()).sum()
}

/// An engine of each kind, with jobs from a stream, with weights from a stream, and with weights that it fetches: together more
/// than 3,000 jobs, a part of which each such test asks for.
fn equal_all(p: &EngineParameters) {
    for top in [Top::Core, Top::Stream, Top::Axi] {
        let jobs = equal(p, top, 55);
        assert!(jobs >= 170, "{jobs}");
    }
}

#[test]
fn an_engine_of_one_byte_keeps_the_verilogs_cycles() {
    equal_all(&engine([5, 1, 1, 8], [40, 16], [1, 1], [4, 1]));
}

#[test]
fn an_engine_whose_tokens_take_longer_than_its_tiles_keeps_the_verilogs_cycles() {
    equal_all(&engine([7, 3, 9, 64], [16, 64], [4, 2], [8, 8]));
}

#[test]
fn an_engine_whose_tiles_take_longer_than_its_tokens_keeps_the_verilogs_cycles() {
    equal_all(&engine([33, 2, 2, 16], [128, 32], [1, 3], [16, 4]));
}

#[test]
fn an_engine_with_a_slow_way_out_keeps_the_verilogs_cycles() {
    equal_all(&engine([5, 9, 5, 64], [8, 32], [1, 1], [32, 16]));
}

#[test]
fn an_engine_with_narrow_activations_keeps_the_verilogs_cycles() {
    equal_all(&engine([16, 2, 3, 32], [8, 16], [2, 4], [64, 2]));
}

#[test]
fn an_engine_of_a_power_of_two_keeps_the_verilogs_cycles() {
    equal_all(&engine([16, 4, 4, 128], [128, 128], [4, 11], [128, 16]));
}

/// The engine of a chip preset must be called verified: then and only then its results are `rtl-verified`.
fn equal_for_preset(name: &str, runs: usize) {
    let chip = sim::chip::load(name).expect("a preset");
    let sizes = sim::mapping::engine_sizes(&chip, model::WeightFormat::Ternary);
    assert!(VERIFIED_ENGINES.contains(&sizes), "{sizes:?}");
    let p = parameters(&sizes);
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
#[ignore = "a dozen and more compilations take minutes: `make verify` runs it"]
fn engines_of_random_sizes_keep_the_verilogs_cycles() {
    let mut random = Random::new(5);
    for _ in 0..7 {
        let p = random_engine(&mut random);
        let tops = [Top::Core, Top::Stream, Top::Axi];
        for top in tops.into_iter().filter(|top| top.verilog(&p).is_ok()) {
            assert!(equal(&p, top, 25) >= 25);
        }
    }
}

/// An engine of any sizes that go together.
fn random_engine(random: &mut Random) -> EngineParameters {
    loop {
        let mut up_to = |n: u64| u32::try_from(1 + random.below(n)).expect("a size");
        let (lanes, columns, tokens) = (up_to(48), up_to(10), up_to(12));
        let p = engine(
            [lanes, columns, tokens, 4 << up_to(7)],
            [8 * up_to(lanes.into()), 1 << up_to(8)],
            [up_to(columns.into()), up_to(12)],
            [1 << up_to(7), 1 << (up_to(6) - 1)],
        );
        if p.validate().is_ok() {
            return p;
        }
    }
}

#[test]
fn no_engine_is_called_verified_that_no_preset_has() {
    let engine = |name| {
        sim::mapping::engine_sizes(&sim::chip::load(name).expect("a preset"), model::WeightFormat::Ternary)
    };
    let tested: Vec<Sizes> = sim::chip::preset_names().map(engine).collect();
    assert!(VERIFIED_ENGINES.iter().all(|engine| tested.contains(engine)));
}
