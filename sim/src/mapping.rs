//! Mapping: where a workload's tensors lie and which unit of a chip does which operator, in which pieces. No time.

use model::{Shape, WeightFormat};

use crate::Error;
use crate::chip::Chip;
use crate::result::Phase;
use crate::workload::{
    EMBED_OPERATIONS, HALF_BYTES, Machine, Operator, Pass, SOFTMAX_OPERATIONS, Work, Workload,
};

/// Bytes of an accumulated result, of the residual stream and of the vector unit's operands.
pub(crate) const WORD_BYTES: u64 = 4;

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

/// A stretch of memory, in stripes: one burst from every channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First stripe.
    pub base: u64,
    /// Stripes.
    pub stripes: u64,
}

/// What one unit does for one operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// The engines stream a matrix and multiply `tokens` activations by it.
    Array {
        /// How it is cut.
        tiling: Tiling,
        /// Where it lies.
        image: Extent,
        /// Tokens of the pass.
        tokens: u64,
    },
    /// The vector unit works through data as it streams in.
    VectorStream {
        /// Where the data lies.
        data: Extent,
        /// Its bytes, without what pads its last stripe.
        data_bytes: u64,
        /// Operations while it streams.
        streamed_operations: u64,
        /// Operations after it.
        further_operations: u64,
        /// Of all these, FP16 multiply-accumulates.
        macs: u64,
    },
    /// The vector unit works on data in its SRAM.
    Vector {
        /// Operations.
        operations: u64,
        /// Elements read and written.
        elements: u64,
        /// Passes that need a whole vector first.
        reductions: u64,
    },
    /// Data goes to memory; nothing waits for it.
    Write {
        /// Where to.
        data: Extent,
    },
    /// Activations go to the next chip of the pipeline.
    Link {
        /// Bytes.
        bytes: u64,
    },
}

/// An operator's job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The operator's name.
    pub operator: &'static str,
    /// What is to be done.
    pub job: Job,
}

/// A workload on a chip.
#[derive(Clone, Debug)]
pub struct Mapping<'a> {
    /// The workload.
    pub workload: Workload<'a>,
    /// The chip.
    pub chip: &'a Chip,
    /// Tokens that share a pass over the weights.
    pub tokens_per_pass: u64,
    /// Why not more.
    pub limit: String,
    /// Chips of the pipeline.
    pub chips: u64,
    /// Bytes resident in all of them.
    pub resident_bytes: u64,
    layout: Layout,
}

/// Addresses, in stripes: the layers' matrices in the order of their use, head, embedding, cache.
#[derive(Clone, Debug)]
struct Layout {
    layer_stripes: u64,
    head: Extent,
    embedding_base: u64,
    embedding_row_stripes: u64,
    cache_base: u64,
    /// Of one layer, all sequences.
    cache_stripes: u64,
    stripe_bytes: u64,
}

