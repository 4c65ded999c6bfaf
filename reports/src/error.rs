//! What can go wrong between a result and a file.

use std::io;
use std::path::PathBuf;

/// Everything that fails here says what was being made, and where.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or the folder that was to hold it.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file or folder that was asked for.
        path: PathBuf,
        /// The operating system's words.
        reason: io::Error,
    },
    /// A result that does not serialise.
    #[error("cannot make the {format} document: {reason}")]
    Document {
        /// `JSON` or `CSV`.
        format: &'static str,
        /// The serialiser's words.
        reason: String,
    },
    /// A chart that could not be drawn.
    #[error("cannot draw the {chart} chart: {reason}")]
    Chart {
        /// The chart's name.
        chart: &'static str,
        /// The drawing backend's words.
        reason: String,
    },
}
