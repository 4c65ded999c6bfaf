//! A multiplier-free ternary MAC array in RustHDL, and its Verilog.
//!
//! [`verilog::mac_array`] writes the array that [`Parameters`] describe; the blocks are listed in this crate's README.

/// A line of text for the emitted module; RustHDL's translation of it, nothing in Rust.
macro_rules! comment {
    ($text:literal) => {};
}

pub mod adder_level;
pub mod adder_tree;
pub mod control_pipeline;
pub mod cosim;
pub mod dot_unit;
pub mod eda;
mod error;
pub mod hdl;
pub mod mac_array;
mod parameters;
pub mod slot_memory;
pub mod ternary_lane;
pub mod tile_memory;
pub mod verilog;
pub mod weight_tile;

pub use error::Error;
pub use parameters::Parameters;

#[cfg(test)]
mod testing;
