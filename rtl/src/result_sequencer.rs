//! Walks through the results of jobs: which output of which token comes next, from the array or from memory.
//!
//! ```text
//!                   +--------------------+
//!      job_valid -->|                    |--> values_ready, last_group
//!  job_n, tokens ==>|                    |--> vector_ready
//!      job_flags ==>|  result_sequencer  |--> beat_valid, beat_ready
//!   values_data  ==>|                    |==> beat_data, beat_slot
//!   vector_data  ==>|                    |--> beat_fresh, beat_last
//!          reset -->+---------/\---------+--> beat_raw, beat_maximum, beat_scale
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets the job |
//! | `job_valid`, `job_ready` | in, out | 1, 1 | handshake of a job |
//! | `job_n`, `job_tokens`, `job_flags` | in | 21, 11, 4 | its sizes; VECTOR, RAW, MAXIMUM, SCALE |
//! | `values_valid`, `values_ready` | in, out | 1, 1 | handshake of a group of the array's results |
//! | `values_data` | in | RESULT_LANES x ACC_BITS | |
//! | `last_group` | out | 1 | it is the last group of its token that is wanted |
//! | `vector_valid`, `vector_ready` | in, out | 1, 1 | handshake of values from memory |
//! | `vector_data` | in | RESULT_LANES x 32 | |
//! | `beat_valid`, `beat_ready` | out, in | 1, 1 | handshake of a beat of results |
//! | `beat_data` | out | RESULT_LANES x 32 | values, sign-extended |
//! | `beat_slot` | out | clog2(TOKENS) | their token slot |
//! | `beat_fresh` | out | 1 | the first beat of its slot in the job |
//! | `beat_last` | out | 1 | the last beat of the job |
//! | `beat_raw`, `beat_maximum`, `beat_scale` | out | 1, 1, 1 | what is to be done with it |
//! | `busy` | out | 1 | a job is under way here |
//!
//! Parameters: [`EngineParameters`]. Latency: 0 from values to beat, 1 from a job to its first beat; a beat a cycle, without
//! a gap between jobs. Golden: the loop for tile, for token, for group of RESULT_LANES outputs.
//!
//! Does not: hold a beat. In the last tile, groups without an output below N are skipped.

use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::hdl::{Bus, Number, Pack, Register, ResetRegister, Truncate, clog2, signed_cast, unsigned_cast};
use crate::job_queue::{FLAGS_BITS, N_BITS, TOKENS_BITS};

/// The sequence of results that jobs give.
#[derive(LogicBlock, Debug)]
pub struct ResultSequencer {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets the job.
    pub reset: Bus<In>,
    /// A job is offered.
    pub job_valid: Bus<In>,
    /// The job is taken.
    pub job_ready: Bus<Out>,
    /// Outputs.
    pub job_n: Bus<In>,
    /// Tokens.
    pub job_tokens: Bus<In>,
    /// VECTOR, RAW, MAXIMUM, SCALE.
    pub job_flags: Bus<In>,
    /// A group of the array's results is offered.
    pub values_valid: Bus<In>,
    /// The group is taken.
    pub values_ready: Bus<Out>,
    /// The group.
    pub values_data: Pack<Bus<In>>,
    /// It is the last of its token that is wanted.
    pub last_group: Bus<Out>,
    /// Values from memory are offered.
    pub vector_valid: Bus<In>,
    /// The values are taken.
    pub vector_ready: Bus<Out>,
    /// The values.
    pub vector_data: Pack<Bus<In>>,
    /// A beat is offered.
    pub beat_valid: Bus<Out>,
    /// The beat is taken.
    pub beat_ready: Bus<In>,
    /// Its values.
    pub beat_data: Pack<Bus<Out>>,
    /// Their token slot.
    pub beat_slot: Bus<Out>,
    /// First beat of its slot.
    pub beat_fresh: Bus<Out>,
    /// Last beat of the job.
    pub beat_last: Bus<Out>,
    /// Goes out as it is.
    pub beat_raw: Bus<Out>,
    /// Counts for the maximum.
    pub beat_maximum: Bus<Out>,
    /// Goes out scaled.
    pub beat_scale: Bus<Out>,
    /// A job is under way.
    pub busy: Bus<Out>,
    active: ResetRegister,
    flags: Register,
    /// Outputs beyond the present tile, less one: negative in the last tile.
    outputs_after: Register,
    /// Outputs of this token beyond the present group, less one: negative in the last group; not in the first group.
    group_after: Register,
    first_group: Register,
    first_tile: Register,
    last_token: Register,
    token: Register,
    vector: Bus<Local>,
    load: Bus<Local>,
    step: Bus<Local>,
    at_last_tile: Bus<Local>,
    at_last_token: Bus<Local>,
    token_end: Bus<Local>,
    tile_end: Bus<Local>,
    job_end: Bus<Local>,
    outputs_low: Bus<Local>,
    token_start: Bus<Local>,
    after: Bus<Local>,
    at_last_group: Bus<Local>,
    job_last_token: Bus<Local>,
    columns: Number,
    columns_and_one: Number,
    /// COLUMNS - RESULT_LANES
    tail_start: Number,
    /// COLUMNS - 1 - RESULT_LANES
    full_start: Number,
    group: Number,
    _group_sign: usize,
}

