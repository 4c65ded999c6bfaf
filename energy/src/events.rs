//! What is counted, before any cost is applied: the interface between whoever steps a machine and the
//! accountings of this crate.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::Serialize;

/// Every event of one run, grouped by the accounting that prices it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Events {
    /// Operations by the paper's convention (figure 3 of arXiv 2402.17764).
    pub paper: PaperOperations,
    /// What the array's datapath did, adder by adder.
    pub datapath: DatapathEvents,
    /// SRAM accesses, by buffer.
    pub sram: BTreeMap<&'static str, SramEvents>,
    /// DRAM commands and bytes.
    pub dram: DramEvents,
    /// What the vector unit did.
    pub vector: VectorEvents,
    /// Bytes that crossed a link between chips.
    pub link_bytes: u64,
    /// How long the chips were powered, summed over chips, seconds.
    pub powered_chip_seconds: f64,
}

/// Arithmetic operations as the paper counts them: linears and attention, no head, no embedding, no norms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PaperOperations {
    /// 8-bit integer additions.
    pub int8_adds: u64,
    /// FP16 additions.
    pub fp16_adds: u64,
    /// FP16 multiplications.
    pub fp16_multiplies: u64,
}

/// Events of the MAC array, ternary or FP16. Padded lanes count: they are built and clocked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DatapathEvents {
    /// Integer additions (tree levels, accumulators) by the adder's width in bits.
    pub integer_adds: BTreeMap<u32, u64>,
    /// Lanes whose weight is not zero: 8 bits let through, and their share of the complements in the adders; a zero weight
    /// holds its lane still.
    pub lanes_active: u64,
    /// Lanes whose weight is zero.
    pub lanes_gated: u64,
    /// FP16 multiplications.
    pub fp16_multiplies: u64,
    /// FP16 additions.
    pub fp16_adds: u64,
    /// FP32 additions.
    pub fp32_adds: u64,
    /// FP32 multiplications.
    pub fp32_multiplies: u64,
    /// BF16 multiplications.
    pub bf16_multiplies: u64,
    /// BF16 additions.
    pub bf16_adds: u64,
    /// 8-bit integer multiplications.
    pub int8_multiplies: u64,
    /// Pipeline and accumulator register bits clocked.
    pub register_bits: u64,
    /// Packed weight bytes decoded to five trits.
    pub bytes_decoded: u64,
    /// Controllers, counters, job registers, queues, read masters.
    pub control: Switched,
    /// Requantisers.
    pub requantizer: Switched,
    /// Register bits that are clocked while nothing passes through them, if no clock is gated. In no accounting: [`crate::ungated_clock_j`].
    pub idle_register_bits: u64,
}

/// What switched in blocks that are counted as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Switched {
    /// Register bits clocked.
    pub register_bits: u64,
    /// Bits of adders, subtractors and comparators that settled.
    pub adder_bits: u64,
}

impl AddAssign for Switched {
    fn add_assign(&mut self, other: Switched) {
        self.register_bits += other.register_bits;
        self.adder_bits += other.adder_bits;
    }
}

/// Accesses of one kind of buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SramEvents {
    /// Size of one macro, bytes: what an access costs depends on it.
    pub macro_bytes: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
}

/// DRAM traffic and commands, all channels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DramEvents {
    /// Name of the standard, a row of the DRAM cost table ("DDR4-2400", "HBM3", ...).
    pub standard: String,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Row activations.
    pub activates: u64,
    /// Refresh commands.
    pub refreshes: u64,
}

/// Vector-unit operations, one a lane a cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VectorEvents {
    /// FP16 multiply-accumulates (attention, a head that is not ternary).
    pub fp16_macs: u64,
    /// FP32 element operations (norms, softmax, rotary embedding, scaling, activation functions, residuals).
    pub fp32_ops: u64,
}

impl AddAssign<&Events> for Events {
    fn add_assign(&mut self, other: &Events) {
        self.paper.int8_adds += other.paper.int8_adds;
        self.paper.fp16_adds += other.paper.fp16_adds;
        self.paper.fp16_multiplies += other.paper.fp16_multiplies;
        for (&bits, &count) in &other.datapath.integer_adds {
            *self.datapath.integer_adds.entry(bits).or_default() += count;
        }
        self.datapath.lanes_active += other.datapath.lanes_active;
        self.datapath.lanes_gated += other.datapath.lanes_gated;
        self.datapath.fp16_multiplies += other.datapath.fp16_multiplies;
        self.datapath.fp16_adds += other.datapath.fp16_adds;
        self.datapath.fp32_adds += other.datapath.fp32_adds;
        self.datapath.fp32_multiplies += other.datapath.fp32_multiplies;
        self.datapath.bf16_multiplies += other.datapath.bf16_multiplies;
        self.datapath.bf16_adds += other.datapath.bf16_adds;
        self.datapath.int8_multiplies += other.datapath.int8_multiplies;
        self.datapath.register_bits += other.datapath.register_bits;
        self.datapath.bytes_decoded += other.datapath.bytes_decoded;
        self.datapath.control += other.datapath.control;
        self.datapath.requantizer += other.datapath.requantizer;
        self.datapath.idle_register_bits += other.datapath.idle_register_bits;
        for (&name, events) in &other.sram {
            let mine = self.sram.entry(name).or_default();
            mine.macro_bytes = events.macro_bytes;
            mine.read_bytes += events.read_bytes;
            mine.written_bytes += events.written_bytes;
        }
        if self.dram.standard.is_empty() {
            self.dram.standard.clone_from(&other.dram.standard);
        }
        self.dram.read_bytes += other.dram.read_bytes;
        self.dram.written_bytes += other.dram.written_bytes;
        self.dram.activates += other.dram.activates;
        self.dram.refreshes += other.dram.refreshes;
        self.vector.fp16_macs += other.vector.fp16_macs;
        self.vector.fp32_ops += other.vector.fp32_ops;
        self.link_bytes += other.link_bytes;
        self.powered_chip_seconds += other.powered_chip_seconds;
    }
}
