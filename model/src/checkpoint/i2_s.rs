//! I2_S of Microsoft's BitNet: 128 trits of the flattened matrix in 32 bytes, one scale for all.
//!
//! Trit e of a block is in byte e % 32, at bits 6 - 2 (e / 32), as value + 1. After all blocks there is an f32, the scale,
//! and 28 bytes of padding.
//!
//! This is what its tools write on x86. On ARM they write blocks of 64 trits in 16 bytes, trit e in byte e % 16 at bits
//! 6 - 2 (e / 16), under the same number of type and with the same metadata: **such a file cannot be told from this one**,
//! and is read as a permutation of its weights. The one exception is a matrix that is no whole number of blocks of 128 and
//! one of blocks of 64: it is refused by name.

use super::codes;

/// Trits of a block.
pub(crate) const TRITS: u64 = 128;

/// Trits of a block of the other layout.
pub(crate) const ARM_TRITS: u64 = 64;

/// Bytes of a block.
pub(crate) const BYTES: usize = 32;

/// Bytes after the blocks: the scale and padding.
pub(crate) const TAIL_BYTES: u64 = 32;

/// The codes of a block in order, four a byte.
pub(crate) fn decode(block: &[u8; BYTES]) -> [u8; 32] {
    std::array::from_fn(|k| {
        let trit = 4 * k;
        codes::join(std::array::from_fn(|i| block[trit % 32 + i]), 3 - trit / 32)
    })
}
