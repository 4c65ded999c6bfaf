//! One registered level of the adder tree: sums of neighbours.
//!
//! ```text
//!               +---------------+
//!   operand  ==>|               |==> sum
//!               |  adder_level  |
//!     carry  ==>|               |==> sum_carry
//!               +-------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `operand` | in | COUNT x BITS | partial sums, two's complement |
//! | `carry` | in | COUNT x 1 | what each operand still lacks |
//! | `sum` | out | ceil(COUNT / 2) x (BITS + 1) | sums of two neighbours and the left one's carry |
//! | `sum_carry` | out | ceil(COUNT / 2) x 1 | the right one's carry, still to be added |
//!
//! Parameters: `count` >= 1, `bits`. Latency: [`contract::latency::TREE_LEVEL_CYCLES`]; one set of sums a cycle.
//! Golden: `sum + sum_carry` of a pair is `operand + carry` of its two halves; an odd last operand passes through.
//!
//! A binary tree of n leaves has n - 1 adders, each with a carry input that would be idle: the left operand's carry
//! enters there and the right one's is handed down, so the count of negative trits is added without one more adder.
//! No sum needs a bit more for it: twice the largest operand, and 1, is just the largest number of one bit more.
//!
//! Does not: register its inputs.

use rust_hdl::prelude::*;

use crate::hdl::{Bank, Bus, Pack, Wires, signed_cast, unsigned_cast};

/// Sums of neighbours, registered.
#[derive(LogicBlock, Debug)]
pub struct AdderLevel {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Partial sums.
    pub operand: Pack<Bus<In>>,
    /// What each partial sum still lacks, 0 or 1.
    pub carry: Pack<Bus<In>>,
    /// Half as many sums, one bit wider.
    pub sum: Pack<Bus<Out>>,
    /// What each sum still lacks.
    pub sum_carry: Pack<Bus<Out>>,
    sum_register: Bank,
    carry_register: Bank,
    _pairs: usize,
}

impl AdderLevel {
    /// A level over `count` operands of `bits` bits each.
    pub fn new(count: usize, bits: usize) -> Self {
        let sums = count.div_ceil(2);
        Self {
            clock: Signal::default(),
            operand: Pack::new(count, bits),
            carry: Pack::new(count, 1),
            sum: Pack::new(sums, bits + 1),
            sum_carry: Pack::new(sums, 1),
            sum_register: Bank::new(sums, bits + 1),
            carry_register: Bank::new(sums, 1),
            _pairs: count / 2,
        }
    }
}

impl Logic for AdderLevel {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "Sums of neighbours. The left carry is added here, the right one is handed to the next level."
        );
        clock!(self, clock, sum_register, carry_register);
        self.sum_register.enable.next = true.into();
        self.carry_register.enable.next = true.into();
        for i in 0..self._pairs {
            self.sum_register.d[i].next = signed_cast(self.operand[2 * i].val(), self.sum[i].bits())
                + signed_cast(self.operand[2 * i + 1].val(), self.sum[i].bits())
                + unsigned_cast(self.carry[2 * i].val(), self.sum[i].bits());
            self.carry_register.d[i].next = self.carry[2 * i + 1].val();
        }
        for i in self._pairs..self.sum.len() {
            self.sum_register.d[i].next = signed_cast(self.operand[2 * i].val(), self.sum[i].bits());
            self.carry_register.d[i].next = self.carry[2 * i].val();
        }
        Wires::join(&mut self.sum_register.q, &mut self.sum);
        Wires::join(&mut self.carry_register.q, &mut self.sum_carry);
    }
}

#[cfg(test)]
mod tests {
    use contract::latency::TREE_LEVEL_CYCLES;

    use super::*;
    use crate::cosim::Random;
    use crate::hdl::Word;
    use crate::testing::{Bench, Values, bench};

    fn level(count: usize, bits: usize) -> Bench<AdderLevel> {
        bench!(AdderLevel::new(count, bits), "adder_level": operand, carry => sum, sum_carry)
    }

    /// operand + carry of every pair, as a sum and the carry that is left.
    fn golden(cycle: &Values, bits: usize) -> Values {
        let sum = |(operands, carries): (&[u64], &[u64])| {
            let all: i64 = operands.iter().map(|&o| Word::new(o, bits).signed_value()).sum();
            let added = if carries.len() == 2 { carries[0].cast_signed() } else { 0 };
            Word::signed(all + added, bits + 1).value()
        };
        let pairs = cycle[0].chunks(2).zip(cycle[1].chunks(2));
        let left = cycle[1].chunks(2).filter_map(|carries| carries.last().copied());
        vec![pairs.map(sum).collect(), left.collect()]
    }

    fn check(count: usize, bits: usize, cycles: &[Values]) {
        let outputs = level(count, bits).run(cycles, 1);
        for (cycle, output) in cycles.iter().zip(&outputs[1..]) {
            assert_eq!(*output, golden(cycle, bits));
        }
    }

    #[test]
    fn a_pair_equals_its_sum_for_every_input() {
        // 2 x 6 bits and 2 carries: no sum leaves its 7 bits.
        let cycle = |i: u64| vec![vec![i & 63, i >> 6 & 63], vec![i >> 12 & 1, i >> 13]];
        check(2, 6, &(0..1 << 14).map(cycle).collect::<Vec<_>>());
    }

    #[test]
    fn odd_counts_pass_the_last_operand_on() {
        for (count, bits) in [(1, 8), (3, 9), (7, 8), (13, 11)] {
            let mut random = Random::new(count as u64);
            let mut many = |below: u64| (0..count).map(|_| random.below(below)).collect();
            check(count, bits, &(0..300).map(|_| vec![many(1 << bits), many(2)]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn takes_exactly_its_latency() {
        let cycle = |value| vec![vec![value, 1], vec![0, 0]];
        let outputs = level(2, 8).run(&[cycle(0), cycle(9), cycle(20), cycle(30)], 1);
        let at = 1 + TREE_LEVEL_CYCLES as usize;
        assert_eq!([at - 1, at, at + 1].map(|cycle| outputs[cycle][0][0]), [1, 10, 21]);
    }

    #[test]
    fn synthesises() {
        level(7, 9).assert_synthesises();
    }
}
