//! Bytes from a serial line: one start bit, eight data bits, lowest first, no parity, one stop bit.
//!
//! ```text
//!              +-----------------+
//! serial_in -->|                 |--> byte_valid
//!              |  uart_receiver  |==> byte_data
//!     reset -->+-------/\--------+--> framing_error
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets a byte that is under way |
//! | `serial_in` | in | 1 | the line, high when idle; it may change at any time |
//! | `byte_valid` | out | 1 | a byte has come; one cycle |
//! | `byte_data` | out | 8 | the byte, for a bit's time from then on |
//! | `framing_error` | out | 1 | a byte without stop bit was dropped; one cycle |
//!
//! Parameters: `clocks_per_bit` >= 4. Latency: from the first cycle of the start bit 9 bits and a half, rounded down, and
//! 3 cycles. Golden: the bytes that the line was made from.
//!
//! A bit is sampled in its middle, counted from the edge that begins the start bit. If the start bit is over by its
//! middle it was none. After a missing stop bit the line must rise before a byte can begin.
//!
//! Does not: wait for its receiver, vote over several samples, or measure the rate.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Number, Register, ResetRegister, clog2, unsigned_cast};

/// The receiving end of a serial line.
#[derive(LogicBlock, Debug)]
pub struct UartReceiver {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets a byte that is under way.
    pub reset: Bus<In>,
    /// The line.
    pub serial_in: Bus<In>,
    /// A byte has come.
    pub byte_valid: Bus<Out>,
    /// The byte.
    pub byte_data: Bus<Out>,
    /// A byte was dropped.
    pub framing_error: Bus<Out>,
    low_first: ResetRegister,
    low_second: ResetRegister,
    low_before: Register,
    busy: ResetRegister,
    timer: Register,
    /// 0 is the start bit, 9 the stop bit.
    place: Register,
    shift: Register,
    valid_register: ResetRegister,
    error_register: ResetRegister,
    level: Bus<Local>,
    start: Bus<Local>,
    sample: Bus<Local>,
    stop: Bus<Local>,
    no_start: Bus<Local>,
    half_bit: Number,
    whole_bit: Number,
    first_place: Number,
}

impl UartReceiver {
    /// A receiver of bits that are `clocks_per_bit` >= 4 cycles long.
    pub fn new(clocks_per_bit: u32) -> Self {
        assert!(clocks_per_bit >= 4, "a bit has a middle");
        let clocks = u64::from(clocks_per_bit);
        let timer_bits = clog2(clocks);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            serial_in: Bus::new(1),
            byte_valid: Bus::new(1),
            byte_data: Bus::new(8),
            framing_error: Bus::new(1),
            low_first: ResetRegister::new(1),
            low_second: ResetRegister::new(1),
            low_before: Register::new(1),
            busy: ResetRegister::new(1),
            timer: Register::new(timer_bits),
            place: Register::new(4),
            shift: Register::new(8),
            valid_register: ResetRegister::new(1),
            error_register: ResetRegister::new(1),
            level: Bus::new(1),
            start: Bus::new(1),
            sample: Bus::new(1),
            stop: Bus::new(1),
            no_start: Bus::new(1),
            half_bit: Number::new(clocks / 2 - 1, timer_bits),
            whole_bit: Number::new(clocks - 1, timer_bits),
            first_place: Number::new(0, 4),
        }
    }
}

impl Logic for UartReceiver {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Bytes from a serial line.");
        clock!(self, clock, low_first, low_second, low_before);
        clock!(self, clock, busy, timer, place);
        clock!(self, clock, shift, valid_register, error_register);
        self.low_first.reset.next = self.reset.val();
        self.low_second.reset.next = self.reset.val();
        self.busy.reset.next = self.reset.val();
        self.valid_register.reset.next = self.reset.val();
        self.error_register.reset.next = self.reset.val();

