//! A legal trace passes; the same with one command a cycle too early, or in the wrong place, does not.

use super::*;
use crate::dram::standard_text;

/// Reads lines `cycle command`, each in one slot of channel 0.
fn check(standard: &str, refresh: Option<&'static str>, lines: &[(i64, &str)]) -> Result<(), String> {
    let mut checker = Checker::new(&standard_text(standard).unwrap(), 2, refresh).unwrap();
    let slots = |word: &str| checker_slots(standard, word);
    let text = |(cycle, command): &(i64, &str)| {
        let word = command.split(' ').next().unwrap();
        format!("{cycle} {} 0 {command}", cycle - (slots(word) - 1))
    };
    lines.iter().map(text).try_for_each(|line| checker.line(&line))
}

fn checker_slots(standard: &str, word: &str) -> i64 {
    Demands::of(&standard_text(standard).unwrap()).unwrap().slots_of(word)
}

/// The last command is legal in its cycle and not in the one before.
fn bound(standard: &str, lines: &[(i64, &str)]) {
    assert_eq!(check(standard, None, lines), Ok(()), "{standard}: {lines:?}");
    let mut early = lines.to_vec();
    early.last_mut().unwrap().0 -= 1;
    assert!(check(standard, None, &early).is_err(), "{standard}: {early:?}");
}

#[test]
fn every_separation_is_demanded_to_the_cycle() {
    // Rank, group, bank, row, column. DDR4-3200: see the standard's YAML.
    let ddr4 = |lines: &[(i64, &str)]| bound("ddr4-3200", lines);
    let open = (0, "ACT 0 0 0 5");
    ddr4(&[open, (22, "RD 0 0 0 5 0")]); // tRCD
    ddr4(&[open, (22, "WR 0 0 0 5 0")]);
    ddr4(&[open, (52, "PRE 0 0 0 5")]); // tRAS
    ddr4(&[open, (52, "PRE 0 0 0 5"), (74, "ACT 0 0 0 6")]); // tRP and tRC
    ddr4(&[open, (60, "PRE 0 0 0 5"), (82, "ACT 0 0 0 6")]); // tRP
    ddr4(&[open, (50, "RD 0 0 0 5 0"), (62, "PRE 0 0 0 5")]); // tRTP
    ddr4(&[open, (22, "WR 0 0 0 5 0"), (22 + 16 + 4 + 24, "PRE 0 0 0 5")]); // tWR
    ddr4(&[open, (8, "ACT 0 0 1 5")]); // tRRD_L
    ddr4(&[open, (4, "ACT 0 1 0 5")]); // tRRD_S
    ddr4(&[open, (8, "ACT 0 0 1 5"), (40, "RD 0 0 0 5 0"), (48, "RD 0 0 1 5 0")]); // tCCD_L
    ddr4(&[open, (8, "ACT 0 0 1 5"), (40, "WR 0 0 0 5 0"), (48, "WR 0 0 1 5 0")]);
    ddr4(&[open, (4, "ACT 0 1 0 5"), (40, "RD 0 0 0 5 0"), (44, "RD 0 1 0 5 0")]); // tCCD_S
    ddr4(&[open, (4, "ACT 0 1 0 5"), (40, "WR 0 0 0 5 0"), (44, "WR 0 1 0 5 0")]);
    ddr4(&[open, (40, "RD 0 0 0 5 0"), (52, "WR 0 0 0 5 1")]); // tRTW
    ddr4(&[open, (40, "WR 0 0 0 5 0"), (40 + 16 + 4 + 12, "RD 0 0 0 5 1")]); // tWTR_L
    ddr4(&[open, (4, "ACT 0 1 0 5"), (40, "WR 0 0 0 5 0"), (40 + 16 + 4 + 4, "RD 0 1 0 5 1")]); // tWTR_S
    // tFAW: the fifth activate, of the next bank of the first group.
    let four = [open, (4, "ACT 0 1 0 5"), (8, "ACT 0 2 0 5"), (12, "ACT 0 3 0 5")];
    ddr4(&[&four[..], &[(34, "ACT 0 0 1 5")]].concat());
    // Refresh: tRP after a precharge, tRFC before an activate or the next.
    ddr4(&[open, (52, "PRE 0 0 0 5"), (74, "REF 0")]);
    ddr4(&[(0, "REF 0"), (560, "ACT 0 3 2 5")]);
    ddr4(&[(0, "REF 0"), (560, "REF 0")]);
    // Ranks share the data bus alone: tRTRS between their bursts.
    let both = [open, (1, "ACT 1 0 0 5")];
    ddr4(&[&both[..], &[(40, "RD 0 0 0 5 0"), (46, "RD 1 0 0 5 0")]].concat());
    ddr4(&[&both[..], &[(40, "RD 0 0 0 5 0"), (40 + 22 + 4 + 2 - 16, "WR 1 0 0 5 0")]].concat());
    // Single banks.
    let hbm3 = |lines: &[(i64, &str)]| bound("hbm3", lines);
    hbm3(&[(1, "REFB 0 0 0"), (321, "ACT 0 0 0 5")]);
    hbm3(&[(1, "REFB 0 0 0"), (14, "ACT 0 1 0 5")]);
    hbm3(&[(1, "REFB 0 0 0"), (14, "REFB 0 1 0")]);
    hbm3(&[(1, "REFB 0 0 0"), (321, "REF 0")]);
    hbm3(&[(1, "ACT 0 0 0 5"), (6, "REFB 0 0 1")]);
    hbm3(&[(1, "ACT 0 0 0 5"), (46, "PRE 0 0 0 5"), (73, "REFB 0 0 0")]);
    // A refresh of a bank counts in tFAW: as the fifth, and (with a shorter tRREFD, which hides it otherwise) as the first.
    let four = [(1, "ACT 0 0 0 5"), (5, "ACT 0 1 0 5"), (9, "ACT 0 2 0 5"), (13, "ACT 0 3 0 5")];
    hbm3(&[&four[..], &[(25, "REFB 0 0 1")]].concat());
    let text = standard_text("hbm3").unwrap().replace("to_activate: 13", "to_activate: 4");
    let mut checker = Checker::new(&text, 1, None).unwrap();
    for line in ["1 1 0 REFB 0 0 0", "5 4 0 ACT 0 1 0 5", "9 8 0 ACT 0 2 0 5", "13 12 0 ACT 0 3 0 5"] {
        assert_eq!(checker.line(line), Ok(()));
    }
    assert!(checker.clone().line("24 23 0 ACT 0 0 1 5").unwrap_err().contains("tFAW"));
    assert_eq!(checker.line("25 24 0 ACT 0 0 1 5"), Ok(()));
    // tPPD.
    hbm3(&[(1, "ACT 0 0 0 5"), (5, "ACT 0 1 0 5"), (100, "PRE 0 0 0 5"), (102, "PRE 0 1 0 5")]);
    let lpddr5 = [(1, "ACT 0 0 0 5"), (5, "ACT 0 1 0 5"), (100, "PRE 0 0 0 5"), (102, "PRE 0 1 0 5")];
    bound("lpddr5-6400", &lpddr5);
    let lpddr4 = [(3, "ACT 0 0 0 5"), (19, "ACT 0 0 1 5"), (200, "PRE 0 0 0 5"), (204, "PRE 0 0 1 5")];
    bound("lpddr4-4266", &lpddr4);
}

