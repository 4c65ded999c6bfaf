//! Sets faults into the emitted Verilog of every block and asks whether the block's own tests see them.
//!
//! ```text
//! TRITIUM_RECORD=DIR cargo test -p tritium-rtl --lib
//! cargo run --release -p tritium-rtl --example mutation -- DIR [--deliberate] [BLOCK...]
//! ```
//!
//! The first writes down what the unit tests compare; the second (`make mutation` is both) sets faults into the block's
//! own module, one at a time: the deliberate ones of `faults.txt` and 50 random ones, the same every time. Icarus runs
//! each against what was written down until an output differs; the matrix unit, the engine and its tops,
//! which no unit test drives, run random sessions under Verilator. What survives goes to Yosys, which may prove that it
//! changes nothing; or a person has said why in `equivalent.txt`. The table goes to the output, each survivor with it,
//! and there must be none.

#![allow(clippy::print_stdout, reason = "the table is what it is for")]

mod changes;
mod equivalence;
mod icarus;
mod judge;
mod module;
mod mutants;
mod sessions;
mod sizes;
mod tokens;

use std::error::Error;
use std::process::ExitCode;

use changes::Change;
use judge::{Verdict, judge};
use module::Module;
use mutants::Mutant;
use sizes::Size;

type Failure = Box<dyn Error + Send + Sync>;

/// Random faults a block.
const RANDOM: usize = 50;

/// A fault, and in which of a block's sizes.
struct Trial {
    size: usize,
    mutant: Mutant,
    deliberate: bool,
}

fn main() -> Result<ExitCode, Failure> {
    let (options, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let random = if options.iter().any(|option| option == "--deliberate") { 0 } else { RANDOM };
    let [recordings, chosen @ ..] = &names[..] else { return Err("which folder has the recordings?".into()) };
    let faults = changes::read(include_str!("faults.txt"))?;
    let equivalent = changes::read(include_str!("equivalent.txt"))?;

    println!("| block | faults | caught | change nothing: proven | reviewed | survivors |");
    println!("|---|---|---|---|---|---|");
    let mut remarks = vec![];
    for (block, sizes) in sizes::blocks(&std::path::absolute(recordings)?)? {
        if !chosen.is_empty() && !chosen.contains(&block) {
            continue;
        }
        let trials = trials(&block, &sizes, &faults, random)?;
        let verdicts = verdicts(&sizes, &trials)?;
        let mut reviewed: Vec<&Change> = equivalent.iter().filter(|change| change.block == block).collect();
        let all = reviewed.len();
        let mut survivors = 0;
        for (trial, _) in trials.iter().zip(&verdicts).filter(|(trial, verdict)| trial.is_open(**verdict)) {
            let [from, to] = trial.mutant.lines(sizes[trial.size].module());
            let listed = reviewed.iter().position(|change| [&change.from, &change.to] == [&from, &to]);
            if let Some(listed) = listed.filter(|_| !trial.deliberate) {
                reviewed.remove(listed);
            } else {
                survivors += 1;
                remarks.push(format!("{block}\n- {from}\n+ {to}"));
            }
        }
        let count = |wanted: Verdict| verdicts.iter().filter(|verdict| **verdict == wanted).count();
        let deliberate = trials.iter().filter(|trial| trial.deliberate).count();
        println!(
            "| `{block}` | {deliberate} + {} | {} | {} | {} | {survivors} |",
            trials.len() - deliberate,
            count(Verdict::Caught),
            count(Verdict::Proven),
            all - reviewed.len(),
        );
        if random > 0 {
            remarks
                .extend(reviewed.iter().map(|change| format!("{block}: no fault is this\n+ {}", change.to)));
        }
    }
    remarks.iter().for_each(|remark| println!("\n{remark}"));
    Ok(if remarks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Trial {
    /// Whether somebody has to look at it: a deliberate fault is one, and must be caught.
    fn is_open(&self, verdict: Verdict) -> bool {
        verdict == Verdict::Survived || verdict == Verdict::Proven && self.deliberate
    }
}

/// What became of each of `trials`. A line stands in several sizes, in some of which little depends on it: what nobody sees
/// in one size may be seen in another that has the same line.
fn verdicts(sizes: &[Size], trials: &[Trial]) -> Result<Vec<Verdict>, Failure> {
    let mut verdicts = vec![Verdict::Survived; trials.len()];
    for own in [true, false] {
        for (number, size) in sizes.iter().enumerate() {
            let module = Module::read(&size.text, size.range.clone());
            let here = |(i, trial): (usize, &Trial)| {
                let mutant = match own {
                    true => Some(trial.mutant.clone()),
                    false => trial.mutant.elsewhere(sizes[trial.size].module(), &module, size.module()),
                };
                Some((i, mutant?))
            };
            let open = trials.iter().enumerate().filter(|(i, trial)| trial.is_open(verdicts[*i]));
            let faults: Vec<(usize, Mutant)> =
                open.filter(|(_, trial)| (trial.size == number) == own).filter_map(here).collect();
            let mutants: Vec<&Mutant> = faults.iter().map(|(_, mutant)| mutant).collect();
            for ((i, _), verdict) in faults.iter().zip(judge(size, &mutants)?) {
                if own || verdict == Verdict::Caught {
                    verdicts[*i] = verdict;
                }
            }
        }
    }
    Ok(verdicts)
}

/// The faults of a block: those that people thought of, each in the first size that has its text once, and random ones,
/// in the sizes that are tested most.
fn trials(block: &str, sizes: &[Size], faults: &[Change], random: usize) -> Result<Vec<Trial>, Failure> {
    let modules: Vec<Module> =
        sizes.iter().map(|size| Module::read(&size.text, size.range.clone())).collect();
    let mut trials = vec![];
    for Change { from, to, .. } in faults.iter().filter(|fault| fault.block == block) {
        let size = sizes.iter().position(|size| size.module().matches(from.as_str()).count() == 1);
        let size = size.ok_or_else(|| format!("{block} has this no longer, or more than once: {from}"))?;
        let mutant = Mutant::of(&modules[size], sizes[size].module(), from, to);
        let mutant = mutant.ok_or_else(|| format!("{block}: more than an expression is changed: {from}"))?;
        trials.push(Trial { size, mutant, deliberate: true });
    }
    let mut tested: Vec<usize> = (0..sizes::well_tested(sizes)).collect();
    // A small module may have fewer faults than its share; the larger ones then have more.
    tested.sort_by_key(|size| sizes[*size].module().len());
    let seed = block.bytes().fold(0u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut missing = random;
    for (i, &size) in tested.iter().enumerate() {
        let share = missing.div_ceil(tested.len() - i);
        let mutants = mutants::random(&modules[size], share, seed.wrapping_add(i as u64));
        missing -= mutants.len();
        trials.extend(mutants.into_iter().map(|mutant| Trial { size, mutant, deliberate: false }));
    }
    Ok(trials)
}
