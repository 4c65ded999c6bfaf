//! One byte of weights: five lanes and the adders that join them.
//!
//! ```text
//!                  +------------+
//!   activation  ==>|            |
//!         zero  ==>|  byte_sum  |--> sum
//!         sign  ==>|            |--> negative
//!                  +-----/\-----+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `activation` | in | 5 x 8 | two's complement; lane 2's comes [`contract::latency::LATE_LANE_CYCLES`] later |
//! | `zero` | in | 5 x 1 | which trits are zero |
//! | `sign` | in | 5 x 1 | the trits' signs (C-LANE-3) |
//! | `sum` | out | 11 | the sum, pending its sign (C-LANE-2) |
//! | `negative` | out | 1 | its sign |
//!
//! Parameters: none. Latency: [`contract::latency::LANE_CYCLES`] + [`contract::latency::BYTE_LEVELS`] x
//! [`contract::latency::TREE_LEVEL_CYCLES`]; one set of activations a cycle. Golden: `contract::sum_byte`.
//!
//! The signs come as the adders want them, (0 + 1), (4 + 3), both, and 2, so nothing is left to compute; each waits until
//! its adder's operands are there, as lane 2's trit does for its activation: two bits wait, and not the operand.
//!
//! Does not: decode the byte.

use contract::latency::LATE_LANE_CYCLES;
use contract::packing::TRITS_PER_BYTE;
use contract::widths::ACTIVATION_BITS;
use rust_hdl::prelude::*;

use crate::adder_level::AdderLevel;
use crate::hdl::{Bank, Bus, Pack, Register, Wires, signed_cast};
use crate::ternary_lane::TernaryLane;

/// Five lanes and their sum.
#[derive(LogicBlock, Debug)]
pub struct ByteSum {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Two's complement; the last lane's comes later.
    pub activation: Pack<Bus<In>>,
    /// Which trits are zero.
    pub zero: Pack<Bus<In>>,
    /// The trits' signs.
    pub sign: Pack<Bus<In>>,
    /// The sum, pending its sign.
    pub sum: Bus<Out>,
    /// Its sign.
    pub negative: Bus<Out>,
    ternary_lane: Vec<TernaryLane>,
    pairs: AdderLevel,
    four: AdderLevel,
    five: AdderLevel,
    lane_sign: Bank,
    pair_sign: Bank,
    four_sign: Bank,
    late_zero: Bank,
    negative_register: Register,
}

impl Default for ByteSum {
    fn default() -> Self {
        let width = ACTIVATION_BITS as usize;
        Self {
            clock: Signal::default(),
            activation: Pack::new(TRITS_PER_BYTE, width),
            zero: Pack::new(TRITS_PER_BYTE, 1),
            sign: Pack::new(TRITS_PER_BYTE, 1),
            sum: Bus::new(width + 3),
            negative: Bus::new(1),
            ternary_lane: (0..TRITS_PER_BYTE).map(|_| TernaryLane::default()).collect(),
            pairs: AdderLevel::new(4, width),
            four: AdderLevel::new(2, width + 1),
            five: AdderLevel::new(2, width + 2),
            lane_sign: Bank::new(5, 1),
            pair_sign: Bank::new(3, 1),
            four_sign: Bank::new(2, 1),
            late_zero: Bank::new(LATE_LANE_CYCLES as usize, 1),
            negative_register: Register::new(1),
        }
    }
}

impl Logic for ByteSum {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Five lanes, added as ((0 + 1) + (4 + 3)) + 2; the signs of later adders wait beside.");
        for i in 0..self.ternary_lane.len() {
            self.ternary_lane[i].clock.next = self.clock.val();
            self.ternary_lane[i].activation.next = self.activation[i].val();
        }
        clock!(self, clock, pairs, four, five, lane_sign, pair_sign, four_sign, late_zero, negative_register);
        self.late_zero.enable.next = true.into();
        self.late_zero.d[0].next = self.zero[2].val();
        self.late_zero.d[1].next = self.late_zero.q[0].val();
        self.ternary_lane[0].zero.next = self.zero[0].val();
        self.ternary_lane[1].zero.next = self.zero[1].val();
        self.ternary_lane[2].zero.next = self.late_zero.q[1].val();
        self.ternary_lane[3].zero.next = self.zero[3].val();
        self.ternary_lane[4].zero.next = self.zero[4].val();
        self.lane_sign.enable.next = true.into();
        self.pair_sign.enable.next = true.into();
        self.four_sign.enable.next = true.into();
        self.negative_register.enable.next = true.into();
        Wires::join(&mut self.sign, &mut self.lane_sign.d);

