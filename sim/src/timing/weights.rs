//! Weights on their way from the DRAM to the engines, and what stands around an engine besides.
//!
//! The engines are in step, and each fetches its own tiles: what they ask for at once is one stretch of memory, since their
//! images are interleaved by the beat. So one engine stands for all, and its beat is one of each.

use std::collections::VecDeque;
use std::rc::Rc;

use super::memory::{Memory, MemoryState, Origin, Progress};
use super::skip::Memo;
use crate::engine::{Front, Ports, Request, Skip, Tally, Transfer};
use crate::mapping::Extent;

/// From a burst asked of the SRAM that holds weights to its first beat: one cycle to read it.
const HELD_WEIGHTS_CYCLES: i64 = 1;

/// Beats of a job in which as many engines take part.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Beats, of each engine.
    pub beats: u64,
    /// Bytes of a beat of all engines together.
    pub beat_bytes: u64,
    /// Where they lie; they end in its last stripe.
    pub extent: Extent,
}

/// Memory, and the vector unit, which broadcasts activations and takes results as they come.
pub struct Surroundings {
    pub(super) memory: Memory,
    stripe_bytes: u64,
    /// The parts of the job that were not begun.
    parts: VecDeque<Part>,
    /// What is left of the part that is being asked for.
    part: Part,
    /// Bytes of the last stripe that were not asked for.
    rest: u64,
    /// When that stripe arrives.
    arrival: i64,
    /// When each beat arrives that was asked for and not taken.
    coming: VecDeque<i64>,
    /// Whether weights come from the engines' SRAM, which holds the last ones that came from memory.
    replays: bool,
    /// The first cycle in which the activations of the job are there.
    start: i64,
    /// The cycle in which the last result was taken.
    taken: i64,
}

impl Surroundings {
    /// A chip's memory, of stripes of so many bytes.
    pub fn new(memory: Memory, stripe_bytes: u64) -> Self {
        Self {
            memory,
            stripe_bytes,
            parts: VecDeque::new(),
            part: Part { beats: 0, beat_bytes: 1, extent: Extent { base: 0, stripes: 0 } },
            rest: 0,
            arrival: 0,
            coming: VecDeque::new(),
            replays: false,
            start: 0,
            taken: 0,
        }
    }

    /// A job begins, whose activations are there from cycle `start` on.
    pub fn begin(&mut self, parts: impl IntoIterator<Item = Part>, start: i64) {
        self.parts.extend(parts);
        self.start = start;
    }

    /// The next weights come from memory, or from the engines' SRAM.
    pub(super) fn replay(&mut self, replays: bool) {
        self.replays = replays;
    }

    /// The cycle in which the last result was taken.
    pub(super) fn taken(&self) -> i64 {
        self.taken
    }

    /// Whether all that was to be asked for was.
    pub(super) fn is_over(&self) -> bool {
        self.parts.is_empty()
            && self.part.beats == 0
            && self.part.extent.stripes == 0
            && self.coming.is_empty()
    }
}

impl Ports for Surroundings {
    fn weight(&mut self, from: i64) -> i64 {
        let Some(arrival) = self.coming.pop_front() else { unreachable!("a beat was asked for") };
        from.max(arrival)
    }

    fn activation(&mut self, from: i64) -> i64 {
        from.max(self.start)
    }

    fn vector(&mut self, from: i64) -> i64 {
        from.max(self.start)
    }

    fn result(&mut self, from: i64) -> i64 {
        self.taken = from;
        from
    }

    fn quantized(&mut self, from: i64) -> i64 {
        self.taken = from;
        from
    }

    fn request(&mut self, request: Request) -> i64 {
        if self.replays {
            let arrival = request.offered + HELD_WEIGHTS_CYCLES;
            self.coming.extend((0..request.beats).map(|_| arrival));
            return request.offered;
        }
        for _ in 0..request.beats {
            if self.part.beats == 0 {
                let Some(part) = self.parts.pop_front() else { unreachable!("a beat belongs to a part") };
                (self.part, self.rest) = (part, 0);
            }
            let part = &mut self.part;
            while self.rest < part.beat_bytes {
                self.arrival = self.memory.read(part.extent.base, request.offered);
                part.extent.base += 1;
                part.extent.stripes -= 1;
                self.rest += self.stripe_bytes;
            }
            self.rest -= part.beat_bytes;
            part.beats -= 1;
            self.coming.push_back(self.arrival);
        }
        request.offered
    }

