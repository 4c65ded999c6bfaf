//! One registered level of the adder tree: sums or differences of neighbours.
//!
//! ```text
//!               +---------------+
//!   operand  ==>|               |
//!               |  adder_level  |==> sum
//!     minus  ==>|               |
//!               +-------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `operand` | in | COUNT x BITS | partial sums, two's complement |
//! | `minus` | in | floor(COUNT / 2) x 1 | the right neighbour is subtracted |
//! | `sum` | out | ceil(COUNT / 2) x (BITS + 1) | left neighbours plus or minus right ones |
//!
//! Parameters: `count` >= 2, `bits`. Latency: [`contract::latency::TREE_LEVEL_CYCLES`]; one set of sums a cycle.
//! Golden: `contract::add_pending`; an odd last operand passes through.
//!
//! An adder that may subtract is one carry chain: each of its lookup tables also complements the right operand, and the
//! carry that a subtraction needs comes from one more place at the lower end, {left, minus} - {complement, 1}.
//! Yosys keeps the order of a difference, not that of a sum, so that the operand without a lookup table of its own is the left one.
//!
//! Does not: register its inputs.

use rust_hdl::prelude::*;

use crate::hdl::{Bank, Bus, High, Number, Pack, Wires, signed_cast, unsigned_cast};

/// Sums or differences of neighbours, registered.
#[derive(LogicBlock, Debug)]
pub struct AdderLevel {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Partial sums.
    pub operand: Pack<Bus<In>>,
    /// The right neighbour is subtracted.
    pub minus: Pack<Bus<In>>,
    /// Left neighbours plus or minus right ones.
    pub sum: Pack<Bus<Out>>,
    difference: Pack<Bus<Local>>,
    one: Number,
    sum_register: Bank,
}

impl AdderLevel {
    /// A level over `count` operands of `bits` bits.
    pub fn new(count: usize, bits: usize) -> Self {
        let sums = count.div_ceil(2);
        Self {
            clock: Signal::default(),
            operand: Pack::new(count, bits),
            minus: Pack::new(count / 2, 1),
            sum: Pack::new(sums, bits + 1),
            difference: Pack::new(count / 2, bits + 2),
            one: Number::new(1, bits + 2),
            sum_register: Bank::new(sums, bits + 1),
        }
    }
}

impl Logic for AdderLevel {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Left neighbours plus or minus right ones; the lowest place makes a subtraction's carry.");
        clock!(self, clock, sum_register);
        self.sum_register.enable.next = true.into();
        for i in 0..self.minus.len() {
            self.difference[i].next = ((signed_cast(self.operand[2 * i].val(), self.difference[i].bits())
                << 1)
                | unsigned_cast(self.minus[i].val(), self.difference[i].bits()))
                - (((signed_cast(self.operand[2 * i + 1].val(), self.difference[i].bits()) << 1)
                    ^ signed_cast(!self.minus[i].val(), self.difference[i].bits()))
                    | self.one.val());
            High::join(&mut self.difference[i], &mut self.sum_register.d[i]);
        }
        for i in self.minus.len()..self.sum.len() {
            self.sum_register.d[i].next = signed_cast(self.operand[2 * i].val(), self.sum[i].bits());
        }
        Wires::join(&mut self.sum_register.q, &mut self.sum);
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
        bench!(AdderLevel::new(count, bits), "adder_level": operand, minus => sum)
    }

    fn golden(cycle: &Values, bits: usize) -> Values {
        let operand = |o: &u64| Word::new(*o, bits).signed_value();
        let sum = |(i, pair): (usize, &[u64])| {
            let right = pair.get(1).map_or((0, false), |right| (operand(right), cycle[1][i] == 1));
            let (sum, _) = contract::add_pending((operand(&pair[0]), false), right);
            Word::signed(sum, bits + 1).value()
        };
        vec![cycle[0].chunks(2).enumerate().map(sum).collect()]
    }

    fn check(count: usize, bits: usize, cycles: &[Values]) {
        let outputs = level(count, bits).run(cycles, 1);
        for (cycle, output) in cycles.iter().zip(&outputs[1..]) {
            assert_eq!(*output, golden(cycle, bits));
        }
    }

    #[test]
    fn a_pair_equals_its_sum_or_difference_for_every_input() {
        let cycle = |i: u64| vec![vec![i & 63, i >> 6 & 63], vec![i >> 12]];
        check(2, 6, &(0..1 << 13).map(cycle).collect::<Vec<_>>());
    }

    #[test]
    fn odd_counts_pass_the_last_operand_on() {
        for (count, bits) in [(3, 9), (5, 8), (7, 8), (13, 11)] {
            let mut random = Random::new(count as u64);
            let mut many = |count: usize, below: u64| (0..count).map(|_| random.below(below)).collect();
            check(
                count,
                bits,
                &(0..300).map(|_| vec![many(count, 1 << bits), many(count / 2, 2)]).collect::<Vec<_>>(),
            );
        }
    }

    #[test]
    fn takes_exactly_its_latency() {
        let cycle = |value| vec![vec![value, 1], vec![0]];
        let outputs = level(2, 8).run(&[cycle(0), cycle(9), cycle(20), cycle(30)], 1);
        let at = 1 + TREE_LEVEL_CYCLES as usize;
        assert_eq!([at - 1, at, at + 1].map(|cycle| outputs[cycle][0][0]), [1, 10, 21]);
    }

    #[test]
    fn synthesises() {
        level(2, 6).assert_synthesises();
        level(7, 9).assert_synthesises();
    }
}
