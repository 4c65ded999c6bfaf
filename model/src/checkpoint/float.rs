//! Tensors of floats: embeddings, heads, gains and scales.

use std::ops::Range;

use contract::f16_to_f32;

use super::file::Source;
use crate::{Error, Table};

/// What a float is held in. Little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloatFormat {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of an `F32`.
    Bf16,
}

/// A tensor of floats in a file.
pub(crate) struct Floats<'a> {
    pub(crate) file: &'a Source,
    /// Its name, for errors.
    pub(crate) name: &'a str,
    pub(crate) format: FloatFormat,
    /// Its bytes in the file.
    pub(crate) range: Range<u64>,
}

impl Floats<'_> {
    /// The numbers as f32, which each of the formats becomes exactly.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds a number that is not finite.
    pub(crate) fn read(&self) -> Result<Vec<f32>, Error> {
        match self.table()? {
            Table::F32(values) => Ok(values),
            Table::F16(values) => Ok(values.into_iter().map(f16_to_f32).collect()),
            Table::Bf16(values) => Ok(values.into_iter().map(bf16_to_f32).collect()),
        }
    }

    /// The numbers as they are held.
    ///
    /// # Errors
    ///
    /// As [`Floats::read`].
    pub(crate) fn table(&self) -> Result<Table, Error> {
        match self.format {
            FloatFormat::F32 => self.values(f32::from_le_bytes, |&x| x).map(Table::F32),
            FloatFormat::F16 => self.values(u16::from_le_bytes, |&x| f16_to_f32(x)).map(Table::F16),
            FloatFormat::Bf16 => self.values(u16::from_le_bytes, |&x| bf16_to_f32(x)).map(Table::Bf16),
        }
    }

    fn values<T, const BYTES: usize>(
        &self,
        from_bytes: impl Fn([u8; BYTES]) -> T,
        number: impl Fn(&T) -> f32,
    ) -> Result<Vec<T>, Error> {
        let mut values = vec![];
        self.file.read_in_chunks(self.range.clone(), |bytes| {
            let (numbers, _) = bytes.as_chunks();
            if values.is_empty() {
                // The range is in the file: `read_in_chunks` has looked.
                let count = (self.range.end - self.range.start) / BYTES as u64;
                values.reserve_exact(usize::try_from(count).unwrap_or(0));
            }
            let start = values.len();
            values.extend(numbers.iter().map(|&bytes| from_bytes(bytes)));
            match values[start..].iter().map(&number).enumerate().find(|(_, x)| !x.is_finite()) {
                None => Ok(()),
                Some((position, x)) => Err(Error::Tensor {
                    origin: self.file.origin().to_owned(),
                    tensor: self.name.to_owned(),
                    found: format!("{x} at position {}", start + position),
                    expected: "finite".to_owned(),
                }),
            }
        })?;
        Ok(values)
    }
}

/// The value of a bfloat16, exact.
fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: FloatFormat, bytes: &[u8]) -> Result<(Table, Vec<f32>), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("floats");
        std::fs::write(&path, [b"before", bytes, b"after"].concat()).unwrap();
        let file = Source::open(&path).unwrap();
        let range = 6..6 + bytes.len() as u64;
        let floats = Floats { file: &file, name: "x", format, range };
        let message = |error: Error| error.to_string().split_once(": ").unwrap().1.to_owned();
        Ok((floats.table().map_err(message)?, floats.read().map_err(message)?))
    }

    #[test]
    fn each_format_is_kept_and_has_its_values() {
        let bytes = [0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x20, 0xc0];
        assert_eq!(read(FloatFormat::F32, &bytes), Ok((Table::F32(vec![1.0, -2.5]), vec![1.0, -2.5])));
        let bytes = [0x00, 0x3c, 0x00, 0xc1, 0x01, 0x00];
        let values = vec![1.0, -2.5, 2f32.powi(-24)];
        assert_eq!(read(FloatFormat::F16, &bytes), Ok((Table::F16(vec![0x3c00, 0xc100, 1]), values)));
        let bytes = [0x80, 0x3f, 0x20, 0xc0];
        assert_eq!(read(FloatFormat::Bf16, &bytes), Ok((Table::Bf16(vec![0x3f80, 0xc020]), vec![1.0, -2.5])));
    }

    #[test]
    fn what_is_not_finite_is_named() {
        let nan = "tensor `x` is NaN at position 1, must be finite".to_owned();
        assert_eq!(read(FloatFormat::F32, &[0, 0, 0, 0, 0, 0, 0xc0, 0x7f]), Err(nan));
        let infinite = "tensor `x` is -inf at position 0, must be finite".to_owned();
        assert_eq!(read(FloatFormat::F16, &[0x00, 0xfc]), Err(infinite.clone()));
        assert_eq!(read(FloatFormat::Bf16, &[0x80, 0xff]), Err(infinite));
    }
}
