//! What a token needs besides weights, and what comes of it: its word of activations, and in the last step its results.

use super::activations::Activations;
use super::history::NEVER;
use super::results::Results;
use super::{ActivationOverflow, Ports, Sizes, Top};

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
    pub(super) fn new(sizes: &Sizes, top: Top) -> Self {
        Self {
            activations: Activations::new(sizes),
            results: Results::new(sizes, top),
            array_cycles: sizes.array_cycles(),
        }
    }

    /// Whether a step's tokens need weights alone, and leave nothing behind.
    pub(super) fn is_plain(&self, walk: &Walk, step: u64) -> bool {
        !walk.frees(step) && !self.has_more(walk, step)
    }

    /// Whether a step's tokens need more than weights.
    fn has_more(&self, walk: &Walk, step: u64) -> bool {
        walk.has_results(step) || !self.activations.has(walk.word(step, walk.tokens - 1))
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
    pub(super) fn token(&mut self, walk: &Walk, step: u64, cycle: i64, ports: &mut impl Ports) {
        if walk.frees(step) {
            self.activations.free(cycle);
        }
        self.result(walk, step, cycle, ports);
    }

    fn result(&mut self, walk: &Walk, step: u64, cycle: i64, ports: &mut impl Ports) {
        if walk.has_results(step) {
            self.results.token(step / walk.steps, cycle + self.array_cycles, ports);
        }
    }

    /// All tokens of the steps from `step` on enter the array, one a cycle in each, whose first tokens do in the cycles `firsts` +
    /// `shift`; or nothing happens, and the answer is no, if one of them cannot.
    pub(super) fn meet(
        &mut self,
        walk: &Walk,
        step: u64,
        firsts: &[i64],
        shift: i64,
        ports: &mut impl Ports,
    ) -> bool {
        let (tile, count) = (step / walk.steps, firsts.len() as u64);
        let before_results = (tile + 1) * walk.steps - 1 - step;
        let plain =
            count <= before_results && self.activations.has(walk.word(step + count - 1, walk.tokens - 1));
        let steps = || (step..).zip(firsts.iter().map(|first| first + shift));
        if !plain {
            let before = (self.results.clone(), self.activations.arrived());
            if !steps().all(|(step, first)| self.step_meets(walk, step, first, ports)) {
                self.results = before.0;
                self.activations.go_back_to(before.1);
                return false;
            }
        }
        if walk.frees(step + count - 1) {
            for (_, first) in steps().filter(|&(step, _)| walk.frees(step)) {
                (first..).zip(0..walk.tokens).for_each(|(cycle, _)| self.activations.free(cycle));
            }
        }
        true
    }

    fn step_meets(&mut self, walk: &Walk, step: u64, first: i64, ports: &mut impl Ports) -> bool {
        !self.has_more(walk, step)
            || (0..walk.tokens).zip(first..).all(|(token, cycle)| {
                match self.allow(walk, step, token, ports) {
                    Ok((present, room)) if present.max(room) <= cycle => {
                        self.result(walk, step, cycle, ports);
                        true
                    }
                    _ => false,
                }
            })
    }
}
