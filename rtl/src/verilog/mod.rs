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
//! | `module` | drops copies, connects instances, prints a module's parts |
//! | `expression` | prints expressions, each with its width |

mod expression;
mod lower;
mod module;
mod netlist;

use std::fmt::Write;

use rust_hdl::prelude::{Block, check_all};

use crate::mac_array::MacArray;
use crate::{Error, Parameters};
use module::{Body, Direction, Port, range};
use netlist::{Netlist, identifier};

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
    let Parameters { lanes, columns, tokens, stream_bits, acc_bits } = *parameters;
    let (beats, latency) = (parameters.beats(), parameters.latency_cycles());
    let header = format!(
        "\
// mac_array: a ternary MAC array without multipliers.
//
//   lanes {lanes}, columns {columns}, token slots {tokens}, stream {stream_bits} bits, accumulators {acc_bits} bits
//   a tile takes {beats} beats; a result follows its activations after {latency} cycles
//
// Made by: sim verilog --lanes {lanes} --columns {columns} --tokens {tokens} --stream-bits {stream_bits} \
--acc-bits {acc_bits} --out DIR
"
    );
    Ok(header + &emit(&mut array, "mac_array")?)
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
    let port = |port: &Port| {
        let direction = match port.direction {
            Direction::Input => "input  wire",
            Direction::Output if is_reg(port) => "output reg ",
            Direction::Output => "output wire",
        };
        format!("  {direction} {}{}", range(port.width), identifier(&port.name))
    };
    let ports: Vec<String> = body.ports().iter().map(port).collect();
    writeln!(out, "module {name} (\n{}\n);", ports.join(",\n"))
}

fn print_indented(out: &mut String, text: &str) -> std::fmt::Result {
    text.lines().try_for_each(|line| writeln!(out, "  {line}"))
}
