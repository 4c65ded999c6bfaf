//! A group of dividers in lock step: one beat of values over its maximum.
//!
//! ```text
//!       start -->+-----------+--> ready, idle
//!    dividend ==>|           |--> result_valid
//!    negative ==>|  divider  |<-- result_ready
//!     maximum ==>|           |==> result_data
//!        last -->+-----/\----+--> result_last
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops the beat |
//! | `start` | in | 1 | takes a beat at this edge; only while `ready` |
//! | `ready` | out | 1 | at rest, or its result is taken in this cycle; stays until `start` |
//! | `dividend` | in | LANES x (BITS + DIGITS + 1) | 127 \|v\|, \|v\| at most 2^(BITS - 1) |
//! | `negative` | in | LANES x 1 | v < 0 |
//! | `maximum` | in | BITS | M, unsigned |
//! | `last` | in | 1 | goes with the beat |
//! | `result_valid`, `result_ready` | out, in | 1, 1 | handshake of the result |
//! | `result_data` | out | LANES x 8 | q, two's complement |
//! | `result_last` | out | 1 | the beat's `last` |
//! | `idle` | out | 1 | no beat inside |
//!
//! Parameters: `lanes` >= 1, `bits` a multiple of DIGITS + 1. Latency: start to `result_valid`, [`CYCLES`]; the next beat
//! can start in the cycle in which the result is taken, so that a beat takes `CYCLES` cycles where results do not wait.
//! Golden: [`contract::requantize::rescale`].
//!
//! `ready` depends on `result_ready` in the same cycle.
//!
//! Does not: buffer its result, or form dividends: all groups take them from the same register.

use contract::latency::{DIVIDER_CYCLES, DIVIDER_DIGITS};
use rust_hdl::prelude::*;

use crate::divider_lane::DividerLane;
use crate::hdl::{Bus, Number, Pack, Register, ResetRegister, clog2};
use crate::operands::DIVIDEND_BITS;

/// Cycles a group of dividers takes for a beat.
pub const CYCLES: u32 = DIVIDER_CYCLES;

/// A group of dividers.
#[derive(LogicBlock, Debug)]
pub struct Divider {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops the beat.
    pub reset: Bus<In>,
    /// Takes a beat.
    pub start: Bus<In>,
    /// Can take a beat.
    pub ready: Bus<Out>,
    /// 127 times the magnitudes.
    pub dividend: Pack<Bus<In>>,
    /// Which values are negative.
    pub negative: Pack<Bus<In>>,
    /// What the dividends are divided by.
    pub maximum: Bus<In>,
    /// Goes with the beat.
    pub last: Bus<In>,
    /// A result is offered.
    pub result_valid: Bus<Out>,
    /// The result is taken.
    pub result_ready: Bus<In>,
    /// The quotients, rounded.
    pub result_data: Pack<Bus<Out>>,
    /// What went with the beat.
    pub result_last: Bus<Out>,
    /// No beat inside.
    pub idle: Bus<Out>,
    divider_lane: Vec<DividerLane>,
    maximum_register: Register,
    last_register: Register,
    /// Cycles to go, the one of the result included; 0 at rest.
    cycles_left: ResetRegister,
    offered: Bus<Local>,
    taken: Bus<Local>,
    step: Bus<Local>,
    scalable: Bus<Local>,
    all_cycles: Number,
}

impl Divider {
    /// A group of `lanes` dividers for values of `bits` bits.
    pub fn new(lanes: usize, bits: usize) -> Self {
        let count_bits = clog2(u64::from(DIVIDER_CYCLES) + 1);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            start: Bus::new(1),
            ready: Bus::new(1),
            dividend: Pack::new(lanes, bits + DIVIDEND_BITS),
            negative: Pack::new(lanes, 1),
            maximum: Bus::new(bits),
            last: Bus::new(1),
            result_valid: Bus::new(1),
            result_ready: Bus::new(1),
            result_data: Pack::new(lanes, i8::BITS as usize),
            result_last: Bus::new(1),
            idle: Bus::new(1),
            divider_lane: (0..lanes).map(|_| DividerLane::new(bits)).collect(),
            maximum_register: Register::new(bits),
            last_register: Register::new(1),
            cycles_left: ResetRegister::new(count_bits),
            offered: Bus::new(1),
            taken: Bus::new(1),
            step: Bus::new(1),
            scalable: Bus::new(1),
            all_cycles: Number::new(u64::from(DIVIDER_DIGITS) + 1, count_bits),
        }
    }
}