const OUTPUTS_BITS: usize = N_BITS + 1;

impl ResultSequencer {
    /// The sequencer of the engine that `parameters` describe, which are valid.
    pub fn new(parameters: &EngineParameters) -> Self {
        let slot_bits = clog2(parameters.array.tokens.into());
        let (columns, group) = (u64::from(parameters.array.columns), u64::from(parameters.result_lanes));
        let values = parameters.result_lanes as usize;
        // -COLUMNS or -RESULT_LANES, whichever is less, to COLUMNS - 1.
        let bits = clog2(columns.max(group) + 1) + 1;
        let less = |a: u64, b: u64| a.wrapping_sub(b) & (u64::MAX >> (64 - bits));
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            job_valid: Bus::new(1),
            job_ready: Bus::new(1),
            job_n: Bus::new(N_BITS),
            job_tokens: Bus::new(TOKENS_BITS),
            job_flags: Bus::new(FLAGS_BITS - 1),
            values_valid: Bus::new(1),
            values_ready: Bus::new(1),
            values_data: Pack::new(values, parameters.array.acc_bits as usize),
            last_group: Bus::new(1),
            vector_valid: Bus::new(1),
            vector_ready: Bus::new(1),
            vector_data: Pack::new(values, 32),
            beat_valid: Bus::new(1),
            beat_ready: Bus::new(1),
            beat_data: Pack::new(values, 32),
            beat_slot: Bus::new(slot_bits),
            beat_fresh: Bus::new(1),
            beat_last: Bus::new(1),
            beat_raw: Bus::new(1),
            beat_maximum: Bus::new(1),
            beat_scale: Bus::new(1),
            busy: Bus::new(1),
            active: ResetRegister::new(1),
            flags: Register::new(FLAGS_BITS - 1),
            outputs_after: Register::new(OUTPUTS_BITS),
            group_after: Register::new(bits),
            first_group: Register::new(1),
            first_tile: Register::new(1),
            last_token: Register::new(slot_bits),
            token: Register::new(slot_bits),
            vector: Bus::new(1),
            load: Bus::new(1),
            step: Bus::new(1),
            at_last_tile: Bus::new(1),
            at_last_token: Bus::new(1),
            token_end: Bus::new(1),
            tile_end: Bus::new(1),
            job_end: Bus::new(1),
            outputs_low: Bus::new(bits),
            token_start: Bus::new(bits),
            after: Bus::new(bits),
            at_last_group: Bus::new(1),
            job_last_token: Bus::new(TOKENS_BITS),
            columns: Number::new(columns, OUTPUTS_BITS),
            columns_and_one: Number::new(columns + 1, OUTPUTS_BITS),
            tail_start: Number::new(less(columns, group), bits),
            full_start: Number::new(less(columns, group + 1), bits),
            group: Number::new(group, bits),
            _group_sign: bits - 1,
        }
    }
}

