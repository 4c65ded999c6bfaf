//! Files that `sim generate` writes beside its text: logits, and the integers of the linears.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use anyhow::{Context, bail};
use model::safetensors::{Entry, Kind, header};
use model::transformer::Trace;

use crate::output::Files;

/// Bytes for the header of logits, whose rows are counted when it is too late to move them.
const HEADER_BYTES: usize = 256;

/// A row of logits a position, written as they come.
pub(crate) struct Logits {
    files: Files,
    file: BufWriter<File>,
    as_csv: bool,
    rows: u64,
    width: u64,
}

impl Logits {
    pub(crate) fn new(path: &Path, vocabulary: u64) -> anyhow::Result<Logits> {
        let as_csv = extension(path) == "csv";
        let (mut files, name) = Files::of(path, "--logits")?;
        let mut file = BufWriter::new(files.create(&name)?);
        let begun = if as_csv {
            let columns: String = (0..vocabulary).map(|token| format!(",{token}")).collect();
            writeln!(file, "position{columns}")
        } else {
            file.write_all(&[b' '; HEADER_BYTES])
        };
        begun.context("cannot write the logits")?;
        Ok(Logits { files, file, as_csv, rows: 0, width: vocabulary })
    }

    pub(crate) fn push(&mut self, row: &[f32]) -> anyhow::Result<()> {
        let written = if self.as_csv { self.write_csv(row) } else { write_floats(&mut self.file, row) };
        self.rows += 1;
        written.context("cannot write the logits")
    }

    fn write_csv(&mut self, row: &[f32]) -> io::Result<()> {
        write!(self.file, "{}", self.rows)?;
        // The shortest digits that give the same float back.
        row.iter().try_for_each(|logit| write!(self.file, ",{logit}"))?;
        writeln!(self.file)
    }

    pub(crate) fn publish(mut self) -> anyhow::Result<()> {
        let shape = vec![self.rows, self.width];
        let entry = Entry { name: "logits".to_owned(), kind: Kind::F32, shape };
        let header = header(&[entry], HEADER_BYTES);
        let finish = |file: &mut BufWriter<File>| {
            if !self.as_csv {
                file.rewind()?;
                file.write_all(&header)?;
            }
            file.flush()
        };
        finish(&mut self.file).context("cannot write the logits")?;
        self.files.publish()
    }
}

/// What `--logits` and `--trace` name must be, before anything is computed.
pub(crate) fn check_names(logits: Option<&Path>, trace: Option<&Path>) -> anyhow::Result<()> {
    if let Some(path) = logits.filter(|path| !["csv", "safetensors"].contains(&extension(path))) {
        bail!("--logits {} must end in .csv or .safetensors", path.display());
    }
    if let Some(path) = trace.filter(|path| extension(path) != "safetensors") {
        bail!("--trace {} must end in .safetensors", path.display());
    }
    Ok(())
}

/// Writes q, s and acc of every linear.
pub(crate) fn write_trace(path: &Path, trace: &Trace) -> anyhow::Result<()> {
    let mut entries = vec![];
    for (place, linear) in &trace.linears {
        let tokens = linear.s.len();
        let mut entry = |what: &str, kind, shape: &[usize]| {
            let shape = shape.iter().map(|&size| size as u64).collect();
            entries.push(Entry { name: format!("{place}.{what}"), kind, shape });
        };
        entry("q", Kind::I8, &[tokens, linear.q.len() / tokens]);
        entry("s", Kind::F32, &[tokens]);
        entry("acc", Kind::I32, &[tokens, linear.acc.len() / tokens]);
    }
    let (mut files, name) = Files::of(path, "--trace")?;
    let write = |file: &mut BufWriter<File>| {
        file.write_all(&header(&entries, 0))?;
        for linear in trace.linears.values() {
            file.write_all(&linear.q.iter().map(|q| q.cast_unsigned()).collect::<Vec<u8>>())?;
            write_floats(file, &linear.s)?;
            linear.acc.iter().try_for_each(|acc| file.write_all(&acc.to_le_bytes()))?;
        }
        file.flush()
    };
    write(&mut BufWriter::new(files.create(&name)?)).context("cannot write the trace")?;
    files.publish()
}

fn write_floats(file: &mut impl Write, floats: &[f32]) -> io::Result<()> {
    floats.iter().try_for_each(|float| file.write_all(&float.to_le_bytes()))
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}
