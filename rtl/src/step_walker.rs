//! The steps of a matrix job, one by one: for each tile of COLUMNS outputs, each LANES inputs.
//!
//! ```text
//!               +---------------+
//!  job_valid -->|               |--> step_valid
//!  job_ready <--|  step_walker  |<-- step_ready
//!      job_n -->|               |--> step_last
//!      job_k -->+------/\-------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets the job |
//! | `job_valid`, `job_ready` | in, out | 1, 1 | handshake of a job |
//! | `job_n`, `job_k` | in | 21, 24 | its outputs and inputs, at least 1 each |
//! | `step_valid`, `step_ready` | out, in | 1, 1 | handshake of a step |
//! | `step_last` | out | 1 | the step is the job's last |
//!
//! Parameters: [`Parameters`]. Latency: a job accepted in t offers its first step in t + 1. Throughput: a step a cycle,
//! also from one job to the next. Golden: ceil(N / COLUMNS) x ceil(K / LANES) steps.
//!
//! What is left of N and K counts down; nothing is multiplied or divided. `job_ready` depends on `step_ready` in the same
//! cycle.
//!
//! Does not: say where a step's weights are, or how many.

use rust_hdl::prelude::*;

use crate::Parameters;
use crate::hdl::{Bus, Number, Register, ResetRegister};
use crate::job_registers::{K_BITS, N_BITS};

/// The steps of a matrix job.
#[derive(LogicBlock, Debug)]
pub struct StepWalker {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets the job.
    pub reset: Bus<In>,
    /// A job is offered.
    pub job_valid: Bus<In>,
    /// A job can be taken.
    pub job_ready: Bus<Out>,
    /// Its outputs.
    pub job_n: Bus<In>,
    /// Its inputs.
    pub job_k: Bus<In>,
    /// A step is offered.
    pub step_valid: Bus<Out>,
    /// The step is taken.
    pub step_ready: Bus<In>,
    /// It is the last of its job.
    pub step_last: Bus<Out>,
    walking: ResetRegister,
    n_left: Register,
    k_left: Register,
    k: Register,
    load: Bus<Local>,
    step: Bus<Local>,
    ends_tile: Bus<Local>,
    columns: Number,
    lanes: Number,
}

impl StepWalker {
    /// The steps of the array that `parameters` describe.
    pub fn new(parameters: &Parameters) -> Self {
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            job_valid: Bus::new(1),
            job_ready: Bus::new(1),
            job_n: Bus::new(N_BITS),
            job_k: Bus::new(K_BITS),
            step_valid: Bus::new(1),
            step_ready: Bus::new(1),
            step_last: Bus::new(1),
            walking: ResetRegister::new(1),
            n_left: Register::new(N_BITS),
            k_left: Register::new(K_BITS),
            k: Register::new(K_BITS),
            load: Bus::new(1),
            step: Bus::new(1),
            ends_tile: Bus::new(1),
            columns: Number::new(parameters.columns.into(), N_BITS),
            lanes: Number::new(parameters.lanes.into(), K_BITS),
        }
    }
}

impl Logic for StepWalker {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("The steps of a matrix job: for each tile of COLUMNS outputs, each LANES inputs.");
        clock!(self, clock, walking, n_left, k_left, k);
        self.walking.reset.next = self.reset.val();

        self.ends_tile.next = (self.k_left.q.val() <= self.lanes.val()).into();
        self.step_valid.next = self.walking.q.val();
        self.step_last.next =
            (self.ends_tile.val().any() && self.n_left.q.val() <= self.columns.val()).into();
        self.step.next = self.walking.q.val() & self.step_ready.val();
        self.job_ready.next = !self.walking.q.val() | (self.step.val() & self.step_last.val());
        self.load.next = self.job_valid.val() & self.job_ready.val();

