//! The text of the array: what tools accept, without a multiplier, small, and always the same.

mod common;

use common::{folder, parameters};
use rtl::{Parameters, eda, verilog};

#[test]
fn the_text_passes_lint_and_holds_no_multiplier() {
    let dir = folder();
    for p in
        [parameters(1, 1, 1, 8), parameters(33, 2, 5, 24), parameters(7, 3, 2, 16), parameters(80, 1, 4, 128)]
    {
        let text = verilog::mac_array(&p).expect("valid sizes");
        eda::lint(dir.path(), &text).expect("no warning");
        let syntheses = [
            "",
            "synth_xilinx -run :map_luts",
            "synth_ecp5 -run :map_luts",
            "synth_ice40 -dsp -run :map_luts",
        ];
        for synthesis in syntheses {
            let cells = eda::cells(dir.path(), &text, "mac_array", synthesis).expect("Yosys accepts it");
            assert!(!cells.is_empty());
            let multipliers: Vec<_> = cells.iter().filter(|(cell, _)| eda::is_multiplier(cell)).collect();
            assert!(multipliers.is_empty(), "{p:?}, {synthesis}: {multipliers:?}");
        }
    }
}

#[test]
fn presets_pass_lint() {
    let dir = folder();
    for p in [parameters(80, 4, 4, 512), parameters(128, 16, 8, 512), parameters(128, 64, 32, 512)] {
        eda::lint(dir.path(), &verilog::mac_array(&p).expect("valid sizes")).expect("no warning");
    }
}

#[test]
fn the_text_is_small_clean_and_always_the_same() {
    let p = parameters(128, 128, 32, 512);
    let start = std::time::Instant::now();
    let text = verilog::mac_array(&p).expect("valid sizes");
    assert!(start.elapsed().as_secs() < 10);
    assert!(text.len() < 3_000_000, "{} bytes", text.len());
    assert_eq!(text, verilog::mac_array(&p).expect("valid sizes"));
    assert!(!text.contains(['$', '*']) || !text.replace("@(*)", "").contains(['$', '*']));
    let modules: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("module ")).collect();
    assert_eq!(modules.iter().filter(|name| name.starts_with("ternary_lane")).count(), 1);
    assert_eq!(modules.iter().filter(|name| name.starts_with("dot_unit")).count(), 1);
}

#[test]
fn a_small_array_reads_as_it_always_did() {
    let text = verilog::mac_array(&parameters(3, 2, 2, 8)).expect("valid sizes");
    expect_test::expect_file!["mac_array_3x2x2_w8.v"].assert_eq(&text);
}

#[test]
fn sizes_out_of_range_are_named() {
    let good = parameters(80, 4, 4, 512);
    let wrong = [
        (Parameters { lanes: 0, ..good }, "lanes 0 is out of range: it must be 1 to 1024"),
        (Parameters { columns: 1025, ..good }, "columns 1025 is out of range: it must be 1 to 1024"),
        (
            Parameters { lanes: 1024, columns: 1024, ..good },
            "lanes x columns 1048576 is out of range: it must be 1 to 131072",
        ),
        (Parameters { tokens: 0, ..good }, "tokens 0 is out of range: it must be 1 to 1024"),
        (
            Parameters { stream_bits: 65_544, ..good },
            "stream-bits 65544 is out of range: it must be 8 to 65536",
        ),
        (
            Parameters { stream_bits: 12, ..good },
            "stream-bits 12 is no multiple of 8: the stream carries bytes of five trits",
        ),
        // 80 lanes may sum to 80 x 128 = 10,240, which takes 15 bits.
        (Parameters { acc_bits: 14, ..good }, "acc-bits 14 is out of range: it must be 15 to 32"),
        (Parameters { acc_bits: 33, ..good }, "acc-bits 33 is out of range: it must be 15 to 32"),
    ];
    for (p, message) in wrong {
        assert_eq!(verilog::mac_array(&p).expect_err("an error").to_string(), message);
    }
}
