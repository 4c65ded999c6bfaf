//! Flip-flops, the leaves of every pipeline.
//!
//! ```text
//!          +-----------+
//!   d ---->|           |----> q
//!  enable->|  register |
//!  reset ->|           |
//!          +----/\-----+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `reset` | in | 1 | synchronous, clears `q`, before `enable` (`ResetRegister` only) |
//! | `enable` | in | 1 | takes `d` at this edge |
//! | `d`, `q` | in, out | the constructor's | |
//!
//! Latency 1 cycle. RustHDL's own `DFF` has neither enable nor reset, and an initial value that an ASIC cannot have;
//! these power up unknown, and what must be known after reset uses `ResetRegister`.
//!
//! The text is Verilog written by hand that the emitter sets into the parent instead of an instance. There an input
//! becomes the expression that drives it, so each stands alone: a whole condition or a whole right-hand side.

use rust_hdl::prelude::*;

use super::{Bus, Pack, Wires};

/// Marks hand-written Verilog that is set into the parent module instead of becoming a module.
pub(crate) const INLINE: &str = "// inline\n";

fn clocked(text: &str) -> Verilog {
    Verilog::Custom(format!("{INLINE}always @(posedge clock)\n{text}"))
}

/// A register of one bus, without reset.
#[derive(LogicBlock, Clone, Debug)]
pub struct Register {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Takes `d` at this edge.
    pub enable: Bus<In>,
    /// What the register takes.
    pub d: Bus<In>,
    /// What it holds.
    pub q: Bus<Out>,
}

impl Register {
    /// A register of `bits` bits.
    pub fn new(bits: usize) -> Self {
        Self { clock: Signal::default(), enable: Bus::new(1), d: Bus::new(bits), q: Bus::new(bits) }
    }
}

impl Logic for Register {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.enable.val().any() {
            self.q.next = self.d.val();
        }
    }
    fn connect(&mut self) {
        self.q.connect();
    }
    fn hdl(&self) -> Verilog {
        clocked("  if (enable) q <= d;\n")
    }
}

/// A register of a pack, without reset.
#[derive(LogicBlock, Clone, Debug)]
pub struct Bank {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Takes `d` at this edge.
    pub enable: Bus<In>,
    /// What the register takes.
    pub d: Pack<Bus<In>>,
    /// What it holds.
    pub q: Pack<Bus<Out>>,
}

impl Bank {
    /// A register of `count` elements of `bits` bits each.
    pub fn new(count: usize, bits: usize) -> Self {
        let (d, q) = (Pack::new(count, bits), Pack::new(count, bits));
        Self { clock: Signal::default(), enable: Bus::new(1), d, q }
    }
}

impl Logic for Bank {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.enable.val().any() {
            Wires::join(&mut self.d, &mut self.q);
        }
    }
    fn connect(&mut self) {
        self.q.connect();
    }
    fn hdl(&self) -> Verilog {
        clocked("  if (enable) q <= d;\n")
    }
}

/// A register of one bus that a synchronous reset clears.
#[derive(LogicBlock, Clone, Debug)]
pub struct ResetRegister {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Clears `q` at this edge, whatever `enable` says.
    pub reset: Bus<In>,
    /// Takes `d` at this edge.
    pub enable: Bus<In>,
    /// What the register takes.
    pub d: Bus<In>,
    /// What it holds.
    pub q: Bus<Out>,
}

impl ResetRegister {
    /// A register of `bits` bits.
    pub fn new(bits: usize) -> Self {
        let (reset, enable) = (Bus::new(1), Bus::new(1));
        Self { clock: Signal::default(), reset, enable, d: Bus::new(bits), q: Bus::new(bits) }
    }
}

impl Logic for ResetRegister {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            if self.reset.val().any() {
                self.q.next = super::Word::new(0, self.q.bits());
            } else if self.enable.val().any() {
                self.q.next = self.d.val();
            }
        }
    }
    fn connect(&mut self) {
        self.q.connect();
    }
    fn hdl(&self) -> Verilog {
        let zero = format!("{}'d0", self.q.bits());
        clocked(&format!("  if (reset) q <= {zero};\n  else if (enable) q <= d;\n"))
    }
}
