//! `sim random-checkpoint`: a checkpoint of any preset's shape, and what it takes to run one.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use serde_json::Value;

fn write(model: &str, folder: &Path, seed: &str) -> String {
    let mut command = tritium_tests::sim();
    command.args(["random-checkpoint", "--model", model, "--seed", seed, "--out"]).arg(folder);
    let output = command.output().expect("the command in TRITIUM_SIM starts");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{stderr}");
    stderr
}

#[test]
fn a_seed_gives_one_checkpoint_that_generates() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference/autobitlinear/config.json");
    let run = |seed: &str| {
        let folder = tempfile::tempdir().unwrap();
        let told = write(config.to_str().unwrap(), folder.path(), seed);
        assert_eq!(told.lines().count(), 2, "{told}");
        let mut command = tritium_tests::sim();
        command.args(["generate", "--prompt-ids", "1,2", "--max-new-tokens", "9", "--checkpoint"]);
        let output = command.arg(folder.path()).output().unwrap();
        assert!(output.status.success());
        (fs::read(folder.path().join("model.safetensors")).unwrap(), output.stdout)
    };
    let (weights, tokens) = run("3");
    assert!((weights.clone(), tokens) == run("3"));
    assert!(weights != run("4").0);
}

/// 0.5 GB of packed linears and 0.66 GB of embedding, and what else there is, in less than 2 GB of resident memory.
#[cfg(target_os = "linux")]
#[test]
fn a_model_of_two_billion_weights_runs_within_2_gb() {
    // Of the build folder: a temporary one may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    write("bitnet-2b-4t", folder.path(), "1");
    assert!(fs::metadata(folder.path().join("model.safetensors")).unwrap().len() > 1_170_000_000);

    let mut command = tritium_tests::sim();
    command.args(["generate", "--prompt-ids", "1,2,3,128255", "--max-new-tokens", "3", "--format", "json"]);
    command.arg("--checkpoint").arg(folder.path()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the command in TRITIUM_SIM starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    while child.try_wait().unwrap().is_none() {
        // The largest so far, which a process that has just ended no longer has.
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kb = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kb| kb.parse::<u64>().ok());
        peak_kb = peak_kb.max(kb.unwrap_or(0));
        thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["tokens"].as_array().unwrap().len(), 3);
    assert!((1_100_000..2_000_000).contains(&peak_kb), "{peak_kb} kB");
}

#[test]
fn what_cannot_be_written_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let occupied = folder.path().join("file");
    fs::write(&occupied, "mine").unwrap();
    for (model, out, says) in [
        ("no-such-model", folder.path().join("a"), "unknown model `no-such-model`"),
        ("7b", occupied.clone(), "it is a file, must be a folder"),
    ] {
        let mut command = tritium_tests::sim();
        let output =
            command.args(["random-checkpoint", "--model", model, "--out"]).arg(&out).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && stderr.lines().count() == 1 && stderr.contains(says), "{stderr}");
    }
    assert_eq!(fs::read(occupied).unwrap(), b"mine");
}
