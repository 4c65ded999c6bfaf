//! One DRAM channel under an in-order controller with bank look-ahead.
//!
//! ```text
//! requests (bank, row, arrival) ->[ queue of `depth` ]-> PRE / ACT as early as the bank allows -> RD / WR in order
//! ```
//!
//! Column commands issue in the order of the requests; the precharge and the activate that a queued request needs
//! issue as soon as it is in the queue and the standard allows, under the column commands of the requests before it.
//! Refresh is due every tREFI, whatever the traffic: no column command issues at or after its due cycle until all banks
//! were precharged and refreshed. Every command takes its slots on the command bus.
//!
//! Scheduling a request costs a constant number of steps, because each constraint is kept as the earliest cycle that it
//! allows (`next_*`).
//!
//! Does not: reorder requests, close rows that stay idle, postpone refreshes, refresh single banks.

use std::collections::VecDeque;
use std::ops::{Add, AddAssign, Mul, Sub};

use super::{AddressMapping, Location, Standard, Timing};

const CLOSED: i64 = i64::MIN;

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
    /// Command-clock cycle of its last slot.
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

/// What does not change: the standard, the mapping, the queue.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    timing: Timing,
    mapping: AddressMapping,
    queue_depth: usize,
    split_command_bus: bool,
}

/// What changes, in a form that can be compared and moved in time: every cycle is absolute, and [`State::shift`]
/// moves all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    banks: Vec<Bank>,
    groups: Vec<Group>,
    next_activate: i64,
    next_read: i64,
    next_write: i64,
    /// The earliest cycle that the last four activates, oldest first, allow the fourth one after each.
    four_activates: [i64; 4],
    /// Column cycles of the requests that fill the queue, oldest first.
    queue: VecDeque<i64>,
    /// Slots taken at or after `horizon`, ascending. Where the bus is split, row commands have their own, and column
    /// commands need no record, since they issue in order.
    column_bus: VecDeque<i64>,
    row_bus: VecDeque<i64>,
    /// When the last request entered the queue; no later request enters before.
    horizon: i64,
    refresh_due: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Bank {
    open_row: i64,
    next_activate: i64,
    next_precharge: i64,
    next_read: i64,
    next_write: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Group {
    next_activate: i64,
    next_read: i64,
    next_write: i64,
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
    /// A channel with all banks precharged at cycle 0 and the first refresh due at `refresh_due`.
    pub fn new(
        standard: &Standard,
        mapping: AddressMapping,
        queue_depth: usize,
        refresh_due: i64,
    ) -> Channel {
        let bank =
            Bank { open_row: CLOSED, next_activate: 0, next_precharge: 0, next_read: 0, next_write: 0 };
        let group = Group { next_activate: 0, next_read: 0, next_write: 0 };
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Channel {
            spec: Spec {
                timing: standard.timing.clone(),
                mapping,
                queue_depth: queue_depth.max(1),
                split_command_bus: standard.split_command_bus,
            },
            state: State {
                banks: vec![bank; count(standard.banks())],
                groups: vec![group; count(standard.bank_groups)],
                next_activate: 0,
                next_read: 0,
                next_write: 0,
                four_activates: [0; 4],
                queue: VecDeque::with_capacity(queue_depth),
                column_bus: VecDeque::new(),
                row_bus: VecDeque::new(),
                horizon: 0,
                refresh_due,
            },
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
        let mut arrival = arrival.max(self.state.horizon);
        if self.state.queue.len() == self.spec.queue_depth {
            let leaves = self.state.queue.pop_front().unwrap_or(arrival);
            arrival = arrival.max(leaves);
        }
        self.state.advance_horizon(arrival);
        let plan = loop {
            let plan = self.plan(access, location, arrival);
            if plan.column < self.state.refresh_due {
                break plan;
            }
            self.refresh();
        };
        self.commit(access, location, &plan);
        self.state.queue.push_back(plan.column);
        let t = &self.spec.timing;
        plan.column + t.burst + if access == Access::Read { t.cl } else { t.cwl }
    }

    fn plan(&self, access: Access, location: Location, arrival: i64) -> Plan {
        let (t, s) = (&self.spec.timing, &self.state);
        let (bank, group) = (&s.banks[location.bank], &s.groups[location.group]);
        let row_bus = if self.spec.split_command_bus { &s.row_bus } else { &s.column_bus };
        let row_hit = bank.open_row == location.row;
        let mut precharge = None;
        let mut activate = None;
        let mut ready = arrival;
        if !row_hit {
            let mut earliest = arrival.max(bank.next_activate);
            if bank.open_row != CLOSED {
                let cycle = free_slot(row_bus, arrival.max(bank.next_precharge));
                precharge = Some(cycle);
                earliest = earliest.max(cycle + t.rp);
            }
            earliest = earliest.max(group.next_activate).max(s.next_activate).max(s.four_activates[0]);
            // An activate of several slots counts from its last one; the first may precede `earliest`'s own slot only
            // where the command bus is free, so look for the first slot and then for the rest behind it.
            let first = free_slot(row_bus, earliest);
            let mut last = first;
            for _ in 1..t.activate_slots {
                last = free_slot(row_bus, last + 1);
            }
            activate = Some((first, last));
            ready = last + if access == Access::Read { t.rcd_read } else { t.rcd_write };
        }
        let allowed = match access {
            Access::Read if row_hit => bank.next_read.max(group.next_read).max(s.next_read),
            Access::Read => group.next_read.max(s.next_read),
            Access::Write if row_hit => bank.next_write.max(group.next_write).max(s.next_write),
            Access::Write => group.next_write.max(s.next_write),
        };
        Plan { precharge, activate, column: free_slot(&s.column_bus, ready.max(allowed)) }
    }

    fn commit(&mut self, access: Access, location: Location, plan: &Plan) {
        let t = &self.spec.timing;
        let s = &mut self.state;
        let (bank, group) = (&mut s.banks[location.bank], &mut s.groups[location.group]);
        let row_bus = if self.spec.split_command_bus { &mut s.row_bus } else { &mut s.column_bus };
        let note = |trace: &mut Option<Vec<Command>>, cycle, kind, row| {
            if let Some(trace) = trace {
                trace.push(Command { cycle, kind, bank: location.bank, row });
            }
        };
        if let Some(cycle) = plan.precharge {
            take_slot(row_bus, cycle);
            note(&mut self.trace, cycle, CommandKind::Precharge, bank.open_row);
            self.counters.precharges += 1;
        }
        if let Some((first, last)) = plan.activate {
            take_slot(row_bus, first);
            if last != first {
                for cycle in first + 1..=last {
                    if free_slot(row_bus, cycle) == cycle {
                        take_slot(row_bus, cycle);
                    }
                }
            }
            note(&mut self.trace, last, CommandKind::Activate, location.row);
            self.counters.activates += 1;
            *bank = Bank {
                open_row: location.row,
                next_activate: last + t.rc,
                next_precharge: last + t.ras,
                next_read: last + t.rcd_read,
                next_write: last + t.rcd_write,
            };
            group.next_activate = last + t.rrd_l;
            s.next_activate = last + t.rrd_s;
            s.four_activates.rotate_left(1);
            s.four_activates[3] = last + t.faw;
        }
        let cycle = plan.column;
        if !self.spec.split_command_bus {
            take_slot(&mut s.column_bus, cycle);
        }
        match access {
            Access::Read => {
                note(&mut self.trace, cycle, CommandKind::Read, location.row);
                self.counters.reads += 1;
                s.next_read = cycle + t.ccd_s;
                group.next_read = cycle + t.ccd_l;
                s.next_write = s.next_write.max(cycle + t.rtw);
                bank.next_precharge = bank.next_precharge.max(cycle + t.rtp);
            }
            Access::Write => {
                note(&mut self.trace, cycle, CommandKind::Write, location.row);
                self.counters.writes += 1;
                let written = cycle + t.cwl + t.burst;
                s.next_write = cycle + t.ccd_s;
                group.next_write = cycle + t.ccd_l;
                s.next_read = s.next_read.max(written + t.wtr_s);
                group.next_read = group.next_read.max(written + t.wtr_l);
                bank.next_precharge = bank.next_precharge.max(written + t.wr);
            }
        }
    }

    /// Precharges every open bank and refreshes all.
    fn refresh(&mut self) {
        let t = &self.spec.timing;
        let s = &mut self.state;
        let row_bus = if self.spec.split_command_bus { &mut s.row_bus } else { &mut s.column_bus };
        let mut start = s.refresh_due;
        for (index, bank) in s.banks.iter_mut().enumerate() {
            if bank.open_row != CLOSED {
                let cycle = free_slot(row_bus, s.refresh_due.max(bank.next_precharge));
                take_slot(row_bus, cycle);
                if let Some(trace) = &mut self.trace {
                    trace.push(Command {
                        cycle,
                        kind: CommandKind::Precharge,
                        bank: index,
                        row: bank.open_row,
                    });
                }
                self.counters.precharges += 1;
                bank.open_row = CLOSED;
                bank.next_activate = bank.next_activate.max(cycle + t.rp);
            }
            start = start.max(bank.next_activate);
        }
        let cycle = free_slot(row_bus, start);
        take_slot(row_bus, cycle);
        for bank in &mut s.banks {
            bank.next_activate = cycle + t.rfc;
        }
        if let Some(trace) = &mut self.trace {
            trace.push(Command { cycle, kind: CommandKind::Refresh, bank: 0, row: -1 });
        }
        self.counters.refreshes += 1;
        s.refresh_due += t.refi;
    }

    /// Refreshes that fall due before `cycle`, when no request comes.
    pub fn idle_until(&mut self, cycle: i64) {
        while self.state.refresh_due < cycle {
            self.refresh();
        }
    }

    /// Bursts after which the address mapping repeats one row further.
    pub(crate) fn sweep(&self) -> u64 {
        self.spec.mapping.sweep()
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn set_state(&mut self, state: State) {
        self.state = state;
    }
}

impl State {
    fn advance_horizon(&mut self, arrival: i64) {
        self.horizon = arrival;
        for bus in [&mut self.column_bus, &mut self.row_bus] {
            while bus.front().is_some_and(|&slot| slot < arrival) {
                bus.pop_front();
            }
        }
    }

    /// Raises every cycle that has passed to the horizon: no later request can tell the difference, since none enters
    /// the queue before it. What is left to differ between two states matters.
    pub(crate) fn forget_the_past(&mut self) {
        let horizon = self.horizon;
        let raise = |cycle: &mut i64| *cycle = (*cycle).max(horizon);
        for bank in &mut self.banks {
            raise(&mut bank.next_activate);
            raise(&mut bank.next_precharge);
            raise(&mut bank.next_read);
            raise(&mut bank.next_write);
        }
        for group in &mut self.groups {
            raise(&mut group.next_activate);
            raise(&mut group.next_read);
            raise(&mut group.next_write);
        }
        raise(&mut self.next_activate);
        raise(&mut self.next_read);
        raise(&mut self.next_write);
        self.four_activates.iter_mut().for_each(raise);
        self.queue.iter_mut().for_each(raise);
    }

    /// Moves the state by `cycles` in time and by `rows` in address.
    pub(crate) fn shift(&mut self, cycles: i64, rows: i64) {
        for bank in &mut self.banks {
            if bank.open_row != CLOSED {
                bank.open_row += rows;
            }
            bank.next_activate += cycles;
            bank.next_precharge += cycles;
            bank.next_read += cycles;
            bank.next_write += cycles;
        }
        for group in &mut self.groups {
            group.next_activate += cycles;
            group.next_read += cycles;
            group.next_write += cycles;
        }
        self.next_activate += cycles;
        self.next_read += cycles;
        self.next_write += cycles;
        let lists = self.queue.iter_mut().chain(&mut self.column_bus).chain(&mut self.row_bus);
        self.four_activates.iter_mut().chain(lists).for_each(|cycle| *cycle += cycles);
        self.horizon += cycles;
        self.refresh_due += cycles;
    }

    /// The cycle before which no request enters the queue.
    pub(crate) fn horizon(&self) -> i64 {
        self.horizon
    }
}

/// The first free slot at or after `from`.
fn free_slot(bus: &VecDeque<i64>, from: i64) -> i64 {
    if bus.back().is_none_or(|&last| last < from) {
        return from;
    }
    let mut slot = from;
    for &taken in bus.range(bus.partition_point(|&taken| taken < from)..) {
        if taken != slot {
            break;
        }
        slot += 1;
    }
    slot
}

fn take_slot(bus: &mut VecDeque<i64>, slot: i64) {
    if bus.back().is_none_or(|&last| last < slot) {
        bus.push_back(slot);
    } else {
        bus.insert(bus.partition_point(|&taken| taken < slot), slot);
    }
}

#[cfg(test)]
mod tests;
