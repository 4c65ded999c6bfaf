//! The exact dot product of a ternary row and an INT8 vector.

use std::fmt;

use crate::{Trit, max_k};

/// Why a dot product cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DotError {
    /// The two sides are not of one length.
    Lengths {
        /// Trits given.
        weights: usize,
        /// Activations given.
        activations: usize,
    },
    /// K is beyond what the accumulator holds for every input.
    TooLong {
        /// The length asked for.
        k: usize,
        /// The accumulator's width, bits.
        acc_bits: u32,
    },
}

impl fmt::Display for DotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DotError::Lengths { weights, activations } => {
                write!(
                    f,
                    "{weights} weights meet {activations} activations: a dot product needs as many of each"
                )
            }
            DotError::TooLong { k, acc_bits } => write!(
                f,
                "K = {k} could overflow an accumulator of {acc_bits} bits, which holds K up to {}",
                max_k(*acc_bits)
            ),
        }
    }
}

impl std::error::Error for DotError {}

/// The sum of t\[k\] * q\[k\].
///
/// **C-DOT-1: the sum is exact for every input**, -128 included, in whatever order it is taken.
///
/// **C-DOT-2: K beyond `max_k(acc_bits)` is an error, never a wrap**, even where the values at hand would
/// fit: whether a layer can run depends on its shape alone.
///
/// **C-DOT-3: unequal lengths are an error**; a tail is padded by the caller with zero trits, which add
/// nothing.
///
/// # Errors
///
/// [`DotError`] names the lengths, or K and the largest K.
pub fn dot(weights: &[Trit], activations: &[i8], acc_bits: u32) -> Result<i64, DotError> {
    if weights.len() != activations.len() {
        return Err(DotError::Lengths { weights: weights.len(), activations: activations.len() });
    }
    if weights.len() as u64 > max_k(acc_bits) {
        return Err(DotError::TooLong { k: weights.len(), acc_bits });
    }
    Ok(weights.iter().zip(activations).map(|(t, &q)| i64::from(t.value()) * i64::from(q)).sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ACC_BITS;

    // Holds C-DOT-1, C-DOT-2.
    #[test]
    fn the_largest_k_reaches_the_accumulators_ends_and_one_more_is_refused() {
        let k = 65_535;
        let q = vec![-128; k + 1];
        assert_eq!(dot(&vec![Trit::Minus; k], &q[1..], ACC_BITS), Ok(8_388_480));
        assert_eq!(dot(&vec![Trit::Plus; k], &q[1..], ACC_BITS), Ok(-8_388_480));
        let error = dot(&vec![Trit::Zero; k + 1], &q, ACC_BITS).unwrap_err();
        assert_eq!(error, DotError::TooLong { k: k + 1, acc_bits: 24 });
        assert_eq!(
            error.to_string(),
            "K = 65536 could overflow an accumulator of 24 bits, which holds K up to 65535"
        );
        assert_eq!(dot(&vec![Trit::Minus; k + 1], &q, 25), Ok(8_388_608));
    }

    // Holds C-DOT-3.
    #[test]
    fn unequal_lengths_are_refused_and_none_is_zero() {
        assert_eq!(dot(&[], &[], ACC_BITS), Ok(0));
        assert_eq!(dot(&[], &[], 0), Ok(0));
        let error = dot(&[Trit::Plus], &[1, 2], ACC_BITS).unwrap_err();
        assert_eq!(error, DotError::Lengths { weights: 1, activations: 2 });
        assert_eq!(error.to_string(), "1 weights meet 2 activations: a dot product needs as many of each");
    }

    proptest! {
        // Holds C-DOT-1, C-DOT-3.
        #[test]
        fn the_sum_is_exact_splits_anywhere_and_ignores_a_zero_tail(
            pairs in prop::collection::vec((0usize..3, any::<i8>()), 0..300),
            split in any::<prop::sample::Index>(),
            tail in prop::collection::vec(any::<i8>(), 0..9),
        ) {
            let (mut t, mut q): (Vec<Trit>, Vec<i8>) = pairs.iter().map(|&(t, q)| (Trit::ALL[t], q)).unzip();
            let at = split.index(t.len() + 1);
            let sum = |t: &[Trit], q: &[i8]| dot(t, q, ACC_BITS).unwrap();
            let whole = sum(&t, &q);
            prop_assert_eq!(whole, pairs.iter().map(|&(t, q)| (t as i64 - 1) * i64::from(q)).sum::<i64>());
            prop_assert_eq!(whole, sum(&t[..at], &q[..at]) + sum(&t[at..], &q[at..]));
            t.resize(t.len() + tail.len(), Trit::Zero);
            q.extend(tail);
            prop_assert_eq!(whole, sum(&t, &q));
        }
    }
}
