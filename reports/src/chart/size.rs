//! Latency and throughput by model size, FP16 against ternary, for each phase; both on a logarithmic scale.

use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange, LogCoord};
use plotters::drawing::DrawingArea;
use plotters::prelude::{ChartBuilder, Circle, DrawingBackend, LineSeries};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor};
use sim::result::{Phase, PhaseReport, Report};

use super::ink::{self, BODY, FAINT, FP16, GRID, HEADING, INK, SMALL, TERNARY, TITLE};
use super::{Chart, Drawn, Figure, font, render};
use crate::Error;
use crate::sweep::batches;
use crate::units::{prefix, significant};

/// The figure of several models on one chip, in the order given; of the phases, those that all reports have.
pub fn size_chart(reports: &[Report]) -> Result<Chart, Error> {
    render(&SizeFigure::new(reports))
}

struct SizeFigure {
    title: String,
    /// Model names, from left to right.
    models: Vec<String>,
    /// Whether any machine is more than one chip.
    several_chips: bool,
    rows: Vec<Row>,
}

/// One phase.
struct Row {
    title: String,
    /// Chips of the ternary machine and of the baseline, by model.
    chips: Vec<[u64; 2]>,
    panels: [Panel; 2],
}

/// One quantity by model.
struct Panel {
    axis: &'static str,
    /// The ternary machine's and the baseline's value, by model.
    values: Vec<[f64; 2]>,
}

const LEAST_PANEL: u32 = 520;
const Y_LABELS: u32 = 84;
const TOP: u32 = 84;
const ROW: u32 = 340;
const MARGIN: i32 = 18;

impl SizeFigure {
    fn new(reports: &[Report]) -> Self {
        let chip = reports.first().map_or("", |report| report.chip.as_str());
        let rows: Vec<_> = [Phase::Prefill, Phase::Decode]
            .into_iter()
            .filter_map(|phase| Row::new(phase, reports))
            .collect();
        SizeFigure {
            title: format!("Latency and throughput by model size on {chip}"),
            models: reports.iter().map(|report| shortened(&report.model)).collect(),
            several_chips: rows.iter().flat_map(|row| row.chips.as_flattened()).any(|chips| *chips > 1),
            rows,
        }
    }

    /// Names stand beside one another without touching.
    fn width_of_panel(&self) -> u32 {
        let widest = self.models.iter().map(|model| font::width(model, BODY)).max().unwrap_or(0);
        let names: i32 = self.models.iter().map(|_| widest + 10).sum();
        LEAST_PANEL.max(Y_LABELS + (names + 2 * MARGIN) as u32)
    }

    /// One quantity of one phase, in an area of the whole, which takes the labels.
    fn panel<DB: DrawingBackend>(
        &self,
        (whole, area): (&DrawingArea<DB, Shift>, &DrawingArea<DB, Shift>),
        chips: &[[u64; 2]],
        panel: &Panel,
    ) -> Drawn<DB> {
        let all = panel.values.iter().flatten().copied();
        let (low, high) = (all.clone().fold(f64::INFINITY, f64::min), all.fold(0.0, f64::max));
        // Room for the labels above the highest point and below the lowest.
        let room = (high / low).powf(0.13).max(1.3);
        let (low, high) = (low / room, high * room);
        let y: LogCoord<f64> = (low..high).log_scale().into();
        let models = self.models.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin_left(MARGIN)
            .margin_right(MARGIN)
            .margin_bottom(MARGIN)
            .x_label_area_size(66)
            .y_label_area_size(Y_LABELS)
            .build_cartesian_2d(-0.5..models - 0.5, y.with_key_points(ticks(low, high)))?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(0)
            .y_max_light_lines(0)
            .bold_line_style(GRID)
            .axis_style(FAINT)
            .y_label_formatter(&|value| short(*value, 1))
            .y_label_style(ink::text(SMALL, INK, HPos::Right, VPos::Center))
            .axis_desc_style(ink::text(BODY, INK, HPos::Center, VPos::Bottom))
            .x_desc(if self.several_chips { "model, and chips: ternary vs FP16" } else { "model" })
            .y_desc(panel.axis)
            .draw()?;
        for (machine, (_, color)) in MACHINES.into_iter().enumerate() {
            let points =
                || panel.values.iter().enumerate().map(|(model, values)| (model as f64, values[machine]));
            chart.draw_series(LineSeries::new(points(), color.stroke_width(2)))?;
            chart.draw_series(points().map(|point| Circle::new(point, 4, color.filled())))?;
            for ((model, value), values) in points().zip(&panel.values) {
                let (x, y) = chart.backend_coord(&(model, value));
                let above = value >= values[1 - machine];
                let (vertical, y) = if above { (VPos::Bottom, y - 7) } else { (VPos::Top, y + 8) };
                whole.draw_text(
                    &short(value, 3),
                    &ink::text(SMALL, color, HPos::Center, vertical),
                    (x, y),
                )?;
            }
        }
        for (index, (model, [ternary, fp16])) in self.models.iter().zip(chips).enumerate() {
            let (x, y) = chart.backend_coord(&(index as f64, low));
            whole.draw_text(model, &ink::text(BODY, INK, HPos::Center, VPos::Top), (x, y + 7))?;
            if self.several_chips {
                let chips = format!("{ternary} vs {fp16}");
                whole.draw_text(&chips, &ink::text(SMALL, FAINT, HPos::Center, VPos::Top), (x, y + 25))?;
            }
        }
        Ok(())
    }
}

