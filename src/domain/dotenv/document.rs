//! The document: reads an env file and edits one value at a time.

use std::{collections::HashMap, fmt};

use crate::{
    core::secret::Secret,
    domain::dotenv::{
        quote::candidates,
        scan::{BOM, EnvEntry, EnvPiece, scan, slice},
    },
};

/// Why a value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetError {
    #[error(
        "`{0}` isn't a portable key: use letters, digits and _ only, and don't start with a digit"
    )]
    Key(String),
    /// No quoting keeps it whole, or a shell would run a part of it.
    #[error("the value of `{0}` can't be written so that it reads back the same")]
    Value(String),
}

/// An env file.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Document {
    bytes: Vec<u8>,
    pieces: Vec<EnvPiece>,
    /// The piece of each key's last entry.
    last: HashMap<String, usize>,
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
        let pieces = scan(bytes);
        let mut last = HashMap::new();
        for (index, piece) in pieces.iter().enumerate() {
            if let EnvPiece::Entry(entry) = piece {
                last.insert(entry.key.clone(), index);
            }
        }
        Self {
            bytes: bytes.to_vec(),
            pieces,
            last,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Everything in the file, in order, without a gap.
    pub(crate) fn pieces(&self) -> &[EnvPiece] {
        &self.pieces
    }

    /// The keys with their values, in order.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &EnvEntry> {
        self.pieces.iter().filter_map(|piece| match piece {
            EnvPiece::Entry(entry) => Some(entry),
            EnvPiece::Blank(_) | EnvPiece::Comment(_) | EnvPiece::Unreadable(_) => None,
        })
    }

    /// Every entry of a key.
    pub(crate) fn all<'a, 'k>(
        &'a self,
        key: &'k str,
    ) -> impl DoubleEndedIterator<Item = &'a EnvEntry> + use<'a, 'k> {
        self.entries().filter(move |entry| entry.key == key)
    }

    /// The value of a key: its last one, as 19 of 22 readers take it.
    pub(crate) fn get(&self, key: &str) -> Option<&Secret> {
        match self.pieces.get(*self.last.get(key)?) {
            Some(EnvPiece::Entry(entry)) => Some(&entry.value),
            _ => None,
        }
    }

    /// Sets every occurrence of a key to this value, or appends the key.
    ///
    /// Nothing else in the file changes, except that the last line gets the line end it lacked. On error the document is unchanged.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> Result<SetOutcome, SetError> {
        if !is_portable_key(key) {
            return Err(SetError::Key(key.to_owned()));
        }
        let right = |entry: &EnvEntry| entry.value.expose() == value && entry.utf8;
        let outcome = if self.all(key).next().is_none() {
            SetOutcome::Added
        } else if self.all(key).all(right) {
            return Ok(SetOutcome::Unchanged);
        } else {
            SetOutcome::Changed
        };
        self.write(key, value, right)?;
        Ok(outcome)
    }

    /// Rewrites every occurrence of a key's value in the most portable style.
    pub(crate) fn requote(&mut self, key: &str) -> Result<SetOutcome, SetError> {
        let Some(value) = self.get(key).cloned() else {
            return Ok(SetOutcome::Unchanged);
        };
        let before = self.bytes.clone();
        self.write(key, value.expose(), |_| false)?;
        Ok(if self.bytes == before {
            SetOutcome::Unchanged
        } else {
            SetOutcome::Changed
        })
    }

    /// Tries the styles, the most portable one first, and takes the first that reads back right and disturbs no other entry.
    fn write(
        &mut self,
        key: &str,
        value: &str,
        keep: impl Fn(&EnvEntry) -> bool,
    ) -> Result<(), SetError> {
        for text in candidates(value) {
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
    fn with(&self, key: &str, text: &str, keep: &impl Fn(&EnvEntry) -> bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + text.len() + key.len() + 2);
        let mut at = 0;
        let mut found = false;
        for entry in self.all(key) {
            found = true;
            if keep(entry) {
                continue;
            }
            out.extend_from_slice(slice(&self.bytes, at..entry.span.start));
            out.extend_from_slice(text.as_bytes());
            at = entry.span.end;
        }
        out.extend_from_slice(slice(&self.bytes, at..self.bytes.len()));
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
        let others = |entry: &&EnvEntry| entry.key != key;
        let same = |(a, b): (&EnvEntry, &EnvEntry)| a.key == b.key && a.value == b.value;
        self.all_pieces_but(key).eq(other.all_pieces_but(key))
            && self.entries().filter(others).count() == other.entries().filter(others).count()
            && self
                .entries()
                .filter(others)
                .zip(other.entries().filter(others))
                .all(same)
    }

    /// The kind of every piece but this key's entries.
    fn all_pieces_but<'a>(&'a self, key: &'a str) -> impl Iterator<Item = u8> + 'a {
        self.pieces.iter().filter_map(move |piece| match piece {
            EnvPiece::Blank(_) => Some(0),
            EnvPiece::Comment(_) => Some(1),
            EnvPiece::Unreadable(_) => Some(2),
            EnvPiece::Entry(entry) => (entry.key != key).then_some(3),
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

    /// Takes the byte order mark away; whether there was one.
    pub(crate) fn remove_mark(&mut self) -> bool {
        let Some(rest) = self.bytes.strip_prefix(BOM) else {
            return false;
        };
        *self = Self::parse(rest);
        true
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

    /// Whether dotenvy reads each of these keys as we do: a second opinion, from a reader that stops at its first error.
    ///
    /// Its errors hold the offending line with the value, so nothing of them is passed on.
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
pub(crate) enum SetOutcome {
    /// The key had this value already.
    Unchanged,
    Changed,
    Added,
}

/// Whether every reader accepts a key.
pub(crate) fn is_portable_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
