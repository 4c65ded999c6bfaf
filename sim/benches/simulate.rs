//! How long a simulation takes: whole models, of which what repeats is skipped, and a decode step whose every burst is stepped.

#![allow(missing_docs, reason = "criterion's macro makes a public function")]

use contract::kv::KvForm;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sim::result::Phase;
use sim::{Batch, Equal, Request, Share, chip, simulate};

fn request(phases: &[Phase], skip: bool) -> Request {
    let phases = phases.to_vec();
    Request {
        phases,
        prompt: 512,
        context: 512,
        batch: Batch::Size(1),
        head: None,
        kv: KvForm::F16,
        zeros: Share::THIRD,
        equal: Equal::Lanes,
        baselines: vec![],
        skip,
    }
}

/// `sim --model 70b`: both phases, both machines, on as many processors as there are, up to four.
fn whole_models(criterion: &mut Criterion) {
    let chip = chip::load("datacenter").expect("a preset");
    let mut group = criterion.benchmark_group("both phases, ternary and FP16");
    group.sample_size(10);
    for model in ["7b", "70b"] {
        let shape = model::preset(model).expect("a preset");
        let request = request(&[Phase::Prefill, Phase::Decode], true);
        group.bench_function(model, |bencher| {
            bencher.iter(|| simulate(&shape, &chip, &request).expect("a model that fits"));
        });
    }
    group.finish();
}

/// A decode step of both machines, of which the larger, FP16's, has a processor to itself for most of the time: its bursts, of all
/// channels that see the same and of one, over the time of both.
fn every_burst(criterion: &mut Criterion) {
    let (shape, chip) = (model::preset("7b").expect("a preset"), chip::load("edge").expect("a preset"));
    let request = request(&[Phase::Decode], false);
    let report = simulate(&shape, &chip, &request).expect("a model that fits");
    let fp16 = &report.phases[0].fp16;
    let mut group = criterion.benchmark_group("every burst, 7b on edge, decode");
    group.sample_size(10);
    group.throughput(Throughput::Elements(fp16.dram_bytes / chip.stripe_bytes()));
    group.bench_function("bursts of a channel", |bencher| {
        bencher.iter(|| simulate(&shape, &chip, &request).expect("a model that fits"));
    });
    group.finish();
}

criterion_group!(benches, whole_models, every_burst);
criterion_main!(benches);
