//! One value over the maximum, a digit a cycle: the long division of 127 |v| by M, rounded to even.
//!
//! ```text
//!    dividend ==>+----------------+
//!    negative -->|                |
//!     maximum ==>|  divider_lane  |==> result
//!       start -->|                |
//!        step -->+-------/\-------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `start` | in | 1 | takes `dividend` and `negative` at this edge |
//! | `step` | in | 1 | finds a digit at this edge |
//! | `dividend` | in | BITS + DIGITS + 1 | 127 \|v\|, \|v\| at most 2^(BITS - 1) |
//! | `negative` | in | 1 | v < 0 |
//! | `maximum` | in | BITS | M, unsigned, during the steps and while the result is read |
//! | `scalable` | in | 1 | M is not 0, while the result is read |
//! | `result` | out | 8 | q, two's complement, after [`contract::latency::DIVIDER_DIGITS`] steps |
//!
//! Parameters: `bits`, a multiple of DIGITS + 1. Latency: 1 to start, `DIVIDER_DIGITS` steps. Golden:
//! [`contract::requantize::rescale`], by the recurrence of `rescale_by_digits` (C-REQ-5).
//!
//! A step shifts the remainder, brings down the dividend's next bit, and subtracts M if it can: the sign of the
//! difference is the digit. The remainder starts as dividend >> (DIGITS + 1), and the digits take the places of the bits
//! that are brought down:
//!
//! - the first digit says 127 |v| >= 128 M. That |v| is beyond M, and the result 127 (C-REQ-4);
//! - the next seven are the quotient. It is 127 at most, and has no fraction there unless |v| is beyond M;
//! - the last one, for which the first is brought down, a 0, is the first of the fraction: twice the remainder against M.
//!   If it is 1 and nothing remains, this is a tie (C-REQ-2).
//!
//! The remainder is below M after every step, and its double in BITS + 1 bits; only where the first digit is 1, and
//! nothing after it matters, it is not.
//!
//! Does not: count its steps, or hold M: lanes in lock step share both.

use contract::latency::DIVIDER_DIGITS;
use contract::requantize::DIGITS;
use rust_hdl::prelude::*;

use crate::hdl::{Bus, Pack, Recast, Register, signed_cast, unsigned_cast};
use crate::operands::DIVIDEND_BITS;

// `update` takes single digits by literals.
const _: () = assert!(DIGITS == 7 && DIVIDER_DIGITS == 9, "a digit, seven of the quotient, a digit");
const QUOTIENT_BITS: usize = DIGITS as usize;
const RESULT_BITS: usize = i8::BITS as usize;

/// A divider of one value.
#[derive(LogicBlock, Debug)]
pub struct DividerLane {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Takes a dividend.
    pub start: Bus<In>,
    /// Finds a digit.
    pub step: Bus<In>,
    /// 127 times the magnitude.
    pub dividend: Bus<In>,
    /// Whether the value is negative.
    pub negative: Bus<In>,
    /// What it is divided by.
    pub maximum: Bus<In>,
    /// Whether that is not 0.
    pub scalable: Bus<In>,
    /// The quotient, rounded, with the value's sign.
    pub result: Bus<Out>,
    remainder: Register,
    digits: Register,
    sign: Register,
    work: Bus<Local>,
    dividend_part: Pack<Bus<Local>>,
    upper_part: Pack<Bus<Local>>,
    // One element: RustHDL's check for loops does not see that a join assigns a bus.
    upper: Pack<Bus<Local>>,
    brought_down: Bus<Local>,
    trial: Bus<Local>,
    difference: Bus<Local>,
    digit: Bus<Local>,
    limited: Bus<Local>,
    round_up: Bus<Local>,
    quotient: Bus<Local>,
    _sign: usize,
}

impl DividerLane {
    /// A divider of a value of `bits` bits.
    pub fn new(bits: usize) -> Self {
        assert!(bits > 0 && bits.is_multiple_of(DIVIDEND_BITS), "a dividend in parts of DIGITS + 1 bits");
        let parts = bits / DIVIDEND_BITS;
        Self {
            clock: Signal::default(),
            start: Bus::new(1),
            step: Bus::new(1),
            dividend: Bus::new(bits + DIVIDEND_BITS),
            negative: Bus::new(1),
            maximum: Bus::new(bits),
            scalable: Bus::new(1),
            result: Bus::new(RESULT_BITS),
            remainder: Register::new(bits + 1),
            digits: Register::new(DIVIDER_DIGITS as usize),
            sign: Register::new(1),
            work: Bus::new(1),
            dividend_part: Pack::new(parts + 1, DIVIDEND_BITS),
            upper_part: Pack::new(parts, DIVIDEND_BITS),
            upper: Pack::new(1, bits),
            brought_down: Bus::new(1),
            trial: Bus::new(bits + 1),
            difference: Bus::new(bits + 1),
            digit: Bus::new(1),
            limited: Bus::new(QUOTIENT_BITS),
            round_up: Bus::new(1),
            quotient: Bus::new(QUOTIENT_BITS),
            _sign: bits,
        }
    }
}

impl Logic for DividerLane {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("127 |v| / M by digits: shift, bring down a bit, subtract M if it can be.");
        clock!(self, clock, remainder, digits, sign);
        Recast::join(&mut self.dividend, &mut self.dividend_part);
        for i in 0..self.upper_part.len() {
            self.upper_part[i].next = self.dividend_part[i + 1].val();
        }
        Recast::join(&mut self.upper_part, &mut self.upper);

