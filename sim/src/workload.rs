//! Workload: what a model asks of any machine, before one is chosen. Operators with their shapes; no cycle, no byte.

use contract::kv::KvForm;
use model::{Activation, Shape, WeightFormat};

use crate::result::Phase;

/// The arithmetic of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Machine {
    /// Ternary weights in the linears of the layers, 8-bit activations.
    Ternary,
    /// FP16 weights and activations throughout.
    Fp16,
    /// BF16 weights and activations.
    Bf16,
    /// 8-bit integer weights and activations, scaled by channel and by token.
    W8a8,
    /// 4-bit weights with a scale a group, which become FP16 where they enter the array; FP16 activations.
    W4a16,
}

impl Machine {
    /// The name in error messages and tables.
    pub fn name(self) -> &'static str {
        match self {
            Machine::Ternary => "ternary",
            Machine::Fp16 => "FP16",
            Machine::Bf16 => "BF16",
            Machine::W8a8 => "W8A8",
            Machine::W4a16 => "W4A16",
        }
    }

    /// Bytes of an activation on its way into the array.
    pub fn activation_bytes(self) -> u64 {
        match self {
            Machine::Ternary | Machine::W8a8 => 1,
            Machine::Fp16 | Machine::Bf16 | Machine::W4a16 => 2,
        }
    }

    /// What the layers' linears are held in.
    pub fn linear_format(self) -> WeightFormat {
        match self {
            Machine::Ternary => WeightFormat::Ternary,
            Machine::Fp16 => WeightFormat::F16,
            Machine::Bf16 => WeightFormat::Bf16,
            Machine::W8a8 => WeightFormat::Int8,
            Machine::W4a16 => WeightFormat::Int4,
        }
    }
}

/// Bytes of an activation between chips: FP16, on both machines.
pub const HALF_BYTES: u64 = 2;

/// What a router is held in, on both machines: its few weights decide where all else goes.
const ROUTER_FORMAT: WeightFormat = WeightFormat::F16;

/// Sequences that go through the model together: each has `past` tokens in its cache and brings `new` ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload<'a> {
    /// The model.
    pub shape: &'a Shape,
    /// The arithmetic.
    pub machine: Machine,
    /// What the head is held in.
    pub head_format: WeightFormat,
    /// What keys and values are held in (contract clause C-KV).
    pub kv: KvForm,
    /// Prefill or decode.
    pub phase: Phase,
    /// Sequences.
    pub batch: u64,
    /// Tokens of a sequence already in the cache.
    pub past: u64,
    /// Tokens that a sequence brings.
    pub new: u64,
}

/// One pass over the weights: some of the workload's tokens, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Index of the first token, over all sequences.
    pub first_token: u64,
    /// Tokens of the pass.
    pub tokens: u64,
    /// Cache positions that are read from memory: the past of each sequence that the pass touches.
    pub cached_positions: u64,
    /// Pairs of a token and a position read from memory that it attends to.
    pub cached_pairs: u64,
    /// Pairs of a token and a position of its own pass, itself included.
    pub fresh_pairs: u64,
    /// Tokens whose logits are wanted: the last one of a sequence.
    pub logits: u64,
}

/// What one operator computes, whatever computes it. Widths are elements a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Y\[tokens, n\] = X\[tokens, k\] W\[k, n\].
    Linear {
        /// Outputs.
        n: u64,
        /// Inputs.
        k: u64,
        /// What W is held in.
        format: WeightFormat,
    },
    /// Softmax(Q K^T) V over the cache and the pass's own tokens.
    Attention,
    /// The pass's keys and values go to the cache.
    CacheWrite,
    /// A row of the embedding for each token.
    Embedding,
    /// Element-wise work.
    Elementwise {
        /// Elements a token.
        elements: u64,
        /// Vector operations an element.
        operations: u64,
        /// Elements read for each: 2 where two vectors meet.
        operands: u64,
        /// Passes that need the whole vector first (a sum of squares, a maximum).
        reductions: u64,
    },
}

