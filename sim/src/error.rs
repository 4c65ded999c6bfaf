//! What can be wrong with a request, in one line each: what, where, and what would be right.

use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that is neither a preset nor a file.
    #[error("unknown {kind} `{}`: known are {known}{}", name.escape_debug(), nearest.as_ref().map_or(String::new(), |n| format!("; did you mean `{n}`?")))]
    Unknown {
        /// "chip" or "DRAM standard".
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// The presets, separated by commas.
        known: String,
        /// The preset whose name is nearest, if one is near.
        nearest: Option<String>,
    },
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not what it should be.
    #[error("{origin}: {reason}")]
    Parse {
        /// The file or preset.
        origin: String,
        /// What the parser found, on one line.
        reason: String,
    },
    /// A field with a value that cannot be built.
    #[error("{origin}: `{field}` is {value}, must be {expected}")]
    Field {
        /// The file or preset.
        origin: String,
        /// The field's name.
        field: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// An SRAM that does not hold what even one token needs.
    #[error(
        "{sram} of chip `{chip}` holds {have_bytes} bytes, but one token of {machine} `{model}` needs {need_bytes}: \
         choose a chip with a larger one"
    )]
    SramTooSmall {
        /// Which SRAM, as its field is called.
        sram: &'static str,
        /// The chip.
        chip: String,
        /// "ternary" or "FP16".
        machine: &'static str,
        /// The model.
        model: String,
        /// Its size.
        have_bytes: u64,
        /// What is needed.
        need_bytes: u64,
    },
    /// A reduction longer than the accumulator allows (contract clause C-WIDTH).
    #[error(
        "`{operator}` of model `{model}` sums {k} products, but {acc_bits}-bit accumulators hold at most {max_k}"
    )]
    ReductionTooLong {
        /// The operator.
        operator: &'static str,
        /// The model.
        model: String,
        /// Its inner dimension.
        k: u64,
        /// The accumulator's width.
        acc_bits: u32,
        /// The largest K of that width.
        max_k: u64,
    },
    /// A model whose single layer is larger than a chip's DRAM, so that no pipeline of chips holds it.
    #[error(
        "chip `{chip}` has {capacity_bytes} bytes of DRAM, but one stage of {machine} `{model}` at batch {batch} needs \
         {need_bytes}: choose a chip with more DRAM, a smaller batch or a shorter context"
    )]
    DoesNotFit {
        /// The chip.
        chip: String,
        /// "ternary" or "FP16".
        machine: &'static str,
        /// The model.
        model: String,
        /// Sequences in the batch.
        batch: u64,
        /// What one chip has.
        capacity_bytes: u64,
        /// What the smallest stage needs.
        need_bytes: u64,
    },
    /// A run whose counts could leave 64 bits.
    #[error(
        "{tokens} tokens of model `{model}` are more than 2^57 multiply-accumulates: choose a smaller batch or prompt"
    )]
    TooLarge {
        /// Tokens of the run: prompt x batch, or batch.
        tokens: u64,
        /// The model.
        model: String,
    },
    /// A count that is zero or too large.
    #[error("{field} must be {expected}, not {value}")]
    Option {
        /// The option.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What would be right.
        expected: &'static str,
    },
    /// A result that breaks a physical bound.
    #[error("the result is inconsistent, which is a fault of this program: not true that {what}")]
    Inconsistent {
        /// What should hold.
        what: &'static str,
    },
    /// A chip whose ternary arrays are smaller than one multiplier.
    #[error(
        "no {machine} baseline of equal {equal} for chip `{chip}`: its arrays are smaller than a single lane's; use --equal lanes"
    )]
    NoBaseline {
        /// The baseline.
        machine: &'static str,
        /// What was to be equal.
        equal: &'static str,
        /// The chip.
        chip: String,
    },
    /// The energy tables lack what the run needs.
    #[error("energy: {0}")]
    Energy(String),
}
