//! The emitted engines between bus models that others wrote: cocotbext-axi, under cocotb, in Icarus Verilog.
//!
//! The tests themselves are Python, in `tests/cocotb`: a driver and golden values written from `rtl/README.md` alone. Here
//! their environment is installed, once, under the build folder, and they run on a handful of engines.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};
use tritium_tests::{output, python, sim};

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

/// Emits an engine and runs all its tests; the outcomes by name, and the log.
fn run(python: &Path, top: &str, sizes: &[u32; 11], seed: usize) -> (BTreeMap<String, Value>, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cocotb-{seed}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a writable build folder");
    let mut verilog = sim();
    verilog.arg("verilog").arg("--out").arg(&folder);
    let mut engine = Map::new();
    for (name, size) in SIZES.iter().zip(sizes) {
        verilog.arg(format!("--{}", name.replace('_', "-"))).arg(size.to_string());
        engine.insert((*name).to_owned(), json!(size));
    }
    let fetched = top == "ternary_engine_axi";
    engine.insert("fetched".to_owned(), json!(fetched));
    output(&mut verilog).unwrap_or_else(|why| panic!("{why}"));
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
    let python = python(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("cocotb-venv"));
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
