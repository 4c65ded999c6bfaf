//! The `sim` command as its users meet it: whatever they type, it ends with the right exit code and one clear line,
//! never with a panic.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

/// The files of `--out` for one model.
const FILES: [&str; 11] = [
    "energy.csv",
    "energy.png",
    "energy.svg",
    "operators.csv",
    "paper_ratios.png",
    "paper_ratios.svg",
    "report.csv",
    "report.json",
    "sensitivity.csv",
    "tornado.png",
    "tornado.svg",
];

/// A `config.json` of a small model.
const CONFIG: &str = r#"{"model_type": "llama", "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1000, "max_position_embeddings": 4096,
    "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": false}"#;

fn sim<S: AsRef<OsStr>>(arguments: &[S]) -> Output {
    tritium_tests::sim().args(arguments).output().expect("the command in TRITIUM_SIM starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What a successful command printed.
fn succeeds<S: AsRef<OsStr>>(arguments: &[S]) -> (String, String) {
    let output = sim(arguments);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    (stdout, stderr)
}

/// The one line of a command that was understood but cannot be done.
fn fails<S: AsRef<OsStr>>(arguments: &[S]) -> String {
    let output = sim(arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "one line, not:\n{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(output.stdout.is_empty(), "nothing is printed before a failure");
    stderr
}

/// The one line about a command that was not understood.
fn misused<S: AsRef<OsStr>>(arguments: &[S]) -> String {
    let output = sim(arguments);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "one line, not:\n{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(output.stdout.is_empty());
    stderr
}

/// A file in a folder of its own, which lives as long as the result.
fn file(name: &str, content: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let path = path.into_os_string().into_string().unwrap();
    (folder, path)
}

/// A preset of this repository as text, to be broken by a test.
fn chip_yaml() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/chips/edge.yaml");
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_profile_stands_beside_the_results() {
    let arguments = ["--model", "700m", "--phase", "decode", "--format", "json"];
    let (plain, nothing) = succeeds(&arguments);
    let (stdout, stderr) = succeeds(&[&arguments[..], &["--profile"]].concat());
    assert_eq!((stdout, nothing), (plain, String::new()));
    assert!(stderr.starts_with("the simulator's time ") && stderr.contains(" decode ternary "), "{stderr}");
    assert!(stderr.contains("\ngate_up_proj ") && stderr.contains("\nskipped "), "{stderr}");
}

#[test]
fn the_default_is_a_table_of_both_phases() {
    let (stdout, stderr) = succeeds(&["--model", "70b"]);
    assert!(
        stdout.starts_with(
            "70b on datacenter | prompt 512, context 512, batch 1, head f16, KV cache of 16 bits\n"
        ),
        "{stdout}"
    );
    assert!(stdout.contains("\nprefill of 512 tokens\n") && stdout.contains("\ndecode of 1 token\n"));
    assert_eq!(stderr, "");
}

#[test]
fn json_has_every_promised_key() {
    let (stdout, _) = succeeds(&["--model", "700m", "--chip", "edge", "--format", "json"]);
    let document: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["schema_version"], 1);
    assert_eq!((&document["model"], &document["chip"]), (&"700m".into(), &"edge".into()));
    let phases = document["phases"].as_array().unwrap();
    assert_eq!([&phases[0]["phase"], &phases[1]["phase"]], ["prefill", "decode"]);
    let run = [
        "phase",
        "tokens",
        "cycles",
        "seconds",
        "tokens_per_second",
        "tokens_per_joule",
        "dram_bytes",
        "dram_bandwidth_gb_s",
        "array_utilization",
        "stalls",
        "chips",
        "operators",
    ];
    for phase in phases {
        for key in run {
            assert!(!phase[key].is_null() && !phase["fp16"][key].is_null(), "{key}");
        }
        for accounting in ["paper", "datapath", "system"] {
            let energy = &phase["energy_j"][accounting];
            assert!(
                energy["ternary"]["total"].as_f64() > Some(0.0)
                    && energy["fp16"]["total"].as_f64() > Some(0.0)
            );
            assert!(phase["ratio"]["energy"][accounting].as_f64() > Some(0.0));
        }
        assert!(
            phase["ratio"]["latency"].as_f64() > Some(0.0)
                && phase["ratio"]["throughput"].as_f64() > Some(0.0)
        );
    }
    assert!(phases[0]["time_to_first_token_s"].is_f64() && phases[1]["time_to_first_token_s"].is_null());
}

#[test]
fn csv_is_one_row_a_phase_and_machine() {
    let (stdout, _) =
        succeeds(&["--model", "700m", "--chip", "edge", "--phase", "decode", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(stdout.as_bytes());
    let machine = reader.headers().unwrap().iter().position(|name| name == "machine").unwrap();
    let machines: Vec<_> = reader.records().map(|row| row.unwrap()[machine].to_owned()).collect();
    assert_eq!(machines, ["ternary", "fp16"]);
}

#[test]
fn out_writes_documents_and_charts_beside_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/results");
    let arguments = ["--model", "700m", "--chip", "edge", "--format", "json", "--out", out.to_str().unwrap()];
    let (stdout, stderr) = succeeds(&arguments);
    let names: BTreeSet<_> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), FILES);
    assert_eq!(fs::read_to_string(out.join("report.json")).unwrap(), stdout, "the file is what was printed");
    for name in FILES {
        assert!(stderr.contains(&format!("wrote {}\n", out.join(name).display())), "{name}");
    }
    assert!(fs::read_to_string(out.join("energy.svg")).unwrap().starts_with("<svg "));
    assert!(fs::read(out.join("energy.png")).unwrap().starts_with(b"\x89PNG\r\n"));
}

#[test]
fn a_sweep_compares_models_in_the_order_given() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let (stdout, stderr) =
        succeeds(&["sweep", "--models", "1.3b,700m", "--chip", "edge", "--phase", "decode", "--out", out]);
    let models: Vec<_> = stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(models[models.len() - 2..], ["1.3b", "700m"]);
    assert!(stderr.contains("latency_throughput.svg") && stderr.contains("latency_throughput.png"));
    let document: Value =
        serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert_eq!([&document[0]["model"], &document[1]["model"]], ["1.3b", "700m"]);
}

