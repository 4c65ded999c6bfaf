//! The registers of an engine: what a driver reads and writes.
//!
//! ```text
//!                  +-------+
//!   write, read -->|       |--> write_error
//!       address -->|       |==> read_data
//!    write_data ==>|       |--> read_error
//!                  |       |
//!     job_ready -->|       |--> job_push
//!       busy... -->|  csr  |==> job_...
//!     events... -->|       |--> aborting
//!                  |       |--> irq
//!  maximum_read -->|       |==> maximum_...
//!                  +--/\---+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, clears every register |
//! | `write`, `read` | in | 1, 1 | this cycle accesses a register; never both |
//! | `address` | in | WORD_BITS | its byte address / 4 |
//! | `write_data` | in | 32 | |
//! | `write_error` | out | 1 | in the same cycle: the write is refused |
//! | `read_data`, `read_error` | out | 32, 1 | from the next cycle to the next read: what was read; that it was refused |
//! | `job_push` | out | 1 | this cycle queues a job; only with `job_ready` |
//! | `job_ready` | in | 1 | there is a free slot |
//! | `job_n`, `job_k`, `job_tokens`, `job_flags`, `job_address` | out | 21, 24, 11, 5, 64 | the job |
//! | `aborting` | out | 1 | level |
//! | `busy`, `aborted`, `free_slots` | in | 1, 1, 8 | `STATUS` |
//! | `job_done` | in | 1 | a job has finished in this cycle |
//! | `invalid_code`, `overflow`, `read_slverr`, `read_decerr` | in | 1 each | an `ERROR` has occurred in this cycle |
//! | `issued`, `weight_starved`, `activation_starved`, `output_blocked`, `weight_beat`, `activation_beat`, `result_beat` | in | 1 each | what the counter of that name counts occurs in this cycle |
//! | `maximum_access`, `maximum_write` | out | 1, 1 | this cycle accesses, and writes, a maximum; only while not `busy` |
//! | `maximum_slot`, `maximum_write_data` | out | clog2(TOKENS), 32 | which one, and what it becomes |
//! | `maximum_read_data` | in | 32 | in the same cycle: what it is |
//! | `irq` | out | 1 | level |
//!
//! Parameters: [`EngineParameters`]; `fetched`: the engine fetches its weights. Latency: 1 to write, 1 to read.
//! Golden: variables; addresses and bits are [`crate::register_map`]'s.
//!
//! An event that meets the write that clears its bit stays. A counter that meets the write that clears it is 0.
//! `STATUS` shows the cycle before the read.
//!
//! Does not: queue jobs, or keep maxima. Does not look at an access that comes with another.

use contract::packing::IMAGE_VERSION;
use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::hdl::{
    Bus, Low, Number, Pack, Recast, Register, ResetRegister, clog2, signed_cast, unsigned_cast,
};
use crate::job_registers::{JOB_ADDRESS_BITS, JobRegisters, K_BITS, N_BITS, TOKENS_BITS};
use crate::register_map::*;
use crate::word_select::WordSelect;

/// Bits of `ERROR`, and of the interrupts.
const ERRORS: usize = 5;
const INTERRUPTS: usize = 2;

/// Bits of `free_slots`: a byte of `STATUS`.
pub const FREE_SLOTS_BITS: usize = 8;

/// The registers that only `Csr` knows, in the order in which they are named in `update`.
const STATE: [u32; 6] = [CONTROL, STATUS, ERROR, INTERRUPT_ENABLE, INTERRUPT_STATUS, JOBS_DONE];

