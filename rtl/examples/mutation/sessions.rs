//! Faulty engines meet the random sessions that verify the engine.
//!
//! Compiling an engine takes far longer than a session, so all faults are compiled into one: a file says which one is
//! there.

use std::ops::Range;
use std::path::{Path, PathBuf};

use rtl::cosim::Random;
use rtl::cosim::engine::{
    Command, EngineJob, EngineRun, EngineSimulator, Instruments, Outcome, Patterns, Session, SessionLimits,
    Top, verify,
};
use rtl::{EngineParameters, Parameters, register_map as register};

use super::Failure;
use super::module::Role;
use super::mutants::Mutant;
use super::sizes::Size;

/// Sessions that a fault meets; the first that sees it is the last.
const SESSIONS: u64 = 304;

/// An engine with which a session is short, in which nothing is 1, and whose FIFO is often full.
pub(crate) fn parameters() -> EngineParameters {
    let array = Parameters { lanes: 7, columns: 3, tokens: 4, stream_bits: 16, acc_bits: contract::ACC_BITS };
    EngineParameters {
        activation_words: 16,
        result_lanes: 2,
        fifo_beats: 8,
        burst_beats: 2,
        ..EngineParameters::of(array)
    }
}

pub(crate) fn text(top: Top) -> Result<String, rtl::Error> {
    top.verilog(&parameters())
}

/// An engine that has the fault whose number is in a file.
pub(crate) struct Faulty {
    simulator: EngineSimulator,
    number: PathBuf,
    directed: Vec<Session>,
    stalled: Vec<Session>,
}

impl Faulty {
    /// Compiles the engine with these faults in the module of `size`, in `dir`.
    pub(crate) fn build(top: Top, size: &Size, faults: &[&Mutant], dir: &Path) -> Result<Self, Failure> {
        let text = size.with(&with_all(size.module(), faults));
        let simulator = EngineSimulator::build_text(&parameters(), top, Instruments::default(), &text, dir)?;
        limit(&dir.join("build/engine"))?;
        let number = dir.join("fault.txt");
        let directed = [resets(top)?, stalled_aborts(top)?, too_much(top)?].concat();
        let mut engine = Self { simulator, number, directed, stalled: stalls(top)? };
        if engine.is_seen(0)? {
            return Err("the sessions see a fault where none is".into());
        }
        Ok(engine)
    }

    /// Whether a session sees the fault of this number, counted from 1.
    pub(crate) fn is_seen(&mut self, fault: usize) -> Result<bool, Failure> {
        // Verilator reads a number only where something follows it.
        std::fs::write(&self.number, format!("{fault:x}\n"))?;
        let random = verify(&mut self.simulator, SessionLimits::of(&parameters()), SESSIONS, None);
        Ok(random.is_err() || !self.directed_hold())
    }

    fn directed_hold(&self) -> bool {
        // Whatever stalls, what a job is busy beside the cycles that are counted is the same.
        let beside = |outcome: &Outcome| {
            outcome.counters.map(|counters| counters.busy_cycles.wrapping_sub(counters.matrix_cycles()))
        };
        self.outcomes(&self.directed).is_some()
            && self.outcomes(&self.stalled).is_some_and(|outcomes| {
                outcomes.iter().all(|outcome| beside(outcome) == beside(&outcomes[0]))
            })
    }

    /// What the sessions did; nothing if one was not as expected.
    fn outcomes(&self, sessions: &[Session]) -> Option<Vec<Outcome>> {
        let runs: Vec<EngineRun> = sessions.iter().map(|session| session.run().clone()).collect();
        let traces = self.simulator.run(&runs, 1).ok()?;
        sessions.iter().zip(&traces).map(|(session, trace)| session.check(trace).ok()).collect()
    }
}

/// What random sessions hardly ever meet: an abort while jobs wait, and a reset of one cycle in every cycle around its
/// beginning; after each, a session from its beginning to its end.
fn resets(top: Top) -> Result<Vec<Session>, Failure> {
    let session = |stop: Option<u64>| {
        let mut random = Random::new(1);
        let mut session = Session::new(&parameters(), top, Patterns::default());
        for _ in 0..rtl::JOB_SLOTS {
            session.start(&EngineJob::matrix(30, 14, 4, &mut random), &mut random)?;
        }
        session.abort(false);
        session.start(&EngineJob::matrix(3, 7, 1, &mut random), &mut random)?;
        session.finish();
        session.run_mut().stop_after_cycles = stop;
        session.run_mut().reset_cycles = 1;
        Ok(session)
    };
    (50..250).flat_map(|cycle| [session(Some(cycle)), session(None)]).collect()
}

/// Aborts that wait for a receiver: of results, or of scaled ones.
fn stalled_aborts(top: Top) -> Result<Vec<Session>, Failure> {
    let session = |scale: bool, cycles: u64| {
        let mut random = Random::new(cycles);
        let seldom: Vec<bool> = (0..100).map(|cycle| cycle == 0).collect();
        let patterns = match scale {
            true => Patterns { quantized_ready: seldom, ..Patterns::default() },
            false => Patterns { result_ready: seldom, ..Patterns::default() },
        };
        let mut session = Session::new(&parameters(), top, patterns);
        let job = EngineJob { raw: !scale, scale, ..EngineJob::matrix(9, 14, 4, &mut random) };
        session.start(&job, &mut random)?;
        session.command(Command::Wait { cycles });
        session.abort(false);
        session.start(&EngineJob::matrix(3, 7, 1, &mut random), &mut random)?;
        session.finish();
        Ok(session)
    };
    [false, true].into_iter().flat_map(|scale| (0..20).map(move |i| session(scale, 17 * i))).collect()
}

