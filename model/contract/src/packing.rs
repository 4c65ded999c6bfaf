//! Five trits a byte, 1.6 bits a weight.
//!
//! 3^5 = 243 of the 256 bytes are codes. Which bijection is used is free, since nothing outside a weight
//! image sees it; it is chosen by the cost of its decoder in LUTs, which stands once for every byte of stream
//! width.

use std::fmt;

use crate::Trit;

/// Trits in a byte.
pub const TRITS_PER_BYTE: usize = 5;

/// Bytes that are codes, 3^5; this one and those above it are invalid.
pub const CODES: u8 = 243;

/// **C-PACK-5: a weight image states the version of its code**, and any change of the bijection raises it: an
/// image of another version is refused, never reinterpreted. Version 1 is positional base 3 (C-PACK-1).
pub const IMAGE_VERSION: u32 = 1;

/// A byte that is not a code, in a stream of packed trits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCode {
    /// The byte, 243 to 255.
    pub byte: u8,
    /// Its index in the slice that was read.
    pub position: usize,
}

impl fmt::Display for InvalidCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "byte {} at position {} is no code of five trits: it must be below {CODES}",
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

/// The byte that holds five trits.
///
/// **C-PACK-1: code = sum over i of (t_i + 1) * 3^i**: digits t + 1 in base 3, the first trit least
/// significant. Five zero trits are 121.
pub fn pack5(trits: [Trit; TRITS_PER_BYTE]) -> u8 {
    trits.iter().rev().fold(0, |code, trit| code * 3 + (trit.value() + 1).unsigned_abs())
}

/// The five trits of a byte, the inverse of [`pack5`].
///
/// # Errors
///
/// [`InvalidCode`], at position 0, for 243 to 255 (C-PACK-3).
pub fn unpack5(byte: u8) -> Result<[Trit; TRITS_PER_BYTE], InvalidCode> {
    match decode5(byte) {
        (trits, false) => Ok(trits),
        (_, true) => Err(InvalidCode { byte, position: 0 }),
    }
}

/// What the hardware's decoder does with any byte: five trits, and whether the byte was invalid.
///
/// **C-PACK-3: the 13 bytes from 243 up are invalid: in software an error that names byte and position, in
/// hardware a raised flag and five zero trits**, so that a corrupted byte can add nothing to a sum.
pub fn decode5(byte: u8) -> ([Trit; TRITS_PER_BYTE], bool) {
    if byte >= CODES {
        return ([Trit::Zero; TRITS_PER_BYTE], true);
    }
    let mut rest = byte;
    let trits = std::array::from_fn(|_| {
        let digit = usize::from(rest % 3);
        rest /= 3;
        Trit::ALL[digit]
    });
    (trits, false)
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

    // Holds C-PACK-1, C-PACK-5. A change of these bytes needs another IMAGE_VERSION.
    #[test]
    fn version_1_of_the_code_is_frozen() {
        assert_eq!(IMAGE_VERSION, 1);
        let trits = |values: [i8; 5]| values.map(|value| Trit::new(value).unwrap());
        for (values, code) in [
            ([-1, -1, -1, -1, -1], 0),
            ([0, -1, -1, -1, -1], 1),
            ([-1, 0, -1, -1, -1], 3),
            ([-1, -1, -1, -1, 0], 81),
            ([0, 0, 0, 0, 0], 121),
            ([1, 0, -1, 1, -1], 2 + 3 + 2 * 27),
            ([1, 1, 1, 1, 1], 242),
        ] {
            assert_eq!(pack5(trits(values)), code, "{values:?}");
        }
    }

    // Holds C-PACK-1, C-PACK-3.
    #[test]
    fn every_byte_is_a_code_of_its_own_or_invalid() {
        for byte in 0..=u8::MAX {
            let (trits, invalid) = decode5(byte);
            assert_eq!(invalid, byte > 242);
            if invalid {
                assert_eq!(trits, [Trit::Zero; 5]);
                assert_eq!(unpack5(byte), Err(InvalidCode { byte, position: 0 }));
            } else {
                assert_eq!(unpack5(byte), Ok(trits));
                assert_eq!(pack5(trits), byte);
            }
        }
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
        let code = InvalidCode { byte: 243, position: 2 };
        assert_eq!(unpack(&[0, 1, 243, 255], 20), Err(code.into()));
        assert_eq!(
            UnpackError::from(code).to_string(),
            "byte 243 at position 2 is no code of five trits: it must be below 243"
        );
        let length = unpack(&[121], 6).unwrap_err();
        assert_eq!(length, UnpackError::Length { count: 6, bytes: 1 });
        assert_eq!(length.to_string(), "6 trits are 2 packed bytes, not 1");
        assert_eq!(unpack(&[121; 3], 6), Err(UnpackError::Length { count: 6, bytes: 3 }));
        assert_eq!(unpack(&[121, 122], 5 + 1).unwrap()[5], Trit::Plus);
        assert_eq!(unpack(&[121, 121 + 3], 6), Err(UnpackError::Padding { count: 6 }));
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
