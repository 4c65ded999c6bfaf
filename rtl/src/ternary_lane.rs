//! One trit's activation, or zero: a register that a zero trit clears.
//!
//! ```text
//!                 +----------------+
//!   activation -->|                |
//!                 |  ternary_lane  |--> operand
//!         zero -->|                |
//!                 +-------/\-------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `activation` | in | 8 | two's complement, -128 included |
//! | `zero` | in | 1 | the trit is zero |
//! | `operand` | out | 8 | activation, or 0 |
//!
//! Parameters: none. Latency: [`contract::latency::LANE_CYCLES`]; one activation a cycle. Golden: `contract::lane`.
//!
//! The synchronous clear of a flip-flop is free in every FPGA, so a lane is no lookup table at all; the adders behind it
//! add or subtract (C-LANE-2). A zero trit that stays holds eight flip-flops at rest.
//!
//! Does not: negate.

use contract::widths::ACTIVATION_BITS;
use rust_hdl::prelude::*;

use crate::hdl::{Bus, ResetRegister};

/// One trit's activation, registered.
#[derive(LogicBlock, Debug)]
pub struct TernaryLane {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Two's complement.
    pub activation: Bus<In>,
    /// The trit is zero.
    pub zero: Bus<In>,
    /// Activation, or 0.
    pub operand: Bus<Out>,
    operand_register: ResetRegister,
}

impl Default for TernaryLane {
    fn default() -> Self {
        let width = ACTIVATION_BITS as usize;
        Self {
            clock: Signal::default(),
            activation: Bus::new(width),
            zero: Bus::new(1),
            operand: Bus::new(width),
            operand_register: ResetRegister::new(width),
        }
    }
}

impl Logic for TernaryLane {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("One trit's activation: a zero trit clears it.");
        clock!(self, clock, operand_register);
        self.operand_register.reset.next = self.zero.val();
        self.operand_register.enable.next = true.into();
        self.operand_register.d.next = self.activation.val();
        self.operand.next = self.operand_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use contract::{Trit, latency::LANE_CYCLES};

    use super::*;
    use crate::testing::{Bench, Values, bench};

    fn lane() -> Bench<TernaryLane> {
        bench!(TernaryLane::default(), "ternary_lane": activation, zero => operand)
    }

    fn inputs(trit: Trit, activation: i8) -> Values {
        [activation.cast_unsigned().into(), (!trit.is_nonzero()).into()].map(|v| vec![v]).into()
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
            assert_eq!(outputs[i + 1], [vec![operand]], "{trit:?} * {a}");
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
