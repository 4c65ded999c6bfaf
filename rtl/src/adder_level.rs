//! One registered level of the adder tree: sums of neighbours.
//!
//! ```text
//!               +---------------+
//!   operand  ==>|               |==> sum
//!               |  adder_level  |
//!     carry  ==>|               |==> sum_carry
//!    enable --->+-------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `enable` | in | 1, 1 | the pipeline advances at this edge |
//! | `operand` | in | COUNT x BITS | partial sums, two's complement |
//! | `carry` | in | COUNT x 1 | what each operand still lacks |
//! | `sum` | out | ceil(COUNT / 2) x (BITS + 1) | sums of two neighbours and the left one's carry |
//! | `sum_carry` | out | ceil(COUNT / 2) x 1 | the right one's carry, still to be added |
//!
//! Parameters: `count` >= 1, `bits`. Latency: [`contract::latency::TREE_LEVEL_CYCLES`]; one set of sums a cycle.
//! Golden: `sum + sum_carry` of a pair is `operand + carry` of its two halves; an odd last operand passes through.
//!
//! A binary tree of n leaves has n - 1 adders, each with a carry input that would be idle: the left operand's carry
//! enters there and the right one's is handed down, so the count of negative trits is added without one more adder.
//! No sum needs a bit more for it: n lanes with n - 1 carries stay below 128 n, which only the last carry can reach.
//!
//! Does not: check that its operands came from lanes; with arbitrary operands a sum may need one bit more.

use rust_hdl::prelude::*;

use crate::hdl::{Bank, Bus, Pack, Wires, signed_cast, unsigned_cast};

/// Sums of neighbours, registered.
#[derive(LogicBlock, Debug)]
pub struct AdderLevel {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The pipeline advances at this edge.
    pub enable: Bus<In>,
    /// Partial sums.
    pub operand: Pack<Bus<In>>,
    /// What each partial sum still lacks, 0 or 1.
    pub carry: Pack<Bus<In>>,
    /// Half as many sums, one bit wider.
    pub sum: Pack<Bus<Out>>,
    /// What each sum still lacks.
    pub sum_carry: Pack<Bus<Out>>,
    sum_register: Bank,
    carry_register: Bank,
    _pairs: usize,
    _bits: usize,
}

impl AdderLevel {
    /// A level over `count` operands of `bits` bits each.
    pub fn new(count: usize, bits: usize) -> Self {
        let sums = count.div_ceil(2);
        Self {
            clock: Signal::default(),
            enable: Bus::new(1),
            operand: Pack::new(count, bits),
            carry: Pack::new(count, 1),
            sum: Pack::new(sums, bits + 1),
            sum_carry: Pack::new(sums, 1),
            sum_register: Bank::new(sums, bits + 1),
            carry_register: Bank::new(sums, 1),
            _pairs: count / 2,
            _bits: bits + 1,
        }
    }
}

impl Logic for AdderLevel {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "Sums of neighbours. The left carry is added here, the right one is handed to the next level."
        );
        clock!(self, clock, sum_register, carry_register);
        self.sum_register.enable.next = self.enable.val();
        self.carry_register.enable.next = self.enable.val();
        for i in 0..self._pairs {
            self.sum_register.d[i].next = signed_cast(self.operand[2 * i].val(), self._bits)
                + signed_cast(self.operand[2 * i + 1].val(), self._bits)
                + unsigned_cast(self.carry[2 * i].val(), self._bits);
            self.carry_register.d[i].next = self.carry[2 * i + 1].val();
        }
        for i in self._pairs..self.sum.len() {
            self.sum_register.d[i].next = signed_cast(self.operand[2 * i].val(), self._bits);
            self.carry_register.d[i].next = self.carry[2 * i].val();
        }
        Wires::join(&mut self.sum_register.q, &mut self.sum);
        Wires::join(&mut self.carry_register.q, &mut self.sum_carry);
    }
}
