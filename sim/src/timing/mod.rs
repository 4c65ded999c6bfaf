//! Timing: steps a mapping through array, vector unit, memory and links, one operator behind the other.
//!
//! Weights and cache stream ahead of their use as far as the FIFOs reach, also across operators; results do not: an
//! operator begins when the one before it has ended, because a quantiser needs the whole vector. What is read from memory is asked
//! for in the order of its use.

mod clock;
mod memory;
mod skip;
mod vector;
mod weights;

use std::time::{Duration, Instant};

pub use self::memory::Memory;
use self::vector::{Rate, VectorStream};
use self::weights::StepSkipper;
pub use self::weights::{Part, Surroundings};
use crate::chip::{Chip, VectorSpec};
use crate::dram::Counters;
use crate::engine::{self, Engine, Job as EngineJob, Matrix, Sizes, StepAll, Top};
use crate::mapping::{Extent, Job, Mapping, Step, Tiling, engine_sizes};
use crate::result::Stalls;

/// Cycles from an operand's read in the vector unit's SRAM to its result's write: read, two of arithmetic, write.
const VECTOR_PIPELINE_CYCLES: i64 = 4;

/// What a run took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// Array clock cycles.
    pub cycles: u64,
    /// Cycles in which the array took a token.
    pub array_busy_cycles: u64,
    /// The other cycles, by cause.
    pub stalls: Stalls,
    /// Operators in the order of first use.
    pub operators: Vec<OperatorTiming>,
    /// Commands of one DRAM channel.
    pub channel: Counters,
    /// What the counters of one engine read.
    pub engine: engine::Counters,
    /// The share of stripes that were skipped.
    pub skipped_fraction: f64,
    /// The simulator's own time for each of `operators`.
    pub own_time: Vec<Duration>,
}

/// What one kind of operator took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorTiming {
    /// Name.
    pub name: &'static str,
    /// How often it ran.
    pub count: u64,
    /// Its cycles.
    pub cycles: u64,
    /// Stripes read and written.
    pub stripes: u64,
    /// It ran on the array.
    pub on_array: bool,
}

/// Steps every pass of a mapping. Without `skip` every burst is stepped; the result is the same.
pub fn run(mapping: &Mapping, skip: bool) -> Timing {
    let sizes = engine_sizes(mapping.chip, mapping.workload.machine.linear_format());
    let mut run = Run::new(mapping.chip, sizes, mapping.tokens_per_group, skip);
    for index in 0..mapping.passes() {
        let pass = mapping.pass(index);
        run.steps(&mapping.prologue(&pass));
        for layer in 0..mapping.workload.shape.num_hidden_layers {
            run.steps(&mapping.layer(&pass, layer));
        }
        run.steps(&mapping.epilogue(&pass));
    }
    run.finish()
}

struct Run<'a> {
    chip: &'a Chip,
    tokens_per_group: u64,
    /// The engines are in step: one stands for all.
    engine: Engine<Surroundings>,
    skipper: Option<StepSkipper>,
    vector_stream: VectorStream,
    /// The cycle in which the last operator ended.
    now: i64,
    /// The cycle in which the next matrix job is queued: when what is read before it has been asked for.
    queued: i64,
    timing: Timing,
}

impl<'a> Run<'a> {
    fn new(chip: &'a Chip, sizes: Sizes, tokens_per_group: u64, skip: bool) -> Self {
        let surroundings = Surroundings::new(Memory::new(chip), chip.stripe_bytes());
        // A beat a cycle, at most.
        let refresh_cycles = unsigned(chip.standard.timing.refi) * chip.spec.clock_mhz;
        let refresh_beats = refresh_cycles.div_ceil(chip.standard.clock_mhz);
        Run {
            chip,
            tokens_per_group,
            engine: Engine::new(sizes, Top::Axi, surroundings),
            skipper: skip.then(|| StepSkipper::new(refresh_beats)),
            vector_stream: VectorStream::new(chip.fifo_stripes(), skip),
            now: 0,
            queued: 0,
            timing: Timing::default(),
        }
    }