        // Two registers bring the line into this clock. They hold its inverse: reset leaves an idle line.
        self.low_first.enable.next = true.into();
        self.low_first.d.next = !self.serial_in.val();
        self.low_second.enable.next = true.into();
        self.low_second.d.next = self.low_first.q.val();
        self.low_before.enable.next = true.into();
        self.low_before.d.next = self.low_second.q.val();
        self.level.next = !self.low_second.q.val();

        self.start.next = !self.busy.q.val() & self.low_second.q.val() & !self.low_before.q.val();
        self.sample.next = self.busy.q.val() & (self.timer.q.val() == 0).into();
        self.no_start.next = self.sample.val() & self.level.val() & (self.place.q.val() == 0).into();
        self.stop.next = self.sample.val() & (self.place.q.val() == 9).into();

        self.busy.enable.next = self.start.val() | self.no_start.val() | self.stop.val();
        self.busy.d.next = self.start.val();
        self.timer.enable.next = self.start.val() | self.busy.q.val();
        self.place.enable.next = self.start.val() | self.sample.val();
        if self.start.val().any() {
            self.timer.d.next = self.half_bit.val();
        } else if self.sample.val().any() {
            self.timer.d.next = self.whole_bit.val();
        } else {
            self.timer.d.next = self.timer.q.val() - 1;
        }
        if self.start.val().any() {
            self.place.d.next = self.first_place.val();
        } else {
            self.place.d.next = self.place.q.val() + 1;
        }

        // The start bit enters, too, and leaves with the last data bit; the stop bit does not.
        self.shift.enable.next = self.sample.val() & !self.stop.val();
        self.shift.d.next = (self.shift.q.val() >> 1) | (unsigned_cast(self.level.val(), 8) << 7);
        self.valid_register.enable.next = true.into();
        self.valid_register.d.next = self.stop.val() & self.level.val();
        self.error_register.enable.next = true.into();
        self.error_register.d.next = self.stop.val() & self.low_second.q.val();

        self.byte_valid.next = self.valid_register.q.val();
        self.byte_data.next = self.shift.q.val();
        self.framing_error.next = self.error_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::line::frame;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn receiver(clocks_per_bit: u32) -> Bench<UartReceiver> {
        bench!(
            UartReceiver::new(clocks_per_bit),
            "uart_receiver": reset, serial_in => byte_valid, byte_data, framing_error
        )
    }

    fn cycles(levels: &[bool]) -> Vec<Values> {
        let idle = std::iter::once(vec![vec![1], vec![1]]);
        idle.chain(levels.iter().map(|&level| vec![vec![0], vec![level.into()]])).collect()
    }

    /// The cycles of the pulses, each with its byte, or `None` for a framing error.
    fn events(outputs: &[Values]) -> Vec<(usize, Option<u64>)> {
        let event = |(cycle, output): (usize, &Values)| match [output[0][0], output[2][0]] {
            [0, 0] => None,
            [1, 0] => Some((cycle, Some(output[1][0]))),
            [0, 1] => Some((cycle, None)),
            both => panic!("{both:?} in cycle {cycle}"),
        };
        outputs.iter().enumerate().skip(1).filter_map(event).collect()
    }

    fn latency(clocks_per_bit: usize) -> usize {
        9 * clocks_per_bit + clocks_per_bit / 2 + 3
    }

