//! The engine with its weights from an AXI4-Stream.
//!
//! ```text
//!                        +------------------+
//!   s_axi_*         <--->|                  |
//!   s_axis_weight_* ---->|                  |> m_axis_result_*
//!   s_axis_activation_* >|  ternary_engine  |> m_axis_quantized_*
//!   s_axis_vector_* ---->|                  |
//!   aresetn ------------>+--------/\--------+--> irq
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `aclk`, `aresetn` | in | 1, 1 | rising edge; synchronous, active low |
//! | `irq` | out | 1 | a job is done or an error occurred, and that is enabled |
//! | `s_axi_*` | | | AXI4-Lite slave: [`crate::register_map`] |
//! | `s_axis_weight_*` | in | STREAM_BITS | AXI4-Stream: the weight image |
//! | `s_axis_activation_*` | in | ACTIVATION_BITS | AXI4-Stream: activations |
//! | `s_axis_vector_*` | in | 32 x RESULT_LANES | AXI4-Stream: values from memory |
//! | `m_axis_result_*` | out | 32 x RESULT_LANES | AXI4-Stream: results |
//! | `m_axis_quantized_*` | out | 8 x RESULT_LANES | AXI4-Stream: results scaled to INT8 |
//!
//! Parameters: [`EngineParameters`]. Layouts, registers and rules: this crate's README. Golden:
//! `contract::dot`, and `contract::requantize` of its results.
//!
//! Does not: fetch; a DMA engine serves the streams, or `ternary_engine_axi` fetches weights.

use rust_hdl::prelude::*;

use crate::engine::Engine;
use crate::hdl::{Bus, Pack, Wires};
use crate::register_map::ADDRESS_BITS;
use crate::{EngineParameters, Error};

/// The engine, weights from a stream.
#[derive(LogicBlock, Debug)]
pub struct TernaryEngine {
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
    engine: Engine,
    reset: Bus<Local>,
}

impl TernaryEngine {
    /// The engine that `parameters` describe.
    ///
    /// # Errors
    ///
    /// A size outside its range.
    pub fn new(parameters: &EngineParameters) -> Result<Self, Error> {
        parameters.validate()?;
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
            s_axis_weight_tvalid: Bus::new(1),
            s_axis_weight_tready: Bus::new(1),
            s_axis_weight_tdata: Pack::new(stream_bytes, 8),
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
            engine: Engine::new(parameters, false)?,
            reset: Bus::new(1),
        })
    }
}

impl Logic for TernaryEngine {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("A ternary matrix engine: weights from an AXI4-Stream.");
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

        self.engine.weight_valid.next = self.s_axis_weight_tvalid.val();
        self.s_axis_weight_tready.next = self.engine.weight_ready.val();
        Wires::join(&mut self.s_axis_weight_tdata, &mut self.engine.weight_data);
        self.engine.fetch_idle.next = true.into();
        self.engine.fetch_slverr.next = false.into();
        self.engine.fetch_decerr.next = false.into();

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
    }
}
