//! What accompanies an activation through lanes and adder tree, delayed once for all columns.
//!
//! ```text
//!                +--------------------+
//!      accept -->|                    |--> next_slot, next_first
//!        slot -->|                    |--> again
//! first, last -->|  control_pipeline  |--> accumulate, emit
//!       reset -->+---------/\---------+--> sum_slot
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets what is under way |
//! | `accept` | in | 1 | an activation is accepted at this edge |
//! | `slot` | in | clog2(TOKENS) | its token slot |
//! | `first`, `last` | in | 1, 1 | it is of the first, of the last K step |
//! | `accumulate` | out | 1 | its sum is to be added at this edge |
//! | `emit` | out | 1 | and is the last of its dot product |
//! | `sum_slot` | out | clog2(TOKENS) | `slot` of the sum |
//! | `next_slot`, `next_first` | out | clog2(TOKENS), 1 | `slot` and `first` of the sum that comes a cycle later |
//! | `again` | out | 1 | a sum is to be added at this edge, and `next_slot` is its slot, too |
//!
//! Parameters: `stages` = [`contract::latency::array_cycles`] - 1, at least 3, `slot_bits`. Latency: `stages` cycles; one activation
//! a cycle. Golden: a queue of `stages` entries.
//!
//! Does not: hold data. Only the valid bits are reset; the rest means nothing without them.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Register, ResetRegister};

/// A delay line for valid, slot, first and last.
#[derive(LogicBlock, Debug)]
pub struct ControlPipeline {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets what is under way.
    pub reset: Bus<In>,
    /// An activation is accepted at this edge.
    pub accept: Bus<In>,
    /// Its token slot.
    pub slot: Bus<In>,
    /// It is of the first K step.
    pub first: Bus<In>,
    /// It is of the last K step.
    pub last: Bus<In>,
    /// A sum is to be added at this edge.
    pub accumulate: Bus<Out>,
    /// It completes its dot product.
    pub emit: Bus<Out>,
    /// The sum's token slot.
    pub sum_slot: Bus<Out>,
    /// The token slot of the sum that follows.
    pub next_slot: Bus<Out>,
    /// The sum that follows is of the first K step.
    pub next_first: Bus<Out>,
    /// The sum that follows is added to what this one makes.
    pub again: Bus<Out>,
    valid_stage: Vec<ResetRegister>,
    slot_stage: Vec<Register>,
    first_stage: Vec<Register>,
    last_stage: Vec<Register>,
    again_register: ResetRegister,
    _last_stage: usize,
}

impl ControlPipeline {
    /// A delay of `stages` >= 3 cycles for slots of `slot_bits` bits.
    pub fn new(stages: usize, slot_bits: usize) -> Self {
        assert!(stages >= 3, "two stages are looked at before the last");
        let registers = |bits| (0..stages).map(|_| Register::new(bits)).collect();
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            accept: Bus::new(1),
            slot: Bus::new(slot_bits),
            first: Bus::new(1),
            last: Bus::new(1),
            accumulate: Bus::new(1),
            emit: Bus::new(1),
            sum_slot: Bus::new(slot_bits),
            next_slot: Bus::new(slot_bits),
            next_first: Bus::new(1),
            again: Bus::new(1),
            valid_stage: (0..stages).map(|_| ResetRegister::new(1)).collect(),
            slot_stage: registers(slot_bits),
            first_stage: registers(1),
            last_stage: registers(1),
            again_register: ResetRegister::new(1),
            _last_stage: stages - 1,
        }
    }
}

