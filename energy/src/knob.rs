//! What can be varied: a cost of the table, alone or with what is derived from it, and the static power of a chip.

use std::fmt;

use crate::cost::Cost;
use crate::error::EnergyError;
use crate::table::CostTable;

/// A cost that can be varied by a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Knob {
    /// Static power of a chip, which is the chip's and not the table's.
    StaticPower,
    /// A bit to or from the DRAM, of every standard.
    Dram,
    /// A bit to or from an SRAM, of every size.
    Sram,
    /// An event; what is derived from it follows.
    Event(Cost),
}

impl Knob {
    /// Every knob.
    pub fn all() -> Vec<Knob> {
        let mut knobs = vec![Knob::StaticPower, Knob::Dram, Knob::Sram];
        knobs.extend(Cost::ALL.map(Knob::Event));
        knobs
    }

    /// Its name on the command line, with its unit.
    pub fn name(self) -> String {
        match self {
            Knob::StaticPower => "static_w".to_owned(),
            Knob::Dram => "dram_pj".to_owned(),
            Knob::Sram => "sram_pj".to_owned(),
            Knob::Event(cost) => format!("{}_pj", cost.name()),
        }
    }

    /// The knob of that name.
    pub fn of(name: &str) -> Option<Knob> {
        Knob::all().into_iter().find(|knob| knob.name() == name)
    }

    /// How far published values go, as factors of the table's: of a DRAM, those of `standard`. `None` where the sources print one value.
    ///
    /// # Errors
    /// A cost or a standard that the table does not hold.
    pub fn published_range(self, table: &CostTable, standard: &str) -> Result<Option<[f64; 2]>, EnergyError> {
        let factors = |range: Option<[f64; 2]>, value: f64| range.map(|range| range.map(|end| end / value));
        Ok(match self {
            Knob::StaticPower | Knob::Sram => None,
            Knob::Dram => {
                let entry = table.dram(standard)?;
                factors(entry.range_pj_per_bit, entry.pj_per_bit)
            }
            Knob::Event(cost) => {
                let entry = table.cost(cost)?;
                factors(entry.range_pj, entry.value_pj)
            }
        })
    }
}

impl fmt::Display for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn every_knob_is_found_by_its_name() {
        let knobs = Knob::all();
        for knob in &knobs {
            assert_eq!(Knob::of(&knob.name()), Some(*knob));
        }
        assert_eq!(Knob::of("dram"), None);
        assert_eq!(knobs.len(), 19);
    }

    #[test]
    fn a_varied_cost_takes_what_is_derived_along() {
        let table = CostTable::seven_nm().unwrap();
        let varied = table.scaled(Knob::Event(Cost::Int8Add), 2.0);
        let pj = |table: &CostTable, cost| table.cost(cost).unwrap().value_pj;
        for cost in [Cost::Int8Add, Cost::RegisterBit, Cost::LaneSelect, Cost::DecodedByte] {
            assert_relative_eq!(pj(&varied, cost), 2.0 * pj(&table, cost), max_relative = 1e-12);
        }
        assert_eq!(pj(&varied, Cost::VectorFp32Op), pj(&table, Cost::VectorFp32Op));
        let alone = table.scaled(Knob::Event(Cost::RegisterBit), 2.0);
        assert_eq!(pj(&alone, Cost::Int8Add), pj(&table, Cost::Int8Add));
        assert_relative_eq!(
            pj(&alone, Cost::RegisterBit),
            2.0 * pj(&table, Cost::RegisterBit),
            max_relative = 1e-12
        );
    }

    #[test]
    fn memories_vary_at_every_size_and_standard() {
        let table = CostTable::seven_nm().unwrap();
        let (dram, sram) = (table.scaled(Knob::Dram, 0.5), table.scaled(Knob::Sram, 3.0));
        for (standard, entry) in table.drams() {
            assert_relative_eq!(
                dram.dram(standard).unwrap().pj_per_bit,
                0.5 * entry.pj_per_bit,
                max_relative = 1e-12
            );
        }
        for bytes in [1 << 10, 1 << 14, 1 << 18, 1 << 24] {
            let [before, after] = [&table, &sram].map(|table| table.sram_pj_per_bit(bytes).unwrap());
            assert_relative_eq!(after, 3.0 * before, max_relative = 1e-12);
        }
        assert_eq!(table.scaled(Knob::StaticPower, 2.0), table);
    }

    #[test]
    fn a_published_range_is_a_pair_of_factors() {
        let table = CostTable::seven_nm().unwrap();
        let range = |knob: Knob| knob.published_range(&table, "HBM3").unwrap();
        let [low, high] = range(Knob::Dram).unwrap();
        assert_relative_eq!(low, 3.97 / 4.05, max_relative = 1e-12);
        assert_relative_eq!(high, 7.03125 / 4.05, max_relative = 1e-12);
        assert_eq!(range(Knob::Event(Cost::Int8Add)), None);
        assert!(Knob::Dram.published_range(&table, "HBM9").is_err());
    }
}
