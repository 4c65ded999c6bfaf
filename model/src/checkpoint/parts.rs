//! What a decoder is made of, and the name of each part in each format.

use std::collections::BTreeSet;

use super::file::Source;
use crate::error::one_line;
use crate::{Error, LayerWeights, Linear, Shape, Table, Weights};

/// The name of a part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// In `transformers`: below `model.layers.N` or `model`, but for the head.
    pub(crate) hugging_face: &'static str,
    /// In files of llama.cpp: below `blk.N`, but for embedding, norm and head.
    pub(crate) gguf: &'static str,
}

const EMBEDDING: Part = Part { hugging_face: "model.embed_tokens", gguf: "token_embd" };
const NORM: Part = Part { hugging_face: "model.norm", gguf: "output_norm" };
const HEAD: Part = Part { hugging_face: "lm_head", gguf: "output" };
const INPUT_NORM: Part = Part { hugging_face: "input_layernorm", gguf: "attn_norm" };
const QUERY: Part = Part { hugging_face: "self_attn.q_proj", gguf: "attn_q" };
const KEY: Part = Part { hugging_face: "self_attn.k_proj", gguf: "attn_k" };
const VALUE: Part = Part { hugging_face: "self_attn.v_proj", gguf: "attn_v" };
const ATTENTION_SUB_NORM: Part = Part { hugging_face: "self_attn.attn_sub_norm", gguf: "attn_sub_norm" };
const OUTPUT: Part = Part { hugging_face: "self_attn.o_proj", gguf: "attn_output" };
const POST_ATTENTION_NORM: Part = Part { hugging_face: "post_attention_layernorm", gguf: "ffn_norm" };
const GATE: Part = Part { hugging_face: "mlp.gate_proj", gguf: "ffn_gate" };
const UP: Part = Part { hugging_face: "mlp.up_proj", gguf: "ffn_up" };
const FEED_FORWARD_SUB_NORM: Part = Part { hugging_face: "mlp.ffn_sub_norm", gguf: "ffn_sub_norm" };
const DOWN: Part = Part { hugging_face: "mlp.down_proj", gguf: "ffn_down" };

/// A format's file, which reads one part at a time. `layer` is the part's layer, if it is of one.
pub(crate) trait Checkpoint {
    /// The gains of a norm.
    fn gains(&self, layer: Option<u64>, part: Part, length: u64) -> Result<Vec<f32>, Error>;

    /// An embedding or a head.
    fn table(&self, part: Part, rows: u64, columns: u64) -> Result<Table, Error>;

    /// A ternary linear.
    fn linear(&self, layer: u64, part: Part, outputs: u64, inputs: u64) -> Result<Linear, Error>;

    /// Refuses tensors that nothing has asked for: a bias or a norm that this decoder has not would change what it computes.
    fn finish(&self) -> Result<(), Error>;
}

/// All weights of a decoder.
///
/// # Errors
///
/// Those of the parts.
pub(crate) fn read(shape: Shape, checkpoint: &impl Checkpoint) -> Result<Weights, Error> {
    let (hidden, intermediate) = (shape.hidden_size, shape.intermediate_size);
    let (q_size, kv_size) = (shape.q_size(), shape.kv_size());
    let sub_norm = |layer, part, length| match shape.sub_norms {
        true => checkpoint.gains(Some(layer), part, length).map(Some),
        false => Ok(None),
    };
    let layer = |layer| {
        Ok(LayerWeights {
            input_norm: checkpoint.gains(Some(layer), INPUT_NORM, hidden)?,
            query: checkpoint.linear(layer, QUERY, q_size, hidden)?,
            key: checkpoint.linear(layer, KEY, kv_size, hidden)?,
            value: checkpoint.linear(layer, VALUE, kv_size, hidden)?,
            attention_sub_norm: sub_norm(layer, ATTENTION_SUB_NORM, q_size)?,
            output: checkpoint.linear(layer, OUTPUT, hidden, q_size)?,
            post_attention_norm: checkpoint.gains(Some(layer), POST_ATTENTION_NORM, hidden)?,
            gate: checkpoint.linear(layer, GATE, intermediate, hidden)?,
            up: checkpoint.linear(layer, UP, intermediate, hidden)?,
            feed_forward_sub_norm: sub_norm(layer, FEED_FORWARD_SUB_NORM, intermediate)?,
            down: checkpoint.linear(layer, DOWN, hidden, intermediate)?,
        })
    };
    let embedding = checkpoint.table(EMBEDDING, shape.vocab_size, hidden)?;
    let layers = (0..shape.num_hidden_layers).map(layer).collect::<Result<_, Error>>()?;
    let norm = checkpoint.gains(None, NORM, hidden)?;
    let head = match shape.tie_word_embeddings {
        true => None,
        false => Some(checkpoint.table(HEAD, shape.vocab_size, hidden)?),
    };
    checkpoint.finish()?;
    Ok(Weights { shape, embedding, layers, norm, head })
}

/// Whether every tensor has been used, or is one of those that do not matter.
///
/// # Errors
///
/// The first that is neither.
pub(crate) fn all_used<'a>(
    origin: &str,
    names: impl Iterator<Item = &'a str>,
    used: &BTreeSet<String>,
    matters_not: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let mut unused = names.filter(|&name| !used.contains(name) && !matters_not(name));
    match unused.next() {
        None => Ok(()),
        Some(name) => {
            let expected = "absent: its model has no such part".to_owned();
            Err(unfit(origin, name, "there".to_owned(), expected))
        }
    }
}

/// A size of a tensor that is known to be in a file as a size in memory.
///
/// # Errors
///
/// It is none on this machine.
pub(crate) fn in_memory(file: &Source, size: u64) -> Result<usize, Error> {
    usize::try_from(size).map_err(|_| file.malformed(format!("a size of {size}, too large for this machine")))
}

/// The error of a tensor that is not what it should be.
pub(crate) fn unfit(origin: &str, tensor: &str, found: String, expected: String) -> Error {
    Error::Tensor { origin: origin.to_owned(), tensor: one_line(tensor), found, expected }
}
