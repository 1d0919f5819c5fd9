//! Compares what surrounds a seed with the forms that it may belong to.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;

use crate::domain::credentials::{
    encoded::LOOSE,
    forms::SecretForm,
    seeds::Seeds,
    spelling::{NeedleHit, Spelling},
};

/// How far around a seed is looked, in bytes, beside twice the form's own length: the numbers and texts at the edges of a hexdump.
const SURROUNDINGS: usize = 256;
/// How far around a seed base64 is decoded, in bytes.
const DECODED: usize = 2048;
/// How many encodings may lie in one another behind a seed of base64.
const DEPTH: usize = 3;
/// How often escapes may be escaped.
const ROUNDS: usize = 3;
/// The most bytes in one line of a hexdump.
const DUMP_LINE: usize = 32;

/// Every form of some secrets, and the search for them.
#[derive(Clone, Default)]
pub(super) struct BrokenForms {
    seeds: Seeds,
    /// The forms of each seed.
    of_seed: Vec<Vec<usize>>,
    forms: Vec<KnownForm>,
}

/// A form, by the secret that it is of.
#[derive(Clone)]
struct KnownForm {
    secret: usize,
    skeleton: Vec<u8>,
    spelling: Spelling,
    length: usize,
    any_case: bool,
}

/// A character, and where it stands.
type Placed = (u8, usize);

impl BrokenForms {
    /// Takes the forms, each with the index of its secret.
    pub(super) fn new(all: Vec<(usize, SecretForm)>) -> Self {
        let mut by_word: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        let mut forms = Vec::new();
        for (secret, form) in all {
            for seed in form.seeds {
                by_word.entry(seed).or_default().push(forms.len());
            }
            let mut skeleton = form.skeleton;
            if form.any_case {
                skeleton.make_ascii_lowercase();
            }
            forms.push(KnownForm {
                secret,
                skeleton,
                spelling: form.spelling,
                length: form.length,
                any_case: form.any_case,
            });
        }
        let seeds = Seeds::new(by_word.keys().cloned());
        let of_seed = (0..seeds.len())
            .map(|number| by_word.get(seeds.word(number)).cloned().unwrap_or_default())
            .collect();
        Self {
            seeds,
            of_seed,
            forms,
        }
    }

    /// Whether a seed stands in the text.
    pub(super) fn may_match(&self, text: &[u8]) -> bool {
        !self.seeds.each(text, &mut |_, _| false)
    }

    /// The length of the longest seed.
    pub(super) const fn longest(&self) -> usize {
        self.seeds.longest()
    }

    /// Adds the secrets in a text that are not among the hits yet, and keeps them in order.
    pub(super) fn find(&self, text: &[u8], hits: &mut Vec<NeedleHit>) {
        self.search(text, DEPTH, hits);
    }

    fn search(&self, text: &[u8], depth: usize, hits: &mut Vec<NeedleHit>) {
        // how far the hits of each secret reach, by where they begin
        let mut known: HashMap<usize, BTreeMap<usize, usize>> = HashMap::new();
        for hit in hits.iter() {
            let end = known
                .entry(hit.secret)
                .or_default()
                .entry(hit.start)
                .or_default();
            *end = hit.end.max(*end);
        }
        let before = hits.len();
        self.seeds.each(text, &mut |number, start| {
            for index in self.of_seed.get(number).into_iter().flatten() {
                let Some(form) = self.forms.get(*index) else {
                    continue;
                };
                let of_secret = known.entry(form.secret).or_default();
                let last = of_secret.range(..=start).next_back();
                if last.is_some_and(|(_, end)| *end > start) {
                    continue;
                }
                let length = self.seeds.word(number).len();
                if let Some(hit) = self.compare(text, start, length, form, depth) {
                    of_secret.insert(hit.start, hit.end.max(start + length));
                    hits.push(hit);
                }
            }
            true
        });
        if hits.len() > before {
            hits.sort();
            hits.sort_by_key(|hit| (hit.start, hit.end));
        }
    }

