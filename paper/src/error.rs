//! What can go wrong while the paper's figures are reproduced.

use thiserror::Error;

/// Errors of this crate. Each says what is wrong and where.
#[derive(Debug, Error)]
pub enum Error {
    /// A data file of this crate is not YAML, or has a field that is missing, unknown or of the wrong type.
    #[error("{what}: {reason}")]
    Yaml {
        /// Which document.
        what: &'static str,
        /// Where and what, in the parser's words.
        reason: serde_yaml::Error,
    },
    /// A model size of the paper for which there is no preset.
    #[error(transparent)]
    Model(#[from] model::Error),
    /// A cost that the table does not hold, or a count that does not fit.
    #[error(transparent)]
    Energy(#[from] energy::EnergyError),
    /// The published points do not determine the parameters that are fitted to them.
    #[error("the published {what} do not determine what is fitted to them")]
    Undetermined {
        /// Which points.
        what: &'static str,
    },
}
