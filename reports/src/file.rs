//! Files that are either whole or absent, all of a command's or none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::Error;

/// Files on their way to a folder: nothing there changes before [`Staged::publish`].
///
/// The bytes go to temporary files in the same folder, which take their names together once all of them are whole: a
/// disk that fills up half-way leaves the results of the last run as they were. Dropped, it removes the temporary files.
#[derive(Debug)]
pub struct Staged {
    folder: PathBuf,
    /// Each file's path and what it will hold.
    files: Vec<(PathBuf, NamedTempFile)>,
}

impl Staged {
    /// No files yet, for `folder`, which is created if need be.
    pub fn new(folder: &Path) -> Result<Staged, Error> {
        if folder.exists() && !folder.is_dir() {
            return Err(Error::NoFolder { path: folder.to_owned() });
        }
        fs::create_dir_all(folder).map_err(failed(folder))?;
        Ok(Staged { folder: folder.to_owned(), files: Vec::new() })
    }

    /// Holds `bytes` ready as the file `name`.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        let file = temporary(&self.folder, bytes).map_err(failed(&path))?;
        self.files.push((path, file));
        Ok(())
    }

    /// The file `name`, still empty: whatever is written to it before [`Staged::publish`] is what it will hold.
    pub fn create(&mut self, name: &str) -> Result<File, Error> {
        let path = self.folder.join(name);
        let file = temporary(&self.folder, &[]).map_err(failed(&path))?;
        let handle = file.as_file().try_clone().map_err(failed(&path))?;
        self.files.push((path, file));
        Ok(handle)
    }

    /// Gives all files their names, and returns these.
    pub fn publish(self) -> Result<Vec<PathBuf>, Error> {
        // What a rename would fail on halfway, since a file replaces no folder.
        if let Some((path, _)) = self.files.iter().find(|(path, _)| path.is_dir()) {
            return Err(failed(path)(io::ErrorKind::IsADirectory.into()));
        }
        let mut published = Vec::new();
        for (path, file) in self.files {
            file.persist(&path).map_err(|error| failed(&path)(error.error))?;
            published.push(path);
        }
        Ok(published)
    }
}

fn temporary(folder: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
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
    Ok(file)
}

/// The error of a path. `tempfile` names its own random path in the reason; the user asked for another one.
fn failed(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |reason| {
        let reason = match reason.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::from(reason.kind()),
        };
        Error::Write { path: path.clone(), reason }
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

    fn write(folder: &Path, files: &[(&str, &[u8])]) -> Result<Vec<PathBuf>, Error> {
        let mut staged = Staged::new(folder)?;
        for (name, bytes) in files {
            staged.add(name, bytes)?;
        }
        staged.publish()
    }

    #[test]
    fn creates_the_folder_and_replaces_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep/er");
        write(&deep, &[("a.csv", b"old"), ("b.csv", b"old")]).unwrap();
        let paths = write(&deep, &[("a.csv", b"new and longer"), ("c.csv", b"new")]).unwrap();
        assert_eq!(paths, [deep.join("a.csv"), deep.join("c.csv")]);
        let content = ["a.csv", "b.csv", "c.csv"].map(|name| fs::read(deep.join(name)).unwrap());
        assert_eq!(content, [&b"new and longer"[..], b"old", b"new"]);
        assert_eq!(names(&deep), ["a.csv", "b.csv", "c.csv"], "no temporary file is left");
    }

    #[test]
    fn nothing_changes_before_all_files_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.csv"), b"old").unwrap();
        let mut staged = Staged::new(folder.path()).unwrap();
        staged.add("a.csv", b"new").unwrap();
        assert_eq!(fs::read(folder.path().join("a.csv")).unwrap(), b"old");
        drop(staged);
        assert_eq!(fs::read(folder.path().join("a.csv")).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn what_is_written_bit_by_bit_is_whole_when_it_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut staged = Staged::new(folder.path()).unwrap();
        let mut file = staged.create("a.csv").unwrap();
        file.write_all(b"one, ").unwrap();
        assert!(!folder.path().join("a.csv").exists());
        file.write_all(b"two").unwrap();
        staged.publish().unwrap();
        assert_eq!(fs::read(folder.path().join("a.csv")).unwrap(), b"one, two");
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn a_file_where_the_folder_should_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("occupied");
        fs::write(&file, b"mine").unwrap();
        let error = Staged::new(&file).unwrap_err().to_string();
        assert_eq!(error, format!("cannot write to {}: it is a file, must be a folder", file.display()));
        let error = Staged::new(&file.join("below")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write {}/below: ", file.display())), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"mine");
    }

    #[test]
    fn a_failure_leaves_the_old_content_and_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let (first, last) = (folder.path().join("a.csv"), folder.path().join("b.csv"));
        fs::write(&first, b"old").unwrap();
        // A folder that is not empty cannot be replaced by a file, not even by root.
        fs::create_dir(&last).unwrap();
        fs::write(last.join("kept"), b"old").unwrap();
        let error = write(folder.path(), &[("a.csv", b"new"), ("b.csv", b"new")]).unwrap_err();
        assert!(matches!(&error, Error::Write { path, .. } if *path == last), "{error}");
        assert!(!error.to_string().contains(".tritium-"), "the temporary name is nobody's business: {error}");
        assert_eq!(fs::read(first).unwrap(), b"old");
        assert_eq!(fs::read(last.join("kept")).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.csv", "b.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_a_report() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[("ours", b"x")]).unwrap();
        fs::write(folder.path().join("plain"), b"x").unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("ours"), mode("plain"));
    }
}
