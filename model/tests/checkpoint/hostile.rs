//! Files that are truncated, damaged or meant to do harm: each is one error of one line, which says what and where.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use model::checkpoint;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::fixtures::fixture;

/// A copy of a fixture, to be damaged.
struct Copy {
    folder: TempDir,
    /// What is read: the folder, or a file in it.
    path: PathBuf,
}

impl Copy {
    fn of(name: &str) -> Copy {
        let folder = tempfile::tempdir().unwrap();
        let from = fixture(name);
        if from.is_file() {
            let path = folder.path().join("model.gguf");
            fs::copy(from, &path).unwrap();
            return Copy { folder, path };
        }
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        let path = folder.path().to_owned();
        Copy { folder, path }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes the bytes of a file.
    fn bytes(self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Copy {
        let mut bytes = fs::read(self.file(name)).unwrap();
        change(&mut bytes);
        fs::write(self.file(name), bytes).unwrap();
        self
    }

    /// Changes a file of JSON.
    fn json(self, name: &str, change: impl FnOnce(&mut Map<String, Value>)) -> Copy {
        self.bytes(name, |bytes| {
            let mut map = serde_json::from_slice(bytes).unwrap();
            change(&mut map);
            *bytes = serde_json::to_vec(&map).unwrap();
        })
    }

    /// Changes the header of `model.safetensors`, and its data.
    fn header(self, change: impl FnOnce(&mut Map<String, Value>, &mut Vec<u8>)) -> Copy {
        self.bytes("model.safetensors", |bytes| {
            let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
            let mut data = bytes.split_off(8 + length);
            let mut header = serde_json::from_slice(&bytes[8..]).unwrap();
            change(&mut header, &mut data);
            *bytes = safetensors(&serde_json::to_vec(&header).unwrap(), &data);
        })
    }

    /// The error, without the path of the folder before it.
    fn error(&self) -> String {
        let error = checkpoint::read(&self.path).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 1, "{error}");
        error.replace(&self.folder.path().display().to_string(), "").replace('/', "")
    }
}

/// A change of a header and its data.
type Change<'a> = &'a dyn Fn(&mut Map<String, Value>, &mut Vec<u8>);

fn safetensors(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}

/// Where a name of a GGUF header ends.
fn after(bytes: &[u8], name: &str) -> usize {
    let named = [&(name.len() as u64).to_le_bytes(), name.as_bytes()].concat();
    bytes.windows(named.len()).position(|window| window == named).unwrap() + named.len()
}

fn gguf(name: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    Copy::of(name).bytes("model.gguf", change).error()
}

/// The error of `bitnet.gguf` where the bytes at a place after a name are others.
fn patched(name: &str, at: usize, patch: &[u8]) -> String {
    gguf("bitnet.gguf", |bytes| {
        let place = after(bytes, name) + at;
        bytes[place..place + patch.len()].copy_from_slice(patch);
    })
}

const EMBEDDING: &str = "model.embed_tokens.weight";
const QUERY: &str = "model.layers.0.self_attn.q_proj.weight";

#[test]
fn safetensors_that_are_too_short() {
    for (bytes, error) in [
        (&b""[..], "model.safetensors: 0 bytes, too short for a safetensors file"),
        (b"1234567", "model.safetensors: 7 bytes, too short for a safetensors file"),
        (b"\x10\0\0\0\0\0\0\0{}", "model.safetensors: truncated: a header of 16 bytes, and 2 follow"),
    ] {
        let copy = Copy::of("bitnet").bytes("model.safetensors", |all| *all = bytes.to_vec());
        assert_eq!(copy.error(), error);
    }
    // Wherever it is cut.
    let whole = fs::read(fixture("online").join("model.safetensors")).unwrap();
    for length in (0..whole.len()).step_by(97) {
        Copy::of("online").bytes("model.safetensors", |all| all.truncate(length)).error();
    }
    let copy = Copy::of("online").bytes("model.safetensors", |all| all.truncate(whole.len() - 1));
    let error = copy.error();
    assert!(error.ends_with("beyond the 16287 bytes of data: truncated?"), "{error}");
}

#[test]
fn lengths_of_headers_that_overflow() {
    for length in [u64::MAX, u64::MAX - 7, 1 << 63, (16 << 20) + 1] {
        let copy = Copy::of("bitnet")
            .bytes("model.safetensors", |bytes| bytes[..8].copy_from_slice(&length.to_le_bytes()));
        let error = format!("model.safetensors: a header of {length} bytes, must be at most 16777216");
        assert_eq!(copy.error(), error);
    }
}

#[test]
fn headers_that_are_no_headers() {
    let error = |header: &[u8]| {
        let file = safetensors(header, &[]);
        Copy::of("bitnet").bytes("model.safetensors", |bytes| *bytes = file).error()
    };
    for header in [
        &b"[]"[..],
        b"{",
        b"\xff\xfe",
        br#"{"x":1}"#,
        br#"{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
        br#"{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#,
        br#"{"x":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#,
        br#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#,
        br#"{"x":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}"#,
        br#"{"x":{"shape":[1],"data_offsets":[0,4]}}"#,
    ] {
        let error = error(header);
        assert!(error.starts_with("model.safetensors: not a safetensors header: "), "{error}");
    }
    // Deeper than any stack.
    let deep = [br#"{"__metadata__":"#.as_slice(), "[".repeat(1 << 20).as_bytes()].concat();
    assert!(error(&deep).contains("not a safetensors header: EOF"));
    let deep = [br#"{"x":{"dtype":"#.as_slice(), "[".repeat(1 << 20).as_bytes()].concat();
    assert!(error(&deep).contains("not a safetensors header: invalid type"));
    let twice = br#"{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#;
    assert_eq!(error(twice), "model.safetensors: tensor `x` stands twice in the header");
    let many = br#"{"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,0],"data_offsets":[0,0]}}"#;
    assert_eq!(error(many), "model.safetensors: tensor `x` has 9 dimensions, must have at most 8");
    let control = br#"{"x\n\u001b[2J":{"dtype":"I7\n","shape":[0],"data_offsets":[0,0]}}"#;
    assert_eq!(
        error(control),
        "model.safetensors: tensor `x\\n\\u{1b}[2J` is of type \"I7\\\\n\", which is not known"
    );
}

#[test]
fn places_of_tensors_that_cannot_be() {
    let error = |change: Change| Copy::of("bitnet").header(change).error();
    let offsets = |start: u64, end: u64| {
        error(&move |header, _| header[EMBEDDING]["data_offsets"] = json!([start, end]))
    };
    let is = "model.safetensors: tensor `model.embed_tokens.weight`";
    // Beyond the file, where the data's place overflows, backwards, of another length.
    let error_at = format!("{is} ends at byte 1012288, beyond the 61518 bytes of data: truncated?");
    assert_eq!(offsets(1_000_000, 1_012_288), error_at);
    let end = u64::MAX;
    let error_at = format!("{is} ends at byte {end}, beyond the 61518 bytes of data: truncated?");
    assert_eq!(offsets(end - 12288, end), error_at);
    for (start, end) in [(12288, 0), (0, 12287), (0, u64::MAX)] {
        let error_at = format!("{is} is BF16 [24, 256], which bytes {start} to {end} do not hold");
        assert_eq!(offsets(start, end), error_at);
    }
    // A shape whose product overflows, into a right one as well: 2^63 x 2 x 2 bytes.
    for shape in
        [json!([1u64 << 63, 2]), json!([u64::MAX, u64::MAX]), json!([1u64 << 32, 1u64 << 32, 24, 256])]
    {
        let change =
            |header: &mut Map<String, Value>, _: &mut Vec<u8>| header[EMBEDDING]["shape"] = shape.clone();
        assert!(error(&change).starts_with(&format!("{is} is BF16 [")));
    }
}

#[test]
fn tensors_overlap_or_leave_gaps() {
    let place = |header: &Map<String, Value>, name: &str| {
        header[name]["data_offsets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let norm = "model.layers.0.input_layernorm.weight";
    let other = "model.layers.0.post_attention_layernorm.weight";
    let copy = Copy::of("bitnet").header(|header, _| {
        let at = place(header, other);
        header[norm]["data_offsets"] = json!(at);
    });
    let error = copy.error();
    let overlaps = error.ends_with("overlaps the one before it");
    assert!(overlaps || error.ends_with("comes after a gap"), "{error}");
    let copy = Copy::of("bitnet").header(|header, _| {
        let at = place(header, norm);
        header
            .insert("x".to_owned(), json!({"dtype": "U8", "shape": [1], "data_offsets": [at[0], at[0] + 1]}));
    });
    assert!(copy.error().ends_with("overlaps the one before it"));
    let copy = Copy::of("bitnet").header(|header, _| {
        header.remove(norm);
    });
    assert!(copy.error().ends_with("comes after a gap"));
    let copy = Copy::of("bitnet").header(|_, data| data.extend([0; 3]));
    assert_eq!(copy.error(), "model.safetensors: 3 bytes after the last tensor");
}

#[test]
fn tensors_of_another_type_or_shape_or_none() {
    let error = |change: Change| Copy::of("bitnet").header(change).error();
    let retyped = |name: &'static str, dtype: &'static str, shape: Value| {
        error(&move |header, _| {
            header[name]["dtype"] = json!(dtype);
            header[name]["shape"] = shape.clone();
        })
    };
    let q = format!("model.safetensors: tensor `{QUERY}`");
    assert_eq!(retyped(QUERY, "I8", json!([64, 256])), format!("{q} is I8 [64, 256], must be U8 [64, 256]"));
    assert_eq!(retyped(QUERY, "U8", json!([256, 64])), format!("{q} is U8 [256, 64], must be U8 [64, 256]"));
    assert_eq!(
        retyped(QUERY, "BF16", json!([64, 128])),
        format!("{q} is BF16 [64, 128], must be F32, F16 or BF16 [256, 256]")
    );
    assert_eq!(
        retyped(EMBEDDING, "I16", json!([24, 256])),
        "model.safetensors: tensor `model.embed_tokens.weight` is I16 [24, 256], must be F32, F16 or BF16 [24, 256]"
    );
    assert_eq!(
        retyped(EMBEDDING, "BF16", json!([6144])),
        "model.safetensors: tensor `model.embed_tokens.weight` is BF16 [6144], must be F32, F16 or BF16 [24, 256]"
    );
    let renamed = error(&|header, _| {
        let tensor = header.remove(QUERY).unwrap();
        header.insert("q\u{202e}".to_owned(), tensor);
    });
    assert_eq!(renamed, format!("{q} is missing, must be U8 [64, 256]"));
    let more = error(&|header, _| {
        let empty = json!({"dtype": "F32", "shape": [0], "data_offsets": [0, 0]});
        header.insert("model.layers.0.self_attn.q_proj.bias".to_owned(), empty);
    });
    assert_eq!(
        more,
        "model.safetensors: tensor `model.layers.0.self_attn.q_proj.bias` is there, must be absent: its model has no \
         such part"
    );
}

#[test]
fn a_config_that_contradicts_its_tensors() {
    let error = |field: &str, value: Value| {
        Copy::of("bitnet").json("config.json", |config| drop(config.insert(field.to_owned(), value))).error()
    };
    // The first tensor that is of another shape, before anything of the config's size is allocated.
    assert_eq!(
        error("vocab_size", json!(1 << 24)),
        "model.safetensors: tensor `model.embed_tokens.weight` is BF16 [24, 256], must be F32, F16 or BF16 [16777216, 256]"
    );
    assert_eq!(
        error("intermediate_size", json!(1 << 20)),
        "model.safetensors: tensor `model.layers.0.mlp.gate_proj.weight` is U8 [8, 256], must be U8 [262144, 256]"
    );
    assert_eq!(
        error("num_hidden_layers", json!(4096)),
        "model.safetensors: tensor `model.layers.1.input_layernorm.weight` is missing, must be F32, F16 or BF16 [256]"
    );
    assert_eq!(
        error("intermediate_size", json!(31)),
        "model.safetensors: tensor `model.layers.0.mlp.gate_proj.weight` is to hold 31 outputs packed by four, must be a \
         multiple of four"
    );
    assert_eq!(
        error("tie_word_embeddings", json!(false)),
        "model.safetensors: tensor `lm_head.weight` is missing, must be F32, F16 or BF16 [24, 256]"
    );
    // Its sub-norms are then too many.
    assert_eq!(
        error("model_type", json!("llama")),
        "model.safetensors: tensor `model.layers.0.mlp.ffn_sub_norm.weight` is there, must be absent: its model has no \
         such part"
    );
}

#[test]
fn a_config_of_no_ternary_checkpoint() {
    let error = |field: &str, value: Value| {
        Copy::of("bitnet").json("config.json", |config| drop(config.insert(field.to_owned(), value))).error()
    };
    let none = "must be the object of a ternary checkpoint, with `quant_method` \"bitnet\"";
    assert_eq!(
        error("quantization_config", json!(null)),
        format!("config.json: `quantization_config` is null, {none}")
    );
    assert_eq!(
        error("quantization_config", json!({"quant_method": "gptq"})),
        "config.json: `quant_method` is \"gptq\", must be \"bitnet\""
    );
    assert_eq!(
        error("quantization_config", json!({"quant_method": "bitnet", "linear_class": "linear"})),
        "config.json: `linear_class` is \"linear\", must be \"bitlinear\" or \"autobitlinear\""
    );
    assert_eq!(
        error("rope_parameters", json!({"rope_theta": 1e4, "rope_type": "yarn"})),
        "config.json: `rope_type` is \"yarn\", must be \"default\""
    );
    let mixture = |config: &mut Map<String, Value>| {
        let fields = [
            ("model_type", json!("mixtral")),
            ("num_local_experts", json!(8)),
            ("num_experts_per_tok", json!(2)),
        ];
        config.extend(fields.map(|(field, value)| (field.to_owned(), value)));
    };
    assert_eq!(
        Copy::of("bitnet").json("config.json", mixture).error(),
        "config.json: `num_local_experts` is 8, must be absent: mixtures of experts are simulated, but their checkpoints \
         are not read"
    );
    // What says online has master weights, and these are packed.
    let online =
        json!({"quant_method": "bitnet", "linear_class": "autobitlinear", "quantization_mode": "online"});
    assert_eq!(
        error("quantization_config", online),
        format!("model.safetensors: tensor `{QUERY}` is U8 [64, 256], must be F32, F16 or BF16 [256, 256]")
    );
}

#[test]
fn numbers_that_are_no_trits_and_scales_that_are_none() {
    let written = |name: &'static str, at: usize, patch: &'static [u8]| {
        let copy = Copy::of("bitnet").header(move |header, data| {
            let start = usize::try_from(header[name]["data_offsets"][0].as_u64().unwrap()).unwrap();
            data[start + at..start + at + patch.len()].copy_from_slice(patch);
        });
        copy.error()
    };
    // Byte [3, 7], field 2: row 3 + 2 * 64.
    assert_eq!(
        written(QUERY, 3 * 256 + 7, &[0b01_11_01_01]),
        format!(
            "model.safetensors: tensor `{QUERY}` is a code of 3 at output 131, input 7, must be 0, 1 or 2: a trit plus one"
        )
    );
    let scale = "model.layers.0.self_attn.q_proj.weight_scale";
    for (bits, value) in [(&[0x00, 0x00], "0"), (&[0x80, 0xbf], "-1")] {
        assert_eq!(
            written(scale, 0, bits),
            format!("model.safetensors: tensor `{scale}` is scaled by {value}, must be a positive number")
        );
    }
    assert_eq!(
        written(scale, 0, &[0xc0, 0x7f]),
        format!("model.safetensors: tensor `{scale}` is NaN at position 0, must be finite")
    );
    assert_eq!(
        written("model.norm.weight", 4, &[0x80, 0x7f]),
        "model.safetensors: tensor `model.norm.weight` is inf at position 2, must be finite"
    );
}

const INDEX: &str = "model.safetensors.index.json";

#[test]
fn indices_that_lead_astray() {
    let mapped = |tensor: &str, file: Value| {
        let copy = Copy::of("llama").json(INDEX, |index| index["weight_map"][tensor] = file);
        fs::copy(copy.file(INDEX), copy.file("cycle.safetensors")).unwrap();
        copy.error()
    };
    let astray = |named: &str| {
        format!("{INDEX}: a shard \"{named}\", must be the name of a .safetensors file in its folder")
    };
    // Out of the folder, back to the index itself, nowhere.
    assert_eq!(mapped(EMBEDDING, json!("../x.safetensors")), astray("..x.safetensors"));
    assert_eq!(mapped(EMBEDDING, json!("/etc/x.safetensors")), astray("etcx.safetensors"));
    assert_eq!(mapped(EMBEDDING, json!(".hidden.safetensors")), astray(".hidden.safetensors"));
    assert_eq!(mapped(EMBEDDING, json!("")), astray(""));
    assert_eq!(mapped(EMBEDDING, json!(INDEX)), astray(INDEX));
    let error = mapped(EMBEDDING, json!("cycle.safetensors"));
    assert!(error.starts_with("cycle.safetensors: a header of "), "{error}");
    let error = mapped(EMBEDDING, json!("none.safetensors"));
    assert_eq!(error, "cannot read none.safetensors: No such file or directory (os error 2)");
    // In the wrong file, in none, not a name.
    assert_eq!(
        mapped("lm_head.weight", json!("model-00001-of-00002.safetensors")),
        format!("{INDEX}: tensor `lm_head.weight` is not in model-00001-of-00002.safetensors")
    );
    let error = mapped(EMBEDDING, json!(7));
    assert!(error.starts_with(&format!("{INDEX}: not an index of shards: ")), "{error}");
    let copy = Copy::of("llama")
        .json(INDEX, |index| drop(index["weight_map"].as_object_mut().unwrap().remove(EMBEDDING)));
    assert_eq!(
        copy.error(),
        format!("{INDEX}: tensor `{EMBEDDING}` is missing, must be F32, F16 or BF16 [20, 32]")
    );
    let shard = "model-00001-of-00002.safetensors";
    let twice = format!(r#"{{"weight_map":{{"{EMBEDDING}":"{shard}","{EMBEDDING}":"{shard}"}}}}"#);
    let copy = Copy::of("llama").bytes(INDEX, |bytes| *bytes = twice.into_bytes());
    assert_eq!(copy.error(), format!("{INDEX}: tensor `{EMBEDDING}` stands twice in the index"));
    let copy = Copy::of("llama").json(INDEX, |index| {
        let shards = (0..513).map(|i| (i.to_string(), json!(format!("{i}.safetensors"))));
        index["weight_map"] = shards.collect::<Map<String, Value>>().into();
    });
    for i in 0..513 {
        let header = format!(r#"{{"{i}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}}}"#);
        fs::write(copy.file(&format!("{i}.safetensors")), safetensors(header.as_bytes(), &[])).unwrap();
    }
    assert_eq!(copy.error(), format!("{INDEX}: more than 512 shards"));
    // Neither the one nor the other.
    let copy = Copy::of("llama");
    fs::remove_file(copy.file(INDEX)).unwrap();
    assert_eq!(copy.error(), "cannot read model.safetensors: No such file or directory (os error 2)");
}

#[test]
fn links_in_a_circle_and_what_is_no_file() {
    let copy = Copy::of("llama");
    let shard = copy.file("model-00002-of-00002.safetensors");
    fs::remove_file(&shard).unwrap();
    symlink(&shard, &shard).unwrap();
    let error = copy.error();
    assert!(error.starts_with("cannot read model-00002-of-00002.safetensors: "), "{error}");

    let copy = Copy::of("bitnet");
    let file = copy.file("model.safetensors");
    fs::remove_file(&file).unwrap();
    symlink("/dev/zero", &file).unwrap();
    assert_eq!(copy.error(), "cannot read model.safetensors: not a regular file");
    // A pipe that nobody writes to would be waited for.
    fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    assert_eq!(copy.error(), "cannot read model.safetensors: not a regular file");
    // Caches link to their files, and that is fine.
    let linked = Copy::of("bitnet");
    let file = linked.file("model.safetensors");
    fs::rename(&file, linked.file("blob")).unwrap();
    symlink("blob", &file).unwrap();
    checkpoint::read(&linked.path).unwrap();
    assert!(checkpoint::read(Path::new("/none")).unwrap_err().to_string().starts_with("cannot read /none: "));
}

#[test]
fn gguf_files_that_are_truncated() {
    let whole = fs::read(fixture("llama.gguf")).unwrap();
    for length in (0..whole.len()).step_by(331).chain(0..64) {
        gguf("llama.gguf", |bytes| bytes.truncate(length));
    }
    assert_eq!(
        gguf("llama.gguf", |bytes| bytes.truncate(100)),
        "model.gguf: truncated: the header goes on at byte 97 of 100"
    );
    let error = gguf("llama.gguf", |bytes| bytes.truncate(whole.len() - 200));
    assert!(error.ends_with("of a file of 40664 bytes: truncated?"), "{error}");
}

#[test]
fn gguf_headers_with_wrong_counts_and_versions() {
    let at = |at: usize, patch: &[u8]| {
        gguf("bitnet.gguf", |bytes| bytes[at..at + patch.len()].copy_from_slice(patch))
    };
    assert_eq!(at(0, b"GGML"), "model.gguf: no GGUF file, and no folder with a config.json");
    assert_eq!(at(4, &2u32.to_le_bytes()), "model.gguf: version 2, must be 3, little-endian");
    assert_eq!(
        at(4, &3u32.to_be_bytes()),
        "model.gguf: big-endian, or version 50331648, must be 3, little-endian"
    );
    for count in [u64::MAX, (1 << 16) + 1] {
        assert_eq!(
            at(8, &count.to_le_bytes()),
            format!("model.gguf: {count} tensors, must be at most 65536")
        );
        assert_eq!(at(16, &count.to_le_bytes()), format!("model.gguf: {count} keys, must be at most 65536"));
    }
    let error = at(8, &(1u64 << 16).to_le_bytes());
    assert!(error.starts_with("model.gguf: "), "{error}");
}

#[test]
fn gguf_keys_of_other_types_and_lengths() {
    let key = "bitnet-b1.58.block_count";
    // A length of a text or an array that the file does not hold, an array in an array, a type that is none.
    let text = [8u32.to_le_bytes().as_slice(), &u64::MAX.to_le_bytes()].concat();
    assert!(patched(key, 0, &text).contains("truncated: the header goes on at byte"));
    let array = [9u32.to_le_bytes(), 10u32.to_le_bytes()].concat();
    let array = [array.as_slice(), &(1u64 << 61).to_le_bytes()].concat();
    assert!(patched(key, 0, &array).contains("truncated: the header goes on at byte"));
    let nested = [9u32.to_le_bytes(), 9u32.to_le_bytes()].concat();
    let error = format!("model.gguf: key `{key}` has a value of type 9, which is not known");
    assert_eq!(patched(key, 0, &nested), error);
    let error = format!("model.gguf: key `{key}` has a value of type 13, which is not known");
    assert_eq!(patched(key, 0, &13u32.to_le_bytes()), error);
    // A float for a count, a count out of its range.
    let error = format!("model.gguf: key `{key}` is 1, must be a whole number from 1 to 4096");
    assert_eq!(patched(key, 0, &[6u32.to_le_bytes(), 1f32.to_le_bytes()].concat()), error);
    let error = format!("model.gguf: key `{key}` is 4097, must be a whole number from 1 to 4096");
    assert_eq!(patched(key, 4, &4097u32.to_le_bytes()), error);
    let error = patched(key, 4, &4096u32.to_le_bytes());
    let missing = "model.gguf: tensor `blk.1.attn_norm.weight` is missing, must be F32 or F16 or BF16 [256]";
    assert_eq!(error, missing);
    assert_eq!(
        patched("bitnet-b1.58.rope.scaling.factor", 4, &2f32.to_le_bytes()),
        "model.gguf: key `bitnet-b1.58.rope.scaling.factor` is 2, must be 1: scaled rotary frequencies are not supported"
    );
    assert_eq!(
        patched("bitnet-b1.58.attention.value_length", 4, &32u32.to_le_bytes()),
        "model.gguf: key `bitnet-b1.58.attention.value_length` is 32, must be 64, the width of a head"
    );
    let architecture = patched("general.architecture", 12, b"gemma-b1.580");
    assert_eq!(
        architecture,
        "model.gguf: key `general.architecture` is \"gemma-b1.580\", must be \"bitnet\" or \"bitnet-25\" or \
         \"bitnet-b1.58\" or \"llama\""
    );
}

#[test]
fn gguf_keys_and_tensors_that_stand_twice() {
    let error = gguf("bitnet.gguf", |bytes| {
        let place = after(bytes, "bitnet-b1.58.rope.freq_base");
        bytes[place - 14..place].copy_from_slice(b"context_length");
    });
    assert_eq!(error, "model.gguf: key `bitnet-b1.58.context_length` stands twice in the header");
    let error = gguf("bitnet.gguf", |bytes| {
        let place = after(bytes, "blk.0.attn_q.weight");
        bytes[place - 8..place - 7].copy_from_slice(b"k");
    });
    assert_eq!(error, "model.gguf: tensor `blk.0.attn_k.weight` stands twice in the header");
}

#[test]
fn gguf_tensors_of_other_shapes_types_and_places() {
    // Two dimensions, and after them the type and the place.
    let query = "blk.0.attn_q.weight";
    let q = format!("model.gguf: tensor `{query}`");
    let dimensions =
        |fast: u64, slow: u64| patched(query, 4, &[fast.to_le_bytes(), slow.to_le_bytes()].concat());
    assert_eq!(patched(query, 0, &5u32.to_le_bytes()), format!("{q} has 5 dimensions, must have at most 4"));
    assert_eq!(dimensions(255, 256), format!("{q} is TQ1_0 [256, 255], which is no whole number of blocks"));
    for (fast, slow) in [(u64::MAX, u64::MAX), (1 << 63, 2), (1 << 62, 4)] {
        let error = format!("{q} is TQ1_0 [{slow}, {fast}], which is no whole number of blocks");
        assert_eq!(dimensions(fast, slow), error);
    }
    assert!(dimensions(1 << 40, 1 << 8).ends_with(" bytes: truncated?"));
    assert_eq!(
        dimensions(256, 128),
        format!("{q} is TQ1_0 [128, 256], must be TQ1_0 or TQ2_0 or I2_S or F32 or F16 or BF16 [256, 256]")
    );
    let of = |number: u32| patched(query, 20, &number.to_le_bytes());
    assert_eq!(of(99), format!("{q} is of type 99, which is not known"));
    let any = "must be TQ1_0 or TQ2_0 or I2_S or F32 or F16 or BF16 [256, 256]";
    assert_eq!(of(38), format!("{q} is TL1 (a layout of ARM kernels) [256, 256], {any}"));
    let offset = |offset: u64| patched(query, 24, &offset.to_le_bytes());
    assert_eq!(offset(1), format!("{q} is at 1, which is no multiple of 32"));
    let last = u64::MAX - 31;
    assert_eq!(offset(last), format!("{q} is at {last}, beyond every file"));
    assert!(offset(1 << 40).ends_with(" bytes: truncated?"));
    assert!(offset(0).ends_with("overlaps the one before it"));
    // Whole blocks of 64 alone.
    let value = "blk.0.attn_v.weight";
    assert_eq!(
        patched(value, 4, &[1u64.to_le_bytes(), 64u64.to_le_bytes()].concat()),
        format!(
            "model.gguf: tensor `{value}` is I2_S [64, 1], whole blocks of 64 as on ARM and not of 128, as on x86: only \
             these are read"
        )
    );
    assert_eq!(
        patched(value, 4, &[65u64.to_le_bytes(), 1u64.to_le_bytes()].concat()),
        format!("model.gguf: tensor `{value}` is I2_S [1, 65], which is no whole number of blocks")
    );
    assert_eq!(
        patched("token_embd.weight", 20, &14u32.to_le_bytes()),
        "model.gguf: tensor `token_embd.weight` is Q6_K [24, 256], must be F32 or F16 or BF16 [24, 256]"
    );
}

#[test]
fn gguf_blocks_that_hold_no_trits() {
    /// Changes bytes of a tensor's data.
    fn written(name: &str, at: usize, patch: &[u8]) -> String {
        gguf("bitnet.gguf", |bytes| {
            let place = after(bytes, name) + 24;
            let offset = u64::from_le_bytes(bytes[place..place + 8].try_into().unwrap());
            // The last tensor of the header has one dimension.
            let data = (after(bytes, "output_norm.weight") + 24).next_multiple_of(32);
            let start = data + usize::try_from(offset).unwrap() + at;
            bytes[start..start + patch.len()].copy_from_slice(patch);
        })
    }
    let (tq1, tq2, i2s, half) =
        ("blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight", "blk.0.ffn_down.weight");
    let is = |name: &str| format!("model.gguf: tensor `{name}` is");
    // No five trits make 1 or 20, and 2 has a fifth trit where there are four.
    for (at, byte) in [(0, 1), (54 + 47, 20), (54 * 3 + 48, 2)] {
        let error = format!("{} byte {byte} at {at}, must be one of the codes of TQ1_0", is(tq1));
        assert_eq!(written(tq1, at, &[byte]), error);
    }
    assert_eq!(
        written(tq2, 66 * 2 + 1, &[0b11_00_00_00]),
        format!("{} a code of 3 at output 2, input 97, must be 0, 1 or 2: a trit plus one", is(tq2))
    );
    assert_eq!(
        written(i2s, 32, &[0b00_11_00_00]),
        format!("{} a code of 3 at output 0, input 160, must be 0, 1 or 2: a trit plus one", is(i2s))
    );
    let scale = |bits: u16| written(tq2, 66 * 3 + 64, &bits.to_le_bytes());
    let ternary = "must be ternary: one scale for the whole matrix";
    assert_eq!(
        scale(0x3c00),
        format!("{} scaled by 0.039855957 and, from block 3 on, by 1, {ternary}", is(tq2))
    );
    assert_eq!(
        scale(0x7c00),
        format!("{} scaled by 0.039855957 and, from block 3 on, by inf, {ternary}", is(tq2))
    );
    assert_eq!(
        written(i2s, 64 * 64, &(-1f32).to_le_bytes()),
        format!("{} scaled by -1, must be a positive number", is(i2s))
    );
    assert_eq!(
        written(half, 2, &0x3c00u16.to_le_bytes()),
        format!(
            "{} 1 at output 0, input 1, must be ternary: 0 or 0.039916992 of either sign, as before",
            is(half)
        )
    );
}
