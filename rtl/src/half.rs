//! The upper or the lower half of a pack: a level of a multiplexer tree.
//!
//! ```text
//!             +------+
//!   whole  ==>| half |==> chosen
//!   upper  -->+------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `upper` | in | 1 | the upper half is chosen, else the lower one |
//! | `whole` | in | 2 x COUNT x BITS | |
//! | `chosen` | out | COUNT x BITS | |
//!
//! Parameters: `count`, `bits`. Latency: 0. Golden: a slice of an array.
//!
//! n of them in a row choose one of 2^n packs by a binary number, its highest bit first: two levels fit a LUT of six
//! inputs, which a chain of comparisons would not.
//!
//! Does not: register anything.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, High, Low, Pack};

/// A choice of two packs.
#[derive(LogicBlock, Debug)]
pub struct Half {
    /// The upper half is chosen.
    pub upper: Bus<In>,
    /// Both halves.
    pub whole: Pack<Bus<In>>,
    /// The half chosen.
    pub chosen: Pack<Bus<Out>>,
}

impl Half {
    /// A choice of two packs of `count` elements of `bits` bits each.
    pub fn new(count: usize, bits: usize) -> Self {
        Self { upper: Bus::new(1), whole: Pack::new(2 * count, bits), chosen: Pack::new(count, bits) }
    }
}

impl Logic for Half {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("module half");
        comment!("The upper or the lower half of what comes in.");
        if self.upper.val().any() {
            High::join(&mut self.whole, &mut self.chosen);
        } else {
            Low::join(&mut self.whole, &mut self.chosen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::hdl::Wires;
    use crate::testing::{Bench, Values, bench};

    /// A bench has a clock, which a half has not.
    #[derive(LogicBlock)]
    struct Clocked {
        clock: Signal<In, Clock>,
        upper: Bus<In>,
        whole: Pack<Bus<In>>,
        chosen: Pack<Bus<Out>>,
        half: Half,
    }

    impl Logic for Clocked {
        #[hdl_gen]
        fn update(&mut self) {
            self.half.upper.next = self.upper.val();
            Wires::join(&mut self.whole, &mut self.half.whole);
            Wires::join(&mut self.half.chosen, &mut self.chosen);
        }
    }

    fn half(count: usize, bits: usize) -> Bench<Clocked> {
        let clock = Signal::default();
        let Half { upper, whole, chosen } = Half::new(count, bits);
        let block = Clocked { clock, upper, whole, chosen, half: Half::new(count, bits) };
        bench!(block, "clocked": upper, whole => chosen)
    }

    /// In the same cycle: its latency is 0.
    #[test]
    fn equals_a_slice() {
        for (count, bits) in [(1, 1), (1, 24), (3, 8)] {
            let mut random = Random::new(bits as u64);
            let mut cycle = |_| {
                let whole: Vec<u64> = (0..2 * count).map(|_| random.below(1 << bits)).collect();
                vec![vec![random.below(2)], whole]
            };
            let cycles: Vec<Values> = (0..2000).map(&mut cycle).collect();
            for (cycle, output) in cycles.iter().zip(half(count, bits).run(&cycles, 0)) {
                let start = if cycle[0][0] == 1 { count } else { 0 };
                assert_eq!(output[0], cycle[1][start..start + count]);
            }
        }
    }

    #[test]
    fn synthesises() {
        half(1, 1).assert_synthesises();
        half(3, 8).assert_synthesises();
    }
}
