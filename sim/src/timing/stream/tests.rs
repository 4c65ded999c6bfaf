//! Skipping changes nothing, and the pins bound everything.

use model::WeightFormat;
use proptest::prelude::*;

use super::*;
use crate::chip;
use crate::mapping::Tiling;

/// A job: who consumes, what, the padding of its last stripe, the pause before it.
type TestJob = (Consumer, Extent, u64, i64);

/// Jobs in turn, with writes between them; everything that can be seen of the run.
fn run(chip: &Chip, jobs: &[TestJob], skip: bool) -> (Vec<(i64, Tally)>, Counters, f64) {
    let mut streamer = Streamer::new(chip, skip);
    let mut now = 0;
    let mut seen = Vec::new();
    for &(consumer, extent, padding, pause) in jobs {
        let bytes = extent.stripes * chip.stripe_bytes() - padding;
        let (end, tally) = streamer.stream(consumer, extent, bytes, now + pause);
        streamer.write(Extent { base: extent.base + extent.stripes, stripes: padding % 50 }, end);
        seen.push((end, tally));
        now = end;
    }
    seen.push((streamer.finish(now), Tally::default()));
    (seen, streamer.counters(), streamer.skipped_fraction())
}

fn consumers(chip: &Chip) -> impl Strategy<Value = Consumer> + use<> {
    let beat_bytes = chip.spec.engines * chip.spec.stream_bits / 8;
    prop_oneof![
        (1_i64..40, 1_i64..40, 1_u64..=4).prop_map(move |(tokens, beats, part)| Consumer::Array {
            tokens,
            beats,
            beat_bytes: (beat_bytes * part / 4).max(1),
        }),
        (0_u64..60, 1_u64..20).prop_map(|(cycles, stripes)| Consumer::Vector { cycles, stripes }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn skipping_changes_nothing(
        name in prop::sample::select(chip::preset_names().collect::<Vec<_>>()),
        mapping in prop::sample::select(vec!["RoBaCoBgCh", "RoCoBaBgCh", "RoBgBaCoCh"]),
        refi in -1_i64..=1,
        clock_mhz in prop::sample::select(vec![225_u64, 250, 999, 1000, 1001]),
        fifo_beats in prop::sample::select(vec![4_u64, 31, 256, 8192]),
        base in 0_u64..600,
        seed in prop::collection::vec((1_u64..9_000, 0_u64..100, 0_i64..20_000), 1..5),
        idle: bool,
        picks in prop::collection::vec(consumers(&chip::load("edge").unwrap()), 1..5),
    ) {
        let mut chip = chip::load(name).unwrap();
        chip.spec.dram.mapping = mapping.to_owned();
        chip.spec.clock_mhz = clock_mhz;
        chip.spec.stream_fifo_beats = fifo_beats;
        chip.standard.timing.refi += refi;
        prop_assume!(chip.fifo_stripes() >= 4);
        // The same jobs again and again, as layers are: each round begins where the address mapping repeats.
        let sweep = chip.standard.banks() * chip.standard.columns;
        let mut jobs = Vec::new();
        let mut at = base;
        for _ in 0..8 {
            for (&(stripes, padding, pause), &consumer) in seed.iter().zip(&picks) {
                let padding = padding * chip.stripe_bytes() / 100;
                let pause = if idle { pause } else { 0 };
                jobs.push((consumer, Extent { base: at, stripes }, padding, pause));
                at += stripes;
            }
            at = at.next_multiple_of(sweep) + base;
        }
        let (skipped, stepped) = (run(&chip, &jobs, true), run(&chip, &jobs, false));
        prop_assert_eq!(stepped.2, 0.0);
        prop_assert_eq!(&skipped.0, &stepped.0);
        prop_assert_eq!(skipped.1, stepped.1);
    }
}

#[test]
fn a_padded_end_is_no_interval_of_a_longer_job() {
    let chip = chip::load("edge").unwrap();
    let consumer = Consumer::Array { tokens: 1, beats: 1, beat_bytes: 32 };
    for stripes in 1900..1980 {
        let warm_up = Extent { base: 0, stripes: 3072 };
        let short = Extent { base: 3072, stripes };
        let long = Extent { base: 3072, stripes: stripes + 4096 };
        let jobs = [
            (consumer, warm_up, 0, 0),
            (consumer, short, 32, 900_000),
            (consumer, warm_up, 0, 90_000),
            (consumer, long, 0, 900_000),
        ];
        assert_eq!(run(&chip, &jobs, true).0, run(&chip, &jobs, false).0, "{stripes}");
    }
}

#[test]
fn writes_that_wait_behind_a_deep_fifo_are_not_moved() {
    let mut chip = chip::load("edge").unwrap();
    chip.spec.clock_mhz = 800;
    chip.spec.stream_fifo_beats = 8192;
    chip.standard.timing.refi = 1024;
    for consumer in
        [Consumer::Vector { cycles: 1, stripes: 1 }, Consumer::Array { tokens: 2, beats: 2, beat_bytes: 64 }]
    {
        let mut jobs = vec![(consumer, Extent { base: 0, stripes: 4096 }, 0, 0)];
        for index in 0..120 {
            let stripes = if index % 4 == 3 { 512 } else { 1536 };
            jobs.push((consumer, Extent { base: 4096 + index * 2048, stripes }, 40, 0));
        }
        let (skipped, stepped) = (run(&chip, &jobs, true), run(&chip, &jobs, false));
        assert_eq!((skipped.0, skipped.1), (stepped.0, stepped.1), "{consumer:?}");
    }
}

#[test]
fn a_long_stream_is_mostly_skipped_and_equal() {
    for name in chip::preset_names() {
        let chip = chip::load(name).unwrap();
        let beats = signed(Tiling::new(&chip, WeightFormat::Ternary, 1, 1).beats);
        let beat_bytes = chip.spec.engines * chip.spec.stream_bits / 8;
        let consumer = Consumer::Array { tokens: 1, beats, beat_bytes };
        let jobs = [(consumer, Extent { base: 0, stripes: 20_000_000 }, 0, 0)];
        let (skipped, stepped) = (run(&chip, &jobs, true), run(&chip, &jobs, false));
        assert_eq!((&skipped.0, skipped.1), (&stepped.0, stepped.1), "{name}");
        assert!(skipped.2 > 0.3, "{name}: {}", skipped.2);
    }
}

#[test]
fn nothing_arrives_faster_than_the_pins_allow() {
    for name in chip::preset_names() {
        let chip = chip::load(name).unwrap();
        // A consumer that takes whatever comes.
        let jobs = [(Consumer::Vector { cycles: 0, stripes: 1 }, Extent { base: 0, stripes: 300_000 }, 0, 0)];
        let (seen, ..) = run(&chip, &jobs, true);
        let seconds = seen[0].0 as f64 / (chip.spec.clock_mhz as f64 * 1e6);
        let gb_s = 300_000.0 * chip.stripe_bytes() as f64 / seconds / 1e9;
        let peak = chip.dram_peak_gb_s();
        assert!(gb_s < peak, "{name}: {gb_s} of {peak}");
        // All-bank refresh alone costs tRFC / tREFI, 9% in HBM3.
        assert!(gb_s > 0.85 * peak, "{name}: {gb_s} of {peak}");
    }
}

#[test]
fn a_write_is_served_in_the_order_of_its_making() {
    let chip = chip::load("edge").unwrap();
    let consumer = Consumer::Vector { cycles: 1, stripes: 1 };
    let mut streamer = Streamer::new(&chip, false);
    streamer.write(Extent { base: 1 << 20, stripes: 1 }, 50_000);
    // The FIFO's places are free from the start, so every read is requested before the write.
    streamer.stream(consumer, Extent { base: 0, stripes: 100 }, 100 * chip.stripe_bytes(), 0);
    assert_eq!((streamer.counters().reads, streamer.counters().writes), (100, 0));
    streamer.finish(60_000);
    assert_eq!(streamer.counters().writes, 1);
}