impl<'a> Mapping<'a> {
    /// Maps a workload onto as few chips as hold it.
    ///
    /// # Errors
    /// An SRAM too small for one token, a reduction too long for the accumulators, a layer too large for a chip.
    pub fn new(workload: Workload<'a>, chip: &'a Chip) -> Result<Mapping<'a>, Error> {
        check_reductions(&workload, chip)?;
        let (tokens_per_pass, limit) = tokens_per_pass(&workload, chip)?;
        let layout = Layout::new(&workload, chip);
        let footprint = Footprint::new(&workload, chip, &layout);
        let capacity = chip.capacity_bytes();
        let layers = workload.shape.num_hidden_layers;
        let fewest = footprint.total(1).div_ceil(capacity).clamp(1, layers);
        let chips = (fewest..=layers).find(|&chips| footprint.largest_stage(chips) <= capacity);
        let chips = chips.ok_or_else(|| Error::DoesNotFit {
            chip: chip.spec.name.clone(),
            machine: workload.machine.name(),
            model: workload.shape.name.clone(),
            batch: workload.batch,
            capacity_bytes: capacity,
            need_bytes: footprint.largest_stage(layers),
        })?;
        Ok(Mapping {
            workload,
            chip,
            tokens_per_pass,
            limit,
            chips,
            resident_bytes: footprint.total(chips),
            layout,
        })
    }

    /// Passes over the weights.
    pub fn passes(&self) -> u64 {
        self.workload.tokens().div_ceil(self.tokens_per_pass)
    }

    /// The pass of that index.
    pub fn pass(&self, index: u64) -> Pass {
        self.workload.pass(index * self.tokens_per_pass, self.tokens_per_pass)
    }

    /// Whether the head runs on the array.
    pub fn head_on_array(&self) -> bool {
        self.on_array(self.workload.head_format)
    }

    /// Bytes that a pass sends from chip to chip.
    pub fn link_bytes(&self, pass: &Pass) -> u64 {
        (self.chips - 1) * pass.tokens * self.workload.shape.hidden_size * HALF_BYTES
    }

    /// What is done before the first layer.
    pub fn prologue(&self, pass: &Pass) -> Vec<Step> {
        self.steps(&self.workload.prologue(), pass, 0)
    }

    /// What is done for a layer, and for handing its result to the next chip where its stage ends.
    pub fn layer(&self, pass: &Pass, layer: u64) -> Vec<Step> {
        let mut steps = self.steps(&self.workload.layer(), pass, layer);
        let layers = self.workload.shape.num_hidden_layers;
        if layer + 1 < layers
            && stage_of(layer, layers, self.chips) != stage_of(layer + 1, layers, self.chips)
        {
            let bytes = self.link_bytes(pass) / (self.chips - 1);
            steps.push(Step { operator: "chip_link", job: Job::Link { bytes } });
        }
        steps
    }

    /// What is done after the last layer; nothing in a pass that wants no logits.
    pub fn epilogue(&self, pass: &Pass) -> Vec<Step> {
        if pass.logits == 0 {
            return Vec::new();
        }
        self.steps(&self.workload.epilogue(), pass, 0)
    }

    fn steps(&self, operators: &[Operator], pass: &Pass, layer: u64) -> Vec<Step> {
        let mut base = layer * self.layout.layer_stripes;
        let mut steps = Vec::with_capacity(operators.len());
        for operator in operators {
            let rows = if operator.logits_only { pass.logits } else { pass.tokens };
            let job = match operator.work {
                Work::Linear { n, k, format } if self.on_array(format) => {
                    let tiling = Tiling::new(self.chip, format, n, k);
                    let stripes = tiling.image_stripes(self.chip);
                    let image =
                        if operator.logits_only { self.layout.head } else { Extent { base, stripes } };
                    base += stripes;
                    Job::Array { tiling, image, tokens: rows }
                }
                Work::Linear { n, k, format } => {
                    let macs = n * k * rows;
                    Job::VectorStream {
                        data: self.layout.head,
                        data_bytes: flat_bytes(format, n * k),
                        streamed_operations: macs,
                        further_operations: 0,
                        macs,
                    }
                }
                Work::Attention => self.attention(pass, layer),
                Work::CacheWrite => Job::Write { data: self.cache_write(pass, layer) },
                Work::Embedding => self.embedding(pass),
                Work::Elementwise { elements, operations, reductions } => Job::Vector {
                    operations: rows * elements * operations,
                    elements: rows * elements,
                    reductions,
                },
            };
            steps.push(Step { operator: operator.name, job });
        }
        steps
    }

    /// Ternary matrices go through the ternary array and 16-bit ones through the FP16 baseline's; a head of another
    /// format is the vector unit's work.
    fn on_array(&self, format: WeightFormat) -> bool {
        runs_on_array(self.workload.machine, format)
    }

    fn cache_bytes_per_position(&self) -> u64 {
        cache_bytes_per_position(self.workload.shape)
    }

    fn attention(&self, pass: &Pass, layer: u64) -> Job {
        let shape = self.workload.shape;
        // Q K^T and A V: a multiply-accumulate an element of every query head, twice; then the softmax, once a head.
        let macs = |pairs: u64| 2 * pairs * shape.q_size();
        let operations = |pairs: u64| macs(pairs) + pairs * shape.num_attention_heads * SOFTMAX_OPERATIONS;
        let bytes = pass.cached_positions * self.cache_bytes_per_position();
        // From the first sequence's first position on; the gaps before the next sequences' are left out.
        let first = pass.first_token / self.workload.new * self.workload.positions();
        Job::VectorStream {
            data: Extent {
                base: self.cache_stripe(layer, first),
                stripes: bytes.div_ceil(self.layout.stripe_bytes),
            },
            data_bytes: bytes,
            streamed_operations: operations(pass.cached_pairs),
            further_operations: operations(pass.fresh_pairs),
            macs: macs(pass.cached_pairs + pass.fresh_pairs),
        }
    }

    fn cache_write(&self, pass: &Pass, layer: u64) -> Extent {
        let bytes = pass.tokens * self.cache_bytes_per_position();
        // Where this pass's first token stands in its sequence, sequences lying one behind the other.
        let (sequence, done) = (pass.first_token / self.workload.new, pass.first_token % self.workload.new);
        let before = sequence * self.workload.positions() + self.workload.past + done;
        Extent { base: self.cache_stripe(layer, before), stripes: bytes.div_ceil(self.layout.stripe_bytes) }
    }

    /// The stripe with a position of a layer's cache.
    fn cache_stripe(&self, layer: u64, position: u64) -> u64 {
        let layer_base = self.layout.cache_base + layer * self.layout.cache_stripes;
        layer_base + position * self.cache_bytes_per_position() / self.layout.stripe_bytes
    }

    fn embedding(&self, pass: &Pass) -> Job {
        let row = self.layout.embedding_row_stripes;
        let elements = pass.tokens * self.workload.shape.hidden_size;
        Job::VectorStream {
            // Which rows are read depends on the text; they are read as if they were neighbours.
            data: Extent { base: self.layout.embedding_base, stripes: pass.tokens * row },
            data_bytes: flat_bytes(self.workload.shape.embedding_format, elements),
            streamed_operations: elements * EMBED_OPERATIONS,
            further_operations: 0,
            macs: 0,
        }
    }
}

