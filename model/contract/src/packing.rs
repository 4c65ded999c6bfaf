//! Five trits a byte, 1.6 bits a weight.
//!
//! 3^5 = 243 of the 256 bytes are codes. Which bijection is used is free, since nothing outside a weight
//! image sees it; it was chosen by the cost of its decoder in LUTs, which stands once for every byte of stream
//! width (`rtl/README.md`, "The byte code").
//!
//! The low five bits hold trits 0, 1 and 2, the high three bits trits 3 and 4:
//!
//! ```text
//!   bit     7     6     5     4     3     2     1     0
//!        +-----+-----+-----+-----+-----+-----+-----+-----+
//!        |     trits 3 and 4   |      trits 0, 1 and 2     |
//!        | one |  signs    | which is  |      signs        |
//!        | zero|  4     3  | zero      |  2     1     0    |
//!        +-----+-----+-----+-----+-----+-----+-----+-----+
//! ```
//!
//! A sign bit is 1 for -1. Where a trit is zero its sign is free, and says what else is zero.

use std::fmt;

use crate::Trit;

/// Trits in a byte.
pub const TRITS_PER_BYTE: usize = 5;

/// Bytes that are codes, 3^5. The other 13 are invalid: [`decode5`] says which.
pub const CODES: usize = 243;

/// **C-PACK-5: a weight image states the version of its code**, and any change of the bijection raises it: an
/// image of another version is refused, never reinterpreted. Version 1 was positional base 3, and left no image;
/// version 2 is C-PACK-1.
pub const IMAGE_VERSION: u32 = 2;

/// A byte that is not a code, in a stream of packed trits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCode {
    /// The byte.
    pub byte: u8,
    /// Its index in the slice that was read.
    pub position: usize,
}

impl fmt::Display for InvalidCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "byte {} at position {} is none of the {CODES} codes of five trits",
            self.byte, self.position
        )
    }
}

impl std::error::Error for InvalidCode {}

/// Why bytes are not the packed form of so many trits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnpackError {
    /// One of the 13 bytes that are no code.
    InvalidCode(InvalidCode),
    /// Too many or too few bytes.
    Length {
        /// Trits asked for.
        count: usize,
        /// Bytes given; `count.div_ceil(5)` would be right.
        bytes: usize,
    },
    /// The tail of the last byte holds something other than zero trits.
    Padding {
        /// Trits asked for.
        count: usize,
    },
}

impl fmt::Display for UnpackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnpackError::InvalidCode(code) => code.fmt(f),
            UnpackError::Length { count, bytes } => {
                write!(f, "{count} trits are {} packed bytes, not {bytes}", count.div_ceil(TRITS_PER_BYTE))
            }
            UnpackError::Padding { count } => {
                write!(f, "the last byte holds nonzero trits past the {count} expected: padding must be zero")
            }
        }
    }
}

impl std::error::Error for UnpackError {}

impl From<InvalidCode> for UnpackError {
    fn from(code: InvalidCode) -> UnpackError {
        UnpackError::InvalidCode(code)
    }
}

/// Bit `index` of a byte or field.
fn bit(field: u8, index: u32) -> bool {
    field >> index & 1 == 1
}

/// Bits side by side, the first one highest.
fn bits<const N: usize>(bits: [bool; N]) -> u8 {
    bits.iter().fold(0, |field, &bit| field << 1 | u8::from(bit))
}

/// +1, or -1.
fn signed(negative: bool) -> Trit {
    if negative { Trit::Minus } else { Trit::Plus }
}

