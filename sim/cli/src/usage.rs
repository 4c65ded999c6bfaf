//! The answer to arguments that are no command: the help that was asked for, or what is wrong with them in one line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use reports::printable;

use crate::args::Arguments;

/// The exit code of a usage error.
const MISUSED: u8 = 2;

/// Prints help and version as they are, and an error as one line on standard error.
pub(crate) fn answer(error: &clap::Error) -> ExitCode {
    let is_error = error.use_stderr();
    // Where the stream is closed there is nobody to tell.
    if is_error && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = writeln!(io::stderr(), "{}", one_line(&explanation(error)));
    } else {
        let _ = error.print();
    }
    if is_error { ExitCode::from(MISUSED) } else { ExitCode::SUCCESS }
}

/// What clap says, of the arguments as they can be shown: a line break or a colour in one of them is quoted, not obeyed.
fn explanation(error: &clap::Error) -> String {
    let shown = std::env::args_os().map(|argument| printable(&argument.to_string_lossy()));
    match Arguments::try_parse_from(shown) {
        Err(of_shown) if of_shown.use_stderr() => of_shown.render().to_string(),
        _ => error.render().to_string(),
    }
}

/// The first paragraph and the tips of an explanation; how the command is used is left to `--help`.
fn one_line(explanation: &str) -> String {
    let paragraphs = explanation.split("\n\n").enumerate();
    let told = paragraphs.filter(|(index, text)| *index == 0 || text.trim_start().starts_with("tip: "));
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    printable(&told.map(|(_, text)| line(text)).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(arguments: &[&str]) -> String {
        let error = Arguments::try_parse_from([&["sim"], arguments].concat()).unwrap_err();
        one_line(&error.render().to_string())
    }

    #[test]
    fn an_error_is_its_first_paragraph_and_the_tips() {
        assert_eq!(
            told(&["--chip", "edge"]),
            "error: the following required arguments were not provided: --model <NAME|PATH>"
        );
        assert_eq!(
            told(&["--model", "7b", "--format", "jsom"]),
            "error: invalid value 'jsom' for '--format <FORMAT>' [possible values: table, json, csv]; \
             tip: a similar value exists: 'json'"
        );
        assert_eq!(
            told(&["--model", "7b", "--prompt", "99999999999999999999"]),
            "error: invalid value '99999999999999999999' for '--prompt <N>': must be from 1 to 16777216"
        );
        assert_eq!(
            told(&["--modle", "7b"]),
            "error: unexpected argument '--modle' found; tip: a similar argument exists: '--model'"
        );
    }
}
