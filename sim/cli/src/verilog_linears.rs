//! Linears that the emitted engine computes, under Verilator.

use anyhow::Context;
use contract::Trit;
use model::transformer::{Linears, Place, Quantized};
use model::{Error, TritMatrix};
use rtl::EngineParameters;
use rtl::cosim::Random;
use rtl::cosim::engine::{EngineJob, EngineSimulator, Patterns, Session, Source, Top};
use tempfile::TempDir;

/// An engine that fetches its weights, takes activations as a stream and gives its sums as another. Each group of as many
/// tokens as it has slots is a job. It is compiled once.
pub(crate) struct VerilogLinears {
    simulator: EngineSimulator,
    /// Where it was compiled, and runs.
    _folder: TempDir,
    /// For what the contract leaves open: padding, and what registers hold before their reset.
    random: Random,
    /// Jobs done.
    pub(crate) jobs: u64,
    /// Their clock cycles.
    pub(crate) cycles: u64,
}

impl VerilogLinears {
    pub(crate) fn new(parameters: &EngineParameters) -> anyhow::Result<VerilogLinears> {
        let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
        let simulator = EngineSimulator::build(parameters, Top::Axi, folder.path())?;
        Ok(VerilogLinears { simulator, _folder: folder, random: Random::new(1), jobs: 0, cycles: 0 })
    }

    /// Runs jobs after a reset. Their sums, \[job\]\[token\]\[output\], are what came out of the engine; it is also held
    /// to everything that its documentation says of registers, counters and beats.
    fn run(&mut self, jobs: &[EngineJob]) -> Result<Vec<Vec<Vec<i32>>>, String> {
        let p = *self.simulator.parameters();
        let mut session = Session::new(&p, Top::Axi, Patterns::default());
        for job in jobs {
            session.start(job, &mut self.random).map_err(|error| error.to_string())?;
        }
        session.finish();
        let traces = self.simulator.run(std::slice::from_ref(session.run()), self.random.word());
        let traces = traces.map_err(|error| error.to_string())?;
        let trace = traces.first().ok_or("the simulation did nothing")?;
        let outcome = session.check(trace)?;
        self.jobs += outcome.jobs;
        self.cycles += outcome.cycles;

        let mut beats = trace.segments.iter().flat_map(|segment| &segment.results);
        let mut all = vec![];
        for job in jobs {
            let mut sums = vec![vec![0; job.outputs()]; job.tokens()];
            // Where each beat's values belong; what they are is the engine's.
            for place in job.beats(&p, &sums.clone()) {
                let beat = beats.next().ok_or("the engine put out too few beats")?;
                let outputs = sums[place.token][place.output..].iter_mut();
                outputs.zip(&beat.values).for_each(|(sum, value)| *sum = *value);
            }
            all.push(sums);
        }
        Ok(all)
    }
}

impl Linears for VerilogLinears {
    fn sums(&mut self, place: Place, weights: &TritMatrix, x: &Quantized) -> Result<Vec<i32>, Error> {
        let failed = |reason: String| Error::Linears { place: place.to_string(), reason };
        let array = self.simulator.parameters().array;
        let steps = x.width().div_ceil(array.lanes as usize);
        let held = self.simulator.parameters().activation_words as usize;
        let tokens = (array.tokens as usize).min(held / steps);
        if tokens == 0 {
            let reason =
                format!("{} inputs are {steps} words of activations, and the engine holds {held}", x.width());
            return Err(failed(reason));
        }
        let rows: Vec<Vec<Trit>> = (0..weights.rows()).map(|row| weights.row(row).collect()).collect();
        let activations: Vec<Vec<i8>> = x.rows().map(<[i8]>::to_vec).collect();
        let job = |tokens: &[Vec<i8>]| EngineJob {
            source: Source::Matrix {
                weights: rows.clone(),
                activations: tokens.to_vec(),
                kept: false,
                keep: false,
                corruptions: vec![],
            },
            raw: true,
            maximum: false,
            scale: false,
        };
        let jobs: Vec<EngineJob> = activations.chunks(tokens).map(job).collect();
        let sums = self.run(&jobs).map_err(failed)?;
        Ok(sums.into_iter().flatten().flatten().collect())
    }
}
