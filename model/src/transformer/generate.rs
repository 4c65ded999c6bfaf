//! From a prompt to new tokens.

use super::{Cache, Decoder, Machine, Sampler};
use crate::Error;

/// What is to be generated.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Ids of the prompt.
    pub prompt: &'a [u32],
    /// At most so many tokens, at least 1.
    pub max_new_tokens: usize,
    /// Ids that end it, and are the last token then.
    pub end: &'a [u32],
    /// Whether the logits of every position are wanted, not only of those that a new token follows.
    pub all_logits: bool,
}

/// What happens on the way.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The logits of the next position, \[vocabulary\].
    Logits(&'a [f32]),
    /// The next token.
    Token(u32),
}

/// Positions that go through the model together: enough to read each weight once for many, few enough that what lies
/// between the layers stays in a processor's caches.
const CHUNK: usize = 64;

/// Runs the prompt and then each new token through the model, and tells `on_event` in order.
///
/// # Errors
///
/// [`Error::Prompt`] for a prompt without tokens, no token to generate, or more positions than the model was trained for;
/// [`Error::Token`] for an id outside the vocabulary; what [`Decoder::forward`] and `on_event` fail with.
pub fn generate<E: From<Error>>(
    decoder: &Decoder<'_>,
    machine: &mut Machine<'_>,
    cache: &mut Cache,
    sampler: &mut Sampler,
    request: &Request<'_>,
    mut on_event: impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<(), E> {
    decoder.check(request)?;
    let mut last = vec![];
    for (i, ids) in request.prompt.chunks(CHUNK).enumerate() {
        let hidden = decoder.forward(machine, cache, ids)?; // [tokens, hidden]
        let is_last = |token: usize| i * CHUNK + token + 1 == request.prompt.len();
        for (token, row) in hidden.iter().enumerate() {
            if request.all_logits || is_last(token) {
                last = decoder.logits(row); // [vocabulary]
                on_event(Event::Logits(&last))?;
            }
        }
    }
    for left in (0..request.max_new_tokens).rev() {
        let token = sampler.next(&last);
        on_event(Event::Token(token))?;
        if left == 0 || request.end.contains(&token) {
            break;
        }
        let hidden = decoder.forward(machine, cache, &[token])?; // [1, hidden]
        last = decoder.logits(hidden.row(0)); // [vocabulary]
        on_event(Event::Logits(&last))?;
    }
    Ok(())
}

impl Decoder<'_> {
    /// What is known to be wrong with a request before anything is computed.
    ///
    /// # Errors
    ///
    /// The first two of [`generate`]'s.
    pub fn check(&self, request: &Request<'_>) -> Result<(), Error> {
        let shape = &self.weights().shape;
        let (prompt, new) = (request.prompt.len() as u64, request.max_new_tokens as u64);
        let wrong = |reason: String| Err(Error::Prompt { reason });
        if prompt == 0 {
            return wrong("the prompt has no token: at least one is needed".to_owned());
        }
        if new == 0 {
            return wrong("no token is to be generated: at least one is needed".to_owned());
        }
        // The last new token is not run through the model.
        let (positions, most) = (prompt.saturating_add(new - 1), shape.max_position_embeddings);
        if positions > most {
            let name = &shape.name;
            return wrong(format!(
                "{prompt} tokens of the prompt and {new} new ones take {positions} positions, and {name} has {most} \
                 (`max_position_embeddings`)"
            ));
        }
        match request.prompt.iter().find(|&&id| u64::from(id) >= shape.vocab_size) {
            Some(&id) => Err(self.outside(id)),
            None => Ok(()),
        }
    }
}
