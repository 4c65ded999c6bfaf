//! The engine's counters.

use std::ops::AddAssign;

/// The counters' names in the register map.
pub const COUNTER_NAMES: [&str; 8] = [
    "BUSY_CYCLES",
    "ISSUED",
    "WEIGHT_STARVED",
    "ACTIVATION_STARVED",
    "OUTPUT_BLOCKED",
    "WEIGHT_BEATS",
    "ACTIVATION_BEATS",
    "RESULT_BEATS",
];

/// One value a counter, in the order of the register map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Cycles with BUSY.
    pub busy_cycles: u64,
    /// Tokens that entered the array.
    pub issued: u64,
    /// Cycles in which a token waited for a tile.
    pub weight_starved: u64,
    /// Cycles of a matrix job without a token at the array.
    pub activation_starved: u64,
    /// Cycles in which a token and a tile waited for room.
    pub output_blocked: u64,
    /// Beats that entered a tile.
    pub weight_beats: u64,
    /// Beats taken from the activation stream.
    pub activation_beats: u64,
    /// Beats handed to an output stream.
    pub result_beats: u64,
}

impl Counters {
    /// The values in the order of [`COUNTER_NAMES`].
    pub fn values(&self) -> [u64; 8] {
        [
            self.busy_cycles,
            self.issued,
            self.weight_starved,
            self.activation_starved,
            self.output_blocked,
            self.weight_beats,
            self.activation_beats,
            self.result_beats,
        ]
    }

    pub(crate) fn all_mut(&mut self) -> [&mut u64; 8] {
        [
            &mut self.busy_cycles,
            &mut self.issued,
            &mut self.weight_starved,
            &mut self.activation_starved,
            &mut self.output_blocked,
            &mut self.weight_beats,
            &mut self.activation_beats,
            &mut self.result_beats,
        ]
    }

    /// Cycles in which a matrix job was under way: each is exactly one of these four.
    pub fn matrix_cycles(&self) -> u64 {
        self.issued + self.weight_starved + self.activation_starved + self.output_blocked
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        for (sum, value) in self.all_mut().into_iter().zip(other.values()) {
            *sum += value;
        }
    }
}
