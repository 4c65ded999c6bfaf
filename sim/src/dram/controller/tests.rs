//! What the controller does, by the cycle; every timing below is that of the standard's YAML.

use proptest::prelude::*;

use super::*;
use crate::dram::rules::earliest_after;
use crate::dram::{
    AddressMapping, Channel, Checker, CommandLines, Organisation, System, standard, standard_names,
    standard_text,
};

/// Keeps everything.
#[derive(Default)]
struct Record {
    commands: Vec<Command>,
    latencies: Vec<i64>,
}

impl Observer for Record {
    fn command(&mut self, command: &Command) {
        self.commands.push(*command);
    }

    fn served(&mut self, _: Access, cycles: i64) {
        self.latencies.push(cycles);
    }

    fn needs_commands(&self) -> bool {
        true
    }
}

impl Record {
    fn cycles(&self, kind: CommandKind) -> Vec<i64> {
        self.commands.iter().filter(|command| command.kind == kind).map(|command| command.cycle).collect()
    }
}

const QUIET: Policy = Policy {
    read_queue: 32,
    write_queue: 32,
    high: 26,
    low: 6,
    order: Order::Columns,
    cap: 16,
    refresh: RefreshMode::None,
    leaves_at_activate: false,
    fast: true,
};

/// Serves requests at their cycles: access, (rank, group, bank in it), (row, column), cycle.
type Wanted = (Access, (usize, usize, usize), (i64, u64), i64);

fn run(name: &str, ranks: u64, policy: Policy, wanted: &[Wanted]) -> Record {
    let standard = standard(name).unwrap();
    let mut controller = Controller::new(&standard, ranks, 0, policy);
    let mut record = Record::default();
    let count = |n: u64| usize::try_from(n).unwrap();
    let (groups, banks) = (count(standard.bank_groups), count(standard.banks_per_group));
    for &(access, (rank, group, bank), (row, column), cycle) in wanted {
        let group = rank * groups + group;
        let location = Location { channel: 0, rank, group, bank: group * banks + bank, column, row };
        let arrival = controller.place_for(access, &location, cycle, &mut record);
        controller.push(access, &location, arrival, cycle, &mut record);
    }
    controller.finish(&mut record);
    record
}

/// DDR4-3200 in one rank without refresh.
fn ddr4(wanted: &[Wanted]) -> Record {
    run("ddr4-3200", 1, QUIET, wanted)
}

use Access::{Read as R, Write as W};

#[test]
fn a_single_read() {
    // Activate in cycle 10, tRCD 22, tCL 22, burst 4.
    let record = ddr4(&[(R, (0, 0, 0), (5, 0), 10)]);
    assert_eq!((record.cycles(Activate), record.cycles(Read)), (vec![10], vec![32]));
    assert_eq!(record.latencies, [22 + 22 + 4]);
}

#[test]
fn two_reads_of_a_row() {
    // The second is a hit, tCCD_L 8 behind the first.
    let record = ddr4(&[(R, (0, 0, 0), (5, 0), 0), (R, (0, 0, 0), (5, 1), 0)]);
    assert_eq!((record.cycles(Activate), record.cycles(Read)), (vec![0], vec![22, 30]));
}

#[test]
fn a_row_conflict() {
    // Precharge after tRAS 52 (tRTP 12 after the read in 22 is over), tRP 22 is tRC 74, tRCD 22.
    let record = ddr4(&[(R, (0, 0, 0), (5, 0), 0), (R, (0, 0, 0), (6, 0), 0)]);
    assert_eq!(record.cycles(Precharge), [52]);
    assert_eq!((record.cycles(Activate), record.cycles(Read)), (vec![0, 74], vec![22, 96]));
}

#[test]
fn another_bank_of_the_group_and_another_group() {
    // tRRD_L 8, then tCCD_L 8 is over as well; tRRD_S 4, then tCCD_S 4.
    let same = ddr4(&[(R, (0, 0, 0), (5, 0), 0), (R, (0, 0, 1), (5, 0), 0)]);
    assert_eq!((same.cycles(Activate), same.cycles(Read)), (vec![0, 8], vec![22, 30]));
    let other = ddr4(&[(R, (0, 0, 0), (5, 0), 0), (R, (0, 1, 0), (5, 0), 0)]);
    assert_eq!((other.cycles(Activate), other.cycles(Read)), (vec![0, 4], vec![22, 26]));
}

