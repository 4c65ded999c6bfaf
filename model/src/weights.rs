//! The weights of a decoder, whatever file they came from: what `checkpoint` reads and `transformer` computes with.

use contract::Trit;

use crate::Shape;

/// A whole decoder.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The dimensions that everything below has.
    pub shape: Shape,
    /// One row a token, \[vocab_size, hidden_size\].
    pub embedding: Table,
    /// From the first to the last.
    pub layers: Vec<LayerWeights>,
    /// Gains of the norm before the head, \[hidden_size\].
    pub norm: Vec<f32>,
    /// The head, \[vocab_size, hidden_size\]; none where it is the embedding.
    pub head: Option<Table>,
}

/// One decoder layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerWeights {
    /// Gains of the norm before attention, \[hidden_size\].
    pub input_norm: Vec<f32>,
    /// \[num_attention_heads * head_dim, hidden_size\].
    pub query: Linear,
    /// \[num_key_value_heads * head_dim, hidden_size\].
    pub key: Linear,
    /// \[num_key_value_heads * head_dim, hidden_size\].
    pub value: Linear,
    /// Gains of the norm before `output`, \[num_attention_heads * head_dim\].
    pub attention_sub_norm: Option<Vec<f32>>,
    /// \[hidden_size, num_attention_heads * head_dim\].
    pub output: Linear,
    /// Gains of the norm before the feed-forward block, \[hidden_size\].
    pub post_attention_norm: Vec<f32>,
    /// \[intermediate_size, hidden_size\].
    pub gate: Linear,
    /// \[intermediate_size, hidden_size\].
    pub up: Linear,
    /// Gains of the norm before `down`, \[intermediate_size\].
    pub feed_forward_sub_norm: Option<Vec<f32>>,
    /// \[hidden_size, intermediate_size\].
    pub down: Linear,
}

/// A ternary linear layer, \[out, in\].
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// One row an output.
    pub trits: TritMatrix,
    /// How its sums become real numbers.
    pub scale: WeightScale,
    /// An RMSNorm over its own inputs, in checkpoints that have one inside each linear.
    pub norm: Option<LinearNorm>,
}

/// The RMSNorm inside a linear.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearNorm {
    /// \[in\].
    pub gain: Vec<f32>,
    /// Its own, not the model's: `rms_norm_eps` of a checkpoint's `quantization_config`, 1e-6 where that says nothing.
    pub epsilon: f32,
}

/// A checkpoint's `weight_scale`, by what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightScale {
    /// 1 / mean|W|, which divides: `BitLinear` (contract clause C-LIN-1).
    Divides(f32),
    /// mean|W|, which multiplies: `AutoBitLinear` (C-LIN-2).
    Multiplies(f32),
}

/// Numbers in the format they are held in, row-major: an embedding or a head.
#[derive(Clone, Debug, PartialEq)]
pub enum Table {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// Half precision, by bit pattern.
    F16(Vec<u16>),
    /// bfloat16, by bit pattern.
    Bf16(Vec<u16>),
}

/// A matrix of trits, two bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TritMatrix {
    rows: usize,
    columns: usize,
    /// Each row begins on a byte; trit c of a row is bits 2(c % 4) and the one above of byte c / 4, as value + 1. What fills
    /// a row's last byte is zero trits.
    codes: Vec<u8>,
}

/// Four zero trits.
const ZEROS: u8 = 0b01_01_01_01;

impl TritMatrix {
    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> TritMatrix {
        TritMatrix { rows, columns, codes: vec![ZEROS; rows * columns.div_ceil(4)] }
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The codes of a row, four trits a byte.
    pub fn row_codes(&self, row: usize) -> &[u8] {
        let bytes = self.columns.div_ceil(4);
        &self.codes[row * bytes..(row + 1) * bytes]
    }

    /// The trits of a row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Trit> + '_ {
        let codes = self.row_codes(row);
        (0..self.columns).map(move |c| match codes[c / 4] >> (2 * (c % 4)) & 3 {
            0 => Trit::Minus,
            1 => Trit::Zero,
            _ => Trit::Plus,
        })
    }

    /// Replaces a row by codes, four trits a byte; what fills its last byte may be anything.
    ///
    /// # Errors
    ///
    /// The column of a code of 3, which is no trit: the row is as it was.
    ///
    /// # Panics
    ///
    /// Where `codes` is not as long as a row's.
    pub(crate) fn set_row_codes(&mut self, row: usize, codes: &[u8]) -> Result<(), usize> {
        let bytes = self.columns.div_ceil(4);
        assert_eq!(codes.len(), bytes, "codes of a row");
        let wrong = |code: u8| (0..4).find(|i| code >> (2 * i) & 3 == 3);
        for (i, &code) in codes.iter().enumerate().filter(|&(_, code)| code & code >> 1 & ZEROS != 0) {
            match wrong(code).map(|trit| 4 * i + trit) {
                Some(column) if column < self.columns => return Err(column),
                _ => {}
            }
        }
        let own = &mut self.codes[row * bytes..(row + 1) * bytes];
        own.copy_from_slice(codes);
        if let (Some(last), tail @ 1..) = (own.last_mut(), self.columns % 4) {
            let kept = u8::MAX >> (8 - 2 * tail);
            *last = *last & kept | ZEROS & !kept;
        }
        Ok(())
    }

    /// Replaces a row by one of a matrix of as many columns.
    pub(crate) fn copy_row(&mut self, row: usize, from: &TritMatrix, from_row: usize) {
        let bytes = self.columns.div_ceil(4);
        self.codes[row * bytes..(row + 1) * bytes].copy_from_slice(from.row_codes(from_row));
    }

    /// Replaces a row.
    ///
    /// # Panics
    ///
    /// Where `trits` is not as long as a row.
    pub fn set_row(&mut self, row: usize, trits: &[Trit]) {
        assert_eq!(trits.len(), self.columns, "trits of a row");
        let bytes = self.columns.div_ceil(4);
        let codes = &mut self.codes[row * bytes..(row + 1) * bytes];
        for (code, four) in codes.iter_mut().zip(trits.chunks(4)) {
            *code = four.iter().enumerate().fold(ZEROS, |code, (i, trit)| {
                code & !(3 << (2 * i)) | (trit.value() + 1).unsigned_abs() << (2 * i)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_trits_and_a_three_is_refused_where_it_stands() {
        let trits = [Trit::Minus, Trit::Zero, Trit::Plus, Trit::Minus, Trit::Plus];
        let mut set = TritMatrix::zeros(2, 5);
        set.set_row(1, &trits);
        let mut coded = TritMatrix::zeros(2, 5);
        assert_eq!(coded.set_row_codes(1, &[0b00_10_01_00, 0b11_11_11_10]), Ok(()));
        assert_eq!(coded, set);
        for column in 0..5 {
            let mut codes = [0b00_10_01_00, 0b01_01_01_10];
            codes[column / 4] |= 3 << (2 * (column % 4));
            assert_eq!(coded.set_row_codes(1, &codes), Err(column));
            assert_eq!(coded, set);
        }
    }

    #[test]
    fn a_row_is_what_it_was_set_to_and_no_other_row_is() {
        for columns in [1, 3, 4, 5, 9] {
            let mut matrix = TritMatrix::zeros(3, columns);
            let trits: Vec<Trit> = (0..columns).map(|c| Trit::ALL[c % 3]).collect();
            matrix.set_row(1, &trits);
            assert!(matrix.row(1).eq(trits.iter().copied()), "{columns}");
            for row in [0, 2] {
                assert!(matrix.row(row).all(|trit| trit == Trit::Zero), "{columns}");
            }
        }
    }
}
