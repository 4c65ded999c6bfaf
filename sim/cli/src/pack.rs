//! The commands about files of weight images.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use contract::ImageLayout;
use model::{ImageFile, checkpoint};

use crate::engine_sizes::size;
use crate::output::{Files, print};

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

/// A checkpoint to pack.
pub(crate) struct Request {
    checkpoint: PathBuf,
    layout: ImageLayout,
    out: PathBuf,
}

impl Request {
    pub(crate) fn resolve(arguments: PackArguments) -> anyhow::Result<Request> {
        let PackArguments { checkpoint, lanes, columns, stream_bits, chip, out } = arguments;
        let layout = match (chip, lanes, columns) {
            (Some(chip), _, _) => {
                let spec = sim::chip::load(&chip)?.spec;
                let size = |size: u64| u32::try_from(size).context("a size of the chip");
                layout(size(spec.lanes)?, size(spec.columns)?, size(spec.stream_bits)?)?
            }
            (None, Some(lanes), Some(columns)) => layout(lanes, columns, stream_bits)?,
            _ => anyhow::bail!("--lanes and --columns say which engine, or --chip"),
        };
        Ok(Request { checkpoint, layout, out })
    }
}

/// The layout of an engine, if there is one of these sizes.
fn layout(lanes: u32, columns: u32, stream_bits: u32) -> anyhow::Result<ImageLayout> {
    // Neither tokens nor accumulators change where weights are.
    rtl::Parameters { lanes, columns, tokens: 1, stream_bits, acc_bits: 32 }.validate()?;
    Ok(ImageLayout { lanes: lanes as usize, columns: columns as usize, stream_bits: stream_bits as usize })
}

/// Writes the images.
pub(crate) fn pack(request: &Request) -> anyhow::Result<()> {
    let Request { checkpoint, layout, out } = request;
    let weights = checkpoint::read(checkpoint)?;
    let (mut files, name) = Files::of(out, "--out")?;
    let mut file = BufWriter::new(files.create(&name)?);
    let written = model::write_image(&weights, *layout, &mut file).and_then(|()| file.flush());
    written.with_context(|| format!("cannot write {}", out.display()))?;
    files.publish()
}

/// Compares the images with their checkpoint.
pub(crate) fn unpack(image: &Path, checkpoint: &Path) -> anyhow::Result<()> {
    let image = ImageFile::open(image)?;
    let trits = image.compare(&checkpoint::read(checkpoint)?)?;
    let ImageLayout { lanes, columns, stream_bits } = image.layout();
    let matrices = image.entries().len();
    print(&format!(
        "{matrices} matrices of {trits} trits are equal, for an engine of {lanes} lanes x {columns} columns and {stream_bits} stream-bits\n"
    ))
}
