//! Searches one text, whatever it is: the known secrets in every spelling, other credentials, and what lies in archives.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet, hash_map::RandomState},
    fs,
    hash::BuildHasher as _,
    io::{self, Read},
    ops::Range,
    path::Path,
};

use crate::{
    core::{proof::Unread, secret::Secret},
    domain::{
        credentials::{self, ANCHORS, NeedleHit, Needles, NeedlesError, Spelling, Weight},
        redact,
    },
    os::bounded,
    ports::repository::{
        archives::{self, UnreadPart},
        model::{Leak, LeakedSecret, Location},
        object::Edit,
    },
};

/// A secret found in a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TextMatch {
    pub(super) secret: MatchedSecret,
    pub(super) spelling: Spelling,
    /// The 1-based line.
    pub(super) line: u32,
    /// The member of an archive it stands in.
    pub(super) member: Option<String>,
}

/// What a search of one text has found, and what of it could not be read.
#[derive(Debug, Clone, Default)]
pub(super) struct SearchResult {
    pub(super) hits: Vec<TextMatch>,
    pub(super) unread: Vec<UnreadPart>,
}

impl SearchResult {
    pub(super) const fn is_empty(&self) -> bool {
        self.hits.is_empty() && self.unread.is_empty()
    }

    /// What was not read of a file, by the path that it is shown with.
    pub(super) fn unread_of(&self, path: &str) -> impl Iterator<Item = Unread> {
        self.unread.iter().map(move |part| {
            if part.member.is_empty() {
                Unread::file(path, &part.why, part.hint)
            } else {
                Unread::file(&format!("{path}!{}", part.member), &part.why, part.hint)
            }
        })
    }

    /// The same of an object whose path is not known.
    pub(super) fn unread_of_object(&self, id: &str) -> impl Iterator<Item = Unread> {
        let object = format!("object {}", id.get(..10).unwrap_or(id));
        self.unread.iter().map(move |part| Unread {
            what: if part.member.is_empty() {
                object.clone()
            } else {
                format!("{} in {object}", part.member)
            },
            why: part.why.clone(),
            hint: part.hint.to_owned(),
        })
    }
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

/// Files beyond this are read in pieces, in bytes.
const PIECE: usize = 64 << 20;

/// How much two pieces share, in bytes: no spelling of a secret is longer.
const OVERLAP: usize = 64 << 10;

/// The most places of one secret in one text that are worth a line each: the others are the same secret in the same file.
const MOST_PLACES: usize = 50;

/// The most other credentials of one file that get a line each. The last one tells how many more there are.
const MOST_OTHERS: usize = 50;

/// An archive in base64 that is shorter is an example of one, cut off, in bytes.
const SHORTEST_ARCHIVE: usize = 64;

/// The most other credentials that are kept of one text: a dump may have one in each line.
const OTHERS_LIMIT: usize = 10_000;

const TOO_MANY: &str = "it contains more than 10,000 credentials, and only those were checked";
const IN_PIECES: &str = "packed files larger than 64 MB aren't unpacked";
const LOOK: &str = "check it some other way, or remove it from the repository";

impl Searcher {
    /// Looks for these. The same salt makes the same numbers of other secrets.
    pub(super) fn new(live: &[(String, Secret)], salt: RandomState) -> Result<Self, NeedlesError> {
        let (names, secrets): (Vec<_>, Vec<_>) = live.iter().cloned().unzip();
        Ok(Self {
            needles: Needles::new(&secrets)?,
            gate: Needles::with_words(&secrets, &ANCHORS)?,
            names,
            secrets,
            salt,
        })
    }

    /// Whether nothing can be found in an object, which is quickly answered where its base was already searched.
    pub(super) fn is_clean(&self, bytes: &[u8], edits: Option<&[Edit]>) -> bool {
        !archives::is_archive(bytes)
            && utf16(bytes).is_none()
            && !is_match_in(&self.gate, bytes, edits)
    }

