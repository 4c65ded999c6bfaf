//! `DEVIATIONS.md` names tests that there are.

use std::fs;
use std::path::Path;

/// The text of every Rust file below a folder, but for what was built.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            if !entry.ends_with("target") && !entry.ends_with(".git") {
                sources(&entry, text);
            }
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(entry).expect("a text"));
        }
    }
}

#[test]
fn every_gap_is_a_row_of_three_and_its_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the root");
    let mut code = String::new();
    sources(root, &mut code);
    let deviations = fs::read_to_string(root.join("DEVIATIONS.md")).expect("a text");
    let (gaps, differences) = deviations.split_once("\n## ").expect("machines, then other simulators");
    assert!(rows(gaps).count() > 10, "{gaps}");
    for (part, is_gap) in [(gaps, true), (differences, false)] {
        for row in rows(part) {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [gap, effect, tests] = cells.as_slice() else { panic!("three cells: {row}") };
            assert!(!gap.is_empty() && !effect.is_empty(), "{row}");
            assert!(!is_gap || tests.contains('`'), "no test: {row}");
            for test in tests.split('`').skip(1).step_by(2) {
                assert!(code.contains(&format!("fn {test}(")), "no test is called {test}");
            }
        }
    }
}

/// A table's rows, without its head.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| line.starts_with("| ")).skip(1)
}
