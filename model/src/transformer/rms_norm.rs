//! Root mean square layer normalisation (arXiv 1910.07467).

/// x * 1 / sqrt(mean(x^2) + epsilon) * gain, in place; all in f32, in the order of `LlamaRMSNorm`.
pub fn rms_norm(x: &mut [f32], gain: &[f32], epsilon: f32) {
    let mean = sum_of_squares(x) / x.len() as f32;
    let factor = 1.0 / (mean + epsilon).sqrt();
    x.iter_mut().zip(gain).for_each(|(x, gain)| *x = gain * (*x * factor));
}

/// Sums that run beside each other.
const LANES: usize = 32;

/// The lanes that are added up before the others.
const VECTOR: usize = 8;

/// Rows of [`LANES`] squares that are summed before they are added to the sum of those before.
const STEP: usize = 16;

/// Levels of sums, each of [`STEP`] of the level below.
const LEVELS: usize = 4;

/// The sum of squares in f32, by cascades, which keep the rounding errors small. The order is that of PyTorch's `sum` on a
/// processor with vectors of eight floats: where one order is as good as another, equal norms are worth having.
fn sum_of_squares(x: &[f32]) -> f32 {
    let (vectors, tail) = x.as_chunks::<VECTOR>();
    let (rows, more) = vectors.as_chunks::<{ LANES / VECTOR }>();
    // A longer vector has longer steps, so that the levels suffice.
    let power = (rows.len().max(1).next_power_of_two().ilog2() as usize / LEVELS).max(STEP.ilog2() as usize);
    let step = 1 << power;

    let mut levels = [[[0.0; VECTOR]; LANES / VECTOR]; LEVELS];
    let mut done = 0;
    for rows in rows.chunks(step) {
        rows.iter().for_each(|row| add_squares(&mut levels[0], row));
        done += rows.len();
        if rows.len() == step {
            for level in 1..LEVELS {
                let below = std::mem::replace(&mut levels[level - 1], [[0.0; VECTOR]; LANES / VECTOR]);
                add(&mut levels[level], &below);
                if done & ((step - 1) << (level * power)) != 0 {
                    break;
                }
            }
        }
    }
    let [mut sums, above @ ..] = levels;
    above.iter().for_each(|level| add(&mut sums, level));

    let [mut sum, others @ ..] = sums;
    more.iter().for_each(|vector| add_squares(std::slice::from_mut(&mut sum), std::slice::from_ref(vector)));
    others.iter().for_each(|other| add(std::slice::from_mut(&mut sum), std::slice::from_ref(other)));
    let tail = tail.iter().fold(0.0, |sum, x| sum + x * x);
    sum.iter().fold(tail, |sum, lane| sum + lane)
}

fn add(sums: &mut [[f32; VECTOR]], others: &[[f32; VECTOR]]) {
    for (sums, others) in sums.iter_mut().zip(others) {
        sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
    }
}

fn add_squares(sums: &mut [[f32; VECTOR]], vectors: &[[f32; VECTOR]]) {
    for (sums, vector) in sums.iter_mut().zip(vectors) {
        sums.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x * x);
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_result_has_the_gains_as_its_root_mean_square() {
        let mut x = [3.0, -4.0, 0.0, 5.0, -3.0, 4.0, 0.0, 5.0];
        rms_norm(&mut x, &[2.0; 8], 1e-12);
        let mean = x.iter().map(|x| x * x).sum::<f32>() / 8.0;
        assert_relative_eq!(mean.sqrt(), 2.0, max_relative = 1e-6);
        assert_relative_eq!(x[0] / x[1], -0.75, max_relative = 1e-6);
    }

    #[test]
    fn epsilon_keeps_zeros_and_the_gains_scale_each_value() {
        let mut x = [0.0; 3];
        rms_norm(&mut x, &[1.0; 3], 1e-5);
        assert_eq!(x, [0.0; 3]);
        let mut x = [1.0; 4];
        rms_norm(&mut x, &[1.0, 2.0, -3.0, 0.0], 0.0);
        assert_eq!(x, [1.0, 2.0, -3.0, 0.0]);
    }

    #[test]
    fn every_value_counts_once_however_many_there_are() {
        // Sums of whole numbers are exact up to 2^24.
        for length in (0..2000).chain([20_000, 65_536, 1_048_576]) {
            let x: Vec<f32> = (0..length).map(|i| if i % 97 == 0 { 2.0 } else { 1.0 }).collect();
            let expected: f32 = x.iter().map(|x| x * x).sum();
            assert_eq!(sum_of_squares(&x), expected, "{length}");
        }
    }

    proptest! {
        #[test]
        fn a_sum_is_within_a_few_roundings_of_the_exact_one(
            x in prop::collection::vec(-100f32..100.0, 1..3000),
        ) {
            let exact: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            prop_assert!((f64::from(sum_of_squares(&x)) - exact).abs() <= 16.0 * f64::from(f32::EPSILON) * exact);
        }
    }
}
