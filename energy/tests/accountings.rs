//! The three accountings on small cases worked by hand, at the costs of the shipped tables.
//!
//! Derived costs at 7 nm, from the INT8 add's 0.007 pJ:
//!   register bit 0.007 x 0.171429 = 0.001200003 pJ · lane select 0.007 x 0.447368 = 0.003131576 pJ ·
//!   decoded byte 0.007 x 0.894737 = 0.006263159 pJ · vector FP32 operation 0.38 pJ

use std::collections::BTreeMap;

use approx::assert_relative_eq;
use energy::events::{DatapathEvents, DramEvents, PaperOperations, SramEvents, Switched, VectorEvents};
use energy::{
    Accounting, Breakdown, CostTable, EnergyError, Events, datapath, paper, system, ungated_clock_j,
};

const PJ: f64 = 1e-12;

fn seven() -> CostTable {
    CostTable::seven_nm().unwrap()
}

#[track_caller]
fn assert_pj(energy: &Breakdown, component: &str, expected_pj: f64) {
    assert_relative_eq!(energy.components[component], expected_pj * PJ, max_relative = 1e-12);
}

#[test]
fn paper_prices_three_operations() {
    let operations = PaperOperations { int8_adds: 1000, fp16_adds: 100, fp16_multiplies: 10 };
    let energy = paper(&operations, &seven()).unwrap();
    assert_pj(&energy, "int8_add", 7.0); // 1000 x 0.007
    assert_pj(&energy, "fp16_add", 16.0); // 100 x 0.16
    assert_pj(&energy, "fp16_multiply", 3.4); // 10 x 0.34
    assert_relative_eq!(energy.total(), 26.4 * PJ, max_relative = 1e-12);
    assert_eq!(energy.components.len(), 3);

    let older = paper(&operations, &CostTable::forty_five_nm().unwrap()).unwrap();
    assert_relative_eq!(older.total(), (30.0 + 40.0 + 11.0) * PJ, max_relative = 1e-12);
}

/// Four ternary lanes for one cycle: two 9-bit adds, one 10-bit add, a 24-bit accumulation.
fn four_lanes() -> DatapathEvents {
    DatapathEvents {
        integer_adds: BTreeMap::from([(9, 2), (10, 1), (24, 1)]),
        lanes_active: 3,
        lanes_gated: 1,
        register_bits: 4 * 8 + 2 * 9 + 10 + 24,
        bytes_decoded: 2,
        ..DatapathEvents::default()
    }
}

#[test]
fn datapath_prices_adders_by_width() {
    let energy = datapath(&four_lanes(), &seven()).unwrap();
    assert_pj(&energy, "integer_add", 0.007 / 8.0 * (2.0 * 9.0 + 10.0 + 24.0)); // 0.0455
    assert_pj(&energy, "lane_select", 3.0 * 0.003131576);
    assert_pj(&energy, "register", 84.0 * 0.001200003);
    assert_pj(&energy, "decoder", 2.0 * 0.006263159);
    for absent in ["fp16_multiply", "fp16_add", "fp32_add"] {
        assert_eq!(energy.components[absent], 0.0);
    }
    let expected_pj = 0.0455 + 0.009394728 + 0.100800252 + 0.012526318;
    assert_relative_eq!(energy.total(), expected_pj * PJ, max_relative = 1e-12);
}

#[test]
fn blocks_around_the_array_cost_by_their_bits() {
    let events = DatapathEvents {
        control: Switched { register_bits: 10, adder_bits: 8 },
        requantizer: Switched { register_bits: 0, adder_bits: 40 },
        ..DatapathEvents::default()
    };
    let energy = datapath(&events, &seven()).unwrap();
    assert_pj(&energy, "control", 10.0 * 0.001200003 + 0.007);
    assert_pj(&energy, "requantizer", 5.0 * 0.007);
    assert_relative_eq!(energy.total(), (0.01200003 + 6.0 * 0.007) * PJ, max_relative = 1e-12);
}

