//! A channel's state: for every constraint the earliest cycle that it allows.

use std::collections::VecDeque;

use crate::dram::Standard;

/// No row is open.
pub(super) const CLOSED: i64 = i64::MIN;

/// What changes, in a form that can be compared and moved in time: every cycle is absolute, and [`State::shift`]
/// moves all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) banks: Vec<Bank>,
    pub(super) groups: Vec<Group>,
    pub(super) next_activate: i64,
    pub(super) next_read: i64,
    pub(super) next_write: i64,
    /// The earliest cycle that the last four activates, oldest first, allow the fourth one after each.
    pub(super) four_activates: [i64; 4],
    /// Column cycles of the requests that fill the queue, oldest first.
    pub(super) queue: VecDeque<i64>,
    /// Slots taken at or after `horizon`, ascending. Where the bus is split, row commands have their own, and column
    /// commands need no record, since they issue in order.
    pub(super) column_bus: VecDeque<i64>,
    pub(super) row_bus: VecDeque<i64>,
    /// When the last request entered the queue; no later request enters before.
    pub(super) horizon: i64,
    pub(super) refresh_due: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bank {
    pub(super) open_row: i64,
    pub(super) next_activate: i64,
    pub(super) next_precharge: i64,
    pub(super) next_read: i64,
    pub(super) next_write: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub(super) next_activate: i64,
    pub(super) next_read: i64,
    pub(super) next_write: i64,
}

impl State {
    /// All banks precharged at cycle 0.
    pub(super) fn new(standard: &Standard, refresh_due: i64) -> State {
        let bank =
            Bank { open_row: CLOSED, next_activate: 0, next_precharge: 0, next_read: 0, next_write: 0 };
        let group = Group { next_activate: 0, next_read: 0, next_write: 0 };
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        State {
            banks: vec![bank; count(standard.banks())],
            groups: vec![group; count(standard.bank_groups)],
            next_activate: 0,
            next_read: 0,
            next_write: 0,
            four_activates: [0; 4],
            queue: VecDeque::new(),
            column_bus: VecDeque::new(),
            row_bus: VecDeque::new(),
            horizon: 0,
            refresh_due,
        }
    }

    pub(super) fn advance_horizon(&mut self, arrival: i64) {
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

    /// Memory that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        let slots = self.queue.capacity() + self.column_bus.capacity() + self.row_bus.capacity();
        size_of::<State>() + size_of_val(&*self.banks) + size_of_val(&*self.groups) + slots * size_of::<i64>()
    }

    /// The cycle before which no request enters the queue.
    pub(crate) fn horizon(&self) -> i64 {
        self.horizon
    }
}

/// The first free slot at or after `from`.
pub(super) fn free_slot(bus: &VecDeque<i64>, from: i64) -> i64 {
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

pub(super) fn take_slot(bus: &mut VecDeque<i64>, slot: i64) {
    if bus.back().is_none_or(|&last| last < slot) {
        bus.push_back(slot);
    } else {
        bus.insert(bus.partition_point(|&taken| taken < slot), slot);
    }
}
