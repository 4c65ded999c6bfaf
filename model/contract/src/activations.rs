//! The absmax activation quantiser (BitNet b1.58, arXiv 2402.17764, section 2: per token, symmetric).

use crate::quantize::{FLOOR, NotFinite, require_finite, round_and_clamp};

/// Quantises one token's activations to INT8: (q, s), each q about x * s.
///
/// **C-QUANT-6: s = fl(fl(1/m) * 127) with m = max(max|x|, 1e-5), in f32.** That is how PyTorch evaluates
/// `127 / m` for a tensor m: a reciprocal, then a product. The division rounded once differs from it in the
/// last place.
///
/// **C-QUANT-7: q = clamp(round(x * s), -128, 127)**, ties to even (C-QUANT-2), the product rounded to f32
/// first.
///
/// **C-QUANT-8: -128 never leaves the quantiser**: |x * s| exceeds 127 by a few roundings at most. It is
/// legal on the bus all the same (C-LANE-2).
///
/// **C-QUANT-9: an all-zero row has s = fl(fl(1 / 1e-5) * 127) and q = 0**, and so has an empty one.
///
/// # Errors
///
/// [`NotFinite`] (C-QUANT-1).
pub fn quantize_activations(x: &[f32]) -> Result<(Vec<i8>, f32), NotFinite> {
    absmax(x, 127)
}

/// The same rule for a largest magnitude of `limit`: 127 for INT8, 7 and 3 for the narrow forms of the KV
/// cache.
pub(crate) fn absmax(x: &[f32], limit: i8) -> Result<(Vec<i8>, f32), NotFinite> {
    require_finite(x)?;
    let largest = x.iter().fold(FLOOR, |largest, x| largest.max(x.abs()));
    let scale = (1.0 / largest) * f32::from(limit);
    let q = x.iter().map(|x| round_and_clamp(x * scale, -limit - 1, limit)).collect();
    Ok((q, scale))
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    // Holds C-QUANT-6.
    #[test]
    fn the_reciprocal_is_rounded_before_the_product() {
        let mut differ = 0;
        for i in 1..=1000u16 {
            let m = f32::from(i) / 7.0;
            let (_, s) = quantize_activations(&[m, -m / 2.0]).unwrap();
            assert_eq!(s, (1.0 / m) * 127.0);
            differ += usize::from(s != 127.0 / m);
        }
        // Were the two ways equal, this test would hold nothing.
        assert!(differ > 100, "{differ}");
    }

    // Holds C-QUANT-2, C-QUANT-7.
    #[test]
    fn every_integer_and_every_half_quantises_to_itself_and_to_even() {
        // With a maximum of 127, s is within one rounding of 1; 2^-7 of the ties are exact in the product.
        let (q, s) = quantize_activations(&[127.0, 1.0, 0.5, -0.5, 63.4, -126.6, 0.0]).unwrap();
        assert_relative_eq!(s, 1.0);
        assert_eq!(q, [127, 1, 0, 0, 63, -127, 0]);
        // With a maximum of 1/2 the scale is exactly 254: halves are 1/508 apart, exact where they are dyadic.
        let (q, s) = quantize_activations(&[0.5, 0.25, -0.25, 0.75 / 2.0, 0.125]).unwrap();
        assert_eq!(s, 254.0);
        assert_eq!(q, [127, 64, -64, 95, 32]); // 127, 63.5, -63.5, 95.25, 31.75
    }

    // Holds C-QUANT-9.
    #[test]
    fn rows_of_zeros_have_the_floors_scale() {
        let floor_scale = (1.0 / 1e-5f32) * 127.0;
        for row in [vec![0.0; 7], vec![-0.0; 2], vec![], vec![1e-45, -1e-40]] {
            let (q, s) = quantize_activations(&row).unwrap();
            assert_eq!((q, s), (vec![0; row.len()], floor_scale));
        }
        assert_eq!(quantize_activations(&[1e-5, -0.5e-5]).unwrap(), (vec![127, -64], floor_scale));
    }

    // Holds C-QUANT-1.
    #[test]
    fn not_finite_activations_are_named() {
        assert_eq!(quantize_activations(&[f32::NAN]).unwrap_err().position, 0);
        assert_eq!(quantize_activations(&[1.0, -2.0, f32::INFINITY]).unwrap_err().position, 2);
    }

    // Holds C-QUANT-7, C-QUANT-8.
    #[test]
    fn the_largest_numbers_survive_a_subnormal_reciprocal() {
        // 1 / f32::MAX is below the normal numbers; a machine that flushed it to zero would lose the token.
        let (q, s) = quantize_activations(&[f32::MAX, f32::MIN, f32::MAX / 2.0, 1.0]).unwrap();
        assert!(s > 0.0);
        assert_eq!(q, [127, -127, 63, 0]); // the reciprocal, rounded down, takes the 63.5 off its tie
    }

    proptest! {
        // Holds C-QUANT-6, C-QUANT-7, C-QUANT-8.
        #[test]
        fn the_maximum_is_127_and_each_value_is_within_half_a_step(
            x in prop::collection::vec(any::<f32>().prop_filter("finite", |x| x.is_finite()), 1..60),
        ) {
            let (q, s) = quantize_activations(&x).unwrap();
            let largest = x.iter().fold(1e-5f32, |m, x| m.max(x.abs()));
            prop_assert_eq!(s, (1.0 / largest) * 127.0);
            for (&x, &q) in x.iter().zip(&q) {
                prop_assert!(q != -128);
                if x.abs() == largest {
                    prop_assert_eq!(q.unsigned_abs(), 127);
                }
                let exact = f64::from(x) * 127.0 / f64::from(largest);
                prop_assert!((f64::from(q) - exact).abs() < 0.5 + 1e-3, "{} against {}", q, exact);
            }
        }
    }
}
