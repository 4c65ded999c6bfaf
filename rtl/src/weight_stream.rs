//! Packed weights in, beats of trits out.
//!
//! ```text
//!                  +-----------------+--> beat_valid
//!  weight_valid -->|                 |<-- beat_ready
//!  weight_ready <--|  weight_stream  |==> beat_zero
//!   weight_data ==>|                 |==> beat_sign
//!                  |                 |--> full, empty
//!         reset -->+-------/\--------+--> invalid
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops what is held |
//! | `weight_valid`, `weight_ready` | in, out | 1, 1 | a beat is accepted when both are high at the edge |
//! | `weight_data` | in | BYTES x 8 | its bytes, each five trits (C-PACK-1) |
//! | `beat_valid`, `beat_ready` | out, in | 1, 1 | a beat is taken when both are high at the edge |
//! | `beat_zero`, `beat_sign` | out | BYTES x 5 | the trits (C-LANE-3) of a beat, [`contract::latency::WEIGHT_DATA_CYCLES`] after it was taken |
//! | `full` | out | 1 | the FIFO holds FIFO_BEATS beats: `weight_ready` is its inverse |
//! | `empty` | out | 1 | it holds none: `beat_valid` is its inverse |
//! | `invalid` | out | 1 | the beat whose trits these are was taken, and has a byte that is no code |
//!
//! Parameters: [`EngineParameters`]; BYTES is stream-bits / 8. Latency: accepted to offered,
//! [`contract::latency::WEIGHT_STORE_CYCLES`]; a beat a cycle. Golden: a queue, and `contract::packing::decode5` of each byte.
//!
//! The FIFO takes a burst while the array is busy with a tile. That a beat is taken is known before its data: nothing waits
//! for the memory, whose data comes late in a cycle and is registered before and after it is decoded. `weight_ready` and `beat_valid`
//! are registers or their inverses, and no path runs from an input to an output.
//!
//! Does not: stop at an invalid byte, whose trits are zero, or say which byte it was.

use contract::latency::WEIGHT_DATA_CYCLES;
use contract::packing::TRITS_PER_BYTE;
use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::hdl::{Bank, Bus, Pack, Recast, Register, ResetRegister, Wires, clog2};
use crate::memory::Memory;
use crate::occupancy::Occupancy;
use crate::queue_rows::QueueRows;
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
    /// The FIFO is full.
    pub full: Bus<Out>,
    /// The FIFO is empty.
    pub empty: Bus<Out>,
    /// A beat had an invalid byte.
    pub invalid: Bus<Out>,
    beats: Memory,
    /// Beats from their acceptance on.
    occupancy: Occupancy,
    /// Beats in the memory.
    queue_rows: QueueRows,
    valid_register: ResetRegister,
    data_register: Bank,
    row_register: Register,
    trit_decoder: Vec<TritDecoder>,
    code_register: Bank,
    zero_register: Bank,
    sign_register: Bank,
    invalid_register: Bank,
    /// Whether a beat was taken one, two, ... cycles ago.
    taken_stage: Vec<ResetRegister>,
    _last_stage: usize,
    accept: Bus<Local>,
    take: Bus<Local>,
    any_invalid: Bus<Local>,
}

