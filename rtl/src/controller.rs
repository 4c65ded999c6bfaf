//! Walks through matrix jobs: which word of activations meets the array next, and what it is.
//!
//! ```text
//!                 +--------------+
//!   job_valid  -->|              |--> fetch, fetch_free, fetch_rewind
//!   job_n, _k  ==>|              |<-- fetch_ready
//!   job_tokens ==>|  controller  |--> slot
//!   job_keep   -->|              |--> first, last
//!   job_ready  <--|              |--> release_tile
//!       reset  -->+------/\------+--> busy
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets the job |
//! | `job_valid`, `job_ready` | in, out | 1, 1 | handshake of a job |
//! | `job_n`, `job_k`, `job_tokens` | in | 21, 24, 11 | N, K and tokens, in range |
//! | `job_keep` | in | 1 | its activations stay in the buffer for the next job |
//! | `fetch`, `fetch_ready` | out, in | 1, 1 | the next word of activations is read at this edge |
//! | `fetch_free` | out | 1 | it is used for the last time |
//! | `fetch_rewind` | out | 1 | it is the last of a pass over the job's words |
//! | `slot` | out | clog2(TOKENS) | of the word that was read last: its token slot |
//! | `first`, `last` | out | 1, 1 | it is of the first, of the last K step |
//! | `release_tile` | out | 1 | it is the last token that the held tile meets |
//! | `busy` | out | 1 | a job is under way here |
//!
//! Parameters: `lanes`, `columns`, `tokens`. Latency: 1 from a job to its first `fetch`; a word a cycle, and no cycle is lost
//! between steps, tiles or jobs. Golden: the loop for tile, for step, for token.
//!
//! Neither ceil(N / COLUMNS) nor ceil(K / LANES) is ever computed: what is left after the present tile and step counts down,
//! and its sign says which is the last.
//!
//! Does not: know about weights. They come in the same order, and the array waits for a tile.

use rust_hdl::prelude::*;

use crate::Parameters;
use crate::hdl::{Bus, Low, Number, Register, ResetRegister, clog2, signed_cast, unsigned_cast};
use crate::job_registers::{K_BITS, N_BITS, TOKENS_BITS};

/// The sequence of words that matrix jobs need.
#[derive(LogicBlock, Debug)]
pub struct Controller {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets the job.
    pub reset: Bus<In>,
    /// A job is offered.
    pub job_valid: Bus<In>,
    /// The job is taken.
    pub job_ready: Bus<Out>,
    /// Outputs.
    pub job_n: Bus<In>,
    /// Inputs.
    pub job_k: Bus<In>,
    /// Tokens.
    pub job_tokens: Bus<In>,
    /// Its activations stay for the next job.
    pub job_keep: Bus<In>,
    /// The next word is wanted.
    pub fetch: Bus<Out>,
    /// The next word is read.
    pub fetch_ready: Bus<In>,
    /// It is used for the last time.
    pub fetch_free: Bus<Out>,
    /// It is the last of a pass over the job's words.
    pub fetch_rewind: Bus<Out>,
    /// Token slot of the word that was read last.
    pub slot: Bus<Out>,
    /// It is of the first K step.
    pub first: Bus<Out>,
    /// It is of the last K step.
    pub last: Bus<Out>,
    /// It is the last token of its step.
    pub release_tile: Bus<Out>,
    /// A job is under way.
    pub busy: Bus<Out>,
    active: ResetRegister,
    keep: Register,
    /// Outputs beyond the present tile, less one: negative in the last tile.
    outputs_after: Register,
    /// Inputs beyond the present step, less one: negative in the last step.
    inputs_after: Register,
    /// The same for the first step.
    inputs_start: Register,
    last_token: Register,
    token: Register,
    first_step: Register,
    slot_register: Register,
    first_register: Register,
    last_register: Register,
    release_register: Register,
    load: Bus<Local>,
    step: Bus<Local>,
    at_last_token: Bus<Local>,
    at_last_step: Bus<Local>,
    at_last_tile: Bus<Local>,
    step_end: Bus<Local>,
    tile_end: Bus<Local>,
    job_end: Bus<Local>,
    job_inputs_after: Bus<Local>,
    job_last_token: Bus<Local>,
    columns: Number,
    columns_and_one: Number,
    lanes: Number,
    lanes_and_one: Number,
}

