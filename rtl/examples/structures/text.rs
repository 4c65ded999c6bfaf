//! Verilog of a column, a signal at a time.

use std::fmt::Write;

/// Bits of an activation.
pub(crate) const ACTIVATION: usize = contract::widths::ACTIVATION_BITS as usize;

/// Bits of an accumulator.
pub(crate) const ACC: usize = 24;

/// Token slots.
pub(crate) const SLOTS: usize = 4;

/// What accompanies a sum: its slot and whether it starts the slot from zero, and the same of the sum that follows, as
/// `dot_unit` has them.
pub(crate) const CONTROL: [(&str, usize); 7] = [
    ("accumulate", 1),
    ("emit", 1),
    ("slot", 2),
    ("first", 1),
    ("next_slot", 2),
    ("next_first", 1),
    ("again", 1),
];

/// A signal, two's complement.
#[derive(Clone, Debug)]
pub(crate) struct Signal {
    pub(crate) name: String,
    pub(crate) bits: usize,
}

/// The body of a module.
#[derive(Debug, Default)]
pub(crate) struct Body {
    text: String,
    signals: usize,
}

impl Body {
    pub(crate) fn line(&mut self, line: &str) {
        self.text += line;
        self.text += "\n";
    }

    fn signal(&mut self, bits: usize) -> Signal {
        self.signals += 1;
        Signal { name: format!("s{}", self.signals), bits }
    }

    pub(crate) fn wire(&mut self, bits: usize, value: &str) -> Signal {
        let signal = self.signal(bits);
        self.line(&format!("wire signed [{}:0] {} = {value};", bits - 1, signal.name));
        signal
    }

    pub(crate) fn register(&mut self, bits: usize, value: &str) -> Signal {
        let signal = self.signal(bits);
        let name = &signal.name;
        self.line(&format!("reg signed [{}:0] {name}; always @(posedge aclk) {name} <= {value};", bits - 1));
        signal
    }

    /// A register with a synchronous clear, which costs no lookup table.
    pub(crate) fn cleared(&mut self, bits: usize, value: &str, clear: &str) -> Signal {
        let signal = self.signal(bits);
        let name = &signal.name;
        self.line(&format!("reg signed [{}:0] {name};", bits - 1));
        self.line(&format!("always @(posedge aclk) if ({clear}) {name} <= 0; else {name} <= {value};"));
        signal
    }

    pub(crate) fn delay(&mut self, bits: usize, value: &str, cycles: usize) -> Signal {
        let first = Signal { name: value.to_owned(), bits };
        (0..cycles).fold(first, |signal, _| self.register(bits, &signal.name))
    }

    /// `bits` bits from `low` on, of a signal of any name.
    pub(crate) fn slice(&mut self, of: &str, low: usize, bits: usize) -> Signal {
        self.wire(bits, &format!("{of}[{low} +: {bits}]"))
    }

    /// left + right + carry. The carry comes from a place more at the lower end, {left, 1} + {right, carry}.
    pub(crate) fn add(&mut self, left: &Signal, right: &Signal, carry: Option<&Signal>) -> Signal {
        let bits = left.bits.max(right.bits) + 1;
        let (l, r) = (&left.name, &right.name);
        match carry {
            None => self.wire(bits, &format!("{l} + {r}")),
            Some(Signal { name: c, .. }) => {
                let sum = self.wire(bits + 1, &format!("$signed({{{l}, 1'b1}}) + $signed({{{r}, {c}}})"));
                self.slice(&sum.name, 1, bits)
            }
        }
    }

    /// left + right, or left - right with `minus`, as `adder_level` does.
    pub(crate) fn add_or_subtract(&mut self, left: &Signal, right: &Signal, minus: &str) -> Signal {
        let bits = left.bits.max(right.bits) + 1;
        let (l, r, last) = (&left.name, &right.name, right.bits);
        let difference = self.wire(
            bits + 1,
            &format!("$signed({{{l}, {minus}}}) - $signed({{{r} ^ {{{last}{{~{minus}}}}}, 1'b1}})"),
        );
        self.slice(&difference.name, 1, bits)
    }

