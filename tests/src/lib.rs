//! What the cross-crate tests share.

pub mod engines;
mod python;

use std::process::{Command, Stdio};

pub use python::{output, python};

/// The built `sim`, whose path is in `TRITIUM_SIM`; `make test` sets it.
///
/// # Panics
/// Without it: a test of the command line cannot do without the command.
pub fn sim() -> Command {
    let path = std::env::var_os("TRITIUM_SIM").expect(
        "TRITIUM_SIM must hold the path of the built `sim`: run `make test`, or `cargo build --release` and \
         `TRITIUM_SIM=$PWD/target/release/sim`",
    );
    let mut command = Command::new(path);
    // A backtrace must not appear even where users ask for backtraces.
    command.env("RUST_BACKTRACE", "1").stdin(Stdio::null());
    command
}
