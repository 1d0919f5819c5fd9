//! Searches one text, whatever it is: the known secrets in every spelling, other credentials, and what lies in archives.

use std::{
    collections::hash_map::RandomState,
    fs::{self, File},
    hash::BuildHasher as _,
    io::{self, Read as _},
    ops::Range,
    path::Path,
};

use crate::{
    core::secret::Secret,
    domain::credentials::{self, ANCHORS, Needles, NeedlesError, Spelling, Weight},
    os::bounded,
    ports::repository::{
        archives,
        model::{Leak, LeakedSecret, Location},
        object::Edit,
    },
};

/// A secret found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextMatch {
    pub(super) secret: MatchedSecret,
    pub(super) spelling: Spelling,
    /// The 1-based line.
    pub(super) line: u32,
    /// The member of an archive it stands in.
    pub(super) member: Option<String>,
}

/// A secret, without the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum MatchedSecret {
    /// A live one, by its index.
    Live(usize),
    /// Another one: what kind, how much it is worth, and a salted number that is the same for the same secret.
    Other(credentials::CredentialKind, Weight, u64),
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

/// Files beyond this are read in pieces.
const PIECE: usize = 64 << 20;

/// How much two pieces share: no spelling of a secret is longer.
const OVERLAP: usize = 64 << 10;

/// The most leaks of one file that are worth a line each.
const MOST: usize = 50;

impl Searcher {
    pub(super) fn new(live: &[(String, Secret)]) -> Result<Self, NeedlesError> {
        let (names, secrets): (Vec<_>, Vec<_>) = live.iter().cloned().unzip();
        Ok(Self {
            needles: Needles::new(&secrets)?,
            gate: Needles::with_words(&secrets, &ANCHORS)?,
            names,
            secrets,
            salt: RandomState::new(),
        })
    }

    /// Whether nothing can be found in an object, which is quickly answered where its base was already searched.
    pub(super) fn is_clean(&self, bytes: &[u8], edits: Option<&[Edit]>) -> bool {
        !archives::is_archive(bytes) && !is_utf16(bytes) && !is_match_in(&self.gate, bytes, edits)
    }

    /// Searches a text. Whether it could look everywhere in it.
    pub(super) fn search(&self, bytes: &[u8], found: &mut Vec<TextMatch>) -> bool {
        if self.gate.is_match(bytes) {
            self.search_text(bytes, None, found);
        } else if is_utf16(bytes) {
            let text = from_utf16(bytes);
            if self.gate.is_match(&text) {
                self.search_text(&text, None, found);
            }
        }
        if !archives::is_archive(bytes) {
            return true;
        }
        archives::each(bytes, &mut |name, content| {
            let secret_name = self.needles.is_match(name.as_bytes());
            if secret_name || self.gate.is_match(content) {
                let shown = if secret_name { "…" } else { name };
                self.search_text(name.as_bytes(), Some(shown), found);
                self.search_text(content, Some(shown), found);
            }
        })
    }

    /// Searches a name for live secrets.
    pub(super) fn search_name(&self, name: &[u8]) -> Vec<TextMatch> {
        let matches = self.needles.find(name).into_iter().map(|hit| TextMatch {
            secret: MatchedSecret::Live(hit.secret),
            spelling: hit.spelling,
            line: 1,
            member: None,
        });
        matches.collect()
    }

