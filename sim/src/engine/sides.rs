//! What a token needs besides weights, and what comes of it: its word of activations, and in the last step its results.

use super::activations::Activations;
use super::history::NEVER;
use super::results::{Results, Token};
use super::{ActivationOverflow, Ports, Sizes};

/// A matrix job's steps: for each tile of outputs, for each step of inputs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    pub(super) tiles: u64,
    /// Of a tile.
    pub(super) steps: u64,
    pub(super) tokens: u64,
    /// The first of its words.
    pub(super) word: u64,
    /// The activations are kept for the next job.
    pub(super) keep: bool,
}

impl Walk {
    /// The word of a token's activations in a step.
    fn word(&self, step: u64, token: u64) -> u64 {
        self.word + step % self.steps * self.tokens + token
    }

    /// Whether a step is its tile's last one, which has results.
    fn has_results(&self, step: u64) -> bool {
        step % self.steps == self.steps - 1
    }

    /// Whether the words of a step are used for the last time.
    fn frees(&self, step: u64) -> bool {
        !self.keep && step / self.steps == self.tiles - 1
    }
}

#[derive(Clone, Debug)]
pub(super) struct Sides {
    pub(super) activations: Activations,
    pub(super) results: Results,
    array_cycles: i64,
}

impl Sides {
    pub(super) fn new(sizes: &Sizes) -> Self {
        Self {
            activations: Activations::new(sizes),
            results: Results::new(sizes),
            array_cycles: sizes.array_cycles(),
        }
    }

    /// Whether a step's tokens need weights alone, and leave nothing behind.
    pub(super) fn is_plain(&self, walk: &Walk, step: u64) -> bool {
        self.activations.has(walk.word(step, walk.tokens - 1)) && !walk.has_results(step) && !walk.frees(step)
    }

    /// The first cycle in which a token's word can meet the array, and the first in which its result has room.
    pub(super) fn allow(
        &mut self,
        walk: &Walk,
        step: u64,
        token: u64,
        ports: &mut impl Ports,
    ) -> Result<(i64, i64), ActivationOverflow> {
        let present = self.activations.word(ports, walk.word(step, token))?;
        Ok((present, if walk.has_results(step) { self.results.room() } else { NEVER }))
    }

    /// A token enters the array in a cycle.
    pub(super) fn token(&mut self, walk: &Walk, step: u64, token: u64, cycle: i64, ports: &mut impl Ports) {
        if walk.frees(step) {
            self.activations.free(cycle);
        }
        if walk.has_results(step) {
            let tile = step / walk.steps;
            let last = tile == walk.tiles - 1 && token == walk.tokens - 1;
            self.results.token(Token { tile, last }, cycle + self.array_cycles, ports);
        }
    }

    /// All tokens of a step enter it from cycle `first` on, one a cycle; or nothing happens, if one of them cannot.
    pub(super) fn meet(&mut self, walk: &Walk, step: u64, first: i64, ports: &mut impl Ports) -> bool {
        if self.is_plain(walk, step) {
            return true;
        }
        for (token, cycle) in (0..walk.tokens).zip(first..) {
            match self.allow(walk, step, token, ports) {
                Ok((present, room)) if present.max(room) <= cycle => {
                    self.token(walk, step, token, cycle, ports);
                }
                _ => return false,
            }
        }
        true
    }
}
