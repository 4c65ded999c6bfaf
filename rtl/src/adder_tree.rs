//! The sum of all bytes, a registered level at a time, with its sign still to be applied.
//!
//! ```text
//!                 +--------------+
//!     operand  ==>|              |--> sum
//!                 |  adder_tree  |
//!    negative  ==>|              |--> sum_negative
//!                 +------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `operand` | in | BYTES x 11 | what the bytes give |
//! | `negative` | in | BYTES x 1 | their signs |
//! | `sum` | out | 11 + ceil(log2(BYTES)) | the sum, pending its sign (C-LANE-2) |
//! | `sum_negative` | out | 1 | its sign |
//!
//! Parameters: `bytes` >= 1, no power of two needed. Latency: ceil(log2(BYTES)) x
//! [`contract::latency::TREE_LEVEL_CYCLES`]; one sum a cycle. Golden: `contract::add_pending`, over neighbours.
//!
//! Each level is a module of its own with registered sums: Yosys would merge an unregistered tree into one cell that
//! maps badly. With one byte there is no level, and the block is wire.
//!
//! Does not: accumulate.

use rust_hdl::prelude::*;

use crate::adder_level::AdderLevel;
use crate::hdl::{Bus, Pack, Wires};
use crate::sign_level::SignLevel;

/// The sum of all bytes.
#[derive(LogicBlock, Debug)]
pub struct AdderTree {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// What the bytes give.
    pub operand: Pack<Bus<In>>,
    /// Their signs.
    pub negative: Pack<Bus<In>>,
    /// The sum, pending its sign.
    pub sum: Pack<Bus<Out>>,
    /// Its sign.
    pub sum_negative: Pack<Bus<Out>>,
    adder_level: Vec<AdderLevel>,
    sign_level: Vec<SignLevel>,
    partial: Vec<Pack<Bus<Local>>>,
    partial_negative: Vec<Pack<Bus<Local>>>,
}

impl AdderTree {
    /// A tree over the sums of `bytes` bytes, each `bits` bits wide.
    pub fn new(bytes: usize, bits: usize) -> Self {
        let levels = bytes.next_power_of_two().trailing_zeros() as usize;
        let count = |level: usize| bytes.div_ceil(1 << level);
        Self {
            clock: Signal::default(),
            operand: Pack::new(bytes, bits),
            negative: Pack::new(bytes, 1),
            sum: Pack::new(1, bits + levels),
            sum_negative: Pack::new(1, 1),
            adder_level: (0..levels).map(|level| AdderLevel::new(count(level), bits + level)).collect(),
            sign_level: (0..levels).map(|level| SignLevel::new(count(level))).collect(),
            partial: (0..=levels).map(|level| Pack::new(count(level), bits + level)).collect(),
            partial_negative: (0..=levels).map(|level| Pack::new(count(level), 1)).collect(),
        }
    }
}

impl Logic for AdderTree {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The sum of all bytes, one registered level at a time, and its sign.");
        for i in 0..self.adder_level.len() {
            self.adder_level[i].clock.next = self.clock.val();
            self.sign_level[i].clock.next = self.clock.val();
        }
        Wires::join(&mut self.operand, &mut self.partial[0]);
        Wires::join(&mut self.negative, &mut self.partial_negative[0]);
        for i in 0..self.adder_level.len() {
            Wires::join(&mut self.partial[i], &mut self.adder_level[i].operand);
            Wires::join(&mut self.partial_negative[i], &mut self.sign_level[i].negative);
            Wires::join(&mut self.sign_level[i].minus, &mut self.adder_level[i].minus);
            Wires::join(&mut self.adder_level[i].sum, &mut self.partial[i + 1]);
            Wires::join(&mut self.sign_level[i].sum_negative, &mut self.partial_negative[i + 1]);
        }
        for i in self.adder_level.len()..self.partial.len() {
            Wires::join(&mut self.partial[i], &mut self.sum);
            Wires::join(&mut self.partial_negative[i], &mut self.sum_negative);
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::{Pending, add_pending};

    use super::*;
    use crate::cosim::Random;
    use crate::hdl::Word;
    use crate::testing::{Bench, Values, bench};

    fn tree(bytes: usize) -> Bench<AdderTree> {
        bench!(AdderTree::new(bytes, 11), "adder_tree": operand, negative => sum, sum_negative)
    }

    fn levels(bytes: usize) -> usize {
        bytes.next_power_of_two().trailing_zeros() as usize
    }

    fn inputs(operands: &[Pending]) -> Values {
        let (sums, signs): (Vec<i64>, Vec<bool>) = operands.iter().copied().unzip();
        let operand = |sum: i64| Word::signed(sum, 11).value();
        vec![sums.into_iter().map(operand).collect(), signs.into_iter().map(u64::from).collect()]
    }

    fn golden(operands: &[Pending]) -> Pending {
        match operands {
            [one] => *one,
            _ => {
                let add = |pair: &[Pending]| pair.iter().copied().reduce(add_pending).expect("one or two");
                golden(&operands.chunks(2).map(add).collect::<Vec<_>>())
            }
        }
    }

    fn sum(output: &Values, bytes: usize) -> Pending {
        (Word::new(output[0][0], 11 + levels(bytes)).signed_value(), output[1][0] == 1)
    }

    #[test]
    fn equals_the_contract_for_random_bytes_and_both_ends() {
        for bytes in [1, 2, 3, 5, 8, 13, 16] {
            let mut random = Random::new(bytes as u64);
            let mut operand = |_| {
                let inner = random.below(1281).cast_signed() - 640;
                (random.pick(&[-640, 640, inner]), random.chance(50))
            };
            let mut steps: Vec<Vec<Pending>> =
                (0..400).map(|_| (0..bytes).map(&mut operand).collect()).collect();
            steps.extend([-640, 640].map(|end| vec![(end, true); bytes]));
            let mut cycles: Vec<Values> = steps.iter().map(|step| inputs(step)).collect();
            cycles.extend(vec![cycles[0].clone(); levels(bytes)]);
            let outputs = tree(bytes).run(&cycles, levels(bytes));
            for (step, output) in steps.iter().zip(&outputs[levels(bytes)..]) {
                assert_eq!(sum(output, bytes), golden(step), "{bytes} bytes");
            }
        }
    }

    #[test]
    fn takes_exactly_a_cycle_a_level() {
        for bytes in [1usize, 2, 3, 16] {
            let latency = levels(bytes) * contract::latency::TREE_LEVEL_CYCLES as usize;
            let mut cycles = vec![inputs(&vec![(0, false); bytes]); 2 * latency + 3];
            cycles[latency + 1] = inputs(&vec![(1, true); bytes]);
            let outputs = tree(bytes).run(&cycles, latency);
            for (i, output) in outputs.iter().enumerate().skip(latency) {
                let is_pulse = i == latency + 1 + latency;
                let expected = if is_pulse { (bytes as i64, true) } else { (0, false) };
                assert_eq!(sum(output, bytes), expected, "{bytes} bytes, cycle {i}");
            }
        }
    }

    #[test]
    fn synthesises() {
        tree(2).assert_synthesises();
        tree(16).assert_synthesises();
    }
}
