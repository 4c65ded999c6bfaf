//! The stream's way on chip: FIFO, tile loading, and the unit that consumes.
//!
//! ```text
//! DRAM --> FIFO --> loading register --> held tile --> one token a cycle     (array)
//!              \--> vector unit, so many cycles a stripe                     (attention, a head that is not ternary)
//! ```
//!
//! The array's part follows the RTL's: the loading register takes a beat a cycle; a full one is swapped into the held
//! tile, which serves its first token [`TILE_SWAP_CYCLES`] after the last beat, or in the cycle after the former tile's
//! last token, whichever is later; the cycle before that is the swap's, and in it the loading register takes the next
//! tile's first beat.

use std::collections::VecDeque;

use contract::latency::TILE_SWAP_CYCLES;

/// Who takes the stream's data, and how fast it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Consumer {
    /// The engines: `beats` of `beat_bytes` (all engines together) make a step that serves `tokens`.
    Array {
        /// Cycles that a held tile is used.
        tokens: i64,
        /// Cycles that a tile takes to load.
        beats: i64,
        /// Bytes of a beat, all engines that take part.
        beat_bytes: u64,
    },
    /// The vector unit: `cycles / stripes` cycles a stripe, in whole cycles that add up.
    Vector {
        /// Cycles of so many stripes.
        cycles: u64,
        /// So many stripes.
        stripes: u64,
    },
}

/// Cycles counted while a stream flows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// The array took a token.
    pub(super) busy: i64,
    /// The consumer waited for data.
    pub(super) dram: i64,
    /// The array waited for a tile to load, no faster than its stream is wide.
    pub(super) weight_stream: i64,
}

impl Tally {
    pub(super) fn since(self, earlier: Tally) -> Tally {
        Tally {
            busy: self.busy - earlier.busy,
            dram: self.dram - earlier.dram,
            weight_stream: self.weight_stream - earlier.weight_stream,
        }
    }

    pub(super) fn add(&mut self, more: Tally) {
        self.busy += more.busy;
        self.dram += more.dram;
        self.weight_stream += more.weight_stream;
    }
}

/// Where the data is. Every cycle is of the array's clock and absolute; [`Flow::shift`] moves all of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flow {
    /// FIFO places that are free, in stripes.
    free: u64,
    /// When each of the others will be, or was, freed, in order.
    freed: VecDeque<i64>,
    /// What part of a cycle the vector unit has left over, in stripes of its rate.
    work: u64,
    /// Bytes in the FIFO that were not consumed, and consumed bytes of the stripe at its head.
    bytes: u64,
    head: u64,
    /// The first cycle in which the FIFO can be read.
    port: i64,
    /// Beats of the tile in the loading register.
    beat: i64,
    /// The cycle from which the loading register is free.
    loading_free: i64,
    /// The cycle in which the held tile serves its last token.
    held_until: i64,
    /// The first cycle in which the array can take a token of another step.
    array_free: i64,
}

impl Flow {
    pub(super) fn new(fifo_stripes: u64) -> Flow {
        Flow {
            free: fifo_stripes,
            freed: VecDeque::new(),
            work: 0,
            bytes: 0,
            head: 0,
            port: 0,
            beat: 0,
            loading_free: 0,
            held_until: 0,
            array_free: 0,
        }
    }

    /// Takes a FIFO place for the next stripe; the cycle from which it is free, 0 for one that is free already.
    pub(super) fn reserve(&mut self) -> i64 {
        if self.free > 0 {
            self.free -= 1;
            return 0;
        }
        // A chip whose FIFO cannot hold what its consumer takes at once is refused when it is constructed.
        self.freed.pop_front().unwrap_or(self.port)
    }

    /// Nothing of the next job is computed before `start`.
    pub(super) fn begin(&mut self, consumer: Consumer, start: i64) {
        self.array_free = self.array_free.max(start);
        if let Consumer::Vector { stripes, .. } = consumer {
            self.port = self.port.max(start);
            // A part of a cycle at the end counts as a whole one.
            self.work = stripes - 1;
        }
    }

    /// A stripe, of which `bytes` are of use, enters the FIFO in cycle `arrival`.
    pub(super) fn arrive(
        &mut self,
        consumer: Consumer,
        bytes: u64,
        stripe_bytes: u64,
        arrival: i64,
        tally: &mut Tally,
    ) {
        match consumer {
            Consumer::Vector { cycles, stripes } => {
                let begin = self.port.max(arrival);
                tally.dram += begin - self.port;
                let work = self.work + cycles;
                self.work = work % stripes;
                self.port = begin + (work / stripes).cast_signed();
                self.freed.push_back(self.port);
            }
            Consumer::Array { tokens, beats, beat_bytes } => {
                self.bytes += bytes;
                while self.bytes >= beat_bytes {
                    let cycle = self.port.max(arrival).max(self.loading_free);
                    self.consume(beat_bytes, stripe_bytes, cycle);
                    self.beat += 1;
                    if self.beat == beats {
                        self.beat = 0;
                        self.step(cycle, tokens, beats, tally);
                    }
                }
            }
        }
    }

