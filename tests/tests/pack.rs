//! `sim pack` and `sim unpack`: the images of a checkpoint are what rtl/README.md says they are.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tritium_tests::output;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats").join(name)
}

fn sim(arguments: &[&dyn AsRef<OsStr>]) -> Output {
    tritium_tests::sim()
        .args(arguments.iter().map(AsRef::as_ref))
        .output()
        .expect("the command in TRITIUM_SIM starts")
}

/// What a successful command printed.
fn succeeds(arguments: &[&dyn AsRef<OsStr>]) -> String {
    let output = sim(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The one line of a command that fails.
fn fails(code: i32, arguments: &[&dyn AsRef<OsStr>]) -> String {
    let output = sim(arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(output.stdout.is_empty() && !stderr.contains("panicked"), "{stderr}");
    stderr
}

#[test]
fn images_are_those_that_the_documentation_makes() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("weights.img");
    let checkpoint = fixture("bitnet");
    let check = Path::new(env!("CARGO_MANIFEST_DIR")).join("image/check.py");
    let engines: [&[&str]; 4] = [
        &["--lanes", "80", "--columns", "2", "--stream-bits", "128"],
        &["--lanes", "7", "--columns", "3", "--stream-bits", "24"],
        &["--lanes", "300", "--columns", "70"],
        &["--chip", "edge"],
    ];
    let sizes = [
        "80 lanes x 2 columns and 128",
        "7 lanes x 3 columns and 24",
        "300 lanes x 70 columns and 512",
        "128 lanes x 16 columns and 512",
    ];
    for (engine, sizes) in engines.into_iter().zip(sizes) {
        let mut arguments: Vec<&dyn AsRef<OsStr>> =
            vec![&"pack", &"--checkpoint", &checkpoint, &"--out", &image];
        arguments.extend(engine.iter().map(|argument| argument as &dyn AsRef<OsStr>));
        assert_eq!(succeeds(&arguments), "");
        assert_eq!(
            succeeds(&[&"unpack", &"--image", &image, &"--checkpoint", &checkpoint]),
            format!("7 matrices of 188416 trits are equal, for an engine of {sizes} stream-bits\n")
        );
        let printed =
            output(Command::new("python3").arg("-B").arg(&check).arg(&image).arg(&checkpoint)).unwrap();
        assert_eq!(printed, "7 matrices are equal\n");
    }
}

#[test]
fn images_are_told_from_those_of_another_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("weights.img");
    let pack: [&dyn AsRef<OsStr>; 9] = [
        &"pack",
        &"--checkpoint",
        &fixture("llama"),
        &"--out",
        &image,
        &"--lanes",
        &"80",
        &"--columns",
        &"2",
    ];
    succeeds(&pack);
    // The same trits, whose scale multiplies there.
    let unpack =
        |checkpoint: &str| fails(1, &[&"unpack", &"--image", &image, &"--checkpoint", &fixture(checkpoint)]);
    let error = unpack("llama.gguf");
    assert!(
        error.contains("layer 0, Query: Divides(") && error.contains("the checkpoint has Multiplies("),
        "{error}"
    );
    assert!(unpack("bitnet").ends_with("14 matrices, where the checkpoint has 7\n"));
    assert!(unpack("online").ends_with("14 matrices, where the checkpoint has 7\n"));
    let mut bytes = fs::read(&image).unwrap();
    bytes[4096] = 32;
    fs::write(&image, bytes).unwrap();
    assert!(unpack("llama").ends_with("byte 32 at position 0 is none of the 243 codes of five trits\n"));
}

#[test]
fn what_cannot_be_packed_is_one_line_and_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("weights.img");
    fs::write(&image, "as it was").unwrap();
    let checkpoint = fixture("llama");
    let pack = |code: i32, more: &[&'static str]| {
        let mut arguments: Vec<&dyn AsRef<OsStr>> =
            vec![&"pack", &"--checkpoint", &checkpoint, &"--out", &image];
        arguments.extend(more.iter().map(|argument| argument as &dyn AsRef<OsStr>));
        fails(code, &arguments)
    };
    assert!(pack(2, &[]).contains("--lanes"));
    assert!(pack(2, &["--lanes", "80"]).contains("--columns"));
    assert!(pack(2, &["--lanes", "80", "--columns", "2", "--chip", "edge"]).contains("--chip"));
    assert!(pack(1, &["--lanes", "0", "--columns", "2"]).contains("lanes"));
    assert!(pack(1, &["--lanes", "80", "--columns", "2", "--stream-bits", "12"]).contains("stream-bits"));
    assert!(pack(1, &["--chip", "none"]).contains("none"));
    let missing: [&dyn AsRef<OsStr>; 9] =
        [&"pack", &"--checkpoint", &folder.path(), &"--out", &image, &"--lanes", &"80", &"--columns", &"2"];
    assert!(fails(1, &missing).contains("config.json"));
    assert_eq!(fs::read_to_string(&image).unwrap(), "as it was");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
