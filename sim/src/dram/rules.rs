//! The timing rules of every standard, once, for every scheduler: which command holds off which, where, and for how long.
//!
//! ```text
//! ROWS: (where, after this command, before that one, cycles) --resolve--> a table of cycles --issue--> next allowed cycles
//! ```
//!
//! A rule is a row of [`ROWS`]. For a standard the rows are resolved into cycles before the first request; what changes afterwards
//! are [`Timers`], the earliest cycle of each kind of command at each bank, bank group and rank. A command may issue from the latest
//! of the three on. Cycles count from the last slot that a command takes on its bus.
//!
//! Does not: decide what is issued, or know buses, which belong to the schedulers.

use super::{Command, CommandKind, Location, Standard, Timing};
use CommandKind::{Activate, Precharge, Read, Refresh, RefreshBank, Write};
use Scope::{Bank, Group, OtherRank, Rank};

/// Where a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the command's own bank.
    Bank,
    /// In the banks of its bank group, its own as well.
    Group,
    /// In the banks of its rank, its own as well.
    Rank,
    /// In every other rank, with which it shares the data bus.
    OtherRank,
}

/// After one command, before another: so many cycles, where the standard has them.
pub(super) type Row = (Scope, CommandKind, CommandKind, fn(&Timing) -> Option<i64>);

/// Cycles from a write command to the end of its data.
fn written(t: &Timing) -> i64 {
    t.cwl + t.burst
}

/// Every rule, but for the window of four activates, among which a refresh of a bank counts.
pub(super) const ROWS: [Row; 35] = [
    (Bank, Activate, Activate, |t| Some(t.rc)),
    (Bank, Activate, Read, |t| Some(t.rcd_read)),
    (Bank, Activate, Write, |t| Some(t.rcd_write)),
    (Bank, Activate, Precharge, |t| Some(t.ras)),
    (Bank, Precharge, Activate, |t| Some(t.rp)),
    (Bank, Read, Precharge, |t| Some(t.rtp)),
    (Bank, Write, Precharge, |t| Some(written(t) + t.wr)),
    (Group, Activate, Activate, |t| Some(t.rrd_l)),
    (Group, Read, Read, |t| Some(t.ccd_l)),
    (Group, Write, Write, |t| Some(t.ccd_l)),
    (Group, Write, Read, |t| Some(written(t) + t.wtr_l)),
    (Rank, Activate, Activate, |t| Some(t.rrd_s)),
    (Rank, Precharge, Precharge, |t| t.ppd),
    (Rank, Read, Read, |t| Some(t.ccd_s)),
    (Rank, Write, Write, |t| Some(t.ccd_s)),
    (Rank, Read, Write, |t| Some(t.rtw)),
    (Rank, Write, Read, |t| Some(written(t) + t.wtr_s)),
    // The data of two ranks are tRTRS apart on the bus that they share.
    (OtherRank, Read, Read, |t| Some(t.burst + t.rtrs)),
    (OtherRank, Write, Write, |t| Some(t.burst + t.rtrs)),
    (OtherRank, Read, Write, |t| Some((t.cl + t.burst + t.rtrs - t.cwl).max(1))),
    (OtherRank, Write, Read, |t| Some((t.cwl + t.burst + t.rtrs - t.cl).max(1))),
    // A refresh of a rank finds every bank precharged.
    (Rank, Activate, Refresh, |t| Some(t.rc)),
    (Rank, Precharge, Refresh, |t| Some(t.rp)),
    (Rank, Refresh, Activate, |t| Some(t.rfc)),
    (Rank, Refresh, Refresh, |t| Some(t.rfc)),
    (Rank, Refresh, RefreshBank, |t| t.per_bank.map(|_| t.rfc)),
    // A refresh of a bank takes the place of an activate.
    (Bank, Activate, RefreshBank, |t| t.per_bank.map(|_| t.rc)),
    (Bank, Precharge, RefreshBank, |t| t.per_bank.map(|_| t.rp)),
    (Bank, RefreshBank, Activate, |t| t.per_bank.map(|p| p.rfc)),
    (Bank, RefreshBank, RefreshBank, |t| t.per_bank.map(|p| p.rfc)),
    (Group, Activate, RefreshBank, |t| t.per_bank.map(|_| t.rrd_l)),
    (Rank, Activate, RefreshBank, |t| t.per_bank.map(|_| t.rrd_s)),
    (Rank, RefreshBank, Activate, |t| t.per_bank.map(|p| p.to_activate)),
    (Rank, RefreshBank, RefreshBank, |t| t.per_bank.map(|p| p.to_refresh)),
    (Rank, RefreshBank, Refresh, |t| t.per_bank.map(|p| p.rfc)),
];

