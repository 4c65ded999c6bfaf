//! Sine and cosine, the same on every machine.

use std::f64::consts::{FRAC_1_PI, PI};

/// What pi in f64 lacks to pi.
const PI_REST: f64 = 1.224_646_799_147_353_2e-16;

/// Of sin(t) = t + t^3 (c0 + c1 t^2 + c2 t^4 + c3 t^6): the polynomial whose largest relative error for |t| up to pi / 2 is the
/// least, 6.1e-9 or a tenth of an ulp of f32, as the exchange algorithm of Remez finds it. PyTorch's functions, on a processor
/// with vectors of sixteen floats, give the same floats for angles up to 10,000: where one polynomial is as good as
/// another, equal floats are worth having.
const COEFFICIENTS: [f64; 4] = [
    -0.166_666_595_504_598_78,
    0.008_333_066_246_849_097,
    -0.000_198_096_029_556_681_1,
    2.605_780_750_472_218_3e-6,
];

/// Within 0.61 ulp, for any position of a context.
pub(super) fn sine(x: f32) -> f32 {
    sine_ahead(x, 0.0)
}

/// Within 0.61 ulp, for any position of a context.
pub(super) fn cosine(x: f32) -> f32 {
    sine_ahead(x, 0.5)
}

/// The sine of x and a part of half a turn.
fn sine_ahead(x: f32, part: f64) -> f32 {
    let x = f64::from(x);
    let half_turns = x.mul_add(FRAC_1_PI, part).round_ties_even();
    let back = part - half_turns;
    let t = back.mul_add(PI_REST, back.mul_add(PI, x));
    let sign = if half_turns % 2.0 == 0.0 { 1.0 } else { -1.0 };
    #[allow(clippy::cast_possible_truncation, reason = "rounded to f32")]
    let sine = (sign * t * (1.0 + series(t * t))) as f32;
    sine
}

/// sin(t) / t - 1, from t squared.
fn series(square: f64) -> f64 {
    COEFFICIENTS.iter().rev().fold(0.0, |sum, c| (sum + c) * square)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_within_61_hundredths_of_an_ulp() {
        let angles = (0..200_000).map(|i| i as f32 * 0.0137).chain((0..100_000).map(|i| i as f32));
        for x in angles {
            let exact = f64::from(x);
            for (got, exact) in [(sine(x), exact.sin()), (cosine(x), exact.cos())] {
                let ulp = exact.abs().log2().floor().exp2() * f64::from(f32::EPSILON);
                assert!((f64::from(got) - exact).abs() <= 0.61 * ulp, "{x}: {got}, not {exact}");
            }
        }
        assert_eq!((sine(0.0), cosine(0.0)), (0.0, 1.0));
    }

    /// A polynomial is the best one if its error reaches its largest size once more than it has coefficients, with
    /// alternating signs (Chebyshev).
    #[test]
    fn the_polynomials_error_swings_evenly() {
        let error = |i: u32| {
            let t = f64::from(i) / 1000.0 * PI / 2.0;
            t * (1.0 + series(t * t)) / t.sin() - 1.0
        };
        let errors: Vec<f64> = (100..=1000).map(error).collect();
        let swings = errors.chunk_by(|a, b| a.signum() == b.signum());
        let swings: Vec<f64> = swings.map(|s| s.iter().fold(0.0, |most: f64, e| most.max(e.abs()))).collect();
        assert_eq!(swings.len(), COEFFICIENTS.len() + 1);
        for swing in swings {
            approx::assert_relative_eq!(swing, 6.05e-9, max_relative = 2e-3);
        }
    }
}
