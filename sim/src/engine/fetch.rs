//! The read master: which bursts of weights it asks for, and when.
//!
//! A job's steps are counted, one a cycle; what is counted is cut into bursts, which end where a block of `burst_beats` beats
//! of the memory does; and a burst is asked for when the FIFO has room for all of it.

use std::collections::VecDeque;

use contract::latency::WEIGHT_FETCH_CYCLES;

use super::history::{History, NEVER, shift};
use super::{Ports, Request, Sizes};

/// From a job to its first step counted, to its first burst cut, asked for, offered: one cycle each.
const STAGE_CYCLES: i64 = 1;
const _: () = assert!(4 * STAGE_CYCLES == WEIGHT_FETCH_CYCLES as i64);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fetch {
    fifo_beats: u64,
    burst_beats: u64,
    beats_per_step: u64,
    beat_bytes: u64,
    /// Jobs that were not begun, with the cycle from which on each can be.
    waiting: VecDeque<(i64, Extent)>,
    /// What is left of the job.
    extent: Extent,
    /// Beats of the job that were counted.
    counted_beats: u64,
    /// Beats of it that were cut into bursts.
    cut_beats: u64,
    /// Bursts that may hold up the count: what was cut with each, and when.
    cuts: VecDeque<(u64, i64)>,
    /// The cycle in which the job was taken.
    begun: i64,
    /// The cycle after which bursts are the job's.
    advanced: i64,
    /// The cycle in which the last step was counted.
    counted: i64,
    /// The cycle in which the last burst was cut.
    cut: i64,
    /// The cycle in which it was asked for.
    asked: i64,
    /// The cycle in which the memory accepted it.
    accepted: i64,
    /// Beats asked for that have not left the FIFO.
    under_way: u64,
    /// Beats of the last burst that have not come.
    coming: u64,
}

/// Weights in memory, in beats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Extent {
    /// Where they end.
    end: u64,
    /// How many there are.
    beats: u64,
}

impl Fetch {
    pub(super) fn new(sizes: &Sizes) -> Self {
        Self {
            fifo_beats: sizes.fifo_beats,
            burst_beats: sizes.burst_beats,
            beats_per_step: sizes.beats(),
            beat_bytes: sizes.stream_bits / 8,
            waiting: VecDeque::new(),
            extent: Extent::default(),
            counted_beats: 0,
            cut_beats: 0,
            cuts: VecDeque::new(),
            begun: NEVER,
            advanced: NEVER,
            counted: NEVER,
            cut: NEVER,
            asked: NEVER,
            accepted: NEVER,
            under_way: 0,
            coming: 0,
        }
    }

    /// A job of so many steps is queued; it can be taken from cycle `offered` on.
    pub(super) fn begin(&mut self, address: u64, steps: u64, offered: i64) {
        let beats = steps * self.beats_per_step;
        self.waiting.push_back((offered, Extent { end: address / self.beat_bytes + beats, beats }));
    }

    /// The first cycle from `from` on in which the next beat is offered; `taken` is when beats left the FIFO.
    pub(super) fn beat(&mut self, ports: &mut impl Ports, from: i64, taken: &History) -> i64 {
        if self.coming == 0 {
            self.burst(ports, taken);
        }
        self.coming -= 1;
        ports.weight(from)
    }

    /// A beat left the FIFO.
    pub(super) fn taken(&mut self) {
        self.under_way -= 1;
    }

    /// Asks for the next burst.
    fn burst(&mut self, ports: &mut impl Ports, taken: &History) {
        if self.extent.beats == 0 {
            self.advance();
        }
        let from = self.extent.end - self.extent.beats;
        let beats = (self.burst_beats - from % self.burst_beats).min(self.extent.beats);
        while self.counted_beats < self.cut_beats + beats {
            self.count();
        }
        // A burst is held until it is asked for; the next one is cut in that cycle at the earliest.
        self.cut = (self.counted.max(self.advanced) + STAGE_CYCLES).max(self.asked);
        self.under_way += beats;
        // The beat whose place its last one gets.
        let room = taken.last(self.fifo_beats + 1 - self.under_way) + 1;
        // The one before has been accepted.
        self.asked = (self.cut + STAGE_CYCLES).max(self.accepted + 1).max(room);
        let request = Request { offered: self.asked + STAGE_CYCLES, address: from * self.beat_bytes, beats };
        self.accepted = ports.request(request);
        self.coming = beats;
        self.extent.beats -= beats;
        self.cut_beats += beats;
        self.cuts.push_back((self.cut_beats, self.cut));
    }

