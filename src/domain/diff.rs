//! Line diffs for the screen, with every secret masked.

use similar::{Algorithm, ChangeTag, capture_diff_slices};

use crate::core::facts::{DiffLine, DiffSign};
use crate::domain::{
    dotenv::{Document, redacted_lines},
    redact,
};

/// The difference of two env files. Lines are compared as they are and shown masked, so that a password that changes is seen
/// to change. `notes` stands in place of the value of its key in lines that are added.
pub(crate) fn env(old: &Document, new: &Document, notes: &[(String, String)]) -> Vec<DiffLine> {
    let shown_old = redacted_lines(old, &[]);
    let shown_new = redacted_lines(new, notes);
    let raw_old = lines(old.bytes());
    let raw_new = lines(new.bytes());
    build(&raw_old, &raw_new, &shown_old, &shown_new)
}

/// The difference of two source files, with the passwords of URLs masked.
pub(crate) fn text(old: &str, new: &str) -> Vec<DiffLine> {
    let raw_old: Vec<_> = old.lines().map(str::as_bytes).collect();
    let raw_new: Vec<_> = new.lines().map(str::as_bytes).collect();
    let shown_old: Vec<_> = old.lines().map(redact::text).collect();
    let shown_new: Vec<_> = new.lines().map(redact::text).collect();
    build(&raw_old, &raw_new, &shown_old, &shown_new)
}

/// Only what changed, with this many lines around it; what is left out is a line `…`.
pub(crate) fn hunks(diff: &[DiffLine], around: usize) -> Vec<DiffLine> {
    let changed: Vec<usize> = diff
        .iter()
        .enumerate()
        .filter(|(_, line)| line.sign != DiffSign::Same)
        .map(|(index, _)| index)
        .collect();
    let near = |index: usize| {
        changed
            .iter()
            .any(|changed| changed.abs_diff(index) <= around)
    };
    let mut out = Vec::new();
    let mut gap = false;
    for (index, line) in diff.iter().enumerate() {
        if near(index) {
            if gap && !out.is_empty() {
                out.push(DiffLine {
                    sign: DiffSign::Same,
                    text: "…".to_owned(),
                });
            }
            gap = false;
            out.push(line.clone());
        } else {
            gap = true;
        }
    }
    out
}

/// How many lines stay, of the old text.
pub(crate) fn untouched(diff: &[DiffLine]) -> usize {
    diff.iter()
        .filter(|line| line.sign == DiffSign::Same)
        .count()
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    // a missing line end at the end is no change of that line
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
        .collect()
}

fn build(
    raw_old: &[&[u8]],
    raw_new: &[&[u8]],
    shown_old: &[String],
    shown_new: &[String],
) -> Vec<DiffLine> {
    let shown = |lines: &[String], index: usize| lines.get(index).cloned().unwrap_or_default();
    capture_diff_slices(Algorithm::Myers, raw_old, raw_new)
        .iter()
        .flat_map(|op| op.iter_changes(raw_old, raw_new))
        .map(|change| match change.tag() {
            ChangeTag::Equal => DiffLine {
                sign: DiffSign::Same,
                text: shown(shown_old, change.old_index().unwrap_or(usize::MAX)),
            },
            ChangeTag::Delete => DiffLine {
                sign: DiffSign::Remove,
                text: shown(shown_old, change.old_index().unwrap_or(usize::MAX)),
            },
            ChangeTag::Insert => DiffLine {
                sign: DiffSign::Add,
                text: shown(shown_new, change.new_index().unwrap_or(usize::MAX)),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(diff: &[DiffLine]) -> Vec<String> {
        diff.iter()
            .map(|line| {
                let sign = match line.sign {
                    DiffSign::Same => ' ',
                    DiffSign::Add => '+',
                    DiffSign::Remove => '-',
                };
                format!("{sign} {}", line.text)
            })
            .collect()
    }

    #[test]
    fn a_changed_password_is_seen_to_change_and_not_seen() {
        let old = Document::parse(b"# local\nDATABASE_URL=postgres://u:canary1@h/d\nLOG=1\n");
        let mut new = old.clone();
        new.set("DATABASE_URL", "postgres://u:canary2@h/d").unwrap();
        new.set("JWT_SECRET", "canary3").unwrap();
        let notes = [(
            "JWT_SECRET".to_owned(),
            "•••• (new, 64 hex digits)".to_owned(),
        )];
        let diff = env(&old, &new, &notes);
        assert_eq!(
            shown(&diff),
            [
                "  # local",
                "- DATABASE_URL=postgres://u:••••@h/d",
                "+ DATABASE_URL=postgres://u:••••@h/d",
                "  LOG=1",
                "+ JWT_SECRET=•••• (new, 64 hex digits)",
            ]
        );
        assert_eq!(untouched(&diff), 2);
    }

    #[test]
    fn hunks_keep_what_is_near() {
        let lines: Vec<_> = (0..20).map(|n| format!("line {n}\n")).collect();
        let old = lines.concat();
        let new = old.replace("line 10\n", "line ten\n");
        let hunk = hunks(&text(&old, &new), 1);
        assert_eq!(
            shown(&hunk),
            ["  line 9", "- line 10", "+ line ten", "  line 11"]
        );
    }
}
