//! The files of a work tree that belong to the project, as far as their names tell: a walk that has a bound, and needs no git program.
//!
//! It finds out what a repository holds before anything else is known, so it must be quick, and harmless in any clone: nothing is
//! opened but the rules of git, and no link is followed.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use gix_ignore::glob::pattern::Case;

use crate::ports::repository::{excludes::IgnoreRules, ignored::DEPENDENCIES};

/// How many folders deep a walk goes: the manifests of the deepest monorepos lie some five deep.
const DEEPEST: usize = 10;
/// The most files that a walk names.
const MOST_FILES: usize = 20_000;
/// The most entries of folders that a walk looks at.
const MOST_ENTRIES: usize = 100_000;

/// Folders of what tools make or bring, where no rule of git says so.
const MADE: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    "__pycache__",
    "site-packages",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".turbo",
    ".yarn",
    ".pnpm-store",
    "bower_components",
    "Pods",
];

/// The names of the project's files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// Relative to the root, with forward slashes: those of a folder before those of the folders in it, each in the order of the
    /// alphabet.
    pub files: Vec<String>,
    /// Why there may be more; `None` where all were seen.
    pub cut: Option<&'static str>,
}

/// A folder that is to be looked at.
struct Folder {
    path: PathBuf,
    /// Relative to the root, with a slash at its end; empty for the root.
    name: String,
    depth: usize,
}

/// Names the files below a folder. `common` is git's own folder, where there is one.
pub(super) fn survey(root: &Path, common: Option<&Path>) -> Survey {
    let mut rules = IgnoreRules::default();
    if let Some(common) = common {
        // rules that cannot be read ignore nothing
        rules.add(&common.join("info/exclude"), "", true).ok();
    }
    let mut survey = Survey::default();
    let mut entries = 0_usize;
    let mut queue = VecDeque::from([Folder {
        path: root.to_owned(),
        name: String::new(),
        depth: 0,
    }]);
    while let Some(folder) = queue.pop_front() {
        let Ok(mut names) = listing(&folder.path, MOST_ENTRIES.saturating_sub(entries)) else {
            survey.cut.get_or_insert("a folder couldn't be read");
            continue;
        };
        entries += names.len();
        if entries >= MOST_ENTRIES {
            survey.cut = Some("the repository has more than 100,000 entries");
        }
        let git_rules = common.is_some() && names.iter().any(|(name, _)| name == ".gitignore");
        if git_rules {
            let name = format!("{}.gitignore", folder.name);
            rules
                .add(&folder.path.join(".gitignore"), &name, false)
                .ok();
        }
        names.sort();
        for (name, is_folder) in names {
            let relative = format!("{}{name}", folder.name);
            if rules.ignores(&relative, is_folder, Case::Sensitive) {
                continue;
            }
            if !is_folder {
                if survey.files.len() >= MOST_FILES {
                    survey.cut = Some("the repository has more than 20,000 files");
                    return survey;
                }
                survey.files.push(relative);
                continue;
            }
            let path = folder.path.join(&name);
            if MADE.contains(&name.as_str())
                || DEPENDENCIES.contains(&name.as_str())
                || path.join(".git").symlink_metadata().is_ok()
                || path.join("pyvenv.cfg").is_file()
            {
                continue;
            }
            if folder.depth >= DEEPEST {
                survey
                    .cut
                    .get_or_insert("its folders are nested more than 10 deep");
                continue;
            }
            queue.push_back(Folder {
                path,
                name: format!("{relative}/"),
                depth: folder.depth + 1,
            });
        }
    }
    survey
}

/// The regular files and the folders in a folder, at most so many. What has no name in UTF-8 is left out: no manifest is called so.
fn listing(folder: &Path, most: usize) -> io::Result<Vec<(String, bool)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)?.take(most) {
        let entry = entry?;
        let kind = entry.file_type()?;
        if let Ok(name) = entry.file_name().into_string()
            && (kind.is_dir() || kind.is_file())
        {
            names.push((name, kind.is_dir()));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_projects_own_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in [
            ".env.example",
            ".gitignore",
            "api/.gitignore",
            "api/app.py",
            "api/local.py",
            "api/keep/app.py",
            "build/out.js",
            "node_modules/x/package.json",
            "own/pyvenv.cfg",
            "own/lib/a.py",
            "nested/.git/HEAD",
            "nested/a.py",
        ] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        fs::write(root.join(".gitignore"), "build/\n.env\n").unwrap();
        fs::write(root.join("api/.gitignore"), "local.py\n").unwrap();
        fs::write(root.join(".env"), "").unwrap();
        std::os::unix::fs::symlink("/", root.join("everything")).unwrap();
        let found = survey(root, Some(&root.join(".git")));
        assert_eq!(
            found.files,
            [
                ".env.example",
                ".gitignore",
                "api/.gitignore",
                "api/app.py",
                "api/keep/app.py"
            ]
        );
        assert_eq!(found.cut, None);
        // without a repository no rules of git count
        assert!(
            survey(root, None)
                .files
                .contains(&"build/out.js".to_owned())
        );
    }

    #[test]
    fn a_bound_that_was_reached_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let deep: PathBuf = std::iter::repeat_n("d", DEEPEST + 1).collect();
        fs::create_dir_all(folder.path().join(deep)).unwrap();
        let found = survey(folder.path(), None);
        assert_eq!(found.cut, Some("its folders are nested more than 10 deep"));
    }
}
