//! The gate of the feed-forward block.

use super::exp::exp;
use crate::Activation;

/// activation(gate) * up, in the place of `gate`, in f32: SwiGLU (arXiv 2002.05202), or its form with a squared ReLU.
pub fn gate(activation: Activation, gate: &mut [f32], up: &[f32]) {
    let pairs = gate.iter_mut().zip(up);
    match activation {
        Activation::Silu => pairs.for_each(|(gate, up)| *gate = *gate / (1.0 + exp(-*gate)) * up),
        Activation::Relu2 => pairs.for_each(|(gate, up)| *gate = gate.max(0.0).powi(2) * up),
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn squared_relu_drops_what_is_negative() {
        let mut x = [-3.0, 0.0, 3.0, 0.5];
        gate(Activation::Relu2, &mut x, &[5.0, 5.0, 2.0, -1.0]);
        assert_eq!(x, [0.0, 0.0, 18.0, -0.25]);
    }

    #[test]
    fn silu_is_x_times_its_sigmoid() {
        let mut x = [-200.0, -1.0, 0.0, 1.0, 200.0];
        gate(Activation::Silu, &mut x, &[1.0; 5]);
        assert_eq!((x[0], x[2], x[4]), (0.0, 0.0, 200.0));
        assert_relative_eq!(x[1], -0.268_941_43);
        assert_relative_eq!(x[3], 0.731_058_6);
    }
}
