//! Placement and routing with nextpnr.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Serialize;
use serde_json::Value;

use super::harness::harness;
use super::{Target, netlist};
use crate::Error;
use crate::eda::{self, Tool};

/// A routed design.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Route {
    /// What the router calls a lookup table with what belongs to it: `TRELLIS_COMB`, `ICESTORM_LC`.
    pub cell: &'static str,
    /// How many it packed; on iCE40 with the shift registers that stand for pins.
    pub cells: u64,
    /// The clock of each seed, in the order of the seeds.
    pub clocks: Vec<Clock>,
    /// The median clock; of an even number the lower one of the two in the middle.
    pub median_mhz: f64,
    /// What limits it: the path of the seed with that clock.
    pub longest_path: LongestPath,
}

/// The path from register to register, or memory, that takes longest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LongestPath {
    /// The net or memory in which it starts, by its name in the hierarchy.
    pub from: String,
    /// The register or memory in which it ends.
    pub to: String,
    /// What its cells take, the first one's output and the last one's setup among them, ns.
    pub cells_ns: f64,
    /// What the wires between them take, ns.
    pub wires_ns: f64,
    /// Cells between the first and the last.
    pub levels: usize,
}

/// What a seed came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Clock {
    /// Of the placement.
    pub seed: u32,
    /// The highest clock frequency at which every path from register to register holds.
    pub mhz: f64,
}

/// An ECP5-85F, speed grade 6, and how hard nextpnr-ecp5 tries: the weight makes its placer favour paths that are late over
/// wires that are short; its router takes up wires again that make a path late.
pub(super) const ECP5: &str = "--85k --speed 6 --placer-heap-timingweight 30 --tmg-ripup";

/// Routes `top` of `design.json` in `dir` on an ECP5: as a block without pins.
pub(super) fn ecp5(seeds: u32, dir: &Path) -> Result<Result<Route, String>, Error> {
    let args = format!("{ECP5} --package CABGA756 --out-of-context --freq 150");
    route(Tool::NextpnrEcp5, "TRELLIS_COMB", &args, "design.json", seeds, dir)
}

/// The clock of the slowest clock domain of a router's report, MHz.
pub(super) fn lowest_clock(report: &Value) -> Option<f64> {
    let clocks = report["fmax"].as_object()?.values();
    clocks.filter_map(|clock| clock["achieved"].as_f64()).reduce(f64::min)
}

/// Routes `top` of `text` on an iCE40 HX8K, in a harness.
pub(super) fn ice40(text: &str, top: &str, seeds: u32, dir: &Path) -> Result<Result<Route, String>, Error> {
    eda::write(&dir.join("harness.v"), &(text.to_owned() + &harness(text, top)?))?;
    let script = "read_verilog harness.v; synth_ice40 -top harness -json harness.json";
    Tool::Yosys.run(dir, &["-q", "-p", script])?;
    netlist::run_passes(Target::Ice40Hx8k, &dir.join("harness.json"))?;
    let args = "--hx8k --package ct256 --freq 100 --pcf-allow-unconstrained";
    route(Tool::NextpnrIce40, "ICESTORM_LC", args, "harness.json", seeds, dir)
}

