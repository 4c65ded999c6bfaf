//! The largest magnitude of each token slot, kept as beats pass.
//!
//! ```text
//!       enter, update -->+----------+==> maximum
//! slot, fresh, last ====>|          |--> last_passed
//!           magnitude ==>|  maxima  |--> busy
//!    maximum_access, ===>|          |
//!    _slot, _write  ====>+----/\----+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops what is under way, keeps the maxima |
//! | `enter` | in | 1 | a beat enters at this edge |
//! | `update` | in | 1 | it counts for its slot's maximum |
//! | `slot` | in | clog2(TOKENS) | its slot, below TOKENS; while not `busy`, the slot that is read |
//! | `fresh` | in | 1 | it replaces its slot's maximum, whatever that is |
//! | `last` | in | 1 | `last_passed` is to say when it has passed |
//! | `magnitude` | in | LANES x 32 | unsigned |
//! | `maximum` | out | 32 | what the slot holds that is read |
//! | `last_passed` | out | 1 | a beat with `last` is at the memory: its maximum is written at this edge |
//! | `busy` | out | 1 | something under way |
//! | `maximum_access` | in | 1 | the next three address the memory; only while not `busy` |
//! | `maximum_slot` | in | clog2(TOKENS) | the slot that is read, and written |
//! | `maximum_write` | in | 1 | it takes `maximum_write_data` at this edge |
//! | `maximum_write_data` | in | 32 | |
//!
//! Parameters: `tokens` >= 1, `lanes` >= 1. Latency: a beat that enters in cycle t is at the memory in t +
//! [`contract::latency::maximum_levels`], and its slot reads its maximum from the next cycle on. A beat a cycle, to any
//! slots. Golden: [`contract::requantize::maximum`] over a slot's beats from its last `fresh` one on.
//!
//! The memory has one address: a reader waits until nothing is under way, which is a few cycles at a job's end.
//!
//! Does not: stall. Nothing here waits for anything.

use contract::latency::maximum_levels;
use rust_hdl::prelude::*;

use crate::hdl::{Bus, Pack, Recast, Register, ResetRegister, Wires, clog2};
use crate::maximum_level::MaximumLevel;
use crate::slot_memory::SlotMemory;

const VALUE_BITS: usize = i32::BITS as usize;

/// The largest magnitude of each token slot.
#[derive(LogicBlock, Debug)]
pub struct Maxima {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops what is under way.
    pub reset: Bus<In>,
    /// A beat enters.
    pub enter: Bus<In>,
    /// It counts.
    pub update: Bus<In>,
    /// Its slot.
    pub slot: Bus<In>,
    /// It is its slot's first.
    pub fresh: Bus<In>,
    /// It is the last of its job.
    pub last: Bus<In>,
    /// Its magnitudes.
    pub magnitude: Pack<Bus<In>>,
    /// What the slot holds.
    pub maximum: Bus<Out>,
    /// The last beat of a job has passed.
    pub last_passed: Bus<Out>,
    /// Something is under way.
    pub busy: Bus<Out>,
    /// The memory is addressed by the ports below.
    pub maximum_access: Bus<In>,
    /// The slot that is read, and written.
    pub maximum_slot: Bus<In>,
    /// It is written.
    pub maximum_write: Bus<In>,
    /// What is written.
    pub maximum_write_data: Bus<In>,
    maximum_level: Vec<MaximumLevel>,
    partial: Vec<Pack<Bus<Local>>>,
    update_stage: Vec<ResetRegister>,
    last_stage: Vec<ResetRegister>,
    slot_stage: Vec<Register>,
    fresh_stage: Vec<Register>,
    maximum_memory: SlotMemory,
    under_way: Pack<Bus<Local>>,
    any_under_way: Pack<Bus<Local>>,
    moving: Bus<Local>,
    candidate: Bus<Local>,
    at_memory: Bus<Local>,
    memory_slot: Bus<Local>,
    replace: Bus<Local>,
    _last_stage: usize,
}

