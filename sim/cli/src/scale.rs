//! The command that synthesises engines of all sizes.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use reports::{Grid, ScaleSeries, scale_chart};
use rtl::synthesis::{Synthesis, Target, Top, synthesise};
use rtl::{EngineParameters, Parameters};

use crate::output::{Files, note, print};
use crate::synth::{TargetArgument, longest_path, placements};

#[derive(Debug, Args)]
pub(crate) struct ScaleArguments {
    /// FPGAs: families of Xilinx (xc7, xcup), or parts of Lattice, which are routed, too.
    #[arg(long, value_enum, value_name = "A,B,...", value_delimiter = ',', required = true)]
    pub(crate) target: Vec<TargetArgument>,

    /// The largest engine, lanes times columns.
    #[arg(long, value_name = "N", default_value_t = 16384, allow_negative_numbers = true, value_parser = most_lanes)]
    pub(crate) most_lanes: u32,

    /// Placements to try; the clock is their median.
    #[arg(long, value_name = "N", default_value_t = 5, allow_negative_numbers = true, value_parser = placements)]
    pub(crate) seeds: u32,

    /// Also write CSV and a chart (SVG and PNG) to this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Lanes of the largest engine of a scale, which begins with 16.
fn most_lanes(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (16..=16384).contains(number));
    number.ok_or_else(|| "must be from 16 to 16384".to_owned())
}

/// Lanes and columns, the smallest engine first: each has twice the lanes of the one before, in all.
const SIZES: [(u32, u32); 11] = [
    (16, 1),
    (32, 1),
    (64, 1),
    (128, 1),
    (128, 2),
    (128, 4),
    (128, 8),
    (128, 16),
    (128, 32),
    (128, 64),
    (128, 128),
];

/// Token slots of each.
const TOKENS: u32 = 16;

/// Lanes, times columns, up to which an engine is routed: each doubling takes the router several times as long, and what limits the
/// clock is the same.
const MOST_ROUTED_LANES: u64 = 512;

/// A tile a cycle, up to the width of a wide memory's port.
const MOST_STREAM_BITS: u32 = 512;

/// Synthesises the core in every size up to `most_lanes` (lanes times columns) for each target, up to the first size that its
/// router refuses, prints a table, and writes it as CSV, with a chart, to `folder`.
pub(crate) fn scale(
    targets: &[Target],
    most_lanes: u64,
    seeds: u32,
    folder: Option<&Path>,
) -> anyhow::Result<()> {
    let mut files = folder.map(Files::new).transpose()?;
    let engines: Vec<EngineParameters> = SIZES
        .iter()
        .filter(|(lanes, columns)| u64::from(*lanes) * u64::from(*columns) <= most_lanes)
        .map(|&(lanes, columns)| engine(lanes, columns))
        .collect();
    let all: Vec<Vec<Synthesis>> = std::thread::scope(|scope| {
        let of = |target: &Target| {
            let (target, engines) = (*target, &engines);
            scope.spawn(move || sizes(engines, target, seeds))
        };
        let threads: Vec<_> = targets.iter().map(of).collect();
        // A thread that panicked is a fault of this program.
        threads
            .into_iter()
            .map(|thread| thread.join().expect("syntheses or an error"))
            .collect::<anyhow::Result<_>>()
    })?;
    if let Some(files) = &mut files {
        files.write("scale.csv", csv(&engines, &all).as_bytes())?;
        let series = |value: &dyn Fn(&Synthesis) -> Option<f64>| -> Vec<ScaleSeries> {
            let of = |(target, all): (&Target, &Vec<Synthesis>)| {
                let points = all.iter().filter_map(|one| Some((one.lanes as f64, value(one)?)));
                ScaleSeries { name: target.name().to_owned(), points: points.collect() }
            };
            targets.iter().zip(&all).map(of).collect()
        };
        let chart = scale_chart(&series(&|s| Some(s.luts_per_lane)), &series(&clock))?;
        files.write_chart("scale", &chart)?;
    }
    files.map_or(Ok(()), Files::publish)?;
    print(&table(targets, &engines, &all))
}

