//! Which command is next: the earliest that the rules allow, of those that the queues and the refreshes ask for.
//!
//! ```text
//! queues --update--> what each bank needs --+
//! refreshes, halves of activates -----------+--search--> the first by (start, class, turn)
//! ```
//!
//! What a bank's requests need is noted when they or the bank's row change, and of each kind of command in a set of banks. A search
//! compares the sets' banks by one number, in which the start stands above the turn, without a branch for each.
//!
//! Does not: issue anything.

use super::queue::{List, NIL, is_capped};
use super::{Activate, Controller, NEVER, Order, Precharge, Read, Refresh, RefreshBank, RefreshMode, Write};
use crate::dram::rules::{CLOSED, Place};
use crate::dram::{Access, CommandKind};

/// A command that may be the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// The first cycle in which it takes a slot.
    pub(super) start: i64,
    /// What goes first of those that can start at once.
    pub(super) class: Class,
    /// What goes first of a class: a request's turn, or of a refresh the bank.
    turn: u64,
    pub(super) kind: CommandKind,
    pub(super) bank: usize,
    pub(super) request: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// No command: a refresh becomes due.
    Due,
    /// The second half of an activate, which cannot wait any longer.
    LastHalf,
    /// A column command of a row that must be closed, or that the present mode does not serve.
    Promised,
    /// A refresh that is due, and the precharges before it.
    Refresh,
    Column,
    /// The second half of an activate.
    Half,
    Row,
}

impl Candidate {
    const NONE: Candidate =
        Candidate { start: NEVER, class: Class::Due, turn: 0, kind: Refresh, bank: 0, request: NIL };

    /// Whether it goes before another.
    #[inline]
    fn goes_before(&self, other: &Candidate) -> bool {
        (self.start, self.class, self.turn) < (other.start, other.class, other.turn)
    }
}

/// What the requests of a kind need next in their bank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// What goes first: [`BY_AGE`] where the policy lets nothing else decide, then the request's number, then the bank.
    turn: u64,
    /// The first slot that the bank's own rules allow.
    pub(super) ready: i64,
    kind: CommandKind,
    pub(super) request: u16,
    /// The bank's place.
    group: u8,
    rank: u8,
}

impl Need {
    /// Nothing yet, in a bank.
    pub(super) fn none(place: Place) -> Need {
        let small = |index: usize| u8::try_from(index).unwrap_or(0);
        let (group, rank) = (small(place.group), small(place.rank));
        Need { turn: 0, ready: 0, kind: Refresh, request: NIL, group, rank }
    }

    #[inline]
    fn place(&self, bank: usize) -> Place {
        Place { bank, group: self.group.into(), rank: self.rank.into() }
    }
}

/// In a turn: of class [`Class::Row`], not [`Class::Column`].
const BY_AGE: u64 = 1 << 63;
const BANK_BITS: u32 = Controller::MOST_BANKS.trailing_zeros();

/// No bank.
const NO_TURN: u64 = u64::MAX;

/// What banks are compared by: the start, which is never negative, and below it the turn.
#[inline]
fn key(start: i64, turn: u64) -> u128 {
    u128::from(start.cast_unsigned()) << 64 | u128::from(turn)
}

#[inline]
fn start_of(key: u128) -> i64 {
    i64::try_from(key >> 64).unwrap_or(NEVER)
}

#[inline]
fn turn_of(key: u128) -> u64 {
    u64::try_from(key & u128::from(u64::MAX)).unwrap_or(NO_TURN)
}

impl Controller {
    /// The next command, or a candidate without one where a refresh becomes due first.
    #[inline]
    pub(super) fn search(&mut self) -> Candidate {
        if let Some(next) = self.next {
            return next;
        }
        self.choose_mode();
        let mut best = Candidate::NONE;
        best.start = self.refresh.next_due.max(self.now);
        let mode = self.mode();
        let k = mode as usize;
        let promised = self.promised_banks[1 - k] | self.promised_banks[k] & self.refresh.banks;
        if self.half.is_some() || self.refresh.ranks != 0 || promised != 0 {
            self.search_special(promised, &mut best);
        }
        let mut first = key(best.start, NO_TURN);
        let columns = self.columns[k] & !self.refresh.banks;
        if columns != 0 {
            let certain = if self.policy.fast { self.certain_column(mode) & columns } else { 0 };
            self.search_banks(mode.command(), k, if certain != 0 { certain } else { columns }, &mut first);
        }
        // A column command goes before those for rows that start with it.
        let rows_start = self.now.max(self.bus[1]);
        let is_column = turn_of(first) < BY_AGE && start_of(first) <= rows_start;
        if !(is_column || best.start <= rows_start && best.class <= Class::Column) {
            let rows = self.rows_of[k] & !self.refresh.banks;
            let activates = rows & self.activates[k];
            // Activates wait for their rank, all together.
            if activates != 0 && self.half.is_none() {
                let ranks = (0..self.ranks).map(|rank| self.timers.earliest_in_rank(Activate, rank));
                let start = self.start(Activate, ranks.min().unwrap_or(NEVER));
                if start <= start_of(first) {
                    self.search_banks(Activate, k, activates, &mut first);
                }
            }
            self.search_banks(Precharge, k, rows & !activates, &mut first);
        }
        let turn = turn_of(first);
        if turn != NO_TURN {
            let bank = (turn % Self::MOST_BANKS) as usize;
            let candidate = self.needed(start_of(first), &self.needs[k][bank], bank);
            if candidate.goes_before(&best) {
                best = candidate;
            }
        }
        self.next = Some(best);
        best
    }

