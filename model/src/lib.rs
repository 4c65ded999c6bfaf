//! Models: the shapes that the simulator maps onto a machine, and the reference that computes them.
//!
//! [`load`] turns what a user typed after `--model` into a [`Shape`]: the name of a preset, or the path of a
//! checkpoint's Hugging Face `config.json`. Whatever the file holds, the answer is a valid shape or one
//! [`Error`]. [`checkpoint::read`] reads a whole checkpoint.

pub mod checkpoint;
mod config;
mod error;
mod image;
mod limits;
mod presets;
mod random;
mod random_checkpoint;
pub mod safetensors;
mod shape;
pub mod transformer;
mod weights;

use std::path::Path;

pub use config::{MAX_CONFIG_BYTES, MODEL_TYPES};
pub use error::Error;
pub use image::{IMAGE_FILE_VERSION, IMAGE_MAGIC, ImageEntry, ImageFile, ImagePart, write_image};
pub use presets::{preset, preset_names};
pub use random_checkpoint::RandomCheckpoint;
pub use shape::{Activation, Experts, INT4_GROUP, Shape, WeightFormat};
pub use weights::{LayerWeights, Linear, LinearNorm, Table, TritMatrix, WeightScale, Weights};

/// The shape of a model, by a preset's name (in any case) or else by path: a `config.json`, or a folder that
/// holds one.
///
/// A preset's name wins over a file of the same name, which `./NAME` reaches.
///
/// # Errors
///
/// One line each: a name that is neither, with the presets and the nearest of them; a file that cannot be
/// read or is no JSON; a `model_type` other than [`MODEL_TYPES`]; a field that is missing or out of its
/// range.
pub fn load(name_or_path: &str) -> Result<Shape, Error> {
    let path = Path::new(name_or_path);
    match preset(name_or_path) {
        Err(Error::Unknown { .. }) if path.exists() => config::read(path),
        Err(Error::Unknown { .. }) if looks_like_a_path(name_or_path) => {
            Err(Error::NotFound { path: error::one_line(name_or_path), known: presets::known() })
        }
        shape_or_error => shape_or_error,
    }
}

/// No preset's name holds a separator or ends like a file.
fn looks_like_a_path(text: &str) -> bool {
    text.contains(['/', '\\']) || text.ends_with(".json")
}
