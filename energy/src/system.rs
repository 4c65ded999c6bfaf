//! The system accounting: the datapath, and all that feeds it.
//!
//! DRAM is priced by the bit moved, which holds activation and refresh as the source averaged them; the
//! counted commands are not priced a second time.
//!
//! Does not count: the host, power conversion, cooling.

use crate::breakdown::{Breakdown, traffic_j};
use crate::cost::Cost;
use crate::datapath::datapath;
use crate::error::EnergyError;
use crate::events::{DramEvents, Events, SramEvents};
use crate::table::CostTable;

/// Prices a whole run. Components: those of [`datapath()`], and `sram`, `dram`, `vector_mac`, `vector_fp32`,
/// `link`, `static`. `static_power_w` is that of one chip and is paid for `powered_chip_seconds`.
pub fn system(events: &Events, table: &CostTable, static_power_w: f64) -> Result<Breakdown, EnergyError> {
    let mut energy = datapath(&events.datapath, table)?;

    energy.add_j("sram", 0.0);
    for (&buffer, accesses) in &events.sram {
        energy.add_j("sram", sram_j(buffer, accesses, table)?);
    }
    energy.add_j("dram", dram_j(&events.dram, table)?);

    // A multiply-accumulate is a multiply and an add of the table.
    energy.add_events("vector_mac", events.vector.fp16_macs, Cost::Fp16Multiply, table)?;
    energy.add_events("vector_mac", events.vector.fp16_macs, Cost::Fp16Add, table)?;
    energy.add_events("vector_fp32", events.vector.fp32_ops, Cost::VectorFp32Op, table)?;

    energy.add_j("link", link_j(events.link_bytes, table)?);

    let power_w = not_negative("static power in watts", static_power_w)?;
    let seconds = not_negative("powered time in chip-seconds", events.powered_chip_seconds)?;
    energy.add_j("static", power_w * seconds);
    Ok(energy)
}

/// Reads and writes cost the same: the source gives an access one figure.
fn sram_j(buffer: &str, accesses: &SramEvents, table: &CostTable) -> Result<f64, EnergyError> {
    if accesses.read_bytes == 0 && accesses.written_bytes == 0 {
        return Ok(0.0);
    }
    if accesses.macro_bytes == 0 {
        return Err(EnergyError::ZeroSize { what: format!("SRAM '{buffer}'") });
    }
    let pj_per_bit = table.sram_pj_per_bit(accesses.macro_bytes)?;
    Ok(traffic_j(accesses.read_bytes, pj_per_bit) + traffic_j(accesses.written_bytes, pj_per_bit))
}

fn dram_j(dram: &DramEvents, table: &CostTable) -> Result<f64, EnergyError> {
    if dram.read_bytes == 0 && dram.written_bytes == 0 {
        return Ok(0.0);
    }
    let pj_per_bit = table.dram(&dram.standard)?.pj_per_bit;
    Ok(traffic_j(dram.read_bytes, pj_per_bit) + traffic_j(dram.written_bytes, pj_per_bit))
}

fn link_j(bytes: u64, table: &CostTable) -> Result<f64, EnergyError> {
    if bytes == 0 {
        return Ok(0.0);
    }
    Ok(traffic_j(bytes, table.cost(Cost::LinkBit)?.value_pj))
}

fn not_negative(what: &'static str, value: f64) -> Result<f64, EnergyError> {
    // The comparison is false for NaN as well.
    if value >= 0.0 && value.is_finite() { Ok(value) } else { Err(EnergyError::NotPhysical { what, value }) }
}