/// The series, in the order of a pair of values.
const MACHINES: [(&str, RGBColor); 2] = [("ternary", TERNARY), ("FP16", FP16)];

impl Figure for SizeFigure {
    const NAME: &'static str = "latency and throughput";

    fn size(&self) -> (u32, u32) {
        (2 * self.width_of_panel(), TOP + ROW * u32::try_from(self.rows.len()).unwrap_or(u32::MAX))
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        area.draw_text(&self.title, &ink::bold(TITLE, INK, HPos::Left, VPos::Top), (MARGIN, 16))?;
        let entries = MACHINES.map(|(name, color)| (name.to_owned(), color));
        ink::legend(area, (MARGIN, 50), self.size().0 as i32, &entries)?;
        let (_, mut rest) = area.split_vertically(TOP);
        for row in &self.rows {
            let (this, below) = rest.split_vertically(ROW);
            this.draw_text(&row.title, &ink::text(HEADING, INK, HPos::Left, VPos::Top), (MARGIN, 4))?;
            let (_, panels) = this.split_vertically(32);
            let (left, right) = panels.split_horizontally(self.width_of_panel());
            for (area_of_panel, panel) in [&left, &right].into_iter().zip(&row.panels) {
                self.panel((area, area_of_panel), &row.chips, panel)?;
            }
            rest = below;
        }
        Ok(())
    }
}

impl Row {
    /// The phase's row, if all reports have the phase.
    fn new(phase: Phase, reports: &[Report]) -> Option<Row> {
        let of = |report: &'_ Report| report.phases.iter().find(|one| one.ternary.phase == phase).cloned();
        let phases: Vec<PhaseReport> = reports.iter().map(of).collect::<Option<_>>()?;
        let options = &reports.first()?.options;
        let (work, latency) = match phase {
            Phase::Prefill => (format!("prompt of {} tokens", options.prompt), "time to first token, ms"),
            Phase::Decode => (format!("{} tokens in the cache", options.context), "latency of a token, ms"),
        };
        let title = format!("{}, {work}, batch {}", phase.name(), batches(reports));
        let values = |quantity: fn(&sim::result::Run) -> f64| {
            phases.iter().map(|phase| [quantity(&phase.ternary), quantity(&phase.fp16)]).collect()
        };
        Some(Row {
            title,
            chips: phases.iter().map(|phase| [phase.ternary.chips, phase.fp16.chips]).collect(),
            panels: [
                Panel { axis: latency, values: values(|run| run.seconds * 1e3) },
                Panel { axis: "throughput, tokens/s", values: values(|run| run.tokens_per_second) },
            ],
        })
    }
}

/// A name that leaves room for others.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 18;
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// 1, 2 and 5 of every decade between the two; the powers of ten alone where that is many.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = (high / low).log10();
    let steps: &[f64] = if decades > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let powers = (-30..30).map(|power| 10f64.powi(power));
    powers
        .flat_map(|power| steps.iter().map(move |step| step * power))
        .filter(|tick| (low..=high).contains(tick))
        .collect()
}

/// A number with few digits in little room: `0.5`, `53.1`, `371k`.
fn short(value: f64, digits: i32) -> String {
    if value < 1e4 {
        return significant(value, digits);
    }
    let (unit, prefix) = prefix(value);
    format!("{}{prefix}", significant(value / unit, digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn every_model_machine_and_value_is_labelled() {
        let mut small = example::report();
        small.model = "700m".to_owned();
        for phase in &mut small.phases {
            phase.ternary.seconds /= 10.0;
            phase.fp16.chips = 1;
        }
        let svg = size_chart(&[small, example::report()]).unwrap().svg;
        for label in
            ["700m", "70b", "1 vs 2", "ternary", "FP16", "throughput, tokens/s", "time to first token, ms"]
        {
            assert!(svg.contains(&format!("\n{label}\n")), "{label}");
        }
        // 5.512345 ms and a tenth of it against 53.123456 ms.
        assert!(["5.51", "0.551", "53.1"].iter().all(|value| svg.contains(&format!("\n{value}\n"))));
    }

    #[test]
    fn a_phase_that_some_lack_is_left_out() {
        let mut decode_only = example::report();
        decode_only.phases.remove(0);
        let figure = SizeFigure::new(&[decode_only, example::report()]);
        assert_eq!(figure.rows.len(), 1);
        assert!(figure.rows[0].title.starts_with("decode"));
    }

    #[test]
    fn many_long_names_make_the_figure_wider() {
        let mut long = example::report();
        long.model = "a-checkpoint-with-a-long-name".to_owned();
        let one = SizeFigure::new(&[long.clone()]);
        assert_eq!((one.models[0].as_str(), one.size().0), ("a-checkpoint-with…", 1040));
        assert!(SizeFigure::new(&vec![long; 9]).size().0 > 2000);
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.4, 30.0), [0.5, 1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(ticks(0.5, 2e4), [1.0, 10.0, 100.0, 1000.0, 10000.0]);
        assert_eq!([0.5, 20.0, 2e4, 1e6].map(|tick| short(tick, 1)), ["0.5", "20", "20k", "1M"]);
    }
}
