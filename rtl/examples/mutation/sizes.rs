//! Where each block stands, and what tests it: comparisons that its unit tests wrote down (`DIR/<block>/<hash>/`, by
//! `rtl/src/testing.rs`), or random sessions of a whole engine.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rtl::cosim::engine::Top;

use super::module::find;
use super::{Failure, sessions};

/// A text in which the block stands.
#[derive(Debug)]
pub(crate) struct Size {
    pub(crate) text: String,
    /// Where the block's own module is.
    pub(crate) range: Range<usize>,
    pub(crate) tests: Tests,
}

/// What would see a fault in it.
#[derive(Debug)]
pub(crate) enum Tests {
    /// Comparisons, the longest first.
    Benches(Vec<Bench>),
    /// Sessions of the engine.
    Sessions(Top),
}

/// A comparison: what went in and what came out.
#[derive(Debug)]
pub(crate) struct Bench {
    /// Has the test bench and its vectors.
    pub(crate) dir: PathBuf,
    /// A line a cycle, 0 and 1, as the test bench prints it.
    pub(crate) expected: Vec<u8>,
    /// Before this cycle, a bit may also be unknown.
    pub(crate) known_from: usize,
}

impl Size {
    /// The block's own module.
    pub(crate) fn module(&self) -> &str {
        &self.text[self.range.clone()]
    }

    /// The text with another module in its place.
    pub(crate) fn with(&self, module: &str) -> String {
        [&self.text[..self.range.start], module, &self.text[self.range.end..]].concat()
    }

    /// The module in which everything is, which comes first.
    pub(crate) fn top(&self) -> &str {
        let after = self.text.split("\nmodule ").nth(1).unwrap_or_default();
        after.split_whitespace().next().unwrap_or_default()
    }

    /// Cycles compared.
    fn cycles(&self) -> usize {
        let lines = |bench: &Bench| bench.expected.iter().filter(|byte| **byte == b'\n').count() + 1;
        match &self.tests {
            Tests::Benches(benches) => benches.iter().map(lines).sum(),
            Tests::Sessions(_) => 1,
        }
    }
}

/// The blocks that stand in the text of a top, and that nothing smaller tests.
const BY_SESSIONS: [(&str, &[Top]); 4] = [
    ("matrix_unit", &[Top::Stream, Top::Axi]),
    ("engine", &[Top::Stream, Top::Axi]),
    ("ternary_engine", &[Top::Stream]),
    ("ternary_engine_axi", &[Top::Axi]),
];

/// Every block, and the sizes in which it is tested: the well-tested first, of those the largest.
pub(crate) fn blocks(recordings: &Path) -> Result<Vec<(String, Vec<Size>)>, Failure> {
    let mut blocks = vec![];
    for dir in sorted(recordings)? {
        let block = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sizes = recorded(&dir, &block)?;
        // Some tests are of no block.
        if !sizes.is_empty() {
            blocks.push((block, sizes));
        }
    }
    for (block, tops) in BY_SESSIONS {
        let size = |top: &Top| {
            let text = sessions::text(*top)?;
            let range = find(&text, block).ok_or("an engine without its module")?;
            Ok::<_, Failure>(Size { text, range, tests: Tests::Sessions(*top) })
        };
        blocks.push((block.to_owned(), tops.iter().map(size).collect::<Result<_, _>>()?));
    }
    Ok(blocks)
}

fn recorded(dir: &Path, block: &str) -> Result<Vec<Size>, Failure> {
    let mut sizes: Vec<(Size, Vec<Bench>)> = vec![];
    for dir in sorted(dir)? {
        let text = fs::read_to_string(dir.join("block.v"))?;
        let Some(range) = find(&text, block) else { continue };
        let known_from = fs::read_to_string(dir.join("known_from.txt"))?.parse()?;
        let bench = Bench { expected: fs::read(dir.join("expected.txt"))?, dir, known_from };
        match sizes.iter_mut().find(|(size, _)| size.text == text) {
            Some((_, benches)) => benches.push(bench),
            None => sizes.push((Size { text, range, tests: Tests::Benches(vec![]) }, vec![bench])),
        }
    }
    let tested = |(size, mut benches): (Size, Vec<Bench>)| {
        benches.sort_by_key(|bench| std::cmp::Reverse(bench.expected.len()));
        Size { tests: Tests::Benches(benches), ..size }
    };
    let mut sizes: Vec<Size> = sizes.into_iter().map(tested).collect();
    // Those that only the latency is tested in come last.
    let most = sizes.iter().map(Size::cycles).max().unwrap_or(0);
    sizes.sort_by_key(|size| std::cmp::Reverse((is_well_tested(size, most), size.module().len())));
    Ok(sizes)
}

/// How many of `sizes` are tested by more than a few cycles; they come first.
pub(crate) fn well_tested(sizes: &[Size]) -> usize {
    let most = sizes.iter().map(Size::cycles).max().unwrap_or(0);
    sizes.iter().filter(|size| is_well_tested(size, most)).count()
}

fn is_well_tested(size: &Size, most: usize) -> bool {
    64 * size.cycles() >= most
}

fn sorted(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
