//! `sim dram`: a trace of requests through a memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use reports::{Grid, printable};
use sim::dram::{
    Checker, Command, CommandLines, Explanation, Order, Organisation, Outcome, Policy, RefreshMode, Setup,
    TraceError, explain, run,
};

use crate::args::TextFormat;
use crate::output::print;

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

/// A count of a memory's; the memory itself says what it can be.
fn count(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (0..=1 << 20).contains(number));
    number.ok_or_else(|| "must be a whole number, at most 1048576".to_owned())
}

/// A trace, a memory, and what to show.
pub(crate) struct Request {
    pub(crate) setup: Setup,
    /// The standard's YAML, for the checker.
    pub(crate) yaml: String,
    pub(crate) trace: PathBuf,
    pub(crate) commands: Option<PathBuf>,
    pub(crate) check: bool,
    pub(crate) explain: bool,
    pub(crate) format: TextFormat,
}

impl Request {
    /// The memory and the trace of the arguments.
    pub(crate) fn resolve(arguments: DramArguments) -> anyhow::Result<Request> {
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
        Ok(Request {
            setup,
            yaml: sim::dram::standard_text(&arguments.standard)?,
            trace: arguments.trace,
            commands: arguments.commands,
            check: arguments.check,
            explain: arguments.explain,
            format: arguments.format,
        })
    }
}

/// Requests of a trace that are explained: what limits it shows in them.
const EXPLAINED: u64 = 2_000_000;

pub(crate) fn dram(request: &Request) -> anyhow::Result<()> {
    let open = || File::open(&request.trace).map_err(TraceError::Read);
    let name = printable(&request.trace.display().to_string());
    if request.explain {
        let explanation = explain(&request.setup, EXPLAINED, || File::open(&request.trace));
        let explanation = explanation.with_context(|| name)?;
        return print(&match request.format {
            TextFormat::Json => reports::json(&explanation)?,
            TextFormat::Table => explained(&request.setup, &explanation),
        });
    }
    let trace = open().with_context(|| name.clone())?;
    let outcome = if request.commands.is_some() || request.check {
        let mut sink = Sink::new(request)?;
        let outcome = run(&request.setup, trace, u64::MAX, Some(&mut |command: &Command| sink.add(command)));
        let outcome = outcome.with_context(|| name)?;
        sink.finish(&outcome)?;
        outcome
    } else {
        run(&request.setup, trace, u64::MAX, None::<&mut fn(&Command)>).with_context(|| name)?
    };
    print(&match request.format {
        TextFormat::Json => reports::json(&outcome)?,
        TextFormat::Table => table(&outcome),
    })
}

/// Where commands go: a file, which is there when it is whole, and the checker.
struct Sink<'a> {
    lines: CommandLines,
    file: Option<(BufWriter<tempfile::NamedTempFile>, &'a Path)>,
    checker: Option<Checker>,
    /// The first thing that went wrong.
    failed: Option<anyhow::Error>,
}

impl Sink<'_> {
    fn new(request: &Request) -> anyhow::Result<Sink<'_>> {
        let organisation = request.setup.organisation;
        let file = match &request.commands {
            Some(path) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
                    .with_context(|| format!("cannot write {}", path.display()))?;
                Some((BufWriter::with_capacity(1 << 20, file), path.as_path()))
            }
            None => None,
        };
        let refresh = match request.setup.policy.refresh {
            RefreshMode::None => None,
            RefreshMode::AllBank => Some("REF"),
            RefreshMode::PerBank => Some("REFB"),
        };
        let checker = request.check.then(|| Checker::new(&request.yaml, organisation.ranks, refresh));
        Ok(Sink {
            lines: CommandLines::new(&request.setup.standard, organisation.channels),
            file,
            checker: checker.transpose().map_err(anyhow::Error::msg)?,
            failed: None,
        })
    }

    fn add(&mut self, command: &Command) {
        let Sink { lines, file, checker, failed } = self;
        if failed.is_none() {
            *failed = lines.add(command, &mut |line| take(file, checker, line)).err();
        }
    }

    /// Puts the file in its place, if all went well.
    fn finish(mut self, outcome: &Outcome) -> anyhow::Result<()> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.lines.finish(&mut |line| take(&mut self.file, &mut self.checker, line))?;
        if let Some(checker) = &self.checker {
            checker.finish(outcome.cycles.cast_signed()).map_err(violation)?;
            crate::output::note(&format!("{} commands obey the standard", checker.lines()));
        }
        if let Some((writer, path)) = self.file {
            let cannot = || format!("cannot write {}", path.display());
            let file =
                writer.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(cannot)?;
            file.persist(path).map_err(|error| error.error).with_context(cannot)?;
        }
        Ok(())
    }
}

