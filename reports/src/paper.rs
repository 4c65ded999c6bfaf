//! The paper's figures beside ours: a table for the terminal, and CSV.

use paper::{Bound, Reproduction, Row};

use crate::Error;
use crate::grid::{Grid, wrapped};
use crate::units::{count, significant};

/// Every number, grouped by figure and convention; then what was fitted, the terms of every memory, and what is not reproduced.
pub fn paper_table(reproduction: &Reproduction) -> String {
    let mut text = headline(&reproduction.rows);
    text.push('\n');
    text.push_str(&rows(&reproduction.rows));
    text.push('\n');
    text.push_str(&fitted(reproduction));
    text.push('\n');
    text.push_str(&memories(reproduction));
    text.push('\n');
    for part in &reproduction.not_reproduced {
        text.push_str(&wrapped("not reproduced: ", &format!("{}: {}", part.what, part.reason)));
    }
    text
}

/// `figure,item,unit,paper,ours,error_percent,convention`; what is absent is empty.
///
/// # Errors
/// The writer fails.
pub fn paper_csv(reproduction: &Reproduction) -> Result<String, Error> {
    let failed = |reason: String| Error::Document { format: "CSV", reason };
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut write =
        |record: [&str; 7]| writer.write_record(record).map_err(|reason| failed(reason.to_string()));
    write(["figure", "item", "unit", "paper", "ours", "error_percent", "convention"])?;
    for row in &reproduction.rows {
        let [paper, error] =
            [row.paper, row.error_percent].map(|n| n.map_or_else(String::new, |n| n.to_string()));
        write([&row.figure, &row.item, row.unit, &paper, &row.ours.to_string(), &error, &row.convention])?;
    }
    let bytes = writer.into_inner().map_err(|reason| failed(reason.to_string()))?;
    String::from_utf8(bytes).map_err(|reason| failed(reason.to_string()))
}

/// How many numbers are within their bounds, and which are not.
fn headline(rows: &[Row]) -> String {
    let judged: Vec<_> = rows.iter().filter(|row| row.met.is_some()).collect();
    let missed: Vec<_> = judged.iter().filter(|row| row.met == Some(false)).collect();
    let mut text = format!(
        "arXiv 2402.17764: {} of {} numbers within their bounds; {} more beside them, by other conventions\n",
        judged.len() - missed.len(),
        judged.len(),
        rows.len() - judged.len()
    );
    for row in missed {
        text.push_str(&wrapped(
            "not met: ",
            &format!("{}: {}x (DEVIATIONS.md)", row.item, significant(row.ours, 3)),
        ));
    }
    text
}

