//! The commands that compute something.

use std::path::Path;

use sim::result::Report;

use crate::args::Format;
use crate::command::Job;
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
        files.publish()?;
    }
    print(&match job.format {
        Format::Table => reports::table(report),
        Format::Json => reports::json(report)?,
        Format::Csv => reports::csv(&reports)?,
    })
}

/// Several models: their reports beside one another.
pub(crate) fn sweep(job: &Job) -> anyhow::Result<()> {
    let reports = reports_of(job)?;
    if let Some(folder) = &job.folder {
        let mut files = documents(folder, &reports, &reports::json(&reports)?)?;
        files.write_chart("latency_throughput", &reports::size_chart(&reports)?)?;
        files.publish()?;
    }
    print(&match job.format {
        Format::Table => reports::sweep_table(&reports),
        Format::Json => reports::json(&reports)?,
        Format::Csv => reports::csv(&reports)?,
    })
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
