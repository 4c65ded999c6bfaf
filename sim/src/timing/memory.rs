//! A chip's DRAM as the engines and the vector unit see it, in cycles of their clock.

use std::collections::VecDeque;

use super::clock::Clocks;
use crate::chip::Chip;
use crate::dram::{Access, AddressMapping, Channel, ChannelState, Counters};
use crate::mapping::Extent;

/// One channel stands for all, since consecutive bursts go to consecutive channels and every channel sees the same requests in
/// the same cycles: what is read is a stripe, a burst from every channel.
pub struct Memory {
    clocks: Clocks,
    /// From the DRAM's pins to a unit, array cycles.
    interconnect_cycles: i64,
    channel: Channel,
    /// Writes that wait for their turn: the array cycle in which they were made, and what.
    writes: VecDeque<(i64, Extent)>,
    /// The DRAM cycle after the last write's last beat.
    written: i64,
    stripes: u64,
    stripes_skipped: u64,
}

/// What the future of a memory depends on, moved to the first clock period and to row 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct MemoryState {
    /// The next burst, in the sweep after which the address mapping repeats.
    burst_in_sweep: u64,
    channel: ChannelState,
}

/// A point in a run: what is relative to it can happen again at another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The period of the two clocks.
    period: i64,
    /// The next burst.
    pub(super) burst: u64,
    counters: Counters,
}

/// What a memory did between two points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    stripes: u64,
    periods: i64,
    counters: Counters,
}

impl Memory {
    /// Closed banks, nothing asked for.
    pub fn new(chip: &Chip) -> Memory {
        let spec = &chip.spec;
        let mapping = AddressMapping::new(&spec.dram.mapping, &chip.standard);
        // A chip is constructed only with a mapping that parses.
        let mapping = mapping.unwrap_or_else(|expected| unreachable!("{expected}"));
        let interconnect = spec.dram.interconnect_latency_ns * spec.clock_mhz;
        Memory {
            clocks: Clocks::new(spec.clock_mhz, chip.standard.clock_mhz),
            interconnect_cycles: signed(interconnect.div_ceil(1000)),
            channel: Channel::new(&chip.standard, mapping, spec.dram.queue_depth, chip.standard.timing.refi),
            writes: VecDeque::new(),
            written: 0,
            stripes: 0,
            stripes_skipped: 0,
        }
    }

    /// Reads a stripe that is asked for in cycle `request`, behind all that were asked for before; the cycle of its arrival.
    pub(super) fn read(&mut self, stripe: u64, request: i64) -> i64 {
        self.stripes += 1;
        let request = self.clocks.array_to_dram(request);
        if !self.writes.is_empty() {
            // No request enters the queue before the last one did, however long its place has been free.
            self.flush_writes(request.max(self.channel.state().horizon()));
        }
        let done = self.channel.access(Access::Read, stripe, request);
        self.clocks.dram_to_array(done) + self.interconnect_cycles
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

    /// Commands of one channel.
    pub(super) fn counters(&self) -> Counters {
        self.channel.counters()
    }

    /// Whether no write waits.
    pub(super) fn only_reads(&self) -> bool {
        self.writes.is_empty()
    }

    /// The share of stripes that were not stepped one by one.
    pub(super) fn skipped_fraction(&self) -> f64 {
        if self.stripes == 0 { 0.0 } else { self.stripes_skipped as f64 / self.stripes as f64 }
    }

    /// The present, in which `burst` is next.
    pub(super) fn origin(&self, burst: u64) -> Origin {
        let (_, dram_period) = self.clocks.period();
        let period = self.channel.state().horizon().div_euclid(dram_period);
        Origin { period, burst, counters: self.channel.counters() }
    }

    /// What the future depends on, relative to the present.
    pub(super) fn state(&self, origin: &Origin) -> MemoryState {
        let (_, dram_period) = self.clocks.period();
        let sweep = self.channel.sweep();
        let mut channel = self.channel.state().clone();
        channel.forget_the_past();
        channel
            .shift(-origin.period * dram_period, -self.channel.sweep_rows() * signed(origin.burst / sweep));
        MemoryState { burst_in_sweep: origin.burst % sweep, channel }
    }

    /// An array cycle before which no stripe is asked for: about when the last one was.
    pub(super) fn horizon(&self) -> i64 {
        self.clocks.dram_to_array_floor(self.channel.state().horizon())
    }

    /// The array cycle to which the cycles of a point are relative.
    pub(super) fn zero(&self, origin: &Origin) -> i64 {
        origin.period * self.clocks.period().0
    }

    /// What happened from one point to another.
    pub(super) fn progress(from: &Origin, to: &Origin) -> Progress {
        Progress {
            stripes: to.burst - from.burst,
            periods: to.period - from.period,
            counters: to.counters - from.counters,
        }
    }

    /// The point to which known progress leads, without going there.
    pub(super) fn after(from: &Origin, progress: &Progress) -> Origin {
        let mut counters = from.counters;
        counters += progress.counters;
        Origin { period: from.period + progress.periods, burst: from.burst + progress.stripes, counters }
    }

    /// Goes from a point to one that lies ahead, by known progress that ends in a state.
    pub(super) fn arrive(&mut self, from: &Origin, to: &Origin, state: &MemoryState) {
        let (_, dram_period) = self.clocks.period();
        let mut channel = state.channel.clone();
        let rows = self.channel.sweep_rows() * signed(to.burst / self.channel.sweep());
        channel.shift(to.period * dram_period, rows);
        self.channel.set_state(channel);
        self.channel.add_counters(to.counters - from.counters);
        let stripes = to.burst - from.burst;
        self.stripes += stripes;
        self.stripes_skipped += stripes;
    }
}

impl MemoryState {
    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.channel.bytes()
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