#[test]
fn a_checkpoints_config_is_a_model() {
    let (_folder, path) = file("config.json", CONFIG);
    let (stdout, _) = succeeds(&["--model", &path, "--chip", "edge", "--phase", "decode"]);
    assert!(stdout.contains("\ndecode of 1 token\n"), "{stdout}");
}

#[test]
fn presets_are_listed() {
    let (models, _) = succeeds(&["models"]);
    assert!(["700m", "70b", "bitnet-2b-4t"].iter().all(|name| models.contains(name)), "{models}");
    let (chips, _) = succeeds(&["chips"]);
    assert!(
        ["trellisboard", "kv260-large", "u280", "edge", "datacenter"].iter().all(|name| chips.contains(name)),
        "{chips}"
    );
}

#[test]
fn verilog_is_a_file_for_each_top() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let sizes = ["--lanes", "16", "--columns", "2", "--tokens", "2", "--stream-bits", "64", "--out", out];
    succeeds(&[&["verilog"][..], &sizes].concat());
    for top in ["ternary_core", "ternary_engine", "ternary_engine_axi"] {
        let text = fs::read_to_string(folder.path().join(format!("{top}.v"))).unwrap();
        assert!(text.contains(&format!("module {top} (")) && text.trim_end().ends_with("endmodule"));
        // The header's command makes the file again.
        let command: String = text.lines().skip_while(|line| !line.contains("sim verilog")).take(3).collect();
        let again = command.replace("//", " ").replace("DIR", out);
        let words: Vec<&str> = again.split_whitespace().skip_while(|word| *word != "verilog").collect();
        fs::remove_file(folder.path().join(format!("{top}.v"))).unwrap();
        succeeds(&words);
        assert_eq!(fs::read_to_string(folder.path().join(format!("{top}.v"))).unwrap(), text);
    }
}

