//! The engine with nothing but streams: jobs, weights and activations in, results out.
//!
//! ```text
//!                           +----------------+
//!   s_axis_job_*        --->|                |
//!   s_axis_weight_*     --->|  ternary_core  |---> m_axis_result_*
//!   s_axis_activation_* --->|                |---> invalid_code, activation_overflow
//!   aresetn             --->+-------/\-------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `aclk`, `aresetn` | in | 1, 1 | rising edge; synchronous, active low, drops everything under way |
//! | `s_axis_job_*` | in | 64 | AXI4-Stream: a job a beat, [`JOB_FIELDS`] |
//! | `s_axis_weight_*` | in | STREAM_BITS | AXI4-Stream: the weight image |
//! | `s_axis_activation_*` | in | ACTIVATION_BITS | AXI4-Stream: activations |
//! | `m_axis_result_*` | out | 32 x RESULT_LANES | AXI4-Stream: results |
//! | `invalid_code` | out | 1 | a byte of the weights was no code; a cycle for each such beat |
//! | `activation_overflow` | out | 1 | a job waits for a word that cannot come |
//!
//! Parameters: [`EngineParameters`]. Layouts and rules: this crate's README. Golden: `contract::dot`.
//!
//! Does not: check a job, requantise, count, or have registers: `ternary_engine` does.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Number, Pack, Recast, Wires};
use crate::job_queue::FLAGS_BITS;
use crate::job_registers::{K_BITS, N_BITS, TOKENS_BITS};
use crate::matrix_unit::MatrixUnit;
use crate::result_sequencer::ResultSequencer;
use crate::stream_fifo::StreamFifo;
use crate::{EngineParameters, Error, JOB_SLOTS};

/// Bits of a job, lowest first: N, tokens, K, KEEP, and seven that are not looked at.
pub const JOB_FIELDS: [usize; 5] = [N_BITS, TOKENS_BITS, K_BITS, 1, 7];

const COLLECT: [usize; 2] = [N_BITS, TOKENS_BITS];

/// The engine, streams alone.
#[derive(LogicBlock, Debug)]
pub struct TernaryCore {
    /// Rising edge.
    pub aclk: Signal<In, Clock>,
    /// Active low.
    pub aresetn: Bus<In>,
    /// A job is offered.
    pub s_axis_job_tvalid: Bus<In>,
    /// It is taken.
    pub s_axis_job_tready: Bus<Out>,
    /// The job.
    pub s_axis_job_tdata: Bus<In>,
    /// A beat of the weight image is offered.
    pub s_axis_weight_tvalid: Bus<In>,
    /// It is taken.
    pub s_axis_weight_tready: Bus<Out>,
    /// The beat.
    pub s_axis_weight_tdata: Pack<Bus<In>>,
    /// A beat of activations is offered.
    pub s_axis_activation_tvalid: Bus<In>,
    /// It is taken.
    pub s_axis_activation_tready: Bus<Out>,
    /// The beat.
    pub s_axis_activation_tdata: Pack<Bus<In>>,
    /// A beat of results is offered.
    pub m_axis_result_tvalid: Bus<Out>,
    /// It is taken.
    pub m_axis_result_tready: Bus<In>,
    /// The beat.
    pub m_axis_result_tdata: Pack<Bus<Out>>,
    /// It is its job's last.
    pub m_axis_result_tlast: Bus<Out>,
    /// A byte was no code.
    pub invalid_code: Bus<Out>,
    /// The word that is wanted cannot come.
    pub activation_overflow: Bus<Out>,
    matrix_unit: MatrixUnit,
    collect_queue: StreamFifo,
    result_sequencer: ResultSequencer,
    reset: Bus<Local>,
    job: Pack<Bus<Local>>,
    collect_record: Pack<Bus<Local>>,
    collect_head: Pack<Bus<Local>>,
    no_flags: Number,
    no_vector: Number,
}

