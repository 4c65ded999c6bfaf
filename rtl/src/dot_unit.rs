//! One column: the dot product of a row of trits and a token's activations, accumulated a token slot.
//!
//! ```text
//!                +------------+
//!  activation ==>|            |
//!     nonzero ==>|            |
//!    negative ==>|  dot_unit  |--> result
//!        slot -->|            |
//!  first, accumulate, emit -->|
//!     advance -->+-----/\-----+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `advance` | in | 1, 1 | the pipeline advances at this edge |
//! | `activation` | in | LANES x 8 | a token's activations of one K step |
//! | `nonzero`, `negative` | in | LANES x 1 | this column's trits |
//! | `accumulate` | in | 1 | the tree's sum belongs to `slot`, and is added at this edge |
//! | `emit` | in | 1 | it is the last K step: `result` takes the total at this edge |
//! | `first` | in | 1 | it is the first K step: the slot starts from zero |
//! | `slot` | in | clog2(TOKENS) | token slot |
//! | `result` | out | ACC_BITS | the dot product, two's complement |
//!
//! Parameters: `lanes`, `tokens`, `acc_bits`. Latency: activations and trits to `result`,
//! [`contract::latency::array_cycles`]; one token's K step a cycle. Golden: `contract::dot`.
//!
//! `accumulate`, `emit`, `first` and `slot` come when the sum does, [`contract::latency::array_cycles`] - 1 cycles after
//! the activations: they are the same for all columns, and delayed once, in `control_pipeline`. `accumulate` and
//! `emit` hold only in cycles that advance.
//!
//! Does not: saturate. `contract::max_k` says how long a K the accumulators hold.

use rust_hdl::prelude::*;

use crate::Parameters;
use crate::adder_tree::AdderTree;
use crate::hdl::{Bus, Pack, Register, clog2, signed_cast, unsigned_cast};
use crate::slot_memory::SlotMemory;
use crate::ternary_lane::TernaryLane;

/// Lanes, adder tree and accumulators of one column.
#[derive(LogicBlock, Debug)]
pub struct DotUnit {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The pipeline advances at this edge.
    pub advance: Bus<In>,
    /// A token's activations of one K step.
    pub activation: Pack<Bus<In>>,
    /// This column's trits: not zero.
    pub nonzero: Pack<Bus<In>>,
    /// This column's trits: -1.
    pub negative: Pack<Bus<In>>,
    /// The tree's sum is added to `slot` at this edge.
    pub accumulate: Bus<In>,
    /// `result` takes the total at this edge.
    pub emit: Bus<In>,
    /// The slot starts from zero.
    pub first: Bus<In>,
    /// The token slot of the tree's sum.
    pub slot: Bus<In>,
    /// The dot product.
    pub result: Bus<Out>,
    ternary_lane: Vec<TernaryLane>,
    adder_tree: AdderTree,
    slot_memory: SlotMemory,
    total: Bus<Local>,
    result_register: Register,
    _acc_bits: usize,
}

impl DotUnit {
    /// A column of the array that `parameters` describe, which are valid.
    pub fn new(parameters: &Parameters) -> Self {
        let lanes = parameters.lanes as usize;
        let acc_bits = parameters.acc_bits as usize;
        Self {
            clock: Signal::default(),
            advance: Bus::new(1),
            activation: Pack::new(lanes, contract::ACTIVATION_BITS as usize),
            nonzero: Pack::new(lanes, 1),
            negative: Pack::new(lanes, 1),
            accumulate: Bus::new(1),
            emit: Bus::new(1),
            first: Bus::new(1),
            slot: Bus::new(clog2(parameters.tokens.into())),
            result: Bus::new(acc_bits),
            ternary_lane: (0..lanes).map(|_| TernaryLane::default()).collect(),
            adder_tree: AdderTree::new(parameters.lanes),
            slot_memory: SlotMemory::new(parameters.tokens, acc_bits),
            total: Bus::new(acc_bits),
            result_register: Register::new(acc_bits),
            _acc_bits: acc_bits,
        }
    }
}

impl Logic for DotUnit {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("One column: lanes, adder tree, and an accumulator a token slot.");
        for i in 0..self.ternary_lane.len() {
            self.ternary_lane[i].clock.next = self.clock.val();
            self.ternary_lane[i].enable.next = self.advance.val();
            self.ternary_lane[i].activation.next = self.activation[i].val();
            self.ternary_lane[i].nonzero.next = self.nonzero[i].val();
            self.ternary_lane[i].negative.next = self.negative[i].val();
            self.adder_tree.operand[i].next = self.ternary_lane[i].operand.val();
            self.adder_tree.carry[i].next = self.ternary_lane[i].carry.val();
        }
        clock!(self, clock, adder_tree, slot_memory, result_register);
        self.adder_tree.enable.next = self.advance.val();
        self.slot_memory.slot.next = self.slot.val();
        self.total.next = (signed_cast(!self.first.val(), self._acc_bits) & self.slot_memory.read_data.val())
            + signed_cast(self.adder_tree.sum[0].val(), self._acc_bits)
            + unsigned_cast(self.adder_tree.sum_carry[0].val(), self._acc_bits);
        self.slot_memory.write.next = self.accumulate.val();
        self.slot_memory.write_data.next = self.total.val();
        self.result_register.enable.next = self.emit.val();
        self.result_register.d.next = self.total.val();
        self.result.next = self.result_register.q.val();
    }
}
