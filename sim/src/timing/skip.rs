//! Exact skipping: what follows from a situation that was stepped before is taken over instead of stepped again.
//!
//! A [`Situation`] is everything that the future of a stream depends on, moved to time 0 and row 0: two that are equal,
//! compared field by field, go on alike. Two things are remembered: whole jobs, by the situation in which they begin,
//! and within long jobs the intervals between refreshes.

use std::collections::HashMap;

use super::flow::{Consumer, Flow, Tally};
use crate::dram::{ChannelState, Counters};

/// Beyond so many bytes nothing more is remembered: what recurs has done so by then, and memory stays bounded.
const MAX_BYTES: usize = 64 << 20;

/// Everything that the future of a stream depends on, but for the extent that is left.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Situation {
    pub(super) consumer: Consumer,
    /// The next burst, in the sweep after which the address mapping repeats.
    pub(super) burst_in_sweep: u64,
    pub(super) channel: ChannelState,
    pub(super) flow: Flow,
}

/// What happens from one situation to another.
#[derive(Clone, Debug)]
pub(super) struct Passage {
    pub(super) stripes: u64,
    /// Periods of the two clocks.
    pub(super) periods: i64,
    pub(super) tally: Tally,
    pub(super) counters: Counters,
    pub(super) end: Situation,
}

/// A job before its first stripe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct JobStart {
    pub(super) situation: Situation,
    /// The array cycle before which nothing is computed.
    pub(super) start: i64,
    pub(super) stripes: u64,
    pub(super) bytes: u64,
    /// Writes that wait: the array cycle of their making, their first burst, their stripes.
    pub(super) writes: Vec<(i64, i64, u64)>,
}

/// The same job behind its last stripe.
#[derive(Clone, Debug)]
pub(super) struct JobEnd {
    pub(super) passage: Passage,
    /// The array cycle in which the consumer is done.
    pub(super) done: i64,
    /// Writes that still wait.
    pub(super) writes_left: usize,
    /// The DRAM cycle after the last beat of the last write that did not.
    pub(super) written: Option<i64>,
}

/// An interval between two refreshes.
struct Interval {
    passage: Passage,
    /// The interval that begins where this one ends, once it is known.
    next: Option<usize>,
}

/// What was stepped before.
#[derive(Default)]
pub(super) struct Skipper {
    jobs: HashMap<JobStart, JobEnd>,
    intervals: Vec<Interval>,
    by_start: HashMap<Situation, usize>,
    bytes: usize,
}

impl Skipper {
    pub(super) fn job(&self, start: &JobStart) -> Option<&JobEnd> {
        self.jobs.get(start)
    }

    pub(super) fn remember_job(&mut self, start: JobStart, end: JobEnd) {
        if self.has_room_for(&start.situation) {
            self.jobs.insert(start, end);
        }
    }

    pub(super) fn remember_interval(&mut self, start: Situation, passage: Passage) {
        if self.has_room_for(&start) {
            self.by_start.entry(start).or_insert_with(|| {
                self.intervals.push(Interval { passage, next: None });
                self.intervals.len() - 1
            });
        }
    }

    /// Each memory is of two situations.
    fn has_room_for(&mut self, situation: &Situation) -> bool {
        let bytes = 2 * (situation.channel.bytes() + situation.flow.bytes() + size_of::<Interval>());
        let room = self.bytes + bytes <= MAX_BYTES;
        self.bytes += if room { bytes } else { 0 };
        room
    }

    /// All known intervals from a situation on, one behind the other, that end before `left` stripes are over.
    pub(super) fn intervals_from(&mut self, start: &Situation, left: u64) -> Option<Passage> {
        let mut index = self.by_start.get(start).copied();
        let (mut stripes, mut periods) = (0, 0);
        let (mut tally, mut counters) = (Tally::default(), Counters::default());
        let mut last = None;
        while let Some(at) = index.filter(|&at| stripes + self.intervals[at].passage.stripes < left) {
            let Interval { passage, next } = &self.intervals[at];
            stripes += passage.stripes;
            periods += passage.periods;
            tally.add(passage.tally);
            counters += passage.counters;
            index = next.or_else(|| self.by_start.get(&passage.end).copied());
            self.intervals[at].next = index;
            last = Some(at);
        }
        let end = self.intervals[last?].passage.end.clone();
        Some(Passage { stripes, periods, tally, counters, end })
    }
}
