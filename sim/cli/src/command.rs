//! What the user means: arguments resolved once into models, a chip and a request, so that nothing below looks at
//! what was typed.

use std::path::PathBuf;

use model::Shape;
use rtl::EngineParameters;
use rtl::synthesis::Target;

use crate::args::{Arguments, Format, Subcommands};
use crate::engine_sizes::engine;
use crate::hardware::Verification;
use crate::job::Job;
use crate::synth::targets;
use crate::{dram, generate, pack, synth};

/// One invocation.
pub(crate) enum Command {
    /// One model on a chip.
    Simulate(Box<Job>),
    /// Several models on a chip, at each of some batches and contexts.
    Sweep(Vec<Job>),
    /// An engine as Verilog.
    Verilog { parameters: EngineParameters, folder: PathBuf },
    /// An engine's Verilog beside the contract.
    Verify(Verification),
    /// An engine as FPGA cells.
    Synth(synth::Request),
    /// Engines of all sizes as FPGA cells.
    Scale { targets: Vec<Target>, most_lanes: u64, seeds: u32, folder: Option<PathBuf> },
    /// An engine on a board.
    Bitstream { parameters: EngineParameters, clock_mhz: u32, seeds: u32, folder: PathBuf },
    /// A checkpoint as weight images.
    Pack(pack::Request),
    /// Weight images beside their checkpoint.
    Unpack { image: PathBuf, checkpoint: PathBuf },
    /// A checkpoint that continues a prompt.
    Generate(generate::Job),
    /// A checkpoint of random weights.
    RandomCheckpoint { model: Shape, folder: PathBuf, seed: u64 },
    /// The paper reproduced.
    Paper { format: Format, folder: Option<PathBuf> },
    /// A trace through a memory.
    Dram(Box<dram::Request>),
    /// The model presets.
    Models,
    /// The chip presets.
    Chips,
}

impl Command {
    /// Loads what the arguments name.
    pub(crate) fn resolve(arguments: Arguments) -> anyhow::Result<Command> {
        Ok(match arguments.command {
            None => {
                Command::Simulate(Box::new(Job::resolve(arguments.model.as_slice(), arguments.run, true)?))
            }
            Some(Subcommands::Sweep(sweep)) => Command::Sweep(Job::sweep(sweep)?),
            Some(Subcommands::Verilog(verilog)) => {
                Command::Verilog { parameters: engine(&verilog.sizes)?, folder: verilog.out }
            }
            Some(Subcommands::Verify(verify)) => Command::Verify(Verification::resolve(verify)?),
            Some(Subcommands::Synth(synth)) => Command::Synth(synth::Request::resolve(synth)?),
            Some(Subcommands::Scale(scale)) => Command::Scale {
                targets: targets(&scale.target),
                most_lanes: scale.most_lanes.into(),
                seeds: scale.seeds,
                folder: scale.out,
            },
            Some(Subcommands::Bitstream(bitstream)) => Command::Bitstream {
                parameters: engine(&bitstream.sizes)?,
                clock_mhz: bitstream.clock,
                seeds: bitstream.seeds,
                folder: bitstream.out,
            },
            Some(Subcommands::Pack(pack)) => Command::Pack(pack::Request::resolve(pack)?),
            Some(Subcommands::Unpack(unpack)) => {
                Command::Unpack { image: unpack.image, checkpoint: unpack.checkpoint }
            }
            Some(Subcommands::Generate(arguments)) => Command::Generate(generate::Job::resolve(arguments)?),
            Some(Subcommands::RandomCheckpoint(arguments)) => Command::RandomCheckpoint {
                model: model::load(&arguments.model)?,
                folder: arguments.out,
                seed: arguments.seed,
            },
            Some(Subcommands::Paper(paper)) => Command::Paper { format: paper.format, folder: paper.out },
            Some(Subcommands::Dram(dram)) => Command::Dram(Box::new(dram::Request::resolve(dram)?)),
            Some(Subcommands::Models) => Command::Models,
            Some(Subcommands::Chips) => Command::Chips,
        })
    }
}
