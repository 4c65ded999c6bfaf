//! The arithmetic contract: what every number in the machine must be, to the bit.
//!
//! Plain functions, on integers wherever the hardware has integers. The reference transformer, the hardware
//! and the simulator are each written against this crate, and none of them rounds, saturates, packs or counts
//! a width in a way of its own. Each clause has a number, stated where it is implemented (`**C-QUANT-2: ties
//! to even.**`) and cited by the tests that hold it (`Holds C-QUANT-2`); `tests/clauses.rs` checks that no
//! clause is without a test.
//!
//! | clauses | file | subject |
//! |---|---|---|
//! | C-TRIT | `trit.rs` | the ternary digit |
//! | C-PACK | `packing.rs`, `image.rs` | five trits a byte, a matrix in memory |
//! | C-QUANT | `quantize.rs`, `weights.rs`, `activations.rs` | absmean weights, absmax activations |
//! | C-LANE | `lane.rs` | products and sums of trits and activations without a multiplier or a negation |
//! | C-WIDTH | `widths.rs` | bits of an activation, a sum and an accumulator; the largest K |
//! | C-DOT | `dot.rs` | the exact dot product |
//! | C-LIN | `linear.rs` | from an integer sum back to a real number |
//! | C-REQ | `requantize.rs` | integers to INT8 without a multiplier |
//! | C-KV | `kv.rs`, `half.rs` | the forms of the KV cache |
//!
//! [`latency`] holds the pipeline depths that `rtl` builds and `sim` times.

mod activations;
mod dot;
mod half;
mod image;
pub mod kv;
mod lane;
pub mod latency;
mod linear;
pub mod packing;
mod quantize;
pub mod requantize;
mod trit;
mod weights;
pub mod widths;

pub use activations::quantize_activations;
pub use dot::{DotError, dot};
pub use half::{f16_to_f32, f32_to_f16};
pub use image::ImageLayout;
pub use lane::{Pending, add_pending, lane, signs, sum_byte, trits_of};
pub use linear::{auto_bit_linear, bit_linear};
pub use packing::IMAGE_VERSION;
pub use quantize::NotFinite;
pub use requantize::requantize;
pub use trit::Trit;
pub use weights::{TernaryMatrix, quantize_weights};
pub use widths::{ACC_BITS, ACTIVATION_BITS, max_k};
