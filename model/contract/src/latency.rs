//! Pipeline latencies of the blocks, in clock cycles, each with its cause. `rtl` builds its blocks to these numbers
//! and `sim` times them by the same; nothing else is shared between the two.

/// A lane registers its selected operand, so that the multiplexer and the first adder level do not share a cycle.
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

/// From the last beat of a word accepted by the activation buffer to the first cycle that can fetch the word: one cycle
/// to write the memory.
pub const ACTIVATION_STORE_CYCLES: u32 = 1;

/// From a word fetched from the activation buffer to the word offered: one cycle to read the memory.
pub const ACTIVATION_FETCH_CYCLES: u32 = 1;

/// From results written to an empty result buffer to their first group offered: one cycle to write the memory, one to
/// read it.
pub const RESULT_BUFFER_CYCLES: u32 = 2;

/// Levels of a binary adder tree over `lanes` operands.
pub const fn tree_levels(lanes: u32) -> u32 {
    lanes.next_power_of_two().trailing_zeros()
}

/// From an activation accepted by the array to the result of its step, cycles.
pub const fn array_cycles(lanes: u32) -> u32 {
    LANE_CYCLES + tree_levels(lanes) * TREE_LEVEL_CYCLES + ACCUMULATE_CYCLES
}
