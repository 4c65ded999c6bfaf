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

    /// Streams `bytes`, which end in the last stripe of an extent, to their consumer, which computes nothing before
    /// `start`; the cycle in which it is done, and what the cycles from `start` on went to.
    pub(super) fn stream(
        &mut self,
        consumer: Consumer,
        extent: Extent,
        bytes: u64,
        start: i64,
    ) -> (i64, Tally) {
        let before = self.tally;
        self.flow.begin(consumer, start);
        let (mut burst, mut left) = (extent.base, extent.stripes);
        self.stripes += left;
        let mut mark = None;
        while left > 0 {
            let refreshes = self.channel.counters().refreshes;
            let padding = if left == 1 { extent.stripes * self.stripe_bytes - bytes } else { 0 };
            self.step(consumer, burst, self.stripe_bytes - padding);
            burst += 1;
            left -= 1;
            if self.skipper.is_some()
                && self.channel.counters().refreshes != refreshes
                && self.writes.is_empty()
            {
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

    /// One stripe, of which `bytes` are of use: a place in the FIFO, the burst, its arrival.
    fn step(&mut self, consumer: Consumer, burst: u64, bytes: u64) {
        let request = self.clocks.array_to_dram(self.flow.reserve());
        if !self.writes.is_empty() {
            self.flush_writes(request);
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
            skipper.remember(
                Interval {
                    stripes: burst - mark.burst,
                    periods: period - mark.period,
                    tally: self.tally.since(mark.tally),
                    counters: self.channel.counters() - mark.counters,
                    end: here.clone(),
                    next: None,
                },
                mark.start,
            );
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

#[cfg(test)]
mod tests {
    use model::WeightFormat;
    use proptest::prelude::*;

    use super::*;
    use crate::chip;
    use crate::mapping::Tiling;

    /// Jobs in turn, with writes between them; everything that can be seen of the run.
    fn run(chip: &Chip, jobs: &[(Consumer, Extent, i64)], skip: bool) -> (Vec<(i64, Tally)>, Counters, f64) {
        let mut streamer = Streamer::new(chip, skip);
        let mut now = 0;
        let mut seen = Vec::new();
        for &(consumer, extent, pause) in jobs {
            let (end, tally) =
                streamer.stream(consumer, extent, extent.stripes * chip.stripe_bytes(), now + pause);
            streamer.write(Extent { base: extent.base + extent.stripes, stripes: 3 }, end);
            seen.push((end, tally));
            now = end;
        }
        streamer.finish(now);
        (seen, streamer.counters(), streamer.skipped_fraction())
    }

    fn consumers(chip: &Chip) -> impl Strategy<Value = Consumer> + use<> {
        let beat_bytes = chip.spec.engines * chip.spec.stream_bits / 8;
        prop_oneof![
            (1_i64..40, 1_i64..40, 1_u64..=4).prop_map(move |(tokens, beats, part)| Consumer::Array {
                tokens,
                beats,
                beat_bytes: (beat_bytes * part / 4).max(1),
            }),
            (1_i64..6).prop_map(|stripe_cycles| Consumer::Vector { stripe_cycles }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn skipping_changes_nothing(
            name in prop::sample::select(vec!["kv260", "u280", "edge", "datacenter"]),
            mapping in prop::sample::select(vec!["RoBaCoBgCh", "RoCoBaBgCh", "RoBgBaCoCh"]),
            refi in -1_i64..=1,
            clock_mhz in prop::sample::select(vec![225_u64, 250, 999, 1000, 1001]),
            fifo_beats in prop::sample::select(vec![4_u64, 31, 256]),
            base in 0_u64..600,
            seed in prop::collection::vec((0_u64..60_000, 0_i64..20_000), 1..5),
            picks in prop::collection::vec(consumers(&chip::load("edge").unwrap()), 1..5),
        ) {
            let mut chip = chip::load(name).unwrap();
            chip.spec.dram.mapping = mapping.to_owned();
            chip.spec.clock_mhz = clock_mhz;
            chip.spec.stream_fifo_beats = fifo_beats;
            chip.standard.timing.refi += refi;
            let chip = Chip { ..chip };
            prop_assume!(chip.fifo_stripes() >= 4);
            let mut jobs = Vec::new();
            let mut at = base;
            for (&(stripes, pause), &consumer) in seed.iter().zip(&picks) {
                jobs.push((consumer, Extent { base: at, stripes }, pause));
                at += stripes;
            }
            let (skipped, stepped) = (run(&chip, &jobs, true), run(&chip, &jobs, false));
            prop_assert_eq!(stepped.2, 0.0);
            prop_assert_eq!(&skipped.0, &stepped.0);
            prop_assert_eq!(skipped.1, stepped.1);
        }
    }

    #[test]
    fn a_long_stream_is_mostly_skipped_and_equal() {
        for name in chip::preset_names() {
            let chip = chip::load(name).unwrap();
            let beats = signed(Tiling::new(&chip, WeightFormat::Ternary, 1, 1).beats);
            let beat_bytes = chip.spec.engines * chip.spec.stream_bits / 8;
            let consumer = Consumer::Array { tokens: 1, beats, beat_bytes };
            let jobs = [(consumer, Extent { base: 0, stripes: 20_000_000 }, 0)];
            let (skipped, stepped) = (run(&chip, &jobs, true), run(&chip, &jobs, false));
            assert_eq!((&skipped.0, skipped.1), (&stepped.0, stepped.1), "{name}");
            assert!(skipped.2 > 0.3, "{name}: {}", skipped.2);
        }
    }

    #[test]
    fn nothing_arrives_faster_than_the_pins_allow() {
        for name in chip::preset_names() {
            let chip = chip::load(name).unwrap();
            // A consumer that takes whatever comes.
            let jobs = [(Consumer::Vector { stripe_cycles: 0 }, Extent { base: 0, stripes: 300_000 }, 0)];
            let (seen, ..) = run(&chip, &jobs, true);
            let seconds = seen[0].0 as f64 / (chip.spec.clock_mhz as f64 * 1e6);
            let gb_s = 300_000.0 * chip.stripe_bytes() as f64 / seconds / 1e9;
            let peak = chip.dram_peak_gb_s();
            assert!(gb_s < peak, "{name}: {gb_s} of {peak}");
            // All-bank refresh alone costs tRFC / tREFI, 9% in HBM3.
            assert!(gb_s > 0.85 * peak, "{name}: {gb_s} of {peak}");
        }
    }

    #[test]
    fn a_write_is_served_in_the_order_of_its_making() {
        let chip = chip::load("edge").unwrap();
        let consumer = Consumer::Vector { stripe_cycles: 1 };
        let mut streamer = Streamer::new(&chip, false);
        streamer.write(Extent { base: 1 << 20, stripes: 1 }, 50_000);
        // The FIFO's places are free from the start, so every read is requested before the write.
        streamer.stream(consumer, Extent { base: 0, stripes: 100 }, 100 * chip.stripe_bytes(), 0);
        assert_eq!((streamer.counters().reads, streamer.counters().writes), (100, 0));
        streamer.finish(60_000);
        assert_eq!(streamer.counters().writes, 1);
    }
}
