//! Ternary sums, fast, on any processor.

use rayon::prelude::*;

use super::{Linears, Place, Quantized};
use crate::{Error, TritMatrix};

/// Sums over the two-bit codes as they stand in memory, rows in parallel: the same as [`super::ContractLinears`]'.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kernel;

impl Linears for Kernel {
    fn sums(&mut self, _: Place, weights: &TritMatrix, x: &Quantized) -> Result<Vec<i32>, Error> {
        let outputs = weights.rows();
        let mut sums = vec![0; x.tokens() * outputs];
        for (sums, q) in sums.chunks_mut(outputs).zip(x.rows()) {
            sums.par_iter_mut().enumerate().for_each(|(row, sum)| {
                let codes = weights.row_codes(row);
                *sum = q
                    .iter()
                    .enumerate()
                    .map(|(c, &q)| (i32::from(codes[c / 4] >> (2 * (c % 4)) & 3) - 1) * i32::from(q))
                    .sum();
            });
        }
        Ok(sums)
    }
}
