//! What both quantisers share: the rounding and the refusal of what is not finite.

use std::fmt;

/// The floor under a mean or a maximum before it divides (as in the published checkpoints' code).
pub(crate) const FLOOR: f32 = 1e-5;

/// A NaN or an infinity where a weight or an activation was expected.
///
/// **C-QUANT-1: what is not finite is an error that names its position**, the first one: no integer stands
/// for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotFinite {
    /// Index in the slice that was given.
    pub position: usize,
    /// What stands there.
    pub value: f32,
}

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the value at position {} is {}: only finite numbers can be quantised",
            self.position, self.value
        )
    }
}

impl std::error::Error for NotFinite {}

/// C-QUANT-1.
pub(crate) fn require_finite(values: &[f32]) -> Result<(), NotFinite> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(position) => Err(NotFinite { position, value: values[position] }),
        None => Ok(()),
    }
}

/// **C-QUANT-2: ties to even**: round to the nearest integer, halves to the even one (`torch.round`), then
/// clamp.
///
/// `low` and `high` lie within i8.
pub(crate) fn round_and_clamp(x: f32, low: i8, high: i8) -> i8 {
    #[allow(clippy::cast_possible_truncation, reason = "clamped to i8 before the cast")]
    let rounded = x.round_ties_even().clamp(f32::from(low), f32::from(high)) as i8;
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    // Holds C-QUANT-1.
    #[test]
    fn the_first_value_that_is_not_finite_is_named() {
        assert_eq!(require_finite(&[f32::MAX, f32::MIN_POSITIVE, -0.0, 1e-45]), Ok(()));
        let infinity = NotFinite { position: 1, value: f32::INFINITY };
        assert_eq!(require_finite(&[0.0, f32::INFINITY, f32::NAN]), Err(infinity));
        assert_eq!(
            infinity.to_string(),
            "the value at position 1 is inf: only finite numbers can be quantised"
        );
        assert_eq!(require_finite(&[f32::NEG_INFINITY]).unwrap_err().position, 0);
        assert_eq!(require_finite(&[0.0, 0.0, f32::NAN]).unwrap_err().position, 2);
    }

    // Holds C-QUANT-2.
    #[test]
    fn every_half_goes_to_the_even_side_and_its_neighbours_to_the_near_one() {
        for whole in -128i8..127 {
            let half = f32::from(whole) + 0.5;
            let even = if whole % 2 == 0 { whole } else { whole + 1 };
            assert_eq!(round_and_clamp(half, i8::MIN, i8::MAX), even);
            assert_eq!(round_and_clamp(half.next_down(), i8::MIN, i8::MAX), whole);
            assert_eq!(round_and_clamp(half.next_up(), i8::MIN, i8::MAX), whole + 1);
        }
        assert_eq!(round_and_clamp(1e30, i8::MIN, i8::MAX), 127);
        assert_eq!(round_and_clamp(-1e30, i8::MIN, i8::MAX), -128);
        assert_eq!(round_and_clamp(-7.0, -1, 1), -1);
    }
}
