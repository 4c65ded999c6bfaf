//! Matrix products as runs of the array.

use contract::{Trit, dot};

use super::{Activation, Pattern, Random, Run};
use crate::{Error, Parameters};

/// Up to COLUMNS dot products for each of up to TOKENS tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// A row of K trits a column; columns beyond the last row get zero trits.
    pub weights: Vec<Vec<Trit>>,
    /// K activations a token.
    pub activations: Vec<Vec<i8>>,
}

impl Job {
    /// A job of 1 to TOKENS tokens and up to `steps` K steps, of which the last may be partly filled. One value in
    /// eight is an extreme one.
    pub fn random(parameters: &Parameters, steps: u32, random: &mut Random) -> Self {
        let k = 1 + random.below(u64::from(parameters.lanes) * u64::from(steps));
        let tokens = 1 + random.below(parameters.tokens.into());
        // Some jobs are dense in zeros, some in minus ones.
        let (zeros, minus) = (random.below(101), random.below(101));
        let mut trit = || match (random.chance(zeros), random.chance(minus)) {
            (true, _) => Trit::Zero,
            (_, true) => Trit::Minus,
            _ => Trit::Plus,
        };
        let weights = (0..parameters.columns).map(|_| (0..k).map(|_| trit()).collect()).collect();
        let mut activation = || match random.below(16) {
            0 => i8::MIN,
            1 => i8::MAX,
            _ => random.bits().to_le_bytes()[0].cast_signed(),
        };
        let activations = (0..tokens).map(|_| (0..k).map(|_| activation()).collect()).collect();
        Self { weights, activations }
    }

    /// A run without stalls that computes `jobs` back to back; lanes beyond K get zero trits.
    pub fn run(parameters: &Parameters, jobs: &[Job]) -> Run {
        let mut run = Run::default();
        jobs.iter().for_each(|job| job.append(parameters, &mut run));
        run
    }

    fn append(&self, parameters: &Parameters, run: &mut Run) {
        let (lanes, padded) = (parameters.lanes as usize, parameters.padded_lanes() as usize);
        let columns = parameters.columns as usize;
        let k = self.weights.iter().map(Vec::len).max().unwrap_or(0);
        let steps = k.div_ceil(lanes);
        for step in 0..steps {
            let mut tile = vec![];
            for row in self.weights.iter().take(columns) {
                let start = tile.len();
                tile.extend(row.iter().skip(step * lanes).take(lanes));
                tile.resize(start + padded, Trit::Zero);
            }
            tile.resize(columns * padded, Trit::Zero);
            for beat in tile.chunks(parameters.trits_per_beat() as usize) {
                let mut beat = beat.to_vec();
                beat.resize(parameters.trits_per_beat() as usize, Trit::Zero);
                run.weights.push(beat);
            }
            for (slot, row) in (0u32..).zip(&self.activations) {
                let mut data: Vec<i8> = row.iter().skip(step * lanes).take(lanes).copied().collect();
                // What meets a zero trit does not matter; 85 would show if it did.
                data.resize(lanes, 85);
                run.activations.push(Activation {
                    data,
                    slot,
                    first: step == 0,
                    last: step + 1 == steps,
                    release: slot as usize + 1 == self.activations.len(),
                });
            }
        }
    }

    /// What the contract says the results are, in order: (slot, one value a column).
    ///
    /// # Errors
    ///
    /// Rows of unequal length, or a K that the accumulators do not hold.
    pub fn expected(&self, parameters: &Parameters) -> Result<Vec<(u32, Vec<i64>)>, Error> {
        let value = |row: &Vec<Trit>, token: &Vec<i8>| {
            dot(row, token, parameters.acc_bits).map_err(|error| Error::Schedule(error.to_string()))
        };
        let results = |token| {
            let mut values =
                self.weights.iter().map(|row| value(row, token)).collect::<Result<Vec<_>, _>>()?;
            values.resize(parameters.columns as usize, 0);
            Ok(values)
        };
        (0..).zip(&self.activations).map(|(slot, token)| Ok((slot, results(token)?))).collect()
    }
}

impl Run {
    /// The same run with stalls on every port, each port in 1 to 3 of 4 cycles, or not at all.
    #[must_use]
    pub fn with_random_stalls(mut self, random: &mut Random) -> Self {
        self.weight_valid = pattern(random);
        self.activation_valid = pattern(random);
        self.result_room = pattern(random);
        self
    }
}

fn pattern(random: &mut Random) -> Pattern {
    let percent = 25 * (1 + random.below(4));
    // A length without small factors, so that patterns drift against one another; never willing would be forever.
    let mut pattern: Pattern = (0..61 + random.below(40)).map(|_| random.chance(percent)).collect();
    pattern.push(true);
    pattern
}
