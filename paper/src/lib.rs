//! The figures of "The Era of 1-bit LLMs" (BitNet b1.58, arXiv 2402.17764), reproduced from the shapes of its models.
//!
//! [`reproduce`] gives every number that this project can compute as a [`Row`]: the paper's, ours, the error, and the convention.
//!
//! | of the paper | by | in |
//! |---|---|---|
//! | figure 3, energy | operation counts of `energy` | [`figure3`] |
//! | table 1 and figure 2, memory | terms from the shape, two of them fitted | [`memory`] |
//! | table 1 and figure 2, latency | a roofline of the A100, three parameters fitted | [`latency`] |
//! | table 3, batch and throughput | both of these, nothing fitted | [`serving`] |
//! | section 3, claims | all of these | |
//!
//! What the paper prints is data (`data/bitnet_b158.yaml`), and so is what is known, assumed and fitted of its machine
//! (`data/a100.yaml`); [`memory::fit`] and [`latency::fit`] are how the fitted values came about, and tests run them again.

mod comparison;
mod decoder;
mod error;
pub mod figure3;
mod fit;
pub mod latency;
pub mod memory;
mod points;
mod published;
mod reproduction;
mod row;
pub mod serving;
mod setup;

pub use comparison::Comparison;
pub use decoder::Decoder;
pub use error::Error;
pub use published::{
    Claim, Format, Mark, MarkedRows, Pair, PairedFigure, PublishedFigures, PublishedRatio, Shape, Shapes,
    Table1Row, Table3Row, published,
};
pub use reproduction::{Latency, MemoryTerms, NotReproduced, Reproduction, reproduce};
pub use row::{Bound, Row};
pub use setup::{ByFormat, Fitted, Gpu, LatencyFit, MemoryFit, Setup, Stated, setup};
