//! Products with rows, in the order of the framework's matrix products: one product after the other is added, with one
//! rounding for the product and the sum.

use fearless_simd::Level;

/// Rows whose sums run beside each other, as each waits for its own last one.
const ROWS: usize = 8;

/// The dot product of x with every row: rows \[n, x's length\], products \[n\].
pub(super) fn dot_products(x: &[f32], rows: &[f32], products: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Level::new().as_avx2() {
        return dot_products_avx2(avx2, x, rows, products);
    }
    dot_products_in_loops(x, rows, products);
}

/// sum += factor * row, for one row after the other: factors \[n\], rows \[n, sum's length\].
pub(super) fn add_scaled(sum: &mut [f32], factors: &[f32], rows: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Level::new().as_avx2() {
        return add_scaled_avx2(avx2, sum, factors, rows);
    }
    add_scaled_in_loops(sum, factors, rows);
}

// What has vectors of eight floats has the fused operation as well; elsewhere the same floats may come from a slow function.
fearless_simd::kernel!(
    fn dot_products_avx2(_avx2: Avx2, x: &[f32], rows: &[f32], products: &mut [f32]) {
        dot_products_in_loops(x, rows, products);
    }
);

fearless_simd::kernel!(
    fn add_scaled_avx2(_avx2: Avx2, sum: &mut [f32], factors: &[f32], rows: &[f32]) {
        add_scaled_in_loops(sum, factors, rows);
    }
);

#[inline(always)]
fn dot_products_in_loops(x: &[f32], rows: &[f32], products: &mut [f32]) {
    let width = x.len();
    for (rows, products) in rows.chunks(ROWS * width).zip(products.chunks_mut(ROWS)) {
        if let Ok(products) = <&mut [f32; ROWS]>::try_from(&mut *products) {
            let rows: [&[f32]; ROWS] = std::array::from_fn(|i| &rows[i * width..(i + 1) * width]);
            let mut sums = [0.0; ROWS];
            for (at, x) in x.iter().enumerate() {
                for i in 0..ROWS {
                    sums[i] = x.mul_add(rows[i][at], sums[i]);
                }
            }
            *products = sums;
        } else {
            for (row, product) in rows.chunks_exact(width).zip(products) {
                *product = x.iter().zip(row).fold(0.0, |sum, (x, y)| x.mul_add(*y, sum));
            }
        }
    }
}

#[inline(always)]
fn add_scaled_in_loops(sum: &mut [f32], factors: &[f32], rows: &[f32]) {
    for (factor, row) in factors.iter().zip(rows.chunks_exact(sum.len())) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum = factor.mul_add(*x, *sum));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_sum_is_of_one_product_after_the_other(
            x in prop::collection::vec(-10f32..10.0, 1..70), n in 0usize..20, seed in any::<u64>(),
        ) {
            let mut random = crate::random::Random::new(seed);
            #[allow(clippy::cast_possible_truncation, reason = "any number will do")]
            let mut numbers = |count: usize| (0..count).map(|_| random.unit() as f32 - 0.5).collect::<Vec<f32>>();
            let (rows, factors, before) = (numbers(n * x.len()), numbers(n), numbers(x.len()));

            let mut products = vec![0.0; n];
            dot_products(&x, &rows, &mut products);
            let expected: Vec<f32> = rows
                .chunks_exact(x.len())
                .map(|row| row.iter().zip(&x).fold(0.0, |sum, (y, x)| y.mul_add(*x, sum)))
                .collect();
            prop_assert_eq!(&products, &expected);
            let mut in_loops = vec![0.0; n];
            dot_products_in_loops(&x, &rows, &mut in_loops);
            prop_assert_eq!(&in_loops, &expected);

            let mut sum = before.clone();
            add_scaled(&mut sum, &factors, &rows);
            for (i, (sum, before)) in sum.iter().zip(&before).enumerate() {
                let column = rows.iter().skip(i).step_by(x.len());
                let expected = factors.iter().zip(column).fold(*before, |sum, (f, y)| f.mul_add(*y, sum));
                prop_assert_eq!(*sum, expected);
            }
        }
    }
}
