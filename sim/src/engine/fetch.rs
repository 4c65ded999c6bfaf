//! The read master: which bursts of weights it asks for, and when.
//!
//! A job's steps are counted, one a cycle; what is counted is cut into bursts, which end where a block of `burst_beats` beats
//! of the memory does; and a burst is asked for when the FIFO has room for all of it.

use std::collections::VecDeque;

use contract::latency::WEIGHT_FETCH_CYCLES;

use super::history::{History, NEVER};
use super::{Ports, Request, Sizes};

/// From a job to its first step counted, to its first burst cut, asked for, offered: one cycle each.
const STAGE_CYCLES: i64 = 1;
const _: () = assert!(4 * STAGE_CYCLES == WEIGHT_FETCH_CYCLES as i64);

#[derive(Clone, Debug)]
pub(super) struct Fetch {
    fifo_beats: u64,
    burst_beats: u64,
    beats_per_step: u64,
    beat_bytes: u64,
    /// Jobs that were not begun, with the cycle from which on each can be.
    waiting: VecDeque<(i64, Work)>,
    work: Work,
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
    /// Beats asked for since the reset.
    beats: u64,
    /// Beats of the last burst that have not come.
    coming: u64,
}

/// A job's weights, beats.
#[derive(Clone, Debug, Default)]
struct Work {
    /// Where the next burst begins.
    address: u64,
    /// Not cut into bursts.
    left: u64,
    /// Counted.
    counted: u64,
    /// Cut into bursts.
    cut: u64,
    /// Bursts that may hold up the count: what was cut with each, and when.
    cuts: VecDeque<(u64, i64)>,
}

impl Fetch {
    pub(super) fn new(sizes: &Sizes) -> Self {
        Self {
            fifo_beats: sizes.fifo_beats,
            burst_beats: sizes.burst_beats,
            beats_per_step: sizes.beats(),
            beat_bytes: sizes.stream_bits / 8,
            waiting: VecDeque::new(),
            work: Work::default(),
            begun: NEVER,
            advanced: NEVER,
            counted: NEVER,
            cut: NEVER,
            asked: NEVER,
            accepted: NEVER,
            beats: 0,
            coming: 0,
        }
    }

    /// A job of so many steps is queued; it can be taken from cycle `offered` on.
    pub(super) fn begin(&mut self, address: u64, steps: u64, offered: i64) {
        let address = address / self.beat_bytes;
        let left = steps * self.beats_per_step;
        self.waiting.push_back((offered, Work { address, left, ..Work::default() }));
    }

    /// The first cycle from `from` on in which the next beat is offered; `taken` is when beats left the FIFO.
    pub(super) fn beat(&mut self, ports: &mut impl Ports, from: i64, taken: &History) -> i64 {
        if self.coming == 0 {
            self.burst(ports, taken);
        }
        self.coming -= 1;
        ports.weight(from)
    }

    /// Asks for the next burst.
    fn burst(&mut self, ports: &mut impl Ports, taken: &History) {
        if self.work.left == 0 {
            self.advance();
        }
        let in_block = self.burst_beats - self.work.address % self.burst_beats;
        let beats = in_block.min(self.work.left);
        while self.work.counted < self.work.cut + beats {
            self.count();
        }
        // A burst is held until it is asked for; the next one is cut in that cycle at the earliest.
        self.cut = (self.counted.max(self.advanced) + STAGE_CYCLES).max(self.asked);
        self.beats += beats;
        let room = match self.beats.checked_sub(self.fifo_beats + 1) {
            Some(beat) => taken.last(taken.events() - beat) + 1,
            None => NEVER,
        };
        // The one before has been accepted.
        self.asked = (self.cut + STAGE_CYCLES).max(self.accepted + 1).max(room);
        let address = self.work.address * self.beat_bytes;
        self.accepted = ports.request(Request { offered: self.asked + STAGE_CYCLES, address, beats });
        self.coming = beats;
        self.work.address += beats;
        self.work.left -= beats;
        self.work.cut += beats;
        self.work.cuts.push_back((self.work.cut, self.cut));
    }

    /// The next job: taken when all steps of this one are counted, and its bursts follow this one's last.
    fn advance(&mut self) {
        let Some((offered, work)) = self.waiting.pop_front() else { unreachable!("a beat belongs to a job") };
        self.begun = offered.max(self.begun + 1).max(self.counted).max(self.advanced + 1);
        self.advanced = (self.begun + STAGE_CYCLES).max(self.cut);
        self.work = work;
    }

    /// Counts the next step; no more than two bursts are counted ahead of what is cut.
    fn count(&mut self) {
        let work = &mut self.work;
        let mut from = (self.begun + STAGE_CYCLES).max(self.counted + 1);
        // The burst with which enough was cut.
        if let Some(ahead) = work.counted.checked_sub(2 * self.burst_beats) {
            while work.cuts.front().is_some_and(|&(cut, _)| cut <= ahead) {
                work.cuts.pop_front();
            }
            from = from.max(work.cuts.front().map_or(NEVER, |&(_, cycle)| cycle + 1));
        }
        self.counted = from;
        work.counted += self.beats_per_step;
    }
}
