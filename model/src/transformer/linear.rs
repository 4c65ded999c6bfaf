//! A ternary linear layer: norm, if it has one of its own; INT8; exact sums; real numbers again.

use std::fmt;

use contract::{auto_bit_linear, bit_linear};

use super::{Machine, Quantized, Rows};
use crate::{Error, Linear, TritMatrix, WeightScale};

/// Which of a layer's seven linears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Projection {
    /// `q_proj`.
    Query,
    /// `k_proj`.
    Key,
    /// `v_proj`.
    Value,
    /// `o_proj`.
    Output,
    /// `gate_proj`.
    Gate,
    /// `up_proj`.
    Up,
    /// `down_proj`.
    Down,
}

impl Projection {
    /// All of them, in the order of the computation.
    pub const ALL: [Projection; 7] = [
        Projection::Query,
        Projection::Key,
        Projection::Value,
        Projection::Output,
        Projection::Gate,
        Projection::Up,
        Projection::Down,
    ];

    /// The name in a Hugging Face checkpoint, within its layer.
    pub fn name(self) -> &'static str {
        match self {
            Projection::Query => "self_attn.q_proj",
            Projection::Key => "self_attn.k_proj",
            Projection::Value => "self_attn.v_proj",
            Projection::Output => "self_attn.o_proj",
            Projection::Gate => "mlp.gate_proj",
            Projection::Up => "mlp.up_proj",
            Projection::Down => "mlp.down_proj",
        }
    }
}

/// Which linear of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The layer, from 0.
    pub layer: usize,
    /// The linear in it.
    pub projection: Projection,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model.layers.{}.{}", self.layer, self.projection.name())
    }
}

/// What sums a linear's integers: software, or the machine. Whatever it is, the sums are those of contract clause C-DOT-1.
pub trait Linears {
    /// The dot product of every token with every row of the weights, \[tokens, rows\].
    ///
    /// # Errors
    ///
    /// [`Error::Linears`], where what computes them fails.
    fn sums(&mut self, place: Place, weights: &TritMatrix, x: &Quantized) -> Result<Vec<i32>, Error>;
}

impl Machine<'_> {
    /// x \[tokens, in\] to \[tokens, out\].
    pub(super) fn linear(&mut self, place: Place, linear: &Linear, x: &Rows) -> Result<Rows, Error> {
        let normed = linear.norm.as_ref().map(|norm| {
            let mut x = x.clone();
            self.rms_norm(&mut x, &norm.gain, norm.epsilon);
            x // [tokens, in]
        });
        let quantized = Quantized::new(normed.as_ref().unwrap_or(x)) // [tokens, in]
            .map_err(|(token, source)| Error::NotFinite {
                place: format!("{place}, token {token}"),
                source,
            })?;
        let sums = self.linears.sums(place, &linear.trits, &quantized)?; // [tokens, out]
        let mut y = Rows::zeros(x.tokens(), linear.trits.rows());
        for ((y, sums), &s) in y.iter_mut().zip(sums.chunks(linear.trits.rows())).zip(quantized.scales()) {
            for (y, &sum) in y.iter_mut().zip(sums) {
                *y = real(linear.scale, sum, s);
            }
        }
        if let Some(trace) = &mut self.trace {
            trace.add(place, &quantized, &sums);
        }
        Ok(y)
    }
}

/// A sum of INT8 values of scale `s` as the number that it stands for.
fn real(scale: WeightScale, sum: i32, s: f32) -> f32 {
    match scale {
        WeightScale::Divides(scale) => bit_linear(sum.into(), scale, s),
        WeightScale::Multiplies(scale) => auto_bit_linear(sum.into(), scale, s),
    }
}
