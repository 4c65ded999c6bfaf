//! One DRAM channel under first-ready, first-come-first-served scheduling with open pages.
//!
//! ```text
//! reads  ->[ read queue  ]--.
//!                            >- columns of open rows, oldest first; else rows, oldest first -> command bus
//! writes ->[ write queue ]--'
//! ```
//!
//! In each cycle in which the bus is free, the oldest request issues whose row is open and whose column command the rules allow; if
//! there is none, the oldest whose bank can be precharged or activated for it (or, as others do it, both by age alone: [`Order`]). A
//! bank with a request for its open row is not precharged, until `cap` of them went before an older one; a precharge that is the next
//! command when the first such request comes, and goes before its column command, stays the next. Writes wait until there are `high` of
//! them or no read, and are then drained down to `low`. A row that was opened for a request is used by it, whatever else is due.
//!
//! A refresh is due every tREFI for a rank, or every tREFI / banks for a bank in turn. From then on the rank or bank takes no new
//! request; it is precharged and refreshed as soon as the rules allow. The ranks' refreshes are spread over tREFI.
//!
//! A read whose address a waiting write has is answered from the queue; a second write takes the place of the first; a write waits
//! until no read of its address is left.
//!
//! Time jumps: a search over the banks that have requests gives the next cycle in which anything can issue ([`search`]). Where the oldest
//! request's row is open and nothing but its rank holds its column command off, no younger one can be before it, and only banks that need
//! a row are searched; reads of which all are of that kind need no search at all ([`hits`]). Both are left out without `fast`.
//!
//! Does not: close rows that stay idle, postpone refreshes, or share a command bus between pseudo-channels.

mod hits;
mod issue;
mod policy;
mod queue;
mod refresh;
mod search;

use self::hits::Hits;
use self::queue::{NIL, Queues};
use self::refresh::Refreshes;
use self::search::{Candidate, Class, Need};
use super::command::KINDS;
use super::rules::{Rules, Timers};
use super::{Access, Command, CommandKind, Counters, Location, Standard, Timing};
use CommandKind::{Activate, Precharge, Read, Refresh, RefreshBank, Write};

pub use self::policy::{Order, Policy, RefreshMode};

/// What a channel tells about its work.
pub trait Observer {
    /// A command issues.
    fn command(&mut self, command: &Command);
    /// A request was served: the cycles since it was made, until the last beat of its data.
    fn served(&mut self, access: Access, cycles: i64);
    /// Whether it must be told every command; if not, refreshes of an idle channel are only counted.
    fn needs_commands(&self) -> bool;
}

/// How requests met their rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Their row was open.
    pub hits: u64,
    /// No row was open.
    pub misses: u64,
    /// Another row was open.
    pub conflicts: u64,
    /// Reads answered by a waiting write.
    pub forwarded: u64,
    /// Writes that took the place of a waiting one.
    pub merged: u64,
}

const NEVER: i64 = i64::MAX;

/// A channel under a policy.
#[derive(Clone, Debug)]
pub struct Controller {
    timing: Timing,
    rules: Rules,
    policy: Policy,
    /// Slots of each kind of command before its last one.
    lead: [i64; 6],
    split_command_bus: bool,
    channel: usize,
    banks_per_rank: usize,
    ranks: usize,
    timers: Timers,
    queues: Queues,
    /// By kind of request and bank, valid where the bank is in one of the sets: it needs a column or a row command.
    needs: [Vec<Need>; 2],
    columns: [u64; 2],
    rows_of: [u64; 2],
    /// Those of the latter whose row command is an activate.
    activates: [u64; 2],
    /// Writes are being drained.
    draining: bool,
    /// By bank: the request for which its row was opened, until its column command.
    promised: Vec<u16>,
    /// By kind of request: the banks with one.
    promised_banks: [u64; 2],
    /// The first free slots of the column and the row bus, which may be one.
    bus: [i64; 2],
    /// The bank and row of an activate whose second half is to come, and its last cycle.
    half: Option<(usize, i64, i64)>,
    /// Nothing issues before.
    now: i64,
    /// The next command, if no request arrives before it.
    next: Option<Candidate>,
    refresh: Refreshes,
    hits: Hits,
    counters: Counters,
    rows: Rows,
    /// By rank: open banks, since when there are any, and the cycles with any before.
    open: Vec<(u32, i64, i64)>,
    /// The cycle after the last beat of data.
    end: i64,
}

impl Controller {
    /// Most banks of a channel, in all ranks.
    pub const MOST_BANKS: u64 = 64;

    /// A channel with all banks precharged at cycle 0. `standard` has per-bank refresh if the policy uses it, and the ranks have at
    /// most [`Self::MOST_BANKS`] banks.
    pub fn new(standard: &Standard, ranks: u64, channel: usize, policy: Policy) -> Controller {
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (banks, ranks_count) = (count(standard.banks() * ranks), count(ranks));
        let timing = standard.timing.clone();
        let rules = Rules::new(standard);
        let needs: Vec<Need> = (0..banks).map(|bank| Need::none(rules.place(bank))).collect();
        Controller {
            rules,
            policy,
            lead: KINDS.map(|kind| timing.slots(kind) - 1),
            split_command_bus: standard.split_command_bus,
            channel,
            banks_per_rank: count(standard.banks()),
            ranks: ranks_count,
            timers: Timers::new(standard, ranks),
            queues: Queues::new(banks),
            needs: [needs.clone(), needs],
            columns: [0; 2],
            rows_of: [0; 2],
            activates: [0; 2],
            draining: false,
            promised: vec![NIL; banks],
            promised_banks: [0; 2],
            bus: [0; 2],
            half: None,
            now: 0,
            next: None,
            refresh: Refreshes::new(standard, ranks_count, policy.refresh),
            hits: Hits::default(),
            timing,
            counters: Counters::default(),
            rows: Rows::default(),
            open: vec![(0, 0, 0); ranks_count],
            end: 0,
        }
    }

