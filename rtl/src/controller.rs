//! Walks through matrix jobs: which word of activations meets the array next, and what it is.
//!
//! ```text
//!                 +--------------+
//!   job_valid  -->|              |--> active
//!   job_n, _k  ==>|              |<-- step
//!   job_tokens ==>|  controller  |--> slot
//!   job_keep   -->|              |--> first, last
//!   job_ready  <--|              |--> release_tile
//!       reset  -->+------/\------+--> free, rewind
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets the job |
//! | `job_valid`, `job_ready` | in, out | 1, 1 | handshake of a job |
//! | `job_n`, `job_k`, `job_tokens` | in | 21, 24, 11 | N, K and tokens, in range |
//! | `job_keep` | in | 1 | its activations stay in the buffer for the next job |
//! | `active` | out | 1 | a job is under way here, and a word is wanted |
//! | `step` | in | 1 | that word meets the array; only while `active` |
//! | `slot` | out | clog2(TOKENS) | its token slot |
//! | `first`, `last` | out | 1, 1 | it is of the first, of the last K step |
//! | `release_tile` | out | 1 | it is the last token that the held tile meets |
//! | `free` | out | 1 | it is used for the last time |
//! | `rewind` | out | 1 | it is the last of a pass over the job's words |
//!
//! Parameters: `lanes`, `columns`, `tokens`. Latency: 1 from a job to `active`; a word a cycle, and no cycle is lost
//! between steps, tiles or jobs. Golden: the loop for tile, for step, for token.
//!
//! All outputs but `job_ready` come from registers; while `active` is low they mean nothing.
//!
//! Neither ceil(N / COLUMNS) nor ceil(K / LANES) is ever computed: what is left of N and K is counted down.
//!
//! Does not: know about weights. They come in the same order, and the array waits for a tile.

use rust_hdl::prelude::*;

use crate::Parameters;
use crate::countdown::Countdown;
use crate::hdl::{Bus, Low, Register, ResetRegister, clog2, signed_cast, unsigned_cast};
use crate::job_registers::{INPUTS_BITS, K_BITS, N_BITS, OUTPUTS_BITS, TOKENS_BITS};

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
    /// A job is under way, and a word is wanted.
    pub active: Bus<Out>,
    /// The word meets the array.
    pub step: Bus<In>,
    /// Its token slot.
    pub slot: Bus<Out>,
    /// It is of the first K step.
    pub first: Bus<Out>,
    /// It is of the last K step.
    pub last: Bus<Out>,
    /// It is the last token of its step.
    pub release_tile: Bus<Out>,
    /// It is used for the last time.
    pub free: Bus<Out>,
    /// It is the last of a pass over the job's words.
    pub rewind: Bus<Out>,
    active_register: ResetRegister,
    keep: Register,
    outputs: Countdown,
    inputs: Countdown,
    k: Register,
    last_token: Register,
    token: Register,
    first_step: Register,
    load: Bus<Local>,
    at_last_token: Bus<Local>,
    at_last_step: Bus<Local>,
    at_last_tile: Bus<Local>,
    step_end: Bus<Local>,
    tile_end: Bus<Local>,
    job_end: Bus<Local>,
    job_last_token: Bus<Local>,
    next_k: Bus<Local>,
    at_new_job: Bus<Local>,
}

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
            active: Bus::new(1),
            step: Bus::new(1),
            slot: Bus::new(slot_bits),
            first: Bus::new(1),
            last: Bus::new(1),
            release_tile: Bus::new(1),
            free: Bus::new(1),
            rewind: Bus::new(1),
            active_register: ResetRegister::new(1),
            keep: Register::new(1),
            outputs: Countdown::new(columns, OUTPUTS_BITS),
            inputs: Countdown::new(lanes, INPUTS_BITS),
            k: Register::new(K_BITS),
            last_token: Register::new(slot_bits),
            token: Register::new(slot_bits),
            first_step: Register::new(1),
            load: Bus::new(1),
            at_last_token: Bus::new(1),
            at_last_step: Bus::new(1),
            at_last_tile: Bus::new(1),
            step_end: Bus::new(1),
            tile_end: Bus::new(1),
            job_end: Bus::new(1),
            job_last_token: Bus::new(TOKENS_BITS),
            next_k: Bus::new(K_BITS),
            at_new_job: Bus::new(1),
        }
    }
}

