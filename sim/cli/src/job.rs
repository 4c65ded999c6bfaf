//! What to simulate: the options of a run or a sweep, and the models, chip and request that they mean.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use contract::kv::KvForm;
use model::{Shape, WeightFormat};
use sim::result::Phase;
use sim::sensitivity::Variation;
use sim::{Chip, Equal, Request};

use crate::args::{Format, kv_bits, tokens};
use crate::vary;

/// What a simulation of any number of models takes.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Chip: a preset (see `sim chips`), or the path of a YAML file.
    #[arg(long, value_name = "NAME|PATH", default_value = "datacenter")]
    pub(crate) chip: String,

    /// What to simulate.
    #[arg(long, value_enum, default_value_t = PhaseArgument::Both)]
    pub(crate) phase: PhaseArgument,

    /// Tokens of a prompt, for prefill.
    #[arg(long, value_name = "N", default_value_t = 512, allow_negative_numbers = true, value_parser = tokens)]
    pub(crate) prompt: u64,

    /// Tokens in the KV cache before the step, for decode.
    #[arg(long, value_name = "N", default_value_t = 512, allow_negative_numbers = true, value_parser = tokens)]
    pub(crate) context: u64,

    /// Sequences served together; `max` is the largest batch that fits.
    #[arg(long, value_name = "N|max", default_value = "1", allow_negative_numbers = true, value_parser = batch)]
    pub(crate) batch: sim::Batch,

    /// What the ternary machine's head is held in [default: as the model says].
    #[arg(long, value_enum)]
    pub(crate) head: Option<HeadArgument>,

    /// Bits of a value of the ternary machine's KV cache: 16 (FP16), or integers of 8, 4 or 3.
    #[arg(long, value_name = "BITS", default_value = "16", value_parser = kv_bits)]
    pub(crate) kv_bits: KvForm,

    /// Share of the ternary weights that are zero, which hold their lanes still: 1/3, or 0.42.
    #[arg(long, value_name = "ZEROS", default_value = "1/3", allow_negative_numbers = true, value_parser = share)]
    pub(crate) density: sim::Share,

    /// What the FP16 baseline's arrays have in common with the ternary ones: lanes, area, or power at full rate.
    #[arg(long, value_enum, default_value_t = EqualArgument::Lanes)]
    pub(crate) equal: EqualArgument,

    /// Phases in which other baselines stand beside: FP16 of equal area and power, BF16, W8A8, W4A16. With few lanes a prefill takes long
    /// to simulate. A sweep has none.
    #[arg(long, value_enum, default_value_t = BaselinesArgument::Decode)]
    pub(crate) baselines: BaselinesArgument,

    /// Also print the system's energy ratio with a cost varied, such as dram_pj=±30% or static_w=-50%..100%; `all` varies each over its
    /// published range, or by 30%.
    #[arg(long, value_name = "COST=RANGE", allow_hyphen_values = true)]
    pub(crate) vary: Vec<String>,

    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// Also write JSON, CSV and charts (SVG and PNG) to this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Step every burst instead of skipping what repeats: the same numbers, more slowly.
    #[arg(long)]
    pub(crate) no_skip: bool,

    /// Also print where the simulator's own time went, to standard error.
    #[arg(long)]
    pub(crate) profile: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SweepArguments {
    /// Models, in the order of the chart: presets or paths.
    #[arg(
        long,
        value_name = "A,B,...",
        value_delimiter = ',',
        default_value = "700m,1.3b,3b,7b,13b,30b,70b"
    )]
    pub(crate) models: Vec<String>,

    /// Batches to sweep, each at each context [default: --batch].
    #[arg(long, value_name = "N,M,...", value_delimiter = ',', allow_negative_numbers = true, value_parser = batch)]
    pub(crate) batches: Vec<sim::Batch>,

    /// Contexts of decode to sweep [default: --context].
    #[arg(long, value_name = "N,M,...", value_delimiter = ',', allow_negative_numbers = true, value_parser = tokens)]
    pub(crate) contexts: Vec<u64>,

    #[command(flatten)]
    pub(crate) run: RunArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PhaseArgument {
    Prefill,
    Decode,
    Both,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum BaselinesArgument {
    None,
    Decode,
    Both,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EqualArgument {
    Lanes,
    Area,
    Power,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum HeadArgument {
    F16,
    Bf16,
    Int8,
    Ternary,
}

/// A fraction of whole numbers, or a decimal: it is exact either way.
fn share(text: &str) -> Result<sim::Share, String> {
    let expected = || "must be from 0 to 1, as 1/3 or 0.42".to_owned();
    let whole = |text: &str| text.parse::<u64>().map_err(|_| expected());
    let (part, of) = match (text.split_once('/'), text.split_once('.')) {
        (Some((part, of)), _) => (whole(part)?, whole(of)?),
        (None, Some((before, after))) => {
            let digits = u32::try_from(after.len()).unwrap_or(u32::MAX);
            let of = 10_u64.checked_pow(digits).filter(|_| digits > 0).ok_or_else(expected)?;
            let units = whole(before)?.checked_mul(of).ok_or_else(expected)?;
            (units.checked_add(whole(after)?).ok_or_else(expected)?, of)
        }
        (None, None) => (whole(text)?, 1),
    };
    sim::Share::new(part, of).ok_or_else(expected)
}

fn batch(text: &str) -> Result<sim::Batch, String> {
    let expected = || format!("must be from 1 to {}, or max", sim::MAX_BATCH);
    match text {
        "max" => Ok(sim::Batch::Max),
        number => match number.parse() {
            Ok(size) if (1..=sim::MAX_BATCH).contains(&size) => Ok(sim::Batch::Size(size)),
            _ => Err(expected()),
        },
    }
}

/// Batches times contexts of a sweep: as many tables as somebody may want to read.
const MOST_POINTS: usize = 64;

/// More models than this fit no chart.
const MOST_MODELS: usize = 16;

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

impl Job {
    /// A job for each batch at each context.
    pub(crate) fn sweep(sweep: SweepArguments) -> anyhow::Result<Vec<Job>> {
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

    pub(crate) fn resolve(models: &[String], run: RunArguments, is_single: bool) -> anyhow::Result<Job> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_a_number_in_range_or_max() {
        assert_eq!(batch("max"), Ok(sim::Batch::Max));
        assert_eq!(batch("1"), Ok(sim::Batch::Size(1)));
        assert_eq!(batch("1048576"), Ok(sim::Batch::Size(1 << 20)));
        for wrong in ["0", "-1", "1048577", "99999999999999999999", "1.5", "", "Max"] {
            assert_eq!(batch(wrong), Err("must be from 1 to 1048576, or max".to_owned()), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_a_fraction_or_a_decimal() {
        for (text, part, whole) in
            [("1/3", 1, 3), ("0.42", 42, 100), ("0", 0, 1), ("1", 1, 1), ("1.0", 10, 10)]
        {
            assert_eq!(share(text), Ok(sim::Share::new(part, whole).unwrap()), "{text}");
        }
        for wrong in ["2/1", "1/0", "1.01", "-0.1", "0.", ".5", "0.-5", "a", "", "0.123456789012345678901"] {
            assert_eq!(share(wrong), Err("must be from 0 to 1, as 1/3 or 0.42".to_owned()), "{wrong}");
        }
    }
}
