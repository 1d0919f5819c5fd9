//! Whether the rules ignore a path, where there is no git program to ask.
//!
//! The patterns are gitoxide's (`gix-ignore`), one file at a time; which file counts, and that what lies in an ignored directory cannot
//! be taken back by a later rule, is decided here, as gitignore(5) has it. gitoxide's own stack is not used: with `*` in `info/exclude` it
//! takes the root itself for ignored, and then everything in it (seen in 0.90 by the random trees of our test).
//!
//! The user's own exclude file does not count: without git it is not known which one applies. It can only ignore more, so nothing is
//! called ignored wrongly.

use std::{fs, io, path::Path};

use gix_ignore::{Search, glob::pattern::Case, search::Ignore};

use crate::ports::repository::layout::Layout;

/// The largest file of rules that is read.
const LARGEST: u64 = 1 << 20;

/// Whether `git add` would refuse an untracked file of this path; else why that is not known.
pub(super) fn ignored(layout: &Layout, path: &str) -> Result<bool, String> {
    let case = case(layout)?;
    let mut rules = IgnoreRules::default();
    rules.add(&layout.common.join("info/exclude"), "", true)?;
    rules.add(&layout.root.join(".gitignore"), ".gitignore", false)?;
    for (end, _) in path.match_indices('/') {
        let directory = path.get(..end).unwrap_or_default();
        let full = layout.root.join(directory);
        if full.is_symlink() {
            return Err(format!("it is behind the symbolic link `{directory}`"));
        }
        if rules.ignores(directory, true, case) {
            // git does not look into it, so no rule below it counts
            return Ok(true);
        }
        rules.add(
            &full.join(".gitignore"),
            &format!("{directory}/.gitignore"),
            false,
        )?;
    }
    Ok(rules.ignores(path, false, case))
}

/// Whether the repository's rules tell small letters from capital ones.
pub(super) fn case(layout: &Layout) -> Result<Case, String> {
    let folds = git2::Repository::open(&layout.root)
        .and_then(|repository| repository.config())
        .and_then(|config| match config.get_bool("core.ignorecase") {
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(false),
            answer => answer,
        })
        .map_err(|error| format!("without git: {}", error.message()))?;
    Ok(if folds { Case::Fold } else { Case::Sensitive })
}

/// Rules of several files; a later file wins over an earlier one.
#[derive(Default)]
pub(super) struct IgnoreRules(Search);

impl IgnoreRules {
    /// Adds a file of rules, if there is one. `name` is its path relative to the root, from which its rules are seen; empty for the root
    /// itself. A `.gitignore` that is a symbolic link does not count: git does not follow it.
    pub(super) fn add(&mut self, file: &Path, name: &str, follow: bool) -> Result<(), String> {
        let wrong = |error: io::Error| format!("`{}`: {error}", file.display());
        if !follow && file.is_symlink() {
            return Ok(());
        }
        let meta = match fs::metadata(file) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(()),
            Err(error) => return Err(wrong(error)),
        };
        if meta.is_dir() {
            return Ok(());
        }
        if !meta.is_file() || meta.len() > LARGEST {
            return Err(format!("`{}` isn't a file of ignore rules", file.display()));
        }
        let bytes = fs::read(file).map_err(wrong)?;
        let parse = Ignore {
            support_precious: false,
        };
        let root = (!name.is_empty()).then(|| Path::new(""));
        self.0
            .add_patterns_buffer(&bytes, name, root, parse)
            .map_err(wrong)
    }

    /// Whether they ignore a path; whether a folder above it is ignored is another question.
    pub(super) fn ignores(&self, path: impl AsRef<[u8]>, directory: bool, case: Case) -> bool {
        self.0
            .pattern_matching_relative_path(path.as_ref().into(), Some(directory), case)
            .is_some_and(|found| !found.pattern.is_negative())
    }
}
