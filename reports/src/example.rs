//! A made-up report for the tests: both phases, every field different from its neighbours, sums that add up.

use std::collections::BTreeMap;

use energy::{Area, Events, Knob};
use sim::Equal;
use sim::board::{BoardComparison, StreamComparison};
use sim::result::{
    Baseline, DramByCommands, DramCommands, EnergyPair, EnergyRatios, EnergyReport, Joules, OperatorResult,
    Options, OwnTime, Phase, PhaseReport, Ratios, Report, Run, SCHEMA_VERSION, Stalls, Verification,
};
use sim::sensitivity::{Swing, Variation};

/// A 70B model on the data-centre chip, batch 4 against the baseline's 2.
pub(crate) fn report() -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        model: "70b".to_owned(),
        chip: "datacenter".to_owned(),
        options: Options {
            prompt: 512,
            context: 768,
            batch: 4,
            fp16_batch: 2,
            head: bf16(),
            kv_bits: 8,
            equal: sim::Equal::Lanes,
        },
        phases: vec![phase(Phase::Prefill), phase(Phase::Decode)],
    }
}

fn board() -> BoardComparison {
    let stream = |bytes: u64, seconds: f64| StreamComparison {
        bytes,
        measured_bytes: bytes + 1000,
        seconds,
        calibrated_seconds: 1.25 * seconds,
        measured_seconds: 1.5 * seconds,
        error_percent: -33.3,
        calibrated_error_percent: -16.7,
    };
    BoardComparison {
        source: "a measurement".to_owned(),
        layers: stream(417_000_000, 0.026),
        head: stream(65_000_000, 0.004),
        calibrated_seconds_per_matrix: 0.000_05,
        measured_host_seconds: 0.022,
        predicted_tokens_per_second: 33.25,
        calibrated_tokens_per_second: 17.5,
        measured_tokens_per_second: 16.75,
    }
}

/// The format of the ternary machine's head, by the word of the document.
fn bf16<Format: serde::de::DeserializeOwned>() -> Format {
    serde_json::from_str("\"bf16\"").unwrap()
}

fn phase(phase: Phase) -> PhaseReport {
    let prompt = if phase == Phase::Prefill { 512 } else { 1 };
    let ternary = run(phase, 4 * prompt, 5_512_345, 14_211_000_000, 1);
    let fp16 = run(phase, 2 * prompt, 53_123_456, 137_953_000_000, 2);
    let pair = |ternary: &[(&'static str, f64)], fp16: &[(&'static str, f64)]| EnergyPair {
        ternary: joules(ternary),
        fp16: joules(fp16),
    };
    let energy_j = EnergyReport {
        paper: pair(
            &[("int8_add", 0.002), ("fp16_multiply", 0.0005)],
            &[("fp16_multiply", 0.047), ("fp16_add", 0.022)],
        ),
        datapath: pair(
            &[("integer_add", 0.004), ("register", 0.002), ("fp16_multiply", 0.0)],
            &[("integer_add", 0.0), ("register", 0.008), ("fp16_multiply", 0.069)],
        ),
        system: pair(
            &[
                ("integer_add", 0.004),
                ("register", 0.002),
                ("fp16_multiply", 0.0),
                ("sram", 0.012),
                ("dram", 0.46),
                ("vector_mac", 0.009),
                ("vector_fp32", 0.003),
                ("link", 0.0),
                ("static", 0.11),
            ],
            &[
                ("integer_add", 0.0),
                ("register", 0.008),
                ("fp16_multiply", 0.069),
                ("sram", 0.14),
                ("dram", 4.47),
                ("vector_mac", 0.009),
                ("vector_fp32", 0.003),
                ("link", 0.001),
                ("static", 1.06),
            ],
        ),
    };
    let per_token = |pair: &EnergyPair| {
        pair.fp16.total / fp16.tokens as f64 / (pair.ternary.total / ternary.tokens as f64)
    };
    let ratio = Ratios {
        latency: fp16.seconds / ternary.seconds,
        throughput: ternary.tokens_per_second / fp16.tokens_per_second,
        energy: EnergyRatios {
            paper: per_token(&energy_j.paper),
            datapath: per_token(&energy_j.datapath),
            system: per_token(&energy_j.system),
        },
    };
    let board = (phase == Phase::Decode).then(board);
    let baselines =
        vec![baseline("FP16", Equal::Area, 43_008, 182.25), baseline("W8A8", Equal::Lanes, 524_288, 198.5)];
    PhaseReport { ternary, fp16, energy_j, ratio, baselines, board }
}

fn baseline(machine: &'static str, equal: Equal, lanes: u64, area_mm2: f64) -> Baseline {
    Baseline {
        machine,
        equal,
        lanes,
        area_mm2,
        chips: 2,
        batch: 3,
        seconds: 0.0275,
        tokens_per_second: 109.1,
        tokens_per_second_per_mm2: 109.1 / (2.0 * area_mm2),
        datapath_j_per_token: 0.0225,
        system_j_per_token: 1.26,
        energy_ratio: 8.4,
        throughput_ratio: 6.65,
    }
}

