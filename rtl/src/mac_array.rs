//! COLUMNS dot products at a time: a held tile of trits meets one token's activations a cycle.
//!
//! ```text
//!                       +-------------+
//!       weight_valid -->|             |--> weight_ready
//!        weight_zero ==>|             |
//!        weight_sign ==>|             |
//!   activation_valid -->|             |--> activation_ready
//!    activation_data ==>|  mac_array  |
//!    activation_slot -->|             |--> result_valid
//!   activation_first -->|             |--> result_slot
//!    activation_last -->|             |==> result_data
//! activation_release -->|             |
//!        result_room -->|             |--> tile_held
//!              reset -->+------/\-----+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets tiles and whatever is under way |
//! | `weight_valid`, `weight_ready` | in, out | 1, 1 | handshake of a beat |
//! | `weight_zero`, `weight_sign` | in | TRITS x 1 | a beat's trits (C-LANE-3), trit 0 in bit 0,
//! [`contract::latency::WEIGHT_DATA_CYCLES`] after it was taken |
//! | `activation_valid`, `activation_ready` | in, out | 1, 1 | handshake of a token's activations |
//! | `activation_data` | in | LANES x 8 | INT8, lane 0 lowest, [`contract::latency::ACTIVATION_DATA_CYCLES`] after they were
//! accepted |
//! | `activation_slot` | in | clog2(TOKENS) | which accumulator; below TOKENS |
//! | `activation_first` | in | 1 | first K step: the accumulator starts from zero |
//! | `activation_last` | in | 1 | last K step: the total is a result |
//! | `activation_release` | in | 1 | last token of the step: the held tile is released |
//! | `tile_held` | out | 1 | there is a tile for the next activation |
//! | `result_room` | in | 1 | whoever takes results has room for one more than are under way |
//! | `result_valid` | out | 1 | there is a result, in this cycle only |
//! | `result_slot` | out | clog2(TOKENS) | its token slot |
//! | `result_data` | out | COLUMNS x ACC_BITS | two's complement, column 0 lowest |
//!
//! Parameters: [`Parameters`]. Latency: activation accepted to `result_valid`, [`contract::latency::array_cycles`]; last
//! beat accepted to the tile's first activation, [`contract::latency::TILE_SWAP_CYCLES`]. Throughput: a step takes
//! max(tokens, BEATS) cycles. Golden: `contract::dot`.
//!
//! A transfer happens at a rising edge with `valid` and `ready` high and `reset` low; its data follows a fixed number of cycles
//! later, when the memory that holds it has been read, and nobody waits for it. The pipeline never stands still: an
//! activation with `activation_last` is accepted only with `result_room`, so that its result, which comes a fixed number of
//! cycles later, has a place. That saves every lane and adder an enable. `weight_ready` depends on `activation_valid`,
//! `activation_last`, `activation_release` and `result_room` of the same cycle, `activation_ready` on `activation_last` and
//! `result_room`.
//!
//! Does not: decode weight bytes, count steps or tokens, or pad: lanes beyond K and columns beyond N get zero trits.

use contract::latency::array_cycles;
use contract::packing::TRITS_PER_BYTE;
use rust_hdl::prelude::*;

use crate::control_pipeline::ControlPipeline;
use crate::dot_unit::DotUnit;
use crate::hdl::{Bank, Bus, Number, Pack, Register, ResetRegister, Wires, clog2};
use crate::weight_tile::WeightTile;
use crate::{Error, Parameters};

/// The ternary MAC array.
#[derive(LogicBlock, Debug)]
pub struct MacArray {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets tiles and whatever is under way.
    pub reset: Bus<In>,
    /// A beat of trits is offered.
    pub weight_valid: Bus<In>,
    /// A beat of trits can be taken.
    pub weight_ready: Bus<Out>,
    /// The beat's trits: which are zero.
    pub weight_zero: Pack<Bus<In>>,
    /// The beat's trits: their signs.
    pub weight_sign: Pack<Bus<In>>,
    /// A token's activations are offered.
    pub activation_valid: Bus<In>,
    /// A token's activations can be taken.
    pub activation_ready: Bus<Out>,
    /// The token's activations.
    pub activation_data: Pack<Bus<In>>,
    /// The token's slot.
    pub activation_slot: Bus<In>,
    /// First K step.
    pub activation_first: Bus<In>,
    /// Last K step.
    pub activation_last: Bus<In>,
    /// Last token of this step.
    pub activation_release: Bus<In>,
    /// A tile is held.
    pub tile_held: Bus<Out>,
    /// One more result has a place.
    pub result_room: Bus<In>,
    /// There is a result, in this cycle only.
    pub result_valid: Bus<Out>,
    /// The result's token slot.
    pub result_slot: Bus<Out>,
    /// One dot product a column.
    pub result_data: Pack<Bus<Out>>,
    weight_tile: WeightTile,
    activation_register: Bank,
    broadcast_register: Bank,
    padded: Pack<Bus<Local>>,
    padding: Number,
    clear: Register,
    waiting: Vec<ResetRegister>,
    late: Vec<Register>,
    activation: Pack<Bus<Local>>,
    control_pipeline: ControlPipeline,
    dot_unit: Vec<DotUnit>,
    valid_register: ResetRegister,
    slot_register: Register,
    accept: Bus<Local>,
}

