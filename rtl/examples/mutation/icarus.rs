//! A faulty text meets what the unit tests compared.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use rtl::eda::Tool;

use super::Failure;
use super::sizes::Bench;

/// Processor time after which a text that loops without end counts as one that differs.
const LIMIT_S: u32 = 20;

/// Whether some bench sees that `text` is not what it was; `dir` is a folder to work in.
pub(crate) fn differs(text: &str, benches: &[Bench], dir: &Path) -> Result<bool, Failure> {
    std::fs::write(dir.join("block.v"), text)?;
    for bench in benches {
        if differs_on(bench, dir)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn differs_on(bench: &Bench, dir: &Path) -> Result<bool, Failure> {
    let testbench = bench.dir.join("bench.v");
    let testbench = testbench.to_str().ok_or("a path that is no text")?;
    Tool::Iverilog.run(dir, &["-g2005", "-o", "bench.vvp", "block.v", testbench])?;
    let run = format!("ulimit -t {LIMIT_S}; exec vvp -n \"$0\"");
    let mut simulation = Command::new("sh")
        .args(["-c", &run])
        .arg(dir.join("bench.vvp"))
        .current_dir(&bench.dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let printed = BufReader::new(simulation.stdout.take().ok_or("no output")?);
    let mut lines = printed.split(b'\n');
    let mut differs = false;
    for (cycle, expected) in bench.expected.split(|byte| *byte == b'\n').enumerate() {
        let same = match lines.next().transpose()? {
            Some(line) => equal(&line, expected, cycle < bench.known_from),
            None => false,
        };
        if !same {
            differs = true;
            break;
        }
    }
    // Nobody reads the rest.
    simulation.kill()?;
    simulation.wait()?;
    Ok(differs)
}

fn equal(line: &[u8], expected: &[u8], may_be_unknown: bool) -> bool {
    let bit = |(is, expected): (&u8, &u8)| is == expected || may_be_unknown && !b"01".contains(is);
    line.len() == expected.len() && line.iter().zip(expected).all(bit)
}
