//! Simulator.

pub mod chip;
pub mod dram;
mod error;
mod preset;
pub mod result;

pub use chip::Chip;
pub use error::Error;
