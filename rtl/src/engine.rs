//! The engine without its bus names: registers, buffers and the array, and a port for weights wherever they come from.
//!
//! ```text
//!                    +----------+
//!   AXI4-Lite    <-->|          |<-- weight_valid, weight_ready, weight_data
//!   activation_* <-->|  engine  |--> fetch_push, fetch_n, fetch_k, fetch_address
//!   vector_*     <-->|          |<-- fetch_idle, fetch_slverr, fetch_decerr
//!   result_*     <-->|          |--> aborting, weight_taken
//!   quantized_*  <-->+----/\----+--> irq
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, clears everything |
//! | `aw...`, `w...`, `b...`, `ar...`, `r...` | | | AXI4-Lite, [`crate::register_map`] |
//! | `weight_valid`, `weight_ready`, `weight_data` | in, out, in | 1, 1, STREAM_BITS / 8 x 8 | a beat of the weight image |
//! | `activation_*` | in, out, in | 1, 1, ACTIVATION_BITS / 8 x 8 | a beat of activations |
//! | `vector_*` | in, out, in | 1, 1, RESULT_LANES x 32 | a beat of values from memory |
//! | `result_*` | out, in, out | 1, 1, RESULT_LANES x 32, 1 | a beat of results, and whether it is its job's last |
//! | `quantized_*` | out, in, out | 1, 1, RESULT_LANES x 8, 1 | the same, scaled to INT8 |
//! | `fetch_push` | out | 1 | a matrix job is queued whose weights are wanted |
//! | `fetch_n`, `fetch_k`, `fetch_address` | out | 21, 24, 64 | its sizes, and where they are |
//! | `aborting` | out | 1 | everything under way is dropped |
//! | `weight_taken` | out | 1 | a beat has left the weight FIFO |
//! | `fetch_idle`, `fetch_slverr`, `fetch_decerr` | in | 1, 1, 1 | nothing is being fetched; a read failed |
//! | `irq` | out | 1 | a job is done or an error occurred, and that is enabled |
//!
//! Parameters: [`EngineParameters`]. Latencies: those of the blocks, [`contract::latency`]. Golden: `contract::dot`, and
//! `contract::requantize` of its results.
//!
//! While `aborting` is set, everything but the registers, the maxima and the offered outputs is held in reset, and whatever the
//! input streams bring is taken and dropped.
//!
//! Does not: fetch weights. `ternary_engine` takes them from a stream, `ternary_engine_axi` from memory.

use rust_hdl::prelude::*;

use crate::axi_lite::AxiLite;
use crate::csr::Csr;
use crate::hdl::{Bus, Pack, Wires};
use crate::job_queue::JobQueue;
use crate::job_registers::{K_BITS, N_BITS};
use crate::matrix_unit::MatrixUnit;
use crate::register_map::ADDRESS_BITS;
use crate::requantizer::Requantizer;
use crate::result_sequencer::ResultSequencer;
use crate::stream_register::StreamRegister;
use crate::{EngineParameters, Error};