/// The byte that holds five trits.
///
/// **C-PACK-1: the code**, in bits b7 to b0; a sign bit is 1 for -1.
///
/// Trits 3 and 4, if they are not both zero, are b7 b6 b5:
///
/// | b7 | b5 | trits |
/// |---|---|---|
/// | 0 | | both nonzero, their signs b5 and b6 |
/// | 1 | 0 | 3 is zero, the sign of 4 is b6 |
/// | 1 | 1 | 4 is zero, the sign of 3 is b6 |
///
/// Trits 0, 1 and 2 are b4 to b0; b4 and b3 name one that is zero:
///
/// | b4 b3 | zero | the other two nonzero, with signs | one of them nonzero, with sign |
/// |---|---|---|---|
/// | 1 1 | none | 0: b0, 1: b1, 2: b2 | |
/// | 0 1 | 0 | if b2: 1: b1, 2: b0 | if not b2, but b0: 1: b1 |
/// | 1 0 | 2 | if b2: 0: b0, 1: b1 | if not b2, but b1: 0: b0 |
/// | 0 0 | 1 | if b1: 0: b0, 2: b2 | if not b1, but b2: 2: b0 |
///
/// and 0 1 0 1 0 is three zeros. Five of the 32 fields are left: 0, 1, 16 and 17, where b3, b2 and b1 are 0, and 8.
///
/// If trits 3 and 4 are both zero, the field of trits 0, 1 and 2 moves aside: its b4 and b0 stay, its b3, b2 and b1
/// go to b7 inverted, b6, and b5 inverted, and 0 is left in their place.
///
/// So the byte 0 is five zero trits: cleared memory is zero weights.
pub fn pack5(trits: [Trit; TRITS_PER_BYTE]) -> u8 {
    let [first, second, third, fourth, fifth] = trits;
    let low = pack_three([first, second, third]);
    match [fourth, fifth].map(Trit::is_nonzero) {
        [true, true] => bits([false, fifth.is_negative(), fourth.is_negative()]) << 5 | low,
        [false, true] => bits([true, fifth.is_negative(), false]) << 5 | low,
        [true, false] => bits([true, fourth.is_negative(), true]) << 5 | low,
        [false, false] => bits([!bit(low, 3), bit(low, 2), !bit(low, 1)]) << 5 | low & ESCAPE_KEEPS,
    }
}

/// b4 and b0, which stay where the field of trits 0, 1 and 2 moves aside.
const ESCAPE_KEEPS: u8 = 0b1_0001;

/// The field of trits 0, 1 and 2, below 32.
fn pack_three(trits: [Trit; 3]) -> u8 {
    let [a, b, c] = trits.map(Trit::is_negative);
    match trits.map(Trit::is_nonzero) {
        [true, true, true] => bits([true, true, c, b, a]),
        [false, true, true] => bits([false, true, true, b, c]),
        [false, true, false] => bits([false, true, false, b, true]),
        [true, true, false] => bits([true, false, true, b, a]),
        [true, false, false] => bits([true, false, false, true, a]),
        [true, false, true] => bits([false, false, c, true, a]),
        [false, false, true] => bits([false, false, true, false, c]),
        [false, false, false] => bits([false, true, false, true, false]),
    }
}

/// The five trits of a byte, the inverse of [`pack5`].
///
/// # Errors
///
/// [`InvalidCode`], at position 0, for the 13 bytes that `pack5` never gives (C-PACK-3).
pub fn unpack5(byte: u8) -> Result<[Trit; TRITS_PER_BYTE], InvalidCode> {
    match decode5(byte) {
        (trits, false) => Ok(trits),
        (_, true) => Err(InvalidCode { byte, position: 0 }),
    }
}

/// What the hardware's decoder does with any byte: five trits, and whether the byte was invalid.
///
/// **C-PACK-3: 13 bytes are invalid: 32, 160, 161, 176, 177, and all whose low five bits are 8. In software they are an
/// error that names byte and position, in hardware a raised flag and five zero trits**, so that a corrupted byte can
/// add nothing to a sum.
pub fn decode5(byte: u8) -> ([Trit; TRITS_PER_BYTE], bool) {
    let (low, [one_zero, fifth, fourth]) = (byte & 0b1_1111, [7, 6, 5].map(|index| bit(byte, index)));
    if let Some([a, b, c]) = unpack_three(low) {
        let (d, e) = match (one_zero, fourth) {
            (false, _) => (signed(fourth), signed(fifth)),
            (true, false) => (Trit::Zero, signed(fifth)),
            (true, true) => (signed(fifth), Trit::Zero),
        };
        return ([a, b, c, d, e], false);
    }
    let aside = low | bits([!one_zero, fifth, !fourth, false]);
    // A field of 8 has no room for another one: b3 is not 0.
    match unpack_three(aside) {
        Some([a, b, c]) if !bit(low, 3) => ([a, b, c, Trit::Zero, Trit::Zero], false),
        _ => ([Trit::Zero; TRITS_PER_BYTE], true),
    }
}

