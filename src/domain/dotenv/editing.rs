//! What an editor is given of an env file: its secrets are masked, and come back where their lines are kept.

use std::collections::BTreeMap;

use crate::{
    core::secret::{DOTS, Secret},
    domain::dotenv::{
        document::Document,
        redacted::shown_piece,
        scan::{EnvPiece, slice},
    },
};

/// A change of a text that [`editable`] gave. It holds what was typed, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvEdit {
    /// The text that was given.
    pub base: String,
    /// The text that came back.
    pub text: Secret,
}

/// The edits of each file, in their order: each begins with what the former ones made.
pub(crate) type EnvEdits = BTreeMap<String, Vec<EnvEdit>>;

/// A masked line was changed in part, or copied: which value is meant isn't known. The number is that of the line, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {0}: keep the line with {DOTS} as it was, or replace the whole value")]
pub(crate) struct MaskedChange(pub usize);

/// A line as the editor shows it, with the bytes that it stands for. A value of several lines is one.
struct EditableLine<'a> {
    shown: String,
    bytes: &'a [u8],
    masked: bool,
}

/// The text for an editor. A note stands in place of its key's value, such as `•••• (new, 64 hex digits)`.
pub(crate) fn editable(document: &Document, notes: &[(String, String)]) -> String {
    let mut text = String::new();
    for line in lines(document, notes) {
        text.push_str(&line.shown);
        text.push('\n');
    }
    text
}

/// The bytes that an edited text stands for, where `document` and `notes` are what [`editable`] was given.
pub(crate) fn restored(
    document: &Document,
    notes: &[(String, String)],
    edited: &str,
) -> Result<Vec<u8>, MaskedChange> {
    let lines = lines(document, notes);
    let mut known: BTreeMap<&str, AlikeLines<'_>> = BTreeMap::new();
    for line in &lines {
        let alike = known.entry(line.shown.trim_end()).or_default();
        alike.all.push(line.bytes);
        alike.masked |= line.masked;
    }
    // a new line ends as the others do
    let end: &[u8] = match lines.first() {
        Some(first) if first.bytes.ends_with(b"\r\n") => b"\r\n",
        _ => b"\n",
    };
    let mut bytes = Vec::with_capacity(edited.len());
    let text = edited.strip_suffix('\n').unwrap_or(edited);
    let kept = (!edited.is_empty()).then(|| text.split('\n'));
    for (index, line) in kept.into_iter().flatten().enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let masked = known
            .get_mut(line.trim_end())
            .filter(|alike| alike.masked || alike.is_exactly(line));
        match masked {
            Some(alike) => {
                let whole = alike.take().ok_or(MaskedChange(index + 1))?;
                bytes.extend_from_slice(whole);
                if !whole.ends_with(b"\n") {
                    bytes.extend_from_slice(end);
                }
            }
            None if line.contains(DOTS) => return Err(MaskedChange(index + 1)),
            None => {
                bytes.extend_from_slice(line.as_bytes());
                bytes.extend_from_slice(end);
            }
        }
    }
    Ok(bytes)
}

/// The lines that look the same, in order.
#[derive(Default)]
struct AlikeLines<'a> {
    all: Vec<&'a [u8]>,
    taken: usize,
    masked: bool,
}

impl<'a> AlikeLines<'a> {
    /// The next one. A line without a secret may be copied.
    fn take(&mut self) -> Option<&'a [u8]> {
        let next = self.all.get(self.taken).copied();
        self.taken += usize::from(next.is_some());
        next.or_else(|| self.all.last().copied().filter(|_| !self.masked))
    }

    /// Whether the next one is this text and an end of line.
    fn is_exactly(&self, text: &str) -> bool {
        let next = self.all.get(self.taken).or_else(|| self.all.last());
        next.is_some_and(|bytes| {
            let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
            bytes.strip_suffix(b"\r").unwrap_or(bytes) == text.as_bytes()
        })
    }
}

fn lines<'a>(document: &'a Document, notes: &[(String, String)]) -> Vec<EditableLine<'a>> {
    let shown = |piece: &'a EnvPiece| {
        let bytes = slice(document.bytes(), piece.lines().clone());
        let shown = shown_piece(document, piece, notes);
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let line = str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line));
        let is_one = |text: &&str| !text.contains(['\n', '\r', '\u{feff}']) && !text.contains(DOTS);
        match line.ok().filter(is_one).filter(|_| shown.is_plain) {
            // the line itself, since a value is shown without its quotes
            Some(text) => EditableLine {
                shown: text.to_owned(),
                bytes,
                masked: false,
            },
            None => EditableLine {
                shown: marked(&shown.text),
                bytes,
                masked: true,
            },
        }
    };
    let mut lines: Vec<_> = document.pieces().iter().map(shown).collect();
    tell_apart(&mut lines);
    lines
}

/// Numbers the masks of lines that look the same and aren't: each goes where its line goes.
fn tell_apart(lines: &mut [EditableLine<'_>]) {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.masked) {
        let shown = line.shown.trim_end().to_owned();
        alike.entry(shown).or_default().push(index);
    }
    for places in alike.into_values() {
        let first = places.first().and_then(|at| lines.get(*at));
        let first = first.map(|line| line.bytes);
        if places
            .iter()
            .all(|at| lines.get(*at).map(|line| line.bytes) == first)
        {
            continue;
        }
        for (number, at) in (1..).zip(places) {
            if let Some(line) = lines.get_mut(at) {
                line.shown = line.shown.replacen(DOTS, &format!("{DOTS} ({number})"), 1);
            }
        }
    }
}