impl Maxima {
    /// The maxima of `tokens` slots, of beats of `lanes` magnitudes.
    pub fn new(tokens: u32, lanes: u32) -> Self {
        let levels = maximum_levels(lanes) as usize;
        let slot_bits = clog2(tokens.into());
        let count = |level: usize| (lanes as usize).div_ceil(1 << level);
        let flags = || (0..levels).map(|_| ResetRegister::new(1)).collect();
        let registers = |bits| (0..levels).map(|_| Register::new(bits)).collect();
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            enter: Bus::new(1),
            update: Bus::new(1),
            slot: Bus::new(slot_bits),
            fresh: Bus::new(1),
            last: Bus::new(1),
            magnitude: Pack::new(count(0), VALUE_BITS),
            maximum: Bus::new(VALUE_BITS),
            last_passed: Bus::new(1),
            busy: Bus::new(1),
            maximum_access: Bus::new(1),
            maximum_slot: Bus::new(slot_bits),
            maximum_write: Bus::new(1),
            maximum_write_data: Bus::new(VALUE_BITS),
            maximum_level: (0..levels).map(|level| MaximumLevel::new(count(level), VALUE_BITS)).collect(),
            partial: (0..=levels).map(|level| Pack::new(count(level), VALUE_BITS)).collect(),
            update_stage: flags(),
            last_stage: flags(),
            slot_stage: registers(slot_bits),
            fresh_stage: registers(1),
            maximum_memory: SlotMemory::new(tokens, VALUE_BITS),
            under_way: Pack::new(levels, 1),
            any_under_way: Pack::new(1, levels),
            moving: Bus::new(1),
            candidate: Bus::new(VALUE_BITS),
            at_memory: Bus::new(1),
            memory_slot: Bus::new(slot_bits),
            replace: Bus::new(1),
            _last_stage: levels - 1,
        }
    }
}

impl Logic for Maxima {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The largest magnitude of each token slot: a tree over the beat, then its slot's maximum.");
        clock!(self, clock, maximum_memory);
        for i in 0..self.update_stage.len() {
            self.under_way[i].next = self.update_stage[i].q.val() | self.last_stage[i].q.val();
        }
        Recast::join(&mut self.under_way, &mut self.any_under_way);
        self.busy.next = self.any_under_way[0].val().any().into();
        self.moving.next = self.enter.val() | self.busy.val();

        Wires::join(&mut self.magnitude, &mut self.partial[0]);
        for i in 0..self.maximum_level.len() {
            self.maximum_level[i].clock.next = self.clock.val();
            self.maximum_level[i].enable.next = self.moving.val();
            Wires::join(&mut self.partial[i], &mut self.maximum_level[i].operand);
            Wires::join(&mut self.maximum_level[i].larger, &mut self.partial[i + 1]);
            self.update_stage[i].clock.next = self.clock.val();
            self.update_stage[i].reset.next = self.reset.val();
            self.update_stage[i].enable.next = self.moving.val();
            self.last_stage[i].clock.next = self.clock.val();
            self.last_stage[i].reset.next = self.reset.val();
            self.last_stage[i].enable.next = self.moving.val();
            self.slot_stage[i].clock.next = self.clock.val();
            self.slot_stage[i].enable.next = self.moving.val();
            self.fresh_stage[i].clock.next = self.clock.val();
            self.fresh_stage[i].enable.next = self.moving.val();
        }
        self.update_stage[0].d.next = self.enter.val() & self.update.val();
        self.last_stage[0].d.next = self.enter.val() & self.last.val();
        self.slot_stage[0].d.next = self.slot.val();
        self.fresh_stage[0].d.next = self.fresh.val();
        for i in 1..self.update_stage.len() {
            self.update_stage[i].d.next = self.update_stage[i - 1].q.val();
            self.last_stage[i].d.next = self.last_stage[i - 1].q.val();
            self.slot_stage[i].d.next = self.slot_stage[i - 1].q.val();
            self.fresh_stage[i].d.next = self.fresh_stage[i - 1].q.val();
        }

