//! The registers that describe the next job, and whether they describe one that the engine can do.
//!
//! ```text
//!               +-----------------+
//!       write ->|                 |--> known
//!     address ->|                 |--> selected
//!  write_data =>|  job_registers  |--> legal
//!       reset ->|                 |==> job_...
//!               +-------/\--------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, clears every register |
//! | `write` | in | 1 | the register at `address` takes `write_data` at this edge |
//! | `address` | in | WORD_BITS | of a register: byte address / 4 |
//! | `write_data` | in | 32 | |
//! | `known` | out | 1 | `address` is one of these registers' |
//! | `selected` | out | 32 | what that register holds; 0 if `known` is 0 |
//! | `legal` | out | 1 | the job can be queued, if there is room |
//! | `job_n`, `job_k`, `job_tokens`, `job_flags`, `job_address` | out | 21, 24, 11, 5, 64 | the job, if `legal` |
//!
//! Parameters: [`EngineParameters`]; `fetched`: the engine reads its weights from `job_address`. Latency: 1 to write,
//! 0 to read. Golden: variables, and the conditions of [`crate::register_map::JOB_START`].
//!
//! The registers keep all 32 bits of what is written to N, K and TOKENS, so that a size beyond its range is refused
//! rather than cut.
//!
//! Does not: queue jobs.

use contract::widths::max_k;
use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::hdl::{Bus, Low, Number, Pack, Recast, ResetRegister};
use crate::register_map::{
    FLAG_KEEP, FLAG_MAXIMUM, FLAG_RAW, FLAG_SCALE, FLAG_VECTOR, FLAGS, JOB_ADDRESS_HIGH, JOB_ADDRESS_LOW,
    JOB_FLAGS, JOB_K, JOB_N, JOB_TOKENS, MOST_N, REGISTER_BITS, WORD_BITS, word,
};
use crate::word_select::WordSelect;

/// Bits of a legal N.
pub const N_BITS: usize = 21;
/// Bits of a legal K.
pub const K_BITS: usize = 24;
/// Bits of a count of what is left of N, or beyond it.
pub const OUTPUTS_BITS: usize = N_BITS + 1;
/// The same of K.
pub const INPUTS_BITS: usize = K_BITS + 1;
/// Bits of a legal number of tokens.
pub const TOKENS_BITS: usize = 11;
/// Bits of an address of weights.
pub const JOB_ADDRESS_BITS: usize = 64;

/// What each register keeps of what is written to it, in the order in which they are named in `update`.
const KEPT: [(u32, u64); 6] = [
    (JOB_N, u32::MAX as u64),
    (JOB_K, u32::MAX as u64),
    (JOB_TOKENS, u32::MAX as u64),
    (JOB_FLAGS, (1 << FLAGS) - 1),
    (JOB_ADDRESS_LOW, u32::MAX as u64),
    (JOB_ADDRESS_HIGH, u32::MAX as u64),
];

/// The registers of the next job.
#[derive(LogicBlock, Debug)]
pub struct JobRegisters {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Clears every register.
    pub reset: Bus<In>,
    /// A register is written at this edge.
    pub write: Bus<In>,
    /// Which register.
    pub address: Bus<In>,
    /// What is written.
    pub write_data: Bus<In>,
    /// It is one of these.
    pub known: Bus<Out>,
    /// What it holds.
    pub selected: Bus<Out>,
    /// The job can be queued.
    pub legal: Bus<Out>,
    /// Outputs of the job.
    pub job_n: Bus<Out>,
    /// Inputs of the job.
    pub job_k: Bus<Out>,
    /// Tokens of the job.
    pub job_tokens: Bus<Out>,
    /// Flags of the job.
    pub job_flags: Bus<Out>,
    /// Where its weights are.
    pub job_address: Bus<Out>,
    select: WordSelect,
    register: Vec<ResetRegister>,
    at: Vec<Number>,
    kept: Vec<Number>,
    n: Bus<Local>,
    k: Bus<Local>,
    tokens: Bus<Local>,
    flags: Bus<Local>,
    address_halves: Pack<Bus<Local>>,
    is_vector: Bus<Local>,
    sizes_legal: Bus<Local>,
    flags_legal: Bus<Local>,
    most_n: Number,
    most_k: Number,
    most_tokens: Number,
    vector: Number,
    keep: Number,
    maximum: Number,
    scale: Number,
    outputs: Number,
    misaligned: Number,
}

