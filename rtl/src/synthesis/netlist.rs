//! A Yosys netlist in JSON, and what is done to it before it is counted and routed.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::{carry_signs, output_registers};
use crate::Error;
use crate::eda;

/// Runs the passes for ECP5 ([`super::Target::netlist_passes`]) on every module of `design.json` in `dir`.
///
/// # Errors
///
/// A file that cannot be read or written, or is no JSON.
pub(super) fn run_passes(dir: &Path) -> Result<(), Error> {
    let path = dir.join("design.json");
    let mut netlist = eda::read_json(&path)?;
    let modules = netlist.get_mut("modules").and_then(Value::as_object_mut);
    for (_, module) in modules.into_iter().flatten() {
        output_registers::absorb(module);
        carry_signs::absorb(module);
    }
    eda::write(&path, &netlist.to_string())
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
