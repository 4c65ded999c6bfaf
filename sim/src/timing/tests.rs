//! Skipping changes nothing, and the pins bound everything.

use model::WeightFormat;
use proptest::prelude::*;

use super::*;
use crate::chip;

/// Everything that can be seen of jobs in turn, and the share that was skipped.
fn run(chip: &Chip, format: WeightFormat, jobs: &[Job], skip: bool) -> (Timing, f64) {
    let mut run = Run::new(chip, engine_sizes(chip, format), chip.spec.token_slots, skip);
    for (index, &job) in jobs.iter().enumerate() {
        run.steps(&[Step { operator: ["a", "b", "c", "d"][index % 4], job }]);
    }
    let mut timing = run.finish();
    (timing.clone(), std::mem::take(&mut timing.skipped_fraction))
}

/// The run without the share that was skipped.
fn seen(chip: &Chip, format: WeightFormat, jobs: &[Job], skip: bool) -> Timing {
    without_effort(run(chip, format, jobs, skip).0)
}

/// What came of a run, without what it took.
fn without_effort(timing: Timing) -> Timing {
    Timing { skipped_fraction: 0.0, own_time: vec![], ..timing }
}

fn array(chip: &Chip, format: WeightFormat, (n, k): (u64, u64), tokens: u64, base: u64) -> Job {
    let tiling = Tiling::new(chip, format, n, k);
    let image = Extent { base, stripes: tiling.image_stripes(chip) };
    Job::Array { tiling, image, tokens: tokens.min(chip.spec.token_slots) }
}

fn stream(base: u64, stripes: u64, operations: u64) -> Job {
    Job::VectorStream {
        data: Extent { base, stripes },
        data_bytes: 0,
        streamed_operations: operations,
        further_operations: operations / 7,
        macs: 0,
        results: 0,
        reductions: 1,
    }
}

fn write(base: u64, stripes: u64) -> Job {
    Job::Write { first: Extent { base, stripes }, rows: 2, stride: stripes + 3, bytes: 0 }
}

