//! One reproduced number.

use serde::Serialize;

use crate::comparison::Comparison;

/// What a row is held to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The error stays within so many percent, either way.
    WithinPercent(f64),
    /// Ours is more than that: a claim.
    MoreThan(f64),
}

/// A number of the paper beside ours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Where the paper has it.
    pub figure: String,
    /// What it is of.
    pub item: String,
    /// Its unit; a ratio's is `x`.
    pub unit: &'static str,
    /// As published; absent where the paper prints no number.
    pub paper: Option<f64>,
    /// As computed here.
    pub ours: f64,
    /// 100 x (ours / paper - 1).
    pub error_percent: Option<f64>,
    /// What was counted or assumed.
    pub convention: String,
    /// What it is held to; absent where it only stands beside.
    pub bound: Option<Bound>,
    /// Whether it is within its bound; absent where there is none.
    pub met: Option<bool>,
}

impl Row {
    /// Compares and judges: a row that must be near the paper's number is not met where there is none.
    pub(crate) fn new(
        (figure, item): (&str, String),
        (unit, paper, ours): (&'static str, Option<f64>, f64),
        convention: &str,
        bound: Option<Bound>,
    ) -> Row {
        let error_percent = paper.map(|paper| Comparison::new(paper, ours).error_percent);
        let met = bound.map(|bound| match bound {
            Bound::WithinPercent(percent) => error_percent.is_some_and(|error| error.abs() <= percent),
            Bound::MoreThan(least) => ours > least,
        });
        let (figure, convention) = (figure.to_owned(), convention.to_owned());
        Row { figure, item, unit, paper, ours, error_percent, convention, bound, met }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(paper: Option<f64>, ours: f64, bound: Option<Bound>) -> Option<bool> {
        Row::new(("a table", "an item".to_owned()), ("x", paper, ours), "by hand", bound).met
    }

    #[test]
    fn a_bound_holds_either_way_and_at_its_edge() {
        let within = Some(Bound::WithinPercent(25.0));
        for (ours, expected) in [(5.0, true), (3.0, true), (5.01, false), (2.99, false), (f64::NAN, false)] {
            assert_eq!(met(Some(4.0), ours, within), Some(expected), "{ours}");
        }
        assert_eq!(met(None, 4.0, within), Some(false));
        assert_eq!(met(Some(4.0), 400.0, None), None);
    }

    #[test]
    fn a_claim_is_more_than_its_bound() {
        let claim = Some(Bound::MoreThan(1.0));
        assert_eq!(
            [1.01, 1.0, f64::NAN].map(|ours| met(None, ours, claim)),
            [Some(true), Some(false), Some(false)]
        );
    }
}
