//! The shipped cost table, and cost tables that are wrong.

use approx::assert_relative_eq;
use energy::{Boundary, Cost, CostTable, EnergyError, Node};

#[test]
fn the_published_operations_are_as_printed() {
    let at = [CostTable::forty_five_nm().unwrap(), CostTable::seven_nm().unwrap()];
    let printed = [
        (Cost::Int8Add, [0.03, 0.007]),
        (Cost::Int8Multiply, [0.2, 0.07]),
        (Cost::Int32Add, [0.1, 0.03]),
        (Cost::Int32Multiply, [3.1, 1.48]),
        (Cost::Fp16Add, [0.4, 0.16]),
        (Cost::Fp16Multiply, [1.1, 0.34]),
        (Cost::Fp32Add, [0.9, 0.38]),
        (Cost::Fp32Multiply, [3.7, 1.31]),
    ];
    for (cost, values_pj) in printed {
        for (table, value_pj) in at.iter().zip(values_pj) {
            let entry = table.cost(cost).unwrap();
            assert_eq!(entry.value_pj, value_pj, "{} at {}", cost.name(), table.node());
            assert!(!entry.derived && entry.rule.is_none());
        }
    }
    assert_eq!(at[1].cost(Cost::Bf16Add).unwrap().value_pj, 0.11);
    assert_eq!(at[1].cost(Cost::Bf16Multiply).unwrap().value_pj, 0.21);
    assert!(matches!(at[0].cost(Cost::Bf16Add), Err(EnergyError::MissingCost { cost: "bf16_add", .. })));
}

#[test]
fn a_derived_cost_says_so_and_follows_its_base() {
    for table in [CostTable::seven_nm().unwrap(), CostTable::forty_five_nm().unwrap()] {
        let add_pj = table.cost(Cost::Int8Add).unwrap().value_pj;
        for (cost, factor) in [
            // (0.009 / (0.21 / 32)) / 8: a register bit over a bit of an adder, in the source's 40 nm
            // library.
            (Cost::RegisterBit, 0.009 / (0.21 / 32.0) / 8.0),
            // Gates over those of an 8-bit adder.
            (Cost::LaneSelect, 17.0 / 38.0),
            (Cost::DecodedByte, 34.0 / 38.0),
        ] {
            let entry = table.cost(cost).unwrap();
            assert!(entry.derived && entry.rule.is_some(), "{}", cost.name());
            assert_relative_eq!(entry.value_pj, add_pj * factor, max_relative = 1e-5);
        }
    }
}

#[test]
fn every_cost_has_a_source_and_a_range_around_it() {
    for table in [CostTable::seven_nm().unwrap(), CostTable::forty_five_nm().unwrap()] {
        assert!(table.costs().count() >= 12);
        for (cost, entry) in table.costs() {
            assert!(!entry.source.is_empty(), "{}", cost.name());
            if let Some([low, high]) = entry.range_pj {
                assert!(low <= entry.value_pj && entry.value_pj <= high, "{}: {entry:?}", cost.name());
            }
        }
    }
}

#[test]
fn sram_is_as_published_and_interpolated_between() {
    let table = CostTable::seven_nm().unwrap();
    for (bytes, pj_per_64_bits) in [(8 << 10, 7.5), (32 << 10, 8.5), (1 << 20, 14.0)] {
        assert_relative_eq!(
            table.sram_pj_per_bit(bytes).unwrap() * 64.0,
            pj_per_64_bits,
            max_relative = 1e-12
        );
    }
    let middle = table.sram_pj_per_bit(16 << 10).unwrap() * 64.0;
    assert_relative_eq!(middle, (7.5_f64 * 8.5).sqrt(), max_relative = 1e-12);
    let older = CostTable::forty_five_nm().unwrap();
    assert_relative_eq!(older.sram_pj_per_bit(1 << 20).unwrap() * 64.0, 100.0, max_relative = 1e-12);
}

#[test]
fn every_dram_standard_of_the_simulator_has_a_cost() {
    let table = CostTable::seven_nm().unwrap();
    let expected = [
        ("DDR3-800", 20.3125, Boundary::System),
        ("DDR4-2400", 20.3125, Boundary::System),
        ("DDR4-3200", 20.3125, Boundary::System),
        ("GDDR6", 6.484375, Boundary::Unstated),
        ("HBM2", 3.97, Boundary::Device),
        ("HBM2E", 4.3, Boundary::Device),
        ("HBM3", 4.05, Boundary::Device),
        ("LPDDR4-4266", 8.0, Boundary::Unstated),
        ("LPDDR5-6400", 10.5, Boundary::System),
    ];
    let shipped: Vec<_> =
        table.drams().map(|(name, entry)| (name, entry.pj_per_bit, entry.boundary)).collect();
    assert_eq!(shipped, expected);
    // 350 to 480 pJ for 64 bits.
    assert_eq!(table.dram("GDDR6").unwrap().range_pj_per_bit, Some([5.46875, 7.5]));
}

/// A small table that is right, for the tests below to break.
const SMALL: &str = "
operations:
  - {cost: int8_add, node: 7nm, unit: pJ, value: 0.007, range: [0.006, 0.008], source: a paper}