    /// The run ends when the last write is in the DRAM.
    fn finish(mut self) -> Timing {
        let counters = self.engine.counters();
        let memory = &mut self.engine.ports_mut().memory;
        let end = memory.finish(self.now);
        let waited = unsigned(end - self.now);
        let mut timing = self.timing;
        timing.channel = memory.counters();
        timing.engine = counters;
        timing.skipped_fraction = memory.skipped_fraction();
        timing.cycles = unsigned(end);
        timing.stalls.dram += waited;
        if let Some(write) = timing.operators.iter_mut().find(|operator| operator.name == "kv_cache_write") {
            write.cycles += waited;
        }
        timing
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            let (start, began) = (self.now, Instant::now());
            let stripes = self.step(&step.job);
            let own_time = began.elapsed();
            let operators = &mut self.timing.operators;
            let index = operators.iter().position(|o| o.name == step.operator).unwrap_or_else(|| {
                let on_array = matches!(step.job, Job::Array { .. });
                operators.push(OperatorTiming {
                    name: step.operator,
                    count: 0,
                    cycles: 0,
                    stripes: 0,
                    on_array,
                });
                self.timing.own_time.push(Duration::ZERO);
                operators.len() - 1
            });
            self.timing.own_time[index] += own_time;
            operators[index].count += 1;
            operators[index].cycles += unsigned(self.now - start);
            operators[index].stripes += stripes;
        }
    }

    /// Does a job from `now` on; the stripes it moved.
    fn step(&mut self, job: &Job) -> u64 {
        match *job {
            Job::Array { tiling, image, tokens } => {
                self.array(&tiling, image, tokens);
                image.stripes
            }
            Job::VectorStream { data, streamed_operations, further_operations, reductions, .. } => {
                self.vector_stream(data, streamed_operations, further_operations, reductions);
                data.stripes
            }
            Job::Vector { operations, reads, writes, reductions } => {
                // A lane computes, reads and writes in the same cycle, as long as its ports do.
                let VectorSpec { read_ports, write_ports, .. } = self.chip.spec.vector;
                let turns = operations.max(reads.div_ceil(read_ports)).max(writes.div_ceil(write_ports));
                self.vector(turns, reductions);
                0
            }
            Job::Write { first, rows, stride, .. } => {
                for row in 0..rows {
                    let base = first.base + row * stride;
                    self.engine.ports_mut().memory.write(Extent { base, ..first }, self.now);
                }
                rows * first.stripes
            }
            Job::Link { bytes } => {
                let cycles = self.link_cycles(bytes);
                self.now += cycles;
                self.timing.stalls.chip_link += unsigned(cycles);
                0
            }
        }
    }

    /// Rounds in which every engine has a tile, then one with the engines that still have one. The first engine has one in each.
    fn array(&mut self, tiling: &Tiling, image: Extent, tokens: u64) {
        let (spec, stripe_bytes) = (&self.chip.spec, self.chip.stripe_bytes());
        let start = self.now;
        let mut base = image.base;
        let rounds = tiling.rounds(spec.engines);
        let parts = rounds.map(|(engines, rounds)| {
            let stripes = (tiling.round_bytes(engines) * rounds).div_ceil(stripe_bytes);
            let extent = Extent { base, stripes };
            base += stripes;
            Part {
                beats: tiling.steps * tiling.beats * rounds,
                beat_bytes: engines * tiling.beat_bytes,
                extent,
            }
        });
        self.engine.ports_mut().begin(parts.into_iter().filter(|part| part.beats > 0), start);
        let tiles = tiling.tiles.div_ceil(spec.engines);
        let outputs = tiling.outputs_of_first(spec.engines);
        let before = self.engine.tally();
        if tokens <= self.tokens_per_group {
            self.job(tiling, 0, outputs, tokens, true);
        } else {
            // A tile at a time, whose weights stay for all tokens.
            for tile in 0..tiles {
                let outputs = (outputs - tile * tiling.columns).min(tiling.columns);
                for first in (0..tokens).step_by(usize::try_from(self.tokens_per_group).unwrap_or(usize::MAX))
                {
                    self.engine.ports_mut().replay(first > 0);
                    let tokens = (tokens - first).min(self.tokens_per_group);
                    self.job(tiling, tile, outputs, tokens, false);
                }
            }
            self.engine.ports_mut().replay(false);
        }
        assert!(self.engine.ports().is_over(), "every beat of the image is used");
        let spent = self.engine.tally().since(before);
        assert_eq!(spent.issued, tiles * tiling.steps * tokens, "every step serves every token once");
        self.now = self.engine.ports().taken() + 1;
        // Before the operator began, its first token waited for nothing but the operators before.
        let waited = spent.activation_starved + spent.weight_starved + spent.output_blocked;
        let wanted = self.engine.issued() + 1 - signed(spent.issued + waited);
        let early = unsigned(start - wanted).min(spent.activation_starved);
        let stalls = &mut self.timing.stalls;
        let activations = spent.activation_starved - early;
        stalls.dram += spent.weight_starved - spent.stream_bound;
        stalls.weight_stream += spent.stream_bound;
        stalls.activations += activations;
        stalls.results += spent.output_blocked;
        let counted = spent.issued + spent.weight_starved + activations + spent.output_blocked;
        stalls.pipeline += unsigned(self.now - start) - counted;
        self.timing.array_busy_cycles += spent.issued;
    }

    /// A job of the first engine, from its tile number `tile` on; what it does may be recognised in other jobs, if that `skips`.
    fn job(&mut self, tiling: &Tiling, tile: u64, outputs: u64, tokens: u64, skips: bool) {
        // An image begins where the longest burst can.
        let address = tile * tiling.slice_bytes();
        let job = EngineJob {
            outputs,
            tokens,
            matrix: Some(Matrix { inputs: tiling.k, keep: false, address }),
            raw: true,
            maximum: false,
            scale: false,
        };
        let done = match &mut self.skipper {
            Some(skipper) if skips => {
                skipper.begin(tokens);
                self.engine.job(&job, self.queued, skipper)
            }
            _ => self.engine.job(&job, self.queued, &mut StepAll),
        };
        assert!(done.is_ok(), "a mapping gives a group no more tokens than the activation SRAM holds");
    }

    fn vector_stream(
        &mut self,
        data: Extent,
        streamed_operations: u64,
        further_operations: u64,
        reductions: u64,
    ) {
        let start = self.now;
        if data.stripes > 0 {
            let spec = &self.chip.spec;
            // The unit works at its lanes' rate, and takes no more a cycle than the engines' streams are wide.
            let computing = streamed_operations.div_ceil(spec.vector.lanes);
            let port_bytes = spec.engines * spec.stream_bits / 8;
            let loading = (data.stripes * self.chip.stripe_bytes()).div_ceil(port_bytes);
            let rate = Rate { cycles: computing.max(loading), stripes: data.stripes };
            let memory = &mut self.engine.ports_mut().memory;
            let (end, waited) = self.vector_stream.stream(memory, rate, data, start);
            self.queued = memory.horizon();
            self.now = end;
            let port = signed(loading.saturating_sub(computing));
            self.timing.stalls.dram += unsigned(waited);
            self.timing.stalls.weight_stream += unsigned(port);
            self.timing.stalls.vector_unit += unsigned(end - start - waited - port);
        }
        self.vector(further_operations, reductions);
    }

    /// So many turns of a lane.
    fn vector(&mut self, turns: u64, reductions: u64) {
        let lanes = self.chip.spec.vector.lanes;
        // A reduction ends in a tree over the lanes, a level a cycle.
        let tree = i64::from(lanes.next_power_of_two().trailing_zeros());
        let passes = 1 + signed(reductions);
        let cycles =
            signed(turns.div_ceil(lanes)) + passes * VECTOR_PIPELINE_CYCLES + signed(reductions) * tree;
        self.now += cycles;
        self.timing.stalls.vector_unit += unsigned(cycles);
    }

    #[allow(clippy::cast_possible_truncation, reason = "a chip's validation keeps the cycles far below 2^63")]
    fn link_cycles(&self, bytes: u64) -> i64 {
        let spec = &self.chip.spec;
        let seconds = spec.link.latency_ns as f64 * 1e-9 + bytes as f64 / (spec.link.bandwidth_gb_s * 1e9);
        (seconds * spec.clock_mhz as f64 * 1e6).ceil() as i64
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(cycles: i64) -> u64 {
    u64::try_from(cycles).unwrap_or(0)
}

#[cfg(test)]
mod tests;
