//! Groups of bars that stand on names: the axes they share, and the ratios that two charts of the paper show.

use plotters::coord::Shift;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::DrawingArea;
use plotters::prelude::{Cartesian2d, ChartBuilder, ChartContext, DrawingBackend, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor};

use super::Drawn;
use super::ink::{self, BODY, FAINT, GRID, INK, SMALL};

/// Lines across from the values of the vertical axis, and what both axes say; names below are the caller's.
pub(super) fn axes<DB, Y>(
    chart: &mut ChartContext<'_, DB, Cartesian2d<RangedCoordf64, Y>>,
    names: Option<&str>,
    values: &str,
    value: &dyn Fn(&f64) -> String,
) -> Drawn<DB>
where
    DB: DrawingBackend,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut mesh = chart.configure_mesh();
    mesh.disable_x_mesh()
        .x_labels(0)
        .y_max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .y_label_formatter(value)
        .y_label_style(ink::text(SMALL, INK, HPos::Right, VPos::Center))
        .axis_desc_style(ink::text(BODY, INK, HPos::Center, VPos::Bottom))
        .y_desc(values);
    if let Some(names) = names {
        mesh.x_desc(names);
    }
    mesh.draw()
}

/// Energy ratios by model size: a group of bars a size, each with its value above it.
pub(super) struct Ratios<'a> {
    /// What the sizes' axis says.
    pub axis: &'a str,
    /// The groups: a name, and what stands below it in small.
    pub sizes: Vec<(&'a str, Option<String>)>,
    /// The values of each series by size, and its colour.
    pub series: Vec<(Vec<f64>, RGBColor)>,
    /// The share of the distance between two groups that bars take, and the share of its place that a bar takes.
    pub filled: [f64; 2],
    /// The size of the values' text.
    pub value_text: f64,
    /// Margin at the left and the right, and room for names, pixels.
    pub margin: i32,
    pub names: i32,
}

impl Ratios<'_> {
    /// Draws them in `plot`, a part of `whole`, which takes the labels.
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        whole: &DrawingArea<DB, Shift>,
        plot: &DrawingArea<DB, Shift>,
    ) -> Drawn<DB> {
        let values = self.series.iter().flat_map(|(values, _)| values.iter().copied());
        let largest = values.fold(1.0, f64::max);
        let mut chart = ChartBuilder::on(plot)
            .margin_left(self.margin)
            .margin_right(self.margin)
            .margin_bottom(12)
            .x_label_area_size(self.names)
            .y_label_area_size(74)
            .build_cartesian_2d(0.0..self.sizes.len() as f64, 0.0..largest * 1.12)?;
        let label = |ratio: &f64| format!("{ratio:.0}x");
        axes(&mut chart, Some(self.axis), "energy ratio, FP16 / ternary", &label)?;
        let [filled, of_place] = self.filled;
        let place = filled / self.series.len() as f64;
        for (index, (size, note)) in self.sizes.iter().enumerate() {
            let left = index as f64 + (1.0 - filled) / 2.0;
            for (order, (values, color)) in self.series.iter().enumerate() {
                let Some(&value) = values.get(index) else { continue };
                let middle = left + place * (order as f64 + 0.5);
                let half = 0.5 * of_place * place;
                let corners = [(middle - half, value), (middle + half, 0.0)];
                chart.draw_series([Rectangle::new(corners, color.filled())])?;
                let (x, y) = chart.backend_coord(&(middle, value));
                let style = ink::text(self.value_text, INK, HPos::Center, VPos::Bottom);
                whole.draw_text(&format!("{value:.1}"), &style, (x, y - 2))?;
            }
            let (x, y) = chart.backend_coord(&(index as f64 + 0.5, 0.0));
            whole.draw_text(size, &ink::bold(BODY, INK, HPos::Center, VPos::Top), (x, y + 6))?;
            if let Some(note) = note {
                whole.draw_text(note, &ink::text(SMALL, FAINT, HPos::Center, VPos::Top), (x, y + 25))?;
            }
        }
        Ok(())
    }
}
