//! The command that writes a checkpoint of random weights.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use model::{RandomCheckpoint, Shape};

use crate::output::Files;

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

/// Writes a folder that `sim generate` reads.
pub(crate) fn write(model: &Shape, folder: &Path, seed: u64) -> anyhow::Result<()> {
    let checkpoint = RandomCheckpoint::new(model, seed)?;
    let mut files = Files::new(folder)?;
    for (i, name) in checkpoint.shards().iter().enumerate() {
        let mut file = BufWriter::new(files.create(name)?);
        let written = checkpoint.write_shard(i, &mut file).and_then(|()| file.flush());
        written.with_context(|| format!("cannot write {name}"))?;
    }
    if let Some(index) = checkpoint.index() {
        files.write("model.safetensors.index.json", index.as_bytes())?;
    }
    files.write("config.json", checkpoint.config().as_bytes())?;
    files.publish()
}
