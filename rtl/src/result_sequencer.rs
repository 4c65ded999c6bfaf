//! Walks through the results of jobs: which output of which token comes next, from the array or from memory.
//!
//! ```text
//!                   +--------------------+
//!      job_valid -->|                    |--> values_ready, last_group
//!  job_n, tokens ==>|                    |--> vector_ready
//!      job_flags ==>|  result_sequencer  |--> beat_valid, beat_ready
//!   values_data  ==>|                    |==> beat_data, beat_slot
//!   vector_data  ==>|                    |--> beat_fresh, beat_last
//!          reset -->+---------/\---------+--> beat_raw, beat_maximum, beat_scale
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets the job |
//! | `job_valid`, `job_ready` | in, out | 1, 1 | handshake of a job |
//! | `job_n`, `job_tokens`, `job_flags` | in | 21, 11, 4 | its sizes; VECTOR, RAW, MAXIMUM, SCALE |
//! | `values_valid`, `values_ready` | in, out | 1, 1 | handshake of a group of the array's results |
//! | `values_data` | in | RESULT_LANES x ACC_BITS | |
//! | `last_group` | out | 1 | it is the last group of its token that is wanted |
//! | `vector_valid`, `vector_ready` | in, out | 1, 1 | handshake of values from memory |
//! | `vector_data` | in | RESULT_LANES x 32 | |
//! | `beat_valid`, `beat_ready` | out, in | 1, 1 | handshake of a beat of results |
//! | `beat_data` | out | RESULT_LANES x 32 | values, sign-extended |
//! | `beat_slot` | out | clog2(TOKENS) | their token slot |
//! | `beat_fresh` | out | 1 | the first beat of its slot in the job |
//! | `beat_last` | out | 1 | the last beat of the job |
//! | `beat_raw`, `beat_maximum`, `beat_scale` | out | 1, 1, 1 | what is to be done with it |
//!
//! Parameters: [`EngineParameters`]. Latency: 0 from values to beat, 1 from a job to its first beat; a beat a cycle, without
//! a gap between jobs. Golden: the loop for tile, for token, for group of RESULT_LANES outputs.
//!
//! Does not: hold a beat. In the last tile, groups without an output below N are skipped.

use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::countdown::Countdown;
use crate::hdl::{Bus, Low, Number, Pack, Register, ResetRegister, clog2, signed_cast, unsigned_cast};
use crate::job_queue::FLAGS_BITS;
use crate::job_registers::{N_BITS, OUTPUTS_BITS, TOKENS_BITS};

/// The sequence of results that jobs give.
#[derive(LogicBlock, Debug)]
pub struct ResultSequencer {
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
    /// Tokens.
    pub job_tokens: Bus<In>,
    /// VECTOR, RAW, MAXIMUM, SCALE.
    pub job_flags: Bus<In>,
    /// A group of the array's results is offered.
    pub values_valid: Bus<In>,
    /// The group is taken.
    pub values_ready: Bus<Out>,
    /// The group.
    pub values_data: Pack<Bus<In>>,
    /// It is the last of its token that is wanted.
    pub last_group: Bus<Out>,
    /// Values from memory are offered.
    pub vector_valid: Bus<In>,
    /// The values are taken.
    pub vector_ready: Bus<Out>,
    /// The values.
    pub vector_data: Pack<Bus<In>>,
    /// A beat is offered.
    pub beat_valid: Bus<Out>,
    /// The beat is taken.
    pub beat_ready: Bus<In>,
    /// Its values.
    pub beat_data: Pack<Bus<Out>>,
    /// Their token slot.
    pub beat_slot: Bus<Out>,
    /// First beat of its slot.
    pub beat_fresh: Bus<Out>,
    /// Last beat of the job.
    pub beat_last: Bus<Out>,
    /// Goes out as it is.
    pub beat_raw: Bus<Out>,
    /// Counts for the maximum.
    pub beat_maximum: Bus<Out>,
    /// Goes out scaled.
    pub beat_scale: Bus<Out>,
    active: ResetRegister,
    flags: Register,
    outputs: Countdown,
    /// Outputs of this token beyond the present group, less one: negative in the last group; not in the first group.
    group_after: Register,
    first_group: Register,
    first_tile: Register,
    last_token: Register,
    token: Register,
    vector: Bus<Local>,
    load: Bus<Local>,
    step: Bus<Local>,
    at_last_tile: Bus<Local>,
    at_last_token: Bus<Local>,
    token_end: Bus<Local>,
    tile_end: Bus<Local>,
    job_end: Bus<Local>,
    spare_low: Pack<Bus<Local>>,
    token_start: Bus<Local>,
    after: Bus<Local>,
    at_last_group: Bus<Local>,
    job_last_token: Bus<Local>,
    /// COLUMNS - 1 - RESULT_LANES
    full_start: Number,
    group: Number,
    _group_sign: usize,
}