    /// Searches a text, and what is packed in it.
    pub(super) fn search(&self, bytes: &[u8], found: &mut SearchResult) {
        self.search_plain(bytes, None, found);
        if archives::is_archive(bytes) {
            let unread = archives::each(bytes, &mut |name, content| {
                let shown = self.shown_member(name);
                if self.gate.may_match(name.as_bytes()) {
                    self.search_text(name.as_bytes(), Some(&shown), found);
                }
                self.search_plain(content, Some(&shown), found);
            });
            found
                .unread
                .extend(unread.into_iter().map(|part| UnreadPart {
                    member: self.shown_member(&part.member),
                    ..part
                }));
        }
    }

    fn shown_member(&self, name: &str) -> String {
        if self.needles.is_match(name.as_bytes()) {
            "…".to_owned()
        } else {
            redact::name(name)
        }
    }

    fn search_plain(&self, bytes: &[u8], member: Option<&str>, found: &mut SearchResult) {
        if self.gate.may_match(bytes) {
            self.search_text(bytes, member, found);
        }
        if let Some(order) = utf16(bytes) {
            let text = from_utf16(bytes, order);
            if self.gate.may_match(&text) {
                self.search_text(&text, member, found);
            }
        }
    }

    /// Searches a name.
    pub(super) fn search_name(&self, name: &[u8]) -> Vec<TextMatch> {
        let mut found = SearchResult::default();
        if self.gate.may_match(name) {
            self.search_text(name, None, &mut found);
            if found.hits.is_empty() {
                self.search_text(&credentials::without_joints(name), None, &mut found);
            }
        }
        found.hits
    }

