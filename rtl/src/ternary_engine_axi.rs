//! The engine with an AXI4 read master that fetches its weights.
//!
//! ```text
//!                        +----------------------+
//!   s_axi_*         <--->|                      |<---> m_axi_ar*, m_axi_r*
//!   s_axis_activation_* >|                      |> m_axis_result_*
//!   s_axis_vector_* ---->|  ternary_engine_axi  |> m_axis_quantized_*
//!   aresetn ------------>+----------/\----------+--> irq
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `aclk`, `aresetn` | in | 1, 1 | rising edge; synchronous, active low |
//! | `irq` | out | 1 | a job is done or an error occurred, and that is enabled |
//! | `s_axi_*` | | | AXI4-Lite slave: [`crate::register_map`] |
//! | `s_axis_activation_*` | in | ACTIVATION_BITS | AXI4-Stream: activations |
//! | `s_axis_vector_*` | in | 32 x RESULT_LANES | AXI4-Stream: values from memory |
//! | `m_axis_result_*` | out | 32 x RESULT_LANES | AXI4-Stream: results |
//! | `m_axis_quantized_*` | out | 8 x RESULT_LANES | AXI4-Stream: results scaled to INT8 |
//! | `m_axi_ar*`, `m_axi_r*` | out, in | STREAM_BITS | AXI4 read master: the weight image, from JOB_ADDRESS on |
//!
//! Parameters: [`EngineParameters`]; STREAM_BITS is a width of an AXI4 bus. Layouts, registers and rules: this crate's README. Golden:
//! `contract::dot`, and `contract::requantize` of its results.
//!
//! Does not: write memory; a DMA engine serves the streams.

use rust_hdl::prelude::*;

use crate::engine::Engine;
use crate::hdl::{Bus, Pack, Recast, Wires};
use crate::job_registers::{K_BITS, N_BITS};
use crate::register_map::ADDRESS_BITS;
use crate::stream_fifo::StreamFifo;
use crate::weight_fetch::WeightFetch;
use crate::{EngineParameters, Error, JOB_SLOTS};

const JOB: [usize; 3] = [64, N_BITS, K_BITS];

/// The engine, weights from memory.
#[derive(LogicBlock, Debug)]
pub struct TernaryEngineAxi {
    /// Rising edge.
    pub aclk: Signal<In, Clock>,
    /// Active low.
    pub aresetn: Bus<In>,
    /// A job is done or an error occurred.
    pub irq: Bus<Out>,
    /// Where to write.
    pub s_axi_awaddr: Bus<In>,
    /// Not looked at.
    pub s_axi_awprot: Bus<In>,
    /// A write address is offered.
    pub s_axi_awvalid: Bus<In>,
    /// It is taken.
    pub s_axi_awready: Bus<Out>,
    /// What to write.
    pub s_axi_wdata: Bus<In>,
    /// Which bytes; all of them.
    pub s_axi_wstrb: Bus<In>,
    /// Data is offered.
    pub s_axi_wvalid: Bus<In>,
    /// It is taken.
    pub s_axi_wready: Bus<Out>,
    /// OKAY or SLVERR.
    pub s_axi_bresp: Bus<Out>,
    /// A response to a write is offered.
    pub s_axi_bvalid: Bus<Out>,
    /// It is taken.
    pub s_axi_bready: Bus<In>,
    /// What to read.
    pub s_axi_araddr: Bus<In>,
    /// Not looked at.
    pub s_axi_arprot: Bus<In>,
    /// A read address is offered.
    pub s_axi_arvalid: Bus<In>,
    /// It is taken.
    pub s_axi_arready: Bus<Out>,
    /// What was read.
    pub s_axi_rdata: Bus<Out>,
    /// OKAY or SLVERR.
    pub s_axi_rresp: Bus<Out>,
    /// A response to a read is offered.
    pub s_axi_rvalid: Bus<Out>,
    /// It is taken.
    pub s_axi_rready: Bus<In>,
    /// A beat of activations is offered.
    pub s_axis_activation_tvalid: Bus<In>,
    /// It is taken.
    pub s_axis_activation_tready: Bus<Out>,
    /// The beat.
    pub s_axis_activation_tdata: Pack<Bus<In>>,
    /// A beat of values from memory is offered.
    pub s_axis_vector_tvalid: Bus<In>,
    /// It is taken.
    pub s_axis_vector_tready: Bus<Out>,
    /// The beat.
    pub s_axis_vector_tdata: Pack<Bus<In>>,
    /// A beat of results is offered.
    pub m_axis_result_tvalid: Bus<Out>,
    /// It is taken.
    pub m_axis_result_tready: Bus<In>,
    /// The beat.
    pub m_axis_result_tdata: Pack<Bus<Out>>,
    /// It is its job's last.
    pub m_axis_result_tlast: Bus<Out>,
    /// A beat of results scaled to INT8 is offered.
    pub m_axis_quantized_tvalid: Bus<Out>,
    /// It is taken.
    pub m_axis_quantized_tready: Bus<In>,
    /// The beat.
    pub m_axis_quantized_tdata: Pack<Bus<Out>>,
    /// It is its job's last.
    pub m_axis_quantized_tlast: Bus<Out>,
    /// Where a burst begins.
    pub m_axi_araddr: Bus<Out>,
    /// Its beats, less one.
    pub m_axi_arlen: Bus<Out>,
    /// Bytes of a beat, as a power of two.
    pub m_axi_arsize: Bus<Out>,
    /// INCR.
    pub m_axi_arburst: Bus<Out>,
    /// Modifiable and bufferable.
    pub m_axi_arcache: Bus<Out>,
    /// Unprivileged, secure, data.
    pub m_axi_arprot: Bus<Out>,
    /// A burst is asked for.
    pub m_axi_arvalid: Bus<Out>,
    /// It is accepted.
    pub m_axi_arready: Bus<In>,
    /// A beat of weights.
    pub m_axi_rdata: Pack<Bus<In>>,
    /// Its response.
    pub m_axi_rresp: Bus<In>,
    /// It is its burst's last.
    pub m_axi_rlast: Bus<In>,
    /// A beat is offered.
    pub m_axi_rvalid: Bus<In>,
    /// It is taken.
    pub m_axi_rready: Bus<Out>,
    engine: Engine,
    fetch_queue: StreamFifo,
    weight_fetch: WeightFetch,
    job: Pack<Bus<Local>>,
    head: Pack<Bus<Local>>,
    reset: Bus<Local>,
}

