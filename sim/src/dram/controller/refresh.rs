//! When refreshes are due, and which banks take no new request until theirs has come.
//!
//! ```text
//! due --begin--> the rank or bank is held, precharged, refreshed --end--> due again, tREFI or a bank's part of it later
//! ```
//!
//! The ranks' refreshes are spread over tREFI. Of single banks each has its turn, and all of them together take tREFI exactly.
//!
//! Does not: find the cycle of a refresh's commands, which [`super::search`] does by the rules.

use super::{NEVER, RefreshMode};
use crate::dram::Standard;
use crate::dram::rules::Place;

/// Refreshes to come.
#[derive(Clone, Debug)]
pub(super) struct Refreshes {
    mode: RefreshMode,
    interval: i64,
    banks_per_rank: usize,
    /// By rank, when the next one is due.
    due: Vec<i64>,
    /// By rank, whose turn it is among its banks.
    turn: Vec<usize>,
    /// The earliest that is due of ranks that have none under way.
    pub(super) next_due: i64,
    /// Ranks with one that is due.
    pub(super) ranks: u64,
    /// Banks that take no new request.
    pub(super) banks: u64,
}

impl Refreshes {
    /// None is due before a rank's part of the first interval is over.
    pub(super) fn new(standard: &Standard, ranks: usize, mode: RefreshMode) -> Refreshes {
        let first = match mode {
            RefreshMode::None => NEVER,
            RefreshMode::AllBank => standard.timing.refi,
            RefreshMode::PerBank => standard.timing.refi / standard.banks().cast_signed(),
        };
        let of_rank =
            |rank| first - if first == NEVER { 0 } else { first * rank / ranks.cast_signed() as i64 };
        let due: Vec<i64> = (0..ranks.cast_signed() as i64).map(of_rank).collect();
        Refreshes {
            mode,
            interval: standard.timing.refi,
            banks_per_rank: usize::try_from(standard.banks()).unwrap_or(usize::MAX),
            next_due: due.iter().copied().min().unwrap_or(NEVER),
            due,
            turn: vec![0; ranks],
            ranks: 0,
            banks: 0,
        }
    }

    /// Whose turn it is in a rank: a bank, or the first one of all.
    pub(super) fn bank(&self, rank: usize) -> usize {
        rank * self.banks_per_rank + if self.mode == RefreshMode::PerBank { self.turn[rank] } else { 0 }
    }

    /// The banks that a refresh of a rank is for.
    fn banks_of(&self, rank: usize) -> u64 {
        let banks =
            if self.mode == RefreshMode::PerBank { 1 } else { u64::MAX >> (64 - self.banks_per_rank) };
        banks << self.bank(rank)
    }

    /// Lets ranks or banks whose refresh is due in cycle `now` take no new request.
    #[cold]
    pub(super) fn begin(&mut self, now: i64) {
        for rank in 0..self.due.len() {
            if self.due[rank] <= now && self.ranks >> rank & 1 == 0 {
                self.ranks |= 1 << rank;
                self.banks |= self.banks_of(rank);
            }
        }
        self.find_next_due();
    }

    /// After the refresh of a rank or of one of its banks.
    pub(super) fn end(&mut self, place: Place) {
        let rank = place.rank;
        self.ranks &= !(1 << rank);
        self.banks &= !self.banks_of(rank);
        self.due[rank] += if self.mode == RefreshMode::PerBank {
            // As many intervals make up tREFI exactly, whatever is left over when it is divided.
            let (k, banks) = (self.turn[rank] as i64, self.banks_per_rank as i64);
            self.turn[rank] = (self.turn[rank] + 1) % self.banks_per_rank;
            self.interval * (k + 1) / banks - self.interval * k / banks
        } else {
            self.interval
        };
        self.find_next_due();
    }

    fn find_next_due(&mut self) {
        let idle = (0..self.due.len()).filter(|rank| self.ranks >> rank & 1 == 0);
        self.next_due = idle.map(|rank| self.due[rank]).min().unwrap_or(NEVER);
    }

    /// Moves all of them by `cycles`.
    pub(super) fn shift(&mut self, cycles: i64) {
        self.due.iter_mut().for_each(|at| *at += cycles);
        self.next_due += cycles;
    }
}
