//! The queues of jobs.

use contract::latency::STREAM_FIFO_CYCLES;

use super::history::History;
use super::{Ports, Top, Transfer};

/// Jobs whose results have not begun that `ternary_core` takes: those in its queue's memory, and the one that is offered
/// behind it.
const CORE_JOBS: u64 = 5;

/// Where jobs come from.
#[derive(Clone, Debug)]
pub(super) struct Jobs {
    top: Top,
    /// When the last job was taken from the port of `ternary_core`.
    accepted: i64,
    /// When jobs left the queue in front of the results.
    left: History,
}

impl Jobs {
    pub(super) fn new(top: Top) -> Self {
        Self { top, accepted: -1, left: History::new(CORE_JOBS) }
    }

    /// The cycle in which a job is queued: with registers `written`, the cycle in which it is written; from the port of a core, the
    /// first one from then on in which its sender, the array's side and the queue in front of the results are ready.
    pub(super) fn queued(&mut self, written: i64, issued: i64, ports: &mut impl Ports) -> i64 {
        if self.top != Top::Core {
            return written;
        }
        let offered = ports.job(written.max(self.accepted + 1));
        self.accepted = offered.max(issued).max(self.left.last(CORE_JOBS) + 1);
        ports.transfer(Transfer::Job, self.accepted);
        self.accepted
    }

    /// The first cycle in which the array's side can take a job: that of a core has no queue.
    pub(super) fn offered(&self, queued: i64) -> i64 {
        match self.top {
            Top::Core => queued,
            Top::Stream | Top::Axi => queued + i64::from(STREAM_FIFO_CYCLES),
        }
    }

    /// The side of the results takes the job in a cycle.
    pub(super) fn taken(&mut self, cycle: i64) {
        self.left.push(cycle);
    }
}
