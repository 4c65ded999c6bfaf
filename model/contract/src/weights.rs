//! The absmean weight quantiser (BitNet b1.58, arXiv 2402.17764, equations 1 to 3).

use crate::Trit;
use crate::quantize::{FLOOR, NotFinite, require_finite, round_and_clamp};

/// A weight matrix as trits and one scale.
#[derive(Clone, Debug, PartialEq)]
pub struct TernaryMatrix {
    /// The trits, in the order of the weights.
    pub trits: Vec<Trit>,
    /// max(mean|W|, 1e-5): the `weight_scale` of a checkpoint that multiplies ([`crate::auto_bit_linear`]).
    pub mean: f32,
    /// 1 / mean: the `weight_scale` of a checkpoint that divides ([`crate::bit_linear`]).
    pub scale: f32,
}

/// Quantises a weight matrix, row-major, to trits with one scale.
///
/// **C-QUANT-3: mean|W| is summed in f64, row-major, divided in f64 and rounded once to f32.** A framework's
/// f32 mean depends on how it splits the sum; this one is within 2 ulp of it, which moves a trit only where W
/// * scale is within 2 ulp of a tie.
///
/// **C-QUANT-4: scale = 1 / max(mean|W|, 1e-5), in f32.** The floor makes an all-zero matrix (and an empty
/// one) have a scale, 1 / 1e-5.
///
/// **C-QUANT-5: t = clamp(round(W * scale), -1, 1)**, the product rounded to f32 first.
///
/// # Errors
///
/// [`NotFinite`] (C-QUANT-1).
pub fn quantize_weights(weights: &[f32]) -> Result<TernaryMatrix, NotFinite> {
    require_finite(weights)?;
    let mean = mean_magnitude(weights).max(FLOOR);
    let scale = 1.0 / mean;
    let trits = weights
        .iter()
        .map(|weight| match round_and_clamp(weight * scale, -1, 1) {
            -1 => Trit::Minus,
            0 => Trit::Zero,
            _ => Trit::Plus,
        })
        .collect();
    Ok(TernaryMatrix { trits, mean, scale })
}

/// C-QUANT-3; 0 for no weights.
fn mean_magnitude(weights: &[f32]) -> f32 {
    let sum: f64 = weights.iter().map(|weight| f64::from(weight.abs())).sum();
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the one rounding of the mean, which is at most f32::MAX"
    )]
    let mean = (sum / weights.len().max(1) as f64) as f32;
    mean
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    fn values(matrix: &TernaryMatrix) -> Vec<i8> {
        matrix.trits.iter().map(|trit| trit.value()).collect()
    }

    // Holds C-QUANT-3.
    #[test]
    fn the_mean_is_summed_in_f64() {
        // 2^24 + 1 has no f32: a sum in f32 would lose every one of the small weights.
        let mut weights = vec![1.0f32; 1 + (1 << 10)];
        weights[0] = 16_777_216.0;
        let mean = quantize_weights(&weights).unwrap().mean;
        assert_relative_eq!(f64::from(mean), (16_777_216.0 + 1024.0) / 1025.0, max_relative = 2f64.powi(-24));
    }

    // Holds C-QUANT-4.
    #[test]
    fn nothing_but_zeros_has_the_floor_as_its_mean() {
        for weights in [vec![0.0; 35], vec![-0.0; 4], vec![], vec![1e-45; 3], vec![f32::MIN_POSITIVE; 9]] {
            let matrix = quantize_weights(&weights).unwrap();
            assert_eq!((matrix.mean, matrix.scale), (1e-5, 1.0 / 1e-5));
            assert_eq!(values(&matrix), vec![0; weights.len()]);
        }
        // Just above the floor the mean itself is used.
        let above = quantize_weights(&[1e-5f32.next_up()]).unwrap();
        assert_eq!((above.mean, values(&above)), (1e-5f32.next_up(), vec![1]));
    }

    // Holds C-QUANT-2, C-QUANT-5.
    #[test]
    fn a_tie_goes_to_zero_and_all_beyond_it_to_one() {
        // The mean is exactly 1, and 0.5 a tie.
        let matrix =
            quantize_weights(&[0.5, -0.5, 0.5f32.next_up(), -1.5, 2.0, 0.0, 2.0 - 1e-7 / 2.0, -1.0]).unwrap();
        assert_eq!((matrix.mean, matrix.scale), (1.0, 1.0));
        assert_eq!(values(&matrix), [0, 0, 1, -1, 1, 0, 1, -1]);
    }

    // Holds C-QUANT-1.
    #[test]
    fn not_finite_weights_are_named() {
        assert_eq!(quantize_weights(&[1.0, f32::NAN]).unwrap_err().position, 1);
        assert_eq!(quantize_weights(&[f32::NEG_INFINITY, f32::NAN]).unwrap_err().position, 0);
    }

    // Holds C-QUANT-3, C-QUANT-5.
    #[test]
    fn the_largest_weights_do_not_overflow() {
        let matrix = quantize_weights(&[f32::MAX, f32::MIN, 0.0, f32::MAX]).unwrap();
        assert_relative_eq!(matrix.mean, 0.75 * f32::MAX);
        assert_eq!(values(&matrix), [1, -1, 0, 1]);
    }

    proptest! {
        // Holds C-QUANT-4, C-QUANT-5.
        #[test]
        fn a_trit_has_its_weights_sign_and_is_nonzero_beyond_half_the_mean(
            weights in prop::collection::vec(any::<f32>().prop_filter("finite", |x| x.is_finite()), 1..60),
        ) {
            let matrix = quantize_weights(&weights).unwrap();
            prop_assert_eq!(matrix.scale, 1.0 / matrix.mean);
            for (&weight, trit) in weights.iter().zip(&matrix.trits) {
                prop_assert!(f32::from(trit.value()) * weight >= 0.0);
                // In f64, and clear of the tie by more than the roundings of scale and product. A scale below
                // the normal numbers keeps at least 21 bits: 1 / f32::MAX is 2^-128.
                let ratio = f64::from(weight.abs()) / f64::from(matrix.mean);
                if (ratio - 0.5).abs() > 1e-5 {
                    prop_assert_eq!(trit.is_nonzero(), ratio > 0.5);
                }
            }
        }
    }
}
