//! Signs before the registers of iCE40.
//!
//! A carry cell of iCE40 sees its operands before the lookup table beside it does, so an adder that may subtract takes one more lookup
//! table a bit, the operand's exclusive or with the sign. Where both are registers, it can be taken of what they get next instead,
//!
//! ```text
//!   d --[y]--\                      d --\
//!             ^-- adder   becomes        ^--[y]-- adder
//!   s --[m]--/                      s --/
//! ```
//!
//! since y ^ m is a register of d ^ s. The sum before y leaves its lookup table's `I0` to it, which no carry cell sees. In front of a y of
//! no lookup table the exclusive or stays one, but in y's own logic cell, and takes its synchronous reset as well: (reset ? 0 : d) ^ s.
//!
//! Registers are 0 when they are configured (`SB_DFF_INIT`, Yosys's `ice40/cells_sim.v`), as 0 ^ 0 is; the complement of an
//! exclusive or is 1, so it stays where it is.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::netlist::{difference, nets, object, readers, text};

/// `(I2 and not I1) ^ I3`: D, reset and sign; the reset may be constant.
const CLEARED_DIFFERENCE: u64 = 0b1100_1111_0011_0000;

const INPUTS: [&str; 4] = ["I0", "I1", "I2", "I3"];

/// Moves exclusive ors of a module's registers before these; how many.
///
/// What is not as Yosys writes it is left as it is.
pub(super) fn absorb(module: &mut Value) -> usize {
    let readers = readers(module).into_iter().map(|(net, readers)| (net, readers.len())).collect();
    let driver = |(name, cell): (&String, &Value)| {
        let output = if text(cell, "type") == Some("SB_LUT4") { "O" } else { "Q" };
        Some((net(cell, output)?, name.clone()))
    };
    let drivers = object(module, "cells").filter_map(driver).collect();
    let Some(cells) = module.get_mut("cells").and_then(Value::as_object_mut) else { return 0 };
    let mut netlist = Netlist { cells, drivers, readers };
    let mut moved = 0;
    // A sign that is itself an exclusive or becomes a register in its turn.
    loop {
        let names: Vec<String> = netlist.cells.keys().cloned().collect();
        let count = names.iter().filter(|name| netlist.absorb(name).is_some()).count();
        if count == 0 {
            return moved;
        }
        moved += count;
    }
}

/// The cells of a module, the cell that drives a net if it is a lookup table or a register, and how many read it.
struct Netlist<'a> {
    cells: &'a mut Map<String, Value>,
    drivers: HashMap<u64, String>,
    readers: HashMap<u64, usize>,
}

impl Netlist<'_> {
    /// Moves the cell of this name, if it is an exclusive or of registers.
    fn absorb(&mut self, table: &str) -> Option<()> {
        let cell = self.cells.get(table).filter(|cell| text(cell, "type") == Some("SB_LUT4"))?;
        let ([left, right], _) =
            difference(table_of(cell)?, INPUTS.map(|port| &cell["connections"][port][0]))
                .filter(|(_, inverted)| !inverted)?;
        self.absorb_into(table, left, right).or_else(|| self.absorb_into(table, right, left))
    }

    /// Moves an exclusive or before the register of `operand`, which nothing else reads.
    fn absorb_into(&mut self, table: &str, operand: u64, sign: u64) -> Option<()> {
        let (y, m) = (self.drivers.get(&operand)?.clone(), self.drivers.get(&sign)?.clone());
        let (register, sign_register) = (Register::of(&self.cells[&y])?, Register::of(&self.cells[&m])?);
        let same = register.clock == sign_register.clock && register.enable == sign_register.enable;
        if !same || self.readers.get(&operand) != Some(&1) || sign_register.reset.is_some() {
            return None;
        }
        let output = net(&self.cells[table], "O")?;
        match self.table_before(&register) {
            Some(before) => {
                let with_sign = with_difference(&self.cells[&before]).filter(|_| register.reset.is_none())?;
                let cell = &mut self.cells[&before];
                cell["parameters"]["LUT_INIT"] = json!(format!("{with_sign:016b}"));
                cell["connections"]["I0"] = json!([sign_register.d]);
                self.cells.remove(table);
                self.drivers.remove(&operand);
            }
            None => {
                let cell = &mut self.cells[table];
                cell["parameters"]["LUT_INIT"] = json!(format!("{CLEARED_DIFFERENCE:016b}"));
                // What was y's net is now what y gets.
                let reset = register.reset.unwrap_or_else(|| json!(["0"]));
                cell["connections"] = json!({
                    "I0": ["0"], "I1": reset, "I2": [register.d], "I3": [sign_register.d], "O": [operand]
                });
                let cell = &mut self.cells[&y];
                cell["type"] = json!(register.without_reset);
                cell["connections"]["D"] = json!([operand]);
                for of in ["connections", "port_directions"] {
                    cell[of].as_object_mut()?.remove("R");
                }
                self.drivers.insert(operand, table.to_owned());
            }
        }
        self.cells[&y]["connections"]["Q"] = json!([output]);
        self.drivers.insert(output, y);
        *self.readers.entry(sign_register.d).or_default() += 1;
        let remaining = self.readers.entry(sign).or_default();
        *remaining -= 1;
        if *remaining == 0 {
            self.cells.remove(&m);
            self.drivers.remove(&sign);
            *self.readers.entry(sign_register.d).or_default() -= 1;
        }
        Some(())
    }

    /// The lookup table that is in a register's logic cell.
    fn table_before(&self, register: &Register) -> Option<String> {
        let driver = self.drivers.get(&register.d)?;
        let packed =
            self.readers.get(&register.d) == Some(&1) && text(&self.cells[driver], "type") == Some("SB_LUT4");
        packed.then(|| driver.clone())
    }
}

