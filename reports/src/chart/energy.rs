//! Where the energy of a token goes, by the system accounting: FP16 against ternary, for each phase.
//!
//! The machines differ tenfold, so that one scale cannot show both: the left panel compares the joules, the right one
//! each machine's shares.

use std::collections::{BTreeMap, BTreeSet};

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::{ChartBuilder, DrawingBackend, PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor, WHITE};
use sim::result::{PhaseReport, Report};

use super::ink::{self, BODY, FAINT, GRID, HEADING, INK, LEGEND_LINE, OTHER, PALETTE, SMALL, TITLE};
use super::{Chart, Drawn, Figure, render};
use crate::Error;
use crate::machine::{machines, system_components};
use crate::units::{prefix, si, times};

/// The figure of one report.
pub fn energy_chart(report: &Report) -> Result<Chart, Error> {
    render(&EnergyFigure::new(report))
}

struct EnergyFigure {
    title: String,
    panels: Vec<Panel>,
    /// All components and their colours, in the order of the legend.
    legend: Vec<(&'static str, RGBColor)>,
}

/// One phase.
struct Panel {
    title: String,
    bars: [Bar; 2],
    /// Components in the order they are stacked.
    order: Vec<&'static str>,
}

/// One machine.
struct Bar {
    label: &'static str,
    value: String,
    parts: BTreeMap<&'static str, f64>,
}

impl Bar {
    fn total(&self) -> f64 {
        self.parts.values().sum()
    }
}

/// What a panel measures.
#[derive(Clone, Copy)]
enum View {
    /// Joules a token, both machines on one scale.
    Joules,
    /// Each component's part of its machine's energy.
    Shares,
}

const WIDTH: u32 = 960;
const MARGIN: i32 = 18;
const TOP: u32 = 52;
const PANEL: u32 = 230;
const BOTTOM: u32 = 12 + LEGEND_LINE as u32;
/// Where the left panel ends.
const SPLIT: u32 = 560;
/// The narrowest part that holds its percentage.
const SHARE_WIDTH: i32 = 34;
/// A bar's half height, in units of the distance between the bars.
const HALF_BAR: f64 = 0.31;

impl EnergyFigure {
    fn new(report: &Report) -> Self {
        let panels: Vec<_> = report.phases.iter().map(Panel::new).collect();
        // By name and with those that cost nothing here, so that a component has one colour in all charts.
        let all: BTreeSet<_> =
            panels.iter().flat_map(|panel| &panel.bars).flat_map(|bar| bar.parts.keys().copied()).collect();
        let colored = all.into_iter().zip(PALETTE.into_iter().chain(std::iter::repeat(OTHER)));
        let shown = |name: &str| panels.iter().any(|panel| panel.order.contains(&name));
        let legend = colored.filter(|(name, _)| shown(name)).collect();
        let title = format!("Energy per token by component: {} on {}", report.model, report.chip);
        EnergyFigure { title, panels, legend }
    }

    fn color(&self, component: &str) -> RGBColor {
        self.legend.iter().find(|(name, _)| *name == component).map_or(OTHER, |(_, color)| *color)
    }

    /// Both machines' stacked bars of one phase, in an area of the whole, which takes the labels.
    fn bars<DB: DrawingBackend>(
        &self,
        (whole, area): (&DrawingArea<DB, Shift>, &DrawingArea<DB, Shift>),
        panel: &Panel,
        view: View,
    ) -> Drawn<DB> {
        let largest = panel.bars.iter().map(Bar::total).fold(f64::MIN_POSITIVE, f64::max);
        let (unit, prefix) = prefix(largest);
        let (end, name) = match view {
            // Room for the totals, which stand behind the bars.
            View::Joules => (largest / unit * 1.3, format!("energy per token, {prefix}J")),
            View::Shares => (100.0, "share of the machine's energy, %".to_owned()),
        };
        let mut chart = ChartBuilder::on(area)
            .margin_right(24)
            .margin_bottom(16)
            .x_label_area_size(50)
            .y_label_area_size(72)
            .build_cartesian_2d(0.0..end, 0.5..2.5)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(6)
            .x_max_light_lines(0)
            .bold_line_style(GRID)
            .axis_style(FAINT)
            .x_label_formatter(&|value| tick(*value))
            .x_label_style(ink::text(SMALL, INK, HPos::Center, VPos::Top))
            .axis_desc_style(ink::text(BODY, INK, HPos::Center, VPos::Bottom))
            .x_desc(name)
            .draw()?;

        for (bar, middle) in panel.bars.iter().zip([1.0, 2.0]) {
            let scale = match view {
                View::Joules => 1.0 / unit,
                View::Shares => 100.0 / bar.total(),
            };
            let mut from = 0.0;
            for part in &panel.order {
                let to = from + bar.parts.get(part).copied().unwrap_or(0.0) * scale;
                let color = self.color(part);
                let corners = [(from, middle + HALF_BAR), (to, middle - HALF_BAR)];
                chart.draw_series([Rectangle::new(corners, color.filled())])?;
                let [(left, y), (right, _)] = [from, to].map(|x| chart.backend_coord(&(x, middle)));
                // Neighbours that print in the same grey stay apart.
                if right - left > 2 {
                    let edge = vec![(to, middle + HALF_BAR), (to, middle - HALF_BAR)];
                    chart.draw_series([PathElement::new(edge, WHITE.stroke_width(1))])?;
                }
                if matches!(view, View::Shares) && right - left >= SHARE_WIDTH {
                    let share = format!("{:.0}%", to - from);
                    let style = ink::text(SMALL, ink::ink_on(color), HPos::Center, VPos::Center);
                    whole.draw_text(&share, &style, ((left + right) / 2, y))?;
                }
                from = to;
            }
            let [(left, y), (right, _)] = [0.0, from].map(|x| chart.backend_coord(&(x, middle)));
            whole.draw_text(bar.label, &ink::text(BODY, INK, HPos::Right, VPos::Center), (left - 8, y))?;
            if matches!(view, View::Joules) {
                whole.draw_text(
                    &bar.value,
                    &ink::bold(BODY, INK, HPos::Left, VPos::Center),
                    (right + 8, y),
                )?;
            }
        }
        Ok(())
    }
}

impl Figure for EnergyFigure {
    const NAME: &'static str = "energy";

