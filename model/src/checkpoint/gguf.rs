//! A GGUF file, version 3: "GGUF", the version, the counts of tensors and of keys, the keys with their values, the
//! tensors' names, dimensions, types and places, padding, and the tensors. Everything is little-endian.
//!
//! Dimensions are fastest first. Places begin at the data, which begins at the next multiple of the alignment (32, unless
//! `general.alignment` says otherwise), as every tensor does.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::file::Source;
use super::ggml::Type;
use super::i2_s;
use crate::Error;
use crate::error::one_line;

/// What a file begins with.
pub(crate) const MAGIC: [u8; 4] = *b"GGUF";

const VERSION: u32 = 3;

/// The most keys, and the most tensors. Published files have some dozens and some thousands.
const MAX_ENTRIES: u64 = 1 << 16;

/// The longest name that is read, bytes; ggml's own limits are 65,535 for keys and 64 for tensors.
const MAX_NAME_BYTES: u64 = 255;

/// The longest text whose value is kept, bytes.
const MAX_TEXT_BYTES: u64 = 255;

/// Bytes that are read at once.
const WINDOW_BYTES: u64 = 1 << 16;

/// The largest alignment.
const MAX_ALIGNMENT: u64 = 1 << 20;

/// A file whose header is good.
#[derive(Debug)]
pub(crate) struct Gguf {
    pub(crate) file: Source,
    values: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Tensor>,
}

/// The value of a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// An integer of any width that is not negative.
    Unsigned(u64),
    /// A float of 32 bits.
    Float(f32),
    /// A short text.
    Text(String),
    /// Anything else: a negative integer, a boolean, a double, a long text or an array. Nothing that is read is one.
    Other,
}

/// What a header says of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tensor {
    pub(crate) of: Type,
    /// Slowest first, as everywhere else.
    pub(crate) shape: Vec<u64>,
    /// In the file.
    pub(crate) range: Range<u64>,
}

impl Gguf {
    /// Opens a file and checks its header.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or its header is not what the format says.
    pub(crate) fn open(path: &Path) -> Result<Gguf, Error> {
        let file = Source::open(path)?;
        let (values, tensors) = header(&file)?;
        Ok(Gguf { file, values, tensors })
    }

