//! The top for the ULX3S, a board with a Lattice ECP5 LFE5U-85F, and its constraints.
//!
//! ```text
//!             +---------+
//! clk_25mhz ->|         |-> ftdi_rxd
//!  ftdi_txd ->|  ulx3s  |=> led
//!       btn =>|         |-> wifi_gpio0
//!             +---------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clk_25mhz` | in | 1 | the board's oscillator |
//! | `ftdi_txd`, `ftdi_rxd` | in, out | 1, 1 | the lines from and to the host, [`BAUD`] |
//! | `btn` | in | 7 | `btn[1]`, FIRE1, resets while it is pressed; the others do nothing |
//! | `led` | out | 8 | [`super::serial_system::STATUS`] |
//! | `wifi_gpio0` | out | 1 | high, which keeps the ESP32 from loading the FPGA anew |
//!
//! A PLL is a primitive of the vendor's, which RustHDL cannot describe: this one module is a text. Its clock comes from
//! `EHXPLLL`, whose names and limits are those of Lattice's ECP5 family data sheet (FPGA-DS-02012, sysCLOCK PLL Timing).
//! The phase detector compares the oscillator itself with the VCO divided down to 25 MHz, since it takes no less than
//! 10 MHz; so the VCO is a multiple of 25 MHz, and the clock is a divisor of that.

use crate::board::serial_system::SerialSystem;
use crate::{EngineParameters, Error, verilog};

/// Bits a second on the line.
pub const BAUD: u32 = 1_000_000;

const OSCILLATOR_MHZ: u32 = 25;

/// The VCO's frequencies, and one amid them.
const LEAST_VCO_MHZ: u32 = 400;
const MOST_VCO_MHZ: u32 = 800;
const CENTRE_VCO_MHZ: u32 = 600;

/// The PLL's fastest output.
const MOST_CLOCK_MHZ: u32 = 400;

/// What an output of the PLL divides by, at most.
const MOST_DIVISION: u32 = 128;

/// What a tool needs to make a bit stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ulx3s {
    /// The text of `ulx3s.v`: top module `ulx3s`, and everything in it but the PLL.
    pub verilog: String,
    /// The text of `ulx3s.lpf`: pins, and the oscillator's frequency.
    pub constraints: &'static str,
}

/// The engine that `parameters` describe on the ULX3S, at `clock_mhz`.
///
/// The same parameters give the same text.
///
/// # Errors
///
/// A size outside its range, or a clock that the PLL cannot make exactly.
pub fn ulx3s(parameters: &EngineParameters, clock_mhz: u32) -> Result<Ulx3s, Error> {
    let pll = Pll::of(clock_mhz)?;
    let mut system = SerialSystem::new(parameters, clock_mhz * 1_000_000 / BAUD)?;
    let system = verilog::emit(&mut system, "serial_system")?;
    let verilog = top(clock_mhz, &pll) + &system;
    Ok(Ulx3s { verilog, constraints: include_str!("ulx3s.lpf") })
}

/// What the PLL divides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pll {
    /// From the VCO to the oscillator's frequency.
    feedback: u32,
    /// From the VCO to the clock.
    clock: u32,
}

impl Pll {
    fn of(clock_mhz: u32) -> Result<Self, Error> {
        let vco = |feedback: &u32| OSCILLATOR_MHZ * feedback;
        let possible = (1..=MOST_CLOCK_MHZ).contains(&clock_mhz);
        (LEAST_VCO_MHZ / OSCILLATOR_MHZ..=MOST_VCO_MHZ / OSCILLATOR_MHZ)
            .filter(|feedback| possible && vco(feedback).is_multiple_of(clock_mhz))
            .map(|feedback| Self { feedback, clock: vco(&feedback) / clock_mhz })
            .filter(|pll| pll.clock <= MOST_DIVISION)
            .min_by_key(|pll| vco(&pll.feedback).abs_diff(CENTRE_VCO_MHZ))
            .ok_or(Error::Clock { clock_mhz })
    }
}

