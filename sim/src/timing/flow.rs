//! The stream's way on chip: FIFO, tile loading, and the unit that consumes.
//!
//! ```text
//! DRAM --> FIFO --> loading register --> held tile --> one token a cycle     (array)
//!              \--> vector unit, so many cycles a stripe                     (attention, a head that is not ternary)
//! ```
//!
//! The array's part follows the RTL's: the loading register takes a beat a cycle; a full one is swapped into the held
//! tile [`TILE_SWAP_CYCLES`] after its last beat, or when the held tile's last token is accepted, whichever is later;
//! in the cycle of the swap it takes the next tile's first beat; the held tile serves a token from the cycle after.

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
    /// The vector unit.
    Vector {
        /// Cycles a stripe.
        stripe_cycles: i64,
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
    /// FIFO places that were never used, in stripes.
    unused: u64,
    /// When each freed place was freed, oldest first.
    freed: VecDeque<i64>,
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
            unused: fifo_stripes,
            freed: VecDeque::new(),
            bytes: 0,
            head: 0,
            port: 0,
            beat: 0,
            loading_free: 0,
            held_until: 0,
            array_free: 0,
        }
    }

    /// Takes a FIFO place for the next stripe; the cycle from which it is free.
    pub(super) fn reserve(&mut self) -> i64 {
        if self.unused > 0 {
            self.unused -= 1;
            return 0;
        }
        // A chip whose FIFO cannot hold what its consumer takes at once is refused when it is constructed.
        self.freed.pop_front().unwrap_or(self.port)
    }

    /// Nothing of the next job is computed before `start`.
    pub(super) fn begin(&mut self, consumer: Consumer, start: i64) {
        self.array_free = self.array_free.max(start);
        if let Consumer::Vector { .. } = consumer {
            self.port = self.port.max(start);
        }
    }

    /// A stripe of `stripe_bytes` enters the FIFO in cycle `arrival`.
    pub(super) fn arrive(&mut self, consumer: Consumer, stripe_bytes: u64, arrival: i64, tally: &mut Tally) {
        match consumer {
            Consumer::Vector { stripe_cycles } => {
                let begin = self.port.max(arrival);
                tally.dram += begin - self.port;
                self.port = begin + stripe_cycles;
                self.freed.push_back(self.port);
            }
            Consumer::Array { tokens, beats, beat_bytes } => {
                self.bytes += stripe_bytes;
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

    /// Drops what pads a job's last stripe, and tells when the consumer is done.
    pub(super) fn finish(&mut self, consumer: Consumer) -> i64 {
        if self.bytes > 0 {
            self.bytes = 0;
            self.head = 0;
            self.freed.push_back(self.port);
        }
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
        let loaded = last_beat + i64::from(TILE_SWAP_CYCLES);
        let first_token = self.array_free.max(loaded + 1);
        // The swap happens in the cycle of the former tile's last token, or as soon as the loading register is full.
        // A job that has not begun does not hold it up.
        self.loading_free = loaded.max(self.held_until);
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
        self.freed.iter_mut().for_each(raise);
        raise(&mut self.loading_free);
        raise(&mut self.held_until);
        match consumer {
            Consumer::Array { .. } => raise(&mut self.port),
            // The vector unit's stalls are counted from `port`.
            Consumer::Vector { .. } => raise(&mut self.array_free),
        }
    }

    pub(super) fn shift(&mut self, cycles: i64) {
        self.freed.iter_mut().for_each(|cycle| *cycle += cycles);
        self.port += cycles;
        self.loading_free += cycles;
        self.held_until += cycles;
        self.array_free += cycles;
    }
}