/// Registers, buffers and the array.
#[derive(LogicBlock, Debug)]
pub struct Engine {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Clears everything.
    pub reset: Bus<In>,
    /// Where to write.
    pub awaddr: Bus<In>,
    /// Not looked at.
    pub awprot: Bus<In>,
    /// A write address is offered.
    pub awvalid: Bus<In>,
    /// It is taken.
    pub awready: Bus<Out>,
    /// What to write.
    pub wdata: Bus<In>,
    /// Which bytes; all of them.
    pub wstrb: Bus<In>,
    /// Data is offered.
    pub wvalid: Bus<In>,
    /// It is taken.
    pub wready: Bus<Out>,
    /// OKAY or SLVERR.
    pub bresp: Bus<Out>,
    /// A response to a write is offered.
    pub bvalid: Bus<Out>,
    /// It is taken.
    pub bready: Bus<In>,
    /// What to read.
    pub araddr: Bus<In>,
    /// Not looked at.
    pub arprot: Bus<In>,
    /// A read address is offered.
    pub arvalid: Bus<In>,
    /// It is taken.
    pub arready: Bus<Out>,
    /// What was read.
    pub rdata: Bus<Out>,
    /// OKAY or SLVERR.
    pub rresp: Bus<Out>,
    /// A response to a read is offered.
    pub rvalid: Bus<Out>,
    /// It is taken.
    pub rready: Bus<In>,
    /// A beat of weights is offered.
    pub weight_valid: Bus<In>,
    /// It is taken.
    pub weight_ready: Bus<Out>,
    /// The beat.
    pub weight_data: Pack<Bus<In>>,
    /// A beat of activations is offered.
    pub activation_valid: Bus<In>,
    /// It is taken.
    pub activation_ready: Bus<Out>,
    /// The beat.
    pub activation_data: Pack<Bus<In>>,
    /// A beat of values from memory is offered.
    pub vector_valid: Bus<In>,
    /// It is taken.
    pub vector_ready: Bus<Out>,
    /// The beat.
    pub vector_data: Pack<Bus<In>>,
    /// A beat of results is offered.
    pub result_valid: Bus<Out>,
    /// It is taken.
    pub result_ready: Bus<In>,
    /// The beat.
    pub result_data: Pack<Bus<Out>>,
    /// It is its job's last.
    pub result_last: Bus<Out>,
    /// A beat of scaled results is offered.
    pub quantized_valid: Bus<Out>,
    /// It is taken.
    pub quantized_ready: Bus<In>,
    /// The beat.
    pub quantized_data: Pack<Bus<Out>>,
    /// It is its job's last.
    pub quantized_last: Bus<Out>,
    /// A matrix job is queued.
    pub fetch_push: Bus<Out>,
    /// Its outputs.
    pub fetch_n: Bus<Out>,
    /// Its inputs.
    pub fetch_k: Bus<Out>,
    /// Where its weights are.
    pub fetch_address: Bus<Out>,
    /// Everything under way is dropped.
    pub aborting: Bus<Out>,
    /// A beat has left the weight FIFO.
    pub weight_taken: Bus<Out>,
    /// Nothing is being fetched.
    pub fetch_idle: Bus<In>,
    /// A read answered SLVERR.
    pub fetch_slverr: Bus<In>,
    /// A read answered DECERR.
    pub fetch_decerr: Bus<In>,
    /// A job is done or an error occurred.
    pub irq: Bus<Out>,
    axi_lite: AxiLite,
    csr: Csr,
    job_queue: JobQueue,
    matrix_unit: MatrixUnit,
    vector_input: StreamRegister,
    result_sequencer: ResultSequencer,
    requantizer: Requantizer,
    result_output: StreamRegister,
    quantized_output: StreamRegister,
    flush: Bus<Local>,
    busy: Bus<Local>,
}

