//! Bits of every integer between the activation bus and the accumulator.
//!
//! All widths count two's-complement bits and include the sign.

/// **C-WIDTH-1: an activation is 8 bits**, -128 to 127.
pub const ACTIVATION_BITS: u32 = 8;

/// **C-WIDTH-2: an accumulator is 24 bits unless a parameter says otherwise**: the largest K of 65,535 covers
/// every published model's widest layer (28,672 in a 70B model).
pub const ACC_BITS: u32 = 24;

/// The largest magnitude of t * q, 128 = |-1 * -128|.
const MAX_PRODUCT: u64 = 1 << (ACTIVATION_BITS - 1);

/// The largest K whose every dot product fits an accumulator.
///
/// **C-WIDTH-3: max_k = floor((2^(acc_bits - 1) - 1) / 128)**: every product may be +128, so the positive end
/// is the tighter one. 0 where not even one product fits; beyond 64 bits as for 64, the width of
/// [`crate::dot`]'s result.
pub const fn max_k(acc_bits: u32) -> u64 {
    let largest = match acc_bits {
        0 => 0,
        1..64 => (1 << (acc_bits - 1)) - 1,
        _ => i64::MAX as u64,
    };
    largest / MAX_PRODUCT
}

/// The narrowest accumulator for dot products of length `k`.
///
/// **C-WIDTH-4: a sum of k products is bits(128 * k) + 1 bits wide**, and one bit is no less for no products.
pub const fn sum_bits(k: u64) -> u32 {
    let largest = k.saturating_mul(MAX_PRODUCT);
    u64::BITS - largest.leading_zeros() + 1
}

/// Width of the adder tree's result over `lanes` lanes, pending its sign (C-LANE-2), and of the narrowest accumulator
/// that takes it.
///
/// **C-WIDTH-5: the tree is 8 bits and one a level wide**: a sum or difference of two n-bit operands fits in n + 1 bits.
pub const fn tree_bits(lanes: u32) -> u32 {
    ACTIVATION_BITS + crate::latency::tree_levels(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(value: i128, bits: u32) -> bool {
        (-(1i128 << (bits - 1))..1i128 << (bits - 1)).contains(&value)
    }

    // Holds C-WIDTH-1, C-WIDTH-2, C-WIDTH-3.
    #[test]
    fn the_default_accumulator_takes_65535_products() {
        assert_eq!((ACTIVATION_BITS, ACC_BITS, max_k(ACC_BITS)), (i8::BITS, 24, 65_535));
        assert_eq!(max_k(32), 16_777_215);
    }

    // Holds C-WIDTH-3.
    #[test]
    fn one_more_than_the_largest_k_could_overflow() {
        assert_eq!((0..=8).map(max_k).collect::<Vec<_>>(), [0; 9]);
        for bits in 9..=64 {
            let k = i128::from(max_k(bits));
            assert!(fits(128 * k, bits) && fits(-128 * k, bits), "{bits}");
            assert!(!fits(128 * (k + 1), bits), "{bits}");
        }
        assert_eq!(max_k(65), max_k(64));
    }

    // Holds C-WIDTH-4.
    #[test]
    fn a_sum_has_no_bit_too_few_or_too_many() {
        assert_eq!((sum_bits(0), sum_bits(1), sum_bits(65_535), sum_bits(65_536)), (1, 9, 24, 25));
        for k in (1..5000).chain([1 << 20, (1 << 20) - 1, (1 << 20) + 1]) {
            let largest = 128 * i128::from(k);
            assert!(fits(largest, sum_bits(k)) && !fits(largest, sum_bits(k) - 1), "{k}");
            assert!(max_k(sum_bits(k)) >= k && max_k(sum_bits(k) - 1) < k, "{k}");
        }
    }

    // Holds C-WIDTH-5.
    #[test]
    fn the_tree_holds_every_sum_of_its_lanes_and_of_whole_bytes_has_no_bit_too_many() {
        for lanes in 1..2000u32 {
            assert!(tree_bits(lanes) >= sum_bits(lanes.into()), "{lanes}");
        }
        for lanes in [5, 10, 20, 40, 80, 160] {
            assert_eq!(tree_bits(lanes), sum_bits(lanes.into()), "{lanes}");
        }
    }
}
