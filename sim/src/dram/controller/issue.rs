//! Issues commands: takes their slots, tells the rules and whoever looks on, and lets requests leave their queue.
//!
//! Does not: choose them, but for the column command of the oldest request where it is certain to be next.

use super::queue::{NIL, Waiting};
use super::search::{Candidate, Need};
use super::{Activate, Controller, Observer, Precharge, Read, Refresh, RefreshBank, Write};
use crate::dram::rules::{CLOSED, Place};
use crate::dram::{Access, Command, CommandKind};

impl Controller {
    /// Issues the column command of the oldest request before cycle `before`, if it is certain to be the next command: no bank needs a row
    /// or is to be precharged, no refresh is under way or due, and nothing but the rank, which holds off all others as well, holds it off.
    #[inline]
    pub(super) fn serve_oldest(&mut self, before: i64, observer: &mut impl Observer) -> Option<i64> {
        let is_busy = self.refresh.ranks != 0 || self.half.is_some() || self.is_to_precharge();
        if !self.policy.fast || self.ranks > 1 || is_busy {
            return None;
        }
        self.choose_mode();
        // Each with what it is known by when this is compiled.
        match self.mode() {
            Access::Read => self.serve_oldest_of(Access::Read, before, observer),
            Access::Write => self.serve_oldest_of(Access::Write, before, observer),
        }
    }

    #[inline(always)]
    fn serve_oldest_of(&mut self, mode: Access, before: i64, observer: &mut impl Observer) -> Option<i64> {
        let (k, kind) = (mode as usize, mode.command());
        let oldest = self.queues.oldest(mode);
        if oldest == NIL || self.rows_of[k] | self.promised_banks[1 - k] != 0 {
            return None;
        }
        let bank = usize::from(self.queues.get(oldest).bank);
        let &Need { request, ready, .. } = &self.needs[k][bank];
        if request != oldest || !self.oldest_goes_first(mode, bank) {
            return None;
        }
        let place = self.rules.place(bank);
        let start = self.start(kind, self.timers.earliest_beside_bank(kind, place)).max(ready);
        let bound = self.start(kind, self.timers.earliest_in_rank(kind, 0));
        if start != bound || start >= self.refresh.next_due.min(before) {
            return None;
        }
        self.now = start;
        self.next = None;
        self.issue_column(mode, place, oldest, start, observer);
        Some(start)
    }

    pub(super) fn issue(&mut self, candidate: Candidate, observer: &mut impl Observer) {
        let Candidate { start, kind, bank, request, .. } = candidate;
        let place = self.rules.place(bank);
        match kind {
            Read => self.issue_column(Access::Read, place, request, start, observer),
            Write => self.issue_column(Access::Write, place, request, start, observer),
            Activate if request != NIL && self.timing.aad.is_some() => {
                // The first half of two.
                self.take_bus(kind, start + 1);
                self.half = Some((bank, self.queues.get(request).row, start));
                self.count(request, kind);
                self.promise(bank, request);
                self.update_both(bank);
            }
            Activate => {
                let (row, first_slot, slots) = match self.half.take() {
                    Some((_, row, first_slot)) => (row, first_slot, 1),
                    None => {
                        self.count(request, kind);
                        self.promise(bank, request);
                        (self.queues.get(request).row, start, self.timing.activate_slots)
                    }
                };
                self.take_bus(kind, start + slots);
                self.issue_row(kind, place, row, first_slot, start + slots - 1, observer);
                self.queues.opened(bank, row);
                self.update_both(bank);
            }
            Precharge => {
                let slots = self.timing.precharge_slots;
                self.take_bus(kind, start + slots);
                if request != NIL {
                    self.count(request, kind);
                }
                let row = self.timers.banks[bank].open_row;
                self.issue_row(kind, place, row, start, start + slots - 1, observer);
                self.queues.opened(bank, CLOSED);
                self.update_both(bank);
            }
            Refresh | RefreshBank => {
                let slots = self.timing.precharge_slots;
                self.take_bus(kind, start + slots);
                self.issue_row(kind, place, -1, start, start + slots - 1, observer);
                self.refresh.end(place);
                self.update_both(bank);
            }
        }
    }

    /// A command takes its bus until `free`.
    #[inline]
    fn take_bus(&mut self, kind: CommandKind, free: i64) {
        if self.split_command_bus {
            self.bus[usize::from(!matches!(kind, Read | Write))] = free;
        } else {
            self.bus = [free; 2];
        }
    }

    /// Counts how a request met its row, with its first command.
    #[inline]
    fn count(&mut self, request: u16, kind: CommandKind) {
        let waiting = self.queues.get_mut(request);
        if !waiting.is_counted {
            waiting.is_counted = true;
            *match kind {
                Activate => &mut self.rows.misses,
                Precharge => &mut self.rows.conflicts,
                _ => &mut self.rows.hits,
            } += 1;
        }
    }

    #[inline(always)]
    fn issue_column(
        &mut self,
        access: Access,
        place: Place,
        request: u16,
        start: i64,
        observer: &mut impl Observer,
    ) {
        self.count(request, access.command());
        let &Waiting { since, row, column, .. } = self.queues.get(request);
        self.move_burst(access, place, (row, column), since, start, observer);
        let bank = place.bank;
        if self.promised[bank] == request {
            self.promised[bank] = NIL;
            self.promised_banks[access as usize] &= !(1 << bank);
        }
        self.queues.serve(access, bank, request);
        self.update_both(bank);
    }

    /// Issues a column command in the slots from `start` on.
    #[inline(always)]
    pub(super) fn move_burst(
        &mut self,
        access: Access,
        place: Place,
        (row, column): (i64, u64),
        since: i64,
        start: i64,
        observer: &mut impl Observer,
    ) {
        let (kind, slots) = (access.command(), self.timing.column_slots);
        self.take_bus(kind, start + slots);
        let cycle = start + slots - 1;
        self.timers.issue(&self.rules, kind, place, 0, cycle);
        self.counters.count(kind);
        self.hits.columns += 1;
        let (channel, bank) = (self.channel, place.bank);
        observer.command(&Command { first_slot: start, cycle, kind, channel, bank, row, column });
        let latency = if access == Access::Read { self.timing.cl } else { self.timing.cwl };
        let done = cycle + latency + self.timing.burst;
        self.end = self.end.max(done);
        observer.served(access, done - since);
    }

    fn issue_row(
        &mut self,
        kind: CommandKind,
        place: Place,
        row: i64,
        first_slot: i64,
        cycle: i64,
        observer: &mut impl Observer,
    ) {
        self.hits.columns = 0;
        self.timers.issue(&self.rules, kind, place, row, cycle);
        self.counters.count(kind);
        let (channel, bank) = (self.channel, place.bank);
        observer.command(&Command { first_slot, cycle, kind, channel, bank, row, column: 0 });
        let (banks, since, before) = &mut self.open[place.rank];
        match kind {
            Activate => {
                if *banks == 0 {
                    *since = cycle;
                }
                *banks += 1;
            }
            Precharge => {
                *banks -= 1;
                if *banks == 0 {
                    *before += cycle - *since;
                }
            }
            _ => {}
        }
    }

    /// A row is opened for a request.
    fn promise(&mut self, bank: usize, request: u16) {
        self.promised[bank] = request;
        let waiting = self.queues.get_mut(request);
        self.promised_banks[waiting.access as usize] |= 1 << bank;
        if self.policy.leaves_at_activate && !waiting.has_left {
            waiting.has_left = true;
            let kind = waiting.access as usize;
            self.queues.places[kind] -= 1;
        }
    }
}