impl TernaryEngineAxi {
    /// The engine that `parameters` describe.
    ///
    /// # Errors
    ///
    /// A size outside its range, or a stream that is no AXI4 data bus.
    pub fn new(parameters: &EngineParameters) -> Result<Self, Error> {
        parameters.validate_axi()?;
        let stream_bytes = parameters.array.stream_bits as usize / 8;
        let activation_bytes = parameters.activation_bits as usize / 8;
        let values = parameters.result_lanes as usize;
        Ok(Self {
            aclk: Signal::default(),
            aresetn: Bus::new(1),
            irq: Bus::new(1),
            s_axi_awaddr: Bus::new(ADDRESS_BITS),
            s_axi_awprot: Bus::new(3),
            s_axi_awvalid: Bus::new(1),
            s_axi_awready: Bus::new(1),
            s_axi_wdata: Bus::new(32),
            s_axi_wstrb: Bus::new(4),
            s_axi_wvalid: Bus::new(1),
            s_axi_wready: Bus::new(1),
            s_axi_bresp: Bus::new(2),
            s_axi_bvalid: Bus::new(1),
            s_axi_bready: Bus::new(1),
            s_axi_araddr: Bus::new(ADDRESS_BITS),
            s_axi_arprot: Bus::new(3),
            s_axi_arvalid: Bus::new(1),
            s_axi_arready: Bus::new(1),
            s_axi_rdata: Bus::new(32),
            s_axi_rresp: Bus::new(2),
            s_axi_rvalid: Bus::new(1),
            s_axi_rready: Bus::new(1),
            s_axis_activation_tvalid: Bus::new(1),
            s_axis_activation_tready: Bus::new(1),
            s_axis_activation_tdata: Pack::new(activation_bytes, 8),
            s_axis_vector_tvalid: Bus::new(1),
            s_axis_vector_tready: Bus::new(1),
            s_axis_vector_tdata: Pack::new(values, 32),
            m_axis_result_tvalid: Bus::new(1),
            m_axis_result_tready: Bus::new(1),
            m_axis_result_tdata: Pack::new(values, 32),
            m_axis_result_tlast: Bus::new(1),
            m_axis_quantized_tvalid: Bus::new(1),
            m_axis_quantized_tready: Bus::new(1),
            m_axis_quantized_tdata: Pack::new(values, 8),
            m_axis_quantized_tlast: Bus::new(1),
            m_axi_araddr: Bus::new(64),
            m_axi_arlen: Bus::new(8),
            m_axi_arsize: Bus::new(3),
            m_axi_arburst: Bus::new(2),
            m_axi_arcache: Bus::new(4),
            m_axi_arprot: Bus::new(3),
            m_axi_arvalid: Bus::new(1),
            m_axi_arready: Bus::new(1),
            m_axi_rdata: Pack::new(stream_bytes, 8),
            m_axi_rresp: Bus::new(2),
            m_axi_rlast: Bus::new(1),
            m_axi_rvalid: Bus::new(1),
            m_axi_rready: Bus::new(1),
            engine: Engine::new(parameters, true)?,
            fetch_queue: StreamFifo::new(JOB_SLOTS as usize, JOB.iter().sum(), 1),
            weight_fetch: WeightFetch::new(parameters),
            job: Pack::record(&JOB),
            head: Pack::record(&JOB),
            reset: Bus::new(1),
        })
    }
}