#[test]
fn verify_compares_each_top_and_says_which_it_leaves_out() {
    let sizes =
        ["verify", "--lanes", "2", "--columns", "2", "--tokens", "2", "--seeds", "4", "--stream-bits"];
    for (bits, tops) in [
        ("16", &["ternary_core", "ternary_engine", "ternary_engine_axi"][..]),
        ("24", &["ternary_core", "ternary_engine"]),
    ] {
        let (table, note) = succeeds(&[&sizes[..], &[bits]].concat());
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], tops, "{table}");
        assert_eq!(note.contains("no ternary_engine_axi: stream-bits 24"), bits == "24", "{note}");
        // Each is run, and what the core cannot count is no 0.
        let row = |name: &str| {
            let row = rows.iter().find(|row| row.first() == Some(&name));
            row.unwrap_or_else(|| panic!("no {name} in\n{table}"))[1..].to_vec()
        };
        assert_eq!(row("runs"), vec!["4"; tops.len()]);
        assert_eq!(row("mismatches"), vec!["0"; tops.len()]);
        let beats = row("RESULT_BEATS");
        assert_eq!((beats.len(), beats[0]), (tops.len(), "-"));
        assert!(beats[1..].iter().all(|beats| beats.parse().is_ok_and(|beats: u32| beats > 0)), "{table}");
    }
}

#[test]
fn synth_counts_cells_for_each_target_as_a_table_and_as_json() {
    let sizes = "synth --lanes 5 --columns 1 --tokens 1 --stream-bits 8 --activation-words 16 --fifo-beats 4 --burst-beats 1";
    let synth =
        |rest: &str| format!("{sizes} --seeds 1 {rest}").split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (stdout, _) = succeeds(&synth("--target xcup,ice40-hx8k"));
    let header: Vec<_> = stdout.lines().next().expect("a line").split_whitespace().collect();
    assert_eq!(header, ["ternary_core", "xcup", "ice40-hx8k"]);
    assert!(stdout.contains("xcup: synth_xilinx -family xcup -flatten, as a whole; block RAMs of 18 Kb; not routed: no open router"));
    let (stdout, _) = succeeds(&synth("--target ice40-hx8k --format json"));
    let document: Value = serde_json::from_str(&stdout).expect("JSON");
    let synthesis = &document["syntheses"][0];
    assert_eq!((&document["schema_version"], &document["lanes"]), (&2.into(), &5.into()));
    let cells = |key: &str| synthesis["cells"][key].as_u64().expect("a number");
    assert_eq!(cells("luts"), synthesis["cells"]["by_cell"]["SB_LUT4"].as_u64().expect("a number"));
    assert!(cells("flip_flops") > 100 && cells("multipliers") == 0);
    let per_lane = synthesis["luts_per_lane"].as_f64().expect("a number");
    assert!((per_lane - cells("luts") as f64 / 5.0).abs() < 1e-9);
    let route = &synthesis["route"];
    assert_eq!(route["median_mhz"], route["clocks"][0]["mhz"]);
    let path = &route["longest_path"];
    let period_ns =
        path["cells_ns"].as_f64().expect("a number") + path["wires_ns"].as_f64().expect("a number");
    let median_mhz = route["median_mhz"].as_f64().expect("a number");
    assert!((1e3 / period_ns / median_mhz - 1.0).abs() < 0.01, "{path}");
}

#[test]
fn synth_makes_an_engine_of_standard_cells() {
    let sizes = "synth --lanes 5 --columns 1 --tokens 1 --stream-bits 8 --activation-words 16 --fifo-beats 4 --burst-beats 1";
    let synth = |rest: &str| format!("{sizes} {rest}").split(' ').map(str::to_owned).collect::<Vec<_>>();
    // Debian's qflow-tech-osu018, which `make tools` installs.
    let (stdout, _) = succeeds(&synth("--liberty /usr/share/qflow/tech/osu018"));
    assert!(stdout.contains("osu018_stdcells") && stdout.contains("clock, MHz"), "{stdout}");
    let (stdout, _) = succeeds(&synth("--liberty /usr/share/qflow/tech/osu018 --format json"));
    let document: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let number = |key: &str| document["standard_cells"][key].as_f64().expect("a number");
    assert!(number("cells") > number("flip_flops") + number("buffers"), "{stdout}");
    approx::assert_relative_eq!(number("clock_mhz") * number("path_ps"), 1e6, max_relative = 1e-9);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = fails(&synth(&format!("--liberty {}", folder.path().display())));
    assert!(error.contains("no .lib or .lib.gz file"), "{error}");
}

