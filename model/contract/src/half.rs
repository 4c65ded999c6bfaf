//! IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits. The language's own type is not stable yet.

/// 2^112: how far the exponents' biases of half and single precision are apart.
const EXPONENTS_APART: f32 = f32::from_bits((127 + 112) << 23);

/// 2^24: the reciprocal of the spacing of the numbers below 2^-14.
const SUBNORMALS_A_UNIT: f32 = 16_777_216.0;

/// The nearest half, ties to even.
///
/// **C-KV-1: f32 becomes f16 by IEEE 754's round to nearest, ties to even**: subnormals are kept, what rounds
/// beyond 65504 becomes an infinity, and a NaN stays a (quiet) NaN.
pub fn f32_to_f16(x: f32) -> u16 {
    const SMALLEST_NORMAL: f32 = 1.0 / 16384.0;
    let magnitude = x.abs();
    #[allow(clippy::cast_possible_truncation, reason = "each arm is below 2^15")]
    let half = if magnitude.is_nan() {
        0x7e00
    } else if magnitude < SMALLEST_NORMAL {
        // A subnormal's code is the count of its spacings; rounding up to 2^10 of them gives the smallest
        // normal's code.
        (magnitude * SUBNORMALS_A_UNIT).round_ties_even() as u16
    } else {
        // Adding just under half a unit, and the last kept bit, carries exactly where ties-to-even rounds up;
        // a carry out of the fraction raises the exponent, as it should. The exponents' biases differ by 127
        // - 15.
        let bits = magnitude.to_bits();
        let rounded = (bits + 0xfff + ((bits >> 13) & 1)) >> 13;
        (rounded - (112 << 10)).min(0x7c00) as u16
    };
    half | if x.is_sign_negative() { 0x8000 } else { 0 }
}

/// The value of a half, exact.
// Without branches, and inlined, many at once become operations on vectors.
#[inline]
pub fn f16_to_f32(half: u16) -> f32 {
    // In an f32's places exponent and fraction are those of a number 2^112 times smaller, subnormal or not.
    let magnitude = f32::from_bits(u32::from(half & 0x7fff) << 13) * EXPONENTS_APART;
    let infinite = if half & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
    let sign = u32::from(half & 0x8000) << 16;
    f32::from_bits(magnitude.to_bits() | infinite | sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Holds C-KV-1.
    #[test]
    fn every_half_returns_and_every_midpoint_goes_to_the_even_neighbour() {
        for half in 0..0x7c00u16 {
            let x = f16_to_f32(half);
            // The number after the last finite half would be 65536, where a half has its infinity.
            let next = if half == 0x7bff { 65536.0 } else { f16_to_f32(half + 1) };
            let middle = (x + next) / 2.0; // exact: a half has 11 bits, a single 24
            for sign in [0, 0x8000] {
                let to_half = |x: f32| f32_to_f16(if sign == 0 { x } else { -x });
                assert_eq!(to_half(x), half | sign);
                assert_eq!(to_half(middle.next_down()), half | sign);
                assert_eq!(to_half(middle), (half + half % 2) | sign);
                assert_eq!(to_half(middle.next_up()), (half + 1) | sign);
            }
        }
    }

    // Holds C-KV-1.
    #[test]
    fn corners() {
        assert_eq!((f16_to_f32(1), f16_to_f32(0x3c00), f16_to_f32(0x7bff)), (5.960_464_5e-8, 1.0, 65504.0));
        assert_eq!(f32_to_f16(f32::INFINITY), 0x7c00);
        assert_eq!(f32_to_f16(f32::MIN), 0xfc00);
        assert_eq!((f32_to_f16(1e-45), f32_to_f16(-0.0)), (0, 0x8000));
        assert_eq!(f16_to_f32(0xfc00), f32::NEG_INFINITY);
        assert!(f16_to_f32(f32_to_f16(f32::NAN)).is_nan() && f16_to_f32(0x7c01).is_nan());
    }
}