impl Engine {
    /// The engine that `parameters` describe; `fetched`: its weights are fetched by address.
    ///
    /// # Errors
    ///
    /// A size outside its range.
    pub fn new(parameters: &EngineParameters, fetched: bool) -> Result<Self, Error> {
        parameters.validate()?;
        let array = &parameters.array;
        let stream_bytes = array.stream_bits as usize / 8;
        let activation_bytes = parameters.activation_bits as usize / 8;
        let values = parameters.result_lanes as usize;
        Ok(Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            awaddr: Bus::new(ADDRESS_BITS),
            awprot: Bus::new(3),
            awvalid: Bus::new(1),
            awready: Bus::new(1),
            wdata: Bus::new(32),
            wstrb: Bus::new(4),
            wvalid: Bus::new(1),
            wready: Bus::new(1),
            bresp: Bus::new(2),
            bvalid: Bus::new(1),
            bready: Bus::new(1),
            araddr: Bus::new(ADDRESS_BITS),
            arprot: Bus::new(3),
            arvalid: Bus::new(1),
            arready: Bus::new(1),
            rdata: Bus::new(32),
            rresp: Bus::new(2),
            rvalid: Bus::new(1),
            rready: Bus::new(1),
            weight_valid: Bus::new(1),
            weight_ready: Bus::new(1),
            weight_data: Pack::new(stream_bytes, 8),
            activation_valid: Bus::new(1),
            activation_ready: Bus::new(1),
            activation_data: Pack::new(activation_bytes, 8),
            vector_valid: Bus::new(1),
            vector_ready: Bus::new(1),
            vector_data: Pack::new(values, 32),
            result_valid: Bus::new(1),
            result_ready: Bus::new(1),
            result_data: Pack::new(values, 32),
            result_last: Bus::new(1),
            quantized_valid: Bus::new(1),
            quantized_ready: Bus::new(1),
            quantized_data: Pack::new(values, 8),
            quantized_last: Bus::new(1),
            fetch_push: Bus::new(1),
            fetch_n: Bus::new(N_BITS),
            fetch_k: Bus::new(K_BITS),
            fetch_address: Bus::new(64),
            aborting: Bus::new(1),
            weight_taken: Bus::new(1),
            fetch_idle: Bus::new(1),
            fetch_slverr: Bus::new(1),
            fetch_decerr: Bus::new(1),
            irq: Bus::new(1),
            axi_lite: AxiLite::new(ADDRESS_BITS),
            csr: Csr::new(parameters, fetched),
            job_queue: JobQueue::default(),
            matrix_unit: MatrixUnit::new(parameters)?,
            vector_input: StreamRegister::new(values, 32),
            result_sequencer: ResultSequencer::new(parameters),
            requantizer: Requantizer::new(parameters),
            result_output: StreamRegister::new(values, 32),
            quantized_output: StreamRegister::new(values, 8),
            flush: Bus::new(1),
            busy: Bus::new(1),
        })
    }
}

impl Logic for Engine {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Registers, buffers and the array. Weights come from whoever holds this.");
        clock!(
            self,
            clock,
            axi_lite,
            csr,
            job_queue,
            matrix_unit,
            vector_input,
            result_sequencer,
            requantizer,
            result_output,
            quantized_output
        );
        // An abort holds the machine in reset, but not what a master or a slave outside relies on.
        self.flush.next = self.reset.val() | self.csr.aborting.val();
        self.aborting.next = self.csr.aborting.val();
        self.axi_lite.reset.next = self.reset.val();
        self.csr.reset.next = self.reset.val();
        self.vector_input.reset.next = self.reset.val();
        self.result_output.reset.next = self.reset.val();
        self.quantized_output.reset.next = self.reset.val();
        self.job_queue.reset.next = self.flush.val();
        self.matrix_unit.reset.next = self.flush.val();
        self.result_sequencer.reset.next = self.flush.val();
        self.requantizer.reset.next = self.flush.val();

        self.axi_lite.awaddr.next = self.awaddr.val();
        self.axi_lite.awprot.next = self.awprot.val();
        self.axi_lite.awvalid.next = self.awvalid.val();
        self.awready.next = self.axi_lite.awready.val();
        self.axi_lite.wdata.next = self.wdata.val();
        self.axi_lite.wstrb.next = self.wstrb.val();
        self.axi_lite.wvalid.next = self.wvalid.val();
        self.wready.next = self.axi_lite.wready.val();
        self.bresp.next = self.axi_lite.bresp.val();
        self.bvalid.next = self.axi_lite.bvalid.val();
        self.axi_lite.bready.next = self.bready.val();
        self.axi_lite.araddr.next = self.araddr.val();
        self.axi_lite.arprot.next = self.arprot.val();
        self.axi_lite.arvalid.next = self.arvalid.val();
        self.arready.next = self.axi_lite.arready.val();
        self.rdata.next = self.axi_lite.rdata.val();
        self.rresp.next = self.axi_lite.rresp.val();
        self.rvalid.next = self.axi_lite.rvalid.val();
        self.axi_lite.rready.next = self.rready.val();
        self.csr.write.next = self.axi_lite.write.val();
        self.csr.read.next = self.axi_lite.read.val();
        self.csr.address.next = self.axi_lite.address.val();
        self.csr.write_data.next = self.axi_lite.write_data.val();
        self.axi_lite.write_error.next = self.csr.write_error.val();
        self.axi_lite.read_data.next = self.csr.read_data.val();
        self.axi_lite.read_error.next = self.csr.read_error.val();
        self.irq.next = self.csr.irq.val();

