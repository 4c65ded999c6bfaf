//! The embedding's rows, and a head's products; 16-bit numbers become f32 as they are read.

use contract::f16_to_f32;
use fearless_simd::Level;
use rayon::prelude::*;

use super::arithmetic::{dot, dot_of};
use crate::Table;

impl Table {
    /// Numbers held.
    pub fn len(&self) -> usize {
        match self {
            Table::F32(values) => values.len(),
            Table::F16(values) | Table::Bf16(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A row of `width` numbers.
pub(super) fn row(table: &Table, width: usize, index: usize) -> Vec<f32> {
    let range = index * width..(index + 1) * width;
    match table {
        Table::F32(values) => values[range].to_vec(),
        Table::F16(values) => values[range].iter().copied().map(f16_to_f32).collect(),
        Table::Bf16(values) => values[range].iter().copied().map(bf16_to_f32).collect(),
    }
}

/// Rows that a thread takes at once.
const ROWS: usize = 64;

/// The dot product of every row with x.
pub(super) fn products(table: &Table, x: &[f32]) -> Vec<f32> {
    let level = Level::new();
    let mut products = vec![0.0; table.len() / x.len()];
    products.par_chunks_mut(ROWS).enumerate().for_each(|(chunk, products)| {
        for (i, product) in products.iter_mut().enumerate() {
            let row = chunk * ROWS + i;
            let range = row * x.len()..(row + 1) * x.len();
            *product = match table {
                Table::F32(values) => dot(&values[range], x),
                Table::F16(values) => f16_dot(level, &values[range], x),
                Table::Bf16(values) => bf16_dot(level, &values[range], x),
            };
        }
    });
    products
}

/// In the widest vectors that the processor has; the sums are the same in any.
fn f16_dot(level: Level, row: &[u16], x: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = level.as_avx2() {
        return f16_dot_avx2(avx2, row, x);
    }
    let _ = level;
    dot_of(row, x, f16_to_f32)
}

fearless_simd::kernel!(
    fn f16_dot_avx2(_avx2: Avx2, row: &[u16], x: &[f32]) -> f32 {
        dot_of(row, x, f16_to_f32)
    }
);

/// The same of upper halves.
fn bf16_dot(level: Level, row: &[u16], x: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = level.as_avx2() {
        return bf16_dot_avx2(avx2, row, x);
    }
    let _ = level;
    dot_of(row, x, bf16_to_f32)
}

fearless_simd::kernel!(
    fn bf16_dot_avx2(_avx2: Avx2, row: &[u16], x: &[f32]) -> f32 {
        dot_of(row, x, bf16_to_f32)
    }
);

/// The upper half of an f32.
fn bf16_to_f32(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_gives_the_same_rows_and_products() {
        // Numbers that all three formats hold, in more rows than a thread takes.
        let (rows, width) = (2 * ROWS + 3, 5);
        let number = |i: usize| f32::from(i16::try_from(i % 63).unwrap() - 31) / 8.0;
        let values: Vec<f32> = (0..rows * width).map(number).collect();
        let f16 = values.iter().map(|&x| contract::f32_to_f16(x)).collect();
        let bf16 = values.iter().map(|x| u16::try_from(x.to_bits() >> 16).unwrap()).collect();
        let x = [1.0, -2.0, 0.5, 3.0, -1.0];
        let exact: Vec<f32> =
            values.chunks(width).map(|row| row.iter().zip(&x).map(|(a, b)| a * b).sum()).collect();
        for table in [Table::F32(values.clone()), Table::F16(f16), Table::Bf16(bf16)] {
            assert_eq!((table.len(), table.is_empty()), (rows * width, false));
            assert_eq!(products(&table, &x), exact);
            assert_eq!(row(&table, width, rows - 1), values[(rows - 1) * width..]);
        }
    }

    #[test]
    fn wider_vectors_give_the_same_floats() {
        let mut random = crate::random::Random::new(3);
        for length in [1, 15, 16, 17, 300] {
            #[allow(clippy::cast_possible_truncation, reason = "any number will do")]
            let mut numbers = || (0..length).map(|_| random.unit() as f32 - 0.5).collect::<Vec<f32>>();
            let (row, x) = (numbers(), numbers());
            let level = Level::new();
            let halves: Vec<u16> = row.iter().map(|&x| contract::f32_to_f16(x)).collect();
            assert_eq!(f16_dot(level, &halves, &x), dot_of(&halves, &x, f16_to_f32), "{length}");
            let halves: Vec<u16> = row.iter().map(|x| u16::try_from(x.to_bits() >> 16).unwrap()).collect();
            assert_eq!(bf16_dot(level, &halves, &x), dot_of(&halves, &x, bf16_to_f32), "{length}");
        }
    }
}
