//! The Python that cocotb runs in: a virtual environment under the build folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command; what it printed.
///
/// # Errors
/// If it failed: the command, and what it said.
pub fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|why| format!("{command:?}: {why}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{command:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr)))
}

/// The interpreter of a virtual environment in `folder` that has what `requirements.txt` names; made at the first time, and
/// when that file or the system's Python has changed.
///
/// # Panics
/// If it cannot be made; with what to do.
pub fn python(folder: &Path) -> PathBuf {
    let interpreter = folder.join("bin/python");
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("cocotb/requirements.txt");
    let version = "import sys; print(sys.executable, sys.version)";
    let system = output(Command::new("python3").args(["-c", version]))
        .unwrap_or_else(|why| panic!("python3 is needed, run tests/install-tools.sh: {why}"));
    let wanted = fs::read_to_string(&requirements).expect("tests/cocotb/requirements.txt") + &system;
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && interpreter.exists() {
        return interpreter;
    }
    output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder)).unwrap_or_else(|why| {
        panic!(
            "python3 cannot make a virtual environment: run tests/install-tools.sh, or install python3-venv with your \
             system's package manager\n{why}"
        )
    });
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    output(Command::new(&interpreter).args(pip).arg(&requirements)).unwrap_or_else(|why| {
        panic!(
            "pip cannot install tests/cocotb/requirements.txt. It needs a package index: PyPI, or another that pip is \
             configured for (`pip config set global.index-url ...`). Once it is reachable, run this test again.\n{why}"
        )
    });
    fs::write(&stamp, wanted).expect("a writable build folder");
    interpreter
}
