//! Text and token ids, by a checkpoint's `tokenizer.json`.

use std::path::Path;

use anyhow::{Context, anyhow};
use reports::printable;
use tokenizers::Tokenizer;

/// A checkpoint's tokenizer.
pub(crate) struct Text(Tokenizer);

impl Text {
    pub(crate) fn load(file: &Path) -> anyhow::Result<Text> {
        let tokenizer = Tokenizer::from_file(file).map_err(|error| anyhow!("{error}"));
        Ok(Text(tokenizer.with_context(|| format!("cannot read {}", file.display()))?))
    }

    /// The ids of a text, with those that the tokenizer begins every text with.
    pub(crate) fn encode(&self, text: &str) -> anyhow::Result<Vec<u32>> {
        let encoding = self.0.encode(text, true).map_err(|error| anyhow!("{error}"));
        Ok(encoding.context("the prompt cannot be tokenized")?.get_ids().to_vec())
    }

    /// The text of ids, without special tokens.
    pub(crate) fn decode(&self, ids: &[u32]) -> anyhow::Result<String> {
        self.0.decode(ids, true).map_err(|error| anyhow!("{error}")).context("the tokens have no text")
    }
}

/// What is to be shown of a text that grows token by token.
pub(crate) struct Stream<'a> {
    text: Option<&'a Text>,
    ids: Vec<u32>,
    /// Bytes of the ids' text that were shown.
    shown: usize,
}

impl<'a> Stream<'a> {
    /// Without a tokenizer the ids themselves are shown.
    pub(crate) fn new(text: Option<&'a Text>) -> Stream<'a> {
        Stream { text, ids: vec![], shown: 0 }
    }

    /// What the next token adds; nothing while the last character is not whole.
    pub(crate) fn push(&mut self, id: u32) -> anyhow::Result<String> {
        self.ids.push(id);
        let Some(text) = self.text else {
            let separator = if self.ids.len() == 1 { "" } else { " " };
            return Ok(format!("{separator}{id}"));
        };
        let whole = text.decode(&self.ids)?;
        // A token may end within a character, which decodes to a replacement until the next one completes it.
        if whole.ends_with('\u{fffd}') { Ok(String::new()) } else { Ok(self.rest(&whole)) }
    }

    /// What was held back for the end.
    pub(crate) fn finish(&mut self) -> anyhow::Result<String> {
        match self.text {
            Some(text) => Ok(self.rest(&text.decode(&self.ids)?)),
            None => Ok(String::new()),
        }
    }

    fn rest(&mut self, whole: &str) -> String {
        let rest = whole.get(self.shown..).unwrap_or_default();
        self.shown = self.shown.max(whole.len());
        shown(rest)
    }
}

/// A text on a terminal: its lines and tabs stay, what would move the cursor or colour it is escaped.
fn shown(text: &str) -> String {
    text.split_inclusive(['\n', '\t'])
        .map(|part| match part.strip_suffix(['\n', '\t']) {
            Some(line) => printable(line) + &part[line.len()..],
            None => printable(part),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_without_a_tokenizer_are_separated() {
        let mut stream = Stream::new(None);
        let shown: Vec<String> = [7, 0, 12].map(|id| stream.push(id).unwrap()).to_vec();
        assert_eq!((shown.concat(), stream.finish().unwrap()), ("7 0 12".to_owned(), String::new()));
    }

    #[test]
    fn lines_and_tabs_stay_and_escapes_do_not() {
        assert_eq!(shown("a\n\tb\u{1b}[31mc\n"), "a\n\tb\\u{1b}[31mc\n");
    }
}
