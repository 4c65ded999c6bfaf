//! A published number beside ours.

use serde::Serialize;

/// A published number beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// As published.
    pub paper: f64,
    /// As computed here.
    pub ours: f64,
    /// 100 x (ours / paper - 1).
    pub error_percent: f64,
}

impl Comparison {
    /// Compares.
    pub fn new(paper: f64, ours: f64) -> Self {
        Self { paper, ours, error_percent: 100.0 * (ours / paper - 1.0) }
    }
}
