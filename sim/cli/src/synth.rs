//! The commands that take an engine to an FPGA: what it takes there and how fast it runs, and a board's bitstream.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use reports::Grid;
use rtl::EngineParameters;
use rtl::synthesis::{
    self, LongestPath, Route, StandardCells, Synthesis, Target, Top, standard_cells, synthesise,
};
use serde::Serialize;

use crate::args::TextFormat;
use crate::engine_sizes::{SizeArguments, engine, size};
use crate::output::{Files, print};

#[derive(Debug, Args)]
pub(crate) struct SynthArguments {
    #[command(flatten)]
    pub(crate) sizes: SizeArguments,

    /// FPGAs: families of Xilinx (xc7, xcup), or parts of Lattice, which are routed, too.
    #[arg(
        long,
        value_enum,
        value_name = "A,B,...",
        value_delimiter = ',',
        required_unless_present = "liberty"
    )]
    pub(crate) target: Vec<TargetArgument>,

    /// Standard cells instead: a folder with the liberty files (.lib, .lib.gz) of a process, for OpenSTA to time.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["target", "seeds"])]
    pub(crate) liberty: Option<PathBuf>,

    /// What of the engine.
    #[arg(long, value_enum, default_value_t = TopArgument::Core)]
    pub(crate) top: TopArgument,

    /// Placements to try; the clock is their median.
    #[arg(long, value_name = "N", default_value_t = 5, allow_negative_numbers = true, value_parser = placements)]
    pub(crate) seeds: u32,

    /// What to print.
    #[arg(long, value_enum, default_value_t = TextFormat::Table)]
    pub(crate) format: TextFormat,
}

#[derive(Debug, Args)]
pub(crate) struct BitstreamArguments {
    #[command(flatten)]
    pub(crate) sizes: SizeArguments,

    /// The engine's clock.
    #[arg(long, value_name = "MHZ", default_value_t = 100, allow_negative_numbers = true, value_parser = size)]
    pub(crate) clock: u32,

    /// Placements to try until one keeps the clock.
    #[arg(long, value_name = "N", default_value_t = 5, allow_negative_numbers = true, value_parser = placements)]
    pub(crate) seeds: u32,

    /// Folder for the files.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TargetArgument {
    Ice40Hx8k,
    #[value(name = "ecp5-85k")]
    Ecp5_85k,
    Xc7,
    Xcup,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TopArgument {
    /// Streams alone.
    Core,
    /// With AXI4-Lite registers and requantiser.
    Engine,
    /// With an AXI4 read master besides.
    EngineAxi,
    /// The requantiser alone.
    Requantizer,
}

/// A number of placements.
pub(crate) fn placements(text: &str) -> Result<u32, String> {
    const MOST: u32 = 100;
    let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("must be from 1 to {MOST}"))
}

pub(crate) fn targets(arguments: &[TargetArgument]) -> Vec<Target> {
    let target = |target: &TargetArgument| match target {
        TargetArgument::Ice40Hx8k => Target::Ice40Hx8k,
        TargetArgument::Ecp5_85k => Target::Ecp5_85k,
        TargetArgument::Xc7 => Target::Xc7,
        TargetArgument::Xcup => Target::Xcup,
    };
    arguments.iter().map(target).collect()
}

/// What is to be synthesised, and for what.
pub(crate) struct Request {
    pub(crate) parameters: EngineParameters,
    pub(crate) top: Top,
    pub(crate) cells: Cells,
    pub(crate) as_json: bool,
}

impl Request {
    pub(crate) fn resolve(synth: SynthArguments) -> anyhow::Result<Request> {
        let parameters = engine(&synth.sizes)?;
        let top = match synth.top {
            TopArgument::Core => Top::Core,
            TopArgument::Engine => Top::Engine,
            TopArgument::EngineAxi => Top::EngineAxi,
            TopArgument::Requantizer => Top::Requantizer,
        };
        Ok(Request {
            parameters,
            top,
            cells: match synth.liberty {
                Some(folder) => Cells::Standard(folder),
                None => Cells::Fpgas { targets: targets(&synth.target), seeds: synth.seeds },
            },
            as_json: synth.format == TextFormat::Json,
        })
    }
}

