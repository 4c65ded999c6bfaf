//! Exact skipping: what follows from a situation that was stepped before is taken over instead of stepped again.
//!
//! A situation is everything that the future of a stream depends on, moved to time 0 and row 0: two that are equal,
//! compared field by field, go on alike. What is remembered are intervals, from the refresh on, after which the state is small and
//! recurs.

use std::hash::Hash;
use std::rc::Rc;

use rustc_hash::FxHashMap;

/// Beyond so many bytes nothing more is remembered: what recurs has done so by then, and memory stays bounded.
const MAX_BYTES: usize = 64 << 20;

/// An interval: what happened in it, and the situation in which it ended.
struct Interval<S, E> {
    events: E,
    end: Rc<S>,
    /// The interval that begins where this one ends, once it is known.
    next: Option<usize>,
}

/// What was stepped before.
pub(super) struct Memo<S, E> {
    intervals: Vec<Interval<S, E>>,
    by_start: FxHashMap<Rc<S>, usize>,
    bytes: usize,
}

impl<S: Eq + Hash, E> Memo<S, E> {
    pub(super) fn new() -> Self {
        Memo { intervals: Vec::new(), by_start: FxHashMap::default(), bytes: 0 }
    }

    /// Remembers an interval, of which start and events take so many bytes.
    pub(super) fn remember(&mut self, start: Rc<S>, events: E, end: Rc<S>, bytes: usize) {
        if self.bytes + bytes > MAX_BYTES || self.by_start.contains_key(&start) {
            return;
        }
        self.bytes += bytes;
        self.by_start.insert(start, self.intervals.len());
        self.intervals.push(Interval { events, end, next: None });
    }

    /// Goes over known intervals from a situation on, one behind the other, as long as `accept` agrees; the situation in which the
    /// last of them ended.
    pub(super) fn follow(&mut self, start: &S, mut accept: impl FnMut(&E) -> bool) -> Option<Rc<S>> {
        let mut index = self.by_start.get(start).copied();
        let mut last = None;
        while let Some(at) = index {
            if !accept(&self.intervals[at].events) {
                break;
            }
            last = Some(at);
            let Interval { end, next, .. } = &self.intervals[at];
            index = next.or_else(|| self.by_start.get(end).copied());
            self.intervals[at].next = index;
        }
        last.map(|at| Rc::clone(&self.intervals[at].end))
    }
}