        self.walking.enable.next = self.job_ready.val();
        self.walking.d.next = self.job_valid.val();
        self.k.enable.next = self.load.val();
        self.k.d.next = self.job_k.val();
        self.k_left.enable.next = self.load.val() | self.step.val();
        self.n_left.enable.next = self.load.val() | (self.step.val() & self.ends_tile.val());
        if self.load.val().any() {
            self.k_left.d.next = self.job_k.val();
            self.n_left.d.next = self.job_n.val();
        } else {
            self.n_left.d.next = self.n_left.q.val() - self.columns.val();
            if self.ends_tile.val().any() {
                self.k_left.d.next = self.k.q.val();
            } else {
                self.k_left.d.next = self.k_left.q.val() - self.lanes.val();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn parameters(lanes: u32, columns: u32) -> Parameters {
        Parameters { lanes, columns, tokens: 1, stream_bits: 8, acc_bits: 24 }
    }

    fn walker(parameters: &Parameters) -> Bench<StepWalker> {
        bench!(
            StepWalker::new(parameters),
            "step_walker": reset, job_valid, job_n, job_k, step_ready => job_ready, step_valid, step_last
        )
    }

    fn cycle(values: [u64; 5]) -> Values {
        values.map(|value| vec![value]).to_vec()
    }

    #[test]
    fn equals_a_product_of_quotients() {
        for (lanes, columns) in [(1, 1), (3, 2), (80, 16)] {
            let p = parameters(lanes, columns);
            let mut random = Random::new(lanes.into());
            let mut next = |i: u64| {
                let (jobs, steps) =
                    [(95, 50), (10, 95), (95, 95)][usize::try_from(i / 1000 % 3).expect("a phase")];
                let size = |random: &mut Random, by: u32| match random.below(3) {
                    0 => 1 + random.below(u64::from(by) * 3),
                    1 => u64::from(by) * (1 + random.below(4)),
                    _ => 1 + u64::from(by) * random.below(4),
                };
                let reset = i == 0 || random.below(300) == 0;
                // The very first job is taken at once.
                let (jobs, steps) = if i == 1 { (100, 0) } else { (jobs, steps) };
                let (n, k) = (size(&mut random, columns), size(&mut random, lanes));
                cycle([reset.into(), random.chance(jobs).into(), n, k, random.chance(steps).into()])
            };
            let inputs: Vec<Values> = (0..20_000).map(&mut next).collect();
            let outputs = walker(&p).run(&inputs, 2);
            let mut left = VecDeque::new();
            let [mut jobs, mut at_once, mut waited] = [0; 3];
            for (i, (input, output)) in inputs.iter().zip(&outputs).enumerate().skip(1) {
                let [reset, job_valid, n, k, step_ready] = std::array::from_fn(|at| input[at][0]);
                let [job_ready, step_valid, step_last] = std::array::from_fn(|at| output[at][0]);
                let steps = left.front().copied();
                assert_eq!(step_valid == 1, steps.is_some(), "cycle {i}");
                assert!(steps.is_none_or(|steps: u64| (step_last == 1) == (steps == 1)), "cycle {i}");
                let ends = steps.is_none() || (step_ready == 1 && steps == Some(1));
                assert_eq!(job_ready == 1, ends, "cycle {i}");
                if reset == 1 {
                    left.clear();
                    continue;
                }
                if step_ready == 1
                    && let Some(steps) = left.front_mut()
                {
                    *steps -= 1;
                }
                left.retain(|steps| *steps > 0);
                waited += step_valid & (1 - step_ready);
                if job_ready & job_valid == 1 {
                    left.push_back(n.div_ceil(columns.into()) * k.div_ceil(lanes.into()));
                    jobs += 1;
                    at_once += step_valid;
                }
            }
            assert!(
                jobs > 500 && at_once > 100 && waited > 500,
                "too few to tell: {jobs} {at_once} {waited}"
            );
        }
    }

    #[test]
    fn a_job_of_the_largest_sizes_is_counted_to_its_end() {
        let p = parameters(1024, 128);
        let (n, k) = (1 << 20, (1 << 24) - 1);
        // Its first steps, then as many as fit a test of a job of one tile.
        let inputs: Vec<Values> =
            (0..20_000).map(|i| cycle([u64::from(i == 0), 1, if i < 2 { 1 } else { n }, k, 1])).collect();
        let outputs = walker(&p).run(&inputs, 2);
        let last = outputs.iter().skip(2).position(|output| output[2][0] == 1).expect("the end of a tile");
        assert_eq!(last as u64 + 1, k.div_ceil(1024));
        assert_eq!(outputs.iter().skip(2).filter(|output| output[2][0] == 1).count(), 1);
    }

    #[test]
    fn synthesises() {
        walker(&parameters(1, 1)).assert_synthesises();
        walker(&parameters(80, 16)).assert_synthesises();
    }
}
