//! Bytes to beats of the engine's three input streams.
//!
//! ```text
//!             +------------------+---> job_valid, job_data
//! byte_valid->|                  |<--- job_ready
//!  byte_data=>|                  |---> weight_valid, weight_data
//!             |  frame_receiver  |<--- weight_ready
//!             |                  |---> activation_valid, activation_data
//!             |                  |<--- activation_ready
//!      reset->+--------/\--------+---> unknown_header, overrun
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets a frame that is under way |
//! | `byte_valid`, `byte_data` | in | 1, 8 | a byte comes; it cannot wait |
//! | `job_valid`, `job_ready` | out, in | 1, 1 | a job is taken when both are high at the edge |
//! | `job_data` | out | 64 | the job |
//! | `weight_*`, `activation_*` | | 8 x BYTES | the same for a beat of weights, of activations |
//! | `unknown_header` | out | 1 | the byte of this cycle should begin a frame, and was dropped |
//! | `overrun` | out | 1 | the byte of this cycle came while a beat waits, and was dropped |
//!
//! Parameters: `weight_bytes`, `activation_bytes`: a beat's. Latency: 1. Golden: the frames that the bytes were made from.
//!
//! A frame is a header, [`JOB_HEADER`], [`WEIGHT_HEADER`] or [`ACTIVATION_HEADER`], and the bytes of one beat, the lowest
//! first. All beats share one shift register: bytes enter at its top, so that a whole beat stands in its highest bytes.
//!
//! Does not: ask the sender to pause, or find the next header after an overrun: reset does.

use rust_hdl::prelude::*;

use crate::hdl::{Bank, Bus, High, Number, Pack, Register, ResetRegister, clog2};
use crate::ternary_core::JOB_FIELDS;

/// Begins the frame of a job.
pub const JOB_HEADER: u8 = 0;

/// Begins the frame of a beat of weights.
pub const WEIGHT_HEADER: u8 = 1;

/// Begins the frame of a beat of activations.
pub const ACTIVATION_HEADER: u8 = 2;

/// Sorts bytes into beats.
#[derive(LogicBlock, Debug)]
pub struct FrameReceiver {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets a frame that is under way.
    pub reset: Bus<In>,
    /// A byte comes.
    pub byte_valid: Bus<In>,
    /// The byte.
    pub byte_data: Bus<In>,
    /// A job is offered.
    pub job_valid: Bus<Out>,
    /// It is taken.
    pub job_ready: Bus<In>,
    /// The job.
    pub job_data: Bus<Out>,
    /// A beat of weights is offered.
    pub weight_valid: Bus<Out>,
    /// It is taken.
    pub weight_ready: Bus<In>,
    /// The beat.
    pub weight_data: Pack<Bus<Out>>,
    /// A beat of activations is offered.
    pub activation_valid: Bus<Out>,
    /// It is taken.
    pub activation_ready: Bus<In>,
    /// The beat.
    pub activation_data: Pack<Bus<Out>>,
    /// A byte that begins no frame was dropped.
    pub unknown_header: Bus<Out>,
    /// A byte that came too early was dropped.
    pub overrun: Bus<Out>,
    filling: ResetRegister,
    waiting: ResetRegister,
    is_job: Register,
    is_weight: Register,
    /// Bytes that follow the next one.
    bytes_left: Register,
    payload: Bank,
    header: Bus<Local>,
    known: Bus<Local>,
    fill: Bus<Local>,
    whole: Bus<Local>,
    taken: Bus<Local>,
    job_header: Number,
    weight_header: Number,
    activation_header: Number,
    job_rest: Number,
    weight_rest: Number,
    activation_rest: Number,
    _top: usize,
}

