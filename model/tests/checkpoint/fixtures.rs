//! `tests/fixtures/formats`, written by `make_checkpoints.py` with the tools of each format, against what those say is in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{Activation, Linear, LinearNorm, Table, TritMatrix, WeightScale, Weights, checkpoint};
use serde::Deserialize;

/// A file or a folder of the fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/formats")).join(name)
}

/// The name of the configuration's fixtures, by linear: what the framework's own quantiser made of it.
#[derive(Deserialize)]
struct Expected {
    /// FNV-1a of the trits plus one, row by row.
    trits: String,
    /// mean|W|.
    mean: f32,
}

fn expected(folder: &str) -> BTreeMap<String, Expected> {
    let text = std::fs::read_to_string(fixture(folder).join("expected.json")).unwrap();
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

#[test]
fn a_tokenizer_is_found_beside_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.gguf");
    assert_eq!(checkpoint::tokenizer(folder.path()), None);
    let tokenizer = folder.path().join("tokenizer.json");
    std::fs::write(&tokenizer, "{}").unwrap();
    assert_eq!(checkpoint::tokenizer(folder.path()), Some(tokenizer.clone()));
    assert_eq!(checkpoint::tokenizer(&file), Some(tokenizer));
}
