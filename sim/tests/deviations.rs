//! What `DEVIATIONS.md` says of the simulator, as it is: when one of these gaps is closed, its test fails, and its row goes.

use contract::kv::KvForm;
use model::WeightFormat;
use sim::engine::Ports;
use sim::mapping::{Job, Mapping, Step};
use sim::result::Phase;
use sim::timing::{Memory, Surroundings};
use sim::workload::{Machine, Workload};
use sim::{Batch, Equal, Request, Share, chip, simulate};

fn decode(batch: u64) -> Request {
    Request {
        phases: vec![Phase::Decode],
        prompt: 1,
        context: 64,
        batch: Batch::Size(batch),
        head: None,
        kv: KvForm::F16,
        zeros: Share::THIRD,
        equal: Equal::Lanes,
        baselines: vec![],
        skip: true,
    }
}

fn job(steps: &[Step], operator: &str) -> Job {
    steps.iter().find(|step| step.operator == operator).expect("an operator").job
}

#[test]
fn rows_of_the_embedding_are_read_as_neighbours() {
    let (shape, chip) = (model::preset("7b").unwrap(), chip::load("edge").unwrap());
    let workload = Workload::new(&shape, Machine::Ternary, WeightFormat::F16, Phase::Decode, 6, 100);
    let mapping = Mapping::new(workload, &chip).unwrap();
    let Job::VectorStream { data, .. } = job(&mapping.prologue(&mapping.pass(0)), "embedding") else {
        panic!("a stream")
    };
    // 4096 halves are 64 stripes of 128 bytes; six tokens' rows are one stretch, whatever the tokens are.
    assert_eq!(data.stripes, 6 * 64);
}

#[test]
fn caches_of_several_sequences_are_read_as_one_stretch() {
    let (shape, chip) = (model::preset("7b").unwrap(), chip::load("edge").unwrap());
    let workload = Workload::new(&shape, Machine::Ternary, WeightFormat::F16, Phase::Decode, 6, 100);
    let mapping = Mapping::new(workload, &chip).unwrap();
    let Job::VectorStream { data, data_bytes, .. } = job(&mapping.layer(&mapping.pass(0), 3), "attention")
    else {
        panic!("a stream")
    };
    // Each sequence has a place for the new token behind its 100; the gaps are not between what is read.
    assert_eq!((data_bytes, data.stripes), (6 * 100 * 4096 * 2 * 2, 6 * 100 * 4096 * 2 * 2 / 128));
}

#[test]
fn gains_of_norms_are_not_fetched_and_no_linear_is_requantised_by_the_engine() {
    let (shape, chip) = (model::preset("bitnet-2b-4t").unwrap(), chip::load("edge").unwrap());
    let request = decode(1);
    let run = simulate(&shape, &chip, &request).unwrap().phases.remove(0).ternary;
    for norm in ["input_layernorm", "attn_sub_norm", "post_attention_layernorm", "ffn_sub_norm", "norm"] {
        let operator = run.operators.iter().find(|operator| operator.name == norm).expect(norm);
        // Norm and quantiser are the vector unit's work.
        assert!(operator.bytes == 0 && operator.cycles > 0, "{norm}");
    }
}

#[test]
fn activations_come_a_beat_a_cycle_and_results_are_taken_at_once() {
    let chip = chip::load("edge").unwrap();
    let mut surroundings = Surroundings::new(Memory::new(&chip), chip.stripe_bytes());
    surroundings.begin([], 100);
    assert_eq!([5, 100, 101].map(|from| surroundings.activation(from)), [100, 100, 101]);
    assert_eq!([5, 300].map(|from| surroundings.result(from)), [5, 300]);
}

#[test]
fn one_batch_is_in_flight_in_a_pipeline_of_chips() {
    let (shape, chip) = (model::preset("30b").unwrap(), chip::load("kv260").unwrap());
    let request = decode(2);
    let run = simulate(&shape, &chip, &request).unwrap().phases.remove(0).ternary;
    assert!(run.chips > 1);
    approx::assert_relative_eq!(run.tokens_per_second * run.seconds, 2.0, max_relative = 1e-12);
}
