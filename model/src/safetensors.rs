//! The header of a safetensors file that is to be written; the tensors' bytes follow it in order.

use serde_json::{Map, Value, json};

/// A tensor as the header describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The type of its numbers.
    pub kind: Kind,
    /// Slowest dimension first.
    pub shape: Vec<u64>,
}

/// Types of numbers, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 8 bits.
    I8,
    /// Signed, 32 bits.
    I32,
    /// Half precision.
    F16,
    /// bfloat16.
    Bf16,
    /// Single precision.
    F32,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::U8 => "U8",
            Kind::I8 => "I8",
            Kind::I32 => "I32",
            Kind::F16 => "F16",
            Kind::Bf16 => "BF16",
            Kind::F32 => "F32",
        }
    }

    fn bytes(self) -> u64 {
        match self {
            Kind::U8 | Kind::I8 => 1,
            Kind::F16 | Kind::Bf16 => 2,
            Kind::I32 | Kind::F32 => 4,
        }
    }
}

impl Entry {
    /// Of the tensor in the file.
    pub fn bytes(&self) -> u64 {
        self.kind.bytes() * self.shape.iter().product::<u64>()
    }
}

/// All that stands before the tensors: the header's length and the header, at least `least` bytes together and a multiple
/// of 8, filled with blanks.
pub fn header(entries: &[Entry], least: usize) -> Vec<u8> {
    const LENGTH_BYTES: usize = 8;
    let mut fields = Map::new();
    fields.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut start = 0;
    for entry in entries {
        let end = start + entry.bytes();
        let value = json!({"dtype": entry.kind.name(), "shape": entry.shape, "data_offsets": [start, end]});
        fields.insert(entry.name.clone(), value);
        start = end;
    }
    let mut json = Value::Object(fields).to_string().into_bytes();
    json.resize(json.len().max(least.saturating_sub(LENGTH_BYTES)).next_multiple_of(8), b' ');
    [&(json.len() as u64).to_le_bytes(), json.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_follow_each_other_from_the_headers_end() {
        let entry =
            |name: &str, kind, shape: &[u64]| Entry { name: name.to_owned(), kind, shape: shape.to_vec() };
        let entries =
            [entry("b", Kind::F32, &[2, 3]), entry("a", Kind::I8, &[5]), entry("c", Kind::Bf16, &[])];
        for least in [0, 8, 200, 1001] {
            let bytes = header(&entries, least);
            assert!(bytes.len() >= least && bytes.len().is_multiple_of(8));
            let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
            assert_eq!(length, bytes.len() - 8);
            let json: Value = serde_json::from_slice(&bytes[8..]).unwrap();
            assert_eq!(json["b"], json!({"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}));
            assert_eq!(json["a"], json!({"dtype": "I8", "shape": [5], "data_offsets": [24, 29]}));
            assert_eq!(json["c"], json!({"dtype": "BF16", "shape": [], "data_offsets": [29, 31]}));
        }
    }
}