/// One line a number, under a line with its figure and convention where they change.
fn rows(rows: &[Row]) -> String {
    let mut grid = Grid::new("<<>>>>");
    grid.row(["", "unit", "paper", "ours", "error", "bound"]);
    for row in rows {
        grid.row([
            format!("  {}", row.item),
            row.unit.to_owned(),
            row.paper.map_or_else(|| "-".to_owned(), |paper| significant(paper, 4)),
            significant(row.ours, 4),
            row.error_percent.map_or_else(|| "-".to_owned(), |error| format!("{error:+.2}%")),
            bound(row),
        ]);
    }
    let text = grid.text();
    let mut lines = text.lines();
    let mut text = lines.next().map(|header| format!("{header}\n")).unwrap_or_default();
    let mut group = None;
    for (line, row) in lines.zip(rows) {
        if group != Some((&row.figure, &row.convention)) {
            group = Some((&row.figure, &row.convention));
            text.push_str(&format!("\n{}: {}\n", row.figure, row.convention));
        }
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// What the row is held to, and whether it misses it.
fn bound(row: &Row) -> String {
    let text = match row.bound {
        None => String::new(),
        Some(Bound::WithinPercent(0.0)) => "exact".to_owned(),
        Some(Bound::WithinPercent(percent)) => format!("{percent}%"),
        Some(Bound::MoreThan(least)) => format!("> {least}"),
    };
    if row.met == Some(false) { format!("{text} NOT MET") } else { text }
}

fn fitted(reproduction: &Reproduction) -> String {
    let (memory, latency) = (&reproduction.fitted.memory, &reproduction.fitted.latency);
    let mut grid = Grid::new("<>");
    grid.row(["fitted to the paper's points", ""]);
    grid.rule();
    for (name, value) in [
        ("memory: tokens held", memory.tokens.to_string()),
        (
            "memory: framework's workspace, bytes a value of the hidden size",
            format!("{:.0}", memory.workspace_bytes_per_hidden),
        ),
        ("latency: FP16 kernels reach, of bandwidth or tensor cores", share(latency.fp16_efficiency)),
        ("latency: kernels with 2-bit weights reach, of bandwidth", share(latency.ternary_efficiency)),
        ("latency: a launch", format!("{:.2} µs", latency.launch_us)),
    ] {
        grid.row([name, &value]);
    }
    grid.text()
}

fn share(fraction: f64) -> String {
    format!("{:.1}%", 100.0 * fraction)
}

/// Each memory by its terms.
fn memories(reproduction: &Reproduction) -> String {
    let mut grid = Grid::new("<>>>>>>>>");
    let gb = format!("memory, GB of {} B", power_of_two(reproduction.bytes_per_gb));
    let header = ["weights", "embeddings", "cache", "activations", "workspace", "sum", "paper", "residual"];
    grid.row([gb.as_str()].into_iter().chain(header));
    grid.rule();
    for memory in &reproduction.memories {
        let terms = &memory.terms;
        let values = [
            terms.weights,
            terms.embeddings,
            terms.cache,
            terms.activations,
            terms.workspace,
            terms.total(),
            memory.paper_bytes,
            memory.residual_bytes,
        ];
        let cells = values.map(|value| format!("{:.3}", value / reproduction.bytes_per_gb as f64));
        grid.row([format!("{} {}", memory.size, memory.format.name())].into_iter().chain(cells));
    }
    grid.text()
}

/// `2^30` for what is a power of two.
fn power_of_two(number: u64) -> String {
    if number.is_power_of_two() { format!("2^{}", number.trailing_zeros()) } else { count(number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::WIDTH;

    fn reproduction() -> Reproduction {
        paper::reproduce(&energy::CostTable::seven_nm().unwrap()).unwrap()
    }

    #[test]
    fn every_row_is_in_the_table_with_its_error() {
        let reproduction = reproduction();
        let text = paper_table(&reproduction);
        assert!(text.starts_with("arXiv 2402.17764: 65 of 68 numbers within their bounds; "), "{text}");
        assert_eq!(text.matches("\nnot met: ").count(), 3);
        assert_eq!(text.matches("NOT MET").count(), 3);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(WIDTH), "{widest:?}\n{text}");
        let one = text.lines().find(|line| line.starts_with("  one multiply-add")).unwrap();
        let cells: Vec<_> = one.split_whitespace().collect();
        assert_eq!(cells, ["one", "multiply-add", "x", "71.40", "71.43", "+0.04%", "0.5%"]);
        assert_eq!(text.matches("\n  70B FP16, memory ").count(), 1);
        assert_eq!(text.matches("\n  70B ternary, latency ").count(), 2);
        assert!(
            text.contains("\nmemory, GB of 2^30 B ")
                && text.contains("\nnot reproduced: table 1, perplexity")
        );
    }

    #[test]
    fn the_csv_has_the_promised_columns_and_every_digit() {
        let reproduction = reproduction();
        let text = paper_csv(&reproduction).unwrap();
        assert!(text.starts_with("figure,item,unit,paper,ours,error_percent,convention\n"));
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), reproduction.rows.len());
        for (record, row) in rows.iter().zip(&reproduction.rows) {
            assert_eq!((&record[0], &record[1], &record[6]), (&*row.figure, &*row.item, &*row.convention));
            assert_eq!(record[4].parse(), Ok(row.ours));
            assert_eq!(record[3].parse().ok(), row.paper);
            assert_eq!(record[5].parse().ok(), row.error_percent);
        }
    }
}
