//! The command that runs a checkpoint.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, ValueEnum};
use model::checkpoint;
use model::transformer::{
    Cache, CacheForm, ContractLinears, Decoder, Event, Float32, Kernel, Linears, Machine, Request, Sampler,
    Trace,
};
use rtl::EngineParameters;
use serde::Serialize;

use crate::args::{kv_bits, tokens};
use crate::output::{beside, print};
use crate::text::{Stream, Text};
use crate::token_files::{self, Logits};
use crate::verilog_linears::VerilogLinears;

#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// Checkpoint: a Hugging Face folder with ternary linears, or a GGUF file.
    #[arg(long, value_name = "DIR|FILE.gguf")]
    pub(crate) checkpoint: PathBuf,

    /// Text to continue; the folder needs a tokenizer.json.
    #[arg(long, value_name = "TEXT", required_unless_present = "prompt_ids", conflicts_with = "prompt_ids")]
    pub(crate) prompt: Option<String>,

    /// Token ids to continue.
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = token_id)]
    pub(crate) prompt_ids: Vec<u32>,

    /// Tokens to generate, unless the text ends before.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = tokens)]
    pub(crate) max_new_tokens: u64,

    /// 0 takes the likeliest token; more draws from flatter probabilities.
    #[arg(long, value_name = "T", default_value_t = 0.0, allow_negative_numbers = true, value_parser = temperature)]
    pub(crate) temperature: f64,

    /// Of the draws; the same number gives the same tokens.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Bits of a value of the KV cache: 32 or 16 (floats), or integers of 8, 4 or 3.
    #[arg(long, value_name = "BITS", default_value = "32", value_parser = cache_form)]
    pub(crate) kv_bits: CacheForm,

    /// What computes the linears' sums.
    #[arg(long, value_enum, default_value_t = LinearsArgument::Kernel)]
    pub(crate) linears: LinearsArgument,

    /// The engine of `--linears verilog`: lanes x columns x token slots.
    #[arg(long, value_name = "LxCxT", default_value = "20x4x4", value_parser = engine_sizes)]
    pub(crate) engine: [u32; 3],

    /// Also write the logits of every position, one row each, as CSV or safetensors.
    #[arg(long, value_name = "FILE")]
    pub(crate) logits: Option<PathBuf>,

    /// Also write the integers of every linear as safetensors: q, s and acc of all positions.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// What to print.
    #[arg(long, value_enum, default_value_t = GenerateFormat::Text)]
    pub(crate) format: GenerateFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GenerateFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LinearsArgument {
    /// Fast software.
    Kernel,
    /// The arithmetic contract's own dot product, one after the other.
    Contract,
    /// The emitted Verilog of an engine, under Verilator.
    Verilog,
}

fn cache_form(text: &str) -> Result<CacheForm, String> {
    match (text, kv_bits(text)) {
        ("32", _) => Ok(CacheForm::F32),
        (_, Ok(form)) => Ok(CacheForm::Contract(form)),
        (_, Err(_)) => Err("must be 32, 16, 8, 4 or 3".to_owned()),
    }
}

fn token_id(text: &str) -> Result<u32, String> {
    text.trim().parse().map_err(|_| "must be token ids, separated by commas".to_owned())
}

fn temperature(text: &str) -> Result<f64, String> {
    const MOST: f64 = 100.0;
    let number = text.parse().ok().filter(|number| (0.0..=MOST).contains(number));
    number.ok_or_else(|| format!("must be from 0 to {MOST}"))
}

/// Three sizes with an `x` between them.
fn engine_sizes(text: &str) -> Result<[u32; 3], String> {
    let sizes = text.split('x').map(|size| size.parse().ok()).collect::<Option<Vec<u32>>>();
    let sizes = sizes.and_then(|sizes| <[u32; 3]>::try_from(sizes).ok());
    sizes.ok_or_else(|| "must be lanes x columns x token slots, as in 20x4x4".to_owned())
}

/// What to generate, and where it goes.
pub(crate) struct Job {
    checkpoint: PathBuf,
    prompt: Prompt,
    max_new_tokens: usize,
    temperature: f64,
    seed: u64,
    cache: CacheForm,
    unit: Unit,
    logits: Option<PathBuf>,
    trace: Option<PathBuf>,
    format: GenerateFormat,
}

enum Prompt {
    Text(String),
    Ids(Vec<u32>),
}

/// What computes the linears.
enum Unit {
    Kernel,
    Contract,
    Verilog(EngineParameters),
}

/// The stream of weights of `--linears verilog`, bits.
const STREAM_BITS: u32 = 64;

