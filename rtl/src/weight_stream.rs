//! Packed weights in, beats of trits out.
//!
//! ```text
//!                  +-----------------+--> beat_valid
//!  weight_valid -->|                 |<-- beat_ready
//!  weight_ready <--|  weight_stream  |==> beat_zero
//!   weight_data ==>|                 |==> beat_sign
//!                  |                 |--> taken
//!         reset -->+-------/\--------+--> invalid
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops what is held |
//! | `weight_valid`, `weight_ready` | in, out | 1, 1 | a beat is accepted when both are high at the edge |
//! | `weight_data` | in | BYTES x 8 | its bytes, each five trits (C-PACK-1) |
//! | `beat_valid`, `beat_ready` | out, in | 1, 1 | a beat is taken when both are high at the edge |
//! | `beat_zero`, `beat_sign` | out | TRITS x 1 | its trits; five of byte 0 first |
//! | `taken` | out | 1 | at this edge a beat leaves the FIFO, which then has room for one more |
//! | `invalid` | out | 1 | the beat has a byte that is no code; in the first cycle in which it is offered |
//!
//! Parameters: [`EngineParameters`]; BYTES is stream-bits / 8 and TRITS five times that. Latency: accepted to offered,
//! [`contract::latency::STREAM_FIFO_CYCLES`] + [`contract::latency::DECODE_CYCLES`] when it is empty; a beat a cycle.
//! Golden: a queue, and `contract::packing::decode5` of each byte.
//!
//! The FIFO takes a burst while the array is busy with a tile; what is decoded is registered, flags of invalid bytes
//! included. `weight_ready`, `beat_valid`, `invalid` and the trits come from registers, `taken` depends on `beat_ready` in
//! the same cycle.
//!
//! Does not: stop at an invalid byte, whose trits are zero, or say which byte it was.

use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::hdl::{Bank, Bus, Pack, Recast, ResetRegister, Wires};
use crate::stream_fifo::StreamFifo;
use crate::trit_decoder::TritDecoder;

/// A FIFO of packed weights and their decoders.
#[derive(LogicBlock, Debug)]
pub struct WeightStream {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops what is held.
    pub reset: Bus<In>,
    /// A beat is offered to this block.
    pub weight_valid: Bus<In>,
    /// A beat can be accepted.
    pub weight_ready: Bus<Out>,
    /// The beat's bytes.
    pub weight_data: Pack<Bus<In>>,
    /// A beat is offered by this block.
    pub beat_valid: Bus<Out>,
    /// The beat is taken.
    pub beat_ready: Bus<In>,
    /// The beat's trits: which are zero.
    pub beat_zero: Pack<Bus<Out>>,
    /// The beat's trits: their signs.
    pub beat_sign: Pack<Bus<Out>>,
    /// A beat leaves the FIFO at this edge.
    pub taken: Bus<Out>,
    /// The beat has just come, and has an invalid byte.
    pub invalid: Bus<Out>,
    weight_fifo: StreamFifo,
    trit_decoder: Vec<TritDecoder>,
    zero_register: Bank,
    sign_register: Bank,
    invalid_register: Bank,
    valid_register: ResetRegister,
    fresh_register: ResetRegister,
    advance: Bus<Local>,
    any_invalid: Bus<Local>,
}

impl WeightStream {
    /// The weight stream of the engine that `parameters` describe, which are valid.
    pub fn new(parameters: &EngineParameters) -> Self {
        let bytes = parameters.array.stream_bits as usize / 8;
        let trits = parameters.array.trits_per_beat() as usize;
        let trits_a_byte = contract::packing::TRITS_PER_BYTE;
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            weight_valid: Bus::new(1),
            weight_ready: Bus::new(1),
            weight_data: Pack::new(bytes, 8),
            beat_valid: Bus::new(1),
            beat_ready: Bus::new(1),
            beat_zero: Pack::new(trits, 1),
            beat_sign: Pack::new(trits, 1),
            taken: Bus::new(1),
            invalid: Bus::new(1),
            weight_fifo: StreamFifo::new(parameters.fifo_beats as usize, bytes, 8),
            trit_decoder: (0..bytes).map(|_| TritDecoder::default()).collect(),
            zero_register: Bank::new(bytes, trits_a_byte),
            sign_register: Bank::new(bytes, trits_a_byte),
            invalid_register: Bank::new(bytes, 1),
            valid_register: ResetRegister::new(1),
            fresh_register: ResetRegister::new(1),
            advance: Bus::new(1),
            any_invalid: Bus::new(1),
        }
    }
}