impl Logic for Divider {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("A beat of values over its maximum: a digit a cycle, then the result until it is taken.");
        clock!(self, clock, maximum_register, last_register, cycles_left);
        self.idle.next = (self.cycles_left.q.val() == 0).into();
        self.offered.next = (self.cycles_left.q.val() == 1).into();
        self.taken.next = self.offered.val() & self.result_ready.val();
        self.step.next = !self.idle.val() & !self.offered.val();
        self.ready.next = self.idle.val() | self.taken.val();

        self.cycles_left.reset.next = self.reset.val();
        self.cycles_left.enable.next = self.start.val() | self.step.val() | self.taken.val();
        if self.start.val().any() {
            self.cycles_left.d.next = self.all_cycles.val();
        } else {
            self.cycles_left.d.next = self.cycles_left.q.val() - 1;
        }
        self.maximum_register.enable.next = self.start.val();
        self.maximum_register.d.next = self.maximum.val();
        self.last_register.enable.next = self.start.val();
        self.last_register.d.next = self.last.val();

        self.scalable.next = self.maximum_register.q.val().any().into();
        for i in 0..self.divider_lane.len() {
            self.divider_lane[i].clock.next = self.clock.val();
            self.divider_lane[i].start.next = self.start.val();
            self.divider_lane[i].step.next = self.step.val();
            self.divider_lane[i].dividend.next = self.dividend[i].val();
            self.divider_lane[i].negative.next = self.negative[i].val();
            self.divider_lane[i].maximum.next = self.maximum_register.q.val();
            self.divider_lane[i].scalable.next = self.scalable.val();
            self.result_data[i].next = self.divider_lane[i].result.val();
        }
        self.result_valid.next = self.offered.val();
        self.result_last.next = self.last_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use contract::requantize::rescale;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn divider(lanes: usize, bits: usize) -> Bench<Divider> {
        bench!(
            Divider::new(lanes, bits),
            "divider": reset, start, dividend, negative, maximum, last, result_ready
                => ready, result_valid, result_data, result_last, idle
        )
    }

    fn cycle(reset: bool, start: bool, values: &[i32], maximum: u32, last: bool, ready: bool) -> Values {
        let dividends = values.iter().map(|v| 127 * u64::from(v.unsigned_abs())).collect();
        let negatives = values.iter().map(|&v| u64::from(v < 0)).collect();
        let bit = |bit: bool| vec![u64::from(bit)];
        vec![bit(reset), bit(start), dividends, negatives, vec![maximum.into()], bit(last), bit(ready)]
    }

    fn golden(values: &[i32], maximum: u32) -> Vec<u64> {
        values.iter().map(|&v| u64::from(rescale(v, maximum).cast_unsigned())).collect()
    }

    // Holds C-REQ-2 to C-REQ-5: every value under every maximum, M = 0 and |v| > M included.
    #[test]
    fn every_value_of_8_bits_under_every_maximum() {
        let lanes = 128;
        let halves = [-128, 0].map(|from| (from..from + 128).collect::<Vec<i32>>());
        let beats: Vec<(&[i32], u32)> =
            (0..256).flat_map(|m| halves.each_ref().map(|v| (&v[..], m))).collect();
        let (each, quiet) = (CYCLES as usize, vec![0; lanes]);
        let mut cycles = vec![cycle(true, false, &quiet, 0, false, true)];
        for (values, maximum) in &beats {
            cycles.push(cycle(false, true, values, *maximum, false, true));
            cycles.extend(vec![cycle(false, false, &quiet, 0, false, true); each - 1]);
        }
        cycles.push(cycle(false, false, &quiet, 0, false, true));
        let outputs = divider(lanes, 8).run(&cycles, 1 + each);
        for (i, (values, maximum)) in beats.iter().enumerate() {
            let output = &outputs[1 + (i + 1) * each];
            assert_eq!(output[1], [1]);
            assert_eq!(output[2], golden(values, *maximum), "M = {maximum}");
        }
    }

