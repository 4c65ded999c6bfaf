//! The weights' way to the array: FIFO, loading tile, held tile.

use contract::latency::{TILE_SWAP_CYCLES, WEIGHT_STORE_CYCLES};

use super::fetch::Fetch;
use super::history::{History, NEVER, shift};
use super::{Ports, Sizes, Top, Transfer};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Weights {
    /// Where weights are fetched.
    fetch: Option<Fetch>,
    fifo_beats: u64,
    beats_per_tile: u64,
    /// The cycle in which the last beat entered the FIFO.
    accepted: i64,
    /// When beats left the FIFO for the loading tile.
    taken: History,
    /// The cycle in which the last tile moved from the loading register to the held one.
    swapped: i64,
}

impl Weights {
    pub(super) fn new(sizes: &Sizes, top: Top) -> Self {
        Self {
            fetch: (top == Top::Axi).then(|| Fetch::new(sizes)),
            fifo_beats: sizes.fifo_beats,
            beats_per_tile: sizes.beats(),
            accepted: -1,
            taken: History::new(sizes.fifo_beats),
            swapped: NEVER,
        }
    }

    /// A job's weights follow: so many tiles, from `address` on; the job is known to the fetch from cycle `offered` on.
    pub(super) fn begin(&mut self, address: u64, tiles: u64, offered: i64) {
        if let Some(fetch) = &mut self.fetch {
            fetch.begin(address, tiles, offered);
        }
    }

    /// Loads the next tile; the first cycle in which a token can meet it, if the one before is released in cycle `released`.
    pub(super) fn tile(&mut self, ports: &mut impl Ports, released: i64) -> i64 {
        // The first beat can come in the cycle in which the tile before leaves the loading register.
        let mut free = self.swapped;
        for _ in 0..self.beats_per_tile {
            let offered = match &mut self.fetch {
                Some(fetch) => fetch.beat(ports, self.accepted + 1, &self.taken),
                None => ports.weight(self.accepted + 1),
            };
            let room = self.taken.last(self.fifo_beats) + 1;
            self.accepted = offered.max(room);
            ports.transfer(Transfer::Weight, self.accepted);
            let stored = self.accepted + i64::from(WEIGHT_STORE_CYCLES);
            self.taken.push(stored.max(self.taken.last(1) + 1).max(free));
            if let Some(fetch) = &mut self.fetch {
                fetch.taken();
            }
            free = NEVER;
        }
        let loaded = self.taken.last(1) + i64::from(TILE_SWAP_CYCLES) - 1;
        self.swapped = loaded.max(released);
        self.swapped + 1
    }

    /// Beats of this job that have not been asked for; nothing where weights come by stream.
    pub(super) fn left(&self) -> u64 {
        self.fetch.as_ref().map_or(0, Fetch::left)
    }

    /// Whether the end of the job is too far for what is next to depend on it.
    pub(super) fn end_is_far(&self, left: u64) -> bool {
        self.fetch.as_ref().is_some_and(|fetch| fetch.end_is_far(left))
    }

    /// Forgets what no later transfer depends on; the end of the job must be far.
    pub(super) fn forget_the_past(&mut self) {
        let mut until = self.accepted;
        if let Some(fetch) = &mut self.fetch {
            fetch.forget_the_past();
            until = until.min(fetch.asked());
        }
        self.taken.forget_until(until);
    }

    /// Goes on in the job of `before`, of which so many beats are left to be asked for.
    pub(super) fn resume(&mut self, before: &Self, left: u64) {
        if let (Some(fetch), Some(before)) = (&mut self.fetch, &before.fetch) {
            fetch.resume(before, left);
        }
    }

    pub(super) fn shift(&mut self, cycles: i64) {
        if let Some(fetch) = &mut self.fetch {
            fetch.shift(cycles);
        }
        shift(&mut self.accepted, cycles);
        shift(&mut self.swapped, cycles);
        self.taken.shift(cycles);
    }

    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.taken.bytes() + self.fetch.as_ref().map_or(0, Fetch::bytes)
    }
}
