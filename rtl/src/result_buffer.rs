//! A queue of tokens' results: written whole as the array gives them, read a group of columns at a time.
//!
//! ```text
//!               +-----------------+
//!       write ->|                 |-> values_valid
//!  write_data =>|                 |<- values_ready
//!     reserve ->|  result_buffer  |=> values_data
//!        room <-|                 |<- last_group
//!       reset ->+-------/\--------+-> empty
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops what is held and reserved |
//! | `room` | out | 1 | an entry may be reserved in this cycle |
//! | `reserve` | in | 1 | an entry is reserved; only with `room` |
//! | `write` | in | 1 | an entry that was reserved in an earlier cycle is written |
//! | `write_data` | in | COLUMNS x ACC_BITS | the entry |
//! | `values_valid`, `values_ready` | out, in | 1, 1 | a group is taken when both are high at the edge |
//! | `values_data` | out | RESULT_LANES x ACC_BITS | the group, lowest columns first; beyond COLUMNS it is 0 |
//! | `last_group` | in | 1 | the group offered is the last that is wanted of its entry |
//! | `empty` | out | 1 | nothing is reserved, held or offered |
//!
//! Parameters: [`EngineParameters`]: `result_depth` entries of `groups` groups. Latency:
//! [`contract::latency::RESULT_BUFFER_CYCLES`]; a group a cycle, within an entry and from one to the next. Golden: a
//! queue.
//!
//! The queue is a [`Memory`] whose registered read is the entry that is offered, and a tree of halves chooses the
//! group. Entries are counted from their reservation until their last group is taken, so that a result under way in the
//! array always finds room: `write` is never refused. `room`, `values_valid` and `stored` (a row holds an entry) are
//! registers or their inverses; `values_data` comes from registers through log2(groups) multiplexers.
//!
//! Does not: know how many groups a job wants; `last_group` comes at the latest with the entry's last one.

use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::half::Half;
use crate::hdl::{Bus, Low, Number, Pack, ResetRegister, Wires, clog2, signed_cast};
use crate::memory::Memory;
use crate::occupancy::Occupancy;

/// A queue of tokens' results.
#[derive(LogicBlock, Debug)]
pub struct ResultBuffer {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops what is held and reserved.
    pub reset: Bus<In>,
    /// An entry is written.
    pub write: Bus<In>,
    /// The entry.
    pub write_data: Pack<Bus<In>>,
    /// An entry is reserved.
    pub reserve: Bus<In>,
    /// An entry may be reserved.
    pub room: Bus<Out>,
    /// A group is offered.
    pub values_valid: Bus<Out>,
    /// The group is taken.
    pub values_ready: Bus<In>,
    /// The group.
    pub values_data: Pack<Bus<Out>>,
    /// The group is the last of its entry.
    pub last_group: Bus<In>,
    /// There is no entry.
    pub empty: Bus<Out>,
    entries: Memory,
    half: Vec<Half>,
    /// 2^i groups each: the group chosen, ..., the entry, padded.
    part: Vec<Pack<Bus<Local>>>,
    write_row: ResetRegister,
    read_row: ResetRegister,
    stored: ResetRegister,
    valid_register: ResetRegister,
    group: ResetRegister,
    occupancy: Occupancy,
    taken: Bus<Local>,
    pop: Bus<Local>,
    read: Bus<Local>,
    next_read_row: Bus<Local>,
    zero: Number,
    _columns: usize,
    _padded_columns: usize,
}

impl ResultBuffer {
    /// The result buffer of the engine that `parameters` describe, which are valid.
    pub fn new(parameters: &EngineParameters) -> Self {
        let (columns, bits) = (parameters.array.columns as usize, parameters.array.acc_bits as usize);
        let (lanes, depth) = (parameters.result_lanes as usize, parameters.result_depth() as usize);
        let levels = parameters.groups().next_power_of_two().trailing_zeros() as usize;
        let row_bits = clog2(depth as u64);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            write: Bus::new(1),
            write_data: Pack::new(columns, bits),
            reserve: Bus::new(1),
            room: Bus::new(1),
            values_valid: Bus::new(1),
            values_ready: Bus::new(1),
            values_data: Pack::new(lanes, bits),
            last_group: Bus::new(1),
            empty: Bus::new(1),
            entries: Memory::new(depth, columns, bits),
            half: (0..levels).map(|level| Half::new(lanes << level, bits)).collect(),
            part: (0..=levels).map(|level| Pack::new(lanes << level, bits)).collect(),
            write_row: ResetRegister::new(row_bits),
            read_row: ResetRegister::new(row_bits),
            stored: ResetRegister::new(1),
            valid_register: ResetRegister::new(1),
            group: ResetRegister::new(levels.max(1)),
            occupancy: Occupancy::new(depth),
            taken: Bus::new(1),
            pop: Bus::new(1),
            read: Bus::new(1),
            next_read_row: Bus::new(row_bits),
            zero: Number::new(0, bits),
            _columns: columns,
            _padded_columns: lanes << levels,
        }
    }
}

