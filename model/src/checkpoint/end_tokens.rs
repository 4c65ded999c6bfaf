//! Which tokens end a text.

use std::path::Path;

use serde_json::Value as Json;

use super::gguf::{Gguf, Value};
use crate::Error;
use crate::config::read_bounded;
use crate::error::one_line;

/// The end-of-text tokens of a checkpoint, none where it names none: `eos_token_id` of a folder's `generation_config.json`, or
/// where that says nothing of its `config.json`; `tokenizer.ggml.eos_token_id` of a GGUF file.
///
/// # Errors
///
/// A file that is there but cannot be read, and what is neither an id nor a list of ids.
pub fn end_tokens(checkpoint: &Path) -> Result<Vec<u32>, Error> {
    if checkpoint.is_file() { of_gguf(&Gguf::open(checkpoint)?) } else { of_folder(checkpoint) }
}

fn of_gguf(gguf: &Gguf) -> Result<Vec<u32>, Error> {
    const KEY: &str = "tokenizer.ggml.eos_token_id";
    let id = match gguf.value(KEY) {
        None => return Ok(vec![]),
        Some(&Value::Unsigned(id)) => u32::try_from(id).ok(),
        Some(_) => None,
    };
    id.map(|id| vec![id]).ok_or_else(|| gguf.file.malformed(format!("key `{KEY}` must be a token id")))
}

fn of_folder(folder: &Path) -> Result<Vec<u32>, Error> {
    for name in ["generation_config.json", "config.json"] {
        let file = folder.join(name);
        if !file.is_file() {
            continue;
        }
        let origin = one_line(&file.display().to_string());
        let config: Json = serde_json::from_slice(&read_bounded(&file, &origin)?).map_err(|error| {
            Error::Parse { origin: origin.clone(), reason: format!("not valid JSON: {error}") }
        })?;
        let value = &config["eos_token_id"];
        if value.is_null() {
            continue;
        }
        let id = |value: &Json| value.as_u64().and_then(|id| u32::try_from(id).ok());
        let ids = match value {
            Json::Array(values) => values.iter().map(id).collect::<Option<Vec<u32>>>(),
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

    /// A GGUF file with one key and no tensor.
    fn of_key(key: &str, kind: u32, value: &[u8]) -> Result<Vec<u32>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.gguf");
        let mut bytes = b"GGUF".to_vec();
        bytes.extend([3u32.to_le_bytes(), 0u32.to_le_bytes(), 0u32.to_le_bytes()].concat());
        bytes.extend([1, key.len() as u64].map(u64::to_le_bytes).concat());
        bytes.extend([key.as_bytes(), &kind.to_le_bytes(), value].concat());
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        fs::write(&file, bytes).unwrap();
        end_tokens(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn a_gguf_file_has_a_key_for_it() {
        const KEY: &str = "tokenizer.ggml.eos_token_id";
        let (u32_kind, bool_kind, u64_kind) = (4, 7, 10);
        assert_eq!(of_key(KEY, u32_kind, &128_001u32.to_le_bytes()), Ok(vec![128_001]));
        assert_eq!(of_key("general.file_type", u32_kind, &7u32.to_le_bytes()), Ok(vec![]));
        for (kind, value) in [(bool_kind, vec![1]), (u64_kind, (1u64 << 32).to_le_bytes().to_vec())] {
            let error = of_key(KEY, kind, &value).unwrap_err();
            assert!(error.ends_with("key `tokenizer.ggml.eos_token_id` must be a token id"), "{error}");
        }
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
