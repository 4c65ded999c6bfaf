//! Every model preset on every chip preset. `simulate` itself asserts, on each result, that the bytes are conserved, that
//! the weights cross the pins once a pass, that bandwidth and utilisation stay within their peaks, and that every cycle
//! has one cause and one operator; these tests make it do so for all presets, and look at what it says.

use contract::kv::KvForm;
use model::WeightFormat;
use sim::result::{Phase, Report, Run};
use sim::{Batch, Equal, Error, Request, Share, chip, simulate};

fn run(model: &str, chip: &str, request: &Request) -> Report {
    simulate(&model::preset(model).unwrap(), &chip::load(chip).unwrap(), request).unwrap()
}

fn decode(batch: Batch) -> Request {
    Request {
        phases: vec![Phase::Decode],
        prompt: 1,
        context: 64,
        batch,
        head: None,
        kv: KvForm::F16,
        zeros: Share::THIRD,
        equal: Equal::Lanes,
        baselines: vec![],
        skip: true,
    }
}

#[test]
fn every_preset_decodes_within_physical_bounds_on_every_chip() {
    let mut too_large = vec![];
    for model in model::preset_names() {
        for chip in chip::preset_names() {
            let (shape, parts) = (model::preset(model).unwrap(), chip::load(chip).unwrap());
            let report = match simulate(&shape, &parts, &decode(Batch::Size(1))) {
                Err(Error::DoesNotFit { .. }) => {
                    too_large.push((model, chip));
                    continue;
                }
                report => report.unwrap(),
            };
            let phase = &report.phases[0];
            for run in [&phase.ternary, &phase.fp16] {
                assert!(run.dram_bandwidth_gb_s <= run.dram_peak_gb_s, "{model} {chip}");
                assert!(run.array_utilization > 0.0 && run.array_utilization <= 1.0, "{model} {chip}");
                assert_eq!(run.passes, 1, "{model} {chip}");
            }
            assert!(phase.ratio.latency > 1.0, "{model} {chip}: fewer bytes and no slower");
            assert!(phase.fp16.chips >= phase.ternary.chips, "{model} {chip}");
        }
    }
    // A layer in FP16 is more than a gigabyte.
    assert_eq!(too_large, ["30b", "70b", "8x7b"].map(|model| (model, "trellisboard")));
}

fn every_preset_prefills_on(chip: &str) {
    for model in model::preset_names() {
        let request = Request { phases: vec![Phase::Prefill], prompt: 20, ..decode(Batch::Size(1)) };
        let report = run(model, chip, &request);
        let prefill = &report.phases[0].ternary;
        assert_eq!(
            (prefill.tokens, prefill.time_to_first_token_s),
            (20, Some(prefill.seconds)),
            "{model} {chip}"
        );
        assert_eq!(prefill.passes, 20_u64.div_ceil(prefill.tokens_per_pass), "{model} {chip}");
    }
}

#[test]
fn every_preset_prefills_on_edge_within_physical_bounds() {
    every_preset_prefills_on("edge");
}

#[test]
fn every_preset_prefills_on_datacenter_within_physical_bounds() {
    every_preset_prefills_on("datacenter");
}

#[test]
fn decoding_70b_moves_each_item_once() {
    let report = run("70b", "datacenter", &Request { context: 512, ..decode(Batch::Size(1)) });
    let ternary = &report.phases[0].ternary;
    let bytes = |name: &str| ternary.operators.iter().find(|o| o.name == name).unwrap().bytes;
    // 128 trits of a column are 26 bytes. Rows and columns of all matrices are whole tiles.
    let packed = |n: u64, k: u64| 80 * n * k / 128 * 26;
    assert_eq!(bytes("qkv_proj"), packed(10_240, 8192));
    assert_eq!(bytes("o_proj"), packed(8192, 8192));
    assert_eq!(bytes("gate_up_proj"), packed(57_344, 8192));
    assert_eq!(bytes("down_proj"), packed(8192, 28_672));
    // 8 KV heads x 128 x 2 bytes, keys and values, 80 layers; the head and a row of the embedding in FP16.
    assert_eq!(bytes("attention"), 512 * 8 * 128 * 2 * 2 * 80);
    assert_eq!(bytes("kv_cache_write"), 8 * 128 * 2 * 2 * 80);
    assert_eq!(bytes("lm_head"), 8192 * 32_000 * 2);
    assert_eq!(bytes("embedding"), 8192 * 2);
    assert_eq!(ternary.operators.iter().map(|o| o.bytes).sum::<u64>(), ternary.dram_bytes);
}