/// Trits 0, 1 and 2 of a field below 32; `None` for the five that hold no trits.
fn unpack_three(field: u8) -> Option<[Trit; 3]> {
    let [b4, b3, b2, b1, b0] = [4, 3, 2, 1, 0].map(|index| bit(field, index));
    let zero = Trit::Zero;
    match (b4, b3) {
        (true, true) => Some([signed(b0), signed(b1), signed(b2)]),
        (false, true) if b2 => Some([zero, signed(b1), signed(b0)]),
        (false, true) if b0 => Some([zero, signed(b1), zero]),
        (false, true) if b1 => Some([zero; 3]),
        (true, false) if b2 => Some([signed(b0), signed(b1), zero]),
        (true, false) if b1 => Some([signed(b0), zero, zero]),
        (false, false) if b1 => Some([signed(b0), zero, signed(b2)]),
        (false, false) if b2 => Some([zero, zero, signed(b0)]),
        _ => None,
    }
}

/// Packs a row of trits, `trits.len().div_ceil(5)` bytes.
///
/// **C-PACK-2: the tail of the last byte is padded with zero trits**, which add nothing whatever activation
/// meets them.
pub fn pack(trits: &[Trit]) -> Vec<u8> {
    trits
        .chunks(TRITS_PER_BYTE)
        .map(|chunk| {
            let mut group = [Trit::Zero; TRITS_PER_BYTE];
            group[..chunk.len()].copy_from_slice(chunk);
            pack5(group)
        })
        .collect()
}