/// The module `ulx3s`.
fn top(clock_mhz: u32, pll: &Pll) -> String {
    let Pll { feedback, clock } = *pll;
    // An output whose phase is its division less one starts with the VCO.
    let (feedback_phase, clock_phase) = (feedback - 1, clock - 1);
    format!(
        "\
// ulx3s: a ternary matrix engine behind the serial port of the board ULX3S, {BAUD} bits a second.
// {OSCILLATOR_MHZ} MHz x {feedback} / {clock} = {clock_mhz} MHz.
module ulx3s (
  input  wire       clk_25mhz,
  input  wire       ftdi_txd,
  output wire       ftdi_rxd,
  input  wire [6:0] btn,
  output wire [7:0] led,
  output wire       wifi_gpio0
);
  wire clock;
  wire reference;
  wire locked;

  (* FREQUENCY_PIN_CLKI = \"{OSCILLATOR_MHZ}\" *)
  (* FREQUENCY_PIN_CLKOP = \"{clock_mhz}\" *)
  (* FREQUENCY_PIN_CLKOS = \"{OSCILLATOR_MHZ}\" *)
  (* ICP_CURRENT = \"12\" *) (* LPF_RESISTOR = \"8\" *) (* MFG_ENABLE_FILTEROPAMP = \"1\" *) (* MFG_GMCREF_SEL = \"2\" *)
  EHXPLLL #(
    .CLKI_DIV(1),
    .CLKFB_DIV(1),
    .FEEDBK_PATH(\"CLKOS\"),
    .CLKOP_ENABLE(\"ENABLED\"),
    .CLKOP_DIV({clock}),
    .CLKOP_CPHASE({clock_phase}),
    .CLKOP_FPHASE(0),
    .CLKOS_ENABLE(\"ENABLED\"),
    .CLKOS_DIV({feedback}),
    .CLKOS_CPHASE({feedback_phase}),
    .CLKOS_FPHASE(0),
    .OUTDIVIDER_MUXA(\"DIVA\"),
    .OUTDIVIDER_MUXB(\"DIVB\"),
    .OUTDIVIDER_MUXC(\"DIVC\"),
    .OUTDIVIDER_MUXD(\"DIVD\"),
    .PLLRST_ENA(\"DISABLED\"),
    .INTFB_WAKE(\"DISABLED\"),
    .STDBY_ENABLE(\"DISABLED\"),
    .DPHASE_SOURCE(\"DISABLED\")
  ) pll (
    .CLKI(clk_25mhz),
    .CLKFB(reference),
    .CLKOP(clock),
    .CLKOS(reference),
    .LOCK(locked),
    .RST(1'b0),
    .STDBY(1'b0),
    .PHASESEL0(1'b0),
    .PHASESEL1(1'b0),
    .PHASEDIR(1'b1),
    .PHASESTEP(1'b1),
    .PHASELOADREG(1'b1),
    .PLLWAKESYNC(1'b0),
    .ENCLKOP(1'b0),
    .ENCLKOS(1'b0)
  );

  // The button and the lock may change at any time: one register samples both, the others let it settle.
  reg [3:0] running = 4'd0;
  always @(posedge clock) running <= {{running[2:0], locked & ~btn[1]}};

  serial_system serial_system (
    .clock(clock),
    .reset_n(running[3]),
    .serial_in(ftdi_txd),
    .serial_out(ftdi_rxd),
    .status(led)
  );

  assign wifi_gpio0 = 1'b1;
endmodule
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parameters;
    use crate::eda::{self, Tool};

    fn small() -> EngineParameters {
        EngineParameters::of(Parameters { lanes: 7, columns: 3, tokens: 2, stream_bits: 16, acc_bits: 24 })
    }

    #[test]
    fn every_clock_is_exact_and_keeps_the_limits_or_is_refused() {
        for clock_mhz in 0..=1000_u32 {
            let possible = (4..=32).contains(&clock_mhz)
                || clock_mhz.is_multiple_of(5) && (4..=160).contains(&clock_mhz)
                || clock_mhz.is_multiple_of(25) && (4..=400).contains(&clock_mhz);
            let pll = Pll::of(clock_mhz);
            assert_eq!(pll.is_ok(), possible, "{clock_mhz} MHz: {pll:?}");
            let Ok(pll) = pll else { continue };
            assert_eq!(pll.clock * clock_mhz, 25 * pll.feedback);
            assert!((400..=800).contains(&(25 * pll.feedback)) && pll.clock <= 128 && pll.feedback <= 128);
        }
    }

    #[test]
    fn a_clock_that_the_pll_cannot_make_is_refused() {
        let error = ulx3s(&small(), 48).expect_err("no such clock");
        assert_eq!(
            error.to_string(),
            "clock 48 MHz cannot be made of the board's 25 MHz: it must be 4 to 32, a multiple of 5 up to 160, or of 25 up to 400"
        );
    }

    /// Every port has a pin, and every pin a port.
    #[test]
    fn the_constraints_name_the_ports_of_the_top() {
        let located = |line: &str| {
            let name = line.strip_prefix("LOCATE COMP \"")?;
            Some(name.split('"').next()?.to_owned())
        };
        let mut pins: Vec<String> =
            ulx3s(&small(), 50).expect("a board").constraints.lines().filter_map(located).collect();
        let mut ports = ["clk_25mhz", "ftdi_txd", "ftdi_rxd", "wifi_gpio0"].map(str::to_owned).to_vec();
        ports.extend((0..7).map(|i| format!("btn[{i}]")));
        ports.extend((0..8).map(|i| format!("led[{i}]")));
        pins.sort();
        ports.sort();
        assert_eq!(pins, ports);
    }

    #[test]
    fn yosys_takes_it_for_the_ecp5() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let board = ulx3s(&small(), 50).expect("a board");
        eda::write(&dir.path().join("ulx3s.v"), &board.verilog).expect("a file");
        let script = "read_verilog ulx3s.v; synth_ecp5 -top ulx3s; check -assert; \
                      select -assert-count 1 t:EHXPLLL; select -assert-none t:MULT18X18D";
        Tool::Yosys.run(dir.path(), &["-q", "-p", script]).expect("Yosys accepts it");
    }
}
