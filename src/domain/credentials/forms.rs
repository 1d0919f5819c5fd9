//! The forms in which a secret may be written down in more ways than can be listed: each is known by a short word of it, a *seed*,
//! and compared by its letters and digits alone.
//!
//! A line that goes on in the next one, a wrapped base64, a concatenation, a hexdump and an escaped character differ only in what
//! stands between letters and digits. So every encoding of the secret has a form here; each form has two or three seeds that stand in
//! different parts of it, so that one of them is whole wherever a text is broken; and what surrounds a seed is compared with the form.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use percent_encoding::percent_decode_str;

use crate::domain::credentials::{judge::is_random, spelling::Spelling};

/// One way to write a secret down.
pub(super) struct SecretForm {
    /// Its letters and digits, in order.
    pub(super) skeleton: Vec<u8>,
    /// Words of it that give it away.
    pub(super) seeds: Vec<Vec<u8>>,
    pub(super) spelling: Spelling,
    /// How many bytes it takes in a text, without what breaks it.
    pub(super) length: usize,
    /// Whether capital and small letters are the same, as in hexadecimal digits.
    pub(super) any_case: bool,
}

/// The fewest letters and digits that are compared: fewer would be found by chance.
const SHORTEST_SKELETON: usize = 8;
/// A seed of plain letters and digits has at least so many bytes.
const SHORTEST_SEED: usize = 4;
/// The most bytes of a seed of letters and digits.
const LONGEST_SEED: usize = 8;
/// How many bytes of the secret a seed of an encoding that takes them one by one covers, and how many such seeds there are. A hexdump
/// has 16, 12 or 8 bytes in each line, so of these three at most two are broken.
const BYTES_OF_SEED: usize = 4;
const SEEDS_OF_BYTES: usize = 3;
/// The characters of a secret that are taken for an encoding: what is longer is known by its beginning.
const MOST_BYTES: usize = 96;

/// What Neon's secrets begin with: the random part alone is the secret, too.
const PREFIXES: [&str; 2] = ["npg_", "napi_"];

/// How the numbers of bytes are parted in hexadecimal digits.
const HEX_SIGNS: [&str; 18] = [
    "", " ", ":", "-", "_", ",", ", ", "\\x", "%", "%25", ", 0x", ",0x", " 0x", ";&#x", "\\u00",
    // in UTF-16, as an exported registry has it
    "00", " 00 ", ",00,",
];
/// How they are parted in decimal digits.
const DECIMAL_SIGNS: [&str; 12] = [
    ",",
    ", ",
    " ",
    ";&#",
    ")+chr(",
    ") + chr(",
    ")||chr(",
    ") || chr(",
    ").chr(",
    ") . chr(",
    ")&Chr(",
    ") & Chr(",
];
/// How they are parted in octal digits: in a string of C, and by `od -b`.
const OCTAL_SIGNS: [&str; 3] = ["\\", " ", ", "];
/// How characters are parted that stand each by itself: in an array, in a concatenation, by `od -c`.
const PARTING_SIGNS: [&str; 12] = [
    "','", "', '", "\",\"", "\", \"", "'+'", "' + '", "\"+\"", "\" + \"", " ", "   ", "\n", "\r\n",
];

/// Every form of a secret.
pub(super) fn of(secret: &str) -> Vec<SecretForm> {
    let mut forms = Vec::new();
    for text in texts(secret) {
        add_plain(&text, &mut forms);
        let bytes = text.as_bytes();
        let bytes = bytes.get(..bytes.len().min(MOST_BYTES)).unwrap_or(bytes);
        if bytes.len() < SHORTEST_SKELETON {
            continue;
        }
        add_numbers(bytes, &mut forms);
        // without the last zero, so that it is the same in both orders of bytes
        let mut little: Vec<u8> = bytes.iter().flat_map(|byte| [*byte, 0]).collect();
        little.pop();
        for lead in 0..3 {
            for encoded in base64_at(bytes, lead) {
                for again in 0..3 {
                    add_encoded(
                        &base64_at(&encoded, again),
                        Spelling::Base64Twice,
                        &mut forms,
                    );
                }
                add_encoded(&[encoded], Spelling::Base64, &mut forms);
            }
            if bytes.is_ascii() {
                add_encoded(&base64_at(&little, lead), Spelling::Base64Utf16, &mut forms);
            }
        }
        for lead in 0..5 {
            let upper = base32_at(bytes, lead);
            let lower = upper.to_ascii_lowercase();
            add_encoded(&[upper, lower], Spelling::Base32, &mut forms);
        }
    }
    forms
}

