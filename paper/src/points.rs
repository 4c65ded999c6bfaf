//! The paper's measured points: memory and latency of a model size in a format, from table 1 where it has the size (it holds where
//! figure 2 differs in the last digit), else from figure 2.

use model::Shape;

use crate::Error;
use crate::published::{Format, published};

/// A measured model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    /// Where it is.
    pub(crate) figure: &'static str,
    /// Model size, as the paper writes it.
    pub(crate) size: String,
    /// Its shape: the preset of that name.
    pub(crate) shape: Shape,
    /// Its weights.
    pub(crate) format: Format,
    /// Memory, GB as printed.
    pub(crate) memory_gb: f64,
    /// Latency of a token, milliseconds.
    pub(crate) latency_ms: f64,
}

/// All points, table 1 first.
pub(crate) fn points() -> Result<Vec<Point>, Error> {
    let figures = published()?;
    let mut points = Vec::new();
    for row in figures.table1.rows {
        points.push(Point {
            figure: "table 1",
            shape: model::preset(&row.size)?,
            size: row.size,
            format: row.format,
            memory_gb: row.memory_gb,
            latency_ms: row.latency_ms,
        });
    }
    for (memory, latency) in figures.figure2_memory.rows.iter().zip(&figures.figure2_latency.rows) {
        if points.iter().any(|point| point.size == memory.size) {
            continue;
        }
        for (format, memory_gb, latency_ms) in
            [(Format::Fp16, memory.fp16, latency.fp16), (Format::Ternary, memory.ternary, latency.ternary)]
        {
            let shape = model::preset(&memory.size)?;
            points.push(Point {
                figure: "figure 2",
                size: memory.size.clone(),
                shape,
                format,
                memory_gb,
                latency_ms,
            });
        }
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measured_model_is_a_point_once() {
        let points = points().unwrap();
        let names: Vec<_> = points.iter().map(|p| (p.figure, p.size.as_str(), p.format)).collect();
        let (fp16, ternary) = (Format::Fp16, Format::Ternary);
        let expected = [
            ("table 1", "700M", fp16),
            ("table 1", "700M", ternary),
            ("table 1", "1.3B", fp16),
            ("table 1", "1.3B", ternary),
            ("table 1", "3B", fp16),
            ("table 1", "3B", ternary),
            ("table 1", "3.9B", ternary),
            ("figure 2", "7B", fp16),
            ("figure 2", "7B", ternary),
            ("figure 2", "13B", fp16),
            ("figure 2", "13B", ternary),
            ("figure 2", "70B", fp16),
            ("figure 2", "70B", ternary),
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn figure_2_has_the_same_models_in_the_same_order_twice() {
        let figures = published().unwrap();
        let sizes = |rows: &[crate::published::Pair]| rows.iter().map(|r| r.size.clone()).collect::<Vec<_>>();
        assert_eq!(sizes(&figures.figure2_memory.rows), sizes(&figures.figure2_latency.rows));
    }
}