/// An operator: its name and its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Name, as in the checkpoints.
    pub name: &'static str,
    /// Its work.
    pub work: Work,
    /// The tokens of a pass that it is applied to.
    pub rows: Rows,
}

/// Some of a pass's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// All.
    Tokens,
    /// Those whose logits are wanted.
    Logits,
    /// Those that the router gives to that expert.
    Expert(u64),
}

/// Vector operations an element, each a lane for a cycle. A fused multiply-add is one.
mod operations {
    /// Square-accumulate; then scale by 1/rms and multiply by the gain.
    pub(super) const RMS_NORM: u64 = 3;
    /// Absolute maximum; then scale and round.
    pub(super) const QUANTIZE: u64 = 3;
    /// Integer to float; scale by both scales' product.
    pub(super) const DEQUANTIZE: u64 = 2;
    /// x cos + rotate(x) sin.
    pub(super) const ROPE: u64 = 2;
    pub(super) const RESIDUAL: u64 = 1;
    /// A position's scales, of its key and of its value, times its score and its probability.
    pub(super) const KV_SCALES: u64 = 2;
    /// Exponential (range reduction, three terms, scale: 5), add, divide (2), times the other half.
    pub(super) const SILU_GATE: u64 = 9;
    /// Maximum, square, times the other half.
    pub(super) const RELU2_GATE: u64 = 3;
    /// Online softmax, a score: scale, running maximum, subtract, exponential (5), accumulate.
    pub(super) const SOFTMAX: u64 = 9;
    /// Convert to the residual stream's format.
    pub(super) const EMBED: u64 = 1;
    /// Of an expert's score: softmax as above, and the comparisons that keep the largest.
    pub(super) const ROUTE: u64 = SOFTMAX + 2;
    /// A weighted result is added to those of the other experts.
    pub(super) const EXPERT_SUM: u64 = 1;
}
/// Vector operations of one embedding element.
pub const EMBED_OPERATIONS: u64 = operations::EMBED;

