//! A register between a sender and a receiver of a stream.
//!
//! ```text
//!                +-------------------+
//!  input_valid ->|                   |-> output_valid
//!  input_ready <-|                   |<- output_ready
//!   input_data =>|  stream_register  |=> output_data
//!   input_last ->|                   |-> output_last
//!        reset ->+--------/\---------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops what is held |
//! | `input_valid`, `input_ready` | in, out | 1, 1 | a beat is accepted when both are high at the edge |
//! | `input_data`, `input_last` | in | COUNT x BITS, 1 | the beat |
//! | `output_valid`, `output_ready` | out, in | 1, 1 | a beat is taken when both are high at the edge |
//! | `output_data`, `output_last` | out | COUNT x BITS, 1 | the beat, stable until it is taken |
//!
//! Parameters: `count`, `bits`. Latency: [`contract::latency::STREAM_REGISTER_CYCLES`]; a beat a cycle. Golden: a queue
//! of two entries.
//!
//! Every output is a register or its inverse: no path runs from an input to an output. `input_ready` therefore learns
//! of a stall a cycle late, and the beat that arrives in that cycle waits in a spare register until the one before it
//! is taken. `input_ready` is low while, and only while, the spare register is occupied. `rtl/tests/formal_streams.rs`
//! proves that this is a queue, for all inputs.
//!
//! Does not: reset its payload, or rely on a sender that keeps its own.

use rust_hdl::prelude::*;

use crate::hdl::{Bank, Bus, Pack, Register, ResetRegister, Wires};

/// Two entries of a stream.
#[derive(LogicBlock, Debug)]
pub struct StreamRegister {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops what is held.
    pub reset: Bus<In>,
    /// A beat is offered to this block.
    pub input_valid: Bus<In>,
    /// A beat can be accepted.
    pub input_ready: Bus<Out>,
    /// The beat.
    pub input_data: Pack<Bus<In>>,
    /// It is the last one of its packet.
    pub input_last: Bus<In>,
    /// A beat is offered by this block.
    pub output_valid: Bus<Out>,
    /// The beat is taken.
    pub output_ready: Bus<In>,
    /// The beat.
    pub output_data: Pack<Bus<Out>>,
    /// It is the last one of its packet.
    pub output_last: Bus<Out>,
    valid_register: ResetRegister,
    data_register: Bank,
    last_register: Register,
    spare_valid: ResetRegister,
    spare_data: Bank,
    spare_last: Register,
    advance: Bus<Local>,
    spill: Bus<Local>,
}

impl StreamRegister {
    /// A register for beats of `count` elements of `bits` bits each.
    pub fn new(count: usize, bits: usize) -> Self {
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            input_valid: Bus::new(1),
            input_ready: Bus::new(1),
            input_data: Pack::new(count, bits),
            input_last: Bus::new(1),
            output_valid: Bus::new(1),
            output_ready: Bus::new(1),
            output_data: Pack::new(count, bits),
            output_last: Bus::new(1),
            valid_register: ResetRegister::new(1),
            data_register: Bank::new(count, bits),
            last_register: Register::new(1),
            spare_valid: ResetRegister::new(1),
            spare_data: Bank::new(count, bits),
            spare_last: Register::new(1),
            advance: Bus::new(1),
            spill: Bus::new(1),
        }
    }
}

impl Logic for StreamRegister {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("module stream_register");
        comment!("Two entries of a stream. No path runs from an input to an output.");
        clock!(self, clock, valid_register, data_register, last_register);
        clock!(self, clock, spare_valid, spare_data, spare_last);
        self.valid_register.reset.next = self.reset.val();
        self.spare_valid.reset.next = self.reset.val();

        // The output register takes the next beat when it is empty or its beat is taken.
        self.advance.next = !self.valid_register.q.val() | self.output_ready.val();
        self.valid_register.enable.next = self.advance.val();
        self.valid_register.d.next = self.spare_valid.q.val() | self.input_valid.val();
        self.data_register.enable.next = self.advance.val();
        self.last_register.enable.next = self.advance.val();
        if self.spare_valid.q.val().any() {
            Wires::join(&mut self.spare_data.q, &mut self.data_register.d);
            self.last_register.d.next = self.spare_last.q.val();
        } else {
            Wires::join(&mut self.input_data, &mut self.data_register.d);
            self.last_register.d.next = self.input_last.val();
        }

