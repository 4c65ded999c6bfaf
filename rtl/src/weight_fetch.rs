//! An AXI4 read master that fetches the weights of matrix jobs.
//!
//! ```text
//!                +----------------+
//!   job_valid -->|                |--> araddr, arlen, arsize, arburst, arcache, arprot
//!   job_ready <--|                |<-> arvalid, arready
//!     job_... ==>|                |<== rdata, rresp, rlast
//!       abort -->|  weight_fetch  |<-> rvalid, rready
//!        idle <--|                |--> weight_valid
//!       taken -->|                |<-- weight_ready
//!      slverr <--|                |==> weight_data
//!      decerr <--+-------/\-------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets everything, also what is outstanding |
//! | `aborting` | in | 1 | level: forgets the jobs, see below |
//! | `job_valid`, `job_ready` | in, out | 1, 1 | handshake of a job |
//! | `job_address`, `job_n`, `job_k` | in | 64, 21, 24 | where its weights are, in whole beats; its outputs and inputs |
//! | `ar...`, `r...` | | | AXI4 read channels (ARM IHI 0022), STREAM_BITS of data, one ID, INCR bursts |
//! | `weight_valid`, `weight_ready`, `weight_data` | out, in, out | 1, 1, STREAM_BITS / 8 x 8 | handshake of a beat |
//! | `taken` | in | 1 | the beat FIFO behind `weight_...` has lost one of its FIFO_BEATS beats |
//! | `slverr`, `decerr` | out | 1, 1 | the beat that is received in this cycle has failed |
//! | `idle` | out | 1 | no read is offered or outstanding |
//!
//! Parameters: [`EngineParameters`]. Latency: job accepted to `arvalid`, [`contract::latency::WEIGHT_FETCH_CYCLES`];
//! `rvalid` to `weight_valid`, 0. Throughput: a burst every other cycle, a beat a cycle, also from one job to the next.
//! Where BEATS is 1, steps are counted no faster than they are fetched: then the bus waits once, for less than a burst.
//! Golden: ceil(N / COLUMNS) x ceil(K / LANES) x BEATS beats from the job's address.
//!
//! A burst is asked for only when the FIFO has room for all of it, so `rready` is always given, and as many bursts are
//! outstanding as there is room for. Bursts end where a multiple of BURST_BEATS beats of the memory does, so that none
//! crosses a 4 KB boundary.
//!
//! `aborting` forgets jobs and bursts not yet offered; `arvalid` stays until it is accepted, and beats still to come are
//! received and dropped. This goes on after `aborting` until all have come. Only then is a job accepted.
//!
//! Does not: check an address, count `rlast`, or read again what has failed: a failed beat is passed on.

use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::burst_cutter::BurstCutter;
use crate::hdl::{
    Bus, High, Low, Number, Pack, Register, ResetRegister, Wires, clog2, signed_cast, unsigned_cast,
};
use crate::job_registers::{JOB_ADDRESS_BITS, K_BITS, N_BITS};
use crate::step_walker::StepWalker;

/// `arburst` of incrementing addresses (ARM IHI 0022, A3.4.1).
const INCR: u64 = 0b01;
/// `arcache` of normal memory, not cached but bufferable (A4.4).
const NORMAL_BUFFERABLE: u64 = 0b0011;
/// `rresp` of a refused read, and of one that met no memory (A3.4.5).
const SLVERR: u64 = 0b10;
const DECERR: u64 = 0b11;

