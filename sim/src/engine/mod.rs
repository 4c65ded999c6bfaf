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
mod events;
mod fetch;
mod front;
mod history;
mod jobs;
mod ports;
mod requantizer;
mod results;
mod sides;
mod skip;
mod weights;

use contract::latency::{STREAM_FIFO_CYCLES, array_cycles};

use self::counters::Busy;
pub use self::counters::Counters;
pub use self::events::{Accesses, EngineEvents};
pub(crate) use self::events::{binary_adders, column_adders};
pub use self::front::{Front, Tally};
use self::history::NEVER;
use self::jobs::Jobs;
pub use self::ports::{Ports, Request, Transfer};
use self::sides::{Sides, Walk};
pub use self::skip::{Skip, StepAll};

/// The sizes of an engine, as `rtl/README.md` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Activations that meet a column's trits at once.
    pub lanes: u64,
    /// Dot products at once.
    pub columns: u64,
    /// Token slots.
    pub tokens: u64,
    /// Bytes of a column's weights in a step: of trits, five a byte (C-PACK).
    pub column_bytes: u64,
    /// Bytes of an activation.
    pub activation_bytes: u64,
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
    /// Beats of a step's weights.
    pub fn beats(&self) -> u64 {
        (8 * self.columns * self.column_bytes).div_ceil(self.stream_bits)
    }

    /// From a token's last step to its result, cycles.
    fn array_cycles(&self) -> i64 {
        array_cycles(u32::try_from(self.lanes).unwrap_or(u32::MAX)).into()
    }

    /// Results that the buffer behind the array holds: as many as can be under way in the array while the first one waits,
    /// and a step's.
    pub(crate) fn result_depth(&self) -> u64 {
        let under_way = self.array_cycles().unsigned_abs() + 4;
        self.tokens.max(under_way).next_power_of_two()
    }
}

/// What surrounds the array, by the Verilog's top modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Top {
    /// `ternary_core`: jobs and weights come by stream, and results leave as they are.
    Core,
    /// `ternary_engine`: weights come by stream.
    Stream,
    /// `ternary_engine_axi`: the engine reads its weights.
    Axi,
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
    jobs: Jobs,
    front: Front,
    sides: Sides,
    tally: Tally,
    busy: Busy,
    /// The first word of the activations that the last matrix job kept.
    kept: Option<u64>,
    /// The first word of those that have not been asked for.
    next_word: u64,
}

impl<P: Ports> Engine<P> {
    /// An engine in the first cycle after its reset, which is cycle 0.
    pub fn new(sizes: Sizes, top: Top, ports: P) -> Self {
        Self {
            sizes,
            ports,
            jobs: Jobs::new(top),
            front: Front::new(&sizes, top),
            sides: Sides::new(&sizes, top),
            tally: Tally::default(),
            busy: Busy::default(),
            kept: None,
            next_word: 0,
        }
    }

    /// Does a job that is queued in cycle `queued`, behind all before it; the cycle in which it is done. A `ternary_core`
    /// takes it from its port from that cycle on, a matrix job whose results leave as they are.
    ///
    /// # Errors
    ///
    /// A job whose activations do not fit the ring.
    pub fn job(
        &mut self,
        job: &Job,
        queued: i64,
        skip: &mut impl Skip<P>,
    ) -> Result<i64, ActivationOverflow> {
        let queued = self.jobs.queued(queued, self.front.issued(), &mut self.ports);
        let offered = queued + i64::from(STREAM_FIFO_CYCLES);
        let taken = self.sides.results.begin(job, offered);
        self.jobs.taken(taken);
        match &job.matrix {
            Some(matrix) => self.matrix(job, matrix, self.jobs.offered(queued), skip)?,
            None => self.sides.results.vector(&mut self.ports),
        }
        let done = self.sides.results.done();
        self.busy.job(queued, done);
        Ok(done)
    }

    /// What the counters read when all jobs are done.
    pub fn counters(&self) -> Counters {
        let tally = self.tally;
        Counters {
            busy_cycles: self.busy.cycles(),
            issued: tally.issued,
            weight_starved: tally.weight_starved,
            activation_starved: tally.activation_starved,
            output_blocked: tally.output_blocked,
            weight_beats: tally.weight_beats,
            activation_beats: self.sides.activations.beats(),
            result_beats: self.sides.results.beats(),
        }
    }

    /// What was counted where weights and tokens meet.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The cycle in which the last token entered the array.
    pub fn issued(&self) -> i64 {
        self.front.issued()
    }

    /// What stands around the engine.
    pub fn ports(&self) -> &P {
        &self.ports
    }

    /// What stands around the engine.
    pub fn ports_mut(&mut self) -> &mut P {
        &mut self.ports
    }

    fn matrix(
        &mut self,
        job: &Job,
        matrix: &Matrix,
        offered: i64,
        skip: &mut impl Skip<P>,
    ) -> Result<(), ActivationOverflow> {
        let walk = Walk {
            tiles: job.outputs.div_ceil(self.sizes.columns),
            steps: matrix.inputs.div_ceil(self.sizes.lanes),
            tokens: job.tokens,
            word: self.kept.take().unwrap_or(self.next_word),
            keep: matrix.keep,
        };
        self.next_word = walk.word + walk.steps * walk.tokens;
        self.kept = walk.keep.then_some(walk.word);
        let steps = walk.tiles * walk.steps;
        self.front.begin(matrix.address, steps, offered);
        let mut step = 0;
        while step < steps {
            step += self.known(&walk, step, skip);
            self.step(&walk, step, skip)?;
            step += 1;
        }
        Ok(())
    }

    /// Goes through a step.
    fn step(&mut self, walk: &Walk, step: u64, skip: &mut impl Skip<P>) -> Result<(), ActivationOverflow> {
        let Self { ports, front, sides, tally, .. } = self;
        let before = *tally;
        let held = front.tile(ports, tally);
        if sides.is_plain(walk, step) {
            front.first(walk.tokens, NEVER, held, NEVER, tally);
            skip.stepped(Some(front.issued()), ports);
            front.tokens(walk.tokens - 1, tally);
            return Ok(());
        }
        let mut first = None;
        for token in 0..walk.tokens {
            let (present, room) = sides.allow(walk, step, token, ports)?;
            if first.is_none() {
                front.first(walk.tokens, present, held, room, tally);
            } else {
                front.token(present, held, room, tally);
            }
            first = first.or(Some(front.issued()));
            sides.token(walk, step, front.issued(), ports);
        }
        let waited = tally.since(before);
        skip.stepped(first.filter(|_| waited.activation_starved == 0 && waited.output_blocked == 0), ports);
        Ok(())
    }

    /// Goes over the steps from `step` on that are known; how many.
    fn known(&mut self, walk: &Walk, step: u64, skip: &mut impl Skip<P>) -> u64 {
        let Self { ports, front, sides, tally, .. } = self;
        let mut at = step;
        skip.skip(front, ports, tally, &mut |ports, firsts, shift| {
            let met = sides.meet(walk, at, firsts, shift, ports);
            if met {
                at += firsts.len() as u64;
            }
            met
        })
    }
}

#[cfg(test)]
mod tests;
