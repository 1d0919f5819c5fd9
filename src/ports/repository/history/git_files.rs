//! The names of the refs, and git's own files: what is found nowhere else may be there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::ports::repository::{
    layout::Layout,
    model::{Leak, Location},
    program::GitProgram,
    searcher::{MatchedSecret, Searcher},
};

/// Searches them for live secrets; those of git's files only where `known` does not have them.
pub(super) fn leaks(
    layout: &Layout,
    git: &GitProgram,
    searcher: &Searcher,
    prefix: &str,
    known: &[Leak],
) -> Vec<Leak> {
    let mut files = Vec::new();
    walk(&layout.common, &layout.common, 12, &mut files);
    if layout.git_dir != layout.common {
        walk(&layout.git_dir, &layout.git_dir, 12, &mut files);
    }
    let mut leaks = Vec::new();
    for name in ref_names(layout, git, &files) {
        for leak in searcher.leaks(searcher.search_name(&name), "", Location::RefName, "") {
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
        let mut found = Vec::new();
        // a file that cannot be read may have been git's own temporary one
        searcher.search_file(path, &mut found).ok();
        found.retain(|hit| matches!(hit.secret, MatchedSecret::Live(_)));
        let shown = searcher.redact_path(&format!("{prefix}.git/{name}"));
        for leak in searcher.leaks(found, &shown, Location::GitFile, "") {
            let mut others = known.iter().chain(&leaks);
            if !others.any(|other| other.secret == leak.secret) {
                leaks.push(leak);
            }
        }
    }
    leaks
}

fn ref_names(layout: &Layout, git: &GitProgram, files: &[(String, PathBuf)]) -> Vec<Vec<u8>> {
    let listed = git.run(&layout.root, &["for-each-ref", "--format=%(refname)"]);
    let listed = listed.map(|output| output.out).unwrap_or_default();
    let stored = files
        .iter()
        .map(|(name, _)| name.as_bytes())
        .filter(|name| name.starts_with(b"refs/"));
    listed
        .split(|byte| *byte == b'\n')
        .chain(stored)
        .map(<[u8]>::to_vec)
        .collect()
}

/// All files of a git directory but the objects and the submodules.
fn walk(base: &Path, directory: &Path, depth: usize, files: &mut Vec<(String, PathBuf)>) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(name) = path.strip_prefix(base) else {
            continue;
        };
        let name = name.to_string_lossy().replace('\\', "/");
        match entry.file_type() {
            Ok(kind)
                if kind.is_dir()
                    && depth > 0
                    && !matches!(name.as_str(), "objects" | "modules") =>
            {
                walk(base, &path, depth - 1, files);
            }
            Ok(kind) if kind.is_file() => files.push((name, path)),
            _ => {}
        }
    }
}

/// The git directories of all submodules, wherever their work tree is.
pub(super) fn stored_submodules(common: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![(common.join("modules"), 6)];
    while let Some((directory, depth)) = open.pop() {
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
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
            }
        }
    }
    all
}
