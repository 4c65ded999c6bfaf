//! What can be wrong with a cost table, or with what is priced by it.

use thiserror::Error;

use crate::rows::{Node, Unit};

/// Errors of this crate. Each says what is wrong, where, and what would be right.
#[derive(Debug, Error)]
pub enum EnergyError {
    /// The text is not YAML, or has a field that is missing, unknown or of the wrong type.
    #[error("{what}: {reason}")]
    Yaml {
        /// Which document.
        what: &'static str,
        /// Where and what, in the parser's words.
        reason: serde_yaml::Error,
    },
    /// A number is zero, negative, infinite or not a number.
    #[error("cost table, {row}: {field} is {value}, expected a positive finite number")]
    NotPositive {
        /// The row.
        row: String,
        /// The field of the row.
        field: &'static str,
        /// What it holds.
        value: f64,
    },
    /// A range that does not hold its row's value.
    #[error("cost table, {row}: range {low}..{high} does not hold the value {value}")]
    RangeWithoutValue {
        /// The row.
        row: String,
        /// Lower end, in the row's unit.
        low: f64,
        /// Upper end, in the row's unit.
        high: f64,
        /// The row's value.
        value: f64,
    },
    /// A row in a unit that its cost is not counted in.
    #[error("cost table, {row}: unit {found}, expected {expected}")]
    WrongUnit {
        /// The row.
        row: String,
        /// What it holds.
        found: Unit,
        /// What would be right.
        expected: &'static str,
    },
    /// A number without a source.
    #[error("cost table, {row}: source is empty; every cost names where it comes from")]
    NoSource {
        /// The row.
        row: String,
    },
    /// Two rows for one thing at one node.
    #[error("cost table, {row}: there is already a row for this at this node")]
    Duplicate {
        /// The later row.
        row: String,
    },
    /// A derived row whose base is derived itself or has no row at any node.
    #[error("cost table, {row}: derived from {base}, which has no row among the operations")]
    UnknownBase {
        /// The derived row.
        row: String,
        /// What it is derived from.
        base: &'static str,
    },
    /// A cost that the table does not hold at its node, and that an event needs.
    #[error("no cost for {cost} at {node}; add a row for it to the cost table")]
    MissingCost {
        /// What was looked up.
        cost: &'static str,
        /// The table's node.
        node: Node,
    },
    /// Something that the area table has no area for.
    #[error("no area for {operator}")]
    NoArea {
        /// What was looked up.
        operator: &'static str,
    },
    /// A DRAM standard without a row.
    #[error("no DRAM cost for '{standard}'; known standards: {known}")]
    UnknownDram {
        /// What was looked up.
        standard: String,
        /// What there is, separated by commas.
        known: String,
    },
    /// SRAM traffic to a macro of no size, or an adder of no width.
    #[error("{what} has events and no size; give it one")]
    ZeroSize {
        /// The component.
        what: String,
    },
    /// A power or a time that is negative, infinite or not a number.
    #[error("{what} is {value}, expected a finite number that is not negative")]
    NotPhysical {
        /// Which quantity, with its unit.
        what: &'static str,
        /// What it holds.
        value: f64,
    },
    /// A count that does not fit in 64 bits.
    #[error("operation count of {what} exceeds 2^64 - 1")]
    CountOverflow {
        /// The product whose operations were counted.
        what: String,
    },
}
