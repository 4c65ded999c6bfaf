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

/// Before a name and a line's end: hand-written Verilog that is a module of that name, whatever field holds it.
pub(crate) const NAMED: &str = "// module ";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Values, bench};

    /// Cycles of (reset, enable, d of `count` elements): one that resets, one that enables, then at random.
    fn cycles(count: usize, random: &mut Random) -> Vec<Values> {
        let mut cycle = |i| {
            let [reset, enable] =
                if i < 2 { [u64::from(i == 0), 1] } else { [random.chance(10).into(), random.below(2)] };
            vec![vec![reset], vec![enable], (0..count).map(|_| random.below(1 << 8)).collect()]
        };
        (0..100_000).map(&mut cycle).collect()
    }

    /// What a register holds in each cycle, from the second on.
    fn golden(cycles: &[Values], with_reset: bool) -> Vec<Values> {
        let mut q = cycles[0][2].clone();
        let mut out = vec![];
        for cycle in cycles {
            if with_reset && cycle[0][0] == 1 {
                q.fill(0);
            } else if cycle[1][0] == 1 {
                q.clone_from(&cycle[2]);
            }
            out.push(vec![q.clone()]);
        }
        out
    }

    #[test]
    fn a_register_equals_a_variable_over_100_000_random_cycles() {
        let all = cycles(1, &mut Random::new(1));
        let inputs: Vec<Values> = all.iter().map(|cycle| cycle[1..].to_vec()).collect();
        let outputs = bench!(Register::new(8), "register": enable, d => q).run(&inputs, 2);
        assert_eq!(outputs[2..], golden(&all, false)[1..all.len() - 1]);
    }

    #[test]
    fn a_bank_equals_variables_over_100_000_random_cycles() {
        let all = cycles(3, &mut Random::new(2));
        let inputs: Vec<Values> = all.iter().map(|cycle| cycle[1..].to_vec()).collect();
        let outputs = bench!(Bank::new(3, 8), "bank": enable, d => q).run(&inputs, 2);
        assert_eq!(outputs[2..], golden(&all, false)[1..all.len() - 1]);
    }

    #[test]
    fn a_reset_register_equals_a_variable_over_100_000_random_cycles() {
        let all = cycles(1, &mut Random::new(3));
        let outputs = bench!(ResetRegister::new(8), "reset_register": reset, enable, d => q).run(&all, 1);
        assert_eq!(outputs[1..], golden(&all, true)[..all.len() - 1]);
    }

    #[test]
    fn they_synthesise() {
        bench!(Register::new(8), "register": enable, d => q).assert_synthesises();
        bench!(Bank::new(3, 8), "bank": enable, d => q).assert_synthesises();
        bench!(ResetRegister::new(8), "reset_register": reset, enable, d => q).assert_synthesises();
    }
}