/// An AXI4 read master for weights.
#[derive(LogicBlock, Debug)]
pub struct WeightFetch {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub reset: Bus<In>,
    /// Forgets the jobs, and completes what is outstanding.
    pub aborting: Bus<In>,
    /// A job is offered.
    pub job_valid: Bus<In>,
    /// A job can be taken.
    pub job_ready: Bus<Out>,
    /// Where its weights are.
    pub job_address: Bus<In>,
    /// Its outputs.
    pub job_n: Bus<In>,
    /// Its inputs.
    pub job_k: Bus<In>,
    /// Where a burst begins.
    pub araddr: Bus<Out>,
    /// Its beats - 1.
    pub arlen: Bus<Out>,
    /// Bytes of a beat, as a power of two.
    pub arsize: Bus<Out>,
    /// Incrementing addresses.
    pub arburst: Bus<Out>,
    /// Normal memory.
    pub arcache: Bus<Out>,
    /// Data, secure, unprivileged.
    pub arprot: Bus<Out>,
    /// A burst is offered.
    pub arvalid: Bus<Out>,
    /// The burst is taken.
    pub arready: Bus<In>,
    /// A beat.
    pub rdata: Pack<Bus<In>>,
    /// Whether it was read.
    pub rresp: Bus<In>,
    /// Not looked at: beats are counted.
    pub rlast: Bus<In>,
    /// A beat is offered.
    pub rvalid: Bus<In>,
    /// The beat is taken.
    pub rready: Bus<Out>,
    /// A beat is passed on.
    pub weight_valid: Bus<Out>,
    /// The beat is taken.
    pub weight_ready: Bus<In>,
    /// The beat.
    pub weight_data: Pack<Bus<Out>>,
    /// The FIFO behind has room for one more.
    pub taken: Bus<In>,
    /// A beat has failed with SLVERR.
    pub slverr: Bus<Out>,
    /// A beat has failed with DECERR.
    pub decerr: Bus<Out>,
    /// No read is offered or outstanding.
    pub idle: Bus<Out>,
    step_walker: StepWalker,
    burst_cutter: BurstCutter,
    /// Where the job begins that began last, and where the next burst does.
    next_job_address: Register,
    address: Register,
    /// A burst that waits for room in the FIFO, and the one that is offered.
    held: ResetRegister,
    held_address: Register,
    held_last: Register,
    offered: ResetRegister,
    offered_address: Register,
    offered_last: Register,
    /// Beats that the FIFO holds, or that have been asked for; beats that have been asked for.
    used: ResetRegister,
    outstanding: ResetRegister,
    dropping: ResetRegister,
    stop: Bus<Local>,
    forget: Bus<Local>,
    start: Bus<Local>,
    step: Bus<Local>,
    cut: Bus<Local>,
    ask: Bus<Local>,
    asked: Bus<Local>,
    received: Bus<Local>,
    /// The byte in its block with which the next burst begins.
    in_block: Pack<Bus<Local>>,
    block: Number,
    fifo_beats: Number,
    size: Number,
    incr: Number,
    bufferable: Number,
    no_protection: Number,
    slverr_code: Number,
    decerr_code: Number,
}

impl WeightFetch {
    /// The master of the engine that `parameters` describe, whose stream is an AXI4 data bus.
    pub fn new(parameters: &EngineParameters) -> Self {
        let bytes = parameters.array.stream_bits / 8;
        assert!(bytes.is_power_of_two() && bytes <= 128, "an AXI4 data bus has 8, 16, ... 1024 bits");
        let (burst, fifo) = (u64::from(parameters.burst_beats), u64::from(parameters.fifo_beats));
        assert!(burst * u64::from(bytes) <= 4096 && burst <= fifo, "a burst fits 4 KB and the FIFO");
        let size = bytes.trailing_zeros();
        let last_bits = clog2(burst);
        let block_bytes = burst * u64::from(bytes);
        let fill_bits = clog2(2 * fifo);
        let bit = || ResetRegister::new(1);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            aborting: Bus::new(1),
            job_valid: Bus::new(1),
            job_ready: Bus::new(1),
            job_address: Bus::new(JOB_ADDRESS_BITS),
            job_n: Bus::new(N_BITS),
            job_k: Bus::new(K_BITS),
            araddr: Bus::new(JOB_ADDRESS_BITS),
            arlen: Bus::new(8),
            arsize: Bus::new(3),
            arburst: Bus::new(2),
            arcache: Bus::new(4),
            arprot: Bus::new(3),
            arvalid: Bus::new(1),
            arready: Bus::new(1),
            rdata: Pack::new(bytes as usize, 8),
            rresp: Bus::new(2),
            rlast: Bus::new(1),
            rvalid: Bus::new(1),
            rready: Bus::new(1),
            weight_valid: Bus::new(1),
            weight_ready: Bus::new(1),
            weight_data: Pack::new(bytes as usize, 8),
            taken: Bus::new(1),
            slverr: Bus::new(1),
            decerr: Bus::new(1),
            idle: Bus::new(1),
            step_walker: StepWalker::new(&parameters.array),
            burst_cutter: BurstCutter::new(parameters),
            next_job_address: Register::new(JOB_ADDRESS_BITS),
            address: Register::new(JOB_ADDRESS_BITS),
            held: bit(),
            held_address: Register::new(JOB_ADDRESS_BITS),
            held_last: Register::new(last_bits),
            offered: bit(),
            offered_address: Register::new(JOB_ADDRESS_BITS),
            offered_last: Register::new(last_bits),
            used: ResetRegister::new(fill_bits),
            outstanding: ResetRegister::new(fill_bits),
            dropping: bit(),
            stop: Bus::new(1),
            forget: Bus::new(1),
            start: Bus::new(1),
            step: Bus::new(1),
            cut: Bus::new(1),
            ask: Bus::new(1),
            asked: Bus::new(fill_bits),
            received: Bus::new(1),
            in_block: Pack::new(1, clog2(block_bytes)),
            block: Number::new(block_bytes - 1, JOB_ADDRESS_BITS),
            fifo_beats: Number::new(fifo, fill_bits),
            size: Number::new(size.into(), 3),
            incr: Number::new(INCR, 2),
            bufferable: Number::new(NORMAL_BUFFERABLE, 4),
            no_protection: Number::new(0, 3),
            slverr_code: Number::new(SLVERR, 2),
            decerr_code: Number::new(DECERR, 2),
        }
    }
}

