//! Random damage to small valid files of each format, weight images among them: an error of one line, or a model; never a
//! panic, and never more memory than the file could fill.
//!
//! 20,000 inputs by default, which `TRITIUM_MUTATIONS` overrides. Three million were tried in a release build.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use contract::ImageLayout;
use model::{Error, ImageFile, checkpoint, write_image};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::fixtures::fixture;

/// What is read, and the file of it that is damaged.
const CORPUS: [(&str, &str); 9] = [
    ("bitnet", "model.safetensors"),
    ("bitnet", "config.json"),
    ("llama", "model.safetensors.index.json"),
    ("llama", "model-00001-of-00002.safetensors"),
    ("llama", "config.json"),
    ("online", "model.safetensors"),
    ("online", "config.json"),
    ("bitnet.gguf", ""),
    ("llama.gguf", ""),
];

/// More than all these files and what is made of them take: each is below 100 KB.
const MOST_KIB: u64 = 4 << 10;

#[derive(Clone, Debug)]
enum Damage {
    /// One byte is another.
    Byte(Place, u8),
    /// A number of four or eight bytes is another.
    Number(Place, bool, u64),
    Truncate(Place),
    Insert(Place, Vec<u8>),
    Remove(Place, usize),
    /// Bytes of one place at another.
    Move(Place, Place, usize),
    /// The n-th value of the JSON in the file is another.
    Json(Index, Value),
    /// A field of the JSON goes, or has the name of another.
    Rename(Index, Option<Index>),
}

/// A place in a file: half of all are near its beginning, where headers are.
#[derive(Clone, Debug)]
struct Place {
    near: bool,
    index: Index,
}

impl Place {
    fn of(&self, bytes: &[u8]) -> usize {
        let end = if self.near { bytes.len().min(2048) } else { bytes.len() };
        self.index.index(end + 1)
    }
}

fn place() -> impl Strategy<Value = Place> {
    (any::<bool>(), any::<Index>()).prop_map(|(near, index)| Place { near, index })
}

/// Numbers at which something overflows, and small ones.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        (0u32..64, -2i64..3).prop_map(|(bits, by)| (1u64 << bits).wrapping_add_signed(by)),
        (0u64..40).prop_map(|by| u64::MAX - by),
        0u64..100_000,
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        number().prop_map(Value::from),
        prop::collection::vec(number(), 0..4).prop_map(Value::from),
        prop_oneof![
            Just(json!(null)),
            Just(json!(-1)),
            Just(json!(1.5)),
            Just(json!(true)),
            Just(json!("U8")),
            Just(json!("F32")),
            Just(json!("BF16")),
            Just(json!("online")),
            Just(json!("../config.json")),
            Just(json!("model-00002-of-00002.safetensors")),
            Just(json!({})),
            Just(json!("\n\u{1b}[2J\u{202e}")),
        ],
    ]
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        (place(), any::<bool>(), number()).prop_map(|(at, long, number)| Damage::Number(at, long, number)),
        place().prop_map(Damage::Truncate),
        (place(), prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (place(), 1usize..40).prop_map(|(at, count)| Damage::Remove(at, count)),
        (place(), place(), 1usize..64).prop_map(|(from, to, count)| Damage::Move(from, to, count)),
        (any::<Index>(), value()).prop_map(|(at, value)| Damage::Json(at, value)),
        (any::<Index>(), prop::option::of(any::<Index>())).prop_map(|(at, to)| Damage::Rename(at, to)),
    ]
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Damage::Byte(at, byte) => {
                let at = at.of(bytes);
                if let Some(place) = bytes.get_mut(at) {
                    *place = *byte;
                }
            }
            Damage::Number(at, long, number) => {
                let at = at.of(bytes);
                let number = &number.to_le_bytes()[..if *long { 8 } else { 4 }];
                bytes.iter_mut().skip(at).zip(number).for_each(|(place, byte)| *place = *byte);
            }
            Damage::Truncate(at) => bytes.truncate(at.of(bytes)),
            Damage::Insert(at, more) => {
                let at = at.of(bytes);
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::Remove(at, count) => {
                let at = at.of(bytes);
                bytes.drain(at..bytes.len().min(at + count));
            }
            Damage::Move(from, to, count) => {
                let (from, to) = (from.of(bytes), to.of(bytes));
                let moved: Vec<u8> = bytes.iter().copied().skip(from).take(*count).collect();
                bytes.iter_mut().skip(to).zip(moved).for_each(|(place, byte)| *place = byte);
            }
            Damage::Json(at, value) => in_json(bytes, |json| {
                let mut count = 0;
                each(json, &mut |_| count += 1);
                let mut left = at.index(count);
                each(json, &mut |place| {
                    if left == 0 {
                        *place = value.clone();
                    }
                    left = left.wrapping_sub(1);
                });
            }),
            Damage::Rename(at, to) => in_json(bytes, |json| {
                let Value::Object(fields) = json else { return };
                let names: Vec<String> = fields.keys().cloned().collect();
                if names.is_empty() {
                    return;
                }
                let value = fields.remove(at.get(&names));
                if let (Some(to), Some(value)) = (to, value) {
                    fields.insert(to.get(&names).clone(), value);
                }
            }),
        }
    }
}

