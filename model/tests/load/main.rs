//! What `model::load` makes of names, paths and files, well-formed and not.

mod arbitrary;
mod fields;
mod files;

use std::fs;
use std::path::PathBuf;

use model::{Shape, load};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder `tiny` with this `config.json`, and the path of the folder.
fn folder(text: impl AsRef<[u8]>) -> (TempDir, String) {
    let root = TempDir::new().unwrap();
    let folder = root.path().join("tiny");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("config.json"), text).unwrap();
    let path = folder.to_str().unwrap().to_owned();
    (root, path)
}

fn load_text(text: impl AsRef<[u8]>) -> Result<Shape, model::Error> {
    let (_root, path) = folder(text);
    load(&path)
}

/// The one line that a text gives, without the path it begins with.
fn complaint(text: impl AsRef<[u8]>) -> String {
    let (_root, path) = folder(text);
    let message = load(&path).unwrap_err().to_string();
    assert_eq!(message.lines().count(), 1, "{message:?}");
    let file = PathBuf::from(path).join("config.json");
    message.strip_prefix(&format!("{}: ", file.display())).unwrap_or_else(|| panic!("{message}")).to_owned()
}

/// The published config.json of bitnet-b1.58-2B-4T.
fn bitnet_2b() -> Value {
    json!({
        "architectures": ["BitNetForCausalLM"],
        "bos_token_id": 128000,
        "eos_token_id": 128001,
        "hidden_act": "relu2",
        "hidden_size": 2560,
        "initializer_range": 0.02,
        "intermediate_size": 6912,
        "max_position_embeddings": 4096,
        "model_type": "bitnet",
        "num_attention_heads": 20,
        "num_hidden_layers": 30,
        "num_key_value_heads": 5,
        "quantization_config": { "quant_method": "bitnet", "linear_class": "autobitlinear" },
        "rms_norm_eps": 1e-05,
        "rope_theta": 500000.0,
        "tie_word_embeddings": true,
        "torch_dtype": "bfloat16",
        "use_cache": true,
        "vocab_size": 128256
    })
}

fn changed(field: &str, value: Value) -> String {
    let mut config = bitnet_2b();
    config[field] = value;
    config.to_string()
}

fn without(field: &str) -> String {
    let mut config = bitnet_2b();
    config.as_object_mut().unwrap().remove(field).unwrap();
    config.to_string()
}
