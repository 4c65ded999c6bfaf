//! What the user may type. It says nothing yet about what that means: see `command`.

use contract::kv::KvForm;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::transformer::CacheForm;

const EXAMPLES: &str = "\
Examples:
  sim --model 70b
  sim --model 7b --chip edge --phase decode --batch max
  sim --model path/to/config.json --chip path/to/chip.yaml --format json
  sim --model 70b --out results
  sim sweep --models 1.3b,3b,7b,13b,70b --phase decode --out results
  sim verilog --lanes 128 --columns 16 --tokens 8 --stream-bits 512 --out results
  sim synth --target xcup,ecp5-85k --lanes 80 --columns 2 --tokens 4 --stream-bits 128
  sim dram --standard ddr4-3200 --trace FILE --explain
  sim verify --lanes 80 --columns 4 --tokens 4 --stream-bits 512 --seeds 50
  sim generate --checkpoint path/to/folder --prompt \"The capital of France is\" --max-new-tokens 20
  sim pack --checkpoint path/to/folder --chip kv260 --out weights.img";

/// Cycles, latency, throughput and energy of a ternary (BitNet b1.58) language model on an accelerator, beside FP16.
#[derive(Debug, Parser)]
#[command(name = "sim", version, after_help = EXAMPLES)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Subcommands>,

    /// Model: a preset (see `sim models`), or the path of a Hugging Face config.json.
    #[arg(long, value_name = "NAME|PATH", required = true)]
    pub(crate) model: Option<String>,

    #[command(flatten)]
    pub(crate) run: RunArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Subcommands {
    /// Compare several models on one chip; --out adds a chart of latency and throughput by model size.
    Sweep(SweepArguments),
    /// Write the engine as Verilog: DIR/ternary_core.v (streams alone), DIR/ternary_engine.v (with registers), and
    /// DIR/ternary_engine_axi.v, which fetches its weights.
    Verilog(VerilogArguments),
    /// Run random jobs on the engine's Verilog and compare every result with the contract; needs Verilator.
    Verify(VerifyArguments),
    /// Synthesise the engine with Yosys, and place and route it with nextpnr where there is one for the target.
    Synth(SynthArguments),
    /// Synthesise engines from 16 x 1 to 128 x 128, and route those of up to 512 lanes; --out adds a chart of lookup tables a lane and clock.
    Scale(ScaleArguments),
    /// Put the engine behind the serial port of a ULX3S (ECP5-85F): DIR/ulx3s.bit, and DIR/ulx3s.v, which it is made of.
    Bitstream(BitstreamArguments),
    /// Write the ternary matrices of a checkpoint as an engine streams them: one file of weight images.
    Pack(PackArguments),
    /// Compare a file of weight images with the checkpoint that it was made of, each trit.
    Unpack(UnpackArguments),
    /// Run a ternary checkpoint: the reference transformer continues a prompt.
    Generate(GenerateArguments),
    /// Write a checkpoint of a preset's shape with random ternary weights, as a Hugging Face folder.
    RandomCheckpoint(RandomCheckpointArguments),
    /// Reproduce the figures of the BitNet b1.58 paper, each with its error; --out adds charts.
    Paper(PaperArguments),
    /// Run a trace of requests through a DRAM, and say what limits it.
    Dram(DramArguments),
    /// List the model presets.
    Models,
    /// List the chip presets.
    Chips,
}

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

#[derive(Debug, Args)]
pub(crate) struct PaperArguments {
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// Also write CSV, JSON and charts (SVG and PNG) to this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// The sizes of an engine.
#[derive(Debug, Args)]
pub(crate) struct SizeArguments {
    /// Activations that meet a column's trits at once.
    #[arg(long, value_name = "L", allow_negative_numbers = true, value_parser = size)]
    pub(crate) lanes: u32,

    /// Dot products at once.
    #[arg(long, value_name = "C", allow_negative_numbers = true, value_parser = size)]
    pub(crate) columns: u32,

    /// Token slots: accumulators of a column.
    #[arg(long, value_name = "T", allow_negative_numbers = true, value_parser = size)]
    pub(crate) tokens: u32,

    /// Width of the packed weight stream, five trits a byte; to fetch it: 8, 16, 32, ... 1024.
    #[arg(long, value_name = "W", default_value_t = 512, allow_negative_numbers = true, value_parser = size)]
    pub(crate) stream_bits: u32,

    /// Width of an accumulator.
    #[arg(long, value_name = "BITS", default_value_t = 24, allow_negative_numbers = true, value_parser = size)]
    pub(crate) acc_bits: u32,

    /// Width of the activation stream [default: a power of two for LANES activations, at most 128].
    #[arg(long, value_name = "BITS", allow_negative_numbers = true, value_parser = size)]
    pub(crate) activation_bits: Option<u32>,

