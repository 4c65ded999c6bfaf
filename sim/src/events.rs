//! Events: what a mapping's jobs switch, read and write, counted for the energy accountings. Nothing here has a cost.
//!
//! The counts follow from the jobs' shapes alone, except DRAM commands, cycles that counters count, and powered time, which the timing has.

use contract::ACTIVATION_BITS;
use energy::Events;
use energy::events::{DatapathEvents, DramEvents, PaperOperations, SramEvents};

use crate::Error;
use crate::chip::{Chip, ChipSpec};
use crate::control::{self, Occurrences, Part};
use crate::engine::{Accesses, EngineEvents, Job as EngineJob, Matrix, Sizes, binary_adders};
use crate::mapping::{Job, Mapping, Step, Tiling, WORD_BYTES, engine_sizes};
use crate::registers::{self, Registers};
use crate::timing::Timing;
use crate::workload::{HALF_BYTES, Machine};

/// Bits of the sums of arrays that multiply: FP32 or INT32.
const MULTIPLIED_SUM_BITS: u32 = 32;

/// A share of a whole, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    part: u64,
    whole: u64,
}

impl Share {
    /// Of the weights, those that are zero, where no checkpoint says otherwise: three values, equally likely.
    pub const THIRD: Share = Share { part: 1, whole: 3 };

    /// `part` of `whole`; `None` unless it is between none and all of something.
    pub fn new(part: u64, whole: u64) -> Option<Share> {
        (whole > 0 && part <= whole).then_some(Share { part, whole })
    }

    /// That share of a count, rounded down.
    fn of(self, count: u64) -> u64 {
        // The part is no more than the whole, so the result is no more than the count.
        u64::try_from(u128::from(count) * u128::from(self.part) / u128::from(self.whole)).unwrap_or(count)
    }
}