/// A register of the rising edge, with or without an enable, and a synchronous reset that waits for it.
struct Register {
    d: u64,
    clock: Value,
    enable: Option<Value>,
    reset: Option<Value>,
    without_reset: &'static str,
}

impl Register {
    fn of(cell: &Value) -> Option<Self> {
        let (without_reset, enabled, cleared) = match text(cell, "type")? {
            "SB_DFF" => ("SB_DFF", false, false),
            "SB_DFFSR" => ("SB_DFF", false, true),
            "SB_DFFE" => ("SB_DFFE", true, false),
            "SB_DFFESR" => ("SB_DFFE", true, true),
            _ => return None,
        };
        let of = |port: &str| cell["connections"].get(port).cloned();
        Some(Self {
            d: net(cell, "D")?,
            clock: of("C")?,
            enable: if enabled { Some(of("E")?) } else { None },
            reset: if cleared { Some(of("R")?) } else { None },
            without_reset,
        })
    }
}

/// The net at a port of one bit, if it is not constant.
fn net(cell: &Value, port: &str) -> Option<u64> {
    nets(&cell["connections"][port]).next()
}

fn table_of(cell: &Value) -> Option<u64> {
    u64::from_str_radix(text(&cell["parameters"], "LUT_INIT")?.trim_end(), 2).ok()
}

