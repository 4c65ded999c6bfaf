//! The machine that the paper measured on (`data/a100.yaml`): what is known of it, what is assumed, what is fitted.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::published::Format;

const SETUP_YAML: &str = include_str!("../data/a100.yaml");

/// The setup as it stands in the crate.
///
/// # Errors
/// The document is not what is expected.
pub fn setup() -> Result<Setup, Error> {
    serde_yaml::from_str(SETUP_YAML)
        .map_err(|reason| Error::Yaml { what: "setup of the paper's measurements", reason })
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The GPU.
    pub gpu: Gpu,
    /// What is known or assumed.
    pub stated: Stated,
    /// What is fitted to the paper's points.
    pub fitted: Fitted,
}

/// A GPU as its data sheet has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gpu {
    /// The data sheet.
    pub source: String,
    /// FP16 with dense operands, 10^12 operations a second.
    pub fp16_tflops: f64,
    /// Memory bandwidth, 10^9 bytes a second.
    pub bandwidth_gb_s: f64,
    /// Memory, 2^30 bytes.
    pub capacity_gib: u64,
    /// GPUs of table 3.
    pub gpus_of_table3: u64,
}

impl Gpu {
    /// Operations a second.
    pub(crate) fn operations_per_s(&self) -> f64 {
        self.fp16_tflops * 1e12
    }

    /// Bytes a second.
    pub(crate) fn bytes_per_s(&self) -> f64 {
        self.bandwidth_gb_s * 1e9
    }
}

/// What is known or assumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// Bits of a weight of the layers' linears.
    pub weight_bits: ByFormat,
    /// Bits of a key's or a value's element.
    pub cache_bits: ByFormat,
    /// Bits of an activation between kernels.
    pub activation_bits: u64,
    /// Kernels launched for a layer.
    pub kernels_per_layer: ByFormat,
    /// Tokens of a sequence.
    pub sequence_tokens: u64,
    /// Batches are multiples of it.
    pub batch_step: u64,
}

/// A number for each format of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByFormat {
    /// LLaMA in FP16.
    pub fp16: u64,
    /// BitNet b1.58.
    pub ternary: u64,
}

impl ByFormat {
    /// That of a format.
    pub fn of(self, format: Format) -> u64 {
        match format {
            Format::Fp16 => self.fp16,
            Format::Ternary => self.ternary,
        }
    }
}

/// What is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// Of the memory model, for all sizes and both formats.
    pub memory: MemoryFit,
    /// Of the latency model.
    pub latency: LatencyFit,
}

/// Two terms of the memory model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryFit {
    /// Tokens whose cache and activations are held.
    pub tokens: u64,
    /// What the framework holds for each value of the hidden size, bytes.
    pub workspace_bytes_per_hidden: f64,
}

/// Three parameters of the latency model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyFit {
    /// Share of a roof that kernels with FP16 operands reach.
    pub fp16_efficiency: f64,
    /// Share of the bandwidth that kernels with 2-bit weights reach.
    pub ternary_efficiency: f64,
    /// From a kernel to the next, microseconds.
    pub launch_us: f64,
}
