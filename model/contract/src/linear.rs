//! From the integer sum of a ternary linear layer back to a real number.
//!
//! Checkpoints are published in two conventions, which differ in what `weight_scale` is and in the order of the
//! operations (`BitLinear` and `AutoBitLinear` of Hugging Face `transformers`).

/// The output of a `BitLinear`, whose `weight_scale` is 1 / mean|W| and divides.
///
/// **C-LIN-1: y = f32(acc) / (weight_scale * s), the product first**; three roundings in f32, equal to the
/// framework to the bit. A sum of 24 bits is exact in f32; a wider one is rounded to even. `s` is the
/// activations' scale.
pub fn bit_linear(acc: i64, weight_scale: f32, s: f32) -> f32 {
    acc as f32 / (weight_scale * s)
}

/// The output of an `AutoBitLinear`, whose `weight_scale` is mean|W| and multiplies.
///
/// **C-LIN-2: y = (f32(acc) / s) * weight_scale, the quotient first.** The framework divides each activation
/// by s before it sums them in floats, so that its output differs: by up to 1e-6 of its largest output.
pub fn auto_bit_linear(acc: i64, weight_scale: f32, s: f32) -> f32 {
    (acc as f32 / s) * weight_scale
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;
    use crate::{ACC_BITS, dot, max_k, quantize_activations, quantize_weights};

    // Holds C-LIN-1, C-LIN-2.
    #[test]
    fn the_order_of_the_operations_is_seen_in_the_last_place() {
        let (scale, s) = (0.7f32, 0.3f32);
        let mut differ = [0; 3];
        for acc in 1..=1000i16 {
            let (divided, multiplied) =
                (bit_linear(acc.into(), scale, s), auto_bit_linear(acc.into(), scale, s));
            let acc = f32::from(acc);
            assert_eq!((divided, multiplied), (acc / (scale * s), (acc / s) * scale));
            differ[0] += u32::from(divided != (acc / scale) / s);
            differ[1] += u32::from(multiplied != acc * (scale / s));
            differ[2] += u32::from(multiplied != (acc * scale) / s);
        }
        // Were another order equal, this test would hold nothing.
        assert!(differ.iter().all(|&differ| differ > 100), "{differ:?}");
    }

    // Holds C-LIN-1, C-LIN-2.
    #[test]
    fn a_sum_of_24_bits_is_exact_and_a_wider_one_ties_to_even() {
        let largest = 128 * i64::try_from(max_k(ACC_BITS)).unwrap();
        for acc in [largest, -largest, largest - 1, 0] {
            assert_eq!(f64::from(bit_linear(acc, 1.0, 1.0)), acc as f64);
            assert_eq!(f64::from(auto_bit_linear(acc, 1.0, 1.0)), acc as f64);
        }
        assert_eq!(bit_linear((1 << 24) + 1, 1.0, 1.0), 16_777_216.0);
        assert_eq!(bit_linear((1 << 24) + 3, 1.0, 1.0), 16_777_220.0);
    }

    // Holds C-LIN-1, C-LIN-2.
    #[test]
    fn rows_and_matrices_of_zeros_give_zero() {
        let matrix = quantize_weights(&[0.0; 8]).unwrap();
        let (q, s) = quantize_activations(&[0.0; 8]).unwrap();
        let acc = dot(&matrix.trits, &q, ACC_BITS).unwrap();
        assert_eq!(bit_linear(acc, matrix.scale, s), 0.0);
        assert_eq!(auto_bit_linear(acc, matrix.mean, s), 0.0);
    }

    /// What one rounding to f32 changes at most, as a fraction.
    const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;

    proptest! {
        // Holds C-LIN-1, C-LIN-2.
        #[test]
        fn both_conventions_approximate_one_number(
            acc in -8_388_480i64..=8_388_480,
            mean in 1e-5f32..1e3,
            s in 1e-3f32..1e7,
        ) {
            let exact = acc as f64 * f64::from(mean) / f64::from(s);
            assert_relative_eq!(f64::from(bit_linear(acc, 1.0 / mean, s)), exact, max_relative = 4.0 * ROUNDING);
            assert_relative_eq!(f64::from(auto_bit_linear(acc, mean, s)), exact, max_relative = 2.0 * ROUNDING);
        }
    }
}
