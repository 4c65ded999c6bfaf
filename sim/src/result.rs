//! What a simulation says: plain data, in the order and under the names of the JSON document.
//!
//! Every quantity carries its unit in its name. Bytes and cycles are exact counts; seconds, rates and joules are
//! derived from them.

use std::collections::BTreeMap;

use energy::{Area, Events};
use model::WeightFormat;
use serde::Serialize;

use crate::baseline::Equal;
use crate::board::BoardComparison;
pub use crate::memory_energy::DramByCommands;

/// Version of the JSON document. It grows when a key changes its meaning or goes; new keys do not change it.
pub const SCHEMA_VERSION: u32 = 1;

/// The whole answer to one command: a model on a chip, one entry a phase.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The model's name.
    pub model: String,
    /// The chip's name.
    pub chip: String,
    /// What was asked for, with every default resolved.
    pub options: Options,
    /// The phases that were simulated, prefill first.
    pub phases: Vec<PhaseReport>,
}

/// The options of a run after resolution: `batch` is a number even when `max` was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Options {
    /// Tokens of a prompt, for prefill.
    pub prompt: u64,
    /// Tokens in the KV cache before the step, for decode.
    pub context: u64,
    /// Sequences served together by the ternary chip.
    pub batch: u64,
    /// Sequences served together by the FP16 baseline (differs from `batch` only for `--batch max`).
    pub fp16_batch: u64,
    /// What the ternary machine's head is held in; the baseline's is FP16.
    pub head: WeightFormat,
    /// Bits of a value of the ternary machine's KV cache; the baseline's is FP16.
    pub kv_bits: u32,
    /// What the baseline's chip has in common with the ternary one.
    pub equal: Equal,
}

/// The two phases of serving a language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The prompt's tokens go through the model, many at a time.
    Prefill,
    /// One new token a sequence goes through the model.
    Decode,
}

impl Phase {
    /// The phase's name as the command line and the JSON document spell it.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Prefill => "prefill",
            Phase::Decode => "decode",
        }
    }
}

/// One phase: the ternary machine's run at the top level, the FP16 baseline's beside it, and how they compare.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseReport {
    /// The ternary machine.
    #[serde(flatten)]
    pub ternary: Run,
    /// The FP16 baseline, simulated through the same layers.
    pub fp16: Run,
    /// Energy of both machines by each accounting.
    pub energy_j: EnergyReport,
    /// How many times better the ternary machine is.
    pub ratio: Ratios,
    /// Other baselines, and FP16 by other measures of equality; none where they were not asked for.
    pub baselines: Vec<Baseline>,
    /// What was measured on a board that the chip describes, where it ran the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board: Option<BoardComparison>,
}

/// A baseline besides the one that is shown in full.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Baseline {
    /// `FP16`, `BF16`, `W8A8` or `W4A16`.
    pub machine: &'static str,
    /// What its chip has in common with the ternary one.
    pub equal: Equal,
    /// Lanes of a chip.
    pub lanes: u64,
    /// Area of a chip, mm2.
    pub area_mm2: f64,
    /// Chips.
    pub chips: u64,
    /// Sequences served together.
    pub batch: u64,
    /// How long the phase takes.
    pub seconds: f64,
    /// Throughput.
    pub tokens_per_second: f64,
    /// Throughput over the area of all chips.
    pub tokens_per_second_per_mm2: f64,
    /// Energy of a token by the datapath accounting, joules.
    pub datapath_j_per_token: f64,
    /// Energy of a token by the system accounting, joules.
    pub system_j_per_token: f64,
    /// Baseline's joules a token, system accounting, over the ternary machine's.
    pub energy_ratio: f64,
    /// Ternary tokens/s over the baseline's.
    pub throughput_ratio: f64,
}

