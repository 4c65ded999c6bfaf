//! An engine as standard cells: how many, how large, and the clock that they allow before wires are drawn.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::Top;
use super::liberty::Library;
use super::netlist::{nets, object, text};
use crate::eda::{self, Tool};
use crate::{EngineParameters, Error};

/// Cells that one cell drives; more are reached through buffers.
const FANOUT: usize = 16;

/// What an engine takes of a process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StandardCells {
    /// The library's name.
    pub library: String,
    /// [`Top::name`].
    pub top: &'static str,
    /// Lanes times columns.
    pub lanes: u64,
    /// Cells, buffers and flip-flops among them.
    pub cells: u64,
    /// Flip-flops.
    pub flip_flops: u64,
    /// Buffers.
    pub buffers: u64,
    /// Area, in the library's unit, mostly square micrometres.
    pub area: f64,
    /// Memories, which would be macros of the process, by the bits of their words: neither their area nor their paths are here.
    pub memories: BTreeMap<String, u64>,
    /// The longest path from flip-flop to flip-flop, setup among it, without wires, picoseconds.
    pub path_ps: f64,
    /// Its clock.
    pub clock_mhz: f64,
}

/// Maps an engine to the standard cells whose liberty files are in `library`, and times it, in `dir`, an empty folder.
///
/// # Errors
///
/// A size outside its range, a library that lacks something, a missing tool, or what the tools report.
pub fn standard_cells(
    parameters: &EngineParameters,
    top: Top,
    library: &Path,
    dir: &Path,
) -> Result<StandardCells, Error> {
    let library = Library::read(library)?;
    let lanes = u64::from(parameters.array.lanes) * u64::from(parameters.array.columns);
    let mapped = map(&top.text(parameters)?, top.name(), &library, dir)?;
    Ok(StandardCells { lanes, top: top.name(), ..mapped })
}

fn map(verilog: &str, top: &str, library: &Library, dir: &Path) -> Result<StandardCells, Error> {
    eda::write(&dir.join("design.v"), verilog)?;
    eda::write(&dir.join("flip_flops.lib"), &library.flip_flops)?;
    eda::write(&dir.join("gates.lib"), &library.gates)?;
    let yosys = |script: &str| Tool::Yosys.run(dir, &["-q", "-p", script]);
    yosys(&format!(
        "read_verilog design.v; blackbox memory_*; synth -flatten -top {top}; dfflibmap -liberty flip_flops.lib; \
         abc -liberty gates.lib -script +strash;ifraig;scorr;dc2;dch,-f;map,-B,0.9;topo;buffer,-N,{FANOUT};topo;upsize;dnsize; \
         setundef -zero; clean -purge; \
         read_liberty -lib -ignore_miss_func flip_flops.lib; read_liberty -lib -ignore_miss_func gates.lib; \
         write_json design.json"
    ))?;
    let mut netlist = eda::read_json(&dir.join("design.json"))?;
    let module = &mut netlist["modules"][top];
    // Blocks call it `clock`, tops `aclk`.
    let clock = if module["ports"]["aclk"].is_object() { "aclk" } else { "clock" };
    let buffers = buffer(module, clock, &library.buffer);
    let kinds: HashMap<&str, (f64, bool)> =
        library.cells.iter().map(|(name, area, flip_flop)| (name.as_str(), (*area, *flip_flop))).collect();
    let (mut cells, mut flip_flops, mut area, mut memories) = (0, 0, 0.0, BTreeMap::new());
    for kind in object(module, "cells").filter_map(|(_, cell)| text(cell, "type")) {
        if let Some((size, flip_flop)) = kinds.get(kind) {
            cells += 1;
            flip_flops += u64::from(*flip_flop);
            area += size;
        } else {
            *memories.entry(kind.to_owned()).or_default() += 1;
        }
    }
    eda::write(&dir.join("buffered.json"), &netlist.to_string())?;
    yosys(&format!(
        "read_json buffered.json; hierarchy -top {top}; splitnets -ports; clean; \
         write_verilog -noattr -noexpr -nohex -nodec buffered.v"
    ))?;
    let path_ps = longest_path(top, clock, dir)? * library.ps_per_unit;
    Ok(StandardCells {
        library: library.name.clone(),
        top: "",
        lanes: 0,
        cells,
        flip_flops,
        buffers,
        area,
        memories,
        path_ps,
        clock_mhz: 1e6 / path_ps,
    })
}