#[test]
fn five_activates_against_the_window() {
    // tRRD_S 4 between groups, then tFAW 34, where the read of the fourth, 12 + 22, has the slot.
    let banks = [(0, 0, 0), (0, 1, 0), (0, 2, 0), (0, 3, 0), (0, 0, 1)];
    let record = ddr4(&banks.map(|bank| (R, bank, (5, 0), 0)));
    assert_eq!(record.cycles(Activate), [0, 4, 8, 12, 35]);
}

#[test]
fn read_after_write_and_write_after_read() {
    // A write without reads drains at once: 22. The read of the same group comes tCWL 16 + burst 4 + tWTR_L 12 later; of another
    // group tWTR_S 4, by which its own activate (0 + 4 ... + tRCD 22) is long over.
    let same = ddr4(&[(W, (0, 0, 0), (5, 0), 0), (R, (0, 0, 0), (5, 1), 23)]);
    assert_eq!((same.cycles(Write), same.cycles(Read)), (vec![22], vec![22 + 32]));
    let other = ddr4(&[(R, (0, 1, 0), (5, 0), 0), (W, (0, 0, 0), (5, 0), 23), (R, (0, 1, 0), (5, 1), 46)]);
    // The write's activate in 23, its command in 45; the read waits for 45 + 16 + 4 + 4.
    assert_eq!((other.cycles(Write), other.cycles(Read)), (vec![45], vec![22, 69]));
    // tRTW 12 behind a read of an open row.
    let turned = ddr4(&[(R, (0, 0, 0), (5, 0), 0), (W, (0, 0, 0), (5, 1), 20)]);
    assert_eq!((turned.cycles(Read), turned.cycles(Write)), (vec![22], vec![34]));
}

#[test]
fn across_a_refresh() {
    let policy = Policy { refresh: RefreshMode::AllBank, ..QUIET };
    // Due in 12480: a read in the cycle before goes through all the same, since its row is opened: read in 12479 + 22, precharge after
    // tRAS, refresh after tRP, and tRFC 560 before the next activate.
    let wanted = [(R, (0, 0, 0), (5, 0), 12_479), (R, (0, 0, 0), (5, 1), 12_480)];
    let record = run("ddr4-3200", 1, policy, &wanted);
    let refresh = 12_479 + 52 + 22;
    assert_eq!(record.cycles(Refresh), [refresh]);
    assert_eq!(record.cycles(Read), [12_479 + 22, refresh + 560 + 22]);
    // One that comes when it is due waits.
    let record = run("ddr4-3200", 1, policy, &[(R, (0, 0, 0), (5, 0), 12_480)]);
    assert_eq!((record.cycles(Refresh), record.cycles(Read)), (vec![12_480], vec![12_480 + 560 + 22]));
}

#[test]
fn a_refresh_of_a_bank_hides_behind_the_others() {
    let policy = Policy { refresh: RefreshMode::PerBank, ..QUIET };
    // HBM3: tREFI 6240 over 16 banks is a bank every 390 cycles. Bank 0 is refreshed in 390 for 320 cycles; bank 1's read does not
    // wait for it but tRREFD 13 before its activate (two slots, to 404), tRCD 31.
    let wanted = [(R, (0, 0, 0), (5, 0), 391), (R, (0, 0, 1), (5, 0), 391)];
    let record = run("hbm3", 1, policy, &wanted);
    assert_eq!(record.cycles(RefreshBank), [390]);
    let to_activate = standard("hbm3").unwrap().timing.per_bank.unwrap().to_activate;
    assert_eq!(record.cycles(Activate), [390 + to_activate, 390 + 320]);
    assert_eq!(record.cycles(Read), [390 + to_activate + 31, 390 + 320 + 31]);
}

#[test]
fn two_ranks_are_a_gap_apart_on_the_data_bus() {
    // Both rows are open long before: burst 4 and tRTRS 2 between them, instead of tCCD_S 4.
    let first = [(R, (0, 0, 0), (5, 0), 0), (R, (1, 0, 0), (5, 0), 0)];
    let then = [(R, (0, 0, 0), (5, 1), 200), (R, (1, 0, 0), (5, 1), 200), (R, (1, 1, 0), (5, 1), 200)];
    let record = run("ddr4-3200", 2, QUIET, &[&first[..], &then[..2]].concat());
    assert_eq!(record.cycles(Read)[2..], [200, 206]);
    // The ranks' activates do not hold each other off but by their slot.
    assert_eq!(record.cycles(Activate), [0, 1]);
}

