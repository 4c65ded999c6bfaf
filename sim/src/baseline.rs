//! Baselines: chips with multipliers where the ternary one has none, as large by one measure.

use energy::{AreaTable, CostTable};
use serde::Serialize;

use crate::Error;
use crate::chip::Chip;
use crate::events::Share;
use crate::parts::{area, array_power_w};
use crate::workload::Machine;

/// What a baseline's chip has in common with the ternary one, besides clock, DRAM, SRAM, vector unit and dataflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Equal {
    /// As many lanes.
    Lanes,
    /// As many lanes as fit the area of the ternary arrays.
    Area,
    /// As many lanes as take the power of the ternary arrays at full rate.
    Power,
}

impl Equal {
    /// All of them.
    pub const ALL: [Equal; 3] = [Equal::Lanes, Equal::Area, Equal::Power];

    /// As in the JSON document and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Equal::Lanes => "lanes",
            Equal::Area => "area",
            Equal::Power => "power",
        }
    }
}

/// The chip of a baseline beside the ternary `chip`: with fewer columns, or where one is too many, fewer lanes.
///
/// # Errors
/// Not even a single lane is no larger.
pub fn chip(
    chip: &Chip,
    machine: Machine,
    equal: Equal,
    zeros: Share,
    costs: &CostTable,
) -> Result<Chip, Error> {
    if equal == Equal::Lanes {
        return Ok(chip.clone());
    }
    let areas = AreaTable::seven_nm(costs).map_err(|error| Error::Energy(error.to_string()))?;
    let size = |chip: &Chip, machine| match equal {
        Equal::Power => array_power_w(chip, machine, zeros, costs),
        Equal::Lanes | Equal::Area => Ok(area(chip, machine, &areas)?.array_mm2),
    };
    let limit = size(chip, Machine::Ternary)?;
    let fits = |lanes: u64, columns: u64| -> Result<Option<Chip>, Error> {
        let mut spec = chip.spec.clone();
        (spec.lanes, spec.columns) = (lanes, columns);
        spec.result_lanes = spec.result_lanes.min(columns.next_power_of_two());
        let smaller = Chip::new(spec, &chip.spec.name)?;
        Ok((size(&smaller, machine)? <= limit).then_some(smaller))
    };
    let (lanes, columns) = (chip.spec.lanes, chip.spec.columns);
    let shapes = (1..=columns).rev().map(|columns| (lanes, columns));
    for (lanes, columns) in shapes.chain((1..lanes).rev().map(|lanes| (lanes, 1))) {
        if let Some(chip) = fits(lanes, columns)? {
            return Ok(chip);
        }
    }
    Err(Error::NoBaseline { machine: machine.name(), equal: equal.name(), chip: chip.spec.name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_chip_is_the_largest_that_is_no_larger() {
        let costs = CostTable::seven_nm().unwrap();
        let areas = AreaTable::seven_nm(&costs).unwrap();
        for name in crate::chip::preset_names() {
            let ternary = crate::chip::load(name).unwrap();
            for machine in [Machine::Fp16, Machine::Bf16, Machine::W8a8] {
                for equal in [Equal::Area, Equal::Power] {
                    let baseline = chip(&ternary, machine, equal, Share::THIRD, &costs).unwrap();
                    let size = |chip: &Chip, machine| match equal {
                        Equal::Area => area(chip, machine, &areas).unwrap().array_mm2,
                        _ => array_power_w(chip, machine, Share::THIRD, &costs).unwrap(),
                    };
                    let limit = size(&ternary, Machine::Ternary);
                    assert!(size(&baseline, machine) <= limit, "{name}");
                    let mut larger = baseline.clone();
                    if baseline.spec.lanes < ternary.spec.lanes {
                        larger.spec.lanes += 1;
                    } else {
                        larger.spec.columns += 1;
                        let columns = larger.spec.columns.next_power_of_two();
                        larger.spec.result_lanes = ternary.spec.result_lanes.min(columns);
                    }
                    assert!(size(&larger, machine) > limit, "{name} {machine:?} {equal:?}");
                    assert_eq!(baseline.stream_peak_gb_s(), ternary.stream_peak_gb_s());
                }
            }
        }
    }

    #[test]
    fn where_not_even_a_lane_is_as_small_there_is_no_baseline() {
        let costs = CostTable::seven_nm().unwrap();
        let ternary = crate::chip::load("trellisboard").unwrap();
        // Its stream's weights alone take more multipliers than the ternary arrays have room for.
        let error = chip(&ternary, Machine::W4a16, Equal::Area, Share::THIRD, &costs).unwrap_err();
        assert!(error.to_string().starts_with("no W4A16 baseline of equal area"), "{error}");
    }

    #[test]
    fn equal_lanes_are_the_same_chip() {
        let costs = CostTable::seven_nm().unwrap();
        let ternary = crate::chip::load("edge").unwrap();
        assert_eq!(chip(&ternary, Machine::Fp16, Equal::Lanes, Share::THIRD, &costs).unwrap(), ternary);
    }
}
