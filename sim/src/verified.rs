//! Which arrays' cycles are proven equal to their Verilog's.

use crate::chip::ChipSpec;
use crate::result::Verification;

/// (lanes, columns, token slots, stream bits, accumulator bits) of the arrays whose emitted Verilog a test runs against
/// [`crate::timing::array_schedule`], beat by beat and token by token (`tests/tests/timing_equality.rs`).
pub const VERIFIED_ARRAYS: [(u64, u64, u64, u64, u32); 6] = [
    (128, 8, 16, 512, 24),
    (80, 1, 4, 128, 24),
    (80, 16, 16, 128, 24),
    (80, 4, 4, 512, 24),
    (128, 16, 8, 512, 24),
    (128, 64, 32, 512, 24),
];

/// How the cycles of a chip's ternary array are known, from the arrival of a beat to the result of its step. The memory
/// before it and the vector unit behind it are modelled on every chip.
pub(crate) fn ternary_array(spec: &ChipSpec) -> Verification {
    let array = (spec.lanes, spec.columns, spec.token_slots, spec.stream_bits, spec.acc_bits);
    if VERIFIED_ARRAYS.contains(&array) { Verification::RtlVerified } else { Verification::Modelled }
}
