//! Names, paths, and files that hold no config.

use std::fs;

use model::{Shape, load};
use serde_json::json;

use crate::{bitnet_2b, changed, complaint, folder, load_text};

#[test]
fn a_config_gives_the_shape_of_its_preset() {
    let (_root, path) = folder(bitnet_2b().to_string());
    let preset = model::preset("bitnet-2b-4t").unwrap();
    let expected = Shape { name: "tiny".to_owned(), ..preset };
    for path in [path.clone(), format!("{path}/"), format!("{path}/config.json"), format!("{path}/../tiny/.")]
    {
        assert_eq!(load(&path).unwrap(), expected, "{path}");
    }
    let renamed = format!("{path}/two-billion.json");
    fs::copy(format!("{path}/config.json"), &renamed).unwrap();
    assert_eq!(load(&renamed).unwrap().name, "two-billion");
}

#[test]
fn a_presets_name_in_any_case_is_no_path() {
    assert_eq!(load("70B").unwrap(), model::preset("70b").unwrap());
    assert_eq!(load("BitNet-2B-4T").unwrap().name, "bitnet-2b-4t");
}

#[test]
fn a_long_or_hostile_value_stays_one_short_line() {
    let message = complaint(changed("hidden_act", json!("\n\u{1b}[2J".repeat(100_000))));
    assert!(message.len() < 400 && !message.contains('\u{1b}'), "{message:?}");
}

#[test]
fn a_text_that_is_no_config_is_refused() {
    assert_eq!(complaint(""), "empty, must be a config.json");
    assert_eq!(complaint(" \n"), "empty, must be a config.json");
    assert_eq!(complaint("[1, 2]"), "no JSON object, must be a config.json");
    assert!(complaint([0xff, 0xfe, 0, 1, 2]).starts_with("not valid JSON: "));
    assert!(complaint("[".repeat(100_000)).starts_with("not valid JSON: recursion limit exceeded"));
    let text = bitnet_2b().to_string();
    for length in 1..text.len() {
        assert!(complaint(&text[..length]).starts_with("not valid JSON: EOF while parsing"), "{length}");
    }
}

#[test]
fn a_file_of_any_size_is_read_no_further_than_the_limit() {
    // Blanks fill a config up to the limit, and then beyond it.
    let mut text = bitnet_2b().to_string().into_bytes();
    text.resize(16 << 20, b' ');
    assert!(load_text(&text).is_ok());
    text.push(b' ');
    assert_eq!(complaint(&text), "longer than 16 MiB, which no config.json is");

    let (_root, path) = folder("");
    let file = fs::File::create(format!("{path}/config.json")).unwrap();
    // Sparse: 64 GB that take no room.
    file.set_len(64 << 30).unwrap();
    let message = load(&path).unwrap_err().to_string();
    assert!(message.ends_with("config.json: longer than 16 MiB, which no config.json is"), "{message}");
}

#[test]
fn a_path_with_nothing_to_read_is_named() {
    let (root, path) = folder("{}");
    let missing = format!("{path}/missing.json");
    let known = "700m, 1.3b, 3b, 3.9b, 7b, 13b, 30b, 70b, 8x7b, bitnet-2b-4t";
    assert_eq!(
        load(&missing).unwrap_err().to_string(),
        format!("no file or folder `{missing}`: a model is the path of a config.json, or one of {known}")
    );
    assert!(load("nobody/there").unwrap_err().to_string().starts_with("no file or folder `nobody/there`: "));
    assert!(load("lost.json").unwrap_err().to_string().starts_with("no file or folder `lost.json`: "));
    let no_config = load(root.path().to_str().unwrap()).unwrap_err().to_string();
    assert!(
        no_config.starts_with("cannot read ") && no_config.contains("/config.json: No such file"),
        "{no_config}"
    );
    assert!(load("8b").unwrap_err().to_string().starts_with("unknown model `8b`: known are 700m, "));
    assert_eq!(load("a\0b/\n").unwrap_err().to_string().lines().count(), 1);
}
