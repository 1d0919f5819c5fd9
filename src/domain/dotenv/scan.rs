//! Scans an env file into pieces, each with its range of bytes.

use std::ops::Range;

use crate::{
    core::secret::Secret,
    domain::dotenv::quote::{QuoteStyle, unescape},
};

/// The byte order mark of UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// A `KEY=value` of the file. Ranges are bytes of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub(crate) struct EnvEntry {
    pub key: String,
    /// The value as most readers see it.
    pub value: Secret,
    pub style: QuoteStyle,
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

/// A piece of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EnvPiece {
    /// Nothing but spaces.
    Blank(Range<usize>),
    Comment(Range<usize>),
    Entry(EnvEntry),
    /// Not env syntax.
    Unreadable(Range<usize>),
}

impl EnvPiece {
    /// The bytes of the piece's lines, with the last line's end.
    pub(crate) const fn lines(&self) -> &Range<usize> {
        match self {
            Self::Blank(range) | Self::Comment(range) | Self::Unreadable(range) => range,
            Self::Entry(entry) => &entry.lines,
        }
    }
}

/// A range of the bytes; empty where it leads out of them.
pub(super) fn slice(bytes: &[u8], range: Range<usize>) -> &[u8] {
    bytes.get(range).unwrap_or_default()
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0b' | b'\x0c')
}

/// Cuts a file into pieces, without a gap.
pub(super) fn scan(bytes: &[u8]) -> Vec<EnvPiece> {
    let mut pieces = Vec::new();
    let mut at = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
    let mut line = 1;
    while at < bytes.len() {
        let piece = piece(bytes, at, line);
        let lines = piece.lines().clone();
        line += u32::try_from(memchr::memchr_iter(b'\n', slice(bytes, lines.clone())).count())
            .unwrap_or(u32::MAX);
        at = lines.end;
        pieces.push(piece);
    }
    pieces
}

/// A position in the bytes.
#[derive(Clone, Copy)]
struct ByteCursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl ByteCursor<'_> {
    fn peek(self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips bytes of this kind.
    fn skip(&mut self, kind: impl Fn(u8) -> bool) -> Range<usize> {
        let start = self.at;
        while self.peek().is_some_and(&kind) {
            self.at += 1;
        }
        start..self.at
    }

    /// What follows on this line, where it is nothing but spaces and a comment.
    fn rest(mut self) -> Option<AfterValue> {
        let spaces = self.skip(is_space);
        match self.peek() {
            None | Some(b'\n') => Some(AfterValue::Nothing),
            Some(b'\r') if matches!(self.bytes.get(self.at + 1), None | Some(b'\n')) => {
                Some(AfterValue::Nothing)
            }
            Some(b'#') => Some(AfterValue::Comment {
                spaced: !spaces.is_empty(),
            }),
            Some(_) => None,
        }
    }
}

/// What follows a quoted value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AfterValue {
    Nothing,
    Comment { spaced: bool },
}

/// The piece that begins at `at`.
fn piece(bytes: &[u8], at: usize, line: u32) -> EnvPiece {
    let end_of = |from: usize| {
        memchr::memchr(b'\n', slice(bytes, from..bytes.len()))
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
    let mut cursor = ByteCursor {
        bytes: slice(bytes, 0..end),
        at,
    };
    cursor.skip(is_space);
    match cursor.peek() {
        None => return EnvPiece::Blank(lines),
        Some(b'#') => return EnvPiece::Comment(lines),
        Some(_) => {}
    }
    let is_key =
        |byte: u8| byte > b' ' && !matches!(byte, b'=' | b'#' | b'"' | b'\'' | b'`' | 0x7f);
    let mut key = cursor.skip(is_key);
    let mut export = false;
    if slice(bytes, key.clone()) == b"export" {
        let spaces = cursor.skip(is_space);
        if !spaces.is_empty() && cursor.peek().is_some_and(is_key) {
            export = true;
            key = cursor.skip(is_key);
        }
    }
    let before = cursor.skip(is_space);
    let name = std::str::from_utf8(slice(bytes, key.clone()));
    let (Ok(name), Some(b'='), false) = (name, cursor.peek(), key.is_empty()) else {
        return EnvPiece::Unreadable(lines);
    };
    cursor.at += 1;
    let equals = cursor.at;
    let after = cursor.skip(is_space);
    let whole = ByteCursor { bytes, ..cursor };
    let found = value(whole, equals, end);
    let lines = at..end_of(found.span.end.max(end));
    let spaced = !before.is_empty() || (!after.is_empty() && !found.span.is_empty());
    EnvPiece::Entry(EnvEntry {
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

struct ScannedValue {
    text: String,
    utf8: bool,
    style: QuoteStyle,
    span: Range<usize>,
    comment: bool,
    unterminated: bool,
}

impl ScannedValue {
    fn new(bytes: &[u8], style: QuoteStyle, span: Range<usize>) -> Self {
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

/// The value that begins at the cursor; `equals` is the position behind the `=`, `end` the end of the line.
fn value(cursor: ByteCursor<'_>, equals: usize, end: usize) -> ScannedValue {
    let bytes = cursor.bytes;
    let start = cursor.at;
    let opened = cursor
        .peek()
        .filter(|byte| start < end && matches!(byte, b'"' | b'\'' | b'`'));
    if let Some(mark) = opened
        && let Some((close, rest)) = closing(cursor, mark, end)
    {
        let inner = slice(bytes, start + 1..close);
        let style = match mark {
            b'\'' => QuoteStyle::Single,
            b'"' => QuoteStyle::Double,
            _ => QuoteStyle::Backtick,
        };
        let text = if style == QuoteStyle::Double {
            unescape(inner)
        } else {
            inner.to_vec()
        };
        return ScannedValue {
            comment: matches!(rest, AfterValue::Comment { .. }),
            ..ScannedValue::new(&text, style, start..close + 1)
        };
    }
    let line = slice(bytes, start..end);
    // a comment begins at a # behind a space; where the value is empty, the space behind the = counts
    let comment = line.iter().enumerate().position(|(index, byte)| {
        let before = (start + index)
            .checked_sub(1)
            .filter(|before| *before >= equals)
            .and_then(|before| bytes.get(before));
        *byte == b'#' && before.is_some_and(|byte| is_space(*byte))
    });
    let text = slice(line, 0..comment.unwrap_or(line.len())).trim_ascii_end();
    // an empty value stands right behind the =, so that what is written there is not glued to a comment
    let span = if text.is_empty() {
        equals..equals
    } else {
        start..start + text.len()
    };
    ScannedValue {
        comment: comment.is_some(),
        unterminated: opened.is_some(),
        ..ScannedValue::new(text, QuoteStyle::Bare, span)
    }
}

/// The position of the quote that closes the one at the cursor, and what follows it on its line.
///
/// A quote counts as closing only where nothing but a comment follows: the rule of most readers, and what keeps one stray
/// quote from swallowing the file.
fn closing(cursor: ByteCursor<'_>, mark: u8, line_end: usize) -> Option<(usize, AfterValue)> {
    let bytes = cursor.bytes;
    let mut at = cursor.at + 1;
    let mut escaped = None;
    loop {
        let Some(byte) = bytes.get(at).copied() else {
            return escaped;
        };
        let clean = |at: usize| {
            ByteCursor { bytes, at: at + 1 }
                .rest()
                .map(|rest| (at, rest))
        };
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
