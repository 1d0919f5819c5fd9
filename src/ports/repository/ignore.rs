//! The right line in the right `.gitignore`: pure text.

/// How a new ignore rule is put into an existing file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// Git reads ignore files as bytes, so UTF-16 means nothing to it.
    #[error("it is written in UTF-16, which git does not read")]
    Utf16,
}

/// The names under which this program, and the editors that most people use, put a copy of a file beside it: our temporary file, the
/// backups of Emacs and others, Vim's swap file.
pub(super) fn companions(path: &str) -> Vec<String> {
    let (directory, base) = path.rsplit_once('/').map_or_else(
        || (String::new(), path),
        |(directory, base)| (format!("{directory}/"), base),
    );
    let dot = if base.starts_with('.') { "" } else { "." };
    vec![
        format!("{directory}.env.neonup-0.tmp"),
        format!("{path}~"),
        format!("{path}.bak"),
        format!("{directory}{dot}{base}.swp"),
    ]
}

/// What to append so that git ignores `path` (relative to the file's directory) with its temporary files and backups, and not
/// its example. `own`: the path's own rule is missing too.
pub(super) fn addition(
    old: &[u8],
    path: &str,
    examples: &[String],
    own: bool,
) -> Result<Vec<u8>, Unreadable> {
    if old.starts_with(&[0xff, 0xfe]) || old.starts_with(&[0xfe, 0xff]) {
        return Err(Unreadable::Utf16);
    }
    let crlf = memchr::memmem::find_iter(old, b"\r\n").count() * 2
        > memchr::memchr_iter(b'\n', old).count();
    let end = if crlf { "\r\n" } else { "\n" };
    let mut text = String::new();
    if old.last().is_some_and(|last| *last != b'\n') {
        text.push_str(end);
    }
    if !old.is_empty() {
        text.push_str(end);
    }
    let known: Vec<_> = lines(old).collect();
    text.push_str("# secrets stay out of git");
    text.push_str(end);
    let rule = escape(path);
    for line in [rule.clone(), format!("{rule}.*"), format!("{rule}~")] {
        // a rule that a later negation overrides has to be said again, so only the companions are left out
        let wanted = if line == rule {
            own
        } else {
            !known.contains(&line.as_bytes())
        };
        if wanted {
            text.push_str(&line);
            text.push_str(end);
        }
    }
    // our own temporary files beside a target of another name
    let (directory, base) = path
        .rsplit_once('/')
        .map_or(("", path), |(directory, base)| (directory, base));
    if base != ".env" {
        let slash = if directory.is_empty() { "" } else { "/" };
        text.push_str(&escape(directory));
        text.push_str(slash);
        text.push_str(".env.neonup-*.tmp");
        text.push_str(end);
        if !base.starts_with('.') {
            text.push_str(&escape(directory));
            text.push_str(slash);
            text.push('.');
            text.push_str(&escape(base));
            text.push_str(".swp");
            text.push_str(end);
        }
    }
    for example in examples {
        text.push('!');
        text.push_str(&escape(example));
        text.push_str(end);
    }
    Ok(text.into_bytes())
}

fn lines(old: &[u8]) -> impl Iterator<Item = &[u8]> {
    old.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)
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

/// Whether a file's name says that it is an env file with no secret in it, made to be committed.
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
        let lines = "# secrets stay out of git\n.env\n.env.*\n.env~\n!.env.example\n";
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
            "\n# secrets stay out of git\n.env\n.env~\n!.env.example\n"
        );
    }

    #[test]
    fn odd_names_are_escaped() {
        assert_eq!(escape("#a[b]*? "), "\\#a\\[b]\\*\\?\\ ");
        assert_eq!(escape("backend/.env"), "backend/.env");
    }

    #[test]
    fn utf16_is_refused() {
        assert_eq!(
            addition(&[0xff, 0xfe, b'a', 0], ".env", &[], true),
            Err(Unreadable::Utf16)
        );
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