#[test]
fn hits_go_first_until_the_cap() {
    // A conflict, then hits behind it: so many go before it.
    let conflict = [(R, (0, 0, 0), (5, 0), 0), (R, (0, 0, 0), (6, 0), 1)];
    let hits = (1..=20).map(|column| (R, (0, 0, 0), (5, column), 2));
    let wanted: Vec<Wanted> = conflict.into_iter().chain(hits).collect();
    for cap in [1, 4, 16] {
        let record = run("ddr4-3200", 1, Policy { cap, ..QUIET }, &wanted);
        let columns: Vec<_> =
            record.commands.iter().filter(|c| c.kind == Read).map(|c| (c.row, c.column)).collect();
        let before = columns.iter().position(|cell| *cell == (6, 0)).unwrap();
        assert_eq!(before, 1 + cap as usize, "{cap}: {columns:?}");
    }
}

#[test]
fn writes_wait_for_the_high_watermark_and_drain_to_the_low_one() {
    // Reads come all the time; a write to other banks every tenth cycle.
    let mut wanted = Vec::new();
    for index in 0..400_i64 {
        wanted.push((R, (0, (index % 4) as usize, 0), (5, index as u64 % 128), index * 4));
        if index % 2 == 0 {
            wanted.push((W, (0, (index / 2 % 4) as usize, 1), (7, index as u64 / 8), index * 4));
        }
    }
    let record = run("ddr4-3200", 1, Policy { high: 20, low: 4, ..QUIET }, &wanted);
    let kinds: Vec<_> =
        record.commands.iter().map(|c| c.kind).filter(|k| matches!(k, Read | Write)).collect();
    let drains: Vec<_> =
        kinds.chunk_by(|a, b| a == b).filter(|run| run[0] == Write).map(<[_]>::len).collect();
    // At first no read has come in time.
    let [_, drains @ .., _] = &drains[..] else { panic!("{drains:?}") };
    assert!(drains.len() > 3 && drains.iter().all(|&drain| drain == 16), "{drains:?}");
}

#[test]
fn a_waiting_write_answers_reads_and_takes_writes() {
    let place = (0, 0, 0);
    // Reads of another bank keep the write waiting.
    let busy = (0..20).map(|column| (R, (0, 1, 0), (5, column), 0));
    let wanted: Vec<Wanted> =
        busy.chain([(W, place, (5, 0), 1), (W, place, (5, 0), 2), (R, place, (5, 0), 3)]).collect();
    let record = ddr4(&wanted);
    assert_eq!((record.cycles(Read).len(), record.cycles(Write).len()), (20, 1));
    // The read comes a cycle after it entered.
    assert!(record.latencies.contains(&1));
}

#[test]
fn a_write_does_not_overtake_a_read_of_its_address() {
    let place = (0, 0, 0);
    let record = ddr4(&[(R, place, (5, 0), 0), (W, place, (5, 0), 1), (R, (0, 1, 0), (5, 0), 1)]);
    // It enters in 23, and the read behind it: its activate in 23, read in 45, and tRTW 12.
    assert_eq!((record.cycles(Read), record.cycles(Write)), (vec![22, 45], vec![57]));
}

#[test]
fn a_place_is_free_with_the_column_command_or_with_the_activate() {
    // One place: the second read enters the cycle after.
    let wanted = [(R, (0, 0, 0), (5, 0), 0), (R, (0, 1, 0), (5, 0), 0)];
    for (leaves_at_activate, second) in [(false, 23), (true, 4)] {
        let record = run("ddr4-3200", 1, Policy { read_queue: 1, leaves_at_activate, ..QUIET }, &wanted);
        assert_eq!(record.cycles(Activate), [0, second], "{leaves_at_activate}");
    }
}

