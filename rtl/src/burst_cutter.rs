//! Beats owed in, bursts out: none crosses a block of BURST_BEATS beats, and none reaches into the next job.
//!
//! ```text
//!                +----------------+
//!    job_ready <-|                |--> advance
//!    job_start ->|                |<-- offset
//!   step_ready <-|  burst_cutter  |
//!         step ->|                |--> burst_valid
//!    step_last ->|                |<-- burst_ready
//!        reset ->+-------/\-------+==> burst_last_beat
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets the jobs |
//! | `job_ready` | out | 1 | a job may begin |
//! | `job_start` | in | 1 | one begins: the next steps are its own; only with `job_ready`, and after the last step of the one before, or with it |
//! | `step_ready` | out | 1 | a step may be counted |
//! | `step`, `step_last` | in | 1, 1 | a step is counted: BEATS more beats are owed; it is the job's last; only with `step_ready` |
//! | `advance` | out | 1 | from the next cycle on, bursts are of the job that began last |
//! | `offset` | in | log2(BURST_BEATS) | the beat in its block with which the next burst begins |
//! | `burst_valid`, `burst_ready` | out, in | 1, 1 | handshake of a burst |
//! | `burst_last_beat` | out | log2(BURST_BEATS) | its beats - 1 |
//!
//! Parameters: [`EngineParameters`]. Latency: a job begun in t advances in t + 1, a step counted in t can be a burst in
//! t + 1. Throughput: a step and a burst a cycle. Golden: the beats of each job, cut at the ends of blocks.
//!
//! BURST_BEATS is a power of two, and at most 4 KB: a burst that stays in its block crosses no 4 KB boundary. A burst is
//! offered when what is owed reaches its block's end, or when the job ends before. Beats of the next job are counted
//! apart while those of the present one are cut, so that no burst waits for a job to be counted.
//!
//! Counting stops at two bursts: a counter is as wide as two bursts and a step.
//!
//! Does not: know addresses, or whether there is room for what it cuts.

use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::hdl::{Bus, Low, Number, Register, ResetRegister, clog2, signed_cast, unsigned_cast};

/// Beats owed in, bursts out.
#[derive(LogicBlock, Debug)]
pub struct BurstCutter {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets the jobs.
    pub reset: Bus<In>,
    /// A job may begin.
    pub job_ready: Bus<Out>,
    /// A job begins.
    pub job_start: Bus<In>,
    /// A step may be counted.
    pub step_ready: Bus<Out>,
    /// A step is counted.
    pub step: Bus<In>,
    /// It is the last of its job.
    pub step_last: Bus<In>,
    /// The job that began last is cut from here on.
    pub advance: Bus<Out>,
    /// Where in its block the next burst begins.
    pub offset: Bus<In>,
    /// A burst is offered.
    pub burst_valid: Bus<Out>,
    /// The burst is taken.
    pub burst_ready: Bus<In>,
    /// Its last beat, counted from 0.
    pub burst_last_beat: Bus<Out>,
    /// A job is being cut, and what is owed of it; all of it has been counted.
    cutting: ResetRegister,
    owed: ResetRegister,
    counted: Register,
    /// Another one has begun, and what is owed of that; all of it has been counted.
    waiting: ResetRegister,
    ahead: ResetRegister,
    ahead_counted: ResetRegister,
    count: Bus<Local>,
    reach: Bus<Local>,
    full: Bus<Local>,
    rest: Bus<Local>,
    cut: Bus<Local>,
    finish: Bus<Local>,
    kept: Bus<Local>,
    last_beat: Bus<Local>,
    block: Number,
    beats: Number,
    enough: Number,
}

