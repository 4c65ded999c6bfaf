//! The words, numbers and symbols of emitted Verilog.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Word,
    /// `3`, or with its width `8'd3`.
    Number,
    /// An operator or a bracket.
    Symbol,
}

/// A piece of text, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

impl Token<'_> {
    /// Where it ends.
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

const SYMBOLS_OF_TWO: [&str; 8] = ["<=", ">=", "==", "!=", "&&", "||", "<<", ">>"];

/// The tokens of `text`, without its comments.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = vec![];
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length_while = |fits: fn(char) -> bool| rest.find(|c| !fits(c)).unwrap_or(rest.len());
        let (kind, length) = match first {
            c if c.is_whitespace() => (None, c.len_utf8()),
            _ if rest.starts_with("//") => (None, length_while(|c| c != '\n')),
            c if c.is_ascii_alphabetic() || c == '_' => {
                (Some(Kind::Word), length_while(|c| c.is_ascii_alphanumeric() || c == '_'))
            }
            c if c.is_ascii_digit() => {
                (Some(Kind::Number), length_while(|c| c.is_ascii_alphanumeric() || c == '\''))
            }
            _ if SYMBOLS_OF_TWO.iter().any(|symbol| rest.starts_with(symbol)) => (Some(Kind::Symbol), 2),
            c => (Some(Kind::Symbol), c.len_utf8()),
        };
        if let Some(kind) = kind {
            tokens.push(Token { kind, text: &rest[..length], at });
        }
        at += length;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_symbols() {
        let text = "if (a_1 <= 3'd4) // why\n  b <= ~c[7:0];";
        let found: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
        assert_eq!(
            found,
            ["if", "(", "a_1", "<=", "3'd4", ")", "b", "<=", "~", "c", "[", "7", ":", "0", "]", ";"]
        );
        assert!(tokens(text).iter().all(|token| text[token.at..token.end()] == *token.text));
    }
}
