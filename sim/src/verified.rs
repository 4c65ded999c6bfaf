//! Which engines' cycles are proven equal to their Verilog's.

use model::WeightFormat;

use crate::Chip;
use crate::engine::Sizes;
use crate::mapping::engine_sizes;
use crate::result::Verification;

const fn sizes(array: [u64; 4], activations: [u64; 2], result_lanes: u64, fifo_beats: u64) -> Sizes {
    let [lanes, columns, tokens, stream_bits] = array;
    let [activation_bits, activation_words] = activations;
    Sizes {
        lanes,
        columns,
        tokens,
        column_bytes: lanes.div_ceil(contract::packing::TRITS_PER_BYTE as u64),
        activation_bytes: 1,
        stream_bits,
        activation_bits,
        activation_words,
        result_lanes,
        dividers: 1,
        fifo_beats,
        burst_beats: 16,
    }
}

/// The engines whose emitted Verilog, with accumulators of [`contract::ACC_BITS`], a test runs against [`crate::engine::Engine`]: those of
/// the chip presets. The test finds every transfer in the same cycle, and the same counters (`tests/tests/engine_timing.rs`).
pub const VERIFIED_ENGINES: [Sizes; 6] = [
    sizes([128, 4, 16, 512], [128, 512], 4, 128),
    sizes([80, 1, 4, 128], [128, 512], 1, 128),
    sizes([80, 16, 16, 128], [128, 512], 4, 128),
    sizes([80, 4, 4, 512], [640, 2048], 4, 128),
    sizes([128, 16, 8, 512], [1024, 2048], 8, 256),
    sizes([128, 64, 32, 512], [1024, 8192], 16, 256),
];

/// How the cycles of a chip's ternary engines are known, from the queueing of a job to its last result, with the memory's answers as
/// they come. The memory itself and the vector unit are modelled on every chip.
pub(crate) fn ternary_engine(chip: &Chip) -> Verification {
    let sizes = engine_sizes(chip, WeightFormat::Ternary);
    let verified = chip.spec.acc_bits == contract::ACC_BITS && VERIFIED_ENGINES.contains(&sizes);
    if verified { Verification::RtlVerified } else { Verification::Modelled }
}