derived:
  - {cost: lane_select, node: any, unit: pJ, from: int8_add, factor: 0.5, rule: half, source: a paper}
sram:
  - {macro_bytes: 8192, node: 7nm, unit: pJ/64bit, value: 7.5, source: a paper}
dram:
  - {standard: HBM3, node: any, unit: pJ/bit, value: 4, boundary: device, source: a paper}
";

#[track_caller]
fn error_of(text: &str) -> String {
    assert_ne!(text, SMALL, "the replacement changed nothing");
    CostTable::from_yaml(text, Node::SevenNm).unwrap_err().to_string()
}

#[test]
fn the_small_table_is_right() {
    let table = CostTable::from_yaml(SMALL, Node::SevenNm).unwrap();
    assert_relative_eq!(table.cost(Cost::LaneSelect).unwrap().value_pj, 0.0035, max_relative = 1e-12);
    // At a node that it has no rows for, only a lookup fails.
    let empty = CostTable::from_yaml(SMALL, Node::FortyFiveNm).unwrap();
    for cost in [Cost::Int8Add, Cost::LaneSelect] {
        assert!(matches!(empty.cost(cost), Err(EnergyError::MissingCost { node: Node::FortyFiveNm, .. })));
    }
    assert!(matches!(empty.sram_pj_per_bit(8192), Err(EnergyError::MissingCost { cost: "sram", .. })));
}

#[test]
fn a_value_that_is_no_cost_is_an_error() {
    for (value, printed) in [("0.0", "0"), ("-0.007", "-0.007"), (".nan", "NaN"), (".inf", "inf")] {
        assert_eq!(
            error_of(&SMALL.replace("value: 0.007", &format!("value: {value}"))),
            format!("cost table, int8_add: value is {printed}, expected a positive finite number")
        );
    }
    assert_eq!(
        error_of(&SMALL.replace("factor: 0.5", "factor: -1")),
        "cost table, lane_select: factor is -1, expected a positive finite number"
    );
    assert_eq!(
        error_of(&SMALL.replace("value: 4,", "value: 0,")),
        "cost table, DRAM HBM3: value is 0, expected a positive finite number"
    );
    assert_eq!(
        error_of(&SMALL.replace("macro_bytes: 8192", "macro_bytes: 0")),
        "cost table, SRAM of 0 bytes: macro_bytes is 0, expected a positive finite number"
    );
}

#[test]
fn a_row_that_contradicts_itself_is_an_error() {
    assert_eq!(
        error_of(&SMALL.replace("[0.006, 0.008]", "[0.008, 0.009]")),
        "cost table, int8_add: range 0.008..0.009 does not hold the value 0.007"
    );
    assert_eq!(
        error_of(&SMALL.replace("unit: pJ, value", "unit: pJ/bit, value")),
        "cost table, int8_add: unit pJ/bit, expected pJ"
    );
    assert_eq!(
        error_of(&SMALL.replace("unit: pJ/64bit", "unit: pJ")),
        "cost table, SRAM of 8192 bytes: unit pJ, expected pJ/bit, pJ/byte or pJ/64bit"
    );
    assert_eq!(
        error_of(&SMALL.replace("0.008], source: a paper", "0.008], source: ' '")),
        "cost table, int8_add: source is empty; every cost names where it comes from"
    );
    assert_eq!(
        error_of(&SMALL.replace("from: int8_add", "from: fp32_add")),
        "cost table, lane_select: derived from fp32_add, which has no row among the operations"
    );
}

#[test]
fn a_row_twice_is_an_error() {
    for (section, row) in [
        ("operations:", "{cost: int8_add, node: 7nm, unit: pJ, value: 1, source: b}"),
        ("derived:", "{cost: int8_add, node: any, unit: pJ, from: int8_add, factor: 1, rule: r, source: b}"),
        ("sram:", "{macro_bytes: 8192, node: any, unit: pJ/bit, value: 1, source: b}"),
        ("dram:", "{standard: HBM3, node: 7nm, unit: pJ/bit, value: 1, boundary: array, source: b}"),
    ] {
        let error = error_of(&SMALL.replace(section, &format!("{section}\n  - {row}")));
        assert!(error.ends_with("there is already a row for this at this node"), "{section} {error}");
    }
}

#[test]
fn broken_yaml_is_an_error_that_says_where() {
    for (from, to, expected) in [
        ("value: 0.007", "vlaue: 0.007", "unknown field `vlaue`"),
        ("unit: pJ, value: 0.007, ", "value: 0.007, ", "missing field `unit`"),
        ("cost: int8_add", "cost: int9_add", "unknown variant `int9_add`"),
        ("node: 7nm, unit: pJ,", "node: 5nm, unit: pJ,", "unknown variant `5nm`"),
        ("value: 0.007", "value: cheap", "invalid type: string \"cheap\""),
        ("dram:", "drma:", "unknown field `drma`"),
        ("sram:", "sram: [", "cost table: "),
    ] {
        let error = error_of(&SMALL.replace(from, to));
        assert!(error.contains(expected) && error.contains("line"), "{error}");
    }
    assert!(CostTable::from_yaml("", Node::SevenNm).is_err());
}
