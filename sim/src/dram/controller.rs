//! One DRAM channel under first-ready, first-come-first-served scheduling with open pages.
//!
//! ```text
//! reads  ->[ read queue  ]--.
//!                            >- columns of open rows, oldest first; else rows, oldest first -> command bus
//! writes ->[ write queue ]--'
//! ```
//!
//! In each cycle in which the bus is free, the oldest request issues whose row is open and whose column command the rules allow; if
//! there is none, the oldest whose bank can be precharged or activated for it (or, as others do it, both by age alone: [`Order`]). A bank with a request for its open row is not precharged,
//! until `cap` of them went before an older one. Writes wait until there are `high` of them or no read, and are then drained down to
//! `low`. A row that was opened for a request is used by it, whatever else is due.
//!
//! A refresh is due every tREFI for a rank, or every tREFI / banks for a bank in turn. From then on the rank or bank takes no new
//! request; it is precharged and refreshed as soon as the rules allow. The ranks' refreshes are spread over tREFI.
//!
//! A read whose address a waiting write has is answered from the queue; a second write takes the place of the first; a write waits
//! until no read of its address is left.
//!
//! Time jumps: a search over the banks that have requests gives the next cycle in which anything can issue. Where the oldest request's
//! row is open and nothing but its rank holds its column command off, no younger one can be before it, and only banks that need a row
//! are searched (`fast`).
//!
//! Does not: close rows that stay idle, postpone refreshes, or share a command bus between pseudo-channels.

use super::command::KINDS;
use super::queue::{List, NIL, Queues, Waiting, is_capped};
use super::rules::{CLOSED, Place, Rules, Timers};
use super::{Access, Command, CommandKind, Counters, Location, Standard, Timing};
use CommandKind::{Activate, Precharge, Read, Refresh, RefreshBank, Write};

/// What is refreshed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshMode {
    /// Nothing.
    None,
    /// All banks of a rank.
    AllBank,
    /// One bank.
    PerBank,
}

/// What goes first of the commands that can start in a cycle; what goes first in it goes by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Column commands.
    Columns,
    /// None: by age alone.
    Age,
    /// Column commands of requests whose row was opened for them.
    Opened,
}

/// Queues and order of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Reads that can wait.
    pub read_queue: usize,
    /// Writes that can wait.
    pub write_queue: usize,
    /// Waiting writes that begin a drain.
    pub high: usize,
    /// Waiting writes that end it while reads wait.
    pub low: usize,
    /// What goes first.
    pub order: Order,
    /// Hits that may go before an older request of their bank.
    pub cap: u32,
    /// What is refreshed at once.
    pub refresh: RefreshMode,
    /// A request leaves its place in the queue when its row is opened for it, not with its column command.
    pub leaves_at_activate: bool,
    /// Search no more banks than needed; the same commands either way.
    pub fast: bool,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            read_queue: 32,
            write_queue: 32,
            high: 26,
            low: 6,
            order: Order::Columns,
            cap: 16,
            refresh: RefreshMode::AllBank,
            leaves_at_activate: false,
            fast: true,
        }
    }
}

/// What a channel tells about its work.
pub trait Observer {
    /// A command issues.
    fn command(&mut self, command: &Command);
    /// A request was served: the cycles since it was made, until the last beat of its data.
    fn served(&mut self, access: Access, cycles: i64);
    /// Whether it must be told every command; if not, refreshes of an idle channel are only counted.
    fn needs_commands(&self) -> bool;
}

/// How requests met their rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Their row was open.
    pub hits: u64,
    /// No row was open.
    pub misses: u64,
    /// Another row was open.
    pub conflicts: u64,
    /// Reads answered by a waiting write.
    pub forwarded: u64,
    /// Writes that took the place of a waiting one.
    pub merged: u64,
}

/// A command that may be the next one.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// The first cycle in which it takes a slot.
    start: i64,
    /// What goes first of those that can start at once.
    class: Class,
    /// The request's number; of a refresh the bank.
    sequence: u64,
    kind: CommandKind,
    bank: usize,
    request: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
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
    /// Whether it goes before another.
    #[inline]
    fn goes_before(&self, other: &Candidate) -> bool {
        (self.start, self.class, self.sequence) < (other.start, other.class, other.sequence)
    }
}