/// The registers of an engine.
#[derive(LogicBlock, Debug)]
pub struct Csr {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Clears every register.
    pub reset: Bus<In>,
    /// A register is written.
    pub write: Bus<In>,
    /// A register is read.
    pub read: Bus<In>,
    /// Which register.
    pub address: Bus<In>,
    /// What is written.
    pub write_data: Bus<In>,
    /// The write is refused.
    pub write_error: Bus<Out>,
    /// What was read last.
    pub read_data: Bus<Out>,
    /// The last read was refused.
    pub read_error: Bus<Out>,
    /// A job is queued.
    pub job_push: Bus<Out>,
    /// A job can be queued.
    pub job_ready: Bus<In>,
    /// Outputs of the job.
    pub job_n: Bus<Out>,
    /// Inputs of the job.
    pub job_k: Bus<Out>,
    /// Tokens of the job.
    pub job_tokens: Bus<Out>,
    /// Flags of the job.
    pub job_flags: Bus<Out>,
    /// Where its weights are.
    pub job_address: Bus<Out>,
    /// Everything is dropped.
    pub aborting: Bus<Out>,
    /// A job waits or is under way.
    pub busy: Bus<In>,
    /// The abort is complete.
    pub aborted: Bus<In>,
    /// Jobs that can be queued.
    pub free_slots: Bus<In>,
    /// A job has finished.
    pub job_done: Bus<In>,
    /// A byte was no code.
    pub invalid_code: Bus<In>,
    /// A job does not fit the activation buffer.
    pub overflow: Bus<In>,
    /// The weights' memory answered SLVERR.
    pub read_slverr: Bus<In>,
    /// The weights' memory answered DECERR.
    pub read_decerr: Bus<In>,
    /// A token entered the array.
    pub issued: Bus<In>,
    /// A token waited for a tile.
    pub weight_starved: Bus<In>,
    /// The array waited for a token.
    pub activation_starved: Bus<In>,
    /// Both waited for the result buffer.
    pub output_blocked: Bus<In>,
    /// A beat entered a tile.
    pub weight_beat: Bus<In>,
    /// A beat was taken from the activation stream.
    pub activation_beat: Bus<In>,
    /// A beat was handed to a result stream.
    pub result_beat: Bus<In>,
    /// A maximum is accessed.
    pub maximum_access: Bus<Out>,
    /// Which maximum.
    pub maximum_slot: Bus<Out>,
    /// It is written.
    pub maximum_write: Bus<Out>,
    /// What it becomes.
    pub maximum_write_data: Bus<Out>,
    /// What it is.
    pub maximum_read_data: Bus<In>,
    /// A job has finished, or there is an error.
    pub irq: Bus<Out>,
    job_registers: JobRegisters,
    identity: WordSelect,
    state: WordSelect,
    counted: WordSelect,
    counter: Vec<ResetRegister>,
    abort_register: ResetRegister,
    status_register: Register,
    error_register: ResetRegister,
    interrupt_enable: ResetRegister,
    job_done_register: ResetRegister,
    jobs_done: ResetRegister,
    read_data_register: Register,
    read_error_register: Register,
    count: Pack<Bus<Local>>,
    status: Pack<Bus<Local>>,
    error_set: Bus<Local>,
    error_clear: Bus<Local>,
    interrupt_status: Bus<Local>,
    clear_counters: Bus<Local>,
    at_control: Bus<Local>,
    at_error: Bus<Local>,
    at_interrupt_enable: Bus<Local>,
    at_interrupt_status: Bus<Local>,
    at_start: Bus<Local>,
    at_maximum: Bus<Local>,
    start_accepted: Bus<Local>,
    start: Bus<Local>,
    identity_at: Vec<Number>,
    state_at: Vec<Number>,
    counted_at: Vec<Number>,
    identification: Vec<Number>,
    job_start: Number,
    first_maximum: Number,
    beyond_maxima: Number,
    abort_bit: Number,
    clear_bit: Number,
    busy_bit: Number,
    aborted_bit: Number,
    no_status: Number,
    invalid_code_bit: Number,
    overflow_bit: Number,
    refused_bit: Number,
    slverr_bit: Number,
    decerr_bit: Number,
    job_done_bit: Number,
    error_bit: Number,
}

fn bit<D: Direction>() -> Bus<D> {
    Bus::new(1)
}

/// What never changes: the offset of each register, and what it reads.
fn identity(parameters: &EngineParameters, fetched: bool) -> [(u32, u32); 12] {
    let EngineParameters { array, .. } = parameters;
    [
        (ID, IDENTIFICATION),
        (VERSION, MAP_VERSION << 16 | IMAGE_VERSION),
        (LANES, array.lanes),
        (COLUMNS, array.columns),
        (TOKENS, array.tokens),
        (STREAM_BITS, array.stream_bits),
        (ACC_BITS, array.acc_bits),
        (ACTIVATION_BITS, parameters.activation_bits),
        (ACTIVATION_WORDS, parameters.activation_words),
        (RESULT_LANES, parameters.result_lanes),
        (JOB_SLOTS, crate::JOB_SLOTS),
        (FEATURES, u32::from(fetched) << FEATURE_FETCHED),
    ]
}