/// The texts that are the secret: as it is, with its percent codes resolved, and without the beginning that all of Neon's have.
fn texts(secret: &str) -> Vec<String> {
    let bare = |text: &str| {
        let tail = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
        tail.filter(|tail| tail.len() >= SHORTEST_SKELETON)
            .unwrap_or(text)
            .to_owned()
    };
    let mut texts = vec![bare(secret)];
    if let Ok(decoded) = percent_decode_str(secret).decode_utf8()
        && decoded != secret
    {
        texts.push(bare(&decoded));
    }
    texts
}

fn add_plain(text: &str, forms: &mut Vec<SecretForm>) {
    let skeleton = skeleton(text.as_bytes());
    // words that people write would be found in what people write
    if skeleton.len() < SHORTEST_SKELETON || !is_random(&skeleton) {
        return;
    }
    let seeds = words(text.as_bytes());
    let wide = seeds.iter().map(|seed| {
        let mut wide: Vec<u8> = seed.iter().flat_map(|byte| [*byte, 0]).collect();
        wide.pop();
        wide
    });
    forms.push(SecretForm {
        skeleton: skeleton.clone(),
        seeds: wide.collect(),
        spelling: Spelling::Utf16,
        length: text.len() * 2,
        any_case: false,
    });
    let parted = seeds.iter().flat_map(|seed| {
        let first = seed.get(..BYTES_OF_SEED).unwrap_or(seed);
        PARTING_SIGNS.map(|sign| joined(first, sign, |byte| char::from(*byte).to_string()))
    });
    let seeds = parted.chain(seeds.iter().cloned()).collect();
    forms.push(SecretForm {
        skeleton,
        seeds,
        spelling: Spelling::Broken,
        length: text.len(),
        any_case: false,
    });
}

/// The two longest runs of letters and digits, or the halves of one that is long enough.
fn words(text: &[u8]) -> Vec<Vec<u8>> {
    let mut runs: Vec<&[u8]> = text
        .split(|byte| !byte.is_ascii_alphanumeric())
        .filter(|run| run.len() >= SHORTEST_SEED)
        .collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
    runs.truncate(2);
    if let [first, ..] = runs.as_slice()
        && first.len() >= 2 * SHORTEST_SEED + 2
    {
        let (left, right) = first.split_at(first.len() / 2);
        runs = vec![left, right];
    }
    // as far from each other as can be
    let cut = |(number, run): (usize, &[u8])| {
        let length = run.len().min(LONGEST_SEED);
        let start = if number == 0 { 0 } else { run.len() - length };
        run.get(start..start + length).map(<[u8]>::to_vec)
    };
    runs.into_iter().enumerate().filter_map(cut).collect()
}

/// Adds what an encoding makes of the secret, where it is long enough to be told from chance.
fn add_encoded(encoded: &[Vec<u8>], spelling: Spelling, forms: &mut Vec<SecretForm>) {
    for text in encoded {
        let skeleton = skeleton(text);
        let seeds = words(text);
        if skeleton.len() >= SHORTEST_SKELETON && !seeds.is_empty() {
            forms.push(SecretForm {
                skeleton,
                seeds,
                spelling,
                length: text.len(),
                any_case: false,
            });
        }
    }
}