impl ResultSequencer {
    /// The sequencer of the engine that `parameters` describe, which are valid.
    pub fn new(parameters: &EngineParameters) -> Self {
        let slot_bits = clog2(parameters.array.tokens.into());
        let (columns, group) = (u64::from(parameters.array.columns), u64::from(parameters.result_lanes));
        let values = parameters.result_lanes as usize;
        // -RESULT_LANES to COLUMNS - 1 - RESULT_LANES.
        let bits = clog2(columns.saturating_sub(group).max(group)) + 1;
        let less = |a: u64, b: u64| a.wrapping_sub(b) & (u64::MAX >> (64 - bits));
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            job_valid: Bus::new(1),
            job_ready: Bus::new(1),
            job_n: Bus::new(N_BITS),
            job_tokens: Bus::new(TOKENS_BITS),
            job_flags: Bus::new(FLAGS_BITS - 1),
            values_valid: Bus::new(1),
            values_ready: Bus::new(1),
            values_data: Pack::new(values, parameters.array.acc_bits as usize),
            last_group: Bus::new(1),
            vector_valid: Bus::new(1),
            vector_ready: Bus::new(1),
            vector_data: Pack::new(values, 32),
            beat_valid: Bus::new(1),
            beat_ready: Bus::new(1),
            beat_data: Pack::new(values, 32),
            beat_slot: Bus::new(slot_bits),
            beat_fresh: Bus::new(1),
            beat_last: Bus::new(1),
            beat_raw: Bus::new(1),
            beat_maximum: Bus::new(1),
            beat_scale: Bus::new(1),
            active: ResetRegister::new(1),
            flags: Register::new(FLAGS_BITS - 1),
            outputs: Countdown::new(columns, OUTPUTS_BITS),
            group_after: Register::new(bits),
            first_group: Register::new(1),
            first_tile: Register::new(1),
            last_token: Register::new(slot_bits),
            token: Register::new(slot_bits),
            vector: Bus::new(1),
            load: Bus::new(1),
            step: Bus::new(1),
            at_last_tile: Bus::new(1),
            at_last_token: Bus::new(1),
            token_end: Bus::new(1),
            tile_end: Bus::new(1),
            job_end: Bus::new(1),
            spare_low: Pack::new(1, bits),
            token_start: Bus::new(bits),
            after: Bus::new(bits),
            at_last_group: Bus::new(1),
            job_last_token: Bus::new(TOKENS_BITS),
            full_start: Number::new(less(columns, group + 1), bits),
            group: Number::new(group, bits),
            _group_sign: bits - 1,
        }
    }
}

