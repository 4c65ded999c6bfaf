//! Scores to probabilities.

/// exp(x - max) over its sum, in place, in f32; nothing where there is nothing.
pub fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().fold(f32::NEG_INFINITY, |largest, score| largest.max(*score));
    scores.iter_mut().for_each(|score| *score = (*score - largest).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
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
