//! What limits a trace: measured, not guessed. The trace is run again with one of the standard's limits lifted at a time, and under
//! other address mappings.

use std::io::Read;

use serde::Serialize;

use super::run::{Outcome, RunError, Setup, run};
use super::{Command, RefreshMode, Timing};

/// A limit of the standard, and what the trace gains without it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// What was lifted.
    pub what: &'static str,
    /// The bandwidth that the trace reaches without it.
    pub bandwidth_gb_s: f64,
}

/// Another mapping, and what the trace reaches with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alternative {
    /// The mapping.
    pub mapping: String,
    /// Bandwidth.
    pub bandwidth_gb_s: f64,
    /// Of all requests, those whose row was open.
    pub row_hit_fraction: f64,
    /// Mean read latency.
    pub mean_latency_ns: f64,
}

/// What limits a trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Requests of the trace that were run.
    pub requests: u64,
    /// As it was asked for.
    pub asked: Alternative,
    /// The pins.
    pub peak_gb_s: f64,
    /// What each limit costs, the costliest first.
    pub limits: Vec<Limit>,
    /// Other mappings, the best first.
    pub alternatives: Vec<Alternative>,
}

/// A limit's name, and how it is lifted.
type Lift = (&'static str, fn(&mut Timing));

/// Each lifts what its name says and nothing else.
const LIFTS: [Lift; 5] = [
    ("bank groups: consecutive bursts in one group wait for tCCD_L, tRRD_L and tWTR_L", |t| {
        t.ccd_l = t.ccd_s;
        t.rrd_l = t.rrd_s;
        t.wtr_l = t.wtr_s;
    }),
    ("rows of one bank: tRC, tRAS, tRP, tRCD, tRTP, tWR between them", |t| {
        (t.rc, t.ras, t.rp, t.rcd_read, t.rcd_write, t.rtp, t.wr) = (1, 1, 1, 1, 1, 1, 1);
    }),
    ("activates of a rank: tRRD, tFAW", |t| (t.rrd_s, t.rrd_l, t.faw) = (1, 1, 1)),
    ("turnarounds of the data bus: tWTR, tRTW, tRTRS", |t| {
        (t.wtr_s, t.wtr_l, t.rtrs) = (0, 0, 0);
        t.rtw = (t.cl - t.cwl + t.burst).max(1);
    }),
    ("refresh", |t| t.rfc = 1),
];

/// Mappings that are worth a try.
const MAPPINGS: [&str; 7] = [
    "RoBaRaCoBgCh",
    "RoBaRaCoCh",
    "RoRaCoBaBgCh",
    "RoCoRaBaBgCh",
    "RoBaRaCoBgCh,Bg^Ro,Ba^Ro2",
    "RoRaCoBaBgCh,Bg^Ro,Ba^Ro2",
    "RoBaRaCoCh,Bg^Ro,Ba^Ro2",
];

/// Runs at most `limit` requests of a trace, which `open` opens anew each time, again and again.
///
/// # Errors
/// As [`run`].
pub fn explain<R: Read>(
    setup: &Setup,
    limit: u64,
    mut open: impl FnMut() -> std::io::Result<R>,
) -> Result<Explanation, RunError> {
    let mut measure = |setup: &Setup| -> Result<Outcome, RunError> {
        let trace = open().map_err(super::TraceError::Read)?;
        run(setup, trace, limit, None::<&mut fn(&Command)>)
    };
    let asked = measure(setup)?;
    let mut limits = Vec::new();
    for (what, lift) in LIFTS {
        let mut lifted = setup.clone();
        lift(&mut lifted.standard.timing);
        if what == "refresh" {
            lifted.policy.refresh = RefreshMode::None;
        }
        limits.push(Limit { what, bandwidth_gb_s: measure(&lifted)?.bandwidth_gb_s });
    }
    limits.sort_by(|a, b| b.bandwidth_gb_s.total_cmp(&a.bandwidth_gb_s));
    let mut alternatives = Vec::new();
    for mapping in MAPPINGS.into_iter().filter(|mapping| *mapping != setup.mapping) {
        let other = Setup { mapping: mapping.to_owned(), ..setup.clone() };
        // A standard of few banks or rows has nothing to hash.
        if other.validate().is_ok() {
            alternatives.push(alternative(&measure(&other)?));
        }
    }
    alternatives.sort_by(|a, b| b.bandwidth_gb_s.total_cmp(&a.bandwidth_gb_s));
    Ok(Explanation {
        requests: asked.requests,
        asked: alternative(&asked),
        peak_gb_s: asked.peak_gb_s,
        limits,
        alternatives,
    })
}

fn alternative(outcome: &Outcome) -> Alternative {
    let served = outcome.row_hits + outcome.row_misses + outcome.row_conflicts;
    Alternative {
        mapping: outcome.mapping.clone(),
        bandwidth_gb_s: outcome.bandwidth_gb_s,
        row_hit_fraction: if served == 0 { 0.0 } else { outcome.row_hits as f64 / served as f64 },
        mean_latency_ns: outcome.latency.mean_ns,
    }
}
