//! Integers to INT8 between two layers, without a multiplier and without a float.
//!
//! Two steps, commands of their own: [`maximum`] over the whole token, then [`rescale`] of each value. The
//! first output needs the last input, and chips that share a token exchange their maxima in between.

/// Steps of the digit recurrence: 127 * |v| / M lies in 0 to 127, which is seven bits.
pub const DIGITS: u32 = 7;

/// The largest magnitude of a vector, 0 for an empty one.
///
/// **C-REQ-1: M = max|v|, unsigned**: |-2^31| is 2^31.
pub fn maximum(values: &[i32]) -> u32 {
    values.iter().map(|value| value.unsigned_abs()).max().unwrap_or(0)
}

/// One value scaled so that `maximum` becomes 127.
///
/// **C-REQ-2: q = 127 * v / M in exact integers, ties to even**; the sign is that of v, so that q(-v) = -q(v).
///
/// **C-REQ-3: M = 0 gives 0.**
///
/// **C-REQ-4: a magnitude beyond M counts as M**, so that the function is total; it cannot occur where M is
/// the maximum.
pub fn rescale(value: i32, maximum: u32) -> i8 {
    if maximum == 0 {
        return 0;
    }
    let m = u64::from(maximum);
    let dividend = 127 * u64::from(value.unsigned_abs().min(maximum));
    signed(value, round(dividend / m, dividend % m, m))
}

/// The same value by the recurrence that the hardware runs: [`DIGITS`] steps of a shift, a comparison and a
/// subtraction.
///
/// **C-REQ-5: the digit recurrence equals C-REQ-2 for every value and maximum.** It is the long division of N
/// = 127 * |v| = (|v| << 7) - |v|. Since |v| <= M, the remainder starts at N >> 7 < M; each step brings down
/// one bit of N and subtracts M at most once, so that the remainder stays below M and needs one bit more than
/// M. The tie compares twice the last remainder with M: another shift.
pub fn rescale_by_digits(value: i32, maximum: u32) -> i8 {
    if maximum == 0 {
        return 0;
    }
    let m = u64::from(maximum);
    let magnitude = u64::from(value.unsigned_abs().min(maximum));
    let dividend = (magnitude << DIGITS) - magnitude;
    let mut remainder = dividend >> DIGITS;
    let mut quotient = 0;
    for digit in (0..DIGITS).rev() {
        remainder = (remainder << 1) | ((dividend >> digit) & 1);
        quotient <<= 1;
        if remainder >= m {
            remainder -= m;
            quotient |= 1;
        }
    }
    signed(value, round(quotient, remainder, m))
}

/// Both commands over one token: q\[i\] = 127 * v\[i\] / M, ties to even (C-REQ-1 to C-REQ-4).
pub fn requantize(values: &[i32]) -> Vec<i8> {
    let maximum = maximum(values);
    values.iter().map(|&value| rescale(value, maximum)).collect()
}

/// quotient + remainder / m to the nearest integer, ties to even.
fn round(quotient: u64, remainder: u64, m: u64) -> u64 {
    let twice = 2 * remainder;
    quotient + u64::from(twice > m || (twice == m && quotient % 2 == 1))
}