/// N is at most 2^20, and N - 2 leaves a bit for the sign.
const OUTPUTS_BITS: usize = N_BITS;
const INPUTS_BITS: usize = K_BITS + 1;

impl Controller {
    /// The controller of the array that `parameters` describe, which are valid.
    pub fn new(parameters: &Parameters) -> Self {
        let slot_bits = clog2(parameters.tokens.into());
        let (lanes, columns) = (u64::from(parameters.lanes), u64::from(parameters.columns));
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            job_valid: Bus::new(1),
            job_ready: Bus::new(1),
            job_n: Bus::new(N_BITS),
            job_k: Bus::new(K_BITS),
            job_tokens: Bus::new(TOKENS_BITS),
            job_keep: Bus::new(1),
            fetch: Bus::new(1),
            fetch_ready: Bus::new(1),
            fetch_free: Bus::new(1),
            fetch_rewind: Bus::new(1),
            slot: Bus::new(slot_bits),
            first: Bus::new(1),
            last: Bus::new(1),
            release_tile: Bus::new(1),
            busy: Bus::new(1),
            active: ResetRegister::new(1),
            keep: Register::new(1),
            outputs_after: Register::new(OUTPUTS_BITS),
            inputs_after: Register::new(INPUTS_BITS),
            inputs_start: Register::new(INPUTS_BITS),
            last_token: Register::new(slot_bits),
            token: Register::new(slot_bits),
            first_step: Register::new(1),
            slot_register: Register::new(slot_bits),
            first_register: Register::new(1),
            last_register: Register::new(1),
            release_register: Register::new(1),
            load: Bus::new(1),
            step: Bus::new(1),
            at_last_token: Bus::new(1),
            at_last_step: Bus::new(1),
            at_last_tile: Bus::new(1),
            step_end: Bus::new(1),
            tile_end: Bus::new(1),
            job_end: Bus::new(1),
            job_inputs_after: Bus::new(INPUTS_BITS),
            job_last_token: Bus::new(TOKENS_BITS),
            columns: Number::new(columns, OUTPUTS_BITS),
            columns_and_one: Number::new(columns + 1, OUTPUTS_BITS),
            lanes: Number::new(lanes, INPUTS_BITS),
            lanes_and_one: Number::new(lanes + 1, INPUTS_BITS),
        }
    }
}

