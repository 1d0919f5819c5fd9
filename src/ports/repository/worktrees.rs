//! The other work trees of a repository.

use std::path::{Path, PathBuf};

use crate::os::files::real;
use crate::ports::repository::{error::GitError, layout::Layout, program::GitProgram};

/// The roots of the work trees beside this one that are there.
pub(super) fn others(layout: &Layout, git: &GitProgram) -> Result<Vec<PathBuf>, GitError> {
    // most repositories have none, which is seen without asking
    if !layout.common.join("worktrees").exists() {
        return Ok(Vec::new());
    }
    let output = git.query(&layout.root, &["worktree", "list", "--porcelain"])?;
    let mut roots = Vec::new();
    for block in output.text().split("\n\n") {
        let Some(root) = block
            .lines()
            .find_map(|line| line.strip_prefix("worktree "))
        else {
            continue;
        };
        let root = PathBuf::from(root);
        let bare = block.lines().any(|line| line == "bare");
        // of one that was deleted, only its index is left, which the history has; a locked one may be on another disk
        let locked = block.lines().any(|line| line.starts_with("locked"));
        let there = root.join(".git").exists() || locked;
        if !bare && there && !is_same(&root, &layout.root) {
            roots.push(root);
        }
    }
    Ok(roots)
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| real(path).unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}