impl Logic for Controller {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "Walks through matrix jobs: for each tile of outputs, for each step of inputs, for each token."
        );
        clock!(self, clock, active_register, keep, outputs, inputs, k, last_token, token, first_step);
        self.at_last_token.next = (self.token.q.val() == self.last_token.q.val()).into();
        self.at_last_step.next = self.inputs.last.val();
        self.at_last_tile.next = self.outputs.last.val();
        self.at_new_job.next = !self.active_register.q.val() | self.at_last_tile.val();

        self.step_end.next = self.step.val() & self.at_last_token.val();
        self.tile_end.next = self.step_end.val() & self.at_last_step.val();
        self.job_end.next = self.tile_end.val() & self.at_last_tile.val();

        // The next job is loaded in the cycle of this one's last word.
        self.job_ready.next = !self.active_register.q.val() | self.job_end.val();
        self.load.next = self.job_ready.val() & self.job_valid.val();
        self.active_register.reset.next = self.reset.val();
        self.active_register.enable.next = self.job_ready.val();
        self.active_register.d.next = self.job_valid.val();
        self.active.next = self.active_register.q.val();
        self.keep.enable.next = self.load.val();
        self.keep.d.next = self.job_keep.val();
        self.job_last_token.next = self.job_tokens.val() - 1;
        self.last_token.enable.next = self.load.val();
        Low::join(&mut self.job_last_token, &mut self.last_token.d);

        self.token.enable.next = !self.active_register.q.val() | self.step.val();
        self.token.d.next =
            signed_cast(self.active_register.q.val() & !self.at_last_token.val(), self.token.q.bits())
                & (self.token.q.val() + 1);

        // K is counted down again for each tile. What is counted next depends on no input: whether it is, does. Between jobs
        // the counts follow what is offered.
        self.k.enable.next = self.load.val();
        self.k.d.next = self.job_k.val();
        self.next_k.next = self.k.q.val();
        if self.at_new_job.val().any() {
            self.next_k.next = self.job_k.val();
        }
        self.inputs.advance.next = !self.active_register.q.val() | self.step_end.val();
        self.inputs.load.next = !self.active_register.q.val() | self.at_last_step.val();
        self.inputs.size.next = unsigned_cast(self.next_k.val(), self.inputs.size.bits());
        self.first_step.enable.next = !self.active_register.q.val() | self.step_end.val();
        self.first_step.d.next = !self.active_register.q.val() | self.at_last_step.val();

        self.outputs.advance.next = !self.active_register.q.val() | self.tile_end.val();
        self.outputs.load.next = self.at_new_job.val();
        self.outputs.size.next = unsigned_cast(self.job_n.val(), self.outputs.size.bits());

        // What the word is.
        self.slot.next = self.token.q.val();
        self.first.next = self.first_step.q.val();
        self.last.next = self.at_last_step.val();
        self.release_tile.next = self.at_last_token.val();
        self.free.next = self.at_last_tile.val() & !self.keep.q.val();
        self.rewind.next = self.at_last_token.val() & self.at_last_step.val();
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
            "controller": reset, job_valid, job_n, job_k, job_tokens, job_keep, step
                => job_ready, active, slot, first, last, release_tile, free, rewind
        )
    }

    /// A word of a job: slot, first, last, release, free, rewind.
    type Word = [u64; 6];

    fn words(p: &Parameters, [n, k, tokens, keep]: [u64; 4]) -> impl Iterator<Item = Word> + Clone {
        let (tiles, steps) = (n.div_ceil(p.columns.into()), k.div_ceil(p.lanes.into()));
        let word = move |tile, step, token| {
            let last = u64::from(step + 1 == steps);
            let release = u64::from(token + 1 == tokens);
            let free = u64::from(tile + 1 == tiles) & (1 - keep);
            [token, u64::from(step == 0), last, release, free, last & release]
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
            let mut left = std::collections::VecDeque::<Word>::new();
            for i in 0..20_000 {
                let (reset, valid) = (i == 0 || random.below(500) == 0, random.chance(60));
                let step = !left.is_empty() && random.chance(80);
                let inputs =
                    [reset.into(), valid.into(), pending[0], pending[1], pending[2], pending[3], step.into()];
                cycles.push(inputs.map(|value| vec![value]).to_vec());
                let job_ready = left.is_empty() || left.len() == 1 && step;
                expected.push((job_ready, left.front().copied()));
                if step {
                    left.pop_front();
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
            for (i, ((job_ready, front), output)) in expected.iter().zip(&outputs).enumerate().skip(1) {
                assert_eq!(output[..2].concat(), [*job_ready, front.is_some()].map(u64::from), "cycle {i}");
                if let Some(word) = front {
                    assert_eq!(output[2..].concat(), word, "cycle {i}");
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
                let cycle =
                    |i| [u64::from(i == 0), 1, n, k, tokens, 0, u64::from(i > 1)].map(|v| vec![v]).to_vec();
                let cycles: Vec<Values> = (0..cycles).map(cycle).collect();
                let outputs = controller(&p).run(&cycles, 3);
                let words = words(&p, [n, k, tokens, 0]).cycle();
                for (i, (output, word)) in outputs[2..].iter().zip(words).enumerate() {
                    assert_eq!(output[..2].concat(), [word[4] & word[5], 1], "word {i}");
                    assert_eq!(output[2..].concat(), word, "word {i}");
                }
            }
        }
    }

    #[test]
    fn a_job_is_active_one_cycle_later_and_the_next_one_follows_without_a_gap() {
        let cycle =
            |reset: u64, valid: u64, n, step: u64| [reset, valid, n, 3, 1, 0, step].map(|v| vec![v]).to_vec();
        let cycles = [
            cycle(1, 0, 1, 0),
            cycle(0, 1, 3, 0),
            cycle(0, 1, 1, 1),
            cycle(0, 1, 1, 1),
            cycle(0, 0, 1, 1),
            cycle(0, 0, 1, 0),
        ];
        let outputs = controller(&P).run(&cycles, 2);
        // Two tiles of one step, then one: three words in a row from cycle 2.
        let active: Vec<u64> = outputs[1..].iter().map(|output| output[1][0]).collect();
        assert_eq!(active, [0, 1, 1, 1, 0]);
    }

    #[test]
    fn synthesises() {
        controller(&P).assert_synthesises();
        controller(&Parameters { tokens: 1, ..P }).assert_synthesises();
    }
}
