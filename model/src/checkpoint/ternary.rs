//! Floats that are trits already: 0 and one magnitude, as files hold them whose format has no ternary type.

use contract::Trit;

use super::float::Floats;
use super::parts::{in_memory, unfit};
use crate::{Error, TritMatrix};

/// The magnitude of a matrix of zeros, which is that of any.
pub(crate) const SCALE_OF_ZEROS: f32 = 1.0;

/// Reads a matrix, and the magnitude of its trits.
///
/// # Errors
///
/// The file cannot be read, or its numbers have more than one magnitude beside 0.
pub(crate) fn read(floats: &Floats, rows: u64, columns: u64) -> Result<(TritMatrix, f32), Error> {
    let values = floats.read()?;
    let magnitude = values.iter().map(|x| x.abs()).find(|&x| x > 0.0).unwrap_or(SCALE_OF_ZEROS);
    let columns = in_memory(floats.file, columns)?;
    let mut matrix = TritMatrix::zeros(in_memory(floats.file, rows)?, columns);
    let mut trits = Vec::with_capacity(columns);
    for (row, values) in values.chunks_exact(columns).enumerate() {
        trits.clear();
        for (column, &x) in values.iter().enumerate() {
            trits.push(match x {
                0.0 => Trit::Zero,
                x if x == magnitude => Trit::Plus,
                x if x == -magnitude => Trit::Minus,
                _ => {
                    let found = format!("{x} at output {row}, input {column}");
                    let expected = format!("ternary: 0 or {magnitude} of either sign, as before");
                    return Err(unfit(floats.file.origin(), floats.name, found, expected));
                }
            });
        }
        matrix.set_row(row, &trits);
    }
    Ok((matrix, magnitude))
}
