//! The options of `sim` that say what energy is compared with, and how sure it is.

use std::fs;

use serde_json::Value;

fn sim(arguments: &[&str]) -> (bool, String, String) {
    let output = tritium_tests::sim().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

const MODEL: [&str; 6] = ["--model", "700m", "--chip", "edge", "--phase", "decode"];

/// What the command prints for the small model.
fn run(options: &[&str]) -> String {
    let (success, stdout, stderr) = sim(&[&MODEL[..], options].concat());
    assert!(success, "{stderr}");
    stdout
}

fn document(options: &[&str]) -> Value {
    serde_json::from_str(&run(&[options, &["--format", "json"]].concat())).unwrap()
}

/// The one line of a command that cannot be done.
fn error(options: &[&str]) -> String {
    let (success, stdout, stderr) = sim(&[&MODEL[..], options].concat());
    assert!(!success && stdout.is_empty() && stderr.lines().count() == 1, "{stderr}");
    assert!(stderr.starts_with("error: ") && !stderr.contains("panicked"), "{stderr}");
    stderr
}

#[test]
fn the_table_has_the_other_baselines_and_their_areas() {
    let text = run(&[]);
    for line in [
        "FP16, equal area ",
        "FP16, equal power ",
        "BF16, equal lanes ",
        "W8A8, equal lanes ",
        "W4A16, equal lanes ",
    ] {
        assert!(text.contains(&format!("\n{line}")), "{line}");
    }
    assert!(text.contains("\narea of a chip ") && text.contains("\nenergy x delay of a token "));
    let text = run(&["--equal", "power"]);
    for line in ["FP16, equal lanes ", "FP16, equal area ", "BF16, equal power "] {
        assert!(text.contains(&format!("\n{line}")), "{line}");
    }
}

#[test]
fn what_is_held_equal_is_in_the_document() {
    let (lanes, area) = (document(&[]), document(&["--equal", "area"]));
    assert_eq!((&lanes["options"]["equal"], &area["options"]["equal"]), (&"lanes".into(), &"area".into()));
    let lanes_of = |document: &Value| document["phases"][0]["fp16"]["lanes"].as_u64().unwrap();
    assert_eq!(lanes_of(&lanes), 2048);
    assert!(lanes_of(&area) < 256);
    let total = |document: &Value, machine: &str| {
        let run = &document["phases"][0];
        let run = if machine == "fp16" { &run["fp16"] } else { run };
        run["area"]["total_mm2"].as_f64().unwrap()
    };
    assert!(total(&area, "fp16") <= total(&area, "ternary"));
}

#[test]
fn a_checkpoint_has_its_own_share_of_zeros() {
    let joules = |options: &[&str]| {
        let document = document(options);
        let energy = &document["phases"][0]["energy_j"]["datapath"]["ternary"];
        (energy["total"].as_f64().unwrap(), energy["components"]["lane_select"].as_f64().unwrap())
    };
    assert_eq!(joules(&[]), joules(&["--density", "1/3"]));
    let (half, all) = (joules(&["--density", "0.5"]), joules(&["--density", "1"]));
    assert!(half.0 < joules(&[]).0);
    assert_eq!(all.1, 0.0);
    assert!(all.0 > 0.5 * half.0, "the tree still adds");
    for wrong in ["1.5", "-1", "1/0", "third"] {
        assert!(error(&["--density", wrong]).contains("must be from 0 to 1, as 1/3 or 0.42"));
    }
}

#[test]
fn costs_are_varied_as_asked() {
    let text = run(&["--vary", "dram_pj=±30%", "--vary", "static_w=-50%..100%"]);
    let line =
        |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{text}"));
    assert!(line("dram_pj").contains("-30%") && line("dram_pj").contains("+30%"));
    assert!(line("static_w").contains("-50%") && line("static_w").contains("+100%"));
    assert_eq!(run(&["--vary", "dram_pj=+-30%"]), run(&["--vary", "dram_pj=±30%"]));
    assert!(run(&["--vary", "all"]).contains("\nsram_pj "));
    assert!(!run(&[]).contains("varied by"));
    assert!(error(&["--vary", "dram_pj=±1%", "--format", "json"]).contains("--vary adds to the table"));
    for (wrong, right) in [
        ("dram_pj", "must be COST=RANGE"),
        ("drams=±1%", "known costs: "),
        ("dram_pj=±300%", "range must be"),
    ] {
        assert!(error(&["--vary", wrong]).contains(right), "{wrong}");
    }
}

#[test]
fn a_folder_says_what_the_ratio_depends_on() {
    let folder = tempfile::tempdir().unwrap();
    run(&["--out", folder.path().to_str().unwrap()]);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let csv = read("sensitivity.csv");
    assert!(csv.starts_with("title,cost,factor_low,factor_high,ratio_low,ratio_high,ratio\n"));
    assert!(csv.contains(",dram_pj,") && read("tornado.svg").contains("700m on edge, decode"));
}

#[test]
fn a_sweep_goes_through_batches_and_contexts() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let arguments = [
        "sweep",
        "--models",
        "700m",
        "--chip",
        "edge",
        "--phase",
        "decode",
        "--batches",
        "1,4",
        "--contexts",
        "64,256",
        "--out",
        out,
    ];
    let (success, table, stderr) = sim(&arguments);
    assert!(success, "{stderr}");
    for title in
        ["context 64, batch 1", "context 64, batch 4", "context 256, batch 1", "context 256, batch 4"]
    {
        assert!(table.contains(&format!("decode on edge, {title}\n")), "{table}");
    }
    let text = fs::read_to_string(folder.path().join("report.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let joules = |index: usize| {
        let phase = &document[index]["phases"][0];
        phase["energy_j"]["system"]["ternary"]["total"].as_f64().unwrap() / phase["tokens"].as_f64().unwrap()
    };
    assert!(joules(1) < joules(0), "a batch shares the weights");
    assert!(joules(2) > joules(0), "a longer context is more cache");
    assert!(folder.path().join("latency_throughput_context256_batch4.svg").exists());
    let (success, _, stderr) = sim(&["sweep", "--models", "700m", "--batches", "2,2"]);
    assert!(!success && stderr.contains("name each once"), "{stderr}");
}
