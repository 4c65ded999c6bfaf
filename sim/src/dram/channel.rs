//! One DRAM channel under an in-order controller with bank look-ahead.
//!
//! ```text
//! requests (bank, row, arrival) ->[ queue of `depth` ]-> PRE / ACT as early as the bank allows -> RD / WR in order
//! ```
//!
//! Column commands issue in the order of the requests; the precharge and the activate that a queued request needs
//! issue as soon as it is in the queue and the rules allow, under the column commands of the requests before it.
//! Refresh is due every tREFI, whatever the traffic: no column command issues at or after its due cycle until all banks
//! were precharged and refreshed. Every command takes its slots on the command bus.
//!
//! Scheduling a request costs a constant number of steps, because each constraint is kept as the earliest cycle that it
//! allows ([`super::rules`]).
//!
//! Does not: reorder requests, close rows that stay idle, postpone refreshes, refresh single banks, or share a command bus
//! between the pseudo-channels of an HBM channel.

mod state;

use std::collections::VecDeque;

pub(crate) use self::state::State;
use self::state::{free_slots, take_slots};
use super::rules::{CLOSED, Place, Rules};
use super::{Access, AddressMapping, Command, CommandKind, Counters, Location, Standard, Timing};

/// What does not change: the rules, the mapping, the queue.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    timing: Timing,
    rules: Rules,
    mapping: AddressMapping,
    queue_depth: usize,
    split_command_bus: bool,
    ranks: usize,
}

/// The commands that one request needs, at their cycles.
struct Plan {
    precharge: Option<i64>,
    /// First and last slot.
    activate: Option<(i64, i64)>,
    column: i64,
}

/// A channel: its description, its state, what it issued.
#[derive(Clone, Debug)]
pub struct Channel {
    spec: Spec,
    state: State,
    counters: Counters,
    trace: Option<Vec<Command>>,
}

impl Channel {
    /// A channel of one rank with all banks precharged at cycle 0 and the first refresh due at `refresh_due`.
    pub fn new(
        standard: &Standard,
        mapping: AddressMapping,
        queue_depth: usize,
        refresh_due: i64,
    ) -> Channel {
        Channel::of_ranks(standard, 1, mapping, queue_depth, refresh_due)
    }

    /// A channel of several ranks, which are refreshed one behind the other.
    pub fn of_ranks(
        standard: &Standard,
        ranks: u64,
        mapping: AddressMapping,
        queue_depth: usize,
        refresh_due: i64,
    ) -> Channel {
        Channel {
            spec: Spec {
                timing: standard.timing.clone(),
                rules: Rules::new(standard),
                mapping,
                queue_depth: queue_depth.max(1),
                split_command_bus: standard.split_command_bus,
                ranks: usize::try_from(ranks).unwrap_or(usize::MAX),
            },
            state: State::new(standard, ranks, refresh_due),
            counters: Counters::default(),
            trace: None,
        }
    }

    /// Records every command from now on.
    pub fn record(&mut self) {
        self.trace = Some(Vec::new());
    }

    /// The commands recorded so far, in the order of their cycles.
    pub fn trace(&self) -> Vec<Command> {
        let mut trace = self.trace.clone().unwrap_or_default();
        trace.sort_by_key(|command| command.cycle);
        trace
    }

    /// Commands issued so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Adds commands that were not stepped one by one, because an equal state had been stepped before.
    pub(crate) fn add_counters(&mut self, counters: Counters) {
        self.counters += counters;
    }

    /// Serves the burst numbered `burst` (in address order within the channel) for a request that arrives at `arrival`
    /// or as soon as the queue has a place; returns the cycle after its last beat on the data bus.
    ///
    /// Requests are served in the order of the calls; an arrival before that of an earlier request counts as equal.
    pub fn access(&mut self, access: Access, burst: u64, arrival: i64) -> i64 {
        let location = self.spec.mapping.locate(burst);
        let place = Place::from(&location);
        let mut arrival = arrival.max(self.state.horizon);
        if self.state.queue.len() == self.spec.queue_depth {
            let leaves = self.state.queue.pop_front().unwrap_or(arrival);
            arrival = arrival.max(leaves);
        }
        self.state.advance_horizon(arrival);
        let plan = loop {
            let plan = self.plan(access, &location, place, arrival);
            if plan.column < self.state.refresh_due {
                break plan;
            }
            self.refresh();
            self.skip_idle_refreshes(arrival);
        };
        self.commit(access, (location.row, location.column), place, &plan);
        self.state.queue.push_back(plan.column);
        let t = &self.spec.timing;
        plan.column + t.burst + if access == Access::Read { t.cl } else { t.cwl }
    }

    fn plan(&self, access: Access, location: &Location, place: Place, arrival: i64) -> Plan {
        let (t, s) = (&self.spec.timing, &self.state);
        let open_row = s.timers.banks[place.bank].open_row;
        let mut plan = Plan { precharge: None, activate: None, column: arrival };
        if open_row != location.row {
            let bus = if self.spec.split_command_bus { &s.row_bus } else { &s.column_bus };
            let mut earliest = s.timers.earliest(CommandKind::Activate, place);
            let mut first = arrival;
            if open_row != CLOSED {
                let cycle =
                    slots(bus, arrival, s.timers.earliest(CommandKind::Precharge, place), t.precharge_slots);
                plan.precharge = Some(cycle);
                earliest = earliest.max(cycle + t.rp);
                first = cycle + 1;
            }
            let (first, last) = match t.aad {
                Some(aad) => two_slots(bus, first, earliest, aad),
                None => {
                    let last = slots(bus, first, earliest, t.activate_slots);
                    (last - (t.activate_slots - 1), last)
                }
            };
            plan.activate = Some((first, last));
            plan.column = last + if access == Access::Read { t.rcd_read } else { t.rcd_write };
        }
        let earliest = plan.column.max(s.timers.earliest(access.command(), place));
        plan.column = slots(&s.column_bus, arrival, earliest, t.column_slots);
        plan
    }