    /// Compares a form with what surrounds a seed of it.
    fn compare(
        &self,
        text: &[u8],
        seed: usize,
        length: usize,
        form: &KnownForm,
        depth: usize,
    ) -> Option<NeedleHit> {
        let reach = 2 * form.length + SURROUNDINGS;
        let near = placed(text, seed.saturating_sub(reach), seed + length + reach);
        let hit = |(start, end), spelling| NeedleHit {
            secret: form.secret,
            spelling,
            start,
            end,
        };
        if let Some((start, end)) = form.find_in(&near) {
            // with nothing between its characters, it is the whole random part
            let whole = form.spelling == Spelling::Broken && end - start == form.skeleton.len();
            let spelling = if whole { Spelling::Tail } else { form.spelling };
            return Some(hit((start, end), spelling));
        }
        let joined = without_breaks(&near);
        if let Some(range) = form.find_in(&joined) {
            return Some(hit(range, form.spelling));
        }
        match form.spelling {
            Spelling::Broken => {
                let mut plain = near.clone();
                for _ in 0..ROUNDS {
                    plain = unescape(&plain, false);
                    if let Some(range) = form.find_in(&plain) {
                        return Some(hit(range, Spelling::Escaped));
                    }
                }
                // quoted-printable looks like an assignment
                if let Some(range) = form.find_in(&unescape(&near, true)) {
                    return Some(hit(range, Spelling::Escaped));
                }
                let range = [without_markup, without_comments, without_offsets]
                    .iter()
                    .find_map(|without| form.find_in(&without(&near)))?;
                Some(hit(range, form.spelling))
            }
            Spelling::Numbers => {
                let range = form.find_in(&without_offsets(&near))?;
                Some(hit(range, form.spelling))
            }
            Spelling::Hex => {
                let range = form.find_in(&without_margins(&near))?;
                Some(hit(range, Spelling::Hex))
            }
            Spelling::Base64 | Spelling::Base64Twice | Spelling::Base64Utf16 if depth > 0 => {
                let near = placed(text, seed.saturating_sub(DECODED), seed + length + DECODED);
                [near.clone(), without_breaks(&near)]
                    .iter()
                    .any(|near| self.is_decoded(near, seed, form.secret, depth - 1))
                    .then(|| hit((seed, seed + length), form.spelling))
            }
            Spelling::Plain
            | Spelling::Percent
            | Spelling::Escaped
            | Spelling::Base64
            | Spelling::Utf16
            | Spelling::Tail
            | Spelling::Base32
            | Spelling::Base64Twice
            | Spelling::Base64Utf16
            | Spelling::Base64Gzip
            | Spelling::Base64Archive => None,
        }
    }

    /// Whether base64 that has a seed holds the secret once it is decoded.
    fn is_decoded(&self, near: &[Placed], seed: usize, secret: usize, depth: usize) -> bool {
        let digits: Vec<Placed> = near
            .iter()
            .filter(|(byte, _)| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte))
            .map(|(byte, at)| match byte {
                b'-' => (b'+', *at),
                b'_' => (b'/', *at),
                byte => (*byte, *at),
            })
            .collect();
        let Some(middle) = digits.iter().position(|(_, at)| *at == seed) else {
            return false;
        };
        (0..4).any(|phase| {
            // a whole number of groups before the seed
            let start = middle % 4 + phase;
            let digits: Vec<u8> = digits.iter().skip(start).map(|(byte, _)| *byte).collect();
            // one digit alone isn't a byte
            let end = digits.len() - usize::from(digits.len() % 4 == 1);
            let decoded = LOOSE.decode(digits.get(..end).unwrap_or_default());
            decoded.is_ok_and(|decoded| {
                let mut hits = Vec::new();
                self.search(&decoded, depth, &mut hits);
                hits.iter().any(|hit| hit.secret == secret)
            })
        })
    }
}

impl KnownForm {
    /// Where its letters and digits stand one behind the other, whatever is between them.
    fn find_in(&self, text: &[Placed]) -> Option<(usize, usize)> {
        let (letters, places): (Vec<u8>, Vec<usize>) = text
            .iter()
            .filter(|(byte, _)| byte.is_ascii_alphanumeric())
            .map(|(byte, at)| {
                let byte = if self.any_case {
                    byte.to_ascii_lowercase()
                } else {
                    *byte
                };
                (byte, *at)
            })
            .unzip();
        let first = memchr::memmem::find(&letters, &self.skeleton)?;
        let last = (first + self.skeleton.len()).checked_sub(1)?;
        Some((*places.get(first)?, places.get(last)? + 1))
    }
}

