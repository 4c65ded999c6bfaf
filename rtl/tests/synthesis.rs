//! What the engine takes on FPGAs stays within what is promised, and the routers take it.

use rtl::synthesis::{Synthesis, Target, Top, bitstream, synthesise};
use rtl::{EngineParameters, Parameters};

fn synthesis(p: &EngineParameters, top: Top, target: Target) -> Synthesis {
    let dir = tempfile::tempdir().expect("a temporary folder");
    synthesise(p, top, target, 1, dir.path()).expect("tools that accept it")
}

fn engine(lanes: u32, columns: u32, tokens: u32, stream_bits: u32) -> EngineParameters {
    EngineParameters::of(Parameters { lanes, columns, tokens, stream_bits, acc_bits: 24 })
}

/// Memory is what the activation buffer and the weight FIFO hold, at 36 bits a block RAM, and nothing hides in it.
fn block_rams(p: &EngineParameters) -> u64 {
    let wide = |bits: u32| u64::from(bits.div_ceil(36));
    let slices = p.array.lanes * 8 / p.activation_bits;
    u64::from(slices) * wide(p.activation_bits) + wide(p.array.stream_bits)
}

/// LUT1 to LUT6, inverters, and LUT RAM, by `synth_xilinx -family xcup -flatten`: 160 lanes with four token slots.
fn assert_luts(columns: u32, stream_bits: u32, most_per_lane: f64) {
    let p = engine(160 / columns, columns, 4, stream_bits);
    let core = synthesis(&p, Top::Core, Target::Xcup);
    assert!(core.flattened && core.command == "synth_xilinx -family xcup -flatten", "{}", core.command);
    assert!(core.luts_per_lane <= most_per_lane, "{core:?}");
    assert!(core.luts_per_lane > 8.0, "less than its adders: {core:?}");
    assert_eq!(core.cells.multipliers, 0);
    assert!(core.cells.block_rams <= block_rams(&p), "{core:?}");
}

#[test]
fn a_lane_with_its_own_trit_every_cycle_takes_18_luts_at_most() {
    assert_luts(2, 256, 18.0);
    assert_luts(1, 256, 18.0);
}

#[test]
fn a_lane_of_a_held_tile_takes_15_luts_at_most() {
    assert_luts(2, 128, 15.0);
    assert_luts(1, 128, 15.0);
}

#[test]
fn ecp5_routes_a_core_at_its_clock() {
    let core = synthesis(&engine(20, 2, 4, 64), Top::Core, Target::Ecp5_85k);
    let route = core.route.as_ref().expect("a core that fits");
    assert_eq!((route.cell, route.clocks.len(), core.cells.multipliers), ("TRELLIS_COMB", 1, 0));
    assert!(route.cells > core.cells.luts && route.median_mhz > 120.0, "{route:?}");
}

#[test]
fn ice40_routes_a_small_core_and_says_why_not_a_large_one() {
    let small = EngineParameters { activation_words: 64, fifo_beats: 16, ..engine(8, 1, 2, 16) };
    let core = synthesis(&small, Top::Core, Target::Ice40Hx8k);
    let route = core.route.as_ref().expect("a core that fits");
    assert!(route.cell == "ICESTORM_LC" && route.median_mhz > 40.0, "{route:?}");
    // Operands that take signs would cost it 630 and 1421.
    assert_eq!(core.netlist_passes, ["register_signs"]);
    assert!(core.cells.luts <= 600 && route.cells <= 1360, "{core:?}");
    let large = synthesis(&engine(40, 1, 2, 64), Top::Core, Target::Ice40Hx8k);
    let why = large.not_routed.expect("more block RAMs than the part has");
    assert!(why.contains("ICESTORM_RAM") || why.contains("RAM"), "{why}");
}

#[test]
fn a_board_gets_its_bitstream_or_one_line_that_says_why_not() {
    let p = EngineParameters { activation_words: 32, fifo_beats: 16, ..engine(5, 1, 2, 8) };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let made = bitstream(&p, 50, 3, dir.path()).expect("a clock that it keeps");
    assert!(made.mhz >= 50.0 && made.bits.len() > 10_000, "{} MHz, {} bytes", made.mhz, made.bits.len());
    // An ECP5 bitstream begins with a comment that names its part (Lattice FPGA-TN-02039, bitstream format).
    assert!(made.bits.windows(11).any(|bytes| bytes == b"LFE5U-85F-6"), "the part's name");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let why = bitstream(&p, 400, 1, dir.path()).expect_err("too fast").to_string();
    assert!(why.starts_with("none of 1 placements keeps 400 MHz: the best reaches "), "{why}");
    let large = EngineParameters { activation_words: 65536, fifo_beats: 16, ..engine(10, 1, 1, 16) };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let why =
        bitstream(&large, 50, 1, dir.path()).expect_err("more block RAMs than the part has").to_string();
    assert!(why.starts_with("the engine does not fit: ") && why.contains("DP16KD"), "{why}");
}