impl BurstCutter {
    /// Bursts for the engine that `parameters` describe.
    pub fn new(parameters: &EngineParameters) -> Self {
        let (burst, beats) = (u64::from(parameters.burst_beats), parameters.array.beats());
        let (offset_bits, enough) = (clog2(burst), 2 * burst);
        let owed_bits = clog2(enough + beats);
        let bit = || ResetRegister::new(1);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            job_ready: Bus::new(1),
            job_start: Bus::new(1),
            step_ready: Bus::new(1),
            step: Bus::new(1),
            step_last: Bus::new(1),
            advance: Bus::new(1),
            offset: Bus::new(offset_bits),
            burst_valid: Bus::new(1),
            burst_ready: Bus::new(1),
            burst_last_beat: Bus::new(offset_bits),
            cutting: bit(),
            owed: ResetRegister::new(owed_bits),
            counted: Register::new(1),
            waiting: bit(),
            ahead: ResetRegister::new(owed_bits),
            ahead_counted: bit(),
            count: Bus::new(1),
            reach: Bus::new(owed_bits),
            full: Bus::new(1),
            rest: Bus::new(owed_bits),
            cut: Bus::new(1),
            finish: Bus::new(1),
            kept: Bus::new(owed_bits),
            last_beat: Bus::new(owed_bits),
            block: Number::new(burst - 1, offset_bits),
            beats: Number::new(beats, owed_bits),
            enough: Number::new(enough, owed_bits),
        }
    }
}

