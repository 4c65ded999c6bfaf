//! Verilog from the RustHDL blocks.
//!
//! RustHDL's own generator writes one module for each instance, named by its path, with width warnings. The generator
//! here takes the same syntax trees and writes what a person would: one module for each distinct block, ports declared
//! in the header, no `$` in a name, registers as clocked assignments, every operand as wide as its operator needs.
//!
//! | file | does |
//! |---|---|
//! | `netlist` | walks the design, keeps each distinct module once, names them |
//! | `lower` | unrolls loops and resolves names |
//! | `module` | drops copies, connects instances |
//! | `text` | prints a module's parts |
//! | `expression` | prints expressions, each with its width |

mod expression;
mod lower;
mod module;
mod netlist;
mod text;

use std::fmt::Write;

use rust_hdl::prelude::{Block, check_all};

use crate::mac_array::MacArray;
use crate::ternary_core::TernaryCore;
use crate::ternary_engine::TernaryEngine;
use crate::ternary_engine_axi::TernaryEngineAxi;
use crate::{EngineParameters, Error, Parameters};
use module::{Body, Direction, Port};
use netlist::{Netlist, identifier};
use text::range;

/// Why a design has no Verilog: always a fault of the design, never of its user.
#[derive(Clone, Debug, PartialEq, Eq)]
struct EmitError(String);

/// The text of `mac_array.v`: top module `mac_array`, and everything in it.
///
/// The same parameters give the same text.
///
/// # Errors
///
/// A size outside its range.
pub fn mac_array(parameters: &Parameters) -> Result<String, Error> {
    let mut array = MacArray::new(parameters)?;
    emit(&mut array, "mac_array")
}

/// The text of `ternary_core.v`: top module `ternary_core`, streams alone, and everything in it.
///
/// The same parameters give the same text.
///
/// # Errors
///
/// A size outside its range.
pub fn ternary_core(parameters: &EngineParameters) -> Result<String, Error> {
    let mut core = TernaryCore::new(parameters)?;
    engine_text(parameters, "ternary_core", "streams alone", &mut core)
}

/// The text of `ternary_engine.v`: top module `ternary_engine`, weights from an AXI4-Stream, and everything in it.
///
/// The same parameters give the same text.
///
/// # Errors
///
/// A size outside its range.
pub fn ternary_engine(parameters: &EngineParameters) -> Result<String, Error> {
    let mut engine = TernaryEngine::new(parameters)?;
    engine_text(parameters, "ternary_engine", "weights from an AXI4-Stream", &mut engine)
}

fn engine_text<B: Block>(
    parameters: &EngineParameters,
    name: &str,
    weights: &str,
    engine: &mut B,
) -> Result<String, Error> {
    let Parameters { lanes, columns, tokens, stream_bits, acc_bits } = parameters.array;
    let EngineParameters {
        activation_bits,
        activation_words,
        result_lanes,
        dividers,
        fifo_beats,
        burst_beats,
        ..
    } = *parameters;
    let (beats, latency) = (parameters.array.beats(), parameters.array.latency_cycles());
    let header = format!(
        "\
// {name}: a ternary matrix engine without multipliers, {weights}.
//
//   array         {lanes} lanes x {columns} columns x {tokens} token slots, accumulators {acc_bits} bits
//   streams       weights {stream_bits} bits, activations {activation_bits} bits, results {result_lanes} a beat
//   buffers       {activation_words} words of activations, {fifo_beats} beats of weights, bursts of {burst_beats} beats
//   requantiser   {dividers} x {result_lanes} dividers
//   timing        a step takes max(tokens, {beats}) cycles; {latency} cycles from activations to their result
//
// Made by: sim verilog --lanes {lanes} --columns {columns} --tokens {tokens} --stream-bits {stream_bits} \
--acc-bits {acc_bits}
//   --activation-bits {activation_bits} --activation-words {activation_words} --result-lanes {result_lanes} \
--dividers {dividers}
//   --fifo-beats {fifo_beats} --burst-beats {burst_beats} --out DIR
"
    );
    Ok(header + &emit(engine, name)?)
}