impl FrameReceiver {
    /// A receiver of beats of `weight_bytes` >= 1 and `activation_bytes` >= 1.
    pub fn new(weight_bytes: usize, activation_bytes: usize) -> Self {
        let job_bits: usize = JOB_FIELDS.iter().sum();
        let most_bytes = weight_bytes.max(activation_bytes).max(job_bits / 8);
        let count_bits = clog2(most_bytes as u64);
        let rest = |bytes: usize| Number::new(bytes as u64 - 1, count_bits);
        let header = |byte: u8| Number::new(byte.into(), 8);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            byte_valid: Bus::new(1),
            byte_data: Bus::new(8),
            job_valid: Bus::new(1),
            job_ready: Bus::new(1),
            job_data: Bus::new(job_bits),
            weight_valid: Bus::new(1),
            weight_ready: Bus::new(1),
            weight_data: Pack::new(weight_bytes, 8),
            activation_valid: Bus::new(1),
            activation_ready: Bus::new(1),
            activation_data: Pack::new(activation_bytes, 8),
            unknown_header: Bus::new(1),
            overrun: Bus::new(1),
            filling: ResetRegister::new(1),
            waiting: ResetRegister::new(1),
            is_job: Register::new(1),
            is_weight: Register::new(1),
            bytes_left: Register::new(count_bits),
            payload: Bank::new(most_bytes, 8),
            header: Bus::new(1),
            known: Bus::new(1),
            fill: Bus::new(1),
            whole: Bus::new(1),
            taken: Bus::new(1),
            job_header: header(JOB_HEADER),
            weight_header: header(WEIGHT_HEADER),
            activation_header: header(ACTIVATION_HEADER),
            job_rest: rest(job_bits / 8),
            weight_rest: rest(weight_bytes),
            activation_rest: rest(activation_bytes),
            _top: most_bytes - 1,
        }
    }
}

impl Logic for FrameReceiver {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Bytes to beats of three streams.");
        clock!(self, clock, filling, waiting, is_job);
        clock!(self, clock, is_weight, bytes_left, payload);
        self.filling.reset.next = self.reset.val();
        self.waiting.reset.next = self.reset.val();

        self.overrun.next = self.byte_valid.val() & self.waiting.q.val();
        self.fill.next = self.byte_valid.val() & self.filling.q.val();
        self.whole.next = self.fill.val() & (self.bytes_left.q.val() == 0).into();
        self.header.next = self.byte_valid.val() & !self.filling.q.val() & !self.waiting.q.val();
        self.known.next = (self.byte_data.val() == self.job_header.val()
            || self.byte_data.val() == self.weight_header.val()
            || self.byte_data.val() == self.activation_header.val())
        .into();
        self.unknown_header.next = self.header.val() & !self.known.val();

        // The header says how many bytes follow, and whose they are.
        self.is_job.enable.next = self.header.val();
        self.is_job.d.next = (self.byte_data.val() == self.job_header.val()).into();
        self.is_weight.enable.next = self.header.val();
        self.is_weight.d.next = (self.byte_data.val() == self.weight_header.val()).into();
        self.bytes_left.enable.next = self.header.val() | self.fill.val();
        if self.filling.q.val().any() {
            self.bytes_left.d.next = self.bytes_left.q.val() - 1;
        } else if self.is_job.d.val().any() {
            self.bytes_left.d.next = self.job_rest.val();
        } else if self.is_weight.d.val().any() {
            self.bytes_left.d.next = self.weight_rest.val();
        } else {
            self.bytes_left.d.next = self.activation_rest.val();
        }

        self.payload.enable.next = self.fill.val();
        for i in 1..self.payload.d.len() {
            self.payload.d[i - 1].next = self.payload.q[i].val();
        }
        for i in self._top..self.payload.d.len() {
            self.payload.d[i].next = self.byte_data.val();
        }

        self.job_valid.next = self.waiting.q.val() & self.is_job.q.val();
        self.weight_valid.next = self.waiting.q.val() & self.is_weight.q.val();
        self.activation_valid.next = self.waiting.q.val() & !self.is_job.q.val() & !self.is_weight.q.val();
        High::join(&mut self.payload.q, &mut self.job_data);
        High::join(&mut self.payload.q, &mut self.weight_data);
        High::join(&mut self.payload.q, &mut self.activation_data);
        self.taken.next = (self.job_valid.val() & self.job_ready.val())
            | (self.weight_valid.val() & self.weight_ready.val())
            | (self.activation_valid.val() & self.activation_ready.val());

        self.filling.enable.next = (self.header.val() & self.known.val()) | self.whole.val();
        self.filling.d.next = self.header.val();
        self.waiting.enable.next = self.whole.val() | self.taken.val();
        self.waiting.d.next = self.whole.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn receiver(weight_bytes: usize, activation_bytes: usize) -> Bench<FrameReceiver> {
        bench!(
            FrameReceiver::new(weight_bytes, activation_bytes),
            "frame_receiver": reset, byte_valid, byte_data, job_ready, weight_ready, activation_ready
                => job_valid, weight_valid, activation_valid, job_data, weight_data, activation_data, unknown_header, overrun
        )
    }

    fn cycle(reset: bool, byte: Option<u8>, ready: [bool; 3]) -> Values {
        let mut values =
            vec![vec![reset.into()], vec![byte.is_some().into()], vec![byte.unwrap_or(0).into()]];
        values.extend(ready.map(|ready| vec![u64::from(ready)]));
        values
    }