impl Logic for WeightFetch {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("An AXI4 read master that fetches the weights of matrix jobs.");
        clock!(
            self,
            clock,
            step_walker,
            burst_cutter,
            next_job_address,
            address,
            held,
            held_address,
            held_last
        );
        clock!(self, clock, offered, offered_address, offered_last, used, outstanding, dropping);

        // From an abort until nothing is outstanding there are no jobs, and beats are dropped.
        self.idle.next = (!self.outstanding.q.val().any()).into();
        self.stop.next = self.aborting.val() | self.dropping.q.val();
        self.forget.next = self.reset.val() | self.stop.val();
        self.dropping.reset.next = self.reset.val();
        self.dropping.enable.next = true.into();
        self.dropping.d.next = self.aborting.val() | (self.dropping.q.val() & !self.idle.val());
        self.step_walker.reset.next = self.forget.val();
        self.burst_cutter.reset.next = self.forget.val();
        self.held.reset.next = self.forget.val();
        self.used.reset.next = self.forget.val();
        self.offered.reset.next = self.reset.val();
        self.outstanding.reset.next = self.reset.val();

        // Jobs are counted a step at a time.
        self.step_walker.job_valid.next =
            self.job_valid.val() & self.burst_cutter.job_ready.val() & !self.stop.val();
        self.step_walker.job_n.next = self.job_n.val();
        self.step_walker.job_k.next = self.job_k.val();
        self.step_walker.step_ready.next = self.burst_cutter.step_ready.val();
        self.job_ready.next =
            self.step_walker.job_ready.val() & self.burst_cutter.job_ready.val() & !self.stop.val();
        self.start.next = self.job_valid.val() & self.job_ready.val();
        self.next_job_address.enable.next = self.start.val();
        self.next_job_address.d.next = self.job_address.val();
        self.step.next = self.step_walker.step_valid.val() & self.burst_cutter.step_ready.val();
        self.burst_cutter.job_start.next = self.start.val();
        self.burst_cutter.step.next = self.step.val();
        self.burst_cutter.step_last.next = self.step_walker.step_last.val();

        // Bursts follow each other from block to block. One is held until the FIFO has room for all of it and the one
        // before has been accepted.
        self.ask.next = (self.held.q.val().any()
            && !self.offered.q.val().any()
            && !self.stop.val().any()
            && self.used.q.val() + unsigned_cast(self.held_last.q.val(), self.used.q.bits())
                < self.fifo_beats.val())
        .into();
        Low::join(&mut self.address.q, &mut self.in_block);
        High::join(&mut self.in_block, &mut self.burst_cutter.offset);
        self.burst_cutter.burst_ready.next = !self.held.q.val() | self.ask.val();
        self.cut.next = self.burst_cutter.burst_valid.val() & self.burst_cutter.burst_ready.val();
        self.address.enable.next = self.burst_cutter.advance.val() | self.cut.val();
        if self.burst_cutter.advance.val().any() {
            self.address.d.next = self.next_job_address.q.val();
        } else {
            self.address.d.next = (self.address.q.val() | self.block.val()) + 1;
        }
        self.held.enable.next = self.cut.val() | self.ask.val();
        self.held.d.next = self.cut.val();
        self.held_address.enable.next = self.cut.val();
        self.held_address.d.next = self.address.q.val();
        self.held_last.enable.next = self.cut.val();
        self.held_last.d.next = self.burst_cutter.burst_last_beat.val();

