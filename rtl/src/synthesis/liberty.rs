//! The standard cells of a process, as liberty files describe them: as much as synthesis asks for.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::Error;

/// Libraries of one process together.
#[derive(Debug)]
pub(super) struct Library {
    /// The name of the first.
    pub(super) name: String,
    /// Picoseconds of its unit of time.
    pub(super) ps_per_unit: f64,
    /// A liberty file of the flip-flops alone.
    pub(super) flip_flops: String,
    /// And of the cells that hold nothing.
    pub(super) gates: String,
    /// The buffer of the middle size: its name, input and output.
    pub(super) buffer: [String; 3],
    /// Each cell's name, area (in the library's unit) and whether it is a flip-flop.
    pub(super) cells: Vec<(String, f64, bool)>,
}

impl Library {
    /// Reads all `.lib` and `.lib.gz` files of `folder`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or is no liberty file, units that differ from file to file, a library that lacks a flip-flop,
    /// a gate or a buffer.
    pub(super) fn read(folder: &Path) -> Result<Self, Error> {
        let file = |path: &Path, source| Error::File { path: path.to_owned(), source };
        let entries = fs::read_dir(folder).map_err(|source| file(folder, source))?;
        let mut paths = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| file(folder, source))?;
        paths.retain(|path| path.to_string_lossy().ends_with(".lib") || packed(path));
        paths.sort();
        let texts = paths
            .iter()
            .map(|path| read(path).map_err(|source| file(path, source)))
            .collect::<Result<Vec<_>, _>>()?;
        let fault = |path: &Path, what: &str| Error::Liberty { path: path.to_owned(), what: what.to_owned() };
        let mut libraries = vec![];
        for (path, text) in paths.iter().zip(&texts) {
            let document = Body::of(text);
            let library = document.groups.into_iter().find(|group| group.kind() == "library");
            libraries.push((path, library.ok_or_else(|| fault(path, "no library"))?));
        }
        let Some((path, first)) = libraries.first() else {
            return Err(fault(folder, "no .lib or .lib.gz file"));
        };
        let head = Body::of(first.text);
        let time = head.attribute("time_unit").unwrap_or("1ns");
        let ps_per_unit = picoseconds(time).ok_or_else(|| fault(path, "a time_unit that is none"))?;
        let mut joined = Self {
            name: first.argument().to_owned(),
            ps_per_unit,
            flip_flops: String::new(),
            gates: String::new(),
            buffer: [const { String::new() }; 3],
            cells: vec![],
        };
        let (mut buffers, mut templates) = (vec![], vec![]);
        for (path, library) in &libraries {
            let body = Body::of(library.text);
            if ["time_unit", "capacitive_load_unit"]
                .iter()
                .any(|unit| body.statement(unit) != head.statement(unit))
            {
                return Err(fault(path, "other units than the first file"));
            }
            for group in body.groups {
                if group.kind() != "cell" {
                    templates.push((group.head.split_whitespace().collect::<String>(), group));
                    continue;
                }
                let cell = Body::of(group.text);
                let is = |kind: &str| cell.groups.iter().any(|group| group.kind() == kind);
                if cell.attribute("dont_use") == Some("true")
                    || is("latch")
                    || is("statetable")
                    || is("test_cell")
                {
                    continue;
                }
                let area: f64 = cell.attribute("area").and_then(|area| area.parse().ok()).unwrap_or(0.0);
                let text = if is("ff") { &mut joined.flip_flops } else { &mut joined.gates };
                *text += &format!("cell ({}) {{{}}}\n", group.argument(), group.text);
                if let Some((input, output)) = cell.buffers() {
                    buffers.push((area, [group.argument(), input, output].map(str::to_owned)));
                }
                joined.cells.push((group.argument().to_owned(), area, is("ff")));
            }
        }
        if joined.flip_flops.is_empty() || joined.gates.is_empty() {
            return Err(fault(folder, "no flip-flop, or no gate"));
        }
        buffers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle = buffers.len() / 2;
        joined.buffer = buffers.into_iter().nth(middle).ok_or_else(|| fault(folder, "no buffer"))?.1;
        // The first file's statements hold for all, and every file may name templates of tables.
        let mut begin = head.statements.join(";\n") + ";\n";
        templates.sort_by(|a, b| a.0.cmp(&b.0));
        templates.dedup_by(|a, b| a.0 == b.0);
        for (_, group) in &templates {
            begin += &format!("{} {{{}}}\n", group.head, group.text);
        }
        for text in [&mut joined.flip_flops, &mut joined.gates] {
            *text = format!("library ({}) {{\n{begin}{text}}}\n", joined.name);
        }
        Ok(joined)
    }
}

fn packed(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".lib.gz")
}

/// The text of a file, without comments.
fn read(path: &Path) -> std::io::Result<String> {
    // The largest libraries are some ten megabytes.
    const MOST_BYTES: u64 = 1 << 29;
    let file = fs::File::open(path)?;
    let mut text = String::new();
    if packed(path) {
        flate2::read::GzDecoder::new(file).take(MOST_BYTES).read_to_string(&mut text)?;
    } else {
        file.take(MOST_BYTES).read_to_string(&mut text)?;
    }
    let mut rest = text.as_str();
    let mut plain = String::with_capacity(text.len());
    while let Some((before, comment)) = rest.split_once("/*") {
        plain += before;
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    Ok(plain + rest)
}

fn picoseconds(unit: &str) -> Option<f64> {
    let (digits, name) = unit.split_at(unit.find(|c: char| c.is_ascii_alphabetic())?);
    let each = match name {
        "ps" => 1.0,
        "ns" => 1000.0,
        _ => return None,
    };
    digits.trim().parse::<f64>().ok().map(|number| number * each)
}

/// `head { text }`.
struct Group<'a> {
    head: &'a str,
    text: &'a str,
}