#[test]
fn the_order_says_what_goes_first() {
    // Bank 0's row is open. In cycle 100 the first request needs an activate of another group, the second is a hit.
    let open = (R, (0, 0, 0), (5, 0), 0);
    let wanted = [open, (R, (0, 1, 0), (5, 0), 100), (R, (0, 0, 0), (5, 1), 100)];
    for (order, activate, read) in
        [(Order::Columns, 101, 100), (Order::Age, 100, 101), (Order::Opened, 100, 101)]
    {
        let record = run("ddr4-3200", 1, Policy { order, ..QUIET }, &wanted);
        // The third request enters with the second, before anything of cycle 100 issues.
        assert_eq!((record.cycles(Activate)[1], record.cycles(Read)[1]), (activate, read), "{order:?}");
    }
    // A younger request whose row was opened for it goes before an older hit: both are allowed in 222.
    let old = [open, (R, (0, 1, 0), (5, 0), 200)];
    let hits = [(R, (0, 0, 0), (5, 1), 222), (R, (0, 0, 0), (5, 2), 222)];
    for (order, first_group) in [(Order::Columns, 1), (Order::Opened, 1)] {
        let record = run("ddr4-3200", 1, Policy { order, ..QUIET }, &[&old[..], &hits[..]].concat());
        let reads: Vec<_> = record.commands.iter().filter(|c| c.kind == Read).map(|c| c.bank / 4).collect();
        assert_eq!(reads[1], first_group, "{order:?}");
    }
}

#[test]
fn a_stream_stands_in_a_line_and_its_commands_are_those_without_it() {
    // A stream over two bank groups, with a gap, a read of another row, a write, and a write of a waiting address in it.
    let mut wanted: Vec<Wanted> = Vec::new();
    for index in 0..4000_u64 {
        let (group, cycle) = ((index % 2) as usize, if index < 3000 { 0 } else { 30_000 });
        wanted.push((R, (0, group, 0), (5, index / 2 % 128), cycle));
        match index {
            500 => wanted.push((R, (0, group, 0), (6, 0), 0)),
            1000 => wanted.push((W, (0, 3, 0), (6, 0), 0)),
            1500 => wanted.push((W, (0, group, 0), (5, index / 2 % 128), 0)),
            _ => {}
        }
    }
    for (name, refresh) in [("ddr4-3200", RefreshMode::AllBank), ("hbm3", RefreshMode::PerBank)] {
        for (order, leaves_at_activate) in
            [(Order::Columns, false), (Order::Age, false), (Order::Opened, true)]
        {
            let policy = Policy { order, leaves_at_activate, refresh, ..QUIET };
            let [fast, slow] = [true, false].map(|fast| run(name, 1, Policy { fast, ..policy }, &wanted));
            assert_eq!(fast.commands, slow.commands, "{name} {order:?}");
            assert_eq!(fast.latencies, slow.latencies, "{name} {order:?}");
        }
    }
    let standard = standard("ddr4-3200").unwrap();
    let mut controller = Controller::new(&standard, 1, 0, QUIET);
    let mut record = Record::default();
    let mut in_line = 0;
    for index in 0..1000_u64 {
        let group = (index % 2) as usize;
        let location =
            Location { channel: 0, rank: 0, group, bank: group * 4, column: index / 2 % 128, row: 5 };
        let arrival = controller.place_for(R, &location, 0, &mut record);
        controller.push(R, &location, arrival, 0, &mut record);
        in_line += u64::from(controller.hits.is_line);
    }
    assert!(in_line > 900, "{in_line}");
}

#[test]
fn a_precharge_that_was_next_goes_before_a_hit_that_came_since() {
    // The write's activate in 27, its command in 49: no read before 49 + tCWL 16 + burst 4 + tWTR_S 4. Bank 0 can be precharged for row 6
    // in 52, tRAS behind its activate, and is, although a read of its open row comes in 51 and the oldest read is a hit.
    let wanted = [
        (R, (0, 0, 0), (5, 0), 0),
        (R, (0, 2, 0), (5, 0), 0),
        (W, (0, 1, 0), (5, 0), 18),
        (R, (0, 2, 0), (5, 1), 50),
        (R, (0, 0, 0), (6, 0), 50),
        (R, (0, 0, 0), (5, 1), 51),
        (R, (0, 2, 0), (5, 2), 300),
    ];
    for fast in [true, false] {
        let record = run("ddr4-3200", 1, Policy { fast, ..QUIET }, &wanted);
        assert_eq!(record.cycles(Write), [49], "{fast}");
        assert_eq!(record.cycles(Precharge), [52, 74 + 52], "{fast}");
        assert_eq!(record.cycles(Activate), [0, 4, 27, 74, 126 + 22], "{fast}");
        assert_eq!(record.cycles(Read), [22, 26, 73, 74 + 22, 148 + 22, 300], "{fast}");
    }
}

