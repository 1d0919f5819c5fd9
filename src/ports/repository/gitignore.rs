//! The right line in the right `.gitignore`.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    os::bounded,
    ports::repository::{
        error::IgnoreError,
        ignored,
        layout::{Layout, clean},
        program::GitProgram,
    },
};

/// The longest `.gitignore` that is edited, in bytes.
const RULES_LIMIT: u64 = 10 * 1024 * 1024;

/// Adds an ignore line for a path, and asks git again; without success the file is as before. Gives the file that was changed.
pub(super) fn add(layout: &Layout, git: &GitProgram, path: &str) -> Result<String, IgnoreError> {
    let path = clean(path).ok_or(IgnoreError::Outside)?;
    if let Some((inner, git, rest)) = layout.owner(&path, git) {
        let changed = add(&inner, &git, &rest)?;
        let directory = path.strip_suffix(&rest).unwrap_or_default();
        return Ok(format!("{directory}{changed}"));
    }
    let (file, rule) = ignore_file(layout, &path);
    let name = file
        .strip_prefix(&layout.root)
        .unwrap_or(&file)
        .to_string_lossy()
        .replace('\\', "/");
    let ignored = ignored::ignored_by_rules(layout, git, &path) == Ok(true);
    // where the rules ignore it already it is tracked, which no rule changes, or only its companions are not ignored
    if ignored && ignored::exposed(layout, git, &path).is_empty() {
        return Ok(name);
    }
    if file.is_symlink() {
        return Err(IgnoreError::Symlink(name));
    }
    let failed = |error| IgnoreError::Io {
        file: name.clone(),
        rule: rule.clone(),
        error,
    };
    let old = match bounded::read(&file, RULES_LIMIT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(failed)?,
    };
    let examples = examples(layout, &path, &rule);
    let addition = addition(&old, &rule, &examples, !ignored)
        .ok_or_else(|| IgnoreError::Utf16(name.clone()))?;
    append(&file, &addition).map_err(failed)?;
    let mut reason = match ignored::ignored_by_rules(layout, git, &path) {
        Ok(true) => return Ok(name),
        Ok(false) => ignored::deciding_rule(layout, git, &path).map_or_else(
            || "git still doesn't ignore it".to_owned(),
            |rule| format!("`{rule}` overrides the new line"),
        ),
        Err(reason) => reason,
    };
    if restore(&file, &old).is_err() {
        reason = format!("{reason}; the new line is still in `{name}`");
    }
    Err(IgnoreError::Ineffective(reason))
}

/// The ignore file nearest to the path, and the path as it is written there.
fn ignore_file(layout: &Layout, path: &str) -> (PathBuf, String) {
    let full = layout.root.join(path);
    for directory in full
        .ancestors()
        .skip(1)
        .take_while(|directory| directory.starts_with(&layout.root))
    {
        let file = directory.join(".gitignore");
        if file.symlink_metadata().is_ok()
            && let Ok(rest) = full.strip_prefix(directory)
        {
            return (file, rest.to_string_lossy().replace('\\', "/"));
        }
    }
    (layout.root.join(".gitignore"), path.to_owned())
}

/// The directory of a path with its slash, and the name.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}