    fn size(&self) -> (u32, u32) {
        let phases = u32::try_from(self.panels.len()).unwrap_or(u32::MAX);
        (WIDTH, TOP + phases * PANEL + BOTTOM)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB> {
        area.draw_text(&self.title, &ink::bold(TITLE, INK, HPos::Left, VPos::Top), (MARGIN, 16))?;
        let (_, mut rest) = area.split_vertically(TOP);
        for panel in &self.panels {
            let (this, below) = rest.split_vertically(PANEL);
            this.draw_text(&panel.title, &ink::text(HEADING, INK, HPos::Left, VPos::Top), (MARGIN, 8))?;
            let (_, bars) = this.split_vertically(36);
            let (left, right) = bars.split_horizontally(SPLIT);
            self.bars((area, &left), panel, View::Joules)?;
            self.bars((area, &right), panel, View::Shares)?;
            rest = below;
        }
        let entries: Vec<_> =
            self.legend.iter().map(|(name, color)| (name.replace('_', " "), *color)).collect();
        ink::legend(&rest, (72, 4), WIDTH as i32 - MARGIN, &entries)
    }
}

impl Panel {
    fn new(phase: &PhaseReport) -> Self {
        let both = machines(phase);
        let ratio = &phase.ratio.energy;
        let title = format!(
            "{}: FP16 takes {} the energy (datapath alone {}, the paper's operations {})",
            phase.ternary.phase.name(),
            times(ratio.system),
            times(ratio.datapath),
            times(ratio.paper),
        );
        let bar = |index: usize, label: &'static str| {
            let parts = both[index].system_j_per_token();
            Bar { label, value: si(parts.values().sum(), "J"), parts }
        };
        Panel { title, bars: [bar(0, "ternary"), bar(1, "FP16")], order: system_components(&both) }
    }
}

/// A tick's number without the zeros that plotters' own would have.
fn tick(value: f64) -> String {
    ((value * 1e6).round() / 1e6).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn the_svg_names_machines_components_and_values() {
        let report = example::report();
        let svg = energy_chart(&report).unwrap().svg;
        for label in [
            "70b on datacenter",
            "FP16",
            "ternary",
            "dram",
            "vector mac",
            "energy per token, mJ",
            "share of the",
        ] {
            assert!(svg.contains(label), "{label}");
        }
        // 0.6 J for four tokens against 5.76 J for two.
        let decode = Panel::new(&report.phases[1]);
        assert_eq!([&decode.bars[0].value, &decode.bars[1].value], ["150.0 mJ", "2.880 J"]);
        assert!(
            svg.contains("150.0 mJ")
                && svg.contains("2.880 J")
                && svg.contains("FP16 takes 19.2x the energy")
        );
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn a_component_keeps_its_colour_where_another_costs_nothing() {
        let mut report = example::report();
        let whole = EnergyFigure::new(&report);
        report.phases.iter_mut().for_each(|phase| {
            phase.energy_j.system.fp16.components.insert("link", 0.0);
        });
        let without_link = EnergyFigure::new(&report);
        assert_eq!(without_link.legend.len(), whole.legend.len() - 1);
        assert!(
            ["array", "dram", "sram", "static"]
                .iter()
                .all(|name| whole.color(name) == without_link.color(name))
        );
    }

    #[test]
    fn a_component_has_one_colour_in_both_phases_and_its_own() {
        let figure = EnergyFigure::new(&example::report());
        let mut colors: Vec<_> = figure.legend.iter().map(|(_, RGBColor(r, g, b))| (r, g, b)).collect();
        colors.sort_unstable();
        colors.dedup();
        assert_eq!(colors.len(), figure.legend.len());
        assert!(
            figure
                .panels
                .iter()
                .flat_map(|p| &p.order)
                .all(|name| figure.legend.iter().any(|(n, _)| n == name))
        );
    }
}