    /// Commands issued so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// How requests met their rows.
    pub fn rows(&self) -> Rows {
        self.rows
    }

    /// Cycles until `end` in which a bank was open, of all ranks together.
    pub fn active_cycles(&self, end: i64) -> i64 {
        self.open
            .iter()
            .map(|&(banks, since, before)| before + if banks > 0 { (end - since).max(0) } else { 0 })
            .sum()
    }

    /// The cycle after the last beat of data so far.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// Goes on until a request of a kind can enter at or after `cycle`; the cycle in which it does. A write waits for reads of its address.
    #[inline]
    pub fn place_for(
        &mut self,
        access: Access,
        location: &Location,
        cycle: i64,
        observer: &mut impl Observer,
    ) -> i64 {
        let most = if access == Access::Read { self.policy.read_queue } else { self.policy.write_queue };
        let mut arrival = cycle;
        if !self.hits.is_line && self.hits.columns > self.queues.count[Access::Read as usize] {
            self.form_line();
        }
        if self.hits.is_line {
            if access == Access::Read {
                arrival = self.advance_line(arrival, observer);
                if self.hits.is_line {
                    return arrival;
                }
            } else {
                self.dissolve_line();
            }
        }
        while self.queues.places[access as usize] >= most
            || (access == Access::Write
                && self.queues.finds(Access::Read, location.bank, location.row, location.column))
        {
            let start = match self.serve_oldest(NEVER, observer) {
                Some(start) => start,
                None => {
                    let candidate = self.search();
                    self.step(candidate, observer);
                    candidate.start
                }
            };
            // The place that a command leaves can be taken in the next cycle.
            arrival = arrival.max(start + 1);
        }
        self.advance(arrival, observer);
        arrival
    }

    /// Adds a request that was given its place in cycle `arrival`, and whose latency began in cycle `since`.
    #[inline]
    pub fn push(
        &mut self,
        access: Access,
        location: &Location,
        arrival: i64,
        since: i64,
        observer: &mut impl Observer,
    ) {
        self.now = self.now.max(arrival);
        if self.hits.is_line && self.join_line(access, location, since) {
            return;
        }
        let is_written = self.queues.finds(Access::Write, location.bank, location.row, location.column);
        if is_written {
            match access {
                Access::Read => self.rows.forwarded += 1,
                Access::Write => self.rows.merged += 1,
            }
            self.end = self.end.max(arrival + 1);
            observer.served(access, arrival + 1 - since);
            return;
        }
        let open_row = self.timers.banks[location.bank].open_row;
        let cell = (location.row, location.column);
        if self.queues.push(access, location.bank, cell, since, open_row).1 {
            self.update(access, location.bank);
        }
        if self.next.is_some() {
            self.keep_next(access, location.bank);
        }
    }

    /// Issues everything that starts before `cycle`.
    #[inline]
    pub fn advance(&mut self, cycle: i64, observer: &mut impl Observer) {
        if self.hits.is_line {
            self.dissolve_line();
        }
        while self.bus[0].min(self.bus[1]) < cycle {
            if self.serve_oldest(cycle, observer).is_some() {
                continue;
            }
            let candidate = self.search();
            if candidate.start >= cycle {
                return;
            }
            self.step(candidate, observer);
            if self.queues.count == [0; 2] && !observer.needs_commands() {
                self.skip_idle_refreshes(cycle);
            }
        }
    }

    /// Serves all that wait.
    pub fn finish(&mut self, observer: &mut impl Observer) {
        if self.hits.is_line {
            self.dissolve_line();
        }
        while self.queues.count != [0; 2] {
            let candidate = self.search();
            self.step(candidate, observer);
        }
        self.advance(self.end, observer);
    }

    /// Waits for `candidate`, or begins a refresh that is due before it.
    #[inline]
    fn step(&mut self, candidate: Candidate, observer: &mut impl Observer) {
        self.now = candidate.start;
        self.next = None;
        if candidate.class == Class::Due {
            self.refresh.begin(self.now);
        } else {
            self.issue(candidate, observer);
        }
    }

    /// Counts refreshes that fall due long before `cycle` while nothing waits. After an interval without a request, nothing but refreshes
    /// is in the timers, and one interval is as the other.
    fn skip_idle_refreshes(&mut self, cycle: i64) {
        let refi = self.timing.refi;
        if self.refresh.next_due == NEVER || self.now - self.end <= 2 * refi {
            return;
        }
        let intervals = (cycle - self.now) / refi - 1;
        if intervals <= 0 {
            return;
        }
        let cycles = intervals * refi;
        self.timers.shift(cycles, 0);
        self.refresh.shift(cycles);
        self.bus.iter_mut().for_each(|at| *at += cycles);
        self.now += cycles;
        let times = intervals.unsigned_abs() * self.ranks as u64;
        match self.policy.refresh {
            RefreshMode::PerBank => self.counters.bank_refreshes += times * self.banks_per_rank as u64,
            _ => self.counters.refreshes += times,
        }
        self.next = None;
    }
}

#[cfg(test)]
mod tests;
