//! The front of an engine, where its time goes: tiles are loaded, and tokens enter the array.
//!
//! Unless a token waits for its activations or for room for its results, nothing here depends on anything else but the memory. So
//! steps of which that is known need not be gone through again ([`super::Skip`]).

use super::history::{NEVER, shift};
use super::weights::Weights;
use super::{Ports, Sizes, Top};

/// Where weights and tokens are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Front {
    weights: Weights,
    /// The cycle in which the last token entered the array, which releases its tile.
    issued: i64,
    /// The cycle in which the array's side took the last job.
    accepted: i64,
    step_beats: i64,
}

/// What is counted at the front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tokens that entered the array.
    pub issued: u64,
    /// Cycles in which a token waited for a tile.
    pub weight_starved: u64,
    /// Of these, those that a stream which is never late would take as well.
    pub stream_bound: u64,
    /// Beats that entered a tile.
    pub weight_beats: u64,
    /// Cycles of a matrix job without a token at the array.
    pub activation_starved: u64,
    /// Cycles in which a token and a tile waited for room for a result.
    pub output_blocked: u64,
}

impl Tally {
    /// What was counted since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        self.with(before, u64::wrapping_sub)
    }

    /// The sum of both.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        self.with(more, u64::wrapping_add)
    }

    fn with(self, other: Self, each: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            issued: each(self.issued, other.issued),
            weight_starved: each(self.weight_starved, other.weight_starved),
            stream_bound: each(self.stream_bound, other.stream_bound),
            weight_beats: each(self.weight_beats, other.weight_beats),
            activation_starved: each(self.activation_starved, other.activation_starved),
            output_blocked: each(self.output_blocked, other.output_blocked),
        }
    }
}

impl Front {
    pub(super) fn new(sizes: &Sizes, top: Top) -> Self {
        Self {
            weights: Weights::new(sizes, top),
            issued: NEVER,
            accepted: NEVER,
            step_beats: i64::try_from(sizes.beats()).unwrap_or(i64::MAX),
        }
    }

    /// The next job, of so many steps, is offered from a cycle on; it is taken in that of the last token before it at the
    /// earliest.
    pub(super) fn begin(&mut self, address: u64, steps: u64, offered: i64) {
        self.accepted = offered.max(self.issued);
        self.weights.begin(address, steps, offered);
    }

    /// Loads the next tile; the first cycle in which a token can meet it.
    pub(super) fn tile(&mut self, ports: &mut impl Ports, tally: &mut Tally) -> i64 {
        tally.weight_beats += self.step_beats.unsigned_abs();
        self.weights.tile(ports, self.issued)
    }

    /// A step's first token enters the array when its word is present, a tile is held, and its result, if it has one, has room.
    /// Each cycle that it waits counts for the first of these that it lacks.
    pub(super) fn first(&mut self, tokens: u64, present: i64, held: i64, room: i64, tally: &mut Tally) {
        let waited = tally.weight_starved;
        self.token(present, held, room, tally);
        let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
        let loading = (self.step_beats - tokens).max(0).unsigned_abs();
        tally.stream_bound += (tally.weight_starved - waited).min(loading);
    }

    /// A token of a step enters the array.
    pub(super) fn token(&mut self, present: i64, held: i64, room: i64, tally: &mut Tally) {
        let wanted = self.issued.max(self.accepted) + 1;
        let at_array = wanted.max(present);
        let with_tile = at_array.max(held);
        self.issued = with_tile.max(room);
        tally.issued += 1;
        tally.activation_starved += (at_array - wanted).unsigned_abs();
        tally.weight_starved += (with_tile - at_array).unsigned_abs();
        tally.output_blocked += (self.issued - with_tile).unsigned_abs();
    }

    /// More tokens of a step enter it, one a cycle.
    pub(super) fn tokens(&mut self, count: u64, tally: &mut Tally) {
        self.issued += i64::try_from(count).unwrap_or(i64::MAX);
        tally.issued += count;
    }

    /// The cycle in which the last token entered the array.
    pub fn issued(&self) -> i64 {
        self.issued
    }

    /// Beats of the job's weights that have not been asked for.
    pub fn left(&self) -> u64 {
        self.weights.left()
    }

    /// Whether a job with so many beats left to ask for is so far from its end, and from its begin, that what comes next does not
    /// depend on them.
    pub fn end_is_far(&self, left: u64) -> bool {
        self.weights.end_is_far(left)
    }

    /// This, as far as what comes next depends on it, in the middle of a job.
    #[must_use]
    pub fn present(&self, shift_by: i64) -> Self {
        let mut front = self.clone();
        front.weights.forget_the_past();
        front.accepted = NEVER;
        front.shift(shift_by);
        front
    }

    /// Goes on as `present` would, so many cycles later, with so many beats of the job left.
    pub fn resume(&mut self, present: &Self, shift_by: i64, left: u64) {
        let mut front = present.clone();
        front.shift(shift_by);
        front.weights.resume(&self.weights, left);
        *self = front;
    }

    fn shift(&mut self, cycles: i64) {
        shift(&mut self.issued, cycles);
        shift(&mut self.accepted, cycles);
        self.weights.shift(cycles);
    }

    /// Memory that it takes, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.weights.bytes()
    }
}
