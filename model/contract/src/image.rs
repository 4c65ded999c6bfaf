//! A matrix of weights in memory, as an engine streams it.

use crate::Trit;
use crate::packing::{self, InvalidCode, UnpackError};

/// The order of a matrix's bytes, which an engine's sizes decide.
///
/// **C-PACK-6: an image is tile after tile of `columns` outputs, in a tile step after step of `lanes` inputs, and in a step a
/// whole number of beats of `stream_bits`: column after column the step's trits, packed (C-PACK-2), and then bytes that nothing
/// looks at.** Trits beyond the last output and the last input are zero trits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageLayout {
    /// Inputs of a step, at least 1.
    pub lanes: usize,
    /// Outputs of a tile, at least 1.
    pub columns: usize,
    /// Width of the weight stream, a multiple of 8.
    pub stream_bits: usize,
}

impl ImageLayout {
    /// Tiles of so many outputs.
    pub fn tiles(&self, outputs: usize) -> usize {
        outputs.div_ceil(self.columns)
    }

    /// Steps of so many inputs.
    pub fn steps(&self, inputs: usize) -> usize {
        inputs.div_ceil(self.lanes)
    }

    /// Bytes of a column in a step.
    pub fn column_bytes(&self) -> usize {
        self.lanes.div_ceil(packing::TRITS_PER_BYTE)
    }

    /// Bytes of a step, its padding among them.
    pub fn step_bytes(&self) -> usize {
        (self.columns * self.column_bytes()).next_multiple_of(self.stream_bits / 8)
    }

    /// Bytes of a tile.
    pub fn tile_bytes(&self, inputs: usize) -> usize {
        self.steps(inputs) * self.step_bytes()
    }

