//! Requests, the commands that serve them, and their counts.

use std::ops::{Add, AddAssign, Mul, Sub};

/// Kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A burst from the DRAM.
    Read,
    /// A burst to the DRAM.
    Write,
}

/// A command on the channel's bus, for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// The first command-bus slot that it takes.
    pub first_slot: i64,
    /// Its last slot, from which the standard's timings count.
    pub cycle: i64,
    /// What it is.
    pub kind: CommandKind,
    /// The bank; 0 for a refresh of all.
    pub bank: usize,
    /// The row that is or was open; -1 for a refresh.
    pub row: i64,
}

/// DRAM commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the standards' own words")]
pub enum CommandKind {
    Activate,
    Precharge,
    Read,
    Write,
    Refresh,
}

/// Commands issued, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Read bursts.
    pub reads: u64,
    /// Write bursts.
    pub writes: u64,
    /// Row activations.
    pub activates: u64,
    /// Precharges, those before a refresh included.
    pub precharges: u64,
    /// All-bank refreshes.
    pub refreshes: u64,
}

impl Counters {
    fn zip(self, other: Counters, f: impl Fn(u64, u64) -> u64) -> Counters {
        Counters {
            reads: f(self.reads, other.reads),
            writes: f(self.writes, other.writes),
            activates: f(self.activates, other.activates),
            precharges: f(self.precharges, other.precharges),
            refreshes: f(self.refreshes, other.refreshes),
        }
    }
}

impl Add for Counters {
    type Output = Counters;
    fn add(self, other: Counters) -> Counters {
        self.zip(other, |a, b| a + b)
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Counters) {
        *self = *self + other;
    }
}

impl Sub for Counters {
    type Output = Counters;
    fn sub(self, other: Counters) -> Counters {
        self.zip(other, |a, b| a - b)
    }
}

impl Mul<u64> for Counters {
    type Output = Counters;
    fn mul(self, factor: u64) -> Counters {
        self.zip(self, |a, _| a * factor)
    }
}
