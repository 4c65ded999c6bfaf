//! The three accountings by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::breakdown::Breakdown;
use crate::datapath::datapath;
use crate::error::EnergyError;
use crate::events::Events;
use crate::paper::paper;
use crate::system::system;
use crate::table::CostTable;

/// What is counted in. Two energies compare only under one accounting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accounting {
    /// The paper's operations: [`paper()`].
    Paper,
    /// The array as built: [`datapath()`].
    Datapath,
    /// The whole machine: [`system()`].
    System,
}

impl Accounting {
    /// All three, the narrowest first.
    pub const ALL: [Accounting; 3] = [Accounting::Paper, Accounting::Datapath, Accounting::System];

    /// Its name, as in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Accounting::Paper => "paper",
            Accounting::Datapath => "datapath",
            Accounting::System => "system",
        }
    }

    /// The energy of a run. Only `System` looks at `static_power_w`, the static power of one chip.
    pub fn energy(
        self,
        events: &Events,
        table: &CostTable,
        static_power_w: f64,
    ) -> Result<Breakdown, EnergyError> {
        match self {
            Accounting::Paper => paper(&events.paper, table),
            Accounting::Datapath => datapath(&events.datapath, table),
            Accounting::System => system(events, table, static_power_w),
        }
    }
}

impl fmt::Display for Accounting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
