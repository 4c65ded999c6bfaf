//! What can be wrong with the name or the file of a model: one line each, with what would be right.

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that no preset has.
    #[error(
        "unknown model `{name}`: known are {known}, or the path of a config.json{}",
        did_you_mean(nearest)
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// The presets, separated by commas.
        known: String,
        /// The preset whose name is nearest, if one is near.
        nearest: Option<&'static str>,
    },
    /// A path where there is nothing.
    #[error("no file or folder `{path}`: a model is the path of a config.json, or one of {known}")]
    NotFound {
        /// What was asked for.
        path: String,
        /// The presets, separated by commas.
        known: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not what it should be.
    #[error("{origin}: {reason}")]
    Parse {
        /// The file, or the preset.
        origin: String,
        /// What was found, on one line.
        reason: String,
    },
    /// A token that the vocabulary does not have.
    #[error("token {id} is outside the vocabulary of {vocabulary}, whose ids are 0 to {}", vocabulary - 1)]
    Token {
        /// The id.
        id: u32,
        /// Tokens of the vocabulary, at least 1.
        vocabulary: usize,
    },
    /// What cannot be generated.
    #[error("{reason}")]
    Prompt {
        /// Why, with what would be right.
        reason: String,
    },
    /// A value that the next step cannot take.
    #[error("{place}: {source}")]
    NotFinite {
        /// The linear or the cache, and the token of the tokens that were computed together.
        place: String,
        /// Which value, and what it is.
        source: contract::NotFinite,
    },
    /// Linears that could not be computed.
    #[error("{place}: {reason}")]
    Linears {
        /// Which linear.
        place: String,
        /// Why.
        reason: String,
    },
    /// A field that is missing, of the wrong type, or out of its range.
    #[error("{origin}: `{field}` is {value}, must be {expected}")]
    Field {
        /// The file, or the shape's name.
        origin: String,
        /// The field.
        field: &'static str,
        /// Its value, or "missing".
        value: String,
        /// What would be right.
        expected: String,
    },
    /// A tensor of a checkpoint that is missing, or not as its model's shape asks.
    #[error("{origin}: tensor `{tensor}` is {found}, must be {expected}")]
    Tensor {
        /// The file.
        origin: String,
        /// The tensor's name.
        tensor: String,
        /// What it is, or "missing".
        found: String,
        /// What would be right.
        expected: String,
    },
}

fn did_you_mean(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

/// Text of a user's as part of a one-line message: what would move a terminal's cursor, or what it has printed, is
/// escaped, and the rest of a long one left out.
pub(crate) fn one_line(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut line = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == LONGEST {
            line.push_str("...");
            break;
        }
        if c.is_control() || reorders(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Whether a character ends a line or turns the direction of the text around it without being a control character.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_short_line() {
        assert_eq!(one_line("a\nb\u{1b}[31m\u{e9}"), "a\\nb\\u{1b}[31m\u{e9}");
        assert_eq!(one_line("\u{7f}\u{9b}2J\u{202e}b7"), "\\u{7f}\\u{9b}2J\\u{202e}b7");
        assert_eq!(one_line(&"x".repeat(200)), "x".repeat(200));
        assert_eq!(one_line(&"x".repeat(1000)), "x".repeat(200) + "...");
    }
}
