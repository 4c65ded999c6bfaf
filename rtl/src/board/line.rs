//! A serial line as the tests make it and read it.

/// The ten levels of a byte: start bit, data bits, lowest first, stop bit.
pub(super) fn frame(byte: u8) -> [bool; 10] {
    std::array::from_fn(|i| i == 9 || i > 0 && byte >> (i - 1) & 1 == 1)
}

/// The bytes on a line of one level a cycle, read in the middle of their bits.
pub(super) fn bytes(levels: &[bool], clocks_per_bit: usize) -> Vec<u8> {
    let mut bytes = vec![];
    let mut at = 0;
    while let Some(start) = levels[at..].iter().position(|&level| !level) {
        let bit = |i: usize| levels[at + start + i * clocks_per_bit + clocks_per_bit / 2];
        assert!(!bit(0) && bit(9), "a start bit and a stop bit");
        bytes.push((0..8).map(|i| u8::from(bit(1 + i)) << i).sum());
        at += start + 9 * clocks_per_bit + clocks_per_bit / 2;
    }
    bytes
}
