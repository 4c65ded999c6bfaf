//! Published ternary checkpoints, read as [`Weights`].
//!
//! | file | format |
//! |---|---|
//! | `hugging_face.rs` | a folder: `config.json`, and `model.safetensors` or the shards of an index |
//! | `safetensors.rs`, `index.rs` | the header of one file, and the list of several |
//! | `packed.rs` | four trits a byte, as `transformers` packs them |
//! | `float.rs` | F32, F16 and BF16 |
//! | `parts.rs` | what a decoder is made of, by the names of each format |
//!
//! Nothing is trusted. A header is parsed within bounds and checked whole before a tensor is read; tensors are read by
//! position, each of the size that the model's shape gives it, and nothing is allocated that the file itself is not long
//! enough to fill. Files are not mapped into memory: a mapping needs `unsafe`, and a file that another process truncates
//! would then be a SIGBUS, where a read is an error.

mod file;
mod float;
mod hugging_face;
mod index;
mod packed;
mod parts;
mod safetensors;

use std::path::{Path, PathBuf};

use crate::error::one_line;
use crate::{Error, Weights};

/// The weights in a folder with a `config.json`.
///
/// # Errors
///
/// One line each: a file that is missing, cannot be read or is not what its format says; a tensor that is missing, or
/// contradicts the model's shape; a weight that is no trit, or no finite number.
pub fn read(path: &Path) -> Result<Weights, Error> {
    if path.is_dir() {
        return hugging_face::read(path);
    }
    let origin = one_line(&path.display().to_string());
    let reason = "no folder, must be one with a config.json and its model.safetensors".to_owned();
    Err(Error::Parse { origin, reason })
}

/// Where a checkpoint's tokenizer is: the `tokenizer.json` of its folder, if there is one.
pub fn tokenizer(path: &Path) -> Option<PathBuf> {
    let folder = if path.is_dir() { path } else { path.parent()? };
    Some(folder.join("tokenizer.json")).filter(|file| file.is_file())
}