/// The rows of one kind of earlier command, picked when this is compiled.
struct RowsOf<const KIND: usize>;

impl<const KIND: usize> RowsOf<KIND> {
    const COUNT: usize = rows_of(KIND).1;
    const ROWS: [usize; ROWS.len()] = rows_of(KIND).0;
    const REACH_OTHER_RANKS: bool = KIND == Read as usize || KIND == Write as usize;
}

const fn rows_of(kind: usize) -> ([usize; ROWS.len()], usize) {
    let (mut rows, mut count, mut row) = ([0; ROWS.len()], 0, 0);
    while row < ROWS.len() {
        if ROWS[row].1 as usize == kind {
            rows[count] = row;
            count += 1;
        }
        row += 1;
    }
    (rows, count)
}

/// Holds nothing off, at any cycle.
const NONE: i64 = i64::MIN / 4;

/// The rules of a standard, in cycles.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Of each row.
    cycles: [i64; ROWS.len()],
    faw: i64,
    /// Bits of a bank's number within its rank, and within its group.
    rank_bits: u32,
    group_bits: u32,
}

/// Kinds of commands that rules hold off in a group, a bank and a rank: the first ones of [`CommandKind`].
const GROUP_KINDS: usize = 4;
const BANK_KINDS: usize = 5;
const RANK_KINDS: usize = 6;

/// No row is open.
pub(super) const CLOSED: i64 = i64::MIN;

/// For every rule the earliest cycle that it allows, in a form that can be compared and moved in time: every cycle is absolute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Timers {
    pub(super) banks: Vec<BankTimers>,
    groups: Vec<[i64; GROUP_KINDS]>,
    ranks: Vec<RankTimers>,
}

/// A bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct BankTimers {
    /// The open row, or [`CLOSED`].
    pub(super) open_row: i64,
    next: [i64; BANK_KINDS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RankTimers {
    next: [i64; RANK_KINDS],
    /// The earliest cycle that the last four activates or refreshes of banks, oldest first, allow the fourth one after each; `next` has
    /// the oldest one's as well.
    four_activates: [i64; 4],
}

impl Rules {
    /// Resolves the rows for a standard.
    pub(super) fn new(standard: &Standard) -> Rules {
        Rules {
            cycles: ROWS.map(|(_, _, _, cycles)| cycles(&standard.timing).unwrap_or(NONE)),
            faw: standard.timing.faw,
            rank_bits: standard.banks().trailing_zeros(),
            group_bits: standard.banks_per_group.trailing_zeros(),
        }
    }

    /// The place of a bank, counted through all ranks.
    #[inline]
    pub(super) fn place(&self, bank: usize) -> Place {
        Place { bank, group: bank >> self.group_bits, rank: bank >> self.rank_bits }
    }
}

/// Where the rules of a location's commands are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) bank: usize,
    pub(super) group: usize,
    pub(super) rank: usize,
}

impl From<&Location> for Place {
    fn from(location: &Location) -> Place {
        Place { bank: location.bank, group: location.group, rank: location.rank }
    }
}

impl RankTimers {
    /// Counts an activate, or the refresh of a bank, behind which `fifth` is the first cycle for the fourth one.
    #[inline]
    fn count_activate(&mut self, fifth: i64) {
        self.four_activates.rotate_left(1);
        self.four_activates[3] = fifth;
        for kind in [Activate, RefreshBank] {
            let next = &mut self.next[kind as usize];
            *next = (*next).max(self.four_activates[0]);
        }
    }
}

impl Timers {
    /// All banks precharged at cycle 0, nothing issued before.
    pub(super) fn new(standard: &Standard, ranks: u64) -> Timers {
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let bank = BankTimers { open_row: CLOSED, next: [0; BANK_KINDS] };
        let rank = RankTimers { next: [0; RANK_KINDS], four_activates: [0; 4] };
        Timers {
            banks: vec![bank; count(standard.banks() * ranks)],
            groups: vec![[0; GROUP_KINDS]; count(standard.bank_groups * ranks)],
            ranks: vec![rank; count(ranks)],
        }
    }

    /// The first cycle in which the rules allow a command.
    #[inline]
    pub(super) fn earliest(&self, kind: CommandKind, place: Place) -> i64 {
        self.earliest_in_bank(kind, place.bank).max(self.earliest_beside_bank(kind, place))
    }

    /// The first cycle in which a bank's own rules allow a command.
    #[inline]
    pub(super) fn earliest_in_bank(&self, kind: CommandKind, bank: usize) -> i64 {
        let next = &self.banks[bank].next;
        if (kind as usize) < BANK_KINDS { next[kind as usize] } else { 0 }
    }

