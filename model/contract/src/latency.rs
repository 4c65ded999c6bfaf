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

/// From a register access accepted on AXI4-Lite to its response: one cycle to hold the request, one to give it its turn,
/// one for the register itself.
pub const AXI_LITE_CYCLES: u32 = 3;

/// From a job accepted by the fetch of weights to its first burst offered: one cycle to hold the job, one to count its
/// first step, one to cut the burst, one to find room for it in the FIFO. Longer where a burst takes several steps.
pub const WEIGHT_FETCH_CYCLES: u32 = 4;

/// Levels of a binary adder tree over `lanes` operands.
pub const fn tree_levels(lanes: u32) -> u32 {
    lanes.next_power_of_two().trailing_zeros()
}

/// From an activation accepted by the array to the result of its step, cycles.
pub const fn array_cycles(lanes: u32) -> u32 {
    LANE_CYCLES + tree_levels(lanes) * TREE_LEVEL_CYCLES + ACCUMULATE_CYCLES
}