#[test]
fn experts_cross_the_pins_where_a_token_meets_them() {
    let shape = model::preset("8x7b").unwrap();
    let parts = chip::load("datacenter").unwrap();
    let run = |shape: &model::Shape, batch| {
        let request = Request { head: Some(WeightFormat::Ternary), ..decode(Batch::Size(batch)) };
        simulate(shape, &parts, &request).unwrap().phases.remove(0).ternary
    };
    let of = |run: &Run, name: &str| {
        let operator = run.operators.iter().find(|o| o.name == name).unwrap();
        (operator.count, operator.bytes)
    };
    // 32 layers, two experts a token: one token meets 2 of 8, three meet 6, and more all of them.
    let expert = 2 * 14_336 * 4096 / 128 * 26;
    for (batch, experts) in [(1, 2), (3, 6), (5, 8), (32, 8)] {
        let run = run(&shape, batch);
        assert_eq!(of(&run, "gate_up_proj"), (32 * experts, 32 * experts * expert), "{batch}");
        assert_eq!(of(&run, "down_proj"), (32 * experts, 32 * experts * expert / 2), "{batch}");
        assert_eq!(of(&run, "router"), (32, 32 * 8 * 4096 * 2), "{batch}");
        assert!(run.mapping.ends_with("2 of 8 experts a token, evenly chosen"), "{}", run.mapping);
    }
    // A mixture of one is the dense model, and a router.
    let one = model::Experts { num_local_experts: 1, num_experts_per_tok: 1 };
    let mixture = run(&model::Shape { experts: Some(one), ..shape.clone() }, 4);
    let dense = run(&model::Shape { experts: None, ..shape.clone() }, 4);
    for linear in ["qkv_proj", "o_proj", "gate_up_proj", "down_proj", "lm_head"] {
        assert_eq!(of(&mixture, linear), of(&dense, linear), "{linear}");
    }
    assert_eq!(mixture.dram_bytes - dense.dram_bytes, of(&mixture, "router").1);
    assert!(mixture.array_busy_cycles == dense.array_busy_cycles && mixture.cycles > dense.cycles);
}

/// Bursts that are stepped, which is what takes the time; a run of twice the size steps no more than twice as many.
#[test]
fn what_is_stepped_grows_no_faster_than_what_is_simulated() {
    let (chip, shape) = (chip::load("datacenter").unwrap(), model::preset("13b").unwrap());
    let stepped = |shape: &model::Shape, request: &Request| {
        let report = simulate(shape, &chip, request).unwrap();
        let of = |run: &Run| (run.dram_bytes / chip.stripe_bytes()) as f64 * (1.0 - run.skipped_fraction);
        let runs = report.phases.iter().flat_map(|phase| [&phase.ternary, &phase.fp16]);
        runs.map(of).sum::<f64>()
    };
    let layers = |n| model::Shape { num_hidden_layers: 10 * n, ..shape.clone() };
    let of_layers = |n| stepped(&layers(n), &decode(Batch::Size(1)));
    let of_context = |n| stepped(&shape, &Request { context: 1024 * n, ..decode(Batch::Size(1)) });
    let of_batch = |n| stepped(&shape, &decode(Batch::Size(8 * n)));
    let sizes: [(&str, &dyn Fn(u64) -> f64); 3] =
        [("layers", &of_layers), ("context", &of_context), ("batch", &of_batch)];
    for (name, of) in sizes {
        let bursts = [1, 2, 4, 8].map(of);
        for pair in bursts.windows(2) {
            assert!(pair[1] <= 2.0 * pair[0], "{name}: {bursts:?}");
        }
    }
}

