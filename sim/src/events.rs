//! Events: what a mapping's jobs switch, read and write, counted for the energy accountings. Nothing here has a cost.
//!
//! The counts follow from the jobs' shapes alone, except DRAM commands and powered time, which the timing has.

use contract::ACTIVATION_BITS;
use contract::packing::TRITS_PER_BYTE;
use energy::Events;
use energy::events::{DramEvents, PaperOperations, SramEvents};

use crate::Error;
use crate::chip::ChipSpec;
use crate::engine::{Accesses, Job as EngineJob, Matrix, Sizes};
use crate::mapping::{Job, Mapping, Step, Tiling, WORD_BYTES, engine_sizes};
use crate::timing::Timing;
use crate::workload::{HALF_BYTES, Machine};

/// Bits of the FP16 machine's sums.
const FP32_BITS: u32 = 32;

/// Share of the weights that are zero, where no checkpoint says otherwise: three values, equally likely.
const ZERO_DENSITY: (u64, u64) = (1, 3);

/// Counts the events of a timed run.
///
/// # Errors
/// A count beyond 64 bits.
pub fn count(mapping: &Mapping, timing: &Timing) -> Result<Events, Error> {
    let chip = mapping.chip;
    let machine = mapping.workload.machine;
    let sizes = engine_sizes(chip, machine.linear_format());
    let group = mapping.tokens_per_group;
    let mut counter = Counter { spec: &chip.spec, sizes, group, machine, events: Events::default() };
    for index in 0..mapping.passes() {
        let pass = mapping.pass(index);
        let layers = mapping.workload.shape.num_hidden_layers;
        counter.steps(&mapping.prologue(&pass), 1);
        // Layers are alike but for the links between stages.
        let layer = mapping.layer(&pass, layers - 1);
        counter.steps(&layer, layers);
        counter.steps(&mapping.epilogue(&pass), 1);
        let link_bytes = mapping.link_bytes(&pass);
        counter.events.link_bytes += link_bytes;
        counter.vector_sram(link_bytes, 0);
    }
    let mut events = counter.events;
    events.paper = paper_operations(mapping)?;
    let channels = chip.spec.dram.channels;
    let commands = timing.channel * channels;
    events.dram = DramEvents {
        standard: chip.standard.name.clone(),
        read_bytes: commands.reads * chip.standard.burst_bytes,
        written_bytes: commands.writes * chip.standard.burst_bytes,
        activates: commands.activates,
        // Every chip refreshes while one of them works.
        refreshes: commands.refreshes * mapping.chips,
    };
    // A pipeline's stages are all powered while one of them works.
    events.powered_chip_seconds =
        mapping.chips as f64 * timing.cycles as f64 / (chip.spec.clock_mhz as f64 * 1e6);
    Ok(events)
}

struct Counter<'a> {
    spec: &'a ChipSpec,
    sizes: Sizes,
    /// Tokens that an engine multiplies a matrix by at a time.
    group: u64,
    machine: Machine,
    events: Events,
}

