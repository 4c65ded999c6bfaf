//! The sum of all lanes, a registered level at a time, with the count of negative trits added on the way.
//!
//! ```text
//!               +--------------+
//!   operand  ==>|              |--> sum
//!               |  adder_tree  |
//!     carry  ==>|              |--> sum_carry
//!               +------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `operand` | in | LANES x 8 | what the lanes give |
//! | `carry` | in | LANES x 1 | what each operand lacks to its product |
//! | `sum` | out | `contract::widths::tree_bits(LANES)` | the sum but for the last lane's carry |
//! | `sum_carry` | out | 1 | the last lane's carry, for the accumulator's carry input |
//!
//! Parameters: `lanes` >= 1, no power of two needed. Latency: `contract::latency::tree_levels(LANES)` x
//! [`contract::latency::TREE_LEVEL_CYCLES`]; one sum a cycle. Golden: `sum + sum_carry` is `contract::sum_lanes`.
//!
//! Each level is a module of its own with registered sums: Yosys would merge an unregistered tree into one cell that
//! maps badly. With one lane there is no level, and the block is wire.
//!
//! Does not: accumulate.

use contract::{latency::tree_levels, widths::ACTIVATION_BITS};
use rust_hdl::prelude::*;

use crate::adder_level::AdderLevel;
use crate::hdl::{Bus, Pack, Wires};

/// The sum of all lanes.
#[derive(LogicBlock, Debug)]
pub struct AdderTree {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// What the lanes give.
    pub operand: Pack<Bus<In>>,
    /// What each operand lacks to its product, 0 or 1.
    pub carry: Pack<Bus<In>>,
    /// The sum, one element.
    pub sum: Pack<Bus<Out>>,
    /// What the sum still lacks, one element.
    pub sum_carry: Pack<Bus<Out>>,
    adder_level: Vec<AdderLevel>,
    partial: Vec<Pack<Bus<Local>>>,
    partial_carry: Vec<Pack<Bus<Local>>>,
}

impl AdderTree {
    /// A tree over `lanes` operands.
    pub fn new(lanes: u32) -> Self {
        let levels = tree_levels(lanes) as usize;
        let width = |level: usize| ACTIVATION_BITS as usize + level;
        let count = |level: usize| (lanes as usize).div_ceil(1 << level);
        Self {
            clock: Signal::default(),
            operand: Pack::new(count(0), width(0)),
            carry: Pack::new(count(0), 1),
            sum: Pack::new(1, width(levels)),
            sum_carry: Pack::new(1, 1),
            adder_level: (0..levels).map(|level| AdderLevel::new(count(level), width(level))).collect(),
            partial: (0..=levels).map(|level| Pack::new(count(level), width(level))).collect(),
            partial_carry: (0..=levels).map(|level| Pack::new(count(level), 1)).collect(),
        }
    }
}

impl Logic for AdderTree {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The sum of all lanes, one registered level at a time.");
        for i in 0..self.adder_level.len() {
            self.adder_level[i].clock.next = self.clock.val();
        }
        Wires::join(&mut self.operand, &mut self.partial[0]);
        Wires::join(&mut self.carry, &mut self.partial_carry[0]);
        for i in 0..self.adder_level.len() {
            Wires::join(&mut self.partial[i], &mut self.adder_level[i].operand);
            Wires::join(&mut self.partial_carry[i], &mut self.adder_level[i].carry);
            Wires::join(&mut self.adder_level[i].sum, &mut self.partial[i + 1]);
            Wires::join(&mut self.adder_level[i].sum_carry, &mut self.partial_carry[i + 1]);
        }
        for i in self.adder_level.len()..self.partial.len() {
            Wires::join(&mut self.partial[i], &mut self.sum);
            Wires::join(&mut self.partial_carry[i], &mut self.sum_carry);
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::{Trit, lane, sum_lanes, widths::tree_bits};

    use super::*;
    use crate::cosim::Random;
    use crate::hdl::Word;
    use crate::testing::{Bench, Values, bench};

    fn tree(lanes: u32) -> Bench<AdderTree> {
        bench!(AdderTree::new(lanes), "adder_tree": operand, carry => sum, sum_carry)
    }

    fn inputs(products: &[(Trit, i8)]) -> Values {
        let operands = products.iter().map(|&(t, a)| lane(t, a).cast_unsigned().into()).collect();
        let carries = products.iter().map(|(t, _)| t.is_negative().into()).collect();
        vec![operands, carries]
    }

    fn sum(output: &Values, lanes: u32) -> i64 {
        Word::new(output[0][0], tree_bits(lanes) as usize).signed_value() + output[1][0].cast_signed()
    }

    #[test]
    fn equals_the_contract_for_random_lanes_and_both_ends() {
        for lanes in [1, 2, 3, 5, 8, 33, 80] {
            let mut random = Random::new(lanes.into());
            let mut product = |_| {
                let a = [i8::MIN, i8::MAX, random.bits().to_le_bytes()[0].cast_signed()];
                (random.pick(&Trit::ALL), random.pick(&a))
            };
            let mut steps: Vec<Vec<(Trit, i8)>> =
                (0..200).map(|_| (0..lanes).map(&mut product).collect()).collect();
            // 128 for every lane, -128 for every lane.
            steps.extend([Trit::Minus, Trit::Plus].map(|t| vec![(t, i8::MIN); lanes as usize]));
            let levels = tree_levels(lanes) as usize;
            let mut cycles: Vec<Values> = steps.iter().map(|step| inputs(step)).collect();
            cycles.extend(vec![cycles[0].clone(); levels]);
            let outputs = tree(lanes).run(&cycles, levels);
            for (step, output) in steps.iter().zip(&outputs[levels..]) {
                let (trits, a): (Vec<Trit>, Vec<i8>) = step.iter().copied().unzip();
                assert_eq!(sum(output, lanes), sum_lanes(&trits, &a), "{lanes} lanes");
            }
        }
    }

    #[test]
    fn takes_exactly_a_cycle_a_level() {
        for lanes in [1u32, 2, 3, 80] {
            let latency = (tree_levels(lanes) * contract::latency::TREE_LEVEL_CYCLES) as usize;
            let (quiet, pulse) = ((Trit::Zero, 0), (Trit::Plus, 1));
            let mut cycles = vec![inputs(&vec![quiet; lanes as usize]); 2 * latency + 3];
            cycles[latency + 1] = inputs(&vec![pulse; lanes as usize]);
            let outputs = tree(lanes).run(&cycles, latency);
            let seen: Vec<i64> = outputs.iter().map(|output| sum(output, lanes)).collect();
            let at = seen.iter().position(|&s| s != 0);
            assert_eq!(at, Some(latency + 1 + latency), "{lanes} lanes");
            assert_eq!(seen.iter().sum::<i64>(), lanes.into());
        }
    }

    #[test]
    fn synthesises() {
        tree(2).assert_synthesises();
        tree(80).assert_synthesises();
    }
}
