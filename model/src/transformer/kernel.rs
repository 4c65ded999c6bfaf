//! Ternary sums, fast, on any processor and without `unsafe`.
//!
//! A code is a trit plus 1, so that sum(t * q) = sum(code * q) - sum(q). Four codes stand in a byte; shifted and masked, a
//! block of bytes is a block of codes of one of the four kinds, and meets activations that were laid out for it. The loops
//! have constant bounds and 16-bit sums, which a compiler turns into products and sums of whole vectors; it does so for
//! what every processor of its kind has, and again for wider vectors, which are used where there are any.

use fearless_simd::Level;
use rayon::prelude::*;

use super::{Linears, Place, Quantized};
use crate::{Error, TritMatrix};

/// Sums over the two-bit codes as they stand in memory, rows in parallel: the same as [`super::ContractLinears`]'.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kernel;

/// Bytes of codes that are taken together, so many that a compiler keeps the loop over them.
const BYTES: usize = 128;

/// Codes in a byte.
const CODES: usize = 4;

/// Blocks that a sum of 16 bits holds: each adds four products of at most 2 * 128.
const BLOCKS: usize = 31;

/// Rows that a thread takes at once, and that are still in a cache when the next token meets them.
const ROWS: usize = 16;

/// The activations that meet [`BYTES`] bytes of codes: \[code in its byte\]\[byte\].
type Block = [[i16; BYTES]; CODES];

impl Linears for Kernel {
    fn sums(&mut self, _: Place, weights: &TritMatrix, x: &Quantized) -> Result<Vec<i32>, Error> {
        let (tokens, outputs) = (x.tokens(), weights.rows());
        if tokens == 0 {
            return Ok(vec![]);
        }
        let laid_out: Vec<Activations> = x.rows().map(Activations::new).collect();
        let level = Level::new();
        // Rows are read once for all tokens, so their sums come by row, [outputs, tokens].
        let mut by_row = vec![0; outputs * tokens];
        by_row.par_chunks_mut(ROWS * tokens).enumerate().for_each(|(chunk, sums)| {
            for (token, x) in laid_out.iter().enumerate() {
                for (i, sums) in sums.chunks_mut(tokens).enumerate() {
                    sums[token] = row_sum(level, weights.row_codes(chunk * ROWS + i), &x.blocks) - x.sum;
                }
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
}

/// sum(code * q) over a row's codes, in the widest vectors that the processor has. Up to 2 * 65,535 * 128 fits.
fn row_sum(level: Level, codes: &[u8], blocks: &[Block]) -> i32 {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = level.as_avx2() {
        return row_sum_avx2(avx2, codes, blocks);
    }
    let _ = level;
    row_sum_in_loops(codes, blocks)
}

fearless_simd::kernel!(
    fn row_sum_avx2(_avx2: Avx2, codes: &[u8], blocks: &[Block]) -> i32 {
        row_sum_in_loops(codes, blocks)
    }
);

// Inlined, it is compiled for what the function around it may use.
#[inline(always)]
fn row_sum_in_loops(codes: &[u8], blocks: &[Block]) -> i32 {
    let (whole, rest) = codes.as_chunks::<BYTES>();
    let mut sum = 0;
    for (codes, blocks) in whole.chunks(BLOCKS).zip(blocks.chunks(BLOCKS)) {
        let mut sums = [0; BYTES];
        codes.iter().zip(blocks).for_each(|(codes, block)| add_products(&mut sums, codes, block));
        sum += total(&sums);
    }
    if let (false, Some(block)) = (rest.is_empty(), blocks.last()) {
        let mut codes = [0; BYTES];
        codes[..rest.len()].copy_from_slice(rest);
        let mut sums = [0; BYTES];
        add_products(&mut sums, &codes, block);
        sum += total(&sums);
    }
    sum
}

#[inline(always)]
fn add_products(sums: &mut [i16; BYTES], codes: &[u8; BYTES], block: &Block) {
    for i in 0..BYTES {
        let code = i16::from(codes[i]);
        // All four at once: a sum is read and written once.
        let products = [(code & 3, 0), (code >> 2 & 3, 1), (code >> 4 & 3, 2), (code >> 6, 3)];
        sums[i] = products
            .iter()
            .fold(sums[i], |sum, &(code, kind)| sum.wrapping_add(code.wrapping_mul(block[kind][i])));
    }
}

#[inline(always)]
fn total(sums: &[i16; BYTES]) -> i32 {
    sums.iter().map(|&sum| i32::from(sum)).sum()
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

    /// 31 blocks and one more, all of the largest products of one sign.
    #[test]
    fn sums_of_16_bits_are_added_up_before_they_overflow() {
        for bytes in [BYTES * BLOCKS, BYTES * BLOCKS + 1, 2 * BYTES * BLOCKS + BYTES] {
            let codes = vec![0b10_10_10_10; bytes];
            let x = Activations::new(&vec![-128; 4 * bytes]);
            let expected = -2 * 128 * i32::try_from(4 * bytes).unwrap();
            assert_eq!(row_sum(Level::new(), &codes, &x.blocks), expected);
            assert_eq!(row_sum_in_loops(&codes, &x.blocks), expected);
        }
    }

    proptest! {
        #[test]
        fn wider_vectors_give_the_same_sums(
            pairs in prop::collection::vec((any::<u8>(), any::<[i8; 4]>()), 1..1000),
        ) {
            let codes: Vec<u8> = pairs.iter().map(|(code, _)| code & !(code & code >> 1 & 0x55) ).collect();
            let q: Vec<i8> = pairs.iter().flat_map(|(_, q)| *q).collect();
            let x = Activations::new(&q);
            prop_assert_eq!(row_sum(Level::new(), &codes, &x.blocks), row_sum_in_loops(&codes, &x.blocks));
        }

        #[test]
        fn the_kernel_is_the_contracts_dot_product(
            tokens in 1usize..4, rows in 1usize..40, columns in 1usize..1200, seed in any::<u64>(),
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
