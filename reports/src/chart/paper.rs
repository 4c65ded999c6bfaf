//! The paper's five energy ratios (figure 3, right, of arXiv 2402.17764) beside ours.

use ::paper::figure3::SizeComparison;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, VPos};

use super::groups::Ratios;
use super::ink::{self, INK, OTHER, SMALL, TERNARY, TITLE};
use super::{Chart, Drawn, Figure, render};
use crate::Error;

/// The figure of the comparison, one group of bars a model size.
pub fn paper_chart(sizes: &[SizeComparison]) -> Result<Chart, Error> {
    render(&PaperFigure { sizes })
}

struct PaperFigure<'a> {
    sizes: &'a [SizeComparison],
}

const WIDTH: u32 = 760;
const HEIGHT: u32 = 440;
const MARGIN: i32 = 18;
/// A bar's width and that of its place, in units of the distance between the groups.
const BAR: f64 = 0.32;
const PLACE: f64 = 0.36;

impl Figure for PaperFigure<'_> {
    const NAME: &'static str = "paper ratios";

    fn size(&self) -> (u32, u32) {
        (WIDTH, HEIGHT)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let title = "Energy of arithmetic, FP16 over ternary, by the paper's operation counts";
        area.draw_text(title, &ink::bold(TITLE, INK, HPos::Left, VPos::Top), (MARGIN, 16))?;
        let series = [("printed in arXiv 2402.17764, figure 3", OTHER), ("computed here", TERNARY)];
        let entries = series.map(|(name, color)| (name.to_owned(), color));
        ink::legend(area, (MARGIN + 58, 50), WIDTH as i32 - MARGIN, &entries)?;

        let (_, plot) = area.split_vertically(76);
        let values = |of: fn(&SizeComparison) -> f64| self.sizes.iter().map(of).collect::<Vec<_>>();
        let error = |size: &SizeComparison| Some(format!("{:+.2}%", size.ratio.error_percent));
        let ratios = Ratios {
            axis: "model size, and how far ours is from the printed ratio",
            sizes: self.sizes.iter().map(|size| (size.size.as_str(), error(size))).collect(),
            series: vec![(values(|size| size.ratio.paper), OTHER), (values(|size| size.ratio.ours), TERNARY)],
            filled: [2.0 * PLACE, BAR / PLACE],
            value_text: SMALL,
            margin: MARGIN,
            names: 72,
        };
        ratios.draw(area, &plot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ratios_and_the_error_stand_at_each_size() {
        let costs = energy::CostTable::seven_nm().unwrap();
        let sizes = ::paper::figure3::right(&costs).unwrap();
        let svg = paper_chart(&sizes).unwrap().svg;
        for size in &sizes {
            assert!(svg.contains(&format!("\n{}\n", size.size)), "{}", size.size);
            assert!(svg.contains(&format!("\n{:.1}\n", size.ratio.paper)));
            assert!(svg.contains(&format!("\n{:+.2}%\n", size.ratio.error_percent)));
        }
        assert_eq!(svg.matches("%\n").count(), sizes.len());
    }
}