/// The magnitude with the value's sign.
fn signed(value: i32, magnitude: u64) -> i8 {
    #[allow(clippy::cast_possible_truncation, reason = "a magnitude is at most 127, since |v| <= M")]
    let magnitude = magnitude as i8;
    if value < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quantize_activations;

    /// Whether q is 127 * v / M rounded ties to even, by products alone.
    fn is_nearest(q: i8, value: i32, maximum: u32) -> bool {
        let (q, m) = (i128::from(q), i128::from(maximum));
        let twice_error = 2 * (127 * i128::from(value) - q * m).abs();
        twice_error < m || (twice_error == m && q % 2 == 0)
    }

    // Holds C-REQ-1, C-REQ-3.
    #[test]
    fn corners_of_the_maximum() {
        assert_eq!((maximum(&[]), maximum(&[0, 0]), maximum(&[-3, 2])), (0, 0, 3));
        assert_eq!(maximum(&[i32::MAX, i32::MIN]), 1 << 31);
        assert_eq!(requantize(&[]), []);
        assert_eq!(requantize(&[0; 5]), [0; 5]);
        assert_eq!((rescale(0, 0), rescale_by_digits(0, 0)), (0, 0));
        assert_eq!((rescale(-9, 0), rescale_by_digits(-9, 0)), (0, 0));
    }

    // Holds C-REQ-1, C-REQ-2.
    #[test]
    fn known_vectors() {
        // 127 / 254 is a tie and goes to 0, 381 / 254 = 1.5 to 2, 635 / 254 = 2.5 to 2.
        assert_eq!(requantize(&[254, 1, 3, 5, -1, -3, -5]), [127, 0, 2, 2, 0, -2, -2]);
        assert_eq!(requantize(&[i32::MIN, i32::MAX, 1 << 30]), [-127, 127, 64]); // 63.5 ties to 64
        assert_eq!(requantize(&[-7]), [-127]);
    }

    // Holds C-REQ-2, C-REQ-5.
    #[test]
    fn every_value_under_every_maximum_to_1024() {
        for limit in 1..=1024i32 {
            let m = limit.unsigned_abs();
            for value in -limit..=limit {
                let q = rescale(value, m);
                assert!(is_nearest(q, value, m), "{value} / {m}: {q}");
                assert_eq!(rescale_by_digits(value, m), q, "{value} / {m}");
                assert_eq!(rescale(-value, m), -q);
            }
        }
    }

    // Holds C-REQ-4.
    #[test]
    fn a_value_beyond_the_maximum_saturates() {
        for (value, m, q) in [(i32::MAX, 1, 127), (i32::MIN, 1, -127), (11, 10, 127), (-11, 10, -127)] {
            assert_eq!((rescale(value, m), rescale_by_digits(value, m)), (q, q));
        }
    }

    /// Where the float quantiser of C-QUANT-7 differs from this one, the difference is counted: its scale is
    /// rounded twice and its product once, so that it misses some exact ties, and only by one step.
    // Holds C-REQ-2.
    #[test]
    fn the_float_quantiser_differs_only_at_ties() {
        let (mut values, mut ties, mut differ) = (0, 0, 0);
        for m in 1..=1024u16 {
            let row: Vec<i32> = (0..=i32::from(m)).collect();
            let floats: Vec<f32> = (0..=m).map(f32::from).collect();
            let (float_q, _) = quantize_activations(&floats).unwrap();
            for ((&value, q), float_q) in row.iter().zip(requantize(&row)).zip(float_q) {
                let tie = (2 * 127 * value) % i32::from(m) == 0 && (2 * 127 * value / i32::from(m)) % 2 == 1;
                values += 1;
                ties += u32::from(tie);
                if q != float_q {
                    differ += 1;
                    assert!(tie && (q - float_q).abs() == 1, "{value} / {m}");
                }
            }
        }
        assert_eq!((values, ties, differ), (525_824, 1016, 80));
    }

    proptest! {
        // Holds C-REQ-2, C-REQ-5.
        #[test]
        fn both_statements_are_the_nearest_integer(value in any::<i32>(), beyond in 0u32..=1 << 31) {
            for m in [value.unsigned_abs(), value.unsigned_abs().max(beyond), value.unsigned_abs().saturating_add(beyond)] {
                let q = rescale(value, m);
                prop_assert!(m == 0 || is_nearest(q, value, m));
                prop_assert_eq!(rescale_by_digits(value, m), q);
            }
        }

        // Holds C-REQ-5.
        #[test]
        fn both_statements_agree_on_any_pair(value in any::<i32>(), m in any::<u32>()) {
            prop_assert_eq!(rescale_by_digits(value, m), rescale(value, m));
        }

        // Holds C-REQ-1, C-REQ-2.
        #[test]
        fn the_largest_magnitude_becomes_127(values in prop::collection::vec(any::<i32>(), 1..50)) {
            let q = requantize(&values);
            for (&value, q) in values.iter().zip(q) {
                if value.unsigned_abs() == maximum(&values) && value != 0 {
                    prop_assert_eq!(i32::from(q), 127 * value.signum());
                }
            }
        }
    }
}
