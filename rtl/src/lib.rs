//! A multiplier-free ternary matrix engine in RustHDL, and its Verilog.
//!
//! [`verilog::ternary_engine`] and [`verilog::ternary_engine_axi`] write the engine that [`EngineParameters`] describe;
//! [`cosim`] runs it. The blocks are listed in this crate's README.

/// A line of text for the emitted module; RustHDL's translation of it, nothing in Rust.
///
/// `comment!("module name")` names the module, where a block is used under several fields; else it is named by its field.
macro_rules! comment {
    ($text:literal) => {};
}

pub mod activation_buffer;
pub mod adder_level;
pub mod adder_tree;
pub mod axi_lite;
pub mod board;
pub mod burst_cutter;
pub mod byte_sum;
pub mod control_pipeline;
pub mod controller;
pub mod cosim;
pub mod countdown;
pub mod csr;
pub mod divider;
pub mod divider_groups;
pub mod divider_lane;
pub mod dot_unit;
pub mod eda;
pub mod engine;
mod engine_parameters;
mod error;
pub mod half;
pub mod hdl;
pub mod job_queue;
pub mod job_registers;
pub mod mac_array;
pub mod matrix_unit;
pub mod maxima;
pub mod maximum_level;
pub mod memory;
pub mod occupancy;
pub mod operands;
mod parameters;
pub mod queue_rows;
pub mod register_map;
pub mod requantizer;
pub mod result_buffer;
pub mod result_sequencer;
pub mod ring;
pub mod sign_level;
pub mod slot_memory;
pub mod step_walker;
pub mod stream_fifo;
pub mod stream_register;
pub mod synthesis;
pub mod ternary_core;
pub mod ternary_engine;
pub mod ternary_engine_axi;
pub mod ternary_lane;
pub mod tile_memory;
pub mod trit_decoder;
pub mod verilog;
pub mod weight_fetch;
pub mod weight_stream;
pub mod weight_tile;
pub mod word_select;

pub use engine_parameters::{EngineParameters, JOB_SLOTS};
pub use error::Error;
pub use parameters::Parameters;

#[cfg(test)]
mod testing;