    /// Bytes back to back and apart, among them some whose stop bit is low, breaks, and lows too short for a start bit.
    #[test]
    fn equals_the_bytes_that_the_line_was_made_from() {
        for clocks in [4, 5, 25] {
            let mut random = Random::new(clocks as u64);
            let mut levels = vec![];
            let mut expected = vec![];
            for _ in 0..300 {
                let byte = random.bits().to_le_bytes()[0];
                // `cycles` puts one cycle before these.
                let event = 1 + levels.len() + latency(clocks);
                match random.below(10) {
                    0 => {
                        let short = random.below(clocks as u64 / 2) + 1;
                        levels.extend((0..short).map(|_| false));
                        levels.extend((0..clocks).map(|_| true));
                    }
                    1 => {
                        // The stop bit, and any number of cycles after it, stay low.
                        let bits = frame(byte);
                        levels.extend(bits[..9].iter().flat_map(|&bit| vec![bit; clocks]));
                        let low = clocks as u64 + random.below(30 * clocks as u64);
                        levels.extend((0..low).map(|_| false));
                        levels.extend((0..2 * clocks).map(|_| true));
                        expected.push((event, None));
                    }
                    _ => {
                        levels.extend(frame(byte).iter().flat_map(|&bit| vec![bit; clocks]));
                        let pause = random.pick(&[0, 0, 1, clocks as u64, 3 * clocks as u64]);
                        levels.extend((0..pause).map(|_| true));
                        expected.push((event, Some(byte.into())));
                    }
                }
            }
            levels.extend(vec![true; 4 * clocks]);
            let mut receiver = receiver(clocks.try_into().expect("a size"));
            // The byte is unknown until the first one has come.
            let known_from = expected[0].0 + 1;
            assert_eq!(events(&receiver.run(&cycles(&levels), known_from)), expected, "{clocks}");
        }
    }

    /// Bits that are 4 % too long or too short: half a bit of drift at the stop bit is what can be borne.
    #[test]
    fn a_rate_that_is_a_little_off_does_no_harm() {
        let mut random = Random::new(1);
        for clocks in [24, 26] {
            let bytes: Vec<u8> = (0..200).map(|_| random.bits().to_le_bytes()[0]).collect();
            let bits = bytes.iter().flat_map(|&byte| frame(byte));
            let mut levels: Vec<bool> = bits.flat_map(|bit| vec![bit; clocks]).collect();
            levels.extend(vec![true; 50]);
            let outputs = receiver(25).simulate(&cycles(&levels));
            let seen: Vec<Option<u64>> = events(&outputs).into_iter().map(|(_, byte)| byte).collect();
            assert_eq!(seen, bytes.iter().map(|&byte| Some(byte.into())).collect::<Vec<_>>(), "{clocks}");
        }
    }

    #[test]
    fn a_byte_comes_exactly_its_latency_after_its_start_bit() {
        for clocks in [4, 7] {
            let mut levels: Vec<bool> = frame(0xa5).iter().flat_map(|&bit| vec![bit; clocks]).collect();
            levels.extend(vec![true; 5]);
            let outputs =
                receiver(clocks.try_into().expect("a size")).run(&cycles(&levels), 1 + latency(clocks));
            let valid: Vec<usize> = (1..outputs.len()).filter(|&cycle| outputs[cycle][0][0] == 1).collect();
            assert_eq!(valid, [1 + latency(clocks)]);
            assert_eq!(outputs[valid[0]][1], [0xa5]);
        }
    }

    /// Reset begins anywhere before the stop bit, in some samples too, and ends with it; the next byte comes later.
    #[test]
    fn reset_forgets_the_byte_under_way() {
        for clocks in [4, 25] {
            let line = |byte| frame(byte).into_iter().flat_map(|bit| vec![bit; clocks]);
            let mut cycles = cycles(&[true; 4]);
            let mut expected = vec![];
            for begin in (0..9 * clocks).step_by(3) {
                let dropped = line(0xa5).enumerate().map(|(cycle, level)| (cycle >= begin, level));
                let idle = |bits: usize| vec![true; bits * clocks];
                let rest = idle(15).into_iter().chain(line(0x3c)).chain(idle(3)).map(|level| (false, level));
                expected.push((cycles.len() + 25 * clocks + latency(clocks), Some(0x3c)));
                cycles.extend(
                    dropped.chain(rest).map(|(reset, level)| vec![vec![reset.into()], vec![level.into()]]),
                );
            }
            let mut receiver = receiver(clocks.try_into().expect("a size"));
            assert_eq!(events(&receiver.run(&cycles, expected[0].0 + 1)), expected);
        }
    }

    #[test]
    fn synthesises() {
        receiver(4).assert_synthesises();
        receiver(50).assert_synthesises();
    }
}
