//! The names of the refs, and git's own files: what is found nowhere else may be there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    core::proof::{Coverage, Unread},
    ports::repository::{
        layout::Layout,
        model::{Leak, Location},
        searcher::{MatchedSecret, SearchResult, Searcher},
    },
};

/// How deep folders of a git directory may be nested.
const DEPTH: usize = 12;
/// How deep the names of submodules may be nested in `.git/modules`.
const NAME_DEPTH: usize = 8;

/// Searches the names of refs, and git's files, for live secrets; the files only for those that `known` does not have.
pub(super) fn leaks(
    layout: &Layout,
    searcher: &Searcher,
    names: &[Vec<u8>],
    prefix: &str,
    known: &[Leak],
) -> (Vec<Leak>, Coverage) {
    let mut coverage = Coverage::complete();
    let mut files = Vec::new();
    walk(
        &layout.common,
        &layout.common,
        DEPTH,
        &mut files,
        &mut coverage,
    );
    if layout.git_dir != layout.common {
        walk(
            &layout.git_dir,
            &layout.git_dir,
            DEPTH,
            &mut files,
            &mut coverage,
        );
    }
    let mut leaks = Vec::new();
    let stored = files
        .iter()
        .map(|(name, _)| name.as_bytes())
        .filter(|name| name.starts_with(b"refs/"));
    for name in names.iter().map(Vec::as_slice).chain(stored) {
        for leak in searcher.leaks(searcher.search_name(name), "", Location::RefName, "") {
            let leak = Leak {
                path: None,
                line: None,
                ..leak
            };
            if !leaks.contains(&leak) {
                leaks.push(leak);
            }
        }
    }
    for (name, path) in &files {
        let shown = searcher.redact_path(&format!("{prefix}.git/{name}"));
        let mut found = SearchResult::default();
        match searcher.search_file(path, &mut found) {
            Ok(()) => {}
            // it may have been git's own temporary one
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => leave_out(&mut coverage, &shown, &error),
        }
        // the content of a large file that git-lfs keeps beside the objects, and pushes
        let is_large_file = name.starts_with("lfs/objects/");
        let location = if is_large_file {
            for unread in found.unread_of(&shown) {
                coverage.leave_out(unread);
            }
            Location::Remote
        } else {
            Location::GitFile
        };
        let mut hits = found.hits;
        hits.retain(|hit| matches!(hit.secret, MatchedSecret::Live(_)));
        for leak in searcher.leaks(hits, &shown, location, "") {
            let mut others = known.iter().chain(&leaks);
            if is_large_file || !others.any(|other| other.secret == leak.secret) {
                leaks.push(leak);
            }
        }
    }
    (leaks, coverage)
}

fn leave_out(coverage: &mut Coverage, what: &str, error: &io::Error) {
    let why = if error.kind() == io::ErrorKind::Other {
        error.to_string()
    } else {
        format!("one of git's own files couldn't be read: {}", error.kind())
    };
    coverage.leave_out(Unread::file(what, why, "make it readable"));
}

/// All files of a git directory but the objects and the submodules.
fn walk(
    base: &Path,
    directory: &Path,
    depth: usize,
    files: &mut Vec<(String, PathBuf)>,
    coverage: &mut Coverage,
) {
    let shown = || {
        let name = directory.strip_prefix(base).unwrap_or(directory);
        format!(".git/{}", name.display())
    };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => return leave_out(coverage, &shown(), &error),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(name) = path.strip_prefix(base) else {
            continue;
        };
        let name = name.to_string_lossy().replace('\\', "/");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !matches!(name.as_str(), "objects" | "modules") => {
                if depth > 0 {
                    walk(base, &path, depth - 1, files, coverage);
                } else {
                    let error = io::Error::other("its folders are nested too deeply");
                    leave_out(coverage, &shown(), &error);
                }
            }
            Ok(kind) if kind.is_file() => files.push((name, path)),
            _ => {}
        }
    }
}

/// The git directories of all submodules, wherever their work tree is.
pub(super) fn stored_submodules(common: &Path) -> (Vec<PathBuf>, Coverage) {
    let mut all = Vec::new();
    let mut coverage = Coverage::complete();
    let mut open = vec![(common.join("modules"), NAME_DEPTH)];
    while let Some((directory, depth)) = open.pop() {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                leave_out(&mut coverage, ".git/modules", &error);
                continue;
            }
        };
        for entry in entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        {
            let path = entry.path();
            if path.join("objects").is_dir() && path.join("HEAD").is_file() {
                open.push((path.join("modules"), depth));
                all.push(path);
            } else if depth > 0 {
                open.push((path, depth - 1));
            } else {
                let error = io::Error::other("its folders are nested too deeply");
                leave_out(&mut coverage, ".git/modules", &error);
            }
        }
    }
    (all, coverage)
}
