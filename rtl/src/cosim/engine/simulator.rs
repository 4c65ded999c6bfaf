//! An emitted engine, compiled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::coverage::Coverage;
use super::run::EngineRun;
use super::schedule::schedule;
use super::trace::EngineTrace;
use super::watch::watchers;
use crate::eda::{self, Tool};
use crate::{EngineParameters, Error, verilog};

/// Which of the three tops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Top {
    /// `ternary_core`: jobs come by AXI4-Stream as well, and there is no register.
    Core,
    /// `ternary_engine`: weights come by AXI4-Stream.
    Stream,
    /// `ternary_engine_axi`: weights are fetched by an AXI4 read master.
    Axi,
}

impl Top {
    /// The module's name.
    pub fn name(self) -> &'static str {
        match self {
            Top::Core => "ternary_core",
            Top::Stream => "ternary_engine",
            Top::Axi => "ternary_engine_axi",
        }
    }

    /// Its Verilog.
    ///
    /// # Errors
    ///
    /// A size outside its range.
    pub fn verilog(self, parameters: &EngineParameters) -> Result<String, Error> {
        match self {
            Top::Core => verilog::ternary_core(parameters),
            Top::Stream => verilog::ternary_engine(parameters),
            Top::Axi => verilog::ternary_engine_axi(parameters),
        }
    }
}

/// What is compiled in besides the engine; each makes it slower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instruments {
    /// [`EngineSimulator::run_recorded`] can write a waveform.
    pub waveform: bool,
    /// Toggles are counted, for [`EngineSimulator::add_coverage`].
    pub coverage: bool,
    /// What nets do is counted, for [`EngineTrace::events`].
    pub events: bool,
}

/// A waveform to write.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    /// Of which run.
    pub run: usize,
    /// The VCD file.
    pub path: &'a Path,
}

/// A compiled engine.
#[derive(Debug)]
pub struct EngineSimulator {
    parameters: EngineParameters,
    top: Top,
    dir: PathBuf,
    instruments: Instruments,
    coverage: Coverage,
}

const BENCH: &str = include_str!("engine.cpp");

impl EngineSimulator {
    /// Emits the engine and compiles it in `dir`, an empty folder.
    ///
    /// # Errors
    ///
    /// A size outside its range, a missing tool, or what Verilator and the C++ compiler report.
    pub fn build(parameters: &EngineParameters, top: Top, dir: &Path) -> Result<Self, Error> {
        Self::build_with(parameters, top, Instruments::default(), dir)
    }

    /// The same with instruments.
    ///
    /// # Errors
    ///
    /// As [`EngineSimulator::build`].
    pub fn build_with(
        parameters: &EngineParameters,
        top: Top,
        instruments: Instruments,
        dir: &Path,
    ) -> Result<Self, Error> {
        Self::build_text(parameters, top, instruments, &top.verilog(parameters)?, dir)
    }

    /// Compiles `text`, an engine of these sizes, however it came about: as emitted, or with a fault set into it.
    ///
    /// # Errors
    ///
    /// A missing tool, or what Verilator and the C++ compiler report.
    pub fn build_text(
        parameters: &EngineParameters,
        top: Top,
        instruments: Instruments,
        text: &str,
        dir: &Path,
    ) -> Result<Self, Error> {
        eda::write(&dir.join("engine.v"), text)?;
        eda::write(&dir.join("engine.cpp"), BENCH)?;
        // Compiling takes longer than running: what runs once, and Verilator's library, is not optimised.
        let args = "--cc --exe --build -O3 --x-initial unique --x-assign unique -Wall -Wno-DECLFILENAME \
                    --prefix Vengine --Mdir build -o engine engine.v engine.cpp --top-module";
        let mut args: Vec<_> = args.split_whitespace().collect();
        args.extend([top.name(), "-MAKEFLAGS", "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O0"]);
        match top {
            Top::Core => args.extend(["-CFLAGS", "-DCORE"]),
            Top::Stream => {}
            Top::Axi => args.extend(["-CFLAGS", "-DFETCHED"]),
        }
        if instruments.waveform {
            args.push("--trace");
        }
        if instruments.coverage {
            args.push("--coverage-toggle");
        }
        if instruments.events {
            eda::write(&dir.join("watch.sv"), &watchers(text))?;
            args.extend(["watch.sv", "-Wno-MULTITOP", "-CFLAGS", "-DWATCHED"]);
        }
        Tool::Verilator.run(dir, &args)?;
        Ok(Self {
            parameters: *parameters,
            top,
            dir: dir.to_owned(),
            instruments,
            coverage: Coverage::default(),
        })
    }

    /// The engine's sizes.
    pub fn parameters(&self) -> &EngineParameters {
        &self.parameters
    }

    /// Which engine it is.
    pub fn top(&self) -> Top {
        self.top
    }

    /// Runs `runs` one after the other, each after a reset; registers start at values drawn from `seed`.
    ///
    /// # Errors
    ///
    /// A run that does not fit the engine, that comes to a standstill, or in which a rule of a port was broken.
    pub fn run(&self, runs: &[EngineRun], seed: u32) -> Result<Vec<EngineTrace>, Error> {
        self.run_recorded(runs, seed, None)
    }

    /// The same, and writes the waveform of one of the runs; [`Instruments::waveform`] must be built in.
    ///
    /// # Errors
    ///
    /// As [`EngineSimulator::run`]; the waveform is written all the same.
    pub fn run_recorded(
        &self,
        runs: &[EngineRun],
        seed: u32,
        recording: Option<Recording>,
    ) -> Result<Vec<EngineTrace>, Error> {
        eda::write(&self.dir.join("schedule.txt"), &schedule(&self.parameters, runs)?)?;
        let mut command = Command::new(self.dir.join("build/engine"));
        command.args(["schedule.txt", &seed.to_string()]).current_dir(&self.dir);
        if let Some(Recording { run, path }) = recording {
            let path =
                std::path::absolute(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
            command.arg(path).arg(run.to_string());
        }
        let output = eda::run(&mut command, "engine", "apt install verilator")?;
        let traces = EngineTrace::parse(&self.parameters, &output)?;
        if traces.len() != runs.len() {
            return Err(Error::Schedule(format!("{} of {} runs were run", traces.len(), runs.len())));
        }
        Ok(traces)
    }

    /// Which nets toggled in the runs that were added.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Adds the toggles of the last [`EngineSimulator::run`], if [`Instruments::coverage`] is built in.
    ///
    /// # Errors
    ///
    /// No coverage was written.
    pub fn add_coverage(&mut self) -> Result<(), Error> {
        if !self.instruments.coverage {
            return Ok(());
        }
        let path = self.dir.join("coverage.dat");
        let text = fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
        self.coverage.add(&text);
        Ok(())
    }
}
