//! Data that the vector unit works through as it streams in.

use std::collections::VecDeque;
use std::rc::Rc;

use super::memory::{Memory, MemoryState, Origin, Progress};
use super::skip::Memo;
use crate::mapping::Extent;

/// How fast the vector unit works: `cycles / stripes` cycles a stripe, in whole cycles that add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rate {
    /// Cycles of so many stripes.
    pub(super) cycles: u64,
    /// So many stripes.
    pub(super) stripes: u64,
}

/// The vector unit's stream buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Buffer {
    /// Places that are free, in stripes.
    free: u64,
    /// When each of the others will be, or was, freed, in order.
    freed: VecDeque<i64>,
    /// What part of a cycle the unit has left over, in stripes of its rate.
    work: u64,
    /// The first cycle in which it can take a stripe.
    port: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Situation {
    rate: Rate,
    memory: MemoryState,
    buffer: Buffer,
}

/// What happened in an interval.
struct Events {
    stripes: u64,
    /// Cycles that the unit waited for data.
    waited: i64,
    progress: Progress,
}

/// A point at which an interval begins.
struct Mark {
    situation: Rc<Situation>,
    origin: Origin,
    waited: i64,
}

/// A buffer, and what streamed through it before.
pub(super) struct VectorStream {
    buffer: Buffer,
    waited: i64,
    memo: Option<Memo<Situation, Events>>,
}

impl VectorStream {
    /// An empty buffer of so many stripes. `skip` allows intervals to be skipped.
    pub(super) fn new(stripes: u64, skip: bool) -> Self {
        let buffer = Buffer { free: stripes, freed: VecDeque::new(), work: 0, port: 0 };
        Self { buffer, waited: 0, memo: skip.then(Memo::new) }
    }

    /// Streams an extent to the unit, which begins no earlier than `start`; the cycle in which it is done, and how long it waited
    /// for data since `start`.
    pub(super) fn stream(
        &mut self,
        memory: &mut Memory,
        rate: Rate,
        extent: Extent,
        start: i64,
    ) -> (i64, i64) {
        let waited = self.waited;
        self.buffer.port = self.buffer.port.max(start);
        // A part of a cycle at the end counts as a whole one.
        self.buffer.work = rate.stripes - 1;
        let (mut stripe, end) = (extent.base, extent.base + extent.stripes);
        let mut mark = None;
        while stripe < end {
            let refreshes = memory.counters().refreshes;
            let arrival = memory.read(stripe, self.buffer.reserve());
            self.waited += self.buffer.arrive(rate, arrival);
            stripe += 1;
            if memory.counters().refreshes != refreshes && stripe < end && memory.only_reads() {
                stripe += self.skip(memory, rate, stripe, end - stripe, &mut mark);
            }
        }
        self.buffer.work = 0;
        (self.buffer.port, self.waited - waited)
    }

    /// Just after a refresh: notes the interval since the last one, and skips as many known ones as end before the stream does.
    fn skip(
        &mut self,
        memory: &mut Memory,
        rate: Rate,
        stripe: u64,
        left: u64,
        mark: &mut Option<Mark>,
    ) -> u64 {
        let Some(memo) = &mut self.memo else { return 0 };
        let here = memory.origin(stripe);
        let zero = memory.zero(&here);
        let mut buffer = self.buffer.clone();
        buffer.forget_the_past(memory.horizon());
        buffer.shift(-zero);
        let situation = Rc::new(Situation { rate, memory: memory.state(&here), buffer });
        if let Some(mark) = mark.take() {
            let events = Events {
                stripes: stripe - mark.origin.burst,
                waited: self.waited - mark.waited,
                progress: Memory::progress(&mark.origin, &here),
            };
            let bytes = mark.situation.bytes();
            memo.remember(mark.situation, events, Rc::clone(&situation), bytes);
        }
        let (mut at, mut stripes, mut waited) = (here, 0, self.waited);
        let end = memo.follow(&situation, |events| {
            let goes_on = stripes + events.stripes < left;
            if goes_on {
                at = Memory::after(&at, &events.progress);
                stripes += events.stripes;
                waited += events.waited;
            }
            goes_on
        });
        let situation = match end {
            Some(end) => {
                memory.arrive(&here, &at, &end.memory);
                self.buffer = end.buffer.clone();
                self.buffer.shift(memory.zero(&at));
                self.waited = waited;
                end
            }
            None => situation,
        };
        *mark = Some(Mark { situation, origin: at, waited: self.waited });
        stripes
    }
}

impl Situation {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.memory.bytes() + self.buffer.freed.capacity() * size_of::<i64>()
    }
}

impl Buffer {
    /// Takes a place for the next stripe; the cycle from which it is free, 0 for one that is free already.
    fn reserve(&mut self) -> i64 {
        if self.free > 0 {
            self.free -= 1;
            return 0;
        }
        // A chip whose buffer cannot hold a stripe is refused when it is constructed.
        self.freed.pop_front().unwrap_or(self.port)
    }

    /// A stripe arrives, and is worked through; how long the unit waited for it.
    fn arrive(&mut self, rate: Rate, arrival: i64) -> i64 {
        let begin = self.port.max(arrival);
        let waited = begin - self.port;
        let work = self.work + rate.cycles;
        self.work = work % rate.stripes;
        self.port = begin + (work / rate.stripes).cast_signed();
        self.freed.push_back(self.port);
        waited
    }

    /// A place that is free by `horizon`, before which none is taken, is as good as one that was never used.
    fn forget_the_past(&mut self, horizon: i64) {
        while self.freed.front().is_some_and(|&cycle| cycle <= horizon) {
            self.freed.pop_front();
            self.free += 1;
        }
    }

    fn shift(&mut self, cycles: i64) {
        self.freed.iter_mut().for_each(|cycle| *cycle += cycles);
        self.port += cycles;
    }
}
