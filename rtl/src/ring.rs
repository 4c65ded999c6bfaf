//! Whose turn it is, of several that take turns.
//!
//! ```text
//!   reset -->+--------+
//!            |  ring  |==> turn
//! advance -->+---/\---+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, the first one's turn |
//! | `advance` | in | 1 | it is the next one's turn from the next cycle on |
//! | `turn` | out | COUNT x 1 | exactly one is 1 |
//!
//! Parameters: `count` >= 1. Latency: 1. Golden: a counter modulo COUNT.
//!
//! The first one's bit is stored inverted, so that all are cleared at reset.
//!
//! Does not: skip one that is not ready.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Pack, ResetRegister};

/// A single 1 that goes around.
#[derive(LogicBlock, Debug)]
pub struct Ring {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The first one's turn.
    pub reset: Bus<In>,
    /// The next one's turn.
    pub advance: Bus<In>,
    /// Whose turn it is.
    pub turn: Pack<Bus<Out>>,
    stage: Vec<ResetRegister>,
    passed: Vec<Bus<Local>>,
}

impl Ring {
    /// A ring of `count` that take turns.
    pub fn new(count: usize) -> Self {
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            advance: Bus::new(1),
            turn: Pack::new(count, 1),
            stage: (0..count).map(|_| ResetRegister::new(1)).collect(),
            passed: (0..=count).map(|_| Bus::new(1)).collect(),
        }
    }
}

impl Logic for Ring {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("module ring");
        comment!("Whose turn it is: a single 1 that goes around. The first bit is stored inverted.");
        for i in 0..self.stage.len() {
            self.stage[i].clock.next = self.clock.val();
            self.stage[i].reset.next = self.reset.val();
            self.stage[i].enable.next = self.advance.val();
        }
        self.turn[0].next = !self.stage[0].q.val();
        for i in 1..self.stage.len() {
            self.turn[i].next = self.stage[i].q.val();
        }
        for i in 0..self.stage.len() {
            self.passed[i + 1].next = self.turn[i].val();
        }
        // From the last one to the first.
        for i in self.stage.len()..self.passed.len() {
            self.passed[0].next = self.passed[i].val();
        }
        self.stage[0].d.next = !self.passed[0].val();
        for i in 1..self.stage.len() {
            self.stage[i].d.next = self.passed[i].val();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn ring(count: usize) -> Bench<Ring> {
        bench!(Ring::new(count), "ring": reset, advance => turn)
    }

    #[test]
    fn equals_a_counter() {
        for count in [1, 2, 3, 16] {
            let mut random = Random::new(count as u64);
            let mut cycle = |i| vec![vec![u64::from(i == 0 || random.chance(1))], vec![random.below(2)]];
            let cycles: Vec<Values> = (0..5000).map(&mut cycle).collect();
            let outputs = ring(count).run(&cycles, 1);
            let mut at = 0;
            for (i, (cycle, output)) in cycles.iter().zip(outputs).enumerate() {
                let turn: Vec<u64> = (0..count).map(|one| u64::from(one == at)).collect();
                assert!(i == 0 || output[0] == turn, "cycle {i}");
                at = if cycle[0][0] == 1 { 0 } else { (at + usize::from(cycle[1][0] == 1)) % count };
            }
        }
    }

    #[test]
    fn moves_in_the_cycle_after_and_not_before() {
        let cycle = |reset, advance| vec![vec![reset], vec![advance]];
        let outputs = ring(2).run(&[cycle(1, 0), cycle(0, 1), cycle(0, 0), cycle(0, 1), cycle(0, 0)], 1);
        let turns: Vec<&[u64]> = outputs[1..].iter().map(|output| &output[0][..]).collect();
        assert_eq!(turns, [[1, 0], [0, 1], [0, 1], [1, 0]]);
    }

    #[test]
    fn synthesises() {
        ring(1).assert_synthesises();
        ring(5).assert_synthesises();
    }
}
