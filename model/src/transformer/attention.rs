//! Causal attention, grouped-query (arXiv 2305.13245): each KV head serves a group of query heads.

use std::borrow::Cow;

use rayon::prelude::*;

use super::cache::LayerCache;
use super::{Arithmetic, Machine, Place, Projection, Rotary, Rows};
use crate::{Error, LayerWeights};

/// How a layer's heads are laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadShape {
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_dim: usize,
    /// Of the norm before the output projection, if there is one.
    pub(super) epsilon: f32,
}

/// x \[tokens, hidden\], the layer's input after its norm, to \[tokens, hidden\].
pub(super) fn attention(
    machine: &mut Machine<'_>,
    layer: usize,
    weights: &LayerWeights,
    shape: HeadShape,
    rotary: &Rotary,
    cache: &mut LayerCache,
    x: &Rows,
) -> Result<Rows, Error> {
    let place = |projection| Place { layer, projection };
    let before = cache.keys.positions();

    let mut query = machine.linear(place(Projection::Query), &weights.query, x)?; // [tokens, heads * head_dim]
    let mut key = machine.linear(place(Projection::Key), &weights.key, x)?; // [tokens, kv_heads * head_dim]
    let value = machine.linear(place(Projection::Value), &weights.value, x)?; // [tokens, kv_heads * head_dim]

    turn(machine.arithmetic, rotary, shape.head_dim, before, &mut query);
    turn(machine.arithmetic, rotary, shape.head_dim, before, &mut key);
    for (heads, x, what) in [(&mut cache.keys, &key, "keys"), (&mut cache.values, &value, "values")] {
        heads.push(x).map_err(|(token, source)| Error::NotFinite {
            place: format!("layer {layer}, {what} of token {token}"),
            source,
        })?;
    }

    let mut mixed = mix(machine.arithmetic, shape, cache, before, &query); // [tokens, heads * head_dim]
    if let Some(gain) = &weights.attention_sub_norm {
        machine.rms_norm(&mut mixed, gain, shape.epsilon);
    }
    machine.linear(place(Projection::Output), &weights.output, &mixed) // [tokens, hidden]
}

/// Turns every head of every token: x \[tokens, any heads * head_dim\].
fn turn(arithmetic: &dyn Arithmetic, rotary: &Rotary, head_dim: usize, before: usize, x: &mut Rows) {
    for (token, row) in x.iter_mut().enumerate() {
        let (cosines, sines) = rotary.angles(before + token); // [head_dim / 2]
        row.chunks_exact_mut(head_dim).for_each(|head| arithmetic.rotate(head, &cosines, &sines));
    }
}

/// The values of the positions that each query attends to, mixed by their probabilities.
fn mix(
    arithmetic: &dyn Arithmetic,
    shape: HeadShape,
    cache: &LayerCache,
    before: usize,
    query: &Rows,
) -> Rows {
    let HeadShape { heads, kv_heads, head_dim, .. } = shape;
    let keys: Vec<Cow<'_, [f32]>> = cache.keys.read().collect(); // [kv_heads][positions, head_dim]
    let values: Vec<Cow<'_, [f32]>> = cache.values.read().collect();
    let mut mixed = Rows::zeros(query.tokens(), query.width());
    let each =
        mixed.values_mut().par_chunks_exact_mut(head_dim).zip(query.values().par_chunks_exact(head_dim));
    each.enumerate().for_each(|(i, (mixed, query))| {
        let (token, head) = (i / heads, i % heads);
        let kv_head = head / (heads / kv_heads);
        // A token attends to itself and to those before it.
        let seen = (before + token + 1) * head_dim;
        let probabilities = probabilities(arithmetic, query, &keys[kv_head][..seen]); // [positions seen]
        arithmetic.add_scaled(mixed, &probabilities, &values[kv_head][..seen]);
    });
    mixed
}

/// How much one head of one token attends to each position: softmax(query . key / sqrt(head_dim)), \[positions\], from
/// query \[head_dim\] and keys \[positions, head_dim\].
pub fn probabilities(arithmetic: &dyn Arithmetic, query: &[f32], keys: &[f32]) -> Vec<f32> {
    #[allow(clippy::cast_possible_truncation, reason = "rounded to f32")]
    let factor = (query.len() as f64).powf(-0.5) as f32;
    let mut scores = vec![0.0; keys.len() / query.len()];
    arithmetic.dot_products(query, keys, &mut scores);
    scores.iter_mut().for_each(|score| *score *= factor);
    arithmetic.softmax(&mut scores);
    scores
}
