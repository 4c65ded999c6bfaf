//! Files that are either whole or absent.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::Builder;

use crate::Error;

/// Writes `bytes` to `path`, creating its folder if need be.
///
/// The bytes go to a temporary file in the same folder, which then takes the name: a reader sees the old file or the
/// new one, never a part, and a failure leaves the old one as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)
        .map_err(|reason| Error::Write { path: folder.to_owned(), reason: plain(reason) })?;
    replace(folder, path, bytes)
        .map_err(|reason| Error::Write { path: path.to_owned(), reason: plain(reason) })
}

fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut builder = Builder::new();
    builder.prefix(".tritium-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is private by default; a report is as readable as the user's umask lets any file be.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// `tempfile` names its own random path in the error; the user asked for another one.
fn plain(reason: io::Error) -> io::Error {
    match reason.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::from(reason.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn creates_the_folder_and_replaces_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/report.csv");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new and longer").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new and longer");
        assert_eq!(names(path.parent().unwrap()), ["report.csv"], "no temporary file is left");
    }

    #[test]
    fn a_file_where_the_folder_should_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("occupied");
        fs::write(&file, b"mine").unwrap();
        let error = write_atomically(&file.join("report.csv"), b"x").unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write {}: ", file.display())), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"mine");
    }

    #[test]
    fn a_failure_leaves_the_old_content_and_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("report.csv");
        // A folder that is not empty cannot be replaced by a file, not even by root.
        fs::create_dir(&target).unwrap();
        fs::write(target.join("kept"), b"old").unwrap();
        let error = write_atomically(&target, b"new").unwrap_err();
        assert!(matches!(&error, Error::Write { path, .. } if *path == target), "{error}");
        assert!(!error.to_string().contains(".tritium-"), "the temporary name is nobody's business: {error}");
        assert_eq!(fs::read(target.join("kept")).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["report.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_a_report() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write_atomically(&ours, b"x").unwrap();
        fs::write(&plain, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