/// The engines on a target.
fn sizes(engines: &[EngineParameters], target: Target, seeds: u32) -> anyhow::Result<Vec<Synthesis>> {
    let mut all: Vec<Synthesis> = vec![];
    for p in engines {
        note(&format!("{} x {} for {}", p.array.lanes, p.array.columns, target.name()));
        let work = tempfile::tempdir().context("cannot create a temporary folder")?;
        let is_routed = u64::from(p.array.lanes * p.array.columns) <= MOST_ROUTED_LANES;
        let seeds = if is_routed { seeds } else { 0 };
        let synthesis = synthesise(p, Top::Core, target, seeds, work.path())?;
        let refused =
            is_routed && synthesis.route.is_none() && all.iter().any(|smaller| smaller.route.is_some());
        all.push(synthesis);
        if refused {
            break;
        }
    }
    Ok(all)
}

/// An engine whose tile arrives in a cycle, as far as a stream can be that wide.
fn engine(lanes: u32, columns: u32) -> EngineParameters {
    let tile_bits = lanes.div_ceil(5) * columns * 8;
    let stream_bits = tile_bits.next_power_of_two().min(MOST_STREAM_BITS);
    EngineParameters::of(Parameters { lanes, columns, tokens: TOKENS, stream_bits, acc_bits: 24 })
}

fn clock(synthesis: &Synthesis) -> Option<f64> {
    synthesis.route.as_ref().map(|route| route.median_mhz)
}

fn table(targets: &[Target], engines: &[EngineParameters], all: &[Vec<Synthesis>]) -> String {
    let mut grid = Grid::new(&format!("<>{}", ">>".repeat(targets.len())));
    let header = targets.iter().flat_map(|target| [target.name(), ""]);
    grid.row(["", "stream, bits"].into_iter().chain(header));
    let header = targets.iter().flat_map(|_| ["LUTs / lane", "MHz"]);
    grid.row(["lanes x columns", ""].into_iter().chain(header));
    grid.rule();
    for (i, p) in engines.iter().enumerate() {
        let sizes = format!("{} x {}", p.array.lanes, p.array.columns);
        let values = all.iter().flat_map(|syntheses| {
            let number =
                |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |number| format!("{number:.1}"));
            let synthesis = syntheses.get(i);
            [number(synthesis.map(|s| s.luts_per_lane)), number(synthesis.and_then(clock))]
        });
        grid.row([sizes, p.array.stream_bits.to_string()].into_iter().chain(values));
    }
    let mut text = grid.text();
    for (target, syntheses) in targets.iter().zip(all) {
        for (p, route) in engines.iter().zip(syntheses).filter_map(|(p, s)| Some((p, s.route.as_ref()?))) {
            let sizes = format!("{} x {}", p.array.lanes, p.array.columns);
            text += &format!("{}, {sizes}: {}\n", target.name(), longest_path(route));
        }
    }
    text
}

fn csv(engines: &[EngineParameters], all: &[Vec<Synthesis>]) -> String {
    let mut text =
        "target,lanes,columns,stream_bits,luts,lut_rams,carry_luts,flip_flops,block_rams,luts_per_lane,\
                    packed_cells,clock_mhz,path_from,path_to,path_cells_ns,path_wires_ns\n"
            .to_owned();
    for syntheses in all {
        for (p, s) in engines.iter().zip(syntheses) {
            let route = s.route.as_ref();
            let or_empty = |value: Option<String>| value.unwrap_or_default();
            text += &format!(
                "{},{},{},{},{},{},{},{},{},{:.3},{},{},{},{},{},{}\n",
                s.target,
                p.array.lanes,
                p.array.columns,
                p.array.stream_bits,
                s.cells.luts,
                s.cells.lut_rams,
                s.cells.carry_luts,
                s.cells.flip_flops,
                s.cells.block_rams,
                s.luts_per_lane,
                or_empty(route.map(|route| route.cells.to_string())),
                or_empty(route.map(|route| format!("{:.2}", route.median_mhz))),
                or_empty(route.map(|route| route.longest_path.from.clone())),
                or_empty(route.map(|route| route.longest_path.to.clone())),
                or_empty(route.map(|route| format!("{:.3}", route.longest_path.cells_ns))),
                or_empty(route.map(|route| format!("{:.3}", route.longest_path.wires_ns))),
            );
        }
    }
    text
}
