//! Energy: counted events times sourced costs.
//!
//! The simulator counts [`Events`] and multiplies nothing; this crate prices them from a [`CostTable`], whose
//! rows are data with a source each (`costs/costs.yaml`). Three [`Accounting`]s answer three questions and
//! are always named:
//!
//! | accounting | what it prices |
//! |---|---|
//! | [`Accounting::Paper`] | the operations of arXiv 2402.17764, figure 3: INT8 adds against FP16 multiply-adds |
//! | [`Accounting::Datapath`] | the engines as built: adders at their widths, lane selects, registers, decoders, controllers, requantisers |
//! | [`Accounting::System`] | the datapath with SRAM, DRAM, the vector unit, links and static power |

mod accounting;
mod area;
mod breakdown;
mod cost;
mod datapath;
mod error;
pub mod events;
mod knob;
mod paper;
mod paper_operations;
mod rows;
mod sram;
mod system;
mod table;

pub use accounting::Accounting;
pub use area::{Area, AreaTable, Cells, Parts};
pub use breakdown::Breakdown;
pub use cost::Cost;
pub use datapath::{datapath, ungated_clock_j};
pub use error::EnergyError;
pub use events::Events;
pub use knob::Knob;
pub use paper::paper;
pub use rows::{Boundary, Node, Unit};
pub use system::system;
pub use table::{CostTable, DramEntry, Entry};

/// Joules in a picojoule.
const JOULES_PER_PJ: f64 = 1e-12;
/// Bits in a byte.
const BITS_PER_BYTE: f64 = 8.0;
