//! How a matrix is cut for the engines' arrays.

use model::WeightFormat;

use crate::chip::Chip;

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
        // A column is padded to whole bytes of five trits (contract clause C-PACK).
        let column_bytes = match format {
            WeightFormat::Ternary => spec.lanes.div_ceil(contract::packing::TRITS_PER_BYTE as u64),
            WeightFormat::Int8 => spec.lanes,
            WeightFormat::F16 | WeightFormat::Bf16 => spec.lanes * 2,
        };
        let beat_bytes = spec.stream_bits / 8;
        Tiling {
            n,
            k,
            tiles: n.div_ceil(spec.columns),
            steps: k.div_ceil(spec.lanes),
            beats: (column_bytes * spec.columns).div_ceil(beat_bytes),
            beat_bytes,
        }
    }

    /// Bytes of the matrix's image, padding of tiles included.
    pub fn image_bytes(&self) -> u64 {
        self.tiles * self.steps * self.beats * self.beat_bytes
    }

    /// The rounds of a chip with that many engines, as (engines at work, rounds): those in which every engine has a
    /// tile, then the one with the tiles that are left.
    pub fn rounds(&self, engines: u64) -> [(u64, u64); 2] {
        let left = self.tiles % engines;
        [(engines, self.tiles / engines), (left, u64::from(left > 0))]
    }

    /// Bytes of a round in which that many engines take part.
    pub fn round_bytes(&self, engines: u64) -> u64 {
        engines * self.steps * self.beats * self.beat_bytes
    }

    /// Stripes of the whole image: the full rounds and the last one each begin in a stripe of their own.
    pub fn image_stripes(&self, chip: &Chip) -> u64 {
        let rounds = self.rounds(chip.spec.engines).into_iter();
        rounds
            .map(|(engines, rounds)| (self.round_bytes(engines) * rounds).div_ceil(chip.stripe_bytes()))
            .sum()
    }
}
