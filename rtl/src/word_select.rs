//! One of several words, each with a bit that selects it.
//!
//! ```text
//!          +---------------+
//!  hit ===>|               |--> known
//!  value =>|  word_select  |==> selected
//!          +---------------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `hit` | in | COUNT x 1 | selects a word; at most one is 1 |
//! | `value` | in | COUNT x BITS | the words |
//! | `known` | out | 1 | one is selected |
//! | `selected` | out | BITS | that word, or 0 |
//!
//! Parameters: `count` >= 1, `bits`. Latency: 0. Golden: a search.
//!
//! Every word is masked by its own bit and all are ORed, so that no word waits for the comparison that selects another.
//!
//! Does not: hold anything, or look at what `value` is.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Pack, signed_cast};

/// One of several words.
#[derive(LogicBlock, Debug)]
pub struct WordSelect {
    /// Which word.
    pub hit: Pack<Bus<In>>,
    /// The words.
    pub value: Pack<Bus<In>>,
    /// There is such a word.
    pub known: Bus<Out>,
    /// The word, or 0.
    pub selected: Bus<Out>,
    /// The words up to each, masked and ORed.
    either: Vec<Bus<Local>>,
    /// Whether one of those was meant.
    any: Vec<Bus<Local>>,
    _last: usize,
}

impl WordSelect {
    /// `count` words of `bits` bits.
    pub fn new(count: usize, bits: usize) -> Self {
        Self {
            hit: Pack::new(count, 1),
            value: Pack::new(count, bits),
            known: Bus::new(1),
            selected: Bus::new(bits),
            either: (0..count).map(|_| Bus::new(bits)).collect(),
            any: (0..count).map(|_| Bus::new(1)).collect(),
            _last: count - 1,
        }
    }
}

impl Logic for WordSelect {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("module word_select");
        comment!("One of several words, each with a bit that selects it; 0 if none does.");
        self.either[0].next = signed_cast(self.hit[0].val(), self.selected.bits()) & self.value[0].val();
        self.any[0].next = self.hit[0].val();
        for i in 1..self.either.len() {
            self.either[i].next = self.either[i - 1].val()
                | (signed_cast(self.hit[i].val(), self.selected.bits()) & self.value[i].val());
            self.any[i].next = self.any[i - 1].val() | self.hit[i].val();
        }
        // The last word; RustHDL indexes by a loop's variable only.
        for i in self._last..self.either.len() {
            self.selected.next = self.either[i].val();
            self.known.next = self.any[i].val();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::hdl::Wires;
    use crate::testing::{Bench, Values, bench};

    /// A clock, which the bench needs and the block does not.
    #[derive(LogicBlock)]
    struct Clocked {
        clock: Signal<In, Clock>,
        select: WordSelect,
        hit: Pack<Bus<In>>,
        value: Pack<Bus<In>>,
        known: Bus<Out>,
        selected: Bus<Out>,
    }

    impl Logic for Clocked {
        #[hdl_gen]
        fn update(&mut self) {
            Wires::join(&mut self.hit, &mut self.select.hit);
            Wires::join(&mut self.value, &mut self.select.value);
            self.known.next = self.select.known.val();
            self.selected.next = self.select.selected.val();
        }
    }

    fn word_select(count: usize, bits: usize) -> Bench<Clocked> {
        let block = Clocked {
            clock: Signal::default(),
            select: WordSelect::new(count, bits),
            hit: Pack::new(count, 1),
            value: Pack::new(count, bits),
            known: Bus::new(1),
            selected: Bus::new(bits),
        };
        bench!(block, "clocked": hit, value => known, selected)
    }

    /// Every word, and none; it is there in the same cycle.
    #[test]
    fn equals_a_search() {
        for count in [1, 2, 7] {
            let mut random = Random::new(1);
            let mut cycle = |i: usize| {
                let hit = (0..count).map(|word| u64::from(i % (count + 1) == word)).collect();
                vec![hit, (0..count).map(|_| random.below(256)).collect()]
            };
            let inputs: Vec<Values> = (0..2000).map(&mut cycle).collect();
            let outputs = word_select(count, 8).run(&inputs, 0);
            for (input, output) in inputs.iter().zip(outputs) {
                let at = input[0].iter().position(|hit| *hit == 1);
                assert_eq!(output, [[u64::from(at.is_some())], [at.map_or(0, |at| input[1][at])]]);
            }
        }
    }

    #[test]
    fn synthesises() {
        word_select(1, 8).assert_synthesises();
        word_select(3, 1).assert_synthesises();
    }
}
