//! The product of five trits and five activations, as the hardware makes it: without a multiplier and without a
//! negation.
//!
//! A lane only clears its activation where the trit is zero. Signs wait: two operands are added if their signs are
//! equal and subtracted if they differ, which a carry chain does in the same lookup tables, and the sum goes on with the
//! sign of its first operand. The last sign of all decides whether the total is added to the accumulator or subtracted.
//! So a sign never costs a bit of width, and -(-128) needs no case of its own.

use crate::Trit;
use crate::packing::TRITS_PER_BYTE;

/// What one lane sends to the adders.
///
/// **C-LANE-1: a lane is the activation, or 0 where the trit is zero.**
pub fn lane(trit: Trit, a: i8) -> i8 {
    if trit.is_nonzero() { a } else { 0 }
}

/// A sum whose sign is still to be applied: (sum, whether it is negated). Together they are a value.
pub type Pending = (i64, bool);

/// **C-LANE-2: the sum of two pending sums is their sum where the signs are equal, else their difference, and has the
/// sign of the first.** It is a bit wider than the wider of the two.
pub fn add_pending((left, negated): Pending, (right, other): Pending) -> Pending {
    (if negated == other { left + right } else { left - right }, negated)
}

/// The five signs of a byte, as the array takes them.
///
/// **C-LANE-3: of five trits the array takes which are zero and five signs: of trit 0, whether that of trit 1 differs
/// from it, that of 2 from 0, that of 3 from that of 4, and that of 4 from that of 0.** A zero trit has any sign. Here it is +.
pub fn signs(trits: [Trit; TRITS_PER_BYTE]) -> [bool; TRITS_PER_BYTE] {
    let [zeroth, first, second, third, fourth] = trits.map(Trit::is_negative);
    [zeroth, first != zeroth, second != zeroth, third != fourth, fourth != zeroth]
}

/// The trits of which `zero` and `signs` tell (C-LANE-3).
pub fn trits_of(zero: [bool; TRITS_PER_BYTE], signs: [bool; TRITS_PER_BYTE]) -> [Trit; TRITS_PER_BYTE] {
    let fourth = signs[0] != signs[4];
    let negative = [signs[0], signs[0] != signs[1], signs[0] != signs[2], fourth != signs[3], fourth];
    std::array::from_fn(|i| match (zero[i], negative[i]) {
        (true, _) => Trit::Zero,
        (false, true) => Trit::Minus,
        (false, false) => Trit::Plus,
    })
}

/// The sum of a byte's lanes, pending.
///
/// **C-LANE-4: a byte's lanes are added as ((0 + 1) + (4 + 3)) + 2.** Its sign is that of trit 0.
pub fn sum_byte(
    zero: [bool; TRITS_PER_BYTE],
    signs: [bool; TRITS_PER_BYTE],
    a: [i8; TRITS_PER_BYTE],
) -> Pending {
    let cleared: [i64; TRITS_PER_BYTE] = std::array::from_fn(|i| if zero[i] { 0 } else { a[i].into() });
    let add = |left, right, differ| add_pending((left, false), (right, differ)).0;
    let first_two = add(cleared[0], cleared[1], signs[1]);
    let last_two = add(cleared[4], cleared[3], signs[3]);
    (add(add(first_two, last_two, signs[4]), cleared[2], signs[2]), signs[0])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value((sum, negated): Pending) -> i64 {
        if negated { -sum } else { sum }
    }

    /// All 243 fives of trits.
    fn fives() -> impl Iterator<Item = [Trit; TRITS_PER_BYTE]> {
        (0..243).map(|i| [1, 3, 9, 27, 81].map(|place| Trit::ALL[i / place % 3]))
    }

    // Holds C-LANE-1.
    #[test]
    fn a_lane_lets_through_or_clears() {
        for a in i8::MIN..=i8::MAX {
            assert_eq!(Trit::ALL.map(|trit| lane(trit, a)), [a, 0, a]);
        }
    }

    // Holds C-LANE-2.
    #[test]
    fn pending_sums_add_up_as_values_and_grow_by_a_bit() {
        let ends = [-128i64, -1, 0, 1, 127];
        for (left, right) in ends.iter().flat_map(|l| ends.iter().map(move |r| (*l, *r))) {
            for (negated, other) in [(false, false), (false, true), (true, false), (true, true)] {
                let sum = add_pending((left, negated), (right, other));
                assert_eq!(value(sum), value((left, negated)) + value((right, other)));
                assert!((-256..256).contains(&sum.0));
            }
        }
    }

    // Holds C-LANE-3.
    #[test]
    fn signs_and_zeros_are_the_trits_whatever_sign_a_zero_has() {
        for trits in fives() {
            let zero = trits.map(|trit| !trit.is_nonzero());
            assert_eq!(trits_of(zero, signs(trits)), trits);
        }
        for bits in 0..1024u32 {
            let [zero, signs]: [[bool; 5]; 2] =
                [0, 5].map(|low| std::array::from_fn(|i| bits >> (low + i) & 1 == 1));
            let trits = trits_of(zero, signs);
            assert_eq!(trits.map(|trit| !trit.is_nonzero()), zero);
            assert!(zero.contains(&true) || super::signs(trits) == signs);
        }
    }

    // Holds C-LANE-4.
    #[test]
    fn a_byte_of_any_trits_is_its_dot_product_at_the_ends() {
        for trits in fives() {
            let zero = trits.map(|trit| !trit.is_nonzero());
            for bits in 0..32u32 {
                let a = std::array::from_fn(|i| if bits >> i & 1 == 1 { i8::MIN } else { i8::MAX });
                let exact: i64 = trits.iter().zip(a).map(|(t, a)| i64::from(t.value()) * i64::from(a)).sum();
                assert_eq!(value(sum_byte(zero, signs(trits), a)), exact);
            }
        }
    }

    proptest! {
        #[test]
        fn a_byte_of_any_wires_is_the_dot_product_of_its_trits(
            zero in any::<[bool; 5]>(), signs in any::<[bool; 5]>(), a in any::<[i8; 5]>(),
        ) {
            let trits = trits_of(zero, signs);
            let exact: i64 = trits.iter().zip(a).map(|(t, a)| i64::from(t.value()) * i64::from(a)).sum();
            prop_assert_eq!(value(sum_byte(zero, signs, a)), exact);
        }
    }
}
