//! The pre-commit hook of one repository: where git looks for it, and what stands there.
//!
//! Where hooks lie is git's own answer (`core.hooksPath`, work trees, submodules). A folder outside the repository is shared with others,
//! and a hook that git tracks belongs to everyone: into those nothing is written.

use std::{
    borrow::Cow,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use crate::core::{
    code::Code,
    failure::{Failure, Result},
};
use crate::ports::repository::{Hook, HookPlace, layout::Layout, program::Program};

/// The line by which a hook of ours is known.
pub(super) const OURS: &str = "# neonup: pre-commit";

/// What the hook that stood there before is called now.
const BEFORE: &str = "pre-commit.before-neonup";

/// What there is.
pub(super) fn look(layout: &Layout, git: &Program) -> Result<Hook> {
    let directory = directory(layout, git)?;
    let path = directory.join("pre-commit");
    let place = match fs::read(&path) {
        Ok(bytes) if is_ours(&bytes) => HookPlace::Ours,
        Ok(_) => HookPlace::Other,
        Err(error) if error.kind() == io::ErrorKind::NotFound => HookPlace::Free,
        Err(error) => return Err(wrong(&path, error.to_string())),
    };
    let closed = closed(layout, git, &directory, &path, place);
    Ok(Hook {
        path,
        place,
        closed,
    })
}

/// Puts the hook in its place; one that stood there is kept, and called first.
pub(super) fn install(layout: &Layout, git: &Program) -> Result<Hook> {
    let hook = look(layout, git)?;
    if let Some(why) = &hook.closed {
        return Err(wrong(&hook.path, why.clone())
            .hint("call `neonup hook run || exit 1` from the hook that is there"));
    }
    let failed = |error: io::Error| wrong(&hook.path, error.to_string());
    let program = std::env::current_exe().map_err(failed)?;
    let directory = hook.path.parent().unwrap_or(&layout.root);
    fs::create_dir_all(directory).map_err(failed)?;
    let before = directory.join(BEFORE);
    if hook.place == HookPlace::Other {
        if before.exists() {
            return Err(
                wrong(&hook.path, format!("`{}` exists already", before.display()))
                    .hint("make one hook of the two, then run it again"),
            );
        }
        fs::rename(&hook.path, &before).map_err(failed)?;
    }
    let mut temporary = tempfile_in(directory).map_err(failed)?;
    write_script(&mut temporary, &script(&quoted(program.as_os_str()))).map_err(failed)?;
    fs::rename(&temporary.path, &hook.path).map_err(|error| {
        fs::remove_file(&temporary.path).ok();
        failed(error)
    })?;
    look(layout, git)
}

/// Takes our hook away, and brings back the one that stood there. `false`: there was none of ours.
pub(super) fn remove(layout: &Layout, git: &Program) -> Result<bool> {
    let hook = look(layout, git)?;
    if hook.place != HookPlace::Ours {
        return Ok(false);
    }
    let failed = |error: io::Error| wrong(&hook.path, error.to_string());
    let before = hook.path.with_file_name(BEFORE);
    if before.exists() {
        fs::rename(&before, &hook.path).map_err(failed)?;
    } else {
        fs::remove_file(&hook.path).map_err(failed)?;
    }
    Ok(true)
}

fn is_ours(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, OURS.as_bytes()).is_some()
}

fn wrong(path: &Path, why: String) -> Failure {
    Failure::new(
        Code::SecretsUnknown,
        format!("the hook `{}` was not changed", path.display()),
    )
    .why(why)
}

fn directory(layout: &Layout, git: &Program) -> Result<PathBuf> {
    let failed = |why: String| {
        Failure::new(
            Code::SecretsUnknown,
            "where git looks for hooks is not known",
        )
        .why(why)
        .hint("install git")
    };
    let said = git
        .run(&layout.root, &["rev-parse", "--git-path", "hooks"])
        .map_err(|error| failed(error.to_string()))?;
    if !said.ok() {
        return Err(failed(said.reason()));
    }
    let text = String::from_utf8(said.out).map_err(|error| failed(error.to_string()))?;
    Ok(layout.root.join(text.trim_end_matches(['\r', '\n'])))
}

/// Why nothing may be written there, if so.
fn closed(
    layout: &Layout,
    git: &Program,
    directory: &Path,
    path: &Path,
    place: HookPlace,
) -> Option<String> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (directory, root) = (real(directory), real(&layout.root));
    if directory.starts_with(real(&layout.common)) || directory.starts_with(real(&layout.git_dir)) {
        return None;
    }
    if !directory.starts_with(&root) {
        return Some(format!(
            "core.hooksPath leads to `{}`, which other repositories may share",
            directory.display()
        ));
    }
    // below the work tree the folder may be committed: a hook that nobody else tracks may still be added to it
    let tracked = git
        .run(
            &layout.root,
            &[
                "--literal-pathspecs",
                "ls-files",
                "--error-unmatch",
                "--",
                &path.to_string_lossy(),
            ],
        )
        .is_ok_and(|said| said.ok());
    (place == HookPlace::Other && tracked)
        .then(|| "git tracks the hook that is there, so it belongs to everyone".to_owned())
}

/// A path as one word for a POSIX shell. A path holds no NUL, which is all that cannot be quoted.
fn quoted(path: &OsStr) -> String {
    let path = path.to_string_lossy();
    shlex::try_quote(&path).map_or_else(|_| path.to_string(), Cow::into_owned)
}

/// The hook. A program that is gone must not keep anybody from committing, but says so.
fn script(command: &str) -> String {
    format!(
        r#"#!/bin/sh
{OURS}: refuses a commit that holds a live secret.
# `neonup hook uninstall` takes it away; `git commit --no-verify` passes it by once.
before="${{0%/*}}/{BEFORE}"
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

struct Temporary {
    path: PathBuf,
    file: fs::File,
}

fn tempfile_in(directory: &Path) -> io::Result<Temporary> {
    let path = directory.join(format!("pre-commit.neonup-{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
    Ok(Temporary {
        file: options.open(&path)?,
        path,
    })
}

fn write_script(temporary: &mut Temporary, script: &str) -> io::Result<()> {
    use io::Write as _;
    temporary.file.write_all(script.as_bytes())?;
    temporary.file.sync_all()
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
