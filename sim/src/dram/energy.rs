//! What a memory's commands cost, in joules.
//!
//! Where a datasheet publishes currents, every command costs what it draws above standby (Micron's TN-40-07): an activate with its
//! precharge VDD (IDD0 tRC - IDD3N tRAS - IDD2N (tRC - tRAS)), a burst VDD (IDD4 - IDD3N) of its cycles on the data bus, a refresh
//! VDD (IDD5B - IDD3N) tRFC; and standby VDD IDD3N while a bank is open, else VDD IDD2N. The boundary is the device: what its output
//! drivers, terminations and the controller take is not in it. Elsewhere a bit costs what the energy tables say, with their
//! boundary, and it has activation, refresh and standby in it.

use ::energy::{Boundary, CostTable};
use serde::Serialize;

use super::{Counters, Currents, Standard};
use crate::Error;

/// Where an energy is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Currents of a datasheet, by command.
    Currents,
    /// Energy a bit.
    PerBit,
}

/// What a run's commands cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Energy {
    /// Where it is from.
    pub basis: Basis,
    /// What it covers.
    pub boundary: &'static str,
    /// The datasheet or the table's source.
    pub source: String,
    /// Of it, a bit moved.
    pub pj_per_bit: f64,
    /// What the energy tables say of a bit, and with which boundary.
    pub table_pj_per_bit: f64,
    /// See [`Self::boundary`].
    pub table_boundary: &'static str,
    /// The joules.
    #[serde(skip)]
    pub joules: Joules,
}

/// Joules, by what they are for; only the total where it is known by the bit alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Joules {
    /// Activates with their precharges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activate: Option<f64>,
    /// Read bursts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<f64>,
    /// Write bursts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<f64>,
    /// Refreshes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh: Option<f64>,
    /// Standby.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<f64>,
    /// All of it.
    pub total: f64,
    /// What the energy tables say for as many bits.
    pub table: f64,
}

impl Energy {
    /// Of commands over so many cycles of so many ranks, in `active_cycles` of which, all ranks together, a bank was open.
    pub(crate) fn of(
        standard: &Standard,
        ranks: u64,
        counters: &Counters,
        cycles: i64,
        active_cycles: i64,
    ) -> Result<Energy, Error> {
        let table = CostTable::seven_nm().map_err(|error| Error::Energy(error.to_string()))?;
        let entry = table.dram(&standard.name).map_err(|error| Error::Energy(error.to_string()))?;
        let table_boundary = match entry.boundary {
            Boundary::Array => "array",
            Boundary::Device => "device",
            Boundary::System => "device, PHY and controller",
            Boundary::Unstated => "not stated",
        };
        let bits = ((counters.reads + counters.writes) * standard.burst_bytes * 8) as f64;
        let mut energy = Energy {
            basis: Basis::PerBit,
            boundary: table_boundary,
            source: entry.source.clone(),
            pj_per_bit: entry.pj_per_bit,
            table_pj_per_bit: entry.pj_per_bit,
            table_boundary,
            joules: Joules::default(),
        };
        energy.joules.table = bits * entry.pj_per_bit * 1e-12;
        energy.joules.total = energy.joules.table;
        if let Some(currents) = &standard.currents {
            let table = energy.joules.table;
            energy.joules =
                Joules { table, ..of_currents(standard, currents, ranks, counters, cycles, active_cycles) };
            energy.basis = Basis::Currents;
            energy.boundary = "device, without output drivers and terminations";
            energy.source.clone_from(&currents.source);
            energy.pj_per_bit = if bits > 0.0 { energy.joules.total * 1e12 / bits } else { 0.0 };
        }
        Ok(energy)
    }
}

fn of_currents(
    standard: &Standard,
    i: &Currents,
    ranks: u64,
    counters: &Counters,
    cycles: i64,
    active_cycles: i64,
) -> Joules {
    let t = &standard.timing;
    // mA x cycles of all devices of a rank, to joules.
    let joules = |charge: f64| charge * i.vdd * i.devices as f64 * 1e-3 / (standard.clock_mhz as f64 * 1e6);
    let count = |n: u64| n as f64;
    let (rc, ras, burst, rfc) = (t.rc as f64, t.ras as f64, t.burst as f64, t.rfc as f64);
    let an_activate = i.idd0 * rc - i.idd3n * ras - i.idd2n * (rc - ras);
    let activate = joules(count(counters.activates) * an_activate);
    let read = joules(count(counters.reads) * (i.idd4r - i.idd3n) * burst);
    let write = joules(count(counters.writes) * (i.idd4w - i.idd3n) * burst);
    let refresh = joules(count(counters.refreshes) * (i.idd5b - i.idd3n) * rfc);
    let active = active_cycles as f64;
    let background = joules(i.idd3n * active + i.idd2n * (cycles as f64 * count(ranks) - active));
    Joules {
        activate: Some(activate),
        read: Some(read),
        write: Some(write),
        refresh: Some(refresh),
        background: Some(background),
        total: activate + read + write + refresh + background,
        table: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dram::standard;

    #[test]
    fn commands_cost_what_they_draw_above_standby() {
        // DDR4-3200, eight devices at 1.2 V and 1600 MHz: IDD0 57, IDD2N 37, IDD3N 52, IDD4R 168, IDD4W 150, IDD5B 250 mA.
        let ddr4 = standard("ddr4-3200").unwrap();
        let of = |counters: Counters, cycles, active| {
            Energy::of(&ddr4, 1, &counters, cycles, active).unwrap().joules
        };
        let unit = 8.0 * 1.2 * 1e-3 / 1.6e9;
        let close =
            |a: Option<f64>, b: f64| approx::assert_relative_eq!(a.unwrap(), b * unit, max_relative = 1e-12);
        let counters = Counters { activates: 2, reads: 3, writes: 5, refreshes: 7, ..Counters::default() };
        let joules = of(counters, 1000, 400);
        close(joules.activate, 2.0 * (57.0 * 74.0 - 52.0 * 52.0 - 37.0 * 22.0));
        close(joules.read, 3.0 * (168.0 - 52.0) * 4.0);
        close(joules.write, 5.0 * (150.0 - 52.0) * 4.0);
        close(joules.refresh, 7.0 * (250.0 - 52.0) * 560.0);
        close(joules.background, 52.0 * 400.0 + 37.0 * 600.0);
        // The energy table has DDR4 at 1300 pJ for 64 bits.
        approx::assert_relative_eq!(joules.table, 8.0 * 512.0 * 1300.0 / 64.0 * 1e-12, max_relative = 1e-12);
    }

    #[test]
    fn without_currents_a_bit_costs_what_the_table_says() {
        let hbm3 = standard("hbm3").unwrap();
        let counters = Counters { reads: 10, ..Counters::default() };
        let energy = Energy::of(&hbm3, 1, &counters, 100, 50).unwrap();
        assert_eq!((energy.basis, energy.joules.read), (Basis::PerBit, None));
        assert_eq!(energy.joules.total, energy.joules.table);
        approx::assert_relative_eq!(energy.joules.total, 10.0 * 256.0 * 4.05e-12, max_relative = 1e-12);
    }
}
