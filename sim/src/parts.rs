//! What a chip is made of, for its area; and what its arrays do at full rate, for its power.

use energy::events::DatapathEvents;
use energy::{Area, AreaTable, Cells, Cost, CostTable, Parts, datapath};

use crate::Error;
use crate::chip::Chip;
use crate::control::{self, Part};
use crate::engine::{binary_adders, column_adders};
use crate::events::{self, Share};
use crate::mapping::{Tiling, engine_sizes};
use crate::registers::Registers;
use crate::workload::Machine;

/// Width of an accumulator of integer products.
const INT32_BITS: u32 = 32;

/// Area of one chip of a machine.
///
/// # Errors
/// A DRAM standard without an area.
pub(crate) fn area(chip: &Chip, machine: Machine, table: &AreaTable) -> Result<Area, Error> {
    table.area(&parts(chip, machine)).map_err(|error| Error::Energy(error.to_string()))
}

/// Power of one chip's arrays with every token slot at work and a tile for all of them, watts.
///
/// # Errors
/// A cost that the table does not hold.
pub(crate) fn array_power_w(
    chip: &Chip,
    machine: Machine,
    zeros: Share,
    costs: &CostTable,
) -> Result<f64, Error> {
    let joules = datapath(&full_rate(chip, machine, zeros)?, costs)
        .map_err(|error| Error::Energy(error.to_string()))?
        .total();
    let cycles = chip.spec.token_slots as f64;
    Ok(joules / cycles * chip.spec.clock_mhz as f64 * 1e6 * chip.spec.engines as f64)
}

/// An engine's tile and as many tokens as it has slots: a cycle a token.
fn full_rate(chip: &Chip, machine: Machine, zeros: Share) -> Result<DatapathEvents, Error> {
    let spec = &chip.spec;
    let tiling = Tiling::new(chip, machine.linear_format(), spec.columns, spec.lanes);
    events::of_matrix(chip, machine, zeros, &tiling, spec.token_slots)
}