impl WeightStream {
    /// The weight stream of the engine that `parameters` describe, which are valid.
    pub fn new(parameters: &EngineParameters) -> Self {
        let (bytes, rows) = (parameters.array.stream_bits as usize / 8, parameters.fifo_beats as usize);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            weight_valid: Bus::new(1),
            weight_ready: Bus::new(1),
            weight_data: Pack::new(bytes, 8),
            beat_valid: Bus::new(1),
            beat_ready: Bus::new(1),
            beat_zero: Pack::new(bytes, TRITS_PER_BYTE),
            beat_sign: Pack::new(bytes, TRITS_PER_BYTE),
            full: Bus::new(1),
            empty: Bus::new(1),
            invalid: Bus::new(1),
            beats: Memory::new(rows, bytes, 8),
            occupancy: Occupancy::new(rows),
            queue_rows: QueueRows::new(rows),
            valid_register: ResetRegister::new(1),
            data_register: Bank::new(bytes, 8),
            row_register: Register::new(clog2(u64::from(parameters.fifo_beats))),
            trit_decoder: (0..bytes).map(|_| TritDecoder::default()).collect(),
            code_register: Bank::new(bytes, 8),
            zero_register: Bank::new(bytes, TRITS_PER_BYTE),
            sign_register: Bank::new(bytes, TRITS_PER_BYTE),
            invalid_register: Bank::new(bytes, 1),
            taken_stage: (0..WEIGHT_DATA_CYCLES).map(|_| ResetRegister::new(1)).collect(),
            _last_stage: WEIGHT_DATA_CYCLES as usize - 1,
            accept: Bus::new(1),
            take: Bus::new(1),
            any_invalid: Bus::new(1),
        }
    }
}

impl Logic for WeightStream {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Packed weights in, beats of trits out: a FIFO, a register, and a decoder a byte.");
        clock!(self, clock, beats, occupancy, queue_rows, valid_register, data_register, row_register);
        clock!(self, clock, code_register, zero_register, sign_register, invalid_register);
        self.occupancy.reset.next = self.reset.val();
        self.queue_rows.reset.next = self.reset.val();
        self.valid_register.reset.next = self.reset.val();
        self.accept.next = self.weight_valid.val() & !self.occupancy.full.val();
        self.take.next = self.queue_rows.stored.val() & self.beat_ready.val();

        // A beat is registered on its way to the memory; room is counted from its acceptance.
        self.occupancy.enter.next = self.accept.val();
        self.occupancy.leave.next = self.take.val();
        self.weight_ready.next = !self.occupancy.full.val();
        self.full.next = self.occupancy.full.val();
        self.valid_register.enable.next = true.into();
        self.valid_register.d.next = self.accept.val();
        self.data_register.enable.next = true.into();
        Wires::join(&mut self.weight_data, &mut self.data_register.d);
        self.queue_rows.write.next = self.valid_register.q.val();
        self.queue_rows.take.next = self.take.val();
        self.beats.write.next = self.valid_register.q.val();
        self.beats.write_address.next = self.queue_rows.write_row.val();
        Wires::join(&mut self.data_register.q, &mut self.beats.write_data);
        self.beat_valid.next = self.queue_rows.stored.val();
        self.empty.next = !self.queue_rows.stored.val();

        // So is the row on its way there: a beat that was taken can still be read, for it is not overwritten at once.
        self.row_register.enable.next = true.into();
        self.row_register.d.next = self.queue_rows.read_row.val();
        self.beats.read_address.next = self.row_register.q.val();

        // What was read last, whether or not a beat was taken: only what was taken is looked at.
        self.code_register.enable.next = true.into();
        Wires::join(&mut self.beats.read_data, &mut self.code_register.d);
        self.zero_register.enable.next = true.into();
        self.sign_register.enable.next = true.into();
        self.invalid_register.enable.next = true.into();
        for i in 0..self.trit_decoder.len() {
            self.trit_decoder[i].code.next = self.code_register.q[i].val();
            self.invalid_register.d[i].next = self.trit_decoder[i].invalid.val();
            Recast::join(&mut self.trit_decoder[i].zero, &mut self.zero_register.d[i]);
            Recast::join(&mut self.trit_decoder[i].sign, &mut self.sign_register.d[i]);
        }

        Wires::join(&mut self.zero_register.q, &mut self.beat_zero);
        Wires::join(&mut self.sign_register.q, &mut self.beat_sign);

