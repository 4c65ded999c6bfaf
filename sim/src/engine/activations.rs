//! The ring of activation words: filled by a stream, read again and again, freed from the front.

use contract::latency::{ACTIVATION_FREE_CYCLES, ACTIVATION_STORE_CYCLES};

use super::history::{History, NEVER};
use super::{ActivationOverflow, Ports, Sizes, Transfer};

/// Words count from the reset on.
#[derive(Clone, Debug)]
pub(super) struct Activations {
    /// Places in the ring.
    places: u64,
    beats_per_word: u64,
    arrived: Arrived,
    /// Words that were freed, and when.
    freed: u64,
    freed_cycles: History,
}

/// What has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    /// The cycle of the last beat.
    accepted: i64,
    /// Words that came whole.
    words: u64,
}

impl Activations {
    pub(super) fn new(sizes: &Sizes) -> Self {
        Self {
            places: sizes.activation_words,
            beats_per_word: (8 * sizes.lanes * sizes.activation_bytes).div_ceil(sizes.activation_bits),
            arrived: Arrived { accepted: -1, words: 0 },
            freed: 0,
            freed_cycles: History::new(sizes.activation_words),
        }
    }

    /// The first cycle in which a word can meet the array; [`NEVER`] of one that did before. Words come in order.
    pub(super) fn word(&mut self, ports: &mut impl Ports, word: u64) -> Result<i64, ActivationOverflow> {
        if self.has(word) {
            return Ok(NEVER);
        }
        let mut room = self.room()?;
        for _ in 0..self.beats_per_word {
            self.arrived.accepted = ports.activation(self.arrived.accepted + 1).max(room);
            ports.transfer(Transfer::Activation, self.arrived.accepted);
            room = NEVER;
        }
        self.arrived.words += 1;
        Ok(self.arrived.accepted + i64::from(ACTIVATION_STORE_CYCLES))
    }

    /// Whether a word has met the array, or can since it came.
    pub(super) fn has(&self, word: u64) -> bool {
        word < self.arrived.words
    }

    /// What has come so far.
    pub(super) fn arrived(&self) -> Arrived {
        self.arrived
    }

    /// Goes back to when no more had come.
    pub(super) fn go_back_to(&mut self, arrived: Arrived) {
        self.arrived = arrived;
    }

    /// Beats that came.
    pub(super) fn beats(&self) -> u64 {
        self.arrived.words * self.beats_per_word
    }

    /// The oldest word was used for the last time.
    pub(super) fn free(&mut self, cycle: i64) {
        self.freed += 1;
        self.freed_cycles.push(cycle);
    }

    /// The first cycle in which there is a place for the next word: where the ring is full, that of the oldest one.
    fn room(&self) -> Result<i64, ActivationOverflow> {
        let Some(replaced) = self.arrived.words.checked_sub(self.places) else { return Ok(NEVER) };
        if replaced >= self.freed {
            return Err(ActivationOverflow { words: self.places });
        }
        Ok(self.freed_cycles.last(self.freed - replaced) + i64::from(ACTIVATION_FREE_CYCLES))
    }
}
