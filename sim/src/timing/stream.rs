//! Streaming from DRAM through the FIFO, one stripe at a time, with every burst scheduled.

use std::collections::VecDeque;

use super::clock::Clocks;
use super::flow::{Consumer, Flow, Tally};
use super::skip::{JobEnd, JobStart, Passage, Situation, Skipper};
use crate::chip::Chip;
use crate::dram::{Access, AddressMapping, Channel, Counters};
use crate::mapping::Extent;

/// A chip's memory side: one channel stands for all, since consecutive bursts go to consecutive channels and every
/// channel sees the same requests in the same cycles.
pub(super) struct Streamer {
    clocks: Clocks,
    /// From the DRAM's pins to the FIFO, array cycles.
    interconnect_cycles: i64,
    stripe_bytes: u64,
    channel: Channel,
    flow: Flow,
    /// Writes that wait for their turn: the array cycle in which they were made, and what.
    writes: VecDeque<(i64, Extent)>,
    /// The DRAM cycle after the last write's last beat.
    written: i64,
    tally: Tally,
    skipper: Option<Skipper>,
    stripes: u64,
    stripes_skipped: u64,
}

/// To recognise a job of fewer stripes costs as much as to step it.
const WORTH_REMEMBERING: u64 = 1000;

impl Streamer {
    /// A cold memory system: empty FIFO, closed banks. `skip` allows intervals to be skipped.
    pub(super) fn new(chip: &Chip, skip: bool) -> Streamer {
        let spec = &chip.spec;
        let mapping = AddressMapping::new(&spec.dram.mapping, &chip.standard);
        // A chip is constructed only with a mapping that parses.
        let mapping = mapping.unwrap_or_else(|expected| unreachable!("{expected}"));
        let interconnect = spec.dram.interconnect_latency_ns * spec.clock_mhz;
        Streamer {
            clocks: Clocks::new(spec.clock_mhz, chip.standard.clock_mhz),
            interconnect_cycles: signed(interconnect.div_ceil(1000)),
            stripe_bytes: chip.stripe_bytes(),
            channel: Channel::new(&chip.standard, mapping, spec.dram.queue_depth, chip.standard.timing.refi),
            flow: Flow::new(chip.fifo_stripes()),
            writes: VecDeque::new(),
            written: 0,
            tally: Tally::default(),
            skipper: skip.then(Skipper::default),
            stripes: 0,
            stripes_skipped: 0,
        }
    }

    /// Streams `bytes`, which end in the last stripe of an extent, to their consumer, which computes nothing before
    /// `start`; the cycle in which it is done, and what the cycles from `start` on went to.
    pub(super) fn stream(
        &mut self,
        consumer: Consumer,
        extent: Extent,
        bytes: u64,
        start: i64,
    ) -> (i64, Tally) {
        self.stripes += extent.stripes;
        self.flow.begin(consumer, start);
        if self.skipper.is_none() || extent.stripes < WORTH_REMEMBERING {
            return self.step_all(consumer, extent, bytes);
        }
        let origin = self.origin(consumer, extent.base);
        let job = self.job_start(&origin, extent, bytes, start);
        if let Some(end) = self.skipper.as_ref().and_then(|skipper| skipper.job(&job)) {
            let JobEnd { passage, done, writes_left, written } = end.clone();
            let (array_period, dram_period) = self.clocks.period();
            self.take(&passage, origin.period, extent.base);
            self.writes.drain(..self.writes.len() - writes_left);
            self.written = written.map_or(self.written, |cycle| cycle + origin.period * dram_period);
            self.stripes_skipped += extent.stripes;
            return (done + origin.period * array_period, passage.tally);
        }
        let waiting = self.writes.len();
        let (done, tally) = self.step_all(consumer, extent, bytes);
        let (array_period, dram_period) = self.clocks.period();
        let end = JobEnd {
            passage: self.passage(&origin, consumer, extent.base + extent.stripes),
            done: done - origin.period * array_period,
            writes_left: self.writes.len(),
            written: (self.writes.len() < waiting).then(|| self.written - origin.period * dram_period),
        };
        if let Some(skipper) = &mut self.skipper {
            skipper.remember_job(job, end);
        }
        (done, tally)
    }

    /// Steps a whole extent, but for the intervals that are known.
    fn step_all(&mut self, consumer: Consumer, extent: Extent, bytes: u64) -> (i64, Tally) {
        let before = self.tally;
        let (mut burst, mut left) = (extent.base, extent.stripes);
        let mut mark = None;
        while left > 0 {
            let refreshes = self.channel.counters().refreshes;
            let padding = if left == 1 { extent.stripes * self.stripe_bytes - bytes } else { 0 };
            self.step(consumer, burst, self.stripe_bytes - padding);
            burst += 1;
            left -= 1;
            // An interval that holds the last stripe, which may be padded, is not like others.
            let refreshed = self.channel.counters().refreshes != refreshes;
            if self.skipper.is_some() && refreshed && left > 0 && self.writes.is_empty() {
                let skipped = self.skip(consumer, burst, left, &mut mark);
                burst += skipped;
                left -= skipped;
                self.stripes_skipped += skipped;
            }
        }
        (self.flow.finish(consumer), self.tally.since(before))
    }

    /// Queues a write of data that is made in cycle `made`.
    pub(super) fn write(&mut self, extent: Extent, made: i64) {
        self.writes.push_back((made, extent));
    }

