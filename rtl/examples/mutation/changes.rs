//! Changes of a line, as people write them down: deliberate faults, and faults that change nothing.
//!
//! ```text
//! block
//! - the line, or the part of it, as it is
//! + as it would be
//! why
//! ```
//!
//! with an empty line between two; lines that begin with `#` are comments.

/// A change of a block's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) block: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) why: String,
}

/// Reads `text`.
pub(crate) fn read(text: &str) -> Result<Vec<Change>, String> {
    let uncommented: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let paragraph = |lines: &[&str]| {
        let [block, from, to, why @ ..] = lines else { return None };
        let (from, to) = (from.strip_prefix("- ")?, to.strip_prefix("+ ")?);
        (!why.is_empty()).then(|| Change {
            block: (*block).to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            why: why.join(" "),
        })
    };
    uncommented
        .split(|line| line.is_empty())
        .filter(|lines| !lines.is_empty())
        .map(|lines| paragraph(lines).ok_or_else(|| format!("this is no change: {}", lines.join(" / "))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_four_parts() {
        let text = "# comment\nblock\n- a & b\n+ a | b\nbecause\nit is so\n\n\nring\n- c\n+ d\nwhy\n";
        let changes = read(text).expect("two changes");
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0].to, "a | b");
        assert_eq!(changes[0].why, "because it is so");
        assert!(read("block\n- a\n+ b\n").is_err());
    }
}
