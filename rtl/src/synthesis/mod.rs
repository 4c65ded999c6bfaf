//! An engine as FPGA cells, by open tools: how many it takes, and how fast they run.
//!
//! | file | does |
//! |---|---|
//! | `target` | what each FPGA family calls its cells, and how Yosys and nextpnr are called for it |
//! | `count` | cells as lookup tables, flip-flops, block RAMs |
//! | `netlist` | what a target's cells can do and Yosys leaves to others |
//! | `output_registers` | moves registers behind block RAMs into them |
//! | `carry_signs` | moves exclusive ors before adders into them |
//! | `register_signs` | moves exclusive ors behind registers before them |
//! | `harness` | a top with three pins, where a part has too few for an engine's ports |
//! | `route` | places and routes with several seeds |
//! | `liberty` | the standard cells of a process |
//! | `standard_cells` | an engine made of them, and its longest path |
//! | `bitstream` | the ULX3S, to the file that configures it |

mod bitstream;
mod carry_signs;
mod count;
mod harness;
mod liberty;
mod netlist;
mod output_registers;
mod register_signs;
mod route;
mod standard_cells;
mod target;

use std::path::Path;

use serde::Serialize;

pub use bitstream::{Bitstream, bitstream};
pub use count::Count;
pub use route::{Clock, LongestPath, Route};
pub use standard_cells::{StandardCells, standard_cells};
pub use target::Target;

use crate::eda::{self, Tool};
use crate::requantizer::Requantizer;
use crate::{EngineParameters, Error, verilog};

/// What is synthesised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Top {
    /// `ternary_core`: streams alone.
    Core,
    /// `ternary_engine`: with registers, vector jobs and requantiser.
    Engine,
    /// `ternary_engine_axi`: with a read master besides.
    EngineAxi,
    /// The requantiser alone.
    Requantizer,
}

impl Top {
    /// The module's name.
    pub fn name(self) -> &'static str {
        match self {
            Top::Core => "ternary_core",
            Top::Engine => "ternary_engine",
            Top::EngineAxi => "ternary_engine_axi",
            Top::Requantizer => "requantizer",
        }
    }

    fn text(self, parameters: &EngineParameters) -> Result<String, Error> {
        match self {
            Top::Core => verilog::ternary_core(parameters),
            Top::Engine => verilog::ternary_engine(parameters),
            Top::EngineAxi => verilog::ternary_engine_axi(parameters),
            Top::Requantizer => {
                parameters.validate()?;
                verilog::emit(&mut Requantizer::new(parameters), self.name())
            }
        }
    }
}

/// Lanes times columns up to which a design is synthesised as a whole; larger ones module by module, which takes a time
/// that does not grow with them, and a few lookup tables more.
const MOST_FLATTENED_LANES: u64 = 2560;

/// What an engine takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Synthesis {
    /// [`Target::name`].
    pub target: &'static str,
    /// [`Top::name`].
    pub top: &'static str,
    /// Lanes times columns.
    pub lanes: u64,
    /// Whether the hierarchy was dissolved; else each module was synthesised by itself.
    pub flattened: bool,
    /// The command that Yosys ran.
    pub command: String,
    /// What its netlist went through before it was counted and routed ([`Target::netlist_passes`]).
    pub netlist_passes: Vec<&'static str>,
    /// The cells.
    pub cells: Count,
    /// Lookup tables, those that are memory or in carry cells among them, a lane.
    pub luts_per_lane: f64,
    /// What was routed, if it was.
    pub route: Option<Route>,
    /// Else why not.
    pub not_routed: Option<String>,
}

/// Synthesises an engine in `dir`, an empty folder, and routes it with each of the seeds 1 to `seeds` where there is a
/// router for the target.
///
/// # Errors
///
/// A size outside its range, a missing tool, or what Yosys reports. That a design does not fit the part is no error.
pub fn synthesise(
    parameters: &EngineParameters,
    top: Top,
    target: Target,
    seeds: u32,
    dir: &Path,
) -> Result<Synthesis, Error> {
    let text = top.text(parameters)?;
    let lanes = u64::from(parameters.array.lanes) * u64::from(parameters.array.columns);
    let flattened = lanes <= MOST_FLATTENED_LANES;
    let command = target.synthesis(flattened);
    let (cells, routed) = measure(&text, top.name(), target, flattened, seeds, dir)?;
    let (route, not_routed) = match routed {
        Ok(route) => (Some(route), None),
        Err(why) => (None, Some(why)),
    };
    Ok(Synthesis {
        target: target.name(),
        top: top.name(),
        lanes,
        flattened,
        command,
        netlist_passes: target.netlist_passes(),
        luts_per_lane: cells.all_luts() as f64 / lanes as f64,
        cells,
        route,
        not_routed,
    })
}

/// The cells of the module `top` of `text`, by Yosys in `dir`, an empty folder; and, with seeds, what its router makes of it, or
/// why it cannot. A design that is not flattened is not routed.
///
/// # Errors
///
/// A missing tool, or what Yosys reports.
pub fn measure(
    text: &str,
    top: &str,
    target: Target,
    flattened: bool,
    seeds: u32,
    dir: &Path,
) -> Result<(Count, Result<Route, String>), Error> {
    eda::write(&dir.join("design.v"), text)?;
    let command = target.synthesis(flattened);
    let synthesis = format!("read_verilog design.v; {command} -top {top}");
    let count = format!("tee -q -o cells.txt stat -top {top}");
    let yosys = |script: &str| Tool::Yosys.run(dir, &["-q", "-p", script]);
    if netlist::passes(target).is_empty() {
        yosys(&format!("{synthesis}; {count}"))?;
    } else {
        yosys(&format!("{synthesis} -json design.json"))?;
        netlist::run_passes(target, &dir.join("design.json"))?;
        yosys(&format!("read_json design.json; {count}"))?;
    }
    let cells = Count::of(target, &eda::read(&dir.join("cells.txt"))?);
    let route = match target {
        Target::Xc7 | Target::Xcup => Err("no open router".to_owned()),
        _ if seeds == 0 => Err("not asked for".to_owned()),
        _ if !flattened => Err("too large for the part".to_owned()),
        Target::Ecp5_85k => route::ecp5(seeds, dir)?,
        Target::Ice40Hx8k => route::ice40(text, top, seeds, dir)?,
    };
    Ok((cells, route))
}
