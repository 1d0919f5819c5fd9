//! Where a path leads, and whether a file of ours may be there.

use std::{
    fs::{self, Metadata},
    io,
    path::{Component, Path, PathBuf},
};

use super::read::absent;
use crate::{
    domain::git_folder::is_git_folder,
    os::files::real,
    os::files::{identity, links},
    ports::files::FileError,
};

/// How many symlinks a path may lead through; Linux allows as many.
const SYMLINKS: usize = 40;
/// How many files of git's folder are compared with a hard link. Objects are not: a repository of usual size has some hundred others.
const GIT_FILES: usize = 20_000;

/// The folders in which git keeps what belongs to a repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct GitFolders {
    /// That of this work tree.
    pub own: Option<PathBuf>,
    /// The one that all its work trees share.
    pub common: Option<PathBuf>,
}

impl GitFolders {
    fn all(&self) -> impl Iterator<Item = PathBuf> {
        let canonical = |path: &PathBuf| real(path).ok();
        self.own.iter().chain(&self.common).filter_map(canonical)
    }

    /// Whether a resolved path below the root lies in a folder of git's: this repository's, or that of any other.
    fn hold(&self, root: &Path, inner: &Path) -> bool {
        let path = root.join(inner);
        let named = inner
            .iter()
            .any(|part| is_git_folder(&part.to_string_lossy()));
        // a work tree may itself lie in the folder that all work trees share
        let around = |folder: &PathBuf| !root.starts_with(folder);
        let mut folders = self.all().filter(around);
        named
            || folders.any(|folder| path.starts_with(folder))
            || path
                .ancestors()
                .skip(1)
                .take_while(|dir| *dir != root)
                .any(is_git_dir)
    }

    /// Whether a file is another name of one of git's.
    fn link(&self, path: &Path, meta: &Metadata) -> bool {
        if links(path, meta) < 2 {
            return false;
        }
        let wanted = identity(path, meta);
        let mut left = GIT_FILES;
        self.all()
            .any(|folder| holds_file(&folder, wanted, &mut left))
    }
}

/// Whether git would take this folder for a repository without a work tree, whatever its name: it would run what the `config` in it says.
fn is_git_dir(dir: &Path) -> bool {
    let has = |name: &str| dir.join(name).symlink_metadata().is_ok();
    has("HEAD") && (has("commondir") || (has("objects") && has("refs")))
}

fn holds_file(dir: &Path, wanted: (u64, u64), left: &mut usize) -> bool {
    let Ok(entries) = fs::read_dir(dir) else {
        return false;
    };
    for entry in entries.flatten() {
        // what could not be compared counts as found
        let Some(less) = left.checked_sub(1) else {
            return true;
        };
        *left = less;
        let Ok(meta) = entry.metadata() else {
            continue;
        };
        let found = if meta.is_dir() {
            entry.file_name() != "objects" && holds_file(&entry.path(), wanted, left)
        } else {
            meta.is_file() && identity(&entry.path(), &meta) == wanted
        };
        if found {
            return true;
        }
    }
    false
}

/// The path that is really written: inside the repository, and not among git's own files.
pub(super) fn target(root: &Path, git: &GitFolders, path: &Path) -> Result<PathBuf, FileError> {
    let target = resolve(path)?;
    let up = |part: Component<'_>| part == Component::ParentDir;
    if !target.starts_with(root) || target.components().any(up) {
        return Err(FileError::Outside(target));
    }
    let inner = target.strip_prefix(root).unwrap_or(&target);
    if git.hold(root, inner) {
        return Err(FileError::GitFolder(target));
    }
    match fs::metadata(&target) {
        Ok(meta) if meta.is_file() && git.link(&target, &meta) => Err(FileError::GitFolder(target)),
        _ => Ok(target),
    }
}

/// Where a path really leads: all symlinks followed, the last one too, whether or not anything is there yet.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, FileError> {
    let mut path = path.to_owned();
    for _ in 0..SYMLINKS {
        match real(&path) {
            Ok(resolved) => return Ok(resolved),
            Err(error) if absent(&error) => {}
            Err(error) => return Err(error.into()),
        }
        let Some((dir, name)) = path.parent().zip(path.file_name()) else {
            return Ok(path);
        };
        let dir = if dir.as_os_str().is_empty() {
            Path::new(".")
        } else {
            dir
        };
        let dir = resolve(dir)?;
        match fs::read_link(dir.join(name)) {
            // a link that leads to nothing yet
            Ok(link) => path = dir.join(link),
            Err(_) => return Ok(dir.join(name)),
        }
    }
    Err(io::Error::other("too many symlinks").into())
}