fn run(phase: Phase, tokens: u64, cycles: u64, dram_bytes: u64, chips: u64) -> Run {
    let seconds = cycles as f64 * 1e-9;
    let stalls = Stalls {
        dram: cycles / 2,
        weight_stream: cycles / 5,
        activations: cycles / 200,
        results: cycles / 300,
        pipeline: cycles / 100,
        vector_unit: cycles / 10,
        chip_link: chips - 1,
    };
    Run {
        phase,
        tokens,
        tokens_per_pass: 32,
        passes: tokens.div_ceil(32),
        mapping:
            "32 tokens a pass: the array's token slots; a 64 x 8192 slice of weights does not fit the SRAM"
                .into(),
        cycles,
        seconds,
        tokens_per_second: tokens as f64 / seconds,
        time_to_first_token_s: (phase == Phase::Prefill).then_some(seconds),
        tokens_per_joule: 0.42 * chips as f64,
        energy_delay_j_s: 0.0011 * chips as f64,
        tokens_per_second_per_mm2: 3.9 / chips as f64,
        dram_bytes,
        dram_bandwidth_gb_s: dram_bytes as f64 / seconds / 1e9,
        dram_peak_gb_s: 3276.8,
        stream_peak_gb_s: 4096.0 / chips as f64,
        dram_commands: DramCommands {
            reads: dram_bytes / 64,
            writes: 640,
            activates: dram_bytes / 1024,
            precharges: dram_bytes / 1024 - 1,
            refreshes: cycles / 3900,
        },
        ungated_clock_j: 0.004,
        dram_by_commands: Some(DramByCommands {
            activate_j: 0.001,
            read_j: 0.02,
            write_j: 0.0005,
            refresh_j: 0.0025,
            background_j: 0.006,
            total_j: 0.03,
            boundary: "device",
            source: "a datasheet".to_owned(),
            by_bit_j: 0.04,
            by_bit_boundary: "device, PHY and controller",
            difference: -0.25,
        }),
        array_utilization: 0.0312,
        array_busy_cycles: cycles - stalls.total(),
        stalls,
        chips,
        lanes: 524_288,
        area: Area {
            array_mm2: 9.0 * chips as f64,
            control_mm2: 0.25 * chips as f64,
            requantizer_mm2: 0.0,
            sram_mm2: 41.5,
            vector_unit_mm2: 12.5,
            dram_interface_mm2: 118.25,
            total_mm2: 9.25 * chips as f64 + 172.25,
        },
        resident_bytes: dram_bytes + 1_000_000,
        operators: vec![
            operator("embedding", 1, cycles / 1000, 16_384, Verification::Modelled),
            operator("qkv_proj", 80, cycles / 4, dram_bytes / 4, verified(chips)),
            operator("attention", 80, cycles / 10, 12_345_678, Verification::Modelled),
            operator("down_proj", 80, cycles / 2, dram_bytes / 2, verified(chips)),
            operator("lm_head", 1, cycles / 50, dram_bytes / 50, Verification::Modelled),
        ],
        skipped_fraction: 0.9731,
        events: Events::default(),
        own_time: vec![
            OwnTime { name: "qkv_proj", seconds: 0.01 },
            OwnTime { name: "attention", seconds: 0.03 },
        ],
    }
}

/// The baseline has no RTL.
fn verified(chips: u64) -> Verification {
    if chips == 1 { Verification::RtlVerified } else { Verification::Modelled }
}

fn operator(
    name: &'static str,
    count: u64,
    cycles: u64,
    bytes: u64,
    verification: Verification,
) -> OperatorResult {
    OperatorResult { name, count, cycles, bytes, verification }
}

fn joules(components: &[(&'static str, f64)]) -> Joules {
    Joules {
        total: components.iter().map(|(_, joules)| joules).sum(),
        components: components.iter().copied().collect::<BTreeMap<_, _>>(),
    }
}

/// What an energy ratio of 12.5 depends on.
pub(crate) fn swings() -> Vec<Swing> {
    let swing = |name: &str, factors, ratios| {
        let knob = Knob::of(name).expect("a known cost");
        Swing { variation: Variation { knob, factors, assumed: factors == [0.7, 1.3] }, ratios }
    };
    vec![
        swing("static_w", [0.7, 1.3], [11.25, 13.75]),
        swing("dram_pj", [0.98, 1.736], [12.6, 11.5]),
        swing("fp16_multiply_pj", [0.7, 1.3], [12.25, 12.75]),
        swing("register_bit_pj", [1.0, 1.75], [12.5, 12.125]),
    ]
}