/// What it is to be made of.
pub(crate) enum Cells {
    /// Each of these, routed with so many seeds.
    Fpgas { targets: Vec<Target>, seeds: u32 },
    /// The standard cells whose liberty files are in a folder.
    Standard(PathBuf),
}

/// The document's version: a key that changes its meaning, or goes, is a new one.
const SCHEMA_VERSION: u32 = 2;

/// The JSON document.
#[derive(Serialize)]
struct Document {
    schema_version: u32,
    lanes: u32,
    columns: u32,
    tokens: u32,
    stream_bits: u32,
    acc_bits: u32,
    activation_bits: u32,
    activation_words: u32,
    result_lanes: u32,
    dividers: u32,
    fifo_beats: u32,
    burst_beats: u32,
    #[serde(flatten)]
    made: Made,
}

/// What came of it.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Made {
    Syntheses(Vec<Synthesis>),
    StandardCells(StandardCells),
}

/// Synthesises for each target, or for a process, and prints what came of it.
pub(crate) fn synth(request: &Request) -> anyhow::Result<()> {
    let Request { parameters: p, top, cells, as_json } = request;
    let folder = || tempfile::tempdir().context("cannot create a temporary folder");
    let (table, made) = match cells {
        Cells::Fpgas { targets, seeds } => {
            let synthesis = |target: &Target| Ok(synthesise(p, *top, *target, *seeds, folder()?.path())?);
            let syntheses = targets.iter().map(synthesis).collect::<anyhow::Result<Vec<_>>>()?;
            (table(targets, &syntheses), Made::Syntheses(syntheses))
        }
        Cells::Standard(library) => {
            let cells = standard_cells(p, *top, library, folder()?.path())?;
            (standard_table(&cells), Made::StandardCells(cells))
        }
    };
    if !as_json {
        return print(&table);
    }
    print(&reports::json(&Document {
        schema_version: SCHEMA_VERSION,
        lanes: p.array.lanes,
        columns: p.array.columns,
        tokens: p.array.tokens,
        stream_bits: p.array.stream_bits,
        acc_bits: p.array.acc_bits,
        activation_bits: p.activation_bits,
        activation_words: p.activation_words,
        result_lanes: p.result_lanes,
        dividers: p.dividers,
        fifo_beats: p.fifo_beats,
        burst_beats: p.burst_beats,
        made,
    })?)
}

/// Makes the bitstream of a board.
pub(crate) fn bitstream(
    p: &EngineParameters,
    clock_mhz: u32,
    seeds: u32,
    folder: &Path,
) -> anyhow::Result<()> {
    let mut files = Files::new(folder)?;
    let work = tempfile::tempdir().context("cannot create a temporary folder")?;
    let made = synthesis::bitstream(p, clock_mhz, seeds, work.path())?;
    files.write("ulx3s.v", made.verilog.as_bytes())?;
    files.write("ulx3s.bit", &made.bits)?;
    files.publish()?;
    print(&format!(
        "placed with seed {}: {clock_mhz} MHz asked for, {:.1} MHz reached\n",
        made.seed, made.mhz
    ))
}