impl JobRegisters {
    /// The registers of the engine that `parameters` describe; `fetched`: it reads its weights from an address.
    pub fn new(parameters: &EngineParameters, fetched: bool) -> Self {
        let register = || Bus::new(REGISTER_BITS);
        let number = |value: u64| Number::new(value, REGISTER_BITS);
        let beat_bytes = u64::from(parameters.array.stream_bits / 8);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            write: Bus::new(1),
            address: Bus::new(WORD_BITS),
            write_data: Bus::new(REGISTER_BITS),
            known: Bus::new(1),
            selected: Bus::new(REGISTER_BITS),
            legal: Bus::new(1),
            job_n: Bus::new(N_BITS),
            job_k: Bus::new(K_BITS),
            job_tokens: Bus::new(TOKENS_BITS),
            job_flags: Bus::new(FLAGS),
            job_address: Bus::new(JOB_ADDRESS_BITS),
            select: WordSelect::new(KEPT.len(), REGISTER_BITS),
            at: KEPT.iter().map(|(offset, _)| Number::new(word(*offset), WORD_BITS)).collect(),
            register: KEPT.iter().map(|_| ResetRegister::new(REGISTER_BITS)).collect(),
            kept: KEPT.iter().map(|(_, kept)| number(*kept)).collect(),
            n: register(),
            k: register(),
            tokens: register(),
            flags: register(),
            address_halves: Pack::new(2, REGISTER_BITS),
            is_vector: Bus::new(1),
            sizes_legal: Bus::new(1),
            flags_legal: Bus::new(1),
            most_n: number(MOST_N.into()),
            most_k: number(max_k(parameters.array.acc_bits)),
            most_tokens: number(parameters.array.tokens.into()),
            vector: number(1 << FLAG_VECTOR),
            keep: number(1 << FLAG_KEEP),
            maximum: number(1 << FLAG_MAXIMUM),
            scale: number(1 << FLAG_SCALE),
            outputs: number(1 << FLAG_RAW | 1 << FLAG_MAXIMUM | 1 << FLAG_SCALE),
            // Without fetching there is no address, and none is misaligned.
            misaligned: number(if fetched { beat_bytes - 1 } else { 0 }),
        }
    }
}

impl Logic for JobRegisters {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The registers that describe the next job, and whether they describe one.");
        for i in 0..self.register.len() {
            self.select.hit[i].next = (self.address.val() == self.at[i].val()).into();
            self.register[i].clock.next = self.clock.val();
            self.register[i].reset.next = self.reset.val();
            self.register[i].enable.next = self.write.val() & self.select.hit[i].val();
            self.register[i].d.next = self.write_data.val() & self.kept[i].val();
            self.select.value[i].next = self.register[i].q.val();
        }
        self.known.next = self.select.known.val();
        self.selected.next = self.select.selected.val();

        // In the order of `KEPT`.
        self.n.next = self.register[0].q.val();
        self.k.next = self.register[1].q.val();
        self.tokens.next = self.register[2].q.val();
        self.flags.next = self.register[3].q.val();
        self.address_halves[0].next = self.register[4].q.val();
        self.address_halves[1].next = self.register[5].q.val();
        Low::join(&mut self.n, &mut self.job_n);
        Low::join(&mut self.k, &mut self.job_k);
        Low::join(&mut self.tokens, &mut self.job_tokens);
        Low::join(&mut self.flags, &mut self.job_flags);
        Recast::join(&mut self.address_halves, &mut self.job_address);