        // The last stage compares with what its slot holds.
        self.memory_slot.next = self.slot.val();
        for i in self._last_stage..self.update_stage.len() {
            self.candidate.next = self.partial[i + 1][0].val();
            self.at_memory.next = self.update_stage[i].q.val() & !self.reset.val();
            self.replace.next = self.fresh_stage[i].q.val()
                | (self.maximum_memory.read_data.val() < self.candidate.val()).into();
            self.last_passed.next = self.last_stage[i].q.val() & !self.reset.val();
            if self.update_stage[i].q.val().any() {
                self.memory_slot.next = self.slot_stage[i].q.val();
            }
        }
        if self.maximum_access.val().any() {
            self.maximum_memory.write_slot.next = self.maximum_slot.val();
            self.maximum_memory.read_slot.next = self.maximum_slot.val();
            self.maximum_memory.write.next = self.maximum_write.val();
            self.maximum_memory.write_data.next = self.maximum_write_data.val();
        } else {
            self.maximum_memory.write_slot.next = self.memory_slot.val();
            self.maximum_memory.read_slot.next = self.memory_slot.val();
            self.maximum_memory.write.next = self.at_memory.val() & self.replace.val();
            self.maximum_memory.write_data.next = self.candidate.val();
        }
        self.maximum.next = self.maximum_memory.read_data.val();
    }
}

#[cfg(test)]
mod tests {
    use contract::requantize;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn maxima(tokens: u32, lanes: u32) -> Bench<Maxima> {
        bench!(
            Maxima::new(tokens, lanes),
            "maxima": reset, enter, update, slot, fresh, last, magnitude, maximum_access, maximum_slot,
                maximum_write, maximum_write_data => maximum, last_passed, busy
        )
    }

    /// A cycle of nothing, in which `slot` is read.
    fn quiet(lanes: u32, slot: u64) -> Values {
        let mut values = vec![vec![0]; 11];
        values[3] = vec![slot];
        values[6] = vec![0; lanes as usize];
        values
    }

    fn access(lanes: u32, slot: u64, write: Option<u32>) -> Values {
        let mut values = quiet(lanes, 0);
        values[7] = vec![1];
        values[8] = vec![slot];
        values[9] = vec![u64::from(write.is_some())];
        values[10] = vec![write.unwrap_or(0).into()];
        values
    }

    fn beat(values: &[i32], slot: u64, fresh: bool, last: bool) -> Values {
        let magnitudes = values.iter().map(|v| v.unsigned_abs().into()).collect();
        let bit = |bit: bool| vec![u64::from(bit)];
        let mut cycle = vec![vec![0], vec![1], vec![1], vec![slot], bit(fresh), bit(last), magnitudes];
        cycle.extend(vec![vec![0]; 4]);
        cycle
    }

