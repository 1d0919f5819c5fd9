//! Hooks that a tool of the team runs: husky, lefthook, or a folder of hooks that git tracks. There ours are a line in that tool's own
//! files, so that the team's hooks go on running and the tool's next installation doesn't remove ours.
//!
//! The line is the same for everyone, and runs a script in git's own folder that only `neonup hook install` makes: a clone without it
//! runs nothing.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    os::{
        bounded,
        files::{is_runnable, real, set_runnable},
    },
    ports::repository::{
        hooks::{file::HOOK_LIMIT, script},
        layout::Layout,
        model::{HookEdit, HookName},
        program::GitProgram,
    },
};

/// The script in git's own folder that the lines run.
const RUNNER: &str = "neonup-hook";

/// The files by which lefthook is configured, and the one beside each that is for one clone alone.
const LEFTHOOK: [(&str, &str); 7] = [
    ("lefthook.yml", "lefthook-local.yml"),
    (".lefthook.yml", ".lefthook-local.yml"),
    ("lefthook.yaml", "lefthook-local.yml"),
    (".lefthook.yaml", ".lefthook-local.yml"),
    ("lefthook.toml", "lefthook-local.yml"),
    ("lefthook.json", "lefthook-local.yml"),
    (".config/lefthook.yml", ".config/lefthook-local.yml"),
];

/// Who runs the hooks of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HookManager {
    /// Git alone, or a tool that keeps what it finds, as the pre-commit framework does.
    Git,
    /// Hooks of the team in a folder of the work tree, each a shell script.
    Scripts {
        folder: PathBuf,
        /// Whether husky runs them, so that they need no first line and no permission.
        husky: bool,
    },
    /// lefthook, with its configuration for this clone.
    Lefthook(PathBuf),
}

impl HookManager {
    /// Finds out who runs the hooks in git's folder of them.
    pub(super) fn find(layout: &Layout, git: &GitProgram, folder: &Path) -> Self {
        let real = |path: &Path| real(path).unwrap_or_else(|_| path.to_owned());
        let (root, inside) = (real(&layout.root), real(folder));
        let in_git = [&layout.common, &layout.git_dir]
            .iter()
            .any(|git| inside.starts_with(real(git)));
        if in_git {
            let mut known = LEFTHOOK.iter();
            return known
                .find(|(config, _)| layout.root.join(config).is_file())
                .map_or(Self::Git, |(_, local)| {
                    Self::Lefthook(layout.root.join(local))
                });
        }
        let Ok(relative) = inside.strip_prefix(&root) else {
            return Self::Git;
        };
        let is_husky =
            folder.join("h").is_file() && inside.file_name().is_some_and(|name| name == "_");
        if let Some(team) = folder.parent().filter(|_| is_husky) {
            return Self::Scripts {
                folder: team.to_owned(),
                husky: true,
            };
        }
        let path = relative.to_string_lossy();
        let question = [
            "--literal-pathspecs",
            "ls-files",
            "--error-unmatch",
            "--",
            &path,
        ];
        if git.query(&layout.root, &question).is_ok() {
            return Self::Scripts {
                folder: folder.to_owned(),
                husky: false,
            };
        }
        Self::Git
    }

    /// The files that get lines of ours, and what they will be. Empty where they have them.
    pub(super) fn edits(&self, layout: &Layout) -> Result<Vec<FileEdit>, String> {
        match self {
            Self::Git => Ok(Vec::new()),
            Self::Scripts { folder, husky } => {
                let edits = HookName::ALL.iter().map(|name| {
                    let path = folder.join(name.as_str());
                    script_edit(layout, &path, *name, *husky)
                });
                edits.filter_map(Result::transpose).collect()
            }
            Self::Lefthook(path) => Ok(lefthook_edit(layout, path)?.into_iter().collect()),
        }
    }

