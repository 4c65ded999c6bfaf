//! The `sim` command: glue between what the user types and the libraries, and the only place that prints.

mod args;
mod command;
mod dram;
mod engine_sizes;
mod generate;
mod hardware;
mod job;
mod output;
mod pack;
mod paper;
mod presets;
mod random_checkpoint;
mod run;
mod scale;
mod synth;
mod text;
mod token_files;
mod usage;
mod vary;
mod verilog_linears;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use args::Arguments;
use command::Command;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage::answer(&error),
    };
    match Command::resolve(arguments).and_then(execute) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is closed as well there is nobody to tell.
            let _ = writeln!(io::stderr(), "error: {}", output::one_line(&error));
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Simulate(job) => run::simulate(&job),
        Command::Sweep(jobs) => run::sweep(&jobs),
        Command::Verilog { parameters, folder } => hardware::verilog(&parameters, &folder),
        Command::Verify(verification) => hardware::verify(&verification),
        Command::Synth(request) => synth::synth(&request),
        Command::Scale { targets, most_lanes, seeds, folder } => {
            scale::scale(&targets, most_lanes, seeds, folder.as_deref())
        }
        Command::Bitstream { parameters, clock_mhz, seeds, folder } => {
            synth::bitstream(&parameters, clock_mhz, seeds, &folder)
        }
        Command::Pack(request) => pack::pack(&request),
        Command::Unpack { image, checkpoint } => pack::unpack(&image, &checkpoint),
        Command::Generate(job) => generate::generate(&job),
        Command::RandomCheckpoint { model, folder, seed } => random_checkpoint::write(&model, &folder, seed),
        Command::Paper { format, folder } => paper::paper(format, folder.as_deref()),
        Command::Dram(request) => dram::dram(&request),
        Command::Models => output::print(&presets::models()?),
        Command::Chips => output::print(&presets::chips()?),
    }
}
