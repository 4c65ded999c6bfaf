//! One registered level of the tree of maxima: the larger of neighbours.
//!
//! ```text
//!   operand ==>+-----------------+
//!              |  maximum_level  |==> larger
//!    enable -->+-------/\--------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `enable` | in | 1, 1 | the pipeline advances at this edge |
//! | `operand` | in | COUNT x BITS | unsigned |
//! | `larger` | out | ceil(COUNT / 2) x BITS | of two neighbours, the larger |
//!
//! Parameters: `count` >= 1, `bits`. Latency: 1; one set a cycle. Golden: `max`; an odd last operand passes through.
//!
//! Does not: register its inputs.

use rust_hdl::prelude::*;

use crate::hdl::{Bank, Bus, Pack, Wires};

/// The larger of neighbours, registered.
#[derive(LogicBlock, Debug)]
pub struct MaximumLevel {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The pipeline advances at this edge.
    pub enable: Bus<In>,
    /// Unsigned numbers.
    pub operand: Pack<Bus<In>>,
    /// Half as many.
    pub larger: Pack<Bus<Out>>,
    larger_register: Bank,
    _pairs: usize,
}

impl MaximumLevel {
    /// A level over `count` operands of `bits` bits each.
    pub fn new(count: usize, bits: usize) -> Self {
        let left = count.div_ceil(2);
        Self {
            clock: Signal::default(),
            enable: Bus::new(1),
            operand: Pack::new(count, bits),
            larger: Pack::new(left, bits),
            larger_register: Bank::new(left, bits),
            _pairs: count / 2,
        }
    }
}

impl Logic for MaximumLevel {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The larger of neighbours.");
        clock!(self, clock, larger_register);
        self.larger_register.enable.next = self.enable.val();
        for i in 0..self._pairs {
            if self.operand[2 * i].val() < self.operand[2 * i + 1].val() {
                self.larger_register.d[i].next = self.operand[2 * i + 1].val();
            } else {
                self.larger_register.d[i].next = self.operand[2 * i].val();
            }
        }
        for i in self._pairs..self.larger.len() {
            self.larger_register.d[i].next = self.operand[2 * i].val();
        }
        Wires::join(&mut self.larger_register.q, &mut self.larger);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn level(count: usize, bits: usize) -> Bench<MaximumLevel> {
        bench!(MaximumLevel::new(count, bits), "maximum_level": enable, operand => larger)
    }

    fn check(count: usize, bits: usize, cycles: &[Values]) {
        let outputs = level(count, bits).run(cycles, 1);
        for (cycle, output) in cycles.iter().zip(&outputs[1..]) {
            let larger: Vec<u64> = cycle[1].chunks(2).filter_map(|pair| pair.iter().max().copied()).collect();
            assert_eq!(*output, [larger]);
        }
    }

    #[test]
    fn every_pair_of_8_bits() {
        check(2, 8, &(0..1 << 16).map(|i| vec![vec![1], vec![i & 255, i >> 8]]).collect::<Vec<_>>());
    }

    #[test]
    fn odd_counts_pass_the_last_operand_on() {
        for (count, bits) in [(1, 32), (3, 32), (8, 32), (7, 9)] {
            let mut random = Random::new(count as u64);
            let mut cycle = |_| vec![vec![1], (0..count).map(|_| random.below(1 << bits)).collect()];
            check(count, bits, &(0..500).map(&mut cycle).collect::<Vec<_>>());
        }
    }

    #[test]
    fn takes_exactly_its_latency_and_holds() {
        let cycle = |enable, value| vec![vec![enable], vec![value, 1]];
        let outputs = level(2, 8).run(&[cycle(1, 0), cycle(1, 9), cycle(0, 20), cycle(0, 30)], 1);
        assert_eq!([1, 2, 3].map(|cycle: usize| outputs[cycle][0][0]), [1, 9, 9]);
    }

    #[test]
    fn synthesises() {
        level(1, 32).assert_synthesises();
        level(7, 32).assert_synthesises();
    }
}