/// The text of `ternary_engine_axi.v`: top module `ternary_engine_axi`, weights fetched by an AXI4 read master, and
/// everything in it.
///
/// The same parameters give the same text.
///
/// # Errors
///
/// A size outside its range, or a stream that is no AXI4 data bus.
pub fn ternary_engine_axi(parameters: &EngineParameters) -> Result<String, Error> {
    let mut engine = TernaryEngineAxi::new(parameters)?;
    engine_text(parameters, "ternary_engine_axi", "weights fetched by an AXI4 read master", &mut engine)
}

/// The Verilog of any block, its top module named `name`.
///
/// # Errors
///
/// A block that RustHDL's checks reject, or that uses what this generator does not translate.
pub fn emit<B: Block>(block: &mut B, name: &str) -> Result<String, Error> {
    let fault = |why: String| Error::Design { block: name.to_owned(), why };
    block.connect_all();
    check_all(block).map_err(|why| fault(format!("{why:?}")))?;
    let netlist = Netlist::of(block, name).map_err(|EmitError(why)| fault(why))?;
    let names = netlist.names().map_err(|EmitError(why)| fault(why))?;
    let mut out = String::new();
    for module in netlist.reading_order() {
        print_module(&mut out, &names[module], &netlist.modules[module].body, &names)
            .map_err(|e| fault(e.to_string()))?;
    }
    Ok(out)
}

fn print_module(out: &mut String, name: &str, body: &Body, names: &[String]) -> std::fmt::Result {
    writeln!(out)?;
    if let Body::Structure { structure, .. } = body {
        structure.comments.iter().try_for_each(|comment| writeln!(out, "// {comment}"))?;
    }
    print_header(out, name, body)?;
    match body {
        Body::Text { text, .. } | Body::Inline { text, .. } => print_indented(out, text)?,
        Body::Structure { structure, .. } => {
            for part in [&structure.declarations, &structure.assigns, &structure.processes] {
                part.iter().try_for_each(|line| print_indented(out, line))?;
                if !part.is_empty() {
                    writeln!(out)?;
                }
            }
            for instance in &structure.instances {
                writeln!(out, "  {} {} (", names[instance.module], instance.name)?;
                let connections: Vec<String> = instance
                    .connections
                    .iter()
                    .map(|(port, value)| format!("    .{port}({value})"))
                    .collect();
                writeln!(out, "{}\n  );\n", connections.join(",\n"))?;
            }
            // The last part needs no blank line after it.
            out.truncate(out.trim_end().len());
            writeln!(out)?;
        }
    }
    writeln!(out, "endmodule")
}

fn print_header(out: &mut String, name: &str, body: &Body) -> std::fmt::Result {
    let is_reg = |port: &Port| match body {
        Body::Text { .. } => false,
        Body::Inline { .. } => port.direction == Direction::Output,
        Body::Structure { structure, .. } => structure.output_regs.contains(&port.name),
    };
    let ranges = body.ports().iter().map(|port| range(port.width).len()).max().unwrap_or(0);
    let port = |port: &Port| {
        let direction = match port.direction {
            Direction::Input => "input  wire",
            Direction::Output if is_reg(port) => "output reg ",
            Direction::Output => "output wire",
        };
        format!("  {direction} {:<ranges$}{}", range(port.width), identifier(&port.name))
    };
    let ports: Vec<String> = body.ports().iter().map(port).collect();
    writeln!(out, "module {name} (\n{}\n);", ports.join(",\n"))
}

fn print_indented(out: &mut String, text: &str) -> std::fmt::Result {
    text.lines().try_for_each(|line| writeln!(out, "  {line}"))
}

#[cfg(test)]
mod tests {
    use rust_hdl::prelude::*;

