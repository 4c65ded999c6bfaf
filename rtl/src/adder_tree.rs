//! The sum of all lanes, a registered level at a time, with the count of negative trits added on the way.
//!
//! ```text
//!               +--------------+
//!   operand  ==>|              |--> sum
//!               |  adder_tree  |
//!     carry  ==>|              |--> sum_carry
//!    enable --->+------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `enable` | in | 1, 1 | the pipeline advances at this edge |
//! | `operand` | in | LANES x 8 | what the lanes give |
//! | `carry` | in | LANES x 1 | what each operand lacks to its product |
//! | `sum` | out | `contract::widths::tree_bits(LANES)` | the sum but for the last lane's carry |
//! | `sum_carry` | out | 1 | the last lane's carry, for the accumulator's carry input |
//!
//! Parameters: `lanes` >= 1, no power of two needed. Latency: `contract::latency::tree_levels(LANES)` x
//! [`contract::latency::TREE_LEVEL_CYCLES`]; one sum a cycle. Golden: `sum + sum_carry` is `contract::sum_lanes`.
//!
//! Each level is a module of its own with registered sums: Yosys would merge an unregistered tree into one cell that
//! maps badly. With one lane there is no level, and the block is wire.
//!
//! Does not: accumulate.

use contract::{latency::tree_levels, widths::ACTIVATION_BITS};
use rust_hdl::prelude::*;

use crate::adder_level::AdderLevel;
use crate::hdl::{Bus, Pack, Wires};

/// The sum of all lanes.
#[derive(LogicBlock, Debug)]
pub struct AdderTree {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The pipeline advances at this edge.
    pub enable: Bus<In>,
    /// What the lanes give.
    pub operand: Pack<Bus<In>>,
    /// What each operand lacks to its product, 0 or 1.
    pub carry: Pack<Bus<In>>,
    /// The sum, one element.
    pub sum: Pack<Bus<Out>>,
    /// What the sum still lacks, one element.
    pub sum_carry: Pack<Bus<Out>>,
    adder_level: Vec<AdderLevel>,
    partial: Vec<Pack<Bus<Local>>>,
    partial_carry: Vec<Pack<Bus<Local>>>,
}

impl AdderTree {
    /// A tree over `lanes` operands.
    pub fn new(lanes: u32) -> Self {
        let levels = tree_levels(lanes) as usize;
        let width = |level: usize| ACTIVATION_BITS as usize + level;
        let count = |level: usize| (lanes as usize).div_ceil(1 << level);
        Self {
            clock: Signal::default(),
            enable: Bus::new(1),
            operand: Pack::new(count(0), width(0)),
            carry: Pack::new(count(0), 1),
            sum: Pack::new(1, width(levels)),
            sum_carry: Pack::new(1, 1),
            adder_level: (0..levels).map(|level| AdderLevel::new(count(level), width(level))).collect(),
            partial: (0..=levels).map(|level| Pack::new(count(level), width(level))).collect(),
            partial_carry: (0..=levels).map(|level| Pack::new(count(level), 1)).collect(),
        }
    }
}

impl Logic for AdderTree {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The sum of all lanes, one registered level at a time.");
        for i in 0..self.adder_level.len() {
            self.adder_level[i].clock.next = self.clock.val();
            self.adder_level[i].enable.next = self.enable.val();
        }
        Wires::join(&mut self.operand, &mut self.partial[0]);
        Wires::join(&mut self.carry, &mut self.partial_carry[0]);
        for i in 0..self.adder_level.len() {
            Wires::join(&mut self.partial[i], &mut self.adder_level[i].operand);
            Wires::join(&mut self.partial_carry[i], &mut self.adder_level[i].carry);
            Wires::join(&mut self.adder_level[i].sum, &mut self.partial[i + 1]);
            Wires::join(&mut self.adder_level[i].sum_carry, &mut self.partial_carry[i + 1]);
        }
        for i in self.adder_level.len()..self.partial.len() {
            Wires::join(&mut self.partial[i], &mut self.sum);
            Wires::join(&mut self.partial_carry[i], &mut self.sum_carry);
        }
    }
}
