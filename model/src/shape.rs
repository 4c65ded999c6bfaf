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
    /// 4-bit integers, with a scale of 16 bits for each group of [`INT4_GROUP`] inputs.
    Int4,
    /// Five trits a byte (contract clause C-PACK), 1.6 bits.
    Ternary,
}

/// Inputs that share a scale of 4-bit weights.
pub const INT4_GROUP: u64 = 128;

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
    /// Width of the gated feed-forward block, or of each expert's.
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
    /// Several feed-forward blocks a layer, of which a router gives each token some; none in a dense model.
    #[serde(default)]
    pub experts: Option<Experts>,
}

/// A mixture of experts in the place of each layer's feed-forward block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experts {
    /// Experts of a layer.
    pub num_local_experts: u64,
    /// Experts that each token goes through.
    pub num_experts_per_tok: u64,
}

impl Shape {
    /// Width of all query heads: the outputs of `q_proj`, the inputs of `o_proj`.
    pub fn q_size(&self) -> u64 {
        self.num_attention_heads * self.head_dim
    }

    /// Width of all key heads: the outputs of `k_proj`, and as many of `v_proj`.
    pub fn kv_size(&self) -> u64 {
        self.num_key_value_heads * self.head_dim
    }

    /// Weights of the linears of all layers, which are the ternary ones: four of attention, three of each feed-forward block.
    pub fn linear_parameters(&self) -> u64 {
        self.linear_parameters_with(self.experts.map_or(1, |experts| experts.num_local_experts))
    }

    /// Those of them that one token is multiplied by.
    pub fn active_linear_parameters(&self) -> u64 {
        self.linear_parameters_with(self.experts.map_or(1, |experts| experts.num_experts_per_tok))
    }

    fn linear_parameters_with(&self, feed_forwards: u64) -> u64 {
        let attention = 2 * self.hidden_size * (self.q_size() + self.kv_size());
        let feed_forward = 3 * self.hidden_size * self.intermediate_size;
        self.num_hidden_layers * (attention + feed_forwards * feed_forward)
    }

    /// Weights of the routers of all layers, which stay at 16 bits.
    pub fn router_parameters(&self) -> u64 {
        self.experts
            .map_or(0, |experts| self.num_hidden_layers * experts.num_local_experts * self.hidden_size)
    }

    /// Weights of the embedding, and as many of the head.
    pub fn embedding_parameters(&self) -> u64 {
        self.vocab_size * self.hidden_size
    }

    /// Weights of all norms: two a layer over the residual stream, the sub-norms over the inputs of `o_proj`
    /// and `down_proj`, and the last one.
    pub fn norm_parameters(&self) -> u64 {
        let sub_norms = if self.sub_norms { self.q_size() + self.intermediate_size } else { 0 };
        self.num_hidden_layers * (2 * self.hidden_size + sub_norms) + self.hidden_size
    }

    /// All weights of the model; a tied head counts once.
    pub fn parameters(&self) -> u64 {
        let embeddings = if self.tie_word_embeddings { 1 } else { 2 };
        self.linear_parameters()
            + self.router_parameters()
            + embeddings * self.embedding_parameters()
            + self.norm_parameters()
    }
}