    use super::*;
    use crate::cosim::Random;
    use crate::hdl::{Bus, High, Low, Number, Pack, Recast, Register, Wires, signed_cast, unsigned_cast};
    use crate::testing::{Values, bench};

    /// What the blocks of the array do not use: conditions, comparisons, subtraction, shifts, reductions, nested indices.
    #[derive(LogicBlock)]
    struct Everything {
        clock: Signal<In, Clock>,
        a: Bus<In>,
        b: Bus<In>,
        grid: Pack<Pack<Bus<In>>>,
        padded: Pack<Bus<In>>,
        larger: Bus<Out>,
        difference: Bus<Out>,
        kind: Bus<Out>,
        parity: Bus<Out>,
        shifted: Bus<Out>,
        diagonal: Pack<Bus<Out>>,
        copy: Pack<Pack<Bus<Out>>>,
        high: Pack<Bus<Out>>,
        ends: Pack<Bus<Out>>,
        side: Bus<Out>,
        second: Bus<Out>,
        history: Register,
        limit: Number,
        wide: Bus<Local>,
        record: Pack<Bus<Local>>,
        joined: Bus<Out>,
        low: Bus<Out>,
        ordered: Bus<Out>,
        middle: Bus<Out>,
    }

    impl Logic for Everything {
        #[hdl_gen]
        fn update(&mut self) {
            self.history.clock.next = self.clock.val();
            self.history.enable.next = (self.a.val() != self.b.val()).into();
            self.history.d.next = self.a.val() | self.b.val();
            self.wide.next = signed_cast(self.a.val(), 8) - unsigned_cast(self.b.val(), 8);
            self.difference.next = self.wide.val();
            self.shifted.next = (unsigned_cast(self.a.val(), 8) << 3) ^ unsigned_cast(self.b.val() >> 1, 8);
            self.parity.next = (self.a.val().xor() && !self.b.val().all()).into();
            if self.a.val() == self.b.val() {
                self.larger.next = self.history.q.val();
                self.kind.next = self.limit.val();
            } else if self.a.val().any() {
                self.larger.next = self.a.val() + 1;
                self.kind.next = self.limit.val() ^ self.b.val();
            } else {
                self.larger.next = self.b.val();
                self.kind.next = !self.limit.val();
            }
            Wires::join(&mut self.grid, &mut self.copy);
            self.record[0].next = self.a.val();
            self.record[1].next = self.grid[0][0].val();
            self.record[2].next = self.b.val().get_bit(3).into();
            Recast::join(&mut self.record, &mut self.joined);
            Low::join(&mut self.a, &mut self.low);
            High::join(&mut self.grid, &mut self.high);
            self.ordered.next = (self.a.val() < self.b.val() && self.a.val() != 3).into();
            self.middle.next = self.b.val().get_bits::<2>(1);
            // Nothing reads the rest of `padded`.
            self.second.next = self.padded[1].val();
            // Parts of elements, from and to either end.
            Low::join(&mut self.b, &mut self.ends);
            High::join(&mut self.grid, &mut self.ends);
            if self.a.val().get_bit(0) {
                High::join(&mut self.grid, &mut self.side);
            } else {
                Low::join(&mut self.grid, &mut self.side);
            }
            for i in 0..self.diagonal.len() {
                self.diagonal[i].next = self.grid[i][2 - i].val();
            }
        }
    }