#[test]
fn a_refresh_does_not_come_between_the_halves_of_an_activate_of_its_rank() {
    // LPDDR5, a bank of rank 0 due in 3125 / 16 = 195, of rank 1 half of that before. The activate of the last read has its first half in
    // 192. The write in 193 (tCCD_L 4 behind the one in 189, which is tRTW 12 behind the read in 177) and the other rank's read in 194
    // go before its second half, which comes in 195: after the refresh it would be in 195 + 6, not within tAAD 8.
    let policy = Policy { refresh: RefreshMode::PerBank, ..QUIET };
    let wanted = [
        (R, (0, 1, 0), (5, 0), 0),
        (W, (0, 2, 0), (5, 0), 169),
        (W, (0, 2, 1), (5, 0), 169),
        (R, (0, 1, 0), (5, 1), 177),
        (R, (1, 1, 0), (5, 0), 178),
        (R, (0, 3, 0), (5, 0), 192),
    ];
    let record = run("lpddr5-6400", 2, policy, &wanted);
    assert_eq!(record.cycles(Write), [189, 193]);
    assert_eq!(record.cycles(Read), [16, 177, 194, 195 + 15]);
    let halves: Vec<_> =
        record.commands.iter().filter(|c| c.kind == Activate).map(|c| (c.first_slot, c.cycle)).collect();
    assert_eq!(halves, [(0, 1), (169, 170), (173, 174), (178, 179), (192, 195)]);
    // tRRD 4 behind the activate.
    assert_eq!(record.cycles(RefreshBank), [98, 199]);
}

/// A rule of a standard: after one command at bank 0, so many cycles before another at a bank.
fn rule(name: &str, ranks: u64, before: CommandKind, after: CommandKind, bank: usize, cycles: i64) {
    let standard = standard(name).unwrap();
    let command =
        Command { first_slot: 1000, cycle: 1000, kind: before, channel: 0, bank: 0, row: 1, column: 0 };
    let earliest = earliest_after(&standard, ranks, &[command], after, bank);
    // Blocked at n - 1, ready at n.
    let is_ready = |cycle: i64| cycle >= earliest;
    assert!(
        !is_ready(1000 + cycles - 1),
        "{name}: {after:?} at {bank} in cycle {cycles} - 1 after {before:?}"
    );
    assert!(is_ready(1000 + cycles), "{name}: {after:?} at {bank} in cycle {cycles} after {before:?}");
}

#[test]
fn every_rule_blocks_until_its_cycle() {
    // DDR4-3200: bank 1 is in the group, bank 4 in another, bank 16 in another rank.
    let ddr4 = |before, after, bank, cycles| rule("ddr4-3200", 2, before, after, bank, cycles);
    ddr4(Activate, Activate, 0, 74); // tRC
    ddr4(Activate, Read, 0, 22); // tRCD
    ddr4(Activate, Write, 0, 22);
    ddr4(Activate, Precharge, 0, 52); // tRAS
    ddr4(Precharge, Activate, 0, 22); // tRP
    ddr4(Read, Precharge, 0, 12); // tRTP
    ddr4(Write, Precharge, 0, 16 + 4 + 24); // tWR
    ddr4(Activate, Activate, 1, 8); // tRRD_L
    ddr4(Activate, Activate, 4, 4); // tRRD_S
    ddr4(Read, Read, 1, 8); // tCCD_L
    ddr4(Write, Write, 1, 8);
    ddr4(Read, Read, 4, 4); // tCCD_S
    ddr4(Write, Write, 4, 4);
    ddr4(Write, Read, 1, 16 + 4 + 12); // tWTR_L
    ddr4(Write, Read, 4, 16 + 4 + 4); // tWTR_S
    ddr4(Read, Write, 0, 12); // tRTW
    ddr4(Read, Write, 4, 12);
    ddr4(Read, Read, 16, 4 + 2); // tRTRS
    ddr4(Write, Write, 16, 4 + 2);
    ddr4(Read, Write, 16, 22 + 4 + 2 - 16);
    ddr4(Write, Read, 16, 1); // 16 + 4 + 2 - 22: its data are behind already
    ddr4(Activate, Refresh, 0, 74);
    ddr4(Precharge, Refresh, 0, 22);
    ddr4(Refresh, Activate, 5, 560); // tRFC
    ddr4(Refresh, Refresh, 0, 560);
    // HBM3 has refreshes of banks, tRCD of its own for writes.
    let hbm3 = |before, after, bank, cycles| rule("hbm3", 1, before, after, bank, cycles);
    hbm3(Activate, Read, 0, 31);
    hbm3(Activate, Write, 0, 15);
    let per_bank = standard("hbm3").unwrap().timing.per_bank.unwrap();
    assert_eq!((per_bank.rfc, per_bank.to_activate, per_bank.to_refresh), (320, 13, 13));
    hbm3(RefreshBank, Activate, 0, 320);
    hbm3(RefreshBank, RefreshBank, 0, 320);
    hbm3(RefreshBank, Refresh, 0, 320);
    hbm3(RefreshBank, Activate, 5, 13);
    hbm3(RefreshBank, RefreshBank, 5, 13);
    hbm3(Activate, RefreshBank, 0, 72);
    hbm3(Activate, RefreshBank, 1, 5);
    hbm3(Activate, RefreshBank, 4, 4);
    hbm3(Precharge, RefreshBank, 0, 26);
    hbm3(Refresh, RefreshBank, 0, 720);
    // tPPD.
    rule("lpddr4-4266", 1, Precharge, Precharge, 1, 4);
    rule("lpddr5-6400", 1, Precharge, Precharge, 1, 2);
    rule("gddr6", 1, Precharge, Precharge, 1, 1);
    hbm3(Precharge, Precharge, 4, 2);
}

