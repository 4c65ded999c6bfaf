//! The engine (`rtl/README.md`): in which cycle each of its transfers happens, and what its counters read.
//!
//! ```text
//!   jobs ------------------------------.------------------------------.
//!                                      v                              v
//!   weights --> FIFO --> tiles --> [ tokens ] --> result buffer --> [ beats ] --> requantiser --> results, INT8s
//!                                      ^                              ^
//!   activations --> ring of words -----'                    vectors --'
//! ```
//!
//! Nothing is stepped clock by clock. A transfer happens in the latest cycle that any of its causes allows: the transfer
//! before it on the same port, the arrival of its data, a latency of the contract, a place that an earlier transfer frees.
//! Each of those is an earlier event of the same kind of list, so one pass over the jobs, in order, has them all, exactly:
//! the recurrences are the engine's handshakes written down (a max-plus system).
//!
//! What stands outside, senders, receivers and memory, is a [`Ports`]. `tests/tests/engine_timing.rs` holds every cycle and
//! every counter against the emitted Verilog.

mod activations;
mod counters;
mod fetch;
mod history;
mod ports;
mod requantizer;
mod results;
mod weights;

use contract::latency::{STREAM_FIFO_CYCLES, array_cycles};

pub use self::counters::Counters;
pub use self::ports::{Ports, Request, Transfer};
use self::activations::Activations;
use self::counters::Busy;
use self::history::NEVER;
use self::results::{Results, Token};
use self::weights::Weights;

/// The sizes of an engine, as `rtl/README.md` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Activations that meet a column's trits at once.
    pub lanes: u64,
    /// Dot products at once.
    pub columns: u64,
    /// Token slots.
    pub tokens: u64,
    /// Width of the weight stream, bits.
    pub stream_bits: u64,
    /// Width of the activation stream, bits.
    pub activation_bits: u64,
    /// Words of `lanes` activations in the ring, a power of two.
    pub activation_words: u64,
    /// Results in a beat.
    pub result_lanes: u64,
    /// Groups of dividers.
    pub dividers: u64,
    /// Beats in the FIFO of the weight stream, a power of two.
    pub fifo_beats: u64,
    /// Longest burst of fetched weights, beats, a power of two.
    pub burst_beats: u64,
}

impl Sizes {
    /// Beats of a step's weights: each column is whole bytes of five trits (C-PACK).
    pub fn beats(&self) -> u64 {
        let column_bytes = self.lanes.div_ceil(contract::packing::TRITS_PER_BYTE as u64);
        (self.columns * column_bytes * 8).div_ceil(self.stream_bits)
    }

    /// From a token's last step to its result, cycles.
    fn array_cycles(&self) -> i64 {
        array_cycles(u32::try_from(self.lanes).unwrap_or(u32::MAX)).into()
    }

    /// Results that the buffer behind the array holds: as many as can be under way in the array while the first one waits,
    /// and a step's.
    fn result_depth(&self) -> u64 {
        let under_way = self.array_cycles().unsigned_abs() + 4;
        self.tokens.max(under_way).next_power_of_two()
    }
}

/// Where weights come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightSource {
    /// A stream (`ternary_engine`).
    Stream,
    /// The engine's own reads (`ternary_engine_axi`).
    Fetched,
}

/// A matrix or a vector job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Outputs: N.
    pub outputs: u64,
    /// Tokens.
    pub tokens: u64,
    /// What the array does for it; nothing for a vector job.
    pub matrix: Option<Matrix>,
    /// RAW: values come out as they are.
    pub raw: bool,
    /// MAXIMUM: they count for their token's maximum.
    pub maximum: bool,
    /// SCALE: they come out as INT8s.
    pub scale: bool,
}

/// What makes a job a matrix job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Inputs: K.
    pub inputs: u64,
    /// KEEP: the next matrix job uses the same activations.
    pub keep: bool,
    /// Where the weights are, bytes; a multiple of a beat's.
    pub address: u64,
}

/// A job that waits for a word of activations which the ring has no place for: the engine stands still
/// (ACTIVATION_OVERFLOW).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job needs more than {words} words of activations at once")]
pub struct ActivationOverflow {
    /// Words that the ring holds.
    pub words: u64,
}

