//! The signs beside one level of the adder tree: which neighbours are subtracted, and what sign each sum has.
//!
//! ```text
//!                +--------------+
//!                |              |==> minus
//!   negative  ==>|  sign_level  |
//!                |              |==> sum_negative
//!                +------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `negative` | in | COUNT x 1 | the sign of each operand |
//! | `minus` | out | floor(COUNT / 2) x 1 | the right neighbour is subtracted; in the same cycle |
//! | `sum_negative` | out | ceil(COUNT / 2) x 1 | the sign of each sum, when the sum comes |
//!
//! Parameters: `count` >= 2. Latency: 0 to `minus`, [`contract::latency::TREE_LEVEL_CYCLES`] to `sum_negative`.
//! Golden: `contract::add_pending`.
//!
//! Does not: add; `adder_level` does.

use rust_hdl::prelude::*;

use crate::hdl::{Bank, Bus, Pack, Wires};

/// Signs of neighbours.
#[derive(LogicBlock, Debug)]
pub struct SignLevel {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The sign of each operand.
    pub negative: Pack<Bus<In>>,
    /// The right neighbour is subtracted.
    pub minus: Pack<Bus<Out>>,
    /// The sign of each sum.
    pub sum_negative: Pack<Bus<Out>>,
    negative_register: Bank,
}

impl SignLevel {
    /// The signs of `count` operands.
    pub fn new(count: usize) -> Self {
        let sums = count.div_ceil(2);
        Self {
            clock: Signal::default(),
            negative: Pack::new(count, 1),
            minus: Pack::new(count / 2, 1),
            sum_negative: Pack::new(sums, 1),
            negative_register: Bank::new(sums, 1),
        }
    }
}

impl Logic for SignLevel {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Neighbours of different signs are subtracted. A sum has the sign of its left operand.");
        clock!(self, clock, negative_register);
        self.negative_register.enable.next = true.into();
        for i in 0..self.minus.len() {
            self.minus[i].next = self.negative[2 * i].val() ^ self.negative[2 * i + 1].val();
        }
        for i in 0..self.sum_negative.len() {
            self.negative_register.d[i].next = self.negative[2 * i].val();
        }
        Wires::join(&mut self.negative_register.q, &mut self.sum_negative);
    }
}

#[cfg(test)]
mod tests {
    use contract::latency::TREE_LEVEL_CYCLES;

    use super::*;
    use crate::testing::{Bench, Values, bench};

    fn level(count: usize) -> Bench<SignLevel> {
        bench!(SignLevel::new(count), "sign_level": negative => minus, sum_negative)
    }

    #[test]
    fn equals_its_golden_function_for_every_sign() {
        for count in [2usize, 3, 7, 8] {
            let signs = |i: u64| (0..count).map(|bit| i >> bit & 1).collect::<Vec<_>>();
            let cycles: Vec<Values> = (0..1u64 << count).chain([0]).map(|i| vec![signs(i)]).collect();
            let outputs = level(count).run(&cycles, 1);
            for i in 0..1 << count {
                let pairs: Vec<Vec<u64>> = signs(i).chunks(2).map(<[u64]>::to_vec).collect();
                let at = usize::try_from(i).expect("small");
                let full = pairs.iter().filter(|pair| pair.len() == 2);
                assert_eq!(outputs[at][0], full.map(|pair| pair[0] ^ pair[1]).collect::<Vec<_>>());
                // With operands of 1 and 0 the sum is 1, with the left one's sign.
                let sum = |pair: &Vec<u64>| {
                    let sign = |side: usize| pair.get(side).is_some_and(|&sign| sign == 1);
                    u64::from(contract::add_pending((1, sign(0)), (0, sign(1))).1)
                };
                let later = &outputs[at + TREE_LEVEL_CYCLES as usize];
                assert_eq!(later[1], pairs.iter().map(sum).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn synthesises() {
        level(2).assert_synthesises();
        level(7).assert_synthesises();
    }
}