impl TernaryCore {
    /// The engine that `parameters` describe.
    ///
    /// # Errors
    ///
    /// A size outside its range.
    pub fn new(parameters: &EngineParameters) -> Result<Self, Error> {
        parameters.validate()?;
        let array = &parameters.array;
        Ok(Self {
            aclk: Signal::default(),
            aresetn: Bus::new(1),
            s_axis_job_tvalid: Bus::new(1),
            s_axis_job_tready: Bus::new(1),
            s_axis_job_tdata: Bus::new(JOB_FIELDS.iter().sum()),
            s_axis_weight_tvalid: Bus::new(1),
            s_axis_weight_tready: Bus::new(1),
            s_axis_weight_tdata: Pack::new(array.stream_bits as usize / 8, 8),
            s_axis_activation_tvalid: Bus::new(1),
            s_axis_activation_tready: Bus::new(1),
            s_axis_activation_tdata: Pack::new(parameters.activation_bits as usize / 8, 8),
            m_axis_result_tvalid: Bus::new(1),
            m_axis_result_tready: Bus::new(1),
            m_axis_result_tdata: Pack::new(parameters.result_lanes as usize, 32),
            m_axis_result_tlast: Bus::new(1),
            invalid_code: Bus::new(1),
            activation_overflow: Bus::new(1),
            matrix_unit: MatrixUnit::new(parameters)?,
            collect_queue: StreamFifo::new(JOB_SLOTS as usize, COLLECT.iter().sum(), 1),
            result_sequencer: ResultSequencer::new(parameters),
            reset: Bus::new(1),
            job: Pack::record(&JOB_FIELDS),
            collect_record: Pack::record(&COLLECT),
            collect_head: Pack::record(&COLLECT),
            no_flags: Number::new(0, FLAGS_BITS - 1),
            no_vector: Number::new(0, 32),
        })
    }
}

impl Logic for TernaryCore {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("A ternary matrix engine of streams alone.");
        self.matrix_unit.clock.next = self.aclk.val();
        self.collect_queue.clock.next = self.aclk.val();
        self.result_sequencer.clock.next = self.aclk.val();
        self.reset.next = !self.aresetn.val();
        self.matrix_unit.reset.next = self.reset.val();
        self.collect_queue.reset.next = self.reset.val();
        self.result_sequencer.reset.next = self.reset.val();

        // A job goes to both sides at once; results may lag jobs behind.
        Recast::join(&mut self.s_axis_job_tdata, &mut self.job);
        self.matrix_unit.job_valid.next = self.s_axis_job_tvalid.val() & self.collect_queue.input_ready.val();
        self.collect_queue.input_valid.next = self.s_axis_job_tvalid.val() & self.matrix_unit.job_ready.val();
        self.s_axis_job_tready.next = self.matrix_unit.job_ready.val() & self.collect_queue.input_ready.val();
        self.matrix_unit.job_n.next = self.job[0].val();
        self.matrix_unit.job_tokens.next = self.job[1].val();
        self.matrix_unit.job_k.next = self.job[2].val();
        self.matrix_unit.job_keep.next = self.job[3].val();
        self.collect_record[0].next = self.job[0].val();
        self.collect_record[1].next = self.job[1].val();
        Recast::join(&mut self.collect_record, &mut self.collect_queue.input_data);

        self.matrix_unit.weight_valid.next = self.s_axis_weight_tvalid.val();
        self.s_axis_weight_tready.next = self.matrix_unit.weight_ready.val();
        Wires::join(&mut self.s_axis_weight_tdata, &mut self.matrix_unit.weight_data);
        self.invalid_code.next = self.matrix_unit.invalid_code.val();
        self.matrix_unit.activation_valid.next = self.s_axis_activation_tvalid.val();
        self.s_axis_activation_tready.next = self.matrix_unit.activation_ready.val();
        Wires::join(&mut self.s_axis_activation_tdata, &mut self.matrix_unit.activation_data);
        self.activation_overflow.next = self.matrix_unit.overflow.val();

        Recast::join(&mut self.collect_queue.output_data, &mut self.collect_head);
        self.result_sequencer.job_valid.next = self.collect_queue.output_valid.val();
        self.collect_queue.output_ready.next = self.result_sequencer.job_ready.val();
        self.result_sequencer.job_n.next = self.collect_head[0].val();
        self.result_sequencer.job_tokens.next = self.collect_head[1].val();
        self.result_sequencer.job_flags.next = self.no_flags.val();
        self.result_sequencer.values_valid.next = self.matrix_unit.values_valid.val();
        self.matrix_unit.values_ready.next = self.result_sequencer.values_ready.val();
        self.matrix_unit.last_group.next = self.result_sequencer.last_group.val();
        Wires::join(&mut self.matrix_unit.values_data, &mut self.result_sequencer.values_data);
        self.result_sequencer.vector_valid.next = false.into();
        for i in 0..self.result_sequencer.vector_data.len() {
            self.result_sequencer.vector_data[i].next = self.no_vector.val();
        }
        self.m_axis_result_tvalid.next = self.result_sequencer.beat_valid.val();
        self.result_sequencer.beat_ready.next = self.m_axis_result_tready.val();
        Wires::join(&mut self.result_sequencer.beat_data, &mut self.m_axis_result_tdata);
        self.m_axis_result_tlast.next = self.result_sequencer.beat_last.val();
    }
}
