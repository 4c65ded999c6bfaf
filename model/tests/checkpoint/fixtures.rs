//! `tests/fixtures/formats`, written by `make_checkpoints.py` with the tools of each format, against what those say is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contract::Trit;
use model::{Activation, Linear, LinearNorm, Table, TritMatrix, WeightScale, Weights, checkpoint};
use serde::Deserialize;
use serde_json::{Value, json};

/// A file or a folder of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/formats")).join(name)
}

/// What the framework's own quantiser made of a linear.
#[derive(Deserialize)]
struct Expected {
    /// FNV-1a of the trits plus one, row by row.
    trits: String,
    /// mean|W|.
    mean: f32,
}

fn expected(folder: &str) -> BTreeMap<String, Expected> {
    let text = fs::read_to_string(fixture(folder).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The linears by the names of the framework.
pub(crate) fn linears(weights: &Weights) -> BTreeMap<String, &Linear> {
    let mut linears = BTreeMap::new();
    for (i, layer) in weights.layers.iter().enumerate() {
        for (name, linear) in [
            ("self_attn.q_proj", &layer.query),
            ("self_attn.k_proj", &layer.key),
            ("self_attn.v_proj", &layer.value),
            ("self_attn.o_proj", &layer.output),
            ("mlp.gate_proj", &layer.gate),
            ("mlp.up_proj", &layer.up),
            ("mlp.down_proj", &layer.down),
        ] {
            linears.insert(format!("model.layers.{i}.{name}.weight"), linear);
        }
    }
    linears
}

fn digest(matrix: &TritMatrix) -> String {
    let trits = (0..matrix.rows()).flat_map(|row| matrix.row(row));
    let digest = trits.fold(0xcbf2_9ce4_8422_2325u64, |digest, trit| {
        (digest ^ u64::from((trit.value() + 1).unsigned_abs())).wrapping_mul(0x100_0000_01b3)
    });
    format!("{digest:016x}")
}

/// Checks the trits of every linear, and its mean to within a part of it.
fn assert_linears(weights: &Weights, folder: &str, divides: bool, part: f32) {
    let expected = expected(folder);
    let linears = linears(weights);
    assert_eq!(linears.len(), 7 * weights.layers.len());
    assert_eq!(linears.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, Expected { trits, mean }) in &expected {
        let linear = linears[name];
        assert_eq!(&digest(&linear.trits), trits, "{name}");
        let found = match linear.scale {
            WeightScale::Divides(scale) if divides => 1.0 / scale,
            WeightScale::Multiplies(scale) if !divides => scale,
            other => panic!("{name}: {other:?}"),
        };
        assert!((found - mean).abs() <= part * mean, "{name}: {found} is not {mean}");
    }
}

fn values(table: &Table) -> Vec<f32> {
    match table {
        Table::F32(values) => values.clone(),
        Table::F16(values) => values.iter().map(|&half| contract::f16_to_f32(half)).collect(),
        Table::Bf16(values) => values.iter().map(|&bits| f32::from_bits(u32::from(bits) << 16)).collect(),
    }
}

/// Everything but linears and shape.
fn assert_same_floats(a: &Weights, b: &Weights) {
    assert!(values(&a.embedding) == values(&b.embedding));
    assert!(a.head.as_ref().map(values) == b.head.as_ref().map(values));
    assert_eq!(a.norm, b.norm);
    for (a, b) in a.layers.iter().zip(&b.layers) {
        assert_eq!(a.input_norm, b.input_norm);
        assert_eq!(a.attention_sub_norm, b.attention_sub_norm);
        assert_eq!(a.post_attention_norm, b.post_attention_norm);
        assert_eq!(a.feed_forward_sub_norm, b.feed_forward_sub_norm);
    }
}

#[test]
fn packed_trits_are_those_of_the_framework_and_their_scale_multiplies() {
    let weights = checkpoint::read(&fixture("bitnet")).unwrap();
    // Rounded to bfloat16.
    assert_linears(&weights, "bitnet", false, 1.0 / 256.0);
    assert_eq!((weights.shape.hidden_act, weights.shape.sub_norms), (Activation::Relu2, true));
    assert!(matches!(&weights.embedding, Table::Bf16(values) if values.len() == 24 * 256));
    assert_eq!(weights.head, None);
    let layer = &weights.layers[0];
    assert_eq!((layer.key.trits.rows(), layer.key.trits.columns()), (64, 256));
    assert_eq!(layer.feed_forward_sub_norm.as_ref().map(Vec::len), Some(32));
    // The gains are around 1, and no two parts have the same.
    let sub_norm = layer.attention_sub_norm.as_ref().unwrap();
    let gains = [&layer.input_norm, sub_norm, &layer.post_attention_norm, &weights.norm];
    for (i, gain) in gains.iter().enumerate() {
        assert!(gain.len() == 256 && gain.iter().all(|x| (0.5..1.5).contains(x)));
        assert!(gains[..i].iter().all(|other| other != gain));
    }
}

#[test]
fn shards_are_one_model_and_their_scale_divides() {
    let weights = checkpoint::read(&fixture("llama")).unwrap();
    assert_linears(&weights, "llama", true, 4.0 * f32::EPSILON);
    assert_eq!((weights.shape.hidden_act, weights.shape.sub_norms), (Activation::Silu, false));
    assert!(matches!(&weights.embedding, Table::F32(values) if values.len() == 20 * 32));
    assert!(matches!(&weights.head, Some(Table::F32(values)) if values.len() == 20 * 32));
    assert_ne!(Some(&weights.embedding), weights.head.as_ref());
    assert_eq!(weights.layers[0].attention_sub_norm, None);
}

#[test]
fn master_weights_are_quantised_as_the_framework_does_and_each_linear_has_its_norm() {
    let weights = checkpoint::read(&fixture("online")).unwrap();
    assert_linears(&weights, "online", false, 4.0 * f32::EPSILON);
    let mut norms = vec![];
    for linear in linears(&weights).into_values() {
        let LinearNorm { gain, epsilon } = linear.norm.clone().unwrap();
        assert_eq!((gain.len(), epsilon), (linear.trits.columns(), 1e-6));
        norms.push(gain);
    }
    norms.dedup();
    assert_eq!(norms.len(), 7);
}

#[test]
fn a_gguf_file_of_every_type_is_the_same_model() {
    let (folder, file) =
        (checkpoint::read(&fixture("bitnet")).unwrap(), checkpoint::read(&fixture("bitnet.gguf")).unwrap());
    // Of the linears, `ffn_up` has its scale in a tensor of its own.
    assert_linears(&file, "bitnet", false, 1.0 / 2048.0);
    assert_same_floats(&folder, &file);
    let mut shape = file.shape.clone();
    assert_eq!(shape.embedding_format, model::WeightFormat::F16);
    (shape.embedding_format, shape.head_format) = (folder.shape.embedding_format, folder.shape.head_format);
    assert_eq!(shape, folder.shape);
}

#[test]
fn rows_that_a_gguf_file_of_llama_permutes_are_put_back() {
    let (folder, file) =
        (checkpoint::read(&fixture("llama")).unwrap(), checkpoint::read(&fixture("llama.gguf")).unwrap());
    assert_linears(&file, "llama", false, 1.0 / 256.0);
    assert_same_floats(&folder, &file);
    assert_eq!(file.shape, folder.shape);
}

/// The framework unpacks the weights of an offline `AutoBitLinear` when it loads them, and saves them as floats.
#[test]
fn trits_that_were_saved_as_floats_are_trits() {
    let packed = checkpoint::read(&fixture("bitnet")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(fixture("bitnet/config.json"), folder.path().join("config.json")).unwrap();
    let bytes = fs::read(fixture("bitnet/model.safetensors")).unwrap();
    let start = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let mut header: BTreeMap<String, Value> = serde_json::from_slice(&bytes[8..start]).unwrap();
    let mut data = vec![];
    for (name, tensor) in header.iter_mut().filter(|(name, _)| *name != "__metadata__") {
        let offsets = &tensor["data_offsets"];
        let at = |i: usize| start + usize::try_from(offsets[i].as_u64().unwrap()).unwrap();
        let (first, begins) = (data.len(), at(0)..at(1));
        match linears(&packed).get(name) {
            None => data.extend(&bytes[begins]),
            Some(Linear { trits, .. }) => {
                let values = (0..trits.rows()).flat_map(|row| trits.row(row));
                let bits = |trit: Trit| f32::from(trit.value()).to_bits() >> 16;
                data.extend(values.flat_map(|trit| bits(trit).to_le_bytes()[..2].to_vec()));
                tensor["dtype"] = json!("BF16");
                tensor["shape"] = json!([trits.rows(), trits.columns()]);
            }
        }
        tensor["data_offsets"] = json!([first, data.len()]);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let bytes = [&(header.len() as u64).to_le_bytes(), header.as_slice(), data.as_slice()].concat();
    fs::write(folder.path().join("model.safetensors"), bytes).unwrap();
    let mut saved = checkpoint::read(folder.path()).unwrap();
    saved.shape.name.clone_from(&packed.shape.name);
    assert!(saved == packed);
}

#[test]
fn a_tokenizer_is_found_beside_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.gguf");
    assert_eq!(checkpoint::tokenizer(folder.path()), None);
    let tokenizer = folder.path().join("tokenizer.json");
    fs::write(&tokenizer, "{}").unwrap();
    assert_eq!(checkpoint::tokenizer(folder.path()), Some(tokenizer.clone()));
    assert_eq!(checkpoint::tokenizer(&file), Some(tokenizer));
}
