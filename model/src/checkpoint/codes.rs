//! Trits as two bits each, plus one: the form that formats share, each with an order of its own.

use super::file::Source;
use super::parts::{in_memory, unfit};
use crate::{Error, TritMatrix};

/// The lowest field of each byte.
const LOWEST: u32 = 0x0303_0303;

/// Field `i` of each of four bytes, as one byte of four codes, the first lowest.
pub(crate) fn join(four: [u8; 4], i: usize) -> u8 {
    let fields = u32::from_le_bytes(four) >> (2 * i) & LOWEST;
    (fields | fields >> 6 | fields >> 12 | fields >> 18).to_le_bytes()[0]
}

/// Four codes as one byte.
pub(crate) fn byte(codes: [u8; 4]) -> u8 {
    codes[0] | codes[1] << 2 | codes[2] << 4 | codes[3] << 6
}

/// The matrix of codes that follow one another, row by row; `columns` is a multiple of four.
///
/// # Errors
///
/// A code of 3, which is no trit.
pub(crate) fn matrix(
    file: &Source,
    name: &str,
    codes: &[u8],
    rows: u64,
    columns: u64,
) -> Result<TritMatrix, Error> {
    let columns = in_memory(file, columns)?;
    let mut matrix = TritMatrix::zeros(in_memory(file, rows)?, columns);
    for (row, codes) in codes.chunks_exact(columns / 4).enumerate() {
        set_row(&mut matrix, row, codes, file, name)?;
    }
    Ok(matrix)
}

/// Sets a row.
///
/// # Errors
///
/// A code of 3, which is no trit.
pub(crate) fn set_row(
    matrix: &mut TritMatrix,
    row: usize,
    codes: &[u8],
    file: &Source,
    name: &str,
) -> Result<(), Error> {
    matrix.set_row_codes(row, codes).map_err(|column| {
        let found = format!("a code of 3 at output {row}, input {column}");
        unfit(file.origin(), name, found, "0, 1 or 2: a trit plus one".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_four_bytes_are_joined_in_their_order() {
        let bytes: [[u8; 4]; 4] = [[0, 1, 2, 1], [2, 2, 0, 0], [1, 0, 1, 2], [2, 1, 0, 1]];
        let fields = bytes.map(byte);
        assert_eq!(join(fields, 0), byte([0, 2, 1, 2]));
        assert_eq!(join(fields, 1), byte([1, 2, 0, 1]));
        assert_eq!(join(fields, 2), byte([2, 0, 1, 0]));
        assert_eq!(join(fields, 3), byte([1, 0, 2, 1]));
        assert_eq!(byte([0, 1, 2, 3]), 0b11_10_01_00);
    }
}
