//! How a simulation's own time grows with what is simulated.

use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange, LogCoord};
use plotters::drawing::DrawingArea;
use plotters::prelude::{ChartBuilder, Circle, DrawingBackend, LineSeries};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor};

use super::ink::{self, BODY, FAINT, GRID, INK, PALETTE, SMALL, TITLE};
use super::{Chart, Drawn, Figure, render};
use crate::Error;

/// Times of simulations that differ in one size.
#[derive(Clone, Debug, PartialEq)]
pub struct GrowthSeries {
    /// The size that grows.
    pub name: String,
    /// (that size over the smallest one, the time over the smallest one's).
    pub points: Vec<(f64, f64)>,
}

/// Times over sizes, both logarithmic, beside the line of times that grow as the size does.
pub fn growth_chart(series: &[GrowthSeries]) -> Result<Chart, Error> {
    render(&GrowthFigure { series })
}

struct GrowthFigure<'a> {
    series: &'a [GrowthSeries],
}

const SIZE: (u32, u32) = (760, 460);
const TOP: u32 = 84;
const MARGIN: i32 = 18;

impl GrowthFigure<'_> {
    fn colors(&self) -> impl Iterator<Item = (&GrowthSeries, RGBColor)> {
        self.series.iter().zip(PALETTE.iter().copied().cycle())
    }
}

impl Figure for GrowthFigure<'_> {
    const NAME: &'static str = "growth";

    fn size(&self) -> (u32, u32) {
        SIZE
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let title = "The simulator's own time by the size of what it simulates";
        area.draw_text(title, &ink::bold(TITLE, INK, HPos::Left, VPos::Top), (MARGIN, 16))?;
        let linear = ("linear".to_owned(), FAINT);
        let entries: Vec<_> =
            self.colors().map(|(series, color)| (series.name.clone(), color)).chain([linear]).collect();
        ink::legend(area, (MARGIN, 50), SIZE.0.cast_signed(), &entries)?;
        let (_, area) = area.split_vertically(TOP);
        let sizes = || self.series.iter().flat_map(|series| &series.points).map(|point| point.0);
        let largest = sizes().fold(1.0, f64::max);
        let mut ticks: Vec<f64> = sizes().collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        let lowest =
            self.series.iter().flat_map(|series| &series.points).map(|point| point.1).fold(1.0, f64::min);
        let x: LogCoord<f64> = (0.9..largest * 1.1).log_scale().base(2.0).into();
        let y: LogCoord<f64> = (lowest * 0.8..largest * 1.2).log_scale().base(2.0).into();
        let mut chart = ChartBuilder::on(&area)
            .margin_left(MARGIN)
            .margin_right(MARGIN)
            .margin_bottom(MARGIN)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(x.with_key_points(ticks.clone()), y.with_key_points(ticks))?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(12)
            .y_labels(12)
            .y_max_light_lines(0)
            .bold_line_style(GRID)
            .axis_style(FAINT)
            .x_label_formatter(&|size| format!("{size:.0}"))
            .x_label_style(ink::text(SMALL, INK, HPos::Center, VPos::Top))
            .y_label_formatter(&|time| format!("{time:.0}"))
            .y_label_style(ink::text(SMALL, INK, HPos::Right, VPos::Center))
            .axis_desc_style(ink::text(BODY, INK, HPos::Center, VPos::Bottom))
            .x_desc("size, over the smallest")
            .y_desc("time, over the smallest's")
            .draw()?;
        chart.draw_series(LineSeries::new([(1.0, 1.0), (largest, largest)], FAINT.stroke_width(2)))?;
        for (series, color) in self.colors() {
            let points = || series.points.iter().copied();
            chart.draw_series(LineSeries::new(points(), color.stroke_width(2)))?;
            chart.draw_series(points().map(|point| Circle::new(point, 4, color.filled())))?;
        }
        Ok(())
    }
}