        for i in 0..self.taken_stage.len() {
            self.taken_stage[i].clock.next = self.clock.val();
            self.taken_stage[i].reset.next = self.reset.val();
            self.taken_stage[i].enable.next = true.into();
        }
        self.taken_stage[0].d.next = self.take.val();
        for i in 1..self.taken_stage.len() {
            self.taken_stage[i].d.next = self.taken_stage[i - 1].q.val();
        }
        self.any_invalid.next = false.into();
        for i in 0..self.trit_decoder.len() {
            if self.invalid_register.q[i].val().any() {
                self.any_invalid.next = true.into();
            }
        }
        self.beats.read.next = self.taken_stage[0].q.val();
        for i in self._last_stage..self.taken_stage.len() {
            self.invalid.next = self.taken_stage[i].q.val() & self.any_invalid.val();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::{WEIGHT_DATA_CYCLES, WEIGHT_STORE_CYCLES};
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
                => weight_ready, beat_valid, full, empty, invalid, beat_zero, beat_sign
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
        let bits = |byte: &u64| std::array::from_fn(|i| byte >> i & 1 == 1);
        zero.iter().zip(sign).map(|(zero, sign)| trits_of(bits(zero), bits(sign))).collect()
    }

    /// A queue of FIFO_BEATS beats, the newest of which may be on its way to it, and the beats that were taken last.
    #[test]
    fn equals_a_queue_of_decoded_beats() {
        for bytes in [1, 3, 16] {
            let mut random = Random::new(bytes.into());
            let mut cycles = vec![cycle(true, false, vec![0; bytes as usize], false)];
            let mut expected = vec![];
            let (mut arriving, mut rows) = (None::<Vec<u64>>, VecDeque::<Vec<u64>>::new());
            let none = || VecDeque::from(vec![None::<Vec<u64>>; WEIGHT_DATA_CYCLES as usize]);
            let mut taken = none();
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
                let room = rows.len() + usize::from(arriving.is_some()) < FIFO_BEATS;
                let offered = !rows.is_empty();
                let decoded = taken.pop_front().expect("as many as cycles");
                let invalid = decoded.as_ref().is_some_and(|beat| golden(beat).1);
                let flags = [room, offered, !room, !offered, invalid].map(u64::from);
                starved += usize::from(!offered && ready);
                stalled += usize::from(offered && !ready);
                waiting += usize::from(!offered && arriving.is_some());
                full += usize::from(!room && valid);
                beats += usize::from(decoded.is_some());
                wrong += usize::from(invalid);
                expected.push((flags, decoded));
                taken.push_back(if ready { rows.pop_front() } else { None });
                rows.extend(arriving.take());
                arriving = (valid && room).then_some(data);
                if reset {
                    (arriving, taken) = (None, none());
                    rows.clear();
                }
            }
            let seen = [starved, stalled, full, waiting, wrong, beats - wrong];
            assert!(seen.iter().all(|&cycles| cycles > 30), "{seen:?}");
            let known = expected.iter().position(|(_, decoded)| decoded.is_some()).expect("a beat");
            let outputs = stream(bytes).run(&cycles, 1 + known);
            for (i, ((flags, decoded), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                assert_eq!(output[..5], flags.map(|flag| vec![flag]), "cycle {i}");
                assert!(
                    decoded.as_ref().is_none_or(|beat| trits(&output[5], &output[6]) == golden(beat).0),
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
        cycles.extend((0..9).map(|_| cycle(false, false, vec![0], true)));
        let first = 1 + WEIGHT_STORE_CYCLES as usize;
        let decoded = first + WEIGHT_DATA_CYCLES as usize;
        let outputs = stream(1).run(&cycles, decoded);
        let of = |port: usize| outputs.iter().map(|output| output[port][0]).collect::<Vec<_>>();
        let pulse = |cycles: &[usize]| (0..13).map(|i| u64::from(cycles.contains(&i))).collect::<Vec<_>>();
        assert_eq!(of(1), pulse(&[first, first + 1, first + 2]), "beat_valid");
        assert_eq!(of(4), pulse(&[decoded + 2]), "invalid");
        for (i, trit) in [Trit::Plus, Trit::Minus, Trit::Zero].into_iter().enumerate() {
            assert_eq!(trits(&outputs[decoded + i][5], &outputs[decoded + i][6]), [[trit; 5]]);
        }
    }

    #[test]
    fn synthesises() {
        stream(1).assert_synthesises();
        stream(16).assert_synthesises();
    }
}
