//! Shows an env file line by line, with its secrets redacted.

use std::ops::Range;

use crate::{
    core::secret::DOTS,
    domain::{
        dotenv::{
            document::Document,
            scan::{EnvEntry, EnvPiece, slice},
        },
        redact,
        sensitive::is_secret_value,
    },
};

/// The lines of an env file with every secret redacted. A note stands in place of its key's value, such as
/// `•••• (new, 64 hex digits)`.
pub(crate) fn redacted_lines(document: &Document, notes: &[(String, String)]) -> Vec<String> {
    let bytes = document.bytes();
    let mut lines = Vec::new();
    for piece in document.pieces() {
        match piece {
            EnvPiece::Blank(_) => lines.push(String::new()),
            EnvPiece::Comment(range) => lines.push(comment(&line(bytes, range.clone()))),
            EnvPiece::Unreadable(range) => lines.push(unreadable(&line(bytes, range.clone()))),
            EnvPiece::Entry(entry) => lines.extend(entry_lines(bytes, entry, notes)),
        }
    }
    lines
}

/// A piece of the file as one line.
pub(super) struct ShownPiece {
    pub(super) text: String,
    /// Whether nothing of it is hidden.
    pub(super) is_plain: bool,
}

/// A piece of the file as one line with its secrets redacted, also where it has several.
pub(super) fn shown_piece(
    document: &Document,
    piece: &EnvPiece,
    notes: &[(String, String)],
) -> ShownPiece {
    let bytes = document.bytes();
    let as_line = |range: &Range<usize>, shown: fn(&str) -> String| {
        let line = line(bytes, range.clone());
        let text = shown(&line);
        ShownPiece {
            is_plain: text == line,
            text,
        }
    };
    match piece {
        EnvPiece::Blank(range) => as_line(range, str::to_owned),
        EnvPiece::Comment(range) => as_line(range, comment),
        EnvPiece::Unreadable(range) => as_line(range, unreadable),
        EnvPiece::Entry(entry) => {
            let after = line(bytes, entry.span.end..entry.lines.end);
            let is_plain = notes.iter().all(|(key, _)| *key != entry.key)
                && redact::value(&entry.key, entry.value.expose()) == entry.value.expose()
                && redact::comment(&after) == after;
            let mut lines = entry_lines(bytes, entry, notes);
            lines.truncate(1);
            ShownPiece {
                text: lines.concat(),
                is_plain,
            }
        }
    }
}

fn line(bytes: &[u8], range: Range<usize>) -> String {
    let text = String::from_utf8_lossy(slice(bytes, range));
    text.trim_end_matches(['\n', '\r'])
        .trim_start_matches('\u{feff}')
        .to_owned()
}

fn entry_lines(bytes: &[u8], entry: &EnvEntry, notes: &[(String, String)]) -> Vec<String> {
    let before = line(bytes, entry.lines.start..entry.span.start);
    let after = line(bytes, entry.span.end..entry.lines.end);
    let note = notes.iter().find(|(key, _)| *key == entry.key);
    let shown = note.map_or_else(
        || redact::value(&entry.key, entry.value.expose()),
        |(_, note)| note.clone(),
    );
    let after = redact::comment(&after);
    let extra = memchr::memchr_iter(b'\n', slice(bytes, entry.span.clone())).count();
    let mut lines = vec![format!("{before}{shown}{after}")];
    // one shown line for each line of the file, so that a diff of the bytes can show them
    lines.extend(std::iter::repeat_n(format!("  {DOTS}"), extra));
    lines
}

/// Redacts a comment, which may be a line that somebody commented out.
fn comment(line: &str) -> String {
    let inner = line.trim_start().trim_start_matches('#');
    let document = Document::parse(inner.trim_start().as_bytes());
    let Some(entry) = document.entries().next() else {
        return redact::comment(line);
    };
    let value = entry.value.expose();
    let shown = redact::value(&entry.key, value);
    // `# The URL = what Neon gives` is prose
    if entry.key.contains([' ', ':']) || shown == value {
        return redact::comment(line);
    }
    let (before, _) = line.split_once('=').unwrap_or((line, ""));
    format!("{before}={shown}")
}

/// A line that isn't env syntax may hold anything: only its first word is shown.
fn unreadable(line: &str) -> String {
    let word = line
        .trim_start()
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .next()
        .unwrap_or_default();
    let word: String = word.chars().take(24).collect();
    // alone, it may be a value that lost its key
    if is_secret_value(&word) || word.chars().count() == 24 || line.trim() == word {
        return DOTS.to_owned();
    }
    format!("{word} {DOTS}").trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_shows_a_secret() {
        let file = b"# postgres://u:canary1@h/d\n#JWT_SECRET=canary2\nLOG=debug # why\nTOKEN='canary3\ncanary4' # c\nKEY: canary5\nU=postgres://u:canary6@h/d\n";
        let document = Document::parse(file);
        let shown = redacted_lines(&document, &[]);
        assert_eq!(
            shown,
            [
                "# postgres://u:••••@h/d",
                "#JWT_SECRET=••••",
                "LOG=debug # why",
                "TOKEN=•••• # c",
                "  ••••",
                "KEY ••••",
                "U=postgres://u:••••@h/d",
            ]
        );
        assert!(!shown.concat().contains("canary"));
    }
}
