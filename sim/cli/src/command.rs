//! What the user means: arguments resolved once into models, a chip and a request, so that nothing below looks at
//! what was typed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use model::{Shape, WeightFormat};
use rtl::EngineParameters;
use rtl::cosim::engine::Top;
use rtl::synthesis::{self, Target};
use sim::dram::{Order, Organisation, Policy, RefreshMode, Setup};
use sim::result::Phase;
use sim::sensitivity::Variation;
use sim::{Chip, Equal, Request};

use crate::args::{
    Arguments, BaselinesArgument, DramArguments, EqualArgument, Format, HeadArgument, LeavesArgument,
    OrderArgument, PhaseArgument, RefreshArgument, RunArguments, SizeArguments, Subcommands, SweepArguments,
    TargetArgument, TextFormat, TopArgument,
};
use crate::{dram, generate, pack, synth, vary};

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

/// Batches times contexts of a sweep: as many tables as somebody may want to read.
const MOST_POINTS: usize = 64;

/// Models to simulate, and where the results go.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) models: Vec<Shape>,
    pub(crate) chip: Chip,
    pub(crate) request: Request,
    pub(crate) format: Format,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) profile: bool,
    /// Costs to vary.
    pub(crate) variations: Vec<Variation>,
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
            Some(Subcommands::Verify(verify)) => {
                let parameters = engine(&verify.sizes)?;
                let tops = if verify.axi {
                    parameters.validate_axi()?;
                    vec![Top::Axi]
                } else {
                    vec![Top::Core, Top::Stream, Top::Axi]
                };
                Command::Verify(Verification {
                    parameters,
                    tops,
                    seeds: verify.seeds,
                    waveform: verify.vcd,
                    coverage: verify.coverage,
                })
            }
            Some(Subcommands::Synth(synth)) => {
                let parameters = engine(&synth.sizes)?;
                let top = match synth.top {
                    TopArgument::Core => synthesis::Top::Core,
                    TopArgument::Engine => synthesis::Top::Engine,
                    TopArgument::EngineAxi => synthesis::Top::EngineAxi,
                    TopArgument::Requantizer => synthesis::Top::Requantizer,
                };
                Command::Synth(synth::Request {
                    parameters,
                    top,
                    cells: match synth.liberty {
                        Some(folder) => synth::Cells::Standard(folder),
                        None => synth::Cells::Fpgas { targets: targets(&synth.target), seeds: synth.seeds },
                    },
                    as_json: synth.format == TextFormat::Json,
                })
            }
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
            Some(Subcommands::Dram(dram)) => Command::Dram(Box::new(memory(dram)?)),
            Some(Subcommands::Models) => Command::Models,
            Some(Subcommands::Chips) => Command::Chips,
        })
    }
}

fn targets(arguments: &[TargetArgument]) -> Vec<Target> {
    let target = |target: &TargetArgument| match target {
        TargetArgument::Ice40Hx8k => Target::Ice40Hx8k,
        TargetArgument::Ecp5_85k => Target::Ecp5_85k,
        TargetArgument::Xc7 => Target::Xc7,
        TargetArgument::Xcup => Target::Xcup,
    };
    arguments.iter().map(target).collect()
}

/// The memory and the trace of the arguments.
fn memory(arguments: DramArguments) -> anyhow::Result<dram::Request> {
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let setup = Setup {
        standard: sim::dram::standard(&arguments.standard)?,
        organisation: Organisation { channels: arguments.channels, ranks: arguments.ranks },
        mapping: arguments.mapping,
        policy: Policy {
            read_queue: size(arguments.read_queue),
            write_queue: size(arguments.write_queue),
            high: size(arguments.high.unwrap_or((arguments.write_queue * 4).div_ceil(5))),
            low: size(arguments.low.unwrap_or(arguments.write_queue / 5)),
            order: match arguments.order {
                OrderArgument::Columns => Order::Columns,
                OrderArgument::Age => Order::Age,
                OrderArgument::Opened => Order::Opened,
            },
            cap: u32::try_from(arguments.cap).unwrap_or(u32::MAX),
            refresh: match arguments.refresh {
                RefreshArgument::None => RefreshMode::None,
                RefreshArgument::AllBank => RefreshMode::AllBank,
                RefreshArgument::PerBank => RefreshMode::PerBank,
            },
            leaves_at_activate: arguments.leaves == LeavesArgument::Activate,
            fast: !arguments.no_fast,
        },
    };
    setup.validate()?;
    Ok(dram::Request {
        setup,
        yaml: sim::dram::standard_text(&arguments.standard)?,
        trace: arguments.trace,
        commands: arguments.commands,
        check: arguments.check,
        explain: arguments.explain,
        format: arguments.format,
    })
}

