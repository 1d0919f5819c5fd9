//! Where the objects of a repository lie, and those that have a file of their own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use libdeflater::{DecompressionError, Decompressor};

use crate::{
    core::proof::{Coverage, Unread},
    os::{bounded, files::real},
    ports::repository::{
        object::{OBJECT_LIMIT, ObjectKind},
        program::GitProgram,
    },
};

/// The longest list of borrowed object directories that is read, in bytes.
const ALTERNATES_LIMIT: u64 = 1024 * 1024;
/// How many object directories are read.
const DIRECTORIES_LIMIT: usize = 100;

/// All object directories of a repository: its own, those it borrows from, and those that the environment names. Tells what of
/// them cannot be read.
pub(super) fn directories(common: &Path, git: &GitProgram) -> (Vec<PathBuf>, Coverage) {
    let mut all = Vec::new();
    let mut coverage = Coverage::complete();
    let mut leave_out = |what: String, why: &str| {
        coverage.leave_out(Unread {
            what,
            why: why.to_owned(),
            hint: "see .git/objects/info/alternates".to_owned(),
        });
    };
    let mut open = vec![common.join("objects")];
    open.extend(git.variable("GIT_OBJECT_DIRECTORY").map(PathBuf::from));
    let others = git.variable("GIT_ALTERNATE_OBJECT_DIRECTORIES");
    open.extend(others.into_iter().flat_map(std::env::split_paths));
    while let Some(directory) = open.pop() {
        let known = real(&directory).unwrap_or(directory);
        if all.contains(&known) {
            continue;
        }
        if !known.is_dir() {
            leave_out(
                known.display().to_string(),
                "it borrows objects from a folder that doesn't exist",
            );
            continue;
        }
        if all.len() == DIRECTORIES_LIMIT {
            leave_out(
                "borrowed objects".to_owned(),
                "they are in more than 100 directories",
            );
            break;
        }
        match bounded::read(&known.join("info/alternates"), ALTERNATES_LIMIT) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let lines = text
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty() && !line.starts_with('#'));
                open.extend(lines.map(|line| known.join(line.trim_matches('"'))));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => leave_out(
                known.display().to_string(),
                "the list of directories that it borrows objects from couldn't be read",
            ),
        }
        all.push(known);
    }
    (all, coverage)
}

/// The files of all loose objects of a directory.
pub(super) fn files(objects: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut all = Vec::new();
    for directory in fs::read_dir(objects)? {
        let directory = directory?;
        let head = directory.file_name().to_string_lossy().into_owned();
        if head.len() != 2 || !head.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            continue;
        }
        for file in fs::read_dir(directory.path())? {
            let file = file?;
            let tail = file.file_name().to_string_lossy().into_owned();
            if tail.len() >= 38 && tail.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                all.push((format!("{head}{tail}"), file.path()));
            }
        }
    }
    Ok(all)
}

/// Inflates a loose object, and gives its kind and where its content begins.
pub(super) fn inflate(
    decompressor: &mut Decompressor,
    packed: &[u8],
    out: &mut Vec<u8>,
) -> Option<(ObjectKind, usize)> {
    let mut room = packed
        .len()
        .saturating_mul(4)
        .max(4096)
        .max(out.len())
        .min(OBJECT_LIMIT);
    loop {
        if out.capacity() < room {
            // no more than that: growing would take up to twice as much
            *out = Vec::with_capacity(room);
        }
        out.resize(room, 0);
        match decompressor.zlib_decompress(packed, out) {
            Ok(length) => {
                out.truncate(length);
                break;
            }
            Err(DecompressionError::InsufficientSpace) if room < OBJECT_LIMIT => {
                room = room.saturating_mul(4).min(OBJECT_LIMIT);
            }
            Err(_) => return None,
        }
    }
    let end = memchr::memchr(0, out.get(..out.len().min(64))?)?;
    let head = out.get(..end)?;
    let kind = ObjectKind::from_name(head.split(|byte| *byte == b' ').next()?)?;
    Some((kind, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_directories_that_borrow_without_end_are_given_up() {
        let dir = crate::testing::folders::temp_dir();
        let store = |number: usize| dir.path().join(format!("{number}/objects"));
        for number in 0..=DIRECTORIES_LIMIT {
            let info = store(number).join("info");
            fs::create_dir_all(&info).unwrap();
            let next = store(number + 1).display().to_string();
            fs::write(info.join("alternates"), next).unwrap();
        }
        let git = GitProgram::new(
            None,
            crate::ports::repository::GitEnvironment::Given(Vec::new()),
        );
        let (read, coverage) = directories(&dir.path().join("0"), &git);
        assert_eq!(read.len(), DIRECTORIES_LIMIT);
        assert!(coverage.unread()[0].why.contains("more than 100"));
        // two that borrow from each other are two
        let back = store(0).display().to_string();
        fs::write(store(1).join("info/alternates"), back).unwrap();
        let (read, coverage) = directories(&dir.path().join("0"), &git);
        assert_eq!(read.len(), 2);
        assert!(coverage.is_complete());
    }

    /// 100 kB that unpack to 100 MB and more.
    #[test]
    fn an_object_that_unpacks_to_more_than_the_limit_is_not_unpacked() {
        let pack = |size: usize| {
            let content = [b"blob 1\0".as_slice(), &vec![0; size]].concat();
            let mut compressor =
                libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
            let mut packed = vec![0; compressor.zlib_compress_bound(content.len())];
            let length = compressor.zlib_compress(&content, &mut packed).unwrap();
            packed.truncate(length);
            packed
        };
        let (mut decompressor, mut out) = (Decompressor::new(), Vec::new());
        let small = inflate(&mut decompressor, &pack(1 << 20), &mut out);
        assert!(matches!(small, Some((ObjectKind::Blob, 7))));
        assert!(inflate(&mut decompressor, &pack(OBJECT_LIMIT), &mut out).is_none());
        assert!(out.capacity() <= OBJECT_LIMIT);
    }
}