/// One machine's run of one phase.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Which phase.
    pub phase: Phase,
    /// Tokens processed: prompt x batch at prefill, batch at decode.
    pub tokens: u64,
    /// Tokens that share one pass over the weights: the array's token slots, or fewer where an SRAM is the limit.
    pub tokens_per_pass: u64,
    /// How often the weights cross the DRAM pins: ceil(tokens / tokens_per_pass).
    pub passes: u64,
    /// Why `tokens_per_pass` is what it is.
    pub mapping: String,
    /// Array clock cycles from the first token's embedding to the last logit, summed over pipeline stages.
    pub cycles: u64,
    /// `cycles` at the array's clock.
    pub seconds: f64,
    /// `tokens / seconds`.
    pub tokens_per_second: f64,
    /// Prefill only: the time until the first new token is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_first_token_s: Option<f64>,
    /// Tokens per joule by the system accounting.
    pub tokens_per_joule: f64,
    /// Joules a token by the system accounting, times seconds of the phase.
    pub energy_delay_j_s: f64,
    /// Throughput over the area of all chips, tokens/s a mm2.
    pub tokens_per_second_per_mm2: f64,
    /// Bytes that crossed the DRAM pins, reads and writes.
    pub dram_bytes: u64,
    /// `dram_bytes / seconds`, 10^9 bytes a second.
    pub dram_bandwidth_gb_s: f64,
    /// The DRAM's peak, 10^9 bytes a second: `dram_bandwidth_gb_s` never exceeds it.
    pub dram_peak_gb_s: f64,
    /// What the engines' weight streams take together, 10^9 bytes a second; below the DRAM's peak it is the limit.
    pub stream_peak_gb_s: f64,
    /// What clocking the engines' registers takes in the cycles in which nothing passes through them, if no clock is gated, joules. In no
    /// accounting: the chip's static power is assumed to hold it.
    pub ungated_clock_j: f64,
    /// Row hits, activates and refreshes behind `dram_bytes`.
    pub dram_commands: DramCommands,
    /// What those take, where a datasheet has the currents of the standard; the system accounting prices all standards by the bit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dram_by_commands: Option<DramByCommands>,
    /// Multiply-accumulates of the array's linears over what all its lanes could do in `cycles`; 0 to 1.
    pub array_utilization: f64,
    /// Cycles in which the array took a token.
    pub array_busy_cycles: u64,
    /// Every other cycle, by cause: `array_busy_cycles` and these add up to `cycles`.
    pub stalls: Stalls,
    /// Chips the weights and the cache are spread over.
    pub chips: u64,
    /// Lanes of a chip: products a cycle.
    pub lanes: u64,
    /// Area of one chip.
    pub area: Area,
    /// Bytes resident in all chips' DRAM.
    pub resident_bytes: u64,
    /// What the cycles and the bytes were spent on, in the order of first use, summed over layers and passes.
    pub operators: Vec<OperatorResult>,
    /// Steps of the simulation that were skipped because their state had been seen before, 0 to 1.
    pub skipped_fraction: f64,
    /// What was counted: prices can be put on it anew.
    #[serde(skip)]
    pub events: Events,
    /// Where the simulator's own time went, in the order of `operators`.
    #[serde(skip)]
    pub own_time: Vec<OwnTime>,
}

/// DRAM commands of a run, all channels of all chips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DramCommands {
    /// Read bursts.
    pub reads: u64,
    /// Write bursts.
    pub writes: u64,
    /// Row activations.
    pub activates: u64,
    /// Row precharges.
    pub precharges: u64,
    /// Refresh commands.
    pub refreshes: u64,
}

/// Cycles in which the array took no token, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stalls {
    /// Data had not arrived from the DRAM: a faster one would save these.
    pub dram: u64,
    /// A tile takes more beats of the weight stream than it has tokens to serve: no faster DRAM would save these.
    pub weight_stream: u64,
    /// Activations were not yet in the array's buffer.
    pub activations: u64,
    /// A result had no place, since those before it were still being given out.
    pub results: u64,
    /// Filling the array's pipeline, and giving out the last results.
    pub pipeline: u64,
    /// The vector unit was at work: attention, norms, activations, a head that is not ternary.
    pub vector_unit: u64,
    /// Activations were crossing from one chip to the next.
    pub chip_link: u64,
}

