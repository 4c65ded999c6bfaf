//! Root mean square layer normalisation (arXiv 1910.07467).

use super::arithmetic::dot;

/// x * 1 / sqrt(mean(x^2) + epsilon) * gain, in place; all in f32, in the order of `LlamaRMSNorm`.
pub fn rms_norm(x: &mut [f32], gain: &[f32], epsilon: f32) {
    let mean = dot(x, x) / x.len() as f32;
    let factor = 1.0 / (mean + epsilon).sqrt();
    x.iter_mut().zip(gain).for_each(|(x, gain)| *x = gain * (*x * factor));
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

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
}