        self.offered.enable.next = self.ask.val() | self.arready.val();
        self.offered.d.next = self.ask.val();
        self.offered_address.enable.next = self.ask.val();
        self.offered_address.d.next = self.held_address.q.val();
        self.offered_last.enable.next = self.ask.val();
        self.offered_last.d.next = self.held_last.q.val();
        self.arvalid.next = self.offered.q.val();
        self.araddr.next = self.offered_address.q.val();
        self.arlen.next = unsigned_cast(self.offered_last.q.val(), 8);
        self.arsize.next = self.size.val();
        self.arburst.next = self.incr.val();
        self.arcache.next = self.bufferable.val();
        self.arprot.next = self.no_protection.val();

        // Beats.
        self.rready.next = self.weight_ready.val() | self.stop.val();
        self.weight_valid.next = self.rvalid.val() & !self.stop.val();
        Wires::join(&mut self.rdata, &mut self.weight_data);
        self.received.next = self.rvalid.val() & self.rready.val();
        self.slverr.next = (self.received.val().any() && self.rresp.val() == self.slverr_code.val()).into();
        self.decerr.next = (self.received.val().any() && self.rresp.val() == self.decerr_code.val()).into();

        // Room is taken when a burst is asked for.
        self.asked.next = signed_cast(self.ask.val(), self.asked.bits())
            & (unsigned_cast(self.held_last.q.val(), self.asked.bits()) + 1);
        self.used.enable.next = true.into();
        self.used.d.next =
            self.used.q.val() + self.asked.val() - unsigned_cast(self.taken.val(), self.asked.bits());
        self.outstanding.enable.next = true.into();
        self.outstanding.d.next = self.outstanding.q.val() + self.asked.val()
            - unsigned_cast(self.received.val(), self.asked.bits());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::WEIGHT_FETCH_CYCLES;

    use super::*;
    use crate::Parameters;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn parameters(
        [lanes, columns]: [u32; 2],
        stream_bits: u32,
        [fifo_beats, burst_beats]: [u32; 2],
    ) -> EngineParameters {
        let array = Parameters { lanes, columns, tokens: 1, stream_bits, acc_bits: 24 };
        let parameters = EngineParameters { fifo_beats, burst_beats, ..EngineParameters::of(array) };
        parameters.validate_axi().expect("sizes of an AXI4 master");
        parameters
    }

    fn fetch(parameters: &EngineParameters) -> Bench<WeightFetch> {
        bench!(
            WeightFetch::new(parameters),
            "weight_fetch": reset, aborting, job_valid, job_address, job_n, job_k, arready, rdata, rresp, rlast, rvalid,
                weight_ready, taken
                => job_ready, araddr, arlen, arsize, arburst, arcache, arprot, arvalid, rready, weight_valid,
                    weight_data, slverr, decerr, idle
        )
    }

    #[derive(Clone, Copy, Debug)]
    struct Job {
        address: u64,
        n: u64,
        k: u64,
    }

    /// A beat that the memory has yet to answer.
    #[derive(Clone, Copy, Debug)]
    struct Beat {
        address: u64,
        resp: u64,
        last: bool,
        /// The first cycle in which it can be there.
        from: u64,
    }

    /// What is in memory at `address`, and in every beat that is not there.
    fn bytes(address: u64, count: u32) -> Vec<u64> {
        let mut random = Random::new(address);
        (0..count).map(|_| random.below(256)).collect()
    }

    /// How fast each side is, in percent of cycles.
    #[derive(Clone, Copy)]
    struct Pace {
        least_latency: u64,
        most_latency: u64,
        jobs: u64,
        arready: u64,
        rvalid: u64,
        taken: u64,
        aborts: bool,
        errors: bool,
    }