    /// The value of a key.
    pub(crate) fn value(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// What the header says of a tensor.
    pub(crate) fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// The names of the tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }
}

type Header = (BTreeMap<String, Value>, BTreeMap<String, Tensor>);

fn header(file: &Source) -> Result<Header, Error> {
    let mut cursor = Cursor { file, place: 0, window: vec![], start: 0 };
    if file.bytes() < 4 || cursor.bytes()? != MAGIC {
        return Err(file.malformed("no GGUF file, and no folder with a config.json".to_owned()));
    }
    let version = cursor.u32()?;
    if version != VERSION {
        let big = if version == VERSION.swap_bytes() { "big-endian, or " } else { "" };
        return Err(file.malformed(format!("{big}version {version}, must be {VERSION}, little-endian")));
    }
    let tensor_count = cursor.u64()?;
    let key_count = cursor.u64()?;
    for (count, what) in [(tensor_count, "tensors"), (key_count, "keys")] {
        if count > MAX_ENTRIES {
            return Err(file.malformed(format!("{count} {what}, must be at most {MAX_ENTRIES}")));
        }
    }
    let mut values = BTreeMap::new();
    for _ in 0..key_count {
        let key = cursor.name("key")?;
        let value = cursor.value(&key)?;
        if values.contains_key(&key) {
            return Err(file.malformed(format!("key `{}` stands twice in the header", one_line(&key))));
        }
        values.insert(key, value);
    }
    let mut infos = vec![];
    for _ in 0..tensor_count {
        infos.push(cursor.tensor()?);
    }
    let alignment = match values.get("general.alignment") {
        None => 32,
        Some(&Value::Unsigned(n)) if n.is_power_of_two() && n <= MAX_ALIGNMENT => n,
        Some(_) => {
            let expected = format!("a power of two of at most {MAX_ALIGNMENT}");
            return Err(file.malformed(format!("key `general.alignment` must be {expected}")));
        }
    };
    let data = cursor.place.next_multiple_of(alignment);
    Ok((values, placed(file, infos, data, alignment)?))
}

/// The tensors in their places, of which no two share a byte.
fn placed(
    file: &Source,
    infos: Vec<Info>,
    data: u64,
    alignment: u64,
) -> Result<BTreeMap<String, Tensor>, Error> {
    let mut tensors = BTreeMap::new();
    for Info { name, shape, number, offset } in infos {
        let error = |what: String| file.malformed(format!("tensor `{}` {what}", one_line(&name)));
        let Some(of) = Type::of(number) else {
            return Err(error(format!("is of type {number}, which is not known")));
        };
        if !offset.is_multiple_of(alignment) {
            return Err(error(format!("is at {offset}, which is no multiple of {alignment}")));
        }
        let (&columns, rows) = shape.split_last().unwrap_or((&1, &[]));
        let rows = rows.iter().try_fold(1u64, |rows, &n| rows.checked_mul(n));
        let Some(bytes) = rows.and_then(|rows| of.tensor_bytes(rows, columns)) else {
            let of_arm =
                |rows: u64| rows.checked_mul(columns).is_some_and(|n| n.is_multiple_of(i2_s::ARM_TRITS));
            return Err(error(match rows {
                Some(rows) if of == Type::I2_S && of_arm(rows) => format!(
                    "is I2_S {shape:?}, whole blocks of {} as on ARM and not of {}, as on x86: only these are read",
                    i2_s::ARM_TRITS,
                    i2_s::TRITS
                ),
                _ => format!("is {} {shape:?}, which is no whole number of blocks", of.name),
            }));
        };
        let start = data.checked_add(offset);
        let Some(range) = start.and_then(|start| Some(start..start.checked_add(bytes)?)) else {
            return Err(error(format!("is at {offset}, beyond every file")));
        };
        if range.end > file.bytes() {
            let (end, bytes) = (range.end, file.bytes());
            return Err(error(format!("ends at byte {end} of a file of {bytes} bytes: truncated?")));
        }
        if tensors.contains_key(&name) {
            return Err(error("stands twice in the header".to_owned()));
        }
        tensors.insert(name, Tensor { of, shape, range });
    }
    let mut by_place: Vec<_> = tensors.iter().map(|(name, tensor)| (&tensor.range, name)).collect();
    by_place.sort_by_key(|(range, _)| (range.start, range.end));
    for pair in by_place.windows(2) {
        let [(first, _), (second, name)] = pair else { continue };
        if second.start < first.end {
            return Err(file.malformed(format!("tensor `{}` overlaps the one before it", one_line(name))));
        }
    }
    Ok(tensors)
}

/// A tensor as written.
struct Info {
    name: String,
    shape: Vec<u64>,
    number: u32,
    offset: u64,
}

/// Reads a header from its beginning on, some of the file at a time.
struct Cursor<'a> {
    file: &'a Source,
    place: u64,
    window: Vec<u8>,
    /// Where the window begins.
    start: u64,
}