impl Counter<'_> {
    fn steps(&mut self, steps: &[Step], times: u64) {
        for step in steps {
            match step.job {
                Job::Array { tiling, tokens, .. } => self.matrix(&tiling, tokens, times),
                Job::VectorStream {
                    data_bytes,
                    streamed_operations,
                    further_operations,
                    macs,
                    results,
                    ..
                } => {
                    self.events.vector.fp16_macs += times * macs;
                    self.events.vector.fp32_ops += times * (streamed_operations + further_operations - macs);
                    self.fifo(times * data_bytes);
                    self.vector_sram(times * macs * HALF_BYTES, times * results * WORD_BYTES);
                }
                Job::Vector { operations, reads, writes, .. } => {
                    self.events.vector.fp32_ops += times * operations;
                    self.vector_sram(times * reads * WORD_BYTES, times * writes * WORD_BYTES);
                }
                Job::Write { bytes, .. } => self.vector_sram(times * bytes, 0),
                // Counted once a pass for all stages.
                Job::Link { .. } => {}
            }
        }
    }

    /// A bank of the vector unit's SRAM serves two lanes.
    fn vector_sram(&mut self, read: u64, written: u64) {
        let vector = &self.spec.vector;
        let banks = (vector.lanes / 2).clamp(1, vector.sram_kb);
        self.access("vector", vector.sram_kb * 1024 / banks, read, written);
    }

    /// A matrix, whose weights come from memory for the first group of tokens, and from the engines' SRAM for the others.
    fn matrix(&mut self, tiling: &Tiling, tokens: u64, times: u64) {
        if tokens <= self.group {
            return self.array(tiling, tokens, times, 1);
        }
        // A group's activations come again for each tile.
        let rounds = tiling.tiles.div_ceil(self.spec.engines);
        let (groups, rest) = (tokens / self.group, tokens % self.group);
        self.array(tiling, self.group, times * groups, rounds);
        if rest > 0 {
            self.array(tiling, rest, times, rounds);
        }
        let again = groups + u64::from(rest > 0) - 1;
        let image = times * tiling.image_bytes();
        self.access("weight", self.spec.weight_sram_kb * 1024, again * image, image);
    }

    /// A matrix and so many tokens, over all engines; what its jobs are does not matter, since tiles and steps add up. Activations
    /// come `sent` times.
    fn array(&mut self, tiling: &Tiling, tokens: u64, times: u64, sent: u64) {
        let (spec, sizes) = (self.spec, self.sizes);
        let products = tiling.n * tiling.k * tokens;
        let (sum_bits, nonzero) = match self.machine {
            Machine::Ternary => (self.spec.acc_bits, products - products / ZERO_DENSITY.1 * ZERO_DENSITY.0),
            // Sums are kept in FP32 across steps, as tensor cores do.
            Machine::Fp16 => (FP32_BITS, products),
        };
        let matrix = Some(Matrix { inputs: tiling.k, keep: false, address: 0 });
        let job = EngineJob { outputs: tiling.n, tokens, matrix, raw: true, maximum: false, scale: false };
        let engine = sizes.events(sum_bits, &job, false, nonzero);
        let sums = engine.issued * sizes.columns;
        let datapath = &mut self.events.datapath;
        match self.machine {
            Machine::Ternary => {
                datapath.lanes_active += times * engine.lanes_active;
                datapath.lanes_gated += times * engine.lanes_gated;
                datapath.register_bits += times * engine.lanes_active * u64::from(ACTIVATION_BITS);
                // Signs make an adder subtract, and cost no adder of their own.
                for (&bits, &adds) in &engine.adds {
                    *datapath.integer_adds.entry(bits).or_default() += times * adds;
                    datapath.register_bits += times * adds * u64::from(bits);
                }
                // A trit is two bits, in the loading register and in the held tile.
                let trits = sizes.columns * sizes.lanes.next_multiple_of(TRITS_PER_BYTE as u64);
                datapath.register_bits += times * engine.tiles * trits * 2 * 2;
                datapath.bytes_decoded += times * engine.weight_fifo.reads * sizes.stream_bits / 8;
            }
            Machine::Fp16 => {
                // A padded lane multiplies zeros, which toggle nothing.
                datapath.fp16_multiplies += times * products;
                datapath.fp16_adds += times * sums * (sizes.lanes - 1);
                datapath.fp32_adds += times * sums;
                datapath.register_bits +=
                    times * (products * 16 + sums * ((sizes.lanes - 1) * 16 + u64::from(FP32_BITS)));
                datapath.register_bits += times * engine.tiles * sizes.columns * sizes.lanes * 16 * 2;
            }
        }
        let bytes = |rows: u64, accesses: Accesses| times * rows * accesses.bits / 8;
        // Every engine holds a copy of the activations and reads it for each of its tiles.
        let ring = engine.activation_ring;
        let (read, written) = (bytes(ring.reads, ring), sent * spec.engines * bytes(ring.writes, ring));
        self.access("activation", spec.activation_sram_kb * 1024, read, written);
        let results = engine.result_buffer;
        let (read, written) = (bytes(results.reads, results), bytes(results.writes, results));
        self.access("result", spec.result_sram_kb * 1024, read, written);
        self.fifo(bytes(engine.weight_fifo.reads, engine.weight_fifo));
    }

    /// Bytes that go into the stream's FIFO and out again.
    fn fifo(&mut self, bytes: u64) {
        self.access("stream_fifo", self.spec.stream_fifo_beats * self.spec.stream_bits / 8, bytes, bytes);
    }

    fn access(&mut self, buffer: &'static str, macro_bytes: u64, read: u64, written: u64) {
        let events =
            self.events.sram.entry(buffer).or_insert(SramEvents { macro_bytes, ..SramEvents::default() });
        events.read_bytes += read;
        events.written_bytes += written;
    }
}