impl Csr {
    /// The registers of the engine that `parameters` describe; `fetched`: it fetches its weights.
    pub fn new(parameters: &EngineParameters, fetched: bool) -> Self {
        let mask = |bit: u32, bits| Number::new(1 << bit, bits);
        let address = |offset| Number::new(word(offset), WORD_BITS);
        let (offsets, values): (Vec<u32>, Vec<u32>) = identity(parameters, fetched).into_iter().unzip();
        Self {
            clock: Signal::default(),
            reset: bit(),
            write: bit(),
            read: bit(),
            address: Bus::new(WORD_BITS),
            write_data: Bus::new(REGISTER_BITS),
            write_error: bit(),
            read_data: Bus::new(REGISTER_BITS),
            read_error: bit(),
            job_push: bit(),
            job_ready: bit(),
            job_n: Bus::new(N_BITS),
            job_k: Bus::new(K_BITS),
            job_tokens: Bus::new(TOKENS_BITS),
            job_flags: Bus::new(FLAGS),
            job_address: Bus::new(JOB_ADDRESS_BITS),
            aborting: bit(),
            busy: bit(),
            aborted: bit(),
            free_slots: Bus::new(FREE_SLOTS_BITS),
            job_done: bit(),
            invalid_code: bit(),
            overflow: bit(),
            read_slverr: bit(),
            read_decerr: bit(),
            issued: bit(),
            weight_starved: bit(),
            activation_starved: bit(),
            output_blocked: bit(),
            weight_beat: bit(),
            activation_beat: bit(),
            result_beat: bit(),
            maximum_access: bit(),
            maximum_slot: Bus::new(clog2(parameters.array.tokens.into())),
            maximum_write: bit(),
            maximum_write_data: Bus::new(REGISTER_BITS),
            maximum_read_data: Bus::new(REGISTER_BITS),
            irq: bit(),
            job_registers: JobRegisters::new(parameters, fetched),
            identity: WordSelect::new(offsets.len(), REGISTER_BITS),
            state: WordSelect::new(STATE.len(), REGISTER_BITS),
            counted: WordSelect::new(COUNTERS.len(), REGISTER_BITS),
            counter: COUNTERS.iter().map(|_| ResetRegister::new(REGISTER_BITS)).collect(),
            abort_register: ResetRegister::new(1),
            status_register: Register::new(REGISTER_BITS),
            error_register: ResetRegister::new(ERRORS),
            interrupt_enable: ResetRegister::new(INTERRUPTS),
            job_done_register: ResetRegister::new(1),
            jobs_done: ResetRegister::new(REGISTER_BITS),
            read_data_register: Register::new(REGISTER_BITS),
            read_error_register: Register::new(1),
            count: Pack::new(COUNTERS.len(), 1),
            status: Pack::new(REGISTER_BITS / FREE_SLOTS_BITS, FREE_SLOTS_BITS),
            error_set: Bus::new(ERRORS),
            error_clear: Bus::new(ERRORS),
            interrupt_status: Bus::new(INTERRUPTS),
            clear_counters: bit(),
            at_control: bit(),
            at_error: bit(),
            at_interrupt_enable: bit(),
            at_interrupt_status: bit(),
            at_start: bit(),
            at_maximum: bit(),
            start_accepted: bit(),
            start: bit(),
            identity_at: offsets.into_iter().map(address).collect(),
            state_at: STATE.into_iter().map(address).collect(),
            counted_at: COUNTERS.into_iter().map(address).collect(),
            identification: values.iter().map(|&value| Number::new(value.into(), REGISTER_BITS)).collect(),
            job_start: address(JOB_START),
            first_maximum: Number::new(word(MAXIMUM), WORD_BITS + 1),
            beyond_maxima: Number::new(word(MAXIMUM + 4 * parameters.array.tokens), WORD_BITS + 1),
            abort_bit: mask(CONTROL_ABORT, REGISTER_BITS),
            clear_bit: mask(CONTROL_CLEAR_COUNTERS, REGISTER_BITS),
            busy_bit: mask(STATUS_BUSY, FREE_SLOTS_BITS),
            aborted_bit: mask(STATUS_ABORTED, FREE_SLOTS_BITS),
            no_status: Number::new(0, FREE_SLOTS_BITS),
            invalid_code_bit: mask(ERROR_INVALID_CODE, ERRORS),
            overflow_bit: mask(ERROR_ACTIVATION_OVERFLOW, ERRORS),
            refused_bit: mask(ERROR_JOB_REFUSED, ERRORS),
            slverr_bit: mask(ERROR_READ_SLVERR, ERRORS),
            decerr_bit: mask(ERROR_READ_DECERR, ERRORS),
            job_done_bit: mask(INTERRUPT_JOB_DONE, INTERRUPTS),
            error_bit: mask(INTERRUPT_ERROR, INTERRUPTS),
        }
    }
}

