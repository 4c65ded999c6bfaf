//! `sim dram` as its users meet it, and beside other simulators.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dram")
}

fn dram(arguments: &[&str]) -> Output {
    tritium_tests::sim().arg("dram").args(arguments).output().expect("the command in TRITIUM_SIM starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn succeeds(arguments: &[&str]) -> String {
    let output = dram(arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The one line of what cannot be done.
fn fails(arguments: &[&str]) -> String {
    let output = dram(arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("error: ") && stderr.lines().count() == 1, "{stderr}");
    assert!(output.stdout.is_empty(), "nothing is printed before a failure");
    stderr
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeds(&[arguments, &["--format", "json"]].concat())).expect("JSON")
}

/// A trace of the generator, in a folder.
fn trace(folder: &Path, kind: &str, requests: u32, options: &[&str]) -> String {
    let output = Command::new("python3")
        .arg(here().join("traces.py"))
        .args([kind, &requests.to_string()])
        .args(options)
        .output()
        .expect("python3 starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let path = folder.join(format!("{kind}{}.trace", options.len()));
    std::fs::write(&path, output.stdout).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn cycles_are_the_recorded_ones_and_near_those_of_other_simulators() {
    // Where RAMULATOR2 and DRAMSIM3 name built binaries, they run as well.
    let output =
        Command::new("python3").arg(here().join("compare.py")).arg("check").output().expect("python3 starts");
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn results_have_their_keys_and_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let mixed = trace(folder.path(), "mixed", 30_000, &[]);
    let result = json(&["--standard", "ddr4-3200", "--trace", &mixed]);
    let number = |key: &str| result[key].as_f64().unwrap_or_else(|| panic!("{key} is a number"));
    for key in ["cycles", "bandwidth_gb_s", "peak_gb_s", "activates", "refreshes"] {
        assert!(number(key) > 0.0, "{key}");
    }
    assert_eq!((number("requests"), number("reads"), number("writes")), (30_000.0, 20_000.0, 10_000.0));
    let rows = number("row_hits") + number("row_misses") + number("row_conflicts");
    assert_eq!(rows + number("forwarded") + number("merged"), 30_000.0);
    let latency = |key: &str| result["latency"][key].as_f64().unwrap();
    assert!(latency("p50_ns") <= latency("p95_ns") && latency("p99_ns") <= latency("p999_ns"));
    assert!(latency("p999_ns") <= latency("max_ns") && latency("mean_ns") > 30.0);
    let joules = |key: &str| result["energy_j"][key].as_f64().unwrap();
    let parts: f64 = ["activate", "read", "write", "refresh", "background"].map(joules).iter().sum();
    assert!((joules("total") / parts - 1.0).abs() < 1e-9);
    assert_eq!(result["energy"]["basis"], "currents");
    // A standard without currents costs by the bit, and says so.
    let other = json(&["--standard", "hbm3", "--trace", &mixed, "--channels", "4"]);
    assert_eq!(other["energy"]["basis"], "per_bit");
    assert_eq!(other["energy_j"]["total"], other["energy_j"]["table"]);
}

#[test]
fn both_forms_of_a_trace_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let plain = trace(folder.path(), "mixed", 5_000, &[]);
    let timed = trace(folder.path(), "mixed", 5_000, &["--form", "rw"]);
    let of = |path: &str| json(&["--standard", "ddr4-2400", "--trace", path])["cycles"].clone();
    assert_eq!(of(&plain), of(&timed));
}

#[test]
fn commands_are_written_and_the_same_without_the_fast_path() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for kind in ["stream", "streams8", "random", "mixed"] {
        let requests = trace(folder.path(), kind, 20_000, &[]);
        for standard in ["ddr4-3200", "lpddr5-6400", "hbm3"] {
            let common = ["--standard", standard, "--trace", &requests, "--check"];
            let fast = succeeds(&[&common[..], &["--commands", &at("fast")]].concat());
            let slow = succeeds(&[&common[..], &["--commands", &at("slow"), "--no-fast"]].concat());
            assert_eq!(fast, slow, "{kind} {standard}");
            let commands = std::fs::read_to_string(at("fast")).unwrap();
            assert!(commands == std::fs::read_to_string(at("slow")).unwrap(), "{kind} {standard}");
            assert!(commands.lines().count() > 20_000);
        }
    }
    // ACT in cycle 0, RD after tRCD: cycle, first slot, channel, command, rank, group, bank, row, column.
    std::fs::write(at("one"), "LD 0x40\n").unwrap();
    succeeds(&["--standard", "ddr4-3200", "--trace", &at("one"), "--commands", &at("commands")]);
    let commands = std::fs::read_to_string(at("commands")).unwrap();
    assert_eq!(commands, "0 0 0 ACT 0 1 0 0\n22 22 0 RD 0 1 0 0 0\n");
}

#[test]
fn random_requests_obey_every_standard() {
    let folder = tempfile::tempdir().unwrap();
    let requests = trace(folder.path(), "mixed", 20_000, &["--bytes", "32", "--span", "268435456"]);
    let standards = std::fs::read_dir(here().join("../../sim/standards")).unwrap();
    let mut count = 0;
    for standard in standards {
        let path = standard.unwrap().path();
        let path = path.to_str().unwrap();
        let has_per_bank = std::fs::read_to_string(path).unwrap().contains("per_bank");
        for refresh in ["all-bank", "per-bank"].iter().take(1 + usize::from(has_per_bank)) {
            for ranks in ["1", "2"] {
                succeeds(&[
                    "--standard",
                    path,
                    "--trace",
                    &requests,
                    "--refresh",
                    refresh,
                    "--ranks",
                    ranks,
                    "--check",
                ]);
                count += 1;
            }
        }
    }
    assert_eq!(count, 2 * (10 + 6));
}

#[test]
fn what_limits_a_trace_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let stream = trace(folder.path(), "stream", 30_000, &[]);
    let of = |mapping: &str| {
        json(&["--standard", "ddr4-3200", "--trace", &stream, "--mapping", mapping, "--explain"])
    };
    let slow = of("RoBaRaCoCh");
    let best = &slow["alternatives"][0];
    let (asked, reached) =
        (slow["asked"]["bandwidth_gb_s"].as_f64().unwrap(), best["bandwidth_gb_s"].as_f64().unwrap());
    assert!(asked < 0.65 * 25.6 && reached > 0.93 * 25.6, "{slow}");
    assert!(slow["limits"][0]["what"].as_str().unwrap().starts_with("bank groups"), "{slow}");
    let text =
        succeeds(&["--standard", "ddr4-3200", "--trace", &stream, "--mapping", "RoBaRaCoCh", "--explain"]);
    assert!(text.contains("Most is lost to bank groups") && text.contains("reaches 1.5"), "{text}");
}

/// Traces come from other machines: what their addresses have beyond this memory is dropped, and counted.
#[test]
fn addresses_beyond_the_memory_wrap_around() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace");
    let run = |second: &str| {
        std::fs::write(&path, format!("LD 0x40\nLD {second}\n")).unwrap();
        let options =
            ["dram", "--standard", "ddr4-3200", "--format", "json", "--trace", path.to_str().unwrap()];
        let output = tritium_tests::sim().args(options).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let (within, beyond) = (run("0x80"), run("0x200000080"));
    assert_eq!((&within["wrapped"], &beyond["wrapped"]), (&0.into(), &1.into()));
    assert_eq!((&within["cycles"], &within["row_hits"]), (&beyond["cycles"], &beyond["row_hits"]));
}

#[test]
fn whatever_is_wrong_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace");
    let named = path.to_str().unwrap().to_owned();
    let with = |content: &str, options: &[&str]| {
        std::fs::write(&path, content).unwrap();
        fails(&[&["--standard", "ddr4-3200", "--trace", &named], options].concat())
    };
    assert!(with("LD 0x0\nXX 0x40\n", &[]).contains("line 2 is `XX 0x40`"));
    assert!(with("LD 0x0\n", &["--mapping", "RoBaXx"]).contains("`mapping` is `RoBaXx`"));
    assert!(with("LD 0x0\n", &["--channels", "3"]).contains("`channels` is 3"));
    assert!(with("LD 0x0\n", &["--ranks", "8"]).contains("`ranks` is 8"));
    assert!(with("LD 0x0\n", &["--read-queue", "0"]).contains("`read-queue` is 0"));
    assert!(with("LD 0x0\n", &["--low", "30"]).contains("`low` is 30"));
    assert!(with("LD 0x0\n", &["--refresh", "per-bank"]).contains("no refresh of a bank"));
    assert!(
        with("LD 0x0\n", &["--commands", "/nowhere/commands"]).contains("cannot write /nowhere/commands")
    );
    assert!(fails(&["--standard", "ddr4-3200", "--trace", "/nowhere"]).contains("/nowhere: cannot be read"));
    assert!(fails(&["--standard", "ddr5", "--trace", &named]).contains("unknown DRAM standard `ddr5`"));
    // An empty trace is one all the same.
    std::fs::write(&path, "").unwrap();
    assert_eq!(json(&["--standard", "ddr4-3200", "--trace", &named])["cycles"], 0);
}

#[test]
fn a_wrong_line_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("trace"), "LD 0x0\nLD\n").unwrap();
    fails(&["--standard", "ddr4-3200", "--trace", &at("trace"), "--commands", &at("commands")]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
