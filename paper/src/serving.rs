//! Table 3: the largest batch that two GPUs hold, and its throughput.
//!
//! The batch is what fits beside the weights, in multiples of 16: a cache and the activations of one layer for each sequence. The
//! throughput is a prediction of the roofline of `latency`, both GPUs at work and their bandwidths added, caches half full.

use model::Shape;

use crate::latency::Step;
use crate::memory::{CacheHeads, Memory};
use crate::published::Format;
use crate::setup::{MemoryFit, Setup};

/// A model served by the GPUs of table 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Serving {
    /// The largest batch, sequences.
    pub batch: u64,
    /// Throughput with it, tokens/s.
    pub tokens_per_second: f64,
}

/// Serves as many sequences as fit; `None` if not even the smallest batch does.
pub fn serve(shape: &Shape, format: Format, heads: CacheHeads, setup: &Setup) -> Option<Serving> {
    let gpus = setup.gpu.gpus_of_table3;
    let capacity = (gpus * setup.gpu.capacity_gib) as f64 * 2_f64.powi(30);
    let fit = MemoryFit { tokens: setup.stated.sequence_tokens, ..setup.fitted.memory };
    let held = |sequences: u64| {
        let memory = Memory::of(shape, format, sequences, heads, &setup.stated, &fit);
        // Every GPU has a framework of its own.
        memory.total() + (gpus - 1) as f64 * memory.workspace
    };
    let each = held(1) - held(0);
    let room = (capacity - held(0)) / each;
    let step = setup.stated.batch_step;
    // A negative room is none.
    let batch =
        (1..=u64::from(u16::MAX)).map(|n| n * step).take_while(|&batch| batch as f64 <= room).last()?;
    let decode = Step { shape, format, sequences: batch, position: setup.stated.sequence_tokens / 2, heads };
    let seconds = decode.seconds(setup, &setup.fitted.latency) / gpus as f64;
    Some(Serving { batch, tokens_per_second: batch as f64 / seconds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::published;
    use crate::setup::setup;

    #[test]
    fn both_batches_are_those_printed() {
        let setup = setup().unwrap();
        let shape = model::preset("70b").unwrap();
        for row in published().unwrap().table3.rows {
            let serving = serve(&shape, row.format, CacheHeads::OnePerQuery, &setup).unwrap();
            assert_eq!(serving.batch, row.batch, "{:?}", row.format);
        }
    }

    #[test]
    fn what_does_not_fit_is_not_served() {
        let mut setup = setup().unwrap();
        setup.gpu.capacity_gib = 64;
        let shape = model::preset("70b").unwrap();
        assert_eq!(serve(&shape, Format::Fp16, CacheHeads::OnePerQuery, &setup), None);
        assert!(serve(&shape, Format::Ternary, CacheHeads::OnePerQuery, &setup).is_some());
    }
}