/// Whether a machine's array multiplies by matrices of that format.
fn runs_on_array(machine: Machine, format: WeightFormat) -> bool {
    match machine {
        Machine::Ternary => format == WeightFormat::Ternary,
        Machine::Fp16 => matches!(format, WeightFormat::F16 | WeightFormat::Bf16),
    }
}

/// Bytes of a layer's keys and values of one position (contract clause C-KV), FP16 on both machines.
fn cache_bytes_per_position(shape: &Shape) -> u64 {
    let form = contract::kv::KvForm::F16;
    2 * shape.num_key_value_heads * (form.vector_bytes(shape.head_dim) + form.scale_bytes())
}

/// Bytes of `elements` weights that are not cut into tiles.
fn flat_bytes(format: WeightFormat, elements: u64) -> u64 {
    match format {
        WeightFormat::F16 | WeightFormat::Bf16 => elements * 2,
        WeightFormat::Int8 => elements,
        WeightFormat::Ternary => elements.div_ceil(contract::packing::TRITS_PER_BYTE as u64),
    }
}

impl Layout {
    fn new(workload: &Workload, chip: &Chip) -> Layout {
        let (shape, stripe_bytes) = (workload.shape, chip.stripe_bytes());
        // Layers begin at the first bank of a row, so that all are alike to the DRAM.
        let sweep = chip.standard.banks() * chip.standard.columns;
        let mut layer_stripes = 0;
        for operator in workload.layer() {
            if let Work::Linear { n, k, format } = operator.work {
                layer_stripes += Tiling::new(chip, format, n, k).image_stripes(chip);
            }
        }
        let layer_stripes = layer_stripes.next_multiple_of(sweep);
        let (vocabulary, hidden) = (shape.vocab_size, shape.hidden_size);
        let head_stripes = if runs_on_array(workload.machine, workload.head_format) {
            Tiling::new(chip, workload.head_format, vocabulary, hidden).image_stripes(chip)
        } else {
            flat_bytes(workload.head_format, vocabulary * hidden).div_ceil(stripe_bytes)
        };
        let head = Extent { base: layer_stripes * shape.num_hidden_layers, stripes: head_stripes };
        let embedding_base = head.base + head.stripes;
        let embedding_row_stripes =
            flat_bytes(shape.embedding_format, shape.hidden_size).div_ceil(stripe_bytes);
        let cache_bytes = workload.batch * workload.positions() * cache_bytes_per_position(shape);
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
struct Footprint {
    /// One copy serves as embedding and as head, where both are on one chip.
    tied: bool,
    layers: u64,
    layer: u64,
    embedding: u64,
    head: u64,
}

impl Footprint {
    fn new(workload: &Workload, chip: &Chip, layout: &Layout) -> Footprint {
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
    fn total(&self, chips: u64) -> u64 {
        let tables =
            if self.tied && chips == 1 { self.embedding.max(self.head) } else { self.embedding + self.head };
        tables + self.layers * self.layer
    }

    /// Bytes of the largest of `chips` stages: the first holds the embedding, the last the head.
    fn largest_stage(&self, chips: u64) -> u64 {
        if chips == 1 {
            return self.total(1);
        }
        // Earlier stages hold a layer more where the layers do not divide evenly.
        let (fewest, most) = (self.layers / chips, self.layers.div_ceil(chips));
        (self.embedding + most * self.layer).max(self.head + fewest * self.layer)
    }
}

/// The pipeline stage that holds a layer: as even a split as there is, earlier stages taking the remainder.
fn stage_of(layer: u64, layers: u64, chips: u64) -> u64 {
    let (each, longer) = (layers / chips, layers % chips);
    let boundary = longer * (each + 1);
    if layer < boundary { layer / (each + 1) } else { longer + (layer - boundary) / each }
}

/// Tokens that share a pass, and what limits them.
fn tokens_per_pass(workload: &Workload, chip: &Chip) -> Result<(u64, String), Error> {
    let (shape, spec) = (workload.shape, &chip.spec);
    let longest_k = shape.intermediate_size.max(shape.hidden_size).max(shape.q_size());
    let widest = (2 * shape.intermediate_size).max(shape.q_size() + 2 * shape.kv_size());
    let srams = [
        // Each engine holds the activations of a pass, for the longest reduction.
        ("activation_sram_kb", spec.activation_sram_kb, longest_k * workload.machine.activation_bytes()),
        // A tile's results are taken out while the next tile's are made.
        ("result_sram_kb", spec.result_sram_kb, 2 * spec.columns * WORD_BYTES),
        // Residual stream and the widest intermediate.
        ("vector.sram_kb", spec.vector.sram_kb, (shape.hidden_size + widest) * WORD_BYTES),
    ];
    let mut most = spec.token_slots;
    let mut limit = format!("{most} token slots");
    for (sram, kb, bytes) in srams {
        let fit = kb * 1024 / bytes;
        if fit == 0 {
            return Err(Error::SramTooSmall {
                sram,
                chip: spec.name.clone(),
                machine: workload.machine.name(),
                model: shape.name.clone(),
                have_bytes: kb * 1024,
                need_bytes: bytes,
            });
        }
        if fit < most {
            most = fit;
            limit = format!("{fit} tokens of {bytes} bytes fit {sram} {kb}");
        }
    }
    if workload.tokens() <= most {
        let what = if workload.phase == Phase::Decode { "the batch" } else { "the prompt" };
        return Ok((
            workload.tokens(),
            format!("weights cross once: all tokens of {what} share a pass ({limit})"),
        ));
    }
    let passes = workload.tokens().div_ceil(most);
    Ok((most, format!("weights cross {passes} times: {limit}, and no SRAM holds a slice of the weights")))
}

/// Refuses a reduction that could overflow the accumulators.
fn check_reductions(workload: &Workload, chip: &Chip) -> Result<(), Error> {
    let max_k = contract::max_k(chip.spec.acc_bits);
    for operator in workload.layer().iter().chain(&workload.epilogue()) {
        if let Work::Linear { k, format: WeightFormat::Ternary, .. } = operator.work
            && k > max_k
        {
            return Err(Error::ReductionTooLong {
                operator: operator.name,
                model: workload.shape.name.clone(),
                k,
                acc_bits: chip.spec.acc_bits,
                max_k,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip;

    fn ternary<'a>(shape: &'a Shape, phase: Phase, batch: u64, length: u64) -> Workload<'a> {
        Workload::new(shape, Machine::Ternary, shape.head_format, phase, batch, length)
    }

    fn linear_images(mapping: &Mapping) -> u64 {
        let images = mapping.workload.layer().into_iter().filter_map(|operator| match operator.work {
            Work::Linear { n, k, format } => Some(Tiling::new(mapping.chip, format, n, k).image_bytes()),
            _ => None,
        });
        images.sum::<u64>() * mapping.workload.shape.num_hidden_layers
    }

    #[test]
    fn kv260_streams_the_bytes_that_the_board_was_measured_to() {
        // bitnet-kv260: a model stream of 417,546,240 bytes and a head stream of 65,667,072.
        let (shape, chip) = (model::preset("bitnet-2b-4t").unwrap(), chip::load("kv260").unwrap());
        let mut workload = ternary(&shape, Phase::Decode, 1, 512);
        workload.head_format = WeightFormat::Ternary;
        let mapping = Mapping::new(workload, &chip).unwrap();
        assert_eq!(linear_images(&mapping), 417_546_240);
        assert_eq!(mapping.layout.head.stripes * chip.stripe_bytes(), 65_667_072);
    }

    #[test]
    fn a_tile_is_padded_to_bytes_of_five_trits_and_to_whole_beats() {
        let chip = chip::load("datacenter").unwrap();
        // 128 lanes are 26 bytes a column; 64 columns of them are 26 beats of 64 bytes.
        let tiling = Tiling::new(&chip, WeightFormat::Ternary, 1000, 300);
        assert_eq!((tiling.tiles, tiling.steps, tiling.beats, tiling.beat_bytes), (16, 3, 26, 64));
        assert_eq!(tiling.image_bytes(), 16 * 3 * 1664);
        assert_eq!(tiling.rounds(10), [(10, 1), (6, 1)]);
        assert_eq!(tiling.rounds(16), [(16, 1), (0, 0)]);
        // In FP16 a step is 128 x 64 x 2 bytes.
        assert_eq!(Tiling::new(&chip, WeightFormat::F16, 1000, 300).beats, 256);
    }

    #[test]
    fn memory_holds_layers_head_embedding_and_cache_without_overlap() {
        let (shape, chip) = (model::preset("70b").unwrap(), chip::load("datacenter").unwrap());
        let mapping = Mapping::new(ternary(&shape, Phase::Decode, 3, 512), &chip).unwrap();
        let layout = &mapping.layout;
        assert_eq!(layout.head.base, 80 * layout.layer_stripes);
        assert_eq!(layout.embedding_base, layout.head.base + layout.head.stripes);
        // 16 KiB a row of the embedding, four stripes of 4 KiB; 4 KiB a position of a layer's cache, one stripe.
        // Regions begin at a sweep of 512 stripes.
        assert_eq!(layout.cache_base, (layout.embedding_base + 32_000 * 4).next_multiple_of(512));
        assert_eq!(layout.cache_stripes, (3_u64 * 513).next_multiple_of(512));
        let pass = mapping.pass(0);
        let steps = mapping.layer(&pass, 7);
        let written = steps.iter().find_map(|step| match step.job {
            Job::Write { data } => Some(data),
            _ => None,
        });
        // The first sequence's new position follows its 512 old ones.
        assert_eq!(written, Some(Extent { base: layout.cache_base + 7 * 2048 + 512, stripes: 3 }));
        let mut base = 7 * layout.layer_stripes;
        for step in steps {
            if let Job::Array { image, .. } = step.job {
                assert_eq!(image.base, base, "{}", step.operator);
                base += image.stripes;
            }
        }
        assert_eq!(base.next_multiple_of(512), 8 * layout.layer_stripes);
    }

    #[test]
    fn layers_are_split_over_as_few_chips_as_hold_them() {
        let (shape, chip) = (model::preset("70b").unwrap(), chip::load("datacenter").unwrap());
        let fp16 = Workload::new(&shape, Machine::Fp16, WeightFormat::F16, Phase::Decode, 1, 512);
        let mapping = Mapping::new(fp16, &chip).unwrap();
        assert_eq!(mapping.chips, 2);
        let pass = mapping.pass(0);
        let links: Vec<u64> = (0..80)
            .filter(|&layer| mapping.layer(&pass, layer).iter().any(|step| step.operator == "chip_link"))
            .collect();
        assert_eq!(links, [39]);
        assert_eq!(Mapping::new(ternary(&shape, Phase::Decode, 1, 512), &chip).unwrap().chips, 1);
        let stages: Vec<u64> = (0..10).map(|layer| stage_of(layer, 10, 4)).collect();
        assert_eq!(stages, [0, 0, 0, 1, 1, 1, 2, 2, 3, 3]);
    }

    #[test]
    fn the_smallest_sram_limits_the_tokens_of_a_pass() {
        let (shape, chip) = (model::preset("70b").unwrap(), chip::load("datacenter").unwrap());
        let fp16 = Workload::new(&shape, Machine::Fp16, WeightFormat::F16, Phase::Prefill, 1, 512);
        let mapping = Mapping::new(fp16, &chip).unwrap();
        // 1 MiB of activation SRAM holds 18 vectors of 28,672 halves.
        assert_eq!((mapping.tokens_per_pass, mapping.passes()), (18, 29));
        let mapping = Mapping::new(ternary(&shape, Phase::Prefill, 1, 512), &chip).unwrap();
        assert_eq!((mapping.tokens_per_pass, mapping.passes()), (32, 16));
    }

    #[test]
    fn what_cannot_be_held_is_refused_by_name() {
        let mut shape = model::preset("70b").unwrap();
        let chip = chip::load("kv260").unwrap();
        let mut small = chip.clone();
        small.spec.activation_sram_kb = 16;
        let error = Mapping::new(ternary(&shape, Phase::Decode, 1, 1), &small).unwrap_err().to_string();
        assert!(error.starts_with("activation_sram_kb of chip `kv260` holds 16384 bytes"), "{error}");
        let error =
            Mapping::new(ternary(&shape, Phase::Decode, 1 << 20, 1 << 20), &chip).unwrap_err().to_string();
        assert!(error.starts_with("chip `kv260` has 4294967296 bytes of DRAM"), "{error}");
        shape.intermediate_size = contract::max_k(24) + 1;
        let error = Mapping::new(ternary(&shape, Phase::Decode, 1, 1), &chip).unwrap_err().to_string();
        assert!(error.starts_with("`down_proj` of model `70b` sums 65536 products"), "{error}");
    }
}
