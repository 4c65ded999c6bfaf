//! What can go wrong between a result and a file.

use std::io;
use std::path::{Path, PathBuf};

use crate::printable;

/// Everything that fails here says what was being made, and where.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or the folder that was to hold it.
    #[error("cannot write {}: {reason}", shown(path))]
    Write {
        /// The file or folder that was asked for.
        path: PathBuf,
        /// The operating system's words.
        reason: io::Error,
    },
    /// A file where the folder for files should be.
    #[error("cannot write to {}: it is a file, must be a folder", shown(path))]
    NoFolder {
        /// What was asked for.
        path: PathBuf,
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

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_on_one_line() {
        let error = Error::Write { path: "a\n\u{1b}[2J".into(), reason: io::ErrorKind::NotFound.into() };
        assert_eq!(error.to_string(), "cannot write a\\n\\u{1b}[2J: entity not found");
    }
}
