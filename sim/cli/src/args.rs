//! What the user may type: the commands, and what several of them take. A command's own options stand in its file; what they mean, says
//! `command`.

use clap::{Parser, Subcommand, ValueEnum};
use contract::kv::KvForm;

use crate::dram::DramArguments;
use crate::generate::GenerateArguments;
use crate::hardware::{VerifyArguments, VerilogArguments};
use crate::job::{RunArguments, SweepArguments};
use crate::pack::{PackArguments, UnpackArguments};
use crate::paper::PaperArguments;
use crate::random_checkpoint::RandomCheckpointArguments;
use crate::scale::ScaleArguments;
use crate::synth::{BitstreamArguments, SynthArguments};

const EXAMPLES: &str = "\
Examples:
  sim --model 70b
  sim --model 7b --chip edge --phase decode --batch max
  sim --model path/to/config.json --chip path/to/chip.yaml --format json
  sim --model 70b --out results
  sim sweep --models 1.3b,3b,7b,13b,70b --phase decode --out results
  sim verilog --lanes 128 --columns 16 --tokens 8 --stream-bits 512 --out results
  sim synth --target xcup,ecp5-85k --lanes 80 --columns 2 --tokens 4 --stream-bits 128
  sim dram --standard ddr4-3200 --trace FILE --explain
  sim verify --lanes 80 --columns 4 --tokens 4 --stream-bits 512 --seeds 50
  sim generate --checkpoint path/to/folder --prompt \"The capital of France is\" --max-new-tokens 20
  sim pack --checkpoint path/to/folder --chip kv260 --out weights.img";

/// Cycles, latency, throughput and energy of a ternary (BitNet b1.58) language model on an accelerator, beside FP16.
#[derive(Debug, Parser)]
#[command(name = "sim", version, after_help = EXAMPLES)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Subcommands>,

    /// Model: a preset (see `sim models`), or the path of a Hugging Face config.json.
    #[arg(long, value_name = "NAME|PATH", required = true)]
    pub(crate) model: Option<String>,

    #[command(flatten)]
    pub(crate) run: RunArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Subcommands {
    /// Compare several models on one chip; --out adds a chart of latency and throughput by model size.
    Sweep(SweepArguments),
    /// Write the engine as Verilog: DIR/ternary_core.v (streams alone), DIR/ternary_engine.v (with registers), and
    /// DIR/ternary_engine_axi.v, which fetches its weights.
    Verilog(VerilogArguments),
    /// Run random jobs on the engine's Verilog and compare every result with the contract; needs Verilator.
    Verify(VerifyArguments),
    /// Synthesise the engine with Yosys, and place and route it with nextpnr where there is one for the target.
    Synth(SynthArguments),
    /// Synthesise engines from 16 x 1 to 128 x 128, and route those of up to 512 lanes; --out adds a chart of lookup tables a lane and clock.
    Scale(ScaleArguments),
    /// Put the engine behind the serial port of a ULX3S (ECP5-85F): DIR/ulx3s.bit, and DIR/ulx3s.v, which it is made of.
    Bitstream(BitstreamArguments),
    /// Write the ternary matrices of a checkpoint as an engine streams them: one file of weight images.
    Pack(PackArguments),
    /// Compare a file of weight images with the checkpoint that it was made of, each trit.
    Unpack(UnpackArguments),
    /// Run a ternary checkpoint: the reference transformer continues a prompt.
    Generate(GenerateArguments),
    /// Write a checkpoint of a preset's shape with random ternary weights, as a Hugging Face folder.
    RandomCheckpoint(RandomCheckpointArguments),
    /// Reproduce the figures of the BitNet b1.58 paper, each with its error; --out adds charts.
    Paper(PaperArguments),
    /// Run a trace of requests through a DRAM, and say what limits it.
    Dram(DramArguments),
    /// List the model presets.
    Models,
    /// List the chip presets.
    Chips,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    Table,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Csv,
}

/// A number of tokens. The message has the range whatever is wrong with the text, too many digits for a number as well.
pub(crate) fn tokens(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (1..=sim::MAX_TOKENS).contains(number));
    number.ok_or_else(|| format!("must be from 1 to {}", sim::MAX_TOKENS))
}

pub(crate) fn kv_bits(text: &str) -> Result<KvForm, String> {
    let form = KvForm::ALL.into_iter().find(|form| form.value_bits().to_string() == text);
    form.ok_or_else(|| "must be 16, 8, 4 or 3".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_number_of_tokens_out_of_range_is_told_it() {
        assert_eq!((tokens("1"), tokens("16777216")), (Ok(1), Ok(1 << 24)));
        for wrong in ["0", "-5", "16777217", "99999999999999999999", "1.5", "many", ""] {
            assert_eq!(tokens(wrong), Err("must be from 1 to 16777216".to_owned()), "{wrong}");
        }
    }

    #[test]
    fn the_subcommands_need_no_model_and_the_default_does() {
        assert!(Arguments::try_parse_from(["sim", "models"]).is_ok());
        assert!(Arguments::try_parse_from(["sim", "--model", "70b"]).is_ok());
        let error = Arguments::try_parse_from(["sim", "--chip", "edge"]).unwrap_err().to_string();
        assert!(error.contains("--model"), "{error}");
        let error =
            Arguments::try_parse_from(["sim", "--model", "70b", "--batch", "-3"]).unwrap_err().to_string();
        assert!(error.contains("'--batch <N|max>': must be from 1"), "{error}");
        let error =
            Arguments::try_parse_from(["sim", "--model", "70b", "--prompt", "0"]).unwrap_err().to_string();
        assert!(error.contains("--prompt"), "{error}");
    }
}
