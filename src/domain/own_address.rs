//! A database address that the code itself holds, and the smallest edit that reads it from the environment instead.
//!
//! Only literals that a syntax reader understood are replaced: one whole address, or each part of one address once. What is more
//! than that is left to a person.

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

use regex::Regex;

use crate::domain::{
    reading::{DatabaseKind, DatabaseOpening, Reading, WrittenAddress},
    url::Part,
};

/// The variable that holds a whole address.
pub(crate) const ADDRESS: &str = "DATABASE_URL";

/// A literal and the variable that is read in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddressLiteral {
    pub span: Range<usize>,
    pub key: &'static str,
    pub is_port: bool,
}

/// Where the code opens a Postgres at an address that no variable is part of.
pub(crate) fn fixed(reading: &Reading) -> impl Iterator<Item = &DatabaseOpening> {
    reading.opens.iter().filter(|opening| {
        let postgres = matches!(
            opening.server,
            DatabaseKind::Postgres(_) | DatabaseKind::ByUrl | DatabaseKind::AsyncByUrl
        );
        postgres && opening.is_fixed()
    })
}

/// The file whose literals are the address of all of these openings, with what is read in their place; `None` where the address stands
/// in several places.
pub(crate) fn replacements<'o>(
    openings: impl Iterator<Item = &'o DatabaseOpening>,
) -> Option<(String, Vec<AddressLiteral>)> {
    let mut written: Vec<&WrittenAddress> = Vec::new();
    for opening in openings {
        // what was found nowhere may be anywhere
        if opening.written.is_empty() {
            return None;
        }
        for literal in &opening.written {
            if !written.contains(&literal) {
                written.push(literal);
            }
        }
    }
    let file = written.first()?.at.file.clone();
    if written.iter().any(|literal| literal.at.file != file) {
        return None;
    }
    let parts: Vec<Option<Part>> = written.iter().map(|literal| literal.part).collect();
    let once = (1..).zip(&parts).all(|(next, part)| {
        let rest = parts.get(next..).unwrap_or_default();
        !rest.contains(part)
    });
    let whole = parts == [None];
    let in_parts = parts.contains(&Some(Part::Database)) && !parts.contains(&None);
    if !once || !(whole || in_parts) {
        return None;
    }
    let found = written.iter().map(|literal| AddressLiteral {
        span: literal.span.clone(),
        key: literal.part.map_or(ADDRESS, Part::variable),
        is_port: literal.part == Some(Part::Port),
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|replacement| replacement.span.start);
    Some((file, found))
}

/// A text with these changes; `None` where two of them overlap, or one is out of it.
pub(crate) fn changed(text: &str, changes: &[(Range<usize>, String)]) -> Option<String> {
    let mut changes: Vec<_> = changes.iter().collect();
    changes.sort_by_key(|(span, _)| span.start);
    let windows = text.contains("\r\n");
    let mut new = String::new();
    let mut end = 0;
    for (span, put) in changes {
        new.push_str(text.get(end..span.start)?);
        if windows {
            new.push_str(&put.replace('\n', "\r\n"));
        } else {
            new.push_str(put);
        }
        end = span.end;
    }
    new.push_str(text.get(end..)?);
    Some(new)
}

/// The start of the line that a place is in.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).and_then(|before| before.rfind('\n'));
    before.map_or(0, |end| end + 1)
}

/// The end of the line that a place is in, with its line break.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let after = text.get(at..).and_then(|after| after.find('\n'));
    after.map_or(text.len(), |end| at + end + 1)
}

/// A name that is given a string: `P = 'x'`, `const p: string = "x"`, `p: 'x'`.
static GIVEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"\b([A-Za-z_]\w*)\s*(?::[^=\n'"]*)?[=:]\s*("[^"\n]*"|'[^'\n]*'|`[^`\n]*`)"#).ok()
});

/// The strings that are given to the names in an address which is put together of them: each may be the password.
fn given<'t>(text: &'t str, address: &'t str) -> impl Iterator<Item = Range<usize>> {
    let is_name = |word: &&str| !word.is_empty();
    let names: BTreeSet<_> = address
        .split(|char: char| !char.is_alphanumeric() && char != '_')
        .filter(is_name)
        .collect();
    let all = GIVEN
        .as_ref()
        .into_iter()
        .flat_map(|given| given.captures_iter(text));
    all.filter_map(move |found| {
        names
            .contains(found.get(1)?.as_str())
            .then(|| found.get(2).map(|string| string.range()))
            .flatten()
    })
}

/// The text with the literals hidden, and what an address is put together of; their lines stay.
pub(crate) fn hidden(text: &str, replacements: &[AddressLiteral]) -> Option<String> {
    let mut changes: Vec<_> = replacements
        .iter()
        .filter(|replacement| matches!(replacement.key, "PGPASSWORD" | ADDRESS))
        .filter_map(|replacement| {
            let literal = text.get(replacement.span.clone())?;
            let lines = "\n".repeat(literal.matches('\n').count());
            Some((replacement.span.clone(), format!("\"••••\"{lines}")))
        })
        .collect();
    for replacement in replacements.iter().filter(|literal| literal.key == ADDRESS) {
        let address = text.get(replacement.span.clone())?;
        for span in given(text, address) {
            let apart = |(other, _): &(Range<usize>, String)| {
                span.end <= other.start || other.end <= span.start
            };
            if changes.iter().all(apart) {
                changes.push((span, "\"••••\"".to_owned()));
            }
        }
    }
    changed(text, &changes)
}