impl<'a> Workload<'a> {
    /// A prefill of `prompt` tokens or a decode step with `context` tokens in the cache, for `batch` sequences; with an FP16 cache.
    pub fn new(
        shape: &'a Shape,
        machine: Machine,
        head_format: WeightFormat,
        phase: Phase,
        batch: u64,
        length: u64,
    ) -> Workload<'a> {
        let (past, new) = match phase {
            Phase::Prefill => (0, length),
            Phase::Decode => (length, 1),
        };
        Workload { shape, machine, head_format, kv: KvForm::F16, phase, batch, past, new }
    }

    /// Vector operations of one attention score, besides its products.
    pub fn score_operations(&self) -> u64 {
        let scales = if self.kv == KvForm::F16 { 0 } else { operations::KV_SCALES };
        operations::SOFTMAX + scales
    }

    /// Bytes of a layer's keys and values of one position.
    pub fn cache_bytes_per_position(&self) -> u64 {
        let vector = self.kv.vector_bytes(self.shape.head_dim) + self.kv.scale_bytes();
        2 * self.shape.num_key_value_heads * vector
    }

    /// Tokens of all sequences.
    pub fn tokens(&self) -> u64 {
        self.batch * self.new
    }

    /// Positions in a sequence's cache when the workload is done.
    pub fn positions(&self) -> u64 {
        self.past + self.new
    }

    /// The pass that begins with token `first_token` and takes up to `most` tokens.
    pub fn pass(&self, first_token: u64, most: u64) -> Pass {
        let end = self.tokens().min(first_token + most);
        let mut pass = Pass { first_token, tokens: end - first_token, ..Pass::default() };
        let mut token = first_token;
        while token < end {
            // The tokens of one sequence: `before` are in its cache already, `fresh` come with this pass.
            let done = token % self.new;
            let fresh = (self.new - done).min(end - token);
            let before = self.past + done;
            pass.cached_positions += before;
            pass.cached_pairs += before * fresh;
            pass.fresh_pairs += fresh * (fresh + 1) / 2;
            pass.logits += u64::from(done + fresh == self.new);
            token += fresh;
        }
        pass
    }

    /// Operators before the first layer.
    pub fn prologue(&self) -> Vec<Operator> {
        vec![Operator::new("embedding", Work::Embedding)]
    }

    /// Tokens of a pass that an operator is applied to.
    ///
    /// The router is taken to spread a pass's tokens as evenly over the experts as it can: of a batch of one, the first experts have
    /// a token each.
    pub fn rows(&self, rows: Rows, pass: &Pass) -> u64 {
        match (rows, self.shape.experts) {
            (Rows::Logits, _) => pass.logits,
            (Rows::Expert(expert), Some(experts)) => {
                let (chosen, experts) =
                    (pass.tokens * experts.num_experts_per_tok, experts.num_local_experts);
                chosen / experts + u64::from(expert < chosen % experts)
            }
            _ => pass.tokens,
        }
    }

    /// The linears of one layer that a token goes through, as a checkpoint holds them, (outputs, inputs), for counts that must not
    /// depend on which of them a machine fuses.
    pub fn layer_linears(&self) -> Vec<(u64, u64)> {
        let shape = self.shape;
        let (hidden, inner, q, kv) =
            (shape.hidden_size, shape.intermediate_size, shape.q_size(), shape.kv_size());
        let mut linears = vec![(q, hidden), (kv, hidden), (kv, hidden), (hidden, q)];
        for _ in 0..shape.experts.map_or(1, |experts| experts.num_experts_per_tok) {
            linears.extend([(inner, hidden), (inner, hidden), (hidden, inner)]);
        }
        linears
    }

    /// Operators of one layer, in order. Matrices that share their input are one operator, as serving systems fuse them.
    pub fn layer(&self) -> Vec<Operator> {
        use operations::{DEQUANTIZE, QUANTIZE, RESIDUAL, ROPE};
        let shape = self.shape;
        let (hidden, q, kv) = (shape.hidden_size, shape.q_size(), shape.kv_size());
        // Integer results are scaled where they are consumed; FP16 results need none of it.
        let ternary = self.machine == Machine::Ternary;
        let dequantize = if ternary { DEQUANTIZE } else { 0 };
        let quantize = if self.kv == KvForm::F16 { 0 } else { QUANTIZE };
        let mut operators = vec![
            self.norm("input_layernorm", hidden, true, ternary),
            self.linear("qkv_proj", q + 2 * kv, hidden),
            Operator::elementwise("qkv_scale", q + 2 * kv, dequantize, 1, 0),
            Operator::elementwise("rotary_embedding", q + kv, ROPE, 2, 0),
            Operator::elementwise("kv_cache_quantize", 2 * kv, quantize, 1, 1),
            Operator::new("kv_cache_write", Work::CacheWrite),
            Operator::new("attention", Work::Attention),
            self.norm("attn_sub_norm", q, shape.sub_norms, ternary),
            self.linear("o_proj", hidden, q),
            Operator::elementwise("attention_residual", hidden, RESIDUAL + dequantize, 2, 0),
            self.norm("post_attention_layernorm", hidden, true, ternary),
        ];
        match shape.experts {
            None => {
                operators.extend(self.feed_forward(Rows::Tokens));
                operators.push(Operator::elementwise("mlp_residual", hidden, RESIDUAL + dequantize, 2, 0));
            }
            Some(experts) => {
                let router = Work::Linear { n: experts.num_local_experts, k: hidden, format: ROUTER_FORMAT };
                operators.push(Operator::new("router", router));
                let scores = experts.num_local_experts;
                operators.push(Operator::elementwise("expert_choice", scores, operations::ROUTE, 1, 1));
                let sum = operations::EXPERT_SUM + dequantize;
                for expert in (0..experts.num_local_experts).map(Rows::Expert) {
                    operators.extend(self.feed_forward(expert));
                    let sum = Operator::elementwise("expert_sum", hidden, sum, 2, 0);
                    operators.push(Operator { rows: expert, ..sum });
                }
                operators.push(Operator::elementwise("mlp_residual", hidden, RESIDUAL, 2, 0));
            }
        }
        operators.retain(|operator| operator.work != Work::NOTHING);
        operators
    }

    /// A feed-forward block, up to the integers of its last linear.
    fn feed_forward(&self, rows: Rows) -> [Operator; 4] {
        let (hidden, inner) = (self.shape.hidden_size, self.shape.intermediate_size);
        let ternary = self.machine == Machine::Ternary;
        let scale = if ternary { 2 * operations::DEQUANTIZE } else { 0 };
        let gate = match self.shape.hidden_act {
            Activation::Silu => operations::SILU_GATE,
            Activation::Relu2 => operations::RELU2_GATE,
        };
        [
            self.linear("gate_up_proj", 2 * inner, hidden),
            Operator::elementwise("activation", inner, gate + scale, 2, 0),
            self.norm("ffn_sub_norm", inner, self.shape.sub_norms, ternary),
            self.linear("down_proj", hidden, inner),
        ]
        .map(|operator| Operator { rows, ..operator })
    }

    /// A linear of a layer.
    fn linear(&self, name: &'static str, n: u64, k: u64) -> Operator {
        Operator::new(name, Work::Linear { n, k, format: self.machine.linear_format() })
    }

    /// Operators after the last layer, for the tokens whose logits are wanted.
    pub fn epilogue(&self) -> Vec<Operator> {
        let (hidden, vocabulary) = (self.shape.hidden_size, self.shape.vocab_size);
        let head = Work::Linear { n: vocabulary, k: hidden, format: self.head_format };
        let ternary = self.head_format == WeightFormat::Ternary;
        let scale = if ternary { operations::DEQUANTIZE } else { 0 };
        let norm = self.norm("norm", hidden, true, ternary);
        let scale = Operator::elementwise("logits_scale", vocabulary, scale, 1, 0);
        let operators = [norm, Operator::new("lm_head", head), scale].into_iter();
        let wanted = operators.filter(|operator| operator.work != Work::NOTHING);
        wanted.map(|operator| Operator { rows: Rows::Logits, ..operator }).collect()
    }

    /// What stands between an operator and the linear behind it: a norm where the model has one, and the quantiser where
    /// the linear is ternary. Without the norm the operator keeps the quantiser and its name says so.
    fn norm(&self, name: &'static str, elements: u64, present: bool, quantized: bool) -> Operator {
        // Of an array of 8-bit integers, only the quantiser is the vector unit's: it scales its results by itself.
        let quantized = quantized || self.machine == Machine::W8a8;
        let (norm, quantize) = (u64::from(present), u64::from(quantized));
        let operations = norm * operations::RMS_NORM + quantize * operations::QUANTIZE;
        let name = match (present, name) {
            (false, "attn_sub_norm") => "attention_quantize",
            (false, _) => "activation_quantize",
            (true, name) => name,
        };
        Operator::elementwise(name, elements, operations, 1, norm + quantize)
    }
}