        // A beat that is accepted while the output register stalls goes to the spare one, until that moves.
        self.spill.next = self.input_valid.val() & !self.spare_valid.q.val() & !self.advance.val();
        self.spare_valid.enable.next = self.spill.val() | self.advance.val();
        self.spare_valid.d.next = self.spill.val();
        self.spare_data.enable.next = self.spill.val();
        self.spare_last.enable.next = self.spill.val();
        Wires::join(&mut self.input_data, &mut self.spare_data.d);
        self.spare_last.d.next = self.input_last.val();

        self.input_ready.next = !self.spare_valid.q.val();
        self.output_valid.next = self.valid_register.q.val();
        Wires::join(&mut self.data_register.q, &mut self.output_data);
        self.output_last.next = self.last_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::STREAM_REGISTER_CYCLES;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn register(count: usize, bits: usize) -> Bench<StreamRegister> {
        bench!(
            StreamRegister::new(count, bits),
            "stream_register": reset, input_valid, input_data, input_last, output_ready
                => input_ready, output_valid, output_data, output_last
        )
    }

    fn cycle(reset: bool, valid: bool, data: Vec<u64>, last: bool, ready: bool) -> Values {
        vec![vec![reset.into()], vec![valid.into()], data, vec![last.into()], vec![ready.into()]]
    }

    #[test]
    fn equals_a_queue_of_two_entries() {
        for (count, bits) in [(1, 1), (3, 8)] {
            let mut random = Random::new(bits as u64);
            let mut cycles = vec![cycle(true, false, vec![0; count], false, false)];
            let mut expected = vec![];
            let mut queue = VecDeque::<Vec<Vec<u64>>>::new();
            let mut seen = [0; 3];
            for i in 0..20_000 {
                // Phases in which the sender, or the receiver, is the slower one.
                let (eager, hungry) = [(90, 40), (40, 90), (95, 95)][i / 100 % 3];
                let [reset, valid, ready, last] =
                    [1, eager, hungry, 30].map(|percent| random.chance(percent));
                let data: Vec<u64> = (0..count).map(|_| random.below(1 << bits)).collect();
                cycles.push(cycle(reset, valid, data.clone(), last, ready));
                expected.push((u64::from(queue.len() < 2), queue.front().cloned()));
                seen[queue.len()] += 1;
                let accepted = valid && queue.len() < 2;
                if ready {
                    queue.pop_front();
                }
                if accepted {
                    queue.push_back(vec![data, vec![last.into()]]);
                }
                if reset {
                    queue.clear();
                }
            }
            assert!(seen.iter().all(|&cycles| cycles > 1000), "empty, one and full: {seen:?}");
            let outputs = register(count, bits).run(&cycles, 1 + known(&expected));
            for (i, ((ready, front), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                assert_eq!(output[..2], [vec![*ready], vec![front.is_some().into()]], "cycle {i}");
                assert!(front.as_ref().is_none_or(|beat| *beat == output[2..]), "cycle {i}");
            }
        }
    }

    /// The first cycle that offers a beat: before it the payload is unknown.
    fn known<T>(expected: &[(u64, Option<T>)]) -> usize {
        expected.iter().position(|(_, front)| front.is_some()).expect("a beat")
    }

    #[test]
    fn a_beat_is_offered_exactly_its_latency_after_it_is_accepted() {
        let idle = |ready| cycle(false, false, vec![0], false, ready);
        let mut cycles = vec![idle(false); 12];
        cycles[0] = cycle(true, false, vec![0], false, false);
        // Three beats are offered in a row: the second is accepted in spite of the stall, the third is not.
        for (i, at) in (3..6).enumerate() {
            cycles[at] = cycle(false, true, vec![7 + i as u64], i == 0, false);
        }
        cycles[7] = idle(true);
        cycles[8] = idle(true);
        let offered = 3 + STREAM_REGISTER_CYCLES as usize;
        let outputs = register(1, 8).run(&cycles, offered);
        assert_eq!([offered - 1, offered].map(|cycle| outputs[cycle][1][0]), [0, 1]);
        let ready: Vec<u64> = outputs[1..].iter().map(|output| output[0][0]).collect();
        assert_eq!(ready, [1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1]);
        let valid: Vec<u64> = outputs[1..].iter().map(|output| output[1][0]).collect();
        assert_eq!(valid, [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0]);
        assert_eq!(
            [4, 7, 8].map(|cycle: usize| (outputs[cycle][2][0], outputs[cycle][3][0])),
            [(7, 1), (7, 1), (8, 0)]
        );
    }

    #[test]
    fn synthesises() {
        register(1, 1).assert_synthesises();
        register(4, 32).assert_synthesises();
    }
}