/// A part of a text, with its places.
fn placed(text: &[u8], start: usize, end: usize) -> Vec<Placed> {
    let part = text.get(start..end.min(text.len())).unwrap_or_default();
    part.iter()
        .enumerate()
        .map(|(at, byte)| (*byte, start + at))
        .collect()
}

fn at(text: &[Placed], index: usize) -> Option<u8> {
    text.get(index).map(|(byte, _)| *byte)
}

/// Without the `\n`, `\r` and `\t` that stand for the end of a line and the indentation of the next.
fn without_breaks(text: &[Placed]) -> Vec<Placed> {
    let mut out = Vec::with_capacity(text.len());
    let mut index = 0;
    while let Some((byte, place)) = text.get(index) {
        if *byte == b'\\' && matches!(at(text, index + 1), Some(b'n' | b'r' | b't')) {
            index += 2;
            continue;
        }
        out.push((*byte, *place));
        index += 1;
    }
    out
}

/// Without tags of HTML and XML, and without the colours of a terminal.
fn without_markup(text: &[Placed]) -> Vec<Placed> {
    let mut out = Vec::with_capacity(text.len());
    let mut index = 0;
    while let Some((byte, place)) = text.get(index) {
        let rest = text.get(index + 1..).unwrap_or_default();
        let length = match (byte, at(rest, 0)) {
            (b'<', Some(b'/' | b'!' | b'a'..=b'z' | b'A'..=b'Z')) => {
                // a sign that is no tag's is closed by none
                let end = rest
                    .iter()
                    .position(|(byte, _)| matches!(byte, b'<' | b'>'));
                end.filter(|end| at(rest, *end) == Some(b'>'))
            }
            (0x1b, Some(b'[')) => rest.iter().position(|(byte, _)| byte.is_ascii_alphabetic()),
            _ => None,
        };
        if let Some(length) = length {
            index += length + 2;
        } else {
            out.push((*byte, *place));
            index += 1;
        }
    }
    out
}

/// Without the comments of most languages, and without a text's lines of its own that are comments.
fn without_comments(text: &[Placed]) -> Vec<Placed> {
    let mut out = Vec::with_capacity(text.len());
    let mut index = 0;
    while let Some((byte, place)) = text.get(index) {
        let rest = text.get(index + 1..).unwrap_or_default();
        let end_of_line = || rest.iter().position(|(byte, _)| *byte == b'\n');
        // the slashes of an address are none
        let apart = index
            .checked_sub(1)
            .and_then(|before| at(text, before))
            .is_none_or(|before| before.is_ascii_whitespace());
        let length = match (byte, at(rest, 0)) {
            (b'#', _) | (b'/', Some(b'/')) | (b'-', Some(b'-')) if apart => end_of_line(),
            (b'/', Some(b'*')) => rest
                .windows(2)
                .skip(1)
                .position(|pair| matches!(pair, [(b'*', _), (b'/', _)]))
                .map(|length| length + 2),
            _ => None,
        };
        if let Some(length) = length {
            index += length + 1;
        } else {
            out.push((*byte, *place));
            index += 1;
        }
    }
    out
}

/// Without the number that `od` puts in front of each line.
fn without_offsets(text: &[Placed]) -> Vec<Placed> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split(|(byte, _)| *byte == b'\n') {
        let digits = line
            .iter()
            .take_while(|(byte, _)| byte.is_ascii_digit())
            .count();
        let start = if digits >= 7 { digits } else { 0 };
        out.extend_from_slice(line.get(start..).unwrap_or_default());
        out.push((b'\n', 0));
    }
    out
}

/// Without what stands before and behind the bytes in each line of a hexdump.
fn without_margins(text: &[Placed]) -> Vec<Placed> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split(|(byte, _)| *byte == b'\n') {
        let mut words: Vec<&[Placed]> = line
            .split(|(byte, _)| byte.is_ascii_whitespace())
            .filter(|word| !word.is_empty())
            .collect();
        // the offset is longer than the bytes, or has a colon behind it
        if let [first, second, ..] = words.as_slice()
            && (first.len() > second.len() || first.last().is_some_and(|(byte, _)| *byte == b':'))
        {
            words.remove(0);
        }
        let mut taken = 0;
        for word in words {
            let digits = word.iter().all(|(byte, _)| byte.is_ascii_hexdigit());
            taken += word.len() / 2;
            if !digits || !word.len().is_multiple_of(2) || taken > DUMP_LINE {
                break;
            }
            out.extend_from_slice(word);
            // `xxd` and `hexdump -C` have sixteen, and then the text
            if taken == 16 {
                break;
            }
        }
        out.push((b'\n', 0));
    }
    out
}