    const EAGER: Pace = Pace {
        least_latency: 1,
        most_latency: 1,
        jobs: 100,
        arready: 100,
        rvalid: 100,
        taken: 100,
        aborts: false,
        errors: false,
    };

    /// What the block was driven with in the cycle before.
    #[derive(Clone, Copy, Default)]
    struct Driven {
        reset: bool,
        abort: bool,
        job: Option<Job>,
        arready: bool,
        beat: Option<Beat>,
        weight_ready: bool,
        taken: bool,
    }

    /// How often what is worth testing has happened.
    #[derive(Default, Debug)]
    struct Seen {
        jobs: u32,
        beats: u64,
        several_bursts: u32,
        no_room: u32,
        page_ends: u32,
        errors: u32,
        aborts_of_offered: u32,
        aborts_of_outstanding: u32,
        early_ends: u32,
    }

    /// A memory that answers in order, the FIFO behind the block, and the rules that the block must keep.
    struct World {
        p: EngineParameters,
        random: Random,
        pace: Pace,
        cycle: u64,
        driven: Driven,
        memory: VecDeque<Beat>,
        /// For each beat in the FIFO, when it came.
        fifo: VecDeque<u64>,
        /// Where the bursts of each job go on, and how many beats of it are not yet asked for.
        plan: VecDeque<(u64, u64)>,
        /// The addresses of the beats that are still to be passed on.
        expected: VecDeque<u64>,
        /// Beats that have been asked for and are not yet out of the FIFO; not yet received.
        used: u64,
        outstanding: u64,
        /// A burst that was offered, and not accepted.
        waiting: Option<[u64; 2]>,
        dropping: bool,
        stopped: bool,
        abort_left: u64,
        next_jobs: VecDeque<Job>,
        received_at: Vec<u64>,
        seen: Seen,
    }

    impl World {
        fn new(p: EngineParameters, pace: Pace, seed: u64) -> Self {
            Self {
                p,
                random: Random::new(seed),
                pace,
                cycle: 0,
                driven: Driven::default(),
                memory: VecDeque::new(),
                fifo: VecDeque::new(),
                plan: VecDeque::new(),
                expected: VecDeque::new(),
                used: 0,
                outstanding: 0,
                waiting: None,
                dropping: false,
                stopped: false,
                abort_left: 0,
                next_jobs: VecDeque::new(),
                received_at: vec![],
                seen: Seen::default(),
            }
        }

        fn beat_bytes(&self) -> u64 {
            (self.p.array.stream_bits / 8).into()
        }

        /// Any job, many of them close to a boundary of 4 KB or of one tile or step.
        fn any_job(&mut self) -> Job {
            let bytes = self.beat_bytes();
            let random = &mut self.random;
            let page = random.below(1 << 51) << 12;
            let back = bytes * random.below(4);
            let anywhere = bytes * random.below(4096 / bytes);
            let address = random.pick(&[page, page + 4096 - back, page + anywhere, page + anywhere]);
            let mut size = |by: u32| {
                let by = u64::from(by);
                let tiles = random.below(3);
                random.pick(&[1, by * (1 + tiles), by * tiles + 1, 1 + random.clone().below(3 * by)])
            };
            Job { address, n: size(self.p.array.columns), k: size(self.p.array.lanes) }
        }

        fn forget_jobs(&mut self) {
            self.plan.clear();
            self.expected.clear();
            self.fifo.clear();
            self.used = 0;
        }

        fn next(&mut self, outputs: Option<&Values>) -> Values {
            if let Some(outputs) = outputs {
                self.check(outputs);
                self.cycle += 1;
            }
            self.drive();
            let Driven { reset, abort, job, arready, beat, weight_ready, taken } = self.driven;
            let anything = Job { address: 0, n: 1, k: 1 };
            let (Job { address, n, k }, rdata) =
                (job.unwrap_or(anything), beat.map_or(self.cycle, |b| b.address));
            vec![
                vec![reset.into()],
                vec![abort.into()],
                vec![job.is_some().into()],
                vec![address],
                vec![n],
                vec![k],
                vec![arready.into()],
                bytes(rdata, self.p.array.stream_bits / 8),
                vec![beat.map_or(self.cycle % 4, |beat| beat.resp)],
                vec![beat.is_some_and(|beat| beat.last).into()],
                vec![beat.is_some().into()],
                vec![weight_ready.into()],
                vec![taken.into()],
            ]
        }

