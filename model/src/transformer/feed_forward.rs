//! The gated feed-forward block.

use super::{Machine, Place, Projection, Rows};
use crate::{Activation, Error, LayerWeights};

/// x \[tokens, hidden\], the layer's second input after its norm, to \[tokens, hidden\].
pub(super) fn feed_forward(
    machine: &mut Machine<'_>,
    layer: usize,
    weights: &LayerWeights,
    activation: Activation,
    epsilon: f32,
    x: &Rows,
) -> Result<Rows, Error> {
    let place = |projection| Place { layer, projection };
    let mut inner = machine.linear(place(Projection::Gate), &weights.gate, x)?; // [tokens, intermediate]
    let up = machine.linear(place(Projection::Up), &weights.up, x)?; // [tokens, intermediate]
    inner.iter_mut().zip(up.iter()).for_each(|(gate, up)| machine.arithmetic.gate(activation, gate, up));
    if let Some(gain) = &weights.feed_forward_sub_norm {
        machine.rms_norm(&mut inner, gain, epsilon);
    }
    machine.linear(place(Projection::Down), &weights.down, &inner) // [tokens, hidden]
}
