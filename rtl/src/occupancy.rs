//! Counts what has entered a place and not left it.
//!
//! ```text
//!           +-------------+
//!  enter -->|             |--> full
//!  leave -->|  occupancy  |--> occupied
//!  reset -->+-----/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, nothing is left |
//! | `enter` | in | 1 | one more from this edge on; only while not `full` |
//! | `leave` | in | 1 | one less from this edge on; only while `occupied` |
//! | `full` | out | 1 | PLACES are in |
//! | `occupied` | out | 1 | some are in |
//!
//! Parameters: `places`, a power of two, at least 2. Latency: 1. Golden: a variable.
//!
//! Both outputs are registers that look one step ahead; the count itself is kept modulo PLACES.
//!
//! Does not: refuse what does not fit.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Number, ResetRegister, clog2, signed_cast};

/// How many are in.
#[derive(LogicBlock, Debug)]
pub struct Occupancy {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Nothing is left.
    pub reset: Bus<In>,
    /// One more.
    pub enter: Bus<In>,
    /// One less.
    pub leave: Bus<In>,
    /// There is no room for more.
    pub full: Bus<Out>,
    /// There are some.
    pub occupied: Bus<Out>,
    count: ResetRegister,
    full_register: ResetRegister,
    occupied_register: ResetRegister,
    changes: Bus<Local>,
    one: Number,
    last_but_one: Number,
}

impl Occupancy {
    /// A count up to `places`.
    pub fn new(places: usize) -> Self {
        assert!(places >= 2 && places.is_power_of_two(), "the count wraps");
        let bits = clog2(places as u64);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            enter: Bus::new(1),
            leave: Bus::new(1),
            full: Bus::new(1),
            occupied: Bus::new(1),
            count: ResetRegister::new(bits),
            full_register: ResetRegister::new(1),
            occupied_register: ResetRegister::new(1),
            changes: Bus::new(1),
            one: Number::new(1, bits),
            last_but_one: Number::new(places as u64 - 1, bits),
        }
    }
}

impl Logic for Occupancy {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("module occupancy");
        comment!("Counts what has entered and not left.");
        clock!(self, clock, count, full_register, occupied_register);
        self.count.reset.next = self.reset.val();
        self.full_register.reset.next = self.reset.val();
        self.occupied_register.reset.next = self.reset.val();

        // One that enters alone may be the last that fits, one that leaves alone may leave none.
        self.changes.next = self.enter.val() ^ self.leave.val();
        self.count.enable.next = self.changes.val();
        self.count.d.next =
            self.count.q.val() + (signed_cast(!self.enter.val(), self.count.q.bits()) | self.one.val());
        self.full_register.enable.next = self.changes.val();
        self.full_register.d.next = self.enter.val() & (self.count.q.val() == self.last_but_one.val()).into();
        self.occupied_register.enable.next = self.changes.val();
        self.occupied_register.d.next = self.enter.val() | (self.count.q.val() != self.one.val()).into();
        self.full.next = self.full_register.q.val();
        self.occupied.next = self.occupied_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn occupancy(places: usize) -> Bench<Occupancy> {
        bench!(Occupancy::new(places), "occupancy": reset, enter, leave => full, occupied)
    }

    #[test]
    fn equals_a_variable() {
        for places in [2, 4, 64] {
            let mut random = Random::new(places as u64);
            let mut count = 0;
            let (mut cycles, mut expected): (Vec<Values>, Vec<Values>) = (vec![], vec![]);
            let [mut full, mut empty, mut both] = [0; 3];
            for i in 0..20_000 {
                // Phases in which more enter, or leave, and neither.
                let (eager, hungry) = [(90, 40), (40, 90), (95, 95)][i / 200 % 3];
                let reset = i == 0 || random.chance(1) && random.chance(20);
                let enter = count < places && random.chance(eager);
                let leave = count > 0 && random.chance(hungry);
                cycles.push([reset, enter, leave].map(|bit| vec![bit.into()]).to_vec());
                expected.push([count == places, count > 0].map(|bit| vec![bit.into()]).to_vec());
                full += usize::from(count == places);
                empty += usize::from(count == 0);
                both += usize::from(enter && leave);
                count = if reset { 0 } else { count + usize::from(enter) - usize::from(leave) };
            }
            assert!([full, empty, both].iter().all(|&cycles| cycles > 500), "{full} {empty} {both}");
            assert_eq!(occupancy(places).run(&cycles, 1)[1..], expected[1..], "{places} places");
        }
    }

    #[test]
    fn both_outputs_follow_in_the_next_cycle() {
        let cycle = |reset: u64, enter: u64, leave: u64| vec![vec![reset], vec![enter], vec![leave]];
        let cycles =
            [cycle(1, 0, 0), cycle(0, 1, 0), cycle(0, 1, 0), cycle(0, 0, 1), cycle(0, 0, 1), cycle(0, 0, 0)];
        let outputs = occupancy(2).run(&cycles, 1);
        assert_eq!(
            [1, 2, 3, 4, 5].map(|i: usize| outputs[i].concat()),
            [[0, 0], [0, 1], [1, 1], [0, 1], [0, 0]]
        );
    }

    #[test]
    fn synthesises() {
        occupancy(2).assert_synthesises();
        occupancy(64).assert_synthesises();
    }
}
