//! Jobs of random sizes, values and flags.

use contract::{Trit, packing};

use super::job::{Corruption, EngineJob, Source, layout};
use crate::EngineParameters;
use crate::cosim::Random;

/// What random jobs are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobLimits {
    /// Tiles of a job, at least 1.
    pub tiles: u64,
    /// Steps of a job, at least 1.
    pub steps: u64,
}

impl EngineJob {
    /// A matrix job of these sizes whose values come out as they are.
    pub fn matrix(outputs: usize, inputs: usize, tokens: usize, random: &mut Random) -> Self {
        let source = Source::Matrix {
            weights: weights(outputs, inputs, random),
            activations: activations(tokens, inputs, random),
            kept: false,
            keep: false,
            corruptions: vec![],
        };
        Self { source, raw: true, maximum: false, scale: false }
    }

    /// A matrix job of whatever sizes whose values come out as they are. `kept` are the activations that the job before
    /// kept.
    pub fn random_matrix(
        p: &EngineParameters,
        limits: JobLimits,
        kept: Option<&[Vec<i8>]>,
        random: &mut Random,
    ) -> Self {
        let source = matrix_source(p, limits, kept, random);
        Self { source, raw: true, maximum: false, scale: false }
    }

    /// A job of whatever kind. `kept` are the activations that the matrix job before kept.
    pub fn random(
        p: &EngineParameters,
        limits: JobLimits,
        kept: Option<&[Vec<i8>]>,
        random: &mut Random,
    ) -> Self {
        let (raw, maximum, scale) = random.pick(&[
            (true, false, false),
            (true, false, false),
            (false, true, false),
            (true, true, false),
            (false, false, true),
            (true, false, true),
        ]);
        let vector = random.chance(if kept.is_some() { 15 } else { 30 });
        let source =
            if vector { vector_source(p, limits, random) } else { matrix_source(p, limits, kept, random) };
        Self { source, raw, maximum, scale }
    }
}

/// A number of which the last `part` may be partly filled: `parts` whole ones, or fewer.
fn tailed(part: u32, parts: u64, random: &mut Random) -> usize {
    let whole = u64::from(part) * (1 + random.below(parts));
    let less = if random.chance(40) { 0 } else { random.below(part.into()) };
    usize::try_from(whole - less).unwrap_or(1)
}

fn tokens(p: &EngineParameters, random: &mut Random) -> usize {
    let tokens = if random.chance(30) { p.array.tokens } else { 1 + index(random, p.array.tokens) };
    tokens as usize
}

#[allow(clippy::cast_possible_truncation, reason = "it is below a u32")]
fn index(random: &mut Random, n: u32) -> u32 {
    random.below(n.into()) as u32
}

fn vector_source(p: &EngineParameters, limits: JobLimits, random: &mut Random) -> Source {
    let outputs = tailed(p.array.columns, limits.tiles, random);
    let bits = random.below(32);
    let mut value = || match random.below(32) {
        0 => i32::MIN,
        1 => i32::MAX,
        2 => 0,
        _ => {
            let all = random.bits().to_le_bytes();
            i32::from_le_bytes([all[0], all[1], all[2], all[3]]) >> bits
        }
    };
    let values = (0..outputs).map(|_| value()).collect::<Vec<_>>();
    let tokens = tokens(p, random);
    // Each token has the values in another order, and its own scale.
    let token = |t: usize| {
        let mut row = values.clone();
        row.rotate_left(t % outputs);
        row.iter().map(|value| value >> (t % 3)).collect()
    };
    Source::Vector { values: (0..tokens).map(token).collect() }
}

fn matrix_source(
    p: &EngineParameters,
    limits: JobLimits,
    kept: Option<&[Vec<i8>]>,
    random: &mut Random,
) -> Source {
    let outputs = tailed(p.array.columns, limits.tiles, random);
    let activations = kept.map_or_else(|| fitting_activations(p, limits, random), <[_]>::to_vec);
    let k = activations.first().map_or(0, Vec::len);
    let weights = weights(outputs, k, random);
    let steps = k.div_ceil(p.array.lanes as usize);
    let tiles = outputs.div_ceil(p.array.columns as usize);
    let corruptions = if random.chance(6) {
        (0..1 + random.below(3)).map(|_| corruption(p, tiles * steps, random)).collect()
    } else {
        vec![]
    };
    Source::Matrix { weights, activations, kept: kept.is_some(), keep: random.chance(25), corruptions }
}

/// The words of all tokens fit the activation buffer.
fn fitting_activations(p: &EngineParameters, limits: JobLimits, random: &mut Random) -> Vec<Vec<i8>> {
    let tokens = tokens(p, random);
    let most_steps = limits.steps.min((p.activation_words as usize / tokens) as u64);
    let most_k = contract::max_k(p.array.acc_bits);
    let k = tailed(p.array.lanes, most_steps, random).min(usize::try_from(most_k).unwrap_or(usize::MAX));
    activations(tokens, k, random)
}

/// One value in eight is an extreme one.
fn activations(tokens: usize, inputs: usize, random: &mut Random) -> Vec<Vec<i8>> {
    let mut activation = || match random.below(16) {
        0 => i8::MIN,
        1 => i8::MAX,
        _ => random.bits().to_le_bytes()[0].cast_signed(),
    };
    (0..tokens).map(|_| (0..inputs).map(|_| activation()).collect()).collect()
}

/// Some are dense in zeros, some in minus ones.
fn weights(outputs: usize, inputs: usize, random: &mut Random) -> Vec<Vec<Trit>> {
    let (zeros, minus) = (random.below(101), random.below(101));
    let mut trit = || match (random.chance(zeros), random.chance(minus)) {
        (true, _) => Trit::Zero,
        (_, true) => Trit::Minus,
        _ => Trit::Plus,
    };
    (0..outputs).map(|_| (0..inputs).map(|_| trit()).collect()).collect()
}

fn corruption(p: &EngineParameters, tiles: usize, random: &mut Random) -> Corruption {
    let used = u64::from(p.array.columns) * u64::from(p.array.lanes.div_ceil(5));
    let below = |n: u64, random: &mut Random| usize::try_from(random.below(n)).unwrap_or(0);
    let position = below(tiles as u64, random) * layout(p).step_bytes() + below(used, random);
    let invalid: Vec<u8> = (0..=u8::MAX).filter(|&byte| packing::decode5(byte).1).collect();
    let byte = random.pick(&invalid);
    Corruption { position, byte }
}
