//! A queue of beats in a memory.
//!
//! ```text
//!                +---------------+
//!  input_valid ->|               |-> output_valid
//!  input_ready <-|               |<- output_ready
//!   input_data =>|  stream_fifo  |=> output_data
//!                |               |-> full
//!        reset ->+------/\-------+-> empty
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops what is held |
//! | `input_valid`, `input_ready` | in, out | 1, 1 | a beat is accepted when both are high at the edge |
//! | `input_data` | in | COUNT x BITS | the beat |
//! | `output_valid`, `output_ready` | out, in | 1, 1 | a beat is taken when both are high at the edge |
//! | `output_data` | out | COUNT x BITS | the beat, stable until it is taken |
//! | `full` | out | 1 | every row of the memory holds a beat: `input_ready` is its inverse |
//! | `empty` | out | 1 | no row holds a beat, and none is offered |
//!
//! Parameters: `depth`, a power of two, at least 4; `count`, `bits`. Latency: [`contract::latency::STREAM_FIFO_CYCLES`]
//! when it is empty; a beat a cycle. Golden: a queue.
//!
//! It holds `depth` + 1 beats: `depth` in rows, and the one that is offered, which is what the memory's registered read
//! holds. A beat is read as soon as the one offered is taken or there is none. `input_ready` and `output_valid` are
//! registers or their inverses, and no path runs from an input to an output. `input_ready` is low
//! while, and only while, it holds `depth` + 1 beats. `rtl/tests/formal_streams.rs` proves that this is a queue, for
//! all inputs, with four rows.
//!
//! Does not: pass a beat by the memory when it is empty.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Pack, ResetRegister, Wires};
use crate::memory::Memory;
use crate::queue_rows::QueueRows;

/// A queue of beats.
#[derive(LogicBlock, Debug)]
pub struct StreamFifo {
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
    /// A beat is offered by this block.
    pub output_valid: Bus<Out>,
    /// The beat is taken.
    pub output_ready: Bus<In>,
    /// The beat.
    pub output_data: Pack<Bus<Out>>,
    /// Every row holds a beat.
    pub full: Bus<Out>,
    /// There is no beat.
    pub empty: Bus<Out>,
    beats: Memory,
    queue_rows: QueueRows,
    valid_register: ResetRegister,
    write: Bus<Local>,
    read: Bus<Local>,
}

impl StreamFifo {
    /// A queue of `depth` + 1 beats of `count` elements of `bits` bits each.
    pub fn new(depth: usize, count: usize, bits: usize) -> Self {
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            input_valid: Bus::new(1),
            input_ready: Bus::new(1),
            input_data: Pack::new(count, bits),
            output_valid: Bus::new(1),
            output_ready: Bus::new(1),
            output_data: Pack::new(count, bits),
            full: Bus::new(1),
            empty: Bus::new(1),
            beats: Memory::new(depth, count, bits),
            queue_rows: QueueRows::new(depth),
            valid_register: ResetRegister::new(1),
            write: Bus::new(1),
            read: Bus::new(1),
        }
    }
}

impl Logic for StreamFifo {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("module stream_fifo");
        comment!("A queue of beats; the memory's registered read is the beat that is offered.");
        clock!(self, clock, beats, queue_rows, valid_register);
        self.queue_rows.reset.next = self.reset.val();
        self.valid_register.reset.next = self.reset.val();

        self.write.next = self.input_valid.val() & !self.queue_rows.full.val();
        self.read.next =
            self.queue_rows.stored.val() & (!self.valid_register.q.val() | self.output_ready.val());
        self.queue_rows.write.next = self.write.val();
        self.queue_rows.take.next = self.read.val();
        self.valid_register.enable.next = self.read.val() | self.output_ready.val();
        self.valid_register.d.next = self.read.val();

        self.beats.write.next = self.write.val();
        self.beats.write_address.next = self.queue_rows.write_row.val();
        Wires::join(&mut self.input_data, &mut self.beats.write_data);
        self.beats.read.next = self.read.val();
        self.beats.read_address.next = self.queue_rows.read_row.val();
        Wires::join(&mut self.beats.read_data, &mut self.output_data);

