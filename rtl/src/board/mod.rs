//! A board around the engine: jobs, weights and activations come as bytes over a serial line, results go back.
//!
//! | file | does |
//! |---|---|
//! | `uart_receiver`, `uart_transmitter` | the line's ends |
//! | `frame_receiver` | bytes to beats of the engine's streams |
//! | `result_sender` | result beats to bytes |
//! | `serial_system` | these around a `ternary_core` |
//! | `ulx3s` | the top for the board ULX3S, and its constraints |

pub mod frame_receiver;
pub mod result_sender;
pub mod serial_system;
pub mod uart_receiver;
pub mod uart_transmitter;
pub mod ulx3s;

#[cfg(test)]
mod line;
