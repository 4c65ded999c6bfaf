//! Named YAML documents: presets that are compiled in, or a user's file.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::Error;

/// A preset: its name and its YAML text.
pub(crate) type Preset = (&'static str, &'static str);

/// Descriptions are a few kilobytes; a file beyond this is something else.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Deserialises the preset called `name_or_path` (in any case), or the YAML file of that path; returns it with where
/// it came from, for error messages.
///
/// # Errors
/// [`Error::Unknown`] when it is neither, [`Error::Read`] and [`Error::Parse`] for a bad file.
pub(crate) fn load<T: DeserializeOwned>(
    kind: &'static str,
    presets: &[Preset],
    name_or_path: &str,
) -> Result<(T, String), Error> {
    let (text, origin) = text(kind, presets, name_or_path)?;
    Ok((parse(&text, &origin)?, origin))
}

/// The text of the preset called `name_or_path`, or of the file of that path, and where it came from.
///
/// # Errors
/// [`Error::Unknown`] when it is neither, [`Error::Read`] and [`Error::Parse`] for a file that is no text of moderate size.
pub(crate) fn text(
    kind: &'static str,
    presets: &[Preset],
    name_or_path: &str,
) -> Result<(Cow<'static, str>, String), Error> {
    if let Some((name, text)) = presets.iter().find(|(name, _)| name.eq_ignore_ascii_case(name_or_path)) {
        return Ok((Cow::Borrowed(text), format!("{kind} `{name}`")));
    }
    let path = Path::new(name_or_path);
    if path.exists()
        || name_or_path.contains('/')
        || path.extension().is_some_and(|e| e == "yaml" || e == "yml")
    {
        return Ok((Cow::Owned(read(path)?), path.display().to_string()));
    }
    let nearest = presets
        .iter()
        .map(|(name, _)| (strsim::jaro_winkler(name, &name_or_path.to_lowercase()), *name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.6)
        .map(|(_, name)| name.to_owned());
    let known = presets.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    Err(Error::Unknown { kind, name: name_or_path.to_owned(), known, nearest })
}

fn read(path: &Path) -> Result<String, Error> {
    let fail = |source| Error::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(fail)?;
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(fail)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        let reason = format!("larger than {MAX_FILE_BYTES} bytes, so not a YAML description");
        return Err(Error::Parse { origin: path.display().to_string(), reason });
    }
    Ok(text)
}

fn parse<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T, Error> {
    serde_yaml::from_str(text).map_err(|error| Error::Parse {
        origin: origin.to_owned(),
        reason: error.to_string().replace('\n', " "),
    })
}
