//! From logits to the next token.

use crate::random::Random;

/// Greedy at temperature 0, else a draw.
#[derive(Clone, Debug)]
pub struct Sampler {
    temperature: f64,
    random: Random,
}

impl Sampler {
    /// The same seed draws the same tokens.
    ///
    /// # Panics
    ///
    /// Where the temperature is negative or not finite.
    pub fn new(temperature: f64, seed: u64) -> Sampler {
        assert!(temperature.is_finite() && temperature >= 0.0, "temperature {temperature}");
        Sampler { temperature, random: Random::new(seed) }
    }

    /// The largest logit's token, the first of several, at temperature 0; else each with a probability of
    /// softmax(logits / temperature), in f64. Token 0 where there are no logits.
    pub fn next(&mut self, logits: &[f32]) -> u32 {
        let token = if self.temperature == 0.0 { greedy(logits) } else { self.draw(logits) };
        u32::try_from(token).unwrap_or(u32::MAX)
    }

    fn draw(&mut self, logits: &[f32]) -> usize {
        let largest = logits.iter().fold(f32::NEG_INFINITY, |largest, logit| largest.max(*logit));
        let weight = |logit: &f32| ((f64::from(*logit) - f64::from(largest)) / self.temperature).exp();
        let weights: Vec<f64> = logits.iter().map(weight).collect();
        let mut left = self.random.unit() * weights.iter().sum::<f64>();
        for (token, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return token;
            }
        }
        // Rounding may leave a little beyond the last one.
        greedy(logits)
    }
}

fn greedy(logits: &[f32]) -> usize {
    logits.iter().enumerate().fold(0, |best, (token, logit)| if *logit > logits[best] { token } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_takes_the_first_of_the_largest() {
        let mut sampler = Sampler::new(0.0, 1);
        assert_eq!(sampler.next(&[0.0, 3.0, -1.0, 3.0]), 1);
        assert_eq!(sampler.next(&[-2.0]), 0);
        assert_eq!(sampler.next(&[]), 0);
    }

    #[test]
    fn draws_come_as_often_as_the_softmax_says_and_repeat_with_their_seed() {
        let logits = [0.0, 2f32.ln(), -1e30, 5f32.ln()];
        let mut counts = [0u32; 4];
        let mut sampler = Sampler::new(1.0, 7);
        let draws: Vec<u32> = (0..8000).map(|_| sampler.next(&logits)).collect();
        draws.iter().for_each(|&token| counts[token as usize] += 1);
        for (count, expected) in counts.into_iter().zip([1000, 2000, 0, 5000]) {
            // Four standard deviations at most: sqrt(8000 / 4) is 45.
            assert!(count.abs_diff(expected) <= 180, "{counts:?}");
        }
        let mut again = Sampler::new(1.0, 7);
        assert!(draws.iter().all(|&token| again.next(&logits) == token));
        let mut other = Sampler::new(1.0, 8);
        assert!(draws.iter().any(|&token| other.next(&logits) != token));
    }

    #[test]
    fn a_low_temperature_is_nearly_greedy() {
        let mut sampler = Sampler::new(0.01, 3);
        assert!((0..100).all(|_| sampler.next(&[1.0, 2.0, 1.5]) == 1));
    }
}