impl Job {
    /// What the arguments mean.
    pub(crate) fn resolve(arguments: GenerateArguments) -> anyhow::Result<Job> {
        let unit = match arguments.linears {
            LinearsArgument::Kernel => Unit::Kernel,
            LinearsArgument::Contract => Unit::Contract,
            LinearsArgument::Verilog => {
                let [lanes, columns, tokens] = arguments.engine;
                let acc_bits = contract::ACC_BITS;
                let array = rtl::Parameters { lanes, columns, tokens, stream_bits: STREAM_BITS, acc_bits };
                array.validate()?;
                let parameters = EngineParameters::of(array);
                parameters.validate_axi()?;
                Unit::Verilog(parameters)
            }
        };
        token_files::check_names(arguments.logits.as_deref(), arguments.trace.as_deref())?;
        Ok(Job {
            checkpoint: arguments.checkpoint,
            prompt: arguments.prompt.map_or(Prompt::Ids(arguments.prompt_ids), Prompt::Text),
            max_new_tokens: usize::try_from(arguments.max_new_tokens)?,
            temperature: arguments.temperature,
            seed: arguments.seed,
            cache: arguments.kv_bits,
            unit,
            logits: arguments.logits,
            trace: arguments.trace,
            format: arguments.format,
        })
    }
}

/// What `--format json` prints.
#[derive(Serialize)]
struct Answer {
    /// The new ids.
    tokens: Vec<u32>,
    /// Their text; absent without a tokenizer.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    tokens_per_second: f64,
}

/// Continues the prompt.
pub(crate) fn generate(job: &Job) -> anyhow::Result<()> {
    let text = checkpoint::tokenizer(&job.checkpoint).map(|file| Text::load(&file)).transpose()?;
    let prompt = match (&job.prompt, &text) {
        (Prompt::Ids(ids), _) => ids.clone(),
        (Prompt::Text(prompt), Some(text)) => text.encode(prompt)?,
        (Prompt::Text(_), None) => anyhow::bail!(
            "{} has no tokenizer.json, which --prompt needs: give --prompt-ids instead",
            job.checkpoint.display()
        ),
    };
    let end = checkpoint::end_tokens(&job.checkpoint)?;
    let weights = checkpoint::read(&job.checkpoint)?;
    let decoder = Decoder::new(&weights)?;
    let request = Request {
        prompt: &prompt,
        max_new_tokens: job.max_new_tokens,
        end: &end,
        all_logits: job.logits.is_some(),
    };
    decoder.check(&request)?;

    let mut verilog = None;
    let linears: &mut dyn Linears = match &job.unit {
        Unit::Kernel => &mut Kernel,
        Unit::Contract => &mut ContractLinears,
        Unit::Verilog(parameters) => verilog.insert(VerilogLinears::new(parameters)?),
    };
    let mut logits =
        job.logits.as_ref().map(|path| Logits::new(path, weights.shape.vocab_size)).transpose()?;
    let mut trace = job.trace.as_ref().map(|_| Trace::default());
    let mut machine = Machine { arithmetic: &Float32, linears, trace: trace.as_mut() };
    let mut cache = Cache::new(&weights.shape, job.cache);
    let mut sampler = Sampler::new(job.temperature, job.seed);
    let as_text = job.format == GenerateFormat::Text;
    let mut stream = Stream::new(text.as_ref());
    let mut tokens = vec![];
    let mut clock = Clock::start();
    let on_event = |event: Event<'_>| match event {
        Event::Logits(row) => logits.as_mut().map_or(Ok(()), |logits| logits.push(row)),
        Event::Token(token) => {
            tokens.push(token);
            clock.token();
            let piece = stream.push(token)?;
            if as_text { print(&piece) } else { Ok(()) }
        }
    };
    model::transformer::generate(&decoder, &mut machine, &mut cache, &mut sampler, &request, on_event)?;
    if as_text {
        print(&format!("{}\n", stream.finish()?))?;
    }

    if let Some(logits) = logits {
        logits.publish()?;
    }
    if let (Some(path), Some(trace)) = (&job.trace, &trace) {
        token_files::write_trace(path, trace)?;
    }
    let tokens_per_second = clock.tokens_per_second();
    if as_text {
        beside(&format!("{} tokens at {tokens_per_second:.4} tokens/s\n", tokens.len()));
    } else {
        let text = text.as_ref().map(|text| text.decode(&tokens)).transpose()?;
        let answer = Answer { tokens, text, tokens_per_second };
        print(&(serde_json::to_string_pretty(&answer).context("JSON")? + "\n"))?;
    }
    if let Some(VerilogLinears { jobs, cycles, .. }) = verilog {
        beside(&format!("the engine did {jobs} jobs in {cycles} cycles\n"));
    }
    Ok(())
}

/// How fast tokens come.
struct Clock {
    start: Instant,
    /// The first token and the last one so far.
    first_and_last: Option<(Instant, Instant)>,
    tokens: u32,
}

impl Clock {
    fn start() -> Clock {
        Clock { start: Instant::now(), first_and_last: None, tokens: 0 }
    }

    fn token(&mut self) {
        let now = Instant::now();
        self.first_and_last = Some((self.first_and_last.map_or(now, |(first, _)| first), now));
        self.tokens += 1;
    }

    /// From the first token to the last, so that the prompt does not count; of a single token, from the start.
    fn tokens_per_second(&self) -> f64 {
        match self.first_and_last {
            None => 0.0,
            Some((first, _)) if self.tokens == 1 => 1.0 / (first - self.start).as_secs_f64(),
            Some((first, last)) => f64::from(self.tokens - 1) / (last - first).as_secs_f64(),
        }
    }
}
