//! A matrix of floats, a row a token.

/// \[tokens, width\], row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    width: usize,
    values: Vec<f32>,
}

impl Rows {
    /// Zeros.
    ///
    /// # Panics
    ///
    /// Where `width` is 0.
    pub fn zeros(tokens: usize, width: usize) -> Rows {
        Rows::new(width, vec![0.0; tokens * width])
    }

    /// Rows of `width` values, one after the other.
    ///
    /// # Panics
    ///
    /// Where `width` is 0 or the values are no whole number of rows.
    pub fn new(width: usize, values: Vec<f32>) -> Rows {
        assert!(
            width > 0 && values.len().is_multiple_of(width),
            "{} values in rows of {width}",
            values.len()
        );
        Rows { width, values }
    }

    /// Values a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn tokens(&self) -> usize {
        self.values.len() / self.width
    }

    /// The row of a token.
    pub fn row(&self, token: usize) -> &[f32] {
        &self.values[token * self.width..(token + 1) * self.width]
    }

    /// All rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.width)
    }

    /// All rows in order, to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [f32]> {
        self.values.chunks_exact_mut(self.width)
    }

    /// Row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Row after row, to change.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}