/// A lookup table's contents with an exclusive or of `I0`, if that is constant.
fn with_difference(cell: &Value) -> Option<u64> {
    let (table, constant) = (table_of(cell)?, u64::from(cell["connections"]["I0"][0].as_str()? == "1"));
    Some((0..16).map(|place| (table >> (place & !1 | constant) & 1 ^ place & 1) << place).sum())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cosim::{Job, Random, Simulator};
    use crate::eda::{self, Tool};
    use crate::{Parameters, verilog};

    /// What reads `both.json`.
    const BOTH: &str = "read_json both.json; read_verilog -DEQUIV +/ice40/cells_sim.v";

    const SIGN: &str = "assign minus = m;";

    /// A module by Yosys for iCE40, as `before`, and with its exclusive ors moved, as `after`, in `both.json`; how many
    /// were moved, and the logic cells of each.
    fn absorbed(text: &str, top: &str, dir: &Path) -> (usize, [usize; 2]) {
        eda::write(&dir.join("design.v"), text).expect("a file");
        let script = format!("read_verilog design.v; synth_ice40 -top {top} -json design.json");
        Tool::Yosys.run(dir, &["-q", "-p", &script]).expect("Yosys accepts it");
        let netlist = eda::read_json(&dir.join("design.json")).expect("a netlist");
        let before = &netlist["modules"][top];
        let mut after = before.clone();
        let moved = absorb(&mut after);
        let both = json!({"creator": "", "modules": {"before": before, "after": after}});
        eda::write(&dir.join("both.json"), &both.to_string()).expect("a file");
        (moved, [before, &after].map(logic_cells))
    }

    /// Lookup tables, and registers that are not behind one of their own.
    fn logic_cells(module: &Value) -> usize {
        let readers = readers(module);
        let cells = || object(module, "cells").map(|(_, cell)| cell);
        let tables: Vec<&Value> = cells().filter(|cell| cell["type"] == "SB_LUT4").collect();
        let alone = |cell: &&Value| {
            let d = net(cell, "D").filter(|d| readers[d].len() == 1);
            !tables.iter().any(|table| d.is_some() && net(table, "O") == d)
        };
        let registers =
            cells().filter(|cell| text(cell, "type").is_some_and(|kind| kind.starts_with("SB_DFF")));
        tables.len() + registers.filter(alone).count()
    }

    /// Registers in front of an adder of seven bits that may subtract, its sign, and who else sees them: the exclusive ors that are
    /// moved, and the logic cells before and after.
    ///
    /// What it computes is proven to be the same from the start on, for ever.
    fn adder(registers: &str, sign: &str, other: &str) -> (usize, [usize; 2]) {
        let text = format!(
            "module adder(input clock, reset, enable, other_enable, s, t, input [4:0] a, b, c, output [6:0] sum, output [4:0] other);
             reg signed [4:0] left, y; reg m, n; reg [6:0] register; wire signed [5:0] right = y; wire minus;
             {sign}
             always @(posedge clock) begin
               {registers}
               register <= ({{left[4], left, minus}} - {{right ^ {{6{{~minus}}}}, 1'b1}}) >> 1;
             end
             assign sum = register; assign other = {other};
             endmodule"
        );
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (moved, cells) = absorbed(&text, "adder", dir.path());
        let prove = "miter -equiv before after miter; hierarchy -top miter; proc; flatten -wb; \
                     sat -verify -tempinduct -maxsteps 9 -prove trigger 0 miter";
        if moved > 0 {
            Tool::Yosys.run(dir.path(), &["-q", "-p", &format!("{BOTH}; {prove}")]).expect("equal");
        }
        (moved, cells)
    }

    #[test]
    fn a_signed_register_takes_no_lookup_table() {
        for registers in [
            "left <= a; y <= b; m <= s;",
            "left <= a; y <= reset ? 0 : b; m <= s;",
            "left <= a; y <= b + c; m <= s;",
            "if (enable) begin left <= a; y <= b; m <= s; end",
            "if (enable) begin left <= a; y <= reset ? 0 : b; m <= s; end",
            "if (enable) begin left <= a; y <= b & c; m <= s; end",
        ] {
            assert_eq!(adder(registers, SIGN, "0"), (5, [22, 17]), "{registers}");
        }
        // A sign of two registers becomes one itself.
        let sign = "SB_LUT4 #(.LUT_INIT(16'h0ff0)) sign(.I0(1'b0), .I1(1'b0), .I2(m), .I3(n), .O(minus));";
        assert_eq!(adder("left <= a; y <= b + c; m <= s; n <= t;", sign, "0"), (6, [24, 18]));
    }

    #[test]
    fn what_is_seen_elsewhere_or_moves_at_another_time_stays() {
        for (registers, other) in [
            ("left <= a; y <= b; m <= s;", "y"),
            ("left <= a; m <= s; if (enable) y <= b;", "0"),
            ("left <= a; if (enable) y <= b; if (other_enable) m <= s;", "0"),
            ("left <= a; y <= b; m <= reset ? 0 : s;", "0"),
            ("left <= a; y <= reset ? 0 : b + c; m <= s;", "0"),
            // Seen alone, complemented.
            ("y <= b; m <= s;", "y ^ {5{~m}}"),
        ] {
            let (moved, [before, after]) = adder(registers, SIGN, other);
            assert_eq!((moved, before), (0, after), "{registers} {other}");
        }
    }

    /// The array's netlist, in Verilator.
    #[test]
    fn an_array_with_moved_signs_gives_the_contracts_results() {
        let p =
            Parameters { lanes: 10, columns: 1, tokens: 2, stream_bits: 16, acc_bits: contract::ACC_BITS };
        let dir = tempfile::tempdir().expect("a temporary folder");
        let text = verilog::mac_array(&p).expect("valid sizes");
        let (moved, [before, after]) = absorbed(&text, "mac_array", dir.path());
        assert!(moved > 80 && after + moved * 9 / 10 < before, "{moved} moved, {before} cells, then {after}");
        let write = "hierarchy -top after; proc; flatten -wb; opt -purge; rename after mac_array; write_verilog -noattr after.v";
        Tool::Yosys.run(dir.path(), &["-q", "-p", &format!("{BOTH}; {write}")]).expect("Verilog");
        let text = eda::read(&dir.path().join("after.v")).expect("a file");
        let text = format!("/* verilator lint_off UNUSEDSIGNAL */\n{text}");
        let simulator = Simulator::build_text(&p, &text, dir.path()).expect("an array that compiles");
        let mut random = Random::new(20);
        let jobs: Vec<Job> = (0..200).map(|_| Job::random(&p, 5, &mut random)).collect();
        let run = Job::run(&p, &jobs).with_random_stalls(&mut random);
        let traces = simulator.run(&[run], 1).expect("a run to its end");
        let results = traces[0].results.iter().map(|taken| (taken.slot, taken.values.clone()));
        assert!(results.eq(jobs.iter().flat_map(|job| job.expected(&p).expect("a job that fits"))));
    }
}
