//! The command that reproduces the paper.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::args::Format;
use crate::output::{Files, print};

#[derive(Debug, Args)]
pub(crate) struct PaperArguments {
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// Also write CSV, JSON and charts (SVG and PNG) to this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Every figure of the paper that can be computed, beside ours; to `folder` also as CSV, JSON and charts.
pub(crate) fn paper(format: Format, folder: Option<&Path>) -> anyhow::Result<()> {
    let costs = energy::CostTable::seven_nm()?;
    let reproduction = paper::reproduce(&costs)?;
    if let Some(folder) = folder {
        let mut files = Files::new(folder)?;
        files.write("paper.csv", reports::paper_csv(&reproduction)?.as_bytes())?;
        files.write("paper.json", reports::json(&reproduction)?.as_bytes())?;
        files.write_chart("paper_ratios", &reports::paper_chart(&paper::figure3::right(&costs)?)?)?;
        files.write_chart("paper_conventions", &reports::conventions_chart(&reproduction)?)?;
        files.write_chart("paper_measured", &reports::measured_chart(&reproduction)?)?;
        files.publish()?;
    }
    print(&match format {
        Format::Table => reports::paper_table(&reproduction),
        Format::Json => reports::json(&reproduction)?,
        Format::Csv => reports::paper_csv(&reproduction)?,
    })
}
