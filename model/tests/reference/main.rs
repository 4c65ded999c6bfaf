//! The reference transformer against Hugging Face `transformers`, one operation at a time and end to end.
//!
//! `tests/fixtures/reference` holds small models with what the framework computes for them, written by
//! `tests/fixtures/make_reference.py`. `TRITIUM_REFERENCE` may name more folders of that kind, separated by colons:
//!
//!     TRITIUM_REFERENCE=a:b cargo test -p tritium-model --test reference -- --nocapture

mod end_to_end;
mod expected;
mod operations;
mod refused;

use std::path::{Path, PathBuf};

use expected::Expected;
use model::Weights;

/// The folders of all models, the committed ones first.
fn folders() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/reference");
    let mut folders = ["autobitlinear", "bitlinear", "online"].map(|name| fixtures.join(name)).to_vec();
    if let Some(more) = std::env::var_os("TRITIUM_REFERENCE") {
        folders.extend(std::env::split_paths(&more));
    }
    folders
}

/// Every model with what is expected of it.
fn each(mut check: impl FnMut(&Path, &Weights, &Expected)) {
    for folder in folders() {
        let weights = model::checkpoint::read(&folder).unwrap_or_else(|error| panic!("{error}"));
        check(&folder, &weights, &Expected::read(&folder));
    }
}

/// The largest magnitude.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// The largest difference of two vectors of one length, in parts of the largest value expected.
fn difference(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len());
    let differences = got.iter().zip(expected).map(|(got, expected)| (got - expected).abs());
    differences.fold(0.0, f32::max) / largest(expected).max(f32::MIN_POSITIVE)
}

/// How many floats lie between two, at most over two vectors.
fn ulps(got: &[f32], expected: &[f32]) -> u64 {
    assert_eq!(got.len(), expected.len());
    // The floats in order, as integers.
    let order = |x: f32| {
        let bits = i64::from(x.to_bits() & 0x7fff_ffff);
        if x.is_sign_negative() { -bits } else { bits }
    };
    got.iter().zip(expected).map(|(&got, &expected)| order(got).abs_diff(order(expected))).max().unwrap_or(0)
}
