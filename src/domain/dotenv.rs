//! The lossless `.env` document: bytes in, spans out, and edits that touch one value and nothing else.
//!
//! Readers of env files disagree about nearly everything but `KEY=value`. This one follows the majority of 22 measured
//! readers where there is one, and reports what they disagree on ([`Document::lint`]). It never fails: a line that is no env
//! syntax is kept as it is.

mod lint;
mod quote;

use std::{fmt, ops::Range};

pub(crate) use lint::{Lint, LintKind};
pub(crate) use quote::{Style, quote};

use crate::core::secret::Secret;

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A `KEY=value` of the file. Ranges are bytes of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub(crate) struct Entry {
    /// The key.
    pub key: String,
    /// The value as most readers see it.
    pub value: Secret,
    /// How it is written.
    pub style: Style,
    /// The 1-based line of the key.
    pub line: u32,
    /// The bytes of the value, with its quotes.
    pub span: Range<usize>,
    /// The bytes of the entry's lines, with the last line's end.
    pub lines: Range<usize>,
    /// Whether `export` stands before the key.
    pub export: bool,
    /// Whether spaces stand around the `=`.
    pub spaced: bool,
    /// Whether a comment follows the value.
    pub comment: bool,
    /// Whether a quote was opened and never closed.
    pub unterminated: bool,
    /// Whether the value was valid UTF-8.
    pub utf8: bool,
}

/// What a piece of the file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Nothing but spaces.
    Blank(Range<usize>),
    /// A comment.
    Comment(Range<usize>),
    /// A key with its value.
    Entry(Entry),
    /// No env syntax.
    Unreadable(Range<usize>),
}

impl Piece {
    /// The bytes of the piece's lines, with the last line's end.
    pub(crate) const fn lines(&self) -> &Range<usize> {
        match self {
            Self::Blank(range) | Self::Comment(range) | Self::Unreadable(range) => range,
            Self::Entry(entry) => &entry.lines,
        }
    }
}

/// Why a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetError {
    /// Not every reader takes such a key.
    #[error("`{0}` is no portable key: letters, digits and _ only, not beginning with a digit")]
    Key(String),
    /// No way of quoting keeps it whole, or a shell would run a part of it.
    #[error("the value of `{0}` cannot be written so that it is read back")]
    Value(String),
}

/// An env file.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Document {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

impl fmt::Debug for Document {
    /// Keys only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.entries().map(|entry| &entry.key))
            .finish()
    }
}

