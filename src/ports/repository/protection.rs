//! How well git keeps one path out, and taking a path out of the index.

use std::path::Path;

use crate::ports::repository::{
    error::{GitError, UntrackError},
    ignored, index,
    layout::{Layout, clean},
    meter::Meter,
    model::{GitAnswer, Protection, StoredFile},
    program::GitProgram,
};

/// How well a path is kept out; where a nested repository owns it, by that one.
pub(super) fn protection(layout: &Layout, git: &GitProgram, path: &str) -> Protection {
    if let Some((inner, inner_git, rest)) = layout.owner(path, git) {
        let mut inside = protection(&inner, &inner_git, &rest);
        if index::tracks(layout, git, path) == Ok(true) {
            inside.tracked = GitAnswer::Yes;
        }
        let above = path.strip_suffix(&rest).unwrap_or_default();
        for companion in &mut inside.exposed {
            companion.insert_str(0, above);
        }
        return inside;
    }
    let ignored = ignored::refused_by_add(layout, git, path);
    let exposed = if ignored == GitAnswer::Yes {
        ignored::exposed(layout, git, path)
    } else {
        Vec::new()
    };
    Protection {
        ignored,
        tracked: index::tracks(layout, git, path).into(),
        staged: index::staged(layout, git, Some(path))
            .map(|staged| !staged.is_empty())
            .into(),
        exposed,
    }
}

/// What git has of a path in its index; where a nested repository owns it, by that one.
pub(super) fn stored(
    layout: &Layout,
    git: &GitProgram,
    path: &str,
) -> Result<Option<StoredFile>, GitError> {
    let Some(path) = clean(path) else {
        return Ok(None);
    };
    if let Some((inner, git, rest)) = layout.owner(&path, git) {
        return stored(&inner, &git, &rest);
    }
    let entries = index::entries(layout, git, Some(&path))?;
    let ids: Vec<_> = entries
        .into_iter()
        .filter(|entry| entry.path == path.as_bytes() && !entry.is_submodule())
        .map(|entry| entry.id)
        .collect();
    if ids.is_empty() {
        return Ok(None);
    }
    let mut versions = Vec::new();
    let (meter, _reports) = Meter::new();
    let unread = index::contents(layout, git, &ids, &meter, &mut |object| {
        versions.push(object.bytes);
    })?;
    // what is too large to be looked at is as good as empty
    versions.extend(unread.iter().map(|_| Vec::new()));
    let bytes = path.as_bytes();
    let is_filtered =
        git.available() && index::filtered(layout, git, &[bytes], &meter)?.contains(bytes);
    Ok(Some(StoredFile {
        versions,
        is_filtered,
    }))
}

/// Takes a path out of the index; the file stays.
pub(super) fn untrack(layout: &Layout, git: &GitProgram, path: &str) -> Result<(), UntrackError> {
    let path = clean(path).ok_or(UntrackError::Outside)?;
    if let Some((inner, git, rest)) = layout.owner(&path, git) {
        return untrack(&inner, &git, &rest);
    }
    if git.available() {
        let removal = [
            "--literal-pathspecs",
            "update-index",
            "--force-remove",
            "--",
            &path,
        ];
        git.write_index(&layout.root, &removal)?;
    } else {
        remove_by_libgit2(layout, &path).map_err(GitError::from)?;
    }
    if index::tracks(layout, git, &path)? {
        return Err(UntrackError::StillTracked);
    }
    Ok(())
}

fn remove_by_libgit2(layout: &Layout, path: &str) -> Result<(), git2::Error> {
    let mut index = git2::Repository::open(&layout.root)?.index()?;
    index.remove_path(Path::new(path))?;
    index.write()
}
