//! The paper's energy ratios beside ours by several conventions of counting.

use ::paper::{Reproduction, Row};
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::groups::Ratios;
use super::ink::{self, INK, OTHER, PALETTE, SMALL, TERNARY, TITLE};
use super::{Chart, Drawn, Figure, render};
use crate::Error;

/// Bars by model size: what is printed, then each convention that a ratio of figure 3, right, was computed by.
pub fn conventions_chart(reproduction: &Reproduction) -> Result<Chart, Error> {
    let rows: Vec<_> = reproduction.rows.iter().filter_map(ratio).collect();
    let mut sizes: Vec<&str> = Vec::new();
    let mut series: Vec<Series> = vec![Series { name: "printed in arXiv 2402.17764", values: Vec::new() }];
    for (size, row) in &rows {
        if !sizes.contains(size) {
            sizes.push(size);
            series[0].values.push(row.paper.unwrap_or(f64::NAN));
        }
        if series.last().is_none_or(|last| last.name != row.convention) {
            series.push(Series { name: &row.convention, values: Vec::new() });
        }
        if let Some(last) = series.last_mut() {
            last.values.push(row.ours);
        }
    }
    render(&ConventionsFigure { sizes, series })
}

/// The model size of a row that is a ratio of figure 3, right.
fn ratio(row: &Row) -> Option<(&str, &Row)> {
    let size = row.item.strip_suffix(" ratio")?;
    (row.figure == "figure 3, right").then_some((size, row))
}

struct Series<'a> {
    name: &'a str,
    /// By model size.
    values: Vec<f64>,
}

struct ConventionsFigure<'a> {
    sizes: Vec<&'a str>,
    series: Vec<Series<'a>>,
}

const WIDTH: u32 = 940;
const HEIGHT: u32 = 520;
const MARGIN: i32 = 18;
/// Where the legend begins, a line a series: below the title.
const TOP: i32 = 48;
/// The share of the distance between two groups that bars take.
const FILLED: f64 = 0.86;
/// What is printed is grey, the paper's own convention blue.
const COLORS: [RGBColor; 5] = [OTHER, TERNARY, PALETTE[3], PALETTE[4], PALETTE[2]];

impl Figure for ConventionsFigure<'_> {
    const NAME: &'static str = "conventions of counting";

    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let title = "Energy of arithmetic, FP16 over ternary: what is counted decides";
        area.draw_text(title, &ink::bold(TITLE, INK, HPos::Left, VPos::Top), (MARGIN, 16))?;
        let colors = || COLORS.into_iter().cycle();
        let names = self.series.iter().zip(colors()).map(|(series, color)| (series.name.to_owned(), color));
        let mut top = TOP;
        for entry in names {
            ink::legend(area, (MARGIN, top), WIDTH as i32 - MARGIN, &[entry])?;
            top += ink::LEGEND_LINE;
        }
        let (_, plot) = area.split_vertically(top + 8);
        let ratios = Ratios {
            axis: "model size",
            sizes: self.sizes.iter().map(|size| (*size, None)).collect(),
            series: self.series.iter().map(|series| series.values.clone()).zip(colors()).collect(),
            filled: [FILLED, 0.9],
            value_text: SMALL - 2.0,
            margin: MARGIN,
            names: 48,
        };
        ratios.draw(area, &plot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ratio_stands_above_its_bar() {
        let reproduction = ::paper::reproduce(&energy::CostTable::seven_nm().unwrap()).unwrap();
        let svg = conventions_chart(&reproduction).unwrap().svg;
        let rows: Vec<_> = reproduction.rows.iter().filter_map(ratio).collect();
        assert_eq!(rows.len(), 20);
        for (size, row) in rows {
            assert!(svg.contains(&format!("\n{size}\n")));
            assert!(svg.contains(&format!("\n{}\n", row.convention)), "{}", row.convention);
            assert!(
                svg.contains(&format!("\n{:.1}\n", row.ours))
                    && svg.contains(&format!("\n{:.1}\n", row.paper.unwrap()))
            );
        }
    }
}