impl Document {
    /// Reads a file's bytes. Every byte is kept.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            pieces: scan(bytes),
        }
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Everything in the file, in order, without a gap.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The keys with their values, in order.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Entry(entry) => Some(entry),
            Piece::Blank(_) | Piece::Comment(_) | Piece::Unreadable(_) => None,
        })
    }

    /// Every entry of a key.
    pub(crate) fn all<'a, 'k>(
        &'a self,
        key: &'k str,
    ) -> impl DoubleEndedIterator<Item = &'a Entry> + use<'a, 'k> {
        self.entries().filter(move |entry| entry.key == key)
    }

    /// The value of a key: its last one, as 19 of 22 readers take it.
    pub(crate) fn get(&self, key: &str) -> Option<&Secret> {
        self.all(key).next_back().map(|entry| &entry.value)
    }

    /// Gives a key this value, in every place where it stands; appends it where it stands nowhere.
    ///
    /// Nothing else in the file changes, but for a line end that the last line lacked. The document stays as it was on error.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> Result<Change, SetError> {
        if !is_portable_key(key) {
            return Err(SetError::Key(key.to_owned()));
        }
        let right = |entry: &Entry| entry.value.expose() == value && entry.utf8;
        let change = if self.all(key).next().is_none() {
            Change::Added
        } else if self.all(key).all(right) {
            return Ok(Change::None);
        } else {
            Change::Changed
        };
        self.write(key, value, right)?;
        Ok(change)
    }

    /// Writes a key's value anew in the most portable style, in every place, even where it is this value already.
    pub(crate) fn requote(&mut self, key: &str) -> Result<Change, SetError> {
        let Some(value) = self.get(key).cloned() else {
            return Ok(Change::None);
        };
        let before = self.bytes.clone();
        self.write(key, value.expose(), |_| false)?;
        Ok(if self.bytes == before {
            Change::None
        } else {
            Change::Changed
        })
    }

    /// Tries the styles from the most portable one on, and takes the first that reads back right and disturbs no other entry.
    fn write(
        &mut self,
        key: &str,
        value: &str,
        keep: impl Fn(&Entry) -> bool,
    ) -> Result<(), SetError> {
        for text in quote::candidates(value) {
            let bytes = self.with(key, &text, &keep);
            let candidate = Self::parse(&bytes);
            let right = candidate.all(key).count() > 0
                && candidate
                    .all(key)
                    .all(|entry| entry.value.expose() == value && entry.utf8);
            if right && self.same_but(key, &candidate) {
                *self = candidate;
                return Ok(());
            }
        }
        Err(SetError::Value(key.to_owned()))
    }

    /// The bytes with `text` as the value of every entry of a key that is not kept, or with a new line.
    fn with(&self, key: &str, text: &str, keep: &impl Fn(&Entry) -> bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + text.len() + key.len() + 2);
        let mut at = 0;
        let mut found = false;
        for entry in self.all(key) {
            found = true;
            if keep(entry) {
                continue;
            }
            out.extend_from_slice(part(&self.bytes, at..entry.span.start));
            out.extend_from_slice(text.as_bytes());
            at = entry.span.end;
        }
        out.extend_from_slice(part(&self.bytes, at..self.bytes.len()));
        if !found {
            let end = self.line_end();
            if !out.is_empty() && out != BOM && !out.ends_with(b"\n") {
                out.extend_from_slice(end);
            }
            out.extend_from_slice(key.as_bytes());
            out.push(b'=');
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(end);
        }
        out
    }

    /// Whether two documents agree in everything but one key.
    fn same_but(&self, key: &str, other: &Self) -> bool {
        let others = |entry: &&Entry| entry.key != key;
        let same = |(a, b): (&Entry, &Entry)| a.key == b.key && a.value == b.value;
        self.all_pieces_but(key).eq(other.all_pieces_but(key))
            && self.entries().filter(others).count() == other.entries().filter(others).count()
            && self
                .entries()
                .filter(others)
                .zip(other.entries().filter(others))
                .all(same)
    }

    /// The kind of every piece that is no entry of this key.
    fn all_pieces_but<'a>(&'a self, key: &'a str) -> impl Iterator<Item = u8> + 'a {
        self.pieces.iter().filter_map(move |piece| match piece {
            Piece::Blank(_) => Some(0),
            Piece::Comment(_) => Some(1),
            Piece::Unreadable(_) => Some(2),
            Piece::Entry(entry) => (entry.key != key).then_some(3),
        })
    }

    /// Adds lines at the end, such as comments; a last line without an end gets one.
    pub(crate) fn append(&mut self, lines: &[String]) {
        let end = self.line_end();
        let mut bytes = self.bytes.clone();
        if !bytes.is_empty() && bytes != BOM && !bytes.ends_with(b"\n") {
            bytes.extend_from_slice(end);
        }
        for line in lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(end);
        }
        *self = Self::parse(&bytes);
    }

    /// CRLF where every line has it, else LF.
    fn line_end(&self) -> &'static [u8] {
        let newlines = memchr::memchr_iter(b'\n', &self.bytes).count();
        let crlf = self
            .bytes
            .windows(2)
            .filter(|pair| *pair == b"\r\n")
            .count();
        if newlines > 0 && newlines == crlf {
            b"\r\n"
        } else {
            b"\n"
        }
    }

    /// What will bite, in the order of the lines.
    pub(crate) fn lint(&self) -> Vec<Lint> {
        lint::lint(self)
    }

    /// Whether dotenvy, as the second opinion of a reader that stops at its first error, reads every one of these keys as we do.
    ///
    /// Its own errors hold the offending line, so nothing of them is passed on.
    pub(crate) fn dotenvy_agrees(&self, keys: &[&str]) -> bool {
        let Ok(read) = dotenvy::from_read_iter(self.bytes.as_slice())
            .collect::<Result<Vec<(String, String)>, _>>()
        else {
            return false;
        };
        keys.iter().all(|key| {
            let theirs = read.iter().rfind(|(name, _)| name == key);
            theirs.map(|(_, value)| value.as_str()) == self.get(key).map(Secret::expose)
        })
    }
}