impl Logic for Csr {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The registers of an engine: what a driver reads and writes.");
        clock!(self, clock, job_registers, abort_register, status_register, error_register, interrupt_enable);
        clock!(self, clock, job_done_register, jobs_done, read_data_register, read_error_register);
        self.job_registers.reset.next = self.reset.val();
        self.abort_register.reset.next = self.reset.val();
        self.error_register.reset.next = self.reset.val();
        self.interrupt_enable.reset.next = self.reset.val();
        self.job_done_register.reset.next = self.reset.val();
        self.jobs_done.reset.next = self.reset.val();

        // Which register; the states in the order of `STATE`.
        for i in 0..self.identity_at.len() {
            self.identity.hit[i].next = (self.address.val() == self.identity_at[i].val()).into();
        }
        for i in 0..self.state_at.len() {
            self.state.hit[i].next = (self.address.val() == self.state_at[i].val()).into();
        }
        for i in 0..self.counted_at.len() {
            self.counted.hit[i].next = (self.address.val() == self.counted_at[i].val()).into();
        }
        self.job_registers.address.next = self.address.val();
        self.at_control.next = self.state.hit[0].val();
        self.at_error.next = self.state.hit[2].val();
        self.at_interrupt_enable.next = self.state.hit[3].val();
        self.at_interrupt_status.next = self.state.hit[4].val();
        self.at_start.next = (self.address.val() == self.job_start.val()).into();
        self.at_maximum.next = (self.first_maximum.val() <= unsigned_cast(self.address.val(), WORD_BITS + 1)
            && unsigned_cast(self.address.val(), WORD_BITS + 1) < self.beyond_maxima.val()
            && !self.busy.val().any())
        .into();

        // Jobs.
        self.job_registers.write.next = self.write.val();
        self.job_registers.write_data.next = self.write_data.val();
        self.start_accepted.next =
            self.job_registers.legal.val() & self.job_ready.val() & !self.abort_register.q.val();
        self.start.next = self.write.val() & self.at_start.val();
        self.job_push.next = self.start.val() & self.start_accepted.val();
        self.job_n.next = self.job_registers.job_n.val();
        self.job_k.next = self.job_registers.job_k.val();
        self.job_tokens.next = self.job_registers.job_tokens.val();
        self.job_flags.next = self.job_registers.job_flags.val();
        self.job_address.next = self.job_registers.job_address.val();

        // Control and status.
        self.abort_register.enable.next = self.write.val() & self.at_control.val();
        self.abort_register.d.next = (self.write_data.val() & self.abort_bit.val()).any().into();
        self.aborting.next = self.abort_register.q.val();
        self.clear_counters.next = (self.write.val().any()
            && self.at_control.val().any()
            && (self.write_data.val() & self.clear_bit.val()).any())
        .into();
        self.status[0].next = (signed_cast(self.busy.val(), FREE_SLOTS_BITS) & self.busy_bit.val())
            | (signed_cast(self.aborted.val(), FREE_SLOTS_BITS) & self.aborted_bit.val());
        self.status[1].next = self.free_slots.val();
        self.status[2].next = self.no_status.val();
        self.status[3].next = self.no_status.val();
        self.status_register.enable.next = true.into();
        Recast::join(&mut self.status, &mut self.status_register.d);

