//! A trace through a memory: what was asked for, made whole before the first request, and what came of it.

use std::io::Read;

use serde::Serialize;

use super::energy::{Energy, Joules};
use super::{
    Access, AddressMapping, Command, Controller, Latencies, Observer, Organisation, Policy, RefreshMode,
    Requests, Standard, System, TraceError,
};
use crate::Error;

/// A memory.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Organisation of a channel, timings.
    pub standard: Standard,
    /// Channels and ranks.
    pub organisation: Organisation,
    /// The address mapping, as text.
    pub mapping: String,
    /// Queues and order of service.
    pub policy: Policy,
}

/// Most channels of a memory.
const MOST_CHANNELS: u64 = 1024;
/// Most requests of a queue.
const MOST_WAITING: usize = 4096;

impl Setup {
    /// Checks what belongs together.
    ///
    /// # Errors
    /// [`Error::Field`] with the field's name as an option.
    pub fn validate(&self) -> Result<(), Error> {
        let fail = |field, value: String, expected| {
            Err(Error::Field {
                origin: format!("a memory of {}", self.standard.name),
                field,
                value,
                expected,
            })
        };
        let Organisation { channels, ranks } = self.organisation;
        if !channels.is_power_of_two() || channels > MOST_CHANNELS {
            return fail("channels", channels.to_string(), "a power of two, at most 1024");
        }
        if !ranks.is_power_of_two() || self.standard.banks().saturating_mul(ranks) > Controller::MOST_BANKS {
            return fail("ranks", ranks.to_string(), "a power of two, with at most 64 banks in all of them");
        }
        let policy = &self.policy;
        for (field, value) in [("read-queue", policy.read_queue), ("write-queue", policy.write_queue)] {
            if !(1..=MOST_WAITING).contains(&value) {
                return fail(field, value.to_string(), "from 1 to 4096");
            }
        }
        if !(1..=policy.write_queue).contains(&policy.high) {
            return fail("high", policy.high.to_string(), "from 1 to the write queue's size");
        }
        if policy.low >= policy.high {
            return fail("low", policy.low.to_string(), "below the high watermark");
        }
        if policy.refresh == RefreshMode::PerBank && self.standard.timing.per_bank.is_none() {
            return fail(
                "refresh",
                "per-bank".to_owned(),
                "all-bank or none, since this standard has no refresh of a bank",
            );
        }
        self.address_mapping().map(|_| ())
    }

    fn address_mapping(&self) -> Result<AddressMapping, Error> {
        AddressMapping::of(&self.mapping, &self.standard, self.organisation).map_err(|expected| {
            Error::Field {
                origin: format!("a memory of {}", self.standard.name),
                field: "mapping",
                value: format!("`{}`", self.mapping.escape_debug()),
                expected,
            }
        })
    }
}

/// What came of a trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The standard.
    pub standard: String,
    /// Channels.
    pub channels: u64,
    /// Ranks of a channel.
    pub ranks: u64,
    /// The address mapping.
    pub mapping: String,
    /// Command-clock cycles until the last beat of data.
    pub cycles: u64,
    /// The same, in seconds.
    pub seconds: f64,
    /// Requests.
    pub requests: u64,
    /// Of them, those whose address lies beyond the memory, and wraps around.
    pub wrapped: u64,
    /// Of all, reads.
    pub reads: u64,
    /// Of them, writes.
    pub writes: u64,
    /// Bytes moved, 10^9 a second.
    pub bandwidth_gb_s: f64,
    /// What the pins can move.
    pub peak_gb_s: f64,
    /// Requests whose row was open.
    pub row_hits: u64,
    /// Requests that found no row open.
    pub row_misses: u64,
    /// Requests that found another row open.
    pub row_conflicts: u64,
    /// Reads answered by a waiting write.
    pub forwarded: u64,
    /// Writes that took the place of a waiting one.
    pub merged: u64,
    /// Activate commands.
    pub activates: u64,
    /// Precharge commands.
    pub precharges: u64,
    /// Refreshes of ranks, or of banks.
    pub refreshes: u64,
    /// Of reads: from their cycle in the trace, or without one from their entry into the queue, to their last beat.
    pub latency: Latency,
    /// Energy.
    pub energy_j: Joules,
    /// What the energy covers, and where it is from.
    pub energy: Energy,
}

