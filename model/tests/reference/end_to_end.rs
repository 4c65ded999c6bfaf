//! From ids to logits and tokens.

use model::Weights;
use model::transformer::{
    Cache, CacheForm, Decoder, Event, Float32, Kernel, Machine, Request, Sampler, Trace, generate,
};

use crate::expected::Expected;
use crate::operations::report;
use crate::{difference, each, largest};

/// Of the largest logit, where no INT8 value differs from the framework's.
const WITHOUT_FLIPS: f32 = 2e-6;

/// Of the largest logit, where one does: a rounding in a norm can flip a value, which moves all that comes after it.
const WITH_FLIPS: f32 = 3e-2;

/// Of all INT8 values, at most so many are flipped by a rounding: the framework's AutoBitLinear sums floats, not integers.
const MOST_FLIPS: f64 = 1e-5;

/// Logits of every position, and all integers.
fn run(weights: &Weights, ids: &[u32]) -> (Vec<f32>, Trace) {
    let decoder = Decoder::new(weights).unwrap();
    let mut trace = Trace::default();
    let mut machine = Machine { arithmetic: &Float32, linears: &mut Kernel, trace: Some(&mut trace) };
    let mut cache = Cache::new(&weights.shape, CacheForm::F32);
    let hidden = decoder.forward(&mut machine, &mut cache, ids).unwrap();
    (hidden.iter().flat_map(|row| decoder.logits(row)).collect(), trace)
}

/// INT8 values against the framework's.
#[derive(Default)]
struct Flips {
    /// All that were compared.
    values: usize,
    /// Those that differ although nothing before them does.
    flipped: usize,
    /// Those that differ after another did, in a linear before, of the same token or of one that it attends to.
    moved: usize,
}

impl Flips {
    fn add(&mut self, trace: &Trace, expected: &Expected, prompt: usize) {
        // By linear in the order of the computation, the first token that differs in any before.
        let mut first_token = usize::MAX;
        for (place, linear) in &trace.linears {
            let name = format!("p{prompt}.{place}.q");
            if !expected.has(&name) {
                continue;
            }
            let expected = expected.i8(&name);
            assert_eq!(linear.q.len(), expected.len(), "{name}");
            let inputs = linear.q.len() / linear.s.len();
            let pairs = linear.q.iter().zip(&expected).enumerate();
            let tokens = pairs.filter(|(_, (got, expected))| got != expected).map(|(i, _)| i / inputs);
            let tokens: Vec<usize> = tokens.collect();
            let moved = tokens.iter().filter(|&&token| token >= first_token).count();
            self.moved += moved;
            self.flipped += tokens.len() - moved;
            self.values += expected.len();
            first_token = tokens.into_iter().fold(first_token, usize::min);
        }
    }
}

#[test]
fn logits_are_the_frameworks_and_flipped_values_are_counted() {
    each(|folder, weights, expected| {
        let mut all = Flips::default();
        let mut farthest: f32 = 0.0;
        for (i, prompt) in expected.prompts().iter().enumerate() {
            let (logits, trace) = run(weights, &prompt.ids);
            let mut flips = Flips::default();
            flips.add(&trace, expected, i);
            all.add(&trace, expected, i);
            // Where the framework's integers were not recorded, they may differ.
            let bound = if flips.flipped == 0 && flips.values > 0 { WITHOUT_FLIPS } else { WITH_FLIPS };
            let difference = difference(&logits, &expected.f32(&format!("p{i}.logits")));
            assert!(difference <= bound, "{}: prompt {i}: {difference:e}", folder.display());
            farthest = farthest.max(difference);
        }
        let Flips { values, flipped, moved } = all;
        report(folder, &format!("of {values} INT8 values {flipped} were flipped, and {moved} moved by them"));
        report(folder, &format!("logits differ by up to {farthest:e} of the largest"));
        assert!(flipped as f64 <= MOST_FLIPS * values as f64, "{}: {flipped} of {values}", folder.display());
    });
}

#[test]
fn greedy_tokens_are_the_frameworks_while_its_margin_exceeds_the_logits_bound() {
    each(|folder, weights, expected| {
        let (mut decided, mut equal, mut near, mut steps) = (0, 0, 0, 0);
        for (i, prompt) in expected.prompts().iter().enumerate() {
            // The framework's tokens are given, so that each step is judged by itself.
            let ids = [&prompt.ids[..], &prompt.generated[..prompt.generated.len() - 1]].concat();
            let (logits, _) = run(weights, &ids);
            let vocabulary = logits.len() / ids.len();
            let expected = expected.f32(&format!("p{i}.gen_logits"));
            let steps_of_prompt =
                logits.chunks(vocabulary).skip(prompt.ids.len() - 1).zip(expected.chunks(vocabulary));
            assert_eq!(expected.len() / vocabulary, prompt.generated.len());
            for (step, (logits, expected)) in steps_of_prompt.enumerate() {
                let difference = difference(logits, expected);
                assert!(
                    difference <= WITH_FLIPS,
                    "{}: prompt {i}, step {step}: {difference:e}",
                    folder.display()
                );
                let bound = if difference <= WITHOUT_FLIPS { WITHOUT_FLIPS } else { WITH_FLIPS };
                near += usize::from(difference <= WITHOUT_FLIPS);
                let token = Sampler::new(0.0, 0).next(logits);
                let same = token == prompt.generated[step];
                // Either of two logits may be off by the bound.
                if prompt.margins[step] > f64::from(2.0 * bound * largest(expected)) {
                    assert!(same, "{}: prompt {i}, step {step}: {token}", folder.display());
                    decided += 1;
                }
                equal += usize::from(same);
                steps += 1;
            }
        }
        report(folder, &format!("{equal} of {steps} tokens equal, {decided} decided by their margin"));
        report(folder, &format!("{near} of {steps} steps within {WITHOUT_FLIPS:e}"));
        assert!(decided > steps / 2, "the margins decide too little to test anything: {decided} of {steps}");
    });
}

#[test]
fn generating_token_by_token_gives_the_logits_of_all_tokens_at_once_to_the_bit() {
    each(|folder, weights, expected| {
        for (i, prompt) in expected.prompts().iter().enumerate() {
            let decoder = Decoder::new(weights).unwrap();
            let mut machine = Machine { arithmetic: &Float32, linears: &mut Kernel, trace: None };
            let mut cache = Cache::new(&weights.shape, CacheForm::F32);
            let request = Request {
                prompt: &prompt.ids,
                max_new_tokens: prompt.generated.len(),
                end: &[],
                all_logits: true,
            };
            let (mut logits, mut tokens) = (vec![], vec![]);
            let on_event = |event: Event<'_>| {
                match event {
                    Event::Logits(row) => logits.extend_from_slice(row),
                    Event::Token(token) => tokens.push(token),
                }
                Ok::<(), model::Error>(())
            };
            let mut sampler = Sampler::new(0.0, 0);
            generate(&decoder, &mut machine, &mut cache, &mut sampler, &request, on_event).unwrap();
            assert_eq!(tokens.len(), prompt.generated.len());
            let ids = [&prompt.ids[..], &tokens[..tokens.len() - 1]].concat();
            assert!(run(weights, &ids).0 == logits, "{}: prompt {i}", folder.display());
        }
    });
}
