//! The sizes of an array.

use contract::latency::array_cycles;
use contract::widths::tree_bits;

use crate::Error;

/// The sizes of a MAC array, as its user gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// Activations that meet a column's trits at once: K per step, 1 to 1,024; no power of two needed.
    pub lanes: u32,
    /// Dot products at once: N per step, 1 to 1,024; lanes x columns is at most 131,072.
    pub columns: u32,
    /// Token slots: accumulators a column has, 1 to 1,024.
    pub tokens: u32,
    /// Width of the packed weight stream, bits: a multiple of 8, 8 to 65,536. A beat carries five trits for each byte.
    pub stream_bits: u32,
    /// Width of an accumulator, bits: what one step needs (`contract::widths::tree_bits`) to 32.
    pub acc_bits: u32,
}

#[allow(clippy::cast_possible_truncation, reason = "it is five")]
const TRITS_PER_BYTE: u32 = contract::packing::TRITS_PER_BYTE as u32;

/// The bounds keep Verilog and simulation in sizes that tools take; they are no limit of the structure.
const MOST_LANES: u32 = 1024;
const MOST_COLUMNS: u32 = 1024;
const MOST_PRODUCTS: u32 = 131_072;
const MOST_TOKENS: u32 = 1024;
const MOST_STREAM_BITS: u32 = 65_536;
const MOST_ACC_BITS: u32 = 32;

impl Parameters {
    /// Checks every size.
    ///
    /// # Errors
    ///
    /// The first size that is out of its range, with the range; or a stream that is not in whole bytes.
    pub fn validate(&self) -> Result<(), Error> {
        let in_range = |name, value, least, most| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(Error::Size { name, value, least, most })
            }
        };
        in_range("lanes", self.lanes, 1, MOST_LANES)?;
        in_range("columns", self.columns, 1, MOST_COLUMNS)?;
        in_range("lanes x columns", self.lanes * self.columns, 1, MOST_PRODUCTS)?;
        in_range("tokens", self.tokens, 1, MOST_TOKENS)?;
        in_range("stream-bits", self.stream_bits, 8, MOST_STREAM_BITS)?;
        if !self.stream_bits.is_multiple_of(8) {
            return Err(Error::StreamBytes { stream_bits: self.stream_bits });
        }
        in_range("acc-bits", self.acc_bits, tree_bits(self.lanes), MOST_ACC_BITS)
    }

    /// Trits in a beat of the stream: five a byte.
    pub fn trits_per_beat(&self) -> u32 {
        self.stream_bits / 8 * TRITS_PER_BYTE
    }

    /// Trits that a column takes in the stream: its lanes, padded to whole bytes.
    pub fn padded_lanes(&self) -> u32 {
        self.lanes.next_multiple_of(TRITS_PER_BYTE)
    }

    /// Beats of a tile; the last one is padded.
    pub fn beats(&self) -> u64 {
        let trits = u64::from(self.columns) * u64::from(self.padded_lanes());
        trits.div_ceil(self.trits_per_beat().into())
    }

    /// Cycles from an activation accepted to its result, when nothing stalls.
    pub fn latency_cycles(&self) -> u32 {
        array_cycles(self.lanes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_sizes_panic_and_valid_ones_have_whole_tiles(
            lanes in prop_oneof![any::<u32>(), 0u32..1100],
            columns in prop_oneof![any::<u32>(), 0u32..1100],
            tokens in prop_oneof![any::<u32>(), 0u32..1100],
            stream_bits in prop_oneof![any::<u32>(), (0u32..9000).prop_map(|bytes| bytes * 8)],
            acc_bits in prop_oneof![any::<u32>(), 0u32..40],
        ) {
            let p = Parameters { lanes, columns, tokens, stream_bits, acc_bits };
            if p.validate().is_ok() {
                let bits = u64::from(columns) * u64::from(lanes.div_ceil(5)) * 8;
                prop_assert_eq!(p.beats(), bits.div_ceil(u64::from(stream_bits)));
                prop_assert!(p.beats() >= 1 && p.latency_cycles() >= 2);
                prop_assert_eq!(p.padded_lanes() % 5, 0);
            }
        }
    }
}
