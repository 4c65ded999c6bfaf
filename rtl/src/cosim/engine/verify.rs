//! Many random runs of an engine, all compared with the contract.

use std::path::Path;

use super::random_job::JobLimits;
use super::random_session::SessionLimits;
use super::session::Session;
use super::simulator::{EngineSimulator, Recording};
use super::{Counters, EngineRun, Top};
use crate::Error;
use crate::cosim::Random;

/// What was run and compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Runs, each after a reset.
    pub runs: u64,
    /// Jobs started.
    pub jobs: u64,
    /// Values compared.
    pub values: u64,
    /// Cycles simulated.
    pub cycles: u64,
    /// Sums of the counters of all runs that were not cut; nothing where there are no counters.
    pub counters: Option<Counters>,
}

/// Runs of one process; more would only make the schedule longer.
const RUNS_AT_ONCE: usize = 8;

/// Runs `seeds` random runs and compares everything.
///
/// A waveform of the first run, or of the one that fails, goes to `waveform`.
///
/// # Errors
///
/// The first difference, with its seed.
pub fn verify(
    simulator: &mut EngineSimulator,
    limits: SessionLimits,
    seeds: u64,
    waveform: Option<&Path>,
) -> Result<Verification, Error> {
    let (p, top) = (*simulator.parameters(), simulator.top());
    let counters = (top != Top::Core).then(Counters::default);
    let mut sum = Verification { counters, ..Verification::default() };
    let all: Vec<u64> = (0..seeds).collect();
    for seeds in all.chunks(RUNS_AT_ONCE) {
        let session = |&seed: &u64| Session::random(&p, top, limits, &mut Random::new(seed));
        let sessions = seeds.iter().map(session).collect::<Result<Vec<_>, _>>()?;
        let runs: Vec<EngineRun> = sessions.iter().map(|session| session.run().clone()).collect();
        let recording = waveform.filter(|_| seeds[0] == 0).map(|path| Recording { run: 0, path });
        let outcomes = simulator.run_recorded(&runs, 1, recording).and_then(|traces| {
            let checked = sessions.iter().zip(&traces).enumerate();
            checked
                .map(|(run, (session, trace))| session.check(trace).map_err(|what| Error::Run { run, what }))
                .collect::<Result<Vec<_>, _>>()
        });
        let outcomes = outcomes.map_err(|error| match error {
            Error::Run { run, what } => {
                if let Some(path) = waveform.filter(|_| seeds[0] != 0 || run != 0) {
                    // It fails again in the same way; what counts is the waveform.
                    let _ = simulator.run_recorded(&runs, 1, Some(Recording { run, path }));
                }
                let seed = usize::try_from(seeds[0]).unwrap_or(0) + run;
                Error::Run { run: seed, what: format!("{}: {what}", simulator.top().name()) }
            }
            other => other,
        })?;
        simulator.add_coverage()?;
        for outcome in outcomes {
            sum.runs += 1;
            sum.jobs += outcome.jobs;
            sum.values += outcome.values;
            sum.cycles += outcome.cycles;
            if let (Some(sum), Some(counters)) = (&mut sum.counters, outcome.counters) {
                *sum += counters;
            }
        }
    }
    Ok(sum)
}

impl SessionLimits {
    /// Runs of about as many cycles for any engine: fewer and smaller jobs where a job is larger.
    pub fn of(p: &crate::EngineParameters) -> Self {
        let step_cycles = p.array.beats().max(p.array.tokens.into());
        let passes = (1500 / step_cycles).clamp(2, 20);
        // Tiles times steps.
        let job = JobLimits { tiles: if passes < 6 { 2 } else { 3 }, steps: (passes / 2).clamp(2, 8) };
        Self { jobs: 6, job }
    }
}
