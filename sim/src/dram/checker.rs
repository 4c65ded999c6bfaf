//! Re-reads a command trace and finds what breaks the standard: the scheduler's opposite in form. It compares every
//! pair of commands by a table of separations, where the scheduler keeps the next cycle that is allowed.

use super::{Command, CommandKind, Standard};
use CommandKind::{Activate, Precharge, Read, Refresh, Write};

/// The least cycles from `earlier` to `later`, or `None` where the standard sets none.
fn separation(standard: &Standard, earlier: &Command, later: &Command) -> Option<i64> {
    let t = &standard.timing;
    let group = |command: &Command| command.bank as u64 / standard.banks_per_group;
    let (same_bank, same_group) = (earlier.bank == later.bank, group(earlier) == group(later));
    let by_group = |long, short| Some(if same_group { long } else { short });
    let in_bank = |cycles| same_bank.then_some(cycles);
    let written = t.cwl + t.burst;
    match (earlier.kind, later.kind) {
        (Activate, Activate) if same_bank => Some(t.rc),
        (Activate, Activate) => by_group(t.rrd_l, t.rrd_s),
        (Activate, Read) => in_bank(t.rcd_read),
        (Activate, Write) => in_bank(t.rcd_write),
        (Activate, Precharge) => in_bank(t.ras),
        (Activate, Refresh) => Some(t.rc),
        (Precharge, Activate) => in_bank(t.rp),
        (Precharge, Refresh) => Some(t.rp),
        (Read, Read) | (Write, Write) => by_group(t.ccd_l, t.ccd_s),
        (Read, Write) => Some(t.rtw),
        (Write, Read) => by_group(written + t.wtr_l, written + t.wtr_s),
        (Read, Precharge) => in_bank(t.rtp),
        (Write, Precharge) => in_bank(written + t.wr),
        (Refresh, Activate | Refresh) => Some(t.rfc),
        _ => None,
    }
}

/// Every violation in a trace that is sorted by cycle and began with all banks closed.
pub(super) fn violations(standard: &Standard, refresh_due: i64, trace: &[Command]) -> Vec<String> {
    let t = &standard.timing;
    let window = t.rfc.max(t.rc).max(t.faw).max(t.cwl + t.burst + t.wr.max(t.wtr_l));
    let mut found = Vec::new();
    let mut open: Vec<Option<i64>> = vec![None; usize::try_from(standard.banks()).unwrap()];
    let mut due = refresh_due;
    for (index, later) in trace.iter().enumerate() {
        for earlier in trace[..index].iter().rev().take_while(|e| later.cycle - e.cycle <= window) {
            if let Some(least) =
                separation(standard, earlier, later).filter(|least| later.cycle - earlier.cycle < *least)
            {
                found.push(format!("{later:?} is less than {least} cycles after {earlier:?}"));
            }
            let row = |c: &Command| matches!(c.kind, Activate | Precharge | Refresh);
            let slots = |c: &Command| [c.first_slot, c.cycle];
            let shared = slots(later).iter().any(|slot| slots(earlier).contains(slot));
            if shared && (!standard.split_command_bus || row(later) == row(earlier)) {
                found.push(format!("{later:?} shares its slot with {earlier:?}"));
            }
        }
        if later.kind == Activate {
            let fourth = trace[..index].iter().rev().filter(|c| c.kind == Activate).nth(3);
            if fourth.is_some_and(|fourth| later.cycle - fourth.cycle < t.faw) {
                found.push(format!("{later:?} is the fifth activate within tFAW"));
            }
        }
        let bank = &mut open[later.bank];
        let right = match later.kind {
            Activate => bank.replace(later.row).is_none(),
            Precharge => bank.take() == Some(later.row),
            Read | Write => *bank == Some(later.row) && later.cycle < due,
            Refresh => {
                let on_time = later.cycle >= due && later.cycle < due + t.refi;
                due += t.refi;
                on_time && open.iter().all(Option::is_none)
            }
        };
        if !right {
            found.push(format!("{later:?} meets a bank in the wrong state, or a refresh that is due"));
        }
    }
    found
}