    fn transfer(&mut self, _: Transfer, _: i64) {}
}

/// Everything that the future of a job's weights depends on, far from its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Situation {
    tokens: u64,
    beat_bytes: u64,
    memory: MemoryState,
    front: Front,
    rest: u64,
    arrival: i64,
    coming: VecDeque<i64>,
}

impl Situation {
    fn of(tokens: u64, front: &Front, ports: &Surroundings, origin: &Origin) -> Self {
        let zero = ports.memory.zero(origin);
        Self {
            tokens,
            beat_bytes: ports.part.beat_bytes,
            memory: ports.memory.state(origin),
            front: front.present(-zero),
            rest: ports.rest,
            arrival: if ports.rest == 0 { 0 } else { ports.arrival - zero },
            coming: ports.coming.iter().map(|cycle| cycle - zero).collect(),
        }
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.memory.bytes()
            + self.front.bytes()
            + self.coming.capacity() * size_of::<i64>()
    }
}

/// What happened in an interval.
struct Steps {
    /// The cycle of each step's first token.
    firsts: Vec<i64>,
    /// Beats that were asked for.
    beats: u64,
    tally: Tally,
    progress: Progress,
}

/// A point at which an interval begins.
struct Mark {
    situation: Rc<Situation>,
    origin: Origin,
    tally: Tally,
    beats_left: u64,
    /// The cycles of the steps' first tokens since, relative to the point.
    firsts: Vec<i64>,
}

/// Beats after which a short interval ends.
const SHORT_BEATS: u64 = 512;

/// Recognises where jobs go on as they did before: between two refreshes, and near a job's end, where no whole one of these
/// intervals fits, between points that are closer to each other.
pub(super) struct StepSkipper {
    whole: Level,
    short: Level,
    /// Beats that can come between two refreshes.
    refresh_beats: u64,
    refreshes: u64,
    /// Of the job.
    tokens: u64,
    /// Nothing was looked for in this job.
    fresh: bool,
}

/// Intervals of a kind.
struct Level {
    memo: Memo<Situation, Steps>,
    /// Where the present one began, if all steps since waited for nothing but weights.
    mark: Option<Mark>,
}

/// A point of a job, as known intervals lead on to others.
struct Point {
    situation: Rc<Situation>,
    origin: Origin,
    tally: Tally,
    beats_left: u64,
    steps: u64,
}

impl StepSkipper {
    /// Recognises up to so many beats between two refreshes.
    pub(super) fn new(refresh_beats: u64) -> Self {
        let level = || Level { memo: Memo::new(), mark: None };
        Self { whole: level(), short: level(), refresh_beats, refreshes: 0, tokens: 0, fresh: false }
    }

    /// A job of so many tokens begins.
    pub(super) fn begin(&mut self, tokens: u64) {
        self.forget_marks();
        self.fresh = true;
        self.tokens = tokens;
    }

    fn forget_marks(&mut self) {
        (self.whole.mark, self.short.mark) = (None, None);
    }

    fn is_near_end(&self, beats_left: u64) -> bool {
        beats_left <= self.refresh_beats
    }
}

impl Level {
    /// Ends the interval at a point, and remembers it.
    fn end(&mut self, point: &Point) {
        let Some(mark) = self.mark.take() else { return };
        // The parts of a job follow each other in memory, but not as beats do.
        if mark.situation.beat_bytes != point.situation.beat_bytes || mark.beats_left <= point.beats_left {
            return;
        }
        let steps = Steps {
            firsts: mark.firsts,
            beats: mark.beats_left - point.beats_left,
            tally: point.tally.since(mark.tally),
            progress: Memory::progress(&mark.origin, &point.origin),
        };
        let bytes = mark.situation.bytes() + size_of::<i64>() * steps.firsts.capacity();
        self.memo.remember(mark.situation, steps, Rc::clone(&point.situation), bytes);
    }

