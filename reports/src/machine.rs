//! The two machines of a phase, side by side, for whatever treats them alike.

use std::collections::BTreeMap;

use sim::result::{Joules, PhaseReport, Run};

/// The machines' names in every output, the ternary one first.
pub(crate) const MACHINES: [&str; 2] = ["ternary", "fp16"];

/// One machine's part of a phase.
#[derive(Clone, Copy)]
pub(crate) struct Machine<'a> {
    /// One of [`MACHINES`].
    pub(crate) name: &'static str,
    /// Its run.
    pub(crate) run: &'a Run,
    /// Its energy by accounting: paper, datapath, system.
    pub(crate) energy: [(&'static str, &'a Joules); 3],
}

impl Machine<'_> {
    /// Whether it is what the ternary machine is compared with.
    pub(crate) fn is_baseline(&self) -> bool {
        self.name == MACHINES[1]
    }

    /// Joules a token of the system accounting by component. The system includes the datapath: its components are one
    /// here, `array`, since they have an accounting of their own.
    pub(crate) fn system_j_per_token(&self) -> BTreeMap<&'static str, f64> {
        let [_, (_, datapath), (_, system)] = self.energy;
        let mut parts = BTreeMap::new();
        for (&component, joules) in &system.components {
            let part = if datapath.components.contains_key(component) { "array" } else { component };
            *parts.entry(part).or_insert(0.0) += joules / self.run.tokens as f64;
        }
        parts
    }
}

/// The components of [`Machine::system_j_per_token`] that cost either machine anything, the baseline's largest first.
pub(crate) fn system_components(both: &[Machine<'_>; 2]) -> Vec<&'static str> {
    let [ternary, fp16] = both.each_ref().map(Machine::system_j_per_token);
    let cost = |parts: &BTreeMap<&str, f64>, name: &str| parts.get(name).copied().unwrap_or(0.0);
    let mut names: Vec<_> = ternary.keys().chain(fp16.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| cost(&ternary, name) + cost(&fp16, name) > 0.0);
    names.sort_by(|a, b| cost(&fp16, b).total_cmp(&cost(&fp16, a)));
    names
}

/// The ternary machine and the FP16 baseline.
pub(crate) fn machines(phase: &PhaseReport) -> [Machine<'_>; 2] {
    let energy = phase.energy_j.by_accounting();
    [
        Machine {
            name: MACHINES[0],
            run: &phase.ternary,
            energy: energy.map(|(name, pair)| (name, &pair.ternary)),
        },
        Machine {
            name: MACHINES[1],
            run: &phase.fp16,
            energy: energy.map(|(name, pair)| (name, &pair.fp16)),
        },
    ]
}
