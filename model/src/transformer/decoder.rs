//! The forward pass.

use contract::{ACC_BITS, max_k};

use super::attention::{HeadShape, attention};
use super::feed_forward::feed_forward;
use super::{Arithmetic, Cache, Linears, Rotary, Rows, Trace, table};
use crate::{Error, LayerWeights, Table, Weights};

/// What computes, and who watches.
pub struct Machine<'a> {
    /// Everything but the linears.
    pub arithmetic: &'a dyn Arithmetic,
    /// The linears' sums.
    pub linears: &'a mut dyn Linears,
    /// Where every linear's integers go, if they are wanted.
    pub trace: Option<&'a mut Trace>,
}

impl Machine<'_> {
    /// RMSNorm of every token.
    pub(super) fn rms_norm(&self, x: &mut Rows, gain: &[f32], epsilon: f32) {
        x.iter_mut().for_each(|row| self.arithmetic.rms_norm(row, gain, epsilon));
    }

    /// x + y.
    fn add(&self, x: &mut Rows, y: &Rows) {
        x.iter_mut().zip(y.iter()).for_each(|(x, y)| self.arithmetic.add(x, y));
    }
}

/// A model ready to compute.
#[derive(Debug)]
pub struct Decoder<'w> {
    weights: &'w Weights,
    heads: HeadShape,
    hidden: usize,
    vocabulary: usize,
    epsilon: f32,
    rotary: Rotary,
}

impl<'w> Decoder<'w> {
    /// Checks that the weights are of the sizes that their shape states.
    ///
    /// # Errors
    ///
    /// [`Error::Field`] for a shape that is not valid, for a mixture of experts, and for one with more inputs to a linear than the accumulators of
    /// contract clause C-WIDTH-2 hold; [`Error::Tensor`] for weights of another size.
    pub fn new(weights: &'w Weights) -> Result<Decoder<'w>, Error> {
        let shape = &weights.shape;
        shape.validate()?;
        shape.refuse_experts()?;
        for (field, inputs) in [
            ("hidden_size", shape.hidden_size),
            ("intermediate_size", shape.intermediate_size),
            ("num_attention_heads", shape.q_size()),
        ] {
            if inputs > max_k(ACC_BITS) {
                return Err(Error::Field {
                    origin: shape.name.clone(),
                    field,
                    value: format!("{inputs} inputs of a linear"),
                    expected: format!("at most {}: accumulators have {ACC_BITS} bits", max_k(ACC_BITS)),
                });
            }
        }
        let size = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
        check_sizes(weights)?;
        #[allow(clippy::cast_possible_truncation, reason = "the framework rounds it to f32, too")]
        let epsilon = shape.rms_norm_eps as f32;
        Ok(Decoder {
            weights,
            heads: HeadShape {
                heads: size(shape.num_attention_heads),
                kv_heads: size(shape.num_key_value_heads),
                head_dim: size(shape.head_dim),
                epsilon,
            },
            hidden: size(shape.hidden_size),
            vocabulary: size(shape.vocab_size),
            epsilon,
            rotary: Rotary::new(size(shape.head_dim), shape.rope_theta),
        })
    }

    /// The model.
    pub fn weights(&self) -> &'w Weights {
        self.weights
    }

    /// Hidden states of the next tokens of a sequence, after the last norm: \[tokens, hidden\]. Their keys and values are
    /// appended to the cache.
    ///
    /// # Errors
    ///
    /// [`Error::Token`] for an id outside the vocabulary, [`Error::NotFinite`] where a value grew beyond every float, and
    /// what the linears fail with. The cache is then of no use.
    pub fn forward(&self, machine: &mut Machine<'_>, cache: &mut Cache, ids: &[u32]) -> Result<Rows, Error> {
        let Weights { shape, embedding, layers, norm, .. } = self.weights;
        let mut hidden = self.embed(embedding, ids)?; // [tokens, hidden]
        for (i, (layer, cache)) in layers.iter().zip(cache.layers()).enumerate() {
            let mut x = hidden.clone();
            machine.rms_norm(&mut x, &layer.input_norm, self.epsilon);
            let attended = attention(machine, i, layer, self.heads, &self.rotary, cache, &x)?; // [tokens, hidden]
            machine.add(&mut hidden, &attended);

            let mut x = hidden.clone();
            machine.rms_norm(&mut x, &layer.post_attention_norm, self.epsilon);
            let fed = feed_forward(machine, i, layer, shape.hidden_act, self.epsilon, &x)?; // [tokens, hidden]
            machine.add(&mut hidden, &fed);
        }
        machine.rms_norm(&mut hidden, norm, self.epsilon);
        Ok(hidden)
    }

