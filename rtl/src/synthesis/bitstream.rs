//! An engine on the board ULX3S, as the file that configures its FPGA.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Target, netlist, route};
use crate::board::ulx3s::ulx3s;
use crate::eda::{self, Tool};
use crate::{EngineParameters, Error};

/// A bitstream, and what it was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Bitstream {
    /// The text of `ulx3s.v`.
    pub verilog: String,
    /// The content of `ulx3s.bit`.
    pub bits: Vec<u8>,
    /// The placement's seed: the first that keeps the clock.
    pub seed: u32,
    /// The clock that this placement could have.
    pub mhz: f64,
}

/// Synthesises, places and routes the engine behind the serial port of a ULX3S (ECP5-85F, speed grade 6) with the seeds 1
/// to `seeds` until one keeps `clock_mhz`, in `dir`, an empty folder.
///
/// # Errors
///
/// A size outside its range, a clock that the board cannot make or no seed keeps, a missing tool, or an engine that does not
/// fit.
pub fn bitstream(
    parameters: &EngineParameters,
    clock_mhz: u32,
    seeds: u32,
    dir: &Path,
) -> Result<Bitstream, Error> {
    let board = ulx3s(parameters, clock_mhz)?;
    eda::write(&dir.join("ulx3s.v"), &board.verilog)?;
    eda::write(&dir.join("ulx3s.lpf"), board.constraints)?;
    Tool::Yosys.run(dir, &["-q", "-p", "read_verilog ulx3s.v; synth_ecp5 -top ulx3s -json design.json"])?;
    netlist::run_passes(Target::Ecp5_85k, &dir.join("design.json"))?;
    let mut best: f64 = 0.0;
    for seed in 1..=seeds {
        let args = format!(
            "{} --package CABGA381 --json design.json --lpf ulx3s.lpf --textcfg ulx3s.config --report report.json \
             --timing-allow-fail --quiet --seed {seed}",
            route::ECP5
        );
        let args: Vec<&str> = args.split_whitespace().collect();
        let routed = Tool::NextpnrEcp5.run(dir, &args);
        routed.map_err(|error| route::reason(&error).map_or(error, |why| Error::DoesNotFit { why }))?;
        let report: Value = serde_json::from_str(&eda::read(&dir.join("report.json"))?).unwrap_or_default();
        let mhz = route::lowest_clock(&report).ok_or_else(|| Error::Report {
            tool: Tool::NextpnrEcp5.name().to_owned(),
            what: "clock".to_owned(),
        })?;
        best = best.max(mhz);
        if mhz >= clock_mhz.into() {
            Tool::Ecppack.run(dir, &["--compress", "ulx3s.config", "ulx3s.bit"])?;
            let path = dir.join("ulx3s.bit");
            let bits = fs::read(&path).map_err(|source| Error::File { path, source })?;
            return Ok(Bitstream { verilog: board.verilog, bits, seed, mhz });
        }
    }
    Err(Error::TooSlow { clock_mhz, seeds, best })
}
