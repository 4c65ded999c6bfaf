//! How a matrix is cut for the engines' arrays.

use model::{INT4_GROUP, WeightFormat};

use crate::chip::Chip;
use crate::engine::Sizes;
use crate::workload::HALF_BYTES;

/// The engines of a chip, for matrices of a format: the FP16 baseline's have the same lanes, with 16-bit operands.
pub fn engine_sizes(chip: &Chip, format: WeightFormat) -> Sizes {
    let spec = &chip.spec;
    let (column_bytes, activation_bytes) = match format {
        // A column is padded to whole bytes of five trits (contract clause C-PACK).
        WeightFormat::Ternary => (spec.lanes.div_ceil(contract::packing::TRITS_PER_BYTE as u64), 1),
        WeightFormat::Int8 => (spec.lanes, 1),
        // A column's step has the scales of its groups behind its weights.
        WeightFormat::Int4 => (spec.lanes.div_ceil(2) + HALF_BYTES * spec.lanes.div_ceil(INT4_GROUP), 2),
        WeightFormat::F16 | WeightFormat::Bf16 => (spec.lanes * 2, 2),
    };
    let words = spec.activation_sram_kb * 1024 / (spec.lanes * activation_bytes);
    Sizes {
        lanes: spec.lanes,
        columns: spec.columns,
        tokens: spec.token_slots,
        column_bytes,
        activation_bytes,
        stream_bits: spec.stream_bits,
        activation_bits: spec.activation_bits,
        // The ring of `ternary_engine` has a power of two.
        activation_words: match format {
            WeightFormat::Ternary => words.checked_ilog2().map_or(0, |bits| 1 << bits),
            WeightFormat::Int8 | WeightFormat::Int4 | WeightFormat::F16 | WeightFormat::Bf16 => words,
        },
        result_lanes: spec.result_lanes,
        dividers: 1,
        fifo_beats: spec.stream_fifo_beats,
        burst_beats: spec.burst_beats,
    }
}

/// A matrix cut into tiles for the engines' arrays.
///
/// A tile is `columns` outputs of one engine; its K inputs pass in `steps` of `lanes` each, and each step is an image of
/// `beats` whole beats of the engine's stream. Engines take tiles in rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// Outputs.
    pub n: u64,
    /// Inputs.
    pub k: u64,
    /// Outputs of a tile.
    pub columns: u64,
    /// ceil(n / columns).
    pub tiles: u64,
    /// ceil(k / lanes).
    pub steps: u64,
    /// Beats of a step.
    pub beats: u64,
    /// Bytes of a beat.
    pub beat_bytes: u64,
}

impl Tiling {
    /// Cuts an n x k matrix of `format` for the chip's engines.
    pub fn new(chip: &Chip, format: WeightFormat, n: u64, k: u64) -> Tiling {
        let spec = &chip.spec;
        Tiling {
            n,
            k,
            columns: spec.columns,
            tiles: n.div_ceil(spec.columns),
            steps: k.div_ceil(spec.lanes),
            beats: engine_sizes(chip, format).beats(),
            beat_bytes: spec.stream_bits / 8,
        }
    }

    /// Bytes of a tile's weights of the whole reduction.
    pub fn slice_bytes(&self) -> u64 {
        self.steps * self.beats * self.beat_bytes
    }

    /// Bytes of the matrix's image, padding of tiles included.
    pub fn image_bytes(&self) -> u64 {
        self.tiles * self.slice_bytes()
    }

    /// The rounds of a chip with that many engines, as (engines at work, rounds): those in which every engine has a
    /// tile, then the one with the tiles that are left.
    pub fn rounds(&self, engines: u64) -> [(u64, u64); 2] {
        let left = self.tiles % engines;
        [(engines, self.tiles / engines), (left, u64::from(left > 0))]
    }

    /// Outputs of the first of so many engines, which has a tile in every round.
    pub fn outputs_of_first(&self, engines: u64) -> u64 {
        let missing = self.tiles * self.columns - self.n;
        let has_last = (self.tiles - 1).is_multiple_of(engines);
        self.tiles.div_ceil(engines) * self.columns - if has_last { missing } else { 0 }
    }

    /// Bytes of a round in which that many engines take part.
    pub fn round_bytes(&self, engines: u64) -> u64 {
        engines * self.slice_bytes()
    }

    /// Stripes of the whole image: the full rounds and the last one each begin in a stripe of their own.
    pub fn image_stripes(&self, chip: &Chip) -> u64 {
        let rounds = self.rounds(chip.spec.engines).into_iter();
        rounds
            .map(|(engines, rounds)| (self.round_bytes(engines) * rounds).div_ceil(chip.stripe_bytes()))
            .sum()
    }
}
