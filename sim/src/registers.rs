//! The registers of an engine, counted as the blocks of `rtl` have them (`mac_array`, `dot_unit`, `byte_sum`, `adder_tree`, `weight_tile`,
//! `weight_stream`), and as an array of multipliers with the same dataflow would have them. A test counts the flip-flops of the emitted
//! Verilog.
//!
//! Does not: count memories (SRAM, slots of accumulators), or what an engine has around its array ([`crate::control`]).

use contract::latency::{
    BROADCAST_CYCLES, BYTE_LEVELS, LATE_LANE_CYCLES, TREE_LEVEL_CYCLES, WEIGHT_DATA_CYCLES, array_cycles,
};
use contract::{ACTIVATION_BITS, packing::TRITS_PER_BYTE};

use crate::chip::ChipSpec;
use crate::control::{self, Part, address_bits};
use crate::engine::Sizes;
use crate::workload::Machine;

/// Lanes of a byte of weights.
const BYTE_LANES: u64 = TRITS_PER_BYTE as u64;
/// A trit: whether it is zero, and its sign.
const TRIT_BITS: u64 = 2;
/// A sum of FP16 products is kept in FP32, as tensor cores do.
const FP32_BITS: u64 = 32;

/// Bits of registers, by what clocks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// Once an engine, with every token of a step: activations on their way to all columns, and what accompanies them.
    pub shared: u64,
    /// With every token of a step in each column: partial sums, their signs, and the slot that is added to.
    pub column: u64,
    /// With every token of a step in each lane that is not held still.
    pub lane: u64,
    /// In each column with a token's last step: its result.
    pub result: u64,
    /// A weight of the tile that is loaded.
    pub loaded_weight: u64,
    /// A weight of the tile that is held.
    pub held_weight: u64,
    /// With every byte of the weight stream.
    pub stream_byte: u64,
}

impl Registers {
    /// Those of a machine's engine.
    pub fn of(machine: Machine, spec: &ChipSpec) -> Registers {
        match machine {
            Machine::Ternary => Registers::ternary(spec),
            Machine::Fp16 | Machine::Bf16 => Registers::multiplying(spec, &Operands::HALF),
            Machine::W8a8 => Registers::multiplying(spec, &Operands::INT8),
            Machine::W4a16 => Registers::multiplying(spec, &Operands { stored_bits: 4, ..Operands::HALF }),
        }
    }

    /// Those of the ternary engine.
    pub fn ternary(spec: &ChipSpec) -> Registers {
        let width = u64::from(ACTIVATION_BITS);
        let bytes = spec.lanes.div_ceil(BYTE_LANES);
        let acc_bits = u64::from(spec.acc_bits);
        // Every lane's activation on its way, and those of each byte's late lane, which wait.
        let broadcast = width * spec.lanes * u64::from(BROADCAST_CYCLES);
        let waiting = width * bytes * u64::from(LATE_LANE_CYCLES);
        // Beside the sums: signs of five lanes, of two pairs and the late lane, of four and the late lane, of the byte; and the late
        // lane's zero trit.
        let sums = 2 * (width + 1) + (width + 2) + (width + 3);
        let signs = BYTE_LANES + 3 + 2 + 1;
        let byte = sums + signs + u64::from(LATE_LANE_CYCLES);
        // A level of the tree: the sums and a sign each; an operand without a partner is carried along.
        let (mut operands, mut bits, mut tree) = (bytes, width + u64::from(BYTE_LEVELS), 0);
        while operands > 1 {
            operands = operands.div_ceil(2);
            bits += 1;
            tree += operands * (bits + 1);
        }
        Registers {
            shared: broadcast + waiting + control(spec),
            column: bytes * byte + tree + acc_bits,
            lane: width,
            result: acc_bits,
            loaded_weight: TRIT_BITS,
            held_weight: TRIT_BITS,
            // As it comes, as it is read, and as five trits with a flag for bytes that are no code.
            stream_byte: 8 + 8 + TRIT_BITS * BYTE_LANES + 1,
        }
    }

    /// Bits that a step of a tile clocks with one token, at most.
    pub(crate) fn of_step(&self, spec: &ChipSpec, stream_bytes: u64) -> u64 {
        let lanes = spec.lanes.next_multiple_of(BYTE_LANES);
        let of_lanes = lanes * (self.lane + self.loaded_weight + self.held_weight);
        self.shared
            + spec.columns * (self.column + 2 * self.result + of_lanes)
            + stream_bytes * self.stream_byte
    }

