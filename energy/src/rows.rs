//! The rows of a cost table as they stand in YAML, and what makes a row valid.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cost::Cost;
use crate::error::EnergyError;

/// A process node that a table can be made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Node {
    /// 7 nm.
    #[serde(rename = "7nm")]
    SevenNm,
    /// 45 nm.
    #[serde(rename = "45nm")]
    FortyFiveNm,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Node::SevenNm => "7nm",
            Node::FortyFiveNm => "45nm",
        })
    }
}

/// The node that a row holds at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum RowNode {
    #[serde(rename = "7nm")]
    SevenNm,
    #[serde(rename = "45nm")]
    FortyFiveNm,
    /// Every node: what follows another row, or does not depend on the logic's process.
    #[serde(rename = "any")]
    Any,
}

impl RowNode {
    pub(crate) fn holds_at(self, node: Node) -> bool {
        match self {
            RowNode::Any => true,
            RowNode::SevenNm => node == Node::SevenNm,
            RowNode::FortyFiveNm => node == Node::FortyFiveNm,
        }
    }
}

/// The unit that a row's source prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Picojoules an operation.
    #[serde(rename = "pJ")]
    Pj,
    /// Picojoules a bit.
    #[serde(rename = "pJ/bit")]
    PjPerBit,
    /// Picojoules a byte.
    #[serde(rename = "pJ/byte")]
    PjPerByte,
    /// Picojoules for 64 bits.
    #[serde(rename = "pJ/64bit")]
    PjPer64Bits,
}

impl Unit {
    /// As it is written in a table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unit::Pj => "pJ",
            Unit::PjPerBit => "pJ/bit",
            Unit::PjPerByte => "pJ/byte",
            Unit::PjPer64Bits => "pJ/64bit",
        }
    }

    /// Bits that a value in this unit pays for; `None` where the unit is not one of data.
    pub(crate) fn bits(self) -> Option<f64> {
        match self {
            Unit::Pj => None,
            Unit::PjPerBit => Some(1.0),
            Unit::PjPerByte => Some(8.0),
            Unit::PjPer64Bits => Some(64.0),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a DRAM figure covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Boundary {
    /// The cells and their sense amplifiers.
    Array,
    /// Array, data movement on the die, and the device's own I/O.
    Device,
    /// Device, PHY and controller.
    System,
    /// The source does not say.
    Unstated,
}

/// A whole cost table, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CostFile {
    pub(crate) operations: Vec<OperationRow>,
    pub(crate) derived: Vec<DerivedRow>,
    pub(crate) sram: Vec<SramRow>,
    pub(crate) dram: Vec<DramRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperationRow {
    pub(crate) cost: Cost,
    pub(crate) node: RowNode,
    pub(crate) unit: Unit,
    pub(crate) value: f64,
    pub(crate) range: Option<[f64; 2]>,
    pub(crate) source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DerivedRow {
    pub(crate) cost: Cost,
    pub(crate) node: RowNode,
    pub(crate) unit: Unit,
    pub(crate) from: Cost,
    pub(crate) factor: f64,
    /// Of the factor.
    pub(crate) range: Option<[f64; 2]>,
    pub(crate) rule: String,
    pub(crate) source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SramRow {
    pub(crate) macro_bytes: u64,
    pub(crate) node: RowNode,
    pub(crate) unit: Unit,
    pub(crate) value: f64,
    pub(crate) range: Option<[f64; 2]>,
    pub(crate) source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DramRow {
    pub(crate) standard: String,
    pub(crate) node: RowNode,
    pub(crate) unit: Unit,
    pub(crate) value: f64,
    pub(crate) range: Option<[f64; 2]>,
    pub(crate) boundary: Boundary,
    pub(crate) source: String,
    pub(crate) note: Option<String>,
}

/// Checks what all rows share: a positive value, a range around it, a source.
pub(crate) fn check_row(
    row: &str,
    field: &'static str,
    value: f64,
    range: Option<[f64; 2]>,
    source: &str,
) -> Result<(), EnergyError> {
    let positive = |field, value: f64| {
        // The comparison is false for NaN as well.
        if value > 0.0 && value.is_finite() {
            Ok(())
        } else {
            Err(EnergyError::NotPositive { row: row.to_owned(), field, value })
        }
    };
    positive(field, value)?;
    if let Some([low, high]) = range {
        positive("range", low)?;
        positive("range", high)?;
        if !(low..=high).contains(&value) {
            return Err(EnergyError::RangeWithoutValue { row: row.to_owned(), low, high, value });
        }
    }
    if source.trim().is_empty() {
        return Err(EnergyError::NoSource { row: row.to_owned() });
    }
    Ok(())
}

/// Bits that a row of data traffic pays for.
pub(crate) fn data_bits(row: &str, unit: Unit) -> Result<f64, EnergyError> {
    unit.bits().ok_or_else(|| EnergyError::WrongUnit {
        row: row.to_owned(),
        found: unit,
        expected: "pJ/bit, pJ/byte or pJ/64bit",
    })
}