    /// Whether the line of a hook is there, and what it runs.
    pub(super) fn has(&self, layout: &Layout, name: HookName) -> bool {
        let path = match self {
            Self::Git => return false,
            Self::Scripts { folder, .. } => folder.join(name.as_str()),
            Self::Lefthook(path) => path.clone(),
        };
        let line = call(name);
        is_runnable(&layout.common.join(RUNNER))
            && read(&path).is_ok_and(|text| text.is_some_and(|text| text.contains(&line)))
    }

    /// Takes our lines out of what is for this clone alone. In a file of the team they stay, and run nothing here.
    pub(super) fn take_out(&self) -> io::Result<bool> {
        match self {
            Self::Git | Self::Scripts { .. } => Ok(false),
            Self::Lefthook(path) => take_from(path, &lefthook_block()),
        }
    }
}

/// A file that gets lines of ours.
pub(super) struct FileEdit {
    pub(super) shown: HookEdit,
    path: PathBuf,
    content: String,
    /// Whether a new file is one that git itself runs.
    executable: bool,
}

impl FileEdit {
    /// Writes it, in one piece and with the permissions that the file has.
    pub(super) fn write(&self) -> io::Result<()> {
        replace(&self.path, &self.content, self.executable)
    }
}

/// Writes what the lines run.
pub(super) fn write_runner(layout: &Layout, program: &str) -> io::Result<()> {
    let text = script::runner(program);
    replace(&layout.common.join(RUNNER), &text, true)
}

