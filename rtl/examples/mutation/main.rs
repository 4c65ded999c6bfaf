//! Sets faults into the emitted Verilog of every block and asks whether the block's own tests see them.
//!
//! ```text
//! TRITIUM_RECORD=DIR cargo test -p tritium-rtl --lib
//! cargo run --release -p tritium-rtl --example mutation -- DIR [--faults] [BLOCK...]
//! ```
//!
//! The first writes down what the unit tests compare; the second (`make mutation` is both) sets faults into the block's
//! own module, one at a time: the deliberate ones of `faults.txt` and 50 random ones, the same every time. Icarus runs
//! each against what was written down until an output differs. What survives goes to Yosys, which may prove that it
//! changes nothing; or a person has said why in `equivalent.txt`. The table goes to the output, each survivor with it,
//! and there must be none. With `--faults`, only the deliberate ones.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is what it is for")]

mod changes;
mod equivalence;
mod icarus;
mod module;
mod mutants;
mod recordings;
mod tokens;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use changes::Change;
use module::Module;
use recordings::Size;

type Failure = Box<dyn Error + Send + Sync>;

/// Random faults a block.
const RANDOM: usize = 50;

/// A fault in one of a block's sizes.
struct Trial<'a> {
    size: &'a Size,
    /// The block's module with the fault.
    module: String,
    /// The line as it was, and as it is.
    lines: [String; 2],
    deliberate: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// A test saw it.
    Caught,
    /// Yosys proved that there is nothing to see.
    Proven,
    /// `equivalent.txt` says why there is nothing to see; the index.
    Reviewed(usize),
    Survived,
}

fn main() -> Result<ExitCode, Failure> {
    let (options, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let only_faults = options.iter().any(|option| option == "--faults");
    let [dir, chosen @ ..] = &names[..] else { return Err("which folder has the recordings?".into()) };
    let dir = std::path::absolute(dir)?;
    let faults = changes::read(include_str!("faults.txt"))?;
    let equivalent = changes::read(include_str!("equivalent.txt"))?;

    println!("| block | faults | caught | change nothing: proven | reviewed | survivors |");
    println!("|---|---|---|---|---|---|");
    let (mut survivors, mut used) = (vec![], vec![]);
    let mut blocks = recordings::blocks(&dir)?;
    blocks.retain(|block| chosen.is_empty() || chosen.contains(block));
    for block in &blocks {
        let sizes = recordings::sizes(&dir, block)?;
        if sizes.is_empty() {
            continue;
        }
        let of_block: Vec<&Change> = faults.iter().filter(|fault| fault.block == *block).collect();
        let mut trials =
            of_block.iter().map(|fault| deliberate(fault, &sizes)).collect::<Result<Vec<_>, _>>()?;
        if !only_faults {
            trials.extend(random(block, &sizes));
        }
        let reviewed = |trial: &Trial| {
            let fits = |change: &Change| {
                change.block == *block && [&change.from, &change.to] == trial.lines.each_ref()
            };
            equivalent.iter().position(fits)
        };
        let verdicts = judge(&trials, |trial, dir| verdict(trial, block, reviewed(trial), dir))?;
        let count = |wanted: fn(&Verdict) -> bool| verdicts.iter().filter(|verdict| wanted(verdict)).count();
        println!(
            "| `{block}` | {} + {} | {} | {} | {} | {} |",
            of_block.len(),
            trials.len() - of_block.len(),
            count(|verdict| *verdict == Verdict::Caught),
            count(|verdict| *verdict == Verdict::Proven),
            count(|verdict| matches!(verdict, Verdict::Reviewed(_))),
            count(|verdict| *verdict == Verdict::Survived),
        );
        for (trial, verdict) in trials.iter().zip(verdicts) {
            match verdict {
                Verdict::Survived => survivors.push([block.clone(), trial.lines.join("\n+ ")].join("\n- ")),
                Verdict::Reviewed(index) => used.push(index),
                Verdict::Caught | Verdict::Proven => {}
            }
        }
    }
    survivors.iter().for_each(|survivor| println!("\n{survivor}"));
    let stale = (0..equivalent.len())
        .filter(|index| !only_faults && blocks.contains(&equivalent[*index].block) && !used.contains(index))
        .inspect(|index| println!("\nno fault needs this of equivalent.txt: {}", equivalent[*index].to))
        .count();
    Ok(if survivors.is_empty() && stale == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A fault that a person thought of, in the first size that has the text once.
fn deliberate<'a>(fault: &Change, sizes: &'a [Size]) -> Result<Trial<'a>, Failure> {
    let Change { block, from, to, .. } = fault;
    let size = sizes
        .iter()
        .find(|size| size.module().matches(from.as_str()).count() == 1)
        .ok_or_else(|| format!("{block} has this no longer, or more than once: {from}"))?;
    let module = size.module().replacen(from.as_str(), to, 1);
    Ok(Trial { size, module, lines: [from.clone(), to.clone()], deliberate: true })
}

/// Random faults in the sizes that are tested most, equally many in each.
fn random<'a>(block: &str, sizes: &'a [Size]) -> Vec<Trial<'a>> {
    let mut tested: Vec<&Size> = sizes.iter().filter(|size| 2 * size.cycles() >= sizes[0].cycles()).collect();
    // A small module may have fewer faults than its share; the larger ones then have more.
    tested.sort_by_key(|size| size.module().len());
    let seed = block.bytes().fold(0u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut trials: Vec<Trial> = vec![];
    for (i, size) in tested.iter().enumerate() {
        let share = (RANDOM - trials.len()).div_ceil(tested.len() - i);
        let module = Module::read(&size.text, size.module.clone());
        let mutants = mutants::random(&module, share, seed.wrapping_add(i as u64));
        trials.extend(mutants.into_iter().map(|mutant| Trial {
            size,
            module: mutant.apply(size.module()),
            lines: mutant.lines(size.module()),
            deliberate: false,
        }));
    }
    trials
}

