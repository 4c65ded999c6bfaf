//! Which tokens end a text.

use std::path::Path;

use serde_json::Value;

use crate::Error;
use crate::config::read_bounded;
use crate::error::one_line;

/// The `eos_token_id` of a Hugging Face folder: of its `generation_config.json`, or where that says nothing of its
/// `config.json`. None where neither does, and for a checkpoint that is no folder.
///
/// # Errors
///
/// A file that is there but cannot be read or is no JSON, and an `eos_token_id` that is neither an id nor a list of ids.
pub fn end_tokens(checkpoint: &Path) -> Result<Vec<u32>, Error> {
    for name in ["generation_config.json", "config.json"] {
        let file = checkpoint.join(name);
        if !file.is_file() {
            continue;
        }
        let origin = one_line(&file.display().to_string());
        let config: Value = serde_json::from_slice(&read_bounded(&file, &origin)?).map_err(|error| {
            Error::Parse { origin: origin.clone(), reason: format!("not valid JSON: {error}") }
        })?;
        let value = &config["eos_token_id"];
        if value.is_null() {
            continue;
        }
        let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        let ids = match value {
            Value::Array(values) => values.iter().map(id).collect::<Option<Vec<u32>>>(),
            value => id(value).map(|id| vec![id]),
        };
        return ids.ok_or_else(|| Error::Field {
            origin,
            field: "eos_token_id",
            value: one_line(&value.to_string()),
            expected: "a token id or a list of them".to_owned(),
        });
    }
    Ok(vec![])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn of(files: &[(&str, &str)]) -> Result<Vec<u32>, String> {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
        let shown = format!("{}/", folder.path().display());
        end_tokens(folder.path()).map_err(|error| error.to_string().replace(&shown, ""))
    }

    #[test]
    fn the_generation_config_comes_first_and_nothing_is_fine() {
        let config = ("config.json", r#"{"eos_token_id": 2}"#);
        assert_eq!(of(&[]), Ok(vec![]));
        assert_eq!(of(&[config]), Ok(vec![2]));
        assert_eq!(of(&[config, ("generation_config.json", r#"{"eos_token_id": [7, 9]}"#)]), Ok(vec![7, 9]));
        assert_eq!(of(&[config, ("generation_config.json", r#"{"eos_token_id": null}"#)]), Ok(vec![2]));
        assert_eq!(of(&[("config.json", r#"{"eos_token_id": null}"#)]), Ok(vec![]));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for value in ["-1", "4294967296", "\"2\"", "[1, null]", "1.5"] {
            let error = of(&[("config.json", &format!("{{\"eos_token_id\": {value}}}"))]).unwrap_err();
            let value = value.replace(", ", ",");
            let expected =
                format!("config.json: `eos_token_id` is {value}, must be a token id or a list of them");
            assert_eq!(error, expected);
        }
        let error = of(&[("generation_config.json", "{")]).unwrap_err();
        assert!(error.starts_with("generation_config.json: not valid JSON: "), "{error}");
    }
}