        self.input_ready.next = !self.queue_rows.full.val();
        self.output_valid.next = self.valid_register.q.val();
        self.full.next = self.queue_rows.full.val();
        self.empty.next = !self.queue_rows.stored.val() & !self.valid_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::STREAM_FIFO_CYCLES;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn fifo(depth: usize, count: usize) -> Bench<StreamFifo> {
        bench!(
            StreamFifo::new(depth, count, 8),
            "stream_fifo": reset, input_valid, input_data, output_ready
                => input_ready, full, output_valid, empty, output_data
        )
    }

    fn cycle(reset: bool, valid: bool, data: Vec<u64>, ready: bool) -> Values {
        vec![vec![reset.into()], vec![valid.into()], data, vec![ready.into()]]
    }

    #[test]
    fn equals_a_queue() {
        for (depth, count) in [(4, 1), (16, 3)] {
            let mut random = Random::new(depth as u64);
            let mut cycles = vec![cycle(true, false, vec![0; count], false)];
            let mut expected = vec![];
            let (mut rows, mut offered) = (VecDeque::<Vec<u64>>::new(), None);
            let [mut empty, mut full, mut most, mut at_once] = [0; 4];
            for i in 0..20_000 {
                // Phases in which the sender, or the receiver, is the slower one.
                let (eager, hungry) = [(90, 40), (40, 90), (98, 98)][i / 200 % 3];
                let [reset, valid, ready] = [1, eager, hungry].map(|percent| random.chance(percent));
                let reset = reset && random.chance(20);
                let data: Vec<u64> = (0..count).map(|_| random.below(256)).collect();
                cycles.push(cycle(reset, valid, data.clone(), ready));
                let room = rows.len() < depth;
                let none = rows.is_empty() && offered.is_none();
                let flags = [room, !room, offered.is_some(), none].map(u64::from);
                expected.push((flags, offered.clone()));
                empty += usize::from(none);
                full += usize::from(!room);
                most = most.max(rows.len() + usize::from(offered.is_some()));
                at_once += usize::from(!room && offered.is_some() && ready && valid);
                if offered.is_none() || ready {
                    offered = rows.pop_front();
                }
                if valid && room {
                    rows.push_back(data);
                }
                if reset {
                    rows.clear();
                    offered = None;
                }
            }
            assert!([empty, full, at_once].iter().all(|&cycles| cycles > 100), "{empty} {full} {at_once}");
            assert_eq!(most, depth + 1, "the beats it holds");
            let known = expected.iter().position(|(_, offered)| offered.is_some()).expect("a beat");
            let outputs = fifo(depth, count).run(&cycles, 1 + known);
            for (i, ((flags, offered), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                assert_eq!(output[..4], flags.map(|flag| vec![flag]), "cycle {i}");
                assert!(offered.as_ref().is_none_or(|beat| *beat == output[4]), "cycle {i}");
            }
        }
    }

    #[test]
    fn a_beat_is_offered_exactly_its_latency_after_it_is_accepted() {
        let mut cycles = vec![cycle(true, false, vec![0], false)];
        // Accepted from cycle 1 on, and from then on one a cycle.
        cycles.extend((1..30).map(|i| cycle(false, true, vec![i], true)));
        let offered = 1 + STREAM_FIFO_CYCLES as usize;
        let outputs = fifo(4, 1).run(&cycles, offered);
        for (i, output) in outputs.iter().enumerate().skip(1) {
            assert_eq!(output[2][0], u64::from(i >= offered), "cycle {i}");
            assert!(i < offered || output[4][0] == (i - STREAM_FIFO_CYCLES as usize) as u64, "cycle {i}");
            assert_eq!((output[0][0], output[3][0]), (1, u64::from(i == 1)), "cycle {i}");
        }
    }

    #[test]
    fn synthesises() {
        fifo(4, 1).assert_synthesises();
        fifo(64, 4).assert_synthesises();
    }
}