    /// The first cycle in which the rules of group and rank allow a command.
    #[inline]
    pub(super) fn earliest_beside_bank(&self, kind: CommandKind, place: Place) -> i64 {
        let k = kind as usize;
        let earliest = self.earliest_in_rank(kind, place.rank);
        if k < GROUP_KINDS { earliest.max(self.groups[place.group][k]) } else { earliest }
    }

    /// The first cycle in which a rank's rules allow a command, whatever the bank.
    #[inline]
    pub(super) fn earliest_in_rank(&self, kind: CommandKind, rank: usize) -> i64 {
        self.ranks[rank].next[kind as usize]
    }

    /// Takes account of a command. `row` is what an activate opens.
    #[inline(always)]
    pub(super) fn issue(&mut self, rules: &Rules, kind: CommandKind, place: Place, row: i64, cycle: i64) {
        match kind {
            Activate => {
                self.banks[place.bank].open_row = row;
                self.ranks[place.rank].count_activate(cycle + rules.faw);
                self.hold_off::<{ Activate as usize }>(rules, place, cycle);
            }
            Precharge => {
                self.banks[place.bank].open_row = CLOSED;
                self.hold_off::<{ Precharge as usize }>(rules, place, cycle);
            }
            Read => self.hold_off::<{ Read as usize }>(rules, place, cycle),
            Write => self.hold_off::<{ Write as usize }>(rules, place, cycle),
            RefreshBank => {
                self.ranks[place.rank].count_activate(cycle + rules.faw);
                self.hold_off::<{ RefreshBank as usize }>(rules, place, cycle);
            }
            Refresh => self.hold_off::<{ Refresh as usize }>(rules, place, cycle),
        }
    }

    /// Applies the rows of one kind of command.
    #[inline(always)]
    fn hold_off<const KIND: usize>(&mut self, rules: &Rules, place: Place, cycle: i64) {
        let (bank, group) = (&mut self.banks[place.bank].next, &mut self.groups[place.group]);
        let rank = &mut self.ranks[place.rank].next;
        for index in 0..RowsOf::<KIND>::COUNT {
            let row = RowsOf::<KIND>::ROWS[index];
            let (scope, _, later, _) = ROWS[row];
            let next = match scope {
                Bank => &mut bank[later as usize],
                Group => &mut group[later as usize],
                Rank => &mut rank[later as usize],
                OtherRank => continue,
            };
            *next = (*next).max(cycle + rules.cycles[row]);
        }
        if RowsOf::<KIND>::REACH_OTHER_RANKS && self.ranks.len() > 1 {
            self.hold_off_others::<KIND>(rules, place.rank, cycle);
        }
    }

    fn hold_off_others<const KIND: usize>(&mut self, rules: &Rules, rank: usize, cycle: i64) {
        for &row in &RowsOf::<KIND>::ROWS[..RowsOf::<KIND>::COUNT] {
            let (scope, _, later, _) = ROWS[row];
            for (_, other) in self.ranks.iter_mut().enumerate().filter(|(index, _)| *index != rank) {
                if scope == OtherRank {
                    let next = &mut other.next[later as usize];
                    *next = (*next).max(cycle + rules.cycles[row]);
                }
            }
        }
    }

    /// Raises every cycle that has passed to `horizon`: nothing that issues from then on can tell the difference.
    pub(super) fn forget_the_past(&mut self, horizon: i64) {
        self.cycles(|cycle| *cycle = (*cycle).max(horizon));
    }

    /// Moves everything by `cycles` in time and by `rows` in address.
    pub(super) fn shift(&mut self, cycles: i64, rows: i64) {
        for bank in &mut self.banks {
            if bank.open_row != CLOSED {
                bank.open_row += rows;
            }
        }
        self.cycles(|cycle| *cycle += cycles);
    }

    fn cycles(&mut self, change: impl Fn(&mut i64)) {
        self.banks.iter_mut().flat_map(|bank| &mut bank.next).for_each(&change);
        self.groups.iter_mut().flatten().for_each(&change);
        for rank in &mut self.ranks {
            rank.next.iter_mut().chain(&mut rank.four_activates).for_each(&change);
        }
    }

    /// Memory that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.banks) + size_of_val(&*self.groups) + size_of_val(&*self.ranks)
    }
}

/// The first cycle in which the rules of a standard allow `kind` at `bank` after the commands of `before`, whatever their legality: for
/// tests of one rule at a time.
///
/// # Panics
/// A bank beyond the ranks.
pub fn earliest_after(
    standard: &Standard,
    ranks: u64,
    before: &[Command],
    kind: CommandKind,
    bank: usize,
) -> i64 {
    let rules = Rules::new(standard);
    let mut timers = Timers::new(standard, ranks);
    for command in before {
        timers.issue(&rules, command.kind, rules.place(command.bank), command.row, command.cycle);
    }
    timers.earliest(kind, rules.place(bank))
}
