//! Four trits a byte, as `transformers` packs them (`integrations/bitnet.py`): u8 \[out / 4, in\].
//!
//! With n = out / 4, bits 2i and 2i + 1 of byte \[r, c\] hold row r + i n of column c, as value + 1.

use std::ops::Range;

use super::file::Source;
use crate::{Error, TritMatrix};

/// One field of four bytes that follow one another, of which each has four.
const FIELDS: u32 = 0x0303_0303;

/// Reads a matrix that takes `range`, of `rows` x `columns` trits; `rows` is a multiple of four.
///
/// # Errors
///
/// The file cannot be read, or holds a code of 3.
pub(crate) fn read(
    file: &Source,
    name: &str,
    range: Range<u64>,
    rows: usize,
    columns: usize,
) -> Result<TritMatrix, Error> {
    let bytes = file.read(range)?;
    let mut matrix = TritMatrix::zeros(rows, columns);
    let mut codes = vec![0; columns.div_ceil(4)];
    for (r, packed) in bytes.chunks_exact(columns).enumerate() {
        for i in 0..4 {
            let (fours, rest) = packed.as_chunks();
            for (code, &four) in codes.iter_mut().zip(fours) {
                *code = join(u32::from_le_bytes(four) >> (2 * i));
            }
            if let (Some(code), 1..) = (codes.last_mut(), rest.len()) {
                *code = join(rest.iter().rev().fold(0, |four, &byte| four << 8 | u32::from(byte)) >> (2 * i));
            }
            let row = r + i * (rows / 4);
            matrix.set_row_codes(row, &codes).map_err(|column| Error::Tensor {
                origin: file.origin().to_owned(),
                tensor: name.to_owned(),
                found: format!("a code of 3 at output {row}, input {column}"),
                expected: "0, 1 or 2: a trit plus one".to_owned(),
            })?;
        }
    }
    Ok(matrix)
}

/// The lowest field of each of four bytes as one byte, the first lowest.
fn join(four: u32) -> u8 {
    let fields = four & FIELDS;
    (fields | fields >> 6 | fields >> 12 | fields >> 18).to_le_bytes()[0]
}
