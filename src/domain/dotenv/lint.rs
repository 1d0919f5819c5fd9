//! Finds what readers of an env file disagree about, and values that can't be meant as they are.

use std::collections::BTreeMap;

use crate::domain::{
    dotenv::{
        document::{Document, is_portable_key},
        quote::{QuoteStyle, breaks, quote},
        scan::{BOM, EnvEntry, EnvPiece, slice},
    },
    sensitive,
};

/// A problem of an env file. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvLint {
    pub kind: LintKind,
    /// The 1-based line.
    pub line: u32,
    pub key: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LintKind {
    /// The key stands on an earlier line too; here is that line. Three of 22 readers take the first, the others the last.
    Duplicate {
        first: u32,
        /// Whether both have the same value, so that it does not matter yet.
        same: bool,
    },
    /// The file begins with a byte order mark: 8 readers lose the first key, three the whole file.
    ByteOrderMark,
    /// The lines end in CRLF: a shell keeps the CR in every value.
    CarriageReturns,
    /// Spaces around the `=`: a shell and `docker run` fail.
    Spaces,
    /// A comment behind the value: three readers take it as a part of the value.
    InlineComment,
    /// A quote that is not closed, or closed too early: readers disagree, five fail.
    UnterminatedQuote,
    /// Not env syntax: five readers stop here, and lose every later key.
    UnreadableLine,
    /// A key that some readers refuse, and then stop.
    KeyName,
    /// These readers read another value.
    Unportable(Vec<&'static str>),
    /// The value is not UTF-8: seven readers fail.
    NotUtf8,
    Masked,
    Placeholder,
}

impl LintKind {
    /// The problem, as a sentence fragment.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Duplicate { first, same: true } => {
                format!("also set on line {first}, with the same value")
            }
            Self::Duplicate { first, same: false } => {
                format!("also set on line {first}, with a different value")
            }
            Self::ByteOrderMark => "the file starts with a byte order mark".to_owned(),
            Self::CarriageReturns => "lines end in CRLF".to_owned(),
            Self::Spaces => "there are spaces around the `=`".to_owned(),
            Self::InlineComment => "a comment follows the value".to_owned(),
            Self::UnterminatedQuote => "a quote is never closed".to_owned(),
            Self::UnreadableLine => "not valid env syntax".to_owned(),
            Self::KeyName => "some readers reject this key".to_owned(),
            Self::Unportable(_) => "some readers read a different value".to_owned(),
            Self::NotUtf8 => "the value isn't UTF-8".to_owned(),
            Self::Masked => "the value looks masked".to_owned(),
            Self::Placeholder => "the value is a placeholder".to_owned(),
        }
    }

    /// Which readers it affects, and how.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Duplicate { .. } => {
                "dotenvy, uv and Deno use the first, all other readers the last".to_owned()
            }
            Self::ByteOrderMark => {
                "eight readers miss the first key; dotenvy, godotenv and direnv fail on the whole file".to_owned()
            }
            Self::CarriageReturns => "a shell keeps the CR in every value".to_owned(),
            Self::Spaces => "a shell and `docker run --env-file` fail on it".to_owned(),
            Self::InlineComment => {
                "django-environ, python-decouple and `docker run --env-file` include it in the value".to_owned()
            }
            Self::UnterminatedQuote => {
                "dotenvy, godotenv, docker compose, honcho and a shell fail on it".to_owned()
            }
            Self::UnreadableLine => {
                "dotenvy, godotenv, direnv and docker compose stop here and miss every later key".to_owned()
            }
            Self::KeyName => "dotenvy, uv, godotenv or direnv stop here and miss every later key".to_owned(),
            Self::Unportable(readers) => format!("read differently by {}", readers.join(", ")),
            Self::NotUtf8 => "python-dotenv, dotenvy and five other readers fail on the file".to_owned(),
            Self::Masked => "it was copied from a place that hides the real value".to_owned(),
            Self::Placeholder => "it was copied from the example and never filled in".to_owned(),
        }
    }
}

impl Document {
    /// Lists the problems of the file, in the order of the lines.
    pub(crate) fn lint(&self) -> Vec<EnvLint> {
        lint(self)
    }
}

fn lint(document: &Document) -> Vec<EnvLint> {
    let mut found = Vec::new();
    let bytes = document.bytes();
    let mut add = |kind, line, key: Option<&str>| {
        found.push(EnvLint {
            kind,
            line,
            key: key.map(str::to_owned),
        });
    };
    if bytes.starts_with(BOM) {
        add(LintKind::ByteOrderMark, 1, None);
    }
    if let Some(at) = memchr::memmem::find(bytes, b"\r\n") {
        let before = memchr::memchr_iter(b'\n', slice(bytes, 0..at)).count();
        add(LintKind::CarriageReturns, number(before + 1), None);
    }
    let mut first: BTreeMap<&str, &EnvEntry> = BTreeMap::new();
    let mut line: usize = 1;
    for piece in document.pieces() {
        match piece {
            EnvPiece::Blank(_) | EnvPiece::Comment(_) => {}
            EnvPiece::Unreadable(_) => add(LintKind::UnreadableLine, number(line), None),
            EnvPiece::Entry(entry) => {
                let mut add = |kind| add(kind, entry.line, Some(&entry.key));
                if let Some(first) = first.get(entry.key.as_str()) {
                    add(LintKind::Duplicate {
                        first: first.line,
                        same: first.value == entry.value,
                    });
                } else {
                    first.insert(&entry.key, entry);
                }
                for kind in entry_lints(entry) {
                    add(kind);
                }
            }
        }
        line += memchr::memchr_iter(b'\n', slice(bytes, piece.lines().clone())).count();
    }
    found
}

fn entry_lints(entry: &EnvEntry) -> Vec<LintKind> {
    let value = entry.value.expose();
    let mut found = Vec::new();
    // every reader accepts `A.B`
    if !is_portable_key(&entry.key.replace('.', "_")) {
        found.push(LintKind::KeyName);
    }
    if entry.spaced {
        found.push(LintKind::Spaces);
    }
    if entry.comment {
        found.push(LintKind::InlineComment);
    }
    if entry.unterminated {
        found.push(LintKind::UnterminatedQuote);
    } else {
        let readers = breaks(entry.style, value);
        if !readers.is_empty() {
            found.push(LintKind::Unportable(readers));
        }
    }
    if !entry.utf8 {
        found.push(LintKind::NotUtf8);
    }
    if sensitive::looks_masked(value) {
        found.push(LintKind::Masked);
    } else if sensitive::looks_like_placeholder(value) {
        found.push(LintKind::Placeholder);
    }
    found
}

fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

impl EnvEntry {
    /// Whether more readers would read another style right.
    pub(crate) fn could_be_quoted_better(&self) -> bool {
        let value = self.value.expose();
        let now = breaks(self.style, value).len();
        let quoted = quote(value);
        self.style != QuoteStyle::Single
            && quoted.is_some_and(|best| breaks(best.style, value).len() < now)
    }
}
