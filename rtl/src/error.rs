//! What can go wrong.

use std::path::PathBuf;

/// Why there is no Verilog, or no run of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A size outside its range.
    #[error("{name} {value} is out of range: it must be {least} to {most}")]
    Size {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: u32,
        /// The least that is possible.
        least: u32,
        /// The most that is possible.
        most: u32,
    },
    /// A stream that is not in whole bytes.
    #[error("stream-bits {stream_bits} is no multiple of 8: the stream carries bytes of five trits")]
    StreamBytes {
        /// What was given.
        stream_bits: u32,
    },
    /// A stream of activations that is not in whole bytes.
    #[error("activation-bits {activation_bits} is no multiple of 8: the stream carries bytes")]
    ActivationBytes {
        /// What was given.
        activation_bits: u32,
    },
    /// A size that addresses wrap around.
    #[error("{name} {value} is no power of two")]
    PowerOfTwo {
        /// The parameter.
        name: &'static str,
        /// What was given.
        value: u32,
    },
    /// A stream that is no AXI4 data bus.
    #[error("stream-bits {stream_bits} is no width of an AXI4 data bus: it must be 8, 16, 32, ... 1024")]
    AxiWidth {
        /// What was given.
        stream_bits: u32,
    },
    /// A clock that a board's PLL does not give.
    #[error(
        "clock {clock_mhz} MHz cannot be made of the board's 25 MHz: it must be 4 to 32, a multiple of 5 up to 160, or \
         of 25 up to 400"
    )]
    Clock {
        /// What was asked for.
        clock_mhz: u32,
    },
    /// A fault of a block, not of its user.
    #[error("the block {block} cannot be written as Verilog: {why}")]
    Design {
        /// The block's name.
        block: String,
        /// What is wrong with it.
        why: String,
    },
    /// A tool that is not installed.
    #[error("{tool} was not found: install it with `{install}`")]
    Missing {
        /// The program.
        tool: String,
        /// The command that installs it.
        install: &'static str,
    },
    /// An engine that the part has no room for.
    #[error("the engine does not fit: {why}")]
    DoesNotFit {
        /// What the router says.
        why: String,
    },
    /// No placement keeps the clock.
    #[error("none of {seeds} placements keeps {clock_mhz} MHz: the best reaches {best:.1} MHz")]
    TooSlow {
        /// What was asked for.
        clock_mhz: u32,
        /// How many were tried.
        seeds: u32,
        /// What the fastest of them reaches, MHz.
        best: f64,
    },
    /// Standard cells that are none.
    #[error("{}: {what}", path.display())]
    Liberty {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A tool whose report lacks something.
    #[error("the report of {tool} has no {what}")]
    Report {
        /// The program.
        tool: String,
        /// What is not there.
        what: String,
    },
    /// A tool that reported a failure.
    #[error("{tool} failed: {output}")]
    Tool {
        /// The program.
        tool: String,
        /// What it printed.
        output: String,
    },
    /// A file that could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A schedule that the array cannot run, or a run that broke a rule.
    #[error("{0}")]
    Schedule(String),
    /// A run that was not as the contract says, or that broke a rule of a port.
    #[error("run {run}: {what}")]
    Run {
        /// Which one, counted from 0.
        run: usize,
        /// What was wrong.
        what: String,
    },
}
