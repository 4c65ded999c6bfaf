//! Latency and throughput by model size, FP16 against ternary, for each phase; both on a logarithmic scale.
//!
//! The models stand in the order given. A line joins them where that is from the fastest to the slowest, as it is from the
//! smallest to the largest on one chip and with one batch; elsewhere it would show a trend that there is none.

use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange, LogCoord};
use plotters::drawing::DrawingArea;
use plotters::prelude::{ChartBuilder, Circle, DrawingBackend, LineSeries};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor};
use sim::result::{Phase, PhaseReport, Report};

use super::groups::axes;
use super::ink::{self, BODY, FAINT, FP16, HEADING, INK, SMALL, TERNARY, TITLE};
use super::{Chart, Drawn, Figure, font, render};
use crate::Error;
use crate::sweep::{batch_pair, batches, batches_differ};
use crate::units::{prefix, significant};

/// The figure of several models on one chip, in the order given; of the phases, those that all reports have.
pub fn size_chart(reports: &[Report]) -> Result<Chart, Error> {
    render(&SizeFigure::new(reports))
}

struct SizeFigure {
    title: String,
    /// Model names, from left to right.
    models: Vec<String>,
    /// Whether each model takes the baseline no less time than the one before.
    ascending: bool,
    rows: Vec<Row>,
}

/// One phase.
struct Row {
    title: String,
    /// What stands under the models' names.
    notes: Vec<Note>,
    panels: [Panel; 2],
}