/// The examples beside a path that the new lines would hide: those there are, and the usual one.
fn examples(layout: &Layout, path: &str, rule: &str) -> Vec<String> {
    let (directory, base) = split(rule);
    let mut names = vec![format!("{base}.example")];
    if let Some(parent) = layout.root.join(path).parent()
        && let Ok(entries) = fs::read_dir(parent)
    {
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(&format!("{base}.")) && is_example(&name) && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
    names.sort();
    names
        .into_iter()
        .map(|name| format!("{directory}{name}"))
        .collect()
}

fn append(file: &Path, addition: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?;
    file.write_all(addition)?;
    file.sync_all()
}

/// Takes an addition back.
fn restore(file: &Path, old: &[u8]) -> io::Result<()> {
    if old.is_empty() {
        return fs::remove_file(file);
    }
    let file = fs::OpenOptions::new().write(true).open(file)?;
    file.set_len(old.len() as u64)
}

/// What to append so that git ignores `path` (relative to the file's directory) with its temporary files and backups, but not its
/// examples; `None` for a file in UTF-16. `with_rule`: the path's own rule is missing too.
fn addition(old: &[u8], path: &str, examples: &[String], with_rule: bool) -> Option<Vec<u8>> {
    if old.starts_with(&[0xff, 0xfe]) || old.starts_with(&[0xfe, 0xff]) {
        return None;
    }
    let crlf = memchr::memmem::find_iter(old, b"\r\n").count() * 2
        > memchr::memchr_iter(b'\n', old).count();
    let end = if crlf { "\r\n" } else { "\n" };
    let known: Vec<_> = old
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii_end)
        .collect();
    let rule = escape(path);
    let mut lines = vec!["# keep secrets out of git".to_owned()];
    // a rule that a later negation overrides has to be repeated, so only the companions are left out
    lines.extend(with_rule.then(|| rule.clone()));
    lines.extend(
        [format!("{rule}.*"), format!("{rule}~")]
            .into_iter()
            .filter(|line| !known.contains(&line.as_bytes())),
    );
    // our own temporary files beside a target of another name
    let (directory, base) = split(path);
    if base != ".env" {
        let directory = escape(directory);
        lines.push(format!("{directory}.env.neonup-*.tmp"));
        if !base.starts_with('.') {
            lines.push(format!("{directory}.{}.swp", escape(base)));
        }
    }
    lines.extend(
        examples
            .iter()
            .map(|example| format!("!{}", escape(example))),
    );
    let mut text = String::new();
    if old.last().is_some_and(|last| *last != b'\n') {
        text.push_str(end);
    }
    if !old.is_empty() {
        text.push_str(end);
    }
    for line in lines {
        text.push_str(&line);
        text.push_str(end);
    }
    Some(text.into_bytes())
}

/// A path as a pattern that matches nothing else.
fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    if out.starts_with(['#', '!']) {
        out.insert(0, '\\');
    }
    let bare = out.trim_end_matches(' ').len();
    let spaces = out.len() - bare;
    out.truncate(bare);
    out.push_str(&"\\ ".repeat(spaces));
    out
}

/// Whether a file's name marks it as an env file without secrets, made to be committed.
pub(super) fn is_example(name: &str) -> bool {
    [
        "example", "examples", "sample", "template", "tmpl", "tpl", "dist", "defaults", "schema",
        "vault",
    ]
    .iter()
    .any(|word| {
        name.to_ascii_lowercase()
            .split(['.', '-', '_'])
            .any(|part| part == *word)
    }) || name.ends_with(".d.ts")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(old: &str, path: &str) -> String {
        String::from_utf8(
            addition(old.as_bytes(), path, &[format!("{path}.example")], true).unwrap(),
        )
        .unwrap()
    }

    #[test]
    fn the_addition_keeps_line_ends_and_the_last_line() {
        let lines = "# keep secrets out of git\n.env\n.env.*\n.env~\n!.env.example\n";
        assert_eq!(add("", ".env"), lines);
        assert_eq!(add("a\n", ".env"), format!("\n{lines}"));
        assert_eq!(add("a", ".env"), format!("\n\n{lines}"));
        assert_eq!(
            add("a\r\nb\r\n", ".env"),
            format!("\n{lines}").replace('\n', "\r\n")
        );
    }

    #[test]
    fn a_companion_that_is_there_is_not_repeated() {
        assert_eq!(
            add(".env.*\n", ".env"),
            "\n# keep secrets out of git\n.env\n.env~\n!.env.example\n"
        );
    }

    #[test]
    fn odd_names_are_escaped() {
        assert_eq!(escape("#a[b]*? "), "\\#a\\[b]\\*\\?\\ ");
        assert_eq!(escape("backend/.env"), "backend/.env");
    }

    #[test]
    fn utf16_is_refused() {
        assert_eq!(addition(&[0xff, 0xfe, b'a', 0], ".env", &[], true), None);
    }

    #[test]
    fn examples_are_known_by_their_names() {
        for name in [
            ".env.example",
            ".env.local.example",
            ".env-sample",
            ".env.template",
            ".env.dist",
            ".env.d.ts",
        ] {
            assert!(is_example(name), "{name}");
        }
        for name in [".env", ".env.local", ".env.production", ".env.bak"] {
            assert!(!is_example(name), "{name}");
        }
    }
}