#[test]
fn the_fifth_activate_is_blocked_until_the_window_has_passed() {
    for name in standard_names() {
        let standard = standard(name).unwrap();
        let activate = |index: i64| {
            let cycle = 1000 + index * standard.timing.rrd_l;
            let bank = usize::try_from(index).unwrap();
            Command { first_slot: cycle, cycle, kind: Activate, channel: 0, bank, row: 1, column: 0 }
        };
        let four: Vec<_> = (0..4).map(activate).collect();
        let last = 1000 + 3 * standard.timing.rrd_l;
        let expected = (1000 + standard.timing.faw).max(last + standard.timing.rrd_s);
        let other = usize::try_from(standard.banks()).unwrap() - 1;
        let rrd = if other as u64 / standard.banks_per_group == 3 / standard.banks_per_group {
            standard.timing.rrd_l
        } else {
            standard.timing.rrd_s
        };
        assert_eq!(earliest_after(&standard, 1, &four, Activate, other), expected.max(last + rrd), "{name}");
    }
}

#[test]
fn a_refresh_of_a_bank_counts_among_the_activates() {
    let hbm3 = standard("hbm3").unwrap();
    let command =
        |kind, cycle, bank| Command { first_slot: cycle, cycle, kind, channel: 0, bank, row: 1, column: 0 };
    // tFAW 24: as the fifth, behind the first of four activates tRRD_S 4 apart.
    let four: Vec<_> =
        (0..4).map(|k| command(Activate, 1000 + 4 * k, 4 * usize::try_from(k).unwrap())).collect();
    assert_eq!(earliest_after(&hbm3, 1, &four, RefreshBank, 1), 1024);
    // As the first of four, so close that tRREFD 13 is over before; a bank further the window is its own.
    let first = [command(RefreshBank, 1000, 0), four[1], four[2], four[3]];
    assert_eq!(earliest_after(&hbm3, 1, &first, Activate, 1), 1024);
    assert_eq!(earliest_after(&hbm3, 1, &first[1..], Activate, 1), 1012 + 4);
}

/// Where a request goes, in bursts.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// So far behind the last one of a stream, which it continues.
    Behind(u64),
    /// So far from a stream, which stays where it is: rows, and bursts.
    Beside(u64, u64),
    /// Anywhere.
    At(u64),
}

/// Access, where, cycles since the one before.
type Request = (Access, Target, i64);

/// Requests of one kind: a stream of reads or of writes, random reads, a mix in a row of each bank,
/// a few rows that are met again, also by a mix, or a stream with gaps.
fn phase() -> impl Strategy<Value = Vec<Request>> {
    let step = prop::sample::select(vec![0_u64, 1, 1, 1, 2]);
    let gap = prop::sample::select(vec![0_i64, 0, 0, 1, 2, 8]);
    let drawn = prop::collection::vec((any::<bool>(), any::<u32>(), step, gap), 1..250);
    (0_u8..10, drawn).prop_map(|(kind, drawn)| {
        let of_kind = |(write, number, step, gap)| {
            let (access, number) = (if write { W } else { R }, u64::from(number));
            match kind {
                0 | 1 => (R, Target::Behind(step), gap),
                2 => (W, Target::Behind(step), gap),
                3 => (R, Target::At(number % (1 << 24)), gap),
                4 | 5 => (access, Target::Beside(0, number % 256), gap),
                6 => (R, Target::Beside(number % 3, number / 3 % 16), gap),
                7 | 8 => (access, Target::Beside(number % 3, number / 3 % 16), gap),
                _ => (R, Target::Behind(step), (number % 20_000).cast_signed()),
            }
        };
        drawn.into_iter().take(if kind == 9 { 20 } else { usize::MAX }).map(of_kind).collect()
    })
}

