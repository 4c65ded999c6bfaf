//! What the channel does, by the cycle.

use proptest::prelude::*;

use super::*;
use crate::dram::{Checker, CommandLines, standard, standard_names, standard_text};

const NEVER: i64 = 1 << 40;

fn channel(name: &str, refresh_due: i64) -> (Channel, Standard) {
    channel_of(name, 32, refresh_due)
}

fn channel_of(name: &str, queue_depth: usize, refresh_due: i64) -> (Channel, Standard) {
    let standard = standard(name).unwrap();
    let mapping = AddressMapping::new("RoBaCoBgCh", &standard).unwrap();
    let mut channel = Channel::new(&standard, mapping, queue_depth, refresh_due);
    channel.record();
    (channel, standard)
}

fn cycles_of(channel: &Channel, kind: CommandKind) -> Vec<i64> {
    channel.trace().iter().filter(|c| c.kind == kind).map(|c| c.cycle).collect()
}

/// What the checker finds wrong in a trace; with `due`, it wants refreshes in time.
fn violation(name: &str, due: Option<i64>, trace: &[Command]) -> Result<(), String> {
    let standard = standard(name).unwrap();
    let mut lines = CommandLines::new(&standard, 1);
    let mut checker = Checker::new(&standard_text(name).unwrap(), 1, due.map(|_| "REF")).unwrap();
    let mut take = |line: &str| checker.line(line);
    trace.iter().try_for_each(|command| lines.add(command, &mut take))?;
    lines.finish(&mut take)?;
    checker.finish(trace.last().map_or(0, |last| last.cycle))
}

#[test]
fn a_single_read_takes_activate_rcd_cl_and_its_burst() {
    let (mut channel, _) = channel("ddr4-3200", NEVER);
    assert_eq!(channel.access(Access::Read, 0, 10), 10 + 22 + 22 + 4);
}

#[test]
fn two_reads_of_a_row_are_ccd_apart() {
    // DDR4-3200, mapping RoBaCoBgCh: burst 4 lies in the group of burst 0, burst 1 in another.
    let (mut channel, _) = channel("ddr4-3200", NEVER);
    channel.access(Access::Read, 0, 0);
    channel.access(Access::Read, 4, 0);
    assert_eq!(cycles_of(&channel, CommandKind::Read), [22, 22 + 8]);
    assert_eq!(channel.counters().activates, 1);
}

#[test]
fn a_row_conflict_waits_for_ras_rp_and_rcd() {
    let (mut channel, _) = channel("ddr4-3200", NEVER);
    let sweep = channel.sweep();
    channel.access(Access::Read, 0, 0);
    channel.access(Access::Read, sweep, 0);
    // tRAS 52, then tRP 22, which is also tRC 74, then tRCD 22.
    assert_eq!(cycles_of(&channel, CommandKind::Precharge), [52]);
    assert_eq!(cycles_of(&channel, CommandKind::Activate), [0, 74]);
    assert_eq!(cycles_of(&channel, CommandKind::Read), [22, 96]);
}

#[test]
fn the_fifth_activate_waits_for_faw() {
    // DDR4-3200: tRRD_S 4 between groups, tFAW 34. Bursts 0 to 3 open bank 0 of each group, burst 512 the next bank;
    // slot 34 carries the read of burst 3, so the fifth activate takes the next one.
    let (mut channel, _) = channel("ddr4-3200", NEVER);
    for burst in [0, 1, 2, 3, 512] {
        channel.access(Access::Read, burst, 0);
    }
    assert_eq!(cycles_of(&channel, CommandKind::Activate), [0, 4, 8, 12, 35]);
}

#[test]
fn an_activate_of_two_slots_is_spaced_by_its_second() {
    // The first activate takes slots 0 and 1; then tRRD_S 4 between groups; the fifth, of the next bank, waits for tRRD_S
    // or tFAW, and on LPDDR5's one bus for the read of burst 0 in slot 16.
    for (name, next_bank, fifth) in [("hbm3", 128, 1 + 24), ("lpddr5-6400", 256, 18), ("hbm2", 128, 17)] {
        let (mut channel, standard) = channel(name, NEVER);
        assert_eq!(standard.timing.activate_slots, 2, "{name}");
        for burst in [0, 1, 2, 3, next_bank] {
            channel.access(Access::Read, burst, 0);
        }
        let activates = cycles_of(&channel, CommandKind::Activate);
        assert_eq!(activates, [1, 5, 9, 13, fifth], "{name}");
    }
}

#[test]
fn idle_refreshes_are_counted_as_if_stepped() {
    for name in standard_names() {
        // Recording steps every refresh.
        let (mut recorded, _) = channel(name, 1_000);
        let mut counted = recorded.clone();
        counted.trace = None;
        for (burst, arrival) in [(0, 500), (7, 3_000_000), (8, 3_000_001), (9_000, 3_333_333)] {
            let done = recorded.access(Access::Read, burst, arrival);
            assert_eq!(counted.access(Access::Read, burst, arrival), done, "{name}");
        }
        recorded.idle_until(9_000_000);
        counted.idle_until(9_000_000);
        assert_eq!(counted.counters(), recorded.counters(), "{name}");
        assert_eq!(
            counted.access(Access::Read, 1, 9_000_100),
            recorded.access(Access::Read, 1, 9_000_100),
            "{name}"
        );
    }
}

