//! `sim paper` as its users meet it: every number within its bound, and no miss that DEVIATIONS.md does not list.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

/// What the command prints.
fn paper(arguments: &[&str]) -> String {
    let output = tritium_tests::sim().arg("paper").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn document() -> Value {
    serde_json::from_str(&paper(&["--format", "json"])).unwrap()
}

#[test]
fn every_number_is_within_its_bound_or_a_listed_deviation() {
    let listed = include_str!("../../DEVIATIONS.md");
    let document = document();
    let rows = document["rows"].as_array().unwrap();
    let mut met = 0;
    for row in rows.iter().filter(|row| !row["met"].is_null()) {
        if row["met"] == true {
            met += 1;
            continue;
        }
        let deviation = format!("{}: {:.2}x", row["item"].as_str().unwrap(), row["ours"].as_f64().unwrap());
        assert!(listed.contains(&deviation), "{deviation} is neither within its bound nor in DEVIATIONS.md");
    }
    assert_eq!(met, 65);
}

#[test]
fn bounds_are_what_the_project_promises() {
    let document = document();
    let rows = document["rows"].as_array().unwrap();
    let mut largest = BTreeMap::<(String, String), f64>::new();
    for row in rows.iter().filter(|row| !row["bound"].is_null() && !row["error_percent"].is_null()) {
        let figure = row["figure"].as_str().unwrap();
        if figure == "section 3" {
            continue;
        }
        let error = row["error_percent"].as_f64().unwrap().abs();
        let kind = (figure[..7].to_owned(), row["unit"].as_str().unwrap().to_owned());
        let most = largest.entry(kind).or_default();
        *most = most.max(error);
    }
    let within = |figure: &str, unit: &str, percent: f64| {
        let error = largest[&(figure.to_owned(), unit.to_owned())];
        assert!(error <= percent, "{figure}, {unit}: {error}%");
    };
    within("figure ", "x", 0.5);
    within("figure ", "J", 0.5);
    within("table 1", "GB", 5.0);
    within("figure ", "GB", 5.0);
    within("table 1", "ms", 25.0);
    within("figure ", "ms", 25.0);
    within("table 3", "sequences", 0.0);
    within("table 3", "tokens/s", 25.0);
}

#[test]
fn a_folder_has_the_documents_and_the_charts() {
    let folder = tempfile::tempdir().unwrap();
    let table = paper(&["--out", folder.path().to_str().unwrap()]);
    assert!(table.starts_with("arXiv 2402.17764: 65 of 68 numbers within their bounds"), "{table}");
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "paper.csv",
        "paper.json",
        "paper_conventions.png",
        "paper_conventions.svg",
        "paper_measured.png",
        "paper_measured.svg",
        "paper_ratios.png",
        "paper_ratios.svg",
    ];
    assert_eq!(names, expected);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("paper.csv"), paper(&["--format", "csv"]));
    assert_eq!(serde_json::from_str::<Value>(&read("paper.json")).unwrap(), document());
    assert!(read("paper.csv").starts_with("figure,item,unit,paper,ours,error_percent,convention\n"));
}