    /// Lets the DRAM finish its writes, and its refreshes until then or until `cycle`; the later of the two.
    pub(super) fn finish(&mut self, cycle: i64) -> i64 {
        self.flush_writes(i64::MAX);
        let end = cycle.max(self.clocks.dram_to_array(self.written));
        self.channel.idle_until(self.clocks.array_to_dram(end));
        end
    }

    /// Commands of one channel.
    pub(super) fn counters(&self) -> Counters {
        self.channel.counters()
    }

    /// The share of stripes that were not stepped one by one.
    pub(super) fn skipped_fraction(&self) -> f64 {
        if self.stripes == 0 { 0.0 } else { self.stripes_skipped as f64 / self.stripes as f64 }
    }

    /// One stripe, of which `bytes` are of use: a place in the FIFO, the burst, its arrival.
    fn step(&mut self, consumer: Consumer, burst: u64, bytes: u64) {
        let request = self.clocks.array_to_dram(self.flow.reserve());
        if !self.writes.is_empty() {
            // No request enters the queue before the last one did, however long its place has been free.
            self.flush_writes(request.max(self.channel.state().horizon()));
        }
        let done = self.channel.access(Access::Read, burst, request);
        let arrival = self.clocks.dram_to_array(done) + self.interconnect_cycles;
        self.flow.arrive(consumer, bytes, self.stripe_bytes, arrival, &mut self.tally);
    }

    /// Issues the writes that were made by DRAM cycle `until`: requests are served in the order of their making.
    fn flush_writes(&mut self, until: i64) {
        while let Some(&(made, extent)) = self.writes.front() {
            let made = self.clocks.array_to_dram(made);
            if made > until {
                return;
            }
            self.writes.pop_front();
            for burst in extent.base..extent.base + extent.stripes {
                self.written = self.channel.access(Access::Write, burst, made);
            }
        }
    }

    /// Just after a refresh: notes the interval since the last one, and skips as many known ones as end before the
    /// stream does. The last stripe is always stepped, since it may be padded.
    fn skip(&mut self, consumer: Consumer, burst: u64, left: u64, mark: &mut Option<Origin>) -> u64 {
        let here = self.origin(consumer, burst);
        let known = mark.take().map(|mark| (self.passage(&mark, consumer, burst), mark.situation));
        let Some(skipper) = &mut self.skipper else { return 0 };
        if let Some((passage, start)) = known {
            skipper.remember_interval(start, passage);
        }
        let Some(passage) = skipper.intervals_from(&here.situation, left) else {
            *mark = Some(here);
            return 0;
        };
        self.take(&passage, here.period, burst);
        *mark = Some(self.origin(consumer, burst + passage.stripes));
        passage.stripes
    }

    /// The present, as something to measure from.
    fn origin(&self, consumer: Consumer, burst: u64) -> Origin {
        let (array_period, dram_period) = self.clocks.period();
        let horizon = self.channel.state().horizon();
        let period = horizon.div_euclid(dram_period);
        let sweep = self.channel.sweep();
        let mut channel = self.channel.state().clone();
        channel.forget_the_past();
        channel.shift(-period * dram_period, -signed(burst / sweep));
        let mut flow = self.flow.clone();
        flow.forget_the_past(consumer, self.clocks.dram_to_array_floor(horizon));
        flow.shift(-period * array_period);
        let situation = Situation { consumer, burst_in_sweep: burst % sweep, channel, flow };
        Origin { situation, burst, period, tally: self.tally, counters: self.channel.counters() }
    }

    fn job_start(&self, origin: &Origin, extent: Extent, bytes: u64, start: i64) -> JobStart {
        let shift = origin.period * self.clocks.period().0;
        // Addresses count from the row of the first burst, as those of the open rows do.
        let row = origin.burst - origin.situation.burst_in_sweep;
        let write = |&(made, extent): &(i64, Extent)| {
            (made - shift, signed(extent.base) - signed(row), extent.stripes)
        };
        JobStart {
            situation: origin.situation.clone(),
            start: start - shift,
            stripes: extent.stripes,
            bytes,
            writes: self.writes.iter().map(write).collect(),
        }
    }

    /// What happened since `origin`.
    fn passage(&self, origin: &Origin, consumer: Consumer, burst: u64) -> Passage {
        let here = self.origin(consumer, burst);
        Passage {
            stripes: burst - origin.burst,
            periods: here.period - origin.period,
            tally: here.tally.since(origin.tally),
            counters: here.counters - origin.counters,
            end: here.situation,
        }
    }

    /// Lets a known passage happen again, from `burst` in the clock period `period` on.
    fn take(&mut self, passage: &Passage, period: i64, burst: u64) {
        let (array_period, dram_period) = self.clocks.period();
        let period = period + passage.periods;
        let row = signed((burst + passage.stripes) / self.channel.sweep());
        let mut channel = passage.end.channel.clone();
        channel.shift(period * dram_period, row);
        self.channel.set_state(channel);
        self.channel.add_counters(passage.counters);
        self.flow = passage.end.flow.clone();
        self.flow.shift(period * array_period);
        self.tally.add(passage.tally);
    }
}

/// A point between two stripes: the situation, and what it is relative to.
struct Origin {
    situation: Situation,
    burst: u64,
    /// The clocks' period, [`Clocks::period`], to whose begin the situation's cycles are relative.
    period: i64,
    tally: Tally,
    counters: Counters,
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
