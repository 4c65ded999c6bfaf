//! A driver written from `rtl/README.md` alone gets exact results: so what stands there is enough, and true.
//!
//! It is Python, in `tests/driver`, and needs cocotb and no bus library; it runs on every simulator that cocotb knows.

use std::path::Path;
use std::process::Command;

use tritium_tests::{output, python, sim};

/// Tests of `test_driver.py`, each on the eight tops that `run.py` emits.
const TESTS: usize = 20;

#[test]
fn a_driver_written_from_the_documentation_alone_gets_exact_results() {
    let python = python(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("driver-venv"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("driver");
    let mut run = Command::new(python);
    run.arg(folder.join("run.py")).arg(sim().get_program()).env("PYTHONDONTWRITEBYTECODE", "1");
    let lines = output(&mut run).unwrap_or_else(|why| panic!("{why}"));
    let passed = lines.lines().filter(|line| line.contains(&format!(": {TESTS} tests, 0 failed"))).count();
    assert_eq!((passed, lines.lines().count()), (8, 8), "{lines}");
}
