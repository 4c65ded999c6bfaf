//! The ring of activation words: filled by a stream, read again and again, freed from the front.

use contract::latency::{ACTIVATION_FREE_CYCLES, ACTIVATION_STORE_CYCLES};

use super::history::{History, NEVER};
use super::{ActivationOverflow, Counters, Ports, Sizes, Transfer};

/// Words count from the reset on.
#[derive(Clone, Debug)]
pub(super) struct Activations {
    /// Places in the ring.
    places: u64,
    beats_per_word: u64,
    /// The cycle of the last beat.
    accepted: i64,
    /// Words that came whole.
    words: u64,
    freed: History,
}

impl Activations {
    pub(super) fn new(sizes: &Sizes) -> Self {
        Self {
            places: sizes.activation_words,
            beats_per_word: (8 * sizes.lanes).div_ceil(sizes.activation_bits),
            accepted: -1,
            words: 0,
            freed: History::new(sizes.activation_words),
        }
    }

    /// The first cycle in which a word can meet the array; [`NEVER`] of one that did before. Words come in order.
    pub(super) fn word(
        &mut self,
        ports: &mut impl Ports,
        word: u64,
        counters: &mut Counters,
    ) -> Result<i64, ActivationOverflow> {
        if word < self.words {
            return Ok(NEVER);
        }
        let mut room = self.room()?;
        for _ in 0..self.beats_per_word {
            self.accepted = ports.activation(self.accepted + 1).max(room);
            ports.transfer(Transfer::Activation, self.accepted);
            room = NEVER;
        }
        counters.activation_beats += self.beats_per_word;
        self.words += 1;
        Ok(self.accepted + i64::from(ACTIVATION_STORE_CYCLES))
    }

    /// The oldest word was used for the last time.
    pub(super) fn free(&mut self, cycle: i64) {
        self.freed.push(cycle);
    }

    /// The first cycle in which there is a place for the next word: where the ring is full, that of the oldest one.
    fn room(&self) -> Result<i64, ActivationOverflow> {
        let Some(replaced) = self.words.checked_sub(self.places) else { return Ok(NEVER) };
        if replaced >= self.freed.events() {
            return Err(ActivationOverflow { words: self.places });
        }
        Ok(self.freed.last(self.freed.events() - replaced) + i64::from(ACTIVATION_FREE_CYCLES))
    }
}
