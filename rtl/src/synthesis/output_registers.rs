//! The output registers of ECP5 block RAMs.
//!
//! A DP16KD gives its data late in a cycle, unless its own output register is used, which Yosys does not do. Where every
//! used output of a port goes to one flip-flop and nowhere else, and these share clock and enable and have no reset, they are that register: the block RAM's takes their place (Lattice FPGA-TN-02204, "ECP5 memory usage guide",
//! output register of pseudo dual port RAM: REGMODE = OUTREG, enable OCE).

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::netlist::{Reader, nets, readers, text};

/// Moves flip-flops of a module into its block RAMs; how many.
///
/// What is not as Yosys writes it is left as it is.
pub(super) fn absorb(module: &mut Value) -> usize {
    let readers = readers(module);
    let Some(cells) = module.get_mut("cells").and_then(Value::as_object_mut) else { return 0 };
    let memories: Vec<String> = cells
        .iter()
        .filter(|(_, cell)| matches!(text(cell, "type"), Some("DP16KD" | "PDPW16KD")))
        .map(|(name, _)| name.clone())
        .collect();
    let mut absorbed = 0;
    for name in memories {
        for port in ["A", "B"] {
            let Some(registers) = registers(&cells[&name], port, &readers, cells) else { continue };
            let enable = registers[0].enable.clone();
            for register in &registers {
                cells[&name]["connections"][&register.output] = register.q.clone();
                cells.remove(&register.cell);
            }
            let memory = &mut cells[&name];
            memory["parameters"][format!("REGMODE_{port}")] = json!("OUTREG");
            memory["connections"][format!("OCE{port}")] = enable;
            memory["port_directions"][format!("OCE{port}")] = json!("input");
            absorbed += registers.len();
        }
    }
    absorbed
}

/// A flip-flop behind an output of a memory.
struct Register {
    output: String,
    cell: String,
    q: Value,
    enable: Value,
}

/// The flip-flops behind all used outputs of a memory's port, if they are its output register.
fn registers(
    memory: &Value,
    port: &str,
    readers: &HashMap<u64, Vec<Reader>>,
    cells: &Map<String, Value>,
) -> Option<Vec<Register>> {
    let connections = memory.get("connections")?.as_object()?;
    let clock = connections.get(&format!("CLK{port}"))?;
    let mut registers: Vec<Register> = vec![];
    for (output, bits) in connections.iter().filter(|(name, _)| name.starts_with(&format!("DO{port}"))) {
        let Some(readers) = nets(bits).next().and_then(|net| readers.get(&net)) else { continue };
        let [Reader::Cell(name, input)] = &readers[..] else { return None };
        let cell = cells.get(name)?;
        let of = |port: &str| cell.get("connections").and_then(|ports| ports.get(port));
        // No reset, the rising edge, and the memory's clock.
        let parameters = cell.get("parameters").unwrap_or(&Value::Null);
        // Yosys puts a blank behind a text of digits.
        let parameter = |name: &str| text(parameters, name).unwrap_or("").trim_end();
        let plain = text(cell, "type") == Some("TRELLIS_FF")
            && input == "DI"
            && parameter("CLKMUX") == "CLK"
            && parameter("REGSET") == "RESET"
            && of("CLK") == Some(clock)
            && of("LSR").is_none_or(|reset| *reset == json!(["0"]));
        // Always enabled, or by a signal as it is.
        let enable = match parameter("CEMUX") {
            "1" => json!(["1"]),
            "CE" => of("CE")?.clone(),
            _ => return None,
        };
        if !plain || registers.first().is_some_and(|first| first.enable != enable) {
            return None;
        }
        registers.push(Register { output: output.clone(), cell: name.clone(), q: of("Q")?.clone(), enable });
    }
    (!registers.is_empty()).then_some(registers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eda::{self, Tool};

    /// A memory with a registered read and what follows it, by Yosys for ECP5, and how many flip-flops were moved.
    fn absorbed(after: &str) -> (Value, usize) {
        let text = format!(
            "module memory(input clock, write, enable, reset, input [9:0] to, from, input [8:0] data, output [8:0] result, other);
             (* no_rw_check *) reg [8:0] rows [0:1023]; reg [8:0] row, register;
             always @(posedge clock) begin
               if (write) rows[to] <= data;
               row <= rows[from];
               {after}
             end
             assign result = register;
             endmodule"
        );
        let dir = tempfile::tempdir().expect("a temporary folder");
        eda::write(&dir.path().join("memory.v"), &text).expect("a file");
        let script = "read_verilog memory.v; synth_ecp5 -top memory -json memory.json";
        Tool::Yosys.run(dir.path(), &["-q", "-p", script]).expect("Yosys accepts it");
        let netlist = eda::read(&dir.path().join("memory.json")).expect("a netlist");
        let mut netlist: Value = serde_json::from_str(&netlist).expect("JSON");
        let count = absorb(&mut netlist["modules"]["memory"]);
        (netlist, count)
    }

    #[test]
    fn a_register_behind_a_memory_becomes_its_own() {
        for (after, enable) in [("register <= row;", false), ("if (enable) register <= row;", true)] {
            let (netlist, count) = absorbed(after);
            let module = &netlist["modules"]["memory"];
            let cells = module["cells"].as_object().expect("cells");
            let memory = cells.values().find(|cell| cell["type"] == "DP16KD").expect("a block RAM");
            assert_eq!((count, cells.len()), (9, 1), "{after}");
            let ports = ["A", "B"].map(|port| memory["parameters"][format!("REGMODE_{port}")] == "OUTREG");
            assert_eq!(ports.iter().filter(|port| **port).count(), 1, "only the port that is read");
            let port = if ports[0] { "A" } else { "B" };
            let expected = if enable { module["ports"]["enable"]["bits"].clone() } else { json!(["1"]) };
            assert_eq!(memory["connections"][format!("OCE{port}")], expected, "{after}");
            let mut outputs: Vec<u64> = memory["connections"]
                .as_object()
                .expect("connections")
                .iter()
                .filter(|(name, _)| name.starts_with(&format!("DO{port}")))
                .flat_map(|(_, bits)| nets(bits))
                .collect();
            outputs.retain(|net| nets(&module["ports"]["result"]["bits"]).any(|result| result == *net));
            assert_eq!(outputs.len(), 9, "{after}");
        }
    }

    #[test]
    fn what_is_no_plain_register_of_all_outputs_stays() {
        for after in [
            "if (reset) register <= 0; else register <= row;",
            "register <= row ^ 1;",
            "register[7:0] <= row[7:0]; if (enable) register[8] <= row[8];",
        ] {
            assert_eq!(absorbed(after).1, 0, "{after}");
        }
        // An output that is seen elsewhere, too.
        assert_eq!(absorbed("register <= row; end assign other = row; always @(posedge clock) begin").1, 0);
    }
}
