//! A drawing backend that magnifies: a chart is written once, in the SVG's units, and its bitmap is drawn larger.
//!
//! It also sets the text itself, as an SVG viewer does: plotters' bitmap text is smaller than its SVG text, hangs
//! elsewhere, and starts every letter at its outline, so that one and the same chart would come out differently.

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use super::font;

/// `inner`, with every length multiplied by `factor`.
pub(super) struct Scaled<DB> {
    inner: DB,
    factor: u32,
}

/// A line's style with its width multiplied.
struct Stroke {
    color: BackendColor,
    width: u32,
}

impl BackendStyle for Stroke {
    fn color(&self) -> BackendColor {
        self.color
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}

impl<DB> Scaled<DB> {
    pub(super) fn new(inner: DB, factor: u32) -> Self {
        Scaled { inner, factor }
    }

    fn at(&self, (x, y): BackendCoord) -> BackendCoord {
        (x * self.factor as i32, y * self.factor as i32)
    }

    fn stroke<S: BackendStyle>(&self, style: &S) -> Stroke {
        Stroke { color: style.color(), width: style.stroke_width() * self.factor }
    }
}

type Drawn<DB> = Result<(), DrawingErrorKind<<DB as DrawingBackend>::ErrorType>>;

impl<DB: DrawingBackend> DrawingBackend for Scaled<DB> {
    type ErrorType = DB::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        let (width, height) = self.inner.get_size();
        (width / self.factor, height / self.factor)
    }

    fn ensure_prepared(&mut self) -> Drawn<DB> {
        self.inner.ensure_prepared()
    }

    fn present(&mut self) -> Drawn<DB> {
        self.inner.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn<DB> {
        let (from, to) = (self.at(point), self.at((point.0 + 1, point.1 + 1)));
        self.inner.draw_rect(from, (to.0 - 1, to.1 - 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn<DB> {
        self.inner.draw_line(self.at(from), self.at(to), &self.stroke(style))
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn<DB> {
        let stroke = self.stroke(style);
        self.inner.draw_rect(self.at(upper_left), self.at(bottom_right), &stroke, fill)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn<DB> {
        let points: Vec<_> = path.into_iter().map(|point| self.at(point)).collect();
        self.inner.draw_path(points, &self.stroke(style))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn<DB> {
        let stroke = self.stroke(style);
        self.inner.draw_circle(self.at(center), radius * self.factor, &stroke, fill)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vertices: I,
        style: &S,
    ) -> Drawn<DB> {
        let points: Vec<_> = vertices.into_iter().map(|point| self.at(point)).collect();
        self.inner.fill_polygon(points, &self.stroke(style))
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, position: BackendCoord) -> Drawn<DB> {
        let (x, y) = self.at(position);
        let transform = style.transform();
        font::rasterize(text, style, f64::from(self.factor), |dx, dy, coverage| {
            let (dx, dy) = transform.transform(dx, dy);
            self.inner.draw_pixel((x + dx, y + dy), style.color().mix(coverage))
        })
    }
}