/// Counts the events of a timed run, of whose weights `zeros` are zero.
///
/// # Errors
/// A count beyond 64 bits.
pub fn count(mapping: &Mapping, timing: &Timing, zeros: Share) -> Result<Events, Error> {
    let chip = mapping.chip;
    let machine = mapping.workload.machine;
    let sizes = engine_sizes(chip, machine.linear_format());
    let group = mapping.tokens_per_group;
    let mut counter = Counter {
        spec: &chip.spec,
        sizes,
        group,
        machine,
        zeros,
        events: Events::default(),
        occurrences: Occurrences::default(),
    };
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
    let (mut events, occurrences) = (counter.events, counter.occurrences);
    around_the_arrays(
        &mut events.datapath,
        machine,
        &sizes,
        &occurrences.with_cycles(&timing.engine, chip.spec.engines),
    )?;
    let flip_flops = mapping.chips * chip.spec.engines * registers::flip_flops(machine, &chip.spec, &sizes);
    events.datapath.idle_register_bits = idle_register_bits(flip_flops, timing.cycles, &events.datapath)?;
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
    zeros: Share,
    events: Events,
    /// In all engines.
    occurrences: Occurrences,
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
            self.jobs(tiling, tokens, times);
            return self.array(tiling, tokens, times, 1);
        }
        // A group's activations come again for each tile.
        let rounds = tiling.tiles.div_ceil(self.spec.engines);
        let (groups, rest) = (tokens / self.group, tokens % self.group);
        self.array(tiling, self.group, times * groups, rounds);
        self.tile_jobs(tiling, self.group, times * groups);
        if rest > 0 {
            self.array(tiling, rest, times, rounds);
            self.tile_jobs(tiling, rest, times);
        }
        let again = groups + u64::from(rest > 0) - 1;
        let image = times * tiling.image_bytes();
        self.access("weight", self.spec.weight_sram_kb * 1024, again * image, image);
    }

    /// A job in every engine that has a tile.
    fn jobs(&mut self, tiling: &Tiling, tokens: u64, times: u64) {
        let engines = self.spec.engines;
        let [(_, rounds), (more, _)] = tiling.rounds(engines);
        let missing = tiling.tiles * tiling.columns - tiling.n;
        // Those with a tile of the last round, and the others; the last tile may not be whole.
        for (tiles, of) in [(rounds + 1, more), (rounds, engines - more)] {
            let has_last = of > 0 && tiles == tiling.tiles.div_ceil(engines);
            let whole = if has_last { of - 1 } else { of };
            if tiles > 0 {
                self.job(tiling, tiles * tiling.columns, tokens, times * whole);
            }
            if has_last {
                self.job(tiling, tiles * tiling.columns - missing, tokens, times);
            }
        }
    }

    /// A job for each tile.
    fn tile_jobs(&mut self, tiling: &Tiling, tokens: u64, times: u64) {
        let missing = tiling.tiles * tiling.columns - tiling.n;
        self.job(tiling, tiling.columns, tokens, times * (tiling.tiles - 1));
        self.job(tiling, tiling.columns - missing, tokens, times);
    }

    fn job(&mut self, tiling: &Tiling, outputs: u64, tokens: u64, times: u64) {
        let occurrences = Occurrences::of(&self.sizes, &engine_job(outputs, tiling.k, tokens), false);
        self.occurrences = self.occurrences.plus(&occurrences, times);
    }

    /// A matrix and so many tokens, over all engines. Activations come `sent` times.
    fn array(&mut self, tiling: &Tiling, tokens: u64, times: u64, sent: u64) {
        let spec = self.spec;
        let engine = engine_events(spec, &self.sizes, self.machine, self.zeros, tiling, tokens);
        let one = datapath(spec, self.machine, tiling, &engine, times);
        self.events += &Events { datapath: one, ..Events::default() };
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

/// What the engines of a machine do for a matrix and some tokens, a token a cycle, as if they were one.
pub(crate) fn of_matrix(
    chip: &Chip,
    machine: Machine,
    zeros: Share,
    tiling: &Tiling,
    tokens: u64,
) -> Result<DatapathEvents, Error> {
    let sizes = engine_sizes(chip, machine.linear_format());
    let engine = engine_events(&chip.spec, &sizes, machine, zeros, tiling, tokens);
    let mut events = datapath(&chip.spec, machine, tiling, &engine, 1);
    let mut occurrences = Occurrences::of(&sizes, &engine_job(tiling.n, tiling.k, tokens), false);
    occurrences.busy = occurrences.tokens;
    around_the_arrays(&mut events, machine, &sizes, &occurrences)?;
    Ok(events)
}

/// Adds what the engines do around their arrays; those of the baselines have no requantiser.
fn around_the_arrays(
    events: &mut DatapathEvents,
    machine: Machine,
    sizes: &Sizes,
    occurrences: &Occurrences,
) -> Result<(), Error> {
    events.control = control::switched(Part::Control, sizes, occurrences)?;
    if machine == Machine::Ternary {
        events.requantizer = control::switched(Part::Requantizer, sizes, occurrences)?;
    }
    Ok(())
}

/// Bits of so many flip-flops in all cycles, less those that something clocked.
fn idle_register_bits(flip_flops: u64, cycles: u64, clocked: &DatapathEvents) -> Result<u64, Error> {
    let clocked = [clocked.register_bits, clocked.control.register_bits, clocked.requantizer.register_bits];
    let clocked: u128 = clocked.into_iter().map(u128::from).sum();
    let idle = (u128::from(flip_flops) * u128::from(cycles)).saturating_sub(clocked);
    u64::try_from(idle).map_err(|_| Error::Energy("more than 2^64 bits are clocked".to_owned()))
}

/// A matrix job as the models' are.
fn engine_job(outputs: u64, inputs: u64, tokens: u64) -> EngineJob {
    let matrix = Some(Matrix { inputs, keep: false, address: 0 });
    EngineJob { outputs, tokens, matrix, raw: true, maximum: false, scale: false }
}

/// What the engines of a machine do for a matrix and some tokens; what their jobs are does not matter, since tiles and steps add up.
fn engine_events(
    spec: &ChipSpec,
    sizes: &Sizes,
    machine: Machine,
    zeros: Share,
    tiling: &Tiling,
    tokens: u64,
) -> EngineEvents {
    let products = tiling.n * tiling.k * tokens;
    let (sum_bits, nonzero) = match machine {
        Machine::Ternary => (spec.acc_bits, products - zeros.of(products)),
        Machine::Fp16 | Machine::Bf16 | Machine::W8a8 | Machine::W4a16 => (MULTIPLIED_SUM_BITS, products),
    };
    sizes.events(sum_bits, &engine_job(tiling.n, tiling.k, tokens), false, nonzero)
}

/// What the arrays of a machine do for that, `times` over; padded lanes and columns are built and clocked.
fn datapath(
    spec: &ChipSpec,
    machine: Machine,
    tiling: &Tiling,
    engine: &EngineEvents,
    times: u64,
) -> DatapathEvents {
    let (lanes, columns) = (spec.lanes, spec.columns);
    let registers = Registers::of(machine, spec);
    let mut datapath = DatapathEvents::default();
    let (token_steps, tile_steps) = (times * engine.issued, times * engine.tiles);
    let column_cycles = token_steps * columns;
    // A token meets each step of each tile once.
    let tokens = engine.issued / engine.tiles.max(1);
    let weights = times * tiling.n * tiling.k;
    let products = weights * tokens;
    let results = times * engine.result_buffer.writes * columns;
    let stream_bytes = times * engine.weight_fifo.reads * tiling.beat_bytes;
    // A slot is written with every token of a step, and read into a register that is counted with the column.
    datapath.register_bits = token_steps * registers.shared
        + column_cycles * (registers.column + registers.result)
        + results * registers.result
        + tile_steps
            * columns
            * registers::tile_lanes(machine, lanes)
            * (registers.loaded_weight + registers.held_weight)
        + stream_bytes * registers.stream_byte;
    // Of a multiplying array, a padded lane multiplies zeros, which toggle nothing. Sums are kept in FP32 across steps, as tensor cores do.
    let tree_adds = column_cycles * (lanes - 1);
    match machine {
        Machine::Ternary => {
            datapath.lanes_active = times * engine.lanes_active;
            datapath.lanes_gated = times * engine.lanes_gated;
            datapath.register_bits += datapath.lanes_active * registers.lane;
            // Signs make an adder subtract, and cost no adder of their own.
            datapath.integer_adds = engine.adds.iter().map(|(&bits, adds)| (bits, times * adds)).collect();
            datapath.bytes_decoded = stream_bytes;
        }
        Machine::Fp16 | Machine::W4a16 => {
            datapath.fp16_multiplies = products;
            datapath.fp16_adds = tree_adds;
            datapath.fp32_adds = column_cycles;
            datapath.register_bits += products * registers.lane;
            if machine == Machine::W4a16 {
                // Each weight is scaled to FP16 once a pass.
                datapath.fp16_multiplies += weights;
            }
        }
        Machine::Bf16 => {
            datapath.bf16_multiplies = products;
            datapath.bf16_adds = tree_adds;
            datapath.fp32_adds = column_cycles;
            datapath.register_bits += products * registers.lane;
        }
        Machine::W8a8 => {
            datapath.int8_multiplies = products;
            datapath.register_bits += products * registers.lane;
            for (adders, bits) in binary_adders(lanes, 2 * ACTIVATION_BITS) {
                add(&mut datapath, bits, column_cycles * adders);
            }
            add(&mut datapath, MULTIPLIED_SUM_BITS, column_cycles);
            // A result is scaled by its channel and its token where it leaves.
            datapath.fp32_multiplies = times * tiling.n * tokens;
        }
    }
    datapath
}

/// `adds` additions of that width.
fn add(datapath: &mut DatapathEvents, bits: u32, adds: u64) {
    *datapath.integer_adds.entry(bits).or_default() += adds;
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
            // The paper knows one machine with multipliers.
            Machine::Fp16 | Machine::Bf16 | Machine::W8a8 | Machine::W4a16 => {
                PaperOperations::fp16_linear(workload.tokens(), k, n)
            }
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
            let mut counter = Counter {
                spec: &chip.spec,
                sizes,
                group: 2,
                machine,
                zeros: Share::THIRD,
                events: Events::default(),
                occurrences: Occurrences::default(),
            };
            counter.matrix(&tiling, 2, 1);
            counter.events
        };
        let ternary = count(Machine::Ternary);
        let datapath = &ternary.datapath;
        assert_eq!((datapath.lanes_active, datapath.lanes_gated), (24, 16 * 5 - 24));
        assert_eq!(datapath.integer_adds, [(9, 32), (10, 16), (11, 16), (24, 16)].into());
        // Once an engine for 8 token steps: 4 activations for two cycles, a late one for two, and what accompanies them: 8 stages of
        // valid, first, last and 3 bits of a slot.
        let shared = 8 * (2 * 4 * 8 + 2 * 8 + 8 * 6);
        // 16 column steps: a byte's sums of 9, 9, 10 and 11, its signs (11) and zero trits (2), the slot read and written.
        let columns = 16 * (9 + 9 + 10 + 11 + 11 + 2 + 24 + 24);
        // 2 tiles' results of 2 columns for 2 tokens; 40 trits of 2 bits, stored twice; 4 beats of 64 bytes.
        let weights = 4 * 10 * 2 * 2 + 4 * 64 * 27;
        assert_eq!(datapath.register_bits, 24 * 8 + shared + columns + 8 * 24 + weights);
        assert_eq!(datapath.bytes_decoded, 4 * 64);
        let sram = |name| (ternary.sram[name].read_bytes, ternary.sram[name].written_bytes);
        // Words of 4 lanes, and rows of 2 sums of 24 bits.
        assert_eq!(sram("activation"), (4 * 2 * 4, 2 * 2 * 4));
        assert_eq!(sram("result"), (4 * 2 * 3, 4 * 2 * 3));
        assert_eq!(sram("stream_fifo"), (256, 256));
        let fp16 = count(Machine::Fp16).datapath;
        assert_eq!((fp16.fp16_multiplies, fp16.fp16_adds, fp16.fp32_adds), (36, 16 * 3, 16));
        let shared = 8 * (2 * 4 * 16 + 8 * 6);
        let columns = 16 * (3 * 16 + 32 + 32);
        assert_eq!(fp16.register_bits, 36 * 16 + shared + columns + 8 * 32 + 4 * 8 * 16 * 2 + 4 * 64 * 16);
    }

    #[test]
    fn registers_that_nothing_clocks_are_idle() {
        let switched = |register_bits| energy::events::Switched { register_bits, adder_bits: 1000 };
        let clocked = DatapathEvents {
            register_bits: 30,
            control: switched(5),
            requantizer: switched(1),
            ..DatapathEvents::default()
        };
        assert_eq!(idle_register_bits(10, 7, &clocked).unwrap(), 70 - 36);
        assert_eq!(idle_register_bits(10, 3, &clocked).unwrap(), 0);
        assert!(idle_register_bits(u64::MAX, 3, &clocked).is_err());
    }

    #[test]
    fn engines_share_the_tiles_of_a_matrix() {
        let mut chip = crate::chip::load("edge").unwrap();
        (chip.spec.lanes, chip.spec.columns, chip.spec.engines, chip.spec.result_lanes) = (5, 2, 3, 1);
        let sizes = engine_sizes(&chip, model::WeightFormat::Ternary);
        let mut counter = Counter {
            spec: &chip.spec,
            sizes,
            group: 4,
            machine: Machine::Ternary,
            zeros: Share::THIRD,
            events: Events::default(),
            occurrences: Occurrences::default(),
        };
        // Seven outputs are four tiles: the first engine takes the first and the last, which has one output; the others take one each.
        let tiling = Tiling { n: 7, k: 5, columns: 2, tiles: 4, steps: 1, beats: 1, beat_bytes: 64 };
        counter.matrix(&tiling, 4, 10);
        let of =
            |o: &Occurrences| [o.jobs, o.tiles, o.tokens, o.results, o.activation_words, o.beats, o.bursts];
        // Three copies of four tokens' word; seven outputs of four tokens, one a beat.
        assert_eq!(of(&counter.occurrences), [3, 4, 16, 16, 12, 28, 3].map(|count| 10 * count));
        // Six tokens in groups of four are a job for each tile and group.
        counter.occurrences = Occurrences::default();
        counter.matrix(&tiling, 6, 1);
        assert_eq!(of(&counter.occurrences), [8, 8, 24, 24, 24, 42, 8]);
    }

    #[test]
    fn other_baselines_worked_by_hand() {
        let mut chip = crate::chip::load("edge").unwrap();
        (chip.spec.lanes, chip.spec.columns) = (4, 2);
        let tiling = Tiling { n: 3, k: 6, columns: 2, tiles: 2, steps: 2, beats: 1, beat_bytes: 64 };
        let count = |machine| of_matrix(&chip, machine, Share::THIRD, &tiling, 2).unwrap();
        // 36 products, 16 sums of 4 lanes, as above.
        let bf16 = count(Machine::Bf16);
        assert_eq!((bf16.bf16_multiplies, bf16.bf16_adds, bf16.fp32_adds), (36, 48, 16));
        assert_eq!((bf16.fp16_multiplies, bf16.register_bits), (0, count(Machine::Fp16).register_bits));
        // Two sums of 17 bits and one of 18 from products of 16; 32-bit accumulators; 6 results scaled.
        let w8a8 = count(Machine::W8a8);
        assert_eq!((w8a8.int8_multiplies, w8a8.fp32_multiplies), (36, 6));
        assert_eq!(w8a8.integer_adds, [(17, 32), (18, 16), (32, 16)].into());
        // 18 weights scaled once, whatever the tokens.
        let w4a16 = count(Machine::W4a16);
        assert_eq!((w4a16.fp16_multiplies, w4a16.fp16_adds), (36 + 18, 48));
        // The tile that is loaded has 4 bits a weight, of 4 steps of 2 columns of 4 lanes.
        assert_eq!(count(Machine::Fp16).register_bits - w4a16.register_bits, 4 * 8 * 12);
    }

    #[test]
    fn a_share_of_zeros_gates_as_many_lanes() {
        let chip = crate::chip::load("edge").unwrap();
        let tiling = Tiling { n: 16, k: 128, columns: 16, tiles: 1, steps: 1, beats: 1, beat_bytes: 64 };
        let active = |part, whole| {
            let zeros = Share::new(part, whole).unwrap();
            of_matrix(&chip, Machine::Ternary, zeros, &tiling, 1).unwrap().lanes_active
        };
        assert_eq!([active(0, 1), active(1, 2), active(1, 1)], [2048, 1024, 0]);
        assert_eq!((Share::new(2, 1), Share::new(0, 0)), (None, None));
    }

    #[test]
    fn weights_that_are_held_are_read_again_and_activations_come_again() {
        let mut chip = crate::chip::load("edge").unwrap();
        (chip.spec.lanes, chip.spec.columns, chip.spec.weight_sram_kb) = (4, 2, 1);
        let tiling = Tiling { n: 3, k: 6, columns: 2, tiles: 2, steps: 2, beats: 1, beat_bytes: 64 };
        let sizes = engine_sizes(&chip, model::WeightFormat::Ternary);
        let count = |group| {
            let machine = Machine::Ternary;
            let mut counter = Counter {
                spec: &chip.spec,
                sizes,
                group,
                machine,
                zeros: Share::THIRD,
                events: Events::default(),
                occurrences: Occurrences::default(),
            };
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
