//! How the simulator's own time grows: `cargo bench -p tritium-cli` prints a table, and draws it in `reports/gallery`.
//!
//! Also that `sim --model 70b` prints the same with every burst stepped, and how long that takes.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it measures")]

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use contract::kv::KvForm;
use model::Shape;
use reports::{Grid, GrowthSeries, Staged, growth_chart};
use sim::result::{Phase, Report, Run};
use sim::{Batch, Chip, Equal, Request, Share, chip, simulate};

/// Sizes over the smallest one of each series.
const FACTORS: [u64; 5] = [1, 2, 4, 8, 16];
/// The shortest of so many runs is a measurement.
const RUNS: usize = 3;

fn request(context: u64, batch: u64, skip: bool) -> Request {
    Request {
        phases: vec![Phase::Prefill, Phase::Decode],
        prompt: 512,
        context,
        batch: Batch::Size(batch),
        head: None,
        kv: KvForm::F16,
        skip,
        zeros: Share::THIRD,
        equal: Equal::Lanes,
        baselines: vec![],
    }
}

fn main() -> anyhow::Result<()> {
    let chip = chip::load("datacenter")?;
    let shape = model::preset("70b")?;
    println!("{}", with_and_without_skipping(&shape, &chip)?);

    let decode = |context, batch| Request { phases: vec![Phase::Decode], ..request(context, batch, true) };
    let layers = |factor| (Shape { num_hidden_layers: 8 * factor, ..shape.clone() }, request(512, 1, true));
    let context = |factor| (shape.clone(), decode(1024 * factor, 1));
    let batch = |factor| (shape.clone(), decode(512, 8 * factor));
    let mut grid = Grid::new(&format!("<{}", ">".repeat(FACTORS.len())));
    grid.row(["ms, by size".to_owned()].into_iter().chain(FACTORS.map(|factor| format!("x {factor}"))));
    grid.rule();
    let mut measure = |name: &str, sized: &dyn Fn(u64) -> (Shape, Request)| -> anyhow::Result<GrowthSeries> {
        let mut times = vec![];
        for factor in FACTORS {
            let (shape, request) = sized(factor);
            times.push(shortest(&shape, &chip, &request)?);
        }
        grid.row([name.to_owned()].into_iter().chain(times.iter().map(|time| format!("{:.0}", time * 1e3))));
        let points = FACTORS.iter().zip(&times).map(|(&factor, time)| (factor as f64, time / times[0]));
        Ok(GrowthSeries { name: name.to_owned(), points: points.collect() })
    };
    let all = [
        measure("layers from 8, both phases", &layers)?,
        measure("context from 1024, decode", &context)?,
        measure("batch from 8, decode", &batch)?,
    ];
    println!("{}", grid.text());
    let chart = growth_chart(&all)?;
    let mut files = Staged::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/gallery"))?;
    files.add("growth.svg", chart.svg.as_bytes())?;
    files.add("growth.png", &chart.png)?;
    files.publish()?;
    Ok(())
}

/// Wall time of a simulation, seconds.
fn shortest(shape: &Shape, chip: &Chip, request: &Request) -> anyhow::Result<f64> {
    let mut shortest = f64::INFINITY;
    for _ in 0..RUNS {
        let began = Instant::now();
        simulate(shape, chip, request)?;
        shortest = shortest.min(began.elapsed().as_secs_f64());
    }
    Ok(shortest)
}

/// Both, in a table; an error if a number differs.
fn with_and_without_skipping(shape: &Shape, chip: &Chip) -> anyhow::Result<String> {
    let run = |skip| -> anyhow::Result<(Report, f64)> {
        let began = Instant::now();
        let report = simulate(shape, chip, &request(512, 1, skip))?;
        Ok((report, began.elapsed().as_secs_f64()))
    };
    let ((skipped, quick), (stepped, slow)) = (run(true)?, run(false)?);
    let mut grid = Grid::new("<>>");
    grid.row(["70b, both phases, both machines", "skipping", "--no-skip"]);
    grid.rule();
    grid.row(["seconds".to_owned(), format!("{quick:.2}"), format!("{slow:.1}")]);
    let runs = |report: &'_ Report| -> Vec<Run> {
        report.phases.iter().flat_map(|phase| [phase.ternary.clone(), phase.fp16.clone()]).collect()
    };
    let stripe = chip.stripe_bytes();
    let bursts: u64 = runs(&skipped).iter().map(|run| run.dram_bytes / stripe).sum();
    let stepped_bursts: f64 = runs(&skipped)
        .iter()
        .map(|run| (run.dram_bytes / stripe) as f64 * (1.0 - run.skipped_fraction))
        .sum();
    let fraction = 1.0 - stepped_bursts / bursts as f64;
    grid.row([
        "bursts of a channel that are skipped".to_owned(),
        format!("{:.3}%", fraction * 100.0),
        "0%".to_owned(),
    ]);
    let rate = |seconds: f64| format!("{:.1}", bursts as f64 / seconds / 1e6);
    grid.row(["million bursts a second".to_owned(), rate(quick), rate(slow)]);
    let numbers = |mut report: Report| {
        for phase in &mut report.phases {
            for run in [&mut phase.ternary, &mut phase.fp16] {
                run.skipped_fraction = 0.0;
                run.own_time.clear();
            }
        }
        format!("{report:?}")
    };
    ensure!(numbers(skipped) == numbers(stepped), "skipping changed a number");
    Ok(grid.text())
}