/// An engine since its reset, and what stands around it.
#[derive(Clone, Debug)]
pub struct Engine<P> {
    sizes: Sizes,
    ports: P,
    weights: Weights,
    activations: Activations,
    results: Results,
    counters: Counters,
    busy: Busy,
    /// The cycle in which the last token entered the array, which releases its tile.
    issued: i64,
    /// The cycle in which the array's side took the last job.
    accepted: i64,
    /// The first word of the activations that the last matrix job kept.
    kept: Option<u64>,
    /// The first word of those that have not been asked for.
    next_word: u64,
}

impl<P: Ports> Engine<P> {
    /// An engine in the first cycle after its reset, which is cycle 0.
    pub fn new(sizes: Sizes, source: WeightSource, ports: P) -> Self {
        Self {
            sizes,
            ports,
            weights: Weights::new(&sizes, source),
            activations: Activations::new(&sizes),
            results: Results::new(&sizes),
            counters: Counters::default(),
            busy: Busy::default(),
            issued: NEVER,
            accepted: NEVER,
            kept: None,
            next_word: 0,
        }
    }

    /// Does a job that is queued in cycle `queued`, behind all before it; the cycle in which it is done.
    ///
    /// # Errors
    ///
    /// A job whose activations do not fit the ring.
    pub fn job(&mut self, job: &Job, queued: i64) -> Result<i64, ActivationOverflow> {
        let queue_cycles = i64::from(STREAM_FIFO_CYCLES);
        self.results.begin(job, queued + queue_cycles);
        match job.matrix {
            Some(matrix) => self.matrix(job, &matrix, queued + queue_cycles)?,
            None => self.results.vector(&mut self.ports, &mut self.counters),
        }
        let done = self.results.done();
        self.busy.job(queued, done);
        Ok(done)
    }

    /// What the counters read when all jobs are done.
    pub fn counters(&self) -> Counters {
        Counters { busy_cycles: self.busy.cycles(), ..self.counters }
    }

    /// What stands around the engine.
    pub fn ports(&self) -> &P {
        &self.ports
    }

    /// For each tile of outputs, for each step of inputs, for each token.
    fn matrix(&mut self, job: &Job, matrix: &Matrix, offered: i64) -> Result<(), ActivationOverflow> {
        let tiles = job.outputs.div_ceil(self.sizes.columns);
        let steps = matrix.inputs.div_ceil(self.sizes.lanes);
        // The next job is taken in the cycle of this one's last token.
        self.accepted = offered.max(self.accepted + 1).max(self.issued);
        self.weights.begin(matrix.address, tiles * steps, offered);
        let base = self.kept.take().unwrap_or(self.next_word);
        self.next_word = base + steps * job.tokens;
        if matrix.keep {
            self.kept = Some(base);
        }
        for tile in 0..tiles {
            let last_tile = tile + 1 == tiles;
            for step in 0..steps {
                let held = self.weights.tile(&mut self.ports, self.issued);
                self.counters.weight_beats += self.sizes.beats();
                for token in 0..job.tokens {
                    let word = base + step * job.tokens + token;
                    let present = self.activations.word(&mut self.ports, word, &mut self.counters)?;
                    let last_step = step + 1 == steps;
                    let room = if last_step { self.results.room() } else { NEVER };
                    self.issue(present, held, room);
                    if last_tile && !matrix.keep {
                        self.activations.free(self.issued);
                    }
                    if last_step {
                        let token = Token { tile, last: last_tile && token + 1 == job.tokens };
                        let written = self.issued + self.sizes.array_cycles();
                        self.results.token(token, written, &mut self.ports, &mut self.counters);
                    }
                }
            }
        }
        Ok(())
    }

    /// A token enters the array when its word is present, a tile is held, and its result has a place. Each cycle that it waits
    /// counts for the first of these that it lacks.
    fn issue(&mut self, present: i64, held: i64, room: i64) {
        let wanted = self.issued.max(self.accepted) + 1;
        let at_array = wanted.max(present);
        let with_tile = at_array.max(held);
        self.issued = with_tile.max(room);
        let counters = &mut self.counters;
        counters.issued += 1;
        counters.activation_starved += (at_array - wanted).unsigned_abs();
        counters.weight_starved += (with_tile - at_array).unsigned_abs();
        counters.output_blocked += (self.issued - with_tile).unsigned_abs();
    }
}

