//! Sums by the contract's own function.

use contract::{ACC_BITS, Trit, dot};

use super::{Linears, Place, Quantized};
use crate::{Error, TritMatrix};

/// One dot product after the other, each [`contract::dot`]: slow, and right by definition.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContractLinears;

impl Linears for ContractLinears {
    fn sums(&mut self, place: Place, weights: &TritMatrix, x: &Quantized) -> Result<Vec<i32>, Error> {
        let rows: Vec<Vec<Trit>> = (0..weights.rows()).map(|row| weights.row(row).collect()).collect();
        let refused = |reason: String| Error::Linears { place: place.to_string(), reason };
        let mut sums = Vec::with_capacity(x.tokens() * weights.rows());
        for token in x.rows() {
            for row in &rows {
                let sum = dot(row, token, ACC_BITS).map_err(|error| refused(error.to_string()))?;
                sums.push(i32::try_from(sum).map_err(|error| refused(error.to_string()))?);
            }
        }
        Ok(sums)
    }
}