impl Logic for ControlPipeline {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("What accompanies an activation through lanes and adder tree.");
        clock!(self, clock, again_register);
        self.again_register.reset.next = self.reset.val();
        self.again_register.enable.next = true.into();
        for i in 0..self.valid_stage.len() {
            self.valid_stage[i].clock.next = self.clock.val();
            self.slot_stage[i].clock.next = self.clock.val();
            self.first_stage[i].clock.next = self.clock.val();
            self.last_stage[i].clock.next = self.clock.val();
            self.valid_stage[i].reset.next = self.reset.val();
            self.valid_stage[i].enable.next = true.into();
            self.slot_stage[i].enable.next = true.into();
            self.first_stage[i].enable.next = true.into();
            self.last_stage[i].enable.next = true.into();
        }
        self.valid_stage[0].d.next = self.accept.val();
        self.slot_stage[0].d.next = self.slot.val();
        self.first_stage[0].d.next = self.first.val();
        self.last_stage[0].d.next = self.last.val();
        for i in 1..self.valid_stage.len() {
            self.valid_stage[i].d.next = self.valid_stage[i - 1].q.val();
            self.slot_stage[i].d.next = self.slot_stage[i - 1].q.val();
            self.first_stage[i].d.next = self.first_stage[i - 1].q.val();
            self.last_stage[i].d.next = self.last_stage[i - 1].q.val();
        }
        // The last stage; RustHDL indexes by a loop's variable only.
        for i in self._last_stage..self.valid_stage.len() {
            self.accumulate.next = self.valid_stage[i].q.val();
            self.again.next = self.again_register.q.val();
            self.emit.next = self.accumulate.val() & self.last_stage[i].q.val();
            self.sum_slot.next = self.slot_stage[i].q.val();
            self.next_slot.next = self.slot_stage[i - 1].q.val();
            self.next_first.next = self.first_stage[i - 1].q.val();
            self.again_register.d.next = self.valid_stage[i - 1].q.val()
                & (self.slot_stage[i - 1].q.val() == self.slot_stage[i - 2].q.val()).into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn pipeline(stages: usize) -> Bench<ControlPipeline> {
        bench!(
            ControlPipeline::new(stages, 2),
            "control_pipeline": reset, accept, slot, first, last => accumulate, emit, sum_slot, next_slot, next_first, again
        )
    }

    #[test]
    fn equals_a_queue() {
        for stages in [3, 4, 8] {
            let mut random = Random::new(stages as u64);
            let mut cycle = |i: usize| {
                // Reset, fill, then anything.
                let reset = i == 0 || i > 100 && random.chance(3);
                let mut bits = |below| vec![random.below(below)];
                vec![vec![reset.into()], bits(2), bits(4), bits(2), bits(2)]
            };
            let cycles: Vec<Values> = (0..5000).map(&mut cycle).collect();
            let outputs = pipeline(stages).run(&cycles, stages + 1);
            let mut queue = std::collections::VecDeque::from(vec![vec![vec![0]; 4]; stages]);
            for (i, (cycle, output)) in cycles.iter().zip(outputs).enumerate() {
                let [accept, slot, last] = [0, 1, 3].map(|field: usize| queue[0][field][0]);
                if i > stages {
                    assert_eq!(output[..2], [vec![accept], vec![accept & last]], "cycle {i}");
                    assert!(accept == 0 || output[2] == [slot], "cycle {i}");
                    let [next, next_slot, next_first] = [0, 1, 2].map(|field: usize| queue[1][field][0]);
                    assert!(next == 0 || output[3..5] == [[next_slot], [next_first]], "cycle {i}");
                    assert!(next == 0 || output[5] == [accept & u64::from(slot == next_slot)], "cycle {i}");
                }
                queue.pop_front();
                queue.push_back(cycle[1..].to_vec());
                if cycle[0][0] == 1 {
                    queue.iter_mut().for_each(|entry| entry[0] = vec![0]);
                }
            }
        }
    }

    #[test]
    fn takes_exactly_its_stages() {
        let idle = || [0, 0, 0, 0, 0].map(|v| vec![v]).to_vec();
        for stages in [3, 8] {
            let mut cycles = vec![idle(); 20];
            cycles[0][0] = vec![1];
            cycles[3] = [0, 1, 3, 1, 1].map(|v| vec![v]).to_vec();
            let outputs = pipeline(stages).run(&cycles, stages + 1);
            let emitted: Vec<usize> = (1..20).filter(|&cycle| outputs[cycle][1][0] == 1).collect();
            assert_eq!(emitted, [3 + stages]);
            assert_eq!(outputs[3 + stages][..3], [1, 1, 3].map(|v| vec![v]));
            assert_eq!(outputs[2 + stages][3..5], [3, 1].map(|v| vec![v]));
        }
    }

    #[test]
    fn synthesises() {
        pipeline(3).assert_synthesises();
        pipeline(8).assert_synthesises();
    }
}
