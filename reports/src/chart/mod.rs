//! Charts: each is written once against plotters and comes out as SVG and as PNG.

mod conventions;
mod energy;
mod font;
mod groups;
mod growth;
mod ink;
mod measured;
mod paper;
mod scale;
mod scaled;
mod size;
mod tornado;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend, WHITE};

pub use conventions::conventions_chart;
pub use energy::energy_chart;
pub use growth::{GrowthSeries, growth_chart};
pub use measured::measured_chart;
pub use paper::paper_chart;
pub use scale::{ScaleSeries, scale_chart};
pub use size::size_chart;
pub use tornado::tornado_chart;

use crate::Error;
use scaled::Scaled;

/// Pixels of the PNG for one unit of the SVG: text stays sharp on paper and on dense screens.
const PNG_SCALE: u32 = 2;
/// Pixels drawn for one of the PNG, each way. Their mean smooths lines and places letters between pixels.
const SUPERSAMPLING: u32 = 2;
const BYTES_PER_PIXEL: usize = 3;

/// One figure in both formats.
#[derive(Clone, Debug)]
pub struct Chart {
    /// The figure as an SVG document.
    pub svg: String,
    /// The figure as a PNG image, twice as large.
    pub png: Vec<u8>,
}

/// What a drawing function returns on backend `DB`.
type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// Something that can be drawn on any backend.
trait Figure {
    /// The figure's name, for errors.
    const NAME: &'static str;

    /// Width and height in SVG units.
    fn size(&self) -> (u32, u32);

    /// Draws on an area of that size, which is white.
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Drawn<DB>;
}

fn render<F: Figure>(figure: &F) -> Result<Chart, Error> {
    let failed = |reason: String| Error::Chart { chart: F::NAME, reason };
    font::register().map_err(failed)?;
    Ok(Chart { svg: svg(figure).map_err(failed)?, png: png(figure).map_err(failed)? })
}

fn svg<F: Figure>(figure: &F) -> Result<String, String> {
    let mut text = String::new();
    paint(figure, SVGBackend::with_string(&mut text, figure.size()))?;
    text.push('\n');
    Ok(text)
}

fn png<F: Figure>(figure: &F) -> Result<Vec<u8>, String> {
    let (width, height) = figure.size();
    let (width, height) = (width * PNG_SCALE, height * PNG_SCALE);
    let drawn = (width * SUPERSAMPLING, height * SUPERSAMPLING);
    let mut pixels = vec![0; drawn.0 as usize * drawn.1 as usize * BYTES_PER_PIXEL];
    paint(figure, Scaled::new(BitMapBackend::with_buffer(&mut pixels, drawn), PNG_SCALE * SUPERSAMPLING))?;
    encode(&averaged(&pixels, width as usize), (width, height)).map_err(|reason| reason.to_string())
}

fn paint<F: Figure, DB: DrawingBackend>(figure: &F, backend: DB) -> Result<(), String> {
    let area = backend.into_drawing_area();
    let drawn = area.fill(&WHITE).and_then(|()| figure.draw(&area)).and_then(|()| area.present());
    drawn.map_err(|reason| reason.to_string())
}

/// Each pixel of the result is the mean of a square of `pixels`.
fn averaged(pixels: &[u8], width: usize) -> Vec<u8> {
    let side = SUPERSAMPLING as usize;
    let drawn_row = width * side * BYTES_PER_PIXEL;
    let mut result = Vec::with_capacity(pixels.len() / (side * side));
    for rows in pixels.chunks_exact(drawn_row * side) {
        for x in 0..width {
            for channel in 0..BYTES_PER_PIXEL {
                let at =
                    |dx: usize, dy: usize| rows[dy * drawn_row + (x * side + dx) * BYTES_PER_PIXEL + channel];
                let sum: usize = (0..side * side).map(|i| usize::from(at(i % side, i / side))).sum();
                result.push(u8::try_from(sum / (side * side)).unwrap_or(u8::MAX));
            }
        }
    }
    result
}

fn encode(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_adaptive_filter(png::AdaptiveFilterType::Adaptive);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::example;

    fn charts() -> [Chart; 8] {
        let costs = ::energy::CostTable::seven_nm().unwrap();
        let sizes = ::paper::figure3::right(&costs).unwrap();
        let reproduction = ::paper::reproduce(&costs).unwrap();
        let report = example::report();
        let series = |name: &str, points: &[(f64, f64)]| ScaleSeries {
            name: name.to_owned(),
            points: points.to_vec(),
        };
        let luts =
            [series("one", &[(16.0, 20.0), (64.0, 12.0), (2048.0, 9.0)]), series("other", &[(16.0, 24.0)])];
        let clocks = [series("one", &[(16.0, 180.0), (64.0, 170.0)]), series("other", &[])];
        [
            energy_chart(&report),
            paper_chart(&sizes),
            conventions_chart(&reproduction),
            measured_chart(&reproduction),
            tornado_chart("70b on datacenter, decode", 12.5, &example::swings()),
            size_chart(&[report.clone(), report]),
            scale_chart(&luts, &clocks),
            growth_chart(&[GrowthSeries {
                name: "layers".to_owned(),
                points: vec![(1.0, 1.0), (2.0, 1.8), (4.0, 3.0)],
            }]),
        ]
        .map(Result::unwrap)
    }

    #[test]
    fn a_png_decodes_to_a_picture_twice_the_svgs_size() {
        for chart in charts() {
            let mut reader = png::Decoder::new(&*chart.png).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size()];
            let info = reader.next_frame(&mut pixels).unwrap();
            let size = format!("<svg width=\"{}\" height=\"{}\"", info.width / 2, info.height / 2);
            assert!(chart.svg.starts_with(&size), "{size}");
            let colors: BTreeSet<_> = pixels.chunks_exact(BYTES_PER_PIXEL).collect();
            assert!(colors.len() > 50, "smooth text and several colours, not {}", colors.len());
            assert!(pixels[..BYTES_PER_PIXEL].iter().all(|channel| *channel == 0xFF), "on white");
        }
    }

    #[test]
    fn nothing_is_cut_off_at_an_edge() {
        for chart in charts() {
            let mut reader = png::Decoder::new(&*chart.png).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size()];
            let info = reader.next_frame(&mut pixels).unwrap();
            let row = info.width as usize * BYTES_PER_PIXEL;
            let mut edges = [&pixels[..row], &pixels[pixels.len() - row..]].concat();
            for line in pixels.chunks_exact(row) {
                edges.extend(&line[..BYTES_PER_PIXEL]);
                edges.extend(&line[row - BYTES_PER_PIXEL..]);
            }
            assert!(edges.iter().all(|channel| *channel == 0xFF), "a white border all around");
        }
    }

    #[test]
    fn the_same_result_is_drawn_the_same() {
        for (one, other) in charts().into_iter().zip(charts()) {
            assert_eq!(one.svg, other.svg);
            assert_eq!(one.png, other.png);
        }
    }
}
