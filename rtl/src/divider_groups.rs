//! Groups of dividers that take turns: beats go to one after the other, and their results come in that order.
//!
//! ```text
//!       start -->+------------------+--> ready, idle
//!    dividend ==>|                  |--> result_valid
//!    negative ==>|  divider_groups  |<-- result_ready
//!     maximum ==>|                  |==> result_data
//!        last -->+--------/\--------+--> result_last
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops all beats |
//! | `start` | in | 1 | takes a beat at this edge; only while `ready` |
//! | `ready` | out | 1 | the group whose turn it is can take a beat; stays until `start` |
//! | `dividend` | in | LANES x (BITS + DIGITS + 1) | 127 \|v\| |
//! | `negative` | in | LANES x 1 | v < 0 |
//! | `maximum` | in | BITS | M, unsigned |
//! | `last` | in | 1 | goes with the beat |
//! | `result_valid`, `result_ready` | out, in | 1, 1 | handshake of a result |
//! | `result_data` | out | LANES x 8 | q, two's complement |
//! | `result_last` | out | 1 | the beat's `last` |
//! | `idle` | out | 1 | no beat inside |
//!
//! Parameters: `groups` >= 1, `lanes` >= 1, `bits` a multiple of DIGITS + 1. Latency: start to `result_valid`,
//! [`CYCLES`](crate::divider::CYCLES). Throughput: min(1, GROUPS / CYCLES) beats a cycle. Golden:
//! [`contract::requantize::rescale`], in order.
//!
//! `ready` depends on `result_ready` in the same cycle.
//!
//! Does not: let a beat overtake another.

use rust_hdl::prelude::*;

use crate::divider::Divider;
use crate::hdl::{Bus, Pack, Recast, Wires, signed_cast};
use crate::operands::DIVIDEND_BITS;
use crate::ring::Ring;

/// Groups of dividers.
#[derive(LogicBlock, Debug)]
pub struct DividerGroups {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops all beats.
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
    divider: Vec<Divider>,
    start_turn: Ring,
    result_turn: Ring,
    turn_ready: Pack<Bus<Local>>,
    turn_valid: Pack<Bus<Local>>,
    turn_last: Pack<Bus<Local>>,
    turn_busy: Pack<Bus<Local>>,
    // The same as one element each, to ask for any of them.
    any_ready: Pack<Bus<Local>>,
    any_valid: Pack<Bus<Local>>,
    any_last: Pack<Bus<Local>>,
    any_busy: Pack<Bus<Local>>,
    /// What the groups up to this one offer: zeros but for the one whose turn it is.
    merged: Vec<Pack<Bus<Local>>>,
    _last_group: usize,
}

impl DividerGroups {
    /// `groups` groups of `lanes` dividers for values of `bits` bits.
    pub fn new(groups: usize, lanes: usize, bits: usize) -> Self {
        assert!(groups > 0, "at least one group divides");
        let result_bits = i8::BITS as usize;
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
            result_data: Pack::new(lanes, result_bits),
            result_last: Bus::new(1),
            idle: Bus::new(1),
            divider: (0..groups).map(|_| Divider::new(lanes, bits)).collect(),
            start_turn: Ring::new(groups),
            result_turn: Ring::new(groups),
            turn_ready: Pack::new(groups, 1),
            turn_valid: Pack::new(groups, 1),
            turn_last: Pack::new(groups, 1),
            turn_busy: Pack::new(groups, 1),
            any_ready: Pack::new(1, groups),
            any_valid: Pack::new(1, groups),
            any_last: Pack::new(1, groups),
            any_busy: Pack::new(1, groups),
            merged: (0..groups).map(|_| Pack::new(lanes, result_bits)).collect(),
            _last_group: groups - 1,
        }
    }
}

impl Logic for DividerGroups {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Groups of dividers that take turns, and give their results in turn.");
        clock!(self, clock, start_turn, result_turn);
        self.start_turn.reset.next = self.reset.val();
        self.start_turn.advance.next = self.start.val();
        for i in 0..self.divider.len() {
            self.divider[i].clock.next = self.clock.val();
            self.divider[i].reset.next = self.reset.val();
            self.divider[i].start.next = self.start.val() & self.start_turn.turn[i].val();
            Wires::join(&mut self.dividend, &mut self.divider[i].dividend);
            Wires::join(&mut self.negative, &mut self.divider[i].negative);
            self.divider[i].maximum.next = self.maximum.val();
            self.divider[i].last.next = self.last.val();
            self.divider[i].result_ready.next = self.result_ready.val() & self.result_turn.turn[i].val();

            self.turn_ready[i].next = self.divider[i].ready.val() & self.start_turn.turn[i].val();
            self.turn_valid[i].next = self.divider[i].result_valid.val() & self.result_turn.turn[i].val();
            self.turn_last[i].next = self.divider[i].result_last.val() & self.result_turn.turn[i].val();
            self.turn_busy[i].next = !self.divider[i].idle.val();
        }
        Recast::join(&mut self.turn_ready, &mut self.any_ready);
        Recast::join(&mut self.turn_valid, &mut self.any_valid);
        Recast::join(&mut self.turn_last, &mut self.any_last);
        Recast::join(&mut self.turn_busy, &mut self.any_busy);
        self.ready.next = self.any_ready[0].val().any().into();
        self.result_valid.next = self.any_valid[0].val().any().into();
        self.result_last.next = self.any_last[0].val().any().into();
        self.idle.next = (!self.any_busy[0].val().any()).into();
        self.result_turn.reset.next = self.reset.val();
        self.result_turn.advance.next = self.result_valid.val() & self.result_ready.val();

