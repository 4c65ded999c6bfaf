//! The commands that compute something.

use std::path::Path;

use sim::result::{PhaseReport, Report};
use sim::sensitivity::{Swing, Variation};
use sim::{Batch, Request};

use crate::args::Format;
use crate::job::Job;
use crate::output::{Files, beside, print};

/// One model: a report, and the charts that explain its energy.
pub(crate) fn simulate(job: &Job) -> anyhow::Result<()> {
    let reports = reports_of(job)?;
    let Some(report) = reports.first() else { return Ok(()) };
    if let Some(folder) = &job.folder {
        let mut files = documents(folder, &reports, &reports::json(report)?)?;
        files.write_chart("energy", &reports::energy_chart(report)?)?;
        let costs = energy::CostTable::seven_nm()?;
        files.write_chart("paper_ratios", &reports::paper_chart(&::paper::figure3::right(&costs)?)?)?;
        let variations = match &job.variations[..] {
            [] => sim::sensitivity::default_variations(&job.chip, &costs)?,
            asked => asked.to_vec(),
        };
        let swings = swings(report, job, &variations)?;
        files.write("sensitivity.csv", reports::sensitivity_csv(&swings)?.as_bytes())?;
        if let Some((title, ratio, swings)) = swings.last() {
            files.write_chart("tornado", &reports::tornado_chart(title, *ratio, swings)?)?;
        }
        files.publish()?;
    }
    print(&match job.format {
        Format::Table => reports::table(report) + &sensitivities(report, job)?,
        Format::Json => reports::json(report)?,
        Format::Csv => reports::csv(&reports)?,
    })
}

/// A table a phase of what was asked to be varied.
fn sensitivities(report: &Report, job: &Job) -> anyhow::Result<String> {
    if job.variations.is_empty() {
        return Ok(String::new());
    }
    let tables = swings(report, job, &job.variations)?
        .iter()
        .map(|(title, ratio, swings)| format!("\n{}", reports::sensitivity_table(title, *ratio, swings)))
        .collect();
    Ok(tables)
}

/// What each phase's energy ratio depends on: of what, the ratio, and the swings.
fn swings(
    report: &Report,
    job: &Job,
    variations: &[Variation],
) -> anyhow::Result<Vec<(String, f64, Vec<Swing>)>> {
    let costs = energy::CostTable::seven_nm()?;
    let of = |phase: &PhaseReport| {
        let swings = sim::sensitivity::tornado(phase, &job.chip, variations, &costs)?;
        let title = format!("{} on {}, {}", report.model, report.chip, phase.ternary.phase.name());
        Ok((title, phase.ratio.energy.system, swings))
    };
    report.phases.iter().map(of).collect()
}

/// Several models: their reports beside one another, at each batch and context.
pub(crate) fn sweep(jobs: &[Job]) -> anyhow::Result<()> {
    let points = jobs.iter().map(reports_of).collect::<Result<Vec<_>, _>>()?;
    let Some(job) = jobs.first() else { return Ok(()) };
    let all = points.concat();
    if let Some(folder) = &job.folder {
        let mut files = documents(folder, &all, &reports::json(&all)?)?;
        for (point, job) in points.iter().zip(jobs) {
            files.write_chart(&chart_name(job, jobs.len()), &reports::size_chart(point)?)?;
        }
        files.publish()?;
    }
    print(&match job.format {
        Format::Table => {
            points.iter().map(|point| reports::sweep_table(point)).collect::<Vec<_>>().join("\n")
        }
        Format::Json => reports::json(&all)?,
        Format::Csv => reports::csv(&all)?,
    })
}

/// The chart of a point, which says which one if there are several.
fn chart_name(job: &Job, points: usize) -> String {
    let Request { batch, context, .. } = &job.request;
    let batch = match batch {
        Batch::Size(batch) => batch.to_string(),
        Batch::Max => "max".to_owned(),
    };
    match points {
        1 => "latency_throughput".to_owned(),
        _ => format!("latency_throughput_context{context}_batch{batch}"),
    }
}

fn reports_of(job: &Job) -> Result<Vec<Report>, sim::Error> {
    let simulated = job.models.iter().map(|model| sim::simulate(model, &job.chip, &job.request));
    let reports = simulated.collect::<Result<Vec<_>, _>>()?;
    if job.profile {
        reports.iter().for_each(|report| beside(&reports::profile(report)));
    }
    Ok(reports)
}

/// The documents that every command with results writes.
fn documents(folder: &Path, reports: &[Report], json: &str) -> anyhow::Result<Files> {
    let mut files = Files::new(folder)?;
    files.write("report.json", json.as_bytes())?;
    files.write("report.csv", reports::csv(reports)?.as_bytes())?;
    files.write("operators.csv", reports::operators_csv(reports)?.as_bytes())?;
    files.write("energy.csv", reports::energy_csv(reports)?.as_bytes())?;
    Ok(files)
}
