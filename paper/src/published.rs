//! The figures of the BitNet b1.58 paper as typed data (`data/bitnet_b158.yaml`): what results are
//! compared with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The figures as they stand in the crate.
const FIGURES_YAML: &str = include_str!("../data/bitnet_b158.yaml");

/// The published figures.
pub fn published() -> Result<PublishedFigures, Error> {
    serde_yaml::from_str(FIGURES_YAML).map_err(|reason| Error::Yaml { what: "published figures", reason })
}

/// How sure a published number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Printed in the paper.
    #[serde(rename = "P")]
    Printed,
    /// Digitised from the paper's vector figure.
    #[serde(rename = "D")]
    Digitised,
    /// Inferred here: it reproduces what is printed.
    #[serde(rename = "fit")]
    Fitted,
}

/// What a model's weights are held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// LLaMA in FP16.
    Fp16,
    /// BitNet b1.58.
    Ternary,
}

impl Format {
    /// Bits of a weight of embedding and head, which stay in FP16 in both.
    pub const EMBEDDING_BITS: u64 = 16;

    /// Both.
    pub const ALL: [Format; 2] = [Format::Fp16, Format::Ternary];

    /// As it is called in every output.
    pub fn name(self) -> &'static str {
        match self {
            Format::Fp16 => "FP16",
            Format::Ternary => "ternary",
        }
    }
}

/// All of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedFigures {
    /// Decode latency by model size.
    pub figure2_latency: PairedFigure,
    /// Memory by model size.
    pub figure2_memory: PairedFigure,
    /// FP16 multiply-add over INT8 add.
    pub figure3_left: PublishedRatio,
    /// Energy by model size, 512 tokens.
    pub figure3_right: PairedFigure,
    /// The shapes that `figure3_right` is reproduced with.
    pub figure3_shapes: Shapes,
    /// Perplexity, memory and latency.
    pub table1: MarkedRows<Table1Row>,
    /// Throughput at the largest batch.
    pub table3: MarkedRows<Table3Row>,
    /// Which ternary model is better than which FP16 model in latency, memory and energy.
    pub claims: MarkedRows<Claim>,
}

/// A figure of pairs: FP16, ternary, and the ratio between them, by model size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairedFigure {
    /// Where it is.
    pub source: String,
    /// Of `fp16` and `ternary`.
    pub unit: String,
    /// The mark of each column: `fp16`, `ternary`, `ratio`.
    pub marks: BTreeMap<String, Mark>,
    /// By model size, rising.
    pub rows: Vec<Pair>,
}

/// A row of a [`PairedFigure`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Model size, as the paper writes it.
    pub size: String,
    /// LLaMA in FP16, in the figure's unit.
    pub fp16: f64,
    /// BitNet b1.58, in the figure's unit.
    pub ternary: f64,
    /// FP16 over ternary, as printed.
    pub ratio: f64,
}

/// A single printed ratio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedRatio {
    /// Where it is.
    pub source: String,
    /// How sure it is.
    pub mark: Mark,
    /// The ratio.
    pub ratio: f64,
}

/// Model shapes behind a figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shapes {
    /// How they are known.
    pub source: String,
    /// How sure they are.
    pub mark: Mark,
    /// Sequence length, tokens.
    pub tokens: u64,
    /// By model size, rising.
    pub rows: Vec<Shape>,
}

/// A GPT-like shape: 12 hidden^2 weights a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Model size, as the paper writes it.
    pub size: String,
    /// Hidden size.
    pub hidden: u64,
    /// Layers.
    pub layers: u64,
}

/// A table whose rows all have one mark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkedRows<Row> {
    /// Where it is.
    pub source: String,
    /// How sure it is.
    pub mark: Mark,
    /// As printed, from top to bottom.
    pub rows: Vec<Row>,
}

/// A row of table 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table1Row {
    /// Weights.
    pub format: Format,
    /// Model size.
    pub size: String,
    /// Memory, GB.
    pub memory_gb: f64,
    /// Decode latency, ms a token.
    pub latency_ms: f64,
    /// Perplexity.
    pub perplexity: f64,
    /// FP16 memory over this, where printed.
    pub memory_ratio: Option<f64>,
    /// FP16 latency over this, where printed.
    pub latency_ratio: Option<f64>,
}

/// A row of table 3.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table3Row {
    /// Weights.
    pub format: Format,
    /// Model size.
    pub size: String,
    /// Largest batch, sequences.
    pub batch: u64,
    /// Throughput, tokens/s.
    pub tokens_per_second: f64,
    /// Batch over the FP16 batch, where printed.
    pub batch_ratio: Option<f64>,
    /// Throughput over the FP16 throughput, where printed.
    pub throughput_ratio: Option<f64>,
}

/// A claim that a ternary model is better than a smaller FP16 model in latency, memory and energy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Size of the ternary model.
    pub ternary: String,
    /// Size of the FP16 model that it beats.
    pub beats_fp16: String,
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn each_column_of_a_paired_figure_has_its_mark() {
        let figures = published().unwrap();
        for figure in [&figures.figure2_latency, &figures.figure2_memory, &figures.figure3_right] {
            let marks: Vec<_> = figure.marks.iter().map(|(column, &mark)| (column.as_str(), mark)).collect();
            let expected =
                [("fp16", Mark::Digitised), ("ratio", Mark::Printed), ("ternary", Mark::Digitised)];
            assert_eq!(marks, expected, "{}", figure.source);
        }
    }

    #[test]
    fn digitised_values_agree_with_the_printed_ratios() {
        let figures = published().unwrap();
        for figure in [&figures.figure2_latency, &figures.figure2_memory, &figures.figure3_right] {
            assert_eq!(figure.rows.len(), 5, "{}", figure.source);
            for row in &figure.rows {
                // Three digits were read off each axis.
                assert_relative_eq!(row.fp16 / row.ternary, row.ratio, max_relative = 0.006);
            }
        }
    }

    #[test]
    fn printed_ratios_agree_with_the_printed_tables() {
        let figures = published().unwrap();
        let fp16 = |size: &str| {
            // The 3.9B model is compared with the 3B LLaMA.
            let size = if size == "3.9B" { "3B" } else { size };
            let mut rows = figures.table1.rows.iter();
            rows.find(|row| row.format == Format::Fp16 && row.size == size).unwrap()
        };
        let ternary: Vec<_> =
            figures.table1.rows.iter().filter(|row| row.format == Format::Ternary).collect();
        assert_eq!(ternary.len(), 4);
        for row in ternary {
            let base = fp16(&row.size);
            assert_relative_eq!(
                base.memory_gb / row.memory_gb,
                row.memory_ratio.unwrap(),
                max_relative = 0.003
            );
            assert_relative_eq!(
                base.latency_ms / row.latency_ms,
                row.latency_ratio.unwrap(),
                max_relative = 0.003
            );
        }
        let [llama, bitnet] = &figures.table3.rows[..] else { panic!("two rows") };
        assert_eq!((llama.batch, bitnet.batch), (16, 176));
        assert_relative_eq!(bitnet.batch_ratio.unwrap(), 176.0 / 16.0);
        assert_relative_eq!(bitnet.throughput_ratio.unwrap(), 2977.0 / 333.0, max_relative = 0.005);
    }

    #[test]
    fn the_three_claims() {
        let claims = published().unwrap().claims;
        let pairs: Vec<_> = claims.rows.iter().map(|c| (c.ternary.as_str(), c.beats_fp16.as_str())).collect();
        assert_eq!(pairs, [("13B", "3B"), ("30B", "7B"), ("70B", "13B")]);
    }
}
