//! The pre-commit hook of one repository: where git looks for it, and whose it is.
//!
//! Where hooks lie is git's own answer (`core.hooksPath`, work trees, submodules). A folder outside the repository is shared with others,
//! and a hook that git tracks belongs to everyone: nothing is written there.

use std::{
    borrow::Cow,
    env,
    ffi::OsStr,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    os::bounded,
    ports::repository::{
        error::{GitError, HookError, RepositoryError},
        layout::Layout,
        model::{Hook, HookState},
        port::Result,
        program::GitProgram,
    },
};

/// The line by which a hook of ours is known.
const OURS: &str = "# neonup: pre-commit";

/// The name under which another hook is kept.
const KEPT: &str = "pre-commit.before-neonup";

/// The longest hook that is read, in bytes: some are programs.
const HOOK_LIMIT: u64 = 64 * 1024 * 1024;

/// The hook as it is.
pub(super) fn inspect(layout: &Layout, git: &GitProgram) -> Result<Hook> {
    let directory = directory(layout, git).map_err(RepositoryError::HooksUnknown)?;
    let path = directory.join("pre-commit");
    let state = match bounded::read(&path, HOOK_LIMIT) {
        Ok(bytes) if memchr::memmem::find(&bytes, OURS.as_bytes()).is_some() => HookState::Ours,
        Ok(_) => HookState::Other,
        Err(error) if error.kind() == io::ErrorKind::NotFound => HookState::Free,
        Err(error) => return Err(unchanged(path)(error.into())),
    };
    Ok(Hook {
        blocked: blocked(layout, git, &directory, &path, state),
        path,
        state,
    })
}

/// Installs the hook; another one is kept, and called first.
pub(super) fn install(layout: &Layout, git: &GitProgram) -> Result<Hook> {
    let hook = inspect(layout, git)?;
    write(&hook).map_err(unchanged(hook.path))?;
    inspect(layout, git)
}

/// Removes our hook, and brings back the one that was there before. `false`: there was none of ours.
pub(super) fn remove(layout: &Layout, git: &GitProgram) -> Result<bool> {
    let Hook { path, state, .. } = inspect(layout, git)?;
    if state != HookState::Ours {
        return Ok(false);
    }
    let kept = path.with_file_name(KEPT);
    let removed = if kept.exists() {
        fs::rename(&kept, &path)
    } else {
        fs::remove_file(&path)
    };
    removed.map_err(|error| unchanged(path)(error.into()))?;
    Ok(true)
}

fn unchanged(path: PathBuf) -> impl FnOnce(HookError) -> RepositoryError {
    |reason| RepositoryError::HookUnchanged { path, reason }
}

fn write(hook: &Hook) -> Result<(), HookError> {
    if let Some(reason) = &hook.blocked {
        return Err(HookError::Blocked(reason.clone()));
    }
    let script = script(&quoted(env::current_exe()?.as_os_str()));
    let directory = hook.path.parent().unwrap_or(&hook.path);
    fs::create_dir_all(directory)?;
    let mut options = tempfile::Builder::new();
    options.prefix("pre-commit.neonup-");
    #[cfg(unix)]
    options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755));
    let mut file = options.tempfile_in(directory)?;
    file.write_all(script.as_bytes())?;
    file.as_file().sync_all()?;
    if hook.state == HookState::Other {
        let kept = directory.join(KEPT);
        if kept.exists() {
            return Err(HookError::KeptHookExists(kept));
        }
        fs::rename(&hook.path, &kept)?;
    }
    file.persist(&hook.path).map_err(|error| error.error)?;
    Ok(())
}

fn directory(layout: &Layout, git: &GitProgram) -> Result<PathBuf, GitError> {
    let output = git.hooks_folder(&layout.root)?;
    let text = output.text();
    Ok(layout.root.join(text.trim_end_matches(['\r', '\n'])))
}

/// Why nothing may be written there, if so.
fn blocked(
    layout: &Layout,
    git: &GitProgram,
    directory: &Path,
    path: &Path,
    state: HookState,
) -> Option<String> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = real(directory);
    if directory.starts_with(real(&layout.common)) || directory.starts_with(real(&layout.git_dir)) {
        return None;
    }
    if !directory.starts_with(real(&layout.root)) {
        return Some(format!(
            "core.hooksPath leads to `{}`, which other repositories may share",
            directory.display()
        ));
    }
    // below the work tree the folder may be committed: a hook that nobody else tracks may still be added to it
    let path = path.to_string_lossy();
    let question = [
        "--literal-pathspecs",
        "ls-files",
        "--error-unmatch",
        "--",
        &path,
    ];
    (state == HookState::Other && git.query(&layout.root, &question).is_ok())
        .then(|| "git tracks the hook that is there, so it belongs to everyone".to_owned())
}

/// A path as one word for a POSIX shell. A path holds no NUL, which is all that cannot be quoted.
fn quoted(path: &OsStr) -> String {
    let path = path.to_string_lossy();
    shlex::try_quote(&path).map_or_else(|_| path.to_string(), Cow::into_owned)
}

/// The hook. Where the program is gone it does not stop the commit, but tells so.
fn script(command: &str) -> String {
    format!(
        r#"#!/bin/sh
{OURS}: refuses a commit that holds a live secret.
# `neonup hook uninstall` takes it away; `git commit --no-verify` passes it by once.
before="${{0%/*}}/{KEPT}"
if [ -x "$before" ]; then
    "$before" "$@" || exit $?
fi
if [ -x {command} ]; then
    exec {command} hook run
elif command -v neonup >/dev/null 2>&1; then
    exec neonup hook run
fi
echo "neonup is not found, so this commit was not searched for secrets" >&2
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word() {
        for path in ["/usr/bin/neonup", "/a b/it's $x", "/`date`/\"quoted\"/\\n"] {
            let words = shlex::split(&quoted(OsStr::new(path)));
            assert_eq!(words, Some(vec![path.to_owned()]));
        }
    }
}