/// Resolves the escapes of JSON, JavaScript, C, URLs, HTML and XML; those of quoted-printable only where they are meant.
fn unescape(text: &[Placed], quoted_printable: bool) -> Vec<Placed> {
    let mut out = Vec::with_capacity(text.len());
    let mut index = 0;
    while let Some((byte, place)) = text.get(index) {
        let rest = text.get(index + 1..).unwrap_or_default();
        let (resolved, length) = match byte {
            b'\\' => backslash(rest),
            b'%' if at(rest, 0) == Some(b'%') => (Some(b'%'), 1),
            b'%' => number(rest, 2, 2, 16).map_or((Some(b'%'), 0), |(byte, n)| (Some(byte), n)),
            b'&' => entity(rest).map_or((Some(b'&'), 0), |(byte, n)| (Some(byte), n)),
            b'=' if quoted_printable => {
                number(rest, 2, 2, 16).map_or((Some(b'='), 0), |(byte, n)| (Some(byte), n))
            }
            byte => (Some(*byte), 0),
        };
        out.extend(resolved.map(|byte| (byte, *place)));
        index += 1 + length;
    }
    out
}

/// What a backslash and what is behind it stand for, and how many characters that are.
fn backslash(rest: &[Placed]) -> (Option<u8>, usize) {
    let tail = rest.get(1..).unwrap_or_default();
    let braced = |tail: &[Placed]| {
        let inner = tail.get(1..).filter(|_| at(tail, 0) == Some(b'{'))?;
        let (byte, length) = number(inner, 1, 6, 16)?;
        (at(inner, length) == Some(b'}')).then_some((byte, length + 2))
    };
    let coded = match at(rest, 0) {
        Some(b'u') => braced(tail).or_else(|| number(tail, 4, 4, 16)),
        Some(b'U') => number(tail, 8, 8, 16),
        Some(b'x') => braced(tail).or_else(|| number(tail, 2, 2, 16)),
        Some(b'0'..=b'7') => number(rest, 1, 3, 8).map(|(byte, length)| (byte, length - 1)),
        Some(b'n' | b'r' | b't' | b'b' | b'f' | b'v' | b'a') => return (None, 1),
        _ => None,
    };
    // any other character stands for itself
    coded.map_or((None, 0), |(byte, length)| (Some(byte), length + 1))
}

/// What an entity of HTML stands for behind its `&`. Those with names are none of letters and digits.
fn entity(rest: &[Placed]) -> Option<(u8, usize)> {
    let (byte, length) = match (at(rest, 0), at(rest, 1)) {
        (Some(b'#'), Some(b'x' | b'X')) => {
            let (byte, length) = number(rest.get(2..)?, 1, 6, 16)?;
            (byte, length + 2)
        }
        (Some(b'#'), _) => {
            let (byte, length) = number(rest.get(1..)?, 1, 7, 10)?;
            (byte, length + 1)
        }
        _ => {
            let length = rest
                .iter()
                .take(10)
                .take_while(|(byte, _)| byte.is_ascii_alphabetic())
                .count();
            (b'&', length)
        }
    };
    (length > 1 && at(rest, length) == Some(b';')).then_some((byte, length + 1))
}

/// A number of so many digits; one that isn't a byte stands for a sign.
fn number(text: &[Placed], least: usize, most: usize, radix: u32) -> Option<(u8, usize)> {
    let mut value = 0_u32;
    let mut length = 0;
    while length < most
        && let Some(digit) = at(text, length).and_then(|byte| char::from(byte).to_digit(radix))
    {
        value = value.saturating_mul(radix).saturating_add(digit);
        length += 1;
    }
    (length >= least).then(|| (u8::try_from(value).unwrap_or(b'?'), length))
}
