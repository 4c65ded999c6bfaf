//! The command that writes a checkpoint of random weights.

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use model::{RandomCheckpoint, Shape};

use crate::output::Files;

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
