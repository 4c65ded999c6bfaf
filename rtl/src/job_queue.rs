//! Jobs that wait: one queue for the array's side, one for the results'.
//!
//! ```text
//!               +-------------+
//!        push -->|             |--> issue_valid, issue_ready
//!     n, k    -->|             |==> issue_n, issue_k, issue_tokens, issue_keep
//!      tokens -->|  job_queue  |--> collect_valid, collect_ready
//!       flags -->|             |==> collect_n, collect_tokens, collect_flags
//!        done -->|             |--> free_slots
//!       reset -->+-----/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets all jobs |
//! | `push` | in | 1 | a job is queued at this edge; only with a free slot |
//! | `n`, `k`, `tokens` | in | 21, 24, 11 | its sizes |
//! | `flags` | in | 5 | [`crate::register_map::flag`] |
//! | `done` | in | 1 | the oldest job has finished |
//! | `busy` | out | 1 | some job is not done |
//! | `free_slots` | out | 8 | of [`crate::JOB_SLOTS`] |
//! | `issue_valid`, `issue_ready` | out, in | 1, 1 | handshake of the next matrix job |
//! | `issue_n`, `issue_k`, `issue_tokens`, `issue_keep` | out | 21, 24, 11, 1 | its sizes, and whether its activations stay |
//! | `collect_valid`, `collect_ready` | out, in | 1, 1 | handshake of the next job's results |
//! | `collect_n`, `collect_tokens`, `collect_flags` | out | 21, 11, 4 | its sizes; VECTOR, RAW, MAXIMUM, SCALE |
//!
//! Parameters: none. Latency: [`contract::latency::STREAM_FIFO_CYCLES`] from `push` to both queues. Golden: two queues.
//!
//! A slot is taken from the push until the job is done, wherever the job is, so neither queue can overflow. Results may
//! lag a job behind the array: that is why there are two.
//!
//! Does not: check a job; `csr` refuses what is no job.

use rust_hdl::prelude::*;

use crate::JOB_SLOTS;
use crate::hdl::{Bus, Number, Pack, Recast, ResetRegister, unsigned_cast};
use crate::job_registers::{K_BITS, N_BITS, TOKENS_BITS};
use crate::stream_fifo::StreamFifo;

/// Bits of a job's flags.
pub const FLAGS_BITS: usize = 5;

const ISSUE: [usize; 4] = [N_BITS, K_BITS, TOKENS_BITS, 1];
const COLLECT: [usize; 3] = [N_BITS, TOKENS_BITS, FLAGS_BITS - 1];
const SLOT_COUNT_BITS: usize = 3;

/// The queues of jobs.
#[derive(LogicBlock, Debug)]
pub struct JobQueue {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets all jobs.
    pub reset: Bus<In>,
    /// A job is queued.
    pub push: Bus<In>,
    /// Its outputs.
    pub n: Bus<In>,
    /// Its inputs.
    pub k: Bus<In>,
    /// Its tokens.
    pub tokens: Bus<In>,
    /// Its flags.
    pub flags: Bus<In>,
    /// The oldest job has finished.
    pub done: Bus<In>,
    /// Some job is not done.
    pub busy: Bus<Out>,
    /// Jobs that could be queued.
    pub free_slots: Bus<Out>,
    /// A matrix job is offered.
    pub issue_valid: Bus<Out>,
    /// The matrix job is taken.
    pub issue_ready: Bus<In>,
    /// Its outputs.
    pub issue_n: Bus<Out>,
    /// Its inputs.
    pub issue_k: Bus<Out>,
    /// Its tokens.
    pub issue_tokens: Bus<Out>,
    /// Its activations stay.
    pub issue_keep: Bus<Out>,
    /// A job's results are offered.
    pub collect_valid: Bus<Out>,
    /// They are taken on.
    pub collect_ready: Bus<In>,
    /// The job's outputs.
    pub collect_n: Bus<Out>,
    /// The job's tokens.
    pub collect_tokens: Bus<Out>,
    /// VECTOR, RAW, MAXIMUM, SCALE.
    pub collect_flags: Bus<Out>,
    issue_queue: StreamFifo,
    collect_queue: StreamFifo,
    issue_record: Pack<Bus<Local>>,
    issue_head: Pack<Bus<Local>>,
    collect_record: Pack<Bus<Local>>,
    collect_head: Pack<Bus<Local>>,
    used_register: ResetRegister,
    slots: Number,
}