    fn commit(&mut self, access: Access, cell: (i64, u64), place: Place, plan: &Plan) {
        if let Some(cycle) = plan.precharge {
            let open_row = self.state.timers.banks[place.bank].open_row;
            self.issue(CommandKind::Precharge, place, (open_row, 0), cycle);
        }
        if let Some((first, last)) = plan.activate {
            self.issue_from(first, CommandKind::Activate, place, cell, last);
        }
        self.issue(access.command(), place, cell, plan.column);
    }

    /// Issues a command in slots that are free, one behind the other.
    #[inline]
    fn issue(&mut self, kind: CommandKind, place: Place, cell: (i64, u64), cycle: i64) {
        self.issue_from(cycle - (self.spec.timing.slots(kind) - 1), kind, place, cell, cycle);
    }

    #[inline]
    fn issue_from(
        &mut self,
        first_slot: i64,
        kind: CommandKind,
        place: Place,
        (row, column): (i64, u64),
        cycle: i64,
    ) {
        let (t, s) = (&self.spec.timing, &mut self.state);
        let is_column = matches!(kind, CommandKind::Read | CommandKind::Write);
        if !self.spec.split_command_bus || !is_column {
            let bus = if self.spec.split_command_bus { &mut s.row_bus } else { &mut s.column_bus };
            if kind == CommandKind::Activate && t.aad.is_some() {
                take_slots(bus, first_slot, 1);
                take_slots(bus, cycle, 1);
            } else {
                take_slots(bus, first_slot, t.slots(kind));
            }
        }
        if let Some(trace) = &mut self.trace {
            trace.push(Command { first_slot, cycle, kind, channel: 0, bank: place.bank, row, column });
        }
        s.timers.issue(&self.spec.rules, kind, place, row, cycle);
        self.counters.count(kind);
    }

    /// Precharges every open bank and refreshes all, rank by rank.
    fn refresh(&mut self) {
        let banks = self.state.timers.banks.len();
        let per_rank = banks / self.spec.ranks;
        for rank in 0..self.spec.ranks {
            for bank in rank * per_rank..(rank + 1) * per_rank {
                let row = self.state.timers.banks[bank].open_row;
                if row != CLOSED {
                    self.issue_in_turn(CommandKind::Precharge, bank, row);
                }
            }
            self.issue_in_turn(CommandKind::Refresh, rank * per_rank, -1);
        }
        self.state.refresh_due += self.spec.timing.refi;
    }

    /// Issues a command of a refresh that is due, as soon as the rules and the bus allow.
    fn issue_in_turn(&mut self, kind: CommandKind, bank: usize, row: i64) {
        let (t, s) = (&self.spec.timing, &self.state);
        let place = self.spec.rules.place(bank);
        let bus = if self.spec.split_command_bus { &s.row_bus } else { &s.column_bus };
        let cycle = slots(bus, s.refresh_due, s.timers.earliest(kind, place), t.slots(kind));
        self.issue(kind, place, (row, 0), cycle);
    }

    /// Refreshes that fall due before `cycle`, when no request comes.
    pub fn idle_until(&mut self, cycle: i64) {
        while self.state.refresh_due < cycle {
            self.refresh();
            self.skip_idle_refreshes(cycle);
        }
    }

    /// Counts the refreshes that fall due before `cycle` while every bank is closed: each issues at its due cycle and
    /// leaves everything else as it was.
    fn skip_idle_refreshes(&mut self, cycle: i64) {
        let (t, s) = (&self.spec.timing, &mut self.state);
        let count = (cycle - s.refresh_due).div_euclid(t.refi);
        if count <= 1 || self.trace.is_some() || self.spec.ranks > 1 {
            return;
        }
        // The last of them is stepped, and sets the timers.
        s.refresh_due += (count - 1) * t.refi;
        self.counters.refreshes += (count - 1).unsigned_abs();
        self.refresh();
    }

    /// Bursts after which the address mapping repeats [`Self::sweep_rows`] rows further.
    pub(crate) fn sweep(&self) -> u64 {
        self.spec.mapping.sweep()
    }

    /// Rows of a sweep.
    pub(crate) fn sweep_rows(&self) -> i64 {
        self.spec.mapping.sweep_rows()
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn set_state(&mut self, state: State) {
        self.state = state;
    }
}

/// The last of so many slots in a row, of which the first is not before `from` and the last not before `earliest`.
fn slots(bus: &VecDeque<i64>, from: i64, earliest: i64, slots: i64) -> i64 {
    free_slots(bus, from.max(earliest - (slots - 1)), slots) + slots - 1
}

/// Two slots that other commands may come between, the second at most `apart` behind the first.
fn two_slots(bus: &VecDeque<i64>, from: i64, earliest: i64, apart: i64) -> (i64, i64) {
    let mut first = free_slots(bus, from.max(earliest - 1), 1);
    loop {
        let last = free_slots(bus, earliest.max(first + 1), 1);
        if last - first <= apart {
            return (first, last);
        }
        first = free_slots(bus, last - apart, 1);
    }
}

#[cfg(test)]
mod tests;
