//! Standard output, standard error and files.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use reports::{Chart, Staged, printable};

/// Prints a whole text to standard output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    printed.context("cannot write to standard output")
}

/// Says something beside the results, in one line on standard error.
pub(crate) fn note(line: &str) {
    // Whether anybody reads it does not matter.
    let _ = writeln!(io::stderr(), "note: {}", printable(line));
}

/// Prints a whole text to standard error.
pub(crate) fn beside(text: &str) {
    // Whether anybody reads it does not matter.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Files on their way to a folder, which holds all of them or none. They are named on standard error when they are there.
pub(crate) struct Files(Staged);

impl Files {
    pub(crate) fn new(folder: &Path) -> anyhow::Result<Files> {
        Ok(Files(Staged::new(folder)?))
    }

    /// For one file, with its name; `option` is what the user named it by.
    pub(crate) fn of(path: &Path, option: &str) -> anyhow::Result<(Files, String)> {
        let name = path.file_name().with_context(|| format!("{option} {} names no file", path.display()))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok((Files::new(folder)?, name.to_string_lossy().into_owned()))
    }

    /// A file to write to until it is published.
    pub(crate) fn create(&mut self, name: &str) -> anyhow::Result<File> {
        Ok(self.0.create(name)?)
    }

    pub(crate) fn write(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.0.add(name, bytes)?)
    }

    /// A chart in both formats.
    pub(crate) fn write_chart(&mut self, name: &str, chart: &Chart) -> anyhow::Result<()> {
        self.write(&format!("{name}.svg"), chart.svg.as_bytes())?;
        self.write(&format!("{name}.png"), &chart.png)
    }

    /// Puts the files in their places and names them, one a line.
    pub(crate) fn publish(self) -> anyhow::Result<()> {
        for path in self.0.publish()? {
            // The files are there; whether anybody reads their names does not matter.
            let _ = writeln!(io::stderr(), "wrote {}", printable(&path.display().to_string()));
        }
        Ok(())
    }
}

/// The error and its causes in one line, whatever the texts of others in it hold. A library's error may name its cause itself: it is not said twice.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    let mut line = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    printable(&line.lines().map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn causes_are_said_once_and_on_one_line() {
        let cause = anyhow!("no such file");
        assert_eq!(one_line(&cause.context("cannot read x")), "cannot read x: no such file");
        let cause = anyhow!("no such file");
        assert_eq!(one_line(&cause.context("cannot read x: no such file")), "cannot read x: no such file");
        assert_eq!(one_line(&anyhow!("two\n  lines\n")), "two lines");
        assert_eq!(one_line(&anyhow!("no \u{1b}[31mred\r\u{7}")), "no \\u{1b}[31mred\\r\\u{7}");
    }
}
