//! Bytes to a serial line: one start bit, eight data bits, lowest first, no parity, one stop bit.
//!
//! ```text
//!               +--------------------+
//! byte_valid -->|                    |
//! byte_ready <--|  uart_transmitter  |--> serial_out
//!  byte_data ==>|                    |
//!      reset -->+---------/\---------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, leaves the line idle |
//! | `byte_valid`, `byte_ready` | in, out | 1, 1 | a byte is taken when both are high at the edge |
//! | `byte_data` | in | 8 | the byte |
//! | `serial_out` | out | 1 | the line, high when idle |
//!
//! Parameters: `clocks_per_bit` >= 2. Latency: 1; a byte in 10 bits and a cycle. Golden: the bits of the byte.
//!
//! The line is the inverse of a register, free of glitches and high from reset on.
//!
//! Does not: hold a second byte.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Number, Register, ResetRegister, clog2, unsigned_cast};

/// Bits of a byte on the line.
const FRAME_BITS: usize = 10;

/// The sending end of a serial line.
#[derive(LogicBlock, Debug)]
pub struct UartTransmitter {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Leaves the line idle.
    pub reset: Bus<In>,
    /// A byte is offered.
    pub byte_valid: Bus<In>,
    /// It is taken.
    pub byte_ready: Bus<Out>,
    /// The byte.
    pub byte_data: Bus<In>,
    /// The line.
    pub serial_out: Bus<Out>,
    timer: Register,
    bits_left: ResetRegister,
    /// The start bit and the byte, inverted; the stop bit is what a shift leaves.
    shift: ResetRegister,
    accept: Bus<Local>,
    idle: Bus<Local>,
    bit_over: Bus<Local>,
    inverted: Bus<Local>,
    whole_bit: Number,
    frame_bits: Number,
    start_bit: Number,
}

impl UartTransmitter {
    /// A sender of bits that are `clocks_per_bit` >= 2 cycles long.
    pub fn new(clocks_per_bit: u32) -> Self {
        assert!(clocks_per_bit >= 2, "a bit is counted");
        let clocks = u64::from(clocks_per_bit);
        let timer_bits = clog2(clocks);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            byte_valid: Bus::new(1),
            byte_ready: Bus::new(1),
            byte_data: Bus::new(8),
            serial_out: Bus::new(1),
            timer: Register::new(timer_bits),
            bits_left: ResetRegister::new(4),
            shift: ResetRegister::new(FRAME_BITS - 1),
            accept: Bus::new(1),
            idle: Bus::new(1),
            bit_over: Bus::new(1),
            inverted: Bus::new(8),
            whole_bit: Number::new(clocks - 1, timer_bits),
            frame_bits: Number::new(FRAME_BITS as u64, 4),
            start_bit: Number::new(1, FRAME_BITS - 1),
        }
    }
}

impl Logic for UartTransmitter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Bytes to a serial line.");
        clock!(self, clock, timer, bits_left, shift);
        self.bits_left.reset.next = self.reset.val();
        self.shift.reset.next = self.reset.val();

        self.idle.next = (self.bits_left.q.val() == 0).into();
        self.accept.next = self.byte_valid.val() & self.idle.val();
        self.bit_over.next = !self.idle.val() & (self.timer.q.val() == 0).into();
        self.inverted.next = !self.byte_data.val();

        self.timer.enable.next = self.byte_valid.val() | !self.idle.val();
        self.bits_left.enable.next = self.accept.val() | self.bit_over.val();
        self.shift.enable.next = self.accept.val() | self.bit_over.val();
        if self.accept.val().any() {
            self.bits_left.d.next = self.frame_bits.val();
            self.shift.d.next =
                (unsigned_cast(self.inverted.val(), self.shift.d.bits()) << 1) | self.start_bit.val();
        } else {
            self.bits_left.d.next = self.bits_left.q.val() - 1;
            self.shift.d.next = self.shift.q.val() >> 1;
        }
        if (self.accept.val() | self.bit_over.val()).any() {
            self.timer.d.next = self.whole_bit.val();
        } else {
            self.timer.d.next = self.timer.q.val() - 1;
        }

        self.byte_ready.next = self.idle.val();
        self.serial_out.next = (!self.shift.q.val().get_bit(0)).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::line::frame;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn transmitter(clocks_per_bit: u32) -> Bench<UartTransmitter> {
        bench!(
            UartTransmitter::new(clocks_per_bit),
            "uart_transmitter": reset, byte_valid, byte_data => byte_ready, serial_out
        )
    }

    fn cycle(reset: bool, valid: bool, byte: u8) -> Values {
        vec![vec![reset.into()], vec![valid.into()], vec![byte.into()]]
    }

    #[test]
    fn equals_the_bits_of_the_bytes() {
        for clocks in [2, 4, 25] {
            let mut random = Random::new(clocks as u64);
            let mut cycles = vec![cycle(true, false, 0)];
            let mut expected: Vec<Values> = vec![];
            // The line from this cycle on; empty when it is idle.
            let mut line: Vec<bool> = vec![];
            let mut sent = 0;
            for i in 0..20_000 {
                let eager = [5, 100][i / 1000 % 2];
                let [valid, reset] = [random.chance(eager), random.below(3000) == 0];
                let byte = random.bits().to_le_bytes()[0];
                cycles.push(cycle(reset, valid, byte));
                let level = line.first().is_none_or(|&level| level);
                expected.push(vec![vec![line.is_empty().into()], vec![level.into()]]);
                if reset {
                    line.clear();
                } else if line.is_empty() && valid {
                    line = frame(byte).iter().flat_map(|&bit| vec![bit; clocks]).collect();
                    sent += 1;
                } else if !line.is_empty() {
                    line.remove(0);
                }
            }
            assert!(sent > 40, "too few to tell: {sent}");
            let outputs = transmitter(clocks.try_into().expect("a size")).run(&cycles, 1);
            assert_eq!(outputs[1..], expected);
        }
    }

    #[test]
    fn the_start_bit_follows_in_the_next_cycle_and_a_byte_takes_ten_bits() {
        let mut cycles = vec![cycle(false, false, 0); 50];
        cycles[0] = cycle(true, false, 0);
        cycles[3] = cycle(false, true, 0xff);
        let outputs = transmitter(4).run(&cycles, 1);
        let low: Vec<usize> = (1..50).filter(|&cycle| outputs[cycle][1][0] == 0).collect();
        assert_eq!(low, [4, 5, 6, 7]);
        let busy: Vec<usize> = (1..50).filter(|&cycle| outputs[cycle][0][0] == 0).collect();
        assert_eq!((busy[0], busy.len()), (4, 40));
    }

    #[test]
    fn synthesises() {
        transmitter(2).assert_synthesises();
        transmitter(50).assert_synthesises();
    }
}