/// Goes through all values within a value, and it.
fn each(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| each(value, visit)),
        Value::Object(fields) => fields.values_mut().for_each(|value| each(value, visit)),
        _ => {}
    }
    visit(value);
}

/// Changes a file of JSON, or the header of a safetensors file; no other.
fn in_json(bytes: &mut Vec<u8>, change: impl FnOnce(&mut Value)) {
    if let Ok(mut json) = serde_json::from_slice(bytes) {
        change(&mut json);
        *bytes = json.to_string().into_bytes();
        return;
    }
    let length =
        bytes.first_chunk().map(|&length| u64::from_le_bytes(length)).and_then(|n| usize::try_from(n).ok());
    let end = length.and_then(|length| length.checked_add(8)).filter(|&end| end <= bytes.len());
    if let Some(end) = end
        && let Ok(mut json) = serde_json::from_slice(&bytes[8..end])
    {
        change(&mut json);
        let header = json.to_string().into_bytes();
        *bytes = [&(header.len() as u64).to_le_bytes(), header.as_slice(), &bytes[end..]].concat();
    }
}

/// The most that this process has mapped, KiB: memory that was asked for and never touched is in it.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    peak.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// A file or a folder that can be read.
struct Valid {
    path: PathBuf,
    /// The file of it that is damaged, and what is in it.
    file: PathBuf,
    whole: Vec<u8>,
    read: fn(&Path) -> Result<(), Error>,
}

/// Every matrix of a file of weight images.
fn read_image(path: &Path) -> Result<(), Error> {
    let image = ImageFile::open(path)?;
    image.entries().iter().try_for_each(|entry| image.matrix(entry).map(drop))
}

/// Set for the process that does it.
const ALONE: &str = "TRITIUM_MUTATIONS_ALONE";

/// In a process of its own, whose allocator keeps no memory for threads to come and maps what is large: its peak is then
/// that of what was asked for.
#[test]
fn twenty_thousand_damaged_files_are_models_or_errors_of_one_line() {
    if std::env::var_os(ALONE).is_some() {
        return damage_files();
    }
    let name = "mutation::twenty_thousand_damaged_files_are_models_or_errors_of_one_line";
    let alone = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .envs([(ALONE, "1"), ("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "131072")])
        .output()
        .unwrap();
    let printed = [alone.stdout, alone.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(alone.status.success() && printed[0].contains("1 passed"), "{}", printed.concat());
}

fn damage_files() {
    let cases = std::env::var("TRITIUM_MUTATIONS").map_or(20_000, |count| count.parse().unwrap());
    // In memory where there is such a folder: on a disk each input waits for it.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let files = CORPUS.iter().enumerate();
    let mut corpus: Vec<Valid> = files
        .map(|(i, (read, damaged))| {
            let copy = folder.path().join(i.to_string());
            if damaged.is_empty() {
                fs::copy(fixture(read), &copy).unwrap();
            } else {
                fs::create_dir(&copy).unwrap();
                for entry in fs::read_dir(fixture(read)).unwrap().map(Result::unwrap) {
                    fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
                }
            }
            let file = if damaged.is_empty() { copy.clone() } else { copy.join(damaged) };
            let whole = fs::read(&file).unwrap();
            Valid { path: copy, file, whole, read: |path| checkpoint::read(path).map(drop) }
        })
        .collect();
    let path = folder.path().join("image");
    let layout = ImageLayout { lanes: 12, columns: 5, stream_bits: 64 };
    let mut whole = vec![];
    write_image(&checkpoint::read(&fixture("llama")).unwrap(), layout, &mut whole).unwrap();
    corpus.push(Valid { file: path.clone(), path, whole, read: read_image });
    for Valid { path, file, whole, read } in &corpus {
        fs::write(file, whole).unwrap();
        read(path).unwrap();
    }

    let before = peak_kib();
    let models = Cell::new(0);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let inputs = (any::<Index>(), prop::collection::vec(damage(), 1..4));
    TestRunner::new(config)
        .run(&inputs, |(which, damages)| {
            let Valid { path, file, whole, read } = which.get(&corpus);
            let mut bytes = whole.clone();
            damages.iter().for_each(|damage| damage.apply(&mut bytes));
            fs::write(file, bytes).unwrap();
            let outcome = read(path);
            fs::write(file, whole).unwrap();
            match outcome {
                Ok(()) => models.set(models.get() + 1),
                Err(error) => {
                    let line = error.to_string();
                    prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
                    prop_assert!(line.len() < 2000, "{}", line);
                }
            }
            Ok(())
        })
        .unwrap();
    let more = peak_kib() - before;
    assert!(more < MOST_KIB, "{more} KiB more than before");
    // Damage that is always seen, or never, would try nothing.
    let models = models.get();
    assert!((cases / 20..cases / 2).contains(&models), "{models} models");
}