    /// Takes what comes first of the banks that need a kind of command, if it comes before `first`.
    #[inline(always)]
    fn search_banks(&self, kind: CommandKind, k: usize, banks: u64, first: &mut u128) {
        if banks == 0 {
            return;
        }
        let (floor, lead) = (self.start(kind, 0), self.lead[kind as usize]);
        let mut banks = banks;
        while banks != 0 {
            let bank = banks.trailing_zeros() as usize;
            banks &= banks - 1;
            let need = &self.needs[k][bank];
            let beside = self.timers.earliest_beside_bank(kind, need.place(bank));
            let late = need.ready.max(beside - lead) - floor;
            // The later of the two, but not as a branch, which would mostly be foreseen wrongly.
            *first = (*first).min(key(floor + (late & !(late >> 63)), need.turn));
        }
    }

    /// The bank of the oldest request, if it waits for a column command and only the rank, which holds off all others as well, holds it
    /// off: no other column command can go before. As a set.
    #[inline]
    fn certain_column(&self, mode: Access) -> u64 {
        let (k, kind) = (mode as usize, mode.command());
        let oldest = self.queues.oldest(mode);
        if self.ranks > 1 || oldest == NIL {
            return 0;
        }
        let bank = usize::from(self.queues.get(oldest).bank);
        let need = &self.needs[k][bank];
        if self.columns[k] >> bank & 1 == 0 || need.request != oldest || !self.oldest_goes_first(mode, bank) {
            return 0;
        }
        let beside = self.timers.earliest_beside_bank(kind, need.place(bank));
        let is_certain = self.start(kind, beside).max(need.ready)
            == self.start(kind, self.timers.earliest_in_rank(kind, 0));
        u64::from(is_certain) << bank
    }

    /// Whether no younger column command goes before the oldest request's, of a bank, that can start with it.
    #[inline]
    pub(super) fn oldest_goes_first(&self, mode: Access, bank: usize) -> bool {
        let opened = self.promised_banks[mode as usize];
        self.policy.order != Order::Opened || opened == 0 || opened >> bank & 1 == 1
    }

    /// After a request has come: the next command is the one found before, or one that it needs, unless it changes the mode. A
    /// precharge that was found stays the next command even if the request is for the row that it closes.
    #[inline]
    pub(super) fn keep_next(&mut self, access: Access, bank: usize) {
        let Some(next) = self.next else { return };
        let draining = self.draining;
        self.choose_mode();
        if self.draining != draining {
            self.next = None;
            return;
        }
        let k = access as usize;
        let needs = (self.columns[k] | self.rows_of[k]) & !self.refresh.banks;
        let need = &self.needs[k][bank];
        if access != self.mode() || needs >> bank & 1 == 0 || (need.kind == Activate && self.half.is_some()) {
            return;
        }
        let beside = self.timers.earliest_beside_bank(need.kind, need.place(bank));
        let candidate = self.needed(self.start(need.kind, beside).max(need.ready), need, bank);
        if candidate.goes_before(&next) {
            self.next = Some(candidate);
        }
    }

    /// Whether a precharge is kept as the next command, even if a request for the row that it closes has come since.
    #[inline]
    pub(super) fn is_to_precharge(&self) -> bool {
        self.next.is_some_and(|next| next.kind == Precharge)
    }

    /// What a bank's requests need, as the next command.
    #[inline]
    fn needed(&self, start: i64, need: &Need, bank: usize) -> Candidate {
        let class = if need.turn < BY_AGE { Class::Column } else { Class::Row };
        Candidate { start, class, turn: need.turn, kind: need.kind, bank, request: need.request }
    }

    /// What is served now.
    #[inline]
    pub(super) fn mode(&self) -> Access {
        if self.draining { Access::Write } else { Access::Read }
    }

    /// Reads or writes: see the policy.
    #[inline]
    pub(super) fn choose_mode(&mut self) {
        let [reads, writes] = self.queues.count;
        self.draining = if self.draining {
            writes > 0 && (writes > self.policy.low || reads == 0)
        } else {
            writes >= self.policy.high || (reads == 0 && writes > 0)
        };
    }