#[test]
fn registers_that_keep_their_values_are_in_no_accounting() {
    let idle = DatapathEvents { idle_register_bits: 1000, ..four_lanes() };
    assert_eq!(datapath(&idle, &seven()).unwrap(), datapath(&four_lanes(), &seven()).unwrap());
    assert_relative_eq!(ungated_clock_j(&idle, &seven()).unwrap(), 0.817 * PJ, max_relative = 1e-12);
}

#[test]
fn a_gated_lane_saves_its_select_and_no_more() {
    let all_active = DatapathEvents { lanes_active: 4, lanes_gated: 0, ..four_lanes() };
    let saved =
        datapath(&all_active, &seven()).unwrap().total() - datapath(&four_lanes(), &seven()).unwrap().total();
    assert_relative_eq!(saved, 0.003131576 * PJ, max_relative = 1e-9);
}

#[test]
fn datapath_prices_an_fp16_array() {
    let events =
        DatapathEvents { fp16_multiplies: 4, fp16_adds: 2, fp32_adds: 1, ..DatapathEvents::default() };
    let energy = datapath(&events, &seven()).unwrap();
    assert_pj(&energy, "fp16_multiply", 1.36); // 4 x 0.34
    assert_pj(&energy, "fp16_add", 0.32); // 2 x 0.16
    assert_pj(&energy, "fp32_add", 0.38);
    assert_relative_eq!(energy.total(), 2.06 * PJ, max_relative = 1e-12);
}

#[test]
fn wider_adders_cost_more() {
    let table = seven();
    let costs: Vec<f64> = (1..=64).map(|bits| table.integer_add_pj(bits).unwrap()).collect();
    assert!(costs.is_sorted_by(|a, b| a < b));
    assert_relative_eq!(table.integer_add_pj(8).unwrap(), 0.007, max_relative = 1e-12);
    // Published for 32 bits: 0.03 pJ at 7 nm, 0.1 pJ at 45 nm.
    assert_relative_eq!(table.integer_add_pj(32).unwrap(), 0.028, max_relative = 1e-12);
    let older = CostTable::forty_five_nm().unwrap();
    assert_relative_eq!(older.integer_add_pj(32).unwrap(), 0.12, max_relative = 1e-12);
}

fn small_run() -> Events {
    Events {
        datapath: four_lanes(),
        sram: BTreeMap::from([
            ("weight", SramEvents { macro_bytes: 32_768, read_bytes: 64, written_bytes: 0 }),
            ("activation", SramEvents { macro_bytes: 16_384, read_bytes: 8, written_bytes: 8 }),
        ]),
        dram: DramEvents {
            standard: "HBM3".to_owned(),
            read_bytes: 100,
            written_bytes: 25,
            activates: 1,
            refreshes: 1,
        },
        vector: VectorEvents { fp16_macs: 10, fp32_ops: 5 },
        link_bytes: 2,
        powered_chip_seconds: 1e-9,
        ..Events::default()
    }
}

#[test]
fn system_adds_what_feeds_the_datapath() {
    let energy = system(&small_run(), &seven(), 0.5).unwrap();
    // 64 bytes are 8 accesses of 64 bits at 8.5 pJ; 16 bytes are 2 at the cost of 16 KB, sqrt(7.5 x 8.5).
    assert_pj(&energy, "sram", 8.0 * 8.5 + 2.0 * (7.5_f64 * 8.5).sqrt());
    assert_pj(&energy, "dram", 125.0 * 8.0 * 4.05);
    assert_pj(&energy, "vector_mac", 5.0); // 10 x (0.34 + 0.16)
    assert_pj(&energy, "vector_fp32", 1.9); // 5 x 0.38
    assert_pj(&energy, "link", 20.8); // 16 bits x 1.3
    assert_pj(&energy, "static", 500.0); // 0.5 W for 1 ns
    let parts = 68.0 + 2.0 * (7.5_f64 * 8.5).sqrt() + 4050.0 + 5.0 + 1.9 + 20.8 + 500.0;
    let array = datapath(&four_lanes(), &seven()).unwrap().total();
    assert_relative_eq!(energy.total(), parts * PJ + array, max_relative = 1e-12);
}