    /// Searches a file, or the target of a symbolic link. A file that is gone isn't an error.
    pub(super) fn search_file(&self, path: &Path, found: &mut SearchResult) -> io::Result<()> {
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

    /// Searches a text of any length, in pieces.
    pub(super) fn search_pieces(
        &self,
        mut text: impl Read,
        found: &mut SearchResult,
    ) -> io::Result<()> {
        let mut piece = Vec::new();
        let mut line = 0;
        let mut first = true;
        loop {
            let read = text
                .by_ref()
                .take((PIECE - piece.len()) as u64)
                .read_to_end(&mut piece)?;
            if first && piece.len() < PIECE {
                self.search(&piece, found);
                return Ok(());
            }
            if first && (archives::is_archive(&piece) || utf16(&piece).is_some()) {
                found.unread.push(UnreadPart {
                    member: String::new(),
                    why: IN_PIECES.to_owned(),
                    hint: LOOK,
                });
            }
            first = false;
            let mut here = SearchResult::default();
            self.search_plain(&piece, None, &mut here);
            for mut hit in here.hits {
                hit.line = hit.line.saturating_add(line);
                if found.has_room_for(&hit) {
                    found.hits.push(hit);
                }
            }
            found.unread.extend(here.unread);
            if read == 0 {
                return Ok(());
            }
            let keep = piece.len().saturating_sub(OVERLAP);
            let gone = piece.get(..keep).unwrap_or_default();
            let lines = u32::try_from(memchr::memchr_iter(b'\n', gone).count());
            line = line.saturating_add(lines.unwrap_or(u32::MAX));
            piece.drain(..keep);
        }
    }

    /// Makes leaks of what was found in a file: each secret once for each line. However many others there are, no live one is left out.
    pub(super) fn leaks(
        &self,
        mut found: Vec<TextMatch>,
        path: &str,
        location: Location,
        note: &'static str,
    ) -> Vec<Leak> {
        // what is worth most comes first, so that the limit takes the rest
        found.sort_by_key(|hit| match hit.secret {
            MatchedSecret::Live(_) => 0,
            MatchedSecret::Other(_, Weight::Real, _) => 1,
            MatchedSecret::Other(_, Weight::Development, _) => 2,
        });
        let mut leaks: Vec<Leak> = Vec::new();
        let mut others: HashMap<String, usize> = HashMap::new();
        let mut seen = HashSet::new();
        for hit in found {
            if !seen.insert(hit.clone()) {
                continue;
            }
            let path = match &hit.member {
                Some(member) if !member.is_empty() => format!("{path}!{member}"),
                _ => path.to_owned(),
            };
            let leak = self.leak(&hit, path.clone(), location, note);
            if !leak.is_live() {
                let count = others.entry(path).or_default();
                *count += 1;
                if *count > MOST_OTHERS {
                    let last = leaks
                        .iter_mut()
                        .rfind(|known| !known.is_live() && known.path == leak.path);
                    if let Some(last) = last {
                        last.more += 1;
                    }
                    continue;
                }
            }
            leaks.push(leak);
        }
        leaks
    }

    fn leak(&self, hit: &TextMatch, path: String, location: Location, note: &'static str) -> Leak {
        let (secret, weight, identity) = match hit.secret {
            MatchedSecret::Live(index) => {
                let label = self.names.get(index).cloned().unwrap_or_default();
                (LeakedSecret::Live(label), Weight::Real, 0)
            }
            MatchedSecret::Other(kind, weight, number) => {
                (LeakedSecret::Credential(kind), weight, number)
            }
        };
        Leak {
            secret,
            weight,
            identity,
            spelling: hit.spelling.label(),
            path: Some(path),
            line: Some(hit.line),
            location,
            note,
            object: None,
            commits: Vec::new(),
            more: 0,
        }
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
        let known = redact::name(shown);
        if shown.len() == path.len() {
            known
        } else {
            format!("{known}/…")
        }
    }

    fn search_text(&self, bytes: &[u8], member: Option<&str>, found: &mut SearchResult) {
        let hits = self.needles.find(bytes);
        let mut text = TextSearch {
            lines: LineCounter {
                bytes,
                at: 0,
                line: 1,
            },
            places: HashMap::new(),
            member,
            found,
        };
        for hit in &hits {
            text.push(MatchedSecret::Live(hit.secret), hit.spelling, hit.start);
        }
        // a zero ends a credential like the end of a line
        let plain = if memchr::memchr(0, bytes).is_some() {
            let mut copy = bytes.to_owned();
            copy.iter_mut()
                .filter(|byte| **byte == 0)
                .for_each(|byte| *byte = b'\n');
            Cow::Owned(copy)
        } else {
            Cow::Borrowed(bytes)
        };
        let mut others = 0;
        for credential in credentials::find(&plain) {
            if overlaps(&hits, &credential.range) {
                continue;
            }
            let secret = bytes.get(credential.secret.clone()).unwrap_or_default();
            let kind = (credential.kind, credential.weight);
            others += 1;
            self.push_other(
                &mut text,
                secret,
                kind,
                Spelling::Plain,
                credential.secret.start,
            );
            if others > OTHERS_LIMIT {
                text.found.unread.push(UnreadPart {
                    member: member.unwrap_or_default().to_owned(),
                    why: TOO_MANY.to_owned(),
                    hint: LOOK,
                });
                break;
            }
        }
        for encoded in credentials::find_in_base64(bytes) {
            let range = encoded.range;
            if overlaps(&hits, &range) {
                continue;
            }
            let kind = (encoded.kind, encoded.weight);
            self.push_other(
                &mut text,
                &encoded.secret,
                kind,
                Spelling::Base64,
                range.start,
            );
        }
        self.search_packed(bytes, &mut text);
    }

    /// Searches what is packed and then in base64.
    fn search_packed(&self, bytes: &[u8], text: &mut TextSearch<'_>) {
        let mut inner = Vec::new();
        let mut unread = Vec::new();
        credentials::each_packed(bytes, &mut |packed| {
            if !archives::is_archive(&packed.bytes) {
                return;
            }
            let spelling = if packed.bytes.starts_with(&[0x1f, 0x8b]) {
                Spelling::Base64Gzip
            } else {
                Spelling::Base64Archive
            };
            let parts = archives::each(&packed.bytes, &mut |name, content| {
                let mut here = SearchResult::default();
                self.search_plain(name.as_bytes(), None, &mut here);
                self.search_plain(content, None, &mut here);
                let hits = here.hits.into_iter();
                inner.extend(hits.map(|hit| (hit.secret, spelling, packed.start)));
                unread.extend(here.unread);
            });
            // a few bytes are an example of one
            if packed.bytes.len() >= SHORTEST_ARCHIVE {
                unread.extend(parts);
            }
        });
        for (secret, spelling, start) in inner {
            text.push(secret, spelling, start);
        }
        let member = text.member.unwrap_or_default();
        let unread = unread.into_iter().map(|part| UnreadPart {
            member: member.to_owned(),
            why: format!("a base64 archive inside it can't be read: {}", part.why),
            ..part
        });
        text.found.unread.extend(unread);
    }

    /// A live secret of a few characters isn't a needle, but is recognized where it stands.
    fn push_other(
        &self,
        text: &mut TextSearch<'_>,
        secret: &[u8],
        (kind, weight): (credentials::CredentialKind, Weight),
        spelling: Spelling,
        start: usize,
    ) {
        let live = self
            .secrets
            .iter()
            .position(|known| known.expose().as_bytes() == secret);
        let secret = live.map_or_else(
            || MatchedSecret::Other(kind, weight, self.salt.hash_one(secret)),
            MatchedSecret::Live,
        );
        text.push(secret, spelling, start);
    }
}

/// The search of one text, which gathers what it finds.
struct TextSearch<'a> {
    lines: LineCounter<'a>,
    /// How many places each secret has.
    places: HashMap<MatchedSecret, usize>,
    member: Option<&'a str>,
    found: &'a mut SearchResult,
}

impl TextSearch<'_> {
    fn push(&mut self, secret: MatchedSecret, spelling: Spelling, start: usize) {
        let places = self.places.entry(secret).or_default();
        *places += 1;
        if *places <= MOST_PLACES {
            self.found.hits.push(TextMatch {
                secret,
                spelling,
                line: self.lines.line_of(start),
                member: self.member.map(str::to_owned),
            });
        }
    }
}

