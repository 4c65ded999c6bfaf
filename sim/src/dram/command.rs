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

impl Access {
    /// The command that moves the burst.
    pub(super) fn command(self) -> CommandKind {
        match self {
            Access::Read => CommandKind::Read,
            Access::Write => CommandKind::Write,
        }
    }
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
    /// The channel.
    pub channel: usize,
    /// The bank, counted through all ranks; the first one of its rank for a refresh of all.
    pub bank: usize,
    /// The row that is or was open; -1 for a refresh.
    pub row: i64,
    /// The column of a read or a write, in bursts.
    pub column: u64,
}

/// DRAM commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the standards' own words")]
pub enum CommandKind {
    Activate,
    Read,
    Write,
    RefreshBank,
    Precharge,
    Refresh,
}

/// All of them, in order.
pub(super) const KINDS: [CommandKind; 6] = [
    CommandKind::Activate,
    CommandKind::Read,
    CommandKind::Write,
    CommandKind::RefreshBank,
    CommandKind::Precharge,
    CommandKind::Refresh,
];

impl CommandKind {
    /// As it stands in a written trace.
    pub fn name(self) -> &'static str {
        match self {
            CommandKind::Activate => "ACT",
            CommandKind::Precharge => "PRE",
            CommandKind::Read => "RD",
            CommandKind::Write => "WR",
            CommandKind::RefreshBank => "REFB",
            CommandKind::Refresh => "REF",
        }
    }
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
    /// All-bank refreshes, of a rank each.
    pub refreshes: u64,
    /// Refreshes of single banks.
    pub bank_refreshes: u64,
}

impl Counters {
    /// Counts a command.
    #[inline]
    pub(super) fn count(&mut self, kind: CommandKind) {
        *match kind {
            CommandKind::Activate => &mut self.activates,
            CommandKind::Precharge => &mut self.precharges,
            CommandKind::Read => &mut self.reads,
            CommandKind::Write => &mut self.writes,
            CommandKind::RefreshBank => &mut self.bank_refreshes,
            CommandKind::Refresh => &mut self.refreshes,
        } += 1;
    }

    fn zip(self, other: Counters, f: impl Fn(u64, u64) -> u64) -> Counters {
        Counters {
            reads: f(self.reads, other.reads),
            writes: f(self.writes, other.writes),
            activates: f(self.activates, other.activates),
            precharges: f(self.precharges, other.precharges),
            refreshes: f(self.refreshes, other.refreshes),
            bank_refreshes: f(self.bank_refreshes, other.bank_refreshes),
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