/// Phases behind one another; the requests have their cycles, or come as soon as they can.
fn traffic() -> impl Strategy<Value = (bool, Vec<Request>)> {
    let phases = prop::collection::vec(phase(), 1..8);
    (any::<bool>(), phases.prop_map(|phases| phases.concat()))
}

/// Policies with queues of all sizes, which for many effects must be small or large.
fn policy() -> impl Strategy<Value = Policy> {
    let size = || prop_oneof![prop::sample::select(vec![1_usize, 1, 2, 4, 8, 32, 64]), 1_usize..40];
    let order = prop::sample::select(vec![Order::Columns, Order::Age, Order::Opened]);
    (size(), size(), order, prop_oneof![Just(16), 1_u32..20], any::<bool>()).prop_map(
        |(read_queue, write_queue, order, cap, leaves_at_activate)| {
            let high = (write_queue * 3 / 4).max(1);
            let low = (write_queue / 4).min(high - 1);
            Policy { read_queue, write_queue, high, low, order, cap, leaves_at_activate, ..QUIET }
        },
    )
}

fn serve(
    name: &str,
    organisation: Organisation,
    mapping: &str,
    policy: Policy,
    (is_timed, requests): &(bool, Vec<Request>),
) -> (Record, System, i64) {
    let standard = standard(name).unwrap();
    let mapping = AddressMapping::of(mapping, &standard, organisation).unwrap();
    let (bursts, row) = (mapping.bursts(), mapping.bursts() / standard.rows);
    let mut system = System::new(&standard, organisation, mapping, policy);
    let mut record = Record::default();
    let (mut made, mut stream) = (0, 0);
    for &(access, target, gap) in requests {
        let burst = match target {
            Target::Behind(step) => {
                stream += step;
                stream
            }
            Target::Beside(rows, offset) => stream + rows * row + offset,
            Target::At(burst) => burst,
        };
        made += gap;
        let address = burst % bursts * standard.burst_bytes;
        system.request(access, address, is_timed.then_some(made), &mut record);
    }
    let end = system.finish(&mut record);
    (record, system, end)
}

fn modes(name: &str) -> Vec<RefreshMode> {
    let has_banks = standard(name).unwrap().timing.per_bank.is_some();
    let per_bank = has_banks.then_some(RefreshMode::PerBank);
    [RefreshMode::None, RefreshMode::AllBank].into_iter().chain(per_bank).collect()
}

/// Every standard with every kind of refresh that it has.
fn memories() -> Vec<(&'static str, RefreshMode)> {
    standard_names().flat_map(|name| modes(name).into_iter().map(move |refresh| (name, refresh))).collect()
}