fn verdict(trial: &Trial, block: &str, reviewed: Option<usize>, dir: &Path) -> Result<Verdict, Failure> {
    let changed = trial.size.with(&trial.module);
    let differs = icarus::differs(&changed, &trial.size.benches, dir);
    if differs.map_err(|error| format!("{block}, {}: {error}", trial.lines[1]))? {
        return Ok(Verdict::Caught);
    }
    // A deliberate fault is one.
    if trial.deliberate {
        return Ok(Verdict::Survived);
    }
    if let Some(index) = reviewed {
        return Ok(Verdict::Reviewed(index));
    }
    let proven = equivalence::proven(&trial.size.text, &changed, block, dir)?;
    Ok(if proven { Verdict::Proven } else { Verdict::Survived })
}

/// Judges all trials, as many at once as there are processors, each worker in a folder of its own.
fn judge<T: Sync>(
    trials: &[T],
    verdict: impl Fn(&T, &Path) -> Result<Verdict, Failure> + Sync,
) -> Result<Vec<Verdict>, Failure> {
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(vec![None; trials.len()]);
    let work = |dir: PathBuf| {
        while let Some((i, trial)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, trials.get(i)?)))
        {
            let verdict = verdict(trial, &dir)?;
            if let Ok(mut verdicts) = verdicts.lock() {
                verdicts[i] = Some(verdict);
            }
        }
        Ok::<(), Failure>(())
    };
    let dirs = (0..std::thread::available_parallelism()?.get())
        .map(|_| tempfile::tempdir())
        .collect::<Result<Vec<_>, _>>()?;
    std::thread::scope(|scope| {
        let workers: Vec<_> = dirs.iter().map(|dir| scope.spawn(|| work(dir.path().to_owned()))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker panicked")?)
    })?;
    let verdicts = verdicts.into_inner()?;
    verdicts.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| "a fault was not judged".into())
}
