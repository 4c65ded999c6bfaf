//! Who may import whom. The simulator's timing and the RTL are two descriptions of one machine: if one saw the other,
//! their agreement would mean nothing.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each package and the packages of this workspace that it may depend on, development dependencies included.
const ALLOWED: [(&str, &[&str]); 9] = [
    ("tritium-contract", &[]),
    ("tritium-model", &["tritium-contract"]),
    ("tritium-rtl", &["tritium-contract"]),
    ("tritium-energy", &["tritium-contract"]),
    ("tritium-sim", &["tritium-contract", "tritium-model", "tritium-energy"]),
    ("tritium-paper", &["tritium-model", "tritium-energy"]),
    ("tritium-reports", &["tritium-sim", "tritium-energy", "tritium-paper"]),
    ("tritium-cli", &ALL),
    ("tritium-tests", &ALL),
];

const ALL: [&str; 7] = [
    "tritium-contract",
    "tritium-model",
    "tritium-rtl",
    "tritium-energy",
    "tritium-paper",
    "tritium-sim",
    "tritium-reports",
];

fn edges() -> BTreeMap<String, Vec<(String, DependencyKind)>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec().unwrap();
    metadata
        .packages
        .into_iter()
        .map(|package| {
            let dependencies = package.dependencies.into_iter().map(|d| (d.name, d.kind)).collect();
            (package.name.to_string(), dependencies)
        })
        .collect()
}

#[test]
fn packages_import_only_what_the_design_allows() {
    let edges = edges();
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(edges.keys().map(String::as_str).collect::<BTreeSet<_>>(), known, "packages of the workspace");
    for (name, allowed) in ALLOWED {
        for (dependency, _) in edges[name].iter().filter(|(d, _)| d.starts_with("tritium-")) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn the_contract_stands_alone_and_rust_hdl_stays_in_rtl() {
    let edges = edges();
    let normal = |name: &str| edges[name].iter().filter(|(_, kind)| *kind == DependencyKind::Normal).count();
    assert_eq!(normal("tritium-contract"), 0);
    for (name, dependencies) in &edges {
        let imports = dependencies.iter().any(|(d, _)| d.starts_with("rust-hdl"));
        assert_eq!(imports, name == "tritium-rtl", "{name}");
    }
}