/// What an edit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The file says so already.
    None,
    /// The key stood there with another value.
    Changed,
    /// The key is new.
    Added,
}

/// Whether every reader takes a key.
pub(crate) fn is_portable_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A part of the bytes; empty where the range is none of theirs.
pub(crate) fn part(bytes: &[u8], range: Range<usize>) -> &[u8] {
    bytes.get(range).unwrap_or_default()
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0b' | b'\x0c')
}

/// Cuts a file into pieces.
fn scan(bytes: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
    let mut line = 1;
    while at < bytes.len() {
        let piece = piece(bytes, at, line);
        let lines = piece.lines().clone();
        line += u32::try_from(memchr::memchr_iter(b'\n', part(bytes, lines.clone())).count())
            .unwrap_or(u32::MAX);
        at = lines.end;
        pieces.push(piece);
    }
    pieces
}

/// Reads bytes from a place on.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Steps over bytes of this kind.
    fn skip(&mut self, kind: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        while self.peek().is_some_and(&kind) {
            self.at += 1;
        }
        start..self.at
    }

    /// Whether nothing but spaces and a comment follows on this line; says which.
    fn rest(mut self) -> Option<Rest> {
        let spaces = self.skip(is_space);
        match self.peek() {
            None | Some(b'\n') => Some(Rest::Nothing),
            Some(b'\r') if matches!(self.bytes.get(self.at + 1), None | Some(b'\n')) => {
                Some(Rest::Nothing)
            }
            Some(b'#') => Some(Rest::Comment {
                spaced: !spaces.is_empty(),
            }),
            Some(_) => None,
        }
    }
}

/// What follows a quoted value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    Comment { spaced: bool },
}

/// The piece that begins at `at`.
fn piece(bytes: &[u8], at: usize, line: u32) -> Piece {
    let end_of = |from: usize| {
        memchr::memchr(b'\n', part(bytes, from..bytes.len()))
            .map_or(bytes.len(), |length| from + length + 1)
    };
    let next = end_of(at);
    let lines = at..next;
    // the line without its end
    let mut end = next;
    if end > at && bytes.get(end - 1) == Some(&b'\n') {
        end -= 1;
    }
    if end > at && bytes.get(end - 1) == Some(&b'\r') {
        end -= 1;
    }
    let mut cursor = Cursor {
        bytes: part(bytes, 0..end),
        at,
    };
    cursor.skip(is_space);
    match cursor.peek() {
        None => return Piece::Blank(lines),
        Some(b'#') => return Piece::Comment(lines),
        Some(_) => {}
    }
    let is_key =
        |byte: u8| byte > b' ' && !matches!(byte, b'=' | b'#' | b'"' | b'\'' | b'`' | 0x7f);
    let mut key = cursor.skip(is_key);
    let mut export = false;
    if part(bytes, key.clone()) == b"export" {
        let spaces = cursor.skip(is_space);
        if !spaces.is_empty() && cursor.peek().is_some_and(is_key) {
            export = true;
            key = cursor.skip(is_key);
        }
    }
    let before = cursor.skip(is_space);
    let name = std::str::from_utf8(part(bytes, key.clone()));
    let (Ok(name), Some(b'='), false) = (name, cursor.peek(), key.is_empty()) else {
        return Piece::Unreadable(lines);
    };
    cursor.at += 1;
    let equals = cursor.at;
    let after = cursor.skip(is_space);
    let whole = Cursor { bytes, ..cursor };
    let found = value(whole, equals, end);
    let lines = at..end_of(found.span.end.max(end));
    let spaced = !before.is_empty() || (!after.is_empty() && !found.span.is_empty());
    Piece::Entry(Entry {
        key: name.to_owned(),
        value: Secret::new(found.text),
        style: found.style,
        line,
        span: found.span,
        lines,
        export,
        spaced,
        comment: found.comment,
        unterminated: found.unterminated,
        utf8: found.utf8,
    })
}

