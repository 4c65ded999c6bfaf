//! Counting by the paper's convention: the equations of BitNet v1 (arXiv 2310.11453, section 2.4), which
//! reproduce figure 3 of arXiv 2402.17764.
//!
//! A product of (m x n) by (n x p) is m p dot products of n terms, each n multiplies and n - 1 adds. With
//! ternary weights the multiplies become signs, and what multiplies remain are those of scaling: one an input
//! to quantise it, one an output to undo both scales. Additions are INT8, whatever the sum's width.

use crate::error::EnergyError;
use crate::events::PaperOperations;

impl PaperOperations {
    /// A linear of `n` inputs and `p` outputs on `m` tokens, in FP16: m n p multiplies and m (n - 1) p adds.
    pub fn fp16_linear(m: u64, n: u64, p: u64) -> Result<Self, EnergyError> {
        let count =
            || Some(Self { int8_adds: 0, fp16_adds: adds(m, n, p)?, fp16_multiplies: multiply([m, n, p])? });
        count().ok_or_else(|| overflow("FP16 linear", [m, n, p]))
    }

    /// A linear of `n` inputs and `p` outputs on `m` tokens, with ternary weights: m (n - 1) p INT8 adds, and
    /// m p + m n FP16 multiplies of scaling.
    pub fn ternary_linear(m: u64, n: u64, p: u64) -> Result<Self, EnergyError> {
        let count = || {
            let scaling = multiply([m, p, 1])?.checked_add(multiply([m, n, 1])?)?;
            Some(Self { int8_adds: adds(m, n, p)?, fp16_adds: 0, fp16_multiplies: scaling })
        };
        count().ok_or_else(|| overflow("ternary linear", [m, n, p]))
    }

    /// Q K^T and A V of one layer, in FP16 for both models: `tokens` queries against all of `context`, no
    /// causal halving. `width` is heads x head size; the adds that join heads are counted too, as the paper's
    /// convention has one product of inner dimension `width`.
    pub fn fp16_attention(tokens: u64, context: u64, width: u64) -> Result<Self, EnergyError> {
        let scores = Self::fp16_linear(tokens, width, context)?;
        let values = Self::fp16_linear(tokens, context, width)?;
        scores.plus(&values)
    }

    /// Both counts together.
    pub fn plus(&self, other: &Self) -> Result<Self, EnergyError> {
        let sum = || {
            Some(Self {
                int8_adds: self.int8_adds.checked_add(other.int8_adds)?,
                fp16_adds: self.fp16_adds.checked_add(other.fp16_adds)?,
                fp16_multiplies: self.fp16_multiplies.checked_add(other.fp16_multiplies)?,
            })
        };
        sum().ok_or_else(|| EnergyError::CountOverflow { what: "a sum of operations".to_owned() })
    }

    /// The count `repeats` times over, for layers that are alike.
    pub fn times(&self, repeats: u64) -> Result<Self, EnergyError> {
        let product = || {
            Some(Self {
                int8_adds: self.int8_adds.checked_mul(repeats)?,
                fp16_adds: self.fp16_adds.checked_mul(repeats)?,
                fp16_multiplies: self.fp16_multiplies.checked_mul(repeats)?,
            })
        };
        product().ok_or_else(|| EnergyError::CountOverflow { what: format!("{repeats} layers") })
    }
}

/// m (n - 1) p; a dot product of no terms has no adds.
fn adds(m: u64, n: u64, p: u64) -> Option<u64> {
    multiply([m, n.saturating_sub(1), p])
}

/// The product; `None` if it does not fit. A zero factor makes it zero whatever the others are.
fn multiply(factors: [u64; 3]) -> Option<u64> {
    if factors.contains(&0) {
        return Some(0);
    }
    factors.into_iter().try_fold(1_u64, u64::checked_mul)
}

fn overflow(what: &str, [m, n, p]: [u64; 3]) -> EnergyError {
    EnergyError::CountOverflow { what: format!("{what} ({m} x {n}) ({n} x {p})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(int8_adds: u64, fp16_adds: u64, fp16_multiplies: u64) -> PaperOperations {
        PaperOperations { int8_adds, fp16_adds, fp16_multiplies }
    }

    #[test]
    fn linears_worked_by_hand() {
        // (2 x 3) (3 x 5): ten dot products of three terms.
        assert_eq!(PaperOperations::fp16_linear(2, 3, 5).unwrap(), counts(0, 2 * 2 * 5, 2 * 3 * 5));
        // Scaling: ten outputs and six inputs.
        assert_eq!(PaperOperations::ternary_linear(2, 3, 5).unwrap(), counts(2 * 2 * 5, 0, 2 * 5 + 2 * 3));
    }

    #[test]
    fn attention_worked_by_hand() {
        // Two queries, seven keys of width 4: Q K^T is (2 x 4) (4 x 7), A V is (2 x 7) (7 x 4).
        let expected = counts(0, 2 * 3 * 7 + 2 * 6 * 4, 2 * 4 * 7 + 2 * 7 * 4);
        assert_eq!(PaperOperations::fp16_attention(2, 7, 4).unwrap(), expected);
    }

    #[test]
    fn empty_products_have_no_operations() {
        assert_eq!(PaperOperations::fp16_linear(2, 0, 5).unwrap(), counts(0, 0, 0));
        assert_eq!(PaperOperations::ternary_linear(2, 0, 5).unwrap(), counts(0, 0, 10));
        assert_eq!(PaperOperations::fp16_linear(u64::MAX, 0, u64::MAX).unwrap(), counts(0, 0, 0));
    }

    #[test]
    fn a_count_beyond_64_bits_is_an_error() {
        let error = PaperOperations::fp16_linear(1 << 32, 1 << 32, 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "operation count of FP16 linear (4294967296 x 4294967296) (4294967296 x 2) exceeds 2^64 - 1"
        );
        assert!(PaperOperations::ternary_linear(u64::MAX, 1, 2).is_err());
        assert!(
            PaperOperations::ternary_linear(u64::MAX, 1, 1).is_err(),
            "m p and m n fit, their sum does not"
        );
        let many = counts(1, 1, u64::MAX);
        assert!(many.times(2).is_err());
        assert!(many.plus(&many).is_err());
        assert_eq!(counts(1, 2, 3).times(4).unwrap().plus(&counts(1, 1, 1)).unwrap(), counts(5, 9, 13));
    }
}
