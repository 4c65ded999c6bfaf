//! TQ1_0 of ggml: 256 trits in 54 bytes, five a byte, and a scale in half precision.
//!
//! Bytes 0 to 31 hold trits 32n + m (n < 5), bytes 32 to 47 trits 160 + 16n + m, and bytes 48 to 51 four each, 240 + 4n + j.
//! A byte is v * 256 / 243 rounded up, where v has its trits, each plus one, as five digits of base 3, the first most
//! significant; where there are four the last digit is zero. The 13 bytes of no v are refused, as are last digits.

use super::codes;

/// Trits of a block.
pub(crate) const TRITS: usize = 256;

/// Bytes of a block.
pub(crate) const BYTES: usize = 54;

/// Bytes that hold five trits; those after them hold four.
const OF_FIVE: usize = 48;

/// The digits of each byte, none for the 13 that are of no v.
const DIGITS: [Option<[u8; 5]>; 256] = digits();

const fn digits() -> [Option<[u8; 5]>; 256] {
    let mut digits = [None; 256];
    let mut v: usize = 0;
    while v < 243 {
        digits[(v * 256).div_ceil(243)] = Some([
            (v / 81).to_le_bytes()[0],
            (v / 27 % 3).to_le_bytes()[0],
            (v / 9 % 3).to_le_bytes()[0],
            (v / 3 % 3).to_le_bytes()[0],
            (v % 3).to_le_bytes()[0],
        ]);
        v += 1;
    }
    digits
}

/// The codes of a block in order, four a byte, and the bits of its scale.
///
/// # Errors
///
/// The place of a byte that is no code.
pub(crate) fn decode(block: &[u8; BYTES]) -> Result<([u8; 64], u16), usize> {
    let mut trits = [0; TRITS];
    for (place, &byte) in block[..OF_FIVE + 4].iter().enumerate() {
        let digits = DIGITS[usize::from(byte)].ok_or(place)?;
        let (first, stride, count) = match place {
            0..32 => (place, 32, 5),
            32..OF_FIVE => (160 + place - 32, 16, 5),
            _ => (240 + place - OF_FIVE, 4, 4),
        };
        for (n, &digit) in digits.iter().enumerate() {
            match n < count {
                true => trits[first + stride * n] = digit,
                false if digit != 0 => return Err(place),
                false => {}
            }
        }
    }
    let codes = std::array::from_fn(|k| codes::byte(std::array::from_fn(|i| trits[4 * k + i])));
    Ok((codes, u16::from_le_bytes([block[52], block[53]])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_has_the_digits_that_ggml_reads_from_it() {
        let mut codes = 0;
        for byte in 0..=u8::MAX {
            let mut read = [0u8; 5];
            let mut power = 1u8;
            for digit in &mut read {
                // As ggml does it: the next digit is what overflows eight bits next.
                *digit = (u16::from(byte.wrapping_mul(power)) * 3).to_be_bytes()[0];
                power = power.wrapping_mul(3);
            }
            if let Some(digits) = DIGITS[usize::from(byte)] {
                assert_eq!(digits, read, "{byte}");
                codes += 1;
            }
        }
        assert_eq!(codes, 243);
    }
}
