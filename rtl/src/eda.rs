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
}

impl Tool {
    fn program(self) -> (&'static str, &'static str) {
        match self {
            Tool::Verilator => ("verilator", "verilator"),
            Tool::Yosys => ("yosys", "yosys"),
            Tool::Iverilog => ("iverilog", "iverilog"),
            Tool::Vvp => ("vvp", "iverilog"),
        }
    }

    /// Runs the tool in `dir` and returns what it printed.
    ///
    /// # Errors
    ///
    /// The tool is missing, or it failed; then with its output.
    pub fn run(self, dir: &Path, args: &[&str]) -> Result<String, Error> {
        let (program, package) = self.program();
        run(Command::new(program).args(args).current_dir(dir), program, package)
    }
}

/// Runs `command`; `package` is what to install if it is missing.
pub(crate) fn run(command: &mut Command, name: &str, package: &'static str) -> Result<String, Error> {
    let tool = name.to_owned();
    let output = command.output().map_err(|_| Error::Missing { tool: tool.clone(), package })?;
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
    let path = dir.join("cells.txt");
    let report = fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
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
        let error =
            run(&mut Command::new("/no/such/verilator"), "verilator", "verilator").expect_err("none there");
        assert_eq!(error.to_string(), "verilator was not found: install it with `apt install verilator`");
    }
}
