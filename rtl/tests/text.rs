//! The text of the engine: what tools accept, without a multiplier, small, and always the same.

mod common;

use common::{folder, parameters};
use rtl::{EngineParameters, Error, Parameters, eda, verilog};

/// All tops: (name, text).
fn tops(p: &EngineParameters) -> Vec<(&'static str, String)> {
    let mut tops = vec![
        ("ternary_core", verilog::ternary_core(p).expect("valid sizes")),
        ("ternary_engine", verilog::ternary_engine(p).expect("valid sizes")),
    ];
    match verilog::ternary_engine_axi(p) {
        Ok(text) => tops.push(("ternary_engine_axi", text)),
        Err(error) => assert!(matches!(error, Error::AxiWidth { .. }), "{error}"),
    }
    tops
}

fn engine(lanes: u32, columns: u32, tokens: u32, stream_bits: u32) -> EngineParameters {
    EngineParameters::of(parameters(lanes, columns, tokens, stream_bits))
}

/// Small ones with the odd sizes, and others than the defaults.
fn engines() -> Vec<EngineParameters> {
    let small = engine(7, 3, 2, 16);
    vec![
        engine(1, 1, 1, 8),
        engine(33, 2, 5, 24),
        EngineParameters {
            activation_bits: 24,
            result_lanes: 2,
            dividers: 3,
            fifo_beats: 4,
            burst_beats: 1,
            ..small
        },
        EngineParameters { activation_words: 4, result_lanes: 1, ..small },
        engine(80, 2, 4, 128),
    ]
}

#[test]
fn the_text_passes_lint() {
    let dir = folder();
    let presets = [(80, 1, 4, 128), (80, 4, 4, 512), (128, 16, 8, 512), (128, 64, 32, 512)];
    let presets = presets.map(|(lanes, columns, tokens, bits)| engine(lanes, columns, tokens, bits));
    for p in engines().iter().chain(&presets) {
        for (top, text) in tops(p) {
            eda::lint(dir.path(), &text).unwrap_or_else(|error| panic!("{top} of {p:?}: {error}"));
        }
    }
}

#[test]
fn the_text_holds_no_multiplier() {
    let dir = folder();
    for p in engines() {
        for (top, text) in tops(&p) {
            let cells = eda::cells(dir.path(), &text, top, "").expect("Yosys accepts it");
            assert!(!cells.is_empty());
            let multipliers: Vec<_> = cells.iter().filter(|(cell, _)| eda::is_multiplier(cell)).collect();
            assert!(multipliers.is_empty(), "{p:?}: {multipliers:?}");
        }
    }
}

#[test]
fn no_synthesis_finds_a_multiplier() {
    let dir = folder();
    for (top, text) in tops(&engine(7, 3, 2, 16)) {
        for synthesis in
            ["synth_xilinx -run :map_luts", "synth_ecp5 -run :map_luts", "synth_ice40 -dsp -run :map_luts"]
        {
            let cells = eda::cells(dir.path(), &text, top, synthesis).expect("Yosys accepts it");
            let multipliers: Vec<_> = cells.iter().filter(|(cell, _)| eda::is_multiplier(cell)).collect();
            assert!(!cells.is_empty() && multipliers.is_empty(), "{synthesis}: {multipliers:?}");
        }
    }
}

#[test]
fn the_text_is_small_clean_and_always_the_same() {
    let p = engine(128, 128, 32, 512);
    let start = std::time::Instant::now();
    let texts = tops(&p);
    assert!(start.elapsed().as_secs() < 5 * texts.len() as u64);
    assert_eq!(texts, tops(&p));
    assert_eq!(texts.len(), 3);
    for (top, text) in texts {
        assert!(text.len() < 3_000_000, "{} bytes", text.len());
        let plain = text.replace("@(*)", "").replace("(* no_rw_check *)", "");
        assert!(!plain.contains(['$', '*']));
        let modules: Vec<_> =
            text.lines().filter_map(|line| line.strip_prefix("module ")?.strip_suffix(" (")).collect();
        // The top comes first, its clock and reset first of all.
        assert_eq!(modules[0], top);
        let ports: Vec<_> =
            text.lines().skip_while(|line| !line.starts_with("module ")).skip(1).take(2).collect();
        assert!(ports[0].ends_with(" aclk,") && ports[1].ends_with(" aresetn,"), "{ports:?}");
        // One module for each distinct block, whatever the number of its instances.
        for block in ["ternary_lane", "dot_unit", "trit_decoder", "adder_tree"] {
            assert_eq!(modules.iter().filter(|name| name.starts_with(block)).count(), 1, "{block}");
        }
        let mut bodies: Vec<_> =
            text.split("\nmodule ").skip(1).filter_map(|body| body.split_once(' ')).collect();
        let count = bodies.len();
        bodies.sort_by_key(|(_, body)| *body);
        bodies.dedup_by_key(|(_, body)| *body);
        assert_eq!(bodies.len(), count, "two modules have the same text");
    }
}

#[test]
fn a_small_engine_reads_as_it_always_did() {
    let p = EngineParameters { activation_words: 8, fifo_beats: 4, burst_beats: 2, ..engine(3, 2, 2, 8) };
    expect_test::expect_file!["ternary_engine_3x2x2_w8.v"]
        .assert_eq(&verilog::ternary_engine(&p).expect("valid sizes"));
}

#[test]
fn engine_sizes_out_of_range_are_named() {
    let good = engine(80, 4, 4, 512);
    let wrong = [
        (
            EngineParameters { activation_bits: 4, ..good },
            "activation-bits 4 is out of range: it must be 8 to 8192",
        ),
        (
            EngineParameters { activation_bits: 12, ..good },
            "activation-bits 12 is no multiple of 8: the stream carries bytes",
        ),
        (
            EngineParameters { activation_words: 4, ..good },
            "activation-words 4 is out of range: it must be 8 to 65536",
        ),
        (EngineParameters { activation_words: 100, ..good }, "activation-words 100 is no power of two"),
        (EngineParameters { result_lanes: 8, ..good }, "result-lanes 8 is out of range: it must be 1 to 4"),
        (EngineParameters { dividers: 0, ..good }, "dividers 0 is out of range: it must be 1 to 16"),
        (EngineParameters { fifo_beats: 2, ..good }, "fifo-beats 2 is out of range: it must be 4 to 4096"),
        (
            EngineParameters { burst_beats: 256, ..good },
            "burst-beats 256 is out of range: it must be 1 to 128",
        ),
    ];
    for (p, message) in wrong {
        assert_eq!(verilog::ternary_core(&p).expect_err("an error").to_string(), message);
        assert_eq!(verilog::ternary_engine(&p).expect_err("an error").to_string(), message);
    }
    let odd = engine(80, 4, 4, 24);
    assert_eq!(
        verilog::ternary_engine_axi(&odd).expect_err("an error").to_string(),
        "stream-bits 24 is no width of an AXI4 data bus: it must be 8, 16, 32, ... 1024"
    );
    let long = EngineParameters { burst_beats: 128, ..good };
    assert_eq!(
        verilog::ternary_engine_axi(&long).expect_err("an error").to_string(),
        "burst-beats 128 is out of range: it must be 1 to 64"
    );
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
