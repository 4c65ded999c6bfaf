//! What the blocks' unit tests compared: `DIR/<block>/<hash>/` as `rtl/src/testing.rs` writes it.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::module::find;

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

/// A text in which the block stands, and the comparisons with it, the longest first.
#[derive(Debug)]
pub(crate) struct Size {
    pub(crate) text: String,
    /// Where the block's own module is.
    pub(crate) module: Range<usize>,
    pub(crate) benches: Vec<Bench>,
}

impl Size {
    /// The block's own module.
    pub(crate) fn module(&self) -> &str {
        &self.text[self.module.clone()]
    }

    /// The text with another module in its place.
    pub(crate) fn with(&self, module: &str) -> String {
        [&self.text[..self.module.start], module, &self.text[self.module.end..]].concat()
    }

    /// Cycles compared.
    pub(crate) fn cycles(&self) -> usize {
        let lines = |bench: &Bench| bench.expected.iter().filter(|byte| **byte == b'\n').count() + 1;
        self.benches.iter().map(lines).sum()
    }
}

/// The blocks that have recordings.
pub(crate) fn blocks(dir: &Path) -> io::Result<Vec<String>> {
    sorted(dir)?
        .iter()
        .map(|path| Ok(path.file_name().unwrap_or_default().to_string_lossy().into_owned()))
        .collect()
}

/// The sizes in which the tests of `block` run it, the one with the most cycles first.
pub(crate) fn sizes(dir: &Path, block: &str) -> io::Result<Vec<Size>> {
    let mut sizes: Vec<Size> = vec![];
    for dir in sorted(&dir.join(block))? {
        let text = fs::read_to_string(dir.join("block.v"))?;
        let Some(module) = find(&text, block) else { continue };
        let known_from = fs::read_to_string(dir.join("known_from.txt"))?;
        let known_from = known_from.parse().map_err(io::Error::other)?;
        let bench = Bench { expected: fs::read(dir.join("expected.txt"))?, dir, known_from };
        match sizes.iter_mut().find(|size| size.text == text) {
            Some(size) => size.benches.push(bench),
            None => sizes.push(Size { text, module, benches: vec![bench] }),
        }
    }
    sizes
        .iter_mut()
        .for_each(|size| size.benches.sort_by_key(|bench| std::cmp::Reverse(bench.expected.len())));
    sizes.sort_by_key(|size| std::cmp::Reverse(size.cycles()));
    Ok(sizes)
}

fn sorted(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