impl Cursor<'_> {
    fn bytes<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], Error> {
        let end = self.place.checked_add(BYTES as u64).filter(|&end| end <= self.file.bytes());
        let Some(end) = end else {
            return Err(self.truncated());
        };
        if self.place < self.start || end > self.start + self.window.len() as u64 {
            let window_end = self.file.bytes().min(self.place + WINDOW_BYTES);
            self.window = self.file.read(self.place..window_end)?;
            self.start = self.place;
        }
        let at = usize::try_from(self.place - self.start).unwrap_or(usize::MAX);
        let bytes = self.window.get(at..).and_then(|rest| rest.first_chunk()).copied();
        self.place = end;
        bytes.ok_or_else(|| self.truncated())
    }

    fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// Goes on without looking.
    fn skip(&mut self, bytes: u64) -> Result<(), Error> {
        let end = self.place.checked_add(bytes).filter(|&end| end <= self.file.bytes());
        self.place = end.ok_or_else(|| self.truncated())?;
        Ok(())
    }

    /// The text of so many bytes.
    fn text(&mut self, bytes: u64, of: &str) -> Result<String, Error> {
        let start = self.place;
        self.skip(bytes)?;
        String::from_utf8(self.file.read(start..self.place)?)
            .map_err(|_| self.file.malformed(format!("the {of} at byte {start} is not UTF-8")))
    }

    fn name(&mut self, of: &str) -> Result<String, Error> {
        let bytes = self.u64()?;
        if bytes > MAX_NAME_BYTES {
            let what = format!("the name of a {of} of {bytes} bytes, must be at most {MAX_NAME_BYTES}");
            return Err(self.file.malformed(what));
        }
        self.text(bytes, of)
    }

    fn value(&mut self, key: &str) -> Result<Value, Error> {
        let unsigned = |value: i64| u64::try_from(value).map_or(Value::Other, Value::Unsigned);
        Ok(match self.u32()? {
            0 => Value::Unsigned(u8::from_le_bytes(self.bytes()?).into()),
            1 => unsigned(i8::from_le_bytes(self.bytes()?).into()),
            2 => Value::Unsigned(u16::from_le_bytes(self.bytes()?).into()),
            3 => unsigned(i16::from_le_bytes(self.bytes()?).into()),
            4 => Value::Unsigned(self.u32()?.into()),
            5 => unsigned(i32::from_le_bytes(self.bytes()?).into()),
            6 => Value::Float(f32::from_le_bytes(self.bytes()?)),
            TEXT => match self.u64()? {
                bytes @ 0..=MAX_TEXT_BYTES => Value::Text(self.text(bytes, "text")?),
                bytes => {
                    self.skip(bytes)?;
                    Value::Other
                }
            },
            ARRAY => {
                let of = self.u32()?;
                let count = self.u64()?;
                self.skip_array(key, of, count)?;
                Value::Other
            }
            10 => Value::Unsigned(self.u64()?),
            11 => unsigned(i64::from_le_bytes(self.bytes()?)),
            of => {
                self.skip(self.size(key, of)?)?;
                Value::Other
            }
        })
    }

    fn skip_array(&mut self, key: &str, of: u32, count: u64) -> Result<(), Error> {
        if of == TEXT {
            // Ends with the file at the latest.
            for _ in 0..count {
                let bytes = self.u64()?;
                self.skip(bytes)?;
            }
            return Ok(());
        }
        // An array in an array has no size here: none is written, and one could hold a million others.
        let bytes = self.size(key, of)?.checked_mul(count);
        self.skip(bytes.ok_or_else(|| self.truncated())?)
    }

    /// The bytes of a value of a type that has a size.
    fn size(&self, key: &str, of: u32) -> Result<u64, Error> {
        match of {
            0 | 1 | 7 => Ok(1),
            2 | 3 => Ok(2),
            4..=6 => Ok(4),
            10..=12 => Ok(8),
            _ => {
                let key = one_line(key);
                Err(self.file.malformed(format!("key `{key}` has a value of type {of}, which is not known")))
            }
        }
    }

    fn tensor(&mut self) -> Result<Info, Error> {
        let name = self.name("tensor")?;
        let dimensions = self.u32()?;
        if dimensions > 4 {
            let name = one_line(&name);
            let what = format!("tensor `{name}` has {dimensions} dimensions, must have at most 4");
            return Err(self.file.malformed(what));
        }
        let mut shape = vec![];
        for _ in 0..dimensions {
            shape.push(self.u64()?);
        }
        shape.reverse();
        Ok(Info { name, shape, number: self.u32()?, offset: self.u64()? })
    }

    fn truncated(&self) -> Error {
        let (place, bytes) = (self.place, self.file.bytes());
        self.file.malformed(format!("truncated: the header goes on at byte {place} of {bytes}"))
    }
}

/// The type of a text.
const TEXT: u32 = 8;

/// The type of an array.
const ARRAY: u32 = 9;
