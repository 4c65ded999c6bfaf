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
use crate::stream_fifo::StreamFifo;

/// Bits of N: 1 to 2^20.
pub const N_BITS: usize = 21;
/// Bits of K.
pub const K_BITS: usize = 24;
/// Bits of a number of tokens: 1 to 1,024.
pub const TOKENS_BITS: usize = 11;
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
