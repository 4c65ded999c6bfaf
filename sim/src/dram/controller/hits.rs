//! The fast path of a stream: while all that wait are reads of open rows, and go in the order in which they came, they stand in one line.
//!
//! ```text
//! place_for, push ->[ line of hits ]-> column commands
//!                        |  ^
//!   any other request, refresh, or order -> the queues' lists by bank, and the search over them
//! ```
//!
//! A read joins the line if its row is open. The line's first is served as long as nothing but its rank, which holds off the others as
//! well, holds it off, and no refresh is due before. Whatever else comes, the line dissolves into the queues as if it had never been.
//! It forms again when as many column commands as requests wait went without a row command between them.
//!
//! Does not: issue a command that the search would not find as well.

use super::queue::{NIL, Waiting};
use super::{Controller, Observer, Read};
use crate::dram::rules::Place;
use crate::dram::{Access, Location};

/// A read of an open row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    row: i64,
    column: u64,
    since: i64,
    bank: u16,
    group: u16,
    is_counted: bool,
}

/// The line.
#[derive(Clone, Debug, Default)]
pub(super) struct Hits {
    /// Those before `first` were served; they are removed some at a time.
    line: Vec<Hit>,
    first: usize,
    /// The queues' lists are empty, and those that wait, if there are any, stand here.
    pub(super) is_line: bool,
    /// Column commands since the last row command.
    pub(super) columns: usize,
}

/// Served ones that are kept at most.
const SERVED: usize = 256;

impl Hits {
    #[inline]
    fn serve(&mut self) {
        self.first += 1;
        if self.first == SERVED {
            self.line.drain(..SERVED);
            self.first = 0;
        }
    }
}

impl Controller {
    /// Forms a line of all that wait, if all of them can stand in it.
    #[cold]
    pub(super) fn form_line(&mut self) {
        self.hits.columns = 0;
        let [opened_for_reads, opened_for_writes] = self.promised_banks;
        let is_busy = opened_for_reads | opened_for_writes | self.refresh.ranks != 0 || self.half.is_some();
        if !self.policy.fast || self.ranks > 1 || is_busy || self.queues.count[Access::Write as usize] != 0 {
            return;
        }
        let is_hit = |controller: &Controller, at| {
            let waiting = controller.queues.get(at);
            waiting.row == controller.timers.banks[usize::from(waiting.bank)].open_row
        };
        if !self.queues.of(Access::Read).all(|at| is_hit(self, at)) {
            return;
        }
        loop {
            let at = self.queues.oldest(Access::Read);
            if at == NIL {
                break;
            }
            let waiting = *self.queues.get(at);
            let Waiting { row, column, since, bank, is_counted, .. } = waiting;
            let place = self.rules.place(usize::from(bank));
            self.queues.serve(Access::Read, place.bank, at);
            self.hits.line.push(Hit { row, column, since, bank, group: small(place.group), is_counted });
        }
        self.columns[Access::Read as usize] = 0;
        self.rows_of[Access::Read as usize] = 0;
        self.draining = false;
        self.next = None;
        self.hits.is_line = true;
    }

    /// Puts those of the line into the queues.
    #[cold]
    pub(super) fn dissolve_line(&mut self) {
        self.hits.is_line = false;
        self.hits.columns = 0;
        let first = std::mem::take(&mut self.hits.first);
        let mut line = std::mem::take(&mut self.hits.line);
        for Hit { row, column, since, bank, is_counted, .. } in line.drain(..).skip(first) {
            let bank = usize::from(bank);
            let (index, needs) = self.queues.push(Access::Read, bank, (row, column), since, row);
            self.queues.get_mut(index).is_counted = is_counted;
            if needs {
                self.update(Access::Read, bank);
            }
        }
        // Its memory serves the next one.
        self.hits.line = line;
    }

    /// Goes on until a read can enter at or after `cycle`; the cycle in which it does, unless the line dissolves before.
    #[inline]
    pub(super) fn advance_line(&mut self, cycle: i64, observer: &mut impl Observer) -> i64 {
        let mut arrival = cycle;
        while let Some(&Hit { row, column, since, bank, group, is_counted }) =
            self.hits.line.get(self.hits.first)
        {
            let place = Place { bank: bank.into(), group: group.into(), rank: 0 };
            let bound = self.start(Read, self.timers.earliest_in_rank(Read, 0));
            let is_full = self.hits.line.len() - self.hits.first >= self.policy.read_queue;
            if !is_full && bound >= arrival {
                break;
            }
            let start = self.start(Read, self.timers.earliest(Read, place));
            if start != bound || start >= self.refresh.next_due {
                self.dissolve_line();
                return arrival;
            }
            if is_full {
                arrival = arrival.max(start + 1);
            }
            self.now = start;
            self.hits.serve();
            self.rows.hits += u64::from(!is_counted);
            self.move_burst(Access::Read, place, (row, column), since, start, observer);
        }
        if self.refresh.next_due < arrival {
            self.dissolve_line();
        }
        arrival
    }

    /// Lets a read join the line, or dissolves it.
    #[inline]
    pub(super) fn join_line(&mut self, access: Access, location: &Location, since: i64) -> bool {
        let &Location { bank, group, row, column, .. } = location;
        if access == Access::Read && self.timers.banks[bank].open_row == row {
            let (bank, group) = (small(bank), small(group));
            self.hits.line.push(Hit { row, column, since, bank, group, is_counted: false });
            return true;
        }
        self.dissolve_line();
        false
    }
}

/// A bank or group, of which there are few.
#[inline]
fn small(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(NIL)
}
