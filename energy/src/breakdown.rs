//! The result of an accounting: joules by component.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cost::Cost;
use crate::error::EnergyError;
use crate::table::CostTable;
use crate::{BITS_PER_BYTE, JOULES_PER_PJ};

/// Energy by component, joules. An accounting always names the same components, so that two runs stand side
/// by side; what did not happen costs 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Breakdown {
    /// Component to joules.
    pub components: BTreeMap<&'static str, f64>,
}

impl Breakdown {
    /// All components together, joules.
    pub fn total(&self) -> f64 {
        self.components.values().sum()
    }

    /// Adds joules to a component.
    pub(crate) fn add_j(&mut self, component: &'static str, joules: f64) {
        *self.components.entry(component).or_default() += joules;
    }

    /// Adds `events` of a cost. The cost is looked up only if there are any, so that a table needs no row
    /// that a machine does not use.
    pub(crate) fn add_events(
        &mut self,
        component: &'static str,
        events: u64,
        cost: Cost,
        table: &CostTable,
    ) -> Result<(), EnergyError> {
        let joules = match events {
            0 => 0.0,
            _ => events as f64 * table.cost(cost)?.value_pj * JOULES_PER_PJ,
        };
        self.add_j(component, joules);
        Ok(())
    }
}

/// Joules of moving `bytes` at a cost per bit.
pub(crate) fn traffic_j(bytes: u64, pj_per_bit: f64) -> f64 {
    bytes as f64 * BITS_PER_BYTE * pj_per_bit * JOULES_PER_PJ
}