impl Default for JobQueue {
    fn default() -> Self {
        let queue = |widths: &[usize]| StreamFifo::new(JOB_SLOTS as usize, widths.iter().sum(), 1);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            push: Bus::new(1),
            n: Bus::new(N_BITS),
            k: Bus::new(K_BITS),
            tokens: Bus::new(TOKENS_BITS),
            flags: Bus::new(FLAGS_BITS),
            done: Bus::new(1),
            busy: Bus::new(1),
            free_slots: Bus::new(8),
            issue_valid: Bus::new(1),
            issue_ready: Bus::new(1),
            issue_n: Bus::new(N_BITS),
            issue_k: Bus::new(K_BITS),
            issue_tokens: Bus::new(TOKENS_BITS),
            issue_keep: Bus::new(1),
            collect_valid: Bus::new(1),
            collect_ready: Bus::new(1),
            collect_n: Bus::new(N_BITS),
            collect_tokens: Bus::new(TOKENS_BITS),
            collect_flags: Bus::new(FLAGS_BITS - 1),
            issue_queue: queue(&ISSUE),
            collect_queue: queue(&COLLECT),
            issue_record: Pack::record(&ISSUE),
            issue_head: Pack::record(&ISSUE),
            collect_record: Pack::record(&COLLECT),
            collect_head: Pack::record(&COLLECT),
            used_register: ResetRegister::new(SLOT_COUNT_BITS),
            slots: Number::new(JOB_SLOTS.into(), SLOT_COUNT_BITS),
        }
    }
}

impl Logic for JobQueue {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Jobs that wait: matrix jobs for the array, every job for its results.");
        clock!(self, clock, issue_queue, collect_queue, used_register);
        self.issue_queue.reset.next = self.reset.val();
        self.collect_queue.reset.next = self.reset.val();

        self.issue_record[0].next = self.n.val();
        self.issue_record[1].next = self.k.val();
        self.issue_record[2].next = self.tokens.val();
        self.issue_record[3].next = self.flags.val().get_bit(4).into();
        Recast::join(&mut self.issue_record, &mut self.issue_queue.input_data);
        self.issue_queue.input_valid.next = self.push.val() & !self.flags.val().get_bits::<1>(0);
        self.issue_valid.next = self.issue_queue.output_valid.val();
        self.issue_queue.output_ready.next = self.issue_ready.val();
        Recast::join(&mut self.issue_queue.output_data, &mut self.issue_head);
        self.issue_n.next = self.issue_head[0].val();
        self.issue_k.next = self.issue_head[1].val();
        self.issue_tokens.next = self.issue_head[2].val();
        self.issue_keep.next = self.issue_head[3].val();

        self.collect_record[0].next = self.n.val();
        self.collect_record[1].next = self.tokens.val();
        self.collect_record[2].next = self.flags.val().get_bits::<4>(0);
        Recast::join(&mut self.collect_record, &mut self.collect_queue.input_data);
        self.collect_queue.input_valid.next = self.push.val();
        self.collect_valid.next = self.collect_queue.output_valid.val();
        self.collect_queue.output_ready.next = self.collect_ready.val();
        Recast::join(&mut self.collect_queue.output_data, &mut self.collect_head);
        self.collect_n.next = self.collect_head[0].val();
        self.collect_tokens.next = self.collect_head[1].val();
        self.collect_flags.next = self.collect_head[2].val();

        self.used_register.reset.next = self.reset.val();
        self.used_register.enable.next = self.push.val() ^ self.done.val();
        if self.push.val().any() {
            self.used_register.d.next = self.used_register.q.val() + 1;
        } else {
            self.used_register.d.next = self.used_register.q.val() - 1;
        }
        self.busy.next = self.used_register.q.val().any().into();
        self.free_slots.next = unsigned_cast(self.slots.val() - self.used_register.q.val(), 8);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::STREAM_FIFO_CYCLES;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn queue() -> Bench<JobQueue> {
        bench!(
            JobQueue::default(),
            "job_queue": reset, push, n, k, tokens, flags, done, issue_ready, collect_ready
                => free_slots, busy, issue_valid, collect_valid, issue_n, issue_k, issue_tokens, issue_keep, collect_n,
                collect_tokens, collect_flags
        )
    }

