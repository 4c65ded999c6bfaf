//! What all charts share: fonts, colours and the legend.

use plotters::coord::Shift;
use plotters::drawing::DrawingArea;
use plotters::prelude::{DrawingBackend, FontFamily, FontStyle, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, RGBColor, TextStyle};

use super::{Drawn, font};

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Secondary text.
pub(super) const FAINT: RGBColor = RGBColor(0x66, 0x66, 0x66);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);
/// The ternary machine: blue.
pub(super) const TERNARY: RGBColor = PALETTE[1];
/// The FP16 baseline: vermilion.
pub(super) const FP16: RGBColor = PALETTE[0];
/// What is too small to be shown by itself.
pub(super) const OTHER: RGBColor = RGBColor(0xAA, 0xAA, 0xAA);
/// Colours that stay apart for colour-blind readers (Okabe and Ito, "Color Universal Design", 2008).
pub(super) const PALETTE: [RGBColor; 7] = [
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0xF0, 0xE4, 0x42),
    RGBColor(0x56, 0xB4, 0xE9),
];

/// Sizes of text, in plotters' unit (1.24 em).
pub(super) const TITLE: f64 = 21.0;
pub(super) const HEADING: f64 = 18.0;
pub(super) const BODY: f64 = 16.0;
pub(super) const SMALL: f64 = 14.5;

/// Text in regular face.
pub(super) fn text(size: f64, color: RGBColor, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    style(size, FontStyle::Normal, color, horizontal, vertical)
}

/// Text in bold face.
pub(super) fn bold(size: f64, color: RGBColor, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    style(size, FontStyle::Bold, color, horizontal, vertical)
}

fn style(
    size: f64,
    face: FontStyle,
    color: RGBColor,
    horizontal: HPos,
    vertical: VPos,
) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::Name(font::FAMILY), size, face);
    font.color(&color).pos(Pos::new(horizontal, vertical))
}

/// The colour of text on `background` that keeps its contrast.
pub(super) fn ink_on(background: RGBColor) -> RGBColor {
    let RGBColor(red, green, blue) = background;
    let luminance = 0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue);
    if luminance > 140.0 { INK } else { RGBColor(0xFF, 0xFF, 0xFF) }
}

/// Swatches with their names in one line that starts at `left`, and goes on below where `right` is reached.
pub(super) fn legend<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    (left, top): (i32, i32),
    right: i32,
    entries: &[(String, RGBColor)],
) -> Drawn<DB> {
    const SWATCH: i32 = 13;
    const GAP: i32 = 6;
    const BETWEEN: i32 = 22;
    let (mut x, mut y) = (left, top);
    let style = text(BODY, INK, HPos::Left, VPos::Center);
    for (name, color) in entries {
        let width = SWATCH + GAP + font::width(name, BODY);
        if x > left && x + width > right {
            (x, y) = (left, y + LEGEND_LINE);
        }
        area.draw(&Rectangle::new([(x, y), (x + SWATCH, y + SWATCH)], color.filled()))?;
        area.draw_text(name, &style, (x + SWATCH + GAP, y + SWATCH / 2))?;
        x += width + BETWEEN;
    }
    Ok(())
}

/// Height of a legend's line.
pub(super) const LEGEND_LINE: i32 = 22;