    /// Drops a last stripe that is not full, and tells when the consumer is done.
    pub(super) fn finish(&mut self, consumer: Consumer) -> i64 {
        if self.head > 0 {
            self.head = 0;
            self.freed.push_back(self.port);
        }
        self.work = 0;
        match consumer {
            Consumer::Array { .. } => self.array_free,
            Consumer::Vector { .. } => self.port,
        }
    }

    fn consume(&mut self, beat_bytes: u64, stripe_bytes: u64, cycle: i64) {
        self.bytes -= beat_bytes;
        self.head += beat_bytes;
        while self.head >= stripe_bytes {
            self.head -= stripe_bytes;
            self.freed.push_back(cycle + 1);
        }
        self.port = cycle + 1;
    }

    /// A tile whose last beat was taken in `last_beat` is swapped in and serves its tokens.
    fn step(&mut self, last_beat: i64, tokens: i64, beats: i64, tally: &mut Tally) {
        let usable = last_beat + i64::from(TILE_SWAP_CYCLES);
        let first_token = self.array_free.max(usable);
        // The swap waits for the former tile's last token, but not for a job that has not begun.
        self.loading_free = (usable - 1).max(self.held_until);
        let gap = first_token - self.array_free;
        let weight_stream = gap.min((beats - tokens).max(0));
        tally.weight_stream += weight_stream;
        tally.dram += gap - weight_stream;
        tally.busy += tokens;
        self.array_free = first_token + tokens;
        self.held_until = self.array_free - 1;
    }

    /// Raises every cycle before `horizon` to it: data arrives later, and no place is taken earlier. `array_free` stays,
    /// because a stall is counted from it, unless the array is idle.
    pub(super) fn forget_the_past(&mut self, consumer: Consumer, horizon: i64) {
        let raise = |cycle: &mut i64| *cycle = (*cycle).max(horizon);
        // A place that is free by then is as good as one that was never used.
        while self.freed.front().is_some_and(|&cycle| cycle <= horizon) {
            self.freed.pop_front();
            self.free += 1;
        }
        raise(&mut self.loading_free);
        raise(&mut self.held_until);
        match consumer {
            Consumer::Array { .. } => raise(&mut self.port),
            // The vector unit's stalls are counted from `port`.
            Consumer::Vector { .. } => raise(&mut self.array_free),
        }
    }

    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Flow>() + self.freed.capacity() * size_of::<i64>()
    }

    pub(super) fn shift(&mut self, cycles: i64) {
        self.freed.iter_mut().for_each(|cycle| *cycle += cycles);
        self.port += cycles;
        self.loading_free += cycles;
        self.held_until += cycles;
        self.array_free += cycles;
    }
}

/// When an array's ports transfer, in array cycles: what its Verilog is compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArraySchedule {
    /// Each beat of the weight stream.
    pub beats: Vec<i64>,
    /// The first token of each step; the step's other tokens follow, one a cycle.
    pub first_tokens: Vec<i64>,
}