/// The engine of the given sizes, the others as suit its array.
fn engine(sizes: &SizeArguments) -> anyhow::Result<EngineParameters> {
    let &SizeArguments { lanes, columns, tokens, stream_bits, acc_bits, .. } = sizes;
    let array = rtl::Parameters { lanes, columns, tokens, stream_bits, acc_bits };
    // The other sizes follow from valid ones only.
    array.validate()?;
    let suited = EngineParameters::of(array);
    let fifo_beats = sizes.fifo_beats.unwrap_or(suited.fifo_beats);
    let parameters = EngineParameters {
        array,
        activation_bits: sizes.activation_bits.unwrap_or(suited.activation_bits),
        activation_words: sizes.activation_words.unwrap_or(suited.activation_words),
        result_lanes: sizes.result_lanes.unwrap_or(suited.result_lanes),
        dividers: sizes.dividers.unwrap_or(suited.dividers),
        fifo_beats,
        burst_beats: sizes.burst_beats.unwrap_or(suited.burst_beats.min(fifo_beats)),
    };
    parameters.validate()?;
    Ok(parameters)
}

/// More models than this fit no chart.
const MOST_MODELS: usize = 16;

impl Job {
    /// A job for each batch at each context.
    fn sweep(sweep: SweepArguments) -> anyhow::Result<Vec<Job>> {
        let job = Job::resolve(&sweep.models, sweep.run, false)?;
        let batches = if sweep.batches.is_empty() { vec![job.request.batch] } else { sweep.batches };
        let contexts = if sweep.contexts.is_empty() { vec![job.request.context] } else { sweep.contexts };
        let points = batches.len() * contexts.len();
        if points > MOST_POINTS {
            anyhow::bail!("--batches and --contexts have {points} pairs: at most {MOST_POINTS}");
        }
        let pairs: Vec<_> =
            contexts.iter().flat_map(|&context| batches.iter().map(move |&batch| (context, batch))).collect();
        if let Some(twice) = (1..pairs.len()).find(|&at| pairs[..at].contains(&pairs[at])) {
            let (context, _) = pairs[twice];
            anyhow::bail!("--batches and --contexts have a pair twice, at context {context}: name each once");
        }
        let with = |context: u64, batch: sim::Batch| Job {
            request: Request { context, batch, ..job.request.clone() },
            ..job.clone()
        };
        Ok(pairs.into_iter().map(|(context, batch)| with(context, batch)).collect())
    }

    fn resolve(models: &[String], run: RunArguments, is_single: bool) -> anyhow::Result<Job> {
        if models.len() > MOST_MODELS {
            anyhow::bail!("--models has {} models: at most {MOST_MODELS} fit a chart", models.len());
        }
        let phases = match run.phase {
            PhaseArgument::Prefill => vec![Phase::Prefill],
            PhaseArgument::Decode => vec![Phase::Decode],
            PhaseArgument::Both => vec![Phase::Prefill, Phase::Decode],
        };
        let head = run.head.map(|head| match head {
            HeadArgument::F16 => WeightFormat::F16,
            HeadArgument::Bf16 => WeightFormat::Bf16,
            HeadArgument::Int8 => WeightFormat::Int8,
            HeadArgument::Ternary => WeightFormat::Ternary,
        });
        let request = Request {
            phases,
            prompt: run.prompt,
            context: run.context,
            batch: run.batch,
            head,
            kv: run.kv_bits,
            zeros: run.density,
            equal: match run.equal {
                EqualArgument::Lanes => Equal::Lanes,
                EqualArgument::Area => Equal::Area,
                EqualArgument::Power => Equal::Power,
            },
            baselines: match run.baselines {
                BaselinesArgument::Decode if is_single => vec![Phase::Decode],
                BaselinesArgument::Both if is_single => vec![Phase::Prefill, Phase::Decode],
                _ => vec![],
            },
            skip: !run.no_skip,
        };
        let models: Vec<_> = models.iter().map(|model| model::load(model)).collect::<Result<_, _>>()?;
        refuse_namesakes(&models)?;
        let chip = sim::chip::load(&run.chip)?;
        if !run.vary.is_empty() && (run.format != Format::Table || !is_single) {
            anyhow::bail!(
                "--vary adds to the table of one model: not with a sweep, nor with --format json or csv"
            );
        }
        let variations = vary::variations(&run.vary, &chip)?;
        Ok(Job {
            models,
            chip,
            request,
            format: run.format,
            folder: run.out,
            profile: run.profile,
            variations,
        })
    }
}

/// A name is what tells models apart in every output, and what joins the tables.
fn refuse_namesakes(models: &[Shape]) -> anyhow::Result<()> {
    let mut names = BTreeSet::new();
    match models.iter().find(|model| !names.insert(&model.name)) {
        Some(twice) => anyhow::bail!("--models has `{}` twice: each must have a name of its own", twice.name),
        None => Ok(()),
    }
}