/// What the requests of a kind need next in their bank.
#[derive(Clone, Copy, Debug)]
struct Need {
    kind: CommandKind,
    request: u16,
    sequence: u64,
    /// The first cycle that the bank's own rules allow.
    ready: i64,
}

const NEVER: i64 = i64::MAX;
const NO_CANDIDATE: Candidate =
    Candidate { start: NEVER, class: Class::Due, sequence: 0, kind: Refresh, bank: 0, request: NIL };

/// A channel under a policy.
#[derive(Clone, Debug)]
pub struct Controller {
    timing: Timing,
    rules: Rules,
    policy: Policy,
    /// Slots of each kind of command before its last one.
    lead: [i64; 6],
    split_command_bus: bool,
    channel: usize,
    banks_per_rank: usize,
    ranks: usize,
    timers: Timers,
    queues: Queues,
    /// By kind of request and bank, valid where the bank is in one of the sets: it needs a column or a row command.
    needs: [Vec<Need>; 2],
    columns: [u64; 2],
    rows_of: [u64; 2],
    /// Those of the latter whose row command is an activate.
    activates: [u64; 2],
    /// Writes are being drained.
    draining: bool,
    /// By bank: the request for which its row was opened, until its column command.
    promised: Vec<u16>,
    /// By kind of request: the banks with one.
    promised_banks: [u64; 2],
    /// The first free slots of the column and the row bus, which may be one.
    bus: [i64; 2],
    /// The bank and row of an activate whose second half is to come, and its last cycle.
    half: Option<(usize, i64, i64)>,
    /// Nothing issues before.
    now: i64,
    /// The next command, if no request arrives before it.
    next: Option<Candidate>,
    refresh: Refreshes,
    counters: Counters,
    rows: Rows,
    /// By rank: open banks, since when there are any, and the cycles with any before.
    open: Vec<(u32, i64, i64)>,
    /// The cycle after the last beat of data.
    end: i64,
}

/// Refreshes to come.
#[derive(Clone, Debug)]
struct Refreshes {
    /// By rank, when the next one is due.
    due: Vec<i64>,
    /// By rank, whose turn it is among its banks.
    turn: Vec<usize>,
    /// The earliest that is due.
    next_due: i64,
    /// Ranks with one that is due.
    ranks: u64,
    /// Banks that take no new request.
    banks: u64,
}

impl Controller {
    /// Most banks of a channel, in all ranks.
    pub const MOST_BANKS: u64 = 64;

    /// A channel with all banks precharged at cycle 0. `standard` has per-bank refresh if the policy uses it, and the ranks have at
    /// most [`Self::MOST_BANKS`] banks.
    pub fn new(standard: &Standard, ranks: u64, channel: usize, policy: Policy) -> Controller {
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (banks, ranks_count) = (count(standard.banks() * ranks), count(ranks));
        let timing = standard.timing.clone();
        let need = Need { kind: Refresh, request: NIL, sequence: 0, ready: 0 };
        let interval = match policy.refresh {
            RefreshMode::None => NEVER,
            RefreshMode::AllBank => timing.refi,
            RefreshMode::PerBank => timing.refi / standard.banks().cast_signed(),
        };
        let due: Vec<i64> = (0..ranks.cast_signed())
            .map(
                |rank| {
                    if interval == NEVER { NEVER } else { interval - interval * rank / ranks.cast_signed() }
                },
            )
            .collect();
        Controller {
            rules: Rules::new(standard),
            policy,
            lead: KINDS.map(|kind| timing.slots(kind) - 1),
            split_command_bus: standard.split_command_bus,
            channel,
            banks_per_rank: count(standard.banks()),
            ranks: ranks_count,
            timers: Timers::new(standard, ranks),
            queues: Queues::new(banks),
            needs: [vec![need; banks], vec![need; banks]],
            columns: [0; 2],
            rows_of: [0; 2],
            activates: [0; 2],
            draining: false,
            promised: vec![NIL; banks],
            promised_banks: [0; 2],
            bus: [0; 2],
            half: None,
            now: 0,
            next: None,
            refresh: Refreshes {
                next_due: due.iter().copied().min().unwrap_or(NEVER),
                due,
                turn: vec![0; ranks_count],
                ranks: 0,
                banks: 0,
            },
            timing,
            counters: Counters::default(),
            rows: Rows::default(),
            open: vec![(0, 0, 0); ranks_count],
            end: 0,
        }
    }

