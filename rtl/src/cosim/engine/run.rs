//! What happens between two resets, as data.

use super::Patterns;
use super::response::Response;

/// A stream's bytes, a whole number of beats, byte 0 of a beat in its lowest bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// One beat after another.
    pub bytes: Vec<u8>,
    /// For each beat, the first cycle in which it may be offered; empty: at once.
    pub arrival_cycles: Vec<u64>,
}

/// What the senders send until the host opens the next segment, and how much comes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Jobs, where they come by stream.
    pub jobs: Stream,
    /// Not used where weights are fetched.
    pub weights: Stream,
    /// Activations.
    pub activations: Stream,
    /// Vector beats.
    pub vectors: Stream,
    /// Result beats to wait for at the end of the run.
    pub results: u64,
    /// Quantized beats to wait for at the end of the run.
    pub quantized: u64,
}

/// A register write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Byte address.
    pub address: u32,
    /// Value.
    pub data: u32,
    /// Byte strobes; 15 is the whole word.
    pub strobe: u32,
}

impl Write {
    /// A write of a whole word.
    pub fn word(address: u32, data: u32) -> Self {
        Self { address, data, strobe: 15 }
    }
}

/// What the host does, one command after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Writes and reads, offered at once and back to back; over when all are answered.
    Access {
        /// Writes, in order.
        writes: Vec<Write>,
        /// Addresses of reads, in order.
        reads: Vec<u32>,
    },
    /// Reads until `least <= data & mask <= most`, or until an error is the answer.
    Poll {
        /// Byte address.
        address: u32,
        /// Bits that count.
        mask: u32,
        /// The least that ends it.
        least: u32,
        /// The most that ends it.
        most: u32,
    },
    /// Does nothing for so many cycles.
    Wait {
        /// Cycles.
        cycles: u64,
    },
    /// Waits until the interrupt is high.
    Interrupt,
    /// The senders offer no more of this segment; over when nothing is offered.
    Stop,
    /// Over when everything of this segment was taken.
    Drain,
    /// No read may be under way and no beat offered.
    Quiet,
    /// The senders go on with the next segment.
    Open,
}

/// Beats of weights in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Of the first byte; a multiple of a beat's bytes.
    pub address: u64,
    /// A whole number of beats.
    pub bytes: Vec<u8>,
}

/// What happens between two resets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineRun {
    /// Length of the reset before the run, at least 1.
    pub reset_cycles: u64,
    /// What is sent, at least one segment.
    pub segments: Vec<Segment>,
    /// What the host does.
    pub commands: Vec<Command>,
    /// What is in the memory; a read elsewhere is an error of the engine.
    pub memory: Vec<Region>,
    /// Beats' addresses that are answered with an error.
    pub memory_faults: Vec<(u64, Response)>,
    /// From a burst's request to its first data, for each burst in turn; empty: 1.
    pub memory_latency_cycles: Vec<u64>,
    /// When each port is willing.
    pub patterns: Patterns,
    /// Stop after so many cycles, whatever is under way; otherwise when the host is done and all results are there.
    pub stop_after_cycles: Option<u64>,
}

impl Default for EngineRun {
    fn default() -> Self {
        Self {
            reset_cycles: 2,
            segments: vec![Segment::default()],
            commands: vec![],
            memory: vec![],
            memory_faults: vec![],
            memory_latency_cycles: vec![],
            patterns: Patterns::default(),
            stop_after_cycles: None,
        }
    }
}