    /// Notes what the requests of a kind need in a bank: whenever one of them comes or goes, or the bank's state changes.
    #[inline(always)]
    pub(super) fn update(&mut self, access: Access, bank: usize) {
        let (k, bit) = (access as usize, 1 << bank);
        if (self.queues.banks[k] | self.columns[k] | self.rows_of[k]) & bit == 0 {
            return;
        }
        self.columns[k] &= !bit;
        self.rows_of[k] &= !bit;
        self.activates[k] &= !bit;
        let list: &List = self.queues.list(access, bank);
        if list.oldest == NIL {
            return;
        }
        let promised = self.promised[bank];
        let (kind, request) = if promised != NIL {
            // Until its column command, which has its turn among those of its kind, the row stays open.
            if list.hit == NIL || self.promised_banks[k] & bit == 0 {
                return;
            }
            (access.command(), if self.policy.order == Order::Opened { promised } else { list.hit })
        } else if list.hit != NIL && !is_capped(list, self.policy.cap) {
            (access.command(), list.hit)
        } else if self.timers.banks[bank].open_row == CLOSED {
            (Activate, list.oldest)
        } else {
            (Precharge, list.oldest)
        };
        let is_column = matches!(kind, Read | Write);
        if is_column {
            self.columns[k] |= bit;
        } else {
            self.rows_of[k] |= bit;
            self.activates[k] |= if kind == Activate { bit } else { 0 };
        }
        let goes_first = match self.policy.order {
            Order::Columns => is_column,
            Order::Age => false,
            Order::Opened => is_column && promised == request,
        };
        let turn = self.queues.get(request).sequence << BANK_BITS | bank as u64;
        let ready = self.timers.earliest_in_bank(kind, bank) - self.lead[kind as usize];
        let turn = if goes_first { turn } else { BY_AGE | turn };
        let need = &mut self.needs[k][bank];
        (need.turn, need.ready, need.kind, need.request) = (turn, ready, kind, request);
    }

    /// The same for both kinds.
    #[inline]
    pub(super) fn update_both(&mut self, bank: usize) {
        self.update(Access::Read, bank);
        self.update(Access::Write, bank);
    }

    /// The first slot of a command that the rules allow from `earliest` on.
    #[inline]
    pub(super) fn start(&self, kind: CommandKind, earliest: i64) -> i64 {
        // The rules count from its last slot.
        let bus = self.bus[usize::from(!matches!(kind, Read | Write))];
        self.now.max(bus).max(earliest - self.lead[kind as usize])
    }

    /// What goes before the requests of the present mode.
    fn search_special(&self, promised: u64, best: &mut Candidate) {
        let mut consider = |candidate: Candidate| {
            if candidate.goes_before(best) {
                *best = candidate;
            }
        };
        if let Some((bank, _, first)) = self.half {
            let earliest = self.timers.earliest(Activate, self.rules.place(bank));
            let start = self.now.max(self.bus[1]).max(earliest);
            let is_last = self.timing.aad.is_some_and(|apart| start >= first + apart);
            let class = if is_last { Class::LastHalf } else { Class::Half };
            consider(Candidate { start, class, turn: 0, kind: Activate, bank, request: NIL });
        }
        let mut banks = promised;
        while banks != 0 {
            let bank = banks.trailing_zeros() as usize;
            banks &= banks - 1;
            if !self.is_opening(bank) {
                consider(self.promised_column(self.promised[bank]));
            }
        }
        let mut ranks = self.refresh.ranks;
        while ranks != 0 {
            let rank = ranks.trailing_zeros() as usize;
            ranks &= ranks - 1;
            self.search_refresh(rank, &mut consider);
        }
    }

    /// The next command of a refresh that is due.
    fn search_refresh(&self, rank: usize, consider: &mut impl FnMut(Candidate)) {
        let first = self.refresh.bank(rank);
        let (banks, kind) = match self.policy.refresh {
            RefreshMode::PerBank => (first..first + 1, RefreshBank),
            RefreshMode::AllBank | RefreshMode::None => (first..first + self.banks_per_rank, Refresh),
        };
        // It would hold off the second half of an activate of its rank, which cannot wait.
        let mut is_closed = self.half.is_none_or(|(bank, ..)| self.rules.place(bank).rank != rank);
        for bank in banks {
            let is_open = self.timers.banks[bank].open_row != CLOSED;
            is_closed &= !is_open;
            if is_open && self.promised[bank] == NIL {
                consider(self.refresh_command(Precharge, bank));
            }
        }
        if is_closed {
            consider(self.refresh_command(kind, first));
        }
    }

    fn promised_column(&self, request: u16) -> Candidate {
        let waiting = self.queues.get(request);
        let (kind, bank) = (waiting.access.command(), usize::from(waiting.bank));
        let start = self.start(kind, self.timers.earliest(kind, self.rules.place(bank)));
        Candidate { start, class: Class::Promised, turn: waiting.sequence, kind, bank, request }
    }

    fn refresh_command(&self, kind: CommandKind, bank: usize) -> Candidate {
        let start = self.start(kind, self.timers.earliest(kind, self.rules.place(bank)));
        Candidate { start, class: Class::Refresh, turn: bank as u64, kind, bank, request: NIL }
    }

    /// Whether the first half of a bank's activate was issued, and the second was not.
    #[inline]
    fn is_opening(&self, bank: usize) -> bool {
        self.half.is_some_and(|(half, _, _)| half == bank)
    }
}
