//! No clause without a test: every clause that the sources declare is cited by a test that holds it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A clause's number at the start of `text`: `C-`, capitals, `-`, digits.
fn clause_at_start(text: &str) -> Option<&str> {
    let (family, rest) = text.strip_prefix("C-")?.split_once('-')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let is_clause = !family.is_empty() && family.chars().all(|c| c.is_ascii_uppercase()) && digits > 0;
    is_clause.then(|| &text[..2 + family.len() + 1 + digits])
}

/// Clauses declared (`**C-X-1: ...` opening a paragraph of documentation) with their files, and clauses cited
/// by a `// Holds C-X-1, C-X-2.` right above a test.
fn declared_and_cited() -> (BTreeMap<String, Vec<String>>, BTreeSet<String>) {
    let mut declared = BTreeMap::<String, Vec<String>>::new();
    let mut cited = BTreeSet::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines().map(str::trim).peekable();
        while let Some(line) = lines.next() {
            let documentation = line.strip_prefix("/// **").or(line.strip_prefix("//! **"));
            if let Some(clause) = documentation.and_then(clause_at_start) {
                declared.entry(clause.to_owned()).or_default().push(path.display().to_string());
            }
            if let Some(holds) = line.strip_prefix("// Holds ") {
                assert_eq!(lines.peek(), Some(&"#[test]"), "{}: {line}", path.display());
                for citation in holds.split(". ").next().unwrap().trim_end_matches('.').split(", ") {
                    assert_eq!(clause_at_start(citation), Some(citation), "{}: {line}", path.display());
                    cited.insert(citation.to_owned());
                }
            }
        }
    }
    (declared, cited)
}

#[test]
fn every_clause_is_declared_once_and_held_by_a_test() {
    let (declared, cited) = declared_and_cited();
    for (clause, files) in &declared {
        assert_eq!(files.len(), 1, "{clause} is declared in {files:?}");
    }
    let declared: BTreeSet<String> = declared.into_keys().collect();
    assert_eq!(declared, cited);
}

#[test]
fn the_clauses_of_a_family_are_numbered_from_1_without_a_gap() {
    let mut families = BTreeMap::<String, BTreeSet<u32>>::new();
    for clause in declared_and_cited().0.into_keys() {
        let (family, number) = clause.rsplit_once('-').unwrap();
        families.entry(family.to_owned()).or_default().insert(number.parse().unwrap());
    }
    let expected = ["C-DOT", "C-KV", "C-LANE", "C-LIN", "C-PACK", "C-QUANT", "C-REQ", "C-TRIT", "C-WIDTH"];
    assert!(families.keys().eq(expected), "{families:?}");
    for (family, numbers) in families {
        assert!(
            numbers.iter().copied().eq(1..=u32::try_from(numbers.len()).unwrap()),
            "{family}: {numbers:?}"
        );
    }
}
