//! Every integer of every linear, for whoever compares another implementation.

use std::collections::BTreeMap;

use super::{Place, Quantized};

/// What went into a linear and what was summed, over all positions so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinearTrace {
    /// \[positions, in\].
    pub q: Vec<i8>,
    /// \[positions\].
    pub s: Vec<f32>,
    /// \[positions, out\].
    pub acc: Vec<i32>,
}

/// All linears' integers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// By linear.
    pub linears: BTreeMap<Place, LinearTrace>,
}

impl Trace {
    /// Appends some positions of a linear.
    pub(super) fn add(&mut self, place: Place, x: &Quantized, sums: &[i32]) {
        let linear = self.linears.entry(place).or_default();
        linear.q.extend_from_slice(x.values());
        linear.s.extend_from_slice(x.scales());
        linear.acc.extend_from_slice(sums);
    }
}
