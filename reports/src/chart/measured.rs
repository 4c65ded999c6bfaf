//! Memory and latency as the paper measured them on an A100, beside the models of them.

use ::paper::{Format, Reproduction};
use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange, LogCoord};
use plotters::drawing::DrawingArea;
use plotters::prelude::{ChartBuilder, Circle, DrawingBackend, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor};

use super::groups::axes;
use super::ink::{self, BODY, FP16, INK, OTHER, SMALL, TERNARY, TITLE};
use super::{Chart, Drawn, Figure, render};
use crate::Error;

/// Two panels by model size, memory and latency: bars for what is published, points for what is computed, and the errors below.
pub fn measured_chart(reproduction: &Reproduction) -> Result<Chart, Error> {
    let gb = reproduction.bytes_per_gb as f64;
    let memory = reproduction.memories.iter();
    let memory = memory.map(|m| (m.size.as_str(), m.format, m.paper_bytes / gb, m.terms.total() / gb));
    let latency = reproduction.latencies.iter().map(|l| (l.size.as_str(), l.format, l.paper_ms, l.fitted_ms));
    let panels = [
        ("memory, GB of 2^30 bytes (log)", memory.collect()),
        ("latency, ms a token (log)", latency.collect()),
    ];
    let mut sizes: Vec<&str> = Vec::new();
    for memory in &reproduction.memories {
        if !sizes.contains(&memory.size.as_str()) {
            sizes.push(&memory.size);
        }
    }
    render(&MeasuredFigure { sizes, panels })
}

/// Model size, format, as published, as computed.
type Value<'a> = (&'a str, Format, f64, f64);

struct MeasuredFigure<'a> {
    sizes: Vec<&'a str>,
    panels: [(&'static str, Vec<Value<'a>>); 2],
}

const WIDTH: u32 = 860;
const PANEL: u32 = 370;
const TOP: i32 = 80;
const MARGIN: i32 = 18;
/// A bar's width, in units of the distance between the sizes.
const BAR: f64 = 0.3;

impl Figure for MeasuredFigure<'_> {
    const NAME: &'static str = "memory and latency";

    fn size(&self) -> (u32, u32) {
        (WIDTH, TOP.unsigned_abs() + 2 * PANEL)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let title = "The paper's A100 (table 1, figure 2), measured and modelled";
        area.draw_text(title, &ink::bold(TITLE, INK, HPos::Left, VPos::Top), (MARGIN, 16))?;
        let entries = [("as published", OTHER), ("FP16, computed", FP16), ("ternary, computed", TERNARY)];
        let entries = entries.map(|(name, color)| (name.to_owned(), color));
        ink::legend(area, (MARGIN, 50), WIDTH as i32 - MARGIN, &entries)?;
        let (_, mut rest) = area.split_vertically(TOP);
        for (axis, values) in &self.panels {
            let (this, below) = rest.split_vertically(PANEL);
            self.panel(area, &this, axis, values)?;
            rest = below;
        }
        Ok(())
    }
}

impl MeasuredFigure<'_> {
    fn panel<DB: DrawingBackend>(
        &self,
        whole: &DrawingArea<DB, Shift>,
        area: &DrawingArea<DB, Shift>,
        axis: &str,
        values: &[Value<'_>],
    ) -> Drawn<DB> {
        let published = || values.iter().map(|value| value.2);
        let low = 10_f64.powf(published().fold(f64::INFINITY, f64::min).log10().floor());
        let high = published().fold(0.0, f64::max) * 2.2;
        let decades = (0..8).map(|power| low * 10_f64.powi(power)).filter(|tick| *tick <= high).collect();
        let y: LogCoord<f64> = (low..high).log_scale().into();
        let mut chart = ChartBuilder::on(area)
            .margin_left(MARGIN)
            .margin_right(MARGIN)
            .margin_bottom(12)
            .x_label_area_size(66)
            .y_label_area_size(74)
            .build_cartesian_2d(0.0..self.sizes.len() as f64, y.with_key_points(decades))?;
        axes(&mut chart, None, axis, &|value| format!("{value:.1}"))?;
        for &(size, format, paper, ours) in values {
            let Some(index) = self.sizes.iter().position(|known| *known == size) else { continue };
            let (offset, color) = place(format);
            let x = index as f64 + 0.5 + offset;
            chart.draw_series([Rectangle::new(
                [(x - BAR / 2.0, paper), (x + BAR / 2.0, low)],
                OTHER.filled(),
            )])?;
            chart.draw_series([Circle::new((x, ours), 5, color.filled())])?;
            let (x_pixel, y_pixel) = chart.backend_coord(&(x, paper.max(ours)));
            let label = ink::text(SMALL, INK, HPos::Center, VPos::Bottom);
            whole.draw_text(&short(paper), &label, (x_pixel, y_pixel - 7))?;
            let (_, bottom) = chart.backend_coord(&(x, low));
            let error = format!("{:+.1}%", 100.0 * (ours / paper - 1.0));
            let style = ink::text(SMALL - 2.0, color, HPos::Center, VPos::Top);
            whole.draw_text(&error, &style, (x_pixel, bottom + 26))?;
        }
        for (index, size) in self.sizes.iter().enumerate() {
            let (x, y) = chart.backend_coord(&(index as f64 + 0.5, low));
            whole.draw_text(size, &ink::bold(BODY, INK, HPos::Center, VPos::Top), (x, y + 5))?;
        }
        Ok(())
    }
}

/// Where a format stands in its group, and its colour.
fn place(format: Format) -> (f64, RGBColor) {
    match format {
        Format::Fp16 => (-0.2, FP16),
        Format::Ternary => (0.2, TERNARY),
    }
}

/// Three digits at most, as printed: `0.8`, `1.14`, `132`.
fn short(value: f64) -> String {
    crate::units::significant(value, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_stands_below_its_bar() {
        let reproduction = ::paper::reproduce(&energy::CostTable::seven_nm().unwrap()).unwrap();
        let svg = measured_chart(&reproduction).unwrap().svg;
        assert_eq!(svg.matches("%\n").count(), 26);
        for latency in &reproduction.latencies {
            let error = 100.0 * (latency.fitted_ms / latency.paper_ms - 1.0);
            assert!(svg.contains(&format!("\n{error:+.1}%\n")), "{latency:?}");
        }
    }
}
