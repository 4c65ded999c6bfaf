//! Four trits a byte, as `transformers` packs them (`integrations/bitnet.py`): u8 \[out / 4, in\].
//!
//! With n = out / 4, bits 2i and 2i + 1 of byte \[r, c\] hold row r + i n of column c, as value + 1.

use std::ops::Range;

use super::codes;
use super::file::Source;
use super::parts::in_memory;
use crate::{Error, TritMatrix};

/// Reads a matrix that takes `range`, of `rows` x `columns` trits; `rows` is a multiple of four.
///
/// # Errors
///
/// The file cannot be read, or holds a code of 3.
pub(crate) fn read(
    file: &Source,
    name: &str,
    range: Range<u64>,
    rows: u64,
    columns: u64,
) -> Result<TritMatrix, Error> {
    let bytes = file.read(range)?;
    let (rows, columns) = (in_memory(file, rows)?, in_memory(file, columns)?);
    let mut matrix = TritMatrix::zeros(rows, columns);
    let mut row_codes = vec![0; columns.div_ceil(4)];
    for (r, packed) in bytes.chunks_exact(columns).enumerate() {
        for i in 0..4 {
            let (fours, rest) = packed.as_chunks();
            for (code, &four) in row_codes.iter_mut().zip(fours) {
                *code = codes::join(four, i);
            }
            if let (Some(code), 1..) = (row_codes.last_mut(), rest.len()) {
                let mut four = [0; 4];
                four[..rest.len()].copy_from_slice(rest);
                *code = codes::join(four, i);
            }
            codes::set_row(&mut matrix, r + i * (rows / 4), &row_codes, file, name)?;
        }
    }
    Ok(matrix)
}