impl Work {
    const NOTHING: Work = Work::Elementwise { elements: 0, operations: 0, operands: 0, reductions: 0 };
}

impl Operator {
    fn new(name: &'static str, work: Work) -> Operator {
        Operator { name, work, rows: Rows::Tokens }
    }

    fn elementwise(
        name: &'static str,
        elements: u64,
        operations: u64,
        operands: u64,
        reductions: u64,
    ) -> Operator {
        if operations == 0 {
            return Operator::new(name, Work::NOTHING);
        }
        Operator::new(name, Work::Elementwise { elements, operations, operands, reductions })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_chunked_prefill_reads_what_the_chunks_before_it_wrote() {
        let shape = model::preset("3b").unwrap();
        let workload = Workload::new(&shape, Machine::Ternary, WeightFormat::F16, Phase::Prefill, 1, 10);
        let passes: Vec<Pass> = [0, 4, 8].map(|first| workload.pass(first, 4)).into();
        // Tokens 4 to 7 attend to the 4 before their chunk and to 1, 2, 3 and 4 of it.
        let middle = Pass {
            first_token: 4,
            tokens: 4,
            cached_positions: 4,
            cached_pairs: 16,
            fresh_pairs: 10,
            logits: 0,
        };
        assert_eq!(passes[1], middle);
        assert_eq!((passes[0].cached_positions, passes[0].fresh_pairs), (0, 10));
        assert_eq!((passes[2].tokens, passes[2].cached_pairs, passes[2].logits), (2, 16, 1));
    }

    proptest! {
        #[test]
        fn passes_cover_every_token_and_every_pair_once(
            batch in 1_u64..9, length in 1_u64..200, most in 1_u64..70, decode: bool,
        ) {
            let shape = model::preset("3b").unwrap();
            let phase = if decode { Phase::Decode } else { Phase::Prefill };
            let workload = Workload::new(&shape, Machine::Ternary, WeightFormat::F16, phase, batch, length);
            let count = workload.tokens().div_ceil(most);
            let passes: Vec<Pass> = (0..count).map(|index| workload.pass(index * most, most)).collect();
            prop_assert_eq!(passes.iter().map(|pass| pass.tokens).sum::<u64>(), workload.tokens());
            prop_assert_eq!(passes.iter().map(|pass| pass.logits).sum::<u64>(), batch);
            let pairs: u64 = passes.iter().map(|pass| pass.cached_pairs + pass.fresh_pairs).sum();
            let expected: u64 = (0..workload.new).map(|token| workload.past + token + 1).sum();
            prop_assert_eq!(pairs, batch * expected);
        }
    }

    #[test]
    fn experts_share_the_tokens_of_a_pass_evenly() {
        let shape = model::preset("8x7b").unwrap();
        let workload = Workload::new(&shape, Machine::Ternary, WeightFormat::F16, Phase::Prefill, 1, 100);
        for tokens in 1..40 {
            let pass = workload.pass(0, tokens);
            let rows: Vec<u64> = (0..8).map(|expert| workload.rows(Rows::Expert(expert), &pass)).collect();
            assert_eq!(rows.iter().sum::<u64>(), 2 * tokens);
            assert!(rows[0] - rows[7] <= 1 && rows.is_sorted_by(|a, b| a >= b), "{rows:?}");
        }
    }

    #[test]
    fn the_fp16_layer_has_no_quantiser_and_the_same_linears() {
        let shape = model::preset("70b").unwrap();
        let layer = |machine| Workload::new(&shape, machine, WeightFormat::F16, Phase::Decode, 1, 1).layer();
        let names = |machine| layer(machine).iter().map(|operator| operator.name).collect::<Vec<_>>();
        let (ternary, fp16) = (names(Machine::Ternary), names(Machine::Fp16));
        assert!(ternary.contains(&"activation_quantize") && !fp16.contains(&"activation_quantize"));
        assert!(ternary.contains(&"qkv_scale"));
        assert_eq!(
            fp16,
            [
                "input_layernorm",
                "qkv_proj",
                "rotary_embedding",
                "kv_cache_write",
                "attention",
                "o_proj",
                "attention_residual",
                "post_attention_layernorm",
                "gate_up_proj",
                "activation",
                "down_proj",
                "mlp_residual",
            ]
        );
        let weights: u64 = layer(Machine::Fp16)
            .iter()
            .filter_map(|operator| match operator.work {
                Work::Linear { n, k, .. } => Some(n * k),
                _ => None,
            })
            .sum();
        assert_eq!(weights * shape.num_hidden_layers, shape.linear_parameters());
        let workload = Workload::new(&shape, Machine::Fp16, WeightFormat::F16, Phase::Decode, 1, 1);
        assert_eq!(workload.layer_linears().iter().map(|(n, k)| n * k).sum::<u64>(), weights);
    }
}
