//! The beat that the requantiser works on: its values, their magnitudes, and what the dividers divide.
//!
//! ```text
//!            +------------+==> value
//!   data ===>|            |==> magnitude
//!            |  operands  |==> dividend
//!   load --->+-----/\-----+==> negative
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `load` | in | 1 | `data` is taken at this edge |
//! | `data` | in | LANES x BITS | two's complement |
//! | `value` | out | LANES x BITS | what was taken last: v |
//! | `magnitude` | out | LANES x BITS | \|v\|, unsigned |
//! | `dividend` | out | LANES x (BITS + DIGITS + 1) | 127 \|v\|, unsigned |
//! | `negative` | out | LANES x 1 | v < 0 |
//!
//! Parameters: `lanes` >= 1, `bits`. Latency: [`contract::latency::OPERANDS_CYCLES`]; a beat a cycle. Golden: |v| and
//! 127 |v| in integers.
//!
//! 127 |v| is one subtraction, 128 v - v, for either sign: with both sides complemented it is the negative of that, since
//! the ones that a two's complement would add cancel. All groups of dividers share it.
//!
//! Does not: reset, or know whether what it holds is a beat.

use contract::requantize::DIGITS;
use rust_hdl::prelude::*;

use crate::hdl::{Bank, Bus, Pack, Wires, signed_cast, unsigned_cast};

// `update` shifts by a literal.
const _: () = assert!(DIGITS == 7, "127 |v| is 2^7 |v| - |v|");

/// Bits that a dividend has more than its value, all of them found or brought down digit by digit.
pub const DIVIDEND_BITS: usize = DIGITS as usize + 1;

/// A register of values, and what is made of them.
#[derive(LogicBlock, Debug)]
pub struct Operands {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// `data` is taken at this edge.
    pub load: Bus<In>,
    /// Values.
    pub data: Pack<Bus<In>>,
    /// The values taken last.
    pub value: Pack<Bus<Out>>,
    /// Their magnitudes.
    pub magnitude: Pack<Bus<Out>>,
    /// 127 times their magnitudes.
    pub dividend: Pack<Bus<Out>>,
    /// Which of them are negative.
    pub negative: Pack<Bus<Out>>,
    value_register: Bank,
    _sign: usize,
    _bits: usize,
}

impl Operands {
    /// `lanes` values of `bits` bits.
    pub fn new(lanes: usize, bits: usize) -> Self {
        Self {
            clock: Signal::default(),
            load: Bus::new(1),
            data: Pack::new(lanes, bits),
            value: Pack::new(lanes, bits),
            magnitude: Pack::new(lanes, bits),
            dividend: Pack::new(lanes, bits + DIVIDEND_BITS),
            negative: Pack::new(lanes, 1),
            value_register: Bank::new(lanes, bits),
            _sign: bits - 1,
            _bits: bits,
        }
    }
}

impl Logic for Operands {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("A beat's values v, |v|, and 127 |v| = |128 v - v|.");
        clock!(self, clock, value_register);
        self.value_register.enable.next = self.load.val();
        Wires::join(&mut self.data, &mut self.value_register.d);
        Wires::join(&mut self.value_register.q, &mut self.value);
        for i in 0..self.value.len() {
            for sign in self._sign..self._bits {
                self.negative[i].next = self.value[i].val().get_bit(sign).into();
            }
            self.magnitude[i].next = (self.value[i].val()
                ^ signed_cast(self.negative[i].val(), self.magnitude[i].bits()))
                + unsigned_cast(self.negative[i].val(), self.magnitude[i].bits());
            self.dividend[i].next = ((signed_cast(self.value[i].val(), self.dividend[i].bits()) << 7)
                ^ signed_cast(self.negative[i].val(), self.dividend[i].bits()))
                - (signed_cast(self.value[i].val(), self.dividend[i].bits())
                    ^ signed_cast(self.negative[i].val(), self.dividend[i].bits()));
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::latency::OPERANDS_CYCLES;

    use super::*;
    use crate::cosim::Random;
    use crate::hdl::Word;
    use crate::testing::{Bench, Values, bench};

    fn operands(lanes: usize, bits: usize) -> Bench<Operands> {
        bench!(Operands::new(lanes, bits), "operands": load, data => value, magnitude, dividend, negative)
    }

    fn golden(data: &[u64], bits: usize) -> Values {
        let magnitude = |v: &u64| Word::new(*v, bits).signed_value().unsigned_abs();
        vec![
            data.to_vec(),
            data.iter().map(magnitude).collect(),
            data.iter().map(|v| 127 * magnitude(v)).collect(),
            data.iter().map(|v| v >> (bits - 1)).collect(),
        ]
    }

    fn check(lanes: usize, bits: usize, beats: &[Vec<u64>]) {
        let mut cycles: Vec<Values> = beats.iter().map(|data| vec![vec![1], data.clone()]).collect();
        cycles.push(vec![vec![0], vec![0; lanes]]);
        let outputs = operands(lanes, bits).run(&cycles, 1);
        for (data, output) in beats.iter().zip(&outputs[OPERANDS_CYCLES as usize..]) {
            assert_eq!(*output, golden(data, bits));
        }
    }

    #[test]
    fn every_value_of_8_and_of_16_bits() {
        check(1, 8, &(0..1 << 8).map(|v| vec![v]).collect::<Vec<_>>());
        check(16, 16, &(0..1 << 12).map(|v| (0..16).map(|i| v << 4 | i).collect()).collect::<Vec<_>>());
    }

    #[test]
    fn random_values_of_32_bits_and_both_ends() {
        let mut random = Random::new(1);
        let ends = [0, 1, u64::from(u32::MAX), 1 << 31, (1 << 31) - 1];
        let mut beats: Vec<Vec<u64>> = ends.map(|end| vec![end; 3]).to_vec();
        beats.extend((0..5000).map(|_| (0..3).map(|_| random.bits() >> 32).collect()));
        check(3, 32, &beats);
    }

    #[test]
    fn takes_exactly_its_latency_and_holds() {
        let cycle = |load, value| vec![vec![load], vec![value]];
        let outputs = operands(1, 8).run(&[cycle(1, 3), cycle(1, 255), cycle(0, 9), cycle(0, 9)], 1);
        let at = 1 + OPERANDS_CYCLES as usize;
        assert_eq!([at - 1, at, at + 1].map(|cycle| outputs[cycle][2][0]), [381, 127, 127]);
    }

    #[test]
    fn synthesises() {
        operands(1, 8).assert_synthesises();
        operands(4, 32).assert_synthesises();
    }
}
