//! How fast the reference is: the sums of a linear, and a whole layer of the 2B model's shape for one token and for many.

#![allow(missing_docs, reason = "criterion's macro makes a public function")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::transformer::{Cache, CacheForm, Decoder, Float32, Kernel, Linears, Machine, Place, Projection};
use model::transformer::{Quantized, Rows};
use model::{LayerWeights, Linear, Shape, Table, TritMatrix, WeightScale, Weights};

const PLACE: Place = Place { layer: 0, projection: Projection::Down };

/// Numbers that differ enough to be quantised.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.37).sin()).collect()
}

/// A matrix with every code in every place of a byte.
fn matrix(rows: usize, columns: usize) -> TritMatrix {
    let mut matrix = TritMatrix::zeros(rows, columns);
    for row in 0..rows {
        let trits: Vec<_> = (0..columns).map(|column| contract::Trit::ALL[(row + column / 3) % 3]).collect();
        matrix.set_row(row, &trits);
    }
    matrix
}

/// Bytes of two-bit codes a second, from memory: together the matrices exceed a processor's caches.
fn sums(criterion: &mut Criterion) {
    let (rows, columns) = (2560, 6912);
    let matrices: Vec<TritMatrix> = (0..16).map(|_| matrix(rows, columns)).collect();
    let mut group = criterion.benchmark_group("sums");
    group.sample_size(10);
    group.throughput(Throughput::Bytes((matrices.len() * rows * columns / 4) as u64));
    let x = Quantized::new(&Rows::new(columns, numbers(columns))).expect("finite");
    group.bench_function("kernel", |bencher| {
        bencher.iter(|| {
            for matrix in &matrices {
                Kernel.sums(PLACE, matrix, &x).expect("sums");
            }
        });
    });
    group.finish();
}

/// One layer of the 2B model with a short vocabulary, tokens a second.
fn layer(criterion: &mut Criterion) {
    let shape =
        Shape { num_hidden_layers: 1, vocab_size: 1024, ..model::preset("bitnet-2b-4t").expect("a preset") };
    let size = |size: u64| usize::try_from(size).expect("a size");
    let (hidden, inner) = (size(shape.hidden_size), size(shape.intermediate_size));
    let (q, kv) = (size(shape.q_size()), size(shape.kv_size()));
    let linear = |rows, columns| Linear {
        trits: matrix(rows, columns),
        scale: WeightScale::Multiplies(0.02),
        norm: None,
    };
    let weights = Weights {
        embedding: Table::F32(numbers(size(shape.vocab_size) * hidden)),
        layers: vec![LayerWeights {
            input_norm: vec![1.0; hidden],
            query: linear(q, hidden),
            key: linear(kv, hidden),
            value: linear(kv, hidden),
            attention_sub_norm: Some(vec![1.0; q]),
            output: linear(hidden, q),
            post_attention_norm: vec![1.0; hidden],
            gate: linear(inner, hidden),
            up: linear(inner, hidden),
            feed_forward_sub_norm: Some(vec![1.0; inner]),
            down: linear(hidden, inner),
        }],
        norm: vec![1.0; hidden],
        head: None,
        shape,
    };
    let decoder = Decoder::new(&weights).expect("a valid model");
    let mut group = criterion.benchmark_group("a layer of the 2B model");
    group.sample_size(10);
    for tokens in [1u32, 64] {
        let ids: Vec<u32> = (0..tokens).collect();
        group.throughput(Throughput::Elements(tokens.into()));
        group.bench_function(format!("{tokens} tokens"), |bencher| {
            bencher.iter(|| {
                let mut machine = Machine { arithmetic: &Float32, linears: &mut Kernel, trace: None };
                let mut cache = Cache::new(&weights.shape, CacheForm::F32);
                decoder.forward(&mut machine, &mut cache, &ids).expect("finite")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, sums, layer);
criterion_main!(benches);
