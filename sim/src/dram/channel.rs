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
//! Does not: reorder requests, close rows that stay idle, postpone refreshes, refresh single banks, know ranks, space
//! precharges (tPPD), or share a command bus between the pseudo-channels of an HBM channel.

mod state;

pub(crate) use self::state::State;
use self::state::{Bank, CLOSED, free_slot, take_slot};
use super::{Access, AddressMapping, Command, CommandKind, Counters, Location, Standard, Timing};

/// What does not change: the standard, the mapping, the queue.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    timing: Timing,
    mapping: AddressMapping,
    queue_depth: usize,
    split_command_bus: bool,
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
        Channel {
            spec: Spec {
                timing: standard.timing.clone(),
                mapping,
                queue_depth: queue_depth.max(1),
                split_command_bus: standard.split_command_bus,
            },
            state: State::new(standard, refresh_due),
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
            self.skip_idle_refreshes(arrival);
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
            let mut first = arrival;
            if bank.open_row != CLOSED {
                let cycle = free_slot(row_bus, arrival.max(bank.next_precharge));
                precharge = Some(cycle);
                earliest = earliest.max(cycle + t.rp);
                first = cycle + 1;
            }
            earliest = earliest.max(group.next_activate).max(s.next_activate).max(s.four_activates[0]);
            // An activate of two slots counts from its second: its first may come before the constraints allow it.
            let first = free_slot(row_bus, first.max(earliest - (t.activate_slots - 1)));
            let last =
                if t.activate_slots == 1 { first } else { free_slot(row_bus, earliest.max(first + 1)) };
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
        let note = |trace: &mut Option<Vec<Command>>, first_slot, cycle, kind, row| {
            if let Some(trace) = trace {
                trace.push(Command { first_slot, cycle, kind, bank: location.bank, row });
            }
        };
        if let Some(cycle) = plan.precharge {
            take_slot(row_bus, cycle);
            note(&mut self.trace, cycle, cycle, CommandKind::Precharge, bank.open_row);
            self.counters.precharges += 1;
        }
        if let Some((first, last)) = plan.activate {
            take_slot(row_bus, first);
            if last != first {
                take_slot(row_bus, last);
            }
            note(&mut self.trace, first, last, CommandKind::Activate, location.row);
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
                note(&mut self.trace, cycle, cycle, CommandKind::Read, location.row);
                self.counters.reads += 1;
                s.next_read = cycle + t.ccd_s;
                group.next_read = cycle + t.ccd_l;
                s.next_write = s.next_write.max(cycle + t.rtw);
                bank.next_precharge = bank.next_precharge.max(cycle + t.rtp);
            }
            Access::Write => {
                note(&mut self.trace, cycle, cycle, CommandKind::Write, location.row);
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
                        first_slot: cycle,
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
            trace.push(Command { first_slot: cycle, cycle, kind: CommandKind::Refresh, bank: 0, row: -1 });
        }
        self.counters.refreshes += 1;
        s.refresh_due += t.refi;
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
        if count <= 0 || self.trace.is_some() {
            return;
        }
        s.refresh_due += count * t.refi;
        let last = s.refresh_due - t.refi;
        for bank in &mut s.banks {
            bank.next_activate = bank.next_activate.max(last + t.rfc);
        }
        self.counters.refreshes += count.unsigned_abs();
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

#[cfg(test)]
mod tests;