    /// The logits of one token's hidden state: \[hidden\] to \[vocabulary\].
    pub fn logits(&self, hidden: &[f32]) -> Vec<f32> {
        let head = self.weights.head.as_ref().unwrap_or(&self.weights.embedding);
        table::products(head, hidden)
    }

    /// The error of a token that the vocabulary does not have.
    pub(super) fn outside(&self, id: u32) -> Error {
        Error::Token { id, vocabulary: self.vocabulary }
    }

    /// \[tokens, hidden\].
    fn embed(&self, embedding: &Table, ids: &[u32]) -> Result<Rows, Error> {
        let mut values = Vec::with_capacity(ids.len() * self.hidden);
        for &id in ids {
            let index = usize::try_from(id).ok().filter(|&index| index < self.vocabulary);
            let index = index.ok_or_else(|| self.outside(id))?;
            values.extend(table::row(embedding, self.hidden, index));
        }
        Ok(Rows::new(self.hidden, values))
    }
}

/// Every tensor has the size that the shape states.
fn check_sizes(weights: &Weights) -> Result<(), Error> {
    let shape = &weights.shape;
    let check = |tensor: String, found: Vec<usize>, expected: &[u64]| {
        if found.iter().map(|&size| size as u64).eq(expected.iter().copied()) {
            return Ok(());
        }
        let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
        Err(Error::Tensor { origin: shape.name.clone(), tensor, found, expected })
    };
    let (hidden, inner, vocabulary) = (shape.hidden_size, shape.intermediate_size, shape.vocab_size);
    let (q, kv) = (shape.q_size(), shape.kv_size());
    for (name, table) in [("embedding", Some(&weights.embedding)), ("head", weights.head.as_ref())] {
        if let Some(table) = table {
            check(name.to_owned(), vec![table.len()], &[vocabulary * hidden])?;
        }
    }
    check("norm".to_owned(), vec![weights.norm.len()], &[hidden])?;
    check("layers".to_owned(), vec![weights.layers.len()], &[shape.num_hidden_layers])?;
    for (i, layer) in weights.layers.iter().enumerate() {
        let LayerWeights { query, key, value, output, gate, up, down, .. } = layer;
        for (name, linear, outputs, inputs) in [
            ("query", query, q, hidden),
            ("key", key, kv, hidden),
            ("value", value, kv, hidden),
            ("output", output, hidden, q),
            ("gate", gate, inner, hidden),
            ("up", up, inner, hidden),
            ("down", down, hidden, inner),
        ] {
            let (found, name) =
                (vec![linear.trits.rows(), linear.trits.columns()], format!("layers.{i}.{name}"));
            check(name.clone(), found, &[outputs, inputs])?;
            if let Some(norm) = &linear.norm {
                check(format!("{name}.norm"), vec![norm.gain.len()], &[inputs])?;
            }
        }
        for (name, norm, size) in [
            ("input_norm", Some(&layer.input_norm), hidden),
            ("attention_sub_norm", layer.attention_sub_norm.as_ref(), q),
            ("post_attention_norm", Some(&layer.post_attention_norm), hidden),
            ("feed_forward_sub_norm", layer.feed_forward_sub_norm.as_ref(), inner),
        ] {
            if let Some(norm) = norm {
                check(format!("layers.{i}.{name}"), vec![norm.len()], &[size])?;
            }
        }
    }
    Ok(())
}
