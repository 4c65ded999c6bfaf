//! Ternary sums, fast, on any processor and without `unsafe`.
//!
//! A code is a trit plus 1, so that sum(t * q) = sum(code * q) - sum(q). Four codes stand in a byte; shifted and masked,
//! sixteen bytes are sixteen codes of one of the four kinds, and meet sixteen activations that were laid out for them. The
//! loops have constant bounds, which a compiler turns into products and sums of whole vectors (`pmaddwd` on x86-64, whose
//! baseline has it).

use rayon::prelude::*;

use super::{Linears, Place, Quantized};
use crate::{Error, TritMatrix};

/// Sums over the two-bit codes as they stand in memory, rows in parallel: the same as [`super::ContractLinears`]'.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kernel;

/// Bytes of codes that are taken together.
const BYTES: usize = 16;

/// Codes in a byte.
const CODES: usize = 4;

/// Rows that a thread takes at once.
const ROWS: usize = 16;

/// The activations that meet [`BYTES`] bytes of codes: \[code in its byte\]\[byte\].
type Block = [[i16; BYTES]; CODES];

impl Linears for Kernel {
    fn sums(&mut self, _: Place, weights: &TritMatrix, x: &Quantized) -> Result<Vec<i32>, Error> {
        let (tokens, outputs) = (x.tokens(), weights.rows());
        let laid_out: Vec<Activations> = x.rows().map(Activations::new).collect();
        // A row is read once for all tokens, so its sums come by row, [outputs, tokens].
        let mut by_row = vec![0; outputs * tokens];
        by_row.par_chunks_mut(ROWS * tokens).enumerate().for_each(|(chunk, sums)| {
            for (i, sums) in sums.chunks_mut(tokens).enumerate() {
                let codes = weights.row_codes(chunk * ROWS + i);
                sums.iter_mut().zip(&laid_out).for_each(|(sum, x)| *sum = x.sum(codes));
            }
        });
        if tokens == 1 {
            return Ok(by_row);
        }
        Ok((0..tokens).flat_map(|token| by_row.iter().skip(token).step_by(tokens).copied()).collect())
    }
}

/// A token's activations as the codes of a row meet them.
struct Activations {
    /// Filled with zeros.
    blocks: Vec<Block>,
    sum: i32,
}

impl Activations {
    fn new(q: &[i8]) -> Activations {
        let blocks = q.chunks(BYTES * CODES).map(|q| {
            let mut block = [[0; BYTES]; CODES];
            q.iter().enumerate().for_each(|(i, &q)| block[i % CODES][i / CODES] = q.into());
            block
        });
        Activations { blocks: blocks.collect(), sum: q.iter().map(|&q| i32::from(q)).sum() }
    }

    /// The sum of t * q over a row. Up to 2 * 65,535 * 128 fits.
    fn sum(&self, codes: &[u8]) -> i32 {
        let (whole, rest) = codes.as_chunks::<BYTES>();
        let mut sums = [0; BYTES];
        for (codes, block) in whole.iter().zip(&self.blocks) {
            add_products(&mut sums, codes, block);
        }
        if let (false, Some(block)) = (rest.is_empty(), self.blocks.last()) {
            let mut codes = [0; BYTES];
            codes[..rest.len()].copy_from_slice(rest);
            add_products(&mut sums, &codes, block);
        }
        sums.iter().sum::<i32>() - self.sum
    }
}

#[inline(always)]
fn add_products(sums: &mut [i32; BYTES], codes: &[u8; BYTES], block: &Block) {
    for (code, activations) in block.iter().enumerate() {
        for i in 0..BYTES {
            sums[i] += i32::from(codes[i] >> (2 * code) & 3) * i32::from(activations[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::Trit;
    use proptest::prelude::*;

    use super::*;
    use crate::transformer::{ContractLinears, Projection, Rows};

    const PLACE: Place = Place { layer: 0, projection: Projection::Query };

    #[test]
    fn the_longest_row_reaches_the_accumulators_ends() {
        let columns = 65_535;
        let mut weights = TritMatrix::zeros(2, columns);
        weights.set_row(0, &vec![Trit::Plus; columns]);
        weights.set_row(1, &vec![Trit::Minus; columns]);
        let x = Quantized::new(&Rows::new(columns, vec![-3.0; columns])).unwrap();
        assert_eq!(Kernel.sums(PLACE, &weights, &x).unwrap(), [-127 * 65_535, 127 * 65_535]);
    }

    proptest! {
        #[test]
        fn the_kernel_is_the_contracts_dot_product(
            tokens in 1usize..4, rows in 1usize..40, columns in 1usize..200, seed in any::<u64>(),
        ) {
            let mut random = crate::random::Random::new(seed);
            let mut weights = TritMatrix::zeros(rows, columns);
            for row in 0..rows {
                let trits: Vec<Trit> =
                    (0..columns).map(|_| Trit::ALL[usize::from(random.bits().to_le_bytes()[0]) % 3]).collect();
                weights.set_row(row, &trits);
            }
            #[allow(clippy::cast_possible_truncation, reason = "any value will do")]
            let x = (0..tokens * columns).map(|_| random.unit() as f32 - 0.5).collect();
            let x = Quantized::new(&Rows::new(columns, x)).unwrap();
            let expected = ContractLinears.sums(PLACE, &weights, &x).unwrap();
            prop_assert_eq!(Kernel.sums(PLACE, &weights, &x).unwrap(), expected);
        }
    }
}
