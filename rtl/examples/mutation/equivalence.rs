//! Whether a fault changes anything: Yosys proves it.

use std::path::Path;
use std::process::Command;

use super::Failure;

/// Processor time for a proof.
const LIMIT_S: u32 = 60;

/// Reads a text into one flat module of gates and flip-flops, in which nothing but ports and registers has a name: only
/// those need to be equal.
const READ: &str = "proc; flatten; memory_collect; memory_map; opt_expr; \
                    select -set registers t:$*dff* %x:+[Q] w:* %i; rename -hide w:* @registers %d";

/// Whether `changed` is `original`, in every state that both could be in: the registers and outputs of both are equal in
/// the next cycle if they are in this one, or, with `induction`, in the last four. `top` is the module of both; `dir` a
/// folder to work in.
pub(crate) fn proven(
    original: &str,
    changed: &str,
    top: &str,
    induction: bool,
    dir: &Path,
) -> Result<bool, Failure> {
    std::fs::write(dir.join("original.v"), original)?;
    std::fs::write(dir.join("changed.v"), changed)?;
    let read = |file: &str, name: &str| {
        format!(
            "read_verilog {file}.v; hierarchy -top {top}; {READ}; rename {top} {name}; design -stash {name}; "
        )
    };
    let script = read("original", "gold")
        + &read("changed", "gate")
        + "design -copy-from gold -as gold gold; design -copy-from gate -as gate gate; \
           equiv_make gold gate both; hierarchy -top both; opt_merge; opt_clean; equiv_simple; "
        + if induction { "equiv_induct -seq 4; " } else { "" }
        + "equiv_status -assert";
    let run = format!("ulimit -t {LIMIT_S}; exec yosys -q -p \"$0\"");
    let output = Command::new("sh").args(["-c", &run, &script]).current_dir(dir).output()?;
    Ok(output.status.success())
}