impl Logic for WeightStream {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Packed weights in, beats of trits out: a FIFO, a decoder a byte, and a register.");
        clock!(self, clock, weight_fifo, zero_register, sign_register, invalid_register);
        clock!(self, clock, valid_register, fresh_register);
        self.weight_fifo.reset.next = self.reset.val();
        self.valid_register.reset.next = self.reset.val();
        self.fresh_register.reset.next = self.reset.val();

        self.weight_fifo.input_valid.next = self.weight_valid.val();
        self.weight_ready.next = self.weight_fifo.input_ready.val();
        Wires::join(&mut self.weight_data, &mut self.weight_fifo.input_data);

        self.advance.next = !self.valid_register.q.val() | self.beat_ready.val();
        self.weight_fifo.output_ready.next = self.advance.val();
        self.taken.next = self.weight_fifo.output_valid.val() & self.advance.val();
        self.valid_register.enable.next = self.advance.val();
        self.valid_register.d.next = self.weight_fifo.output_valid.val();
        self.beat_valid.next = self.valid_register.q.val();

        self.zero_register.enable.next = self.advance.val();
        self.sign_register.enable.next = self.advance.val();
        self.invalid_register.enable.next = self.advance.val();
        for i in 0..self.trit_decoder.len() {
            self.trit_decoder[i].code.next = self.weight_fifo.output_data[i].val();
            Recast::join(&mut self.trit_decoder[i].zero, &mut self.zero_register.d[i]);
            Recast::join(&mut self.trit_decoder[i].sign, &mut self.sign_register.d[i]);
            self.invalid_register.d[i].next = self.trit_decoder[i].invalid.val();
        }
        Recast::join(&mut self.zero_register.q, &mut self.beat_zero);
        Recast::join(&mut self.sign_register.q, &mut self.beat_sign);

        self.fresh_register.enable.next = true.into();
        self.fresh_register.d.next = self.weight_fifo.output_valid.val() & self.advance.val();
        self.any_invalid.next = false.into();
        for i in 0..self.trit_decoder.len() {
            if self.invalid_register.q[i].val().any() {
                self.any_invalid.next = true.into();
            }
        }
        self.invalid.next = self.fresh_register.q.val() & self.any_invalid.val();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::{DECODE_CYCLES, STREAM_FIFO_CYCLES};
    use contract::packing::decode5;
    use contract::{Trit, trits_of};

    use super::*;
    use crate::Parameters;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    const FIFO_BEATS: usize = 4;

    fn stream(bytes: u32) -> Bench<WeightStream> {
        let array = Parameters { lanes: 5, columns: 1, tokens: 1, stream_bits: 8 * bytes, acc_bits: 24 };
        let fifo_beats = u32::try_from(FIFO_BEATS).expect("a size");
        let parameters = EngineParameters { fifo_beats, burst_beats: 4, ..EngineParameters::of(array) };
        parameters.validate().expect("valid sizes");
        bench!(
            WeightStream::new(&parameters),
            "weight_stream": reset, weight_valid, weight_data, beat_ready
                => weight_ready, beat_valid, taken, invalid, beat_zero, beat_sign
        )
    }

    fn cycle(reset: bool, valid: bool, data: Vec<u64>, ready: bool) -> Values {
        vec![vec![reset.into()], vec![valid.into()], data, vec![ready.into()]]
    }

    /// A beat's trits, and whether a byte of it is invalid.
    fn golden(beat: &[u64]) -> (Vec<[Trit; 5]>, bool) {
        let decoded = beat.iter().map(|&byte| decode5(byte.to_le_bytes()[0]));
        let (trits, invalid): (_, Vec<bool>) = decoded.unzip();
        (trits, invalid.contains(&true))
    }

    /// The trits that the wires of a beat say.
    fn trits(zero: &[u64], sign: &[u64]) -> Vec<[Trit; 5]> {
        let byte = |(zero, sign): (&[u64], &[u64])| {
            trits_of(std::array::from_fn(|i| zero[i] == 1), std::array::from_fn(|i| sign[i] == 1))
        };
        zero.chunks(5).zip(sign.chunks(5)).map(byte).collect()
    }

