//! The last events of a kind.

use std::collections::VecDeque;

/// Before anything happened; far enough from the end of the numbers that cycles can be added to it.
pub(super) const NEVER: i64 = i64::MIN / 2;

/// In which cycles the last events of a kind happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct History {
    depth: usize,
    cycles: VecDeque<i64>,
}

impl History {
    /// Remembers the last `depth` events.
    pub(super) fn new(depth: u64) -> Self {
        Self { depth: usize::try_from(depth).unwrap_or(usize::MAX), cycles: VecDeque::new() }
    }

    /// An event happens, not before the last one.
    pub(super) fn push(&mut self, cycle: i64) {
        if self.cycles.len() == self.depth {
            self.cycles.pop_front();
        }
        self.cycles.push_back(cycle);
    }

    /// The cycle of the `n`-th last event, at most as many as are remembered; [`NEVER`] if there were fewer.
    pub(super) fn last(&self, n: u64) -> i64 {
        let event = usize::try_from(n).ok().and_then(|n| self.cycles.len().checked_sub(n));
        event.map_or(NEVER, |event| self.cycles[event])
    }

    /// Forgets what happened until a cycle, before which nothing is asked for.
    pub(super) fn forget_until(&mut self, cycle: i64) {
        while self.cycles.front().is_some_and(|&event| event <= cycle) {
            self.cycles.pop_front();
        }
    }

    pub(super) fn shift(&mut self, cycles: i64) {
        self.cycles.iter_mut().for_each(|event| *event += cycles);
    }

    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.cycles.capacity() * size_of::<i64>()
    }
}

/// A cycle, moved; what never happened stays so.
pub(super) fn shift(cycle: &mut i64, by: i64) {
    if *cycle != NEVER {
        *cycle += by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_events_are_remembered() {
        let mut history = History::new(3);
        assert_eq!(history.last(1), NEVER);
        (0..10).for_each(|event| history.push(10 * event));
        assert_eq!((history.last(1), history.last(3), history.last(4)), (90, 70, NEVER));
        history.forget_until(70);
        history.shift(5);
        assert_eq!((history.last(2), history.last(3)), (85, NEVER));
    }
}