    /// The module `name`, with ports one a line, as `synthesis` reads them.
    pub(crate) fn module(self, name: &str, inputs: &[(&str, usize)], output: (&str, usize)) -> String {
        let mut text = format!("\nmodule {name} (\n  input wire aclk,\n");
        for (name, bits) in inputs {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  input wire [{}:0] {name},", bits - 1);
        }
        let _ = writeln!(text, "  output wire [{}:0] {}\n);", output.1 - 1, output.0);
        text + &self.text + "endmodule\n"
    }

    /// The module `shared`, which registers `made` together: as one signal it is simulated far faster.
    pub(crate) fn made(mut self, lanes: usize, made: &[Signal]) -> String {
        let bits: usize = made.iter().map(|signal| signal.bits).sum();
        let names: Vec<&str> = made.iter().rev().map(|signal| signal.name.as_str()).collect();
        let all = self.register(bits, &format!("{{{}}}", names.join(", "))).name;
        self.line(&format!("assign made = {all};"));
        self.module("shared", &[("activation", lanes * ACTIVATION)], ("made", bits))
    }

    /// The module `column`.
    pub(crate) fn column(self, activation_bits: usize, trit_bits: usize, columns: usize) -> String {
        let mut inputs = vec![("activation", activation_bits), ("trits", trit_bits)];
        inputs.extend(CONTROL);
        self.module("column", &inputs, ("result", ACC * columns))
    }
}

/// A partial sum and what it still owes: one sign (it is to be negated), or carries that are to be added.
#[derive(Clone, Debug)]
pub(crate) struct Partial {
    pub(crate) sum: Signal,
    pub(crate) side: Vec<Signal>,
}

impl Partial {
    pub(crate) fn register(&self, body: &mut Body) -> Self {
        Self {
            sum: body.register(self.sum.bits, &self.sum.name),
            side: self.side.iter().map(|side| body.register(side.bits, &side.name)).collect(),
        }
    }
}

/// Neighbours, `arity` at a time, joined until one is left; registered after every `every` levels and at the end. The root,
/// and the cycles to it.
pub(crate) fn tree(
    body: &mut Body,
    mut partials: Vec<Partial>,
    arity: usize,
    every: usize,
    join: impl Fn(&mut Body, usize, &[Partial]) -> Partial,
) -> (Partial, usize) {
    let (mut level, mut cycles) = (0, 0);
    while partials.len() > 1 {
        let joined = |neighbours: &[Partial]| {
            if let [single] = neighbours { single.clone() } else { join(body, level, neighbours) }
        };
        partials = partials.chunks(arity).map(joined).collect();
        level += 1;
        if level % every == 0 || partials.len() == 1 {
            partials = partials.iter().map(|partial| partial.register(body)).collect();
            cycles += 1;
        }
    }
    (partials.remove(0), cycles)
}

/// C-LANE-2. In the first level the right sign is already relative to the left one (what a decoder can give).
pub(crate) fn join_signs(body: &mut Body, level: usize, pair: &[Partial]) -> Partial {
    let [left, right] = pair else { unreachable!("pairs") };
    let minus = if level == 0 {
        right.side[0].name.clone()
    } else {
        body.wire(1, &format!("{} ^ {}", left.side[0].name, right.side[0].name)).name
    };
    Partial { sum: body.add_or_subtract(&left.sum, &right.sum, &minus), side: left.side.clone() }
}

/// A sum that takes one of the carries that its operands owe; the others go on.
pub(crate) fn join_carries(body: &mut Body, _: usize, pair: &[Partial]) -> Partial {
    let [left, right] = pair else { unreachable!("pairs") };
    let mut side = [left.side.clone(), right.side.clone()].concat();
    // The one that has the fewest registers behind it is as good as any other.
    let carry = side.pop();
    Partial { sum: body.add(&left.sum, &right.sum, carry.as_ref()), side }
}