/// One line that shows that something of it is hidden.
fn marked(shown: &str) -> String {
    let line = shown.split(['\n', '\r']).next().unwrap_or_default();
    if line.contains(DOTS) {
        line.to_owned()
    } else {
        format!("{line} {DOTS}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &[u8] = b"# the database\nDATABASE_URL=postgres://u:canary1@h/d\nLOG='two words'\nTOKEN='canary2\ncanary3'\n";

    fn edit(change: impl Fn(String) -> String) -> Result<String, MaskedChange> {
        let document = Document::parse(FILE);
        let text = change(editable(&document, &[]));
        restored(&document, &[], &text).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn secrets_are_masked_and_everything_else_is_as_in_the_file() {
        assert_eq!(
            editable(&Document::parse(FILE), &[]),
            "# the database\nDATABASE_URL=postgres://u:••••@h/d\nLOG='two words'\nTOKEN=••••\n"
        );
    }

    #[test]
    fn kept_lines_get_their_secrets_back_wherever_they_are() {
        let moved = edit(|text| {
            let mut lines: Vec<_> = text.lines().collect();
            lines.reverse();
            format!("{}\nNEW=1", lines.join("\r\n"))
        });
        assert_eq!(
            moved.unwrap(),
            "TOKEN='canary2\ncanary3'\nLOG='two words'\nDATABASE_URL=postgres://u:canary1@h/d\n# the database\nNEW=1\n"
        );
        assert_eq!(edit(|_| String::new()).unwrap(), "");
        let replaced = edit(|text| text.replace("TOKEN=••••", "TOKEN=mine")).unwrap();
        assert!(replaced.ends_with("TOKEN=mine\n") && replaced.contains("canary1"));
    }

    #[test]
    fn a_masked_line_that_is_changed_in_part_or_copied_is_refused() {
        assert_eq!(
            edit(|text| text.replace("@h/d", "@elsewhere/d")),
            Err(MaskedChange(2))
        );
        assert_eq!(edit(|text| text + "TOKEN=••••\n"), Err(MaskedChange(5)));
    }

    #[test]
    fn lines_that_look_the_same_go_with_their_own_secret() {
        let document = Document::parse(
            b"# prod\n#URL=postgres://u:canary1@h/d\n# dev\n#URL=postgres://u:canary2@h/d\n",
        );
        let text = editable(&document, &[]);
        let [prod, one, dev, two] = text.lines().collect::<Vec<_>>()[..] else {
            panic!("{text}")
        };
        assert_eq!(one, "#URL=postgres://u:•••• (1)@h/d");
        let moved = format!("{dev}\n{two}\n{prod}\n{one}\n");
        let expected =
            b"# dev\n#URL=postgres://u:canary2@h/d\n# prod\n#URL=postgres://u:canary1@h/d\n";
        assert_eq!(restored(&document, &[], &moved).unwrap(), expected);
        let without = format!("{dev}\n{two}\n");
        let expected = b"# dev\n#URL=postgres://u:canary2@h/d\n";
        assert_eq!(restored(&document, &[], &without).unwrap(), expected);
    }

    #[test]
    fn lines_keep_their_ends_and_a_new_one_gets_the_same() {
        let document = Document::parse(b"A=1\r\nTOKEN=canary\r\n");
        let text = editable(&document, &[]);
        assert_eq!(text, "A=1\nTOKEN=••••\n");
        assert_eq!(restored(&document, &[], &text).unwrap(), document.bytes());
        let more = format!("{text}B=2\nA=1\n");
        let expected = b"A=1\r\nTOKEN=canary\r\nB=2\r\nA=1\r\n";
        assert_eq!(restored(&document, &[], &more).unwrap(), expected);
    }

    #[test]
    fn a_note_stands_for_a_value_that_is_not_made_yet() {
        let document = Document::parse(b"JWT_SECRET=0000\n");
        let notes = [(
            "JWT_SECRET".to_owned(),
            format!("{DOTS} (new, 4 hex digits)"),
        )];
        let text = editable(&document, &notes);
        assert_eq!(text, "JWT_SECRET=•••• (new, 4 hex digits)\n");
        let real = Document::parse(b"JWT_SECRET=beef\n");
        assert_eq!(
            restored(&real, &notes, &text).unwrap(),
            b"JWT_SECRET=beef\n"
        );
    }

    proptest! {
        /// What isn't touched comes back byte for byte, but for an end of line at the end.
        #[test]
        fn an_untouched_text_is_the_file(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let document = Document::parse(&bytes);
            let text = editable(&document, &[]);
            // the last line ends as the first one does
            let first = lines(&document, &[]).first().map_or(&[][..], |line| line.bytes);
            let end: &[u8] = if first.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
            let mut expected = bytes.clone();
            if !expected.is_empty() && !expected.ends_with(b"\n") {
                expected.extend_from_slice(end);
            }
            prop_assert_eq!(restored(&document, &[], &text).unwrap(), expected);
        }

        #[test]
        fn an_untouched_text_of_an_env_file_is_the_file(text in "((# )?[A-C_]{1,3} ?=['\"]?[a-z0-9 #•$@:/]{0,12}['\"]?\r?\n){0,8}") {
            let document = Document::parse(text.as_bytes());
            let shown = editable(&document, &[]);
            prop_assert_eq!(restored(&document, &[], &shown).unwrap(), text.as_bytes());
        }
    }
}
