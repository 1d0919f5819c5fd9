//! Finds credentials in base64, as Kubernetes, cloud-init and CI files keep them.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;
use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD_NO_PAD,
    },
};

use crate::domain::credentials::{
    find::{CredentialKind, find},
    judge::Weight,
};

/// How `postgres`, `napi_` and `npg_` read in base64, and how many characters before them the first byte begins. The last one is
/// taken only where a text begins with it: the rest of it is too short to be looked for.
const WORDS: [(&str, usize); 7] = [
    ("cG9zdGdyZX", 0),
    ("Bvc3RncmVz", 2),
    ("wb3N0Z3Jlc", 3),
    ("bmFwaV", 0),
    ("5hcGlf", 2),
    ("uYXBpX", 3),
    ("bnBnX", 0),
];

/// How far a credential reaches at the most, in characters of base64.
const REACH: usize = 4096;

/// A credential that a text holds in base64. It has the secret itself, so it cannot be printed.
pub(crate) struct EncodedCredential {
    pub kind: CredentialKind,
    pub weight: Weight,
    /// Where it stands in the text, encoded.
    pub range: Range<usize>,
    /// The password or key.
    pub secret: Vec<u8>,
}

/// Finds everything in a text that is a credential in base64 and isn't a placeholder, in order.
pub(crate) fn find_in_base64(text: &[u8]) -> Vec<EncodedCredential> {
    static AUTOMATON: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::new(WORDS.map(|(word, _)| word)).ok());
    let mut found = Vec::new();
    let Some(automaton) = AUTOMATON.as_ref() else {
        return found;
    };
    let mut done = 0;
    for word in automaton.find_iter(text) {
        let before = WORDS
            .get(word.pattern().as_usize())
            .map(|(_, before)| before);
        let start = before.and_then(|before| word.start().checked_sub(*before));
        let Some(start) = start.filter(|start| *start >= done) else {
            continue;
        };
        let (decoded, length) = decode(text.get(start..).unwrap_or_default());
        let Some(credential) = find(&decoded).into_iter().next() else {
            continue;
        };
        done = start + length;
        found.push(EncodedCredential {
            kind: credential.kind,
            weight: credential.weight,
            range: start..done,
            secret: decoded
                .get(credential.secret)
                .unwrap_or_default()
                .to_owned(),
        });
    }
    found
}

/// Decodes as much as is base64, of either alphabet and over the ends of lines. Gives the number of characters, too.
fn decode(text: &[u8]) -> (Vec<u8>, usize) {
    let mut digits = Vec::new();
    let mut length = 0;
    for (at, byte) in text.iter().enumerate().take(REACH) {
        match byte {
            b'-' => digits.push(b'+'),
            b'_' => digits.push(b'/'),
            b'+' | b'/' => digits.push(*byte),
            _ if byte.is_ascii_alphanumeric() => digits.push(*byte),
            b'\n' | b'\r' => continue,
            _ => break,
        }
        length = at + 1;
    }
    // one digit alone isn't a byte, and bits that are left over are none
    while !digits.is_empty() {
        if let Ok(decoded) = STANDARD_NO_PAD.decode(&digits) {
            return (decoded, length);
        }
        digits.pop();
    }
    (Vec::new(), length)
}

/// How archives begin in base64: gzip, zip, bzip2, zstd and xz; and a gzip in base64 twice, as Helm keeps its releases.
const PACKED: [&str; 6] = ["H4sI", "UEsDB", "Qlpo", "KLUv", "/Td6W", "SDRzS"];

/// The longest archive in base64 that is decoded, in characters.
const PACKED_LIMIT: usize = 64 << 20;

/// Something packed that a text holds in base64.
pub(crate) struct PackedText {
    /// Where it begins in the text.
    pub start: usize,
    pub bytes: Vec<u8>,
}