impl<'a> Group<'a> {
    fn kind(&self) -> &'a str {
        self.head.split('(').next().unwrap_or("").trim()
    }

    fn argument(&self) -> &'a str {
        let inside = self.head.split_once('(').and_then(|(_, after)| after.rsplit_once(')'));
        inside.map_or("", |(argument, _)| argument.trim().trim_matches('"'))
    }
}

/// What stands between two braces.
struct Body<'a> {
    groups: Vec<Group<'a>>,
    statements: Vec<&'a str>,
}

impl<'a> Body<'a> {
    fn of(text: &'a str) -> Self {
        let mut body = Body { groups: vec![], statements: vec![] };
        let (mut depth, mut quoted, mut begin, mut head) = (0usize, false, 0, "");
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'{' => {
                    if depth == 0 {
                        // Some statements before it have no semicolon.
                        head = text[begin..at].trim().lines().last().unwrap_or("");
                        begin = at + 1;
                    }
                    depth += 1;
                }
                b'}' if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        body.groups.push(Group { head, text: &text[begin..at] });
                        begin = at + 1;
                    }
                }
                b';' if depth == 0 => {
                    body.statements.push(text[begin..at].trim());
                    begin = at + 1;
                }
                _ => {}
            }
        }
        body
    }

    /// The value of `name : value`, without quotation marks.
    fn attribute(&self, name: &str) -> Option<&'a str> {
        let value = |statement: &&'a str| {
            let (left, right) = statement.split_once(':')?;
            (left.trim() == name).then(|| right.trim().trim_matches('"'))
        };
        self.statements.iter().find_map(value)
    }

    /// The statement that begins with a word.
    fn statement(&self, word: &str) -> Option<String> {
        let found = self.statements.iter().find(|statement| statement.starts_with(word))?;
        Some(found.split_whitespace().collect())
    }

    /// The input and the output of a cell that is a buffer.
    fn buffers(&self) -> Option<(&'a str, &'a str)> {
        let pins: Vec<_> = self.groups.iter().filter(|group| group.kind() == "pin").collect();
        let [one, other] = pins[..] else { return None };
        let (input, output) = if Body::of(one.text).attribute("direction") == Some("input") {
            (one, other)
        } else {
            (other, one)
        };
        let function = Body::of(output.text).attribute("function")?;
        let function = function.trim_matches(|c: char| "() ".contains(c));
        (function == input.argument()).then(|| (input.argument(), output.argument()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: &str = r#"/* a process; of { none */
library (small) {
  time_unit : "10ps"; capacitive_load_unit (1, ff);
  lu_table_template (constant) { variable_1 : input_net_transition; index_1 ("1, 2"); }
  cell (BUF1) { area : 2; pin (A) { direction : input; } pin (Y) { direction : output; function : "(A)"; } }
  cell (BUF9) { area : 9; pin (Y) { direction : output; function : "A"; } pin (A) { direction : input; } }
  cell (BUF3) { area : 3; pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
  cell (INV) { area : 1; pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }
  cell (DFF) { area : 5; ff (IQ, IQN) { next_state : "D"; clocked_on : "C"; } pin (D) { direction : input; } }
  cell (OLD) { area : 1; dont_use : true; pin (A) { direction : input; } }
  cell (LATCH) { area : 4; latch (IQ, IQN) { enable : "C"; } }
}
"#;

    fn library(files: &[(&str, &str)]) -> Result<Library, Error> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        Library::read(folder.path())
    }

    #[test]
    fn cells_are_told_apart_and_the_middle_buffer_is_taken() {
        let library = library(&[("small.lib", LIBRARY)]).expect("a library");
        assert_eq!((library.name.as_str(), library.ps_per_unit), ("small", 10.0));
        assert_eq!(library.buffer, ["BUF3", "A", "Y"].map(str::to_owned));
        let cells = [("BUF1", 2.0, false), ("BUF9", 9.0, false), ("BUF3", 3.0, false), ("INV", 1.0, false)];
        let cells = cells.into_iter().chain([("DFF", 5.0, true)]);
        assert_eq!(
            library.cells,
            cells.map(|(name, area, ff)| (name.to_owned(), area, ff)).collect::<Vec<_>>()
        );
        let names = |text: &str| {
            let document = Body::of(text);
            let body = Body::of(document.groups[0].text);
            body.groups.iter().map(|group| group.argument().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&library.flip_flops), ["constant", "DFF"]);
        assert_eq!(names(&library.gates), ["constant", "BUF1", "BUF9", "BUF3", "INV"]);
    }

    #[test]
    fn several_files_are_one_library_if_their_units_agree() {
        let second =
            "library (more) { time_unit : \"10ps\"; capacitive_load_unit (1,ff); cell (AND) { area : 3; } }";
        let joined = library(&[("a.lib", LIBRARY), ("b.lib", second)]).expect("a library");
        assert_eq!(joined.cells.last().expect("a cell").0, "AND");
        let other = second.replace("1,ff", "1,pf");
        let error = library(&[("a.lib", LIBRARY), ("b.lib", &other)]).expect_err("other units").to_string();
        assert!(error.ends_with("b.lib: other units than the first file"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (files, what) in [
            (vec![], "no .lib or .lib.gz file"),
            (vec![("a.lib", "nothing")], "no library"),
            (vec![("a.lib", "library (a) { cell (AND) { } }")], "no flip-flop, or no gate"),
            (vec![("a.lib", "library (a) { cell (AND) { } cell (D) { ff (Q, N) { } } }")], "no buffer"),
        ] {
            let error = library(&files).expect_err("a fault").to_string();
            assert!(error.ends_with(what), "{error}");
        }
    }
}
