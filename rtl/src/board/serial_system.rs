//! The engine behind a serial line.
//!
//! ```text
//!              +-----------------+
//! serial_in -->|                 |--> serial_out
//!              |  serial_system  |
//!   reset_n -->+-------/\--------+==> status
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset_n` | in | 1, 1 | rising edge; synchronous, active low, drops everything under way |
//! | `serial_in`, `serial_out` | in, out | 1, 1 | the lines from and to the host, high when idle |
//! | `status` | out | 8 | [`STATUS`], bit 0 first |
//!
//! Parameters: [`EngineParameters`], `clocks_per_bit` >= 4. Golden: `contract::dot`.
//!
//! The host sends frames: a header byte and the bytes of a beat, the lowest first.
//!
//! | header | bytes | are |
//! |---|---|---|
//! | 0 | 8 | a job: N in bits 0 to 20, tokens in bits 21 to 31, K in bits 32 to 55, KEEP in bit 56 |
//! | 1 | STREAM_BITS / 8 | a beat of the weight image |
//! | 2 | ACTIVATION_BITS / 8 | a beat of activations |
//!
//! It receives the result beats, 4 RESULT_LANES bytes each, in the engine's order and without anything between them.
//!
//! Does not: slow the host down. A beat must find room until the next byte comes: four jobs wait at most, and the weights
//! of no more than FIFO_BEATS beats and the activations of ACTIVATION_WORDS words are held while the engine waits for
//! the others, or for results to leave.

use rust_hdl::prelude::*;

use super::frame_receiver::FrameReceiver;
use super::result_sender::ResultSender;
use super::uart_receiver::UartReceiver;
use super::uart_transmitter::UartTransmitter;
use crate::hdl::{Bus, Pack, Recast, ResetRegister, Wires};
use crate::ternary_core::TernaryCore;
use crate::{EngineParameters, Error};

/// What the bits of `status` say. The flags stay set until reset.
pub const STATUS: [&str; 8] = [
    "flag: a byte without stop bit was dropped",
    "flag: a byte was dropped since the beat before it still waited",
    "flag: a byte that begins no frame was dropped",
    "flag: a byte of the weights was no code",
    "flag: a job waits for activations that do not fit",
    "a beat waits for the engine",
    "results are being sent",
    "not in reset",
];

const FLAGS: usize = 5;

/// The least clocks that a bit of the line takes, and the most that make sense.
const CLOCKS_PER_BIT: [u32; 2] = [4, 65_536];

/// The engine and the two ends of its line.
#[derive(LogicBlock, Debug)]
pub struct SerialSystem {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Active low.
    pub reset_n: Bus<In>,
    /// The line from the host.
    pub serial_in: Bus<In>,
    /// The line to the host.
    pub serial_out: Bus<Out>,
    /// What goes on, and what went wrong.
    pub status: Bus<Out>,
    uart_receiver: UartReceiver,
    frame_receiver: FrameReceiver,
    ternary_core: TernaryCore,
    result_sender: ResultSender,
    uart_transmitter: UartTransmitter,
    flags_register: ResetRegister,
    reset: Bus<Local>,
    held: Pack<Bus<Local>>,
    flags: Pack<Bus<Local>>,
    status_record: Pack<Bus<Local>>,
}

impl SerialSystem {
    /// The engine that `parameters` describe, with lines whose bits are `clocks_per_bit` cycles long.
    ///
    /// # Errors
    ///
    /// A size outside its range.
    pub fn new(parameters: &EngineParameters, clocks_per_bit: u32) -> Result<Self, Error> {
        parameters.validate()?;
        let [least, most] = CLOCKS_PER_BIT;
        if !(least..=most).contains(&clocks_per_bit) {
            return Err(Error::Size { name: "clocks-per-bit", value: clocks_per_bit, least, most });
        }
        let weight_bytes = parameters.array.stream_bits as usize / 8;
        let activation_bytes = parameters.activation_bits as usize / 8;
        Ok(Self {
            clock: Signal::default(),
            reset_n: Bus::new(1),
            serial_in: Bus::new(1),
            serial_out: Bus::new(1),
            status: Bus::new(STATUS.len()),
            uart_receiver: UartReceiver::new(clocks_per_bit),
            frame_receiver: FrameReceiver::new(weight_bytes, activation_bytes),
            ternary_core: TernaryCore::new(parameters)?,
            result_sender: ResultSender::new(parameters.result_lanes as usize),
            uart_transmitter: UartTransmitter::new(clocks_per_bit),
            flags_register: ResetRegister::new(FLAGS),
            reset: Bus::new(1),
            held: Pack::new(FLAGS, 1),
            flags: Pack::new(FLAGS, 1),
            status_record: Pack::record(&[FLAGS, 1, 1, 1]),
        })
    }
}

impl Logic for SerialSystem {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The engine behind a serial line.");
        clock!(self, clock, uart_receiver, frame_receiver, result_sender);
        clock!(self, clock, uart_transmitter, flags_register);
        self.ternary_core.aclk.next = self.clock.val();
        self.reset.next = !self.reset_n.val();
        self.uart_receiver.reset.next = self.reset.val();
        self.frame_receiver.reset.next = self.reset.val();
        self.ternary_core.aresetn.next = self.reset_n.val();
        self.result_sender.reset.next = self.reset.val();
        self.uart_transmitter.reset.next = self.reset.val();
        self.flags_register.reset.next = self.reset.val();

        self.uart_receiver.serial_in.next = self.serial_in.val();
        self.frame_receiver.byte_valid.next = self.uart_receiver.byte_valid.val();
        self.frame_receiver.byte_data.next = self.uart_receiver.byte_data.val();

        self.ternary_core.s_axis_job_tvalid.next = self.frame_receiver.job_valid.val();
        self.frame_receiver.job_ready.next = self.ternary_core.s_axis_job_tready.val();
        self.ternary_core.s_axis_job_tdata.next = self.frame_receiver.job_data.val();
        self.ternary_core.s_axis_weight_tvalid.next = self.frame_receiver.weight_valid.val();
        self.frame_receiver.weight_ready.next = self.ternary_core.s_axis_weight_tready.val();
        Wires::join(&mut self.frame_receiver.weight_data, &mut self.ternary_core.s_axis_weight_tdata);
        self.ternary_core.s_axis_activation_tvalid.next = self.frame_receiver.activation_valid.val();
        self.frame_receiver.activation_ready.next = self.ternary_core.s_axis_activation_tready.val();
        Wires::join(&mut self.frame_receiver.activation_data, &mut self.ternary_core.s_axis_activation_tdata);

        self.result_sender.result_valid.next = self.ternary_core.m_axis_result_tvalid.val();
        self.ternary_core.m_axis_result_tready.next = self.result_sender.result_ready.val();
        Wires::join(&mut self.ternary_core.m_axis_result_tdata, &mut self.result_sender.result_data);
        self.uart_transmitter.byte_valid.next = self.result_sender.byte_valid.val();
        self.result_sender.byte_ready.next = self.uart_transmitter.byte_ready.val();
        self.uart_transmitter.byte_data.next = self.result_sender.byte_data.val();
        self.serial_out.next = self.uart_transmitter.serial_out.val();

        // A flag that is set stays so.
        self.flags_register.enable.next = true.into();
        Recast::join(&mut self.flags_register.q, &mut self.held);
        self.flags[0].next = self.held[0].val() | self.uart_receiver.framing_error.val();
        self.flags[1].next = self.held[1].val() | self.frame_receiver.overrun.val();
        self.flags[2].next = self.held[2].val() | self.frame_receiver.unknown_header.val();
        self.flags[3].next = self.held[3].val() | self.ternary_core.invalid_code.val();
        self.flags[4].next = self.held[4].val() | self.ternary_core.activation_overflow.val();
        Recast::join(&mut self.flags, &mut self.flags_register.d);

        self.status_record[0].next = self.flags_register.q.val();
        self.status_record[1].next = self.frame_receiver.job_valid.val()
            | self.frame_receiver.weight_valid.val()
            | self.frame_receiver.activation_valid.val();
        self.status_record[2].next = !self.uart_transmitter.byte_ready.val();
        self.status_record[3].next = self.reset_n.val();
        Recast::join(&mut self.status_record, &mut self.status);
    }
}

#[cfg(test)]
mod tests {
    use contract::Trit;

    use super::*;
    use crate::Parameters;
    use crate::board::frame_receiver::{ACTIVATION_HEADER, JOB_HEADER, WEIGHT_HEADER};
    use crate::board::line::{bytes, frame};
    use crate::cosim::Random;
    use crate::cosim::engine::{EngineJob, Source};
    use crate::testing::{Bench, Values, bench};

    const CLOCKS_PER_BIT: usize = 4;

    fn parameters() -> EngineParameters {
        let array = Parameters { lanes: 7, columns: 3, tokens: 2, stream_bits: 16, acc_bits: 24 };
        EngineParameters { activation_words: 4, fifo_beats: 8, burst_beats: 2, ..EngineParameters::of(array) }
    }

    fn system() -> Bench<SerialSystem> {
        let system = SerialSystem::new(&parameters(), 4).expect("valid sizes");
        bench!(system, "serial_system": reset_n, serial_in => serial_out, status)
    }

    fn job(outputs: usize, inputs: usize, random: &mut Random) -> EngineJob {
        let mut trits = |_| (0..inputs).map(|_| random.pick(&Trit::ALL)).collect();
        let weights = (0..outputs).map(&mut trits).collect();
        let mut token = |_| (0..inputs).map(|_| random.bits().to_le_bytes()[0].cast_signed()).collect();
        let activations = (0..2).map(&mut token).collect();
        let source = Source::Matrix { weights, activations, kept: false, keep: false, corruptions: vec![] };
        EngineJob { source, raw: true, maximum: false, scale: false }
    }

    fn job_frame(outputs: u64, inputs: u64, tokens: u64) -> Vec<u8> {
        let word = outputs | tokens << 21 | inputs << 32;
        [JOB_HEADER].into_iter().chain(word.to_le_bytes()).collect()
    }

    fn frames(header: u8, image: &[u8], beat_bytes: usize) -> Vec<u8> {
        assert_eq!(image.len() % beat_bytes, 0, "whole beats");
        image.chunks(beat_bytes).flat_map(|beat| [&[header], beat].concat()).collect()
    }

    /// Reset, the bytes, and `quiet` cycles in which the results leave.
    fn cycles(sent: &[u8], quiet: usize) -> Vec<Values> {
        let bits = sent.iter().flat_map(|&byte| frame(byte));
        let levels = bits.flat_map(|bit| [bit; CLOCKS_PER_BIT]).chain(vec![true; quiet]);
        let mut cycles = vec![vec![vec![0], vec![1]]; 2];
        cycles.extend(levels.map(|level| vec![vec![1], vec![u64::from(level)]]));
        cycles
    }

    /// What `STATUS` says at the end, as numbers of its bits.
    fn status(outputs: &[Values]) -> Vec<usize> {
        let last = outputs.last().expect("a cycle")[1][0];
        (0..STATUS.len()).filter(|bit| last >> bit & 1 == 1).collect()
    }

    #[test]
    fn the_host_gets_the_dot_products_of_what_it_sends() {
        let p = parameters();
        let mut random = Random::new(1);
        let mut sent = vec![];
        let mut expected: Vec<u8> = vec![];
        // Two jobs: several tiles and steps with padding in both, then one of each.
        for (outputs, inputs) in [(5, 12), (3, 7)] {
            let job = job(outputs, inputs, &mut random);
            sent.extend(job_frame(outputs as u64, inputs as u64, 2));
            sent.extend(frames(ACTIVATION_HEADER, &job.activation_bytes(&p, &mut random), 8));
            sent.extend(frames(WEIGHT_HEADER, &job.weight_bytes(&p, &mut random), 2));
            let beats = job.beats(&p, &job.values(&p).expect("sums that fit"));
            expected.extend(beats.iter().flat_map(|beat| &beat.values).flat_map(|value| value.to_le_bytes()));
        }
        let cycles = cycles(&sent, 41 * expected.len() + 500);
        let outputs = system().run(&cycles, 1);
        let line: Vec<bool> = outputs[1..].iter().map(|output| output[0] == [1]).collect();
        assert_eq!(bytes(&line, CLOCKS_PER_BIT), expected);
        assert_eq!(status(&outputs), [7]);
    }

    #[test]
    fn each_fault_sets_its_flag_for_good() {
        let mut broken = cycles(&[0x80, 0xff, 0x80], 100);
        // The line is low where the stop bit should be, twice; the byte between them has no start bit of its own then.
        for stop_bit in [2 + 36, 2 + 80 + 36] {
            (stop_bit..stop_bit + 5).for_each(|cycle| broken[cycle][1] = vec![0]);
        }
        assert_eq!(status(&system().run(&broken, 1)), [0, 7]);
        // More jobs than wait.
        let jobs: Vec<u8> = (0..7).flat_map(|_| job_frame(3, 7, 2)).collect();
        let outputs = system().run(&cycles(&jobs, 100), 1);
        assert!(status(&outputs).contains(&1) && status(&outputs).contains(&5), "{:?}", status(&outputs));
        // More weights than the FIFO and two tiles hold.
        let weights = frames(WEIGHT_HEADER, &[0; 2 * 18], 2);
        assert_eq!(status(&system().run(&cycles(&weights, 100), 1)), [1, 5, 7]);
        assert_eq!(status(&system().run(&cycles(&[3], 100), 1)), [2, 7]);
        // A byte that no five trits make, in a tile that a job needs.
        let weights = frames(WEIGHT_HEADER, &[8; 6], 2);
        let sent = [job_frame(3, 7, 2), weights].concat();
        assert_eq!(status(&system().run(&cycles(&sent, 100), 1)), [3, 7]);
        // A job of two tiles that keeps six words for the second where four fit.
        let activations = frames(ACTIVATION_HEADER, &[0; 32], 8);
        let weights = frames(WEIGHT_HEADER, &[0; 12], 2);
        let sent = [job_frame(6, 21, 2), activations, weights].concat();
        assert_eq!(status(&system().run(&cycles(&sent, 500), 1)), [4, 7]);
    }

    #[test]
    fn a_line_that_is_too_fast_is_refused() {
        let error = SerialSystem::new(&parameters(), 3).expect_err("a size");
        assert_eq!(error.to_string(), "clocks-per-bit 3 is out of range: it must be 4 to 65536");
    }

    #[test]
    fn synthesises() {
        system().assert_synthesises();
    }
}
