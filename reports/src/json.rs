//! The JSON document. Its keys and units are in this crate's README; a test holds the two together.

use serde::Serialize;

use crate::Error;

/// A [`sim::result::Report`], or a slice of them, as an indented JSON document that ends in a newline.
pub fn json<T: Serialize + ?Sized>(report: &T) -> Result<String, Error> {
    let mut text = serde_json::to_string_pretty(report)
        .map_err(|reason| Error::Document { format: "JSON", reason: reason.to_string() })?;
    text.push('\n');
    Ok(text)
}

/// The word that stands for `value` in the document, for what is one there: `rtl-verified`, `f16`.
pub(crate) fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::example;

    /// Every path to a value, `phases[].fp16.seconds`; keys under `components` are data, not schema.
    fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    if path.ends_with(".components") {
                        found.insert(path);
                    } else {
                        paths(value, &path, found);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| paths(item, &format!("{path}[]"), found)),
            _ => {
                found.insert(path.to_owned());
            }
        }
    }

    #[test]
    fn the_values_survive() {
        let report = example::report();
        let text = json(&report).unwrap();
        assert!(text.ends_with("}\n"));
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["schema_version"], sim::result::SCHEMA_VERSION);
        assert_eq!(document["model"], "70b");
        assert_eq!(document["options"]["head"], word(report.options.head));
        let decode = &document["phases"][1];
        assert_eq!(decode["phase"], "decode");
        assert_eq!(decode["cycles"], report.phases[1].ternary.cycles);
        assert_eq!(decode["fp16"]["cycles"], report.phases[1].fp16.cycles);
        assert_eq!(decode["operators"][1]["verification"], "rtl-verified");
        assert_eq!(
            decode["energy_j"]["system"]["fp16"]["total"],
            report.phases[1].energy_j.system.fp16.total
        );
        assert!(decode.get("time_to_first_token_s").is_none(), "prefill's alone");
        assert!(document["phases"][0]["time_to_first_token_s"].is_f64());
    }

    #[test]
    fn several_reports_are_an_array() {
        let reports = [example::report(), example::report()];
        let document: Value = serde_json::from_str(&json(&reports[..]).unwrap()).unwrap();
        assert_eq!(document.as_array().unwrap().len(), 2);
    }

    #[test]
    fn every_key_is_documented_with_the_path_it_has() {
        let document = serde_json::to_value(example::report()).unwrap();
        let mut found = BTreeSet::new();
        paths(&document, "", &mut found);

        // A row `| `key` | unit | meaning |` under a heading `### `path`` documents `path.key`.
        let mut documented = BTreeSet::new();
        let mut prefix = String::new();
        let readme = include_str!("../README.md").lines();
        for line in readme.skip_while(|line| *line != "## The JSON document") {
            let name = line.split('`').nth(1).unwrap_or_default();
            if line.starts_with("### ") {
                prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
            } else if line.starts_with("| `") {
                documented.insert(format!("{prefix}{name}"));
            }
        }
        // One machine's keys are listed once, for the ternary machine; the FP16 baseline has the same.
        let (fp16, others): (BTreeSet<_>, BTreeSet<_>) =
            found.into_iter().partition(|path| path.starts_with("phases[].fp16."));
        assert_eq!(others.iter().map(|path| any_accounting(path)).collect::<BTreeSet<_>>(), documented);
        for path in fp16 {
            let ternary = path.replacen(".fp16.", ".", 1);
            assert!(others.contains(&ternary), "{path} has no counterpart {ternary}");
        }
    }

    /// The accountings and machines of `energy_j` have the same keys, documented once.
    fn any_accounting(path: &str) -> String {
        match path
            .strip_prefix("phases[].energy_j.")
            .map(|rest| rest.split('.').collect::<Vec<_>>())
            .as_deref()
        {
            Some(["paper" | "datapath" | "system", "ternary" | "fp16", key]) => {
                format!("phases[].energy_j.<accounting>.<machine>.{key}")
            }
            _ => path.to_owned(),
        }
    }
}
