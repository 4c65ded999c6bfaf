//! Two clocks at any rational ratio, both with an edge at time 0.

/// The array's and the DRAM's command clock, in ticks of their common grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clocks {
    array_ticks: Divisor,
    dram_ticks: Divisor,
}

impl Clocks {
    /// Clocks of these frequencies, MHz, both above 0.
    pub(crate) fn new(array_mhz: u64, dram_mhz: u64) -> Clocks {
        let divisor = gcd(array_mhz, dram_mhz);
        // A cycle of one clock is as long as the other clock is fast.
        let ticks = |mhz: u64| Divisor::new(mhz / divisor);
        Clocks { array_ticks: ticks(dram_mhz), dram_ticks: ticks(array_mhz) }
    }

    /// The first DRAM cycle that does not begin before that array cycle.
    pub(crate) fn array_to_dram(self, cycle: i64) -> i64 {
        self.dram_ticks.div_ceil(cycle * self.array_ticks.value)
    }

    /// The first array cycle that does not begin before that DRAM cycle.
    pub(crate) fn dram_to_array(self, cycle: i64) -> i64 {
        self.array_ticks.div_ceil(cycle * self.dram_ticks.value)
    }

    /// The last array cycle that does not begin after that DRAM cycle.
    pub(crate) fn dram_to_array_floor(self, cycle: i64) -> i64 {
        (cycle * self.dram_ticks.value).div_euclid(self.array_ticks.value)
    }

    /// Cycles of array and DRAM after which the two clocks stand to each other as before.
    pub(crate) fn period(self) -> (i64, i64) {
        (self.dram_ticks.value, self.array_ticks.value)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A divisor with its reciprocal: every stripe crosses the clocks twice, and a division costs as much as the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Divisor {
    value: i64,
    /// floor((2^64 - 1) / value) + 1.
    reciprocal: u128,
}

impl Divisor {
    fn new(value: u64) -> Divisor {
        Divisor {
            value: i64::try_from(value).unwrap_or(i64::MAX),
            reciprocal: u128::from(u64::MAX / value) + 1,
        }
    }

    /// ceil(dividend / value). The reciprocal is too large by less than 2^-64, so the product is exact below 2^64 /
    /// value; clocks are below 2^15 MHz, and 2^48 ticks of their grid are hours.
    fn div_ceil(self, dividend: i64) -> i64 {
        match u64::try_from(dividend + self.value - 1) {
            Ok(raised) if raised < 1 << 48 => ((u128::from(raised) * self.reciprocal) >> 64) as i64,
            _ => -(-dividend).div_euclid(self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_convert_to_the_next_edge() {
        let clocks = Clocks::new(1000, 1600); // 1 ns against 0.625 ns: 8 ticks against 5
        assert_eq!(clocks.period(), (5, 8));
        assert_eq!((clocks.array_to_dram(0), clocks.array_to_dram(1), clocks.array_to_dram(5)), (0, 2, 8));
        assert_eq!((clocks.dram_to_array(1), clocks.dram_to_array(8), clocks.dram_to_array(9)), (1, 5, 6));
        assert_eq!((clocks.dram_to_array_floor(1), clocks.dram_to_array_floor(9)), (0, 5));
        let odd = Clocks::new(20_000, 19_997);
        for cycle in [0, 1, 19_996, 19_997, 1 << 30, (1 << 33) + 1, 1 << 40] {
            let exact = (i128::from(cycle) * 19_997 + 19_999) / 20_000;
            assert_eq!(i128::from(odd.array_to_dram(cycle)), exact, "{cycle}");
        }
        let same = Clocks::new(800, 800);
        assert!(
            (0..100).all(|cycle| same.array_to_dram(cycle) == cycle && same.dram_to_array(cycle) == cycle)
        );
    }
}
