//! `tests/fixtures/formats/vectors.json`: matrices in the bytes of every format, written by its own tool.

use std::collections::BTreeMap;

use contract::{Trit, f16_to_f32, f32_to_f16};
use serde::Deserialize;

use super::file::Source;
use super::{codes, i2_s, packed, tq1_0, tq2_0};
use crate::TritMatrix;

#[derive(Deserialize)]
struct Vector {
    rows: usize,
    columns: usize,
    /// As `-`, `0` and `+`, row by row.
    trits: String,
    scale: f32,
    #[serde(rename = "TQ1_0")]
    tq1_0: String,
    #[serde(rename = "TQ2_0")]
    tq2_0: String,
    #[serde(rename = "I2_S")]
    i2_s: String,
    packed: String,
}

impl Vector {
    fn trits(&self) -> TritMatrix {
        let trits: Vec<Trit> = self.trits.chars().map(|c| Trit::ALL["-0+".find(c).unwrap()]).collect();
        assert_eq!(trits.len(), self.rows * self.columns);
        let mut matrix = TritMatrix::zeros(self.rows, self.columns);
        trits.chunks(self.columns).enumerate().for_each(|(row, trits)| matrix.set_row(row, trits));
        matrix
    }

    /// The matrix of a block format, from the codes and the scale of each block; where a block is zero its scale is.
    fn assert_blocks<const BYTES: usize>(&self, hex: &str, decode: impl Fn(&[u8; BYTES]) -> ([u8; 64], u16)) {
        let bytes = bytes(hex);
        let (blocks, []) = bytes.as_chunks() else { panic!("no whole number of blocks") };
        let mut codes = vec![];
        let mut zeros = 0;
        for block in blocks {
            let (block, scale) = decode(block);
            match block.iter().all(|&codes| codes == 0b01_01_01_01) {
                true => zeros += usize::from(f16_to_f32(scale) == 0.0),
                false => assert_eq!(scale, f32_to_f16(self.scale)),
            }
            codes.extend(block);
        }
        assert_eq!(zeros, 1);
        self.assert_codes(&codes);
    }

    fn assert_codes(&self, codes: &[u8]) {
        let file = source(&[]);
        let matrix = codes::matrix(&file, "x", codes, self.rows as u64, self.columns as u64).unwrap();
        assert!(matrix == self.trits());
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(16 * pair[0] + pair[1]).unwrap()).collect()
}

fn source(bytes: &[u8]) -> Source {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bytes");
    std::fs::write(&path, bytes).unwrap();
    Source::open(&path).unwrap()
}

fn vectors() -> BTreeMap<String, Vector> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/formats/vectors.json"));
    let vectors: BTreeMap<String, Vector> = serde_json::from_str(text).unwrap();
    assert_eq!(vectors.keys().collect::<Vec<_>>(), ["4x256", "8x512"]);
    vectors
}

#[test]
fn tq1_0_is_read_as_it_is_written() {
    for vector in vectors().values() {
        vector.assert_blocks(&vector.tq1_0, |block| tq1_0::decode(block).unwrap());
    }
}

#[test]
fn tq2_0_is_read_as_it_is_written() {
    for vector in vectors().values() {
        vector.assert_blocks(&vector.tq2_0, tq2_0::decode);
    }
}

#[test]
fn i2_s_is_read_as_x86_writes_it() {
    for vector in vectors().values() {
        let bytes = bytes(&vector.i2_s);
        let (blocks, []) = bytes.as_chunks() else { panic!("no whole number of blocks") };
        let (tail, blocks) = blocks.split_last().unwrap();
        vector.assert_codes(&blocks.iter().flat_map(i2_s::decode).collect::<Vec<u8>>());
        assert_eq!(tail[..4], vector.scale.to_le_bytes());
    }
}

/// A known gap: nothing in the file says which it is.
#[test]
fn i2_s_of_arm_is_read_in_another_order() {
    for vector in vectors().values() {
        let trits = vector.trits();
        let codes: Vec<u8> = (0..vector.rows)
            .flat_map(|row| trits.row(row).map(|trit| (trit.value() + 1).unsigned_abs()).collect::<Vec<_>>())
            .collect();
        let arm: Vec<u8> = codes
            .chunks(64)
            .flat_map(|block| (0..16).map(|b| (0..4).fold(0, |byte, i| byte << 2 | block[16 * i + b])))
            .collect();
        let (blocks, []) = arm.as_chunks() else { panic!("no whole number of blocks") };
        let read: Vec<u8> = blocks.iter().flat_map(i2_s::decode).collect();
        let (rows, columns) = (vector.rows as u64, vector.columns as u64);
        let matrix = codes::matrix(&source(&[]), "x", &read, rows, columns).unwrap();
        assert!(matrix != trits);
        // Each 128 hold the same trits.
        let counts = |matrix: &TritMatrix| {
            let all: Vec<Trit> =
                (0..vector.rows).flat_map(|row| matrix.row(row).collect::<Vec<_>>()).collect();
            let count = |block: &[Trit]| Trit::ALL.map(|of| block.iter().filter(|&&trit| trit == of).count());
            all.chunks(128).map(count).collect::<Vec<_>>()
        };
        assert_eq!(counts(&matrix), counts(&trits));
    }
}

#[test]
fn packed_trits_are_read_as_they_are_written() {
    for vector in vectors().values() {
        let bytes = bytes(&vector.packed);
        let (rows, columns) = (vector.rows as u64, vector.columns as u64);
        let matrix = packed::read(&source(&bytes), "x", 0..bytes.len() as u64, rows, columns).unwrap();
        assert!(matrix == vector.trits());
    }
}

#[test]
fn rows_of_packed_trits_may_have_any_length() {
    for columns in 1..=9usize {
        // Two rows of bytes.
        let bytes: Vec<u8> =
            [0b00_01_10_00, 0b10_00_01_01, 0b01_10_00_10].into_iter().cycle().take(2 * columns).collect();
        let matrix = packed::read(&source(&bytes), "x", 0..bytes.len() as u64, 8, columns as u64).unwrap();
        for row in 0..8 {
            for (column, trit) in matrix.row(row).enumerate() {
                let byte = bytes[row % 2 * columns + column];
                assert_eq!(trit.value() + 1, (byte >> (2 * (row / 2)) & 3).cast_signed(), "{row} {column}");
            }
        }
    }
}
