//! Pipeline latencies of the blocks, in clock cycles, each with its cause. `rtl` builds its blocks to these numbers
//! and `sim` times them by the same; nothing else is shared between the two.

use crate::requantize::DIGITS;

/// Activations are registered where they leave their memory, since a block RAM gives its data late in a cycle, and again where
/// they go to every column.
pub const BROADCAST_CYCLES: u32 = 2;

// Activations meet the tile that was held when they were accepted.
const _: () = assert!(ACTIVATION_DATA_CYCLES + BROADCAST_CYCLES == WEIGHT_DATA_CYCLES);

/// A lane registers its activation: the register's synchronous clear is what a zero trit does, and costs no lookup table.
pub const LANE_CYCLES: u32 = 1;

/// One level of the adder tree is registered: one cycle a level.
pub const TREE_LEVEL_CYCLES: u32 = 1;

/// The accumulator adds the tree's sum to its slot: one cycle.
pub const ACCUMULATE_CYCLES: u32 = 1;

/// From the last beat of a tile accepted to the first activation that uses the tile: one cycle to store the beat in the
/// loading register, one to copy that register to the held one.
pub const TILE_SWAP_CYCLES: u32 = 2;

/// From a beat accepted by a stream register to the beat offered: it is registered, so that no path runs through.
pub const STREAM_REGISTER_CYCLES: u32 = 1;

/// From a beat accepted by an empty stream FIFO to the beat offered: one cycle to write the memory, one to read it.
pub const STREAM_FIFO_CYCLES: u32 = 2;

/// From a beat of weights accepted by the FIFO to the beat offered: one cycle to register it, one to write the memory.
pub const WEIGHT_STORE_CYCLES: u32 = 2;

/// From a beat of weights taken to its trits: one cycle for its row to reach the memory, one to read it, one to register its
/// bytes, since a block RAM gives its data late in a cycle, one to decode them and register the trits, which then cross the
/// array. What takes a beat does not wait for it: all that the trits meet is as late.
pub const WEIGHT_DATA_CYCLES: u32 = 4;

/// From a register access accepted on AXI4-Lite to its response: one cycle to hold the request, one to give it its turn,
/// one for the register itself.
pub const AXI_LITE_CYCLES: u32 = 3;

/// From a job accepted by the fetch of weights to its first burst offered: one cycle to hold the job, one to count its
/// first step, one to cut the burst, one to find room for it in the FIFO. Longer where a burst takes several steps.
pub const WEIGHT_FETCH_CYCLES: u32 = 4;

/// From the last beat of a word accepted by the activation buffer to the first cycle that can fetch the word: one cycle to
/// register the beat, one to write the memory.
pub const ACTIVATION_STORE_CYCLES: u32 = 2;

/// From a word of activations freed to the first cycle in which its place can be written: one cycle to register that it is free,
/// one for the stream to learn of it.
pub const ACTIVATION_FREE_CYCLES: u32 = 2;

/// From a word of activations taken to its data: one cycle for its row to reach the memories, one to read them. What takes it
/// does not wait.
pub const ACTIVATION_DATA_CYCLES: u32 = 2;

/// From results written to an empty result buffer to their first group offered: one cycle to write the memory, one to
/// read it.
pub const RESULT_BUFFER_CYCLES: u32 = 2;
/// The requantiser registers a beat, so that whoever makes it does not share a cycle with the sums of magnitudes and
/// dividends: from a beat accepted to its raw copy offered.
pub const OPERANDS_CYCLES: u32 = 1;

/// Levels of the tree that finds a beat's largest magnitude, each registered: one cycle a level. A single value has
/// none to be compared with, and still a level: the comparison with its slot's maximum has a cycle of its own.
pub const fn maximum_levels(lanes: u32) -> u32 {
    let levels = binary_levels(lanes);
    if levels == 0 { 1 } else { levels }
}

/// From a beat accepted by the requantiser to its slot's maximum as it is read: the beat's register, the tree, and one
/// cycle to compare with what the slot holds, and to write.
pub const fn maximum_cycles(lanes: u32) -> u32 {
    OPERANDS_CYCLES + maximum_levels(lanes) + 1
}

/// Digits that a divider finds, one a cycle: those of the quotient, one before them that says |v| > M, and one after
/// them to round by.
pub const DIVIDER_DIGITS: u32 = DIGITS + 2;

/// From a beat loaded into a group of dividers to its result, which is also the time between two beats: its digits, and
/// the cycle in which the result is offered and the next beat can be loaded.
pub const DIVIDER_CYCLES: u32 = DIVIDER_DIGITS + 1;

/// From a beat accepted by the requantiser to the offer of its INT8s, with a divider at rest.
pub const fn quantized_cycles() -> u32 {
    OPERANDS_CYCLES + DIVIDER_CYCLES
}

/// Levels of a binary tree over `operands` operands.
const fn binary_levels(operands: u32) -> u32 {
    operands.next_power_of_two().trailing_zeros()
}

/// Lanes of a byte.
#[allow(clippy::cast_possible_truncation, reason = "it is five")]
const BYTE_LANES: u32 = crate::packing::TRITS_PER_BYTE as u32;

/// Levels that add the five lanes of a byte.
pub const BYTE_LEVELS: u32 = 3;

/// The lane of a byte that is added last (C-LANE-4).
pub const LATE_LANE: usize = 2;

/// So many cycles after the other lanes' activations that of [`LATE_LANE`] comes to a column: when its adder wants it. It waits
/// where it is shared by all columns, not in each.
pub const LATE_LANE_CYCLES: u32 = (BYTE_LEVELS - 1) * TREE_LEVEL_CYCLES;

/// Levels of the adder tree over `lanes` lanes: those of a byte, and a binary tree over the bytes.
pub const fn tree_levels(lanes: u32) -> u32 {
    BYTE_LEVELS + binary_levels(lanes.div_ceil(BYTE_LANES))
}

/// From an activation at a column's lanes to the result of its step, cycles.
pub const fn column_cycles(lanes: u32) -> u32 {
    LANE_CYCLES + tree_levels(lanes) * TREE_LEVEL_CYCLES + ACCUMULATE_CYCLES
}

/// From an activation accepted by the array to the result of its step, cycles.
pub const fn array_cycles(lanes: u32) -> u32 {
    ACTIVATION_DATA_CYCLES + BROADCAST_CYCLES + column_cycles(lanes)
}