        // Jobs.
        self.job_queue.push.next = self.csr.job_push.val();
        self.job_queue.n.next = self.csr.job_n.val();
        self.job_queue.k.next = self.csr.job_k.val();
        self.job_queue.tokens.next = self.csr.job_tokens.val();
        self.job_queue.flags.next = self.csr.job_flags.val();
        self.job_queue.done.next = self.requantizer.done.val();
        self.csr.job_ready.next = self.job_queue.free_slots.val().any().into();
        self.csr.free_slots.next = self.job_queue.free_slots.val();
        self.busy.next = self.job_queue.busy.val();
        self.csr.busy.next = self.busy.val();
        self.csr.job_done.next = self.requantizer.done.val();
        self.fetch_push.next = self.csr.job_push.val() & !self.csr.job_flags.val().get_bits::<1>(0);
        self.fetch_n.next = self.csr.job_n.val();
        self.fetch_k.next = self.csr.job_k.val();
        self.fetch_address.next = self.csr.job_address.val();
        self.matrix_unit.job_valid.next = self.job_queue.issue_valid.val();
        self.job_queue.issue_ready.next = self.matrix_unit.job_ready.val();
        self.matrix_unit.job_n.next = self.job_queue.issue_n.val();
        self.matrix_unit.job_k.next = self.job_queue.issue_k.val();
        self.matrix_unit.job_tokens.next = self.job_queue.issue_tokens.val();
        self.matrix_unit.job_keep.next = self.job_queue.issue_keep.val();

        // Weights and activations.
        self.matrix_unit.weight_valid.next = self.weight_valid.val();
        self.weight_ready.next = self.matrix_unit.weight_ready.val() | self.csr.aborting.val();
        Wires::join(&mut self.weight_data, &mut self.matrix_unit.weight_data);
        self.weight_taken.next = self.matrix_unit.weight_taken.val();
        self.csr.invalid_code.next = self.matrix_unit.invalid_code.val();
        self.csr.read_slverr.next = self.fetch_slverr.val();
        self.csr.read_decerr.next = self.fetch_decerr.val();
        self.matrix_unit.activation_valid.next = self.activation_valid.val();
        self.activation_ready.next = self.matrix_unit.activation_ready.val() | self.csr.aborting.val();
        Wires::join(&mut self.activation_data, &mut self.matrix_unit.activation_data);
        self.csr.overflow.next = self.matrix_unit.overflow.val();