/// What the ternary machine and the baseline have of something, below each model.
struct Note {
    /// Of what.
    of: &'static str,
    /// `1 vs 2`, by model.
    by_model: Vec<String>,
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
/// The models' names and the axis' description.
const X_LABELS: i32 = 48;
/// A line of notes under them.
const NOTE: i32 = 18;

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
            ascending: rows.iter().all(Row::is_ascending),
            rows,
        }
    }

    /// Names stand beside one another without touching, and so do the notes.
    fn width_of_panel(&self) -> u32 {
        let models = self.models.iter().map(|model| font::width(model, BODY));
        let notes = self
            .rows
            .iter()
            .flat_map(|row| &row.notes)
            .flat_map(|note| &note.by_model)
            .map(|note| font::width(note, SMALL));
        let widest = models.chain(notes).max().unwrap_or(0);
        let names: i32 = self.models.iter().map(|_| widest + 10).sum();
        LEAST_PANEL.max(Y_LABELS + (names + 2 * MARGIN) as u32)
    }

    /// One quantity of one phase, in an area of the whole, which takes the labels.
    fn panel<DB: DrawingBackend>(
        &self,
        (whole, area): (&DrawingArea<DB, Shift>, &DrawingArea<DB, Shift>),
        notes: &[Note],
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
            .x_label_area_size(X_LABELS + notes.iter().map(|_| NOTE).sum::<i32>())
            .y_label_area_size(Y_LABELS)
            .build_cartesian_2d(-0.5..models - 0.5, y.with_key_points(ticks(low, high)))?;
        axes(&mut chart, Some(&description(notes)), panel.axis, &|value| short(*value, 1))?;
        for (machine, (_, color)) in MACHINES.into_iter().enumerate() {
            let points =
                || panel.values.iter().enumerate().map(|(model, values)| (model as f64, values[machine]));
            if self.ascending {
                chart.draw_series(LineSeries::new(points(), color.stroke_width(2)))?;
            }
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
        for (index, model) in self.models.iter().enumerate() {
            let (x, mut y) = chart.backend_coord(&(index as f64, low));
            y += 7;
            whole.draw_text(model, &ink::text(BODY, INK, HPos::Center, VPos::Top), (x, y))?;
            for note in notes {
                y += NOTE;
                let style = ink::text(SMALL, FAINT, HPos::Center, VPos::Top);
                whole.draw_text(&note.by_model[index], &style, (x, y))?;
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
                self.panel((area, area_of_panel), &row.notes, panel)?;
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
            Phase::Prefill => {
                (format!("prompt of {} tokens", options.prompt), "time to first token, ms (log)")
            }
            Phase::Decode => {
                (format!("{} tokens in the cache", options.context), "latency of a token, ms (log)")
            }
        };
        let title = format!("{}, {work}, batch {}", phase.name(), batches(reports));
        let values = |quantity: fn(&sim::result::Run) -> f64| {
            phases.iter().map(|phase| [quantity(&phase.ternary), quantity(&phase.fp16)]).collect()
        };
        Some(Row {
            title,
            notes: [chips(&phases), batch(reports)].into_iter().flatten().collect(),
            panels: [
                Panel { axis: latency, values: values(|run| run.seconds * 1e3) },
                Panel { axis: "throughput, tokens/s (log)", values: values(|run| run.tokens_per_second) },
            ],
        })
    }

    /// Whether each model takes the baseline no less time than the one before.
    fn is_ascending(&self) -> bool {
        let [latency, _] = &self.panels;
        latency.values.is_sorted_by(|[_, one], [_, next]| one <= next)
    }
}

/// The chips, where any machine is more than one.
fn chips(phases: &[PhaseReport]) -> Option<Note> {
    let pair = |phase: &PhaseReport| format!("{} vs {}", phase.ternary.chips, phase.fp16.chips);
    let several = phases.iter().any(|phase| phase.ternary.chips.max(phase.fp16.chips) > 1);
    several.then(|| Note { of: "chips", by_model: phases.iter().map(pair).collect() })
}

/// The batches, where they differ.
fn batch(reports: &[Report]) -> Option<Note> {
    batches_differ(reports).then(|| Note { of: "batch", by_model: reports.iter().map(batch_pair).collect() })
}

/// What the axis of the models says.
fn description(notes: &[Note]) -> String {
    match notes.iter().map(|note| note.of).collect::<Vec<_>>().as_slice() {
        [] => "model".to_owned(),
        [one] => format!("model, and {one}: ternary vs FP16"),
        several => format!("model, {}: ternary vs FP16", several.join(" and ")),
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
        for label in [
            "700m",
            "70b",
            "1 vs 2",
            "ternary",
            "FP16",
            "throughput, tokens/s (log)",
            "time to first token, ms (log)",
        ] {
            assert!(svg.contains(&format!("\n{label}\n")), "{label}");
        }
        // 5.512345 ms and a tenth of it against 53.123456 ms.
        assert!(["5.51", "0.551", "53.1"].iter().all(|value| svg.contains(&format!("\n{value}\n"))));
    }

    #[test]
    fn only_models_in_the_order_of_their_latency_are_joined() {
        let mut small = example::report();
        for phase in &mut small.phases {
            phase.fp16.seconds /= 10.0;
        }
        // Two machines in two panels of two phases.
        let lines = |reports: &[Report]| size_chart(reports).unwrap().svg.matches("<polyline").count();
        let large = example::report();
        let axes = lines(&[large.clone(), small.clone()]);
        assert_eq!(lines(&[small.clone(), large.clone()]), axes + 8);
        assert_eq!(lines(&[large, small]), axes);
    }

    #[test]
    fn notes_are_under_the_models_and_take_no_room_where_there_are_none() {
        let report = example::report();
        let figure = SizeFigure::new(std::slice::from_ref(&report));
        assert_eq!(description(&figure.rows[0].notes), "model, chips and batch: ternary vs FP16");
        assert!(size_chart(std::slice::from_ref(&report)).unwrap().svg.contains("\n4 vs 2\n"));

        let mut plain = report;
        plain.options.fp16_batch = 4;
        for phase in &mut plain.phases {
            phase.fp16.chips = 1;
        }
        assert!(SizeFigure::new(std::slice::from_ref(&plain)).rows[0].notes.is_empty());
        // The description stands right under the models' names, so their axis is lower.
        let axis = |report: Report| {
            let svg = size_chart(&[report]).unwrap().svg;
            let before = &svg[..svg.find("\n70b\n").unwrap()];
            let y = before.rsplit(" y=\"").next().unwrap().split('"').next().unwrap();
            y.parse::<i32>().unwrap()
        };
        let mut two_chips = plain.clone();
        two_chips.phases[0].fp16.chips = 2;
        assert_eq!(axis(plain), axis(two_chips) + NOTE);
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