impl Stalls {
    /// The causes by name, in a fixed order.
    pub fn by_cause(&self) -> [(&'static str, u64); 7] {
        [
            ("dram", self.dram),
            ("weight_stream", self.weight_stream),
            ("activations", self.activations),
            ("results", self.results),
            ("pipeline", self.pipeline),
            ("vector_unit", self.vector_unit),
            ("chip_link", self.chip_link),
        ]
    }

    /// All stalled cycles.
    pub fn total(&self) -> u64 {
        self.by_cause().iter().map(|(_, cycles)| cycles).sum()
    }
}

/// How a number of cycles is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verification {
    /// With the memory's answers as they come: a test runs the emitted Verilog of an engine of exactly these sizes and finds
    /// every transfer in the simulator's cycle. When the memory answers is modelled.
    #[serde(rename = "rtl-verified")]
    RtlVerified,
    /// A model without RTL behind it.
    #[serde(rename = "modelled")]
    Modelled,
}

/// One kind of operator, summed over layers and passes.
#[derive(Clone, Debug, Serialize)]
pub struct OperatorResult {
    /// Name, as in the checkpoints: `qkv_proj`, `attention`, `down_proj`, `lm_head`, ...
    pub name: &'static str,
    /// How often it ran.
    pub count: u64,
    /// Cycles on the critical path.
    pub cycles: u64,
    /// DRAM bytes read or written for it.
    pub bytes: u64,
    /// How its cycles are known.
    pub verification: Verification,
}

/// The simulator's own time for an operator, all its runs together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnTime {
    /// The operator's name.
    pub name: &'static str,
    /// How long it was simulated.
    pub seconds: f64,
}

/// Energy by accounting.
#[derive(Clone, Debug, Serialize)]
pub struct EnergyReport {
    /// The paper's operation counts (figure 3 of arXiv 2402.17764).
    pub paper: EnergyPair,
    /// The array as built: every adder at its real width, gated zeros, registers.
    pub datapath: EnergyPair,
    /// Datapath, SRAM, DRAM, vector unit, links and static power.
    pub system: EnergyPair,
}

impl EnergyReport {
    /// The accountings by name, in a fixed order.
    pub fn by_accounting(&self) -> [(&'static str, &EnergyPair); 3] {
        [("paper", &self.paper), ("datapath", &self.datapath), ("system", &self.system)]
    }
}

/// Both machines' energy by one accounting.
#[derive(Clone, Debug, Serialize)]
pub struct EnergyPair {
    /// The ternary machine.
    pub ternary: Joules,
    /// The FP16 baseline.
    pub fp16: Joules,
}

/// An amount of energy and its parts.
#[derive(Clone, Debug, Serialize)]
pub struct Joules {
    /// The sum of `components`, joules.
    pub total: f64,
    /// Joules by component.
    pub components: BTreeMap<&'static str, f64>,
}

/// Ternary against FP16; above 1 the ternary machine is better.
#[derive(Clone, Debug, Serialize)]
pub struct Ratios {
    /// FP16 seconds / ternary seconds.
    pub latency: f64,
    /// Ternary tokens/s / FP16 tokens/s.
    pub throughput: f64,
    /// FP16 joules / ternary joules a token, by accounting.
    pub energy: EnergyRatios,
}

/// Energy ratios by accounting.
#[derive(Clone, Debug, Serialize)]
pub struct EnergyRatios {
    /// By the paper's operation counts.
    pub paper: f64,
    /// By the datapath as built.
    pub datapath: f64,
    /// By the whole system.
    pub system: f64,
}