fn take(
    file: &mut Option<(BufWriter<tempfile::NamedTempFile>, &Path)>,
    checker: &mut Option<Checker>,
    line: &str,
) -> anyhow::Result<()> {
    if let Some(checker) = checker {
        checker.line(line).map_err(violation)?;
    }
    if let Some((writer, path)) = file {
        writer.write_all(line.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn violation(what: String) -> anyhow::Error {
    anyhow::anyhow!("a command breaks the standard, which is a fault of this program: {what}")
}

fn table(outcome: &Outcome) -> String {
    let mut grid = Grid::new("<>");
    let percent = |part: f64, whole: f64| if whole > 0.0 { 100.0 * part / whole } else { 0.0 };
    let share = |count: u64| format!("{count}  {:.1}%", percent(count as f64, outcome.requests as f64));
    let channels = format!("{} x {} x {}", outcome.channels, outcome.ranks, outcome.standard);
    grid.row(["channels x ranks".to_owned(), channels]);
    grid.row(["mapping", outcome.mapping.as_str()]);
    grid.rule();
    grid.row(["requests".to_owned(), outcome.requests.to_string()]);
    if outcome.wrapped > 0 {
        grid.row(["beyond the memory, wrapped".to_owned(), outcome.wrapped.to_string()]);
    }
    grid.row(["cycles".to_owned(), outcome.cycles.to_string()]);
    grid.row(["time".to_owned(), format!("{:.3} µs", outcome.seconds * 1e6)]);
    let (reached, peak) = (outcome.bandwidth_gb_s, outcome.peak_gb_s);
    grid.row([
        "bandwidth, of peak".to_owned(),
        format!("{reached:.2} of {peak:.2} GB/s  {:.1}%", percent(reached, peak)),
    ]);
    grid.rule();
    grid.row(["row hits".to_owned(), share(outcome.row_hits)]);
    grid.row(["row misses".to_owned(), share(outcome.row_misses)]);
    grid.row(["row conflicts".to_owned(), share(outcome.row_conflicts)]);
    grid.row(["activates".to_owned(), outcome.activates.to_string()]);
    grid.row(["refreshes".to_owned(), outcome.refreshes.to_string()]);
    if outcome.forwarded + outcome.merged > 0 {
        grid.row([
            "answered by, merged with writes".to_owned(),
            format!("{}, {}", outcome.forwarded, outcome.merged),
        ]);
    }
    grid.rule();
    let latency = &outcome.latency;
    grid.row(["read latency, mean".to_owned(), format!("{:.1} ns", latency.mean_ns)]);
    for (name, ns) in [
        ("median", latency.p50_ns),
        ("95%", latency.p95_ns),
        ("99%", latency.p99_ns),
        ("99.9%", latency.p999_ns),
        ("longest", latency.max_ns),
    ] {
        grid.row([format!("    {name}"), format!("{ns:.1} ns")]);
    }
    grid.rule();
    let (joules, energy) = (&outcome.energy_j, &outcome.energy);
    grid.row(["energy".to_owned(), format!("{:.3} µJ  {:.2} pJ/bit", joules.total * 1e6, energy.pj_per_bit)]);
    for (name, part) in [
        ("activate and precharge", joules.activate),
        ("read", joules.read),
        ("write", joules.write),
        ("refresh", joules.refresh),
        ("background", joules.background),
    ] {
        if let Some(part) = part {
            grid.row([
                format!("    {name}"),
                format!("{:.3} µJ  {:.1}%", part * 1e6, percent(part, joules.total)),
            ]);
        }
    }
    let mut text = grid.text();
    text.push_str(&format!("\nEnergy covers: {}; by {}.\n", energy.boundary, energy.source));
    if joules.activate.is_some() {
        text.push_str(&format!(
            "The energy tables have {:.2} pJ/bit for: {}; the commands {:+.2} pJ/bit.\n",
            energy.table_pj_per_bit,
            energy.table_boundary,
            energy.pj_per_bit - energy.table_pj_per_bit
        ));
    } else {
        text.push_str("By the bit, not by commands: activation, refresh and standby are in it as its source averaged them.\n");
    }
    text
}

fn explained(setup: &Setup, explanation: &Explanation) -> String {
    let peak = explanation.peak_gb_s;
    let reached = |gb_s: f64| format!("{gb_s:.2} GB/s  {:.1}%", 100.0 * gb_s / peak);
    let asked = &explanation.asked;
    let mut text = format!(
        "{} requests reach {} of the peak with mapping {}.\n\n",
        explanation.requests,
        reached(asked.bandwidth_gb_s),
        setup.mapping
    );
    let mut grid = Grid::new("<>>");
    grid.row(["without this limit", "bandwidth, of peak", "gain"]);
    grid.rule();
    for limit in &explanation.limits {
        let gain = 100.0 * (limit.bandwidth_gb_s / asked.bandwidth_gb_s - 1.0);
        grid.row([limit.what.to_owned(), reached(limit.bandwidth_gb_s), format!("{gain:+.1}%")]);
    }
    text.push_str(&grid.text());
    text.push('\n');
    let mut grid = Grid::new("<>>>");
    grid.row(["mapping", "bandwidth, of peak", "row hits", "read latency"]);
    grid.rule();
    for other in std::iter::once(asked).chain(&explanation.alternatives) {
        grid.row([
            other.mapping.clone(),
            reached(other.bandwidth_gb_s),
            format!("{:.1}%", 100.0 * other.row_hit_fraction),
            format!("{:.1} ns", other.mean_latency_ns),
        ]);
    }
    text.push_str(&grid.text());
    text.push('\n');
    text.push_str(&advice(explanation));
    text
}

/// What to do, in one sentence.
fn advice(explanation: &Explanation) -> String {
    let asked = explanation.asked.bandwidth_gb_s;
    let limit = explanation.limits.first().filter(|limit| limit.bandwidth_gb_s > 1.02 * asked);
    let limited = match limit {
        Some(limit) => format!("Most is lost to {}.", limit.what),
        None => {
            "None of these limits costs more than 2%: the trace does not ask for more, or all play a part."
                .to_owned()
        }
    };
    match explanation.alternatives.first().filter(|best| best.bandwidth_gb_s > 1.02 * asked) {
        Some(best) => format!(
            "{limited} Mapping {} reaches {:.2} times as much.\n",
            best.mapping,
            best.bandwidth_gb_s / asked
        ),
        None => format!("{limited} No other mapping tried is more than 2% better.\n"),
    }
}