/// A distribution of latencies, in nanoseconds and cycles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "their names say all")]
pub struct Latency {
    pub mean_ns: f64,
    pub p50_ns: f64,
    pub p95_ns: f64,
    pub p99_ns: f64,
    pub p999_ns: f64,
    pub max_ns: f64,
    pub mean_cycles: f64,
    pub p99_cycles: u64,
    pub max_cycles: u64,
}

impl Latency {
    fn of(latencies: &Latencies, clock_mhz: u64) -> Latency {
        let ns = |cycles: f64| cycles * 1000.0 / clock_mhz as f64;
        let part = |permille| ns(latencies.permille(permille) as f64);
        Latency {
            mean_ns: ns(latencies.mean()),
            p50_ns: part(500),
            p95_ns: part(950),
            p99_ns: part(990),
            p999_ns: part(999),
            max_ns: ns(latencies.max() as f64),
            mean_cycles: latencies.mean(),
            p99_cycles: latencies.permille(990),
            max_cycles: latencies.max(),
        }
    }
}

/// Counts, and passes commands on to who wants them.
struct Meter<'a, F> {
    reads: Latencies,
    commands: Option<&'a mut F>,
}

impl<F: FnMut(&Command)> Observer for Meter<'_, F> {
    #[inline]
    fn command(&mut self, command: &Command) {
        if let Some(take) = &mut self.commands {
            take(command);
        }
    }

    #[inline(always)]
    fn served(&mut self, access: Access, cycles: i64) {
        if access == Access::Read {
            self.reads.add(cycles);
        }
    }

    fn needs_commands(&self) -> bool {
        self.commands.is_some()
    }
}

/// Why a trace could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// What was asked for.
    #[error(transparent)]
    Setup(#[from] Error),
    /// The trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
}

/// Runs a trace, at most `limit` requests of it. `commands` is told every command.
///
/// # Errors
/// A setup that contradicts itself, a trace that cannot be read or run.
pub fn run<F: FnMut(&Command)>(
    setup: &Setup,
    trace: impl Read,
    limit: u64,
    commands: Option<&mut F>,
) -> Result<Outcome, RunError> {
    setup.validate()?;
    let (standard, organisation) = (&setup.standard, setup.organisation);
    let mapping = setup.address_mapping()?;
    let bytes = mapping.bursts() * standard.burst_bytes;
    let mut system = System::new(standard, organisation, mapping, setup.policy);
    let mut meter = Meter { reads: Latencies::default(), commands };
    let mut requests = Requests::new(trace);
    let (mut count, mut reads, mut wrapped) = (0, 0, 0);
    while count < limit
        && let Some(request) = requests.request()?
    {
        // As other simulators do with the bits that a memory has no place for.
        wrapped += u64::from(request.address >= bytes);
        let address = request.address & (bytes - 1);
        count += 1;
        reads += u64::from(request.access == Access::Read);
        system.request(request.access, address, request.made, &mut meter);
    }
    let end = system.finish(&mut meter);
    let (counters, rows) = (system.counters(), system.rows());
    let seconds = end as f64 / (standard.clock_mhz as f64 * 1e6);
    let moved = ((counters.reads + counters.writes) * standard.burst_bytes) as f64;
    let all_ranks = organisation.channels * organisation.ranks;
    let energy = Energy::of(standard, all_ranks, &counters, end, system.active_cycles(end))?;
    Ok(Outcome {
        standard: standard.name.clone(),
        channels: organisation.channels,
        ranks: organisation.ranks,
        mapping: setup.mapping.clone(),
        cycles: end.unsigned_abs(),
        seconds,
        requests: count,
        wrapped,
        reads,
        writes: count - reads,
        bandwidth_gb_s: if end > 0 { moved / seconds / 1e9 } else { 0.0 },
        peak_gb_s: standard.channel_peak_gb_s() * organisation.channels as f64,
        row_hits: rows.hits,
        row_misses: rows.misses,
        row_conflicts: rows.conflicts,
        forwarded: rows.forwarded,
        merged: rows.merged,
        activates: counters.activates,
        precharges: counters.precharges,
        refreshes: counters.refreshes + counters.bank_refreshes,
        latency: Latency::of(&meter.reads, standard.clock_mhz),
        energy_j: energy.joules,
        energy,
    })
}
