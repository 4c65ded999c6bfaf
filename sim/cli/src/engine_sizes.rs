//! The sizes of an engine, as every command about one takes them.

use clap::Args;
use rtl::EngineParameters;

/// The sizes of an engine.
#[derive(Debug, Args)]
pub(crate) struct SizeArguments {
    /// Activations that meet a column's trits at once.
    #[arg(long, value_name = "L", allow_negative_numbers = true, value_parser = size)]
    pub(crate) lanes: u32,

    /// Dot products at once.
    #[arg(long, value_name = "C", allow_negative_numbers = true, value_parser = size)]
    pub(crate) columns: u32,

    /// Token slots: accumulators of a column.
    #[arg(long, value_name = "T", allow_negative_numbers = true, value_parser = size)]
    pub(crate) tokens: u32,

    /// Width of the packed weight stream, five trits a byte; to fetch it: 8, 16, 32, ... 1024.
    #[arg(long, value_name = "W", default_value_t = 512, allow_negative_numbers = true, value_parser = size)]
    pub(crate) stream_bits: u32,

    /// Width of an accumulator.
    #[arg(long, value_name = "BITS", default_value_t = 24, allow_negative_numbers = true, value_parser = size)]
    pub(crate) acc_bits: u32,

    /// Width of the activation stream [default: a power of two for LANES activations, at most 128].
    #[arg(long, value_name = "BITS", allow_negative_numbers = true, value_parser = size)]
    pub(crate) activation_bits: Option<u32>,

    /// Words of LANES activations in the activation buffer, a power of two [default: 4 steps of TOKENS, at least 512].
    #[arg(long, value_name = "WORDS", allow_negative_numbers = true, value_parser = size)]
    pub(crate) activation_words: Option<u32>,

    /// Results in a beat of the output streams, a power of two [default: COLUMNS, at most 4].
    #[arg(long, value_name = "R", allow_negative_numbers = true, value_parser = size)]
    pub(crate) result_lanes: Option<u32>,

    /// Groups of R dividers that requantise [default: 1].
    #[arg(long, value_name = "D", allow_negative_numbers = true, value_parser = size)]
    pub(crate) dividers: Option<u32>,

    /// Beats in the FIFO of the weight stream, a power of two [default: 128].
    #[arg(long, value_name = "BEATS", allow_negative_numbers = true, value_parser = size)]
    pub(crate) fifo_beats: Option<u32>,

    /// Longest burst of fetched weights, a power of two [default: 16, or what the FIFO holds].
    #[arg(long, value_name = "BEATS", allow_negative_numbers = true, value_parser = size)]
    pub(crate) burst_beats: Option<u32>,
}

/// A size of the engine; the engine itself says what it can be.
pub(crate) fn size(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("must be a whole number from 0 to {}", u32::MAX))
}

/// The engine of the given sizes, the others as suit its array.
pub(crate) fn engine(sizes: &SizeArguments) -> anyhow::Result<EngineParameters> {
    let &SizeArguments { lanes, columns, tokens, stream_bits, acc_bits, .. } = sizes;
    let array = rtl::Parameters { lanes, columns, tokens, stream_bits, acc_bits };
    // The other sizes follow from valid ones only.
    array.validate()?;
    let suited = EngineParameters::of(array);
    let fifo_beats = sizes.fifo_beats.unwrap_or(suited.fifo_beats);
    let parameters = EngineParameters {
        array,
        activation_bits: sizes.activation_bits.unwrap_or(suited.activation_bits),
        activation_words: sizes.activation_words.unwrap_or(suited.activation_words),
        result_lanes: sizes.result_lanes.unwrap_or(suited.result_lanes),
        dividers: sizes.dividers.unwrap_or(suited.dividers),
        fifo_beats,
        burst_beats: sizes.burst_beats.unwrap_or(suited.burst_beats.min(fifo_beats)),
    };
    parameters.validate()?;
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_is_no_number_is_told_its_range() {
        assert_eq!((size("0"), size("4294967295")), (Ok(0), Ok(u32::MAX)));
        for wrong in ["-1", "4294967296", "99999999999999999999", "x"] {
            assert_eq!(size(wrong), Err("must be a whole number from 0 to 4294967295".to_owned()), "{wrong}");
        }
    }
}
