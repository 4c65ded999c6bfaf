//! The paper's five energy ratios (figure 3, right, of arXiv 2402.17764) beside ours.

use ::paper::figure3::SizeComparison;
use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::{ChartBuilder, DrawingBackend, Rectangle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::ink::{self, BODY, FAINT, GRID, INK, OTHER, SMALL, TERNARY, TITLE};
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
/// A bar's width and half the gap of its group, in units of the distance between the groups.
const BAR: f64 = 0.32;
const HALF_GAP: f64 = 0.02;

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
        let largest = self.sizes.iter().map(|size| size.ratio.paper.max(size.ratio.ours)).fold(1.0, f64::max);
        let groups = self.sizes.len() as f64;
        let mut chart = ChartBuilder::on(&plot)
            .margin_left(MARGIN)
            .margin_right(MARGIN)
            .margin_bottom(12)
            .x_label_area_size(72)
            .y_label_area_size(74)
            .build_cartesian_2d(0.0..groups, 0.0..largest * 1.12)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(0)
            .y_max_light_lines(0)
            .bold_line_style(GRID)
            .axis_style(FAINT)
            .y_label_formatter(&|ratio| format!("{ratio:.0}x"))
            .y_label_style(ink::text(SMALL, INK, HPos::Right, VPos::Center))
            .axis_desc_style(ink::text(BODY, INK, HPos::Center, VPos::Bottom))
            .x_desc("model size, and how far ours is from the printed ratio")
            .y_desc("energy ratio, FP16 / ternary")
            .draw()?;

        for (index, size) in self.sizes.iter().enumerate() {
            let middle = index as f64 + 0.5;
            let bars = [(middle - HALF_GAP - BAR, size.ratio.paper), (middle + HALF_GAP, size.ratio.ours)];
            for ((left, ratio), (_, color)) in bars.into_iter().zip(series) {
                chart.draw_series([Rectangle::new([(left, ratio), (left + BAR, 0.0)], color.filled())])?;
                let (x, y) = chart.backend_coord(&(left + BAR / 2.0, ratio));
                let style = ink::text(SMALL, INK, HPos::Center, VPos::Bottom);
                area.draw_text(&format!("{ratio:.1}"), &style, (x, y - 2))?;
            }
            let (x, y) = chart.backend_coord(&(middle, 0.0));
            area.draw_text(&size.size, &ink::bold(BODY, INK, HPos::Center, VPos::Top), (x, y + 6))?;
            let error = format!("{:+.2}%", size.ratio.error_percent);
            area.draw_text(&error, &ink::text(SMALL, FAINT, HPos::Center, VPos::Top), (x, y + 25))?;
        }
        Ok(())
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
