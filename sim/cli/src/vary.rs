//! What the user types after `--vary`.

use anyhow::bail;
use energy::{CostTable, Knob};
use sim::Chip;
use sim::sensitivity::{Variation, default_variations};

/// The variations that the arguments name, each once: `NAME=±30%`, `NAME=-50%..100%`, or `all`.
pub(crate) fn variations(arguments: &[String], chip: &Chip) -> anyhow::Result<Vec<Variation>> {
    let mut all = Vec::new();
    for argument in arguments {
        if argument == "all" {
            all.extend(default_variations(chip, &CostTable::seven_nm()?)?);
        } else {
            all.push(variation(argument)?);
        }
    }
    // What is named last counts.
    let mut once: Vec<Variation> = Vec::new();
    for one in all {
        once.retain(|other| other.knob != one.knob);
        once.push(one);
    }
    Ok(once)
}

fn variation(argument: &str) -> anyhow::Result<Variation> {
    let Some((name, range)) = argument.split_once('=') else {
        bail!("--vary {argument}: must be COST=RANGE, such as dram_pj=±30%, or all");
    };
    let Some(knob) = Knob::of(name) else {
        let known = Knob::all().iter().map(|knob| knob.name()).collect::<Vec<_>>().join(", ");
        bail!("--vary {argument}: no cost `{name}`; known costs: {known}");
    };
    let Some(factors) = factors(range) else {
        bail!("--vary {argument}: range must be ±30%, or -50%..100%, above -100% and at most 10000%");
    };
    Ok(Variation { knob, factors, assumed: false })
}

/// The factors of a range of percentages.
fn factors(range: &str) -> Option<[f64; 2]> {
    /// A hundred times as much.
    const MOST: f64 = 10_000.0;
    let percent = |text: &str| {
        let number: f64 = text.strip_suffix('%')?.parse().ok()?;
        (number.is_finite() && number > -100.0 && number <= MOST).then_some(number)
    };
    let [low, high] = match range.strip_prefix('±').or_else(|| range.strip_prefix("+-")) {
        Some(both) => {
            let number = percent(both).filter(|number| (0.0..100.0).contains(number))?;
            [-number, number]
        }
        None => {
            let (low, high) = range.split_once("..")?;
            [percent(low)?, percent(high)?]
        }
    };
    (low <= high).then_some([1.0 + low / 100.0, 1.0 + high / 100.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_pair_of_factors() {
        for (range, expected) in [
            ("±30%", [0.7, 1.3]),
            ("+-30%", [0.7, 1.3]),
            ("-50%..100%", [0.5, 2.0]),
            ("0%..25%", [1.0, 1.25]),
            ("±0%", [1.0, 1.0]),
        ] {
            assert_eq!(factors(range), Some(expected), "{range}");
        }
        for wrong in [
            "30%",
            "±30",
            "±100%",
            "±-5%",
            "-100%..0%",
            "50%..-50%",
            "0%..10001%",
            "nan%..1%",
            "a..b",
            "",
            "±",
            "±inf%",
        ] {
            assert_eq!(factors(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_wrong_variation_is_told_what_would_be_right() {
        let error = |argument: &str| variation(argument).unwrap_err().to_string();
        assert!(error("dram_pj").contains("must be COST=RANGE"));
        assert!(error("dram=±30%").contains("known costs: static_w, dram_pj, sram_pj, int8_add_pj"));
        assert!(error("dram_pj=30").contains("range must be ±30%"));
    }

    #[test]
    fn what_is_named_last_counts() {
        let chip = sim::chip::load("edge").unwrap();
        let arguments = ["all".to_owned(), "dram_pj=±10%".to_owned()];
        let variations = variations(&arguments, &chip).unwrap();
        assert_eq!(variations.len(), Knob::all().len());
        let asked = Variation { knob: Knob::Dram, factors: [0.9, 1.1], assumed: false };
        assert_eq!(variations.last(), Some(&asked));
        // 30% that somebody asked for are not 30% for want of a source.
        assert!(!variation("static_w=±30%").unwrap().assumed);
        assert!(variations.iter().any(|one| one.knob == Knob::StaticPower && one.assumed));
    }
}