/// Removes what the lines run; `false` when there was none.
pub(super) fn remove_runner(layout: &Layout) -> io::Result<bool> {
    match fs::remove_file(layout.common.join(RUNNER)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a line runs: nothing in a clone where neonup is not installed.
fn call(name: HookName) -> String {
    let test = r#"[ ! -x "$neonup" ] ||"#;
    match name {
        HookName::PrePush => format!(
            r#"{test} printf '%s\n' "$refs" | "$neonup" {} "$@""#,
            name.as_str()
        ),
        HookName::PreCommit | HookName::CommitMsg | HookName::PreMergeCommit => {
            format!(r#"{test} "$neonup" {} "$@""#, name.as_str())
        }
    }
}

/// The lines in a hook of the team. They come first, since what is below may end early; what git gives a push is passed on.
fn block(name: HookName) -> String {
    let find = format!(r#"neonup="$(git rev-parse --git-common-dir)/{RUNNER}""#);
    let call = call(name);
    match name {
        HookName::PrePush => format!(
            "{find}; refs=\"$(cat)\"\n{call} || exit $?\n[ -z \"$refs\" ] || exec <<NEONUP\n$refs\nNEONUP\n"
        ),
        HookName::PreCommit | HookName::CommitMsg | HookName::PreMergeCommit => {
            format!("{find}; {call} || exit $?\n")
        }
    }
}

/// What lefthook is told. It passes the list of refs on, and puts the arguments in place of `{0}`.
fn lefthook_block() -> String {
    let entry = |name: HookName| {
        let hook = name.as_str();
        let find = format!(r#"neonup="$(git rev-parse --git-common-dir)/{RUNNER}""#);
        // what `call` gives stands in the comment, by which the entry is known
        let call = call(name);
        let stdin = if name == HookName::PrePush {
            "      use_stdin: true\n"
        } else {
            ""
        };
        let run = format!(r#"{find}; [ ! -x "$neonup" ] || "$neonup" {hook} {{0}}"#);
        format!("{hook}:\n  # {call}\n  commands:\n    neonup:\n{stdin}      run: {run}\n")
    };
    let first = "# added by `neonup hook install`, for this clone only\n".to_owned();
    HookName::ALL
        .into_iter()
        .map(entry)
        .fold(first, |text, entry| text + &entry)
}

/// A text file; `None` where there is none.
fn read(path: &Path) -> Result<Option<String>, String> {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(stat) if stat.is_symlink() => return Err(format!("`{shown}` is a symbolic link")),
        Ok(_) | Err(_) => {}
    }
    let bytes = bounded::read(path, HOOK_LIMIT)
        .map_err(|error| format!("`{shown}` couldn't be read: {}", error.kind()))?;
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|error| format!("`{shown}` isn't text: {error}"))
}

fn script_edit(
    layout: &Layout,
    path: &Path,
    name: HookName,
    husky: bool,
) -> Result<Option<FileEdit>, String> {
    let block = block(name);
    let content = match read(path)? {
        Some(text) if text.contains(&call(name)) => return Ok(None),
        Some(text) => {
            let (first, rest) = match text.split_once('\n') {
                Some((first, rest)) if first.starts_with("#!") => (first, rest),
                None if text.starts_with("#!") => (text.as_str(), ""),
                _ => ("", text.as_str()),
            };
            if !is_shell(first) {
                let shown = path.display();
                return Err(format!(
                    "`{shown}` isn't a shell script, so a line can't be added"
                ));
            }
            let first = if first.is_empty() {
                String::new()
            } else {
                format!("{first}\n")
            };
            format!("{first}{block}{rest}")
        }
        None if husky => block.clone(),
        None => format!("#!/bin/sh\n{block}"),
    };
    Ok(Some(FileEdit {
        shown: shown(layout, path, block),
        path: path.to_owned(),
        content,
        executable: !husky,
    }))
}

/// Whether a first line names a POSIX shell; a script without one is run by sh.
fn is_shell(first: &str) -> bool {
    let mut words = first.trim_start_matches("#!").split_ascii_whitespace();
    let interpreter = words.find(|word| !word.ends_with("/env") && !word.starts_with('-'));
    interpreter.is_none_or(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        matches!(name, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh")
    })
}

fn lefthook_edit(layout: &Layout, path: &Path) -> Result<Option<FileEdit>, String> {
    let block = lefthook_block();
    let before = read(path)?.unwrap_or_default();
    if HookName::ALL
        .iter()
        .all(|name| before.contains(&call(*name)))
    {
        return Ok(None);
    }
    let has = |name: &HookName| {
        let key = format!("{}:", name.as_str());
        before.lines().any(|line| line.starts_with(&key))
    };
    if HookName::ALL.iter().any(has) {
        return Err(format!(
            "`{}` already has commands for these hooks: add `neonup hook run NAME -- {{0}}` to each of them",
            path.display()
        ));
    }
    let gap = if before.is_empty() || before.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    Ok(Some(FileEdit {
        shown: shown(layout, path, block.clone()),
        path: path.to_owned(),
        content: format!("{before}{gap}{block}"),
        executable: false,
    }))
}

fn shown(layout: &Layout, path: &Path, lines: String) -> HookEdit {
    let file = path.strip_prefix(&layout.root).unwrap_or(path);
    HookEdit {
        file: file.to_owned(),
        lines,
    }
}

fn take_from(path: &Path, block: &str) -> io::Result<bool> {
    let text = match read(path) {
        Ok(Some(text)) if text.contains(block) => text,
        Ok(_) | Err(_) => return Ok(false),
    };
    let left = text.replacen(block, "", 1);
    if left.trim().is_empty() || left.trim() == "#!/bin/sh" {
        fs::remove_file(path)?;
    } else {
        replace(path, &left, false)?;
    }
    Ok(true)
}

fn replace(path: &Path, text: &str, executable: bool) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let before = fs::metadata(path).map(|stat| stat.permissions());
    let mut file = tempfile::Builder::new()
        .prefix("neonup-")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    match before {
        Ok(permissions) if !executable => file.as_file().set_permissions(permissions)?,
        Ok(_) | Err(_) => set_runnable(file.as_file(), executable)?,
    }
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_told_from_other_interpreters() {
        for shell in [
            "",
            "#!/bin/sh",
            "#!/usr/bin/env bash",
            "#! /usr/bin/env -S zsh",
            "#!/bin/sh -e",
        ] {
            assert!(is_shell(shell), "{shell}");
        }
        for other in [
            "#!/usr/bin/env python3",
            "#!/usr/bin/env node",
            "#!/usr/bin/perl",
        ] {
            assert!(!is_shell(other), "{other}");
        }
    }
}