        for j in 0..self.result_data.len() {
            self.merged[0][j].next = self.divider[0].result_data[j].val()
                & signed_cast(self.result_turn.turn[0].val(), self.result_data[j].bits());
            for i in 1..self.divider.len() {
                self.merged[i][j].next = self.merged[i - 1][j].val()
                    | (self.divider[i].result_data[j].val()
                        & signed_cast(self.result_turn.turn[i].val(), self.result_data[j].bits()));
            }
        }
        for i in self._last_group..self.divider.len() {
            Wires::join(&mut self.merged[i], &mut self.result_data);
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::requantize::rescale;

    use super::*;
    use crate::cosim::Random;
    use crate::divider::CYCLES;
    use crate::testing::{Bench, Values, bench};

    fn divider_groups(groups: usize, lanes: usize, bits: usize) -> Bench<DividerGroups> {
        bench!(
            DividerGroups::new(groups, lanes, bits),
            "divider_groups": reset, start, dividend, negative, maximum, last, result_ready
                => ready, result_valid, result_data, result_last, idle
        )
    }

    fn cycle(reset: bool, start: bool, values: &[i32], maximum: u32, last: bool, ready: bool) -> Values {
        let dividends = values.iter().map(|v| 127 * u64::from(v.unsigned_abs())).collect();
        let negatives = values.iter().map(|&v| u64::from(v < 0)).collect();
        let bit = |bit: bool| vec![u64::from(bit)];
        vec![bit(reset), bit(start), dividends, negatives, vec![maximum.into()], bit(last), bit(ready)]
    }

    /// What the header promises, as a model: the cycles to go of each group, and whose turn it is.
    #[derive(Default)]
    struct Model {
        /// For each beat inside, in order: its group, the cycles until its result, and the result.
        beats: std::collections::VecDeque<(usize, u32, Vec<u64>, bool)>,
        next_group: usize,
    }

    impl Model {
        fn offered(&self) -> bool {
            self.beats.front().is_some_and(|(_, left, ..)| *left == 0)
        }

        /// Whether a beat can start in a cycle in which a result is `taken`.
        fn ready(&self, taken: bool) -> bool {
            let mut beats = self.beats.iter();
            let holder = beats.position(|(group, ..)| *group == self.next_group);
            holder.is_none_or(|at| at == 0 && self.offered() && taken)
        }
    }

    #[test]
    fn equals_groups_that_take_turns() {
        for groups in [1, 2, 3, 12] {
            let mut random = Random::new(groups as u64);
            let mut cycles = vec![cycle(true, false, &[0; 2], 0, false, true)];
            let (mut expected, mut model) = (vec![], Model::default());
            let (mut held, mut full, mut aborted) = (0, 0, 0);
            for i in 0..10_000 {
                // Phases in which beats, or whoever takes results, are the slower.
                let (eager, taking) = [(100, 100), (5, 90), (95, 5)][i / 500 % 3];
                let (reset, taken, last) = (random.below(300) == 0, random.chance(taking), random.chance(50));
                let values = [0; 2].map(|_: i32| random.word().cast_signed() >> 24);
                let maximum = random.word() & 255;
                let (ready, offered) = (model.ready(taken), model.offered());
                let start = ready && random.chance(eager);
                cycles.push(cycle(reset, start, &values, maximum, last, taken));
                expected.push((ready, model.beats.front().cloned()));
                held += u32::from(offered && !taken);
                full += u32::from(model.beats.len() == groups && !ready);
                aborted += u32::from(reset && !model.beats.is_empty());
                if offered && taken {
                    model.beats.pop_front();
                }
                model.beats.iter_mut().for_each(|(_, left, ..)| *left = left.saturating_sub(1));
                if start {
                    let q = values.iter().map(|&v| u64::from(rescale(v, maximum).cast_unsigned())).collect();
                    model.beats.push_back((model.next_group, CYCLES - 1, q, last));
                    model.next_group = (model.next_group + 1) % groups;
                }
                if reset {
                    model = Model::default();
                }
            }
            assert!(held > 1000 && full > 1000 && aborted > 10, "{groups} groups: {held}, {full}, {aborted}");
            // The data are unknown until each group had a beat, and are compared below.
            let outputs = divider_groups(groups, 2, 8).run(&cycles, 200);
            for (i, ((ready, front), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                assert_eq!(
                    (output[0][0], output[4][0]),
                    ((*ready).into(), front.is_none().into()),
                    "cycle {i} of {groups} groups"
                );
                match front {
                    Some((_, 0, data, last)) => {
                        assert_eq!(output[1..4], [vec![1], data.clone(), vec![(*last).into()]], "cycle {i}");
                    }
                    _ => assert_eq!(output[1], [0], "cycle {i}"),
                }
            }
        }
    }

    #[test]
    fn takes_exactly_its_latency() {
        for groups in [1, 3] {
            let mut cycles = vec![cycle(false, false, &[0], 0, false, true); 2 + 2 * CYCLES as usize];
            cycles[0] = cycle(true, false, &[0], 0, false, true);
            cycles[1] = cycle(false, true, &[-100], 100, false, true);
            // Until every group had a beat, an output that is not offered may be unknown.
            let outputs = divider_groups(groups, 1, 8).run(&cycles, cycles.len());
            let valid: Vec<usize> = (1..cycles.len()).filter(|&cycle| outputs[cycle][1][0] == 1).collect();
            assert_eq!(valid, [1 + CYCLES as usize]);
            assert_eq!(outputs[valid[0]][2], [0x81]);
        }
    }

    #[test]
    fn synthesises() {
        divider_groups(1, 1, 8).assert_synthesises();
        divider_groups(3, 2, 32).assert_synthesises();
    }
}
