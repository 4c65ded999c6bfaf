//! What jobs switch, read and write in an engine. `tests/tests/engine_events.rs` counts the same on the nets of the emitted
//! Verilog.

use std::collections::BTreeMap;

use contract::ACTIVATION_BITS;
use contract::latency::BYTE_LEVELS;

use super::{Job, Sizes};

/// Lanes of a byte of weights.
const BYTE_LANES: u64 = contract::packing::TRITS_PER_BYTE as u64;

/// Accesses of a memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accesses {
    /// Bits of a row.
    pub bits: u64,
    /// Rows written.
    pub writes: u64,
    /// Rows read.
    pub reads: u64,
}

/// Events of a job, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineEvents {
    /// Tokens that met a tile.
    pub issued: u64,
    /// Tiles that were loaded beside the held one and took its place.
    pub tiles: u64,
    /// Lanes whose trit let an activation of a token through.
    pub lanes_active: u64,
    /// Lanes whose trit held them still while a token passed: zeros, and what pads inputs, outputs and bytes.
    pub lanes_gated: u64,
    /// Additions that a token's operands went through, by the bits of the sum: trees and accumulators.
    pub adds: BTreeMap<u32, u64>,
    /// Of the FIFO of weights, a beat a row.
    pub weight_fifo: Accesses,
    /// Of the ring of activations, a word a row.
    pub activation_ring: Accesses,
    /// Of the result buffer, a token's results of a tile a row.
    pub result_buffer: Accesses,
}

impl Sizes {
    /// Events of a job with sums of `sum_bits`, whose activations were kept by the job before or not, and in which `nonzero`
    /// products of a token's activation and a trit have a trit that is not zero. A vector job has none.
    pub fn events(&self, sum_bits: u32, job: &Job, kept: bool, nonzero: u64) -> EngineEvents {
        let Some(matrix) = &job.matrix else { return EngineEvents::default() };
        let tiles = job.outputs.div_ceil(self.columns);
        let steps = matrix.inputs.div_ceil(self.lanes);
        let (held, beats) = (tiles * steps, tiles * steps * self.beats());
        let issued = held * job.tokens;
        let columns = issued * self.columns;
        let mut adds: BTreeMap<u32, u64> =
            column_adders(self.lanes).into_iter().map(|(adders, bits)| (bits, columns * adders)).collect();
        *adds.entry(sum_bits).or_default() += columns;
        EngineEvents {
            issued,
            tiles: held,
            lanes_active: nonzero,
            lanes_gated: columns * self.lanes.next_multiple_of(BYTE_LANES) - nonzero,
            adds,
            weight_fifo: Accesses { bits: self.stream_bits, writes: beats, reads: beats },
            activation_ring: Accesses {
                bits: 8 * self.activation_bytes * self.lanes,
                writes: if kept { 0 } else { steps * job.tokens },
                reads: issued,
            },
            result_buffer: Accesses {
                bits: self.columns * u64::from(sum_bits),
                writes: tiles * job.tokens,
                reads: tiles * job.tokens,
            },
        }
    }
}

/// Adders of a ternary column, and the width of their sums: those of each byte's five lanes (C-LANE-4), and a binary tree
/// over the bytes.
pub(crate) fn column_adders(lanes: u64) -> Vec<(u64, u32)> {
    let bytes = lanes.div_ceil(BYTE_LANES);
    let bits = ACTIVATION_BITS + BYTE_LEVELS;
    let mut adders = vec![(2 * bytes, bits - 2), (bytes, bits - 1), (bytes, bits)];
    adders.extend(binary_adders(bytes, bits));
    adders
}

/// Adders of a binary tree over operands of `bits` bits, and the width of their sums. An operand without a partner passes through.
pub(crate) fn binary_adders(mut operands: u64, mut bits: u32) -> Vec<(u64, u32)> {
    let mut adders = Vec::new();
    while operands > 1 {
        bits += 1;
        adders.push((operands / 2, bits));
        operands = operands.div_ceil(2);
    }
    adders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Matrix;

    #[test]
    fn a_small_matrix_worked_by_hand() {
        // 3 x 6 in tiles of 2 columns and steps of 4 lanes, which take a byte: 2 tiles of 2 steps, for 2 tokens.
        let sizes = Sizes {
            lanes: 4,
            columns: 2,
            tokens: 2,
            column_bytes: 1,
            activation_bytes: 1,
            stream_bits: 8,
            activation_bits: 32,
            activation_words: 4,
            result_lanes: 1,
            dividers: 1,
            fifo_beats: 4,
            burst_beats: 1,
        };
        let matrix = Some(Matrix { inputs: 6, keep: false, address: 0 });
        let job = Job { outputs: 3, tokens: 2, matrix, raw: true, maximum: false, scale: false };
        let events = sizes.events(24, &job, false, 24);
        // 4 steps x 2 tokens x 2 columns are 16 sums of the five lanes of a byte.
        assert_eq!((events.issued, events.tiles), (8, 4));
        assert_eq!((events.lanes_active, events.lanes_gated), (24, 16 * 5 - 24));
        assert_eq!(events.adds, [(9, 32), (10, 16), (11, 16), (24, 16)].into());
        // A tile's 2 bytes are 2 beats; a token's 6 activations 2 words, read for each of 2 tiles; 2 x 2 results.
        assert_eq!(events.weight_fifo, Accesses { bits: 8, writes: 8, reads: 8 });
        assert_eq!(events.activation_ring, Accesses { bits: 32, writes: 4, reads: 8 });
        assert_eq!(events.result_buffer, Accesses { bits: 48, writes: 4, reads: 4 });
        assert_eq!(sizes.events(24, &job, true, 0).activation_ring.writes, 0);
        let vector = Job { matrix: None, ..job };
        assert_eq!(sizes.events(24, &vector, false, 0), EngineEvents::default());
    }

    #[test]
    fn a_column_has_one_adder_fewer_than_lanes_of_whole_bytes() {
        assert_eq!(column_adders(4), [(2, 9), (1, 10), (1, 11)]);
        assert_eq!(column_adders(15), [(6, 9), (3, 10), (3, 11), (1, 12), (1, 13)]);
        for lanes in 1..300 {
            let adders: u64 = column_adders(lanes).iter().map(|level| level.0).sum();
            assert_eq!(adders, lanes.next_multiple_of(5) - 1);
        }
    }
}
