//! Signs in the carry cells of ECP5.
//!
//! Half a CCU2C subtracts B from A by a lookup table of four inputs, of which C and D are left. Where B is an exclusive or of two nets, as
//! it is in a subtracter that may add, the table takes both, and the lookup table that Yosys spends on it goes. The carry that
//! half the cell makes is A, whatever B is (the lowest quarter of the table, Yosys's `ecp5/cells_sim.v`).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::netlist::{difference, nets, object, readers, text};

/// `A ^ B ^ C` where D is set, as Yosys makes every adder, and A as the carry.
const SUM: u64 = 0b1001_0110_1010_1010;
/// Its complement, and A as the carry.
const COMPLEMENT: u64 = 0b0110_1001_1010_1010;

/// Moves exclusive ors into carry cells of a module; how many lookup tables are saved.
///
/// What is not as Yosys writes it is left as it is.
pub(super) fn absorb(module: &mut Value) -> usize {
    let differences: HashMap<u64, Difference> =
        object(module, "cells").filter_map(|(name, cell)| Difference::of(name, cell)).collect();
    let mut remaining: HashMap<u64, usize> =
        readers(module).into_iter().map(|(net, readers)| (net, readers.len())).collect();
    let Some(cells) = module.get_mut("cells").and_then(Value::as_object_mut) else { return 0 };
    let mut saved = vec![];
    for cell in cells.values_mut().filter(|cell| text(cell, "type") == Some("CCU2C")) {
        for half in ["0", "1"] {
            let Some(net) = nets(&cell["connections"][format!("B{half}")]).next() else { continue };
            let Some(difference) = differences.get(&net).filter(|_| subtracts(cell, half)) else { continue };
            let [left, right] = difference.of;
            cell["connections"][format!("B{half}")] = json!([left]);
            cell["connections"][format!("C{half}")] = json!([right]);
            let table = if difference.inverted { SUM } else { COMPLEMENT };
            cell["parameters"][format!("INIT{half}")] = json!(format!("{table:016b}"));
            let remaining = remaining.entry(net).or_default();
            *remaining = remaining.saturating_sub(1);
            if *remaining == 0 {
                saved.push(difference.cell.clone());
            }
        }
    }
    for cell in &saved {
        cells.remove(cell);
    }
    saved.len()
}

/// Whether half a carry cell is A - B, which needs neither C nor D.
fn subtracts(cell: &Value, half: &str) -> bool {
    let table = cell.get("parameters").and_then(|parameters| text(parameters, &format!("INIT{half}")));
    let constant = |input: &str| cell["connections"][format!("{input}{half}")][0].as_str();
    table.is_some_and(|table| u64::from_str_radix(table.trim_end(), 2) == Ok(SUM))
        && constant("C") == Some("1")
        && constant("D") == Some("1")
}

/// A lookup table that is the exclusive or of two nets, or its complement.
struct Difference {
    cell: String,
    of: [u64; 2],
    inverted: bool,
}

impl Difference {
    /// And the net that has it.
    fn of(name: &str, cell: &Value) -> Option<(u64, Self)> {
        if text(cell, "type") != Some("LUT4") {
            return None;
        }
        let table = u64::from_str_radix(text(&cell["parameters"], "INIT")?.trim_end(), 2).ok()?;
        let inputs = ["A", "B", "C", "D"].map(|port| &cell["connections"][port][0]);
        let (of, inverted) = difference(table, inputs)?;
        let net = nets(&cell["connections"]["Z"]).next()?;
        Some((net, Self { cell: name.to_owned(), of, inverted }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eda::{self, Tool};

    /// An adder of nine bits, whose right operand may be seen elsewhere as well, by Yosys for ECP5; the lookup tables saved and those that are left.
    /// What it computes is proven to be the same as before.
    fn absorbed(sum: &str, signed_b: &str) -> (usize, usize) {
        let text = format!(
            "module adder(input [8:0] a, b, input minus, other, output [9:0] sum, output [8:0] signed_b);
             wire signed [9:0] left = $signed(a), right = $signed(b);
             assign sum = {sum}; assign signed_b = {signed_b};
             endmodule"
        );
        let dir = tempfile::tempdir().expect("a temporary folder");
        eda::write(&dir.path().join("adder.v"), &text).expect("a file");
        let run = |script: &str| Tool::Yosys.run(dir.path(), &["-q", "-p", script]).expect("Yosys agrees");
        run("read_verilog adder.v; synth_ecp5 -top adder -json design.json");
        let netlist = eda::read(&dir.path().join("design.json")).expect("a netlist");
        let mut netlist: Value = serde_json::from_str(&netlist).expect("JSON");
        let saved = absorb(&mut netlist["modules"]["adder"]);
        let modules = json!({"creator": "", "modules": {"adder": netlist["modules"]["adder"]}});
        eda::write(&dir.path().join("after.json"), &modules.to_string()).expect("a file");
        run(
            "read_json after.json; read_verilog +/ecp5/cells_sim.v; hierarchy -top adder; proc; flatten -wb; \
             rename adder after; read_verilog adder.v; rename adder before; proc; \
             miter -equiv -flatten before after miter; hierarchy -top miter; sat -verify -prove trigger 0 miter",
        );
        let left = object(&modules["modules"]["adder"], "cells");
        (saved, left.filter(|(_, cell)| cell["type"] == "LUT4").count())
    }

    #[test]
    fn a_signed_operand_takes_no_lookup_table() {
        // As `adder_level` has it, without its lowest place, and with the sign the other way round.
        let difference = "({left, minus} - {right ^ {10{~minus}}, 1'b1}) >> 1";
        assert_eq!(absorbed(difference, "0"), (9, 0));
        assert_eq!(absorbed("left - (right ^ {10{minus}})", "0"), (9, 0));
        assert_eq!(absorbed("left - (right ^ {10{~minus}})", "0"), (9, 0));
    }

    #[test]
    fn what_is_seen_elsewhere_or_more_than_a_difference_stays() {
        assert_eq!(absorbed("left - (right ^ {10{minus}})", "b ^ {9{minus}}"), (0, 9));
        assert_eq!(absorbed("left - (right & {10{minus}})", "0"), (0, 9));
        assert_eq!(absorbed("left - (right ^ {10{minus}} ^ {10{other}})", "0").0, 0);
    }
}
