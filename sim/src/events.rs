//! Events: what a mapping's jobs switch, read and write, counted for the energy accountings. Nothing here has a cost.
//!
//! The counts follow from the jobs' shapes alone, except DRAM commands and powered time, which the timing has.

use contract::ACTIVATION_BITS;
use contract::latency::BYTE_LEVELS;
use energy::Events;
use energy::events::{DatapathEvents, DramEvents, PaperOperations, SramEvents};

use crate::Error;
use crate::chip::ChipSpec;
use crate::mapping::{Job, Mapping, Step, Tiling, WORD_BYTES};
use crate::registers::{Operands, Registers};
use crate::timing::Timing;
use crate::workload::{HALF_BYTES, Machine};

/// Lanes of a byte of weights.
const BYTE_LANES: u64 = contract::packing::TRITS_PER_BYTE as u64;

/// Share of the weights that are zero, where no checkpoint says otherwise: three values, equally likely.
const ZERO_DENSITY: (u64, u64) = (1, 3);

/// Counts the events of a timed run.
///
/// # Errors
/// A count beyond 64 bits.
pub fn count(mapping: &Mapping, timing: &Timing) -> Result<Events, Error> {
    let chip = mapping.chip;
    let mut counter =
        Counter { spec: &chip.spec, machine: mapping.workload.machine, events: Events::default() };
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
    machine: Machine,
    events: Events,
}

impl Counter<'_> {
    fn steps(&mut self, steps: &[Step], times: u64) {
        for step in steps {
            match step.job {
                Job::Array { tiling, tokens, .. } => self.array(&tiling, tokens, times),
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

    fn array(&mut self, tiling: &Tiling, tokens: u64, times: u64) {
        let spec = self.spec;
        let (lanes, columns) = (spec.lanes, spec.columns);
        // Tiles' steps, and those times the tokens that each serves.
        let tile_steps = times * tiling.tiles * tiling.steps;
        let column_cycles = tile_steps * tokens * columns;
        let products = times * tiling.n * tiling.k * tokens;
        let datapath = &mut self.events.datapath;
        let registers = match self.machine {
            Machine::Ternary => Registers::ternary(spec),
            Machine::Fp16 => Registers::multiplying(spec, &Operands::HALF),
        };
        datapath.register_bits += tile_steps * tokens * registers.shared + column_cycles * registers.column;
        // A slot is written with every token of a step, and read into a register that is counted with the column.
        datapath.register_bits += column_cycles * registers.result;
        datapath.register_bits += times * tiling.tiles * columns * tokens * registers.result;
        datapath.register_bits +=
            tile_steps * columns * tile_lanes(self.machine, lanes) * 2 * registers.weight;
        datapath.register_bits += tile_steps * tiling.beats * tiling.beat_bytes * registers.stream_byte;
        match self.machine {
            Machine::Ternary => {
                let active = products - products / ZERO_DENSITY.1 * ZERO_DENSITY.0;
                datapath.lanes_active += active;
                datapath.lanes_gated += column_cycles * lanes - active;
                datapath.register_bits += active * registers.lane;
                // Signs make an adder subtract, and cost no adder of their own.
                for (adders, bits) in column_adders(lanes) {
                    add(datapath, bits, column_cycles * adders);
                }
                add(datapath, spec.acc_bits, column_cycles);
                datapath.bytes_decoded += tile_steps * tiling.beats * tiling.beat_bytes;
            }
            Machine::Fp16 => {
                // A padded lane multiplies zeros, which toggle nothing.
                datapath.fp16_multiplies += products;
                datapath.fp16_adds += column_cycles * (lanes - 1);
                // Sums are kept in FP32 across steps, as tensor cores do.
                datapath.fp32_adds += column_cycles;
                datapath.register_bits += products * registers.lane;
            }
        }
        let activation_bytes = self.machine.activation_bytes();
        // Every engine holds a copy of the activations and reads it for each of its tiles.
        let written = times * tokens * tiling.k * activation_bytes * spec.engines;
        let read = tile_steps * tokens * lanes * activation_bytes;
        self.access("activation", spec.activation_sram_kb * 1024, read, written);
        let results = times * tokens * tiling.n * WORD_BYTES;
        self.access("result", spec.result_sram_kb * 1024, results, results);
        self.fifo(times * tiling.image_bytes());
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

/// `adds` additions of that width.
fn add(datapath: &mut DatapathEvents, bits: u32, adds: u64) {
    *datapath.integer_adds.entry(bits).or_default() += adds;
}

/// Weights of a column's step as a tile holds them: trits in whole bytes.
fn tile_lanes(machine: Machine, lanes: u64) -> u64 {
    match machine {
        Machine::Ternary => lanes.next_multiple_of(BYTE_LANES),
        Machine::Fp16 => lanes,
    }
}

/// Adders of a ternary column, and the width of their sums: those of each byte's five lanes (C-LANE-4), and a binary tree
/// over the bytes. An operand without a partner passes through.
fn column_adders(lanes: u64) -> Vec<(u64, u32)> {
    let mut operands = lanes.div_ceil(BYTE_LANES);
    let mut bits = ACTIVATION_BITS + BYTE_LEVELS;
    let mut adders = vec![(2 * operands, bits - 2), (operands, bits - 1), (operands, bits)];
    while operands > 1 {
        bits += 1;
        adders.push((operands / 2, bits));
        operands = operands.div_ceil(2);
    }
    adders
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
    layer.times(workload.shape.num_hidden_layers).map_err(energy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_matrix_worked_by_hand() {
        let mut spec = crate::chip::load("edge").unwrap().spec;
        (spec.lanes, spec.columns) = (4, 2);
        // 3 x 6 in tiles of 2 columns and steps of 4 lanes, which take a byte: 2 tiles of 2 steps, for 2 tokens.
        let tiling = Tiling { n: 3, k: 6, columns: 2, tiles: 2, steps: 2, beats: 1, beat_bytes: 64 };
        let count = |machine| {
            let mut counter = Counter { spec: &spec, machine, events: Events::default() };
            counter.array(&tiling, 2, 1);
            counter.events
        };
        // 4 steps x 2 tokens x 2 columns are 16 sums of 4 lanes; 36 of the 64 products are not padding.
        let ternary = count(Machine::Ternary);
        let datapath = &ternary.datapath;
        assert_eq!((datapath.lanes_active, datapath.lanes_gated), (24, 40));
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
        assert_eq!(sram("activation"), (4 * 2 * 4, 2 * 6));
        assert_eq!(sram("result"), (2 * 3 * 4, 2 * 3 * 4));
        assert_eq!(sram("stream_fifo"), (256, 256));
        let fp16 = count(Machine::Fp16).datapath;
        assert_eq!((fp16.fp16_multiplies, fp16.fp16_adds, fp16.fp32_adds), (36, 16 * 3, 16));
        let shared = 8 * (2 * 4 * 16 + 8 * 6);
        let columns = 16 * (3 * 16 + 32 + 32);
        assert_eq!(fp16.register_bits, 36 * 16 + shared + columns + 8 * 32 + 4 * 8 * 16 * 2 + 4 * 64 * 16);
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
