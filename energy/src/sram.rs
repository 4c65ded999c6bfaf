//! What an SRAM access costs at a size between the published ones.
//!
//! Between two published sizes the cost is interpolated linearly in log(size) and log(cost): an access drives
//! word and bit lines whose length grows as a power of the capacity, and a power law is a straight line
//! there. Beyond the published sizes the nearest figure holds. Below, that overstates the cost a little;
//! above, it says that a larger buffer is made of macros of the largest published size and that an access
//! wakes one of them.

/// The published sizes at one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SramCurve {
    /// (macro bytes, pJ per bit), sizes rising.
    points: Vec<(u64, f64)>,
}

impl SramCurve {
    /// Adds a published point; false if its size is there already.
    pub(crate) fn insert(&mut self, macro_bytes: u64, pj_per_bit: f64) -> bool {
        match self.points.binary_search_by_key(&macro_bytes, |&(bytes, _)| bytes) {
            Ok(_) => false,
            Err(at) => {
                self.points.insert(at, (macro_bytes, pj_per_bit));
                true
            }
        }
    }

    /// The curve with every point multiplied.
    pub(crate) fn scaled(&self, factor: f64) -> SramCurve {
        SramCurve { points: self.points.iter().map(|&(bytes, pj)| (bytes, pj * factor)).collect() }
    }

    /// pJ per bit of an access to a macro of `macro_bytes`; `None` if no size is published at this node.
    pub(crate) fn pj_per_bit(&self, macro_bytes: u64) -> Option<f64> {
        let above = self.points.partition_point(|&(bytes, _)| bytes < macro_bytes);
        let Some(&(upper_bytes, upper_pj)) = self.points.get(above) else {
            return self.points.last().map(|&(_, pj)| pj);
        };
        let Some(&(lower_bytes, lower_pj)) = above.checked_sub(1).and_then(|below| self.points.get(below))
        else {
            return Some(upper_pj);
        };
        let log = |bytes: u64| (bytes as f64).ln();
        let share = (log(macro_bytes) - log(lower_bytes)) / (log(upper_bytes) - log(lower_bytes));
        Some(lower_pj * (upper_pj / lower_pj).powf(share))
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn curve() -> SramCurve {
        let mut curve = SramCurve::default();
        // Inserted out of order on purpose.
        assert!(curve.insert(1_048_576, 14.0));
        assert!(curve.insert(8_192, 7.5));
        assert!(curve.insert(32_768, 8.5));
        curve
    }

    #[test]
    fn a_published_size_costs_what_is_published() {
        for (bytes, pj) in [(8_192, 7.5), (32_768, 8.5), (1_048_576, 14.0)] {
            assert_relative_eq!(curve().pj_per_bit(bytes).unwrap(), pj, max_relative = 1e-12);
        }
    }

    #[test]
    fn between_two_sizes_the_cost_is_a_power_law() {
        // 16 KB is the geometric mean of 8 KB and 32 KB, so its cost is that of 7.5 and 8.5.
        assert_relative_eq!(
            curve().pj_per_bit(16_384).unwrap(),
            (7.5_f64 * 8.5).sqrt(),
            max_relative = 1e-12
        );
        // 64 KB is one doubling of the five from 32 KB to 1 MB.
        let expected = 8.5 * (14.0_f64 / 8.5).powf(0.2);
        assert_relative_eq!(curve().pj_per_bit(65_536).unwrap(), expected, max_relative = 1e-12);
    }

    #[test]
    fn beyond_the_published_sizes_the_nearest_holds() {
        assert_eq!(curve().pj_per_bit(1), Some(7.5));
        assert_eq!(curve().pj_per_bit(8_191), Some(7.5));
        assert_eq!(curve().pj_per_bit(1_048_577), Some(14.0));
        assert_eq!(curve().pj_per_bit(u64::MAX), Some(14.0));
    }

    #[test]
    fn a_larger_macro_never_costs_less() {
        let costs: Vec<f64> = (10..24).map(|power| curve().pj_per_bit(3 << power).unwrap()).collect();
        assert!(costs.is_sorted(), "{costs:?}");
    }

    #[test]
    fn no_points_no_cost() {
        assert_eq!(SramCurve::default().pj_per_bit(8_192), None);
    }
}