/// Gives everything that is packed and then in base64, in order. What only looks so by its first bytes is given, too.
pub(crate) fn each_packed(text: &[u8], visit: &mut dyn FnMut(&PackedText)) {
    static AUTOMATON: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::new(PACKED).ok());
    let Some(automaton) = AUTOMATON.as_ref() else {
        return;
    };
    let mut done = 0;
    for word in automaton.find_iter(text) {
        // in the midst of other base64 it is chance
        let before = word.start().checked_sub(1).and_then(|at| text.get(at));
        if word.start() < done || before.is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let rest = text.get(word.start()..).unwrap_or_default();
        let (mut bytes, length) = decode_wrapped(rest);
        if word.pattern().as_usize() == PACKED.len() - 1 {
            bytes = decode_wrapped(&bytes).0;
        }
        done = word.start() + length;
        visit(&PackedText {
            start: word.start(),
            bytes,
        });
    }
}

/// Decodes base64 over the ends of lines, quotes and signs of concatenation.
fn decode_wrapped(text: &[u8]) -> (Vec<u8>, usize) {
    let mut digits = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at).filter(|_| at < PACKED_LIMIT) {
        let next = text.get(at + 1);
        match byte {
            b'\\' if matches!(next, Some(b'n' | b'r' | b'/')) => {
                at += usize::from(next != Some(&b'/'));
            }
            // between two literals
            b'+' if next.is_some_and(|next| !next.is_ascii_alphanumeric() && *next != b'/')
                && !digits.is_empty()
                && text.get(at - 1).is_some_and(|before| {
                    before.is_ascii_whitespace() || b"\"'".contains(before)
                }) => {}
            b'-' => digits.push(b'+'),
            b'_' => digits.push(b'/'),
            b'+' | b'/' => digits.push(*byte),
            _ if byte.is_ascii_alphanumeric() => digits.push(*byte),
            b'\n' | b'\r' | b'\t' | b' ' | b'"' | b'\'' | b'\\' | b',' | b'`' => {}
            _ => break,
        }
        at += 1;
    }
    digits.truncate(digits.len() - usize::from(digits.len() % 4 == 1));
    let decoded = LOOSE.decode(&digits).unwrap_or_default();
    (decoded, at)
}

/// Decodes what was cut off, too.
pub(super) const LOOSE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    const URL: &str =
        "postgresql://owner:npg_aB3dE5fG7hJ9@ep-cool-1.us-east-2.aws.neon.tech/db?sslmode=require";

    fn passwords(text: &str) -> Vec<String> {
        find_in_base64(text.as_bytes())
            .into_iter()
            .map(|found| String::from_utf8(found.secret).unwrap())
            .collect()
    }

    #[test]
    fn a_url_is_found_at_every_alignment_and_over_the_ends_of_lines() {
        for lead in ["", "x", "yy", "DATABASE_URL=", "# a\nURL="] {
            let plain = format!("{lead}{URL}\nDEBUG=1\n");
            for encoded in [STANDARD.encode(&plain), URL_SAFE_NO_PAD.encode(&plain)] {
                let wrapped: Vec<_> = encoded.as_bytes().chunks(32).collect();
                let wrapped = String::from_utf8(wrapped.join(&b'\n')).unwrap();
                for text in [&encoded, &wrapped] {
                    let text = format!("data:\n  url: {text}\n");
                    assert_eq!(passwords(&text), ["npg_aB3dE5fG7hJ9"], "{text}");
                }
            }
        }
        let password = format!("password: {}", STANDARD.encode("npg_aB3dE5fG7hJ9"));
        assert_eq!(passwords(&password), ["npg_aB3dE5fG7hJ9"]);
    }

    #[test]
    fn placeholders_and_chance_are_none() {
        let placeholder = STANDARD.encode("postgresql://user:password@host/db");
        for text in [
            placeholder.as_str(),
            "bnBnX",
            "sha512-bnBnXaaaaaaaaaaaaaaaaa",
            "cG9zdGdyZX",
        ] {
            assert_eq!(passwords(text), [""; 0], "{text}");
        }
    }
}
