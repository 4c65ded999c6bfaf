//! Memory of table 1 and figure 2: what a GPU holds to serve one sequence.
//!
//! | term | bytes |
//! |---|---|
//! | weights | the layers' linears, at 16 bits, or at 2 as the paper's kernel stores them |
//! | embeddings | embedding and head, FP16 in both models |
//! | cache | keys and values of every layer and token, at 16 bits or 8 |
//! | activations | what one layer keeps in memory at once, for every token of a prompt |
//! | workspace | the framework's own, in proportion to the hidden size |
//!
//! Two terms are fitted, for all sizes and both formats: the tokens held (the paper does not say) and the workspace.
//!
//! The paper's GB are read as 2^30 bytes with the public 70B shape (grouped-query attention): by 10^9, its FP16 weights alone would be
//! more than what is printed.

use model::Shape;
use serde::Serialize;

use crate::Error;
use crate::fit::least_of_convex;
use crate::points::{Point, points};
use crate::published::Format;
use crate::setup::{MemoryFit, Stated};

/// What the paper's GB are read as, bytes.
pub const BYTES_PER_GB: u64 = 1 << 30;

/// How many heads have a cache of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheHeads {
    /// As the model has them: grouped-query attention shares keys and values.
    AsInTheModel,
    /// As many as there are query heads.
    OnePerQuery,
}

impl CacheHeads {
    /// Width of all keys.
    pub(crate) fn width(self, shape: &Shape) -> u64 {
        match self {
            CacheHeads::AsInTheModel => shape.kv_size(),
            CacheHeads::OnePerQuery => shape.q_size(),
        }
    }
}

/// What is held, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// The layers' linears.
    pub weights: f64,
    /// Embedding and head.
    pub embeddings: f64,
    /// Keys and values.
    pub cache: f64,
    /// What a layer keeps in memory at once.
    pub activations: f64,
    /// The framework's.
    pub workspace: f64,
}

impl Memory {
    /// Of a model that serves so many sequences of `fit.tokens` tokens.
    pub fn of(
        shape: &Shape,
        format: Format,
        sequences: u64,
        heads: CacheHeads,
        stated: &Stated,
        fit: &MemoryFit,
    ) -> Memory {
        const BITS: f64 = 8.0;
        let held = (sequences * fit.tokens) as f64;
        let cached = 2 * shape.num_hidden_layers * heads.width(shape) * stated.cache_bits.of(format);
        let between = activations_per_token(shape, heads, fit.tokens) * stated.activation_bits;
        Memory {
            weights: (shape.linear_parameters() * stated.weight_bits.of(format)) as f64 / BITS,
            embeddings: (2 * shape.embedding_parameters() * Format::EMBEDDING_BITS) as f64 / BITS,
            cache: held * cached as f64 / BITS,
            activations: held * between as f64 / BITS,
            workspace: fit.workspace_bytes_per_hidden * shape.hidden_size as f64,
        }
    }

    /// All of it, bytes.
    pub fn total(&self) -> f64 {
        self.weights + self.embeddings + self.cache + self.activations + self.workspace
    }
}

/// Values that a layer keeps of a token: residual and normalised input, queries, keys and values, scores, attention's result, gate and up,
/// and the layer's result.
fn activations_per_token(shape: &Shape, heads: CacheHeads, tokens: u64) -> u64 {
    let (hidden, q) = (shape.hidden_size, shape.q_size());
    let attention = q + 2 * heads.width(shape) + shape.num_attention_heads * tokens + q;
    3 * hidden + attention + 2 * shape.intermediate_size
}

/// Memory of a measured model by the fitted model.
pub(crate) fn memory_of(point: &Point, stated: &Stated, fit: &MemoryFit) -> Memory {
    Memory::of(&point.shape, point.format, 1, CacheHeads::AsInTheModel, stated, fit)
}

/// The two terms that make the largest relative error over all points the least.
///
/// # Errors
/// The published data do not parse.
pub fn fit(stated: &Stated) -> Result<MemoryFit, Error> {
    const TOKENS_STEP: u64 = 64;
    const MOST_TOKENS: u64 = 4096;
    const MOST_WORKSPACE: f64 = 1e7;
    let points = points()?;
    let largest_error = |fit: &MemoryFit| {
        let error = |point: &Point| {
            (memory_of(point, stated, fit).total() / (point.memory_gb * BYTES_PER_GB as f64) - 1.0).abs()
        };
        points.iter().map(error).fold(0.0, f64::max)
    };
    let best_for = |tokens: u64| {
        let with = |workspace_bytes_per_hidden: f64| MemoryFit { tokens, workspace_bytes_per_hidden };
        with(least_of_convex(|workspace| largest_error(&with(workspace)), 0.0, MOST_WORKSPACE))
    };
    let candidates = (1..=MOST_TOKENS / TOKENS_STEP).map(|steps| best_for(steps * TOKENS_STEP));
    let best = candidates.min_by(|a, b| largest_error(a).total_cmp(&largest_error(b)));
    best.ok_or(Error::Undetermined { what: "memories" })
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::setup::setup;

    #[test]
    fn the_stored_terms_are_those_of_a_new_fit() {
        let setup = setup().unwrap();
        let new = fit(&setup.stated).unwrap();
        assert_eq!(new.tokens, setup.fitted.memory.tokens);
        assert_relative_eq!(
            new.workspace_bytes_per_hidden,
            setup.fitted.memory.workspace_bytes_per_hidden,
            max_relative = 1e-4
        );
    }

    #[test]
    fn a_small_model_worked_by_hand() {
        // 3B with its head and cache alone: 26 layers of 3200, 32 heads of 100.
        let shape = model::preset("3b").unwrap();
        let stated = setup().unwrap().stated;
        let fit = MemoryFit { tokens: 10, workspace_bytes_per_hidden: 7.0 };
        let of = |format, sequences| {
            Memory::of(&shape, format, sequences, CacheHeads::AsInTheModel, &stated, &fit)
        };
        let linears = 26.0 * (4.0 * 3200.0 * 3200.0 + 3.0 * 3200.0 * 8640.0);
        assert_eq!(of(Format::Fp16, 1).weights, linears * 2.0);
        assert_eq!(of(Format::Ternary, 1).weights, linears / 4.0);
        assert_eq!(of(Format::Ternary, 1).embeddings, 2.0 * 32000.0 * 3200.0 * 2.0);
        assert_eq!(of(Format::Fp16, 3).cache, 3.0 * 10.0 * 26.0 * 2.0 * 3200.0 * 2.0);
        assert_eq!(of(Format::Ternary, 3).cache, 3.0 * 10.0 * 26.0 * 2.0 * 3200.0);
        // Three of the hidden size, Q, K, V and the result, 32 heads' scores of ten tokens, two of 8640; 2 bytes each.
        let values = 3 * 3200 + 4 * 3200 + 320 + 2 * 8640;
        assert_eq!(of(Format::Ternary, 1).activations, 10.0 * f64::from(values) * 2.0);
        assert_eq!(of(Format::Ternary, 5).workspace, 7.0 * 3200.0);
    }

    #[test]
    fn by_10_to_the_9_the_weights_of_70b_alone_would_be_too_many() {
        let setup = setup().unwrap();
        let points = points().unwrap();
        let point = points.iter().find(|p| p.size == "70B" && p.format == Format::Fp16).unwrap();
        let weights = memory_of(point, &setup.stated, &setup.fitted.memory).weights;
        assert!(weights > point.memory_gb * 1e9 && weights < point.memory_gb * BYTES_PER_GB as f64);
    }
}
