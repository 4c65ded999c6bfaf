//! A safetensors file: eight bytes of the header's length, little-endian, a header in JSON, and the tensors.
//!
//! The header maps each name to `dtype`, `shape` (slowest dimension first) and `data_offsets`, which begin after the
//! header. As the format asks, the tensors must cover what is after the header without gaps and without overlaps.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::file::Source;
use super::float::FloatFormat;
use crate::Error;
use crate::error::one_line;

/// The longest header that is read, bytes: some hundred thousand tensors.
pub(crate) const MAX_HEADER_BYTES: u64 = 16 << 20;

/// The most dimensions of a tensor.
const MAX_DIMENSIONS: usize = 8;

/// A file whose header is good.
#[derive(Debug)]
pub(crate) struct SafeTensors {
    pub(crate) file: Source,
    tensors: BTreeMap<String, Tensor>,
}

/// What a header says of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tensor {
    pub(crate) dtype: Dtype,
    /// Slowest first.
    pub(crate) shape: Vec<u64>,
    /// In the file.
    pub(crate) range: Range<u64>,
}

/// The type of a tensor's numbers, by name and bytes. Of most only the size matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dtype {
    pub(crate) name: &'static str,
    bytes: u64,
}

impl Dtype {
    pub(crate) const U8: Dtype = Dtype { name: "U8", bytes: 1 };
    const F32: Dtype = Dtype { name: "F32", bytes: 4 };
    const F16: Dtype = Dtype { name: "F16", bytes: 2 };
    const BF16: Dtype = Dtype { name: "BF16", bytes: 2 };

    /// All that the format has in whole bytes.
    const ALL: [Dtype; 15] = [
        Dtype::U8,
        Dtype::F32,
        Dtype::F16,
        Dtype::BF16,
        Dtype { name: "BOOL", bytes: 1 },
        Dtype { name: "I8", bytes: 1 },
        Dtype { name: "F8_E5M2", bytes: 1 },
        Dtype { name: "F8_E4M3", bytes: 1 },
        Dtype { name: "I16", bytes: 2 },
        Dtype { name: "U16", bytes: 2 },
        Dtype { name: "I32", bytes: 4 },
        Dtype { name: "U32", bytes: 4 },
        Dtype { name: "I64", bytes: 8 },
        Dtype { name: "U64", bytes: 8 },
        Dtype { name: "F64", bytes: 8 },
    ];

    /// The format of one that is a float of up to 32 bits.
    pub(crate) fn float(self) -> Option<FloatFormat> {
        match self {
            Dtype::F32 => Some(FloatFormat::F32),
            Dtype::F16 => Some(FloatFormat::F16),
            Dtype::BF16 => Some(FloatFormat::Bf16),
            _ => None,
        }
    }
}

impl SafeTensors {
    /// Opens a file and checks its header.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or its header is not what the format says.
    pub(crate) fn open(path: &Path) -> Result<SafeTensors, Error> {
        let file = Source::open(path)?;
        let tensors = header(&file)?;
        Ok(SafeTensors { file, tensors })
    }

    /// What the header says of a tensor.
    pub(crate) fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// The names of the tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }
}

/// The tensors that a header names.
fn header(file: &Source) -> Result<BTreeMap<String, Tensor>, Error> {
    let start = file.bytes().min(8);
    if start < 8 {
        return Err(file.malformed(format!("{start} bytes, too short for a safetensors file")));
    }
    let length = file.read(0..8)?.iter().rev().fold(0, |length, &byte| length << 8 | u64::from(byte));
    if length > MAX_HEADER_BYTES {
        return Err(file.malformed(format!("a header of {length} bytes, must be at most {MAX_HEADER_BYTES}")));
    }
    let data = 8 + length;
    if data > file.bytes() {
        let rest = file.bytes() - 8;
        return Err(file.malformed(format!("truncated: a header of {length} bytes, and {rest} follow")));
    }
    let json = file.read(8..data)?;
    let Entries(entries) = serde_json::from_slice(&json)
        .map_err(|error| file.malformed(one_line(&format!("not a safetensors header: {error}"))))?;

    let mut tensors = BTreeMap::new();
    for (name, entry) in entries {
        let error = |what: String| file.malformed(format!("tensor `{}` {what}", one_line(&name)));
        let [start, end] = entry.data_offsets;
        let Some(&dtype) = Dtype::ALL.iter().find(|dtype| dtype.name == entry.dtype) else {
            return Err(error(format!("is of type {:?}, which is not known", one_line(&entry.dtype))));
        };
        if entry.shape.len() > MAX_DIMENSIONS {
            let dimensions = entry.shape.len();
            return Err(error(format!("has {dimensions} dimensions, must have at most {MAX_DIMENSIONS}")));
        }
        let bytes = entry.shape.iter().try_fold(dtype.bytes, |bytes, &n| bytes.checked_mul(n));
        if bytes.is_none() || bytes != end.checked_sub(start) {
            let (dtype, shape) = (dtype.name, &entry.shape);
            return Err(error(format!("is {dtype} {shape:?}, which bytes {start} to {end} do not hold")));
        }
        let Some(end) = end.checked_add(data).filter(|&end| end <= file.bytes()) else {
            let held = file.bytes() - data;
            return Err(error(format!("ends at byte {end}, beyond the {held} bytes of data: truncated?")));
        };
        let tensor = Tensor { dtype, shape: entry.shape, range: data + start..end };
        if tensors.contains_key(&name) {
            return Err(error("stands twice in the header".to_owned()));
        }
        tensors.insert(name, tensor);
    }
    covered(file, data, &tensors)?;
    Ok(tensors)
}

/// Whether the tensors cover the data, each byte once.
fn covered(file: &Source, data: u64, tensors: &BTreeMap<String, Tensor>) -> Result<(), Error> {
    let mut by_place: Vec<_> = tensors.iter().map(|(name, tensor)| (&tensor.range, name)).collect();
    by_place.sort_by_key(|(range, _)| (range.start, range.end));
    let mut end = data;
    for (range, name) in by_place {
        if range.start != end {
            let what = if range.start < end { "overlaps the one before it" } else { "comes after a gap" };
            return Err(file.malformed(format!("tensor `{}` {what}", one_line(name))));
        }
        end = range.end;
    }
    if end != file.bytes() {
        return Err(file.malformed(format!("{} bytes after the last tensor", file.bytes() - end)));
    }
    Ok(())
}

/// A header as written: names may repeat.
struct Entries(Vec<(String, Entry)>);

#[derive(serde::Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        deserializer.deserialize_map(Header)
    }
}

struct Header;

impl<'de> Visitor<'de> for Header {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = vec![];
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<serde::de::IgnoredAny>()?;
            } else {
                entries.push((name, map.next_value()?));
            }
        }
        Ok(Entries(entries))
    }
}