impl Logic for ResultSequencer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "Walks through the results of jobs: for each tile, for each token, for each group of outputs."
        );
        clock!(self, clock, active, flags, outputs, group_after, first_group, first_tile, last_token, token);
        self.vector.next = self.flags.q.val().get_bit(0).into();
        self.at_last_tile.next = self.outputs.last.val();
        self.at_last_token.next = (self.token.q.val() == self.last_token.q.val()).into();

        // Outputs left of this token, less one, when the present group is gone.
        Low::join(&mut self.outputs.spare, &mut self.spare_low);
        self.token_start.next = self.full_start.val();
        if self.at_last_tile.val().any() {
            self.token_start.next = self.full_start.val() - self.spare_low[0].val();
        }
        self.after.next = self.group_after.q.val();
        if self.first_group.q.val().any() {
            self.after.next = self.token_start.val();
        }
        for i in self._group_sign..self.after.bits() {
            self.at_last_group.next = self.after.val().get_bit(i).into();
        }
        self.last_group.next = self.at_last_group.val();

        self.beat_valid.next = self.active.q.val() & self.values_valid.val();
        if self.vector.val().any() {
            self.beat_valid.next = self.active.q.val() & self.vector_valid.val();
        }
        self.values_ready.next = self.active.q.val() & !self.vector.val() & self.beat_ready.val();
        self.vector_ready.next = self.active.q.val() & self.vector.val() & self.beat_ready.val();
        for i in 0..self.beat_data.len() {
            self.beat_data[i].next = (signed_cast(self.values_data[i].val(), 32)
                & signed_cast(!self.vector.val(), 32))
                | (self.vector_data[i].val() & signed_cast(self.vector.val(), 32));
        }
        self.beat_slot.next = self.token.q.val();
        self.beat_fresh.next = self.first_tile.q.val() & self.first_group.q.val();
        self.beat_last.next = self.at_last_group.val() & self.at_last_token.val() & self.at_last_tile.val();
        self.beat_raw.next = self.flags.q.val().get_bit(1).into();
        self.beat_maximum.next = self.flags.q.val().get_bit(2).into();
        self.beat_scale.next = self.flags.q.val().get_bit(3).into();

        self.step.next = self.beat_valid.val() & self.beat_ready.val();
        self.token_end.next = self.step.val() & self.at_last_group.val();
        self.tile_end.next = self.token_end.val() & self.at_last_token.val();
        self.job_end.next = self.tile_end.val() & self.at_last_tile.val();

        self.job_ready.next = !self.active.q.val() | self.job_end.val();
        self.load.next = self.job_ready.val() & self.job_valid.val();
        self.active.reset.next = self.reset.val();
        self.active.enable.next = self.job_ready.val();
        self.active.d.next = self.job_valid.val();
        self.flags.enable.next = self.load.val();
        self.flags.d.next = self.job_flags.val();
        self.job_last_token.next = self.job_tokens.val() - 1;
        self.last_token.enable.next = self.load.val();
        Low::join(&mut self.job_last_token, &mut self.last_token.d);

        self.group_after.enable.next = self.step.val();
        self.group_after.d.next = self.after.val() - self.group.val();
        // What comes next depends on no input: whether it does, does. Between jobs all is as at a job's start.
        self.first_group.enable.next = !self.active.q.val() | self.step.val();
        self.first_group.d.next = !self.active.q.val() | self.at_last_group.val();
        self.token.enable.next = !self.active.q.val() | self.token_end.val();
        self.token.d.next = signed_cast(self.active.q.val() & !self.at_last_token.val(), self.token.q.bits())
            & (self.token.q.val() + 1);
        self.first_tile.enable.next = !self.active.q.val() | self.tile_end.val();
        self.first_tile.d.next = !self.active.q.val() | self.at_last_tile.val();
        self.outputs.advance.next = !self.active.q.val() | self.tile_end.val();
        self.outputs.load.next = !self.active.q.val() | self.at_last_tile.val();
        self.outputs.size.next = unsigned_cast(self.job_n.val(), self.outputs.size.bits());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::Parameters;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn parameters(columns: u32, tokens: u32, result_lanes: u32) -> EngineParameters {
        let array = Parameters { lanes: 3, columns, tokens, stream_bits: 8, acc_bits: 12 };
        EngineParameters { result_lanes, ..EngineParameters::of(array) }
    }

    fn sequencer(p: &EngineParameters) -> Bench<ResultSequencer> {
        bench!(
            ResultSequencer::new(p),
            "result_sequencer": reset, job_valid, job_n, job_tokens, job_flags, values_valid, values_data, vector_valid,
                vector_data, beat_ready
                => job_ready, beat_valid, values_ready, vector_ready, last_group, beat_slot, beat_fresh, beat_last,
                beat_raw, beat_maximum, beat_scale, beat_data
        )
    }

    /// A beat of a job: (slot, fresh, last), whether it is the last group of its token, and the job's flags.
    type Beat = ([u64; 3], u64, u64);

    fn beats(p: &EngineParameters, [n, tokens, flags]: [u64; 3]) -> impl Iterator<Item = Beat> {
        let (columns, group) = (u64::from(p.array.columns), u64::from(p.result_lanes));
        let tiles = n.div_ceil(columns);
        let groups = move |tile| columns.min(n - tile * columns).div_ceil(group);
        let beat = move |tile, token, g| {
            let last_group = u64::from(g + 1 == groups(tile));
            let last = u64::from(tile + 1 == tiles && token + 1 == tokens) & last_group;
            ([token, u64::from(tile == 0 && g == 0), last], last_group, flags)
        };
        let pairs = (0..tiles).flat_map(move |tile| (0..tokens).map(move |token| (tile, token)));
        pairs.flat_map(move |(tile, token)| (0..groups(tile)).map(move |g| beat(tile, token, g)))
    }

    /// Random jobs from both sources, with gaps and stalls, some aborted: the beats come in the loop's order.
    #[test]
    fn equals_the_loop_over_tiles_tokens_and_groups() {
        for (columns, tokens, result_lanes) in
            [(1, 1, 1), (5, 3, 2), (8, 4, 2), (3, 2, 4), (6, 1, 8), (7, 2, 1)]
        {
            let p = parameters(columns, tokens, result_lanes);
            let mut random = Random::new(u64::from(columns));
            let job = |random: &mut Random| {
                let n = 1 + random.below(u64::from(columns) * 3);
                [n, 1 + random.below(tokens.into()), random.below(16)]
            };
            let mut cycles: Vec<Values> = vec![];
            let mut expected = vec![];
            let mut pending = job(&mut random);
            let mut left = VecDeque::new();
            for i in 0..20_000 {
                let [valid, values, vector, ready] = [60, 70, 70, 80].map(|percent| random.chance(percent));
                let reset = i == 0 || random.below(500) == 0;
                let mut many =
                    |below: u64| (0..result_lanes).map(|_| random.below(below)).collect::<Vec<_>>();
                let (values_data, vector_data) = (many(1 << 12), many(1 << 32));
                let bit = |bit: bool| vec![u64::from(bit)];
                let mut cycle = vec![bit(reset), bit(valid)];
                cycle.extend(pending.map(|value| vec![value]));
                cycle.extend([
                    bit(values),
                    values_data.clone(),
                    bit(vector),
                    vector_data.clone(),
                    bit(ready),
                ]);
                cycles.push(cycle);
                let front: Option<Beat> = left.front().copied();
                let from_memory = front.is_some_and(|(_, _, flags)| flags & 1 == 1);
                let offered = front.is_some() && if from_memory { vector } else { values };
                let job_ready = left.is_empty() || left.len() == 1 && offered && ready;
                let extended = values_data.iter().map(|v| if v >> 11 == 1 { v | 0xffff_f000 } else { *v });
                let data = if from_memory { vector_data } else { extended.collect() };
                expected.push((job_ready, front, offered, from_memory, ready, data));
                if offered && ready {
                    left.pop_front();
                }
                if job_ready && valid {
                    left.extend(beats(&p, pending));
                    pending = job(&mut random);
                }
                if reset {
                    left.clear();
                }
            }
            let outputs = sequencer(&p).run(&cycles, 200);
            let mut seen = 0;
            for (i, (expected, output)) in expected.into_iter().zip(&outputs).enumerate().skip(1) {
                let (job_ready, front, offered, from_memory, ready, data) = expected;
                assert_eq!(output[..2].concat(), [job_ready, offered].map(u64::from), "cycle {i}");
                let Some((of_beat, last_group, flags)) = front else { continue };
                let taken = [ready && !from_memory, ready && from_memory].map(u64::from);
                assert_eq!(output[2..4].concat(), taken, "cycle {i}");
                assert_eq!(output[4], [last_group], "cycle {i}");
                assert_eq!(output[5..8].concat(), of_beat, "cycle {i}");
                assert_eq!(output[8..11].concat(), [1, 2, 3].map(|bit| flags >> bit & 1), "cycle {i}");
                if offered {
                    assert_eq!(output[11], data, "cycle {i}");
                    seen += 1;
                }
            }
            assert!(seen > 5_000);
        }
    }

    #[test]
    fn a_job_of_the_most_outputs_begins_as_the_loop_does() {
        for (columns, tokens, result_lanes) in [(5, 3, 2), (1, 1, 1), (128, 2, 4)] {
            let p = parameters(columns, tokens, result_lanes);
            let (n, lanes) = (1 << 20, result_lanes as usize);
            let cycle = |i| {
                let mut cycle =
                    [u64::from(i == 0), 1, n, tokens.into(), 2, 1].map(|value| vec![value]).to_vec();
                cycle.extend([vec![5; lanes], vec![0], vec![0; lanes], vec![1]]);
                cycle
            };
            let cycles: Vec<Values> = (0..300).map(cycle).collect();
            let outputs = sequencer(&p).run(&cycles, 2);
            for (i, (output, beat)) in outputs[2..].iter().zip(beats(&p, [n, tokens.into(), 2])).enumerate() {
                assert_eq!(output[..5].concat(), [0, 1, 1, 0, beat.1], "beat {i}");
                assert_eq!(output[5..8].concat(), beat.0, "beat {i}");
            }
        }
    }

    #[test]
    fn a_beat_comes_one_cycle_after_its_job_and_the_next_job_without_a_gap() {
        let p = parameters(2, 1, 1);
        let cycle = |reset: u64, valid: u64, n: u64| {
            vec![
                vec![reset],
                vec![valid],
                vec![n],
                vec![1],
                vec![2],
                vec![1],
                vec![5],
                vec![0],
                vec![0],
                vec![1],
            ]
        };
        let cycles = [
            cycle(1, 0, 1),
            cycle(0, 1, 3),
            cycle(0, 1, 1),
            cycle(0, 1, 1),
            cycle(0, 1, 1),
            cycle(0, 0, 1),
            cycle(0, 0, 1),
        ];
        let outputs = sequencer(&p).run(&cycles, 2);
        let offered: Vec<u64> = outputs[1..].iter().map(|output| output[1][0]).collect();
        assert_eq!(offered, [0, 1, 1, 1, 1, 0]);
    }

    #[test]
    fn synthesises() {
        sequencer(&parameters(1, 1, 1)).assert_synthesises();
        sequencer(&parameters(6, 4, 4)).assert_synthesises();
    }
}
