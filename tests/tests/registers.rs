//! The registers that the energy accounting counts are the flip-flops of the emitted Verilog, as Yosys finds them.

use rtl::{EngineParameters, Parameters, eda, verilog};
use sim::chip::ChipSpec;
use sim::registers::{Registers, engine_flip_flops, mac_array_flip_flops};
use tritium_tests::engines::{engine, sizes};

/// One-bit flip-flops of a module and what it holds.
fn flip_flops(text: &str, top: &str) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let cells = eda::cells(folder.path(), text, top, "flatten; opt_clean; simplemap").unwrap();
    cells.iter().filter(|(kind, _)| kind.contains("DFF")).map(|(_, count)| count).sum()
}

fn spec(p: &Parameters) -> ChipSpec {
    let spec = sim::chip::load("edge").unwrap().spec;
    ChipSpec {
        lanes: p.lanes.into(),
        columns: p.columns.into(),
        token_slots: p.tokens.into(),
        acc_bits: p.acc_bits,
        stream_bits: p.stream_bits.into(),
        ..spec
    }
}

#[test]
fn the_array_has_the_flip_flops_that_are_counted() {
    for (lanes, columns, tokens, stream_bits, acc_bits) in
        [(5, 1, 2, 8, 24), (5, 3, 4, 16, 20), (15, 2, 8, 32, 24), (80, 2, 4, 128, 24), (80, 4, 16, 512, 32)]
    {
        let p = Parameters { lanes, columns, tokens, stream_bits, acc_bits };
        let text = verilog::mac_array(&p).unwrap();
        assert_eq!(flip_flops(&text, "mac_array"), mac_array_flip_flops(&spec(&p)), "{p:?}");
    }
}

/// Controllers, counters, job registers, queues, read master and requantiser among them: nothing of an engine is left out.
#[test]
fn the_engine_has_the_flip_flops_that_are_counted() {
    for p in [
        engine([5, 1, 2, 8], [8, 16], [1, 1], [4, 1]),
        engine([15, 3, 5, 64], [16, 64], [2, 3], [8, 8]),
        engine([80, 2, 4, 128], [128, 512], [1, 1], [256, 16]),
        engine([80, 16, 16, 512], [512, 128], [8, 2], [64, 32]),
        engine([40, 12, 3, 256], [64, 128], [16, 4], [16, 4]),
    ] {
        let text = verilog::ternary_engine_axi(&p).unwrap();
        let counted = engine_flip_flops(&spec(&p.array), &sizes(&p));
        assert_eq!(flip_flops(&text, "ternary_engine_axi"), counted, "{p:?}");
    }
}

/// What a stream has besides its bytes does not depend on their number.
#[test]
fn a_byte_of_the_stream_has_the_flip_flops_that_are_counted() {
    let of = |bytes: u32| {
        let array = Parameters { lanes: 80, columns: 2, tokens: 4, stream_bits: 8 * bytes, acc_bits: 24 };
        let text = verilog::ternary_core(&EngineParameters::of(array)).unwrap();
        (flip_flops(&text, "weight_stream"), Registers::ternary(&spec(&array)).stream_byte)
    };
    let (few, counted) = of(4);
    let (many, _) = of(16);
    // A byte of the memory's output, which Yosys finds before it maps memories, is the SRAM's.
    assert_eq!(many - few, 12 * (counted + 8));
}
