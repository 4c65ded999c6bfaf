//! What a model run's DRAM takes by its commands, beside what the energy tables say of its bits.

use serde::Serialize;

use crate::Error;
use crate::chip::Chip;
use crate::dram::{Basis, Energy};
use crate::timing::Timing;

/// Joules of a run's DRAM commands, by the currents of a datasheet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DramByCommands {
    /// Activates with their precharges.
    pub activate_j: f64,
    /// Read bursts.
    pub read_j: f64,
    /// Write bursts.
    pub write_j: f64,
    /// Refreshes.
    pub refresh_j: f64,
    /// Standby, with a bank of every channel open: nothing closes the rows of an idle memory but a refresh.
    pub background_j: f64,
    /// All of it.
    pub total_j: f64,
    /// What is in it.
    pub boundary: &'static str,
    /// The datasheet.
    pub source: String,
    /// By the bit, as the system accounting has it.
    pub by_bit_j: f64,
    /// What is in that.
    pub by_bit_boundary: &'static str,
    /// `total_j` over `by_bit_j`, less 1.
    pub difference: f64,
}

/// Of a run on so many chips; `None` where no datasheet publishes the standard's currents.
///
/// # Errors
/// A standard that the energy tables do not hold.
pub(crate) fn dram_by_commands(
    chip: &Chip,
    chips: u64,
    timing: &Timing,
    by_bit_j: f64,
) -> Result<Option<DramByCommands>, Error> {
    let channels = chip.spec.dram.channels;
    let mut commands = timing.channel * channels;
    // Every chip refreshes while one of them works.
    commands.refreshes *= chips;
    let cycles = dram_cycles(chip, timing.cycles);
    let ranks = channels * chips;
    let open = cycles.saturating_mul(i64::try_from(ranks).unwrap_or(i64::MAX));
    let energy = Energy::of(&chip.standard, ranks, &commands, cycles, open)?;
    if energy.basis == Basis::PerBit {
        return Ok(None);
    }
    let joules = energy.joules;
    Ok(Some(DramByCommands {
        activate_j: joules.activate.unwrap_or_default(),
        read_j: joules.read.unwrap_or_default(),
        write_j: joules.write.unwrap_or_default(),
        refresh_j: joules.refresh.unwrap_or_default(),
        background_j: joules.background.unwrap_or_default(),
        total_j: joules.total,
        boundary: energy.boundary,
        source: energy.source,
        by_bit_j,
        by_bit_boundary: energy.table_boundary,
        difference: joules.total / by_bit_j - 1.0,
    }))
}

/// Cycles of the DRAM's clock in so many of the array's.
fn dram_cycles(chip: &Chip, cycles: u64) -> i64 {
    let cycles = u128::from(cycles) * u128::from(chip.standard.clock_mhz) / u128::from(chip.spec.clock_mhz);
    i64::try_from(cycles).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::dram::Counters;

    #[test]
    fn two_chips_of_ddr4_worked_by_hand() {
        let mut chip = crate::chip::load("kv260").unwrap();
        (chip.spec.dram.channels, chip.spec.clock_mhz) = (2, 300);
        let channel = Counters { activates: 3, reads: 100, writes: 10, refreshes: 1, ..Counters::default() };
        let timing = Timing { cycles: 1000, channel, ..Timing::default() };
        let energy = dram_by_commands(&chip, 2, &timing, 1e-3).unwrap().unwrap();
        // Four MT40A512M16 a channel at 1.2 V and 1200 MHz: IDD0 80, IDD2N 34, IDD3N 47, IDD4R 243, IDD4W 228, IDD5B 280 mA; tRC 56, tRAS
        // 39, tRFC 420 cycles, bursts of four. Four cycles of the DRAM's are one of the array's.
        let unit = 4.0 * 1.2 * 1e-3 / 1.2e9;
        let close =
            |joules: f64, charge: f64| assert_relative_eq!(joules, charge * unit, max_relative = 1e-12);
        close(energy.activate_j, 6.0 * (80.0 * 56.0 - 47.0 * 39.0 - 34.0 * 17.0));
        close(energy.read_j, 200.0 * 4.0 * (243.0 - 47.0));
        close(energy.write_j, 20.0 * 4.0 * (228.0 - 47.0));
        // Two channels of each chip refresh and stand by.
        close(energy.refresh_j, 4.0 * 420.0 * (280.0 - 47.0));
        close(energy.background_j, 4.0 * 4000.0 * 47.0);
        let parts = [energy.activate_j, energy.read_j, energy.write_j, energy.refresh_j, energy.background_j];
        assert_relative_eq!(energy.total_j, parts.iter().sum::<f64>(), max_relative = 1e-12);
        assert_relative_eq!(energy.difference, energy.total_j / 1e-3 - 1.0, max_relative = 1e-12);
    }

    #[test]
    fn a_standard_without_currents_is_known_by_the_bit_alone() {
        let chip = crate::chip::load("edge").unwrap();
        assert_eq!(dram_by_commands(&chip, 1, &Timing::default(), 1.0).unwrap(), None);
    }
}