/// Routes with each seed, as many at a time as there are processors; or says why the design cannot be placed.
fn route(
    tool: Tool,
    cell: &'static str,
    args: &str,
    netlist: &str,
    seeds: u32,
    dir: &Path,
) -> Result<Result<Route, String>, Error> {
    let next = AtomicU32::new(1);
    let results = Mutex::new(vec![]);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers.min(seeds as usize) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > seeds {
                        break;
                    }
                    let result = run_seed(tool, cell, args, netlist, seed, dir);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((seed, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(seed, _)| *seed);
    let (mut clocks, mut paths, mut cells) = (vec![], vec![], 0);
    for (seed, result) in results {
        match result {
            Ok(placed) => {
                cells = placed.cells;
                clocks.push(Clock { seed, mhz: placed.mhz });
                paths.push((placed.mhz, placed.longest_path));
            }
            // What the router says of a design that it cannot place is an answer; a router that is missing is not.
            Err(error) => return reason(&error).map(Err).ok_or(error),
        }
    }
    paths.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let (median_mhz, longest_path) = paths.swap_remove((paths.len() - 1) / 2);
    Ok(Ok(Route { cell, cells, clocks, median_mhz, longest_path }))
}

/// A design as placed with one seed.
struct Placed {
    cells: u64,
    mhz: f64,
    longest_path: LongestPath,
}

/// Places and routes with a seed.
fn run_seed(
    tool: Tool,
    cell: &str,
    args: &str,
    netlist: &str,
    seed: u32,
    dir: &Path,
) -> Result<Placed, Error> {
    let (report, seed) = (format!("report_{seed}.json"), seed.to_string());
    let mut all: Vec<&str> = args.split_whitespace().collect();
    all.extend(["--json", netlist, "--report", &report, "--seed", &seed, "--timing-allow-fail", "--quiet"]);
    tool.run(dir, &all)?;
    let text = eda::read(&dir.join(&report))?;
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    let cells = document["utilization"][cell]["used"].as_u64();
    match (cells, lowest_clock(&document), longest_path(&document)) {
        (Some(cells), Some(mhz), Some(longest_path)) => Ok(Placed { cells, mhz, longest_path }),
        _ => {
            Err(Error::Report { tool: tool.name().to_owned(), what: format!("{cell}, a clock and its path") })
        }
    }
}

/// The longest of the paths within a clock domain that a router reports.
fn longest_path(report: &Value) -> Option<LongestPath> {
    let paths = report["critical_paths"].as_array()?.iter().filter(|path| path["from"] == path["to"]);
    let of = |path: &Value| {
        let hops = path["path"].as_array()?;
        let total = |wires: bool| -> f64 {
            let of_kind = hops.iter().filter(|hop| (hop["type"] == "routing") == wires);
            of_kind.filter_map(|hop| hop["delay"].as_f64()).sum()
        };
        Some(LongestPath {
            from: block(hops.first()?["from"]["cell"].as_str()?),
            to: block(hops.last()?["to"]["cell"].as_str()?),
            cells_ns: total(false),
            wires_ns: total(true),
            levels: hops.iter().filter(|hop| hop["type"] == "logic").count(),
        })
    };
    let length = |path: &LongestPath| path.cells_ns + path.wires_ns;
    paths.filter_map(of).max_by(|a, b| length(a).total_cmp(&length(b)))
}

/// The name that a person gave: Yosys calls a cell by the net it drives, `_`, its type in capitals, and its port, and a part of a
/// memory by the memory and its place.
fn block(cell: &str) -> String {
    let bytes = cell.as_bytes();
    let suffix = bytes.windows(2).position(|pair| pair[0] == b'_' && pair[1].is_ascii_uppercase());
    let name = &cell[..suffix.unwrap_or(cell.len())];
    name.trim_end_matches(|c: char| c == '.' || c.is_ascii_digit()).to_owned()
}

/// The router's own line that says why a design cannot be placed; nothing where it failed for another reason.
pub(super) fn reason(error: &Error) -> Option<String> {
    let Error::Tool { output, .. } = error else { return None };
    let why = output.lines().find_map(|line| line.split_once("ERROR: ").map(|(_, why)| why))?;
    Some(why.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_is_that_of_a_clock_and_split_into_cells_and_wires() {
        let hop = |kind: &str, delay: f64, from: &str, to: &str| serde_json::json!({ "type": kind, "delay": delay, "from": { "cell": from }, "to": { "cell": to } });
        let path = |from: &str, scale: f64| {
            serde_json::json!({ "from": from, "to": "posedge aclk", "path": [
                hop("clk-to-q", 0.5 * scale, "fifo.rows.0.12", "fifo.rows.0.12"),
                hop("routing", 2.0 * scale, "fifo.rows.0.12", "decoder.trits_LUT4_Z_3"),
                hop("logic", 0.25 * scale, "decoder.trits_LUT4_Z_3", "decoder.trits_LUT4_Z_3"),
                hop("routing", 1.0 * scale, "decoder.trits_LUT4_Z_3", "tile.loading_TRELLIS_FF_Q"),
                hop("setup", 0.0, "tile.loading_TRELLIS_FF_Q", "tile.loading_TRELLIS_FF_Q"),
            ] })
        };
        let report = serde_json::json!({ "critical_paths": [
            path("posedge aclk", 1.0), path("<async>", 9.0), path("posedge aclk", 2.0),
        ] });
        let expected = LongestPath {
            from: "fifo.rows".to_owned(),
            to: "tile.loading".to_owned(),
            cells_ns: 1.5,
            wires_ns: 6.0,
            levels: 1,
        };
        assert_eq!(longest_path(&report), Some(expected));
        assert_eq!(longest_path(&serde_json::json!({ "critical_paths": [] })), None);
    }

    #[test]
    fn the_reason_is_the_routers_line_and_any_other_failure_an_error() {
        let error =
            |output: &str| Error::Tool { tool: "nextpnr-ice40".to_owned(), output: output.to_owned() };
        let placed = error("Info: packing\nERROR: no BELs remaining to implement cell type 'ICESTORM_LC'\n");
        let why = "no BELs remaining to implement cell type 'ICESTORM_LC'";
        assert_eq!(reason(&placed).as_deref(), Some(why));
        assert_eq!(reason(&error("unrecognised option '--report'")), None);
    }
}
