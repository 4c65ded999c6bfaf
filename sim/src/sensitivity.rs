//! What the energy ratio of the whole system depends on: each cost varied by itself, everything else as it is.
//!
//! Costs do not change what happens, only what it costs, so nothing is simulated again: the counted events are priced anew.

use energy::{CostTable, Knob, system};

use crate::Error;
use crate::chip::Chip;
use crate::result::{PhaseReport, Run};

/// A cost and how far it is varied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variation {
    /// What.
    pub knob: Knob,
    /// The lowest and the highest factor.
    pub factors: [f64; 2],
    /// Nobody asked for this range and no source prints one: it is [`UNSOURCED`].
    pub assumed: bool,
}

/// What varying a cost does to FP16 joules over ternary joules a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swing {
    /// What was varied.
    pub variation: Variation,
    /// The ratio with the cost at its lowest and at its highest.
    pub ratios: [f64; 2],
}

impl Swing {
    /// How much of the ratio it moves.
    pub fn width(&self) -> f64 {
        (self.ratios[1] - self.ratios[0]).abs()
    }
}

/// How far a cost is varied where its sources print one value.
pub const UNSOURCED: [f64; 2] = [0.7, 1.3];

/// Every cost over its published range, or by 30% either way.
///
/// # Errors
/// A cost that the table does not hold.
pub fn default_variations(chip: &Chip, costs: &CostTable) -> Result<Vec<Variation>, Error> {
    let of = |knob: Knob| {
        let range = knob.published_range(costs, &chip.standard.name);
        let range = range.map_err(|error| Error::Energy(error.to_string()))?;
        Ok(Variation { knob, factors: range.unwrap_or(UNSOURCED), assumed: range.is_none() })
    };
    Knob::all().into_iter().map(of).collect()
}

/// The system's energy ratio of a phase with each cost varied, those first that move it most; those that do not move it are left out.
///
/// # Errors
/// A cost that the table does not hold.
pub fn tornado(
    part: &PhaseReport,
    chip: &Chip,
    variations: &[Variation],
    costs: &CostTable,
) -> Result<Vec<Swing>, Error> {
    let mut swings = Vec::new();
    for &variation in variations {
        let [low, high] = variation.factors;
        let ratios =
            [ratio(part, chip, variation.knob, low, costs)?, ratio(part, chip, variation.knob, high, costs)?];
        swings.push(Swing { variation, ratios });
    }
    // Rounding alone is no dependence.
    swings.retain(|swing| swing.width() > 1e-9 * part.ratio.energy.system);
    swings.sort_by(|a, b| b.width().total_cmp(&a.width()));
    Ok(swings)
}

/// FP16 joules over ternary joules a token with one cost multiplied.
fn ratio(part: &PhaseReport, chip: &Chip, knob: Knob, factor: f64, costs: &CostTable) -> Result<f64, Error> {
    let costs = costs.scaled(knob, factor);
    let power_w = chip.spec.static_power_w * if knob == Knob::StaticPower { factor } else { 1.0 };
    let j_per_token = |run: &Run| {
        let energy =
            system(&run.events, &costs, power_w).map_err(|error| Error::Energy(error.to_string()))?;
        Ok::<_, Error>(energy.total() / run.tokens as f64)
    };
    Ok(j_per_token(&part.fp16)? / j_per_token(&part.ternary)?)
}
