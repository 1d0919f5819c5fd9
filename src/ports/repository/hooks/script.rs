//! The hooks that are written: shell scripts that run this very program, and the hook that was there before.

use std::{borrow::Cow, ffi::OsStr};

use crate::ports::repository::model::HookName;

/// What a hook that is kept is called, behind its own name.
pub(super) const KEPT: &str = ".before-neonup";

/// The line by which a hook of ours is known.
fn mark(name: HookName) -> String {
    format!("# neonup: {}", name.as_str())
}

/// Whether a hook is one of ours, and runs the program: another tool may have kept the first line alone.
pub(super) fn is_ours(name: HookName, bytes: &[u8]) -> bool {
    let has = |text: &str| memchr::memmem::find(bytes, text.as_bytes()).is_some();
    has(&mark(name)) && has(" hook run")
}

/// A path as one word for a POSIX shell. A path holds no NUL, which is all that cannot be quoted.
pub(super) fn quoted(path: &OsStr) -> String {
    let path = path.to_string_lossy();
    shlex::try_quote(&path).map_or_else(|_| path.to_string(), Cow::into_owned)
}

/// A hook that calls the one that was there before, then the program. Where the program is gone it does not stop git, but says so.
///
/// Below the pre-commit framework, which calls it as the hook of before, the kept one is the framework's own: it is left out.
pub(super) fn of(name: HookName, program: &str) -> String {
    let mark = mark(name);
    let hook = name.as_str();
    let (what, skip) = match name {
        HookName::PreCommit | HookName::CommitMsg => ("commit", "`git commit --no-verify`"),
        HookName::PreMergeCommit => ("merge", "`git merge --no-verify`"),
        HookName::PrePush => ("push", "`git push --no-verify`"),
    };
    // both read the list of refs from standard input
    let (keep, feed, run) = match name {
        HookName::PrePush => (
            "refs=$(cat && echo .)\nrefs=${refs%.}\n",
            "printf '%s' \"$refs\" | ",
            "printf '%s' \"$refs\" | ",
        ),
        HookName::PreCommit | HookName::CommitMsg | HookName::PreMergeCommit => ("", "", "exec "),
    };
    let end = if name == HookName::PrePush {
        "\n    exit $?"
    } else {
        ""
    };
    format!(
        r#"#!/bin/sh
{mark}: stops a {what} that contains a live secret.
# `neonup hook uninstall` removes it; {skip} skips it once.
{keep}before="${{0%/*}}/{hook}{KEPT}"
if [ -x "$before" ] && [ -z "$PRE_COMMIT_RUNNING_LEGACY" ]; then
    {feed}"$before" "$@" || exit $?
fi
if [ -x {program} ]; then
    {run}{program} hook run {hook} -- "$@"{end}
elif command -v neonup >/dev/null 2>&1; then
    {run}neonup hook run {hook} -- "$@"{end}
fi
echo "neonup was not found, so this {what} was not searched for secrets" >&2
"#
    )
}

/// What the lines in the files of a team's tool run: the program, for the hook that is named first.
pub(super) fn runner(program: &str) -> String {
    format!(
        r#"#!/bin/sh
# neonup: runs the hook named by the first argument; called by a line in the team's own hook tool.
name="$1"; shift
if [ -x {program} ]; then
    exec {program} hook run "$name" -- "$@"
elif command -v neonup >/dev/null 2>&1; then
    exec neonup hook run "$name" -- "$@"
fi
echo "neonup was not found, so nothing was searched for secrets" >&2
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

    #[test]
    fn each_hook_knows_its_own_and_no_other() {
        for name in HookName::ALL {
            let script = of(name, "/bin/neonup");
            for other in HookName::ALL {
                // the mark of one begins like that of no other
                assert_eq!(is_ours(other, script.as_bytes()), other == name);
            }
            let (head, _) = script.split_once("before=").unwrap();
            assert!(!is_ours(name, head.as_bytes()), "nothing is run");
        }
    }
}
