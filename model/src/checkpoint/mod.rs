//! Published ternary checkpoints, read as [`Weights`].
//!
//! | file | format |
//! |---|---|
//! | `hugging_face.rs` | a folder: `config.json`, and `model.safetensors` or the shards of an index |
//! | `safetensors.rs`, `index.rs` | the header of one file, and the list of several |
//! | `packed.rs` | four trits a byte, as `transformers` packs them |
//! | `llama_cpp.rs` | a `.gguf` file: keys, names, the order of rows |
//! | `gguf.rs`, `ggml.rs` | its header, and the types of tensors |
//! | `tq1_0.rs`, `tq2_0.rs`, `i2_s.rs` | blocks of trits |
//! | `float.rs`, `ternary.rs` | F32, F16 and BF16, and those that hold trits |
//! | `parts.rs` | what a decoder is made of, by the names of each format |
//!
//! Nothing is trusted. A header is parsed within bounds and checked whole before a tensor is read; tensors are read by
//! position, each of the size that the model's shape gives it, and nothing is allocated that the file itself is not long
//! enough to fill. Files are not mapped into memory: a mapping needs `unsafe`, and a file that another process truncates
//! would then be a SIGBUS, where a read is an error.

mod codes;
mod end_tokens;
mod file;
mod float;
mod ggml;
mod gguf;
mod hugging_face;
mod i2_s;
mod index;
mod llama_cpp;
mod packed;
mod parts;
mod safetensors;
mod ternary;
mod tq1_0;
mod tq2_0;
#[cfg(test)]
mod vectors;

use std::path::{Path, PathBuf};

pub(crate) use file::Source;

use crate::{Error, Weights};

pub use end_tokens::end_tokens;

/// The weights in a folder with a `config.json`, or in a `.gguf` file.
///
/// A matrix of I2_S is read as x86 writes it: see `i2_s.rs` for what cannot be told apart.
///
/// # Errors
///
/// One line each: a file that is missing, cannot be read or is not what its format says; a tensor that is missing, too
/// many, or contradicts the model's shape; a weight that is no trit, or no finite number.
pub fn read(path: &Path) -> Result<Weights, Error> {
    match path.is_dir() {
        true => hugging_face::read(path),
        false => llama_cpp::read(path),
    }
}

/// Where a checkpoint's tokenizer is: the `tokenizer.json` of its folder, if there is one.
pub fn tokenizer(path: &Path) -> Option<PathBuf> {
    let folder = if path.is_dir() { path } else { path.parent()? };
    Some(folder.join("tokenizer.json")).filter(|file| file.is_file())
}