    /// Commands issued so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// How requests met their rows.
    pub fn rows(&self) -> Rows {
        self.rows
    }

    /// Cycles until `end` in which a bank was open, of all ranks together.
    pub fn active_cycles(&self, end: i64) -> i64 {
        self.open
            .iter()
            .map(|&(banks, since, before)| before + if banks > 0 { (end - since).max(0) } else { 0 })
            .sum()
    }

    /// The cycle after the last beat of data so far.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// Goes on until a request of a kind can enter at or after `cycle`; the cycle in which it does. A write waits for reads of its address.
    #[inline]
    pub fn place_for(
        &mut self,
        access: Access,
        location: &Location,
        cycle: i64,
        observer: &mut impl Observer,
    ) -> i64 {
        let most = if access == Access::Read { self.policy.read_queue } else { self.policy.write_queue };
        let mut arrival = cycle;
        while self.queues.places[access as usize] >= most
            || (access == Access::Write
                && self.queues.finds(Access::Read, location.bank, location.row, location.column))
        {
            let start = match self.serve_oldest(NEVER, observer) {
                Some(start) => start,
                None => {
                    let candidate = self.search();
                    self.step(candidate, observer);
                    candidate.start
                }
            };
            // The place that a command leaves can be taken in the next cycle.
            arrival = arrival.max(start + 1);
        }
        self.advance(arrival, observer);
        arrival
    }

    /// Adds a request that was given its place in cycle `arrival`, and whose latency began in cycle `since`.
    #[inline]
    pub fn push(
        &mut self,
        access: Access,
        location: &Location,
        arrival: i64,
        since: i64,
        observer: &mut impl Observer,
    ) {
        self.now = self.now.max(arrival);
        let is_written = self.queues.finds(Access::Write, location.bank, location.row, location.column);
        if is_written {
            match access {
                Access::Read => self.rows.forwarded += 1,
                Access::Write => self.rows.merged += 1,
            }
            self.end = self.end.max(arrival + 1);
            observer.served(access, arrival + 1 - since);
            return;
        }
        let open_row = self.timers.banks[location.bank].open_row;
        if self.queues.push(access, location.bank, (location.row, location.column), since, open_row) {
            self.update(access, location.bank);
        }
        if self.next.is_some() {
            self.keep_next(access, location.bank);
        }
    }

    /// After a request has come: the next command is the one found before, or one that it needs, unless it changes the mode.
    #[inline]
    fn keep_next(&mut self, access: Access, bank: usize) {
        let Some(next) = self.next else { return };
        let draining = self.draining;
        self.choose_mode();
        if self.draining != draining {
            self.next = None;
            return;
        }
        let kind = access as usize;
        if access == self.mode()
            && ((self.columns[kind] | self.rows_of[kind]) & !self.refresh.banks) >> bank & 1 == 1
        {
            let candidate = self.candidate(&self.needs[kind][bank], bank);
            if candidate.goes_before(&next) {
                self.next = Some(candidate);
            }
        }
    }

    /// Issues everything that starts before `cycle`.
    #[inline]
    pub fn advance(&mut self, cycle: i64, observer: &mut impl Observer) {
        while self.bus[0].min(self.bus[1]) < cycle {
            if self.serve_oldest(cycle, observer).is_some() {
                continue;
            }
            let candidate = self.search();
            if candidate.start >= cycle {
                return;
            }
            self.step(candidate, observer);
            if self.queues.count == [0; 2] && !observer.needs_commands() {
                self.skip_idle_refreshes(cycle);
            }
        }
    }

    /// Serves all that wait.
    pub fn finish(&mut self, observer: &mut impl Observer) {
        while self.queues.count != [0; 2] {
            let candidate = self.search();
            self.step(candidate, observer);
        }
        self.advance(self.end, observer);
    }

    /// Waits for `candidate`, or begins a refresh that is due before it.
    #[inline]
    fn step(&mut self, candidate: Candidate, observer: &mut impl Observer) {
        self.now = candidate.start;
        self.next = None;
        if candidate.class == Class::Due {
            self.begin_refreshes();
        } else {
            self.issue(candidate, observer);
        }
    }