impl Logic for TernaryEngineAxi {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("A ternary matrix engine: weights from an AXI4 read master.");
        self.engine.clock.next = self.aclk.val();
        self.reset.next = !self.aresetn.val();
        self.engine.reset.next = self.reset.val();
        self.irq.next = self.engine.irq.val();
        self.engine.awaddr.next = self.s_axi_awaddr.val();
        self.engine.awprot.next = self.s_axi_awprot.val();
        self.engine.awvalid.next = self.s_axi_awvalid.val();
        self.s_axi_awready.next = self.engine.awready.val();
        self.engine.wdata.next = self.s_axi_wdata.val();
        self.engine.wstrb.next = self.s_axi_wstrb.val();
        self.engine.wvalid.next = self.s_axi_wvalid.val();
        self.s_axi_wready.next = self.engine.wready.val();
        self.s_axi_bresp.next = self.engine.bresp.val();
        self.s_axi_bvalid.next = self.engine.bvalid.val();
        self.engine.bready.next = self.s_axi_bready.val();
        self.engine.araddr.next = self.s_axi_araddr.val();
        self.engine.arprot.next = self.s_axi_arprot.val();
        self.engine.arvalid.next = self.s_axi_arvalid.val();
        self.s_axi_arready.next = self.engine.arready.val();
        self.s_axi_rdata.next = self.engine.rdata.val();
        self.s_axi_rresp.next = self.engine.rresp.val();
        self.s_axi_rvalid.next = self.engine.rvalid.val();
        self.engine.rready.next = self.s_axi_rready.val();

        self.engine.activation_valid.next = self.s_axis_activation_tvalid.val();
        self.s_axis_activation_tready.next = self.engine.activation_ready.val();
        Wires::join(&mut self.s_axis_activation_tdata, &mut self.engine.activation_data);

        self.engine.vector_valid.next = self.s_axis_vector_tvalid.val();
        self.s_axis_vector_tready.next = self.engine.vector_ready.val();
        Wires::join(&mut self.s_axis_vector_tdata, &mut self.engine.vector_data);

        self.m_axis_result_tvalid.next = self.engine.result_valid.val();
        self.engine.result_ready.next = self.m_axis_result_tready.val();
        Wires::join(&mut self.engine.result_data, &mut self.m_axis_result_tdata);
        self.m_axis_result_tlast.next = self.engine.result_last.val();

        self.m_axis_quantized_tvalid.next = self.engine.quantized_valid.val();
        self.engine.quantized_ready.next = self.m_axis_quantized_tready.val();
        Wires::join(&mut self.engine.quantized_data, &mut self.m_axis_quantized_tdata);
        self.m_axis_quantized_tlast.next = self.engine.quantized_last.val();

        // Jobs whose weights are yet to be fetched; an abort forgets them.
        self.fetch_queue.clock.next = self.aclk.val();
        self.fetch_queue.reset.next = self.reset.val() | self.engine.aborting.val();
        self.job[0].next = self.engine.fetch_address.val();
        self.job[1].next = self.engine.fetch_n.val();
        self.job[2].next = self.engine.fetch_k.val();
        Recast::join(&mut self.job, &mut self.fetch_queue.input_data);
        self.fetch_queue.input_valid.next = self.engine.fetch_push.val();
        Recast::join(&mut self.fetch_queue.output_data, &mut self.head);
        self.weight_fetch.clock.next = self.aclk.val();
        self.weight_fetch.reset.next = self.reset.val();
        self.weight_fetch.aborting.next = self.engine.aborting.val();
        self.weight_fetch.job_valid.next = self.fetch_queue.output_valid.val();
        self.fetch_queue.output_ready.next = self.weight_fetch.job_ready.val();
        self.weight_fetch.job_address.next = self.head[0].val();
        self.weight_fetch.job_n.next = self.head[1].val();
        self.weight_fetch.job_k.next = self.head[2].val();
        self.weight_fetch.taken.next = self.engine.weight_taken.val();
        self.engine.weight_valid.next = self.weight_fetch.weight_valid.val();
        self.weight_fetch.weight_ready.next = self.engine.weight_ready.val();
        Wires::join(&mut self.weight_fetch.weight_data, &mut self.engine.weight_data);
        self.engine.fetch_idle.next = self.weight_fetch.idle.val();
        self.engine.fetch_slverr.next = self.weight_fetch.slverr.val();
        self.engine.fetch_decerr.next = self.weight_fetch.decerr.val();

        self.m_axi_araddr.next = self.weight_fetch.araddr.val();
        self.m_axi_arlen.next = self.weight_fetch.arlen.val();
        self.m_axi_arsize.next = self.weight_fetch.arsize.val();
        self.m_axi_arburst.next = self.weight_fetch.arburst.val();
        self.m_axi_arcache.next = self.weight_fetch.arcache.val();
        self.m_axi_arprot.next = self.weight_fetch.arprot.val();
        self.m_axi_arvalid.next = self.weight_fetch.arvalid.val();
        self.weight_fetch.arready.next = self.m_axi_arready.val();
        Wires::join(&mut self.m_axi_rdata, &mut self.weight_fetch.rdata);
        self.weight_fetch.rresp.next = self.m_axi_rresp.val();
        self.weight_fetch.rlast.next = self.m_axi_rlast.val();
        self.weight_fetch.rvalid.next = self.m_axi_rvalid.val();
        self.m_axi_rready.next = self.weight_fetch.rready.val();
    }
}
