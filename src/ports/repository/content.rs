//! Searches one text, whatever it is: the known secrets in every spelling, other credentials, and what lies in archives.

use std::{collections::hash_map::RandomState, hash::BuildHasher as _, ops::Range};

use crate::ports::repository::{members, pack::Edit};
use crate::{
    core::secret::Secret,
    domain::credentials::{self, ANCHORS, Kind, Needles, Spelling, Weight},
};

/// What was found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// What it is.
    pub(super) what: What,
    /// How it is written.
    pub(super) spelling: Spelling,
    /// The 1-based line.
    pub(super) line: u32,
    /// The member of an archive it stands in.
    pub(super) member: Option<String>,
}

/// A secret, without the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum What {
    /// A live one, by its index.
    Live(usize),
    /// Another one: what kind, what it is worth, and a salted number that is the same for the same secret.
    Other(Kind, Weight, u64),
}

/// Looks for live secrets and other credentials.
pub(super) struct Searcher {
    /// The secrets alone.
    needles: Needles,
    /// The secrets and the words that every credential holds: one pass over texts that hold neither.
    gate: Needles,
    names: Vec<String>,
    secrets: Vec<Secret>,
    salt: RandomState,
}

/// The largest text in which unknown credentials are looked for: larger ones are data, and searched for known secrets only.
const LARGEST_TEXT: usize = 8 << 20;

impl Searcher {
    pub(super) fn new(live: &[(String, Secret)]) -> Result<Self, credentials::NeedlesError> {
        let secrets: Vec<_> = live.iter().map(|(_, secret)| secret.clone()).collect();
        Ok(Self {
            needles: Needles::new(&secrets)?,
            gate: Needles::with_words(&secrets, &ANCHORS)?,
            names: live.iter().map(|(name, _)| name.clone()).collect(),
            secrets,
            salt: RandomState::new(),
        })
    }

    /// The automaton of the live secrets alone.
    pub(super) const fn needles(&self) -> &Needles {
        &self.needles
    }

    /// The name of what was found.
    pub(super) fn name(&self, what: What) -> String {
        match what {
            What::Live(index) => self.names.get(index).cloned().unwrap_or_default(),
            What::Other(kind, _, _) => kind.words().to_owned(),
        }
    }

    /// Whether nothing can be found in an object, which is quickly answered where its base was already searched.
    pub(super) fn is_clean(&self, bytes: &[u8], edits: Option<&[Edit]>) -> bool {
        !members::is_archive(bytes)
            && !bytes.starts_with(&[0xff, 0xfe])
            && !bytes.starts_with(&[0xfe, 0xff])
            && !is_match_in(&self.gate, bytes, edits)
    }

    /// Searches a text. Says whether it could look everywhere in it.
    pub(super) fn search(&self, bytes: &[u8], found: &mut Vec<Found>) -> bool {
        if self.gate.is_match(bytes) {
            self.look(bytes, None, found);
        } else if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            let text = from_utf16(bytes);
            if self.gate.is_match(&text) {
                self.look(&text, None, found);
            }
        }
        if !members::is_archive(bytes) {
            return true;
        }
        members::each(bytes, &mut |name, content| {
            if self.needles.is_match(name.as_bytes()) || self.gate.is_match(content) {
                // a name may be a secret itself
                let shown = if self.needles.is_match(name.as_bytes()) {
                    "…"
                } else {
                    name
                };
                self.look(name.as_bytes(), Some(shown), found);
                self.look(content, Some(shown), found);
            }
        })
    }

    fn look(&self, bytes: &[u8], member: Option<&str>, found: &mut Vec<Found>) {
        let mut lines = Lines {
            bytes,
            at: 0,
            line: 1,
        };
        let mut push = |what, spelling, start| {
            found.push(Found {
                what,
                spelling,
                line: lines.of(start),
                member: member.map(str::to_owned),
            });
        };
        let hits = self.needles.find(bytes);
        for hit in &hits {
            push(What::Live(hit.secret), hit.spelling, hit.start);
        }
        if bytes.len() > LARGEST_TEXT || memchr::memchr(0, bytes).is_some() {
            return;
        }
        for credential in credentials::find(bytes) {
            let overlaps = |range: &Range<usize>| {
                hits.iter()
                    .any(|hit| hit.start < range.end && range.start < hit.end)
            };
            if overlaps(&credential.range) {
                continue;
            }
            let text = bytes.get(credential.secret.clone()).unwrap_or_default();
            // a live secret of a few characters is no needle, but is recognised where it stands
            if let Some(index) = self
                .secrets
                .iter()
                .position(|secret| secret.expose().as_bytes() == text)
            {
                push(What::Live(index), Spelling::Plain, credential.secret.start);
                continue;
            }
            let number = self.salt.hash_one(text);
            push(
                What::Other(credential.kind, credential.weight, number),
                Spelling::Plain,
                credential.secret.start,
            );
        }
    }
}

/// Whether anything of it stands in a text; where edits are given, only what touches one of them counts.
pub(super) fn is_match_in(needles: &Needles, bytes: &[u8], edits: Option<&[Edit]>) -> bool {
    let Some(edits) = edits else {
        return needles.is_match(bytes);
    };
    let reach = needles.longest().saturating_sub(1);
    let around = |edit: &Edit| {
        (
            edit.0.saturating_sub(reach),
            bytes.len().min(edit.1.saturating_add(reach)),
        )
    };
    let mut edits = edits.iter().map(around);
    let Some(mut window) = edits.next() else {
        return false;
    };
    for next in edits {
        if next.0 <= window.1 {
            window.1 = next.1.max(window.1);
        } else {
            if bytes
                .get(window.0..window.1)
                .is_some_and(|part| needles.is_match(part))
            {
                return true;
            }
            window = next;
        }
    }
    bytes
        .get(window.0..window.1)
        .is_some_and(|part| needles.is_match(part))
}

fn from_utf16(bytes: &[u8]) -> Vec<u8> {
    let little = bytes.starts_with(&[0xff, 0xfe]);
    let units = bytes
        .get(2..)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|pair| match pair {
            [a, b] if little => u16::from_le_bytes([*a, *b]),
            [a, b] => u16::from_be_bytes([*a, *b]),
            _ => 0,
        });
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect::<String>()
        .into_bytes()
}

/// Counts lines without counting twice, as long as it is asked in order.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn of(&mut self, position: usize) -> u32 {
        if position < self.at {
            (self.at, self.line) = (0, 1);
        }
        let count = self
            .bytes
            .get(self.at..position)
            .map_or(0, |between| memchr::memchr_iter(b'\n', between).count());
        self.line = self
            .line
            .saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        self.at = position;
        self.line
    }
}
