//! Figure 3 of arXiv 2402.17764, reproduced: the paper's energies beside those of the operation counter.
//!
//! Convention: 512 tokens through GPT-like shapes of 12 h^2 weights a layer (four h x h and two h x 4h
//! linears), attention over the full 512 x 512 without causal halving and in FP16 for both models, no head,
//! no embedding, no norms.

use serde::Serialize;

use crate::cost::Cost;
use crate::error::EnergyError;
use crate::events::PaperOperations;
use crate::paper::paper;
use crate::published::{Pair, PublishedFigures, Shape, published};
use crate::table::CostTable;

/// Linears of h x h a layer: Q, K, V and the output.
const SQUARE_LINEARS: u64 = 4;
/// The feed-forward's width over h.
const FEED_FORWARD_RATIO: u64 = 4;

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
    fn new(paper: f64, ours: f64) -> Self {
        Self { paper, ours, error_percent: 100.0 * (ours / paper - 1.0) }
    }
}

/// One model size of the figure's right half.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SizeComparison {
    /// Model size, as the paper writes it.
    pub size: String,
    /// FP16 energy over ternary energy; the paper prints it.
    pub ratio: Comparison,
    /// Energy of LLaMA in FP16, joules; digitised.
    pub fp16_j: Comparison,
    /// Energy of BitNet b1.58, joules; digitised.
    pub ternary_j: Comparison,
}

/// The figure's left half: an FP16 multiply and add over an INT8 add.
pub fn left(table: &CostTable) -> Result<Comparison, EnergyError> {
    let fp16_pj = table.cost(Cost::Fp16Multiply)?.value_pj + table.cost(Cost::Fp16Add)?.value_pj;
    let ternary_pj = table.cost(Cost::Int8Add)?.value_pj;
    Ok(Comparison::new(published()?.figure3_left.ratio, fp16_pj / ternary_pj))
}

/// The figure's right half, by model size.
pub fn right(table: &CostTable) -> Result<Vec<SizeComparison>, EnergyError> {
    let PublishedFigures { figure3_right, figure3_shapes, .. } = published()?;
    let compare = |(shape, pair): (&Shape, &Pair)| {
        let [fp16, ternary] = operations(shape, figure3_shapes.tokens)?;
        let (fp16_j, ternary_j) = (paper(&fp16, table)?.total(), paper(&ternary, table)?.total());
        Ok(SizeComparison {
            size: pair.size.clone(),
            ratio: Comparison::new(pair.ratio, fp16_j / ternary_j),
            fp16_j: Comparison::new(pair.fp16, fp16_j),
            ternary_j: Comparison::new(pair.ternary, ternary_j),
        })
    };
    figure3_shapes.rows.iter().zip(&figure3_right.rows).map(compare).collect()
}

/// Operations of a whole model on `tokens` tokens: in FP16, and ternary.
pub fn operations(shape: &Shape, tokens: u64) -> Result<[PaperOperations; 2], EnergyError> {
    Ok([
        model(shape, tokens, PaperOperations::fp16_linear)?,
        model(shape, tokens, PaperOperations::ternary_linear)?,
    ])
}

type Linear = fn(u64, u64, u64) -> Result<PaperOperations, EnergyError>;

fn model(shape: &Shape, tokens: u64, linear: Linear) -> Result<PaperOperations, EnergyError> {
    let hidden = shape.hidden;
    let wide = hidden
        .checked_mul(FEED_FORWARD_RATIO)
        .ok_or_else(|| EnergyError::CountOverflow { what: format!("a hidden size of {hidden}") })?;
    linear(tokens, hidden, hidden)?
        .times(SQUARE_LINEARS)?
        .plus(&linear(tokens, hidden, wide)?)?
        .plus(&linear(tokens, wide, hidden)?)?
        .plus(&PaperOperations::fp16_attention(tokens, tokens, hidden)?)?
        .times(shape.layers)
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    fn to_digits(value: f64, digits: usize) -> String {
        format!("{value:.digits$}")
    }

    #[test]
    fn left_is_the_printed_ratio() {
        let comparison = left(&CostTable::seven_nm().unwrap()).unwrap();
        // (0.34 + 0.16) / 0.007 = 71.4286
        assert_eq!(to_digits(comparison.ours, 1), "71.4");
        assert_eq!(comparison.paper, 71.4);
        assert_abs_diff_eq!(comparison.error_percent, 0.04, epsilon = 0.001);
    }

    #[test]
    fn right_ratios_round_to_those_printed() {
        let sizes = right(&CostTable::seven_nm().unwrap()).unwrap();
        let ours: Vec<_> = sizes.iter().map(|s| (s.size.as_str(), to_digits(s.ratio.ours, 1))).collect();
        let printed = [("1.3B", "18.6"), ("3B", "21.7"), ("7B", "29.1"), ("13B", "32.9"), ("70B", "41.2")];
        assert_eq!(ours, printed.map(|(size, ratio)| (size, ratio.to_owned())));
        for size in &sizes {
            assert_eq!(to_digits(size.ratio.ours, 1), to_digits(size.ratio.paper, 1), "{}", size.size);
            assert!(size.ratio.error_percent.abs() < 0.3, "{size:?}");
        }
    }

    #[test]
    fn right_joules_are_those_digitised() {
        for size in right(&CostTable::seven_nm().unwrap()).unwrap() {
            assert!(size.fp16_j.error_percent.abs() < 0.06, "{size:?}");
            assert!(size.ternary_j.error_percent.abs() < 0.4, "{size:?}");
        }
    }

    #[test]
    fn sizes_are_paired_with_their_shapes() {
        let figures = published().unwrap();
        let shapes: Vec<_> = figures.figure3_shapes.rows.iter().map(|shape| &shape.size).collect();
        let pairs: Vec<_> = figures.figure3_right.rows.iter().map(|pair| &pair.size).collect();
        assert_eq!(shapes, pairs);
    }

    #[test]
    fn a_small_model_worked_by_hand() {
        // h = 2, one token, two layers. Linears a layer: four (1 x 2)(2 x 2), (1 x 2)(2 x 8), (1 x 8)(8 x 2).
        //   multiplies 4*4 + 16 + 16 = 48;  adds 4*2 + 8 + 14 = 30;  scaling 4*(2+2) + (8+2) + (2+8) = 36
        // Attention a layer: (1 x 2)(2 x 1) and (1 x 1)(1 x 2): multiplies 2 + 2, adds 1 + 0.
        let shape = Shape { size: "tiny".to_owned(), hidden: 2, layers: 2 };
        let [fp16, ternary] = operations(&shape, 1).unwrap();
        assert_eq!(fp16, PaperOperations { int8_adds: 0, fp16_adds: 62, fp16_multiplies: 104 });
        assert_eq!(ternary, PaperOperations { int8_adds: 60, fp16_adds: 2, fp16_multiplies: 80 });
    }

    #[test]
    fn an_absurd_shape_is_an_error() {
        let shape = Shape { size: "absurd".to_owned(), hidden: u64::MAX, layers: 1 };
        assert!(matches!(operations(&shape, 1), Err(EnergyError::CountOverflow { .. })));
    }
}
