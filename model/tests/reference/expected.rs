//! What `transformers` computed: the tensors of a folder that `make_reference.py` wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// `expected.json` and `expected.safetensors` of a folder.
pub(crate) struct Expected {
    json: Value,
    bytes: Vec<u8>,
    tensors: BTreeMap<String, Tensor>,
}

struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    start: usize,
    end: usize,
}

/// A prompt with its greedy continuation.
pub(crate) struct Prompt {
    pub(crate) ids: Vec<u32>,
    pub(crate) generated: Vec<u32>,
    /// Between the two largest logits at each step.
    pub(crate) margins: Vec<f64>,
}

impl Expected {
    pub(crate) fn read(folder: &Path) -> Expected {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let json = serde_json::from_slice(&read("expected.json")).unwrap();
        let bytes = read("expected.safetensors");
        let header = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
        let header: Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
        let data = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
        let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        let tensors = header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__");
        let tensors = tensors.map(|(name, entry)| {
            let tensor = Tensor {
                dtype: entry["dtype"].as_str().unwrap().to_owned(),
                shape: entry["shape"].as_array().unwrap().iter().map(number).collect(),
                start: data + number(&entry["data_offsets"][0]),
                end: data + number(&entry["data_offsets"][1]),
            };
            (name.clone(), tensor)
        });
        Expected { json, tensors: tensors.collect(), bytes }
    }

    pub(crate) fn prompts(&self) -> Vec<Prompt> {
        let ids = |value: &Value| -> Vec<u32> {
            value.as_array().unwrap().iter().map(|id| u32::try_from(id.as_u64().unwrap()).unwrap()).collect()
        };
        let prompt = |value: &Value| Prompt {
            ids: ids(&value["ids"]),
            generated: ids(&value["generated"]),
            margins: value["margins"].as_array().unwrap().iter().map(|m| m.as_f64().unwrap()).collect(),
        };
        self.json["prompts"].as_array().unwrap().iter().map(prompt).collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    fn tensor(&self, name: &str, dtype: &str) -> (&Tensor, &[u8]) {
        let tensor = self.tensors.get(name).unwrap_or_else(|| panic!("no tensor {name}"));
        assert_eq!(tensor.dtype, dtype, "{name}");
        (tensor, &self.bytes[tensor.start..tensor.end])
    }

    pub(crate) fn shape(&self, name: &str) -> &[usize] {
        &self.tensors[name].shape
    }

    pub(crate) fn f32(&self, name: &str) -> Vec<f32> {
        self.tensor(name, "F32")
            .1
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    pub(crate) fn i32(&self, name: &str) -> Vec<i32> {
        self.tensor(name, "I32")
            .1
            .chunks_exact(4)
            .map(|b| i32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }

    pub(crate) fn i8(&self, name: &str) -> Vec<i8> {
        self.tensor(name, "I8").1.iter().map(|byte| byte.cast_signed()).collect()
    }
}