    /// An interval begins at a point.
    fn begin(&mut self, point: &Point) {
        self.mark = Some(Mark {
            situation: Rc::clone(&point.situation),
            origin: point.origin,
            tally: point.tally,
            beats_left: point.beats_left,
            firsts: vec![],
        });
    }

    /// Goes over known intervals, as long as they end far enough from the job's end, and the tokens of their steps can enter.
    fn follow(
        &mut self,
        point: &mut Point,
        front: &Front,
        ports: &mut Surroundings,
        meets: &mut dyn FnMut(&mut Surroundings, &[i64], i64) -> bool,
    ) {
        let start = Rc::clone(&point.situation);
        let end = self.memo.follow(&start, |steps| {
            let left = point.beats_left.saturating_sub(steps.beats);
            let zero = ports.memory.zero(&point.origin);
            let goes_on = front.end_is_far(left) && meets(ports, &steps.firsts, zero);
            if goes_on {
                point.origin = Memory::after(&point.origin, &steps.progress);
                point.steps += steps.firsts.len() as u64;
                point.beats_left = left;
                point.tally = point.tally.and(steps.tally);
            }
            goes_on
        });
        point.situation = end.unwrap_or(start);
    }

    fn stepped(&mut self, first: Option<i64>, ports: &Surroundings) {
        self.mark = match (self.mark.take(), first) {
            (Some(mut mark), Some(first)) => {
                mark.firsts.push(first - ports.memory.zero(&mark.origin));
                Some(mark)
            }
            _ => None,
        };
    }
}

impl Surroundings {
    /// Goes to a point to which known intervals led from `from`.
    fn arrive(&mut self, from: &Origin, point: &Point) {
        let (end, zero) = (&point.situation, self.memory.zero(&point.origin));
        self.memory.arrive(from, &point.origin, &end.memory);
        self.part.beats = point.beats_left;
        self.part.extent.stripes -= point.origin.burst - from.burst;
        self.part.extent.base = point.origin.burst;
        self.rest = end.rest;
        self.arrival = end.arrival + zero;
        self.coming = end.coming.iter().map(|cycle| cycle + zero).collect();
    }
}

impl Skip<Surroundings> for StepSkipper {
    fn skip(
        &mut self,
        front: &mut Front,
        ports: &mut Surroundings,
        tally: &mut Tally,
        meets: &mut dyn FnMut(&mut Surroundings, &[i64], i64) -> bool,
    ) -> u64 {
        let beats_left = ports.part.beats;
        let refreshed = self.fresh || ports.memory.counters().refreshes != self.refreshes;
        let is_due = |mark: &Mark| mark.beats_left.saturating_sub(beats_left) >= SHORT_BEATS;
        let due = self.is_near_end(beats_left) && self.short.mark.as_ref().is_none_or(is_due);
        if !refreshed && !due {
            return 0;
        }
        if !ports.memory.only_reads() || !front.end_is_far(beats_left) {
            self.forget_marks();
            return 0;
        }
        self.fresh = false;
        let from = ports.memory.origin(ports.part.extent.base);
        let situation = Rc::new(Situation::of(self.tokens, front, ports, &from));
        let mut point = Point { situation, origin: from, tally: *tally, beats_left, steps: 0 };
        if refreshed {
            self.whole.end(&point);
            self.whole.follow(&mut point, front, ports, meets);
        }
        if point.steps == 0 {
            self.short.end(&point);
        }
        let whole_steps = point.steps;
        if self.is_near_end(point.beats_left) {
            self.short.follow(&mut point, front, ports, meets);
        }
        if refreshed || point.steps > whole_steps {
            self.whole.begin(&point);
        }
        self.short.mark = None;
        if self.is_near_end(point.beats_left) {
            self.short.begin(&point);
        }
        if point.steps > 0 {
            front.resume(
                &point.situation.front,
                ports.memory.zero(&point.origin),
                front.left() - (beats_left - point.beats_left),
            );
            ports.arrive(&from, &point);
            *tally = point.tally;
        }
        self.refreshes = ports.memory.counters().refreshes;
        point.steps
    }

    fn stepped(&mut self, first: Option<i64>, ports: &Surroundings) {
        self.whole.stepped(first, ports);
        self.short.stepped(first, ports);
    }
}
