//! A value whose width is chosen at run time.

use std::cmp::Ordering;
use std::ops::{Add, BitAnd, BitOr, BitXor, Not, Shl, Shr, Sub};

/// A value of 1 to 64 bits; arithmetic wraps at the width, as in hardware.
///
/// Operators take two words of one width and panic otherwise: a width that changes silently is the commonest way for
/// RustHDL and the Verilog made from it to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    value: u64,
    bits: usize,
}

impl Word {
    /// The low `bits` bits of `value`.
    ///
    /// # Panics
    ///
    /// If `bits` is not 1 to 64.
    pub fn new(value: u64, bits: usize) -> Self {
        assert!((1..=64).contains(&bits), "a word has 1 to 64 bits, not {bits}");
        Self { value: value & (u64::MAX >> (64 - bits)), bits }
    }

    /// A two's-complement value in `bits` bits.
    pub fn signed(value: i64, bits: usize) -> Self {
        Self::new(value.cast_unsigned(), bits)
    }

    /// Width in bits.
    pub fn bits(self) -> usize {
        self.bits
    }

    /// The value, unsigned.
    pub fn value(self) -> u64 {
        self.value
    }

    /// The value, read as two's complement.
    pub fn signed_value(self) -> i64 {
        let unused = 64 - self.bits;
        (self.value << unused).cast_signed() >> unused
    }

    /// Whether any bit is set: a one-bit word as a condition.
    pub fn any(self) -> bool {
        self.value != 0
    }

    /// Whether every bit is set.
    pub fn all(self) -> bool {
        !self == Self::new(0, self.bits)
    }

    /// Whether an odd number of bits is set.
    pub fn xor(self) -> bool {
        self.value.count_ones() % 2 == 1
    }

    /// The bit of weight 2^`index`.
    pub fn get_bit(self, index: usize) -> bool {
        assert!(index < self.bits, "bit {index} of {}", self.bits);
        self.value >> index & 1 == 1
    }

    /// `N` bits from `index` up.
    pub fn get_bits<const N: usize>(self, index: usize) -> Self {
        assert!(index + N <= self.bits, "{N} bits from {index} of {}", self.bits);
        Self::new(self.value >> index, N)
    }

    fn combine(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        assert_eq!(self.bits, other.bits, "both sides of an operator are equally wide");
        Self::new(f(self.value, other.value), self.bits)
    }
}

impl From<bool> for Word {
    fn from(bit: bool) -> Self {
        Self::new(u64::from(bit), 1)
    }
}

/// Compares unsigned.
impl PartialOrd for Word {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        assert_eq!(self.bits, other.bits, "both sides of a comparison are equally wide");
        self.value.partial_cmp(&other.value)
    }
}

impl PartialEq<u64> for Word {
    fn eq(&self, other: &u64) -> bool {
        self.value == Self::new(*other, self.bits).value
    }
}

impl Add for Word {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.combine(other, u64::wrapping_add)
    }
}

impl Add<u64> for Word {
    type Output = Self;
    fn add(self, other: u64) -> Self {
        self + Self::new(other, self.bits)
    }
}

impl Sub<u64> for Word {
    type Output = Self;
    fn sub(self, other: u64) -> Self {
        self - Self::new(other, self.bits)
    }
}

impl Sub for Word {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.combine(other, u64::wrapping_sub)
    }
}

impl BitAnd for Word {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        self.combine(other, |a, b| a & b)
    }
}

impl BitOr for Word {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.combine(other, |a, b| a | b)
    }
}

impl BitXor for Word {
    type Output = Self;
    fn bitxor(self, other: Self) -> Self {
        self.combine(other, |a, b| a ^ b)
    }
}

/// By a number below the width; what leaves the word is lost.
impl Shl<u64> for Word {
    type Output = Self;
    fn shl(self, by: u64) -> Self {
        assert!(by < self.bits as u64, "a shift by {by} leaves nothing of {} bits", self.bits);
        Self::new(self.value << by, self.bits)
    }
}

/// By a number below the width, zeros from above.
impl Shr<u64> for Word {
    type Output = Self;
    fn shr(self, by: u64) -> Self {
        assert!(by < self.bits as u64, "a shift by {by} leaves nothing of {} bits", self.bits);
        Self::new(self.value >> by, self.bits)
    }
}

impl Not for Word {
    type Output = Self;
    fn not(self) -> Self {
        Self::new(!self.value, self.bits)
    }
}

/// Bits that count `values` states, at least 1: ceil(log2(values)).
pub fn clog2(values: u64) -> usize {
    (u64::BITS - values.saturating_sub(1).leading_zeros()).max(1) as usize
}

/// `word` in `bits` bits, zeros added above. In Verilog it widens to whatever its place is wide.
pub fn unsigned_cast(word: Word, bits: usize) -> Word {
    assert!(word.bits <= bits, "a zero extension cannot narrow {} bits to {bits}", word.bits);
    Word::new(word.value, bits)
}

/// `word` in `bits` bits, its sign repeated above. In Verilog it widens to whatever its place is wide.
pub fn signed_cast(word: Word, bits: usize) -> Word {
    assert!(word.bits <= bits, "a sign extension cannot narrow {} bits to {bits}", word.bits);
    Word::signed(word.signed_value(), bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_wraps_at_the_width() {
        assert_eq!(Word::new(0xff, 8) + 1, Word::new(0, 8));
        assert_eq!(Word::new(0, 3) - Word::new(1, 3), Word::new(7, 3));
        assert_eq!(!Word::new(0b0101, 4), Word::new(0b1010, 4));
        assert_eq!(
            (Word::new(0b1011, 4) << 1, Word::new(0b1011, 4) >> 1),
            (Word::new(6, 4), Word::new(5, 4))
        );
    }

    #[test]
    fn casts_extend_as_they_say() {
        assert_eq!(signed_cast(Word::signed(-128, 8), 9), Word::signed(-128, 9));
        assert_eq!(unsigned_cast(Word::signed(-128, 8), 9), Word::new(128, 9));
        assert_eq!(signed_cast(Word::from(true), 24).value(), 0xff_ffff);
    }

    #[test]
    fn a_counter_of_one_state_still_has_a_bit() {
        assert_eq!([1, 2, 3, 4, 5, 1024, 1025].map(clog2), [1, 1, 2, 2, 3, 10, 11]);
    }
}
