//! What the README shows is what the commands print. `make readme` writes it anew.

use std::path::{Path, PathBuf};
use std::process::Command;

use tritium_tests::sim;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn updating() -> bool {
    std::env::var_os("UPDATE_README").is_some()
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_first_screen_is_the_commands_output() {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("```text\n").unwrap();
    let (shown, after) = rest.split_once("```").unwrap();
    let printed = output(sim().args(["--model", "70b"]));
    // The answer and the decode step's first table; the prefill's and the details are left to the reader's own run.
    let answer = printed.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let decode = printed.split_once("decode of 1 token\n").unwrap().1;
    let table = decode.split("\n\n").next().unwrap();
    let expected = format!("{answer}\n\n[...]\n\ndecode of 1 token\n{table}\n\n[...]\n");
    if updating() {
        std::fs::write(&path, format!("{before}```text\n{expected}```{after}")).unwrap();
    } else {
        assert_eq!(shown, expected, "the README's output is stale: `make readme`");
    }
}

#[test]
fn the_charts_are_the_commands_charts() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    output(sim().args(["--model", "70b", "--out", folder]));
    output(sim().args(["sweep", "--out", folder]));
    output(sim().args(["paper", "--out", folder]));
    let charts =
        ["energy", "latency_throughput", "tornado", "paper_ratios", "paper_conventions", "paper_measured"];
    for chart in charts.map(|name| format!("{name}.svg")) {
        let drawn = std::fs::read_to_string(out.path().join(&chart)).unwrap();
        let kept = root().join("reports/gallery").join(&chart);
        if updating() {
            std::fs::write(&kept, drawn).unwrap();
        } else {
            assert_eq!(std::fs::read_to_string(&kept).unwrap(), drawn, "{chart} is stale: `make readme`");
        }
    }
}