/// The schedule of `steps` steps of `beats` beats that serve `tokens` tokens each, for an array whose activations are
/// ready from cycle `start` on and whose results are always taken. `offered(c)` is the first cycle from `c` on in which
/// the stream's next beat is there.
pub fn array_schedule(
    tokens: i64,
    beats: i64,
    steps: i64,
    start: i64,
    mut offered: impl FnMut(i64) -> i64,
) -> ArraySchedule {
    let consumer = Consumer::Array { tokens, beats, beat_bytes: 1 };
    let mut flow = Flow::new(1);
    let mut tally = Tally::default();
    let mut schedule = ArraySchedule::default();
    flow.begin(consumer, start);
    for _ in 0..steps {
        for _ in 0..beats {
            let arrival = offered(flow.port);
            flow.arrive(consumer, 1, 1, arrival, &mut tally);
            schedule.beats.push(flow.port - 1);
        }
        schedule.first_tokens.push(flow.array_free - tokens);
    }
    schedule
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRIPE: u64 = 64;

    /// The cycle after the last token of `steps` steps whose stripes arrive at these cycles.
    fn run(consumer: Consumer, arrivals: impl IntoIterator<Item = i64>, start: i64) -> (Flow, i64, Tally) {
        let mut flow = Flow::new(1 << 20);
        let mut tally = Tally::default();
        flow.begin(consumer, start);
        for arrival in arrivals {
            flow.reserve();
            flow.arrive(consumer, STRIPE, STRIPE, arrival, &mut tally);
        }
        let done = flow.finish(consumer);
        (flow, done, tally)
    }

    #[test]
    fn a_step_takes_the_longer_of_its_tokens_and_its_beats() {
        for tokens in 1..12 {
            for beats in 1..12 {
                let consumer = Consumer::Array { tokens, beats, beat_bytes: STRIPE };
                let steps = 50;
                let (_, done, tally) = run(consumer, (0..steps * beats).map(|_| 0), 0);
                // The first tile takes its beats and the swap, the last one its tokens; between two starts of steps
                // lies the longer of both.
                let first_token = beats - 1 + i64::from(TILE_SWAP_CYCLES);
                assert_eq!(done, first_token + (steps - 1) * tokens.max(beats) + tokens, "{tokens} {beats}");
                assert_eq!(tally.busy, steps * tokens);
                assert_eq!(tally.busy + tally.dram + tally.weight_stream, done);
                assert!(tally.weight_stream >= (steps - 1) * (beats - tokens).max(0));
            }
        }
    }

    #[test]
    fn two_tiles_wait_for_a_job_that_has_not_begun_and_the_rest_stays_in_the_fifo() {
        let consumer = Consumer::Array { tokens: 2, beats: 3, beat_bytes: STRIPE };
        let (flow, done, tally) = run(consumer, (0..12).map(|_| 0), 100);
        // The held tile begins at once; the next is loaded behind it; then a beat a cycle binds.
        assert_eq!(tally.dram, 0);
        assert_eq!(flow.freed.iter().filter(|&&cycle| cycle <= 100).count(), 6);
        // Steps begin at 100 and 102 (both tiles were loaded), then 3 cycles apart: the loading register was free
        // from the swap at 101.
        assert_eq!(done, 101 + 2 + i64::from(TILE_SWAP_CYCLES) + 3 + 2);
    }

    #[test]
    fn a_late_beat_is_a_stall_of_the_dram() {
        let consumer = Consumer::Array { tokens: 4, beats: 2, beat_bytes: STRIPE };
        let on_time = run(consumer, [0, 0, 0, 0], 0).1;
        let (_, late, tally) = run(consumer, [0, 0, 0, 50], 0);
        assert_eq!(late, 50 + i64::from(TILE_SWAP_CYCLES) + 4);
        assert_eq!(tally.dram, late - 8);
        assert!(on_time < late);
    }

    #[test]
    fn a_beat_may_need_several_stripes_and_a_stripe_may_hold_several_beats() {
        let wide = Consumer::Array { tokens: 1, beats: 2, beat_bytes: 2 * STRIPE };
        let (flow, _, tally) = run(wide, [0, 1, 2, 3, 4, 5, 6, 7], 0);
        assert_eq!(tally.busy, 2);
        // Beats are taken when their second stripe is there: cycles 1, 3, 5 and 7.
        assert_eq!(Vec::from(flow.freed), [2, 2, 4, 4, 6, 6, 8, 8]);
        let narrow = Consumer::Array { tokens: 1, beats: 2, beat_bytes: STRIPE / 4 };
        let (flow, _, tally) = run(narrow, [0, 1], 0);
        assert_eq!(tally.busy, 4);
        assert_eq!(Vec::from(flow.freed), [4, 8]);
    }

    #[test]
    fn the_vector_unit_works_through_stripes_as_they_come() {
        let consumer = Consumer::Vector { cycles: 3, stripes: 1 };
        let (_, done, tally) = run(consumer, [0, 0, 20, 20], 10);
        // 10 to 13 and 13 to 16; then a wait until 20.
        assert_eq!((done, tally.dram), (26, 4));
        // Rates that are no whole number add up to one cycle more than the work, at most.
        for (cycles, stripes, expected) in [(1, 2, 50), (103, 100, 103), (7, 3, 234)] {
            let (_, done, _) = run(Consumer::Vector { cycles, stripes }, (0..100).map(|_| 0), 0);
            assert_eq!(done, expected, "{cycles} / {stripes}");
        }
    }

    #[test]
    fn a_full_fifo_gives_a_place_when_its_stripe_is_consumed() {
        let consumer = Consumer::Array { tokens: 5, beats: 1, beat_bytes: STRIPE };
        let mut flow = Flow::new(2);
        let mut tally = Tally::default();
        flow.begin(consumer, 0);
        let mut reserved = Vec::new();
        for _ in 0..6 {
            reserved.push(flow.reserve());
            let arrival = reserved[reserved.len() - 1] + 10;
            flow.arrive(consumer, STRIPE, STRIPE, arrival, &mut tally);
        }
        // The first two places are free from the start. Their beats are taken at 10 and 11, the second one in the cycle
        // in which the first tile is swapped in, since its last beat was taken one cycle before.
        assert_eq!(reserved[..4], [0, 0, 11, 12]);
    }
}
