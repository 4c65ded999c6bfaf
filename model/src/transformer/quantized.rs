//! Activations as the array takes them.

use contract::{NotFinite, quantize_activations};

use super::Rows;

/// Rows of INT8 values with a scale each (contract clauses C-QUANT-6 to C-QUANT-9).
#[derive(Clone, Debug, PartialEq)]
pub struct Quantized {
    width: usize,
    values: Vec<i8>,
    scales: Vec<f32>,
}

impl Quantized {
    /// Each row by itself.
    ///
    /// # Errors
    ///
    /// The token and the position of a value that is not finite.
    pub fn new(x: &Rows) -> Result<Quantized, (usize, NotFinite)> {
        let mut quantized =
            Quantized { width: x.width(), values: Vec::with_capacity(x.values().len()), scales: Vec::new() };
        for (token, row) in x.iter().enumerate() {
            let (values, scale) = quantize_activations(row).map_err(|error| (token, error))?;
            quantized.values.extend(values);
            quantized.scales.push(scale);
        }
        Ok(quantized)
    }

    /// Values a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn tokens(&self) -> usize {
        self.scales.len()
    }

    /// \[tokens, width\]: q.
    pub fn values(&self) -> &[i8] {
        &self.values
    }

    /// The values of each token in turn.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[i8]> {
        self.values.chunks_exact(self.width)
    }

    /// \[tokens\]: s.
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }
}
