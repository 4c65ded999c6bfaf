//! Whether anything sees a fault.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Failure;
use super::mutants::Mutant;
use super::sessions::Faulty;
use super::sizes::{Size, Tests};
use super::{equivalence, icarus};

/// What became of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A test saw it.
    Caught,
    /// Yosys proved that there is nothing to see.
    Proven,
    /// Neither.
    Survived,
}

/// Judges each of `mutants` of a size, as many at once as there are processors.
pub(crate) fn judge(size: &Size, mutants: &[&Mutant]) -> Result<Vec<Verdict>, Failure> {
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(vec![Verdict::Survived; mutants.len()]);
    // Of a whole engine, induction proves nothing within its time.
    let is_small = matches!(size.tests, Tests::Benches(_));
    let work = || {
        let dir = tempfile::tempdir()?;
        let mut sees = eyes(size, mutants, dir.path())?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(mutant) = mutants.get(number) else { return Ok::<(), Failure>(()) };
            let changed = size.with(&mutant.apply(size.module()));
            let verdict = if sees(number, &changed)? {
                Verdict::Caught
            } else if equivalence::proven(&size.text, &changed, size.top(), is_small, dir.path())? {
                Verdict::Proven
            } else {
                Verdict::Survived
            };
            if let Ok(mut verdicts) = verdicts.lock() {
                verdicts[number] = verdict;
            }
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism()?.get().min(mutants.len());
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker panicked")?)
    })?;
    Ok(verdicts.into_inner()?)
}

/// Tells whether a fault is seen, by its number and its text.
type Eyes<'a> = Box<dyn FnMut(usize, &str) -> Result<bool, Failure> + 'a>;

fn eyes<'a>(size: &'a Size, mutants: &'a [&Mutant], dir: &'a Path) -> Result<Eyes<'a>, Failure> {
    Ok(match &size.tests {
        Tests::Benches(benches) => Box::new(move |number, text| {
            let differs = icarus::differs(text, benches, dir);
            differs.map_err(|error| format!("{}: {error}", mutants[number].lines(size.module())[1]).into())
        }),
        Tests::Sessions(top) => {
            let mut engine = Faulty::build(*top, size, mutants, dir)?;
            Box::new(move |number, _| engine.is_seen(number + 1))
        }
    })
}