    /// The next command, or a candidate without one where a refresh becomes due first.
    #[inline]
    fn search(&mut self) -> Candidate {
        if let Some(next) = self.next {
            return next;
        }
        self.choose_mode();
        let mut best = NO_CANDIDATE;
        best.start = self.refresh.next_due.max(self.now);
        let mode = self.mode();
        let kind = mode as usize;
        let promised = self.promised_banks[1 - kind] | self.promised_banks[kind] & self.refresh.banks;
        if self.half.is_some() || self.refresh.ranks != 0 || promised != 0 {
            self.search_special(promised, &mut best);
        }
        let mut columns = self.columns[kind] & !self.refresh.banks;
        let oldest = self.queues.oldest(mode);
        if self.policy.fast && self.ranks == 1 && oldest != NIL {
            let bank = usize::from(self.queues.get(oldest).bank);
            let need = &self.needs[kind][bank];
            if columns >> bank & 1 == 1 && need.request == oldest && self.oldest_goes_first(mode, bank) {
                let candidate = self.candidate(need, bank);
                if candidate.start == self.start(need.kind, self.timers.earliest_in_rank(need.kind, 0)) {
                    columns = 0;
                    if candidate.goes_before(&best) {
                        best = candidate;
                    }
                }
            }
        }
        while columns != 0 {
            let bank = columns.trailing_zeros() as usize;
            columns &= columns - 1;
            self.consider(&self.needs[kind][bank], bank, &mut best);
        }
        // A column command goes before those for rows that start with it.
        if best.start > self.now.max(self.bus[1]) || best.class > Class::Column {
            let mut rows = self.rows_of[kind] & !self.refresh.banks;
            // Activates wait for their rank, all together.
            let allowed = (0..self.ranks).map(|rank| self.timers.earliest_in_rank(Activate, rank)).min();
            if self.half.is_some() || allowed.is_some_and(|cycle| self.start(Activate, cycle) > best.start) {
                rows &= !self.activates[kind];
            }
            while rows != 0 {
                let bank = rows.trailing_zeros() as usize;
                rows &= rows - 1;
                self.consider(&self.needs[kind][bank], bank, &mut best);
            }
        }
        self.next = Some(best);
        best
    }

    /// What is served now.
    #[inline]
    fn mode(&self) -> Access {
        if self.draining { Access::Write } else { Access::Read }
    }

    /// When what a bank's requests need can start.
    #[inline(always)]
    fn start_of(&self, need: &Need, bank: usize) -> i64 {
        let beside = self.timers.earliest_beside_bank(need.kind, self.rules.place(bank));
        self.start(need.kind, need.ready.max(beside))
    }

    /// What a bank's requests need, when all rules allow it.
    #[inline]
    fn candidate(&self, need: &Need, bank: usize) -> Candidate {
        let mut best = NO_CANDIDATE;
        self.consider(need, bank, &mut best);
        best
    }

    /// Takes what a bank's requests need for the best candidate, if it is.
    #[inline(always)]
    fn consider(&self, need: &Need, bank: usize, best: &mut Candidate) {
        let start = self.start_of(need, bank);
        // Most are too late.
        if start > best.start || (need.kind == Activate && self.half.is_some()) {
            return;
        }
        let goes_first = match self.policy.order {
            Order::Columns => matches!(need.kind, Read | Write),
            Order::Age => false,
            Order::Opened => matches!(need.kind, Read | Write) && self.promised[bank] == need.request,
        };
        let class = if goes_first { Class::Column } else { Class::Row };
        if start < best.start || (class, need.sequence) < (best.class, best.sequence) {
            let &Need { kind, request, sequence, .. } = need;
            *best = Candidate { start, class, sequence, kind, bank, request };
        }
    }

    /// Notes what the requests of a kind need in a bank: whenever one of them comes or goes, or the bank's state changes.
    #[inline(always)]
    fn update(&mut self, access: Access, bank: usize) {
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
        if matches!(kind, Read | Write) {
            self.columns[k] |= bit;
        } else {
            self.rows_of[k] |= bit;
            self.activates[k] |= if kind == Activate { bit } else { 0 };
        }
        let sequence = self.queues.get(request).sequence;
        let ready = self.timers.earliest_in_bank(kind, bank);
        self.needs[k][bank] = Need { kind, request, sequence, ready };
    }