impl Logic for ResultBuffer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("A queue of tokens' results: written whole, read a group of columns at a time.");
        clock!(self, clock, entries, write_row, read_row, stored, valid_register, group, occupancy);
        self.write_row.reset.next = self.reset.val();
        self.read_row.reset.next = self.reset.val();
        self.stored.reset.next = self.reset.val();
        self.valid_register.reset.next = self.reset.val();
        self.group.reset.next = self.reset.val();
        self.occupancy.reset.next = self.reset.val();

        self.taken.next = self.valid_register.q.val() & self.values_ready.val();
        self.pop.next = self.taken.val() & self.last_group.val();
        self.group.enable.next = self.taken.val();
        self.group.d.next =
            signed_cast(!self.last_group.val(), self.group.q.bits()) & (self.group.q.val() + 1);

        // Entries from their reservation to their last group.
        self.occupancy.enter.next = self.reserve.val();
        self.occupancy.leave.next = self.pop.val();
        self.room.next = !self.occupancy.full.val();
        self.empty.next = !self.occupancy.occupied.val();

        // A read without a write may empty the rows.
        self.read.next = self.stored.q.val() & (!self.valid_register.q.val() | self.pop.val());
        self.next_read_row.next = self.read_row.q.val() + 1;
        self.write_row.enable.next = self.write.val();
        self.write_row.d.next = self.write_row.q.val() + 1;
        self.read_row.enable.next = self.read.val();
        self.read_row.d.next = self.next_read_row.val();
        self.stored.enable.next = self.write.val() | self.read.val();
        self.stored.d.next = self.write.val() | (self.next_read_row.val() != self.write_row.q.val()).into();
        self.valid_register.enable.next = self.read.val() | self.pop.val();
        self.valid_register.d.next = self.read.val();
        self.values_valid.next = self.valid_register.q.val();

        self.entries.write.next = self.write.val();
        self.entries.write_address.next = self.write_row.q.val();
        Wires::join(&mut self.write_data, &mut self.entries.write_data);
        self.entries.read.next = self.read.val();
        self.entries.read_address.next = self.read_row.q.val();

        for i in self.half.len()..self.part.len() {
            Low::join(&mut self.entries.read_data, &mut self.part[i]);
            for j in self._columns..self._padded_columns {
                self.part[i][j].next = self.zero.val();
            }
        }
        for i in 0..self.half.len() {
            self.half[i].upper.next = self.group.q.val().get_bit(i).into();
            Wires::join(&mut self.part[i + 1], &mut self.half[i].whole);
            Wires::join(&mut self.half[i].chosen, &mut self.part[i]);
        }
        Wires::join(&mut self.part[0], &mut self.values_data);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::RESULT_BUFFER_CYCLES;

    use super::*;
    use crate::Parameters;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn buffer(parameters: &EngineParameters) -> Bench<ResultBuffer> {
        bench!(
            ResultBuffer::new(parameters),
            "result_buffer": reset, write, write_data, reserve, values_ready, last_group
                => room, values_valid, empty, values_data
        )
    }

    fn parameters(columns: u32, result_lanes: u32, acc_bits: u32) -> EngineParameters {
        let array = Parameters { lanes: 1, columns, tokens: 4, stream_bits: 8, acc_bits };
        EngineParameters { result_lanes, ..EngineParameters::of(array) }
    }

    /// What a user does in a cycle.
    #[derive(Clone, Copy, Default)]
    struct User {
        reset: bool,
        write: bool,
        reserve: bool,
        ready: bool,
        last: bool,
    }

    fn cycle(user: User, data: Vec<u64>) -> Values {
        let User { reset, write, reserve, ready, last } = user;
        let [reset, write, reserve, ready, last] =
            [reset, write, reserve, ready, last].map(|bit| vec![u64::from(bit)]);
        vec![reset, write, data, reserve, ready, last]
    }

    /// What the header promises, as a model.
    #[derive(Default)]
    struct Queue {
        reserved: usize,
        rows: VecDeque<Vec<u64>>,
        offered: Option<Vec<u64>>,
        group: usize,
    }

    impl Queue {
        fn entries(&self) -> usize {
            self.reserved + self.rows.len() + usize::from(self.offered.is_some())
        }

        /// The group that is offered.
        fn values(&self, p: &EngineParameters) -> Option<Vec<u64>> {
            let lanes = p.result_lanes as usize;
            let value = |entry: &Vec<u64>, i| entry.get(self.group * lanes + i).copied().unwrap_or(0);
            self.offered.as_ref().map(|entry| (0..lanes).map(|i| value(entry, i)).collect())
        }

        fn edge(&mut self, user: User, data: Vec<u64>) {
            self.reserved += usize::from(user.reserve);
            if self.offered.is_some() && user.ready {
                self.group += 1;
                if user.last {
                    self.offered = None;
                    self.group = 0;
                }
            }
            if self.offered.is_none() {
                self.offered = self.rows.pop_front();
            }
            if user.write {
                self.reserved -= 1;
                self.rows.push_back(data);
            }
            if user.reset {
                *self = Self::default();
            }
        }
    }

    #[test]
    fn equals_a_queue() {
        // One group of one column; a power of two of groups; a last group, and a tree, that are padded.
        for (columns, lanes) in [(1, 1), (8, 2), (7, 4), (5, 1)] {
            let p = parameters(columns, lanes, 9);
            let (depth, groups) = (p.result_depth() as usize, p.groups() as usize);
            let mut random = Random::new(columns.into());
            let mut cycles = vec![cycle(User { reset: true, ..User::default() }, vec![0; columns as usize])];
            let (mut expected, mut queue) = (vec![], Queue::default());
            let [mut empty, mut full, mut stalled, mut short, mut at_once] = [0; 5];
            for i in 0..20_000 {
                // Phases in which the array, or the taker, is the slower one; one in which an entry takes all its
                // groups.
                let (eager, prompt, hungry, early) =
                    [(95, 90, 30, 20), (20, 50, 95, 20), (95, 30, 95, 60), (99, 99, 99, 0)][i / 250 % 4];
                let [reserve, write, ready, last] =
                    [eager, prompt, hungry, early].map(|percent| random.chance(percent));
                let room = queue.entries() < depth;
                let user = User {
                    reset: random.chance(1) && random.chance(20),
                    write: write && queue.reserved > 0,
                    reserve: reserve && room,
                    ready,
                    last: last || queue.group + 1 == groups,
                };
                let data: Vec<u64> = (0..columns).map(|_| random.below(1 << 9)).collect();
                cycles.push(cycle(user, data.clone()));
                let offered = queue.offered.is_some();
                expected.push(([room, offered, queue.entries() == 0].map(u64::from), queue.values(&p)));
                let count = |counter: &mut u32, seen: bool| *counter += u32::from(seen);
                count(&mut empty, queue.entries() == 0);
                count(&mut full, !room);
                count(&mut stalled, offered && !ready);
                count(&mut short, offered && ready && last && queue.group + 1 < groups);
                count(&mut at_once, offered && ready && user.last && !queue.rows.is_empty() && user.write);
                queue.edge(user, data);
            }
            let seen = [empty, full, stalled, short + u32::from(groups == 1) * 1000, at_once];
            assert!(seen.iter().all(|&cycles| cycles > 100), "{columns} columns: {seen:?}");
            let known = expected.iter().position(|(_, offered)| offered.is_some()).expect("an entry");
            let outputs = buffer(&p).run(&cycles, 1 + known);
            for (i, ((flags, values), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                assert_eq!(output[..3], flags.map(|flag| vec![flag]), "cycle {i}");
                assert!(values.as_ref().is_none_or(|values| *values == output[3]), "cycle {i}");
            }
        }
    }

    #[test]
    fn a_group_is_offered_exactly_its_latency_after_the_write_and_then_one_a_cycle() {
        let p = parameters(4, 2, 9);
        let user = |i: u64| User {
            reserve: i % 2 == 1,
            write: i > 1 && i.is_multiple_of(2),
            ready: true,
            last: i % 2 == 1,
            reset: i == 0,
        };
        // An entry reserved in cycle 1 is written in cycle 2, and so on: an entry of two groups every other cycle.
        let cycles: Vec<Values> = (0..40).map(|i| cycle(user(i), vec![i, i + 1, i + 2, i + 3])).collect();
        let offered = 2 + RESULT_BUFFER_CYCLES as usize;
        let outputs = buffer(&p).run(&cycles, offered);
        for (i, output) in outputs.iter().enumerate().skip(1) {
            assert_eq!(output[1][0], u64::from(i >= offered), "cycle {i}");
            let first = (i as u64).saturating_sub(RESULT_BUFFER_CYCLES.into()) / 2 * 2 + i as u64 % 2 * 2;
            assert!(i < offered || output[3] == [first, first + 1], "cycle {i}: {output:?}");
        }
    }

    #[test]
    fn synthesises() {
        for (columns, lanes) in [(1, 1), (8, 2), (7, 4)] {
            buffer(&parameters(columns, lanes, 24)).assert_synthesises();
        }
    }
}
