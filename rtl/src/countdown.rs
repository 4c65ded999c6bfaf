//! Counts a size down by a constant, and says when what is left fits one more step.
//!
//! ```text
//!            +-------------+
//! advance -->|             |--> last
//!    load -->|  countdown  |
//!    size ==>+-----/\------+==> spare
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `advance` | in | 1 | at this edge the count changes |
//! | `load` | in | 1 | and `size` is left from then on; else STEP less than now |
//! | `size` | in | BITS | at least 1, below 2^(BITS - 1) |
//! | `last` | out | 1 | at most STEP is left |
//! | `spare` | out | BITS | STEP less what is left, two's complement |
//!
//! Parameters: `step` >= 1, `bits`, at least clog2(STEP) + 1. Latency: 1. Golden: a variable.
//!
//! `last` is the sign of a register. What is added is a constant, so that a bit of the count, whatever it is loaded from,
//! is one lookup table: STEP stands on the left of the subtraction, where carry chains take their data.
//!
//! Does not: stop: a step beyond the last leaves nothing that means anything.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, High, Number, Register, clog2, unsigned_cast};

/// A size that is counted down.
#[derive(LogicBlock, Debug)]
pub struct Countdown {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The count changes.
    pub advance: Bus<In>,
    /// To a new size.
    pub load: Bus<In>,
    /// The size.
    pub size: Bus<In>,
    /// At most STEP is left.
    pub last: Bus<Out>,
    /// STEP less what is left.
    pub spare: Bus<Out>,
    spare_register: Register,
    loaded: Bus<Local>,
    difference: Bus<Local>,
    /// STEP, above the place that makes the carry.
    step_size: Number,
    one: Number,
    _sign: usize,
}

impl Countdown {
    /// A count of `bits` bits, by `step`.
    pub fn new(step: u64, bits: usize) -> Self {
        assert!(step > 0 && bits > clog2(step + 1), "a step is a number of that width");
        Self {
            clock: Signal::default(),
            advance: Bus::new(1),
            load: Bus::new(1),
            size: Bus::new(bits),
            last: Bus::new(1),
            spare: Bus::new(bits),
            spare_register: Register::new(bits),
            loaded: Bus::new(bits),
            difference: Bus::new(bits + 1),
            step_size: Number::new(step << 1, bits + 1),
            one: Number::new(1, bits + 1),
            _sign: bits - 1,
        }
    }
}

impl Logic for Countdown {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Counts a size down; the lowest place of the difference makes the carry of a load.");
        clock!(self, clock, spare_register);
        self.loaded.next = !self.spare_register.q.val();
        if self.load.val().any() {
            self.loaded.next = self.size.val();
        }
        self.difference.next = (self.step_size.val()
            | unsigned_cast(self.load.val(), self.difference.bits()))
            - ((unsigned_cast(self.loaded.val(), self.difference.bits()) << 1) | self.one.val());
        self.spare_register.enable.next = self.advance.val();
        High::join(&mut self.difference, &mut self.spare_register.d);
        self.spare.next = self.spare_register.q.val();
        for i in self._sign..self.spare.bits() {
            self.last.next = (!self.spare_register.q.val().get_bit(i)).into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn countdown(step: u64, bits: usize) -> Bench<Countdown> {
        bench!(Countdown::new(step, bits), "countdown": advance, load, size => last, spare)
    }

    /// Sizes of every length, some of them multiples of STEP, counted down with pauses, some of them not to the end.
    #[test]
    fn equals_a_variable() {
        for (step, bits) in [(1, 4), (1, 21), (2, 4), (3, 21), (80, 25), (1000, 12)] {
            let mut random = Random::new(step);
            let most = (1 << (bits - 1)) - 1;
            let mut left = 0_u64;
            let (mut cycles, mut expected) = (vec![], vec![]);
            let mut loads_at_last = 0;
            for i in 0..20_000 {
                let load = i == 0 || random.chance(if left <= step { 50 } else { 1 });
                let size = match random.below(3) {
                    0 => 1 + random.below(most),
                    1 => (step * (1 + random.below(4))).min(most),
                    _ => 1 + random.below(most.min(4 * step)),
                };
                let stepped = left > step && random.chance(70);
                loads_at_last += u64::from(load && left <= step);
                // A size that is not loaded may be anything.
                let cycle =
                    [u64::from(load || stepped), u64::from(load || !stepped && random.chance(50)), size];
                cycles.push(cycle.map(|value| vec![value]).to_vec());
                expected.push((u64::from(left <= step), step.wrapping_sub(left) & ((1 << bits) - 1)));
                left = if load { size } else { left - if stepped { step } else { 0 } };
            }
            assert!(loads_at_last > 100, "too few to tell: {loads_at_last}");
            let outputs: Vec<Values> = countdown(step, bits).run(&cycles, 1);
            for (i, ((last, spare), output)) in expected.into_iter().zip(&outputs).enumerate().skip(1) {
                assert_eq!(output.concat(), [last, spare], "step {step}, cycle {i}");
            }
        }
    }

    #[test]
    fn the_last_step_is_known_in_the_cycle_after_the_one_before_it() {
        let cycle = |advance: u64, load: u64, size: u64| vec![vec![advance], vec![load], vec![size]];
        let outputs =
            countdown(3, 5).run(&[cycle(1, 1, 7), cycle(1, 0, 0), cycle(1, 0, 0), cycle(0, 0, 0)], 1);
        assert_eq!([1, 2, 3].map(|i: usize| outputs[i][0][0]), [0, 0, 1]);
    }

    #[test]
    fn synthesises() {
        countdown(1, 2).assert_synthesises();
        countdown(80, 25).assert_synthesises();
    }
}
