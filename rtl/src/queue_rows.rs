//! Which rows of a memory a queue uses: where it is written next, where it is read, and whether it may be.
//!
//! ```text
//!            +--------------+
//!   write -->|              |==> write_row
//!    take -->|  queue_rows  |==> read_row
//!   reset -->+------/\------+--> full, stored
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, empties the queue |
//! | `write` | in | 1 | `write_row` is written at this edge; only while not `full` |
//! | `take` | in | 1 | the oldest row leaves at this edge; only while `stored` |
//! | `write_row`, `read_row` | out | clog2(DEPTH) | the row after the newest, and the oldest |
//! | `full` | out | 1 | every row is in use |
//! | `stored` | out | 1 | some row is |
//!
//! Parameters: `depth`, a power of two, at least 4. Latency: 1. Golden: a queue.
//!
//! All outputs are registers. A row can be written from the cycle after it was taken on.
//!
//! Does not: hold data.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, ResetRegister, clog2};
use crate::occupancy::Occupancy;

/// The rows of a queue.
#[derive(LogicBlock, Debug)]
pub struct QueueRows {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Empties the queue.
    pub reset: Bus<In>,
    /// A row is written.
    pub write: Bus<In>,
    /// The oldest row leaves.
    pub take: Bus<In>,
    /// The row that is written next.
    pub write_row: Bus<Out>,
    /// The oldest row.
    pub read_row: Bus<Out>,
    /// Every row is in use.
    pub full: Bus<Out>,
    /// Some row is in use.
    pub stored: Bus<Out>,
    occupancy: Occupancy,
    write_register: ResetRegister,
    read_register: ResetRegister,
}

impl QueueRows {
    /// The rows of a queue of `depth`.
    pub fn new(depth: usize) -> Self {
        assert!(depth >= 4 && depth.is_power_of_two(), "rows are addressed by counters that wrap");
        let row_bits = clog2(depth as u64);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            write: Bus::new(1),
            take: Bus::new(1),
            write_row: Bus::new(row_bits),
            read_row: Bus::new(row_bits),
            full: Bus::new(1),
            stored: Bus::new(1),
            occupancy: Occupancy::new(depth),
            write_register: ResetRegister::new(row_bits),
            read_register: ResetRegister::new(row_bits),
        }
    }
}

impl Logic for QueueRows {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("module queue_rows");
        comment!("Which rows of a memory a queue uses.");
        clock!(self, clock, occupancy, write_register, read_register);
        self.occupancy.reset.next = self.reset.val();
        self.write_register.reset.next = self.reset.val();
        self.read_register.reset.next = self.reset.val();

        self.occupancy.enter.next = self.write.val();
        self.occupancy.leave.next = self.take.val();
        self.write_register.enable.next = self.write.val();
        self.write_register.d.next = self.write_register.q.val() + 1;
        self.read_register.enable.next = self.take.val();
        self.read_register.d.next = self.read_register.q.val() + 1;

        self.write_row.next = self.write_register.q.val();
        self.read_row.next = self.read_register.q.val();
        self.full.next = self.occupancy.full.val();
        self.stored.next = self.occupancy.occupied.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn rows(depth: usize) -> Bench<QueueRows> {
        bench!(QueueRows::new(depth), "queue_rows": reset, write, take => write_row, read_row, full, stored)
    }

    #[test]
    fn equals_two_counters_that_wrap() {
        for depth in [4, 64_u64] {
            let mut random = Random::new(depth);
            let (mut written, mut taken) = (0, 0);
            let (mut cycles, mut expected): (Vec<Values>, Vec<Values>) = (vec![], vec![]);
            for i in 0..20_000 {
                // Phases in which more is written, or taken, and neither.
                let (eager, hungry) = [(90, 40), (40, 90), (95, 95)][i / 200 % 3];
                let reset = i == 0 || random.chance(1) && random.chance(20);
                let write = written - taken < depth && random.chance(eager);
                let take = written > taken && random.chance(hungry);
                cycles.push([reset, write, take].map(|bit| vec![bit.into()]).to_vec());
                let flags = [written - taken == depth, written > taken].map(u64::from);
                expected.push([written % depth, taken % depth, flags[0], flags[1]].map(|v| vec![v]).to_vec());
                written += u64::from(write);
                taken += u64::from(take);
                if reset {
                    (written, taken) = (0, 0);
                }
            }
            assert!(expected.iter().any(|cycle| cycle[2] == [1]), "it fills");
            assert_eq!(rows(depth.try_into().expect("a size")).run(&cycles, 1)[1..], expected[1..]);
        }
    }

    #[test]
    fn everything_follows_in_the_next_cycle() {
        let cycle = |reset: u64, write: u64, take: u64| vec![vec![reset], vec![write], vec![take]];
        let outputs = rows(4).run(&[cycle(1, 0, 0), cycle(0, 1, 0), cycle(0, 0, 1), cycle(0, 0, 0)], 1);
        assert_eq!([1, 2, 3].map(|i: usize| outputs[i].concat()), [[0, 0, 0, 0], [1, 0, 0, 1], [1, 1, 0, 0]]);
    }

    #[test]
    fn synthesises() {
        rows(4).assert_synthesises();
        rows(64).assert_synthesises();
    }
}