/// The paper's convention: linears and full attention, whatever machine and mapping.
fn paper_operations(mapping: &Mapping) -> Result<PaperOperations, Error> {
    let workload = &mapping.workload;
    let energy = |error: energy::EnergyError| Error::Energy(error.to_string());
    let mut layer =
        PaperOperations::fp16_attention(workload.new, workload.positions(), workload.shape.q_size())
            .and_then(|sequence| sequence.times(workload.batch))
            .map_err(energy)?;
    for (n, k) in workload.layer_linears() {
        let linear = match workload.machine {
            Machine::Ternary => PaperOperations::ternary_linear(workload.tokens(), k, n),
            Machine::Fp16 => PaperOperations::fp16_linear(workload.tokens(), k, n),
        };
        layer = linear.and_then(|linear| layer.plus(&linear)).map_err(energy)?;
    }
    if let Some(experts) = workload.shape.experts {
        let (hidden, experts) = (workload.shape.hidden_size, experts.num_local_experts);
        let router = PaperOperations::fp16_linear(workload.tokens(), hidden, experts);
        layer = router.and_then(|router| layer.plus(&router)).map_err(energy)?;
    }
    layer.times(workload.shape.num_hidden_layers).map_err(energy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_matrix_worked_by_hand() {
        let mut chip = crate::chip::load("edge").unwrap();
        (chip.spec.lanes, chip.spec.columns) = (4, 2);
        // 3 x 6 in tiles of 2 columns and steps of 4 lanes, which take a byte: 2 tiles of 2 steps, for 2 tokens.
        let tiling = Tiling { n: 3, k: 6, columns: 2, tiles: 2, steps: 2, beats: 1, beat_bytes: 64 };
        let count = |machine: Machine| {
            let sizes = engine_sizes(&chip, machine.linear_format());
            let mut counter =
                Counter { spec: &chip.spec, sizes, group: 2, machine, events: Events::default() };
            counter.matrix(&tiling, 2, 1);
            counter.events
        };
        let ternary = count(Machine::Ternary);
        let datapath = &ternary.datapath;
        assert_eq!((datapath.lanes_active, datapath.lanes_gated), (24, 16 * 5 - 24));
        assert_eq!(datapath.integer_adds, [(9, 32), (10, 16), (11, 16), (24, 16)].into());
        // Lanes, tree, accumulators; 40 trits of 2 bits, stored twice.
        assert_eq!(datapath.register_bits, 24 * 8 + (32 * 9 + 16 * (10 + 11)) + 16 * 24 + 4 * 10 * 2 * 2);
        assert_eq!(datapath.bytes_decoded, 4 * 64);
        let sram = |name| (ternary.sram[name].read_bytes, ternary.sram[name].written_bytes);
        // Words of 4 lanes, and rows of 2 sums of 24 bits.
        assert_eq!(sram("activation"), (4 * 2 * 4, 2 * 2 * 4));
        assert_eq!(sram("result"), (4 * 2 * 3, 4 * 2 * 3));
        assert_eq!(sram("stream_fifo"), (256, 256));
        let fp16 = count(Machine::Fp16).datapath;
        assert_eq!((fp16.fp16_multiplies, fp16.fp16_adds, fp16.fp32_adds), (36, 16 * 3, 16));
        assert_eq!(fp16.register_bits, 36 * 16 + 16 * (3 * 16 + 32) + 4 * 8 * 16 * 2);
    }

    #[test]
    fn weights_that_are_held_are_read_again_and_activations_come_again() {
        let mut chip = crate::chip::load("edge").unwrap();
        (chip.spec.lanes, chip.spec.columns, chip.spec.weight_sram_kb) = (4, 2, 1);
        let tiling = Tiling { n: 3, k: 6, columns: 2, tiles: 2, steps: 2, beats: 1, beat_bytes: 64 };
        let sizes = engine_sizes(&chip, model::WeightFormat::Ternary);
        let count = |group| {
            let machine = Machine::Ternary;
            let mut counter = Counter { spec: &chip.spec, sizes, group, machine, events: Events::default() };
            counter.matrix(&tiling, 5, 1);
            counter.events
        };
        // Groups of 2, 2 and 1 tokens for each of two tiles of two steps of a beat.
        let (whole, groups) = (count(5), count(2));
        let sram = |events: &Events, name| (events.sram[name].read_bytes, events.sram[name].written_bytes);
        let image = 2 * 2 * 64;
        assert_eq!(sram(&groups, "weight"), (2 * image, image));
        assert_eq!(sram(&groups, "stream_fifo"), (3 * image, 3 * image));
        assert_eq!((sram(&whole, "activation").1, sram(&groups, "activation").1), (5 * 2 * 4, 2 * 5 * 2 * 4));
        assert_eq!(sram(&whole, "activation").0, sram(&groups, "activation").0);
        assert_eq!(sram(&whole, "result"), sram(&groups, "result"));
        assert_eq!(whole.datapath.integer_adds, groups.datapath.integer_adds);
        assert!(!whole.sram.contains_key("weight"));
    }
}
