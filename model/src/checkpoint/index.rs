//! Tensors in several files: `model.safetensors.index.json`, whose `weight_map` has the file of each.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::file::Source;
use super::safetensors::{MAX_HEADER_BYTES, SafeTensors, Tensor};
use crate::Error;
use crate::error::one_line;

/// What a folder's tensors are called where they are in one file. It comes before an index, as in `transformers`.
const SINGLE: &str = "model.safetensors";

/// The list of shards.
const INDEX: &str = "model.safetensors.index.json";

/// The most files of one checkpoint: each is kept open.
const MAX_SHARDS: usize = 512;

/// All tensors of a folder.
#[derive(Debug)]
pub(crate) struct Shards {
    /// What is named where a tensor is missing.
    origin: String,
    shards: Vec<SafeTensors>,
    /// The place of each tensor's file in `shards`.
    places: BTreeMap<String, usize>,
}

impl Shards {
    /// Opens the file or the files of a folder, and checks every header.
    ///
    /// # Errors
    ///
    /// There is neither; one cannot be read, or is not what its format says; the index names what is no file beside it, or a
    /// tensor that the file does not hold.
    pub(crate) fn open(folder: &Path) -> Result<Shards, Error> {
        let (single, index) = (folder.join(SINGLE), folder.join(INDEX));
        if !single.exists() && index.exists() {
            return Shards::of_index(folder, &Source::open(&index)?);
        }
        let shard = SafeTensors::open(&single)?;
        let places = shard.names().map(|name| (name.to_owned(), 0)).collect();
        Ok(Shards { origin: shard.file.origin().to_owned(), shards: vec![shard], places })
    }

    /// Where a tensor is, and what it is.
    pub(crate) fn tensor(&self, name: &str) -> Option<(&Source, &Tensor)> {
        let shard = &self.shards[*self.places.get(name)?];
        Some((&shard.file, shard.tensor(name)?))
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The file that lists all tensors.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    fn of_index(folder: &Path, index: &Source) -> Result<Shards, Error> {
        if index.bytes() > MAX_HEADER_BYTES {
            let bytes = index.bytes();
            return Err(index.malformed(format!("{bytes} bytes, must be at most {MAX_HEADER_BYTES}")));
        }
        let Index { weight_map: Files(files) } = serde_json::from_slice(&index.read(0..index.bytes())?)
            .map_err(|error| index.malformed(one_line(&format!("not an index of shards: {error}"))))?;
        let mut shards = vec![];
        let mut opened = BTreeMap::new();
        let mut places = BTreeMap::new();
        for (tensor, file) in files {
            let place = match opened.get(&file) {
                Some(&place) => place,
                None => {
                    if !is_a_shard(&file) {
                        let named = one_line(&format!("{file:?}"));
                        return Err(index.malformed(format!(
                            "a shard {named}, must be the name of a .safetensors file in its folder"
                        )));
                    }
                    if shards.len() == MAX_SHARDS {
                        return Err(index.malformed(format!("more than {MAX_SHARDS} shards")));
                    }
                    shards.push(SafeTensors::open(&folder.join(&file))?);
                    opened.insert(file, shards.len() - 1);
                    shards.len() - 1
                }
            };
            let shard: &SafeTensors = &shards[place];
            if shard.tensor(&tensor).is_none() {
                let (tensor, file) = (one_line(&tensor), shard.file.origin());
                return Err(index.malformed(format!("tensor `{tensor}` is not in {file}")));
            }
            if let Some(tensor) = places.insert(tensor.clone(), place).map(|_| one_line(&tensor)) {
                return Err(index.malformed(format!("tensor `{tensor}` stands twice in the index")));
            }
        }
        Ok(Shards { origin: index.origin().to_owned(), shards, places })
    }
}

/// Whether a shard is a file in the folder itself: no path, no index again. Links are followed, as caches of checkpoints
/// are full of them.
fn is_a_shard(name: &str) -> bool {
    let is_plain = !name.contains(['/', '\\', '\0']) && !name.starts_with('.');
    is_plain && name.len() <= 255 && name.ends_with(".safetensors")
}

#[derive(serde::Deserialize)]
struct Index {
    weight_map: Files,
}

/// Tensors and their files as written: names may repeat.
struct Files(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Files, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Files;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of file names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Files, A::Error> {
                let mut files = vec![];
                while let Some(entry) = map.next_entry()? {
                    files.push(entry);
                }
                Ok(Files(files))
            }
        }
        deserializer.deserialize_map(Map)
    }
}