/// The longest path between flip-flops, in the library's unit of time.
fn longest_path(top: &str, clock: &str, dir: &Path) -> Result<f64, Error> {
    // Whatever the period is, path and slack are as long as it.
    const PERIOD: f64 = 1000.0;
    let script = format!(
        "read_liberty flip_flops.lib\nread_liberty gates.lib\nread_verilog buffered.v\nlink_design {top}\n\
         create_clock -name {clock} -period {PERIOD} [get_ports {clock}]\nreport_checks -path_delay max -digits 4\n"
    );
    eda::write(&dir.join("timing.tcl"), &script)?;
    let report = Tool::Sta.run(dir, &["-exit", "timing.tcl"])?;
    let slack = report.lines().find_map(|line| line.trim().split_once(" slack (").map(|(slack, _)| slack));
    let slack = slack.and_then(|slack| slack.trim().parse::<f64>().ok());
    let missing = || Error::Report { tool: Tool::Sta.name().to_owned(), what: format!("slack: {report}") };
    slack.map(|slack| PERIOD - slack).ok_or_else(missing)
}

/// Puts buffers, [name, input, output], behind whatever drives more cells than it should; how many. The clock has a tree of its own.
fn buffer(module: &mut Value, clock: &str, [name, input, output]: &[String; 3]) -> u64 {
    let mut readers: BTreeMap<u64, Vec<(String, String)>> = BTreeMap::new();
    let mut last = 0;
    let clock = nets(&module["ports"][clock]["bits"]).next();
    for (cell, ports) in object(module, "cells") {
        for (port, bits) in object(ports, "connections") {
            let is_read = text(&ports["port_directions"], port) == Some("input");
            for net in nets(bits) {
                last = last.max(net);
                // A memory's port has many bits, and is a macro's matter.
                if is_read && bits.as_array().is_some_and(|bits| bits.len() == 1) && Some(net) != clock {
                    readers.entry(net).or_default().push((cell.clone(), port.clone()));
                }
            }
        }
    }
    let mut buffers = 0;
    let cells = &mut module["cells"];
    for (net, mut readers) in readers {
        while readers.len() > FANOUT {
            let mut level = vec![];
            for few in readers.chunks(FANOUT) {
                let cell = format!("buffer_{buffers}");
                buffers += 1;
                last += 1;
                cells[&cell] = json!({
                    "hide_name": 0, "type": name, "parameters": {}, "attributes": {},
                    "port_directions": {input: "input", output: "output"},
                    "connections": {input: [net], output: [last]},
                });
                for (reader, port) in few {
                    cells[reader]["connections"][port] = json!([last]);
                }
                level.push((cell, input.clone()));
            }
            readers = level;
        }
    }
    buffers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An open library of 180 nm.
    const OSU018: &str = "/usr/share/qflow/tech/osu018";

    fn mapped(body: &str) -> StandardCells {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let text = format!(
            "module memory_8(input clock, input [7:0] d, output [7:0] q); endmodule
             module few(input aclk, input [39:0] d, output reg [39:0] q);\n{body}\nendmodule"
        );
        let library = Library::read(Path::new(OSU018)).expect("apt install qflow-tech-osu018");
        map(&text, "few", &library, dir.path()).expect("the tools agree")
    }

    #[test]
    fn cells_are_those_counted_by_hand_and_a_longer_path_takes_longer() {
        // Flip-flops with a gate between them, and with a chain of carries.
        let gate = mapped("reg a; always @(posedge aclk) begin a <= d[0]; q <= ~a; end");
        assert_eq!((gate.flip_flops, gate.buffers, gate.lanes), (2, 0, 0));
        let chain = mapped("always @(posedge aclk) q <= q + 1;");
        assert_eq!(chain.flip_flops, 40);
        assert!(chain.path_ps > 2.0 * gate.path_ps, "{} {}", chain.path_ps, gate.path_ps);
        assert!(chain.area > 20.0 * gate.area, "{} {}", chain.area, gate.area);
        assert_eq!(gate.clock_mhz, 1e6 / gate.path_ps);
    }

    #[test]
    fn what_drives_many_cells_does_so_through_buffers() {
        // Behind one flip-flop there are forty others: three buffers of up to sixteen.
        let few = mapped("reg a; always @(posedge aclk) begin a <= d[0]; q <= {16{a}}; end");
        assert_eq!((few.buffers, few.flip_flops), (0, 2));
        let body = "reg a; reg [39:0] b; always @(posedge aclk) begin a <= ^d; b <= d; q <= b ^ {40{a}}; end";
        let many = mapped(body);
        assert_eq!(many.flip_flops, 81);
        assert!(many.buffers >= 3, "{}", many.buffers);
        let one = mapped(&body.replace("{40{a}}", "a"));
        // A buffer's delay, and not that of a flip-flop that drives forty gates.
        assert!(many.path_ps < 2.0 * one.path_ps, "{} {}", many.path_ps, one.path_ps);
    }

    #[test]
    fn memories_are_left_to_the_process() {
        let body = "wire [7:0] m; memory_8 memory(.clock(aclk), .d(d[7:0]), .q(m)); reg a;
                    always @(posedge aclk) begin a <= d[0]; q <= {m, a}; end";
        let memory = mapped(body);
        assert_eq!(memory.memories, BTreeMap::from([("memory_8".to_owned(), 1)]));
        assert_eq!(memory.flip_flops, 10);
    }
}
