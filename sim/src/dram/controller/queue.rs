//! The requests that wait at a channel: in the order of their arrival, and in lists by bank.
//!
//! Does not: decide which of them is next.

use crate::dram::Access;

/// No request.
pub(super) const NIL: u16 = u16::MAX;

/// One that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) row: i64,
    pub(super) column: u64,
    pub(super) bank: u16,
    pub(super) access: Access,
    /// Its number in the order of arrival.
    pub(super) sequence: u64,
    /// When its latency begins.
    pub(super) since: i64,
    /// It was counted as a hit, a miss or a conflict.
    pub(super) is_counted: bool,
    /// It has left its place in the queue, since its row was opened for it.
    pub(super) has_left: bool,
    /// Its neighbours among those of its kind and bank.
    previous: u16,
    next: u16,
    /// Its neighbours among those of its kind.
    older: u16,
    younger: u16,
}

/// The requests of one kind for one bank, oldest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) oldest: u16,
    youngest: u16,
    /// The oldest one for the open row.
    pub(super) hit: u16,
    /// Hits that were served before an older request for another row.
    pub(super) bypassed: u32,
}

const EMPTY: List = List { oldest: NIL, youngest: NIL, hit: NIL, bypassed: 0 };

/// All requests at a channel.
#[derive(Clone, Debug)]
pub(super) struct Queues {
    waiting: Vec<Waiting>,
    free: Vec<u16>,
    /// By kind and bank.
    lists: [Vec<List>; 2],
    /// By kind: the oldest and the youngest.
    oldest: [u16; 2],
    youngest: [u16; 2],
    /// By kind: those that take a place.
    pub(super) places: [usize; 2],
    /// By kind: those that wait.
    pub(super) count: [usize; 2],
    /// By kind: the banks with a request.
    pub(super) banks: [u64; 2],
    arrived: u64,
}

impl Queues {
    /// Empty queues.
    pub(super) fn new(banks: usize) -> Queues {
        Queues {
            waiting: Vec::new(),
            free: Vec::new(),
            lists: [vec![EMPTY; banks], vec![EMPTY; banks]],
            oldest: [NIL; 2],
            youngest: [NIL; 2],
            places: [0; 2],
            count: [0; 2],
            banks: [0; 2],
            arrived: 0,
        }
    }

    #[inline]
    pub(super) fn get(&self, index: u16) -> &Waiting {
        &self.waiting[usize::from(index)]
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: u16) -> &mut Waiting {
        &mut self.waiting[usize::from(index)]
    }

    #[inline]
    pub(super) fn list(&self, access: Access, bank: usize) -> &List {
        &self.lists[access as usize][bank]
    }

    /// The oldest request of a kind.
    #[inline]
    pub(super) fn oldest(&self, access: Access) -> u16 {
        self.oldest[access as usize]
    }

    /// Whether a request of a kind waits for that place.
    #[inline]
    pub(super) fn finds(&self, access: Access, bank: usize, row: i64, column: u64) -> bool {
        if self.banks[access as usize] >> bank & 1 == 0 {
            return false;
        }
        let mut at = self.list(access, bank).oldest;
        while at != NIL {
            let waiting = self.get(at);
            if waiting.row == row && waiting.column == column {
                return true;
            }
            at = waiting.next;
        }
        false
    }

    /// The requests of a kind, oldest first.
    pub(super) fn of(&self, access: Access) -> impl Iterator<Item = u16> {
        let known = |at: u16| (at != NIL).then_some(at);
        std::iter::successors(known(self.oldest(access)), move |&at| known(self.get(at).younger))
    }

    /// Adds a request: where it stands, and whether it changes what its bank needs next. `open_row` is its bank's.
    #[inline(always)]
    pub(super) fn push(
        &mut self,
        access: Access,
        bank: usize,
        (row, column): (i64, u64),
        since: i64,
        open_row: i64,
    ) -> (u16, bool) {
        let kind = access as usize;
        let previous = self.lists[kind][bank].youngest;
        let older = self.youngest[kind];
        let waiting = Waiting {
            row,
            column,
            bank: u16::try_from(bank).unwrap_or(NIL),
            access,
            sequence: self.arrived,
            since,
            is_counted: false,
            has_left: false,
            previous,
            next: NIL,
            older,
            younger: NIL,
        };
        self.arrived += 1;
        let index = match self.free.pop() {
            Some(index) => {
                self.waiting[usize::from(index)] = waiting;
                index
            }
            None => {
                self.waiting.push(waiting);
                u16::try_from(self.waiting.len() - 1).unwrap_or(NIL)
            }
        };
        self.youngest[kind] = index;
        if older == NIL {
            self.oldest[kind] = index;
        } else {
            self.get_mut(older).younger = index;
        }
        if previous != NIL {
            self.get_mut(previous).next = index;
        }
        self.places[kind] += 1;
        self.count[kind] += 1;
        self.banks[kind] |= 1 << bank;
        let list = &mut self.lists[kind][bank];
        list.youngest = index;
        let is_first_hit = row == open_row && list.hit == NIL;
        if is_first_hit {
            list.hit = index;
        }
        if previous == NIL {
            list.oldest = index;
        }
        (index, is_first_hit || previous == NIL)
    }

    /// Removes a request of a kind and a bank, which is served; if it was the oldest hit, the one behind it is looked for.
    #[inline(always)]
    pub(super) fn serve(&mut self, access: Access, bank: usize, index: u16) {
        let &Waiting { row, has_left, previous, next, older, younger, .. } = self.get(index);
        let kind = access as usize;
        self.free.push(index);
        if older == NIL {
            self.oldest[kind] = younger;
        } else {
            self.get_mut(older).younger = younger;
        }
        if younger == NIL {
            self.youngest[kind] = older;
        } else {
            self.get_mut(younger).older = older;
        }
        self.places[kind] -= usize::from(!has_left);
        self.count[kind] -= 1;
        if next != NIL {
            self.get_mut(next).previous = previous;
        }
        if previous != NIL {
            self.get_mut(previous).next = next;
        }
        let list = &mut self.lists[kind][bank];
        if previous == NIL {
            list.oldest = next;
        } else {
            list.bypassed += 1;
        }
        if next == NIL {
            list.youngest = previous;
        }
        if list.oldest == NIL {
            self.banks[kind] &= !(1 << bank);
        }
        if list.hit == index {
            let mut at = next;
            while at != NIL && self.get(at).row != row {
                at = self.get(at).next;
            }
            self.lists[kind][bank].hit = at;
        }
    }

    /// Looks for hits in a bank whose open row has changed.
    #[inline]
    pub(super) fn opened(&mut self, bank: usize, open_row: i64) {
        for kind in 0..2 {
            let mut at = self.lists[kind][bank].oldest;
            while at != NIL && self.get(at).row != open_row {
                at = self.get(at).next;
            }
            let list = &mut self.lists[kind][bank];
            (list.hit, list.bypassed) = (at, 0);
        }
    }
}

/// Whether enough hits went before an older request.
#[inline]
pub(super) fn is_capped(list: &List, cap: u32) -> bool {
    list.hit != list.oldest && list.bypassed >= cap
}
