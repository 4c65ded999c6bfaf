//! Rotary position embedding (arXiv 2104.09864), in the half-split form of the published checkpoints: value i turns with
//! value i + head_dim / 2.

use super::trigonometry::{cosine, sine};

/// The angles of every position.
#[derive(Clone, Debug, PartialEq)]
pub struct Rotary {
    /// Radians a position, by pair of values: \[head_dim / 2\].
    frequencies: Vec<f32>,
}

impl Rotary {
    /// Frequencies theta^(-2i / head_dim), each step rounded to f32 as the framework does.
    pub fn new(head_dim: usize, theta: f64) -> Rotary {
        #[allow(clippy::cast_possible_truncation, reason = "rounded to f32")]
        let frequency = |i: usize| {
            let exponent = (2 * i) as f32 / head_dim as f32;
            1.0 / f64::from(theta as f32).powf(exponent.into()) as f32
        };
        Rotary { frequencies: (0..head_dim / 2).map(frequency).collect() }
    }

    /// Cosines and sines of a position's angles, \[head_dim / 2\] each. The angle is rounded to f32.
    pub fn angles(&self, position: usize) -> (Vec<f32>, Vec<f32>) {
        let angles = self.frequencies.iter().map(|frequency| position as f32 * frequency);
        angles.map(|angle| (cosine(angle), sine(angle))).unzip()
    }
}

/// Turns one head's vector by its position's angles, in place, in f32.
pub fn rotate(x: &mut [f32], cosines: &[f32], sines: &[f32]) {
    let (left, right) = x.split_at_mut(cosines.len());
    for (((left, right), cosine), sine) in left.iter_mut().zip(right).zip(cosines).zip(sines) {
        let (a, b) = (*left, *right);
        *left = a * cosine + -b * sine;
        *right = b * cosine + a * sine;
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn position_0_turns_nothing_and_the_first_pair_turns_by_a_radian_a_position() {
        let rotary = Rotary::new(8, 10_000.0);
        assert_eq!(rotary.angles(0), (vec![1.0; 4], vec![0.0; 4]));
        let (cosines, sines) = rotary.angles(3);
        assert_relative_eq!(cosines[0], 3f32.cos());
        assert_relative_eq!(sines[0], 3f32.sin());
        // 10,000^(-2/8) is a tenth.
        assert_relative_eq!(sines[1], 0.3f32.sin(), max_relative = 1e-6);
    }

    #[test]
    fn halves_turn_with_each_other_and_only_the_distance_counts() {
        let rotary = Rotary::new(4, 100.0);
        let turned = |position: usize, x: [f32; 4]| {
            let (cosines, sines) = rotary.angles(position);
            let mut x = x;
            rotate(&mut x, &cosines, &sines);
            x
        };
        let unit = turned(1, [1.0, 0.0, 0.0, 0.0]);
        assert_eq!((unit[1], unit[3]), (0.0, 0.0));
        assert_relative_eq!(unit[2], 1f32.sin());
        let dot = |a: [f32; 4], b: [f32; 4]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let (q, k) = ([0.3, -1.0, 2.0, 0.7], [1.5, 0.2, -0.4, 1.0]);
        assert_relative_eq!(dot(turned(9, q), turned(4, k)), dot(turned(5, q), k), max_relative = 1e-5);
    }
}
