//! The product of a trit and an activation, as the hardware makes it.
//!
//! A negation needs a carry chain in every lane, and -(-128) a ninth bit. Neither is there: a lane
//! complements its activation, which is one less than the negative, and the missing ones are added once,
//! behind the tree.

use crate::Trit;

/// What one lane sends to the adder tree.
///
/// **C-LANE-1: a lane is `nonzero & (a ^ negative)`, 8 bits wide**: a, 0, or the complement !a = -a - 1.
pub fn lane(trit: Trit, a: i8) -> i8 {
    let complement = if trit.is_negative() { -1 } else { 0 };
    if trit.is_nonzero() { a ^ complement } else { 0 }
}

/// The sum of a step's lanes, corrected.
///
/// **C-LANE-2: the number of negative trits is added once after the tree, and the result is the sum of t * a
/// for every input**: -128 is legal, since !(-128) = 127 fits in 8 bits and 127 + 1 = 128 exists only where
/// the sum is wide.
///
/// Pairs beyond the shorter slice are not summed; a step has as many trits as activations.
pub fn sum_lanes(trits: &[Trit], a: &[i8]) -> i64 {
    let tree: i64 = trits.iter().zip(a).map(|(&trit, &a)| i64::from(lane(trit, a))).sum();
    let negatives: i64 = trits.iter().zip(a).map(|(trit, _)| i64::from(trit.is_negative())).sum();
    tree + negatives
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Holds C-LANE-1, C-LANE-2.
    #[test]
    fn every_trit_and_activation_gives_the_product() {
        for trit in Trit::ALL {
            for a in i8::MIN..=i8::MAX {
                let product = i64::from(trit.value()) * i64::from(a);
                assert_eq!(i64::from(lane(trit, a)) + i64::from(trit.is_negative()), product);
                assert_eq!(sum_lanes(&[trit], &[a]), product);
            }
        }
        assert_eq!((lane(Trit::Minus, -128), sum_lanes(&[Trit::Minus], &[-128])), (127, 128));
    }

    proptest! {
        // Holds C-LANE-2.
        #[test]
        fn the_corrected_sum_is_the_dot_product(pairs in prop::collection::vec((0usize..3, any::<i8>()), 0..300)) {
            let (trits, a): (Vec<Trit>, Vec<i8>) = pairs.iter().map(|&(t, a)| (Trit::ALL[t], a)).unzip();
            let exact: i64 = trits.iter().zip(&a).map(|(t, &a)| i64::from(t.value()) * i64::from(a)).sum();
            prop_assert_eq!(sum_lanes(&trits, &a), exact);
        }
    }
}