    /// What the header promises, as a model: a beat, and the cycles until its result.
    #[test]
    fn equals_a_beat_and_a_counter() {
        let mut random = Random::new(1);
        let mut cycles = vec![cycle(true, false, &[0; 3], 0, false, true)];
        let mut expected = vec![];
        let mut inside = None::<(u32, Vec<u64>, bool)>;
        let (mut aborted, mut held, mut at_once) = (0, 0, 0);
        for i in 0..20_000 {
            // Phases in which beats, or whoever takes results, are the slower.
            let (eager, taking) = if i / 1000 % 2 == 0 { (95, 20) } else { (20, 95) };
            let (reset, taken, last) = (random.chance(1), random.chance(taking), random.chance(50));
            let width = random.below(32);
            let values = [0; 3].map(|_: i32| random.word().cast_signed() >> width);
            let maximum = random.word() >> random.below(32);
            let offered = inside.as_ref().is_some_and(|(left, ..)| *left == 0);
            let ready = inside.is_none() || offered && taken;
            let start = ready && random.chance(eager);
            cycles.push(cycle(reset, start, &values, maximum, last, taken));
            expected.push((ready, inside.clone()));
            aborted += u32::from(reset && inside.is_some() && !offered);
            held += u32::from(offered && !taken);
            at_once += u32::from(offered && taken && start);
            if offered && taken {
                inside = None;
            }
            if let Some((left, ..)) = &mut inside {
                *left = left.saturating_sub(1);
            }
            if start {
                inside = Some((CYCLES - 1, golden(&values, maximum), last));
            }
            if reset {
                inside = None;
            }
        }
        assert!(aborted > 50 && held > 1000 && at_once > 100, "{aborted}, {held}, {at_once}");
        // The data are unknown until a first beat, and what is seen of them is compared below.
        let outputs = divider(3, 32).run(&cycles, 100);
        for (i, ((ready, inside), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
            assert_eq!((output[0][0], output[4][0]), ((*ready).into(), inside.is_none().into()), "cycle {i}");
            match inside {
                Some((0, data, last)) => {
                    assert_eq!(output[1..4], [vec![1], data.clone(), vec![(*last).into()]], "cycle {i}");
                }
                _ => assert_eq!(output[1], [0], "cycle {i}"),
            }
        }
    }

    #[test]
    fn takes_exactly_its_cycles() {
        let mut cycles = vec![cycle(false, false, &[0], 0, false, true); 3 * CYCLES as usize];
        cycles[0] = cycle(true, false, &[0], 0, false, true);
        let (first, next) = (2, 2 + CYCLES as usize);
        cycles[first] = cycle(false, true, &[-50], 100, false, true);
        cycles[next] = cycle(false, true, &[100], 100, true, true);
        let outputs = divider(1, 8).run(&cycles, 3);
        let valid: Vec<usize> = (1..cycles.len()).filter(|&cycle| outputs[cycle][1][0] == 1).collect();
        assert_eq!(valid, [next, next + CYCLES as usize]);
        assert_eq!([outputs[next][2][0], outputs[next + CYCLES as usize][2][0]], [0xc0, 127]);
        // It can take the second beat in the cycle of the first one's result, and not before.
        let ready: Vec<u64> = outputs[first + 1..=next].iter().map(|output| output[0][0]).collect();
        assert_eq!(ready.iter().position(|&ready| ready == 1), Some(CYCLES as usize - 1));
    }

    #[test]
    fn synthesises() {
        divider(1, 8).assert_synthesises();
        divider(3, 32).assert_synthesises();
    }
}
