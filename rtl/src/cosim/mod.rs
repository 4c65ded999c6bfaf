//! Runs the emitted Verilog of the array under Verilator, cycle by cycle; [`engine`] does so for the whole engine.
//!
//! [`Simulator::build`] emits and compiles an array; [`Simulator::run`] drives it with [`Run`]s and returns for each a
//! [`Trace`]: every result, and the cycle in which each beat, activation and result was transferred. [`Job`] makes runs
//! from matrices, and says what the contract expects of them.
//!
//! Registers that no reset reaches start at random values, so that a result that depends on one shows.

pub mod engine;
mod job;
mod random;

use std::path::{Path, PathBuf};
use std::process::Command;

use contract::Trit;
use contract::latency::{ACTIVATION_DATA_CYCLES, WEIGHT_DATA_CYCLES};

use crate::eda::{self, Tool};
use crate::{Error, Parameters, verilog};

pub use job::Job;
pub use random::Random;

/// In which cycles a port is willing: `pattern[cycle % len]`, and always if it is empty. Cycle 0 is the first after
/// reset.
///
/// A sender that is willing offers its next item, and keeps offering it until it is taken; a receiver is ready.
pub type Pattern = Vec<bool>;

/// One token's activations of one K step, as the port takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// LANES activations.
    pub data: Vec<i8>,
    /// Token slot, below TOKENS.
    pub slot: u32,
    /// First K step: the slot starts from zero.
    pub first: bool,
    /// Last K step: a result follows.
    pub last: bool,
    /// Last token of the step: the held tile is released.
    pub release: bool,
}

/// What happens between two resets.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Beats of trits, each of `trits_per_beat`.
    pub weights: Vec<Vec<Trit>>,
    /// Activations, in order.
    pub activations: Vec<Activation>,
    /// For each beat, the first cycle in which it may be offered; empty: at once.
    pub weight_arrival_cycles: Vec<u64>,
    /// When the sender of weights is willing.
    pub weight_valid: Pattern,
    /// When the sender of activations is willing.
    pub activation_valid: Pattern,
    /// When there is room for one more result.
    pub result_room: Pattern,
    /// Abort after so many cycles; otherwise when everything was transferred.
    pub stop_after_cycles: Option<u64>,
}

/// A result, as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The cycle in which it came.
    pub cycle: u64,
    /// Token slot.
    pub slot: u32,
    /// One dot product a column.
    pub values: Vec<i64>,
}

/// What a run did, in cycles counted from the first one after reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// When each beat was transferred.
    pub weight_cycles: Vec<u64>,
    /// When each activation was transferred.
    pub activation_cycles: Vec<u64>,
    /// Each result.
    pub results: Vec<Taken>,
    /// The number of cycles until the last transfer, or the abort.
    pub cycles: u64,
}

/// A compiled array.
#[derive(Debug)]
pub struct Simulator {
    parameters: Parameters,
    dir: PathBuf,
}

const BENCH: &str = include_str!("bench.cpp");

impl Simulator {
    /// Emits the array and compiles it in `dir`, an empty folder.
    ///
    /// # Errors
    ///
    /// A size outside its range, a missing tool, or what Verilator and the C++ compiler report.
    pub fn build(parameters: &Parameters, dir: &Path) -> Result<Self, Error> {
        Self::build_text(parameters, &verilog::mac_array(parameters)?, dir)
    }

    /// Compiles `text`, a `mac_array` of these sizes, however it came about: as emitted, or with a fault set into it.
    ///
    /// # Errors
    ///
    /// A missing tool, or what Verilator and the C++ compiler report.
    pub fn build_text(parameters: &Parameters, text: &str, dir: &Path) -> Result<Self, Error> {
        eda::write(&dir.join("mac_array.v"), text)?;
        eda::write(&dir.join("bench.cpp"), BENCH)?;
        let args = "--cc --exe --build -O3 -CFLAGS -O1 --x-initial unique --x-assign unique -Wall -Wno-DECLFILENAME \
                    --top-module mac_array --Mdir build -o mac_array mac_array.v bench.cpp";
        let lags = [("WEIGHT", WEIGHT_DATA_CYCLES), ("ACTIVATION", ACTIVATION_DATA_CYCLES)];
        let lags = lags.map(|(port, cycles)| format!("-D{port}_DATA_CYCLES={cycles}"));
        let mut args: Vec<_> = args.split_whitespace().collect();
        lags.iter().for_each(|lag| args.extend(["-CFLAGS", lag]));
        Tool::Verilator.run(dir, &args)?;
        Ok(Self { parameters: *parameters, dir: dir.to_owned() })
    }

    /// Runs `runs` one after the other, each after a reset; registers start at values drawn from `seed`.
    ///
    /// # Errors
    ///
    /// A run that does not fit the array, or that comes to a standstill.
    pub fn run(&self, runs: &[Run], seed: u32) -> Result<Vec<Trace>, Error> {
        runs.iter().try_for_each(|run| self.check(run))?;
        eda::write(&self.dir.join("schedule.txt"), &self.schedule(runs))?;
        let program = self.dir.join("build/mac_array");
        let seed = seed.to_string();
        let mut command = Command::new(program);
        let output = eda::run(
            command.args(["schedule.txt", &seed]).current_dir(&self.dir),
            "mac_array",
            "apt install verilator",
        )?;
        self.traces(&output, runs.len())
    }

