//! Cycle-accurate simulator of a ternary language-model accelerator.
//!
//! Data flows one way, and each layer is plain data and a function:
//!
//! ```text
//! Workload (operators) -> Mapping (tiles, addresses, jobs) -> Timing (cycles) -> Report (result)
//! ```
//!
//! [`simulate`] runs a [`Request`] through all of them, for the ternary machine and for the FP16 baseline. The timing of
//! what exists in RTL follows the contract's latencies and nothing else of it; this crate never sees the RTL.

pub mod baseline;
pub mod board;
pub mod chip;
pub mod control;
pub mod dram;
pub mod engine;
mod error;
pub mod events;
pub mod mapping;
mod memory_energy;
mod parts;
mod preset;
pub mod registers;
pub mod result;
pub mod sensitivity;
mod simulate;
pub mod timing;
mod verified;
pub mod workload;

pub use baseline::Equal;
pub use chip::Chip;
pub use error::Error;
pub use events::Share;
pub use simulate::{Batch, MAX_BATCH, MAX_TOKENS, Request, simulate};
pub use verified::VERIFIED_ENGINES;