    #[inline]
    fn update_both(&mut self, bank: usize) {
        self.update(Access::Read, bank);
        self.update(Access::Write, bank);
    }

    /// Reads or writes: see the policy.
    #[inline]
    fn choose_mode(&mut self) {
        let [reads, writes] = self.queues.count;
        self.draining = if self.draining {
            writes > 0 && (writes > self.policy.low || reads == 0)
        } else {
            writes >= self.policy.high || (reads == 0 && writes > 0)
        };
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
            consider(Candidate { start, class, sequence: 0, kind: Activate, bank, request: NIL });
        }
        let mut banks = promised;
        while banks != 0 {
            let bank = banks.trailing_zeros() as usize;
            banks &= banks - 1;
            if !self.is_opening(bank) {
                consider(self.column(self.promised[bank], Class::Promised));
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
        let first = rank * self.banks_per_rank;
        let (banks, kind) = match self.policy.refresh {
            RefreshMode::PerBank => {
                let bank = first + self.refresh.turn[rank];
                (bank..bank + 1, RefreshBank)
            }
            RefreshMode::AllBank | RefreshMode::None => (first..first + self.banks_per_rank, Refresh),
        };
        let mut is_closed = true;
        for bank in banks.clone() {
            let is_open = self.timers.banks[bank].open_row != CLOSED;
            is_closed &= !is_open && !self.is_opening(bank);
            if is_open && self.promised[bank] == NIL {
                consider(self.refresh_command(Precharge, bank));
            }
        }
        if is_closed {
            consider(self.refresh_command(kind, banks.start));
        }
    }

    /// The first slot of a command that the rules allow from `earliest` on.
    #[inline]
    fn start(&self, kind: CommandKind, earliest: i64) -> i64 {
        // The rules count from its last slot.
        let bus = self.bus[usize::from(!matches!(kind, Read | Write))];
        self.now.max(bus).max(earliest - self.lead[kind as usize])
    }

    #[inline]
    fn column(&self, request: u16, class: Class) -> Candidate {
        let waiting = self.queues.get(request);
        let (kind, bank) = (waiting.access.command(), usize::from(waiting.bank));
        let start = self.start(kind, self.timers.earliest(kind, self.rules.place(bank)));
        Candidate { start, class, sequence: waiting.sequence, kind, bank, request }
    }

    /// Whether the first half of a bank's activate was issued, and the second was not.
    #[inline]
    fn is_opening(&self, bank: usize) -> bool {
        self.half.is_some_and(|(half, _, _)| half == bank)
    }

    fn refresh_command(&self, kind: CommandKind, bank: usize) -> Candidate {
        let start = self.start(kind, self.timers.earliest(kind, self.rules.place(bank)));
        Candidate { start, class: Class::Refresh, sequence: bank as u64, kind, bank, request: NIL }
    }

    /// Whether no younger column command goes before the oldest request's, of a bank, that can start with it.
    #[inline]
    fn oldest_goes_first(&self, mode: Access, bank: usize) -> bool {
        let opened = self.promised_banks[mode as usize];
        self.policy.order != Order::Opened || opened == 0 || opened >> bank & 1 == 1
    }

    /// Issues the column command of the oldest request before cycle `before`, if it is certain to be the next command: no bank needs a row,
    /// no refresh is under way or due, and nothing but the rank, which holds off all others as well, holds it off.
    #[inline]
    fn serve_oldest(&mut self, before: i64, observer: &mut impl Observer) -> Option<i64> {
        if !self.policy.fast || self.ranks > 1 || self.refresh.ranks != 0 || self.half.is_some() {
            return None;
        }
        self.choose_mode();
        // Each with what it is known by when this is compiled.
        match self.mode() {
            Access::Read => self.serve_oldest_of(Access::Read, before, observer),
            Access::Write => self.serve_oldest_of(Access::Write, before, observer),
        }
    }

    #[inline(always)]
    fn serve_oldest_of(&mut self, mode: Access, before: i64, observer: &mut impl Observer) -> Option<i64> {
        let (k, kind) = (mode as usize, mode.command());
        let oldest = self.queues.oldest(mode);
        if oldest == NIL || self.rows_of[k] | self.promised_banks[1 - k] != 0 {
            return None;
        }
        let bank = usize::from(self.queues.get(oldest).bank);
        let &Need { request, ready, .. } = &self.needs[k][bank];
        if request != oldest || !self.oldest_goes_first(mode, bank) {
            return None;
        }
        let place = self.rules.place(bank);
        let start = self.start(kind, ready.max(self.timers.earliest_beside_bank(kind, place)));
        let bound = self.start(kind, self.timers.earliest_in_rank(kind, 0));
        if start != bound || start >= self.refresh.next_due.min(before) {
            return None;
        }
        self.now = start;
        self.next = None;
        self.issue_column(mode, place, oldest, start, observer);
        Some(start)
    }

    fn issue(&mut self, candidate: Candidate, observer: &mut impl Observer) {
        let Candidate { start, kind, bank, request, .. } = candidate;
        let place = self.rules.place(bank);
        match kind {
            Read => self.issue_column(Access::Read, place, request, start, observer),
            Write => self.issue_column(Access::Write, place, request, start, observer),
            Activate if request != NIL && self.timing.aad.is_some() => {
                // The first half of two.
                self.take_bus(kind, start + 1);
                self.half = Some((bank, self.queues.get(request).row, start));
                self.count(request, kind);
                self.promise(bank, request);
                self.update_both(bank);
            }
            Activate => {
                let (row, first_slot, slots) = match self.half.take() {
                    Some((_, row, first_slot)) => (row, first_slot, 1),
                    None => {
                        self.count(request, kind);
                        self.promise(bank, request);
                        (self.queues.get(request).row, start, self.timing.activate_slots)
                    }
                };
                self.take_bus(kind, start + slots);
                self.issue_row(kind, place, row, first_slot, start + slots - 1, observer);
                self.queues.opened(bank, row);
                self.update_both(bank);
            }
            Precharge => {
                let slots = self.timing.precharge_slots;
                self.take_bus(kind, start + slots);
                if request != NIL {
                    self.count(request, kind);
                }
                let row = self.timers.banks[bank].open_row;
                self.issue_row(kind, place, row, start, start + slots - 1, observer);
                self.queues.opened(bank, CLOSED);
                self.update_both(bank);
            }
            Refresh | RefreshBank => {
                let slots = self.timing.precharge_slots;
                self.take_bus(kind, start + slots);
                self.issue_row(kind, place, -1, start, start + slots - 1, observer);
                self.end_refresh(place);
                self.update_both(bank);
            }
        }
    }

    /// A command takes its bus until `free`.
    #[inline]
    fn take_bus(&mut self, kind: CommandKind, free: i64) {
        if self.split_command_bus {
            self.bus[usize::from(!matches!(kind, Read | Write))] = free;
        } else {
            self.bus = [free; 2];
        }
    }

    /// Counts how a request met its row, with its first command.
    #[inline]
    fn count(&mut self, request: u16, kind: CommandKind) {
        let waiting = self.queues.get_mut(request);
        if !waiting.is_counted {
            waiting.is_counted = true;
            *match kind {
                Activate => &mut self.rows.misses,
                Precharge => &mut self.rows.conflicts,
                _ => &mut self.rows.hits,
            } += 1;
        }
    }

    #[inline(always)]
    fn issue_column(
        &mut self,
        access: Access,
        place: Place,
        request: u16,
        start: i64,
        observer: &mut impl Observer,
    ) {
        let (kind, slots) = (access.command(), self.timing.column_slots);
        self.take_bus(kind, start + slots);
        self.count(request, kind);
        let cycle = start + slots - 1;
        self.timers.issue(&self.rules, kind, place, 0, cycle);
        self.counters.count(kind);
        let &Waiting { since, row, column, .. } = self.queues.get(request);
        let (channel, bank) = (self.channel, place.bank);
        observer.command(&Command { first_slot: start, cycle, kind, channel, bank, row, column });
        let latency = if access == Access::Read { self.timing.cl } else { self.timing.cwl };
        let done = cycle + latency + self.timing.burst;
        self.end = self.end.max(done);
        observer.served(access, done - since);
        if self.promised[bank] == request {
            self.promised[bank] = NIL;
            self.promised_banks[access as usize] &= !(1 << bank);
        }
        self.queues.serve(access, bank, request);
        self.update_both(bank);
    }

    fn issue_row(
        &mut self,
        kind: CommandKind,
        place: Place,
        row: i64,
        first_slot: i64,
        cycle: i64,
        observer: &mut impl Observer,
    ) {
        self.timers.issue(&self.rules, kind, place, row, cycle);
        self.counters.count(kind);
        let (channel, bank) = (self.channel, place.bank);
        observer.command(&Command { first_slot, cycle, kind, channel, bank, row, column: 0 });
        let (banks, since, before) = &mut self.open[place.rank];
        match kind {
            Activate => {
                if *banks == 0 {
                    *since = cycle;
                }
                *banks += 1;
            }
            Precharge => {
                *banks -= 1;
                if *banks == 0 {
                    *before += cycle - *since;
                }
            }
            _ => {}
        }
    }

    /// A row is opened for a request.
    fn promise(&mut self, bank: usize, request: u16) {
        self.promised[bank] = request;
        let waiting = self.queues.get_mut(request);
        self.promised_banks[waiting.access as usize] |= 1 << bank;
        if self.policy.leaves_at_activate && !waiting.has_left {
            waiting.has_left = true;
            let kind = waiting.access as usize;
            self.queues.places[kind] -= 1;
        }
    }

    /// Lets ranks or banks whose refresh is due take no new request.
    #[cold]
    fn begin_refreshes(&mut self) {
        let refresh = &mut self.refresh;
        for rank in 0..self.ranks {
            if refresh.due[rank] <= self.now && refresh.ranks >> rank & 1 == 0 {
                refresh.ranks |= 1 << rank;
                let first = rank * self.banks_per_rank;
                refresh.banks |= match self.policy.refresh {
                    RefreshMode::PerBank => 1 << (first + refresh.turn[rank]),
                    _ => (u64::MAX >> (64 - self.banks_per_rank)) << first,
                };
            }
        }
        self.find_next_due();
    }

    fn end_refresh(&mut self, place: Place) {
        let rank = place.rank;
        let refresh = &mut self.refresh;
        refresh.ranks &= !(1 << rank);
        let first = rank * self.banks_per_rank;
        let banks = self.banks_per_rank.cast_signed() as i64;
        if self.policy.refresh == RefreshMode::PerBank {
            refresh.banks &= !(1 << place.bank);
            let turn = &mut refresh.turn[rank];
            // As many intervals make up tREFI exactly, whatever is left over when it is divided.
            let k = *turn as i64;
            refresh.due[rank] += self.timing.refi * (k + 1) / banks - self.timing.refi * k / banks;
            *turn = (*turn + 1) % self.banks_per_rank;
        } else {
            refresh.banks &= !((u64::MAX >> (64 - self.banks_per_rank)) << first);
            refresh.due[rank] += self.timing.refi;
        }
        self.find_next_due();
    }

    /// The next due of a rank that has none due now.
    fn find_next_due(&mut self) {
        let refresh = &self.refresh;
        let idle = (0..self.ranks).filter(|rank| refresh.ranks >> rank & 1 == 0);
        self.refresh.next_due = idle.map(|rank| refresh.due[rank]).min().unwrap_or(NEVER);
    }

    /// Counts refreshes that fall due long before `cycle` while nothing waits. After an interval without a request, nothing but refreshes
    /// is in the timers, and one interval is as the other.
    fn skip_idle_refreshes(&mut self, cycle: i64) {
        let refi = self.timing.refi;
        if self.refresh.next_due == NEVER || self.now - self.end <= 2 * refi {
            return;
        }
        let intervals = (cycle - self.now) / refi - 1;
        if intervals <= 0 {
            return;
        }
        let cycles = intervals * refi;
        self.timers.shift(cycles, 0);
        self.bus.iter_mut().chain(&mut self.refresh.due).for_each(|at| *at += cycles);
        self.refresh.next_due += cycles;
        self.now += cycles;
        let times = intervals.unsigned_abs() * self.ranks as u64;
        match self.policy.refresh {
            RefreshMode::PerBank => self.counters.bank_refreshes += times * self.banks_per_rank as u64,
            _ => self.counters.refreshes += times,
        }
        self.next = None;
    }
}

#[cfg(test)]
mod tests;
