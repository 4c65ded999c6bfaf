//! The cost table: what one event costs at one process node, with its source.

use std::collections::BTreeMap;
use std::collections::btree_map;

use serde::Serialize;

use crate::cost::Cost;
use crate::error::EnergyError;
use crate::knob::Knob;
use crate::rows::{
    Boundary, CostFile, DerivedRow, DramRow, Node, OperationRow, SramRow, Unit, check_row, data_bits,
};
use crate::sram::SramCurve;

/// The table that the crate ships.
const COSTS_YAML: &str = include_str!("../costs/costs.yaml");

/// Width of the adder that the INT8 add row is for, bits.
const INT8_ADD_BITS: f64 = 8.0;

/// One cost of a table, with where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Picojoules an event.
    pub value_pj: f64,
    /// What the event is.
    pub unit: Unit,
    /// Where published values differ: the lowest and the highest, picojoules an event.
    pub range_pj: Option<[f64; 2]>,
    /// The publication.
    pub source: String,
    /// True for a cost that no source prints; `rule` says how it follows from one that a source does.
    pub derived: bool,
    /// Of a derived cost, the rule in words.
    pub rule: Option<String>,
}

/// What moving a bit to or from a DRAM costs. Activation, refresh and standby are in it as the source
/// averaged them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DramEntry {
    /// Picojoules a bit.
    pub pj_per_bit: f64,
    /// Where published values differ: the lowest and the highest, picojoules a bit.
    pub range_pj_per_bit: Option<[f64; 2]>,
    /// What the figure covers.
    pub boundary: Boundary,
    /// The publication.
    pub source: String,
    /// What a reader should know beside the source.
    pub note: Option<String>,
}

/// Costs at one process node.
#[derive(Clone, Debug, PartialEq)]
pub struct CostTable {
    node: Node,
    costs: BTreeMap<Cost, Entry>,
    /// Of each derived cost, what it is derived from.
    bases: BTreeMap<Cost, Cost>,
    sram: SramCurve,
    dram: BTreeMap<String, DramEntry>,
}

impl CostTable {
    /// The shipped table at 7 nm: the node of all results.
    pub fn seven_nm() -> Result<Self, EnergyError> {
        Self::from_yaml(COSTS_YAML, Node::SevenNm)
    }

    /// The shipped table at 45 nm. It has no BF16 and no link: an event that needs them is an error that says
    /// so.
    pub fn forty_five_nm() -> Result<Self, EnergyError> {
        Self::from_yaml(COSTS_YAML, Node::FortyFiveNm)
    }

    /// Reads a table in the form of `costs/costs.yaml` and keeps the rows that hold at `node`. Every row is
    /// checked, also those of other nodes.
    pub fn from_yaml(text: &str, node: Node) -> Result<Self, EnergyError> {
        let file: CostFile =
            serde_yaml::from_str(text).map_err(|reason| EnergyError::Yaml { what: "cost table", reason })?;
        let mut table = Self {
            node,
            costs: BTreeMap::new(),
            bases: BTreeMap::new(),
            sram: SramCurve::default(),
            dram: BTreeMap::new(),
        };
        for row in &file.operations {
            table.add_operation(row)?;
        }
        let published = table.costs.clone();
        for row in &file.derived {
            if !file.operations.iter().any(|operation| operation.cost == row.from) {
                return Err(EnergyError::UnknownBase {
                    row: row.cost.name().to_owned(),
                    base: row.from.name(),
                });
            }
            table.add_derived(row, published.get(&row.from))?;
            table.bases.insert(row.cost, row.from);
        }
        for row in file.sram {
            table.add_sram(&row)?;
        }
        for row in file.dram {
            table.add_dram(row)?;
        }
        Ok(table)
    }

    /// The node that the costs hold at.
    pub fn node(&self) -> Node {
        self.node
    }

    /// The table with one cost multiplied by a factor, and what is derived from it. Published ranges stay as they are.
    pub fn scaled(&self, knob: Knob, factor: f64) -> CostTable {
        let mut table = self.clone();
        match knob {
            Knob::StaticPower => {}
            Knob::Sram => table.sram = self.sram.scaled(factor),
            Knob::Dram => table.dram.values_mut().for_each(|entry| entry.pj_per_bit *= factor),
            Knob::Event(varied) => {
                for (cost, entry) in &mut table.costs {
                    if *cost == varied || self.bases.get(cost) == Some(&varied) {
                        entry.value_pj *= factor;
                    }
                }
            }
        }
        table
    }

    /// One cost, with its source; an error if the table has none at its node.
    pub fn cost(&self, cost: Cost) -> Result<&Entry, EnergyError> {
        self.costs.get(&cost).ok_or(EnergyError::MissingCost { cost: cost.name(), node: self.node })
    }

