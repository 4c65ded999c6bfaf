//! The sizes of an engine.

use contract::latency::array_cycles;

use crate::{Error, Parameters};

/// The sizes of an engine: its array's, and those of what stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EngineParameters {
    /// The array's sizes, and the width of the weight stream.
    pub array: Parameters,
    /// Width of the activation stream, bits: a multiple of 8, 8 to 8,192.
    pub activation_bits: u32,
    /// Words of LANES activations that the activation buffer holds: a power of two, 4 to 65,536. A job keeps
    /// tokens x ceil(K / LANES) of them.
    pub activation_words: u32,
    /// Results a beat of the result, quantized and vector streams: a power of two, 1 to 32.
    pub result_lanes: u32,
    /// Groups of RESULT_LANES dividers, 1 to 16. One group requantises a beat in [`crate::divider::CYCLES`] cycles; a
    /// layer needs ceil(COLUMNS / RESULT_LANES) x tokens beats in ceil(K / LANES) x max(tokens, BEATS) cycles.
    pub dividers: u32,
    /// Beats that the weight FIFO holds: a power of two, 4 to 4,096. Fetched weights arrive without a gap while it
    /// covers the memory's latency.
    pub fifo_beats: u32,
    /// The longest burst of the AXI4 read master, beats: a power of two, 1 to 256, at most `fifo_beats`.
    pub burst_beats: u32,
}

/// Jobs that wait or are under way in the queue.
pub const JOB_SLOTS: u32 = 4;

const MOST_ACTIVATION_BITS: u32 = 8192;
const MOST_ACTIVATION_WORDS: u32 = 65_536;
const MOST_RESULT_LANES: u32 = 32;
const MOST_DIVIDERS: u32 = 16;
const MOST_FIFO_BEATS: u32 = 4096;
const MOST_BURST_BEATS: u32 = 256;

impl EngineParameters {
    /// An engine around `array`, which need not be valid, with the sizes that suit most.
    pub fn of(array: Parameters) -> Self {
        Self {
            array,
            // As wide as the array reads in a cycle, up to a common DMA's width.
            activation_bits: array.lanes.saturating_mul(8).min(128).next_power_of_two(),
            activation_words: array
                .tokens
                .saturating_mul(4)
                .clamp(512, MOST_ACTIVATION_WORDS)
                .next_power_of_two(),
            result_lanes: array.columns.min(4).next_power_of_two(),
            dividers: 1,
            fifo_beats: 128,
            burst_beats: 16,
        }
    }

    /// Checks every size.
    ///
    /// # Errors
    ///
    /// The first size that is out of its range, with the range; or one that is no power of two.
    pub fn validate(&self) -> Result<(), Error> {
        self.array.validate()?;
        let in_range = |name, value, least, most| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(Error::Size { name, value, least, most })
            }
        };
        let power_of_two = |name, value: u32, least, most| {
            in_range(name, value, least, most)?;
            if value.is_power_of_two() { Ok(()) } else { Err(Error::PowerOfTwo { name, value }) }
        };
        in_range("activation-bits", self.activation_bits, 8, MOST_ACTIVATION_BITS)?;
        if !self.activation_bits.is_multiple_of(8) {
            return Err(Error::ActivationBytes { activation_bits: self.activation_bits });
        }
        // A step's words must fit, with one to write the next into.
        let least_words = 4.max(2 * self.array.tokens.next_power_of_two());
        power_of_two("activation-words", self.activation_words, least_words, MOST_ACTIVATION_WORDS)?;
        let most_results = MOST_RESULT_LANES.min(self.array.columns.next_power_of_two());
        power_of_two("result-lanes", self.result_lanes, 1, most_results)?;
        in_range("dividers", self.dividers, 1, MOST_DIVIDERS)?;
        power_of_two("fifo-beats", self.fifo_beats, 4, MOST_FIFO_BEATS)?;
        power_of_two("burst-beats", self.burst_beats, 1, MOST_BURST_BEATS.min(self.fifo_beats))
    }

    /// Checks that the weight stream can be an AXI4 data bus.
    ///
    /// # Errors
    ///
    /// A width other than 8, 16, ... 1,024 bits (AMBA AXI specification, A3.4.1), or a burst beyond 4 KB.
    pub fn validate_axi(&self) -> Result<(), Error> {
        self.validate()?;
        let bits = self.array.stream_bits;
        if !bits.is_power_of_two() || bits > 1024 {
            return Err(Error::AxiWidth { stream_bits: bits });
        }
        let most = 4096 / (bits / 8);
        if self.burst_beats > most {
            return Err(Error::Size { name: "burst-beats", value: self.burst_beats, least: 1, most });
        }
        Ok(())
    }

    /// Beats of the activation stream that make a word of LANES activations; the last one is padded.
    pub fn beats_per_word(&self) -> u32 {
        (8 * self.array.lanes).div_ceil(self.activation_bits)
    }

    /// Beats of the result streams that make a token's COLUMNS results.
    pub fn groups(&self) -> u32 {
        self.array.columns.div_ceil(self.result_lanes)
    }

    /// Tokens' results that the result buffer holds: those of one step, and what the array has under way, so that
    /// neither a tile's end nor a job of single steps waits for the buffer's own latency.
    pub fn result_depth(&self) -> u32 {
        self.array.tokens.max(array_cycles(self.array.lanes) + 4).next_power_of_two()
    }
}
