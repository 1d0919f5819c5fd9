//! Line diffs for the screen, with every secret redacted.

use similar::{
    ChangeTag, DiffOp,
    algorithms::{Capture, Compact, Replace, myers},
    group_diff_ops,
};

use crate::core::facts::{DiffLine, DiffSign};
use crate::domain::{
    dotenv::{Document, redacted_lines},
    redact,
};

/// How many lines between the first and the last change are compared one by one.
const LINES_COMPARED: usize = 2000;

/// The difference of two env files. Lines are compared as they are and shown redacted, so that a changed password is seen to
/// change. A note stands in place of its key's value in the new file.
pub(crate) fn env(old: &Document, new: &Document, notes: &[(String, String)]) -> Vec<DiffLine> {
    let shown_old = redacted_lines(old, &[]);
    let shown_new = redacted_lines(new, notes);
    let raw_old = lines(old.bytes());
    let raw_new = lines(new.bytes());
    let ops = compare(&raw_old, &raw_new);
    let mut diff = build(&ops, &raw_old, &raw_new, &shown_old, &shown_new);
    name_hidden_changes(&mut diff);
    diff
}

/// Says of an old and a new line that look the same what is different behind the mask.
fn name_hidden_changes(diff: &mut [DiffLine]) {
    let of = |diff: &[DiffLine], sign| {
        let lines = diff.iter().enumerate();
        let lines = lines.filter(|(_, line)| line.sign == sign);
        lines.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let mut added = of(diff, DiffSign::Add);
    for old in of(diff, DiffSign::Remove) {
        let same = |new: &usize| match (diff.get(old), diff.get(*new)) {
            (Some(old), Some(new)) => old.text == new.text,
            (_, _) => false,
        };
        let Some(place) = added.iter().position(same) else {
            continue;
        };
        for (at, age) in [(old, "old"), (added.remove(place), "new")] {
            if let Some(line) = diff.get_mut(at) {
                let in_url = line.text.contains("://") && line.text.contains(":••••@");
                let part = if in_url { "password" } else { "value" };
                line.text = format!("{}  ({age} {part})", line.text);
            }
        }
    }
}

/// The differences of two files, in time and memory that grow with their lengths alone. What is between the first and the last
/// change counts as one change where it is long: telling more takes time that grows with its square.
fn compare(old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffOp> {
    let same_before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same_before;
    let same_after = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(rest)
        .take_while(|(a, b)| a == b)
        .count();
    let old_len = old.len() - same_before - same_after;
    let new_len = new.len() - same_before - same_after;
    if old_len.max(new_len) <= LINES_COMPARED {
        // the library's choice of an algorithm would bring the code of all six
        let mut ops = Compact::new(Replace::new(Capture::new()), old, new);
        let Ok(()) = myers::diff(&mut ops, old, 0..old.len(), new, 0..new.len());
        return ops.into_inner().into_inner().into_ops();
    }
    let equal = |old_index, new_index, len| DiffOp::Equal {
        old_index,
        new_index,
        len,
    };
    vec![
        equal(0, 0, same_before),
        DiffOp::Replace {
            old_index: same_before,
            old_len,
            new_index: same_before,
            new_len,
        },
        equal(same_before + old_len, same_before + new_len, same_after),
    ]
}

/// The difference of two source files, with the passwords of URLs redacted: what changed, with this many lines around it. What is
/// left out between two changes is a line `…`.
pub(crate) fn source(old: &str, new: &str, around: usize) -> Vec<DiffLine> {
    source_shown(old, old, new, around)
}

/// The same where a text stands for the old one that shows less of it, line by line.
pub(crate) fn source_shown(old: &str, shown: &str, new: &str, around: usize) -> Vec<DiffLine> {
    let raw_old: Vec<_> = old.lines().map(str::as_bytes).collect();
    let raw_new: Vec<_> = new.lines().map(str::as_bytes).collect();
    let shown_old: Vec<_> = shown.lines().map(redact::text).collect();
    let shown_new: Vec<_> = new.lines().map(redact::text).collect();
    let ops = compare(&raw_old, &raw_new);
    let hunks: Vec<_> = group_diff_ops(ops, around)
        .iter()
        .map(|hunk| build(hunk, &raw_old, &raw_new, &shown_old, &shown_new))
        .collect();
    let gap = DiffLine {
        sign: DiffSign::Same,
        text: "…".to_owned(),
    };
    hunks.join(&gap)
}

/// How many lines of the old text stay.
pub(crate) fn untouched(diff: &[DiffLine]) -> usize {
    diff.iter()
        .filter(|line| line.sign == DiffSign::Same)
        .count()
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    // a missing line end at the end doesn't change that line
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
        .collect()
}

/// The lines of these differences: compared raw, shown redacted.
fn build(
    ops: &[DiffOp],
    raw_old: &[&[u8]],
    raw_new: &[&[u8]],
    shown_old: &[String],
    shown_new: &[String],
) -> Vec<DiffLine> {
    ops.iter()
        .flat_map(|op| op.iter_changes(raw_old, raw_new))
        .map(|change| {
            let (sign, lines, index) = match change.tag() {
                ChangeTag::Equal => (DiffSign::Same, shown_old, change.old_index()),
                ChangeTag::Delete => (DiffSign::Remove, shown_old, change.old_index()),
                ChangeTag::Insert => (DiffSign::Add, shown_new, change.new_index()),
            };
            let text = index.and_then(|index| lines.get(index)).cloned();
            DiffLine {
                sign,
                text: text.unwrap_or_default(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_change_is_shown_as_one() {
        let lines = |value: &str| format!("A={value}\n").repeat(30_000);
        let (old, new) = (
            format!("FIRST=1\n{}LAST=1\n", lines("1")),
            format!("FIRST=1\n{}LAST=1\n", lines("2")),
        );
        let diff = env(
            &Document::parse(old.as_bytes()),
            &Document::parse(new.as_bytes()),
            &[],
        );
        assert_eq!(diff.len(), 60_002);
        assert_eq!(untouched(&diff), 2);
    }

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
    fn a_changed_password_is_shown_as_a_change_without_itself() {
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
                "- DATABASE_URL=postgres://u:••••@h/d  (old password)",
                "+ DATABASE_URL=postgres://u:••••@h/d  (new password)",
                "  LOG=1",
                "+ JWT_SECRET=•••• (new, 64 hex digits)",
            ]
        );
        assert_eq!(untouched(&diff), 2);
    }

    #[test]
    fn only_the_lines_around_a_change_are_shown() {
        let lines: Vec<_> = (0..20).map(|n| format!("line {n}\n")).collect();
        let old = lines.concat();
        let new = old.replace("line 10\n", "line ten\n");
        assert_eq!(
            shown(&source(&old, &new, 1)),
            ["  line 9", "- line 10", "+ line ten", "  line 11"]
        );
        let new = new.replace("line 3\n", "").replace("line 12\n", "");
        assert_eq!(
            shown(&source(&old, &new, 1)),
            [
                "  line 2",
                "- line 3",
                "  line 4",
                "  …",
                "  line 9",
                "- line 10",
                "+ line ten",
                "  line 11",
                "- line 12",
                "  line 13",
            ]
        );
        assert_eq!(source(&old, &old, 1), []);
        assert_eq!(shown(&source("", "a\nb\n", 3)), ["+ a", "+ b"]);
    }
}