#[test]
fn what_cannot_be_synthesised_is_one_line() {
    let synth = |rest: &str| {
        format!("synth --columns 1 --tokens 1 {rest}").split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let error = misused(&synth("--lanes 5 --target ecp6"));
    assert!(error.contains("'ecp6'") && error.contains("ecp5-85k"), "{error}");
    let error = misused(&synth("--lanes 5 --target xcup --seeds 0"));
    assert!(error.contains("must be from 1 to 100"), "{error}");
    let error = misused(&["scale", "--target", "xcup", "--most-lanes", "0"]);
    assert!(error.contains("must be from 16 to 16384"), "{error}");
    let error = fails(&synth("--lanes 0 --target xcup"));
    assert!(error.contains("lanes"), "{error}");
    let bitstream =
        ["bitstream", "--lanes", "5", "--columns", "1", "--tokens", "1", "--clock", "48", "--out"];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("board");
    let error = fails(&[&bitstream[..], &[out.to_str().expect("UTF-8")]].concat());
    assert!(error.contains("48 MHz"), "{error}");
    assert!(!out.join("ulx3s.v").exists(), "nothing is left of what failed");
}

#[test]
fn a_missing_tool_says_how_to_get_it() {
    let arguments = ["synth", "--lanes", "5", "--columns", "1", "--tokens", "1", "--target", "xcup"];
    let output = tritium_tests::sim().args(arguments).env("PATH", "/nowhere").output().expect("it starts");
    assert_eq!(text(&output.stderr), "error: yosys was not found: install it with `apt install yosys`\n");
}

#[test]
fn help_and_version_explain_themselves() {
    let (help, _) = succeeds(&["--help"]);
    for option in
        ["--model", "--chip", "--phase", "--prompt", "--context", "--batch", "--format", "--out", "Examples:"]
    {
        assert!(help.contains(option), "{option}");
    }
    assert!(succeeds(&["--version"]).0.starts_with("sim "));
    let nothing: [&str; 0] = [];
    let output = sim(&nothing);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), help, "without arguments there is the help");
}

#[test]
fn an_unknown_model_lists_the_known_ones_and_the_nearest() {
    let line = fails(&["--model", "70bb"]);
    assert!(line.contains("`70bb`") && line.contains("700m, 1.3b, 3b"), "{line}");
    assert!(line.contains("did you mean `70b`?"), "{line}");
}

#[test]
fn an_unknown_chip_lists_the_known_ones_and_the_nearest() {
    let line = fails(&["--model", "70b", "--chip", "datacentre"]);
    assert!(line.contains("kv260") && line.contains("did you mean `datacenter`?"), "{line}");
}

#[test]
fn a_broken_chip_file_is_named() {
    let whole = chip_yaml();
    for (content, expected) in [
        ("{".to_owned(), "broken.yaml"),
        (whole[..whole.len() / 2].to_owned(), "broken.yaml"),
        (whole.replace("columns: ", "columns: -"), "columns"),
        (whole.replace("lanes: 128", "lanes: 0"), "lanes"),
        (format!("{whole}\nsurprise: 1\n"), "surprise"),
        (String::new(), "broken.yaml"),
    ] {
        let (_folder, path) = file("broken.yaml", &content);
        let line = fails(&["--model", "700m", "--chip", &path]);
        assert!(line.contains(expected), "{expected} in {line}");
    }
}

#[test]
fn a_truncated_config_is_named() {
    let (_folder, path) = file("config.json", &CONFIG[..CONFIG.len() / 2]);
    let line = fails(&["--model", &path]);
    assert!(line.contains("config.json"), "{line}");
}

#[test]
fn a_dimension_of_zero_names_its_field() {
    for field in ["hidden_size", "num_hidden_layers", "vocab_size", "num_attention_heads"] {
        let mut config: Value = serde_json::from_str(CONFIG).unwrap();
        config[field] = 0.into();
        let (_folder, path) = file("config.json", &config.to_string());
        let line = fails(&["--model", &path]);
        assert!(line.contains(&format!("`{field}`")), "{field} in {line}");
    }
}

