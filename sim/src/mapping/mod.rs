//! Mapping: where a workload's tensors lie and which unit of a chip does which operator, in which pieces. No time.

mod memory;
mod tiling;

use model::WeightFormat;

pub use self::memory::Extent;
pub(crate) use self::memory::linear_stripes;
use self::memory::{Footprint, Layout, flat_bytes, runs_on_array, stage_of};
pub use self::tiling::{Tiling, engine_sizes};
use crate::Error;
use crate::chip::Chip;
use crate::result::Phase;
use crate::workload::{EMBED_OPERATIONS, HALF_BYTES, Operator, Pass, Rows, Work, Workload};

/// Bytes of an accumulated result, of the residual stream and of the vector unit's operands.
pub(crate) const WORD_BYTES: u64 = 4;

/// What one unit does for one operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// The engines stream a matrix and multiply `tokens` activations by it.
    Array {
        /// How it is cut.
        tiling: Tiling,
        /// Where it lies.
        image: Extent,
        /// Tokens that it is multiplied by: more than `tokens_per_group` take each tile's weights from the engines' SRAM again.
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
        /// Of all these, FP16 multiply-accumulates: one operand streams in, the other comes from the unit's SRAM.
        macs: u64,
        /// Elements written to the unit's SRAM.
        results: u64,
        /// Passes after the stream that need a whole vector first.
        reductions: u64,
    },
    /// The vector unit works on data in its SRAM.
    Vector {
        /// Operations.
        operations: u64,
        /// Elements read.
        reads: u64,
        /// Elements written.
        writes: u64,
        /// Passes that need a whole vector first.
        reductions: u64,
    },
    /// Rows of data go to memory; nothing waits for them.
    Write {
        /// Where the first row goes.
        first: Extent,
        /// Rows.
        rows: u64,
        /// Stripes from one row to the next.
        stride: u64,
        /// Bytes of all rows, without what pads their last stripes.
        bytes: u64,
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
    /// Tokens of a pass that an engine multiplies a matrix by at a time.
    pub tokens_per_group: u64,
    /// Why not more of either.
    pub limit: String,
    /// Chips of the pipeline.
    pub chips: u64,
    /// Bytes resident in all of them.
    pub resident_bytes: u64,
    layout: Layout,
}

impl<'a> Mapping<'a> {
    /// Maps a workload onto as few chips as hold it.
    ///
    /// # Errors
    /// An SRAM too small for one token, a reduction too long for the accumulators, a layer too large for a chip.
    pub fn new(workload: Workload<'a>, chip: &'a Chip) -> Result<Mapping<'a>, Error> {
        check_reductions(&workload, chip)?;
        let Grouping { tokens_per_pass, tokens_per_group, mut limit } = Grouping::new(&workload, chip)?;
        if let Some(experts) = workload.shape.experts {
            let (some, all) = (experts.num_experts_per_tok, experts.num_local_experts);
            limit += &format!("; {some} of {all} experts a token, evenly chosen");
        }
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
            tokens_per_group,
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
            let rows = self.workload.rows(operator.rows, pass);
            let mut data = self.layout.head;
            if let Work::Linear { n, k, format } = operator.work
                && operator.rows != Rows::Logits
            {
                let stripes = linear_stripes(self.workload.machine, self.chip, format, n, k);
                data = Extent { base, stripes };
                base += stripes;
            }
            // An expert that no token was given to.
            if rows == 0 {
                continue;
            }
            let job = match operator.work {
                Work::Linear { n, k, format } if self.on_array(format) => {
                    Job::Array { tiling: Tiling::new(self.chip, format, n, k), image: data, tokens: rows }
                }
                Work::Linear { n, k, format } => {
                    let macs = n * k * rows;
                    Job::VectorStream {
                        data,
                        data_bytes: flat_bytes(format, n * k),
                        streamed_operations: macs,
                        further_operations: 0,
                        macs,
                        results: n * rows,
                        // The lanes' partial sums are added at the end.
                        reductions: 1,
                    }
                }
                Work::Attention => self.attention(pass, layer),
                Work::CacheWrite => self.cache_write(pass, layer),
                Work::Embedding => self.embedding(pass),
                Work::Elementwise { elements, operations, operands, reductions } => Job::Vector {
                    operations: rows * elements * operations,
                    reads: rows * elements * (operands + reductions),
                    writes: rows * elements,
                    reductions,
                },
            };
            steps.push(Step { operator: operator.name, job });
        }
        steps
    }

    fn on_array(&self, format: WeightFormat) -> bool {
        runs_on_array(self.workload.machine, format)
    }

    fn attention(&self, pass: &Pass, layer: u64) -> Job {
        let shape = self.workload.shape;
        // Q K^T and A V: a multiply-accumulate an element of every query head, twice; then the softmax, once a head.
        let macs = |pairs: u64| 2 * pairs * shape.q_size();
        let operations =
            |pairs: u64| macs(pairs) + pairs * shape.num_attention_heads * self.workload.score_operations();
        let bytes = pass.cached_positions * self.workload.cache_bytes_per_position();
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
            results: pass.tokens * shape.q_size(),
            // The sum of the exponentials.
            reductions: 1,
        }
    }

    fn cache_write(&self, pass: &Pass, layer: u64) -> Job {
        let workload = &self.workload;
        let position = workload.cache_bytes_per_position();
        let stripes = |bytes: u64| bytes.div_ceil(self.layout.stripe_bytes);
        // Where this pass's first token stands in its sequence, sequences lying one behind the other.
        let (sequence, done) = (pass.first_token / workload.new, pass.first_token % workload.new);
        let before = sequence * workload.positions() + workload.past + done;
        let base = self.cache_stripe(layer, before);
        let bytes = pass.tokens * position;
        if workload.new == 1 {
            // Every token belongs to another sequence.
            let first = Extent { base, stripes: stripes(position) };
            return Job::Write {
                first,
                rows: pass.tokens,
                stride: stripes(workload.positions() * position),
                bytes,
            };
        }
        Job::Write { first: Extent { base, stripes: stripes(bytes) }, rows: 1, stride: 0, bytes }
    }

    /// The stripe with a position of a layer's cache.
    fn cache_stripe(&self, layer: u64, position: u64) -> u64 {
        let layer_base = self.layout.cache_base + layer * self.layout.cache_stripes;
        layer_base + position * self.workload.cache_bytes_per_position() / self.layout.stripe_bytes
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
            results: elements,
            reductions: 0,
        }
    }
}