        /// Chooses the inputs of this cycle.
        fn drive(&mut self) {
            let pace = self.pace;
            let mut chance = |percent| self.random.chance(percent);
            let (jobs, arready, rvalid, taken) =
                (chance(pace.jobs), chance(pace.arready), chance(pace.rvalid), chance(pace.taken));
            let reset = self.cycle == 0 || (pace.aborts && self.random.below(3000) == 0);
            // Often enough while a burst is offered, which is rare where the memory is quick.
            let rarity = if self.waiting.is_some() { 30 } else { 200 };
            if self.abort_left == 0 && pace.aborts && self.random.below(rarity) == 0 {
                // Some end before everything is quiet.
                let most = self.random.pick(&[1, 5, 100]);
                self.abort_left = 1 + self.random.below(most);
                self.seen.aborts_of_offered += u32::from(self.waiting.is_some());
                self.seen.aborts_of_outstanding += u32::from(self.outstanding > 0);
                self.seen.early_ends += u32::from(self.abort_left < self.outstanding);
            }
            let abort = self.abort_left > 0;
            self.abort_left = self.abort_left.saturating_sub(1);
            if reset {
                self.memory.clear();
            }
            let next_job = self.next_jobs.front().copied();
            // The block takes every beat at once, so none is held.
            let beat = self.memory.front().filter(|beat| beat.from <= self.cycle && rvalid).copied();
            self.driven = Driven {
                reset,
                abort,
                job: if jobs { next_job } else { None },
                arready,
                beat,
                // What an abort drops needs no room.
                weight_ready: self.fifo.len() < self.p.fifo_beats as usize
                    && !(abort && self.random.chance(50)),
                // A beat is offered two cycles after it was accepted.
                taken: taken && !abort && self.fifo.front().is_some_and(|came| came + 2 <= self.cycle),
            };
        }

