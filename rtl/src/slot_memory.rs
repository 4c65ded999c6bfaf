//! The accumulators of one column, one a token slot.
//!
//! ```text
//!                +---------------+
//!   read_slot -->|               |--> read_data
//!  write_slot -->|  slot_memory  |
//!  write_data -->|               |
//!       write -->+-------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `write` | in | 1 | `write_slot` takes `write_data` at this edge |
//! | `write_slot`, `read_slot` | in | clog2(TOKENS) | below TOKENS |
//! | `write_data` | in | BITS | |
//! | `read_data` | out | BITS | what `read_slot` holds, in the same cycle |
//!
//! Parameters: `tokens` >= 1, `bits`. Latency: 0 to read, 1 to write. Golden: an array.
//!
//! The read is asynchronous: LUT memory where there is some, flip-flops elsewhere. A memory is Verilog written by hand; `update` is compared with it over 100,000 random cycles.
//!
//! Does not: reset. The first K step of a token starts from zero instead of from what a slot holds.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Word, clog2};

/// One accumulator a token slot.
#[derive(LogicBlock, Debug)]
pub struct SlotMemory {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// `write_slot` takes `write_data` at this edge.
    pub write: Bus<In>,
    /// The slot that is written.
    pub write_slot: Bus<In>,
    /// The slot that is read.
    pub read_slot: Bus<In>,
    /// What is written.
    pub write_data: Bus<In>,
    /// What the slot holds.
    pub read_data: Bus<Out>,
    _slots: Vec<Word>,
}

impl SlotMemory {
    /// `tokens` accumulators of `bits` bits.
    pub fn new(tokens: u32, bits: usize) -> Self {
        Self {
            clock: Signal::default(),
            write: Bus::new(1),
            write_slot: Bus::new(clog2(tokens.into())),
            read_slot: Bus::new(clog2(tokens.into())),
            write_data: Bus::new(bits),
            read_data: Bus::new(bits),
            _slots: vec![Word::new(0, bits); tokens as usize],
        }
    }

    /// The slot addressed; beyond the last one there is none, and nothing is stored. One slot has no address.
    fn index(&self, slot: Word) -> usize {
        if self._slots.len() == 1 { 0 } else { usize::try_from(slot.value()).unwrap_or(usize::MAX) }
    }
}

impl Logic for SlotMemory {
    fn update(&mut self) {
        let (write_slot, read_slot) = (self.index(self.write_slot.val()), self.index(self.read_slot.val()));
        if self.clock.pos_edge()
            && self.write.val().any()
            && let Some(held) = self._slots.get_mut(write_slot)
        {
            *held = self.write_data.val();
        }
        if let Some(held) = self._slots.get(read_slot) {
            self.read_data.next = *held;
        }
    }

    fn connect(&mut self) {
        self.read_data.connect();
    }

    fn hdl(&self) -> Verilog {
        let (slots, top) = (self._slots.len(), self.write_data.bits() - 1);
        Verilog::Custom(if slots == 1 {
            format!(
                "\
// One accumulator: the slot selects nothing.
reg [{top}:0] accumulator;
wire unused_slot = &{{1'b0, write_slot, read_slot}};
assign read_data = accumulator;
always @(posedge clock)
  if (write) accumulator <= write_data;
"
            )
        } else {
            format!(
                "\
// One accumulator a token slot, read in the cycle it is addressed.
reg [{top}:0] accumulator [0:{last}];
assign read_data = accumulator[read_slot];
always @(posedge clock)
  if (write) accumulator[write_slot] <= write_data;
",
                last = slots - 1
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn memory(tokens: u32) -> Bench<SlotMemory> {
        bench!(SlotMemory::new(tokens, 24), "slot_memory": write, write_slot, write_data, read_slot => read_data)
    }

    #[test]
    fn equals_an_array_over_100_000_random_cycles() {
        for (tokens, cycles) in [(1, 20_000), (3, 20_000), (8, 100_000)] {
            let mut random = Random::new(tokens.into());
            let mut cycle = |i: u64| {
                // Every slot is written once, then at random.
                let (write, slot) = if i < u64::from(tokens) {
                    (1, i)
                } else {
                    (random.below(2), random.below(tokens.into()))
                };
                vec![vec![write], vec![slot], vec![random.below(1 << 24)], vec![random.below(tokens.into())]]
            };
            let cycles: Vec<Values> = (0..cycles).map(&mut cycle).collect();
            let outputs = memory(tokens).run(&cycles, tokens as usize);
            let mut slots = vec![0; tokens as usize];
            for (i, (cycle, output)) in cycles.iter().zip(outputs).enumerate() {
                let slot = |field: usize| usize::try_from(cycle[field][0]).expect("a slot");
                assert!(i < tokens as usize || output[0][0] == slots[slot(3)]);
                if cycle[0][0] == 1 {
                    slots[slot(1)] = cycle[2][0];
                }
            }
        }
    }

    #[test]
    fn reads_in_the_same_cycle_and_writes_in_one() {
        let cycle = |write, slot, data, read| vec![vec![write], vec![slot], vec![data], vec![read]];
        let cycles = [
            cycle(1, 0, 5, 0),
            cycle(1, 1, 6, 0),
            cycle(1, 0, 7, 0),
            cycle(0, 0, 8, 0),
            cycle(0, 0, 8, 1),
            cycle(0, 1, 8, 0),
        ];
        let outputs = memory(2).run(&cycles, 2);
        assert_eq!([2, 3, 4, 5].map(|cycle: usize| outputs[cycle][0][0]), [5, 7, 6, 7]);
    }

    #[test]
    fn synthesises() {
        memory(1).assert_synthesises();
        memory(4).assert_synthesises();
    }
}