#[test]
fn files_that_are_none_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere/config.json");
    let line = fails(&[OsStr::new("--model"), nowhere.as_os_str()]);
    assert!(line.contains("nowhere/config.json"), "{line}");
    let line =
        fails(&[OsStr::new("--model"), OsStr::new("700m"), OsStr::new("--chip"), folder.path().as_os_str()]);
    assert!(line.contains(folder.path().to_str().unwrap()), "{line}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_nothing_is_left() {
    // A file where the folder should be stops root as well, whom permissions do not.
    let (folder, occupied) = file("occupied", "mine");
    let run = ["--model", "700m", "--chip", "edge", "--phase", "decode"];
    for out in [occupied.clone(), format!("{occupied}/below")] {
        let line = fails(&[&run[..], &["--out", &out]].concat());
        assert!(line.contains("cannot write") && line.contains("occupied"), "{line}");
        assert_eq!(line.contains("it is a file, must be a folder"), out == occupied, "{line}");
    }
    let sizes = ["verilog", "--lanes", "8", "--columns", "1", "--tokens", "1", "--stream-bits", "8"];
    let line = fails(&[&sizes[..], &["--out", &occupied]].concat());
    assert!(line.contains("occupied"), "{line}");
    assert_eq!(fs::read_to_string(&occupied).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file");
}

#[test]
fn results_are_replaced_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    // A folder in the place of the last file but one: no file takes its name.
    fs::create_dir(folder.path().join("paper_ratios.svg")).unwrap();
    fs::write(folder.path().join("report.json"), "of the last run").unwrap();
    let out = folder.path().to_str().unwrap();
    let line = fails(&["--model", "700m", "--chip", "edge", "--phase", "decode", "--out", out]);
    assert!(line.contains("cannot write") && line.contains("paper_ratios.svg"), "{line}");
    assert_eq!(fs::read_to_string(folder.path().join("report.json")).unwrap(), "of the last run");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no other file, no temporary one");
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_file_system_is_named() {
    let line = fails(&["--model", "700m", "--chip", "edge", "--phase", "decode", "--out", "/proc/results"]);
    assert!(line.contains("cannot write /proc/results"), "{line}");
}

#[test]
fn a_closed_pipe_ends_it_with_one_line() {
    for format in ["table", "json", "csv"] {
        let mut child = tritium_tests::sim()
            .args(["--model", "700m", "--chip", "edge", "--phase", "decode", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(&output.stderr);
        assert!(
            stderr.starts_with("error: cannot write to standard output: ") && stderr.lines().count() == 1
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = tritium_tests::sim().args(["models"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("error: cannot write to standard output: ") && stderr.lines().count() == 1,
        "{stderr}"
    );
}

#[test]
fn numbers_out_of_range_name_their_option() {
    for (option, value) in [
        ("--batch", "0"),
        ("--batch", "-1"),
        ("--batch", "1048577"),
        ("--batch", "many"),
        ("--prompt", "0"),
        ("--prompt", "-5"),
        ("--prompt", "16777217"),
        ("--context", "0"),
        ("--prompt", "99999999999999999999"),
        ("--context", "99999999999999999999999"),
        ("--phase", "training"),
        ("--format", "xml"),
        ("--head", "f8"),
    ] {
        let message = misused(&["--model", "70b", option, value]);
        assert!(message.contains(option) && message.contains(&format!("'{value}'")), "{message}");
        let range = match option {
            "--prompt" | "--context" => "must be from 1 to 16777216",
            "--batch" => "must be from 1 to 1048576, or max",
            _ => "[possible values: ",
        };
        assert!(message.contains(range), "{message}");
    }
}

#[test]
fn what_is_missing_or_unknown_is_one_line() {
    assert_eq!(
        misused(&["--chip", "edge"]),
        "error: the following required arguments were not provided: --model <NAME|PATH>\n"
    );
    assert!(misused(&["verilog"]).contains("--lanes <L> --columns <C>"));
    assert!(misused(&["--modle", "70b"]).contains("tip: a similar argument exists: '--model'"));
    misused(&["sweep", "extra"]);
    misused(&["--model"]);
    let huge = misused(&["verilog", "--lanes", "99999999999999999999"]);
    assert!(huge.contains("'--lanes <L>': must be a whole number from 0 to 4294967295"), "{huge}");
}

#[test]
fn control_characters_reach_no_terminal() {
    let quiet = |line: String| {
        let shown = line.trim_end_matches('\n');
        assert!(!shown.contains(char::is_control), "{shown:?}");
    };
    let colored = "\u{1b}[31mred\r\n\nmore";
    quiet(fails(&["--model", "70b", "--chip", colored]));
    quiet(fails(&["--model", colored]));
    quiet(fails(&["sweep", "--models", colored]));
    for option in ["--prompt", "--batch", "--format"] {
        let line = misused(&["--model", "70b", option, colored]);
        assert!(line.contains(r"'\u{1b}[31mred\r\n\nmore'"), "{line}");
        quiet(line);
    }
    quiet(misused(&["--model", "70b", &format!("--{colored}")]));

    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("two\nlines\u{1b}[2J");
    fs::create_dir(&checkpoint).unwrap();
    fs::write(checkpoint.join("config.json"), CONFIG).unwrap();
    let (model, out) = (checkpoint.to_str().unwrap(), checkpoint.join("out"));
    let run = ["--model", model, "--chip", "edge", "--phase", "decode", "--out", out.to_str().unwrap()];
    let (stdout, stderr) = succeeds(&run);
    assert!(stdout.starts_with(r"two\nlines\u{1b}[2J on edge | "), "{stdout}");
    stdout.lines().chain(stderr.lines()).for_each(|line| quiet(line.to_owned()));
    assert_eq!(stderr.lines().count(), FILES.len());

    fs::write(checkpoint.join("config.json"), "{").unwrap();
    quiet(fails(&["--model", model]));
}

#[test]
fn a_sweep_of_more_models_than_a_chart_holds_is_refused() {
    let models = vec!["700m"; 17].join(",");
    let line = fails(&["sweep", "--models", &models]);
    assert!(line.contains("--models has 17 models: at most 16"), "{line}");
}

#[test]
fn a_sweep_names_each_model_once() {
    // Presets are known in any case.
    for models in ["7b,7b", "700m,7B,7b"] {
        let line = fails(&["sweep", "--models", models, "--chip", "edge"]);
        assert!(line.contains("--models has `7b` twice"), "{line}");
    }
}

#[test]
fn a_sweep_of_largest_batches_shows_each() {
    let (stdout, _) =
        succeeds(&["sweep", "--models", "700m,3b", "--chip", "edge", "--phase", "decode", "--batch", "max"]);
    assert!(stdout.lines().all(|line| line.chars().count() <= 100), "{stdout}");
    let header = stdout.lines().find(|line| line.starts_with("model")).unwrap();
    assert!(header.split_whitespace().nth(1) == Some("batch"), "{stdout}");
    let (json, _) = succeeds(&[
        "sweep", "--models", "700m,3b", "--chip", "edge", "--phase", "decode", "--batch", "max", "--format",
        "json",
    ]);
    let document: Value = serde_json::from_str(&json).unwrap();
    for report in document.as_array().unwrap() {
        let options = &report["options"];
        let pair = format!("{} vs {}", options["batch"], options["fp16_batch"]);
        let model = report["model"].as_str().unwrap();
        let line = stdout.lines().find(|line| line.split_whitespace().next() == Some(model)).unwrap();
        assert!(line.contains(&pair), "{pair} in {line}");
    }
}

#[test]
fn silly_sizes_of_verilog_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("rtl");
    for (wrong, name) in [
        (["0", "16", "8", "512"], "lanes"),
        (["16", "0", "8", "512"], "columns"),
        (["16", "2", "0", "512"], "tokens"),
        (["16", "2", "2", "12"], "stream-bits"),
        (["4000000000", "2", "2", "64"], "lanes"),
    ] {
        let [lanes, columns, tokens, stream_bits] = wrong;
        let mut arguments = vec!["verilog", "--lanes", lanes, "--columns", columns, "--tokens", tokens];
        arguments.extend(["--stream-bits", stream_bits, "--out", out.to_str().unwrap()]);
        let line = fails(&arguments);
        assert!(line.contains(name), "{name} in {line}");
    }
    assert!(!out.exists(), "nothing was written");
    let message = misused(&["verilog", "--lanes", "-1"]);
    assert!(message.contains("--lanes"), "{message}");
}
