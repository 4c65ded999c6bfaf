//! Simulator.

pub mod result;