    /// Every cost that the table has at its node.
    pub fn costs(&self) -> impl Iterator<Item = (Cost, &Entry)> {
        self.costs.iter().map(|(&cost, entry)| (cost, entry))
    }

    /// An integer addition of `bits`: the INT8 add, scaled by the width, since a carry-propagate adder
    /// repeats one cell a bit. At 32 bits that gives 0.028 pJ at 7 nm where 0.03 is published, and 0.12 at 45
    /// nm where 0.1 is.
    pub fn integer_add_pj(&self, bits: u32) -> Result<f64, EnergyError> {
        Ok(self.cost(Cost::Int8Add)?.value_pj * f64::from(bits) / INT8_ADD_BITS)
    }

    /// A bit read from or written to an SRAM macro of `macro_bytes`, at any size.
    /// Between the published sizes it is interpolated in log-log; outside them the nearest holds.
    pub fn sram_pj_per_bit(&self, macro_bytes: u64) -> Result<f64, EnergyError> {
        self.sram.pj_per_bit(macro_bytes).ok_or(EnergyError::MissingCost { cost: "sram", node: self.node })
    }

    /// What a DRAM standard costs, with its source; an error that lists the known ones if it is not one of
    /// them.
    pub fn dram(&self, standard: &str) -> Result<&DramEntry, EnergyError> {
        self.dram.get(standard).ok_or_else(|| EnergyError::UnknownDram {
            standard: standard.to_owned(),
            known: self.dram.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// Every DRAM standard that the table has.
    pub fn drams(&self) -> impl Iterator<Item = (&str, &DramEntry)> {
        self.dram.iter().map(|(standard, entry)| (standard.as_str(), entry))
    }

    fn add_operation(&mut self, row: &OperationRow) -> Result<(), EnergyError> {
        let name = row.cost.name();
        check_row(name, "value", row.value, row.range, &row.source)?;
        check_unit(row.cost, row.unit)?;
        if !row.node.holds_at(self.node) {
            return Ok(());
        }
        self.insert(
            row.cost,
            Entry {
                value_pj: row.value,
                unit: row.unit,
                range_pj: row.range,
                source: row.source.clone(),
                derived: false,
                rule: None,
            },
        )
    }

    /// A derived row is absent where its base is.
    fn add_derived(&mut self, row: &DerivedRow, base: Option<&Entry>) -> Result<(), EnergyError> {
        check_row(row.cost.name(), "factor", row.factor, row.range, &row.source)?;
        check_unit(row.cost, row.unit)?;
        let (true, Some(base)) = (row.node.holds_at(self.node), base) else {
            return Ok(());
        };
        self.insert(
            row.cost,
            Entry {
                value_pj: base.value_pj * row.factor,
                unit: row.unit,
                range_pj: row.range.map(|range| range.map(|factor| base.value_pj * factor)),
                source: row.source.clone(),
                derived: true,
                rule: Some(row.rule.clone()),
            },
        )
    }

    fn insert(&mut self, cost: Cost, entry: Entry) -> Result<(), EnergyError> {
        match self.costs.entry(cost) {
            btree_map::Entry::Vacant(slot) => {
                slot.insert(entry);
                Ok(())
            }
            btree_map::Entry::Occupied(_) => Err(EnergyError::Duplicate { row: cost.name().to_owned() }),
        }
    }

    fn add_sram(&mut self, row: &SramRow) -> Result<(), EnergyError> {
        let name = format!("SRAM of {} bytes", row.macro_bytes);
        check_row(&name, "value", row.value, row.range, &row.source)?;
        let bits = data_bits(&name, row.unit)?;
        if row.macro_bytes == 0 {
            return Err(EnergyError::NotPositive { row: name, field: "macro_bytes", value: 0.0 });
        }
        if row.node.holds_at(self.node) && !self.sram.insert(row.macro_bytes, row.value / bits) {
            return Err(EnergyError::Duplicate { row: name });
        }
        Ok(())
    }

    fn add_dram(&mut self, row: DramRow) -> Result<(), EnergyError> {
        let name = format!("DRAM {}", row.standard);
        check_row(&name, "value", row.value, row.range, &row.source)?;
        let bits = data_bits(&name, row.unit)?;
        if !row.node.holds_at(self.node) {
            return Ok(());
        }
        let entry = DramEntry {
            pj_per_bit: row.value / bits,
            range_pj_per_bit: row.range.map(|range| range.map(|value| value / bits)),
            boundary: row.boundary,
            source: row.source,
            note: row.note,
        };
        match self.dram.insert(row.standard, entry) {
            None => Ok(()),
            Some(_) => Err(EnergyError::Duplicate { row: name }),
        }
    }
}

fn check_unit(cost: Cost, found: Unit) -> Result<(), EnergyError> {
    let expected = cost.unit();
    if found == expected {
        return Ok(());
    }
    Err(EnergyError::WrongUnit { row: cost.name().to_owned(), found, expected: expected.name() })
}