    /// The trits of a step of a tile, packed, without what pads its last beat. `rows` are the tile's, up to `columns`.
    pub fn pack_step<R: AsRef<[Trit]>>(&self, rows: &[R], step: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.step_bytes());
        let mut trits = vec![Trit::Zero; self.lanes];
        for column in 0..self.columns {
            trits.fill(Trit::Zero);
            if let Some(row) = rows.get(column) {
                let inputs = row.as_ref().iter().skip(step * self.lanes);
                trits.iter_mut().zip(inputs).for_each(|(trit, input)| *trit = *input);
            }
            bytes.extend(packing::pack(&trits));
        }
        bytes
    }

    /// A tile, padded with zero trits. `rows` are its own, up to `columns`, of `inputs` trits each.
    pub fn pack_tile<R: AsRef<[Trit]>>(&self, rows: &[R], inputs: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.tile_bytes(inputs));
        for step in 0..self.steps(inputs) {
            bytes.extend(self.pack_step(rows, step));
            bytes.resize((step + 1) * self.step_bytes(), 0);
        }
        bytes
    }

    /// The rows of a tile, the inverse of [`ImageLayout::pack_tile`].
    ///
    /// # Errors
    ///
    /// [`UnpackError`] for anything that `pack_tile` would not write (C-PACK-4): the position of a byte that is no code, a
    /// wrong length, or trits beyond the last output or input.
    pub fn unpack_tile(
        &self,
        bytes: &[u8],
        rows: usize,
        inputs: usize,
    ) -> Result<Vec<Vec<Trit>>, UnpackError> {
        let (column_bytes, step_bytes) = (self.column_bytes(), self.step_bytes());
        if bytes.len() != self.tile_bytes(inputs) {
            return Err(UnpackError::Length {
                count: self.steps(inputs) * self.columns * self.lanes,
                bytes: bytes.len(),
            });
        }
        let mut unpacked = vec![Vec::with_capacity(self.steps(inputs) * self.lanes); rows];
        for (step, block) in bytes.chunks_exact(step_bytes).enumerate() {
            let (packed, padding) = block.split_at(self.columns * column_bytes);
            for (column, packed) in packed.chunks_exact(column_bytes).enumerate() {
                let start = step * step_bytes + column * column_bytes;
                let trits = packing::unpack(packed, self.lanes).map_err(|error| match error {
                    UnpackError::InvalidCode(InvalidCode { byte, position }) => {
                        InvalidCode { byte, position: start + position }.into()
                    }
                    other => other,
                })?;
                match unpacked.get_mut(column) {
                    Some(row) => row.extend(trits),
                    None if trits.iter().any(|trit| trit.is_nonzero()) => {
                        return Err(UnpackError::Padding { count: rows * inputs });
                    }
                    None => {}
                }
            }
            if padding.iter().any(|&byte| byte != 0) {
                return Err(UnpackError::Padding { count: rows * inputs });
            }
        }
        for row in &mut unpacked {
            if row[inputs..].iter().any(|trit| trit.is_nonzero()) {
                return Err(UnpackError::Padding { count: rows * inputs });
            }
            row.truncate(inputs);
        }
        Ok(unpacked)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Holds C-PACK-6. The example of rtl/README.md, "Weights".
    #[test]
    fn two_columns_of_seven_lanes() {
        let layout = ImageLayout { lanes: 7, columns: 2, stream_bits: 16 };
        let row = [Trit::Plus, Trit::Zero, Trit::Minus, Trit::Zero, Trit::Zero, Trit::Zero, Trit::Zero];
        assert_eq!(layout.pack_tile(&[row, row], 7), [0xc0, 0, 0xc0, 0]);
        // An eighth input is a second step; a beat of five bytes has one of padding.
        let layout = ImageLayout { stream_bits: 40, ..layout };
        let row = [row.as_slice(), &[Trit::Plus]].concat();
        assert_eq!(
            layout.pack_tile(&[row], 8),
            [0xc0, 0, 0, 0, 0, packing::pack(&[Trit::Plus])[0], 0, 0, 0, 0]
        );
    }

    // Holds C-PACK-4, C-PACK-6.
    #[test]
    fn what_no_tile_holds_is_refused() {
        let layout = ImageLayout { lanes: 7, columns: 3, stream_bits: 64 };
        let plus = packing::pack(&[Trit::Plus])[0];
        let mut tile = layout.pack_tile(&[[Trit::Minus; 9]; 2], 9);
        assert_eq!((layout.step_bytes(), tile.len()), (8, 16));
        let length = UnpackError::Length { count: 42, bytes: 15 };
        assert_eq!(layout.unpack_tile(&tile[..15], 2, 9), Err(length));
        assert_eq!(layout.unpack_tile(&tile, 2, 8), Err(UnpackError::Padding { count: 16 }));
        assert_eq!(layout.unpack_tile(&tile, 1, 9), Err(UnpackError::Padding { count: 9 }));
        for place in [4, 6, 7, 15] {
            let byte = std::mem::replace(&mut tile[place], plus);
            assert_eq!(layout.unpack_tile(&tile, 2, 9), Err(UnpackError::Padding { count: 18 }), "{place}");
            tile[place] = byte;
        }
        tile[10] = 40;
        let code = InvalidCode { byte: 40, position: 10 };
        assert_eq!(layout.unpack_tile(&tile, 2, 9), Err(code.into()));
    }

    proptest! {
        // Holds C-PACK-6.
        #[test]
        fn a_byte_is_where_the_formula_says_and_the_tile_unpacks(
            (lanes, columns, stream_bytes) in (1usize..24, 1usize..6, 1usize..9),
            (inputs, rows) in (1usize..60, 1usize..6),
            digits in prop::collection::vec(0usize..3, 400),
        ) {
            let layout = ImageLayout { lanes, columns, stream_bits: 8 * stream_bytes };
            let rows: Vec<Vec<Trit>> = (0..rows.min(columns))
                .map(|row| (0..inputs).map(|k| Trit::ALL[digits[row * inputs + k]]).collect())
                .collect();
            let tile = layout.pack_tile(&rows, inputs);
            prop_assert_eq!(tile.len(), layout.tile_bytes(inputs));
            let column_bytes = lanes.div_ceil(5);
            let step_bytes = (columns * column_bytes).div_ceil(stream_bytes) * stream_bytes;
            for (c, row) in rows.iter().enumerate() {
                for (k, trit) in row.iter().enumerate() {
                    let (step, lane) = (k / lanes, k % lanes);
                    let byte = tile[step * step_bytes + c * column_bytes + lane / 5];
                    prop_assert_eq!(packing::unpack5(byte).unwrap()[lane % 5], *trit);
                }
            }
            prop_assert_eq!(layout.unpack_tile(&tile, rows.len(), inputs), Ok(rows));
        }
    }
}