    /// Both sides see every job they are meant to, in order, and a slot is free again when a job is done.
    #[test]
    fn equals_two_queues() {
        let mut random = Random::new(5);
        let (mut issue, mut collect) = (VecDeque::<Values>::new(), VecDeque::<Values>::new());
        let (mut used, mut collected) = (0, 0);
        let mut states = [0; JOB_SLOTS as usize + 1];
        let mut inputs: Values = [1, 0, 0, 0, 0, 0, 0, 0, 0].map(|value| vec![value]).to_vec();
        let next = |outputs: Option<&Values>| {
            if let Some(outputs) = outputs {
                let [reset, push, n, k, tokens, flags, done, issue_ready, collect_ready]: [u64; 9] =
                    inputs.concat().try_into().expect("nine inputs");
                if reset == 0 && outputs[2][0] & issue_ready == 1 {
                    assert_eq!(issue.pop_front().expect("a matrix job"), outputs[4..8]);
                }
                if reset == 0 && outputs[3][0] & collect_ready == 1 {
                    assert_eq!(collect.pop_front().expect("a job"), outputs[8..]);
                    collected += 1;
                }
                if push == 1 {
                    if flags & 1 == 0 {
                        issue.push_back([n, k, tokens, flags >> 4].map(|value| vec![value]).to_vec());
                    }
                    collect.push_back([n, tokens, flags & 15].map(|value| vec![value]).to_vec());
                }
                used = used + push - done;
                if reset == 1 {
                    (used, collected) = (0, 0);
                    issue.clear();
                    collect.clear();
                }
                states[usize::try_from(used).expect("few")] += 1;
            }
            let push = u64::from(used < u64::from(JOB_SLOTS) && random.chance(40));
            let done = u64::from(collected > 0 && random.chance(30));
            collected -= done;
            let reset = u64::from(outputs.is_none() || random.below(300) == 0);
            let mut below = |n: u64| random.below(n);
            let job =
                [below(1 << N_BITS), below(1 << K_BITS), below(1 << TOKENS_BITS), below(1 << FLAGS_BITS)];
            let ready = [below(2), below(2)];
            inputs =
                [vec![reset, push * (1 - reset)], job.to_vec(), vec![done * (1 - reset)], ready.to_vec()]
                    .concat()
                    .into_iter()
                    .map(|value| vec![value])
                    .collect();
            inputs.clone()
        };
        let trace = queue().run_reactive(20_000, 100, next);
        let mut used = 0;
        for (inputs, outputs) in &trace[1..] {
            assert_eq!(outputs[..2].concat(), [u64::from(JOB_SLOTS) - used, u64::from(used > 0)]);
            used = if inputs[0][0] == 1 { 0 } else { used + inputs[1][0] - inputs[6][0] };
        }
        assert!(states.iter().all(|&cycles| cycles > 100), "{states:?}");
    }

    #[test]
    fn a_job_is_offered_exactly_its_latency_after_the_push() {
        let cycle = |reset: u64, push: u64| {
            [reset, push, 5, 6, 2, 0b10010, 0, 0, 0].map(|value| vec![value]).to_vec()
        };
        let mut cycles = vec![cycle(0, 0); 6];
        cycles[0] = cycle(1, 0);
        cycles[1] = cycle(0, 1);
        let outputs = queue().run(&cycles, 6);
        let offered = 1 + STREAM_FIFO_CYCLES as usize;
        for valid in [2, 3] {
            assert_eq!([offered - 1, offered].map(|cycle| outputs[cycle][valid][0]), [0, 1]);
        }
        assert_eq!(outputs[offered][4..8].concat(), [5, 6, 2, 1]);
        assert_eq!(outputs[offered][8..].concat(), [5, 2, 2]);
    }

    #[test]
    fn synthesises() {
        queue().assert_synthesises();
    }
}