    /// The next job: taken when all steps of this one are counted, and its bursts follow this one's last.
    fn advance(&mut self) {
        let Some((offered, extent)) = self.waiting.pop_front() else {
            unreachable!("a beat belongs to a job")
        };
        self.begun = offered.max(self.counted).max(self.advanced + 1);
        self.advanced = (self.begun + STAGE_CYCLES).max(self.cut);
        self.extent = extent;
        (self.counted_beats, self.cut_beats) = (0, 0);
        self.cuts.clear();
    }

    /// Counts the next step; no more than two bursts are counted ahead of what is cut.
    fn count(&mut self) {
        self.counted = (self.begun + STAGE_CYCLES).max(self.counted + 1);
        self.drop_cuts();
        if self.counted_beats >= self.ahead() {
            let waits_for = self.cuts.front().map_or(NEVER, |&(_, cycle)| cycle + 1);
            self.counted = self.counted.max(waits_for);
        }
        self.counted_beats += self.beats_per_step;
    }

    /// Beats that are counted ahead of what is cut before the count waits.
    fn ahead(&self) -> u64 {
        2 * self.burst_beats
    }

    /// Drops bursts with which the count has more than enough.
    fn drop_cuts(&mut self) {
        let ahead = self.ahead();
        while self.cuts.front().is_some_and(|&(cut, _)| cut + ahead <= self.counted_beats) {
            self.cuts.pop_front();
        }
    }

    /// Beats of the job that have not been asked for.
    pub(super) fn left(&self) -> u64 {
        self.extent.beats
    }

    /// The cycle in which the last burst was asked for.
    pub(super) fn asked(&self) -> i64 {
        self.asked
    }

    /// Whether a job with so many beats left to ask for is counted and cut as if it had no end.
    pub(super) fn end_is_far(&self, left: u64) -> bool {
        left > self.ahead() + self.burst_beats + self.beats_per_step
            // Counting has been going on since bursts are this job's: nothing else of its begin matters.
            && self.cut_beats > self.ahead() + self.beats_per_step
    }

    /// Forgets what no later burst of the job depends on, if its end is far.
    pub(super) fn forget_the_past(&mut self) {
        self.drop_cuts();
        let base = self.cuts.front().map_or(self.cut_beats, |&(cut, _)| cut);
        self.cuts.iter_mut().for_each(|(cut, _)| *cut -= base);
        self.counted_beats -= base;
        self.cut_beats -= base;
        let from = self.extent.end - self.extent.beats;
        self.extent = Extent { end: from % self.burst_beats, beats: 0 };
        (self.begun, self.advanced) = (NEVER, NEVER);
    }

    /// Goes on in the job of `before`, of which so many beats are left.
    pub(super) fn resume(&mut self, before: &Self, left: u64) {
        self.extent = Extent { end: before.extent.end, beats: left };
        // So far from its begin that only differences matter.
        let base = self.ahead() + self.beats_per_step + 1;
        self.cuts.iter_mut().for_each(|(cut, _)| *cut += base);
        self.counted_beats += base;
        self.cut_beats += base;
    }

    pub(super) fn shift(&mut self, cycles: i64) {
        for cycle in [
            &mut self.begun,
            &mut self.advanced,
            &mut self.counted,
            &mut self.cut,
            &mut self.asked,
            &mut self.accepted,
        ] {
            shift(cycle, cycles);
        }
        self.cuts.iter_mut().for_each(|(_, cycle)| shift(cycle, cycles));
    }

    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.cuts.capacity() * size_of::<(u64, i64)>()
    }
}