impl SearchResult {
    /// Whether a hit of a later piece is a new one, and worth a line.
    fn has_room_for(&self, hit: &TextMatch) -> bool {
        let mut places = 0;
        for known in self.hits.iter().filter(|known| known.secret == hit.secret) {
            if known == hit {
                return false;
            }
            places += 1;
        }
        places < MOST_PLACES
    }
}

/// Whether one of the hits, which are in order, shares a byte with a range. No hit covers more than a few others.
fn overlaps(hits: &[NeedleHit], range: &Range<usize>) -> bool {
    let before = hits.partition_point(|hit| hit.start < range.end);
    let near = hits.get(before.saturating_sub(NEAR)..before);
    near.is_some_and(|near| near.iter().any(|hit| range.start < hit.end))
}

/// How many hits may end behind the start of a later one.
const NEAR: usize = 64;

/// Whether a needle may stand in a text; where edits are given, only what touches one of them counts.
fn is_match_in(needles: &Needles, bytes: &[u8], edits: Option<&[Edit]>) -> bool {
    let Some(edits) = edits else {
        return needles.may_match(bytes);
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
                .is_some_and(|window| needles.may_match(window))
        })
}

/// The order of the two bytes of a UTF-16 unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ByteOrder {
    Little,
    Big,
}

/// How much of a text without a mark tells whether it is UTF-16, in bytes.
const UTF16_HEAD: usize = 32;

/// Whether a text is UTF-16: by its mark, or by beginning with ASCII in every other byte.
fn utf16(bytes: &[u8]) -> Option<ByteOrder> {
    if bytes.starts_with(&[0xff, 0xfe]) {
        return Some(ByteOrder::Little);
    }
    if bytes.starts_with(&[0xfe, 0xff]) {
        return Some(ByteOrder::Big);
    }
    let ascii = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let order = match bytes.first_chunk::<2>()? {
        [0, second] if ascii(second) => ByteOrder::Big,
        [first, 0] if ascii(first) => ByteOrder::Little,
        _ => return None,
    };
    let head = bytes.get(..bytes.len().min(UTF16_HEAD))?;
    let pairs = head.chunks_exact(2);
    let fits = pairs.map(|pair| (pair, order)).all(|fits| match fits {
        ([first, 0], ByteOrder::Little) => ascii(first),
        ([0, second], ByteOrder::Big) => ascii(second),
        _ => false,
    });
    fits.then_some(order)
}

fn from_utf16(bytes: &[u8], order: ByteOrder) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| match (pair, order) {
        ([a, b], ByteOrder::Little) => u16::from_le_bytes([*a, *b]),
        ([a, b], ByteOrder::Big) => u16::from_be_bytes([*a, *b]),
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
