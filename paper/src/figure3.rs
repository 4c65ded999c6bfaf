//! Figure 3 of arXiv 2402.17764: energy of arithmetic, by the operation counts of `energy`.
//!
//! What was counted decides the ratio, so the [`Convention`] is named with every number. The paper's own is inferred: 512 tokens through
//! GPT-like shapes of 12 h^2 weights a layer (four h x h and two h x 4h linears), attention over the full 512 x 512 without causal
//! halving and in FP16 for both models, no head, no embedding, no norms.

use energy::events::PaperOperations;
use energy::{Cost, CostTable};

use crate::Error;
use crate::comparison::Comparison;
use crate::decoder::Decoder;
use crate::published::{Format, Pair, Shape, published};

/// Which operations count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convention {
    /// In words, as in every output.
    pub name: &'static str,
    /// A token attends to itself and those before it; otherwise to all.
    pub causal: bool,
    /// An FP16 head gives logits at every position; otherwise there is none.
    pub head: bool,
}

/// The paper's own, on its own shapes.
pub const PAPER: Convention = Convention {
    name: "GPT-like shapes (12 h^2 a layer), full attention, no head",
    causal: false,
    head: false,
};

/// Others, on the shapes of LLaMA: what the paper's number would have been.
pub const OTHERS: [Convention; 3] = [
    Convention { name: "LLaMA shapes, full attention, no head", causal: false, head: false },
    Convention { name: "LLaMA shapes, causal attention, no head", causal: true, head: false },
    Convention {
        name: "LLaMA shapes, full attention, FP16 head at every position",
        causal: false,
        head: true,
    },
];

/// Energy of a forward pass in FP16 and with ternary weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Energies {
    /// Of LLaMA in FP16, joules.
    pub fp16_j: f64,
    /// Of BitNet b1.58, joules.
    pub ternary_j: f64,
}

impl Energies {
    /// How many times more FP16 takes.
    pub fn ratio(&self) -> f64 {
        self.fp16_j / self.ternary_j
    }
}

/// One model size of the figure's right half, by the paper's convention.
#[derive(Clone, Debug, PartialEq)]
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
///
/// # Errors
/// A cost that the table does not hold.
pub fn left(table: &CostTable) -> Result<Comparison, Error> {
    let fp16_pj = table.cost(Cost::Fp16Multiply)?.value_pj + table.cost(Cost::Fp16Add)?.value_pj;
    let ternary_pj = table.cost(Cost::Int8Add)?.value_pj;
    Ok(Comparison::new(published()?.figure3_left.ratio, fp16_pj / ternary_pj))
}

/// The figure's right half, by model size.
///
/// # Errors
/// A cost that the table does not hold.
pub fn right(table: &CostTable) -> Result<Vec<SizeComparison>, Error> {
    let figures = published()?;
    let tokens = figures.figure3_shapes.tokens;
    let compare = |(shape, pair): (&Shape, &Pair)| {
        let decoder = Decoder::gpt(shape.hidden, shape.layers)?;
        let ours = energies(&decoder, tokens, &PAPER, table)?;
        Ok(SizeComparison {
            size: pair.size.clone(),
            ratio: Comparison::new(pair.ratio, ours.ratio()),
            fp16_j: Comparison::new(pair.fp16, ours.fp16_j),
            ternary_j: Comparison::new(pair.ternary, ours.ternary_j),
        })
    };
    figures.figure3_shapes.rows.iter().zip(&figures.figure3_right.rows).map(compare).collect()
}

/// Energy of `tokens` tokens through a decoder, in both formats.
///
/// # Errors
/// A cost that the table does not hold, a count beyond 64 bits.
pub fn energies(
    decoder: &Decoder,
    tokens: u64,
    convention: &Convention,
    table: &CostTable,
) -> Result<Energies, Error> {
    let joules = |format| {
        Ok::<_, Error>(energy::paper(&operations(decoder, tokens, format, convention)?, table)?.total())
    };
    Ok(Energies { fp16_j: joules(Format::Fp16)?, ternary_j: joules(Format::Ternary)? })
}

/// Operations of `tokens` tokens through a decoder.
///
/// # Errors
/// A count beyond 64 bits.
pub fn operations(
    decoder: &Decoder,
    tokens: u64,
    format: Format,
    convention: &Convention,
) -> Result<PaperOperations, Error> {
    let linear = match format {
        Format::Fp16 => PaperOperations::fp16_linear,
        Format::Ternary => PaperOperations::ternary_linear,
    };
    let mut layer = attention(tokens, decoder.attention_width, convention.causal)?;
    for &(inputs, outputs) in &decoder.linears {
        layer = layer.plus(&linear(tokens, inputs, outputs)?)?;
    }
    let layers = layer.times(decoder.layers)?;
    if !convention.head {
        return Ok(layers);
    }
    Ok(layers.plus(&PaperOperations::fp16_linear(tokens, decoder.hidden, decoder.vocabulary)?)?)
}

