//! What the decoder cannot compute is an error, not a panic and not a number.

use std::path::Path;

use model::transformer::{
    Cache, CacheForm, Decoder, Event, Float32, Kernel, Machine, Request, Rows, Sampler, generate,
};
use model::{Error, Table, TritMatrix, Weights};

fn weights() -> Weights {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/reference/online");
    let weights = model::checkpoint::read(&folder).unwrap();
    Weights { shape: model::Shape { name: "online".to_owned(), ..weights.shape }, ..weights }
}

fn forward(weights: &Weights, form: CacheForm, ids: &[u32]) -> Result<Rows, Error> {
    let decoder = Decoder::new(weights)?;
    let mut machine = Machine { arithmetic: &Float32, linears: &mut Kernel, trace: None };
    decoder.forward(&mut machine, &mut Cache::new(&weights.shape, form), ids)
}

#[test]
fn weights_of_another_size_are_named() {
    let message = |change: fn(&mut Weights)| {
        let mut weights = weights();
        change(&mut weights);
        Decoder::new(&weights).unwrap_err().to_string()
    };
    assert_eq!(
        message(|w| w.layers[1].down.trits = TritMatrix::zeros(72, 36)),
        "online: tensor `layers.1.down` is [72, 36], must be [36, 72]"
    );
    assert_eq!(
        message(|w| w.layers[0].key.norm.as_mut().unwrap().gain.truncate(5)),
        "online: tensor `layers.0.key.norm` is [5], must be [36]"
    );
    assert_eq!(
        message(|w| w.layers[0].attention_sub_norm = Some(vec![1.0; 36])),
        "online: tensor `layers.0.attention_sub_norm` is [36], must be [48]"
    );
    assert_eq!(
        message(|w| w.embedding = Table::F16(vec![0; 10])),
        "online: tensor `embedding` is [10], must be [2304]"
    );
    assert_eq!(message(|w| w.norm.clear()), "online: tensor `norm` is [0], must be [36]");
    assert!(message(|w| drop(w.layers.pop())).contains("tensor `layers` is [1], must be [2]"));
    assert_eq!(
        message(|w| w.shape.intermediate_size = 65_536),
        "online: `intermediate_size` is 65536 inputs of a linear, must be at most 65535: accumulators have 24 bits"
    );
    let experts = message(|w| w.shape.experts = model::preset("8x7b").unwrap().experts);
    assert!(experts.contains("`num_local_experts` is 8, must be absent"), "{experts}");
    assert!(message(|w| w.shape.head_dim = 7).contains("`head_dim` is 7, must be even"));
}

#[test]
fn a_token_outside_the_vocabulary_is_named() {
    let error = forward(&weights(), CacheForm::F32, &[63, 64]).unwrap_err().to_string();
    assert_eq!(error, "token 64 is outside the vocabulary of 64, whose ids are 0 to 63");
    assert_eq!(forward(&weights(), CacheForm::F32, &[]).unwrap().tokens(), 0);
}

#[test]
fn a_value_beyond_every_float_is_named_where_it_is_first_needed() {
    let mut large = weights();
    large.layers[1].input_norm[3] = f32::MAX;
    large.layers[1].query.norm = None;
    let error = forward(&large, CacheForm::F32, &[1, 2]).unwrap_err().to_string();
    let place = "model.layers.1.self_attn.q_proj, token ";
    assert!(error.starts_with(place) && error.contains("the value at position 3 is "), "{error}");
}

#[test]
fn a_form_that_holds_no_infinity_says_so() {
    let mut large = weights();
    large.layers[0].key.scale = model::WeightScale::Multiplies(f32::MAX);
    for form in contract::kv::KvForm::ALL {
        let error = forward(&large, CacheForm::Contract(form), &[1]).unwrap_err().to_string();
        assert!(error.starts_with("layer 0, keys of token 0: the value at position "), "{error}");
    }
}

#[test]
fn requests_that_cannot_be_met_compute_nothing() {
    let weights = weights();
    let message = |prompt: &[u32], max_new_tokens| {
        let decoder = Decoder::new(&weights).unwrap();
        let mut machine = Machine { arithmetic: &Float32, linears: &mut Kernel, trace: None };
        let mut cache = Cache::new(&weights.shape, CacheForm::F32);
        let request = Request { prompt, max_new_tokens, end: &[], all_logits: false };
        let on_event = |_: Event<'_>| -> Result<(), Error> { panic!("something happened") };
        let mut sampler = Sampler::new(0.0, 0);
        let result = generate(&decoder, &mut machine, &mut cache, &mut sampler, &request, on_event);
        assert_eq!(cache.positions(), 0);
        result.unwrap_err().to_string()
    };
    assert_eq!(message(&[], 1), "the prompt has no token: at least one is needed");
    assert_eq!(message(&[1], 0), "no token is to be generated: at least one is needed");
    assert_eq!(
        message(&[1; 60], 6),
        "60 tokens of the prompt and 6 new ones take 65 positions, and online has 64 (`max_position_embeddings`)"
    );
    assert!(message(&[1], usize::MAX).contains("take 18446744073709551615 positions"));
    assert!(message(&[1, 99], 1).starts_with("token 99 is outside"));
}

#[test]
fn a_prompt_longer_than_a_chunk_is_as_if_it_came_at_once() {
    let mut weights = weights();
    weights.shape.max_position_embeddings = 200;
    let decoder = Decoder::new(&weights).unwrap();
    let ids: Vec<u32> = (0..150).map(|i| i * 7 % 64).collect();
    let at_once: Vec<f32> =
        forward(&weights, CacheForm::F32, &ids).unwrap().iter().flat_map(|row| decoder.logits(row)).collect();
    let mut machine = Machine { arithmetic: &Float32, linears: &mut Kernel, trace: None };
    let mut cache = Cache::new(&weights.shape, CacheForm::F32);
    let request = Request { prompt: &ids, max_new_tokens: 1, end: &[], all_logits: true };
    let mut logits = vec![];
    let on_event = |event: Event<'_>| {
        if let Event::Logits(row) = event {
            logits.extend_from_slice(row);
        }
        Ok::<(), Error>(())
    };
    generate(&decoder, &mut machine, &mut cache, &mut Sampler::new(0.0, 0), &request, on_event).unwrap();
    assert_eq!(cache.positions(), 150);
    assert!(logits == at_once);
}
