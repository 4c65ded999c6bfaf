//! Results behind the array: buffer, sequencer, requantiser.

use contract::latency::RESULT_BUFFER_CYCLES;

use super::history::{History, NEVER};
use super::requantizer::{Requantizer, StreamRegister};
use super::{Job, Ports, Sizes, Top, Transfer};

#[derive(Clone, Debug)]
pub(super) struct Results {
    columns: u64,
    result_lanes: u64,
    depth: u64,
    job: Job,
    /// The first cycle in which a beat of the job can be taken.
    begun: i64,
    /// The cycle in which the last beat was taken.
    taken: i64,
    /// When tokens' results left the buffer.
    left: History,
    vector: StreamRegister,
    /// The cycle in which the last beat of a vector entered.
    vector_entered: i64,
    /// Nothing in `ternary_core`.
    requantizer: Option<Requantizer>,
    done: i64,
    beats: u64,
}

impl Results {
    pub(super) fn new(sizes: &Sizes, top: Top) -> Self {
        let depth = sizes.result_depth();
        Self {
            columns: sizes.columns,
            result_lanes: sizes.result_lanes,
            depth,
            job: Job { outputs: 0, tokens: 0, matrix: None, raw: false, maximum: false, scale: false },
            begun: NEVER,
            taken: NEVER,
            left: History::new(depth),
            vector: StreamRegister::new(),
            vector_entered: -1,
            requantizer: (top != Top::Core).then(|| Requantizer::new(sizes)),
            done: NEVER,
            beats: 0,
        }
    }

    /// The next job, which is offered from a cycle on, and taken in that of the last beat of the one before at the earliest; in which.
    pub(super) fn begin(&mut self, job: &Job, offered: i64) -> i64 {
        self.job = *job;
        let job_taken = offered.max(self.taken).max(self.begun);
        self.begun = job_taken + 1;
        job_taken
    }

    /// The first cycle in which a token can enter the array whose result goes to the buffer.
    pub(super) fn room(&self) -> i64 {
        self.left.last(self.depth) + 1
    }

    /// A token's results in a tile come from the array in cycle `written`.
    pub(super) fn token(&mut self, tile: u64, written: i64, ports: &mut impl Ports) {
        let offered = written + i64::from(RESULT_BUFFER_CYCLES);
        for _ in 0..self.groups(tile) {
            self.beat(offered, ports);
        }
        self.left.push(self.taken);
    }

    /// All beats of a vector job.
    pub(super) fn vector(&mut self, ports: &mut impl Ports) {
        let tiles = self.job.outputs.div_ceil(self.columns);
        let beats = (0..tiles).map(|tile| self.groups(tile)).sum::<u64>() * self.job.tokens;
        for _ in 0..beats {
            self.vector_entered = ports.vector(self.vector_entered + 1).max(self.vector.room());
            ports.transfer(Transfer::Vector, self.vector_entered);
            let offered = self.vector.offered(self.vector_entered);
            self.beat(offered, ports);
            self.vector.leave(self.taken);
        }
    }

    /// The cycle in which the last job is done.
    pub(super) fn done(&self) -> i64 {
        self.done
    }

    /// Beats of values taken.
    pub(super) fn beats(&self) -> u64 {
        self.beats
    }

    /// Beats of a token in a tile.
    fn groups(&self, tile: u64) -> u64 {
        (self.job.outputs - tile * self.columns).min(self.columns).div_ceil(self.result_lanes)
    }

    /// A beat is taken from the cycle `offered` on, behind the one before.
    fn beat(&mut self, offered: i64, ports: &mut impl Ports) {
        let offered = offered.max(self.begun).max(self.taken + 1);
        if let Some(requantizer) = &mut self.requantizer {
            self.taken = offered.max(requantizer.room());
            self.done = requantizer.beat(&self.job, self.taken, ports);
        } else {
            self.taken = ports.result(offered);
            self.done = self.taken;
            ports.transfer(Transfer::Result { offered }, self.taken);
        }
        self.beats += 1;
    }
}