        self.brought_down.next = self.digits.q.val().get_bit(7).into();
        self.trial.next =
            (self.remainder.q.val() << 1) | unsigned_cast(self.brought_down.val(), self.trial.bits());
        self.difference.next = self.trial.val() - unsigned_cast(self.maximum.val(), self.trial.bits());
        for i in self._sign..self.difference.bits() {
            self.digit.next = (!self.difference.val().get_bit(i)).into();
        }

        self.work.next = self.start.val() | self.step.val();
        self.remainder.enable.next = self.work.val();
        self.digits.enable.next = self.work.val();
        if self.start.val().any() {
            self.remainder.d.next = unsigned_cast(self.upper[0].val(), self.remainder.q.bits());
            self.digits.d.next = unsigned_cast(self.dividend_part[0].val(), self.digits.q.bits());
        } else {
            self.digits.d.next =
                (self.digits.q.val() << 1) | unsigned_cast(self.digit.val(), self.digits.q.bits());
            if self.digit.val().any() {
                self.remainder.d.next = self.difference.val();
            } else {
                self.remainder.d.next = self.trial.val();
            }
        }
        self.sign.enable.next = self.start.val();
        self.sign.d.next = self.negative.val();

        // All ones, if |v| is beyond M: 127, which is never rounded up.
        self.limited.next = self.digits.q.val().get_bits::<QUOTIENT_BITS>(1)
            | signed_cast(self.digits.q.val().get_bit(8).into(), self.limited.bits());
        self.round_up.next = (self.digits.q.val().get_bit(0)
            && !self.limited.val().all()
            && (self.remainder.q.val().any() || self.limited.val().get_bit(0)))
        .into();
        self.quotient.next = self.limited.val() & signed_cast(self.scalable.val(), self.quotient.bits());
        // -(q + up) is ~q + 1 - up, and the sum needs one adder for both signs.
        self.result.next = (unsigned_cast(self.quotient.val(), self.result.bits())
            ^ signed_cast(self.sign.q.val(), self.result.bits()))
            + unsigned_cast(self.round_up.val() ^ self.sign.q.val(), self.result.bits());
    }
}

#[cfg(test)]
mod tests {
    use contract::requantize::rescale;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn lane(bits: usize) -> Bench<DividerLane> {
        bench!(
            DividerLane::new(bits),
            "divider_lane": start, step, dividend, negative, maximum, scalable => result
        )
    }

    /// A start, all steps, and `wait` cycles in which the result is read. Only the start has the value.
    fn division(value: i32, maximum: u32, wait: usize) -> Vec<Values> {
        let steps = DIVIDER_DIGITS as usize;
        let dividend = 127 * u64::from(value.unsigned_abs());
        let cycle = |i| {
            let (start, step) = (u64::from(i == 0), u64::from((1..=steps).contains(&i)));
            let scalable = u64::from(maximum > 0);
            let dividend = if i == 0 { dividend } else { 0 };
            [start, step, dividend, u64::from(value < 0) ^ (1 - start), maximum.into(), scalable]
                .map(|v| vec![v])
                .to_vec()
        };
        (0..=steps + wait).map(cycle).collect()
    }

    fn check(bits: usize, pairs: &[(i32, u32)]) {
        let cycles: Vec<Values> = pairs.iter().flat_map(|&(v, m)| division(v, m, 1)).collect();
        let each = cycles.len() / pairs.len();
        let outputs = lane(bits).run(&cycles, each - 1);
        for (&(v, m), outputs) in pairs.iter().zip(outputs.chunks(each)) {
            assert_eq!(outputs[each - 1][0], [u64::from(rescale(v, m).cast_unsigned())], "{v} / {m}");
        }
    }

    // Holds C-REQ-2 to C-REQ-5.
    #[test]
    fn equals_the_contract_at_corners_ties_and_random_pairs() {
        let ends = [0, 1, -1, 2, 126, 127, -128, i32::MAX, i32::MIN, i32::MIN + 1, 1 << 30];
        let maxima = [0, 1, 2, 127, 254, 255, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 31) + 1, u32::MAX];
        let mut pairs: Vec<(i32, u32)> = ends.iter().flat_map(|&v| maxima.map(|m| (v, m))).collect();
        // 127 v / M is half of an odd number where M is twice a divisor of 127 v.
        let tie = |odd: i32, factor: u32| (odd * factor.cast_signed(), 254 * factor);
        pairs.extend((-127..=127).step_by(2).flat_map(|odd| [1, 3, 66_051].map(|factor| tie(odd, factor))));
        let mut random = Random::new(1);
        for _ in 0..3000 {
            let value = random.word().cast_signed() >> random.below(32);
            let beyond = random.word() >> random.below(32);
            pairs.push((value, value.unsigned_abs().saturating_add(beyond)));
            pairs.push((value, beyond));
        }
        check(32, &pairs);
    }

    #[test]
    fn finds_a_digit_a_step_and_then_holds() {
        // 127 x 100 / 100: seven ones between two zeros, so that a step too few gives 63.5, a tie, and 64.
        let mut early = division(100, 100, 1);
        early.remove(1);
        let early = lane(8).run(&early, early.len());
        assert_eq!(early.last().expect("a cycle")[0], [64]);
        let held = lane(8).run(&division(100, 100, 5), DIVIDER_DIGITS as usize + 1);
        assert!(held[DIVIDER_DIGITS as usize + 1..].iter().all(|output| output[0] == [127]));
    }

    #[test]
    fn synthesises() {
        lane(8).assert_synthesises();
        lane(32).assert_synthesises();
    }
}