    /// Words of LANES activations in the activation buffer, a power of two [default: 4 steps of TOKENS, at least 512].
    #[arg(long, value_name = "WORDS", allow_negative_numbers = true, value_parser = size)]
    pub(crate) activation_words: Option<u32>,

    /// Results in a beat of the output streams, a power of two [default: COLUMNS, at most 4].
    #[arg(long, value_name = "R", allow_negative_numbers = true, value_parser = size)]
    pub(crate) result_lanes: Option<u32>,

    /// Groups of R dividers that requantise [default: 1].
    #[arg(long, value_name = "D", allow_negative_numbers = true, value_parser = size)]
    pub(crate) dividers: Option<u32>,

    /// Beats in the FIFO of the weight stream, a power of two [default: 128].
    #[arg(long, value_name = "BEATS", allow_negative_numbers = true, value_parser = size)]
    pub(crate) fifo_beats: Option<u32>,

    /// Longest burst of fetched weights, a power of two [default: 16, or what the FIFO holds].
    #[arg(long, value_name = "BEATS", allow_negative_numbers = true, value_parser = size)]
    pub(crate) burst_beats: Option<u32>,
}

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

#[derive(Debug, Args)]
pub(crate) struct PackArguments {
    /// A checkpoint: a Hugging Face folder with packed ternary or master weights, or a GGUF file.
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) checkpoint: PathBuf,

    /// Lanes of the engine.
    #[arg(long, value_name = "L", required_unless_present = "chip", requires = "columns", allow_negative_numbers = true, value_parser = size)]
    pub(crate) lanes: Option<u32>,

    /// Columns of the engine.
    #[arg(long, value_name = "C", requires = "lanes", allow_negative_numbers = true, value_parser = size)]
    pub(crate) columns: Option<u32>,

    /// Width of the engine's weight stream.
    #[arg(long, value_name = "W", default_value_t = 512, allow_negative_numbers = true, value_parser = size)]
    pub(crate) stream_bits: u32,

    /// The engine of a chip instead: a preset (see `sim chips`), or the path of a YAML file.
    #[arg(long, value_name = "NAME|PATH", conflicts_with_all = ["lanes", "columns", "stream_bits"])]
    pub(crate) chip: Option<String>,

    /// The file.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct UnpackArguments {
    /// The file that `sim pack` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) image: PathBuf,

    /// The checkpoint: a Hugging Face folder or a GGUF file.
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) checkpoint: PathBuf,
}

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

#[derive(Debug, Args)]
pub(crate) struct RandomCheckpointArguments {
    /// Model: a preset (see `sim models`), or the path of a Hugging Face config.json.
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) model: String,

    /// Folder for the checkpoint.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// The same number gives the same weights.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
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

#[derive(Debug, Args)]
pub(crate) struct DramArguments {
    /// DRAM: ddr4-3200, hbm3, ..., or the path of a YAML file.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) standard: String,

    /// Requests, one a line: `LD 0x...` or `ST 0x...`, or `0x... READ cycle` or `0x... WRITE cycle`.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: PathBuf,

    /// Also write every command to this file.
    #[arg(long, value_name = "FILE", conflicts_with = "explain")]
    pub(crate) commands: Option<PathBuf>,

    /// Check every command against the standard.
    #[arg(long, conflicts_with = "explain")]
    pub(crate) check: bool,

    /// Instead of results, what limits the trace and what other mappings reach, measured on its first 2,000,000 requests.
    #[arg(long)]
    pub(crate) explain: bool,

    /// Channels, each independent.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = count)]
    pub(crate) channels: u64,

    /// Ranks of a channel.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = count)]
    pub(crate) ranks: u64,

    /// Fields of an address, most significant first: row, rank, bank, bank group, column, channel; in parts (RoCo5BaBgCo2Ch) or hashed
    /// (RoBaRaCoBgCh,Bg^Ro,Ba^Ro2).
    #[arg(long, value_name = "FIELDS", default_value = "RoBaRaCoBgCh")]
    pub(crate) mapping: String,

    /// Reads that can wait at a channel.
    #[arg(long, value_name = "N", default_value_t = 32, allow_negative_numbers = true, value_parser = count)]
    pub(crate) read_queue: u64,

    /// Writes that can wait at a channel.
    #[arg(long, value_name = "N", default_value_t = 32, allow_negative_numbers = true, value_parser = count)]
    pub(crate) write_queue: u64,

    /// Waiting writes that begin a drain [default: four fifths of the queue].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = count)]
    pub(crate) high: Option<u64>,

    /// Waiting writes that end a drain [default: a fifth of the queue].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = count)]
    pub(crate) low: Option<u64>,

