//! Where the objects of a repository lie, and those that have a file of their own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use libdeflater::{DecompressionError, Decompressor};

use crate::ports::repository::object::ObjectKind;

/// All object directories of a repository: its own, and those it borrows from.
pub(super) fn directories(common: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![common.join("objects")];
    while let Some(directory) = open.pop() {
        let known = fs::canonicalize(&directory).unwrap_or(directory);
        if all.contains(&known) || !known.is_dir() {
            continue;
        }
        if let Ok(text) = fs::read_to_string(known.join("info/alternates")) {
            let lines = text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'));
            open.extend(lines.map(|line| known.join(line.trim_matches('"'))));
        }
        all.push(known);
    }
    all
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
    let mut room = packed.len().saturating_mul(4).max(4096).max(out.len());
    loop {
        out.resize(room, 0);
        match decompressor.zlib_decompress(packed, out) {
            Ok(length) => {
                out.truncate(length);
                break;
            }
            Err(DecompressionError::InsufficientSpace) if room < 1 << 33 => {
                room = room.saturating_mul(4);
            }
            Err(_) => return None,
        }
    }
    let end = memchr::memchr(0, out.get(..out.len().min(64))?)?;
    let head = out.get(..end)?;
    let kind = ObjectKind::from_name(head.split(|byte| *byte == b' ').next()?)?;
    Some((kind, end + 1))
}
