//! `sim generate`: checkpoints of Hugging Face continue a prompt as `transformers` does, and the emitted Verilog computes
//! it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

/// A model with what the framework computes for it.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reference").join(name)
}

const FIXTURES: [&str; 3] = ["autobitlinear", "bitlinear", "online"];

/// Runs `sim generate` on a checkpoint, with blanks between its arguments.
fn generate(checkpoint: &Path, arguments: &str) -> Output {
    let mut command = tritium_tests::sim();
    command.args([OsStr::new("generate"), OsStr::new("--checkpoint"), checkpoint.as_os_str()]);
    command.args(arguments.split_whitespace()).output().expect("the command in TRITIUM_SIM starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The JSON of a run that succeeds, and what it said on standard error.
fn answer(checkpoint: &Path, arguments: &str) -> (Value, String) {
    let output = generate(checkpoint, &format!("{arguments} --format json"));
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    (serde_json::from_slice(&output.stdout).expect("JSON"), stderr)
}

/// The one line of a run that cannot be done.
fn fails(checkpoint: &Path, arguments: &str) -> String {
    let output = generate(checkpoint, arguments);
    let stderr = text(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "one line, not:\n{stderr}");
    assert!(stderr.starts_with("error: ") && !stderr.contains("panicked"), "{stderr}");
    stderr
}

/// A prompt of a fixture and the framework's continuation.
fn prompts(name: &str) -> Vec<(String, Value)> {
    let expected = fs::read(fixture(name).join("expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let prompt = |prompt: &Value| (ids(&prompt["ids"]), prompt["generated"].clone());
    expected["prompts"].as_array().unwrap().iter().map(prompt).collect()
}

/// Ids as `--prompt-ids` takes them.
fn ids(value: &Value) -> String {
    value.as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().join(",")
}

/// The tensors of a safetensors file: shape and bytes.
fn tensors(file: &Path) -> BTreeMap<String, (Vec<u64>, Vec<u8>)> {
    let bytes = fs::read(file).unwrap();
    let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let (header, data) = bytes[8..].split_at(length);
    let header: BTreeMap<String, Value> = serde_json::from_slice(header).unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    let tensors = header.into_iter().filter(|(name, _)| name != "__metadata__").map(|(name, entry)| {
        let offset = |i: usize| usize::try_from(number(&entry["data_offsets"][i])).unwrap();
        let shape = entry["shape"].as_array().unwrap().iter().map(number).collect();
        (name, (shape, data[offset(0)..offset(1)].to_vec()))
    });
    tensors.collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// A copy of a fixture, to be changed.
fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(fixture(name)).unwrap() {
        let file = file.unwrap().path();
        fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
    }
    folder
}

#[test]
fn checkpoints_continue_as_the_framework_does_by_the_kernel_and_by_the_contract() {
    for name in FIXTURES {
        for (prompt, generated) in prompts(name) {
            for linears in ["kernel", "contract"] {
                let arguments = format!("--prompt-ids {prompt} --max-new-tokens 12 --linears {linears}");
                let (answer, _) = answer(&fixture(name), &arguments);
                assert_eq!(answer["tokens"], generated, "{name} {linears}");
                assert!(answer["tokens_per_second"].as_f64().unwrap() > 0.0);
                // Only one of them has a tokenizer.
                assert_eq!(answer.get("text").is_some(), name == "autobitlinear");
            }
        }
    }
}

/// The central claim: whatever the decoder's linears are given, the emitted Verilog sums it, and the tokens that come of
/// its sums are the software's.
#[test]
fn the_array_computes_every_linear_of_every_layer_and_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // One engine has fewer slots than the prompt has tokens, and lanes that fill no whole bytes.
    for (name, engine) in [("bitlinear", "20x4x4"), ("online", "13x3x2")] {
        let (prompt, generated) = prompts(name).pop().unwrap();
        let run = |linears: &str| {
            let [logits, trace] =
                ["logits", "trace"].map(|what| path(&format!("{linears}-{what}.safetensors")));
            let arguments = format!(
                "--prompt-ids {prompt} --max-new-tokens 12 --linears {linears} --engine {engine} --logits {} --trace {}",
                logits.display(),
                trace.display(),
            );
            let (answer, stderr) = answer(&fixture(name), &arguments);
            (answer["tokens"].clone(), tensors(&logits), tensors(&trace), stderr)
        };
        let (tokens, logits, trace, _) = run("contract");
        let (verilog_tokens, verilog_logits, verilog_trace, stderr) = run("verilog");
        assert_eq!(verilog_tokens, tokens, "{name}");
        assert_eq!(verilog_tokens, generated, "{name}");
        assert!(verilog_logits == logits, "{name}: logits differ");

        // Two layers of seven linears, over all positions.
        let positions = u64::try_from(prompt.split(',').count()).unwrap() + 11;
        let sums = |trace: &BTreeMap<String, (Vec<u64>, Vec<u8>)>| -> Vec<(String, Vec<u64>, Vec<u8>)> {
            let sums = trace.iter().filter(|(name, _)| name.ends_with(".acc"));
            sums.map(|(name, (shape, bytes))| (name.clone(), shape.clone(), bytes.clone())).collect()
        };
        assert_eq!(sums(&trace).len(), 2 * 7);
        for ((name, shape, bytes), (of, expected_shape, expected)) in
            sums(&verilog_trace).iter().zip(&sums(&trace))
        {
            assert_eq!((name, shape), (of, expected_shape));
            assert_eq!(shape[0], positions, "{name}");
            assert!(bytes == expected && bytes.iter().any(|&byte| byte != 0), "{name}: sums differ");
        }
        assert!(verilog_trace == trace, "{name}: what was quantised differs");

        // Each group of tokens and each new token but the last is a job of each linear.
        let slots: u64 = engine.rsplit('x').next().unwrap().parse().unwrap();
        let jobs = 2 * 7 * ((positions - 11).div_ceil(slots) + 11);
        assert!(stderr.contains(&format!("the engine did {jobs} jobs in ")), "{stderr}");
    }
}

#[test]
fn logits_of_every_position_are_the_frameworks_in_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    for name in FIXTURES {
        let expected = tensors(&fixture(name).join("expected.safetensors"));
        for (i, (prompt, _)) in prompts(name).into_iter().enumerate() {
            let expected = |what: &str| floats(&expected[&format!("p{i}.{what}")].1);
            let vocabulary = expected("logits").len() / prompt.split(',').count();
            // The last position of the prompt is the first from which a token follows.
            let all = [&expected("logits")[..], &expected("gen_logits")[vocabulary..]].concat();
            let [csv, binary] = ["l.csv", "l.safetensors"].map(|file| folder.path().join(file));
            for file in [&csv, &binary] {
                let arguments =
                    format!("--prompt-ids {prompt} --max-new-tokens 12 --logits {}", file.display());
                answer(&fixture(name), &arguments);
            }
            let (shape, bytes) = &tensors(&binary)["logits"];
            let positions = prompt.split(',').count() + 11;
            assert_eq!(shape, &[positions as u64, vocabulary as u64]);
            let largest = all.iter().fold(0f32, |largest, logit| largest.max(logit.abs()));
            for (got, expected) in floats(bytes).iter().zip(&all) {
                assert!((got - expected).abs() <= 2e-6 * largest, "{name}: {got} {expected}");
            }

            let mut lines = csv::ReaderBuilder::new().from_path(&csv).unwrap();
            let header: Vec<String> = lines.headers().unwrap().iter().map(str::to_owned).collect();
            assert_eq!(
                (header.len(), header[0].as_str(), header[1].as_str()),
                (vocabulary + 1, "position", "0")
            );
            let rows: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
            assert!(rows.iter().enumerate().all(|(i, row)| row[0] == i.to_string()));
            let logits = rows.iter().flat_map(|row| row.iter().skip(1).map(|logit| logit.parse().unwrap()));
            assert_eq!(logits.collect::<Vec<f32>>(), floats(bytes), "the same floats from text");
        }
    }
}

#[test]
fn a_trace_is_the_frameworks_integers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.safetensors");
    for name in FIXTURES {
        let expected = tensors(&fixture(name).join("expected.safetensors"));
        for (i, (prompt, _)) in prompts(name).into_iter().enumerate() {
            answer(
                &fixture(name),
                &format!("--prompt-ids {prompt} --max-new-tokens 1 --trace {}", file.display()),
            );
            let trace = tensors(&file);
            assert_eq!(trace.len(), 2 * 7 * 3);
            for (tensor, values) in &trace {
                let expected = &expected[&format!("p{i}.{tensor}")];
                if tensor.ends_with(".s") {
                    // A float that follows from all floats before it.
                    assert_eq!(values.0, expected.0);
                    for (got, expected) in floats(&values.1).iter().zip(floats(&expected.1)) {
                        assert!(
                            (got - expected).abs() <= 2e-6 * expected,
                            "{name}: {tensor}: {got} {expected}"
                        );
                    }
                } else {
                    assert_eq!(values, expected, "{name}: {tensor}");
                }
            }
        }
    }
}

#[test]
fn text_goes_in_and_comes_out_by_the_tokenizer() {
    let folder = fixture("autobitlinear");
    let tokenizer: Value = serde_json::from_slice(&fs::read(folder.join("tokenizer.json")).unwrap()).unwrap();
    let id = |token: &str| tokenizer["model"]["vocab"][token].as_u64().unwrap();
    // Merged to two tokens, as the tokenizer does: `the` and ` and`.
    let [by_text, by_ids] = [
        vec!["--prompt".to_owned(), "the and".to_owned()],
        vec!["--prompt-ids".to_owned(), format!("{},{}", id("the"), id("Ġand"))],
    ]
    .map(|prompt| {
        let mut command = tritium_tests::sim();
        command.arg("generate").arg("--checkpoint").arg(&folder).args(prompt);
        let output = command.args(["--max-new-tokens", "20"]).output().unwrap();
        assert!(output.status.success());
        (text(&output.stdout), text(&output.stderr))
    });
    assert_eq!(by_text.0, by_ids.0);
    // What was streamed piece by piece is the text of all tokens.
    let arguments = format!("--prompt-ids {},{} --max-new-tokens 20", id("the"), id("Ġand"));
    let (answer, _) = answer(&folder, &arguments);
    let whole: String = answer["text"].as_str().unwrap().to_owned();
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    assert_eq!(by_text.0, whole.chars().map(escaped).collect::<String>() + "\n");
    assert!(by_text.1.starts_with("20 tokens at ") && by_text.1.ends_with(" tokens/s\n"), "{}", by_text.1);
}

#[test]
fn without_a_tokenizer_the_ids_are_shown_and_a_text_is_refused() {
    let output = generate(&fixture("bitlinear"), "--prompt-ids 38 --max-new-tokens 3");
    assert_eq!(text(&output.stdout), "59 4 0\n");
    let error = fails(&fixture("bitlinear"), "--prompt hello --max-new-tokens 3");
    assert!(
        error.ends_with("bitlinear has no tokenizer.json, which --prompt needs: give --prompt-ids instead\n")
    );
    let folder = copy("bitlinear");
    fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    let error = fails(folder.path(), "--prompt hello --max-new-tokens 3");
    assert!(error.contains("cannot read ") && error.contains("tokenizer.json: "), "{error}");
}

#[test]
fn a_folder_and_a_gguf_file_of_one_model_continue_alike() {
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("l.safetensors");
    for name in ["bitnet", "llama"] {
        for prompt in ["0", "5,6", "9,3,4,7,8", "11,12,13,14,15,16"] {
            let run = |checkpoint: &str| {
                let arguments =
                    format!("--prompt-ids {prompt} --max-new-tokens 20 --logits {}", file.display());
                let tokens = answer(&formats.join(checkpoint), &arguments).0["tokens"].take();
                (tokens, floats(&tensors(&file)["logits"].1))
            };
            let (of_folder, of_file) = (run(name), run(&format!("{name}.gguf")));
            assert_eq!(of_file.0, of_folder.0, "{name} {prompt}");
            // GGUF holds the scales of its blocks in 11 bits.
            let largest = of_folder.1.iter().fold(0f32, |largest, logit| largest.max(logit.abs()));
            assert_eq!(of_file.1.len(), of_folder.1.len());
            for (of_file, of_folder) in of_file.1.iter().zip(&of_folder.1) {
                assert!(
                    (of_file - of_folder).abs() <= 1e-2 * largest,
                    "{name} {prompt}: {of_file} {of_folder}"
                );
            }
        }
    }
}

#[test]
fn an_end_token_ends_it() {
    let (prompt, generated) = prompts("bitlinear").pop().unwrap();
    let folder = copy("bitlinear");
    for (ends, count) in [(json!([999, generated[4]]), 5), (generated[0].clone(), 1), (Value::Null, 12)] {
        let config = json!({"eos_token_id": ends}).to_string();
        fs::write(folder.path().join("generation_config.json"), config).unwrap();
        let (answer, _) = answer(folder.path(), &format!("--prompt-ids {prompt} --max-new-tokens 12"));
        assert_eq!(answer["tokens"].as_array().unwrap()[..], generated.as_array().unwrap()[..count]);
    }
}

#[test]
fn draws_repeat_with_their_seed() {
    let tokens = |arguments: &str| {
        let arguments = format!("--prompt-ids 38,3 --max-new-tokens 40 {arguments}");
        answer(&fixture("bitlinear"), &arguments).0["tokens"].clone()
    };
    let greedy = tokens("");
    assert_eq!(tokens("--temperature 0 --seed 5"), greedy);
    let drawn = tokens("--temperature 2 --seed 5");
    assert_eq!(tokens("--temperature 2 --seed 5"), drawn);
    assert_ne!(drawn, greedy);
    assert_ne!(tokens("--temperature 2 --seed 6"), drawn);
}

/// The narrower a cache, the farther the logits move from those of an exact one.
#[test]
fn a_narrow_cache_moves_the_logits_and_a_wide_one_hardly() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("l.safetensors");
    let logits = |bits: &str| {
        let arguments = format!(
            "--prompt-ids 58,24,63,12,68,50,1,2,3,4,5,6,7,8,9,10 --max-new-tokens 1 --kv-bits {bits} --logits {}",
            file.display()
        );
        answer(&fixture("bitlinear"), &arguments);
        floats(&tensors(&file)["logits"].1)
    };
    let exact = logits("32");
    let distance = |bits: &str| {
        let squares = logits(bits).iter().zip(&exact).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
        (squares / exact.iter().map(|x| x * x).sum::<f32>()).sqrt()
    };
    let distances = ["16", "8", "4", "3"].map(distance);
    assert!(distances[0] > 0.0 && distances[0] < 0.01, "{distances:?}");
    assert!(distances.is_sorted(), "{distances:?}");
}

