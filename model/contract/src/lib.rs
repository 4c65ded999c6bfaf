//! The arithmetic contract.

pub mod latency;
