//! A file that is read by position, within its bounds.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::Error;
use crate::error::one_line;

/// Bytes of one read where a tensor is converted as it comes: a multiple of every block of every format.
const CHUNK_BYTES: u64 = 54 * 66 * 512;

/// A regular file, open.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    bytes: u64,
    /// Its path, on one line.
    origin: String,
}

impl Source {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] where it cannot be opened, or is no regular file: a pipe would be waited for, and a device has no end.
    pub(crate) fn open(path: &Path) -> Result<Source, Error> {
        let origin = one_line(&path.display().to_string());
        let unreadable = |source| Error::Read { path: origin.clone(), source };
        // Before it is opened, since opening a pipe waits for its other end.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(unreadable(io::Error::other("not a regular file")));
        }
        let file = File::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        Ok(Source { file, bytes, origin })
    }

    /// Its length when it was opened.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Its path, for errors.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The error that the file is not what its format says.
    pub(crate) fn malformed(&self, reason: String) -> Error {
        Error::Parse { origin: self.origin.clone(), reason }
    }

    /// The bytes of a range.
    ///
    /// # Errors
    ///
    /// [`Error::Parse`] where the range ends beyond the file, before anything is allocated; [`Error::Read`] where reading
    /// fails, as it does where the file has become shorter.
    pub(crate) fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Error> {
        let bytes = self.length_of(&range)?;
        let mut read = vec![0; bytes];
        let done = self.file.read_exact_at(&mut read, range.start);
        done.map_err(|source| Error::Read { path: self.origin.clone(), source })?;
        Ok(read)
    }

    /// Gives the bytes of a range to `take`, some MiB at a time: a whole number of blocks of every format, but for the last.
    pub(crate) fn read_in_chunks(
        &self,
        range: Range<u64>,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.length_of(&range)?;
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min(start + CHUNK_BYTES);
            take(&self.read(start..end)?)?;
            start = end;
        }
        Ok(())
    }

    fn length_of(&self, range: &Range<u64>) -> Result<usize, Error> {
        let length = range.end.checked_sub(range.start).filter(|_| range.end <= self.bytes);
        length.and_then(|length| usize::try_from(length).ok()).ok_or_else(|| {
            let Range { start, end } = range;
            self.malformed(format!("bytes {start} to {end} are not in a file of {} bytes", self.bytes))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_file_is_neither_allocated_nor_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ten");
        std::fs::write(&path, b"0123456789").unwrap();
        let file = Source::open(&path).unwrap();
        assert_eq!(file.read(3..5).unwrap(), b"34");
        assert_eq!(file.read(10..10).unwrap(), b"");
        for range in [9..11, 0..u64::MAX, u64::MAX - 1..u64::MAX, Range { start: 5, end: 4 }] {
            let error = file.read(range.clone()).unwrap_err().to_string();
            let expected = format!("bytes {} to {} are not in a file of 10 bytes", range.start, range.end);
            assert!(error.ends_with(&expected), "{error}");
            assert_eq!(file.read_in_chunks(range, |_| Ok(())).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shrinks");
        std::fs::write(&path, [0; 100]).unwrap();
        let file = Source::open(&path).unwrap();
        std::fs::write(&path, [0; 50]).unwrap();
        assert!(matches!(file.read(0..100), Err(Error::Read { .. })));
    }

    #[test]
    fn only_regular_files_are_opened() {
        let error = Source::open(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(error, "cannot read /dev/zero: not a regular file");
        assert!(matches!(Source::open(Path::new("/none")), Err(Error::Read { .. })));
    }
}
