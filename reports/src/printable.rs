//! Text of others on a terminal.

/// `text` with what would move a terminal's cursor, or what it has printed, escaped: a file may have any name.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || reorders(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Whether a character ends a line or turns the direction of the text around it without being a control character.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(printable("a\tb\r\nc"), "a\\tb\\r\\nc");
        assert_eq!(printable("\u{1b}[31m\u{7f}\u{9b}2J"), "\\u{1b}[31m\\u{7f}\\u{9b}2J");
        assert_eq!(printable("\u{2028}\u{202e}b7"), "\\u{2028}\\u{202e}b7");
        assert_eq!(printable("µ 'é' \"\\ 日本"), "µ 'é' \"\\ 日本");
    }
}