#[test]
fn runs_add_up() {
    let table = seven();
    let one =
        Events { paper: PaperOperations { int8_adds: 9, fp16_adds: 8, fp16_multiplies: 7 }, ..small_run() };
    let mut two = Events::default();
    two += &one;
    assert_eq!(two, one);
    two += &one;
    for accounting in Accounting::ALL {
        let [once, twice] = [&one, &two].map(|events| accounting.energy(events, &table, 0.5).unwrap());
        for (component, joules) in &once.components {
            assert_relative_eq!(twice.components[component], 2.0 * joules, max_relative = 1e-12);
        }
    }
}

#[test]
fn accountings_are_called_by_name() {
    let (events, table) = (small_run(), seven());
    let totals = Accounting::ALL.map(|accounting| accounting.energy(&events, &table, 0.5).unwrap().total());
    assert_eq!(totals[0], 0.0, "the run counted no operations of the paper");
    assert_eq!(totals[1], datapath(&events.datapath, &table).unwrap().total());
    assert_eq!(totals[2], system(&events, &table, 0.5).unwrap().total());
    assert_eq!(Accounting::ALL.map(Accounting::name), ["paper", "datapath", "system"]);
    for accounting in Accounting::ALL {
        assert_eq!(serde_yaml::to_string(&accounting).unwrap().trim(), accounting.to_string());
    }
}

#[test]
fn a_breakdown_is_a_map_of_joules() {
    let energy = paper(&PaperOperations::default(), &seven()).unwrap();
    assert_eq!(serde_yaml::to_string(&energy).unwrap(), "fp16_add: 0.0\nfp16_multiply: 0.0\nint8_add: 0.0\n");
}

#[test]
fn every_component_is_named_even_where_nothing_happened() {
    let energy = system(&Events::default(), &seven(), 0.0).unwrap();
    assert_eq!(energy.total(), 0.0);
    assert!(energy.components.keys().eq(system(&small_run(), &seven(), 0.5).unwrap().components.keys()));
}

#[test]
fn a_missing_cost_matters_only_to_a_run_that_needs_it() {
    let older = CostTable::forty_five_nm().unwrap();
    let mut events = small_run();
    let error = system(&events, &older, 0.0).unwrap_err();
    assert_eq!(error.to_string(), "no cost for link_bit at 45nm; add a row for it to the cost table");
    events.link_bytes = 0;
    assert!(system(&events, &older, 0.0).is_ok());
}

#[test]
fn an_unknown_dram_is_an_error_that_lists_the_known() {
    let mut events = small_run();
    events.dram.standard = "HBM9".to_owned();
    assert_eq!(
        system(&events, &seven(), 0.0).unwrap_err().to_string(),
        "no DRAM cost for 'HBM9'; known standards: DDR3-800, DDR4-2400, DDR4-3200, GDDR6, HBM2, HBM2E, HBM3, LPDDR4-4266, \
         LPDDR5-6400"
    );
}

#[test]
fn a_component_without_a_size_is_an_error() {
    let mut events = small_run();
    events.sram.insert("result", SramEvents { macro_bytes: 0, read_bytes: 1, written_bytes: 0 });
    let error = system(&events, &seven(), 0.0).unwrap_err();
    assert_eq!(error.to_string(), "SRAM 'result' has events and no size; give it one");
    let adds = DatapathEvents { integer_adds: BTreeMap::from([(0, 1)]), ..DatapathEvents::default() };
    assert!(matches!(datapath(&adds, &seven()), Err(EnergyError::ZeroSize { .. })));
}

#[test]
fn a_power_or_a_time_that_cannot_be_is_an_error() {
    for power_w in [-1.0, f64::NAN, f64::INFINITY] {
        let error = system(&Events::default(), &seven(), power_w).unwrap_err();
        assert!(error.to_string().starts_with("static power in watts is "), "{error}");
    }
    let backwards = Events { powered_chip_seconds: -1.0, ..Events::default() };
    assert!(matches!(system(&backwards, &seven(), 1.0), Err(EnergyError::NotPhysical { .. })));
}