        // Errors and interrupts: what occurs now outlives a write that clears.
        self.error_set.next = (signed_cast(self.invalid_code.val(), ERRORS) & self.invalid_code_bit.val())
            | (signed_cast(self.overflow.val(), ERRORS) & self.overflow_bit.val())
            | (signed_cast(self.start.val() & !self.start_accepted.val(), ERRORS) & self.refused_bit.val())
            | (signed_cast(self.read_slverr.val(), ERRORS) & self.slverr_bit.val())
            | (signed_cast(self.read_decerr.val(), ERRORS) & self.decerr_bit.val());
        self.error_clear.next = signed_cast(self.write.val() & self.at_error.val(), ERRORS)
            & self.write_data.val().get_bits::<ERRORS>(0);
        self.error_register.enable.next = true.into();
        self.error_register.d.next =
            self.error_set.val() | (self.error_register.q.val() & !self.error_clear.val());
        self.job_done_register.enable.next = (self.job_done.val().any()
            || (self.write.val().any()
                && self.at_interrupt_status.val().any()
                && (self.write_data.val().get_bits::<INTERRUPTS>(0) & self.job_done_bit.val()).any()))
        .into();
        self.job_done_register.d.next = self.job_done.val();
        self.interrupt_enable.enable.next = self.write.val() & self.at_interrupt_enable.val();
        self.interrupt_enable.d.next = self.write_data.val().get_bits::<INTERRUPTS>(0);
        self.interrupt_status.next = (signed_cast(self.job_done_register.q.val(), INTERRUPTS)
            & self.job_done_bit.val())
            | (signed_cast(self.error_register.q.val().any().into(), INTERRUPTS) & self.error_bit.val());
        self.irq.next = (self.interrupt_enable.q.val() & self.interrupt_status.val()).any().into();

        // Counters, in the order of `COUNTERS`.
        self.jobs_done.enable.next = self.job_done.val();
        self.jobs_done.d.next = self.jobs_done.q.val() + 1;
        self.count[0].next = self.busy.val();
        self.count[1].next = self.issued.val();
        self.count[2].next = self.weight_starved.val();
        self.count[3].next = self.activation_starved.val();
        self.count[4].next = self.output_blocked.val();
        self.count[5].next = self.weight_beat.val();
        self.count[6].next = self.activation_beat.val();
        self.count[7].next = self.result_beat.val();
        for i in 0..self.counter.len() {
            self.counter[i].clock.next = self.clock.val();
            self.counter[i].reset.next = self.reset.val() | self.clear_counters.val();
            self.counter[i].enable.next = self.count[i].val();
            self.counter[i].d.next = self.counter[i].q.val() + 1;
            self.counted.value[i].next = self.counter[i].q.val();
        }

        // Maxima.
        self.maximum_access.next = self.at_maximum.val() & (self.write.val() | self.read.val());
        self.maximum_write.next = self.at_maximum.val() & self.write.val();
        Low::join(&mut self.address, &mut self.maximum_slot);
        self.maximum_write_data.next = self.write_data.val();

        // Answers.
        for i in 0..self.identification.len() {
            self.identity.value[i].next = self.identification[i].val();
        }
        self.state.value[0].next =
            signed_cast(self.abort_register.q.val(), REGISTER_BITS) & self.abort_bit.val();
        self.state.value[1].next = self.status_register.q.val();
        self.state.value[2].next = unsigned_cast(self.error_register.q.val(), REGISTER_BITS);
        self.state.value[3].next = unsigned_cast(self.interrupt_enable.q.val(), REGISTER_BITS);
        self.state.value[4].next = unsigned_cast(self.interrupt_status.val(), REGISTER_BITS);
        self.state.value[5].next = self.jobs_done.q.val();
        self.write_error.next = !(self.at_control.val()
            | self.at_error.val()
            | self.at_interrupt_enable.val()
            | self.at_interrupt_status.val()
            | self.job_registers.known.val()
            | (self.at_start.val() & self.start_accepted.val())
            | self.at_maximum.val());
        self.read_data_register.enable.next = self.read.val();
        self.read_data_register.d.next = self.identity.selected.val()
            | self.state.selected.val()
            | self.counted.selected.val()
            | self.job_registers.selected.val()
            | (signed_cast(self.at_maximum.val(), REGISTER_BITS) & self.maximum_read_data.val());
        self.read_data.next = self.read_data_register.q.val();
        self.read_error_register.enable.next = self.read.val();
        self.read_error_register.d.next = !(self.identity.known.val()
            | self.state.known.val()
            | self.counted.known.val()
            | self.job_registers.known.val()
            | self.at_maximum.val());
        self.read_error.next = self.read_error_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::Parameters;
    use crate::cosim::Random;
    use crate::job_registers::tests::is_legal;
    use crate::testing::{Bench, Values, bench};