fn parts(chip: &Chip, machine: Machine) -> Parts {
    let spec = &chip.spec;
    let registers = Registers::of(machine, spec);
    let columns = spec.engines * spec.columns;
    let lanes = columns * spec.lanes;
    let stream_bytes = spec.engines * spec.stream_bits / 8;
    let adder_bits =
        |adders: Vec<(u64, u32)>| adders.iter().map(|(count, bits)| count * u64::from(*bits)).sum::<u64>();
    // A lane's register and its two weights, a column's sums, result and slots, and what crosses an engine.
    let register_bits = lanes * (registers.lane + registers.loaded_weight + registers.held_weight)
        + columns * (registers.column + registers.result * (1 + spec.token_slots))
        + spec.engines * registers.shared
        + stream_bytes * registers.stream_byte;
    let fifo_bytes = stream_bytes * spec.stream_fifo_beats;
    let engine_kb = spec.activation_sram_kb + spec.result_sram_kb + spec.weight_sram_kb;
    let buffers_kb = spec.engines * engine_kb + spec.vector.sram_kb;
    let sizes = engine_sizes(chip, machine.linear_format());
    let block = |part| {
        let built = control::built(part, &sizes);
        Cells {
            register_bits: spec.engines * (built.flip_flops + built.memory_bits),
            adder_bits: spec.engines * built.adder_bits,
        }
    };
    let mut parts = Parts {
        register_bits,
        control: block(Part::Control),
        sram_bytes: buffers_kb * 1024 + fifo_bytes,
        vector_lanes: spec.vector.lanes,
        dram_standard: chip.standard.name.clone(),
        dram_peak_gb_s: chip.dram_peak_gb_s(),
        ..Parts::default()
    };
    let tree = columns * (spec.lanes - 1);
    match machine {
        Machine::Ternary => {
            let column = adder_bits(column_adders(spec.lanes)) + u64::from(spec.acc_bits);
            parts.integer_adder_bits = columns * column;
            parts.lane_selects = lanes;
            parts.decoders = stream_bytes;
            parts.requantizer = block(Part::Requantizer);
        }
        Machine::Fp16 | Machine::W4a16 => {
            parts.operators =
                vec![(Cost::Fp16Multiply, lanes), (Cost::Fp16Add, tree), (Cost::Fp32Add, columns)];
            if machine == Machine::W4a16 {
                // A multiplier for each weight that the stream brings in a cycle.
                parts.operators.push((Cost::Fp16Multiply, 2 * stream_bytes));
            }
        }
        Machine::Bf16 => {
            parts.operators =
                vec![(Cost::Bf16Multiply, lanes), (Cost::Bf16Add, tree), (Cost::Fp32Add, columns)];
        }
        Machine::W8a8 => {
            let bits = 2 * contract::ACTIVATION_BITS;
            let column = adder_bits(binary_adders(spec.lanes, bits)) + u64::from(INT32_BITS);
            parts.integer_adder_bits = columns * column;
            // An engine scales the results that it gives out in a cycle.
            parts.operators =
                vec![(Cost::Int8Multiply, lanes), (Cost::Fp32Multiply, spec.engines * spec.result_lanes)];
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn chip(lanes: u64, columns: u64) -> Chip {
        let mut chip = crate::chip::load("edge").unwrap();
        (chip.spec.lanes, chip.spec.columns, chip.spec.token_slots) = (lanes, columns, 2);
        chip
    }

    #[test]
    fn a_small_chip_worked_by_hand() {
        let chip = chip(5, 2);
        let ternary = parts(&chip, Machine::Ternary);
        // A byte: two adders of 9 bits, one of 10, one of 11; an accumulator of 24.
        assert_eq!(ternary.integer_adder_bits, 2 * (2 * 9 + 10 + 11 + 24));
        assert_eq!((ternary.lane_selects, ternary.decoders), (10, 64));
        let registers = Registers::ternary(&chip.spec);
        let column = registers.column + 24 * 3;
        let shared = registers.shared + 64 * registers.stream_byte;
        assert_eq!(ternary.register_bits, 10 * (8 + 4) + 2 * column + shared);
        // 256 and 64 KB, 4096 KB of the vector unit, 256 beats of 64 bytes.
        assert_eq!(ternary.sram_bytes, (256 + 64 + 4096 + 16) * 1024);
        let fp16 = parts(&chip, Machine::Fp16);
        assert_eq!(fp16.operators, [(Cost::Fp16Multiply, 10), (Cost::Fp16Add, 8), (Cost::Fp32Add, 2)]);
        assert_eq!(fp16.sram_bytes, ternary.sram_bytes);
        let w8a8 = parts(&chip, Machine::W8a8);
        // Five products of 16 bits: two sums of 17, one of 18, one of 19.
        assert_eq!(w8a8.integer_adder_bits, 2 * (2 * 17 + 18 + 19 + 32));
        assert_eq!(w8a8.operators[0], (Cost::Int8Multiply, 10));
    }

    #[test]
    fn an_array_of_multipliers_is_larger_and_takes_more_power() {
        let chip = crate::chip::load("datacenter").unwrap();
        let costs = CostTable::seven_nm().unwrap();
        let table = AreaTable::seven_nm(&costs).unwrap();
        let machines = [Machine::Ternary, Machine::W8a8, Machine::Bf16, Machine::Fp16];
        let areas = machines.map(|machine| area(&chip, machine, &table).unwrap());
        assert!(areas.is_sorted_by(|a, b| a.array_mm2 < b.array_mm2), "{areas:?}");
        assert!(areas.iter().all(|area| area.sram_mm2 == areas[0].sram_mm2));
        let powers = machines.map(|machine| array_power_w(&chip, machine, Share::THIRD, &costs).unwrap());
        assert!(powers.is_sorted_by(|a, b| a < b), "{powers:?}");
    }

    #[test]
    fn power_is_that_of_a_cycle_at_full_rate() {
        let chip = chip(5, 2);
        let costs = CostTable::seven_nm().unwrap();
        let events = full_rate(&chip, Machine::Fp16, Share::THIRD).unwrap();
        // Two cycles: a token each.
        assert_eq!((events.fp16_multiplies, events.fp16_adds, events.fp32_adds), (20, 16, 4));
        let watts = array_power_w(&chip, Machine::Fp16, Share::THIRD, &costs).unwrap();
        assert_relative_eq!(
            watts,
            datapath(&events, &costs).unwrap().total() / 2.0 * 1e9,
            max_relative = 1e-12
        );
    }
}