fn attention(tokens: u64, width: u64, causal: bool) -> Result<PaperOperations, Error> {
    if !causal {
        return Ok(PaperOperations::fp16_attention(tokens, tokens, width)?);
    }
    let mut all = PaperOperations::default();
    for position in 1..=tokens {
        all = all.plus(&PaperOperations::fp16_attention(1, position, width)?)?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    fn costs() -> CostTable {
        CostTable::seven_nm().unwrap()
    }

    #[test]
    fn left_is_the_printed_ratio() {
        let comparison = left(&costs()).unwrap();
        // (0.34 + 0.16) / 0.007 = 71.4286
        assert_eq!(format!("{:.1}", comparison.ours), "71.4");
        assert_abs_diff_eq!(comparison.error_percent, 0.04, epsilon = 0.001);
    }

    #[test]
    fn right_ratios_round_to_those_printed() {
        let sizes = right(&costs()).unwrap();
        let ours: Vec<_> = sizes.iter().map(|s| (s.size.as_str(), format!("{:.1}", s.ratio.ours))).collect();
        let printed = [("1.3B", "18.6"), ("3B", "21.7"), ("7B", "29.1"), ("13B", "32.9"), ("70B", "41.2")];
        assert_eq!(ours, printed.map(|(size, ratio)| (size, ratio.to_owned())));
        for size in &sizes {
            assert!(size.ratio.error_percent.abs() < 0.3, "{size:?}");
        }
    }

    #[test]
    fn right_joules_are_those_digitised() {
        for size in right(&costs()).unwrap() {
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
        let decoder = Decoder::gpt(2, 2).unwrap();
        let count = |format| operations(&decoder, 1, format, &PAPER).unwrap();
        assert_eq!(
            count(Format::Fp16),
            PaperOperations { int8_adds: 0, fp16_adds: 62, fp16_multiplies: 104 }
        );
        assert_eq!(
            count(Format::Ternary),
            PaperOperations { int8_adds: 60, fp16_adds: 2, fp16_multiplies: 80 }
        );
    }

    #[test]
    fn causal_attention_and_a_head_worked_by_hand() {
        // Two tokens of width 3: the first attends to 1 position, the second to 2. Scores: 3 + 6 multiplies, 2 + 4 adds;
        // values: 3 + 6 multiplies, 0 + 3 adds.
        assert_eq!(
            attention(2, 3, true).unwrap(),
            PaperOperations { int8_adds: 0, fp16_adds: 9, fp16_multiplies: 18 }
        );
        // A head of 2 x 5 at both tokens: 20 multiplies and 10 adds more, in either format.
        let decoder = Decoder { vocabulary: 5, ..Decoder::gpt(2, 1).unwrap() };
        let head = Convention { head: true, ..PAPER };
        for format in [Format::Fp16, Format::Ternary] {
            let [without, with] = [PAPER, head].map(|c| operations(&decoder, 2, format, &c).unwrap());
            assert_eq!(with.fp16_multiplies - without.fp16_multiplies, 20);
            assert_eq!(with.fp16_adds - without.fp16_adds, 10);
            assert_eq!(with.int8_adds, without.int8_adds);
        }
    }

    #[test]
    fn other_conventions_give_other_ratios() {
        let ratios = |convention: &Convention| {
            ["1.3B", "3B", "7B", "13B", "70B"].map(|size| {
                let decoder = Decoder::of(&model::preset(size).unwrap());
                let ratio = energies(&decoder, 512, convention, &costs()).unwrap().ratio();
                format!("{ratio:.1}")
            })
        };
        assert_eq!(ratios(&OTHERS[0]), ["18.5", "25.2", "29.2", "33.1", "42.2"]);
        let causal = ratios(&OTHERS[1]);
        assert_eq!((&*causal[0], &*causal[4]), ("28.8", "52.8"));
        let head = ratios(&OTHERS[2]);
        assert_eq!((&*head[0], &*head[4]), ("9.9", "36.5"));
    }

    #[test]
    fn an_absurd_shape_is_an_error() {
        let error = Decoder::gpt(u64::MAX, 1).unwrap_err();
        assert!(error.to_string().contains("exceeds 2^64"), "{error}");
    }
}
