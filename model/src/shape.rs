//! The shape of a LLaMA-like decoder: all that a simulator needs to know of a model.

use serde::{Deserialize, Serialize};

/// What the numbers of a weight matrix are held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightFormat {
    /// IEEE 754 half precision, 16 bits.
    F16,
    /// bfloat16, 16 bits.
    Bf16,
    /// 8-bit integers.
    Int8,
    /// Five trits a byte (contract clause C-PACK), 1.6 bits.
    Ternary,
}

/// The activation function of the feed-forward block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// SwiGLU's gate, x * sigmoid(x).
    Silu,
    /// Squared ReLU, max(x, 0)^2.
    Relu2,
}

/// A decoder-only transformer's dimensions, named as in a Hugging Face `config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// The name a user knows the model by.
    pub name: String,
    /// Width of the residual stream.
    pub hidden_size: u64,
    /// Width of the gated feed-forward block.
    pub intermediate_size: u64,
    /// Decoder layers.
    pub num_hidden_layers: u64,
    /// Query heads.
    pub num_attention_heads: u64,
    /// Key and value heads; fewer than the query heads in grouped-query attention.
    pub num_key_value_heads: u64,
    /// Width of one head.
    pub head_dim: u64,
    /// Entries of the vocabulary.
    pub vocab_size: u64,
    /// Longest sequence the positions were trained for.
    pub max_position_embeddings: u64,
    /// Feed-forward activation.
    pub hidden_act: Activation,
    /// RMSNorm before `o_proj` and `down_proj` as well (`attn_sub_norm`, `ffn_sub_norm`).
    pub sub_norms: bool,
    /// The head is the embedding matrix: one copy in memory.
    pub tie_word_embeddings: bool,
    /// What the embedding is held in.
    pub embedding_format: WeightFormat,
    /// What the head is held in.
    pub head_format: WeightFormat,
    /// RMSNorm's epsilon.
    pub rms_norm_eps: f64,
    /// Base of the rotary embedding's frequencies.
    pub rope_theta: f64,
}
