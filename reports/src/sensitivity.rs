//! What the system's energy ratio depends on: a table for the terminal, and CSV.

use sim::sensitivity::Swing;

use crate::Error;
use crate::grid::Grid;
use crate::units::{significant, times};

/// One line a cost, those first that move the ratio most; `title` says of what.
pub fn sensitivity_table(title: &str, ratio: f64, swings: &[Swing]) -> String {
    let mut grid = Grid::new("<>>>>");
    grid.row(["", "varied by", "", "energy ratio, whole system", ""]);
    grid.row([title, "from", "to", "from", "to"]);
    grid.rule();
    for swing in swings {
        let [low, high] = swing.variation.factors.map(change);
        let [from, to] = swing.ratios.map(times);
        grid.row([swing.variation.knob.name(), low, high, from, to]);
    }
    grid.rule();
    grid.row(["as it is", "", "", &times(ratio), &times(ratio)]);
    grid.text()
}

/// `title,cost,factor_low,factor_high,ratio_low,ratio_high,ratio`, one row a cost of each phase.
///
/// # Errors
/// The writer fails.
pub fn sensitivity_csv(phases: &[(String, f64, Vec<Swing>)]) -> Result<String, Error> {
    let failed = |reason: String| Error::Document { format: "CSV", reason };
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut write =
        |record: [String; 7]| writer.write_record(record).map_err(|reason| failed(reason.to_string()));
    let header = ["title", "cost", "factor_low", "factor_high", "ratio_low", "ratio_high", "ratio"];
    write(header.map(str::to_owned))?;
    for (title, ratio, swings) in phases {
        for swing in swings {
            let [low, high] = swing.variation.factors.map(|factor| factor.to_string());
            let [from, to] = swing.ratios.map(|ratio| ratio.to_string());
            write([title.clone(), swing.variation.knob.name(), low, high, from, to, ratio.to_string()])?;
        }
    }
    let bytes = writer.into_inner().map_err(|reason| failed(reason.to_string()))?;
    String::from_utf8(bytes).map_err(|reason| failed(reason.to_string()))
}

/// A factor as a change: `+30%`.
pub(crate) fn change(factor: f64) -> String {
    let percent = 100.0 * (factor - 1.0);
    if percent.abs() < 0.05 {
        return "0%".to_owned();
    }
    let sign = if percent > 0.0 { "+" } else { "-" };
    format!("{sign}{}%", significant(percent.abs(), 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;

    #[test]
    fn changes_are_percentages() {
        let cases = [
            (0.7, "-30%"),
            (1.3, "+30%"),
            (1.0, "0%"),
            (1.7361, "+74%"),
            (3.447, "+245%"),
            (0.9802, "-2.0%"),
        ];
        for (factor, text) in cases {
            assert_eq!(change(factor), text);
        }
    }

    #[test]
    fn one_line_a_cost() {
        let text = sensitivity_table("decode", 12.5, &example::swings());
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[3], ["static_w", "-30%", "+30%", "11.2x", "13.8x"]);
        assert_eq!(lines.last().unwrap()[..3], ["as", "it", "is"]);
    }

    #[test]
    fn the_csv_keeps_every_digit() {
        let text = sensitivity_csv(&[("decode".to_owned(), 12.5, example::swings())]).unwrap();
        assert!(text.starts_with("title,cost,factor_low,"));
        assert!(text.contains("\ndecode,dram_pj,0.98,1.736,12.6,11.5,12.5\n"), "{text}");
        assert_eq!(text.lines().count(), 1 + example::swings().len());
    }
}