    fn parameters(tokens: u32, stream_bits: u32) -> EngineParameters {
        EngineParameters::of(Parameters { lanes: 5, columns: 2, tokens, stream_bits, acc_bits: 24 })
    }

    fn csr(parameters: &EngineParameters, fetched: bool) -> Bench<Csr> {
        bench!(
            Csr::new(parameters, fetched),
            "csr": reset, write, read, address, write_data, job_ready, busy, aborted, free_slots, maximum_read_data,
                job_done, invalid_code, overflow, read_slverr, read_decerr,
                issued, weight_starved, activation_starved, output_blocked, weight_beat, activation_beat, result_beat
                => write_error, read_data, read_error, job_push, job_n, job_k, job_tokens, job_flags, job_address, aborting,
                    maximum_access, maximum_slot, maximum_write, maximum_write_data, irq
        )
    }

    const INPUTS: usize = 22;

    /// A cycle's inputs.
    struct Cycle {
        reset: bool,
        write: bool,
        read: bool,
        offset: u32,
        write_data: u64,
        job_ready: bool,
        status: [u64; 3],
        maximum: u64,
        job_done: bool,
        errors: [u64; 4],
        counts: [u64; 7],
    }

    impl Cycle {
        fn values(&self) -> Values {
            let head = [self.reset, self.write, self.read].map(u64::from);
            let access = [word(self.offset), self.write_data, self.job_ready.into()];
            let tail = [self.maximum, self.job_done.into()];
            let all = [&head[..], &access, &self.status, &tail, &self.errors, &self.counts].concat();
            assert_eq!(all.len(), INPUTS);
            all.into_iter().map(|value| vec![value]).collect()
        }
    }

    /// The registers as a driver knows them.
    #[derive(Clone, Default)]
    struct Registers {
        /// What the readable ones read, but for the maxima.
        held: HashMap<u32, u64>,
        aborting: bool,
        fetched: bool,
        answer: Option<(u64, bool)>,
    }

    impl Registers {
        fn new(p: &EngineParameters, fetched: bool) -> Self {
            let constants = identity(p, fetched).map(|(offset, value)| (offset, value.into()));
            let variables = [JOB_N, JOB_K, JOB_TOKENS, JOB_FLAGS, JOB_ADDRESS_LOW, JOB_ADDRESS_HIGH];
            let zero = STATE.iter().chain(&COUNTERS).chain(&variables).map(|&offset| (offset, 0));
            Self { held: constants.into_iter().chain(zero).collect(), aborting: false, fetched, answer: None }
        }

        /// Whether `JOB_START` is refused.
        fn refused(&self, p: &EngineParameters, cycle: &Cycle) -> bool {
            let job = [JOB_N, JOB_K, JOB_TOKENS, JOB_FLAGS, JOB_ADDRESS_LOW, JOB_ADDRESS_HIGH];
            let legal = is_legal(job.map(|offset| self.held[&offset]), p, self.fetched);
            !legal || !cycle.job_ready || self.aborting
        }

        fn slot(p: &EngineParameters, cycle: &Cycle) -> Option<u64> {
            let slot = cycle.offset.checked_sub(MAXIMUM)? / 4;
            (slot < p.array.tokens && cycle.status[0] == 0).then_some(slot.into())
        }

        /// What the outputs are in `cycle`; `None` where they mean nothing.
        fn outputs(&self, p: &EngineParameters, cycle: &Cycle) -> Vec<Option<u64>> {
            let writable = [CONTROL, ERROR, INTERRUPT_ENABLE, INTERRUPT_STATUS];
            let writable = writable.contains(&cycle.offset) || (JOB_N..JOB_START).contains(&cycle.offset);
            let start = cycle.write && cycle.offset == JOB_START;
            let slot = Self::slot(p, cycle);
            let access = slot.is_some() && (cycle.write || cycle.read);
            let error = !(writable || slot.is_some() || cycle.offset == JOB_START && !self.refused(p, cycle));
            let interrupt = self.held[&INTERRUPT_ENABLE] & self.held[&INTERRUPT_STATUS] != 0;
            let job = |offset, bits: usize| Some(self.held[&offset] & ((1 << bits) - 1));
            vec![
                cycle.write.then_some(error.into()),
                self.answer.map(|(data, _)| data),
                self.answer.map(|(_, error)| error.into()),
                Some((start && !self.refused(p, cycle)).into()),
                job(JOB_N, N_BITS),
                job(JOB_K, K_BITS),
                job(JOB_TOKENS, TOKENS_BITS),
                job(JOB_FLAGS, FLAGS),
                Some(self.held[&JOB_ADDRESS_HIGH] << 32 | self.held[&JOB_ADDRESS_LOW]),
                Some(self.aborting.into()),
                Some(access.into()),
                slot.filter(|_| access),
                Some((access && cycle.write).into()),
                (access && cycle.write).then_some(cycle.write_data),
                Some(interrupt.into()),
            ]
        }

