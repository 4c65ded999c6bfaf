//! A memory with one write port and one registered read port.
//!
//! ```text
//!                 +----------+
//!        write -->|          |
//! write_address ->|          |
//!   write_data ==>|  memory  |==> read_data
//!         read -->|          |
//!  read_address ->+----/\----+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `write` | in | 1 | `write_address` takes `write_data` at this edge |
//! | `write_address` | in | clog2(DEPTH) | below DEPTH |
//! | `write_data` | in | COUNT x BITS | |
//! | `read` | in | 1 | `read_data` takes what `read_address` holds at this edge; else it stays |
//! | `read_address` | in | clog2(DEPTH) | below DEPTH |
//! | `read_data` | out | COUNT x BITS | what was read last |
//!
//! Parameters: `depth` >= 2, `count`, `bits`. Latency: 1 to write, 1 to read. Golden: an array.
//!
//! The registered read lets a block RAM implement it; small ones become LUT memory and flip-flops. A memory is Verilog
//! written by hand; `update` is compared with it over 100,000 random cycles.
//!
//! Does not: reset, or forward what is written to the address that is read at the same edge: what is read then is
//! unknown (vendors' memories differ), and no user of this block does it.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, NAMED, Pack, Word, clog2};

/// A memory of `depth` rows.
#[derive(LogicBlock, Debug)]
pub struct Memory {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// A row is written at this edge.
    pub write: Bus<In>,
    /// The row that is written.
    pub write_address: Bus<In>,
    /// What is written.
    pub write_data: Pack<Bus<In>>,
    /// A row is read at this edge.
    pub read: Bus<In>,
    /// The row that is read.
    pub read_address: Bus<In>,
    /// What was read last.
    pub read_data: Pack<Bus<Out>>,
    _rows: Vec<Vec<Word>>,
}

impl Memory {
    /// `depth` >= 2 rows of `count` elements of `bits` bits each.
    pub fn new(depth: usize, count: usize, bits: usize) -> Self {
        assert!(depth >= 2, "a memory has at least two rows");
        let address = || Bus::new(clog2(depth as u64));
        Self {
            clock: Signal::default(),
            write: Bus::new(1),
            write_address: address(),
            write_data: Pack::new(count, bits),
            read: Bus::new(1),
            read_address: address(),
            read_data: Pack::new(count, bits),
            _rows: vec![vec![Word::new(0, bits); count]; depth],
        }
    }
}

impl Logic for Memory {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        let row = |address: Word| usize::try_from(address.value()).unwrap_or(usize::MAX);
        // The row is read as it was before this edge.
        if self.read.val().any()
            && let Some(held) = self._rows.get(row(self.read_address.val()))
        {
            self.read_data.iter_mut().zip(held).for_each(|(to, from)| to.next = *from);
        }
        if self.write.val().any()
            && let Some(held) = self._rows.get_mut(row(self.write_address.val()))
        {
            held.iter_mut().zip(self.write_data.iter()).for_each(|(to, from)| *to = from.val());
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "\
{NAMED}memory
(* no_rw_check *) reg [{top}:0] rows [0:{last}];
reg [{top}:0] row;
assign read_data = row;
always @(posedge clock) begin
  if (write) rows[write_address] <= write_data;
  if (read) row <= rows[read_address];
end
",
            top = self.write_data.bits() - 1,
            last = self._rows.len() - 1
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn memory(depth: usize, count: usize) -> Bench<Memory> {
        bench!(
            Memory::new(depth, count, 8),
            "memory": write, write_address, write_data, read, read_address => read_data
        )
    }

    #[test]
    fn equals_an_array_over_100_000_random_cycles() {
        for (depth, count, cycles) in [(2, 1, 20_000), (5, 3, 100_000), (16, 2, 20_000)] {
            let mut random = Random::new(depth);
            let mut cycle = |i: u64| {
                let mut data: Vec<u64> = (0..count).map(|_| random.below(256)).collect();
                let (mut write, mut to) = (random.below(2), random.below(depth));
                let (read, from) = (u64::from(i >= depth) & random.below(2), random.below(depth));
                if i < depth {
                    (write, to) = (1, i);
                }
                // What is read while it is written is nobody's to know.
                write &= u64::from(read == 0 || from != to);
                data.truncate(count as usize);
                vec![vec![write], vec![to], data, vec![read], vec![from]]
            };
            let inputs: Vec<Values> = (0..cycles).map(&mut cycle).collect();
            let first_read = inputs.iter().position(|cycle| cycle[3][0] == 1).expect("a read");
            let depth = usize::try_from(depth).expect("a depth");
            let outputs = memory(depth, count as usize).run(&inputs, first_read + 1);
            let mut rows = vec![vec![0; count as usize]; depth];
            let mut row = rows[0].clone();
            for (i, (cycle, output)) in inputs.iter().zip(&outputs).enumerate() {
                assert!(i <= first_read || output[0] == row, "cycle {i}");
                let at = |field: usize| usize::try_from(cycle[field][0]).expect("an address");
                if cycle[3][0] == 1 {
                    row.clone_from(&rows[at(4)]);
                }
                if cycle[0][0] == 1 {
                    rows[at(1)].clone_from(&cycle[2]);
                }
            }
        }
    }

    #[test]
    fn a_row_shows_after_a_write_and_a_read_and_not_before() {
        let cycle = |write, data, read| vec![vec![write], vec![1], vec![data], vec![read], vec![1]];
        let inputs = [cycle(1, 7, 0), cycle(0, 0, 1), cycle(1, 9, 0), cycle(0, 0, 1), cycle(0, 0, 0)];
        let outputs = memory(2, 1).run(&inputs, 2);
        assert_eq!([2, 3, 4].map(|cycle: usize| outputs[cycle][0][0]), [7, 7, 9]);
    }

    #[test]
    fn synthesises() {
        memory(2, 1).assert_synthesises();
        memory(16, 3).assert_synthesises();
    }
}
