//! The engine's performance counters.

/// What the counters of `rtl/README.md` read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Cycles in which a job waits or is under way.
    pub busy_cycles: u64,
    /// Tokens that entered the array.
    pub issued: u64,
    /// Cycles in which a token waited for a tile.
    pub weight_starved: u64,
    /// Cycles of a matrix job without a token at the array.
    pub activation_starved: u64,
    /// Cycles in which a token and a tile waited for room for a result.
    pub output_blocked: u64,
    /// Beats that entered a tile.
    pub weight_beats: u64,
    /// Beats that entered the activation buffer.
    pub activation_beats: u64,
    /// Beats of values that came from the array or from memory.
    pub result_beats: u64,
}

/// Cycles with a job: those that overlap count once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Busy {
    cycles: u64,
    until: i64,
}

impl Busy {
    /// From the cycle after `queued` to `done`; jobs are queued and done in order.
    pub(super) fn job(&mut self, queued: i64, done: i64) {
        self.cycles += (done - queued.max(self.until)).unsigned_abs();
        self.until = done;
    }

    pub(super) fn cycles(self) -> u64 {
        self.cycles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_jobs_count_once() {
        let mut busy = Busy::default();
        busy.job(10, 20);
        busy.job(15, 30);
        busy.job(40, 41);
        assert_eq!(busy.cycles(), 21);
    }
}