    fn check(&self, run: &Run) -> Result<(), Error> {
        let Parameters { lanes, tokens, .. } = self.parameters;
        let wrong = |what: String| Err(Error::Schedule(what));
        let trits = self.parameters.trits_per_beat() as usize;
        if let Some(beat) = run.weights.iter().find(|beat| beat.len() != trits) {
            return wrong(format!("a beat of {} trits meets a stream of {trits}", beat.len()));
        }
        let arrivals = run.weight_arrival_cycles.len();
        if arrivals != 0 && arrivals != run.weights.len() {
            return wrong(format!("{arrivals} arrivals of {} beats", run.weights.len()));
        }
        for activation in &run.activations {
            if activation.data.len() != lanes as usize {
                return wrong(format!("{} activations meet {lanes} lanes", activation.data.len()));
            }
            if activation.slot >= tokens {
                return wrong(format!("slot {} of {tokens}, counted from 0", activation.slot));
            }
        }
        Ok(())
    }

    /// The runs as `bench.cpp` reads them: numbers in hexadecimal, wide ones in words of 32 bits, lowest first.
    fn schedule(&self, runs: &[Run]) -> String {
        let mut s = String::new();
        let mut number = |n: u64| s += &format!("{n:x} ");
        let Parameters { lanes, .. } = self.parameters;
        [self.parameters.trits_per_beat().into(), lanes.into(), runs.len() as u64]
            .into_iter()
            .for_each(&mut number);
        for run in runs {
            let results = run.activations.iter().filter(|activation| activation.last).count();
            let stop = run.stop_after_cycles.unwrap_or(u64::MAX);
            [run.weights.len() as u64, run.activations.len() as u64, results as u64, stop]
                .into_iter()
                .for_each(&mut number);
            for pattern in [&run.weight_valid, &run.activation_valid, &run.result_room] {
                number(pattern.len() as u64);
                pattern.iter().for_each(|&willing| number(willing.into()));
            }
            for (i, beat) in run.weights.iter().enumerate() {
                number(run.weight_arrival_cycles.get(i).copied().unwrap_or(0));
                words(beat.iter().map(|trit| (u64::from(!trit.is_nonzero()), 1))).for_each(&mut number);
                let (bytes, _) = beat.as_chunks();
                words(bytes.iter().flat_map(|byte| contract::signs(*byte)).map(|sign| (sign.into(), 1)))
                    .for_each(&mut number);
            }
            for activation in &run.activations {
                words(activation.data.iter().map(|a| (u64::from(a.cast_unsigned()), 8)))
                    .for_each(&mut number);
                let Activation { slot, first, last, release, .. } = activation;
                [(*slot).into(), (*first).into(), (*last).into(), (*release).into()]
                    .into_iter()
                    .for_each(&mut number);
            }
        }
        s
    }

    /// Reads what `bench.cpp` prints: a letter and numbers a line.
    fn traces(&self, output: &str, runs: usize) -> Result<Vec<Trace>, Error> {
        let unreadable = |line: &str| Error::Schedule(format!("the simulation printed: {line}"));
        let mut traces = vec![];
        let mut trace = Trace::default();
        for line in output.lines() {
            let (kind, numbers) = line.split_once(' ').ok_or_else(|| unreadable(line))?;
            let numbers: Result<Vec<u64>, _> =
                numbers.split_whitespace().map(|n| u64::from_str_radix(n, 16)).collect();
            match (kind, numbers.as_deref()) {
                ("w", Ok(&[cycle])) => trace.weight_cycles.push(cycle),
                ("a", Ok(&[cycle])) => trace.activation_cycles.push(cycle),
                ("r", Ok(&[cycle, slot, ref words @ ..])) => trace.results.push(Taken {
                    cycle,
                    slot: u32::try_from(slot).map_err(|_| unreadable(line))?,
                    values: self.values(words),
                }),
                ("end", Ok(&[cycles])) => {
                    trace.cycles = cycles;
                    traces.push(std::mem::take(&mut trace));
                }
                _ => return Err(unreadable(line)),
            }
        }
        if traces.len() == runs { Ok(traces) } else { Err(unreadable("too little")) }
    }

    /// One number a column from the words of `result_data`.
    fn values(&self, words: &[u64]) -> Vec<i64> {
        let bits = self.parameters.acc_bits as usize;
        let bit = |i: usize| words.get(i / 32).map_or(0, |word| word >> (i % 32) & 1);
        let value = |column: usize| {
            let value = (0..bits).map(|i| bit(column * bits + i) << i).sum::<u64>();
            (value << (64 - bits)).cast_signed() >> (64 - bits)
        };
        (0..self.parameters.columns as usize).map(value).collect()
    }
}

/// Packs (value, bits) into words of 32 bits, lowest first.
fn words(fields: impl Iterator<Item = (u64, usize)>) -> impl Iterator<Item = u64> {
    let mut words: Vec<u64> = vec![];
    let mut at = 0;
    for (value, bits) in fields {
        for i in 0..bits {
            if at % 32 == 0 {
                words.push(0);
            }
            if let Some(word) = words.last_mut() {
                *word |= (value >> i & 1) << (at % 32);
            }
            at += 1;
        }
    }
    words.into_iter()
}