    /// What goes first of the commands that can start in a cycle.
    #[arg(long, value_enum, default_value_t = OrderArgument::Columns)]
    pub(crate) order: OrderArgument,

    /// Row hits that may go before an older request of their bank.
    #[arg(long, value_name = "N", default_value_t = 16, allow_negative_numbers = true, value_parser = count)]
    pub(crate) cap: u64,

    /// What is refreshed at once.
    #[arg(long, value_enum, default_value_t = RefreshArgument::AllBank)]
    pub(crate) refresh: RefreshArgument,

    /// When a request leaves its place in the queue.
    #[arg(long, value_enum, default_value_t = LeavesArgument::Column)]
    pub(crate) leaves: LeavesArgument,

    /// Search all banks for every command: the same commands, more slowly.
    #[arg(long)]
    pub(crate) no_fast: bool,

    /// What to print.
    #[arg(long, value_enum, default_value_t = TextFormat::Table)]
    pub(crate) format: TextFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OrderArgument {
    /// Column commands.
    Columns,
    /// The oldest request's, whatever it is.
    Age,
    /// Column commands of requests whose row was opened for them.
    Opened,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RefreshArgument {
    None,
    AllBank,
    PerBank,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LeavesArgument {
    /// With the activate of its row.
    Activate,
    /// With its column command.
    Column,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    Table,
    Json,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Csv,
}

/// A number of tokens. The message has the range whatever is wrong with the text, too many digits for a number as well.
fn tokens(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (1..=sim::MAX_TOKENS).contains(number));
    number.ok_or_else(|| format!("must be from 1 to {}", sim::MAX_TOKENS))
}

fn kv_bits(text: &str) -> Result<KvForm, String> {
    let form = KvForm::ALL.into_iter().find(|form| form.value_bits().to_string() == text);
    form.ok_or_else(|| "must be 16, 8, 4 or 3".to_owned())
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

/// A number of runs.
fn seeds(text: &str) -> Result<u64, String> {
    const MOST: u64 = 1_000_000;
    let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("must be from 1 to {MOST}"))
}

/// A number of placements.
fn placements(text: &str) -> Result<u32, String> {
    const MOST: u32 = 100;
    let number = text.parse().ok().filter(|number| (1..=MOST).contains(number));
    number.ok_or_else(|| format!("must be from 1 to {MOST}"))
}

/// Lanes of the largest engine of a scale, which begins with 16.
fn most_lanes(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (16..=16384).contains(number));
    number.ok_or_else(|| "must be from 16 to 16384".to_owned())
}

/// A count of a memory's; the memory itself says what it can be.
fn count(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (0..=1 << 20).contains(number));
    number.ok_or_else(|| "must be a whole number, at most 1048576".to_owned())
}

/// A size of the engine; the engine itself says what it can be.
fn size(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("must be a whole number from 0 to {}", u32::MAX))
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

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

    #[test]
    fn every_wrong_number_is_told_its_range() {
        assert_eq!((tokens("1"), tokens("16777216")), (Ok(1), Ok(1 << 24)));
        for wrong in ["0", "-5", "16777217", "99999999999999999999", "1.5", "many", ""] {
            assert_eq!(tokens(wrong), Err("must be from 1 to 16777216".to_owned()), "{wrong}");
        }
        assert_eq!((size("0"), size("4294967295")), (Ok(0), Ok(u32::MAX)));
        assert_eq!((seeds("1"), seeds("1000000")), (Ok(1), Ok(1_000_000)));
        for wrong in ["0", "-1", "1000001", "1.5", ""] {
            assert_eq!(seeds(wrong), Err("must be from 1 to 1000000".to_owned()), "{wrong}");
        }
        for wrong in ["-1", "4294967296", "99999999999999999999", "x"] {
            assert_eq!(size(wrong), Err("must be a whole number from 0 to 4294967295".to_owned()), "{wrong}");
        }
    }

    #[test]
    fn the_subcommands_need_no_model_and_the_default_does() {
        assert!(Arguments::try_parse_from(["sim", "models"]).is_ok());
        assert!(Arguments::try_parse_from(["sim", "--model", "70b"]).is_ok());
        let error = Arguments::try_parse_from(["sim", "--chip", "edge"]).unwrap_err().to_string();
        assert!(error.contains("--model"), "{error}");
        let error =
            Arguments::try_parse_from(["sim", "--model", "70b", "--batch", "-3"]).unwrap_err().to_string();
        assert!(error.contains("'--batch <N|max>': must be from 1"), "{error}");
        let error =
            Arguments::try_parse_from(["sim", "--model", "70b", "--prompt", "0"]).unwrap_err().to_string();
        assert!(error.contains("--prompt"), "{error}");
    }
}
