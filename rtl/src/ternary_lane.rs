//! One trit times one activation, without a multiplier and without a negation.
//!
//! ```text
//!                 +---------------+
//!   activation -->|               |--> operand
//!      nonzero -->| ternary_lane  |
//!     negative -->|               |--> carry
//!                 +-------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `activation` | in | 8 | two's complement, -128 included |
//! | `nonzero`, `negative` | in | 1, 1 | the trit (C-TRIT-2); negative implies nonzero |
//! | `operand` | out | 8 | activation, 0, or its complement |
//! | `carry` | out | 1 | what `operand` lacks to the product: 1 for a negative trit |
//!
//! Parameters: none. Latency: [`contract::latency::LANE_CYCLES`]; one product a cycle.
//! Golden: `contract::lane` is `operand`, and `operand + carry` is the trit times the activation.
//!
//! The complement is one less than the negative. Adding the missing 1 here would cost a carry chain a lane and a ninth
//! bit for -(-128); the adder tree has a free carry input for it.
//!
//! Does not: decode trits, or repair a trit that is negative and zero.

use contract::widths::ACTIVATION_BITS;
use rust_hdl::prelude::*;

use crate::hdl::{Bus, Register, signed_cast};

/// One trit times one activation, registered.
#[derive(LogicBlock, Debug)]
pub struct TernaryLane {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The activation, 8 bits.
    pub activation: Bus<In>,
    /// The trit is not zero.
    pub nonzero: Bus<In>,
    /// The trit is -1.
    pub negative: Bus<In>,
    /// The activation, 0 or the activation's complement, 8 bits.
    pub operand: Bus<Out>,
    /// Added to `operand`, gives the product.
    pub carry: Bus<Out>,
    operand_register: Register,
    carry_register: Register,
}

impl Default for TernaryLane {
    fn default() -> Self {
        let width = ACTIVATION_BITS as usize;
        Self {
            clock: Signal::default(),
            activation: Bus::new(width),
            nonzero: Bus::new(1),
            negative: Bus::new(1),
            operand: Bus::new(width),
            carry: Bus::new(1),
            operand_register: Register::new(width),
            carry_register: Register::new(1),
        }
    }
}

impl Logic for TernaryLane {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("One trit times one activation: the activation, 0, or the complement with a carry of 1.");
        clock!(self, clock, operand_register, carry_register);
        self.operand_register.enable.next = true.into();
        self.operand_register.d.next = signed_cast(self.nonzero.val(), self.operand.bits())
            & (self.activation.val() ^ signed_cast(self.negative.val(), self.operand.bits()));
        self.operand.next = self.operand_register.q.val();
        self.carry_register.enable.next = true.into();
        self.carry_register.d.next = self.negative.val();
        self.carry.next = self.carry_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use contract::{Trit, latency::LANE_CYCLES};

    use super::*;
    use crate::testing::{Bench, Values, bench};

    fn lane() -> Bench<TernaryLane> {
        bench!(TernaryLane::default(), "ternary_lane": activation, nonzero, negative => operand, carry)
    }

    fn inputs(trit: Trit, activation: i8) -> Values {
        let activation = activation.cast_unsigned().into();
        [activation, trit.is_nonzero().into(), trit.is_negative().into()].map(|v| vec![v]).into()
    }

    #[test]
    fn equals_the_contract_for_every_trit_and_activation() {
        let pairs: Vec<_> =
            Trit::ALL.iter().flat_map(|&trit| (i8::MIN..=i8::MAX).map(move |a| (trit, a))).collect();
        let mut cycles: Vec<Values> = pairs.iter().map(|&(t, a)| inputs(t, a)).collect();
        cycles.push(inputs(Trit::Zero, 0));
        let outputs = lane().run(&cycles, 1);
        for (i, &(trit, a)) in pairs.iter().enumerate() {
            let operand = u64::from(contract::lane(trit, a).cast_unsigned());
            assert_eq!(outputs[i + 1], [vec![operand], vec![trit.is_negative().into()]], "{trit:?} * {a}");
        }
    }

    #[test]
    fn takes_exactly_its_latency() {
        let other = inputs(Trit::Zero, 0);
        let outputs = lane().run(&[other.clone(), inputs(Trit::Plus, 77), other.clone(), other], 1);
        let at = 1 + LANE_CYCLES as usize;
        assert_eq!([at - 1, at, at + 1].map(|cycle| outputs[cycle][0][0]), [0, 77, 0]);
    }

    #[test]
    fn synthesises() {
        lane().assert_synthesises();
    }
}
