//! Faulty engines meet the random sessions that verify the engine.
//!
//! Compiling an engine takes far longer than a session, so all faults are compiled into one: a file says which one is
//! there.

use std::ops::Range;
use std::path::{Path, PathBuf};

use rtl::cosim::engine::{EngineSimulator, Instruments, SessionLimits, Top, verify};
use rtl::{EngineParameters, Parameters, verilog};

use super::Failure;
use super::module::Role;
use super::mutants::Mutant;
use super::sizes::Size;

/// Sessions that a fault meets; the first that sees it is the last.
const SESSIONS: u64 = 304;

/// An engine with which a session is short, and in which nothing is 1.
pub(crate) fn parameters() -> EngineParameters {
    let array = Parameters { lanes: 7, columns: 3, tokens: 4, stream_bits: 16, acc_bits: contract::ACC_BITS };
    EngineParameters { activation_words: 16, result_lanes: 2, ..EngineParameters::of(array) }
}

pub(crate) fn text(top: Top) -> Result<String, rtl::Error> {
    match top {
        Top::Stream => verilog::ternary_engine(&parameters()),
        Top::Axi => verilog::ternary_engine_axi(&parameters()),
    }
}

/// An engine that has the fault whose number is in a file.
pub(crate) struct Faulty {
    simulator: EngineSimulator,
    number: PathBuf,
}

impl Faulty {
    /// Compiles the engine with these faults in the module of `size`, in `dir`.
    pub(crate) fn build(top: Top, size: &Size, faults: &[&Mutant], dir: &Path) -> Result<Self, Failure> {
        let text = size.with(&with_all(size.module(), faults));
        let simulator = EngineSimulator::build_text(&parameters(), top, Instruments::default(), &text, dir)?;
        limit(&dir.join("build/engine"))?;
        let number = dir.join("fault.txt");
        let mut engine = Self { simulator, number };
        if engine.is_seen(0)? {
            return Err("the sessions see a fault where none is".into());
        }
        Ok(engine)
    }

    /// Whether a session sees the fault of this number, counted from 1.
    pub(crate) fn is_seen(&mut self, fault: usize) -> Result<bool, Failure> {
        // Verilator reads a number only where something follows it.
        std::fs::write(&self.number, format!("{fault:x}\n"))?;
        Ok(verify(&mut self.simulator, SessionLimits::of(&parameters()), SESSIONS, None).is_err())
    }
}

/// Processor time for some sessions, and bytes that they print: far more than those of an engine without a fault, while a
/// faulty one may never come to an end.
const LIMIT_S: u32 = 20;
const LIMIT_BYTES: u32 = 50_000_000;

/// Puts a script in the place of `program` that ends it at the limits.
fn limit(program: &Path) -> Result<(), Failure> {
    let unlimited = program.with_extension("unlimited");
    std::fs::rename(program, &unlimited)?;
    // The copy may be run, and so may what is written in its place.
    std::fs::copy(&unlimited, program)?;
    let unlimited = unlimited.display();
    let script = format!("#!/bin/sh\nulimit -t {LIMIT_S}\n'{unlimited}' \"$@\" | head -c {LIMIT_BYTES}\n");
    Ok(std::fs::write(program, script)?)
}

/// The module with all faults in it, each of which is there if the number is its own.
fn with_all(module: &str, faults: &[&Mutant]) -> String {
    let mut expressions: Vec<&Range<usize>> = faults.iter().map(|fault| &fault.expression).collect();
    expressions.sort_by_key(|expression| std::cmp::Reverse(expression.start));
    expressions.dedup();
    let mut text = module.to_owned();
    for expression in expressions {
        let mut chosen = format!("({})", &module[expression.clone()]);
        for (number, fault) in (1..).zip(faults).filter(|(_, fault)| fault.expression == *expression) {
            let with = [
                &module[expression.start..fault.at.start],
                &fault.with,
                &module[fault.at.end..expression.end],
            ];
            chosen = format!("(fault[0] == 12'd{number} ? ({}) : {chosen})", with.concat());
            if let Role::Parameter(keyword) = fault.role {
                // What is no constant any more.
                text.replace_range(keyword..keyword + "localparam".len(), "wire      ");
            }
        }
        text.replace_range(expression.clone(), &chosen);
    }
    let body = text.find(");\n").map_or(0, |header| header + 3);
    text.insert_str(body, "  reg [11:0] fault [0:0];\n  initial $readmemh(\"fault.txt\", fault);\n");
    format!(
        "/* verilator lint_off WIDTH */\n/* verilator lint_off UNOPTFLAT */\n/* verilator lint_off UNUSED */\n{text}"
    )
}