#[test]
fn what_cannot_be_generated_is_said_in_one_line() {
    let folder = fixture("online");
    for (arguments, says) in [
        (
            "--prompt-ids 64 --max-new-tokens 2",
            "token 64 is outside the vocabulary of 64, whose ids are 0 to 63",
        ),
        ("--prompt-ids 1,4294967295 --max-new-tokens 2", "token 4294967295 is outside the vocabulary"),
        (
            "--prompt-ids 1,2 --max-new-tokens 64",
            "take 65 positions, and online has 64 (`max_position_embeddings`)",
        ),
        ("--prompt-ids 1 --max-new-tokens 0", "must be from 1 to "),
        ("--prompt-ids 1,x --max-new-tokens 1", "must be token ids, separated by commas"),
        ("--prompt-ids 1,4294967296 --max-new-tokens 1", "must be token ids, separated by commas"),
        ("--max-new-tokens 1", "required arguments were not provided: --prompt"),
        ("--prompt-ids 1 --prompt a --max-new-tokens 1", "cannot be used with"),
        ("--prompt-ids 1 --max-new-tokens 1 --temperature -1", "must be from 0 to 100"),
        ("--prompt-ids 1 --max-new-tokens 1 --temperature NaN", "must be from 0 to 100"),
        ("--prompt-ids 1 --max-new-tokens 1 --kv-bits 5", "must be 32, 16, 8, 4 or 3"),
        (
            "--prompt-ids 1 --max-new-tokens 1 --logits l.txt",
            "--logits l.txt must end in .csv or .safetensors",
        ),
        ("--prompt-ids 1 --max-new-tokens 1 --trace t.csv", "--trace t.csv must end in .safetensors"),
        (
            "--prompt-ids 1 --max-new-tokens 1 --linears verilog --engine 20x4",
            "lanes x columns x token slots",
        ),
        ("--prompt-ids 1 --max-new-tokens 1 --linears verilog --engine 0x4x4", "lanes"),
    ] {
        let error = fails(&folder, arguments);
        assert!(error.contains(says), "{arguments}: {error}");
    }
    // The last of 64 positions needs none of its own.
    let (answer, _) = answer(&folder, "--prompt-ids 1 --max-new-tokens 64");
    assert_eq!(answer["tokens"].as_array().unwrap().len(), 64);
    let error = fails(Path::new("/no/such/folder"), "--prompt-ids 1 --max-new-tokens 1");
    assert!(error.contains("/no/such/folder"), "{error}");
}

#[test]
fn an_empty_prompt_is_refused() {
    let mut command = tritium_tests::sim();
    command.arg("generate").arg("--checkpoint").arg(fixture("autobitlinear"));
    let output = command.args(["--prompt", "", "--max-new-tokens", "1"]).output().unwrap();
    assert_eq!(text(&output.stderr), "error: the prompt has no token: at least one is needed\n");
}