impl Logic for ResultSequencer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Walks through the results of jobs: for each tile, for each token, for each group of outputs.");
        clock!(
            self, clock, active, flags, outputs_after, group_after, first_group, first_tile, last_token, token
        );
        self.vector.next = self.flags.q.val().get_bit(0).into();
        self.at_last_tile.next = self.outputs_after.q.val().get_bit(21).into();
        self.at_last_token.next = (self.token.q.val() == self.last_token.q.val()).into();

        // Outputs left of this token, less one, when the present group is gone.
        Truncate::join(&mut self.outputs_after.q, &mut self.outputs_low);
        self.token_start.next = self.full_start.val();
        if self.at_last_tile.val().any() {
            self.token_start.next = self.outputs_low.val() + self.tail_start.val();
        }
        self.after.next = self.group_after.q.val();
        if self.first_group.q.val().any() {
            self.after.next = self.token_start.val();
        }
        for i in self._group_sign..self.after.bits() {
            self.at_last_group.next = self.after.val().get_bit(i).into();
        }
        self.last_group.next = self.at_last_group.val();

        self.beat_valid.next = self.active.q.val() & self.values_valid.val();
        if self.vector.val().any() {
            self.beat_valid.next = self.active.q.val() & self.vector_valid.val();
        }
        self.values_ready.next = self.active.q.val() & !self.vector.val() & self.beat_ready.val();
        self.vector_ready.next = self.active.q.val() & self.vector.val() & self.beat_ready.val();
        for i in 0..self.beat_data.len() {
            self.beat_data[i].next = (signed_cast(self.values_data[i].val(), 32)
                & signed_cast(!self.vector.val(), 32))
                | (self.vector_data[i].val() & signed_cast(self.vector.val(), 32));
        }
        self.beat_slot.next = self.token.q.val();
        self.beat_fresh.next = self.first_tile.q.val() & self.first_group.q.val();
        self.beat_last.next = self.at_last_group.val() & self.at_last_token.val() & self.at_last_tile.val();
        self.beat_raw.next = self.flags.q.val().get_bit(1).into();
        self.beat_maximum.next = self.flags.q.val().get_bit(2).into();
        self.beat_scale.next = self.flags.q.val().get_bit(3).into();

        self.step.next = self.beat_valid.val() & self.beat_ready.val();
        self.token_end.next = self.step.val() & self.at_last_group.val();
        self.tile_end.next = self.token_end.val() & self.at_last_token.val();
        self.job_end.next = self.tile_end.val() & self.at_last_tile.val();

        self.job_ready.next = !self.active.q.val() | self.job_end.val();
        self.load.next = self.job_ready.val() & self.job_valid.val();
        self.active.reset.next = self.reset.val();
        self.active.enable.next = self.job_ready.val();
        self.active.d.next = self.job_valid.val();
        self.busy.next = self.active.q.val();
        self.flags.enable.next = self.load.val();
        self.flags.d.next = self.job_flags.val();
        self.job_last_token.next = self.job_tokens.val() - 1;
        self.last_token.enable.next = self.load.val();
        Truncate::join(&mut self.job_last_token, &mut self.last_token.d);

        self.group_after.enable.next = self.step.val();
        self.group_after.d.next = self.after.val() - self.group.val();
        self.first_group.enable.next = self.load.val() | self.step.val();
        self.first_group.d.next = self.load.val() | self.at_last_group.val();
        self.token.enable.next = self.load.val() | self.token_end.val();
        self.token.d.next = signed_cast(!(self.load.val() | self.at_last_token.val()), self.token.q.bits())
            & (self.token.q.val() + 1);
        self.first_tile.enable.next = self.load.val() | self.tile_end.val();
        self.first_tile.d.next = self.load.val();
        self.outputs_after.enable.next = self.load.val() | self.tile_end.val();
        self.outputs_after.d.next = self.outputs_after.q.val() - self.columns.val();
        if self.load.val().any() {
            self.outputs_after.d.next = unsigned_cast(self.job_n.val(), 22) - self.columns_and_one.val();
        }
    }
}