impl MacArray {
    /// The array that `parameters` describe.
    ///
    /// # Errors
    ///
    /// A size outside its range.
    pub fn new(parameters: &Parameters) -> Result<Self, Error> {
        parameters.validate()?;
        let lanes = parameters.lanes as usize;
        let padded = parameters.padded_lanes() as usize;
        let columns = parameters.columns as usize;
        let trits = parameters.trits_per_beat() as usize;
        let slot_bits = clog2(parameters.tokens.into());
        let stages = array_cycles(parameters.lanes) as usize - 1;
        Ok(Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            weight_valid: Bus::new(1),
            weight_ready: Bus::new(1),
            weight_zero: Pack::new(trits, 1),
            weight_sign: Pack::new(trits, 1),
            activation_valid: Bus::new(1),
            activation_ready: Bus::new(1),
            activation_data: Pack::new(lanes, contract::ACTIVATION_BITS as usize),
            activation_slot: Bus::new(slot_bits),
            activation_first: Bus::new(1),
            activation_last: Bus::new(1),
            activation_release: Bus::new(1),
            tile_held: Bus::new(1),
            result_room: Bus::new(1),
            result_valid: Bus::new(1),
            result_slot: Bus::new(slot_bits),
            result_data: Pack::new(columns, parameters.acc_bits as usize),
            weight_tile: WeightTile::new(parameters),
            activation_register: Bank::new(lanes, contract::ACTIVATION_BITS as usize),
            broadcast_register: Bank::new(lanes, contract::ACTIVATION_BITS as usize),
            padded: Pack::new(padded, contract::ACTIVATION_BITS as usize),
            padding: Number::new(0, contract::ACTIVATION_BITS as usize),
            clear: Register::new(1),
            waiting: (0..padded / TRITS_PER_BYTE)
                .map(|_| ResetRegister::new(contract::ACTIVATION_BITS as usize))
                .collect(),
            late: (0..padded / TRITS_PER_BYTE)
                .map(|_| Register::new(contract::ACTIVATION_BITS as usize))
                .collect(),
            activation: Pack::new(padded, contract::ACTIVATION_BITS as usize),
            control_pipeline: ControlPipeline::new(stages, slot_bits),
            dot_unit: (0..columns).map(|_| DotUnit::new(parameters)).collect(),
            valid_register: ResetRegister::new(1),
            slot_register: Register::new(slot_bits),
            accept: Bus::new(1),
        })
    }
}

