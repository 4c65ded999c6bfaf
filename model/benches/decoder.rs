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

fn size(size: u64) -> usize {
    usize::try_from(size).expect("a size")
}

/// One layer of the 2B model with a short vocabulary.
fn weights(embedding: Table) -> Weights {
    let preset = model::preset("bitnet-2b-4t").expect("a preset");
    let vocab_size = embedding.len() as u64 / preset.hidden_size;
    let shape = Shape { num_hidden_layers: 1, vocab_size, ..preset };
    let (hidden, inner) = (size(shape.hidden_size), size(shape.intermediate_size));
    let (q, kv) = (size(shape.q_size()), size(shape.kv_size()));
    let linear = |rows, columns| Linear {
        trits: matrix(rows, columns),
        scale: WeightScale::Multiplies(0.02),
        norm: None,
    };
    Weights {
        embedding,
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
    }
}

/// A layer for one token and for many, tokens a second.
fn layer(criterion: &mut Criterion) {
    let hidden = model::preset("bitnet-2b-4t").expect("a preset").hidden_size;
    let weights = weights(Table::F32(numbers(1024 * size(hidden))));
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

/// Numbers a second of a head of each form, a sixteenth of the 2B model's.
fn head(criterion: &mut Criterion) {
    let hidden = size(model::preset("bitnet-2b-4t").expect("a preset").hidden_size);
    let (x, count) = (numbers(hidden), 128_256 / 16 * hidden);
    let numbers = numbers(count);
    let halves = |to: fn(f32) -> u16| numbers.iter().map(|&x| to(x)).collect::<Vec<u16>>();
    let tables = [
        ("f16", Table::F16(halves(contract::f32_to_f16))),
        ("bf16", Table::Bf16(halves(|x| (x.to_bits() >> 16) as u16))),
        ("f32", Table::F32(numbers.clone())),
    ];
    let mut group = criterion.benchmark_group("head");
    group.sample_size(10);
    group.throughput(Throughput::Elements(count as u64));
    for (name, table) in tables {
        let weights = weights(table);
        let decoder = Decoder::new(&weights).expect("a valid model");
        group.bench_function(name, |bencher| bencher.iter(|| decoder.logits(&x)));
    }
    group.finish();
}

criterion_group!(benches, sums, layer, head);
criterion_main!(benches);