    #[test]
    fn every_translated_form_means_the_same_in_verilog() {
        let block = Everything {
            clock: Signal::default(),
            a: Bus::new(4),
            b: Bus::new(4),
            grid: Pack::of(3, || Pack::new(3, 5)),
            larger: Bus::new(4),
            difference: Bus::new(8),
            kind: Bus::new(4),
            parity: Bus::new(1),
            shifted: Bus::new(8),
            diagonal: Pack::new(3, 5),
            copy: Pack::of(3, || Pack::new(3, 5)),
            high: Pack::new(2, 4),
            padded: Pack::new(3, 2),
            ends: Pack::new(7, 7),
            side: Bus::new(7),
            second: Bus::new(2),
            history: Register::new(4),
            limit: Number::new(11, 4),
            wide: Bus::new(8),
            record: Pack::record(&[4, 5, 1]),
            joined: Bus::new(10),
            low: Bus::new(3),
            ordered: Bus::new(1),
            middle: Bus::new(2),
        };
        let mut bench = bench!(
            block,
            "everything": a, b, grid, padded
                => larger, difference, kind, parity, diagonal, copy, joined, low, ordered, middle, high, ends, side, second, shifted
        );
        let mut random = Random::new(1);
        let mut cycle = |i: u64| {
            let grid = (0..9).map(|_| random.below(32)).collect();
            let padded = (0..3).map(|_| random.below(4)).collect();
            vec![vec![i % 16], vec![i / 16 % 16], grid, padded]
        };
        let cycles: Vec<Values> = (1..2000).map(&mut cycle).collect();
        let outputs = bench.run(&cycles, 1);
        for (cycle, output) in cycles.iter().zip(outputs) {
            let (a, b) = (cycle[0][0], cycle[1][0]);
            let extended = if a >= 8 { a + 240 } else { a };
            assert_eq!(output[1], [extended.wrapping_sub(b) & 255]);
            assert_eq!(output[3], [u64::from(a.count_ones() % 2 == 1 && b != 15)]);
            assert_eq!(output[4], [cycle[2][2], cycle[2][4], cycle[2][6]]);
            assert_eq!(output[5], cycle[2]);
            assert_eq!(output[6], [a | cycle[2][0] << 4 | b >> 3 << 9]);
            let rest = [a & 7, u64::from(a < b && a != 3), b >> 1 & 3];
            assert_eq!(output[7..10], rest.map(|value| vec![value]));
            let top = cycle[2][7] >> 2 | cycle[2][8] << 3;
            assert_eq!(output[10], [top & 15, top >> 4]);
            let joined = |values: &[u64], width: u32| {
                values.iter().rev().fold(0_u64, |bits, value| bits << width | value)
            };
            let grid = joined(&cycle[2], 5);
            assert_eq!(joined(&output[11], 7), grid << 4 | b);
            assert_eq!(output[12], [if a % 2 == 1 { grid >> 38 } else { grid & 127 }]);
            assert_eq!(output[13], [cycle[3][1]]);
            assert_eq!(output[14], [a << 3 & 255 ^ b >> 1]);
        }
        bench.assert_synthesises();
    }

    #[derive(LogicBlock)]
    struct Product {
        a: Bus<In>,
        p: Bus<Out>,
        narrow: Bus<Out>,
        _multiply: bool,
    }

    impl Logic for Product {
        fn update(&mut self) {}
        fn connect(&mut self) {
            self.p.connect();
            self.narrow.connect();
        }
        fn hdl(&self) -> Verilog {
            let a = || Box::new(ast::VerilogExpression::Signal("a".into()));
            let product = ast::VerilogExpression::Binary(a(), ast::VerilogOp::Mul, a());
            let target = if self._multiply { "p" } else { "narrow" };
            let value = if self._multiply { product } else { *a() };
            let target = ast::VerilogExpression::Signal(target.into());
            Verilog::Combinatorial(vec![ast::VerilogStatement::Assignment(target, value)])
        }
    }

    #[test]
    fn a_product_and_a_width_that_does_not_fit_are_refused() {
        let mut product = Product { a: Bus::new(4), p: Bus::new(4), narrow: Bus::new(3), _multiply: true };
        let message = emit(&mut product, "product").expect_err("a multiplier").to_string();
        assert_eq!(
            message,
            "the block product cannot be written as Verilog: in product: the operator Mul is not part of this machine"
        );
        product._multiply = false;
        let message = emit(&mut product, "product").expect_err("a width").to_string();
        assert!(message.ends_with("an expression of a is 4 bits wide where 3 are needed"), "{message}");
    }
}
