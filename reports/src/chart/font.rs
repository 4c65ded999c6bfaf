//! The embedded font: Noto Sans by Google, Apache License 2.0.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScaleFont, ScaleFont, point};
use plotters::style::register_font;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendTextStyle, FontStyle};

/// The font's name in the SVG: a viewer without Noto Sans takes the next.
pub(super) const FAMILY: &str = "Noto Sans, Helvetica, Arial, sans-serif";

/// plotters' SVG backend divides a font's size by this to get the em.
const SIZE_PER_EM: f64 = 1.24;
/// Height of Noto Sans' x, in em: SVG's `ex`.
const X_HEIGHT_EM: f32 = 0.536;

/// The two faces.
struct Faces {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

static FACES: OnceLock<Option<Faces>> = OnceLock::new();

/// Reads the fonts and makes them known to plotters, once a process.
pub(super) fn register() -> Result<(), String> {
    faces().map(|_| ()).ok_or_else(|| "the embedded font is damaged".to_owned())
}

fn faces() -> Option<&'static Faces> {
    let load = || {
        register_font(FAMILY, FontStyle::Normal, ttf_noto_sans::REGULAR).ok()?;
        register_font(FAMILY, FontStyle::Bold, ttf_noto_sans::BOLD).ok()?;
        let face = |bytes| FontRef::try_from_slice(bytes).ok();
        Some(Faces { regular: face(ttf_noto_sans::REGULAR)?, bold: face(ttf_noto_sans::BOLD)? })
    };
    FACES.get_or_init(load).as_ref()
}

/// Calls `dot` for each pixel that `text` covers at least partly, with its distance from the anchor before any rotation
/// and the covered fraction. `factor` is the number of pixels for one unit of the style's size.
pub(super) fn rasterize<S: BackendTextStyle, E>(
    text: &str,
    style: &S,
    factor: f64,
    mut dot: impl FnMut(i32, i32, f64) -> Result<(), E>,
) -> Result<(), E> {
    let Some(faces) = faces() else { return Ok(()) };
    let em = single(style.size() / SIZE_PER_EM * factor);
    let face = if matches!(style.style(), FontStyle::Bold) { &faces.bold } else { &faces.regular };
    let font = scaled(face, em);
    let (glyphs, width) = line(&font, text);
    let left = match style.anchor().h_pos {
        HPos::Left => 0.0,
        HPos::Center => -width / 2.0,
        HPos::Right => -width,
    };
    // The offsets that the SVG backend writes.
    let baseline = match style.anchor().v_pos {
        VPos::Top => 0.76 * em,
        VPos::Center => 0.5 * X_HEIGHT_EM * em,
        VPos::Bottom => -0.5 * X_HEIGHT_EM * em,
    };
    for (id, x) in glyphs {
        let at = id.with_scale_and_position(font.scale(), point(left + x, baseline));
        let Some(outline) = font.outline_glyph(at) else { continue };
        let corner = outline.px_bounds().min;
        let mut covered = Vec::new();
        outline.draw(|x, y, coverage| {
            covered.push((pixel(corner.x) + x as i32, pixel(corner.y) + y as i32, coverage))
        });
        for (x, y, coverage) in covered {
            dot(x, y, f64::from(coverage.min(1.0)))?;
        }
    }
    Ok(())
}

/// Width of `text` in regular face at a style's `size`.
pub(super) fn width(text: &str, size: f64) -> i32 {
    faces().map_or(0, |faces| pixel(line(&scaled(&faces.regular, single(size / SIZE_PER_EM)), text).1.ceil()))
}

/// The face at `em` pixels an em; ab_glyph counts in line heights.
fn scaled<'a>(face: &'a FontRef<'static>, em: f32) -> PxScaleFont<&'a FontRef<'static>> {
    let units_per_em = face.units_per_em().unwrap_or(1000.0);
    face.as_scaled(em * face.height_unscaled() / units_per_em)
}

/// The glyphs of a line, each with its place, and the line's width.
fn line(font: &PxScaleFont<&FontRef<'static>>, text: &str) -> (Vec<(GlyphId, f32)>, f32) {
    let mut glyphs: Vec<(GlyphId, f32)> = Vec::new();
    let mut x = 0.0;
    for character in text.chars() {
        let id = font.glyph_id(character);
        if let Some((previous, _)) = glyphs.last() {
            x += font.kern(*previous, id);
        }
        glyphs.push((id, x));
        x += font.h_advance(id);
    }
    (glyphs, x)
}

#[expect(clippy::cast_possible_truncation, reason = "ab_glyph computes in single precision")]
fn single(length: f64) -> f32 {
    length as f32
}

#[expect(clippy::cast_possible_truncation, reason = "a place on a chart, a few thousand pixels")]
fn pixel(place: f32) -> i32 {
    place as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_their_own_widths_and_zero_text_none() {
        register().unwrap();
        assert_eq!(width("", 16.0), 0);
        assert!(width("mmmm", 16.0) > 2 * width("iiii", 16.0));
        // The digits of Noto Sans are 0.572 em wide: 10 digits at an em of 100.
        assert_eq!(width("0123456789", 124.0), 572);
    }
}