        self.pairs.operand[0].next = self.ternary_lane[0].operand.val();
        self.pairs.operand[1].next = self.ternary_lane[1].operand.val();
        self.pairs.minus[0].next = self.lane_sign.q[1].val();
        self.pairs.operand[2].next = self.ternary_lane[4].operand.val();
        self.pairs.operand[3].next = self.ternary_lane[3].operand.val();
        self.pairs.minus[1].next = self.lane_sign.q[3].val();
        self.pair_sign.d[0].next = self.lane_sign.q[0].val();
        self.pair_sign.d[1].next = self.lane_sign.q[2].val();
        self.pair_sign.d[2].next = self.lane_sign.q[4].val();

        Wires::join(&mut self.pairs.sum, &mut self.four.operand);
        self.four.minus[0].next = self.pair_sign.q[2].val();
        self.four_sign.d[0].next = self.pair_sign.q[0].val();
        self.four_sign.d[1].next = self.pair_sign.q[1].val();

        self.five.operand[0].next = self.four.sum[0].val();
        self.five.operand[1].next =
            signed_cast(self.ternary_lane[2].operand.val(), self.five.operand[1].bits());
        self.five.minus[0].next = self.four_sign.q[1].val();
        self.negative_register.d.next = self.four_sign.q[0].val();

        self.sum.next = self.five.sum[0].val();
        self.negative.next = self.negative_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use contract::latency::{BYTE_LEVELS, LANE_CYCLES, TREE_LEVEL_CYCLES};

    use super::*;
    use crate::cosim::Random;
    use crate::hdl::Word;
    use crate::testing::{Bench, Values, bench, late_lanes};

    const LATENCY: usize = (LANE_CYCLES + BYTE_LEVELS * TREE_LEVEL_CYCLES) as usize;

    fn byte() -> Bench<ByteSum> {
        bench!(ByteSum::default(), "byte_sum": activation, zero, sign => sum, negative)
    }

    #[test]
    fn equals_the_contract_for_all_wires_and_random_activations() {
        let mut random = Random::new(5);
        let mut activation = || {
            let inner = random.bits().to_le_bytes()[0].cast_signed();
            random.pick(&[i8::MIN, i8::MAX, inner])
        };
        let steps: Vec<([bool; 5], [bool; 5], [i8; 5])> = (0..4096u32)
            .map(|i| {
                // In an order in which neighbours differ everywhere, since what belongs to one step must not serve another.
                let wires = i * 693;
                let bits = |low: u32| std::array::from_fn(|j| wires >> (low as usize + j) & 1 == 1);
                (bits(0), bits(5), std::array::from_fn(|_| activation()))
            })
            .collect();
        let mut cycles: Vec<Values> = steps
            .iter()
            .map(|(zero, sign, a)| {
                let bits = |bits: &[bool; 5]| bits.iter().map(|&bit| bit.into()).collect();
                vec![a.iter().map(|a| a.cast_unsigned().into()).collect(), bits(zero), bits(sign)]
            })
            .collect();
        cycles.extend(vec![cycles[0].clone(); LATENCY]);
        let outputs = byte().run(&late_lanes(cycles), LATENCY);
        for ((zero, sign, a), output) in steps.iter().zip(&outputs[LATENCY..]) {
            let is = (Word::new(output[0][0], 11).signed_value(), output[1][0] == 1);
            assert_eq!(is, contract::sum_byte(*zero, *sign, *a), "{zero:?} {sign:?} {a:?}");
        }
    }

    #[test]
    fn takes_exactly_its_latency() {
        let cycle = |a: u64, sign| vec![vec![a; 5], vec![0; 5], vec![sign, 0, 0, 0, 0]];
        let mut cycles = vec![cycle(0, 0); 3 * LATENCY];
        cycles[LATENCY] = cycle(1, 1);
        let outputs = byte().run(&late_lanes(cycles), LATENCY);
        for (i, output) in outputs.iter().enumerate().skip(LATENCY) {
            let expected = if i == 2 * LATENCY { [5, 1] } else { [0, 0] };
            assert_eq!(*output, expected.map(|value| vec![value]), "cycle {i}");
        }
    }

    #[test]
    fn synthesises() {
        byte().assert_synthesises();
    }
}
