//! Where tensors lie in DRAM, and how many chips hold them.

use model::{INT4_GROUP, WeightFormat};

use super::Tiling;
use crate::chip::Chip;
use crate::workload::{HALF_BYTES, Machine, Work, Workload};

/// A stretch of memory, in stripes: one burst from every channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First stripe.
    pub base: u64,
    /// Stripes.
    pub stripes: u64,
}

/// Addresses, in stripes: the layers' matrices in the order of their use, head, embedding, cache.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) layer_stripes: u64,
    pub(super) head: Extent,
    pub(super) embedding_base: u64,
    pub(super) embedding_row_stripes: u64,
    pub(super) cache_base: u64,
    /// Of one layer, all sequences.
    pub(super) cache_stripes: u64,
    pub(super) stripe_bytes: u64,
}

/// Whether a machine's array multiplies by matrices of that format: ternary ones go through the ternary array and 16-bit
/// ones through the FP16 baseline's; a head of another format is the vector unit's work. An array takes one format.
pub(super) fn runs_on_array(machine: Machine, format: WeightFormat) -> bool {
    match machine {
        Machine::Ternary => format == WeightFormat::Ternary,
        Machine::Fp16 | Machine::Bf16 => matches!(format, WeightFormat::F16 | WeightFormat::Bf16),
        Machine::W8a8 => format == WeightFormat::Int8,
        Machine::W4a16 => format == WeightFormat::Int4,
    }
}

/// Bytes of `elements` weights that are not cut into tiles.
pub(super) fn flat_bytes(format: WeightFormat, elements: u64) -> u64 {
    match format {
        WeightFormat::F16 | WeightFormat::Bf16 => elements * 2,
        WeightFormat::Int8 => elements,
        WeightFormat::Int4 => elements.div_ceil(2) + HALF_BYTES * elements.div_ceil(INT4_GROUP),
        WeightFormat::Ternary => elements.div_ceil(contract::packing::TRITS_PER_BYTE as u64),
    }
}

/// Stripes of a linear's matrix, as the unit that multiplies by it reads it.
pub(crate) fn linear_stripes(machine: Machine, chip: &Chip, format: WeightFormat, n: u64, k: u64) -> u64 {
    if runs_on_array(machine, format) {
        Tiling::new(chip, format, n, k).image_stripes(chip)
    } else {
        flat_bytes(format, n * k).div_ceil(chip.stripe_bytes())
    }
}

impl Layout {
    pub(super) fn new(workload: &Workload, chip: &Chip) -> Layout {
        let (shape, stripe_bytes) = (workload.shape, chip.stripe_bytes());
        // Layers begin at the first bank of a row, so that all are alike to the DRAM.
        let sweep = chip.standard.banks() * chip.standard.columns;
        let mut layer_stripes = 0;
        for operator in workload.layer() {
            if let Work::Linear { n, k, format } = operator.work {
                layer_stripes += linear_stripes(workload.machine, chip, format, n, k);
            }
        }
        let layer_stripes = layer_stripes.next_multiple_of(sweep);
        let (vocabulary, hidden) = (shape.vocab_size, shape.hidden_size);
        let head = Extent {
            base: layer_stripes * shape.num_hidden_layers,
            stripes: linear_stripes(workload.machine, chip, workload.head_format, vocabulary, hidden),
        };
        let embedding_base = head.base + head.stripes;
        let embedding_row_stripes =
            flat_bytes(shape.embedding_format, shape.hidden_size).div_ceil(stripe_bytes);
        let cache_bytes = workload.batch * workload.positions() * workload.cache_bytes_per_position();
        Layout {
            layer_stripes,
            head,
            embedding_base,
            embedding_row_stripes,
            cache_base: (embedding_base + embedding_row_stripes * shape.vocab_size).next_multiple_of(sweep),
            cache_stripes: cache_bytes.div_ceil(stripe_bytes).next_multiple_of(sweep),
            stripe_bytes,
        }
    }
}

/// What must be resident, bytes.
pub(super) struct Footprint {
    /// One copy serves as embedding and as head, where both are on one chip.
    tied: bool,
    layers: u64,
    layer: u64,
    embedding: u64,
    head: u64,
}

impl Footprint {
    pub(super) fn new(workload: &Workload, chip: &Chip, layout: &Layout) -> Footprint {
        let shape = workload.shape;
        let stripes = |count: u64| count * chip.stripe_bytes();
        Footprint {
            tied: shape.tie_word_embeddings,
            layers: shape.num_hidden_layers,
            layer: stripes(layout.layer_stripes + layout.cache_stripes),
            embedding: flat_bytes(shape.embedding_format, shape.vocab_size * shape.hidden_size),
            head: stripes(layout.head.stripes),
        }
    }

    /// Bytes in the DRAM of `chips` chips.
    pub(super) fn total(&self, chips: u64) -> u64 {
        let tables =
            if self.tied && chips == 1 { self.embedding.max(self.head) } else { self.embedding + self.head };
        tables + self.layers * self.layer
    }

    /// Bytes of the largest of `chips` stages: the first holds the embedding, the last the head.
    pub(super) fn largest_stage(&self, chips: u64) -> u64 {
        if chips == 1 {
            return self.total(1);
        }
        // Earlier stages hold a layer more where the layers do not divide evenly.
        let (fewest, most) = (self.layers / chips, self.layers.div_ceil(chips));
        (self.embedding + most * self.layer).max(self.head + fewest * self.layer)
    }
}

/// The pipeline stage that holds a layer: as even a split as there is, earlier stages taking the remainder.
pub(super) fn stage_of(layer: u64, layers: u64, chips: u64) -> u64 {
    let (each, longer) = (layers / chips, layers % chips);
    let boundary = longer * (each + 1);
    if layer < boundary { layer / (each + 1) } else { longer + (layer - boundary) / each }
}