/// Adds the forms that write each byte by its number.
fn add_numbers(bytes: &[u8], forms: &mut Vec<SecretForm>) {
    let pieces: Vec<&[u8]> = bytes
        .chunks_exact(BYTES_OF_SEED)
        .take(SEEDS_OF_BYTES)
        .collect();
    for sign in HEX_SIGNS {
        let spelling = match sign {
            "%" | "%25" => Spelling::Percent,
            ";&#x" | "\\u00" | "\\x" => Spelling::Escaped,
            _ => Spelling::Hex,
        };
        let join = |bytes: &[u8]| joined(bytes, sign, |byte| format!("{byte:02x}"));
        let mut seeds: Vec<_> = pieces.iter().map(|piece| join(piece)).collect();
        let upper = |bytes: &[u8]| joined(bytes, sign, |byte| format!("{byte:02X}"));
        seeds.extend(pieces.iter().map(|piece| upper(piece)));
        add_numbered(seeds, &join(bytes), spelling, forms);
    }
    // two bytes together, as `xxd` shows them: from an even and from an odd one on
    let mut pairs = Vec::new();
    for piece in &pieces {
        let digits: Vec<_> = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        if let [a, b, c, d] = digits.as_slice() {
            pairs.push(format!("{a}{b} {c}{d}").into_bytes());
            pairs.push(format!("{a} {b}{c} {d}").into_bytes());
        }
    }
    let digits = joined(bytes, "", |byte| format!("{byte:02x}"));
    add_numbered(pairs, &digits, Spelling::Hex, forms);
    for sign in DECIMAL_SIGNS {
        let join = |bytes: &[u8]| joined(bytes, sign, u8::to_string);
        let seeds = pieces.iter().map(|piece| join(piece)).collect();
        let spelling = if sign == ";&#" {
            Spelling::Escaped
        } else {
            Spelling::Numbers
        };
        add_numbered(seeds, &join(bytes), spelling, forms);
    }
    for sign in OCTAL_SIGNS {
        let octal = |bytes: &[u8]| joined(bytes, sign, |byte| format!("{byte:03o}"));
        let seeds = pieces.iter().map(|piece| octal(piece)).collect();
        let spelling = if sign == "\\" {
            Spelling::Escaped
        } else {
            Spelling::Numbers
        };
        add_numbered(seeds, &octal(bytes), spelling, forms);
    }
}

fn add_numbered(
    mut seeds: Vec<Vec<u8>>,
    text: &[u8],
    spelling: Spelling,
    forms: &mut Vec<SecretForm>,
) {
    seeds.sort();
    seeds.dedup();
    forms.push(SecretForm {
        skeleton: skeleton(text),
        seeds,
        spelling,
        length: text.len(),
        any_case: true,
    });
}

fn joined(bytes: &[u8], sign: &str, number: impl Fn(&u8) -> String) -> Vec<u8> {
    let numbers: Vec<_> = bytes.iter().map(number).collect();
    numbers.join(sign).into_bytes()
}

/// The letters and digits of a text.
pub(super) fn skeleton(text: &[u8]) -> Vec<u8> {
    text.iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .copied()
        .collect()
}

/// The characters that stand for these bytes alone, whatever stands `lead` bytes before them and after them; of both alphabets.
pub(super) fn base64_at(bytes: &[u8], lead: usize) -> Vec<Vec<u8>> {
    let mut padded = vec![0; lead];
    padded.extend_from_slice(bytes);
    // the first characters mix with what stands before, the last one with what comes after
    let skip = if lead == 0 { 0 } else { lead + 1 };
    let drop = usize::from(!padded.len().is_multiple_of(3));
    let text = STANDARD_NO_PAD.encode(&padded);
    let needle = text
        .as_bytes()
        .get(skip..text.len().saturating_sub(drop))
        .unwrap_or_default();
    let safe: Vec<u8> = needle
        .iter()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            byte => *byte,
        })
        .collect();
    let mut all = vec![needle.to_vec()];
    if safe != needle {
        all.push(safe);
    }
    all.retain(|needle| needle.len() >= SHORTEST_SKELETON);
    all
}

/// The same in base32 (RFC 4648), in capitals.
fn base32_at(bytes: &[u8], lead: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = |at: usize| {
        (0..5).fold(0_usize, |value, bit| {
            let position = at * 5 + bit;
            let byte = (position / 8).checked_sub(lead);
            let byte = byte.and_then(|byte| bytes.get(byte)).copied().unwrap_or(0);
            value << 1 | usize::from(byte >> (7 - position % 8) & 1)
        })
    };
    let first = (lead * 8).div_ceil(5);
    let last = (lead + bytes.len()) * 8 / 5;
    let letters = (first..last).filter_map(|at| ALPHABET.get(bits(at)));
    letters.copied().collect()
}
