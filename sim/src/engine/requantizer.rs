//! Beats of values to raw copies, maxima and INT8s, and the two output ports.

use contract::latency::{DIVIDER_CYCLES, OPERANDS_CYCLES, STREAM_REGISTER_CYCLES, maximum_levels};

use super::history::{History, NEVER};
use super::{Job, Ports, Sizes, Transfer};

/// The two places of a stream register, from a beat's entry to its transfer.
#[derive(Clone, Debug)]
pub(super) struct StreamRegister(History);

impl StreamRegister {
    pub(super) fn new() -> Self {
        Self(History::new(2))
    }

    /// The first cycle in which a beat can enter.
    pub(super) fn room(&self) -> i64 {
        self.0.last(2) + 1
    }

    /// The first cycle in which a beat that enters in cycle `entered` is offered.
    pub(super) fn offered(&self, entered: i64) -> i64 {
        (entered + i64::from(STREAM_REGISTER_CYCLES)).max(self.0.last(1) + 1)
    }

    /// It leaves.
    pub(super) fn leave(&mut self, cycle: i64) {
        self.0.push(cycle);
    }
}

#[derive(Clone, Debug)]
pub(super) struct Requantizer {
    maximum_levels: i64,
    dividers: u64,
    /// The cycle in which the last beat went on.
    passed: i64,
    /// The first cycle in which no maximum is under way.
    maxima_known: i64,
    /// When beats left the dividers.
    divided: History,
    result: StreamRegister,
    quantized: StreamRegister,
}

impl Requantizer {
    pub(super) fn new(sizes: &Sizes) -> Self {
        Self {
            maximum_levels: maximum_levels(u32::try_from(sizes.result_lanes).unwrap_or(u32::MAX)).into(),
            dividers: sizes.dividers,
            passed: NEVER,
            maxima_known: NEVER,
            divided: History::new(sizes.dividers),
            result: StreamRegister::new(),
            quantized: StreamRegister::new(),
        }
    }

    /// The first cycle in which a beat can enter: its register is free, or its beat goes on.
    pub(super) fn room(&self) -> i64 {
        self.passed
    }

    /// A beat of a job enters in cycle `entered`; the cycle in which the job is done, if the beat is its last.
    pub(super) fn beat(&mut self, job: &Job, entered: i64, ports: &mut impl Ports) -> i64 {
        let mut pass = entered + i64::from(OPERANDS_CYCLES);
        // A beat to be scaled waits for a divider and for all maxima, any other until the dividers are idle.
        pass = if job.scale {
            pass.max(self.divided.last(self.dividers)).max(self.maxima_known)
        } else {
            pass.max(self.divided.last(1) + 1)
        };
        if job.raw {
            pass = pass.max(self.result.room());
            let offered = self.result.offered(pass);
            let taken = ports.result(offered);
            self.result.leave(taken);
            ports.transfer(Transfer::Result { offered }, taken);
        }
        self.passed = pass;
        if !job.scale {
            let known = pass + self.maximum_levels;
            self.maxima_known = known + 1;
            return known;
        }
        let divided = (pass + i64::from(DIVIDER_CYCLES)).max(self.quantized.room());
        self.divided.push(divided);
        let offered = self.quantized.offered(divided);
        let taken = ports.quantized(offered);
        self.quantized.leave(taken);
        ports.transfer(Transfer::Quantized { offered }, taken);
        divided
    }
}