        fn clock(&mut self, p: &EngineParameters, cycle: &Cycle) {
            let refused = cycle.write && cycle.offset == JOB_START && self.refused(p, cycle);
            if cycle.read {
                let held = self.held.get(&cycle.offset).copied();
                let data = held.or(Self::slot(p, cycle).map(|_| cycle.maximum));
                self.answer = Some((data.unwrap_or(0), data.is_none()));
            }
            let status = cycle.status[0] << STATUS_BUSY | cycle.status[1] << STATUS_ABORTED;
            let status = status | cycle.status[2] << STATUS_FREE_SLOTS;
            if cycle.reset {
                *self = Self { answer: self.answer, ..Self::new(p, self.fetched) };
                self.held.insert(STATUS, status);
                return;
            }
            let written = |offset| if cycle.write && cycle.offset == offset { cycle.write_data } else { 0 };
            let mut change = |offset, f: &dyn Fn(u64) -> u64| {
                let held = self.held.get_mut(&offset).expect("a register");
                *held = f(*held) & u64::from(u32::MAX);
            };
            change(STATUS, &|_| status);
            let [invalid, overflow, slverr, decerr] = cycle.errors;
            let set = invalid << ERROR_INVALID_CODE
                | overflow << ERROR_ACTIVATION_OVERFLOW
                | u64::from(refused) << ERROR_JOB_REFUSED
                | slverr << ERROR_READ_SLVERR
                | decerr << ERROR_READ_DECERR;
            change(ERROR, &|error| error & !written(ERROR) | set);
            let done = u64::from(cycle.job_done);
            change(JOBS_DONE, &|jobs| jobs + done);
            let status_of = |done: u64, error| done << INTERRUPT_JOB_DONE | error << INTERRUPT_ERROR;
            let clear = written(INTERRUPT_STATUS);
            change(INTERRUPT_STATUS, &|status| {
                status & !clear & 1 << INTERRUPT_JOB_DONE | status_of(done, 0)
            });
            let clear = written(CONTROL) >> CONTROL_CLEAR_COUNTERS & 1 == 1;
            for (offset, count) in COUNTERS.iter().zip([cycle.status[0]].iter().chain(&cycle.counts)) {
                change(*offset, &|counted| if clear { 0 } else { counted + count });
            }
            if cycle.write {
                let kept = |mask| move |_| cycle.write_data & mask;
                match cycle.offset {
                    CONTROL => change(CONTROL, &kept(1 << CONTROL_ABORT)),
                    INTERRUPT_ENABLE => change(INTERRUPT_ENABLE, &kept(3)),
                    JOB_FLAGS => change(JOB_FLAGS, &kept((1 << FLAGS) - 1)),
                    offset if (JOB_N..JOB_START).contains(&offset) => change(offset, &kept(u64::MAX)),
                    _ => {}
                }
            }
            let error = u64::from(self.held[&ERROR] != 0);
            *self.held.get_mut(&INTERRUPT_STATUS).expect("a register") |= status_of(0, error);
            self.aborting = self.held[&CONTROL] >> CONTROL_ABORT & 1 == 1;
        }
    }

