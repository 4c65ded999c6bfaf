//! Beats of results to bytes, one after the other.
//!
//! ```text
//!                 +-----------------+
//! result_valid -->|                 |--> byte_valid
//! result_ready <--|  result_sender  |<-- byte_ready
//!  result_data ==>|                 |==> byte_data
//!        reset -->+-------/\--------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops what is held |
//! | `result_valid`, `result_ready` | in, out | 1, 1 | a beat is taken when both are high at the edge |
//! | `result_data` | in | 32 x LANES | the beat |
//! | `byte_valid`, `byte_ready` | out, in | 1, 1 | a byte is taken when both are high at the edge |
//! | `byte_data` | out | 8 | the byte, stable until it is taken |
//!
//! Parameters: `lanes`. Latency: 1; a beat in 4 LANES bytes and a cycle. Golden: the bytes of the values, the lowest first.
//!
//! Does not: mark where a beat or a job ends: who sent the job knows how many results come.

use rust_hdl::prelude::*;

use crate::hdl::{Bank, Bus, Number, Pack, Recast, ResetRegister, Wires, clog2};

/// Cuts results into bytes.
#[derive(LogicBlock, Debug)]
pub struct ResultSender {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops what is held.
    pub reset: Bus<In>,
    /// A beat is offered to this block.
    pub result_valid: Bus<In>,
    /// It is taken.
    pub result_ready: Bus<Out>,
    /// The beat.
    pub result_data: Pack<Bus<In>>,
    /// A byte is offered by this block.
    pub byte_valid: Bus<Out>,
    /// It is taken.
    pub byte_ready: Bus<In>,
    /// The byte.
    pub byte_data: Bus<Out>,
    bytes_left: ResetRegister,
    payload: Bank,
    empty: Bus<Local>,
    take: Bus<Local>,
    give: Bus<Local>,
    beat: Pack<Bus<Local>>,
    beat_bytes: Number,
    _top: usize,
}

impl ResultSender {
    /// A sender of beats of `lanes` results.
    pub fn new(lanes: usize) -> Self {
        let bytes = 4 * lanes;
        let count_bits = clog2(bytes as u64 + 1);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            result_valid: Bus::new(1),
            result_ready: Bus::new(1),
            result_data: Pack::new(lanes, 32),
            byte_valid: Bus::new(1),
            byte_ready: Bus::new(1),
            byte_data: Bus::new(8),
            bytes_left: ResetRegister::new(count_bits),
            payload: Bank::new(bytes, 8),
            empty: Bus::new(1),
            take: Bus::new(1),
            give: Bus::new(1),
            beat: Pack::new(bytes, 8),
            beat_bytes: Number::new(bytes as u64, count_bits),
            _top: bytes - 1,
        }
    }
}

impl Logic for ResultSender {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Beats of results to bytes.");
        clock!(self, clock, bytes_left, payload);
        self.bytes_left.reset.next = self.reset.val();

        self.empty.next = (self.bytes_left.q.val() == 0).into();
        self.take.next = self.empty.val() & self.result_valid.val();
        self.give.next = !self.empty.val() & self.byte_ready.val();
        self.bytes_left.enable.next = self.take.val() | self.give.val();
        self.payload.enable.next = self.take.val() | self.give.val();
        Recast::join(&mut self.result_data, &mut self.beat);
        if self.empty.val().any() {
            self.bytes_left.d.next = self.beat_bytes.val();
            Wires::join(&mut self.beat, &mut self.payload.d);
        } else {
            self.bytes_left.d.next = self.bytes_left.q.val() - 1;
            for i in 1..self.payload.d.len() {
                self.payload.d[i - 1].next = self.payload.q[i].val();
            }
            // What follows the last byte is not sent.
            for i in self._top..self.payload.d.len() {
                self.payload.d[i].next = self.payload.q[i].val();
            }
        }

        self.result_ready.next = self.empty.val();
        self.byte_valid.next = !self.empty.val();
        self.byte_data.next = self.payload.q[0].val();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn sender(lanes: usize) -> Bench<ResultSender> {
        bench!(
            ResultSender::new(lanes),
            "result_sender": reset, result_valid, result_data, byte_ready => result_ready, byte_valid, byte_data
        )
    }

    fn cycle(reset: bool, valid: bool, data: Vec<u64>, ready: bool) -> Values {
        vec![vec![reset.into()], vec![valid.into()], data, vec![ready.into()]]
    }

    #[test]
    fn equals_the_bytes_of_the_values() {
        for lanes in [1, 2, 8] {
            let mut random = Random::new(lanes as u64);
            let mut cycles = vec![cycle(true, false, vec![0; lanes], false)];
            let mut expected: Vec<(u64, Option<u8>)> = vec![];
            let mut queue = VecDeque::<u8>::new();
            let mut beats = 0;
            for i in 0..20_000 {
                let hungry = [10, 90][i / 1000 % 2];
                let [reset, valid, ready] =
                    [random.below(500) == 0, random.chance(50), random.chance(hungry)];
                let data: Vec<u32> = (0..lanes).map(|_| random.word()).collect();
                cycles.push(cycle(reset, valid, data.iter().map(|&value| value.into()).collect(), ready));
                expected.push((queue.is_empty().into(), queue.front().copied()));
                if queue.is_empty() && valid {
                    queue.extend(data.iter().flat_map(|value| value.to_le_bytes()));
                    beats += 1;
                } else if ready {
                    queue.pop_front();
                }
                if reset {
                    queue.clear();
                }
            }
            assert!(beats > 200, "too few to tell: {beats}");
            let known = expected.iter().position(|(_, byte)| byte.is_some()).expect("a byte");
            let outputs = sender(lanes).run(&cycles, 1 + known);
            for (i, ((ready, byte), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                assert_eq!(output[..2], [vec![*ready], vec![byte.is_some().into()]], "cycle {i}");
                assert!(byte.is_none_or(|byte| output[2] == [u64::from(byte)]), "cycle {i}");
            }
        }
    }

    #[test]
    fn bytes_follow_from_the_next_cycle_on_and_a_beat_from_the_cycle_after_them() {
        let mut cycles = vec![cycle(false, true, vec![0x0403_0201], true); 9];
        cycles[0] = cycle(true, false, vec![0], false);
        let outputs = sender(1).run(&cycles, 2);
        let ready: Vec<u64> = outputs[1..].iter().map(|output| output[0][0]).collect();
        assert_eq!(ready, [1, 0, 0, 0, 0, 1, 0, 0]);
        let bytes: Vec<u64> = outputs[2..6].iter().map(|output| output[2][0]).collect();
        assert_eq!(bytes, [1, 2, 3, 4]);
    }

    #[test]
    fn synthesises() {
        sender(1).assert_synthesises();
        sender(8).assert_synthesises();
    }
}
