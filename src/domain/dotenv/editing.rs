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

/// Why an edited text can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    /// Part of a masked line was changed, or the line was copied: which value is meant isn't known.
    #[error("line {0}: keep the line with {DOTS} as it was, or replace the whole value")]
    Masked(usize),
    /// Some of several lines that look the same once they are masked are gone.
    #[error("several masked lines look like `{0}`: keep all of them, or remove all of them")]
    Alike(String),
}

impl EditError {
    /// The same where the text stands below so many other lines.
    #[must_use]
    pub(crate) fn below(self, lines: usize) -> Self {
        match self {
            Self::Masked(line) => Self::Masked(line + lines),
            Self::Alike(shown) => Self::Alike(shown),
        }
    }
}

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
) -> Result<Vec<u8>, EditError> {
    let lines = lines(document, notes);
    let mut masked: BTreeMap<&str, AlikeLines<'_>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.masked) {
        let alike = masked.entry(line.shown.trim_end()).or_default();
        alike.all.push(line.bytes);
    }
    let mut bytes = Vec::with_capacity(edited.len());
    let text = edited.strip_suffix('\n').unwrap_or(edited);
    let kept = (!text.is_empty()).then(|| text.split('\n'));
    for (index, line) in kept.into_iter().flatten().enumerate() {
        let whole = match masked.get_mut(line.trim_end()) {
            Some(alike) => alike.take().ok_or(EditError::Masked(index + 1))?,
            None if line.contains(DOTS) => return Err(EditError::Masked(index + 1)),
            None => line.as_bytes(),
        };
        bytes.extend_from_slice(whole);
        if !whole.ends_with(b"\n") {
            bytes.push(b'\n');
        }
    }
    match masked.iter().find(|(_, alike)| alike.is_unclear()) {
        Some((shown, _)) => Err(EditError::Alike((*shown).to_owned())),
        None => Ok(bytes),
    }
}

/// The masked lines that look the same, in order.
#[derive(Default)]
struct AlikeLines<'a> {
    all: Vec<&'a [u8]>,
    taken: usize,
}

impl<'a> AlikeLines<'a> {
    fn take(&mut self) -> Option<&'a [u8]> {
        let next = self.all.get(self.taken).copied();
        self.taken += usize::from(next.is_some());
        next
    }

    /// Whether some are gone and some are not, and they differ: which ones are gone can't be seen.
    fn is_unclear(&self) -> bool {
        let some = self.taken > 0 && self.taken < self.all.len();
        some && self.all.iter().any(|line| Some(line) != self.all.first())
    }
}

fn lines<'a>(document: &'a Document, notes: &[(String, String)]) -> Vec<EditableLine<'a>> {
    let shown = |piece: &'a EnvPiece| {
        let bytes = slice(document.bytes(), piece.lines().clone());
        let shown = shown_piece(document, piece, notes);
        let line = str::from_utf8(bytes.strip_suffix(b"\n").unwrap_or(bytes));
        let is_one = |text: &&str| !text.contains(['\n', '\u{feff}']) && !text.contains(DOTS);
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
    document.pieces().iter().map(shown).collect()
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

    fn edit(change: impl Fn(String) -> String) -> Result<String, EditError> {
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
            "TOKEN='canary2\ncanary3'\nLOG='two words'\r\nDATABASE_URL=postgres://u:canary1@h/d\n# the database\nNEW=1\n"
        );
        assert_eq!(edit(|_| String::new()).unwrap(), "");
        let replaced = edit(|text| text.replace("TOKEN=••••", "TOKEN=mine")).unwrap();
        assert!(replaced.ends_with("TOKEN=mine\n") && replaced.contains("canary1"));
    }

    #[test]
    fn a_masked_line_that_is_changed_in_part_or_copied_is_refused() {
        assert_eq!(
            edit(|text| text.replace("@h/d", "@elsewhere/d")),
            Err(EditError::Masked(2))
        );
        assert_eq!(
            edit(|text| text + "TOKEN=••••\n"),
            Err(EditError::Masked(5))
        );
    }

    #[test]
    fn of_lines_that_look_the_same_all_are_kept_or_none() {
        let document =
            Document::parse(b"#URL=postgres://u:canary1@h/d\n#URL=postgres://u:canary2@h/d\nA=1\n");
        let text = editable(&document, &[]);
        let (first, rest) = text.split_once('\n').unwrap();
        assert_eq!(
            restored(&document, &[], rest),
            Err(EditError::Alike(first.to_owned()))
        );
        assert_eq!(restored(&document, &[], "A=1\n").unwrap(), b"A=1\n");
        assert_eq!(restored(&document, &[], &text).unwrap(), document.bytes());
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
            let mut expected = bytes;
            if !expected.is_empty() && !expected.ends_with(b"\n") {
                expected.push(b'\n');
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