    /// Those of an array that multiplies `weight_bits` by `activation_bits` and adds products of `product_bits` in a tree that grows by
    /// `growth_bits` a level.
    pub fn multiplying(spec: &ChipSpec, operands: &Operands) -> Registers {
        let (mut sums, mut bits, mut tree) = (spec.lanes, operands.product_bits, 0);
        while sums > 1 {
            sums = sums.div_ceil(2);
            bits += operands.growth_bits;
            tree += sums * bits;
        }
        Registers {
            shared: operands.activation_bits * spec.lanes * u64::from(BROADCAST_CYCLES) + control(spec),
            column: tree + operands.acc_bits,
            lane: operands.product_bits,
            result: operands.acc_bits,
            loaded_weight: operands.stored_bits,
            held_weight: operands.weight_bits,
            // As it comes, and as it is read.
            stream_byte: 8 + 8,
        }
    }
}

/// The widths of a multiplying array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operands {
    /// Of a weight as it comes.
    pub stored_bits: u64,
    /// Of a weight as it is multiplied.
    pub weight_bits: u64,
    /// Of an activation.
    pub activation_bits: u64,
    /// Of a product, and of a floating-point sum of the tree.
    pub product_bits: u64,
    /// By which an exact sum grows from level to level.
    pub growth_bits: u64,
    /// Of an accumulator.
    pub acc_bits: u64,
}

impl Operands {
    /// FP16 or BF16.
    pub const HALF: Operands = Operands {
        stored_bits: 16,
        weight_bits: 16,
        activation_bits: 16,
        product_bits: 16,
        growth_bits: 0,
        acc_bits: FP32_BITS,
    };

    /// 8-bit integers.
    pub const INT8: Operands = Operands {
        stored_bits: 8,
        weight_bits: 8,
        activation_bits: 8,
        product_bits: 16,
        growth_bits: 1,
        acc_bits: 32,
    };
}

/// What accompanies a token through the array: valid, slot, first and last in each stage. In the last one nobody asks whether it is the
/// first, but whether a slot comes twice.
fn control(spec: &ChipSpec) -> u64 {
    array_stages(spec.lanes) * (3 + slot_bits(spec))
}

/// Stages from a token accepted to its sum at the accumulator.
fn array_stages(lanes: u64) -> u64 {
    // A chip's lanes are at most 1024.
    u64::from(array_cycles(u32::try_from(lanes).unwrap_or(u32::MAX))) - u64::from(TREE_LEVEL_CYCLES)
}

/// Bits that address a token slot.
fn slot_bits(spec: &ChipSpec) -> u64 {
    address_bits(spec.token_slots)
}

/// Those that hold an array's activations, sums, results and weights.
fn array_flip_flops(machine: Machine, spec: &ChipSpec) -> u64 {
    let registers = Registers::of(machine, spec);
    let tile = spec.columns * tile_lanes(machine, spec.lanes);
    registers.shared
        + spec.columns * (registers.column + registers.result)
        + tile * (registers.lane + registers.loaded_weight + registers.held_weight)
}

/// Flip-flops of an engine, without the output registers of its SRAMs; a baseline's has no requantiser.
pub(crate) fn flip_flops(machine: Machine, spec: &ChipSpec, sizes: &Sizes) -> u64 {
    let requantizer = match machine {
        Machine::Ternary => control::built(Part::Requantizer, sizes).flip_flops,
        Machine::Fp16 | Machine::Bf16 | Machine::W8a8 | Machine::W4a16 => 0,
    };
    array_flip_flops(machine, spec)
        + spec.stream_bits / 8 * Registers::of(machine, spec).stream_byte
        + control::built(Part::Control, sizes).flip_flops
        + requantizer
}

/// Flip-flops of `ternary_engine_axi` as emitted, where its slots are memories: lanes in whole bytes, two token slots or more.
pub fn engine_flip_flops(spec: &ChipSpec, sizes: &Sizes) -> u64 {
    // Output registers of the memories of weights, activations and results.
    let read =
        spec.stream_bits + u64::from(ACTIVATION_BITS) * spec.lanes + u64::from(spec.acc_bits) * spec.columns;
    flip_flops(Machine::Ternary, spec, sizes) + read
}