    /// A beat as the outputs give it: the job is one word, the others are bytes.
    fn beat(channel: usize, bytes: &[u8]) -> Vec<u64> {
        let bytes = bytes.iter().map(|&byte| u64::from(byte));
        if channel == 0 { vec![bytes.rev().fold(0, |word, byte| word << 8 | byte)] } else { bytes.collect() }
    }

    /// The beat that waits, with its channel, and the two flags.
    type Expected = (Option<(usize, Vec<u64>)>, [bool; 2]);

    /// Frames of every kind, wrong headers between them, pauses, and bytes that come while a beat waits.
    #[test]
    fn equals_the_frames_that_the_bytes_were_made_from() {
        for sizes in [[8, 2, 8], [8, 1, 3], [8, 20, 1]] {
            let mut random = Random::new(sizes[1] as u64);
            let mut cycles = vec![cycle(true, None, [false; 3])];
            let mut expected: Vec<Expected> = vec![];
            // The cycles from which on so many bytes have entered.
            let mut entered = vec![];
            let mut frame: Option<(usize, Vec<u8>)> = None;
            let mut waiting: Option<(usize, Vec<u64>)> = None;
            let (mut beats, mut flags) = ([0; 3], [0; 2]);
            for _ in 0..20_000 {
                let reset = random.below(1000) == 0;
                let byte = random.chance(if waiting.is_some() { 20 } else { 80 }).then(|| match frame {
                    None if random.chance(90) => random.pick(&[0, 1, 2]),
                    _ => random.bits().to_le_bytes()[0],
                });
                let ready = [0; 3].map(|_| random.chance(30));
                cycles.push(cycle(reset, byte, ready));
                let unknown = waiting.is_none() && frame.is_none() && byte.is_some_and(|byte| byte > 2);
                let overrun = waiting.is_some() && byte.is_some();
                expected.push((waiting.clone(), [unknown, overrun]));
                flags = [flags[0] + usize::from(unknown), flags[1] + usize::from(overrun)];

                if let Some((channel, _)) = waiting {
                    waiting = waiting.filter(|_| !ready[channel]);
                } else if let (Some((channel, mut bytes)), Some(byte)) = (frame.clone(), byte) {
                    bytes.push(byte);
                    entered.push(cycles.len());
                    let whole = bytes.len() == sizes[channel];
                    waiting = whole.then(|| (channel, beat(channel, &bytes)));
                    frame = (!whole).then_some((channel, bytes));
                    beats[channel] += usize::from(whole);
                } else if let Some(byte @ 0..=2) = byte {
                    frame = Some((byte.into(), vec![]));
                }
                if reset {
                    (frame, waiting) = (None, None);
                }
            }
            assert!(
                beats.iter().chain(&flags).all(|&times| times > 100),
                "too few to tell: {beats:?} {flags:?}"
            );
            // The payload is unknown until all of it has been written.
            let known_from = entered[*sizes.iter().max().expect("sizes") - 1];
            let outputs = receiver(sizes[1], sizes[2]).run(&cycles, known_from);
            for (i, ((offer, flags), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                let channel = offer.as_ref().map(|(channel, _)| *channel);
                let valid = [0, 1, 2].map(|of| vec![u64::from(channel == Some(of))]);
                assert_eq!(output[..3], valid, "cycle {i}");
                assert!(
                    offer.as_ref().is_none_or(|(channel, beat)| *beat == output[3 + channel]),
                    "cycle {i}"
                );
                assert_eq!(output[6..], flags.map(|flag| vec![u64::from(flag)]), "cycle {i}");
            }
        }
    }

    #[test]
    fn a_beat_is_offered_in_the_cycle_after_its_last_byte() {
        let quiet = || cycle(false, None, [false; 3]);
        let mut cycles = vec![quiet(); 9];
        cycles[0] = cycle(true, None, [false; 3]);
        for (at, byte) in [(2, WEIGHT_HEADER), (3, 7), (5, 9)] {
            cycles[at] = cycle(false, Some(byte), [false; 3]);
        }
        cycles[7] = cycle(false, None, [false, true, false]);
        let outputs = receiver(2, 1).simulate(&cycles);
        let offered: Vec<usize> = (0..9).filter(|&cycle| outputs[cycle][1] == [1]).collect();
        assert_eq!(offered, [6, 7]);
        assert_eq!(outputs[6][4], [7, 9]);
    }

    #[test]
    fn synthesises() {
        receiver(1, 1).assert_synthesises();
        receiver(16, 8).assert_synthesises();
    }
}