/// The first `count` trits of a packed row, the inverse of [`pack`].
///
/// **C-PACK-4: only what `pack` writes is read**: exactly `count.div_ceil(5)` bytes, each a code, and zero
/// padding.
///
/// # Errors
///
/// [`UnpackError`] names the byte and its position, the length that would be right, or the padding.
pub fn unpack(bytes: &[u8], count: usize) -> Result<Vec<Trit>, UnpackError> {
    if bytes.len() != count.div_ceil(TRITS_PER_BYTE) {
        return Err(UnpackError::Length { count, bytes: bytes.len() });
    }
    let mut trits = Vec::with_capacity(bytes.len() * TRITS_PER_BYTE);
    for (position, &byte) in bytes.iter().enumerate() {
        trits.extend(unpack5(byte).map_err(|code| InvalidCode { position, ..code })?);
    }
    if trits[count..].iter().any(|trit| trit.is_nonzero()) {
        return Err(UnpackError::Padding { count });
    }
    trits.truncate(count);
    Ok(trits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trits(values: [i8; 5]) -> [Trit; 5] {
        values.map(|value| Trit::new(value).unwrap())
    }

    // Holds C-PACK-1, C-PACK-5. A change of these bytes needs another IMAGE_VERSION.
    #[test]
    #[allow(clippy::unusual_byte_groupings, reason = "grouped as the fields of the code are")]
    fn version_2_of_the_code_is_frozen() {
        assert_eq!(IMAGE_VERSION, 2);
        for (values, code) in [
            ([0, 0, 0, 0, 0], 0),
            ([1, 1, 1, 1, 1], 0b000_11_000),
            ([-1, 1, 1, 1, 1], 0b000_11_001),
            ([1, -1, 1, -1, 1], 0b001_11_010),
            ([1, 1, -1, 1, -1], 0b010_11_100),
            ([0, -1, 1, 0, -1], 0b110_01_110),
            ([0, 1, -1, 0, 1], 0b100_01_101),
            ([0, -1, 0, -1, 0], 0b111_01_011),
            ([-1, 1, 0, 1, 0], 0b101_10_101),
            ([-1, 0, 0, 1, 0], 0b101_10_011),
            ([1, 0, -1, 1, 1], 0b000_00_110),
            ([0, 0, -1, 1, 1], 0b000_00_101),
            ([0, 0, 0, -1, -1], 0b011_01_010),
            // Trits 3 and 4 are zero: b3, b2, b1 go to b7 inverted, b6, b5 inverted.
            ([-1, -1, -1, 0, 0], 0b010_10_001),
            ([1, 0, 0, 0, 0], 0b100_10_000),
            ([-1, 0, 1, 0, 0], 0b100_00_001),
            ([0, 1, -1, 0, 0], 0b011_00_001),
        ] {
            assert_eq!(pack5(trits(values)), code, "{values:?}");
        }
        // All 256 at once: the trits of each byte, -1, 0, +1 as digits 0, 1, 2, summed with weights of no small period.
        let sum = (0..=u8::MAX).fold(0u64, |sum, byte| {
            let (trits, invalid) = decode5(byte);
            let digits =
                trits.iter().fold(0, |all, trit| all * 3 + u64::from((trit.value() + 1).unsigned_abs()));
            sum.wrapping_mul(1_000_003).wrapping_add(2 * digits + u64::from(invalid))
        });
        assert_eq!(sum, 11_108_192_939_892_490_459);
    }

    // Holds C-PACK-1, C-PACK-3.
    #[test]
    fn every_byte_is_a_code_of_its_own_or_invalid() {
        let mut codes = 0;
        for byte in 0..=u8::MAX {
            let (trits, invalid) = decode5(byte);
            assert_eq!(invalid, byte % 32 == 8 || [32, 160, 161, 176, 177].contains(&byte), "{byte}");
            if invalid {
                assert_eq!(trits, [Trit::Zero; 5]);
                assert_eq!(unpack5(byte), Err(InvalidCode { byte, position: 0 }));
            } else {
                assert_eq!(unpack5(byte), Ok(trits));
                assert_eq!(pack5(trits), byte);
                codes += 1;
            }
        }
        assert_eq!(codes, CODES);
    }

    // Holds C-PACK-2.
    #[test]
    fn a_tail_is_padded_with_zero_trits() {
        assert_eq!(pack(&[]), []);
        assert_eq!(unpack(&[], 0), Ok(vec![]));
        for tail in 1..=TRITS_PER_BYTE {
            let packed = pack(&vec![Trit::Plus; TRITS_PER_BYTE + tail]);
            let last = unpack5(packed[1]).unwrap();
            assert_eq!(packed.len(), 2);
            assert!(last[..tail].iter().all(|&trit| trit == Trit::Plus));
            assert!(last[tail..].iter().all(|&trit| trit == Trit::Zero));
        }
    }

    // Holds C-PACK-3, C-PACK-4.
    #[test]
    fn what_pack_would_not_write_is_an_error_that_says_where() {
        let code = InvalidCode { byte: 40, position: 2 };
        assert_eq!(unpack(&[0, 1, 40, 8], 20), Err(code.into()));
        assert_eq!(
            UnpackError::from(code).to_string(),
            "byte 40 at position 2 is none of the 243 codes of five trits"
        );
        let length = unpack(&[0], 6).unwrap_err();
        assert_eq!(length, UnpackError::Length { count: 6, bytes: 1 });
        assert_eq!(length.to_string(), "6 trits are 2 packed bytes, not 1");
        assert_eq!(unpack(&[0; 3], 6), Err(UnpackError::Length { count: 6, bytes: 3 }));
        assert_eq!(unpack(&[0, pack5(trits([1, 0, 0, 0, 0]))], 6).unwrap()[5], Trit::Plus);
        assert_eq!(unpack(&[0, pack5(trits([0, 1, 0, 0, 0]))], 6), Err(UnpackError::Padding { count: 6 }));
    }

    proptest! {
        // Holds C-PACK-1, C-PACK-2, C-PACK-4.
        #[test]
        fn unpack_is_the_inverse_of_pack(values in prop::collection::vec(0usize..3, 0..400)) {
            let trits: Vec<Trit> = values.iter().map(|&digit| Trit::ALL[digit]).collect();
            let packed = pack(&trits);
            prop_assert_eq!(packed.len(), trits.len().div_ceil(5));
            prop_assert_eq!(unpack(&packed, trits.len()), Ok(trits));
        }

        // Holds C-PACK-4.
        #[test]
        fn unpack_reads_nothing_that_pack_would_not_write(
            bytes in prop::collection::vec(any::<u8>(), 0..6),
            count in 0usize..30,
        ) {
            if let Ok(trits) = unpack(&bytes, count) {
                prop_assert_eq!(pack(&trits), bytes);
            }
        }
    }
}
