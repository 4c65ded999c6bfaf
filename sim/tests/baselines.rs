//! Baselines besides FP16 on as many lanes, and what the energy ratio depends on.

use contract::kv::KvForm;
use energy::{CostTable, Knob};
use sim::result::{Phase, Report};
use sim::sensitivity::{Variation, default_variations, tornado};
use sim::{Batch, Equal, Request, Share, chip, simulate};

fn request() -> Request {
    Request {
        phases: vec![Phase::Prefill, Phase::Decode],
        prompt: 8,
        context: 64,
        batch: Batch::Size(2),
        head: None,
        kv: KvForm::F16,
        zeros: Share::THIRD,
        equal: Equal::Lanes,
        baselines: vec![Phase::Prefill, Phase::Decode],
        skip: true,
    }
}

fn run(request: &Request) -> Report {
    simulate(&model::preset("700m").unwrap(), &chip::load("edge").unwrap(), request).unwrap()
}

#[test]
fn the_other_baselines_stand_beside_in_each_phase() {
    let report = run(&request());
    for phase in &report.phases {
        let rows: Vec<_> = phase.baselines.iter().map(|b| (b.machine, b.equal)).collect();
        let expected = [
            ("FP16", Equal::Area),
            ("FP16", Equal::Power),
            ("BF16", Equal::Lanes),
            ("W8A8", Equal::Lanes),
            ("W4A16", Equal::Lanes),
        ];
        assert_eq!(rows, expected);
        let [area, power, bf16, w8a8, w4a16] = &phase.baselines[..] else { panic!("five") };
        assert!(area.lanes < bf16.lanes && power.lanes < bf16.lanes);
        assert_eq!([bf16.lanes, w8a8.lanes, w4a16.lanes], [phase.fp16.lanes; 3]);
        // All but the array are alike.
        assert!(area.area_mm2 <= phase.ternary.area.total_mm2);
        assert!(bf16.system_j_per_token < phase.fp16.tokens_per_joule.recip());
        // Fewer bytes cross the pins.
        assert!(w4a16.tokens_per_second > w8a8.tokens_per_second);
        assert!(w8a8.tokens_per_second > bf16.tokens_per_second);
        assert!(phase.ternary.tokens_per_second > w4a16.tokens_per_second);
        for baseline in &phase.baselines {
            let ratio = phase.ternary.tokens_per_second / baseline.tokens_per_second;
            assert_eq!(baseline.throughput_ratio, ratio);
        }
    }
}

#[test]
fn what_is_held_equal_is_what_stands_beside_in_full() {
    let by_area = run(&Request { equal: Equal::Area, ..request() });
    let by_lanes = run(&request());
    for (by_area, by_lanes) in by_area.phases.iter().zip(&by_lanes.phases) {
        let beside = &by_lanes.baselines[0];
        assert_eq!(by_area.fp16.lanes, beside.lanes);
        assert_eq!(by_area.fp16.seconds, beside.seconds);
        assert_eq!(by_area.ternary.cycles, by_lanes.ternary.cycles);
        assert_eq!(by_area.baselines[0].equal, Equal::Lanes);
        assert_eq!(by_area.baselines[0].seconds, by_lanes.fp16.seconds);
    }
}

#[test]
fn energy_delay_and_area_follow_from_the_run() {
    let report = run(&Request { baselines: vec![], ..request() });
    for phase in &report.phases {
        assert_eq!(phase.baselines, []);
        for (run, energy) in
            [(&phase.ternary, &phase.energy_j.system.ternary), (&phase.fp16, &phase.energy_j.system.fp16)]
        {
            let product = energy.total / run.tokens as f64 * run.seconds;
            approx::assert_relative_eq!(run.energy_delay_j_s, product, max_relative = 1e-12);
            let per_mm2 = run.tokens_per_second / (run.area.total_mm2 * run.chips as f64);
            approx::assert_relative_eq!(run.tokens_per_second_per_mm2, per_mm2, max_relative = 1e-12);
        }
        assert!(phase.fp16.area.array_mm2 > phase.ternary.area.array_mm2);
        assert_eq!(phase.fp16.area.sram_mm2, phase.ternary.area.sram_mm2);
    }
}

#[test]
fn more_zeros_save_lanes_and_nothing_else() {
    let share =
        |part| run(&Request { zeros: Share::new(part, 100).unwrap(), baselines: vec![], ..request() });
    let (few, many) = (share(10), share(60));
    for (few, many) in few.phases.iter().zip(&many.phases) {
        let [few_j, many_j] = [few, many].map(|phase| &phase.energy_j.datapath.ternary.components);
        assert!(many_j["lane_select"] < few_j["lane_select"] && many_j["register"] < few_j["register"]);
        assert_eq!(many_j["integer_add"], few_j["integer_add"]);
        assert_eq!(many.ternary.cycles, few.ternary.cycles);
        assert_eq!(many.energy_j.system.fp16.total, few.energy_j.system.fp16.total);
    }
}

#[test]
fn a_cost_that_only_one_machine_pays_moves_the_ratio_its_way() {
    let chip = chip::load("edge").unwrap();
    let costs = CostTable::seven_nm().unwrap();
    let report = run(&Request { baselines: vec![], ..request() });
    let decode = &report.phases[1];
    let of = |name: &str, factors| {
        let variation = Variation { knob: Knob::of(name).unwrap(), factors, assumed: false };
        tornado(decode, &chip, &[variation], &costs).unwrap()
    };
    let base = decode.ratio.energy.system;
    // A factor of 1 is no variation.
    assert_eq!(of("dram_pj", [1.0, 1.0]), []);
    let [fp16] = of("fp16_multiply_pj", [0.5, 2.0])[..] else { panic!("one") };
    assert!(fp16.ratios[0] < base && base < fp16.ratios[1]);
    let [int8] = of("int8_add_pj", [0.5, 2.0])[..] else { panic!("one") };
    assert!(int8.ratios[0] > base && base > int8.ratios[1]);
    // No chip of this model multiplies 32-bit integers.
    assert_eq!(of("int32_multiply_pj", [0.5, 2.0]), []);
}

#[test]
fn the_tornado_has_the_widest_first_and_brackets_the_ratio() {
    let chip = chip::load("edge").unwrap();
    let costs = CostTable::seven_nm().unwrap();
    let report = run(&Request { baselines: vec![], ..request() });
    let decode = &report.phases[1];
    let variations = default_variations(&chip, &costs).unwrap();
    assert_eq!(variations.len(), Knob::all().len());
    let swings = tornado(decode, &chip, &variations, &costs).unwrap();
    assert!(swings.is_sorted_by(|a, b| a.width() >= b.width()) && swings.len() > 5);
    for swing in &swings {
        let [low, high] = swing.ratios;
        let base = decode.ratio.energy.system;
        assert!(low.min(high) <= base * (1.0 + 1e-9) && base <= low.max(high) * (1.0 + 1e-9), "{swing:?}");
    }
}