        // A vector job has no inputs, and no weights.
        self.is_vector.next = (self.flags.val() & self.vector.val()).any().into();
        self.sizes_legal.next = (self.n.val().any()
            && self.n.val() <= self.most_n.val()
            && self.tokens.val().any()
            && self.tokens.val() <= self.most_tokens.val()
            && (self.is_vector.val().any()
                || (self.k.val().any()
                    && self.k.val() <= self.most_k.val()
                    && !(self.address_halves[0].val() & self.misaligned.val()).any())))
        .into();
        self.flags_legal.next = ((self.flags.val() & self.outputs.val()).any()
            && !((self.flags.val() & self.maximum.val()).any()
                && (self.flags.val() & self.scale.val()).any())
            && !((self.flags.val() & self.keep.val()).any() && self.is_vector.val().any()))
        .into();
        self.legal.next = self.sizes_legal.val() & self.flags_legal.val();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};
    use crate::{Parameters, register_map};

    fn parameters(tokens: u32, stream_bits: u32, acc_bits: u32) -> EngineParameters {
        EngineParameters::of(Parameters { lanes: 4, columns: 2, tokens, stream_bits, acc_bits })
    }

    fn registers(parameters: &EngineParameters, fetched: bool) -> Bench<JobRegisters> {
        bench!(
            JobRegisters::new(parameters, fetched),
            "job_registers": reset, write, address, write_data
                => known, selected, legal, job_n, job_k, job_tokens, job_flags, job_address
        )
    }

    /// Values around the ends of each register's range.
    fn value(register: u32, p: &EngineParameters, random: &mut Random) -> u64 {
        let near = |most: u64, random: &mut Random| {
            let any = [random.bits() >> 32, 1 + random.below(most)];
            random.pick(&[
                0,
                1,
                most - 1,
                most,
                most + 1,
                most + (1 << 21),
                u64::from(u32::MAX),
                any[0],
                any[1],
                any[1],
            ]) & u64::from(u32::MAX)
        };
        match register {
            register_map::JOB_N => near(MOST_N.into(), random),
            register_map::JOB_K => near(max_k(p.array.acc_bits), random),
            register_map::JOB_TOKENS => near(p.array.tokens.into(), random),
            register_map::JOB_FLAGS => random.below(64),
            _ => random.pick(&[random.clone().bits() >> 32, random.clone().below(1 << 20) << 8, 0]),
        }
    }

    /// Whether the engine can do the job that the registers, in the order of `KEPT`, describe.
    pub(crate) fn is_legal(held: [u64; 6], p: &EngineParameters, fetched: bool) -> bool {
        let [n, k, tokens, flags, address, _] = held;
        let [vector, raw, maximum, scale, keep] =
            [FLAG_VECTOR, FLAG_RAW, FLAG_MAXIMUM, FLAG_SCALE, FLAG_KEEP].map(|bit| flags >> bit & 1 == 1);
        let in_range = |value, most| (1..=most).contains(&value);
        let beat_bytes = u64::from(p.array.stream_bits / 8);
        in_range(n, MOST_N.into())
            && in_range(tokens, p.array.tokens.into())
            && (vector || in_range(k, max_k(p.array.acc_bits)))
            && (vector || !fetched || address.is_multiple_of(beat_bytes))
            && (raw || maximum || scale)
            && !(scale && maximum)
            && !(keep && vector)
    }

    /// The six registers as variables.
    #[test]
    fn equals_variables_and_refuses_what_the_engine_cannot_do() {
        let shapes = [(1, 8, 24, true), (5, 128, 32, true), (1024, 512, 16, false)];
        for (tokens, stream_bits, acc_bits, fetched) in shapes {
            let p = parameters(tokens, stream_bits, acc_bits);
            let mut random = Random::new(tokens.into());
            let mut cycle = |i: u64| {
                let reset = i == 0 || random.below(1000) == 0;
                let (register, _) = random.pick(&KEPT);
                let offset = if random.chance(90) { register } else { register_map::JOB_START };
                let data = value(register, &p, &mut random);
                vec![vec![reset.into()], vec![random.chance(80).into()], vec![word(offset)], vec![data]]
            };
            let inputs: Vec<Values> = (0..20_000).map(&mut cycle).collect();
            let outputs = registers(&p, fetched).run(&inputs, 1);
            let mut held = [0; 6];
            let [mut vectors, mut matrices] = [0; 2];
            for (i, (input, output)) in inputs.iter().zip(&outputs).enumerate() {
                let at = KEPT.iter().position(|(offset, _)| word(*offset) == input[2][0]);
                if i > 0 {
                    let [n, k, tokens_asked, flags, low, high] = held;
                    let legal = is_legal(held, &p, fetched);
                    let known = [u64::from(at.is_some()), at.map_or(0, |at| held[at]), legal.into()];
                    let cut = |value, bits: usize| value & ((1 << bits) - 1);
                    let job = [
                        cut(n, N_BITS),
                        cut(k, K_BITS),
                        cut(tokens_asked, TOKENS_BITS),
                        flags,
                        high << 32 | low,
                    ];
                    let expected: Values = known.iter().chain(&job).map(|value| vec![*value]).collect();
                    assert_eq!(*output, expected, "cycle {i}");
                    matrices += u32::from(legal && flags >> FLAG_VECTOR & 1 == 0);
                    vectors += u32::from(legal && flags >> FLAG_VECTOR & 1 == 1);
                }
                if input[0][0] == 1 {
                    held = [0; 6];
                } else if let (1, Some(at)) = (input[1][0], at) {
                    held[at] = input[3][0] & KEPT[at].1;
                }
            }
            assert!(vectors > 50 && matrices > 50, "too few to tell: {vectors}, {matrices}");
        }
    }

    #[test]
    fn synthesises() {
        registers(&parameters(1, 8, 24), true).assert_synthesises();
        registers(&parameters(1024, 1024, 32), true).assert_synthesises();
        registers(&parameters(3, 64, 24), false).assert_synthesises();
    }
}
