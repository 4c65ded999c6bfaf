//! The last events of a kind.

/// Before anything happened; far enough from the end of the numbers that cycles can be added to it.
pub(super) const NEVER: i64 = i64::MIN / 2;

/// In which cycles the last events of a kind happened.
#[derive(Clone, Debug)]
pub(super) struct History {
    cycles: Vec<i64>,
    events: u64,
}

impl History {
    /// Remembers the last `depth` events.
    pub(super) fn new(depth: u64) -> Self {
        // A chip's and an engine's validation keep the depths small; a power of two saves the divisions.
        let places = usize::try_from(depth.next_power_of_two()).unwrap_or(usize::MAX);
        Self { cycles: vec![NEVER; places], events: 0 }
    }

    /// An event happens, not before the last one.
    pub(super) fn push(&mut self, cycle: i64) {
        let place = self.place(self.events);
        self.cycles[place] = cycle;
        self.events += 1;
    }

    /// How many events happened.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// The cycle of the `n`-th last event, at most as many as are remembered; [`NEVER`] if there were fewer.
    pub(super) fn last(&self, n: u64) -> i64 {
        if n > self.events { NEVER } else { self.cycles[self.place(self.events - n)] }
    }

    fn place(&self, event: u64) -> usize {
        event as usize & (self.cycles.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_events_are_remembered() {
        let mut history = History::new(3);
        assert_eq!((history.last(1), history.events()), (NEVER, 0));
        (0..10).for_each(|event| history.push(10 * event));
        assert_eq!((history.last(1), history.last(3), history.events()), (90, 70, 10));
    }
}