/// A job more than the queue has room for, and a word more than the buffer has: the one is refused, the other stops the
/// engine until an abort.
fn too_much(top: Top) -> Result<Vec<Session>, Failure> {
    let mut random = Random::new(2);
    let mut queued = Session::new(&parameters(), top, Patterns::default());
    for _ in 0..rtl::JOB_SLOTS {
        queued.start_when(&EngineJob::matrix(3, 7, 1, &mut random), false, &mut random)?;
    }
    queued.refused_start();
    queued.finish();
    // No job is done before all of that is.
    let beat_bytes = parameters().activation_bits as usize / 8;
    let beats = queued.run().segments[0].activations.bytes.len() / beat_bytes;
    queued.run_mut().segments[0].activations.arrival_cycles = vec![1000; beats];

    let mut stuck = Session::new(&parameters(), top, Patterns::default());
    stuck.start(&EngineJob::matrix(6, 29, 4, &mut random), &mut random)?;
    let overflow = 1 << register::ERROR_ACTIVATION_OVERFLOW;
    stuck.command(Command::Poll {
        address: register::ERROR,
        mask: overflow,
        least: overflow,
        most: overflow,
    });
    stuck.abort(false);
    stuck.start(&EngineJob::matrix(3, 7, 1, &mut random), &mut random)?;
    stuck.finish();
    Ok(vec![queued, stuck])
}

/// A job each, of one token, so that the last one's way out takes the same time. Weights and activations come as they
/// like and results are taken at once, or nobody takes any before the array has long been blocked.
fn stalls(top: Top) -> Result<Vec<Session>, Failure> {
    let mut random = Random::new(3);
    let mut session = |patterns: Patterns, tiles: usize| {
        let mut session = Session::new(&parameters(), top, patterns);
        let steps = random.pick(&[1, 2, 3, 4]);
        session.start(&EngineJob::matrix(3 * tiles, 7 * steps, 1, &mut random), &mut random)?;
        session.finish();
        session.run_mut().memory_latency_cycles = vec![1 + random.below(50)];
        Ok::<Session, Failure>(session)
    };
    let late =
        Patterns { result_ready: (0..5000).map(|cycle| cycle > 1000).collect(), ..Patterns::default() };
    let mut sessions = vec![session(late, 100)?];
    let mut random = Random::new(4);
    for tiles in 1..50 {
        let at_once =
            Patterns { result_ready: vec![], quantized_ready: vec![], ..Patterns::random(&mut random) };
        sessions.push(session(at_once, tiles)?);
    }
    Ok(sessions)
}

/// Processor time for some sessions, and bytes that they print: far more than those of an engine without a fault, while a
/// faulty one may never come to an end.
const LIMIT_S: u32 = 20;
const LIMIT_BYTES: u32 = 50_000_000;

/// Puts a script in the place of `program` that ends it at the limits.
fn limit(program: &Path) -> Result<(), Failure> {
    let unlimited = program.with_extension("unlimited");
    std::fs::rename(program, &unlimited)?;
    // The copy may be run, and so may what is written in its place.
    std::fs::copy(&unlimited, program)?;
    let unlimited = unlimited.display();
    let script = format!("#!/bin/sh\nulimit -t {LIMIT_S}\n'{unlimited}' \"$@\" | head -c {LIMIT_BYTES}\n");
    Ok(std::fs::write(program, script)?)
}

/// The module with all faults in it, each of which is there if the number is its own.
fn with_all(module: &str, faults: &[&Mutant]) -> String {
    let mut expressions: Vec<&Range<usize>> = faults.iter().map(|fault| &fault.expression).collect();
    expressions.sort_by_key(|expression| std::cmp::Reverse(expression.start));
    expressions.dedup();
    let mut text = module.to_owned();
    for expression in expressions {
        let mut chosen = format!("({})", &module[expression.clone()]);
        for (number, fault) in (1..).zip(faults).filter(|(_, fault)| fault.expression == *expression) {
            let with = [
                &module[expression.start..fault.at.start],
                &fault.with,
                &module[fault.at.end..expression.end],
            ];
            chosen = format!("(fault[0] == 12'd{number} ? ({}) : {chosen})", with.concat());
            if let Role::Parameter(keyword) = fault.role {
                // What is no constant any more.
                text.replace_range(keyword..keyword + "localparam".len(), "wire      ");
            }
        }
        text.replace_range(expression.clone(), &chosen);
    }
    let body = text.find(");\n").map_or(0, |header| header + 3);
    text.insert_str(body, "  reg [11:0] fault [0:0];\n  initial $readmemh(\"fault.txt\", fault);\n");
    format!(
        "/* verilator lint_off WIDTH */\n/* verilator lint_off UNOPTFLAT */\n/* verilator lint_off UNUSED */\n{text}"
    )
}
