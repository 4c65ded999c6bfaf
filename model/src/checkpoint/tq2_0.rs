//! TQ2_0 of ggml: 256 trits in 66 bytes, 64 of codes and a scale in half precision.
//!
//! For j in {0, 32}, l < 4 and m < 32, trit 4j + 32l + m is bits 2l and 2l + 1 of byte j + m, as value + 1.

use super::codes;

/// Trits of a block.
pub(crate) const TRITS: u64 = 256;

/// Bytes of a block.
pub(crate) const BYTES: usize = 66;

/// The codes of a block in order, four a byte, and the bits of its scale.
pub(crate) fn decode(block: &[u8; BYTES]) -> ([u8; 64], u16) {
    let codes = std::array::from_fn(|k| {
        let trit = 4 * k;
        let first = 32 * (trit / 128) + trit % 32;
        codes::join(std::array::from_fn(|i| block[first + i]), trit % 128 / 32)
    });
    (codes, u16::from_le_bytes([block[64], block[65]]))
}