/// An SRAM for a slice of the weights: they cross the pins once for all tokens that the vector unit holds, and the array does the same
/// work, never waiting longer.
#[test]
fn weights_that_are_held_cross_the_pins_once() {
    let shape = model::preset("700m").unwrap();
    let prefill = |weight_sram_kb, prompt, skip| {
        let mut spec = chip::load("edge").unwrap().spec;
        (spec.weight_sram_kb, spec.dram.channels) = (weight_sram_kb, 1);
        let parts = sim::Chip::new(spec, "test").unwrap();
        let request = Request { phases: vec![Phase::Prefill], prompt, skip, ..decode(Batch::Size(1)) };
        simulate(&shape, &parts, &request).unwrap().phases.remove(0).ternary
    };
    // A step of 128 x 16 is 7 beats of 64 bytes: 4096 inputs are 32 steps, 14 KiB.
    let (held, short) = (prefill(14, 40, true), prefill(13, 40, true));
    assert_eq!((held.passes, held.tokens_per_pass, short.passes, short.tokens_per_pass), (1, 40, 5, 8));
    assert!(
        held.mapping.contains("a tile's slice of 14336 bytes is held for groups of 8"),
        "{}",
        held.mapping
    );
    assert!(short.mapping.ends_with("a slice of 14336 bytes exceeds the 13312 of weight_sram_kb"));
    let bytes = |run: &Run, name: &str| run.operators.iter().find(|o| o.name == name).unwrap().bytes;
    for linear in ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"] {
        assert_eq!(5 * bytes(&held, linear), bytes(&short, linear), "{linear}");
    }
    // On a quarter of the pins weights are what is waited for.
    assert_eq!(held.array_busy_cycles, short.array_busy_cycles);
    assert!(held.stalls.dram < short.stalls.dram / 4 && held.cycles < short.cycles);
    let stepped = prefill(14, 40, false);
    assert_eq!((stepped.cycles, stepped.stalls), (held.cycles, held.stalls));
    // The vector unit's 4 MiB hold 107 tokens of 1536 + 8192 numbers.
    let long = prefill(14, 200, true);
    assert_eq!((long.passes, long.tokens_per_pass), (2, 107));
}

#[test]
fn skipping_changes_no_number() {
    for (model, chip) in
        [("700m", "edge"), ("700m", "datacenter"), ("bitnet-2b-4t", "datacenter"), ("700m", "kv260")]
    {
        let request =
            Request { phases: vec![Phase::Prefill, Phase::Decode], prompt: 20, ..decode(Batch::Size(2)) };
        equal_without_skipping(model, chip, &request);
    }
}

#[test]
fn skipping_changes_no_number_on_any_chip() {
    for chip in chip::preset_names() {
        let request = Request { context: 300, kv: KvForm::Int4, ..decode(Batch::Size(3)) };
        equal_without_skipping("700m", chip, &request);
    }
}

fn equal_without_skipping(model: &str, chip: &str, request: &Request) {
    let everything = |skip| {
        let mut report = run(model, chip, &Request { skip, ..request.clone() });
        for phase in &mut report.phases {
            for run in [&mut phase.ternary, &mut phase.fp16] {
                assert!(skip || run.skipped_fraction == 0.0, "{model} {chip}");
                run.skipped_fraction = 0.0;
                run.own_time.clear();
            }
        }
        format!("{report:?}")
    };
    assert_eq!(everything(true), everything(false), "{model} {chip}");
}

#[test]
fn the_largest_batch_fits_and_one_more_does_not() {
    let (shape, chip) = (model::preset("3b").unwrap(), chip::load("edge").unwrap());
    let request = Request { context: 2048, ..decode(Batch::Max) };
    let report = simulate(&shape, &chip, &request).unwrap();
    let batch = report.options.batch;
    assert!(batch > report.options.fp16_batch && report.options.fp16_batch > 1);
    assert_eq!(report.phases[0].ternary.chips, 1);
    let more = simulate(&shape, &chip, &Request { batch: Batch::Size(batch + 1), ..request }).unwrap();
    assert_eq!(more.phases[0].ternary.chips, 2);
}