struct Value {
    text: String,
    utf8: bool,
    style: Style,
    span: Range<usize>,
    comment: bool,
    unterminated: bool,
}

impl Value {
    fn new(bytes: &[u8], style: Style, span: Range<usize>) -> Self {
        Self {
            utf8: std::str::from_utf8(bytes).is_ok(),
            text: String::from_utf8_lossy(bytes).into_owned(),
            style,
            span,
            comment: false,
            unterminated: false,
        }
    }
}

/// The value that begins at the cursor; `equals` is the place behind the `=`, `end` the end of the line.
fn value(cursor: Cursor<'_>, equals: usize, end: usize) -> Value {
    let bytes = cursor.bytes;
    let start = cursor.at;
    let opened = cursor
        .peek()
        .filter(|byte| start < end && matches!(byte, b'"' | b'\'' | b'`'));
    if let Some(mark) = opened
        && let Some((close, rest)) = closing(cursor, mark, end)
    {
        let inner = part(bytes, start + 1..close);
        let style = match mark {
            b'\'' => Style::Single,
            b'"' => Style::Double,
            _ => Style::Backtick,
        };
        let text = if style == Style::Double {
            quote::unescape(inner)
        } else {
            inner.to_vec()
        };
        return Value {
            comment: matches!(rest, Rest::Comment { .. }),
            ..Value::new(&text, style, start..close + 1)
        };
    }
    let line = part(bytes, start..end);
    // a comment begins at a # behind a space; where the value is empty, the space behind the = counts
    let comment = line.iter().enumerate().position(|(index, byte)| {
        let before = (start + index)
            .checked_sub(1)
            .filter(|before| *before >= equals)
            .and_then(|before| bytes.get(before));
        *byte == b'#' && before.is_some_and(|byte| is_space(*byte))
    });
    let text = part(line, 0..comment.unwrap_or(line.len())).trim_ascii_end();
    // an empty value stands right behind the =, so that what is written there is not glued to a comment
    let span = if text.is_empty() {
        equals..equals
    } else {
        start..start + text.len()
    };
    Value {
        comment: comment.is_some(),
        unterminated: opened.is_some(),
        ..Value::new(text, Style::Bare, span)
    }
}

/// The place of the quote that closes the one at the cursor, and what follows it on its line.
///
/// A quote counts as closing only where nothing but a comment follows: the rule of most readers, and what keeps one stray
/// quote from swallowing the file.
fn closing(cursor: Cursor<'_>, mark: u8, line_end: usize) -> Option<(usize, Rest)> {
    let bytes = cursor.bytes;
    let mut at = cursor.at + 1;
    let mut escaped = None;
    loop {
        let Some(byte) = bytes.get(at).copied() else {
            return escaped;
        };
        let clean = |at: usize| Cursor { bytes, at: at + 1 }.rest().map(|rest| (at, rest));
        if byte == b'\\' && mark != b'`' {
            if bytes.get(at + 1) == Some(&mark) {
                // in '…' this ends the string where no other quote does
                if mark == b'\'' && at < line_end {
                    escaped = clean(at + 1).or(escaped);
                }
                at += 2;
            } else if mark == b'"' {
                at += 2;
            } else {
                at += 1;
            }
            continue;
        }
        if byte == mark {
            return clean(at).or(escaped);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests;
