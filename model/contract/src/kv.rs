//! The forms of the KV cache.
//!
//! The unit is a vector: K or V of one position and one KV head, `head_dim` values, K after the rotary
//! embedding.
//!
//! **C-KV-2: one vector is one group, with one scale.** Any finer group would split K's dot product over
//! `head_dim` into several integer sums; a scale a vector leaves the sum of K, and that of V folds into the
//! position's probability. There is no zero point: it would add a sum of its own to every dot product.

use crate::activations::absmax;
use crate::quantize::{NotFinite, require_finite};
use crate::{f16_to_f32, f32_to_f16};

/// What a value of the cache is held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KvForm {
    /// Half precision, 16 bits, without a scale.
    F16,
    /// 8-bit integers, -127 to 127: the same as activations (C-QUANT-6, C-QUANT-7).
    Int8,
    /// 4-bit integers, -7 to 7.
    Int4,
    /// 3-bit integers, -3 to 3 (the width of BitNet a4.8, arXiv 2411.04965).
    Int3,
}

/// One vector as the cache holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct KvVector {
    /// The values, [`KvForm::vector_bytes`] long.
    pub bytes: Vec<u8>,
    /// What the values were multiplied by before they were rounded; 1, and not stored, in [`KvForm::F16`].
    pub scale: f32,
}

impl KvForm {
    /// All forms, the widest first.
    pub const ALL: [KvForm; 4] = [KvForm::F16, KvForm::Int8, KvForm::Int4, KvForm::Int3];

    /// Bits of a value: 16, 8, 4 or 3.
    pub const fn value_bits(self) -> u32 {
        match self {
            KvForm::F16 => 16,
            KvForm::Int8 => 8,
            KvForm::Int4 => 4,
            KvForm::Int3 => 3,
        }
    }

    /// Bytes of a vector's values in memory.
    ///
    /// **C-KV-3: value i is bits i * b to (i + 1) * b - 1 of its vector**, b bits in two's complement
    /// (C-KV-1's in F16), the bytes least significant first; each vector begins on a byte, and the bits that
    /// fill its last one are zero.
    pub const fn vector_bytes(self, head_dim: u64) -> u64 {
        (head_dim * self.value_bits() as u64).div_ceil(8)
    }

    /// Bytes of a vector's scale in memory.
    ///
    /// **C-KV-4: a scale is an f32, little-endian, and the scales stand in a plane of their own**:
    /// \[layer\]\[K, V\]\[KV head\]\[position\], beside the values' \[layer\]\[K, V\]\[KV
    /// head\]\[position\]\[value\]. A head's keys are one run of addresses, and vectors of a power of two
    /// keep their alignment to a DRAM burst. F16 has none.
    pub const fn scale_bytes(self) -> u64 {
        match self {
            KvForm::F16 => 0,
            KvForm::Int8 | KvForm::Int4 | KvForm::Int3 => 4,
        }
    }

    /// The largest magnitude of an integer form: 127, 7 or 3; `None` in [`KvForm::F16`].
    pub const fn limit(self) -> Option<i8> {
        match self {
            KvForm::F16 => None,
            KvForm::Int8 => Some(127),
            KvForm::Int4 => Some(7),
            KvForm::Int3 => Some(3),
        }
    }

    /// Puts a vector of `head_dim` values into this form.
    ///
    /// **C-KV-5: q = clamp(round(x * s), -limit - 1, limit), s = fl(fl(1/m) * limit), m = max(max|x|,
    /// 1e-5)**: the rule of the activations with the form's own limit; the lowest code is never written.
    ///
    /// **C-KV-6: in F16 what would round to an infinity becomes +-65504**: an infinite key turns a whole row of
    /// attention into NaN.
    ///
    /// # Errors
    ///
    /// [`NotFinite`] (C-QUANT-1).
    pub fn encode(self, x: &[f32]) -> Result<KvVector, NotFinite> {
        let Some(limit) = self.limit() else {
            require_finite(x)?;
            let halves = x.iter().map(|x| f32_to_f16(x.clamp(-65504.0, 65504.0)));
            return Ok(KvVector { bytes: halves.flat_map(u16::to_le_bytes).collect(), scale: 1.0 });
        };
        let (q, scale) = absmax(x, limit)?;
        let bits = self.value_bits() as usize;
        let mut bytes = vec![0; (q.len() * bits).div_ceil(8)];
        for (i, q) in q.iter().enumerate() {
            for bit in 0..bits {
                let at = i * bits + bit;
                bytes[at / 8] |= ((*q as u8 >> bit) & 1) << (at % 8);
            }
        }
        Ok(KvVector { bytes, scale })
    }

    /// The integer of value `i`, as the array multiplies it; `None` in [`KvForm::F16`], and past the end of
    /// the bytes.
    pub fn integer(self, vector: &KvVector, i: usize) -> Option<i8> {
        self.limit()?;
        let bits = self.value_bits() as usize;
        let (first, last) = (i * bits, (i + 1) * bits - 1);
        // At most eight bits lie in two bytes.
        let pair = [*vector.bytes.get(first / 8)?, *vector.bytes.get(last / 8)?];
        let code = (u16::from_le_bytes(pair) >> (first % 8)).to_le_bytes()[0];
        // The sign bit moves to the top of the byte and comes back down with its copies.
        let unused = 8 - bits;
        Some((code << unused) as i8 >> unused)
    }