#[test]
fn batch_and_context_cost_what_they_add() {
    let seconds = |batch, context| {
        let report = run("3b", "edge", &Request { context, ..decode(Batch::Size(batch)) });
        report.phases[0].ternary.seconds
    };
    let (one, eight, nine) = (seconds(1, 64), seconds(8, 64), seconds(9, 64));
    assert!(eight < 2.0 * one, "eight token slots share the weights: {eight} against {one}");
    assert!(nine > 1.5 * one && nine > eight, "a ninth token takes a second pass: {nine} against {one}");
    assert!(seconds(1, 2048) > one, "a longer cache takes longer");
}

#[test]
fn a_narrower_cache_is_read_in_fewer_bytes_and_costs_its_quantiser() {
    let run = |kv| {
        let request = Request { context: 4096, kv, ..decode(Batch::Size(2)) };
        run("70b", "datacenter", &request).phases.remove(0).ternary
    };
    let forms = KvForm::ALL.map(run);
    let attention =
        |run: &Run| run.operators.iter().find(|operator| operator.name == "attention").unwrap().bytes;
    // Keys and values of 8 heads of 128, of 4,096 positions and two sequences, in 80 layers; a scale of four bytes a vector.
    let expected = [256, 128 + 4, 64 + 4, 48 + 4].map(|vector| 2 * 8 * vector * 4096 * 2 * 80);
    assert_eq!(forms.each_ref().map(attention), expected);
    let quantizes = |run: &Run| run.operators.iter().any(|operator| operator.name == "kv_cache_quantize");
    assert_eq!(forms.each_ref().map(quantizes), [false, true, true, true]);
    assert!(forms.windows(2).all(|pair| pair[1].resident_bytes < pair[0].resident_bytes));
}

/// bitnet-kv260: both streams' bytes are exact, what the ports and the DRAM allow is predicted, and one constant, from the layers'
/// time alone, predicts the head's.
#[test]
fn the_board_is_predicted() {
    let request = |head| Request { head: Some(head), context: 512, ..decode(Batch::Size(1)) };
    let report = run("bitnet-2b-4t", "kv260", &request(WeightFormat::Ternary));
    let board = report.phases[0].board.as_ref().unwrap();
    for (stream, bytes) in [(&board.layers, 417_546_240), (&board.head, 65_667_072)] {
        assert_eq!((stream.bytes, stream.measured_bytes), (bytes, bytes));
        // Four ports of 16 bytes at 250 MHz.
        let beats = bytes as f64 / 16e9;
        assert!(stream.seconds > beats && stream.seconds < 1.02 * beats, "{stream:?}");
    }
    assert!(board.layers.calibrated_error_percent.abs() < 1e-9);
    assert!(
        board.head.error_percent.abs() < 1.0 && board.head.calibrated_error_percent.abs() < 3.0,
        "{board:?}"
    );
    assert!((board.calibrated_tokens_per_second / board.measured_tokens_per_second - 1.0).abs() < 0.01);
    assert!(board.predicted_tokens_per_second > board.measured_tokens_per_second);
    // Another head, another model, another phase: nothing was measured.
    assert!(run("bitnet-2b-4t", "kv260", &request(WeightFormat::F16)).phases[0].board.is_none());
    assert!(run("700m", "kv260", &request(WeightFormat::Ternary)).phases[0].board.is_none());
}

#[test]
fn requests_out_of_range_are_refused_by_name() {
    let (shape, chip) = (model::preset("70b").unwrap(), chip::load("datacenter").unwrap());
    for (request, expected) in [
        (Request { context: 0, ..decode(Batch::Size(1)) }, "context must be from 1 to 2^24, not 0"),
        (
            Request { prompt: 1 << 25, ..decode(Batch::Size(1)) },
            "prompt must be from 1 to 2^24, not 33554432",
        ),
        (decode(Batch::Size(0)), "batch must be from 1 to 2^20, or max, not 0"),
        (
            Request { phases: vec![Phase::Prefill], prompt: 1 << 24, ..decode(Batch::Size(1 << 20)) },
            "17592186044416 tokens of model `70b` are more than 2^57 multiply-accumulates",
        ),
    ] {
        let error = simulate(&shape, &chip, &request).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