        // Results.
        self.vector_input.input_valid.next = self.vector_valid.val();
        self.vector_ready.next = self.vector_input.input_ready.val();
        Wires::join(&mut self.vector_data, &mut self.vector_input.input_data);
        self.vector_input.input_last.next = false.into();
        self.result_sequencer.vector_valid.next = self.vector_input.output_valid.val();
        self.vector_input.output_ready.next =
            self.result_sequencer.vector_ready.val() | self.csr.aborting.val();
        Wires::join(&mut self.vector_input.output_data, &mut self.result_sequencer.vector_data);
        self.result_sequencer.job_valid.next = self.job_queue.collect_valid.val();
        self.job_queue.collect_ready.next = self.result_sequencer.job_ready.val();
        self.result_sequencer.job_n.next = self.job_queue.collect_n.val();
        self.result_sequencer.job_tokens.next = self.job_queue.collect_tokens.val();
        self.result_sequencer.job_flags.next = self.job_queue.collect_flags.val();
        self.result_sequencer.values_valid.next = self.matrix_unit.values_valid.val();
        self.matrix_unit.values_ready.next = self.result_sequencer.values_ready.val();
        self.matrix_unit.last_group.next = self.result_sequencer.last_group.val();
        Wires::join(&mut self.matrix_unit.values_data, &mut self.result_sequencer.values_data);
        self.requantizer.beat_valid.next = self.result_sequencer.beat_valid.val();
        self.result_sequencer.beat_ready.next = self.requantizer.beat_ready.val();
        Wires::join(&mut self.result_sequencer.beat_data, &mut self.requantizer.beat_data);
        self.requantizer.beat_slot.next = self.result_sequencer.beat_slot.val();
        self.requantizer.beat_fresh.next = self.result_sequencer.beat_fresh.val();
        self.requantizer.beat_last.next = self.result_sequencer.beat_last.val();
        self.requantizer.beat_raw.next = self.result_sequencer.beat_raw.val();
        self.requantizer.beat_maximum.next = self.result_sequencer.beat_maximum.val();
        self.requantizer.beat_scale.next = self.result_sequencer.beat_scale.val();
        self.requantizer.maximum_access.next = self.csr.maximum_access.val();
        self.requantizer.maximum_slot.next = self.csr.maximum_slot.val();
        self.requantizer.maximum_write.next = self.csr.maximum_write.val();
        self.requantizer.maximum_write_data.next = self.csr.maximum_write_data.val();
        self.csr.maximum_read_data.next = self.requantizer.maximum_read_data.val();
        self.result_output.input_valid.next = self.requantizer.result_valid.val();
        self.requantizer.result_ready.next = self.result_output.input_ready.val();
        Wires::join(&mut self.requantizer.result_data, &mut self.result_output.input_data);
        self.result_output.input_last.next = self.requantizer.result_last.val();
        self.result_valid.next = self.result_output.output_valid.val();
        self.result_output.output_ready.next = self.result_ready.val();
        Wires::join(&mut self.result_output.output_data, &mut self.result_data);
        self.result_last.next = self.result_output.output_last.val();
        self.quantized_output.input_valid.next = self.requantizer.quantized_valid.val();
        self.requantizer.quantized_ready.next = self.quantized_output.input_ready.val();
        Wires::join(&mut self.requantizer.quantized_data, &mut self.quantized_output.input_data);
        self.quantized_output.input_last.next = self.requantizer.quantized_last.val();
        self.quantized_valid.next = self.quantized_output.output_valid.val();
        self.quantized_output.output_ready.next = self.quantized_ready.val();
        Wires::join(&mut self.quantized_output.output_data, &mut self.quantized_data);
        self.quantized_last.next = self.quantized_output.output_last.val();
        self.csr.aborted.next = self.csr.aborting.val()
            & self.fetch_idle.val()
            & !self.result_output.output_valid.val()
            & !self.quantized_output.output_valid.val();

        // What the counters count.
        self.csr.issued.next = self.matrix_unit.issued.val();
        self.csr.weight_starved.next = self.matrix_unit.weight_starved.val();
        self.csr.activation_starved.next = self.matrix_unit.activation_starved.val();
        self.csr.output_blocked.next = self.matrix_unit.output_blocked.val();
        self.csr.weight_beat.next = self.matrix_unit.weight_taken.val();
        self.csr.activation_beat.next =
            self.activation_valid.val() & self.matrix_unit.activation_ready.val() & !self.csr.aborting.val();
        self.csr.result_beat.next =
            self.result_sequencer.beat_valid.val() & self.requantizer.beat_ready.val();
    }
}
