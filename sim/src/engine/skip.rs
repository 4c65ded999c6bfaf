//! Steps that need not be gone through one by one.

use super::{Front, Tally};

/// Someone who remembers how steps went, and lets known ones happen again. Only steps are remembered whose tokens waited for
/// nothing but weights; what they mean for activations and results is always gone through.
pub trait Skip<P> {
    /// Before a step of the middle of a job: lets as many known steps happen as can. For each run of steps, `meets` is told the
    /// cycles of their first tokens less a number of cycles, and that number; it does what they do outside of the front, or
    /// nothing, and says so, if a token would have had to wait. The number of steps.
    fn skip(
        &mut self,
        front: &mut Front,
        ports: &mut P,
        tally: &mut Tally,
        meets: &mut dyn FnMut(&mut P, &[i64], i64) -> bool,
    ) -> u64;

    /// A step was gone through, whose first token entered in a cycle; or one that waited for more than weights.
    fn stepped(&mut self, first: Option<i64>, ports: &P);
}

/// Nobody remembers anything.
#[derive(Clone, Copy, Debug)]
pub struct StepAll;

impl<P> Skip<P> for StepAll {
    fn skip(
        &mut self,
        _: &mut Front,
        _: &mut P,
        _: &mut Tally,
        _: &mut dyn FnMut(&mut P, &[i64], i64) -> bool,
    ) -> u64 {
        0
    }

    fn stepped(&mut self, _: Option<i64>, _: &P) {}
}