#[test]
fn what_a_bank_cannot_take_is_found() {
    let open = (0, "ACT 0 0 0 5");
    for (lines, why) in [
        (vec![open, (100, "ACT 0 0 0 6")], "finds row 5 open"),
        (vec![(0, "RD 0 0 0 5 0")], "does not find its row open"),
        (vec![open, (22, "RD 0 0 0 6 0")], "does not find its row open"),
        (vec![(0, "PRE 0 0 0 5")], "does not find its row open"),
        (vec![open, (100, "REF 0")], "finds bank 0 of group 0 open"),
        (vec![open, (100, "REFB 0 0 0")], "finds row 5 open"),
        (vec![(5, "ACT 0 0 0 5"), (4, "ACT 0 1 0 5")], "comes behind"),
        (vec![open, (0, "ACT 1 0 0 5")], "shares its slot"),
        (vec![(0, "ACT 2 0 0 5")], "a bank that there is not"),
        (vec![(0, "ACT 0 4 0 5")], "a bank that there is not"),
        (vec![(0, "ACT 0 0 4 5")], "a bank that there is not"),
        (vec![(0, "FOO 0 0 0 5")], "is no command"),
        (vec![(0, "ACT 0 0 0")], "is no command"),
    ] {
        let found = check("ddr4-3200", None, &lines).unwrap_err();
        assert!(found.contains(why), "{lines:?}: {found}");
    }
}

#[test]
fn slots_of_several_are_whole() {
    let mut hbm3 = Checker::new(&standard_text("hbm3").unwrap(), 1, None).unwrap();
    // An activate takes two slots of the row bus; columns have another.
    assert_eq!(hbm3.line("1 0 0 ACT 0 0 0 5"), Ok(()));
    assert!(hbm3.clone().line("9 9 0 ACT 0 1 0 5").unwrap_err().contains("takes 1 slots"));
    assert!(hbm3.clone().line("9 7 0 ACT 0 1 0 5").unwrap_err().contains("takes 3 slots"));
    assert_eq!(hbm3.line("32 32 0 RD 0 0 0 5 0"), Ok(()));
    assert_eq!(hbm3.line("32 31 0 ACT 0 1 0 5"), Ok(()));
    // LPDDR5's two halves may be apart, but not for long.
    let lpddr5 = Checker::new(&standard_text("lpddr5-6400").unwrap(), 1, None).unwrap();
    assert_eq!(lpddr5.clone().line("8 0 0 ACT 0 0 0 5"), Ok(()));
    assert!(lpddr5.clone().line("9 0 0 ACT 0 0 0 5").unwrap_err().contains("takes 10 slots"));
}

#[test]
fn a_refresh_that_does_not_come_is_missed() {
    let refi = 12_480;
    let both = |cycle| [(cycle, "REF 0"), (cycle + 1, "REF 1")];
    let all = |cycles: &[i64]| cycles.iter().flat_map(|&cycle| both(cycle)).collect::<Vec<_>>();
    assert_eq!(check("ddr4-3200", Some("REF"), &all(&[refi, 2 * refi, 3 * refi + 700])), Ok(()));
    let late = check("ddr4-3200", Some("REF"), &all(&[refi, 3 * refi])).unwrap_err();
    assert!(late.contains("cycles behind the one before"), "{late}");
    let mut checker = Checker::new(&standard_text("ddr4-3200").unwrap(), 2, Some("REF")).unwrap();
    checker.line("12480 12480 0 REF 0").unwrap();
    // The other rank had none.
    assert_eq!(checker.finish(2 * refi - 1), Ok(()));
    assert!(checker.finish(2 * refi).unwrap_err().contains("rank 1"));
}