fn table(targets: &[Target], syntheses: &[Synthesis]) -> String {
    let mut grid = Grid::new(&format!("<{}", ">".repeat(targets.len())));
    let top = syntheses.first().map_or("", |synthesis| synthesis.top);
    grid.row(std::iter::once(top).chain(targets.iter().map(|target| target.name())));
    grid.rule();
    let mut row = |name: &str, value: &dyn Fn(&Synthesis) -> String| {
        grid.row(std::iter::once(name.to_owned()).chain(syntheses.iter().map(value)));
    };
    row("LUTs", &|s| s.cells.luts.to_string());
    row("LUTs as RAM", &|s| s.cells.lut_rams.to_string());
    row("LUTs in carry cells", &|s| s.cells.carry_luts.to_string());
    row("LUTs / lane", &|s| format!("{:.1}", s.luts_per_lane));
    row("wide multiplexers", &|s| s.cells.wide_multiplexers.to_string());
    row("carry cells", &|s| s.cells.carries.to_string());
    row("flip-flops", &|s| s.cells.flip_flops.to_string());
    row("block RAMs", &|s| s.cells.block_rams.to_string());
    row("DSPs", &|s| s.cells.multipliers.to_string());
    let routed = |value: &dyn Fn(&Synthesis, &Route) -> String| {
        let cell = |s: &Synthesis| s.route.as_ref().map_or_else(|| "-".to_owned(), |route| value(s, route));
        syntheses.iter().map(cell).collect::<Vec<_>>()
    };
    let rows = [
        ("packed cells", routed(&|_, route| format!("{} {}", route.cells, route.cell))),
        ("packed / lane", routed(&|s, route| format!("{:.1}", route.cells as f64 / s.lanes as f64))),
        ("clock, MHz, median", routed(&|_, route| format!("{:.1}", route.median_mhz))),
        ("lowest to highest", routed(&|_, route| range(route))),
        ("seeds", routed(&|_, route| route.clocks.len().to_string())),
    ];
    for (name, cells) in rows {
        grid.row(std::iter::once(name.to_owned()).chain(cells));
    }
    let mut text = grid.text();
    for (target, synthesis) in targets.iter().zip(syntheses) {
        let kilobits = target.block_ram_kilobits();
        let whole = if synthesis.flattened { "as a whole" } else { "module by module" };
        text += &format!("{}: {}, {whole}", target.name(), synthesis.command);
        for pass in &synthesis.netlist_passes {
            text += &format!(", {pass}");
        }
        text += &format!("; block RAMs of {kilobits} Kb");
        text += &synthesis.not_routed.as_ref().map_or_else(String::new, |why| format!("; not routed: {why}"));
        text.push('\n');
        if let Some(route) = &synthesis.route {
            text += &format!("{}: {}\n", target.name(), longest_path(route));
        }
    }
    text
}

/// What limits a clock, in words.
pub(crate) fn longest_path(route: &Route) -> String {
    let LongestPath { from, to, cells_ns, wires_ns, levels } = &route.longest_path;
    format!(
        "{:.1} MHz from {from} to {to}: {cells_ns:.1} ns in cells ({levels} on the way), {wires_ns:.1} ns in wires",
        route.median_mhz
    )
}

fn standard_table(cells: &StandardCells) -> String {
    let mut grid = Grid::new("<>");
    grid.row([cells.top, &cells.library]);
    grid.rule();
    let rows = [
        ("cells", cells.cells.to_string()),
        ("flip-flops", cells.flip_flops.to_string()),
        ("buffers", cells.buffers.to_string()),
        ("area", format!("{:.1}", cells.area)),
        ("area / lane", format!("{:.3}", cells.area / cells.lanes as f64)),
        ("longest path, ps", format!("{:.1}", cells.path_ps)),
        ("clock, MHz", format!("{:.0}", cells.clock_mhz)),
    ];
    for (name, value) in rows {
        grid.row([name, &value]);
    }
    let memories: Vec<String> =
        cells.memories.iter().map(|(name, count)| format!("{count} {name}")).collect();
    grid.text()
        + &format!(
            "area in the library's unit; paths from flip-flop to flip-flop, without wires; not counted: {}\n",
            if memories.is_empty() { "nothing".to_owned() } else { memories.join(", ") }
        )
}

fn range(route: &Route) -> String {
    let clocks = || route.clocks.iter().map(|clock| clock.mhz);
    format!("{:.1} - {:.1}", clocks().fold(f64::INFINITY, f64::min), clocks().fold(0.0, f64::max))
}
