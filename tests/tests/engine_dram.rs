//! The Verilog with the simulator's DRAM around it: what the one answers is replayed into the other.

use rtl::cosim::Random;
use rtl::cosim::engine::{EngineJob, EngineSimulator, Patterns, Session, Top};
use sim::engine::{self, Engine, Ports, Request, StepAll, Transfer};
use sim::mapping::Extent;
use sim::timing::{Memory, Part, Surroundings};
use tritium_tests::engines::{START_CYCLES, Seen, counters, engine, job, seen, signed, sizes};

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
        let mut engine = Engine::new(sizes(&p), engine::Top::Axi, ports);
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
