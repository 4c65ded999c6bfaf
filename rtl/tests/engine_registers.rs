//! What a driver relies on: a full queue, the states that need an abort, the interrupt, and that an abort or a reset in
//! whatever cycle leaves nothing behind.

use rtl::cosim::Random;
use rtl::cosim::engine::{
    Command, EngineJob, EngineRun, EngineSimulator, EngineTrace, Expectation, Patterns, Response, Session,
    Source, Top, Write,
};
use rtl::register_map as register;
use rtl::{EngineParameters, JOB_SLOTS, Parameters};

const P: EngineParameters = EngineParameters {
    array: Parameters { lanes: 4, columns: 3, tokens: 2, stream_bits: 32, acc_bits: 24 },
    activation_bits: 32,
    activation_words: 8,
    result_lanes: 2,
    dividers: 1,
    fifo_beats: 8,
    burst_beats: 4,
};

const TOPS: [Top; 2] = [Top::Stream, Top::Axi];

fn new(top: Top) -> Session {
    Session::new(&P, top, Patterns::default())
}

/// Runs sessions one after the other, each after a reset, and checks each; what they did.
fn run(top: Top, sessions: &[Session]) -> Vec<EngineTrace> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let simulator = EngineSimulator::build(&P, top, dir.path()).expect("an engine that compiles");
    let runs: Vec<EngineRun> = sessions.iter().map(|session| session.run().clone()).collect();
    let traces = simulator.run(&runs, 7).expect("runs to their ends");
    for (i, (session, trace)) in sessions.iter().zip(&traces).enumerate() {
        if let Err(what) = session.check(trace) {
            panic!("{top:?}, run {i}: {what}");
        }
    }
    traces
}

/// A matrix job of `tiles` tiles that fills the activation buffer.
fn full_job(tiles: usize, random: &mut Random) -> EngineJob {
    EngineJob::matrix(3 * tiles, 16, 2, random)
}

/// Everything that a job can do, in four jobs: a maximum, kept activations that are used again, a vector that is scaled.
fn jobs(random: &mut Random) -> [EngineJob; 4] {
    let matrix = |source: &Source, kept: bool, keep: bool| match source.clone() {
        Source::Matrix { weights, activations, corruptions, .. } => {
            Source::Matrix { weights, activations, kept, keep, corruptions }
        }
        vector @ Source::Vector { .. } => vector,
    };
    let mut first = EngineJob::matrix(5, 10, 2, random);
    first.source = matrix(&first.source, false, true);
    first.maximum = true;
    let mut second = first.clone();
    second.source = matrix(&second.source, true, false);
    (second.maximum, second.scale) = (false, true);
    let values = (0..2).map(|_| (0..7).map(|i| 100 - 30 * i).collect()).collect();
    let third = EngineJob { source: Source::Vector { values }, raw: false, maximum: false, scale: true };
    [first, second, third, full_job(2, random)]
}

fn started(session: &mut Session, jobs: &[EngineJob], random: &mut Random) {
    jobs.iter().for_each(|job| session.start(job, random).expect("a job that fits"));
}

#[test]
fn four_jobs_fill_the_queue_and_a_fifth_is_refused() {
    let mut random = Random::new(1);
    for top in TOPS {
        let mut session = new(top);
        for _ in 0..JOB_SLOTS {
            session.start_when(&full_job(2, &mut random), false, &mut random).expect("a job that fits");
        }
        let free = |slots: u32| slots << register::STATUS_FREE_SLOTS | 1 << register::STATUS_BUSY;
        session.read(register::STATUS, Expectation::value(free(0)));
        session.refused_start();
        // The maxima belong to the jobs as long as there are any.
        let maximum = (register::MAXIMUM, Expectation::Refused);
        session.access(&[(Write::word(register::MAXIMUM, 1), Response::SlaveError)], &[maximum]);
        session.clear_error(1 << register::ERROR_JOB_REFUSED);
        session.read(register::JOBS_DONE, Expectation::value(0));
        session.finish();
        session.write_maximum(0, 77);
        session.read_maximum(0);
        // Nothing moves until all of that is done.
        let beats = session.run().segments[0].activations.bytes.len() / 4;
        session.run_mut().segments[0].activations.arrival_cycles = vec![1000; beats];
        let traces = run(top, &[session]);
        assert!(traces[0].segments[0].results[0].offered_cycle > 1000);
    }
}

#[test]
fn a_job_with_more_words_than_the_buffer_stops_the_engine_until_an_abort() {
    let mut random = Random::new(2);
    for top in TOPS {
        let overflow = 1 << register::ERROR_ACTIVATION_OVERFLOW;
        let mut session = new(top);
        started(&mut session, &[EngineJob::matrix(6, 17, 2, &mut random)], &mut random);
        let poll = |mask| Command::Poll { address: register::ERROR, mask, least: mask, most: mask };
        session.command(poll(overflow));
        session.command(Command::Wait { cycles: 300 });
        let busy = 1 << register::STATUS_BUSY;
        session.read(register::STATUS, Expectation::Read { mask: busy, value: busy });
        session.abort(false);
        started(&mut session, &[full_job(2, &mut random)], &mut random);
        session.finish();
        run(top, &[session]);
    }
}