    /// The values of a vector of `head_dim`: q / s, or the halves. Shorter where the bytes end before.
    ///
    /// **C-KV-7: a value is read as f32(q) / s.**
    pub fn decode(self, vector: &KvVector, head_dim: usize) -> Vec<f32> {
        match self {
            KvForm::F16 => {
                let halves = vector.bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
                halves.take(head_dim).map(f16_to_f32).collect()
            }
            KvForm::Int8 | KvForm::Int4 | KvForm::Int3 => {
                let integers = (0..head_dim).map_while(|i| self.integer(vector, i));
                integers.map(|q| f32::from(q) / vector.scale).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quantize_activations;

    // Holds C-KV-3, C-KV-4.
    #[test]
    fn bytes_of_a_vector() {
        let bytes = |head_dim| KvForm::ALL.map(|form| form.vector_bytes(head_dim) + form.scale_bytes());
        assert_eq!(bytes(128), [256, 132, 68, 52]);
        assert_eq!(bytes(80), [160, 84, 44, 34]);
        assert_eq!(bytes(1), [2, 5, 5, 5]);
    }

    // Holds C-KV-3, C-KV-5.
    #[test]
    fn the_layout_is_frozen() {
        let x = [3.0, -3.0, 1.0, 0.0, -1.0, 2.0];
        // From the highest bit down: 010 111 000 001 101 011.
        let int3 = KvForm::Int3.encode(&x).unwrap();
        assert_eq!(int3.bytes, [0b0110_1011, 0b0111_0000, 0b0000_0001]);
        let int4 = KvForm::Int4.encode(&[7.0, -7.0, 1.0]).unwrap();
        assert_eq!(int4.bytes, [0x97, 0x01]);
        assert_eq!(KvForm::F16.encode(&[1.0, -2.0]).unwrap().bytes, [0x00, 0x3c, 0x00, 0xc0]);
    }

    // Holds C-KV-2, C-KV-5, C-KV-7.
    #[test]
    fn one_outlier_sets_the_whole_vectors_scale() {
        let vector = KvForm::Int3.encode(&[30.0, 4.0, -6.0, 1e-3]).unwrap();
        assert_eq!(vector.scale, (1.0 / 30.0f32) * 3.0);
        assert_eq!(
            KvForm::Int3.decode(&vector, 4).iter().map(|x| x.round()).collect::<Vec<_>>(),
            [30.0, 0.0, -10.0, 0.0]
        );
    }

    // Holds C-KV-6.
    #[test]
    fn f16_saturates_and_what_is_not_finite_is_refused() {
        let vector = KvForm::F16.encode(&[1e6, -65519.0, 65520.0, 1e-8]).unwrap();
        assert_eq!(KvForm::F16.decode(&vector, 4), [65504.0, -65504.0, 65504.0, 0.0]);
        for form in KvForm::ALL {
            assert_eq!(form.encode(&[0.0, f32::NAN]).unwrap_err().position, 1);
            let zeros = form.encode(&[0.0; 10]).unwrap();
            assert_eq!(form.decode(&zeros, 10), [0.0; 10]);
            assert_eq!(form.decode(&form.encode(&[]).unwrap(), 4), []);
        }
    }

    proptest! {
        // Holds C-KV-3, C-KV-5, C-KV-7.
        #[test]
        fn values_return_within_half_a_step(x in prop::collection::vec(-1e4f32..1e4, 0..140)) {
            let largest = x.iter().fold(1e-5f32, |m, x| m.max(x.abs()));
            for form in KvForm::ALL {
                let vector = form.encode(&x).unwrap();
                prop_assert_eq!(vector.bytes.len() as u64, form.vector_bytes(x.len() as u64));
                let decoded = form.decode(&vector, x.len());
                prop_assert_eq!(decoded.len(), x.len());
                let half_step = largest / form.limit().map_or(2048.0, |limit| 2.0 * f32::from(limit));
                for (i, (x, y)) in x.iter().zip(decoded).enumerate() {
                    prop_assert!((x - y).abs() <= half_step * 1.001, "{:?}: {} became {}", form, x, y);
                    if let (Some(q), Some(limit)) = (form.integer(&vector, i), form.limit()) {
                        prop_assert!((-limit..=limit).contains(&q));
                    }
                }
            }
        }

        // Holds C-KV-5.
        #[test]
        fn int8_is_the_activation_quantiser(x in prop::collection::vec(-1e4f32..1e4, 0..140)) {
            let vector = KvForm::Int8.encode(&x).unwrap();
            let (q, s) = quantize_activations(&x).unwrap();
            prop_assert_eq!(vector.bytes, q.iter().map(|&q| q as u8).collect::<Vec<_>>());
            prop_assert_eq!(vector.scale, s);
        }
    }
}