/// Flip-flops of `mac_array` as emitted, under the same conditions.
pub fn mac_array_flip_flops(spec: &ChipSpec) -> u64 {
    let tile = spec.columns * spec.lanes.next_multiple_of(BYTE_LANES);
    let beats = tile.div_ceil(spec.stream_bits / 8 * BYTE_LANES);
    // Beside what is counted with tokens and weights: a beat's write and swap on their way, its number, and two tiles' states; the reset's
    // copy, and a result's valid bit and slot.
    let weight_tile = u64::from(WEIGHT_DATA_CYCLES) * (2 + address_bits(beats)) + address_bits(beats) + 2;
    let results = 1 + 1 + slot_bits(spec);
    array_flip_flops(Machine::Ternary, spec) + weight_tile + results
}

/// Weights of a column's step as a tile holds them: trits in whole bytes.
pub(crate) fn tile_lanes(machine: Machine, lanes: u64) -> u64 {
    match machine {
        Machine::Ternary => lanes.next_multiple_of(BYTE_LANES),
        Machine::Fp16 | Machine::Bf16 | Machine::W8a8 | Machine::W4a16 => lanes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(lanes: u64, columns: u64) -> ChipSpec {
        let spec = crate::chip::load("edge").unwrap().spec;
        ChipSpec { lanes, columns, token_slots: 8, acc_bits: 24, ..spec }
    }

    #[test]
    fn a_ternary_column_worked_by_hand() {
        // Fifteen lanes: three bytes. A byte: sums of 9, 9, 10 and 11 bits, eleven signs, two zero trits on their way.
        let byte = 9 + 9 + 10 + 11 + 11 + 2;
        // The tree: two sums of 12 bits with a sign each, of which one is carried along; one of 13. Then the slot.
        let column = 3 * byte + 2 * 13 + 14 + 24;
        let registers = Registers::ternary(&spec(15, 2));
        assert_eq!(registers.column, column);
        // Two cycles of fifteen activations, two of three late ones; 4 + 1 + 5 + 1 cycles less one of valid, first, last and a slot
        // of three bits.
        assert_eq!(registers.shared, 2 * 15 * 8 + 2 * 3 * 8 + 10 * 6);
        assert_eq!((registers.lane, registers.result), (8, 24));
        assert_eq!((registers.loaded_weight, registers.held_weight), (2, 2));
        assert_eq!(registers.stream_byte, 27);
    }

    #[test]
    fn a_step_clocks_no_more_than_its_bound() {
        let mut chip = crate::chip::load("edge").unwrap();
        (chip.spec.lanes, chip.spec.columns) = (15, 2);
        for machine in [Machine::Ternary, Machine::Fp16, Machine::W8a8, Machine::W4a16] {
            let tiling = crate::mapping::Tiling::new(&chip, machine.linear_format(), 2, 15);
            let zeros = crate::events::Share::new(0, 1).unwrap();
            let counted = crate::events::of_matrix(&chip, machine, zeros, &tiling, 1).unwrap().register_bits;
            let bound =
                Registers::of(machine, &chip.spec).of_step(&chip.spec, tiling.beats * tiling.beat_bytes);
            assert!(counted <= bound && bound < 2 * counted, "{machine:?}: {counted} of {bound}");
        }
    }

    #[test]
    fn multiplying_columns_worked_by_hand() {
        // Three lanes: two sums, one carried along, then one.
        let fp16 = Registers::multiplying(&spec(3, 2), &Operands::HALF);
        assert_eq!((fp16.column, fp16.lane, fp16.result, fp16.held_weight), (3 * 16 + 32, 16, 32, 16));
        let int8 = Registers::multiplying(&spec(3, 2), &Operands::INT8);
        assert_eq!((int8.column, int8.lane, int8.held_weight), (2 * 17 + 18 + 32, 16, 8));
        let w4a16 = Registers::of(Machine::W4a16, &spec(3, 2));
        assert_eq!((w4a16.loaded_weight, w4a16.held_weight), (4, 16));
        assert_eq!(fp16.shared - int8.shared, 2 * 3 * 8);
    }
}