impl Logic for Controller {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "Walks through matrix jobs: for each tile of outputs, for each step of inputs, for each token."
        );
        clock!(
            self,
            clock,
            active,
            keep,
            outputs_after,
            inputs_after,
            inputs_start,
            last_token,
            token,
            first_step,
            slot_register,
            first_register,
            last_register,
            release_register
        );
        self.at_last_token.next = (self.token.q.val() == self.last_token.q.val()).into();
        self.at_last_step.next = self.inputs_after.q.val().get_bit(24).into();
        self.at_last_tile.next = self.outputs_after.q.val().get_bit(20).into();

        self.fetch.next = self.active.q.val();
        self.fetch_free.next = self.at_last_tile.val() & !self.keep.q.val();
        self.fetch_rewind.next = self.at_last_token.val() & self.at_last_step.val();
        self.step.next = self.active.q.val() & self.fetch_ready.val();
        self.step_end.next = self.step.val() & self.at_last_token.val();
        self.tile_end.next = self.step_end.val() & self.at_last_step.val();
        self.job_end.next = self.tile_end.val() & self.at_last_tile.val();

        // The next job is loaded in the cycle of this one's last word.
        self.job_ready.next = !self.active.q.val() | self.job_end.val();
        self.load.next = self.job_ready.val() & self.job_valid.val();
        self.active.reset.next = self.reset.val();
        self.active.enable.next = self.job_ready.val();
        self.active.d.next = self.job_valid.val();
        self.busy.next = self.active.q.val();
        self.keep.enable.next = self.load.val();
        self.keep.d.next = self.job_keep.val();
        self.job_last_token.next = self.job_tokens.val() - 1;
        self.last_token.enable.next = self.load.val();
        Low::join(&mut self.job_last_token, &mut self.last_token.d);

        self.token.enable.next = self.load.val() | self.step.val();
        self.token.d.next = signed_cast(!(self.load.val() | self.at_last_token.val()), self.token.q.bits())
            & (self.token.q.val() + 1);

        self.job_inputs_after.next = unsigned_cast(self.job_k.val(), 25) - self.lanes_and_one.val();
        self.inputs_start.enable.next = self.load.val();
        self.inputs_start.d.next = self.job_inputs_after.val();
        self.inputs_after.enable.next = self.load.val() | self.step_end.val();
        self.inputs_after.d.next = self.inputs_after.q.val() - self.lanes.val();
        if self.load.val().any() {
            self.inputs_after.d.next = self.job_inputs_after.val();
        } else if self.at_last_step.val().any() {
            self.inputs_after.d.next = self.inputs_start.q.val();
        }
        self.first_step.enable.next = self.load.val() | self.step_end.val();
        self.first_step.d.next = self.load.val() | self.at_last_step.val();

        self.outputs_after.enable.next = self.load.val() | self.tile_end.val();
        self.outputs_after.d.next = self.outputs_after.q.val() - self.columns.val();
        if self.load.val().any() {
            self.outputs_after.d.next = self.job_n.val() - self.columns_and_one.val();
        }

        // What the word is, beside the word that the buffer reads at this edge.
        self.slot_register.enable.next = self.step.val();
        self.slot_register.d.next = self.token.q.val();
        self.slot.next = self.slot_register.q.val();
        self.first_register.enable.next = self.step.val();
        self.first_register.d.next = self.first_step.q.val();
        self.first.next = self.first_register.q.val();
        self.last_register.enable.next = self.step.val();
        self.last_register.d.next = self.at_last_step.val();
        self.last.next = self.last_register.q.val();
        self.release_register.enable.next = self.step.val();
        self.release_register.d.next = self.at_last_token.val();
        self.release_tile.next = self.release_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    const P: Parameters = Parameters { lanes: 3, columns: 2, tokens: 4, stream_bits: 8, acc_bits: 24 };

    fn controller(p: &Parameters) -> Bench<Controller> {
        bench!(
            Controller::new(p),
            "controller": reset, job_valid, job_n, job_k, job_tokens, job_keep, fetch_ready
                => job_ready, fetch, fetch_free, fetch_rewind, busy, slot, first, last, release_tile
        )
    }

    /// A word of a job: (slot, first, last, release), and (free, rewind).
    type Word = ([u64; 4], [u64; 2]);

    fn words(p: &Parameters, [n, k, tokens, keep]: [u64; 4]) -> impl Iterator<Item = Word> + Clone {
        let (tiles, steps) = (n.div_ceil(p.columns.into()), k.div_ceil(p.lanes.into()));
        let word = move |tile, step, token| {
            let last = u64::from(step + 1 == steps);
            let release = u64::from(token + 1 == tokens);
            let free = u64::from(tile + 1 == tiles) & (1 - keep);
            ([token, u64::from(step == 0), last, release], [free, last & release])
        };
        let steps = (0..tiles).flat_map(move |tile| (0..steps).map(move |step| (tile, step)));
        steps.flat_map(move |(tile, step)| (0..tokens).map(move |token| word(tile, step, token)))
    }

    /// Random jobs, offered and served with gaps, some aborted: the words come in the loop's order.
    #[test]
    fn equals_the_loop_over_tiles_steps_and_tokens() {
        for (lanes, columns, tokens) in [(3, 2, 4), (1, 1, 1), (16, 5, 3), (2, 3, 2)] {
            let p = Parameters { lanes, columns, tokens, ..P };
            let mut random = Random::new(lanes.into());
            let most = |size: u32| u64::from(size) * 4 + 1;
            let job = |random: &mut Random| {
                [
                    1 + random.below(most(columns)),
                    1 + random.below(most(lanes)),
                    1 + random.below(tokens.into()),
                    random.below(2),
                ]
            };
            let mut cycles: Vec<Values> = vec![];
            let mut expected = vec![];
            let mut pending = job(&mut random);
            let (mut left, mut meta) = (std::collections::VecDeque::new(), None);
            for i in 0..20_000 {
                let (reset, valid, ready) =
                    (i == 0 || random.below(500) == 0, random.chance(60), random.chance(80));
                let inputs = [
                    reset.into(),
                    valid.into(),
                    pending[0],
                    pending[1],
                    pending[2],
                    pending[3],
                    ready.into(),
                ];
                cycles.push(inputs.map(|value| vec![value]).to_vec());
                let front: Option<Word> = left.front().copied();
                let job_ready = left.is_empty() || left.len() == 1 && ready;
                expected.push((job_ready, front, meta));
                if front.is_some() && ready {
                    left.pop_front();
                    meta = front.map(|word| word.0);
                }
                if job_ready && valid {
                    left.extend(words(&p, pending));
                    pending = job(&mut random);
                }
                if reset {
                    left.clear();
                }
            }
            let outputs = controller(&p).run(&cycles, 200);
            let mut seen = 0;
            for (i, ((job_ready, front, meta), output)) in expected.iter().zip(&outputs).enumerate().skip(1) {
                assert_eq!(output[0], [u64::from(*job_ready)], "cycle {i}");
                assert_eq!([output[1][0], output[4][0]], [u64::from(front.is_some()); 2], "cycle {i}");
                if let Some((_, [free, rewind])) = front {
                    assert_eq!([output[2][0], output[3][0]], [*free, *rewind], "cycle {i}");
                }
                if let Some(meta) = meta {
                    assert_eq!(output[5..].concat(), meta, "cycle {i}");
                    seen += 1;
                }
            }
            assert!(seen > 10_000);
        }
    }

    /// Jobs of the most outputs, or inputs, again and again; the longest tile is walked to its end.
    #[test]
    fn equals_the_loop_in_jobs_of_the_largest_sizes() {
        let (most_n, most_k) = (1 << 20, (1 << 24) - 1);
        for (lanes, columns, tokens) in [(3, 2, 4), (1, 1, 1), (1024, 128, 3)] {
            let p = Parameters { lanes, columns, tokens, ..P };
            let few = [3 * u64::from(columns) + 1, 2 * u64::from(lanes) + 1, tokens.into()];
            let two_tiles = u64::from(columns) + 1;
            for (job, cycles) in [
                ([most_n, 1, 1], 300),
                ([two_tiles, most_k, 1], 17_000),
                ([most_n, most_k, 1], 300),
                (few, 300),
            ] {
                let [n, k, tokens] = job;
                let cycle = |i| [u64::from(i == 0), 1, n, k, tokens, 0, 1].map(|value| vec![value]).to_vec();
                let cycles: Vec<Values> = (0..cycles).map(cycle).collect();
                let outputs = controller(&p).run(&cycles, 3);
                let words = words(&p, [n, k, tokens, 0]).cycle();
                for (i, (output, (_, [free, rewind]))) in outputs[2..].iter().zip(words.clone()).enumerate() {
                    assert_eq!(output[..5].concat(), [free & rewind, 1, free, rewind, 1], "word {i}");
                }
                for (i, (output, (word, _))) in outputs[3..].iter().zip(words).enumerate() {
                    assert_eq!(output[5..].concat(), word, "word {i}");
                }
            }
        }
    }

    #[test]
    fn a_job_is_fetched_one_cycle_later_and_the_next_one_without_a_gap() {
        let cycle =
            |reset: u64, valid: u64, n| [reset, valid, n, 3, 1, 0, 1].map(|value| vec![value]).to_vec();
        let cycles =
            [cycle(1, 0, 1), cycle(0, 1, 3), cycle(0, 1, 1), cycle(0, 1, 1), cycle(0, 0, 1), cycle(0, 0, 1)];
        let outputs = controller(&P).run(&cycles, 3);
        // Two tiles of one step, then one: three words in a row from cycle 2.
        let fetched: Vec<u64> = outputs[1..].iter().map(|output| output[1][0]).collect();
        assert_eq!(fetched, [0, 1, 1, 1, 0]);
    }

    #[test]
    fn synthesises() {
        controller(&P).assert_synthesises();
        controller(&Parameters { tokens: 1, ..P }).assert_synthesises();
    }
}