    /// Searches a file, or the target of a symbolic link. A file that is gone is no error.
    pub(super) fn search_file(&self, path: &Path, found: &mut Vec<TextMatch>) -> io::Result<()> {
        let stat = match fs::symlink_metadata(path) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(());
            }
            stat => stat?,
        };
        if stat.is_symlink() {
            let target = fs::read_link(path)?;
            self.search(target.as_os_str().as_encoded_bytes(), found);
        } else if stat.is_file() && stat.len() <= PIECE as u64 {
            self.search(&bounded::read(path, PIECE as u64)?, found);
        } else if stat.is_file() {
            self.search_pieces(bounded::open(path)?, found)?;
        }
        Ok(())
    }

    fn search_pieces(&self, mut file: File, found: &mut Vec<TextMatch>) -> io::Result<()> {
        let mut piece = Vec::new();
        let mut line = 0;
        loop {
            let read = file
                .by_ref()
                .take((PIECE - piece.len()) as u64)
                .read_to_end(&mut piece)?;
            let mut here = Vec::new();
            self.search(&piece, &mut here);
            for mut hit in here {
                hit.line += line;
                if !found.contains(&hit) {
                    found.push(hit);
                }
            }
            if read == 0 {
                return Ok(());
            }
            let keep = piece.len().saturating_sub(OVERLAP);
            let gone = piece.get(..keep).unwrap_or_default();
            line += u32::try_from(memchr::memchr_iter(b'\n', gone).count()).unwrap_or(u32::MAX);
            piece.drain(..keep);
            if piece.len() <= OVERLAP && file.by_ref().take(1).read(&mut [0])? == 0 {
                return Ok(());
            }
        }
    }

    /// Makes leaks of what was found in a file: each secret once for each line.
    pub(super) fn leaks(
        &self,
        found: Vec<TextMatch>,
        path: &str,
        location: Location,
        note: &'static str,
    ) -> Vec<Leak> {
        let mut leaks: Vec<Leak> = Vec::new();
        for hit in found {
            let path = match hit.member {
                Some(member) if !member.is_empty() => format!("{path}!{member}"),
                _ => path.to_owned(),
            };
            let (secret, weight) = match hit.secret {
                MatchedSecret::Live(index) => {
                    let label = self.names.get(index).cloned().unwrap_or_default();
                    (LeakedSecret::Live(label), Weight::Real)
                }
                MatchedSecret::Other(kind, weight, _) => (LeakedSecret::Credential(kind), weight),
            };
            let leak = Leak {
                secret,
                weight,
                spelling: hit.spelling.label(),
                path: Some(path),
                line: Some(hit.line),
                location,
                note,
                object: None,
                commits: Vec::new(),
                more: 0,
            };
            if !leaks.contains(&leak) && leaks.len() < MOST {
                leaks.push(leak);
            }
        }
        leaks
    }

    /// A path that may be shown: without the parts that hold a secret.
    pub(super) fn redact_path(&self, path: &str) -> String {
        let mut shown = path;
        while self.needles.is_match(shown.as_bytes()) {
            match shown.rsplit_once('/') {
                Some((parent, _)) => shown = parent,
                None => return "…".to_owned(),
            }
        }
        if shown.len() == path.len() {
            shown.to_owned()
        } else {
            format!("{shown}/…")
        }
    }

    fn search_text(&self, bytes: &[u8], member: Option<&str>, found: &mut Vec<TextMatch>) {
        let mut lines = LineCounter {
            bytes,
            at: 0,
            line: 1,
        };
        let mut push = |secret, spelling, start| {
            found.push(TextMatch {
                secret,
                spelling,
                line: lines.line_of(start),
                member: member.map(str::to_owned),
            });
        };
        let hits = self.needles.find(bytes);
        for hit in &hits {
            push(MatchedSecret::Live(hit.secret), hit.spelling, hit.start);
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
            // a live secret of a few characters is no needle, but is recognized where it stands
            if let Some(index) = self
                .secrets
                .iter()
                .position(|secret| secret.expose().as_bytes() == text)
            {
                push(
                    MatchedSecret::Live(index),
                    Spelling::Plain,
                    credential.secret.start,
                );
                continue;
            }
            let number = self.salt.hash_one(text);
            push(
                MatchedSecret::Other(credential.kind, credential.weight, number),
                Spelling::Plain,
                credential.secret.start,
            );
        }
    }
}

/// Whether a needle stands in a text; where edits are given, only what touches one of them counts.
pub(super) fn is_match_in(needles: &Needles, bytes: &[u8], edits: Option<&[Edit]>) -> bool {
    let Some(edits) = edits else {
        return needles.is_match(bytes);
    };
    let reach = needles.longest().saturating_sub(1);
    edits
        .chunk_by(|one, next| next.0 <= one.1.saturating_add(2 * reach))
        .any(|near| {
            let (Some((start, _)), Some((_, end))) = (near.first(), near.last()) else {
                return false;
            };
            bytes
                .get(start.saturating_sub(reach)..bytes.len().min(end.saturating_add(reach)))
                .is_some_and(|window| needles.is_match(window))
        })
}

fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
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
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl LineCounter<'_> {
    fn line_of(&mut self, position: usize) -> u32 {
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