    /// A queue of FIFO_BEATS rows, the beat that its memory offers, and the beat that is decoded.
    #[test]
    fn equals_a_queue_of_decoded_beats() {
        for bytes in [1, 3, 16] {
            let mut random = Random::new(bytes.into());
            let mut cycles = vec![cycle(true, false, vec![0; bytes as usize], false)];
            let mut expected = vec![];
            let mut rows = VecDeque::<Vec<u64>>::new();
            let (mut offered, mut decoded, mut fresh) = (None::<Vec<u64>>, None::<Vec<u64>>, false);
            let [mut starved, mut stalled, mut full, mut waiting, mut beats, mut wrong] = [0; 6];
            for i in 0..10_000 {
                // Phases in which the sender, or the receiver, is the slower one, and neither.
                let (eager, hungry) = [(90, 40), (40, 90), (99, 99)][i / 200 % 3];
                let [valid, ready] = [eager, hungry].map(|percent| random.chance(percent));
                let reset = random.chance(1) && random.chance(20);
                // In half of the phases invalid bytes are rare, so that beats without any occur at 16 bytes, too.
                let byte = |random: &mut Random| {
                    let byte = random.below(256);
                    let rare = i / 600 % 2 == 0 && random.chance(95);
                    if rare && decode5(byte.to_le_bytes()[0]).1 { 0 } else { byte }
                };
                let data: Vec<u64> = (0..bytes).map(|_| byte(&mut random)).collect();
                cycles.push(cycle(reset, valid, data.clone(), ready));
                let room = rows.len() < FIFO_BEATS;
                let advance = decoded.is_none() || ready;
                let taken = offered.is_some() && advance;
                let invalid = fresh && decoded.as_ref().is_some_and(|beat| golden(beat).1);
                let flags = [room, decoded.is_some(), taken, invalid].map(u64::from);
                expected.push((flags, decoded.clone()));
                starved += usize::from(decoded.is_none() && ready);
                stalled += usize::from(decoded.is_some() && !ready);
                waiting +=
                    usize::from(!fresh && !ready && decoded.as_ref().is_some_and(|beat| golden(beat).1));
                full += usize::from(!room && valid);
                beats += usize::from(decoded.is_some() && ready && !reset);
                wrong += usize::from(invalid);
                fresh = taken && !reset;
                if advance {
                    decoded = offered.take();
                }
                if offered.is_none() {
                    offered = rows.pop_front();
                }
                if valid && room {
                    rows.push_back(data);
                }
                if reset {
                    rows.clear();
                    (offered, decoded) = (None, None);
                }
            }
            let seen = [starved, stalled, full, waiting, wrong, beats - wrong];
            assert!(seen.iter().all(|&cycles| cycles > 30), "{seen:?}");
            let known = expected.iter().position(|(flags, _)| flags[1] == 1).expect("a beat");
            let outputs = stream(bytes).run(&cycles, 1 + known);
            for (i, ((flags, decoded), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                assert_eq!(output[..4], flags.map(|flag| vec![flag]), "cycle {i}");
                assert!(
                    decoded.as_ref().is_none_or(|beat| trits(&output[4], &output[5]) == golden(beat).0),
                    "cycle {i}"
                );
            }
        }
    }

    #[test]
    #[allow(clippy::unusual_byte_groupings, reason = "grouped as the fields of the code are")]
    fn takes_exactly_its_latency_and_a_beat_a_cycle() {
        // Five plus ones, and five minus ones: beats 1 and 2 of all bytes; byte 8 is no code.
        let [plus, minus, wrong] = [0b000_11_000, 0b011_11_111, 8];
        let mut cycles = vec![cycle(true, false, vec![0], false)];
        cycles.extend([plus, minus, wrong].map(|byte| cycle(false, true, vec![byte], true)));
        cycles.extend((0..6).map(|_| cycle(false, false, vec![0], true)));
        let first = 1 + (STREAM_FIFO_CYCLES + DECODE_CYCLES) as usize;
        let outputs = stream(1).run(&cycles, first);
        let of = |port: usize| outputs.iter().map(|output| output[port][0]).collect::<Vec<_>>();
        let pulse = |cycles: &[usize]| (0..10).map(|i| u64::from(cycles.contains(&i))).collect::<Vec<_>>();
        assert_eq!(of(1), pulse(&[first, first + 1, first + 2]), "beat_valid");
        assert_eq!(of(2), pulse(&[first - 1, first, first + 1]), "taken");
        assert_eq!(of(3), pulse(&[first + 2]), "invalid");
        for (i, trit) in [Trit::Plus, Trit::Minus, Trit::Zero].into_iter().enumerate() {
            assert_eq!(trits(&outputs[first + i][4], &outputs[first + i][5]), [[trit; 5]]);
        }
    }

    #[test]
    fn synthesises() {
        stream(1).assert_synthesises();
        stream(16).assert_synthesises();
    }
}