        /// Compares a cycle's outputs with the rules.
        fn check(&mut self, outputs: &Values) {
            let at = |i: usize| outputs[i][0];
            let [job_ready, araddr, arlen, arsize, arburst, arcache, arprot, arvalid, rready, weight_valid] =
                std::array::from_fn(at);
            let [weight_data, slverr, decerr, idle] = std::array::from_fn(|i| &outputs[10 + i]);
            let (driven, cycle) = (self.driven, self.cycle);
            if driven.reset {
                self.forget_jobs();
                (self.outstanding, self.waiting, self.dropping, self.stopped) = (0, None, false, false);
                return;
            }
            let stop = driven.abort || self.dropping;
            let (burst, bytes_a_beat) = (u64::from(self.p.burst_beats), self.beat_bytes());

            if arvalid == 1 {
                let beats = arlen + 1;
                assert_eq!(
                    [arsize, arburst, arcache, arprot],
                    [bytes_a_beat.trailing_zeros().into(), 1, 3, 0]
                );
                if let Some(waiting) = self.waiting {
                    assert_eq!([araddr, arlen], waiting, "cycle {cycle}: an offered burst stays");
                } else {
                    assert!(!self.stopped, "cycle {cycle}: no new bursts while aborted");
                    self.used += beats;
                    self.outstanding += beats;
                    assert!(self.used <= u64::from(self.p.fifo_beats), "cycle {cycle}: room for all of it");
                    let (address, left) = self.plan.front_mut().expect("a job for the burst");
                    let room = burst - *address / bytes_a_beat % burst;
                    assert_eq!([araddr, beats], [*address, room.min(*left)], "cycle {cycle}");
                    let end = araddr + beats * bytes_a_beat - 1;
                    assert_eq!(araddr >> 12, end >> 12, "cycle {cycle}: no burst crosses 4 KB");
                    self.seen.page_ends += u32::from(end & 0xfff == 0xfff);
                    (*address, *left) = (*address + beats * bytes_a_beat, *left - beats);
                    self.plan.retain(|(_, left)| *left > 0);
                }
                if driven.arready {
                    let latency = self.pace.least_latency
                        + self.random.below(self.pace.most_latency - self.pace.least_latency + 1);
                    self.seen.several_bursts += u32::from(!self.memory.is_empty());
                    for beat in 0..beats {
                        let failed = self.pace.errors && self.random.chance(5);
                        let resp = if failed { SLVERR + self.random.below(2) } else { 0 };
                        let address = araddr + beat * bytes_a_beat;
                        self.memory.push_back(Beat {
                            address,
                            resp,
                            last: beat == arlen,
                            from: cycle + latency,
                        });
                    }
                }
                self.waiting = (!driven.arready).then_some([araddr, arlen]);
            } else {
                assert_eq!(self.waiting, None, "cycle {cycle}: an offered burst stays");
            }
            assert_eq!(idle[0] == 1, self.outstanding == 0, "cycle {cycle}");

            assert_eq!(rready == 1, driven.weight_ready || stop, "cycle {cycle}");
            assert!(driven.beat.is_none() || rready == 1, "cycle {cycle}: there is room for every beat");
            assert_eq!(weight_valid == 1, driven.beat.is_some() && !stop, "cycle {cycle}");
            let resp = driven.beat.map_or(0, |beat| beat.resp);
            assert_eq!([slverr[0], decerr[0]], [SLVERR, DECERR].map(|code| u64::from(resp == code)));
            if driven.beat.is_some() {
                self.memory.pop_front();
                self.outstanding -= 1;
                self.received_at.push(cycle);
                self.seen.errors += u32::from(resp > 0);
            }
            if weight_valid == 1 {
                let address = self.expected.pop_front().expect("a beat that was asked for");
                assert_eq!(*weight_data, bytes(address, self.p.array.stream_bits / 8), "cycle {cycle}");
                self.fifo.push_back(cycle);
                self.seen.beats += 1;
            }
            if driven.taken {
                self.fifo.pop_front();
                self.used -= 1;
            }

            assert!(!stop || job_ready == 0, "cycle {cycle}");
            if let Some(Job { address, n, k }) = driven.job
                && job_ready == 1
            {
                let Parameters { lanes, columns, .. } = self.p.array;
                let beats = n.div_ceil(columns.into()) * k.div_ceil(lanes.into()) * self.p.array.beats();
                self.plan.push_back((address, beats));
                self.expected.extend((0..beats).map(|beat| address + beat * bytes_a_beat));
                self.next_jobs.pop_front();
                self.seen.jobs += 1;
            }
            self.seen.no_room += u32::from(self.used + burst > u64::from(self.p.fifo_beats));
            if stop {
                self.forget_jobs();
            }
            self.dropping = driven.abort || (self.dropping && idle[0] == 0);
            self.stopped = stop;
        }
    }

    const SHAPES: [([u32; 2], u32, [u32; 2]); 6] = [
        ([5, 1], 8, [4, 1]),
        ([5, 1], 8, [16, 4]),
        ([12, 5], 32, [64, 16]),
        ([80, 16], 512, [128, 16]),
        ([20, 33], 1024, [32, 32]),
        ([7, 3], 16, [256, 256]),
    ];

    /// The rules of AXI, and every beat of every job in order, at any pace of memory and FIFO.
    #[test]
    fn equals_the_beats_of_the_jobs_under_any_stalls_and_aborts() {
        for (seed, (array, stream_bits, beats)) in SHAPES.into_iter().enumerate() {
            let p = parameters(array, stream_bits, beats);
            let mut world = World::new(p, EAGER, seed as u64);
            fetch(&p).run_reactive(10_000, 50, |outputs| {
                // The very first job shows all outputs; then phases in which one side is the slowest.
                if world.cycle % 500 == 100 {
                    let slow = |one: bool| if one { 20 } else { 95 };
                    let phase = world.cycle / 500 % 6;
                    let most_latency = world.random.pick(&[1, 10, 60]);
                    world.pace = Pace {
                        least_latency: 1,
                        most_latency,
                        jobs: slow(phase == 1),
                        arready: slow(phase == 2),
                        rvalid: slow(phase == 3),
                        taken: slow(phase == 4),
                        aborts: phase != 5,
                        errors: true,
                    };
                }
                while world.next_jobs.len() < 2 {
                    let job = world.any_job();
                    world.next_jobs.push_back(job);
                }
                world.next(outputs)
            });
            let seen = &world.seen;
            assert!(seen.jobs > 100 && seen.beats > 1000 && seen.no_room > 100, "too few to tell: {seen:?}");
            assert!(seen.page_ends > 5 && seen.errors > 50, "too few to tell: {seen:?}");
            assert!(seen.several_bursts > 100 || p.fifo_beats == p.burst_beats, "too few to tell: {seen:?}");
            assert!(
                seen.aborts_of_offered > 2 && seen.aborts_of_outstanding > 10,
                "too few to tell: {seen:?}"
            );
            assert!(seen.early_ends > 2, "too few to tell: {seen:?}");
        }
    }