    // Holds C-REQ-1.
    #[test]
    fn equals_the_contract_over_the_beats_of_each_slot() {
        for (tokens, lanes) in [(1, 1), (3, 2), (8, 4), (5, 32)] {
            let mut random = Random::new(tokens.into());
            let mut slots: Vec<u32> = (0..tokens).map(|slot| slot + 9).collect();
            let mut cycles = vec![quiet(lanes, 0)];
            cycles[0][0] = vec![1];
            cycles.extend(slots.iter().zip(0..).map(|(&m, slot)| access(lanes, slot, Some(m))));
            let known = cycles.len();
            let mut expected: Vec<Option<u64>> = vec![None; known];
            let (mut lasts, mut drops) = (0, 0);
            for run in 0..300 {
                let mut under_way = vec![];
                for _ in 0..random.below(40) {
                    let (slot, fresh, last) =
                        (random.below(tokens.into()), random.chance(20), random.chance(10));
                    let shift = random.below(32);
                    let value = |_| random.word().cast_signed() >> shift;
                    let mut values: Vec<i32> = (0..lanes).map(value).collect();
                    if random.chance(3) {
                        values[0] = i32::MIN;
                    }
                    let mut cycle = beat(&values, slot, fresh, last);
                    let (enter, update) = (random.chance(80), random.chance(80));
                    (cycle[1], cycle[2]) = (vec![enter.into()], vec![update.into()]);
                    lasts += usize::from(enter && last);
                    cycles.push(cycle);
                    under_way.push((enter && update).then(|| (slot, fresh, requantize::maximum(&values))));
                }
                let mut update = |beat: &Option<(u64, bool, u32)>| {
                    if let Some((slot, fresh, m)) = *beat {
                        let held = &mut slots[usize::try_from(slot).expect("a slot")];
                        *held = if fresh { m } else { m.max(*held) };
                    }
                };
                // Sometimes what is under way is dropped: the beats that the memory has not seen.
                let levels = maximum_levels(lanes) as usize;
                if random.chance(30) {
                    cycles.push(quiet(lanes, 0));
                    cycles.last_mut().expect("a cycle")[0] = vec![1];
                    let seen = under_way.len().saturating_sub(levels);
                    under_way[..seen].iter().for_each(&mut update);
                    drops += u32::from(under_way[seen..].iter().any(Option::is_some));
                } else {
                    under_way.iter().for_each(&mut update);
                    cycles.extend(vec![quiet(lanes, 0); levels]);
                }
                expected.resize(cycles.len(), None);
                for (slot, &m) in slots.iter().enumerate() {
                    let by_access = (run + slot) % 2 == 0;
                    let at = slot as u64;
                    cycles.push(if by_access { access(lanes, at, None) } else { quiet(lanes, at) });
                    expected.push(Some(m.into()));
                }
            }
            assert!(drops > 20, "{drops}");
            let outputs = maxima(tokens, lanes).run(&cycles, known);
            for (i, (expected, output)) in expected.iter().zip(&outputs).enumerate() {
                if let Some(m) = expected {
                    assert_eq!((output[0][0], output[2][0]), (*m, 0), "cycle {i} of {lanes} lanes");
                }
            }
            let passed = outputs[1..].iter().filter(|output| output[1][0] == 1).count();
            assert!(passed <= lasts && passed > 100, "{passed} of {lasts}");
        }
    }

    #[test]
    fn takes_exactly_its_levels_and_the_write() {
        for lanes in [1, 2, 8] {
            let levels = maximum_levels(lanes) as usize;
            let mut cycles = vec![quiet(lanes, 1); 3];
            cycles[0][0] = vec![1];
            cycles[1] = access(lanes, 1, Some(7));
            cycles[2] = beat(&vec![-9; lanes as usize], 1, false, true);
            cycles.extend(vec![quiet(lanes, 1); levels + 2]);
            let outputs = maxima(2, lanes).run(&cycles, 2);
            let read: Vec<u64> = outputs[3..].iter().map(|output| output[0][0]).collect();
            assert_eq!(read.iter().position(|&m| m == 9), Some(levels));
            assert!(read[..levels].iter().all(|&m| m == 7));
            let passed: Vec<usize> = (1..cycles.len()).filter(|&cycle| outputs[cycle][1][0] == 1).collect();
            assert_eq!(passed, [2 + levels]);
            let busy: Vec<usize> = (1..cycles.len()).filter(|&cycle| outputs[cycle][2][0] == 1).collect();
            assert_eq!(busy, (3..3 + levels).collect::<Vec<_>>());
        }
    }

    #[test]
    fn synthesises() {
        maxima(1, 1).assert_synthesises();
        maxima(5, 4).assert_synthesises();
    }
}