impl Logic for MacArray {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "COLUMNS dot products at a time: a held tile of trits meets one token's activations a cycle."
        );
        clock!(self, clock, weight_tile, activation_register, broadcast_register, control_pipeline);
        clock!(self, clock, valid_register, slot_register, clear);
        self.weight_tile.reset.next = self.reset.val();
        self.control_pipeline.reset.next = self.reset.val();
        self.valid_register.reset.next = self.reset.val();

        // The last step of a token gives a result, which needs a place when it comes.
        self.tile_held.next = self.weight_tile.held.val();
        self.activation_ready.next =
            self.weight_tile.held.val() & (!self.activation_last.val() | self.result_room.val());
        self.accept.next = self.activation_valid.val() & self.activation_ready.val();

        self.weight_tile.weight_valid.next = self.weight_valid.val();
        self.weight_ready.next = self.weight_tile.weight_ready.val();
        Wires::join(&mut self.weight_zero, &mut self.weight_tile.weight_zero);
        Wires::join(&mut self.weight_sign, &mut self.weight_tile.weight_sign);
        self.weight_tile.release_tile.next = self.accept.val() & self.activation_release.val();

        self.control_pipeline.accept.next = self.accept.val();
        self.control_pipeline.slot.next = self.activation_slot.val();
        self.control_pipeline.first.next = self.activation_first.val();
        self.control_pipeline.last.next = self.activation_last.val();

        // The activations cross the array, and meet the tile that was held when they were accepted.
        self.activation_register.enable.next = true.into();
        self.broadcast_register.enable.next = true.into();
        Wires::join(&mut self.activation_data, &mut self.activation_register.d);
        Wires::join(&mut self.activation_register.q, &mut self.broadcast_register.d);
        for i in 0..self.broadcast_register.q.len() {
            self.padded[i].next = self.broadcast_register.q[i].val();
        }
        for i in self.broadcast_register.q.len()..self.padded.len() {
            self.padded[i].next = self.padding.val();
        }
        // What a byte adds last waits here, once for all columns. That it is cleared,
        // which nothing depends on, keeps tools from a shift register made of lookup tables.
        self.clear.enable.next = true.into();
        self.clear.d.next = self.reset.val();
        for i in 0..self.late.len() {
            self.waiting[i].clock.next = self.clock.val();
            self.waiting[i].reset.next = self.clear.q.val();
            self.waiting[i].enable.next = true.into();
            self.waiting[i].d.next = self.padded[5 * i + 2].val();
            self.late[i].clock.next = self.clock.val();
            self.late[i].enable.next = true.into();
            self.late[i].d.next = self.waiting[i].q.val();
            self.activation[5 * i].next = self.padded[5 * i].val();
            self.activation[5 * i + 1].next = self.padded[5 * i + 1].val();
            self.activation[5 * i + 2].next = self.late[i].q.val();
            self.activation[5 * i + 3].next = self.padded[5 * i + 3].val();
            self.activation[5 * i + 4].next = self.padded[5 * i + 4].val();
        }
        for i in 0..self.dot_unit.len() {
            self.dot_unit[i].clock.next = self.clock.val();
            Wires::join(&mut self.activation, &mut self.dot_unit[i].activation);
            Wires::join(&mut self.weight_tile.zero[i], &mut self.dot_unit[i].zero);
            Wires::join(&mut self.weight_tile.sign[i], &mut self.dot_unit[i].sign);
            self.dot_unit[i].accumulate.next = self.control_pipeline.accumulate.val();
            self.dot_unit[i].emit.next = self.control_pipeline.emit.val();
            self.dot_unit[i].slot.next = self.control_pipeline.sum_slot.val();
            self.dot_unit[i].next_slot.next = self.control_pipeline.next_slot.val();
            self.dot_unit[i].next_first.next = self.control_pipeline.next_first.val();
            self.dot_unit[i].again.next = self.control_pipeline.again.val();
            self.result_data[i].next = self.dot_unit[i].result.val();
        }

        self.valid_register.enable.next = true.into();
        self.valid_register.d.next = self.control_pipeline.emit.val();
        self.result_valid.next = self.valid_register.q.val();
        self.slot_register.enable.next = self.control_pipeline.emit.val();
        self.slot_register.d.next = self.control_pipeline.sum_slot.val();
        self.result_slot.next = self.slot_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn array(lanes: u32, columns: u32, tokens: u32, stream_bits: u32) -> Bench<MacArray> {
        let parameters = Parameters { lanes, columns, tokens, stream_bits, acc_bits: 24 };
        bench!(
            MacArray::new(&parameters).expect("valid sizes"),
            "mac_array": reset, weight_valid, weight_zero, weight_sign, activation_valid, activation_data, activation_slot,
                activation_first, activation_last, activation_release, result_room
                => weight_ready, activation_ready, result_valid, result_slot, result_data, tile_held
        )
    }

    /// RustHDL and the emitted Verilog agree in every output and cycle, whatever the inputs; that the values are the
    /// contract's is shown with Verilator, in `tests/values.rs`.
    #[test]
    fn rust_hdl_and_verilog_agree_on_anything() {
        for (lanes, columns, tokens, stream_bits) in [(1, 1, 1, 8), (3, 2, 2, 16), (7, 3, 4, 16)] {
            let mut random = Random::new(lanes.into());
            let mut bench = array(lanes, columns, tokens, stream_bits);
            let trits = bench.block.weight_zero.len();
            let mut cycle = |i: u64| {
                let mut chance = |percent| vec![u64::from(random.chance(percent))];
                let [reset, weights, activations, ready] =
                    [if i == 0 { 100 } else { 1 }, 70, 70, 80].map(&mut chance);
                let [first, last, release] = [30, 30, 40].map(&mut chance);
                let mut many =
                    |count: usize, below| (0..count).map(|_| random.below(below)).collect::<Vec<_>>();
                let (zero, sign) = (many(trits, 2), many(trits, 2));
                let (data, slot) = (many(lanes as usize, 256), many(1, tokens.into()));
                vec![reset, weights, zero, sign, activations, data, slot, first, last, release, ready]
            };
            let cycles: Vec<Values> = (0..10_000).map(&mut cycle).collect();
            // Accumulators are unknown until a first step reached each slot.
            let outputs = bench.run(&cycles, 2000);
            assert!(
                outputs.iter().filter(|output| output[2][0] == 1).count() > 100,
                "too few results to tell"
            );
        }
    }
}
