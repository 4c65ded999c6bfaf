//! Scores to probabilities.

use super::exp::exp;

/// Sums that run beside each other.
const LANES: usize = 16;

/// exp(x - max) over its sum, in place, in f32; nothing where there is nothing. The order of the sum is that of PyTorch on a
/// processor with vectors of sixteen floats, for rows of as many scores or more.
pub fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().fold(f32::NEG_INFINITY, |largest, score| largest.max(*score));
    scores.iter_mut().for_each(|score| *score = exp(*score - largest));
    let factor = 1.0 / sum(scores);
    scores.iter_mut().for_each(|score| *score *= factor);
}

/// [`LANES`] sums of every [`LANES`]th number, halves of which are then added to each other.
fn sum(x: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for row in x.chunks(LANES) {
        lanes.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let mut half = LANES / 2;
    while half > 0 {
        let (sums, others) = lanes.split_at_mut(half);
        sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += *other);
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn probabilities_add_up_and_large_scores_do_not_overflow() {
        let mut scores = [1000.0, 1000.0 - 2f32.ln(), -1e30];
        softmax(&mut scores);
        assert_relative_eq!(scores[0], 2.0 / 3.0, max_relative = 1e-4);
        assert_relative_eq!(scores[1], 1.0 / 3.0, max_relative = 1e-4);
        assert_eq!(scores[2], 0.0);
        let mut one = [-7.0];
        softmax(&mut one);
        assert_eq!(one, [1.0]);
        softmax(&mut []);
    }
}
