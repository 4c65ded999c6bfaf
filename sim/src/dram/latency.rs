//! A distribution of latencies, in bounded memory.

/// Latencies are kept to the cycle up to here, and to a 64th of their size beyond.
const EXACT: usize = 4096;
/// Of each power of two.
const PARTS: usize = 64;
const PARTS_BITS: u32 = PARTS.trailing_zeros();

/// How often each latency came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latencies {
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    max: u64,
}

impl Default for Latencies {
    fn default() -> Latencies {
        let octaves = (u64::BITS - EXACT.trailing_zeros()) as usize;
        Latencies { counts: vec![0; EXACT + octaves * PARTS], count: 0, sum: 0, max: 0 }
    }
}

impl Latencies {
    /// Counts a latency.
    #[inline(always)]
    pub fn add(&mut self, cycles: i64) {
        let cycles = cycles.unsigned_abs();
        self.counts[index(cycles)] += 1;
        self.count += 1;
        self.sum += u128::from(cycles);
        self.max = self.max.max(cycles);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; 0 if there are none.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// The longest.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The shortest latency that so many thousandths of all do not exceed, at most a 64th too long; 0 if there are none.
    pub fn permille(&self, thousandths: u64) -> u64 {
        let rank = (u128::from(self.count) * u128::from(thousandths)).div_ceil(1000);
        let mut seen = 0;
        for (at, &count) in self.counts.iter().enumerate() {
            seen += u128::from(count);
            if count > 0 && seen >= rank {
                return longest(at).min(self.max);
            }
        }
        0
    }
}

#[inline]
fn index(cycles: u64) -> usize {
    match usize::try_from(cycles) {
        Ok(cycles) if cycles < EXACT => cycles,
        _ => {
            let octave = cycles.ilog2();
            let part = (cycles >> (octave - PARTS_BITS)) - PARTS as u64;
            EXACT + (octave - EXACT.ilog2()) as usize * PARTS + usize::try_from(part).unwrap_or(0)
        }
    }
}

/// The longest latency with that index.
fn longest(index: usize) -> u64 {
    if index < EXACT {
        return index as u64;
    }
    let (octave, part) = ((index - EXACT) / PARTS, (index - EXACT) % PARTS);
    let shift = octave + (EXACT.ilog2() - PARTS_BITS) as usize;
    u64::try_from((((PARTS + part + 1) as u128) << shift) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_latency_is_in_a_part_that_is_not_much_longer() {
        let mut last = None;
        for cycles in (0..5000)
            .chain((13..64).flat_map(|octave| [1 << octave, (1 << octave) + 77, u64::MAX >> (63 - octave)]))
        {
            let longest = longest(index(cycles));
            assert!(longest >= cycles && longest - cycles <= cycles / 64, "{cycles}: {longest}");
            assert!(last.is_none_or(|last| last <= index(cycles)), "{cycles}");
            last = Some(index(cycles));
        }
    }

    #[test]
    fn ranks_are_counted_from_the_shortest() {
        let mut latencies = Latencies::default();
        assert_eq!((latencies.mean(), latencies.permille(500), latencies.max()), (0.0, 0, 0));
        (1..=1000).for_each(|cycles| latencies.add(cycles));
        assert_eq!((latencies.mean(), latencies.max(), latencies.count()), (500.5, 1000, 1000));
        assert_eq!([500, 950, 990, 999, 1000].map(|p| latencies.permille(p)), [500, 950, 990, 999, 1000]);
    }
}
