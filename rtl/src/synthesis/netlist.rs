//! A Yosys netlist in JSON, and what is done to it before it is counted and routed.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::{Target, carry_signs, output_registers, register_signs};
use crate::Error;
use crate::eda;

/// What is done to a module, and the name of the Rust module that does it; how much it found to do.
type Pass = (&'static str, fn(&mut Value) -> usize);

/// What is done to a netlist of Yosys's for a target.
pub(super) fn passes(target: Target) -> &'static [Pass] {
    match target {
        Target::Ecp5_85k => {
            &[("output_registers", output_registers::absorb), ("carry_signs", carry_signs::absorb)]
        }
        Target::Ice40Hx8k => &[("register_signs", register_signs::absorb)],
        Target::Xc7 | Target::Xcup => &[],
    }
}

/// Runs a target's passes on every module of the netlist at `path`.
///
/// # Errors
///
/// A file that cannot be read or written, or is no JSON.
pub(super) fn run_passes(target: Target, path: &Path) -> Result<(), Error> {
    let mut netlist = eda::read_json(path)?;
    let modules = netlist.get_mut("modules").and_then(Value::as_object_mut);
    for (_, module) in modules.into_iter().flatten() {
        for (_, absorb) in passes(target) {
            absorb(module);
        }
    }
    eda::write(path, &netlist.to_string())
}

/// Who reads a net: a cell's port, or a port of the module.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reader {
    Cell(String, String),
    Port,
}

/// The readers of every net of a module that is read.
pub(super) fn readers(module: &Value) -> HashMap<u64, Vec<Reader>> {
    let mut readers: HashMap<u64, Vec<Reader>> = HashMap::new();
    for (name, cell) in object(module, "cells") {
        for (port, bits) in object(cell, "connections") {
            if text(&cell["port_directions"], port) != Some("output") {
                for net in nets(bits) {
                    readers.entry(net).or_default().push(Reader::Cell(name.clone(), port.clone()));
                }
            }
        }
    }
    for (_, port) in object(module, "ports").filter(|(_, port)| text(port, "direction") != Some("input")) {
        for net in nets(&port["bits"]) {
            readers.entry(net).or_default().push(Reader::Port);
        }
    }
    readers
}

/// The members of an object in an object; none if it is not there.
pub(super) fn object<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// The nets among bits, of which some may be constant.
pub(super) fn nets(bits: &Value) -> impl Iterator<Item = u64> {
    bits.as_array().into_iter().flatten().filter_map(Value::as_u64)
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// The two nets of which a lookup table of such contents and inputs is the exclusive or, or else (`true`) its complement.
pub(super) fn difference(table: u64, inputs: [&Value; 4]) -> Option<([u64; 2], bool)> {
    let mut of: Vec<u64> = inputs.iter().filter_map(|input| input.as_u64()).collect();
    of.sort_unstable();
    of.dedup();
    let of: [u64; 2] = of.try_into().ok()?;
    // The table's value for values of the two nets.
    let value = |values: [bool; 2]| {
        let bit = |input: &Value| match input.as_u64() {
            Some(net) => values[usize::from(net == of[1])],
            None => input.as_str() == Some("1"),
        };
        let place = (0..).zip(inputs).map(|(place, input)| u64::from(bit(input)) << place).sum::<u64>();
        table >> place & 1 == 1
    };
    let inverted = value([false, false]);
    let differs = value([true, true]) == inverted
        && value([false, true]) != inverted
        && value([true, false]) != inverted;
    differs.then_some((of, inverted))
}