/// Serves requests, and finds what breaks the standard, is not served, or is not the same without the fast path.
fn check(
    (name, refresh): (&'static str, RefreshMode),
    organisation: Organisation,
    mapping: &str,
    policy: Policy,
    requests: &(bool, Vec<Request>),
) -> Result<(), TestCaseError> {
    let policy = Policy { refresh, ..policy };
    let (record, system, end) = serve(name, organisation, mapping, policy, requests);
    let (counters, rows, count) = (system.counters(), system.rows(), requests.1.len());
    let served = counters.reads + counters.writes + rows.forwarded + rows.merged;
    prop_assert_eq!(served, count as u64);
    prop_assert_eq!(rows.hits + rows.misses + rows.conflicts, counters.reads + counters.writes);
    prop_assert_eq!(record.latencies.len(), count);
    let wanted = match refresh {
        RefreshMode::None => None,
        RefreshMode::AllBank => Some("REF"),
        RefreshMode::PerBank => Some("REFB"),
    };
    let text = standard_text(name).unwrap();
    let mut checker = Checker::new(&text, organisation.ranks, wanted).unwrap();
    let mut lines = CommandLines::new(&standard(name).unwrap(), organisation.channels);
    let mut take = |line: &str| checker.line(line);
    let found = record.commands.iter().try_for_each(|command| lines.add(command, &mut take));
    let found = found.and_then(|()| lines.finish(&mut take));
    prop_assert!(found.is_ok(), "{}, {:?}: {}", name, refresh, found.unwrap_err());
    prop_assert_eq!(checker.finish(end), Ok(()));
    let slow = Policy { fast: false, ..policy };
    let (other, _, other_end) = serve(name, organisation, mapping, slow, requests);
    // Not by the assertion's own words, which would be all commands of both.
    let differs = record.commands.iter().zip(&other.commands).position(|(a, b)| a != b);
    prop_assert!(differs.is_none(), "{}, {:?}: command {:?}", name, refresh, differs);
    prop_assert_eq!(record.commands.len(), other.commands.len());
    prop_assert!(other.latencies == record.latencies && other_end == end, "{}, {:?}", name, refresh);
    Ok(())
}

const MAPPINGS: [&str; 4] = ["RoBaRaCoBgCh", "RoCoBaBgRaCh", "RoBaRaCoCh", "RoRaBaCoBgCh,Bg^Ro,Ba^Ro2"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2500))]
    #[test]
    fn random_traffic_obeys_every_standard_and_is_the_same_without_the_fast_path(
        requests in traffic(),
        memory in prop::sample::select(memories()),
        mapping in prop::sample::select(&MAPPINGS[..]),
        policy in policy(),
        ranks in prop::sample::select(vec![1_u64, 1, 1, 2, 4]),
        channels in prop::sample::select(vec![1_u64, 1, 2]),
    ) {
        let ranks = ranks.min(Controller::MOST_BANKS / standard(memory.0).unwrap().banks());
        check(memory, Organisation { channels, ranks }, mapping, policy, &requests)?;
    }
}

#[test]
fn a_stream_takes_what_the_look_ahead_of_the_in_order_channel_takes() {
    // Consecutive bursts in other groups, as chips map them. First-ready service gains a little behind a refresh, where not all rows
    // are open, and where the queue does not reach as far as precharge and activate take.
    for name in standard_names() {
        let standard = standard(name).unwrap();
        for refresh in [RefreshMode::None, RefreshMode::AllBank] {
            let mapping = AddressMapping::new("RoBaCoBgCh", &standard).unwrap();
            let due = if refresh == RefreshMode::None { 1 << 40 } else { standard.timing.refi };
            let mut channel = Channel::new(&standard, mapping.clone(), 32, due);
            let policy = Policy { refresh, ..Policy::default() };
            let mut system = System::new(&standard, Organisation::SINGLE, mapping, policy);
            let (mut record, mut in_order) = (Record::default(), 0);
            for burst in 0..60_000 {
                in_order = channel.access(R, burst, 0);
                system.request(R, burst * standard.burst_bytes, None, &mut record);
            }
            let gained = (in_order - system.finish(&mut record)) as f64 / in_order as f64;
            let most = if name == "gddr6" { 0.02 } else { 0.003 };
            assert!((-1e-5..most).contains(&gained), "{name} {refresh:?}: {gained}");
        }
    }
}

#[test]
fn refreshes_of_an_idle_channel_are_counted_as_if_stepped() {
    struct Deaf(Record);
    impl Observer for Deaf {
        fn command(&mut self, _: &Command) {}
        fn served(&mut self, access: Access, cycles: i64) {
            self.0.served(access, cycles);
        }
        fn needs_commands(&self) -> bool {
            false
        }
    }
    for name in standard_names() {
        for refresh in modes(name) {
            let standard = standard(name).unwrap();
            let organisation = Organisation { channels: 1, ranks: 2 };
            let mapping = AddressMapping::of("RoBaRaCoBgCh", &standard, organisation).unwrap();
            let policy = Policy { refresh, ..Policy::default() };
            let mut told = System::new(&standard, organisation, mapping, policy);
            let mut counted = told.clone();
            let (mut record, mut deaf) = (Record::default(), Deaf(Record::default()));
            for (burst, made) in [(0, 500), (7, 3_000_000), (8, 3_000_001), (9_000, 3_333_333)] {
                told.request(R, burst * standard.burst_bytes, Some(made), &mut record);
                counted.request(R, burst * standard.burst_bytes, Some(made), &mut deaf);
            }
            assert_eq!(told.finish(&mut record), counted.finish(&mut deaf), "{name} {refresh:?}");
            assert_eq!(record.latencies, deaf.0.latencies, "{name} {refresh:?}");
            assert_eq!(told.counters(), counted.counters(), "{name} {refresh:?}");
        }
    }
}
