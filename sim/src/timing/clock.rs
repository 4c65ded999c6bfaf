//! Two clocks at any rational ratio, both with an edge at time 0.

/// The array's and the DRAM's command clock, in ticks of their common grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clocks {
    array_ticks: i64,
    dram_ticks: i64,
}

impl Clocks {
    /// Clocks of these frequencies, MHz, both above 0.
    pub(crate) fn new(array_mhz: u64, dram_mhz: u64) -> Clocks {
        let divisor = gcd(array_mhz, dram_mhz);
        // A cycle of one clock is as long as the other clock is fast.
        let ticks = |mhz: u64| i64::try_from(mhz / divisor).unwrap_or(i64::MAX);
        Clocks { array_ticks: ticks(dram_mhz), dram_ticks: ticks(array_mhz) }
    }

    /// The first DRAM cycle that does not begin before that array cycle.
    pub(crate) fn array_to_dram(self, cycle: i64) -> i64 {
        div_ceil(cycle * self.array_ticks, self.dram_ticks)
    }

    /// The first array cycle that does not begin before that DRAM cycle.
    pub(crate) fn dram_to_array(self, cycle: i64) -> i64 {
        div_ceil(cycle * self.dram_ticks, self.array_ticks)
    }

    /// The last array cycle that does not begin after that DRAM cycle.
    pub(crate) fn dram_to_array_floor(self, cycle: i64) -> i64 {
        (cycle * self.dram_ticks).div_euclid(self.array_ticks)
    }

    /// Cycles of array and DRAM after which the two clocks stand to each other as before.
    pub(crate) fn period(self) -> (i64, i64) {
        (self.dram_ticks, self.array_ticks)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn div_ceil(a: i64, b: i64) -> i64 {
    -(-a).div_euclid(b)
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
        let same = Clocks::new(800, 800);
        assert!(
            (0..100).all(|cycle| same.array_to_dram(cycle) == cycle && same.dram_to_array(cycle) == cycle)
        );
    }
}