#[test]
fn the_interrupt_follows_its_enables_and_the_counters_clear() {
    let mut random = Random::new(3);
    for top in TOPS {
        let mut session = new(top);
        session.enable_interrupts(1 << register::INTERRUPT_JOB_DONE);
        started(&mut session, &[full_job(1, &mut random)], &mut random);
        session.command(Command::Interrupt);
        session.idle();
        session.clear_interrupt();
        session.enable_interrupts(1 << register::INTERRUPT_ERROR);
        // No output flag.
        session.write(register::JOB_FLAGS, 0);
        session.refused_start();
        session.command(Command::Interrupt);
        session.clear_error(1 << register::ERROR_JOB_REFUSED);
        session.clear_counters();
        for counter in register::COUNTERS {
            session.read(counter, Expectation::value(0));
        }
        session.read(register::CONTROL, Expectation::value(0));
        // Nothing but the interrupt's enable outlives a reset.
        let mut fresh = new(top);
        let state = [
            register::CONTROL,
            register::ERROR,
            register::INTERRUPT_ENABLE,
            register::INTERRUPT_STATUS,
            register::JOBS_DONE,
            register::JOB_N,
            register::JOB_K,
            register::JOB_TOKENS,
            register::JOB_FLAGS,
            register::JOB_ADDRESS_LOW,
            register::JOB_ADDRESS_HIGH,
        ];
        for address in state.into_iter().chain(register::COUNTERS) {
            fresh.read(address, Expectation::value(0));
        }
        let traces = run(top, &[session, fresh]);
        let levels: Vec<bool> = traces[0].interrupts.iter().map(|&(_, level)| level).collect();
        assert_eq!(levels, [true, false, true, false], "{top:?}");
        // The job's last beat is at the port when the interrupt says so.
        let last = traces[0].segments[0].results.last().expect("a beat").offered_cycle;
        assert!(
            (last..last + 3).contains(&traces[0].interrupts[0].0),
            "{top:?}: {last}, {:?}",
            traces[0].interrupts
        );
    }
}

/// Aborted in every cycle of a run that does everything, the engine does everything again, rightly.
#[test]
fn an_abort_in_any_cycle_leaves_an_engine_as_after_reset() {
    for top in TOPS {
        let session = |cycles: u64| {
            let mut random = Random::new(4);
            let mut session = new(top);
            let all = jobs(&mut random);
            started(&mut session, &all, &mut random);
            session.command(Command::Wait { cycles });
            session.abort(cycles.is_multiple_of(2));
            started(&mut session, &all, &mut random);
            session.finish();
            session
        };
        // The four starts take about 150 cycles, the jobs as many again.
        let sessions: Vec<Session> = (0..250).map(session).collect();
        let traces = run(top, &sessions);
        let whole =
            |trace: &EngineTrace| trace.segments[0].quantized.len() == trace.segments[1].quantized.len();
        assert!(!whole(&traces[0]) && whole(&traces[249]), "{top:?}: all phases are between");
    }
}

/// The same with a reset, and with no stall to hide behind.
#[test]
fn a_reset_in_any_cycle_leaves_nothing_behind() {
    for top in TOPS {
        let session = |stop: Option<u64>| {
            let mut random = Random::new(5);
            let mut session = new(top);
            let all = jobs(&mut random);
            started(&mut session, &all, &mut random);
            session.finish();
            session.run_mut().stop_after_cycles = stop;
            session.run_mut().reset_cycles = 1;
            session
        };
        let sessions: Vec<Session> =
            (1..400).flat_map(|cycle| [session(Some(cycle)), session(None)]).collect();
        run(top, &sessions);
    }
}

/// Nor does one that meets an abort, while jobs wait.
#[test]
fn a_reset_in_any_cycle_of_an_abort_leaves_nothing_behind() {
    for top in TOPS {
        let session = |stop: Option<u64>| {
            let mut random = Random::new(7);
            let mut session = new(top);
            let all: Vec<EngineJob> = (0..4).map(|_| full_job(4, &mut random)).collect();
            started(&mut session, &all, &mut random);
            session.abort(false);
            started(&mut session, &all[..1], &mut random);
            session.finish();
            session.run_mut().stop_after_cycles = stop;
            session.run_mut().reset_cycles = 1;
            session
        };
        let sessions: Vec<Session> =
            (100..300).flat_map(|cycle| [session(Some(cycle)), session(None)]).collect();
        let traces = run(top, &sessions);
        let aborts = |trace: &EngineTrace| trace.segments.len() > 1;
        assert!(!aborts(&traces[0]) && aborts(&traces[398]), "{top:?}: every cycle of it is between");
    }
}

#[test]
fn weights_are_fetched_across_the_ends_of_address_ranges() {
    let mut random = Random::new(6);
    let session = |address: u64| {
        let mut session = new(Top::Axi);
        session.set_address(address);
        started(&mut session, &[full_job(3, &mut random), full_job(2, &mut random)], &mut random);
        session.finish();
        session
    };
    // Twenty beats of four bytes, across 4 KB, 64 KB, 4 GB and 2^63; and shortly before the last address that there is.
    let starts = [4096, 1 << 16, 1 << 32, 1 << 63].map(|end: u64| end - 20);
    let sessions: Vec<Session> = starts.into_iter().chain([u64::MAX - 87]).map(session).collect();
    let traces = run(Top::Axi, &sessions);
    for (trace, end) in traces.iter().zip([4096, 1 << 16, 1 << 32, 1u64 << 63]) {
        assert!(trace.requests.iter().any(|request| request.address + 4 * request.beats == end));
        assert!(trace.requests.iter().any(|request| request.address == end));
    }
}
