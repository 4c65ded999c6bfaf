//! Text in columns as wide as their widest cell.

/// The widest line a table may have.
pub(crate) const WIDTH: usize = 100;

const GAP: &str = "  ";

/// Rows of cells, some of them rules.
pub struct Grid {
    alignments: Vec<char>,
    /// `None` is a rule.
    rows: Vec<Option<Vec<String>>>,
}

impl Grid {
    /// One `<` (left) or `>` (right) for each column.
    pub fn new(alignments: &str) -> Grid {
        Grid { alignments: alignments.chars().collect(), rows: Vec::new() }
    }

    /// Adds a row, one cell a column.
    pub fn row<Cell: Into<String>>(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Some(cells.into_iter().map(Into::into).collect()));
    }

    /// Adds a line across all columns.
    pub fn rule(&mut self) {
        self.rows.push(None);
    }

    /// The rows as lines, each with its newline and without trailing blanks.
    pub fn text(&self) -> String {
        let widths: Vec<usize> = (0..self.alignments.len())
            .map(|column| {
                let cells = self.rows.iter().flatten().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let total = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        let line = |row: &Option<Vec<String>>| match row {
            None => "-".repeat(total),
            Some(cells) => {
                let aligned =
                    cells.iter().zip(&widths).zip(&self.alignments).map(|((cell, &width), alignment)| {
                        if *alignment == '<' { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                    });
                aligned.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
            }
        };
        self.rows.iter().map(|row| line(row) + "\n").collect()
    }
}

/// `label` and `words`, broken before [`WIDTH`] and indented by the label on the lines that follow.
pub(crate) fn wrapped(label: &str, words: &str) -> String {
    let indent = label.chars().count();
    let mut text = label.to_owned();
    let mut column = indent;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if column > indent {
            if column + 1 + length > WIDTH {
                text.push('\n');
                text.push_str(&" ".repeat(indent));
                column = indent;
            } else {
                text.push(' ');
                column += 1;
            }
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut grid = Grid::new("<>");
        grid.row(["", "µs"]);
        grid.rule();
        grid.row(["latency", "1.5"]);
        assert_eq!(grid.text(), "          µs\n------------\nlatency  1.5\n");
    }

    #[test]
    fn long_notes_wrap_under_their_label() {
        let text = wrapped("why: ", &"word ".repeat(30));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("why: word") && lines[0].len() <= WIDTH);
        assert!(lines[1].starts_with("     word"));
        assert_eq!(text.matches("word").count(), 30);
    }
}
