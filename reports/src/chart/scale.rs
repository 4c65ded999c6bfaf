//! What an engine takes and how fast it runs, by its size.

use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange, LogCoord};
use plotters::drawing::DrawingArea;
use plotters::prelude::{ChartBuilder, Circle, DrawingBackend, LineSeries};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::ink::{self, BODY, FAINT, GRID, INK, PALETTE, SMALL, TITLE};
use super::{Chart, Drawn, Figure, render};
use crate::Error;

/// A quantity of engines of several sizes on one FPGA.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaleSeries {
    /// The FPGA's name.
    pub name: String,
    /// (multiplier-free lanes of the whole engine, the quantity), by size.
    pub points: Vec<(f64, f64)>,
}

/// Two panels over the number of lanes: lookup tables a lane, and the clock in MHz. A series without points is left out of
/// its panel; colours follow the names' order in `luts_per_lane`.
pub fn scale_chart(luts_per_lane: &[ScaleSeries], clock_mhz: &[ScaleSeries]) -> Result<Chart, Error> {
    render(&ScaleFigure { luts_per_lane, clock_mhz })
}

struct ScaleFigure<'a> {
    luts_per_lane: &'a [ScaleSeries],
    clock_mhz: &'a [ScaleSeries],
}

const PANEL: u32 = 520;
const HEIGHT: u32 = 440;
const TOP: u32 = 84;
const MARGIN: i32 = 18;

impl ScaleFigure<'_> {
    fn panel<DB: DrawingBackend>(
        &self,
        area: &DrawingArea<DB, Shift>,
        axis: &str,
        series: &[ScaleSeries],
    ) -> Drawn<DB> {
        let sizes = || self.luts_per_lane.iter().flat_map(|series| &series.points).map(|point| point.0);
        let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(1.0, f64::max));
        let highest =
            series.iter().flat_map(|series| &series.points).map(|point| point.1).fold(1.0, f64::max);
        let x: LogCoord<f64> = (least / 1.3..most * 1.3).log_scale().base(2.0).into();
        let mut ticks: Vec<f64> = sizes().collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        // Every other size, so that numbers do not touch.
        let ticks: Vec<f64> = ticks.into_iter().step_by(2).collect();
        let mut chart = ChartBuilder::on(area)
            .margin_left(MARGIN)
            .margin_right(MARGIN)
            .margin_bottom(MARGIN)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(x.with_key_points(ticks), 0.0..highest * 1.15)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(12)
            .y_labels(6)
            .y_max_light_lines(0)
            .bold_line_style(GRID)
            .axis_style(FAINT)
            .x_label_formatter(&|lanes| format!("{lanes:.0}"))
            .x_label_style(ink::text(SMALL, INK, HPos::Center, VPos::Top))
            .y_label_formatter(&|value| format!("{value:.0}"))
            .y_label_style(ink::text(SMALL, INK, HPos::Right, VPos::Center))
            .axis_desc_style(ink::text(BODY, INK, HPos::Center, VPos::Bottom))
            .x_desc("lanes x columns")
            .y_desc(axis)
            .draw()?;
        for series in series.iter().filter(|series| !series.points.is_empty()) {
            let color = self.color(&series.name);
            let points = || series.points.iter().copied();
            chart.draw_series(LineSeries::new(points(), color.stroke_width(2)))?;
            chart.draw_series(points().map(|point| Circle::new(point, 4, color.filled())))?;
        }
        Ok(())
    }

    fn color(&self, name: &str) -> plotters::style::RGBColor {
        let place = self.luts_per_lane.iter().position(|series| series.name == name).unwrap_or(0);
        PALETTE[place % PALETTE.len()]
    }
}

impl Figure for ScaleFigure<'_> {
    const NAME: &'static str = "scale";

    fn size(&self) -> (u32, u32) {
        (2 * PANEL, HEIGHT)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let title = "What the engine takes by its size, and the clock it reaches";
        area.draw_text(title, &ink::bold(TITLE, INK, HPos::Left, VPos::Top), (MARGIN, 16))?;
        let entries: Vec<_> =
            self.luts_per_lane.iter().map(|series| (series.name.clone(), self.color(&series.name))).collect();
        ink::legend(area, (MARGIN, 50), self.size().0.cast_signed(), &entries)?;
        let (_, panels) = area.split_vertically(TOP);
        let (left, right) = panels.split_horizontally(PANEL);
        self.panel(&left, "LUTs a lane", self.luts_per_lane)?;
        self.panel(&right, "routed clock, MHz", self.clock_mhz)
    }
}