#[test]
fn a_write_delays_the_next_read_by_wtr_and_a_read_the_next_write_by_rtw() {
    let (mut channel, _) = channel("ddr4-3200", NEVER);
    channel.access(Access::Write, 0, 0);
    channel.access(Access::Read, 4, 0);
    channel.access(Access::Write, 8, 0);
    let read = 22 + 16 + 4 + 12; // tRCD, then tCWL + burst + tWTR_L in the same group
    assert_eq!(cycles_of(&channel, CommandKind::Read), [read]);
    assert_eq!(cycles_of(&channel, CommandKind::Write), [22, read + 12]);
}

#[test]
fn a_read_at_the_due_cycle_waits_for_the_refresh_and_one_before_does_not() {
    for (due, waits) in [(22, true), (23, false)] {
        let (mut channel, _) = channel("ddr4-3200", due);
        channel.access(Access::Read, 0, 0);
        assert_eq!(channel.counters().refreshes, u64::from(waits), "due {due}");
    }
    let (mut channel, _) = channel("ddr4-3200", 22);
    // Nothing is open: REF at its due cycle, tRFC 560, tRCD 22, tCL 22, burst 4.
    assert_eq!(channel.access(Access::Read, 0, 0), 22 + 560 + 22 + 22 + 4);
}

#[test]
fn the_queue_bounds_the_look_ahead() {
    // With one place in the queue, a bank's activate cannot hide under the read before it.
    let standard = standard("ddr4-3200").unwrap();
    let mapping = AddressMapping::new("RoBaCoBgCh", &standard).unwrap();
    let mut alone = Channel::new(&standard, mapping, 1, NEVER);
    alone.record();
    alone.access(Access::Read, 0, 0);
    alone.access(Access::Read, 1, 0);
    assert_eq!(cycles_of(&alone, CommandKind::Activate), [0, 22 + 1]);
}

#[test]
fn a_stream_keeps_the_data_bus_busy_between_refreshes() {
    for name in standard_names() {
        // Deep enough for the activates of the next banks of all groups.
        let (mut channel, standard) = channel_of(name, 64, NEVER);
        let bursts = 20_000;
        let mut end = 0;
        for burst in 0..bursts {
            end = channel.access(Access::Read, burst, 0);
        }
        let ideal = i64::try_from(bursts).unwrap() * standard.timing.burst;
        assert!(end >= ideal, "{name}: {end} is faster than the pins");
        assert!(end < ideal * 102 / 100, "{name}: {end} against {ideal}");
    }
}

#[test]
fn a_shifted_state_goes_on_as_the_original_later_and_further() {
    for name in standard_names() {
        let (mut channel, _) = channel(name, 5_000);
        for burst in 0..3_000 {
            channel.access(Access::Read, burst, 0);
        }
        let (cycles, rows) = (123_456, 7);
        let mut moved = channel.clone();
        moved.state.forget_the_past();
        moved.state.shift(cycles, rows);
        let sweep = channel.sweep();
        for burst in 3_000..9_000 {
            let expected = channel.access(Access::Read, burst, 0) + cycles;
            assert_eq!(moved.access(Access::Read, burst + 7 * sweep, 0), expected, "{name} burst {burst}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn random_traffic_obeys_every_standard(
        requests in prop::collection::vec((any::<bool>(), 0_u64..1 << 14, 0_i64..60, 0_u8..8), 1..1500),
        mapping in prop::sample::select(vec!["RoBaCoBgCh", "RoCoBaBgCh", "RoBgBaCoCh"]),
        depth in 1_usize..40,
        due in 1_i64..4000,
    ) {
        for name in standard_names() {
            let standard = standard(name).unwrap();
            let mut channel = Channel::new(&standard, AddressMapping::new(mapping, &standard).unwrap(), depth, due);
            channel.record();
            let (mut arrival, mut last, mut next) = (0, 0, 0);
            for &(write, burst, gap, kind) in &requests {
                // A mixture of streams and jumps, of bursts of requests and pauses.
                next = if kind < 5 { next + 1 } else { burst };
                arrival += if kind == 7 { gap * 100 } else { gap / 8 };
                let access = if write && kind < 3 { Access::Write } else { Access::Read };
                let done = channel.access(access, next, arrival);
                prop_assert!(done > arrival);
                last = last.max(done);
            }
            let found = violation(name, Some(due), &channel.trace());
            prop_assert!(found.is_ok(), "{name}: {}", found.unwrap_err());
            prop_assert_eq!(channel.counters().reads + channel.counters().writes, requests.len() as u64);
        }
    }
}

#[test]
fn the_checker_finds_each_command_that_is_moved_forward() {
    // Every activate, read and precharge of a conflict-ridden trace sits at a bound: one cycle earlier breaks it.
    let (mut channel, _) = channel("ddr4-3200", NEVER);
    let sweep = channel.sweep();
    for index in 0..40 {
        channel.access(Access::Read, index % 2 * sweep, 0);
    }
    let trace = channel.trace();
    assert_eq!(violation("ddr4-3200", None, &trace), Ok(()));
    for index in 1..trace.len() {
        let mut broken = trace.clone();
        broken[index].cycle -= 1;
        broken[index].first_slot -= 1;
        broken.sort_by_key(|c| c.cycle);
        assert!(violation("ddr4-3200", None, &broken).is_err(), "{:?}", trace[index]);
    }
}
