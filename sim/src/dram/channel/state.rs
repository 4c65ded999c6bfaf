//! A channel's state: timers, queue, buses.

use std::collections::VecDeque;

use crate::dram::Standard;
use crate::dram::rules::Timers;

/// What changes, in a form that can be compared and moved in time: every cycle is absolute, and [`State::shift`]
/// moves all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) timers: Timers,
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

impl State {
    /// All banks precharged at cycle 0.
    pub(super) fn new(standard: &Standard, ranks: u64, refresh_due: i64) -> State {
        State {
            timers: Timers::new(standard, ranks),
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
        self.timers.forget_the_past(horizon);
        self.queue.iter_mut().for_each(|cycle| *cycle = (*cycle).max(horizon));
    }

    /// Moves the state by `cycles` in time and by `rows` in address.
    pub(crate) fn shift(&mut self, cycles: i64, rows: i64) {
        self.timers.shift(cycles, rows);
        let lists = self.queue.iter_mut().chain(&mut self.column_bus).chain(&mut self.row_bus);
        lists.for_each(|cycle| *cycle += cycles);
        self.horizon += cycles;
        self.refresh_due += cycles;
    }

    /// Memory that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        let slots = self.queue.capacity() + self.column_bus.capacity() + self.row_bus.capacity();
        size_of::<State>() + self.timers.bytes() + slots * size_of::<i64>()
    }

    /// The cycle before which no request enters the queue.
    pub(crate) fn horizon(&self) -> i64 {
        self.horizon
    }
}

/// The first slot at or after `from` with which so many in a row are free.
pub(super) fn free_slots(bus: &VecDeque<i64>, from: i64, slots: i64) -> i64 {
    if bus.back().is_none_or(|&last| last < from) {
        return from;
    }
    let mut first = from;
    for &taken in bus.range(bus.partition_point(|&taken| taken < from)..) {
        if taken >= first + slots {
            break;
        }
        first = taken + 1;
    }
    first
}

pub(super) fn take_slots(bus: &mut VecDeque<i64>, first: i64, slots: i64) {
    if bus.back().is_none_or(|&last| last < first) {
        bus.extend(first..first + slots);
        return;
    }
    let at = bus.partition_point(|&taken| taken < first);
    for (index, slot) in (first..first + slots).enumerate() {
        bus.insert(at + index, slot);
    }
}