/// A job by numbers: which kind, how large.
fn job(chip: &Chip, format: WeightFormat, kind: u64, size: u64, tokens: u64, base: u64) -> (Job, u64) {
    match kind {
        0 => (stream(base, 1 + size, size * 300), 1 + size),
        1 => (write(base, size % 50), 2 * size),
        _ => {
            // Around a few rounds, so that the last one has fewer engines.
            let n = chip.spec.engines * chip.spec.columns * (1 + size % 3) + size % 7 * chip.spec.columns / 2;
            let k = chip.spec.lanes * (1 + size % 60);
            let job = array(chip, format, (n, k), tokens, base);
            let Job::Array { image, .. } = job else { unreachable!("an array job") };
            (job, image.stripes)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn skipping_changes_nothing(
        name in prop::sample::select(chip::preset_names().collect::<Vec<_>>()),
        mapping in prop::sample::select(vec!["RoBaCoBgCh", "RoCoBaBgCh", "RoBgBaCoCh", "RoBaCoBgCh,Bg^Ro,Ba^Ro2"]),
        refi in -1_i64..=1,
        clock_mhz in prop::sample::select(vec![225_u64, 250, 999, 1000, 1001]),
        fifo_beats in prop::sample::select(vec![16_u64, 64, 512]),
        activation_bits in prop::sample::select(vec![64_u64, 1024]),
        ternary: bool,
        base in 0_u64..600,
        seed in prop::collection::vec((0_u64..5, 0_u64..3_000, 1_u64..40), 1..5),
    ) {
        let mut chip = chip::load(name).unwrap();
        chip.spec.dram.mapping = mapping.to_owned();
        chip.spec.clock_mhz = clock_mhz;
        chip.spec.stream_fifo_beats = fifo_beats;
        chip.spec.activation_bits = activation_bits;
        chip.spec.activation_sram_kb = 4096;
        chip.standard.timing.refi += refi;
        prop_assume!(chip.fifo_stripes() >= 1);
        let format = if ternary { WeightFormat::Ternary } else { WeightFormat::F16 };
        // The same jobs again and again, as layers are: each round begins where the address mapping repeats.
        let sweep = chip.standard.banks() * chip.standard.columns;
        let mut jobs = Vec::new();
        let mut at = base;
        for _ in 0..6 {
            for &(kind, size, tokens) in &seed {
                let (job, stripes) = job(&chip, format, kind, size, tokens, at);
                jobs.push(job);
                at += stripes;
            }
            at = at.next_multiple_of(sweep) + base;
        }
        prop_assert_eq!(seen(&chip, format, &jobs, true), seen(&chip, format, &jobs, false));
    }
}

#[test]
fn a_long_job_is_mostly_skipped_and_equal() {
    for name in chip::preset_names() {
        let chip = chip::load(name).unwrap();
        let ternary = WeightFormat::Ternary;
        // So long that every place in the sweep of the address mapping has come with every place in a burst.
        let round = (chip.spec.engines * chip.spec.columns, chip.spec.lanes * 60);
        let rounds = 20_000_000 / Tiling::new(&chip, ternary, round.0, round.1).image_stripes(&chip);
        let jobs = [array(&chip, ternary, (round.0 * rounds, round.1), 1, 0)];
        let (stepped, none) = run(&chip, ternary, &jobs, false);
        let (skipped, share) = run(&chip, ternary, &jobs, true);
        assert_eq!(none, 0.0);
        assert_eq!(without_effort(skipped), without_effort(stepped), "{name}");
        assert!(share > 0.3, "{name}: {share}");
    }
}

#[test]
fn every_cycle_has_one_cause() {
    for name in chip::preset_names() {
        let chip = chip::load(name).unwrap();
        let ternary = WeightFormat::Ternary;
        let shape = (chip.spec.columns * 3 + 1, chip.spec.lanes * 4 + 1);
        let jobs = [
            array(&chip, ternary, shape, 2, 0),
            stream(10_000, 300, 90_000),
            array(&chip, ternary, shape, 1, 20_000),
            array(&chip, ternary, shape, 4, 30_000),
        ];
        let timing = seen(&chip, ternary, &jobs, true);
        assert_eq!(timing.array_busy_cycles + timing.stalls.total(), timing.cycles, "{name}");
        let operators: u64 = timing.operators.iter().map(|operator| operator.cycles).sum();
        assert_eq!(operators, timing.cycles, "{name}");
    }
}

#[test]
fn nothing_arrives_faster_than_the_pins_allow() {
    for name in chip::preset_names() {
        let mut chip = chip::load(name).unwrap();
        // A consumer that takes whatever comes.
        chip.spec.stream_bits = 1 << 16;
        let jobs = [stream(0, 300_000, 0)];
        let timing = seen(&chip, WeightFormat::Ternary, &jobs, true);
        let seconds = timing.cycles as f64 / (chip.spec.clock_mhz as f64 * 1e6);
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
    let mut memory = Memory::new(&chip);
    memory.write(Extent { base: 1 << 20, stripes: 1 }, 50_000);
    (0..100).for_each(|stripe| {
        memory.read(stripe, 0);
    });
    assert_eq!((memory.counters().reads, memory.counters().writes), (100, 0));
    memory.read(100, 60_000);
    assert_eq!((memory.counters().reads, memory.counters().writes), (101, 1));
}

#[test]
fn the_vector_unit_works_through_stripes_as_they_come() {
    let chip = chip::load("edge").unwrap();
    // Rates that are no whole number add up to one cycle more than the work, at most, behind the last stripe's arrival.
    for (cycles, stripes) in [(200, 1), (401, 2), (1001, 3)] {
        let (mut memory, mut unit) = (Memory::new(&chip), VectorStream::new(64, false));
        let extent = Extent { base: 0, stripes: 90 };
        let (end, waited) = unit.stream(&mut memory, Rate { cycles, stripes }, extent, 10_000);
        // All that the buffer holds has come long before.
        assert_eq!((end, waited), (10_000 + signed((90 * cycles).div_ceil(stripes)), 0));
    }
}

/// A lane's operands come through its ports: one element too many takes a cycle more, one fewer does not.
#[test]
fn the_vector_units_ports_limit_what_meets_in_a_cycle() {
    let mut chip = chip::load("edge").unwrap();
    let lanes = chip.spec.vector.lanes;
    (chip.spec.vector.read_ports, chip.spec.vector.write_ports) = (2, 1);
    let cycles = |operations, reads, writes| {
        let job = Job::Vector { operations, reads, writes, reductions: 0 };
        run(&chip, WeightFormat::Ternary, &[job], true).0.cycles
    };
    let four = cycles(4 * lanes, 0, 0);
    assert_eq!([cycles(4 * lanes, 8 * lanes, 4 * lanes), cycles(4 * lanes, 8 * lanes, 0)], [four, four]);
    assert_eq!(
        [cycles(4 * lanes, 8 * lanes + 1, 0), cycles(4 * lanes, 0, 4 * lanes + 1)],
        [four + 1, four + 1]
    );
    assert_eq!(cycles(4 * lanes + 1, 8 * lanes + 1, 4 * lanes + 1), four + 1);
}
