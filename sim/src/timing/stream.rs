//! Streaming from DRAM through the FIFO, one stripe at a time, with every burst scheduled; and the exact skipping of
//! intervals that were stepped before.

use std::collections::{HashMap, VecDeque};

use super::clock::Clocks;
use super::flow::{Consumer, Flow, Tally};
use crate::chip::Chip;
use crate::dram::{self, Access, AddressMapping, Channel, Counters};
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
    tally: Tally,
    skipper: Option<Skipper>,
    stripes: u64,
    stripes_skipped: u64,
}

/// Everything that the future of a stream depends on, moved to time 0 and row 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Situation {
    consumer: Consumer,
    /// The next burst, in the sweep after which the address mapping repeats.
    burst_in_sweep: u64,
    channel: dram::ChannelState,
    flow: Flow,
}

/// What happens between one refresh and the next, from a situation that was stepped before.
struct Interval {
    stripes: u64,
    /// Periods of the two clocks, [`Clocks::period`].
    periods: i64,
    tally: Tally,
    counters: Counters,
    end: Situation,
    /// The interval that begins where this one ends, once it is known.
    next: Option<usize>,
}

/// Intervals by the situation in which they begin.
#[derive(Default)]
struct Skipper {
    intervals: Vec<Interval>,
    by_start: HashMap<Situation, usize>,
}

/// Beyond so many intervals nothing more is remembered: what recurs has done so by then, and memory stays bounded.
const MAX_INTERVALS: usize = 20_000;

/// A point between two stripes, just after a refresh.
struct Mark {
    start: Situation,
    burst: u64,
    period: i64,
    tally: Tally,
    counters: Counters,
}

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
            tally: Tally::default(),
            skipper: skip.then(Skipper::default),
            stripes: 0,
            stripes_skipped: 0,
        }
    }

    /// Streams an extent to its consumer, which computes nothing before `start`; the cycle in which it is done, and what
    /// the cycles from `start` on went to.
    pub(super) fn stream(&mut self, consumer: Consumer, extent: Extent, start: i64) -> (i64, Tally) {
        let before = self.tally;
        self.flow.begin(consumer, start);
        let (mut burst, mut left) = (extent.base, extent.stripes);
        self.stripes += left;
        let mut mark = None;
        while left > 0 {
            let refreshes = self.channel.counters().refreshes;
            self.step(consumer, burst);
            burst += 1;
            left -= 1;
            if self.skipper.is_some() && self.channel.counters().refreshes != refreshes && self.writes.is_empty() {
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

    /// Lets the DRAM finish its writes and its refreshes until `cycle`.
    pub(super) fn finish(&mut self, cycle: i64) {
        self.flush_writes(i64::MAX);
        self.channel.idle_until(self.clocks.array_to_dram(cycle));
    }

    /// Commands of one channel.
    pub(super) fn counters(&self) -> Counters {
        self.channel.counters()
    }

    /// The share of stripes that were not stepped one by one.
    pub(super) fn skipped_fraction(&self) -> f64 {
        if self.stripes == 0 { 0.0 } else { self.stripes_skipped as f64 / self.stripes as f64 }
    }

    /// One stripe: a place in the FIFO, the burst, its arrival.
    fn step(&mut self, consumer: Consumer, burst: u64) {
        let request = self.clocks.array_to_dram(self.flow.reserve());
        self.flush_writes(request);
        let done = self.channel.access(Access::Read, burst, request);
        let arrival = self.clocks.dram_to_array(done) + self.interconnect_cycles;
        self.flow.arrive(consumer, self.stripe_bytes, arrival, &mut self.tally);
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
                self.channel.access(Access::Write, burst, made);
            }
        }
    }

    /// Just after a refresh: notes the interval since the last one, and skips as many known ones as end before the
    /// stream does. The last stripe is always stepped, since it may be padded.
    fn skip(&mut self, consumer: Consumer, burst: u64, left: u64, mark: &mut Option<Mark>) -> u64 {
        let (mut period, mut here) = self.situation(consumer, burst);
        let Some(skipper) = &mut self.skipper else { return 0 };
        if let Some(mark) = mark.take() {
            skipper.remember(Interval {
                stripes: burst - mark.burst,
                periods: period - mark.period,
                tally: self.tally.since(mark.tally),
                counters: self.channel.counters() - mark.counters,
                end: here.clone(),
                next: None,
            }, mark.start);
        }
        let mut skipped = 0;
        let mut counters = Counters::default();
        let mut next = skipper.by_start.get(&here).copied();
        let mut last = None;
        while let Some(index) = next.filter(|&index| skipped + skipper.intervals[index].stripes < left) {
            let interval = &skipper.intervals[index];
            skipped += interval.stripes;
            period += interval.periods;
            self.tally.add(interval.tally);
            counters += interval.counters;
            next = interval.next.or_else(|| skipper.by_start.get(&interval.end).copied());
            skipper.intervals[index].next = next;
            last = Some(index);
        }
        if let Some(index) = last {
            here = skipper.intervals[index].end.clone();
            self.channel.add_counters(counters);
            self.resume(&here, period, burst + skipped);
        }
        *mark = Some(Mark {
            start: here,
            burst: burst + skipped,
            period,
            tally: self.tally,
            counters: self.channel.counters(),
        });
        skipped
    }

    /// The present situation and the clock period to which its cycles are relative.
    fn situation(&self, consumer: Consumer, burst: u64) -> (i64, Situation) {
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
        (period, Situation { consumer, burst_in_sweep: burst % sweep, channel, flow })
    }

    /// Takes up a situation at another time and row.
    fn resume(&mut self, situation: &Situation, period: i64, burst: u64) {
        let (array_period, dram_period) = self.clocks.period();
        let mut channel = situation.channel.clone();
        channel.shift(period * dram_period, signed(burst / self.channel.sweep()));
        self.channel.set_state(channel);
        self.flow = situation.flow.clone();
        self.flow.shift(period * array_period);
    }
}

impl Skipper {
    fn remember(&mut self, interval: Interval, start: Situation) {
        if self.intervals.len() < MAX_INTERVALS {
            self.by_start.entry(start).or_insert_with(|| {
                self.intervals.push(interval);
                self.intervals.len() - 1
            });
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
