//! The emitted engines between bus models that others wrote: cocotbext-axi, under cocotb, in Icarus Verilog.
//!
//! The tests themselves are Python, in `tests/cocotb`: a driver and golden values written from `rtl/README.md` alone. Here
//! their environment is installed, once, under the build folder, and they run on a handful of engines.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

/// The folder of the Python tests.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cocotb");

/// The modules, and how many tests each holds.
const TESTS: [(&str, usize); 4] =
    [("test_registers", 5), ("test_jobs", 9), ("test_errors", 5), ("test_abort", 3)];

/// For the engine that fetches its weights.
const FETCH_TESTS: (&str, usize) = ("test_fetch", 5);

/// What `sim verilog` calls the sizes, with `-` for `_`.
const SIZES: [&str; 11] = [
    "lanes",
    "columns",
    "tokens",
    "stream_bits",
    "acc_bits",
    "activation_bits",
    "activation_words",
    "result_lanes",
    "dividers",
    "fifo_beats",
    "burst_beats",
];

/// Engines with tails everywhere, the smallest one, and wide ones; with few and many activations to a beat.
const ENGINES: [(&str, [u32; 11]); 6] = [
    ("ternary_engine", [13, 5, 3, 24, 24, 32, 16, 4, 1, 8, 4]),
    ("ternary_engine", [1, 1, 1, 8, 16, 8, 4, 1, 1, 4, 1]),
    ("ternary_engine", [20, 6, 4, 64, 24, 256, 32, 8, 2, 16, 16]),
    ("ternary_engine_axi", [10, 3, 5, 16, 20, 40, 32, 2, 1, 16, 8]),
    ("ternary_engine_axi", [16, 4, 2, 64, 32, 128, 8, 4, 3, 4, 1]),
    ("ternary_engine_axi", [7, 8, 1, 32, 18, 8, 16, 1, 1, 32, 16]),
];

/// Runs a command; what it printed, or, if it failed, what it said.
fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|why| format!("{command:?}: {why}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{command:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr)))
}

/// The interpreter of a virtual environment that has what `requirements.txt` names; made at the first time, and when
/// that file or the system's Python has changed.
fn python() -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cocotb-venv");
    let interpreter = environment.join("bin/python");
    let requirements = Path::new(PYTHON).join("requirements.txt");
    let system =
        output(Command::new("python3").args(["-c", "import sys; print(sys.executable, sys.version)"]))
            .unwrap_or_else(|why| panic!("python3 is needed, run tests/install-tools.sh: {why}"));
    let wanted = fs::read_to_string(&requirements).expect("tests/cocotb/requirements.txt") + &system;
    let stamp = environment.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && interpreter.exists() {
        return interpreter;
    }
    output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment)).unwrap_or_else(|why| {
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

/// Emits an engine and runs all its tests; the outcomes by name, and the log.
fn run(python: &Path, top: &str, sizes: &[u32; 11], seed: usize) -> (BTreeMap<String, Value>, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cocotb-{seed}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a writable build folder");
    let mut sim = tritium_tests::sim();
    sim.arg("verilog").arg("--out").arg(&folder);
    let mut engine = Map::new();
    for (name, size) in SIZES.iter().zip(sizes) {
        sim.arg(format!("--{}", name.replace('_', "-"))).arg(size.to_string());
        engine.insert((*name).to_owned(), json!(size));
    }
    let fetched = top == "ternary_engine_axi";
    engine.insert("fetched".to_owned(), json!(fetched));
    output(&mut sim).unwrap_or_else(|why| panic!("{why}"));
    let modules = TESTS.iter().chain(fetched.then_some(&FETCH_TESTS)).map(|(module, _)| module);
    let outcomes = output(
        Command::new(python)
            .arg(Path::new(PYTHON).join("run.py"))
            .args([folder.join(top).with_extension("v").as_os_str(), OsStr::new(top), folder.as_os_str()])
            .args(modules)
            .env("TRITIUM_ENGINE", Value::from(engine).to_string())
            .env("TRITIUM_SEED", seed.to_string())
            // The models use what newer cocotb will drop; the source folder stays as it is.
            .env("PYTHONWARNINGS", "ignore")
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    );
    let log = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
    let outcomes = outcomes.unwrap_or_else(|why| {
        panic!("{top} {sizes:?}, seed {seed}: {why}\n{}{}", log("build.log"), log("test.log"))
    });
    (serde_json::from_str(&outcomes).expect("JSON"), log("test.log"))
}

#[test]
fn bus_models_of_others_get_exact_results_from_every_engine() {
    let python = python();
    let mut failures = String::new();
    for (index, (top, sizes)) in ENGINES.iter().enumerate() {
        let seed = index + 1;
        let (outcomes, log) = run(&python, top, sizes, seed);
        let mut total = 0;
        for (module, count) in TESTS.iter().chain((*top == "ternary_engine_axi").then_some(&FETCH_TESTS)) {
            let ran = outcomes.keys().filter(|name| name.starts_with(&format!("{module}."))).count();
            assert_eq!(ran, *count, "tests of {module} that ran on {top} {sizes:?}\n{log}");
            total += ran;
        }
        assert_eq!(outcomes.len(), total, "{outcomes:?}");
        let failed: Vec<&String> =
            outcomes.iter().filter(|(_, outcome)| *outcome != "passed").map(|(name, _)| name).collect();
        if !failed.is_empty() {
            writeln!(failures, "{top} {sizes:?}, seed {seed}: {failed:?}\n{log}").expect("a string grows");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
