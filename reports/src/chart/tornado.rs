//! What the system's energy ratio depends on: a bar a cost, from the ratio with the cost at its lowest to that at its highest.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::{ChartBuilder, DrawingBackend, PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor};
use sim::sensitivity::Swing;

use super::ink::{self, BODY, FAINT, FP16, GRID, INK, SMALL, TERNARY, TITLE};
use super::{Chart, Drawn, Figure, render};
use crate::Error;
use crate::sensitivity::change;
use crate::units::times;

/// The widest bars on top; `title` says of what, `ratio` is that of the costs as they are.
pub fn tornado_chart(title: &str, ratio: f64, swings: &[Swing]) -> Result<Chart, Error> {
    let seen = swings.iter().take_while(|swing| swing.width() >= LEAST_WIDTH * ratio).count();
    let swings = &swings[..seen.min(MOST_BARS)];
    render(&TornadoFigure { title, ratio, swings })
}

const MOST_BARS: usize = 12;
/// Of the ratio; narrower bars would not be seen.
const LEAST_WIDTH: f64 = 1e-3;
const WIDTH: u32 = 900;
const BAR: i32 = 34;
const TOP: i32 = 96;
const BOTTOM: i32 = 60;
const MARGIN: i32 = 18;
/// Room for names and ranges at the left.
const NAMES: i32 = 250;

struct TornadoFigure<'a> {
    title: &'a str,
    ratio: f64,
    swings: &'a [Swing],
}

impl Figure for TornadoFigure<'_> {
    const NAME: &'static str = "tornado";

    fn size(&self) -> (u32, u32) {
        (WIDTH, (TOP + BAR * self.bars() + BOTTOM).unsigned_abs())
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        let title = format!("What the energy ratio of the whole system depends on: {}", self.title);
        area.draw_text(&title, &ink::bold(TITLE, INK, HPos::Left, VPos::Top), (MARGIN, 16))?;
        let entries = [("the cost at its lowest", LOW), ("at its highest", HIGH)];
        let entries = entries.map(|(name, color)| (name.to_owned(), color));
        ink::legend(area, (MARGIN, 50), WIDTH as i32 - MARGIN, &entries)?;
        if self.swings.iter().any(|swing| swing.variation.assumed) {
            let note = "* no published range: 30% either way";
            let style = ink::text(SMALL, FAINT, HPos::Right, VPos::Top);
            area.draw_text(note, &style, (WIDTH as i32 - MARGIN, 52))?;
        }

        let (_, plot) = area.split_vertically(TOP - 10);
        let ends = || self.swings.iter().flat_map(|swing| swing.ratios).chain([self.ratio]);
        let (low, high) = (ends().fold(f64::INFINITY, f64::min), ends().fold(0.0, f64::max));
        // Room for the numbers at the bars' ends.
        let room = ((high - low) * 0.14).max(0.01 * self.ratio);
        let bars = f64::from(self.bars());
        let mut chart = ChartBuilder::on(&plot)
            .margin_left(NAMES)
            .margin_right(MARGIN)
            .margin_bottom(8)
            .x_label_area_size(46)
            .build_cartesian_2d(low - room..high + room, 0.0..bars)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .x_max_light_lines(0)
            .x_labels(8)
            .bold_line_style(GRID)
            .axis_style(FAINT)
            .x_label_formatter(&|ratio| times(*ratio))
            .x_label_style(ink::text(SMALL, INK, HPos::Center, VPos::Top))
            .axis_desc_style(ink::text(BODY, INK, HPos::Center, VPos::Bottom))
            .x_desc("FP16 energy / ternary energy of a token")
            .draw()?;
        for (index, swing) in (0_i32..).zip(self.swings) {
            let middle = bars - f64::from(index) - 0.5;
            for (ratio, color) in swing.ratios.into_iter().zip([LOW, HIGH]) {
                let corners = [(self.ratio, middle + 0.32), (ratio, middle - 0.32)];
                chart.draw_series([Rectangle::new(corners, color.filled())])?;
                if (ratio - self.ratio).abs() > 0.3 * LEAST_WIDTH * self.ratio {
                    let (x, y) = chart.backend_coord(&(ratio, middle));
                    let (side, x) =
                        if ratio < self.ratio { (HPos::Right, x - 5) } else { (HPos::Left, x + 5) };
                    area.draw_text(&times(ratio), &ink::text(SMALL, INK, side, VPos::Center), (x, y))?;
                }
            }
            let (x, y) = chart.backend_coord(&(low - room, middle));
            let [least, most] = swing.variation.factors.map(change);
            let mark = if swing.variation.assumed { " *" } else { "" };
            let name = format!("{}  {least} to {most}{mark}", swing.variation.knob.name());
            area.draw_text(&name, &ink::text(SMALL, INK, HPos::Right, VPos::Center), (x - 8, y))?;
        }
        let line = [(self.ratio, 0.0), (self.ratio, bars)];
        chart.draw_series([PathElement::new(line.to_vec(), INK.stroke_width(1))])?;
        Ok(())
    }
}

const LOW: RGBColor = TERNARY;
const HIGH: RGBColor = FP16;

impl TornadoFigure<'_> {
    /// At least one bar's height, even where nothing moves the ratio.
    fn bars(&self) -> i32 {
        i32::try_from(self.swings.len()).unwrap_or(i32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn every_cost_has_its_range_and_both_ends() {
        let svg = tornado_chart("decode", 12.5, &example::swings()).unwrap().svg;
        for text in ["static_w  -30% to +30% *", "dram_pj  -2.0% to +74%", "11.2x", "13.8x", "12.6x", "11.5x"]
        {
            assert!(svg.contains(&format!("\n{text}\n")), "{text}");
        }
    }

    #[test]
    fn nothing_to_vary_is_an_empty_chart() {
        assert!(tornado_chart("decode", 12.5, &[]).is_ok());
    }
}
