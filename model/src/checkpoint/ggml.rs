//! The types that ggml gives tensors.

use super::{i2_s, tq1_0, tq2_0};

/// The type of a tensor's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Type {
    /// What a file calls it.
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    /// Numbers of a block, along the first dimension.
    pub(crate) block: u64,
    /// Bytes of a block.
    bytes: u64,
}

impl Type {
    const fn row(number: u32, name: &'static str, block: u64, bytes: u64) -> Type {
        Type { number, name, block, bytes }
    }

    pub(crate) const F32: Type = Type::row(0, "F32", 1, 4);
    pub(crate) const F16: Type = Type::row(1, "F16", 1, 2);
    pub(crate) const BF16: Type = Type::row(30, "BF16", 1, 2);
    pub(crate) const TQ1_0: Type = Type::row(34, "TQ1_0", tq1_0::TRITS as u64, tq1_0::BYTES as u64);
    pub(crate) const TQ2_0: Type = Type::row(35, "TQ2_0", tq2_0::TRITS, tq2_0::BYTES as u64);
    /// Of a fork, as those after it. Its blocks go on from row to row.
    pub(crate) const I2_S: Type = Type::row(36, "I2_S", 1, 0);

    /// Those that are read, and those that may stand in a file and have a name in the error. A number that two programs use
    /// has both names, and a size of none: only the one tensor is not read.
    const ALL: [Type; 34] = [
        Type::F32,
        Type::F16,
        Type::BF16,
        Type::TQ1_0,
        Type::TQ2_0,
        Type::I2_S,
        Type::row(2, "Q4_0", 32, 18),
        Type::row(3, "Q4_1", 32, 20),
        Type::row(6, "Q5_0", 32, 22),
        Type::row(7, "Q5_1", 32, 24),
        Type::row(8, "Q8_0", 32, 34),
        Type::row(10, "Q2_K", 256, 84),
        Type::row(11, "Q3_K", 256, 110),
        Type::row(12, "Q4_K", 256, 144),
        Type::row(13, "Q5_K", 256, 176),
        Type::row(14, "Q6_K", 256, 210),
        Type::row(16, "IQ2_XXS", 256, 66),
        Type::row(17, "IQ2_XS", 256, 74),
        Type::row(18, "IQ3_XXS", 256, 98),
        Type::row(19, "IQ1_S", 256, 50),
        Type::row(20, "IQ4_NL", 32, 18),
        Type::row(21, "IQ3_S", 256, 110),
        Type::row(22, "IQ2_S", 256, 82),
        Type::row(23, "IQ4_XS", 256, 136),
        Type::row(24, "I8", 1, 1),
        Type::row(25, "I16", 1, 2),
        Type::row(26, "I32", 1, 4),
        Type::row(27, "I64", 1, 8),
        Type::row(28, "F64", 1, 8),
        Type::row(29, "IQ1_M", 256, 56),
        Type::row(37, "I8_S", 1, 0),
        Type::row(38, "TL1 (a layout of ARM kernels)", 1, 0),
        Type::row(39, "TL2 or MXFP4", 1, 0),
        Type::row(40, "NVFP4", 64, 36),
    ];

    /// The type of a number.
    pub(crate) fn of(number: u32) -> Option<Type> {
        Type::ALL.into_iter().find(|of| of.number == number)
    }

    /// The bytes of a tensor of so many rows and columns; none where its rows are no whole blocks, or where they overflow.
    pub(crate) fn tensor_bytes(self, rows: u64, columns: u64) -> Option<u64> {
        let count = rows.checked_mul(columns)?;
        if self == Type::I2_S {
            let whole = count.is_multiple_of(i2_s::TRITS);
            return whole.then_some((count / 4).checked_add(i2_s::TAIL_BYTES)?);
        }
        let whole = columns.is_multiple_of(self.block);
        whole.then_some((count / self.block).checked_mul(self.bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_takes_whole_blocks() {
        assert_eq!(Type::TQ1_0.tensor_bytes(3, 512), Some(3 * 2 * 54));
        assert_eq!(Type::TQ2_0.tensor_bytes(3, 256), Some(3 * 66));
        assert_eq!(Type::TQ2_0.tensor_bytes(256, 3), None);
        assert_eq!(Type::I2_S.tensor_bytes(32, 4), Some(32 + 32));
        assert_eq!(Type::I2_S.tensor_bytes(16, 4), None);
        assert_eq!(Type::F16.tensor_bytes(5, 3), Some(30));
        assert_eq!(Type::F32.tensor_bytes(1 << 33, 1 << 30), None);
        assert_eq!(Type::of(35), Some(Type::TQ2_0));
        assert_eq!(Type::of(31), None);
    }
}
