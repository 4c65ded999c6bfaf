//! A decoder as the operation counter sees it.

use energy::EnergyError;
use model::Shape;

use crate::Error;

/// Linears of h x h in a GPT-like layer: Q, K, V and the output.
const GPT_SQUARE_LINEARS: usize = 4;
/// A GPT-like feed-forward's width over h.
const GPT_FEED_FORWARD: u64 = 4;

/// The products of a decoder: what is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoder {
    /// Width of the residual stream.
    pub hidden: u64,
    /// Layers.
    pub layers: u64,
    /// (inputs, outputs) of one layer's linears.
    pub linears: Vec<(u64, u64)>,
    /// Width of all query heads together.
    pub attention_width: u64,
    /// Outputs of the head.
    pub vocabulary: u64,
}

impl Decoder {
    /// The decoder of a model's shape, with its gated feed-forward and its grouped heads; of experts those that a token goes through.
    pub fn of(shape: &Shape) -> Decoder {
        let (hidden, inner) = (shape.hidden_size, shape.intermediate_size);
        let (q, kv) = (shape.q_size(), shape.kv_size());
        let mut linears = vec![(hidden, q), (hidden, kv), (hidden, kv), (q, hidden)];
        for _ in 0..shape.experts.map_or(1, |experts| experts.num_experts_per_tok) {
            linears.extend([(hidden, inner), (hidden, inner), (inner, hidden)]);
        }
        Decoder {
            hidden,
            layers: shape.num_hidden_layers,
            linears,
            attention_width: q,
            vocabulary: shape.vocab_size,
        }
    }

    /// A GPT-like decoder: four h x h linears and two of h x 4h a layer, and no head.
    ///
    /// # Errors
    /// A width beyond 64 bits.
    pub fn gpt(hidden: u64, layers: u64) -> Result<Decoder, Error> {
        let overflow = || EnergyError::CountOverflow { what: format!("a hidden size of {hidden}") };
        let wide = hidden.checked_mul(GPT_FEED_FORWARD).ok_or_else(overflow)?;
        let mut linears = vec![(hidden, hidden); GPT_SQUARE_LINEARS];
        linears.extend([(hidden, wide), (wide, hidden)]);
        Ok(Decoder { hidden, layers, linears, attention_width: hidden, vocabulary: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(decoder: &Decoder) -> u64 {
        decoder.layers * decoder.linears.iter().map(|(inputs, outputs)| inputs * outputs).sum::<u64>()
    }

    #[test]
    fn a_shape_keeps_the_weights_that_a_token_meets() {
        for name in model::preset_names() {
            let shape = model::preset(name).unwrap();
            assert_eq!(weights(&Decoder::of(&shape)), shape.active_linear_parameters(), "{name}");
        }
    }

    #[test]
    fn a_gpt_has_twelve_squares_a_layer() {
        assert_eq!(weights(&Decoder::gpt(2048, 24).unwrap()), 12 * 2048 * 2048 * 24);
    }
}
