//! The commands about the engine's Verilog.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use reports::Grid;
use rtl::cosim::engine::{
    self, COUNTER_NAMES, CoveredState, EngineSimulator, Instruments, SessionLimits, Top,
};
use rtl::{EngineParameters, Error};

use crate::engine_sizes::{SizeArguments, engine};
use crate::output::{Files, note, print};

#[derive(Debug, Args)]
pub(crate) struct VerilogArguments {
    #[command(flatten)]
    pub(crate) sizes: SizeArguments,

    /// Folder for the files.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) sizes: SizeArguments,

    /// Runs of random jobs with random stalls; the same number gives the same runs.
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true, value_parser = seeds)]
    pub(crate) seeds: u64,

    /// Also write the waveform of the first run, or of the one that fails.
    #[arg(long, value_name = "FILE")]
    pub(crate) vcd: Option<PathBuf>,

    /// Also count how often each full, empty and stall state is entered or left; one that is not is an error.
    #[arg(long)]
    pub(crate) coverage: bool,

    /// Only ternary_engine_axi, which fetches its weights; otherwise all three.
    #[arg(long)]
    pub(crate) axi: bool,
}

/// A number of runs.
fn seeds(text: &str) -> Result<u64, String> {
    const MOST: u64 = 1_000_000;
    let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("must be from 1 to {MOST}"))
}

/// Random runs of an engine.
pub(crate) struct Verification {
    pub(crate) parameters: EngineParameters,
    pub(crate) tops: Vec<Top>,
    pub(crate) seeds: u64,
    /// A VCD file.
    pub(crate) waveform: Option<PathBuf>,
    /// Full, empty and stall states are counted.
    pub(crate) coverage: bool,
}

impl Verification {
    pub(crate) fn resolve(verify: VerifyArguments) -> anyhow::Result<Verification> {
        let parameters = engine(&verify.sizes)?;
        let tops = if verify.axi {
            parameters.validate_axi()?;
            vec![Top::Axi]
        } else {
            vec![Top::Core, Top::Stream, Top::Axi]
        };
        Ok(Verification {
            parameters,
            tops,
            seeds: verify.seeds,
            waveform: verify.vcd,
            coverage: verify.coverage,
        })
    }
}

/// The engine as Verilog: all tops, or those that its stream's width allows.
pub(crate) fn verilog(parameters: &EngineParameters, folder: &Path) -> anyhow::Result<()> {
    let mut files = Files::new(folder)?;
    files.write("ternary_core.v", rtl::verilog::ternary_core(parameters)?.as_bytes())?;
    files.write("ternary_engine.v", rtl::verilog::ternary_engine(parameters)?.as_bytes())?;
    let without = without_axi(parameters)?;
    if without.is_none() {
        files.write("ternary_engine_axi.v", rtl::verilog::ternary_engine_axi(parameters)?.as_bytes())?;
    }
    files.publish()?;
    if let Some(why) = without {
        note(&format!("no ternary_engine_axi.v: {why}"));
    }
    Ok(())
}

/// Random runs of each top, all compared with the contract.
pub(crate) fn verify(verification: &Verification) -> anyhow::Result<()> {
    let parameters = &verification.parameters;
    let mut tops = verification.tops.clone();
    if let Some(why) = without_axi(parameters)? {
        tops.retain(|top| *top != Top::Axi);
        note(&format!("no ternary_engine_axi: {why}"));
    }
    let (mut sums, mut states) = (vec![], vec![]);
    for (i, top) in tops.iter().enumerate() {
        let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
        // One waveform is asked for: of the first top, unless a later one fails.
        let waveform = verification.waveform.as_deref().map(|_| folder.path().join("run.vcd"));
        let instruments = Instruments {
            waveform: waveform.is_some(),
            coverage: verification.coverage,
            ..Instruments::default()
        };
        let mut simulator = EngineSimulator::build_with(parameters, *top, instruments, folder.path())?;
        let limits = SessionLimits::of(parameters);
        let sum = engine::verify(&mut simulator, limits, verification.seeds, waveform.as_deref());
        if let (Some(from), Some(to)) = (&waveform, &verification.waveform)
            && (i == 0 || sum.is_err())
        {
            publish(from, to)?;
        }
        sums.push(sum?);
        states.push(engine::covered_states(*top, simulator.coverage()));
    }
    print(&table(&tops, &sums))?;
    if verification.coverage { coverage(&tops, &states) } else { Ok(()) }
}

/// Prints how often each state was entered or left; one that never was is an error.
fn coverage(tops: &[Top], states: &[Vec<CoveredState>]) -> anyhow::Result<()> {
    for (top, states) in tops.iter().zip(states) {
        let mut grid = Grid::new("<>");
        grid.row([top.name(), "changes"]);
        grid.rule();
        for state in states {
            grid.row([state.state.to_owned(), state.changes.to_string()]);
        }
        print(&grid.text())?;
        if let Some(missed) = states.iter().find(|state| !state.is_covered()) {
            anyhow::bail!("{}: no run came into the state \"{}\" and out of it", top.name(), missed.state);
        }
    }
    Ok(())
}

/// Why the engine cannot fetch its weights, if it cannot; other sizes that are wrong for it are errors.
fn without_axi(parameters: &EngineParameters) -> Result<Option<Error>, Error> {
    match parameters.validate_axi() {
        Err(why @ Error::AxiWidth { .. }) => Ok(Some(why)),
        other => other.map(|()| None),
    }
}

fn publish(from: &Path, to: &Path) -> anyhow::Result<()> {
    let (mut files, name) = Files::of(to, "--vcd")?;
    let bytes = fs::read(from).context("the simulation wrote no waveform")?;
    files.write(&name, &bytes)?;
    files.publish()
}

fn table(tops: &[Top], sums: &[engine::Verification]) -> String {
    let mut grid = Grid::new(&format!("<{}", ">".repeat(tops.len())));
    let row = |name: &str, value: &dyn Fn(&engine::Verification) -> Option<u64>| {
        let text = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
        std::iter::once(name.to_owned()).chain(sums.iter().map(|sum| text(value(sum)))).collect::<Vec<_>>()
    };
    grid.row(std::iter::once("").chain(tops.iter().map(|top| top.name())));
    grid.rule();
    grid.row(row("runs", &|sum| Some(sum.runs)));
    grid.row(row("jobs", &|sum| Some(sum.jobs)));
    grid.row(row("results compared", &|sum| Some(sum.values)));
    grid.row(row("mismatches", &|_| Some(0)));
    grid.row(row("cycles", &|sum| Some(sum.cycles)));
    grid.rule();
    for (i, name) in COUNTER_NAMES.into_iter().enumerate() {
        grid.row(row(name, &|sum| sum.counters.map(|counters| counters.values()[i])));
    }
    grid.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_runs_out_of_range_is_told_it() {
        assert_eq!((seeds("1"), seeds("1000000")), (Ok(1), Ok(1_000_000)));
        for wrong in ["0", "-1", "1000001", "1.5", ""] {
            assert_eq!(seeds(wrong), Err("must be from 1 to 1000000".to_owned()), "{wrong}");
        }
    }
}