    /// Every register, at random and with what is likely to be legal; events at any time.
    #[test]
    fn equals_variables() {
        for (tokens, stream_bits, fetched) in [(1, 8, false), (5, 64, true), (1024, 8, true)] {
            let p = parameters(tokens, stream_bits);
            let mut random = Random::new(tokens.into());
            let mut readable: Vec<u32> = Registers::new(&p, fetched).held.into_keys().collect();
            readable.sort_unstable();
            let mut cycle = |i: u64| {
                let access = if i < 2 { 1 - i } else { random.below(3) };
                let maximum =
                    MAXIMUM + 4 * u32::try_from(random.below(u64::from(tokens) + 2)).expect("a slot");
                let unmapped = 4 * u32::try_from(random.below(1 << WORD_BITS)).expect("an address");
                let any = random.pick(&readable);
                let offset = random.pick(&[any, any, any, JOB_START, CONTROL, ERROR, maximum, unmapped]);
                let write_data = match offset {
                    JOB_N | JOB_K | JOB_TOKENS if random.chance(80) => 1 + random.below(tokens.into()),
                    JOB_FLAGS => 1 << FLAG_RAW | random.below(64) & random.below(64) & random.below(64),
                    JOB_ADDRESS_LOW => random.bits() & 0xffff_fff8,
                    CONTROL | INTERRUPT_ENABLE | INTERRUPT_STATUS | ERROR => {
                        random.bits() >> 32 & random.bits()
                    }
                    _ => random.bits() >> 32,
                };
                // Offsets above the registers wrap in a real bus; here they are addresses.
                let offset = if offset >> ADDRESS_BITS == 0 { offset } else { MAXIMUM };
                // What happens while it is cleared is not lost.
                let errors = if offset == ERROR { 50 } else { 5 };
                Cycle {
                    reset: i == 0 || random.below(2000) == 0,
                    write: access == 0 && i > 1,
                    read: access == 1 || i == 1,
                    offset: if i == 1 { ID } else { offset },
                    write_data,
                    job_ready: random.chance(80),
                    status: [random.below(2), random.below(2), random.below(256)],
                    maximum: random.bits() >> 32,
                    job_done: random.chance(5),
                    errors: [(); 4].map(|()| random.chance(errors).into()),
                    counts: [(); 7].map(|()| random.below(2)),
                }
            };
            let cycles: Vec<Cycle> = (0..10_000).map(&mut cycle).collect();
            let inputs: Vec<Values> = cycles.iter().map(Cycle::values).collect();
            let outputs = csr(&p, fetched).run(&inputs, 2);
            let mut registers = Registers::new(&p, fetched);
            let [mut pushed, mut refused, mut interrupts, mut maxima] = [0; 4];
            for (i, (cycle, output)) in cycles.iter().zip(&outputs).enumerate() {
                let expected = registers.outputs(&p, cycle);
                for (at, (expected, output)) in expected.iter().zip(output).enumerate() {
                    let equal = expected.is_none_or(|expected| vec![expected] == *output);
                    assert!(i < 2 || equal, "output {at} in cycle {i}: {output:?} is {expected:?}");
                }
                let start = cycle.write && cycle.offset == JOB_START;
                pushed += u64::from(start) & output[3][0];
                refused += u64::from(start) & output[0][0];
                interrupts += output[14][0];
                maxima += output[10][0];
                registers.clock(&p, cycle);
            }
            let seen = [pushed, refused, interrupts, maxima];
            assert!(seen.iter().all(|&many| many > 50), "too few to tell: {seen:?}");
        }
    }

    #[test]
    fn data_is_there_in_the_cycle_after_the_read_and_not_before() {
        let p = parameters(2, 8);
        let cycle = |i: u32| Cycle {
            reset: i == 0,
            write: false,
            read: i % 2 == 1,
            offset: [0, ID, 0, LANES, 0, JOB_START][i as usize % 6],
            write_data: 0,
            job_ready: true,
            status: [0; 3],
            maximum: 0,
            job_done: false,
            errors: [0; 4],
            counts: [0; 7],
        };
        let inputs: Vec<Values> = (0..7).map(|i| cycle(i).values()).collect();
        let outputs = csr(&p, true).run(&inputs, 2);
        let answers: Vec<[u64; 2]> = outputs.iter().skip(2).map(|out| [out[1][0], out[2][0]]).collect();
        let id = [u64::from(IDENTIFICATION), 0];
        assert_eq!(answers, [id, id, [5, 0], [5, 0], [0, 1]]);
    }

    #[test]
    fn synthesises() {
        csr(&parameters(1, 8), false).assert_synthesises();
        csr(&parameters(1024, 512), true).assert_synthesises();
    }
}
