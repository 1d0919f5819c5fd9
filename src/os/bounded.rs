//! Reads a file that somebody else may have made: only a regular one, and only as far as a limit.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use memmap2::Mmap;

use super::files;

/// Opens a regular file. A FIFO is not waited for, and a device or a terminal is not touched.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // what is not a regular file is refused before it is opened: opening some devices does something
    if !std::fs::metadata(path)?.is_file() {
        return Err(not_regular());
    }
    let file = files::open_without_waiting(path)?;
    // it may have been replaced since
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(not_regular())
    }
}

/// Maps a regular file into memory that nobody changes while it is there: one of git's packs, or its index. Git gives them their name
/// once they are whole; after that it only removes them, which keeps the mapping.
#[expect(unsafe_code, reason = "what is mapped could be changed by others")]
pub(crate) fn map_unchanging(path: &Path) -> io::Result<Mmap> {
    let file = open(path)?;
    // SAFETY: the callers map only what nobody changes
    unsafe { Mmap::map(&file) }
}

/// Reads a regular file of at most `limit` bytes, whatever size it says it has.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let expected = file.metadata()?.len();
    if expected > limit {
        return Err(too_large(limit));
    }
    // in one piece, and one byte more, which shows that it is the end: growing buffers cost a scan of many files more than the reading
    let room = usize::try_from(expected).map_err(io::Error::other)?;
    let mut bytes = vec![0; room.saturating_add(1)];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    if filled > room {
        // it has grown meanwhile
        file.take(limit.saturating_sub(expected))
            .read_to_end(&mut bytes)?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= limit) {
        Ok(bytes)
    } else {
        Err(too_large(limit))
    }
}

/// Reads a regular file of text of at most `limit` bytes.
pub(crate) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

fn too_large(limit: u64) -> io::Error {
    let text = if limit >= 1024 * 1024 {
        format!("larger than {} MB", limit / (1024 * 1024))
    } else {
        format!("larger than {} kB", limit / 1024)
    };
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::testing::folders::temp_dir;

    #[test]
    fn only_a_regular_file_is_opened_and_only_as_far_as_the_limit() {
        let dir = temp_dir();
        let path = dir.path().join("file");
        std::fs::write(&path, "12345678").unwrap();
        assert_eq!(read(&path, 8).unwrap(), b"12345678");
        assert_eq!(
            read(&path, 7).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        // a file that says of itself that it is empty
        let status = read(Path::new("/proc/self/status"), 1 << 20);
        assert!(status.is_ok_and(|bytes| bytes.len() > 100) || !Path::new("/proc").exists());
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let zero = dir.path().join("zero");
        std::os::unix::fs::symlink("/dev/zero", &zero).unwrap();
        let around = dir.path().join("around");
        std::os::unix::fs::symlink(&around, &around).unwrap();
        let started = Instant::now();
        for path in [&fifo, &zero, &around, &dir.path().to_owned()] {
            read(path, 8).unwrap_err();
        }
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