impl Logic for BurstCutter {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "Beats owed in, bursts out: none crosses a block of BURST_BEATS beats, or reaches into the next job."
        );
        clock!(self, clock, cutting, owed, counted, waiting, ahead, ahead_counted);
        self.cutting.reset.next = self.reset.val();
        self.owed.reset.next = self.reset.val();
        self.waiting.reset.next = self.reset.val();

        // `reach` is the last beat of the block, counted from the burst's first.
        self.reach.next = unsigned_cast(self.block.val() & !self.offset.val(), self.reach.bits());
        self.full.next = (self.reach.val() < self.owed.q.val()).into();
        self.rest.next =
            signed_cast(self.full.val(), self.rest.bits()) & (self.owed.q.val() + !self.reach.val());
        if self.full.val().any() {
            self.last_beat.next = self.reach.val();
        } else {
            self.last_beat.next = self.owed.q.val() - 1;
        }
        Low::join(&mut self.last_beat, &mut self.burst_last_beat);
        self.burst_valid.next = self.cutting.q.val() & (self.full.val() | self.counted.q.val());
        self.cut.next = self.burst_valid.val() & self.burst_ready.val();
        self.finish.next =
            (self.cut.val().any() && self.counted.q.val().any() && !self.rest.val().any()).into();

        // A job waits until the one before is cut.
        self.advance.next = self.waiting.q.val() & (!self.cutting.q.val() | self.finish.val());
        self.job_ready.next = !self.waiting.q.val();
        self.waiting.enable.next = self.job_start.val() | self.advance.val();
        self.waiting.d.next = self.job_start.val();
        self.cutting.enable.next = self.advance.val() | self.finish.val();
        self.cutting.d.next = self.advance.val();

        // Steps are counted for the job that began last.
        if self.waiting.q.val().any() {
            self.step_ready.next = (self.ahead.q.val() < self.enough.val()).into();
        } else {
            self.step_ready.next = (self.owed.q.val() < self.enough.val()).into();
        }
        self.ahead.reset.next = self.reset.val() | self.advance.val();
        self.ahead.enable.next = self.step.val() & self.waiting.q.val();
        self.ahead.d.next = self.ahead.q.val() + self.beats.val();
        self.ahead_counted.reset.next = self.reset.val() | self.advance.val();
        self.ahead_counted.enable.next = self.step.val() & self.waiting.q.val();
        self.ahead_counted.d.next = self.step_last.val();

        self.count.next = self.step.val() & (self.advance.val() | !self.waiting.q.val());
        if self.advance.val().any() {
            self.kept.next = self.ahead.q.val();
        } else if self.cut.val().any() {
            self.kept.next = self.rest.val();
        } else {
            self.kept.next = self.owed.q.val();
        }
        self.owed.enable.next = true.into();
        self.owed.d.next =
            self.kept.val() + (signed_cast(self.count.val(), self.owed.d.bits()) & self.beats.val());
        self.counted.enable.next = self.advance.val() | self.count.val();
        self.counted.d.next =
            (self.advance.val() & self.ahead_counted.q.val()) | (self.count.val() & self.step_last.val());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Parameters;
    use crate::cosim::Random;
    use crate::job_registers::{K_BITS, N_BITS};
    use crate::step_walker::StepWalker;
    use crate::testing::{Bench, Values, bench};

    /// Lanes in whole bytes and a byte a beat: as many beats a step as columns.
    fn parameters(beats: u32, burst_beats: u32) -> EngineParameters {
        let array = Parameters { lanes: 5, columns: beats, tokens: 1, stream_bits: 8, acc_bits: 24 };
        EngineParameters { burst_beats, ..EngineParameters::of(array) }
    }

    /// The block between what it needs: steps to count, and the offset that moves with its bursts.
    #[derive(LogicBlock)]
    struct Surrounded {
        clock: Signal<In, Clock>,
        reset: Bus<In>,
        job_valid: Bus<In>,
        job_ready: Bus<Out>,
        job_n: Bus<In>,
        job_k: Bus<In>,
        job_offset: Bus<In>,
        burst_valid: Bus<Out>,
        burst_ready: Bus<In>,
        burst_last_beat: Bus<Out>,
        step_walker: StepWalker,
        burst_cutter: BurstCutter,
        next_offset: Register,
        offset: Register,
        start: Number,
    }

    impl Logic for Surrounded {
        #[hdl_gen]
        fn update(&mut self) {
            clock!(self, clock, step_walker, burst_cutter, next_offset, offset);
            self.step_walker.reset.next = self.reset.val();
            self.burst_cutter.reset.next = self.reset.val();
            self.job_ready.next = self.step_walker.job_ready.val() & self.burst_cutter.job_ready.val();
            self.step_walker.job_valid.next = self.job_valid.val() & self.burst_cutter.job_ready.val();
            self.step_walker.job_n.next = self.job_n.val();
            self.step_walker.job_k.next = self.job_k.val();
            self.burst_cutter.job_start.next = self.job_valid.val() & self.job_ready.val();
            self.next_offset.enable.next = self.job_valid.val() & self.job_ready.val();
            self.next_offset.d.next = self.job_offset.val();
            self.step_walker.step_ready.next = self.burst_cutter.step_ready.val();
            self.burst_cutter.step.next =
                self.step_walker.step_valid.val() & self.burst_cutter.step_ready.val();
            self.burst_cutter.step_last.next = self.step_walker.step_last.val();
            self.burst_cutter.offset.next = self.offset.q.val();
            self.burst_cutter.burst_ready.next = self.burst_ready.val();
            self.burst_valid.next = self.burst_cutter.burst_valid.val();
            self.burst_last_beat.next = self.burst_cutter.burst_last_beat.val();
            self.offset.enable.next = self.burst_cutter.advance.val()
                | (self.burst_cutter.burst_valid.val() & self.burst_ready.val());
            if self.burst_cutter.advance.val().any() {
                self.offset.d.next = self.next_offset.q.val();
            } else {
                self.offset.d.next = self.start.val();
            }
        }
    }

    fn surrounded(parameters: &EngineParameters) -> Bench<Surrounded> {
        let offset_bits = clog2(parameters.burst_beats.into());
        let block = Surrounded {
            clock: Signal::default(),
            reset: Bus::new(1),
            job_valid: Bus::new(1),
            job_ready: Bus::new(1),
            job_n: Bus::new(N_BITS),
            job_k: Bus::new(K_BITS),
            job_offset: Bus::new(offset_bits),
            burst_valid: Bus::new(1),
            burst_ready: Bus::new(1),
            burst_last_beat: Bus::new(offset_bits),
            step_walker: StepWalker::new(&parameters.array),
            burst_cutter: BurstCutter::new(parameters),
            next_offset: Register::new(offset_bits),
            offset: Register::new(offset_bits),
            start: Number::new(0, offset_bits),
        };
        bench!(
            block,
            "surrounded": reset, job_valid, job_n, job_k, job_offset, burst_ready
                => job_ready, burst_valid, burst_last_beat
        )
    }

    fn cycle(values: [u64; 6]) -> Values {
        values.map(|value| vec![value]).to_vec()
    }

    /// The lengths of the bursts of `beats` from the beat `offset` of a block.
    fn bursts(mut beats: u64, offset: u64, burst: u64) -> Vec<u64> {
        let mut lengths = vec![];
        let mut room = burst - offset % burst;
        while beats > 0 {
            lengths.push(beats.min(room));
            beats -= beats.min(room);
            room = burst;
        }
        lengths
    }

    #[test]
    fn equals_beats_cut_at_the_ends_of_blocks() {
        for (beats, burst) in [(1, 1), (1, 16), (3, 2), (7, 16), (40, 8)] {
            let p = parameters(beats, burst);
            let mut random = Random::new(u64::from(beats + burst));
            let mut next = |i: u64| {
                let (jobs, taken, until_reset) = [(90, 40, 400), (20, 95, 400), (95, 95, 400), (95, 95, 15)]
                    [usize::try_from(i / 500 % 4).expect("a phase")];
                let mut size = |by: u64, most: u64| 1 + random.below(if most > 2 { by * most } else { by });
                let most = 2 + i / 100 % 5;
                let (n, k) = (size(beats.into(), most), size(5, most));
                let offset = random.below(burst.into());
                let reset = i == 0 || random.below(until_reset) == 0;
                cycle([reset.into(), random.chance(jobs).into(), n, k, offset, random.chance(taken).into()])
            };
            let inputs: Vec<Values> = (0..10_000).map(&mut next).collect();
            // Offsets are unknown until there was a job.
            let known_from = 2 + inputs.iter().skip(1).position(|i| i[1][0] == 1).expect("a job") + 5;
            let outputs = surrounded(&p).run(&inputs, known_from);
            let mut expected = std::collections::VecDeque::new();
            let [mut jobs, mut taken, mut waited] = [0; 3];
            for (i, (input, output)) in inputs.iter().zip(&outputs).enumerate() {
                let [reset, job_valid, n, k, offset, burst_ready] = std::array::from_fn(|at| input[at][0]);
                let [job_ready, burst_valid, last_beat] = std::array::from_fn(|at| output[at][0]);
                if reset == 1 {
                    expected.clear();
                    continue;
                }
                if burst_valid == 1 {
                    assert_eq!(expected.front(), Some(&(last_beat + 1)), "cycle {i}");
                    waited += 1 - burst_ready;
                }
                if burst_valid & burst_ready == 1 {
                    expected.pop_front();
                    taken += 1;
                }
                if job_valid & job_ready == 1 {
                    let steps = n.div_ceil(beats.into()) * k.div_ceil(5);
                    expected.extend(bursts(steps * u64::from(beats), offset, burst.into()));
                    jobs += 1;
                }
            }
            assert!(jobs > 100 && taken > 500 && waited > 300, "too few to tell: {jobs} {taken} {waited}");
        }
    }

    /// Jobs of one burst: counted in the cycle after the job was accepted, offered in the next, and so for each.
    #[test]
    fn a_burst_is_offered_two_cycles_after_its_job() {
        let p = parameters(4, 4);
        let inputs: Vec<Values> =
            (0..20).map(|i| cycle([u64::from(i == 0), u64::from(i > 1), 4, 5, 0, 1])).collect();
        let mut bench = surrounded(&p);
        let outputs = bench.run(&inputs, 6);
        let offered: Vec<u64> = outputs.iter().skip(1).map(|output| output[1][0]).collect();
        assert_eq!(offered[..9], [0, 0, 0, 1, 0, 1, 0, 1, 0]);
    }

    #[test]
    fn synthesises() {
        let cutter = |beats, burst| {
            bench!(
                BurstCutter::new(&parameters(beats, burst)),
                "burst_cutter": reset, job_start, step, step_last, offset, burst_ready
                    => job_ready, step_ready, advance, burst_valid, burst_last_beat
            )
        };
        cutter(1, 1).assert_synthesises();
        cutter(7, 16).assert_synthesises();
        cutter(300, 4).assert_synthesises();
    }
}
