//! What the vector unit computes beside the linears.

use super::{fused, gate, rms_norm, rotate, softmax};
use crate::Activation;

/// The operations on vectors. Floats carry their values; how they are computed is up to the implementation.
pub trait Arithmetic: Sync {
    /// RMSNorm of a vector, in place.
    fn rms_norm(&self, x: &mut [f32], gain: &[f32], epsilon: f32);

    /// Turns one head's vector by the angles of its position: \[head_dim / 2\] cosines and sines.
    fn rotate(&self, x: &mut [f32], cosines: &[f32], sines: &[f32]);

    /// The dot product of x with every row: rows \[n, x's length\], products \[n\].
    fn dot_products(&self, x: &[f32], rows: &[f32], products: &mut [f32]);

    /// Scores to probabilities, in place.
    fn softmax(&self, scores: &mut [f32]);

    /// sum += factor * row for every row: factors \[n\], rows \[n, sum's length\].
    fn add_scaled(&self, sum: &mut [f32], factors: &[f32], rows: &[f32]);

    /// activation(gate) * up, in the place of `gate`.
    fn gate(&self, activation: Activation, gate: &mut [f32], up: &[f32]);

    /// sum += x.
    fn add(&self, sum: &mut [f32], x: &[f32]);
}

/// IEEE 754 single precision, each operation rounded: the arithmetic of the framework.
#[derive(Clone, Copy, Debug, Default)]
pub struct Float32;

impl Arithmetic for Float32 {
    fn rms_norm(&self, x: &mut [f32], gain: &[f32], epsilon: f32) {
        rms_norm(x, gain, epsilon);
    }

    fn rotate(&self, x: &mut [f32], cosines: &[f32], sines: &[f32]) {
        rotate(x, cosines, sines);
    }

    fn dot_products(&self, x: &[f32], rows: &[f32], products: &mut [f32]) {
        fused::dot_products(x, rows, products);
    }

    fn softmax(&self, scores: &mut [f32]) {
        softmax(scores);
    }

    fn add_scaled(&self, sum: &mut [f32], factors: &[f32], rows: &[f32]) {
        fused::add_scaled(sum, factors, rows);
    }

    fn gate(&self, activation: Activation, up_gate: &mut [f32], up: &[f32]) {
        gate(activation, up_gate, up);
    }

    fn add(&self, sum: &mut [f32], x: &[f32]) {
        sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
    }
}

/// Partial sums of a long sum: as many as make a compiler use vectors. Their number is part of what the sum is, so that it
/// is the same on every machine.
const PARTS: usize = 16;

/// The sum of products: [`PARTS`] sums of every [`PARTS`]th product, added up pairwise.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    dot_of(a, b, |a| a)
}

/// The same, with numbers that become f32 as they are read.
// Inlined, it is compiled for what the function around it may use.
#[inline(always)]
pub(super) fn dot_of<T: Copy>(a: &[T], b: &[f32], widen: impl Fn(T) -> f32) -> f32 {
    let (a, a_rest) = a.as_chunks::<PARTS>();
    let (b, b_rest) = b.as_chunks::<PARTS>();
    let mut parts = [0.0; PARTS];
    for (a, b) in a.iter().zip(b) {
        for i in 0..PARTS {
            parts[i] += widen(a[i]) * b[i];
        }
    }
    for ((part, a), b) in parts.iter_mut().zip(a_rest).zip(b_rest) {
        *part += widen(*a) * b;
    }
    let mut half = PARTS / 2;
    while half > 0 {
        for i in 0..half {
            parts[i] += parts[i + half];
        }
        half /= 2;
    }
    parts[0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_dot_product_is_near_the_exact_one(
            pairs in prop::collection::vec((-10f32..10.0, -10f32..10.0), 0..200),
        ) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.iter().copied().unzip();
            let product = |&(a, b): &(f32, f32)| f64::from(a) * f64::from(b);
            let exact: f64 = pairs.iter().map(product).sum();
            let magnitude: f64 = pairs.iter().map(|pair| product(pair).abs()).sum();
            // A product is rounded once, and added to fewer than 20 others in turn.
            let bound = 20.0 * f64::from(f32::EPSILON) * magnitude;
            prop_assert!((f64::from(dot(&a, &b)) - exact).abs() <= bound);
        }
    }
}