/// Which tokens go through the model together.
struct Grouping {
    tokens_per_pass: u64,
    tokens_per_group: u64,
    limit: String,
}

impl Grouping {
    fn new(workload: &Workload, chip: &Chip) -> Result<Grouping, Error> {
        let (shape, spec) = (workload.shape, &chip.spec);
        let format = workload.machine.linear_format();
        let longest_k = shape.intermediate_size.max(shape.hidden_size).max(shape.q_size());
        let widest = (2 * shape.intermediate_size).max(shape.q_size() + 2 * shape.kv_size());
        // Each engine holds the activations of a group, for the longest reduction, in words of its lanes.
        let engine = engine_sizes(chip, format);
        let word_bytes = engine.lanes * engine.activation_bytes;
        let activations = longest_k.div_ceil(engine.lanes) * word_bytes;
        // How many tokens an SRAM holds, and that in words.
        let fit = |sram: &'static str, have_bytes: u64, bytes: u64| match have_bytes / bytes {
            0 => Err(Error::SramTooSmall {
                sram,
                chip: spec.name.clone(),
                machine: workload.machine.name(),
                model: shape.name.clone(),
                have_bytes,
                need_bytes: bytes,
            }),
            fit => Ok((fit, format!("{fit} tokens of {bytes} bytes fit the {have_bytes} of {sram}"))),
        };
        let slots = (spec.token_slots, format!("{} token slots", spec.token_slots));
        let ring = fit("activation_sram_kb", engine.activation_words * word_bytes, activations)?;
        // A tile's results are taken out while the next tile's are made.
        let results = fit("result_sram_kb", spec.result_sram_kb * 1024, 2 * spec.columns * WORD_BYTES)?;
        // Residual stream and the widest intermediate.
        let vector_bytes = (shape.hidden_size + widest) * WORD_BYTES;
        let vector = fit("vector.sram_kb", spec.vector.sram_kb * 1024, vector_bytes)?;

        let fewer = |a: (u64, String), b: (u64, String)| if b.0 < a.0 { b } else { a };
        let group = [ring, results].into_iter().fold(slots, fewer);
        let slice = Tiling::new(chip, format, 1, longest_k).slice_bytes();
        let sram = spec.weight_sram_kb * 1024;
        let tokens = workload.tokens();
        let what = if workload.phase == Phase::Decode { "the batch" } else { "the prompt" };
        let is_held = sram >= slice && vector.0 > group.0 && tokens > group.0;
        let (most, why) = if is_held {
            let held =
                format!("a tile's slice of {slice} bytes is held for groups of {}: {}", group.0, group.1);
            (vector.0, format!("{}; {held}", vector.1))
        } else {
            fewer(group.clone(), vector)
        };
        let tokens_per_pass = most.min(tokens);
        let limit = if tokens <= most {
            format!("weights cross once: all tokens of {what} share a pass ({why})")
        } else if is_held {
            format!("weights cross {} times: {why}", tokens.div_ceil(most))
        } else {
            let held = match sram {
                0 => "no SRAM holds a slice of the weights".to_owned(),
                _ if sram < slice => format!("a slice of {slice} bytes exceeds the {sram} of weight_sram_kb"),
                _ => "the vector unit holds no more".to_owned(),
            };
            format!("weights cross {} times: {why}, and {held}", tokens.div_ceil(most))
        };
        Ok(Grouping { tokens_per_pass, tokens_per_group: group.0, limit })
    }
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
mod tests;
