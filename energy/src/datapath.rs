//! The datapath accounting: the engines as they are built.
//!
//! An adder costs by its width. A lane whose weight is zero holds its selection still and saves that toggle,
//! and no more: the tree behind it still adds, and its registers are still clocked.
//!
//! Does not count: SRAM, DRAM, the vector unit, wires between blocks, leakage.

use crate::JOULES_PER_PJ;
use crate::breakdown::Breakdown;
use crate::cost::Cost;
use crate::error::EnergyError;
use crate::events::DatapathEvents;
use crate::table::CostTable;

/// What clocking registers takes in the cycles in which nothing passes through them, if no clock is gated, joules. It is in no accounting: a chip's
/// static power is assumed, and has its clock tree in it.
///
/// # Errors
/// A table without the cost.
pub fn ungated_clock_j(events: &DatapathEvents, table: &CostTable) -> Result<f64, EnergyError> {
    let cost = table.cost(Cost::IdleRegisterBit)?;
    Ok(events.idle_register_bits as f64 * cost.value_pj * JOULES_PER_PJ)
}

/// Prices the engines' events. Components: `integer_add`, `lane_select`, `register`, `decoder`, `control`, `requantizer`, and those of
/// multiplying arrays, `int8_multiply`, `fp16_multiply`, `fp16_add`, `bf16_multiply`, `bf16_add`, `fp32_multiply`, `fp32_add`.
pub fn datapath(events: &DatapathEvents, table: &CostTable) -> Result<Breakdown, EnergyError> {
    let mut energy = Breakdown::default();
    energy.add_j("integer_add", 0.0);
    for (&bits, &adds) in events.integer_adds.iter().filter(|&(_, &adds)| adds > 0) {
        if bits == 0 {
            return Err(EnergyError::ZeroSize { what: "an integer adder".to_owned() });
        }
        energy.add_j("integer_add", adds as f64 * table.integer_add_pj(bits)? * JOULES_PER_PJ);
    }
    energy.add_events("lane_select", events.lanes_active, Cost::LaneSelect, table)?;
    energy.add_events("register", events.register_bits, Cost::RegisterBit, table)?;
    energy.add_events("decoder", events.bytes_decoded, Cost::DecodedByte, table)?;
    for (component, switched) in [("control", events.control), ("requantizer", events.requantizer)] {
        energy.add_events(component, switched.register_bits, Cost::RegisterBit, table)?;
        if switched.adder_bits > 0 {
            let joules = switched.adder_bits as f64 * table.integer_add_pj(1)? * JOULES_PER_PJ;
            energy.add_j(component, joules);
        }
    }
    energy.add_events("fp16_multiply", events.fp16_multiplies, Cost::Fp16Multiply, table)?;
    energy.add_events("fp16_add", events.fp16_adds, Cost::Fp16Add, table)?;
    energy.add_events("fp32_add", events.fp32_adds, Cost::Fp32Add, table)?;
    energy.add_events("fp32_multiply", events.fp32_multiplies, Cost::Fp32Multiply, table)?;
    energy.add_events("bf16_multiply", events.bf16_multiplies, Cost::Bf16Multiply, table)?;
    energy.add_events("bf16_add", events.bf16_adds, Cost::Bf16Add, table)?;
    energy.add_events("int8_multiply", events.int8_multiplies, Cost::Int8Multiply, table)?;
    Ok(energy)
}