    /// Every job ends: nothing is forgotten, nothing is left over.
    #[test]
    fn all_beats_of_all_jobs_arrive() {
        for (seed, (array, stream_bits, beats)) in SHAPES.into_iter().enumerate() {
            let p = parameters(array, stream_bits, beats);
            let mut world = World::new(p, Pace { most_latency: 20, rvalid: 80, ..EAGER }, seed as u64);
            for _ in 0..20 {
                let job = world.any_job();
                world.next_jobs.push_back(job);
            }
            fetch(&p).run_reactive(4000, 50, |outputs| world.next(outputs));
            assert_eq!((world.seen.jobs, world.plan.len(), world.expected.len()), (20, 0, 0));
            assert_eq!((world.outstanding, world.memory.len(), world.used), (0, 0, 0));
        }
    }

    /// A beat every cycle, from job to job, while the FIFO covers the memory's latency, the block's own cycles, and
    /// what is asked for at once: two bursts.
    #[test]
    fn no_bus_cycle_is_lost_within_a_job_or_between_jobs() {
        let shapes = [
            ([5, 1], 8, [64, 16]),
            ([12, 5], 32, [64, 16]),
            ([80, 16], 512, [128, 16]),
            ([20, 33], 1024, [128, 32]),
            ([7, 3], 16, [64, 4]),
        ];
        for (seed, (array, stream_bits, [fifo, burst])) in shapes.into_iter().enumerate() {
            let p = parameters(array, stream_bits, [fifo, burst]);
            let latency = u64::from(fifo - 2 * burst) - 4;
            let pace = Pace { least_latency: latency, most_latency: latency, ..EAGER };
            let mut world = World::new(p, pace, seed as u64);
            for _ in 0..40 {
                // Enough beats for the two short bursts that a job can have.
                let job = world.any_job();
                world.next_jobs.push_back(Job { k: job.k + 4 * u64::from(p.array.lanes), ..job });
            }
            fetch(&p).run_reactive(6000, 50, |outputs| world.next(outputs));
            assert_eq!((world.seen.jobs, world.expected.len()), (40, 0));
            // The first two bursts may be short. A step of one beat is counted no faster than it is fetched: until the
            // longest burst has been waited for once, the bus waits.
            let steady = &world.received_at[2 * burst as usize..];
            let beats = steady.len() as u64;
            let lost = steady[steady.len() - 1] + 1 - steady[0] - beats;
            let most = if p.array.beats() == 1 { u64::from(burst) } else { 0 };
            assert!(beats > 200 && lost <= most, "{p:?}: {lost} cycles lost in {beats}");
        }
    }

    #[test]
    fn the_first_burst_is_offered_after_the_latency_and_not_before() {
        let p = parameters([80, 16], 512, [128, 4]);
        let mut world = World::new(p, EAGER, 0);
        world.next_jobs.push_back(Job { address: 0x1000, n: 16, k: 80 });
        let trace = fetch(&p).run_reactive(20, 10, |outputs| world.next(outputs));
        let first = |input: bool, at: usize| {
            let of =
                |(inputs, outputs): &(Values, Values)| if input { inputs[at][0] } else { outputs[at][0] };
            trace.iter().position(|cycle| of(cycle) == 1).expect("a cycle")
        };
        let accepted = trace.iter().skip(1).position(|(i, o)| i[2][0] & o[0][0] == 1).expect("a job") + 1;
        assert_eq!(first(false, 7), accepted + WEIGHT_FETCH_CYCLES as usize);
        assert_eq!(first(true, 10), first(false, 9), "a beat is passed on in the cycle it comes");
    }

    #[test]
    fn synthesises() {
        for (array, stream_bits, beats) in SHAPES {
            fetch(&parameters(array, stream_bits, beats)).assert_synthesises();
        }
    }
}
