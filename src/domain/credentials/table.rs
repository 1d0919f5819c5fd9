//! The table of spellings in `SECURITY.md`: each is tried out, and the page says what came of it.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use crate::{core::secret::Secret, domain::credentials::Needles};

/// A way to write a secret down.
struct SpellingRow {
    name: &'static str,
    /// Why it is not found; empty where it is.
    why: &'static str,
    write: fn(&str) -> Vec<u8>,
}

const fn found(name: &'static str, write: fn(&str) -> Vec<u8>) -> SpellingRow {
    SpellingRow {
        name,
        why: "",
        write,
    }
}

const fn hidden(name: &'static str, why: &'static str, write: fn(&str) -> Vec<u8>) -> SpellingRow {
    SpellingRow { name, why, write }
}

fn each(text: &str, sign: &str, write: impl Fn(u8) -> String) -> Vec<u8> {
    let all: Vec<_> = text.bytes().map(write).collect();
    all.join(sign).into_bytes()
}

fn escaped(text: &str, write: impl Fn(char) -> Option<String>) -> Vec<u8> {
    text.chars()
        .map(|c| write(c).unwrap_or_else(|| c.to_string()))
        .collect::<String>()
        .into_bytes()
}

fn special(c: char) -> bool {
    !c.is_ascii_alphanumeric()
}

fn base64(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    STANDARD.encode(bytes).into_bytes()
}

fn wrapped(bytes: &[u8], width: usize, end: &str) -> Vec<u8> {
    let lines: Vec<_> = bytes.chunks(width).collect();
    lines.join(end.as_bytes())
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn base32(bytes: &[u8]) -> Vec<u8> {
    let mut bits = String::new();
    for byte in bytes {
        write!(bits, "{byte:08b}").unwrap();
    }
    let digits = bits.as_bytes().chunks(5).map(|five| {
        let five = format!("{:0<5}", std::str::from_utf8(five).unwrap());
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from_str_radix(&five, 2).unwrap()]
    });
    digits.collect()
}

/// As `xxd` and `hexdump -C` show it.
fn dump(text: &str, group: usize, colon: &str, bar: &str) -> Vec<u8> {
    let mut out = String::new();
    for (number, line) in text.as_bytes().chunks(16).enumerate() {
        write!(out, "{:08x}{colon}", number * 16).unwrap();
        for group in line.chunks(group) {
            out.push(' ');
            for byte in group {
                write!(out, "{byte:02x}").unwrap();
            }
        }
        let shown: String = line.iter().map(|byte| char::from(*byte)).collect();
        writeln!(out, "  {bar}{shown}{bar}").unwrap();
    }
    out.into_bytes()
}

/// As `od` shows it, sixteen bytes in each line.
fn octal_dump(text: &str, show: impl Fn(u8) -> String) -> Vec<u8> {
    let mut out = String::new();
    let text = format!("DATABASE_URL={text}");
    for (number, line) in text.as_bytes().chunks(16).enumerate() {
        let shown: String = line.iter().map(|byte| show(*byte)).collect();
        writeln!(out, "{:07o}{shown}", number * 16).unwrap();
    }
    out.into_bytes()
}

fn middle(text: &str) -> (&str, &str) {
    let at = text.len() / 2 + 2;
    text.split_at(at)
}

/// All of them.
const WAYS: &[SpellingRow] = &[
    found("as it is", |text| text.into()),
    found("percent-encoded where necessary", |text| {
        escaped(text, |c| special(c).then(|| format!("%{:02X}", c as u32)))
    }),
    found("percent-encoded, every byte", |text| {
        each(text, "", |byte| format!("%{byte:02x}"))
    }),
    found("percent-encoded twice", |text| {
        escaped(text, |c| special(c).then(|| format!("%25{:02X}", c as u32)))
    }),
    found("percent-encoded twice, every byte", |text| {
        each(text, "", |byte| format!("%25{byte:02X}"))
    }),
    found("with doubled percent signs (INI) or dollar signs", |text| {
        text.replace('%', "%%").replace('$', "$$").into()
    }),
    found(
        "percent-encoded with doubled percent signs (alembic.ini)",
        |text| escaped(text, |c| special(c).then(|| format!("%%{:02X}", c as u32))),
    ),
    found("JSON, TOML, YAML and JavaScript: `\\u0040`", |text| {
        escaped(text, |c| special(c).then(|| format!("\\u{:04x}", c as u32)))
    }),
    found("the same for every character", |text| {
        each(text, "", |byte| format!("\\u{byte:04x}"))
    }),
    found("C, Python, shell: `\\x40`", |text| {
        escaped(text, |c| special(c).then(|| format!("\\x{:02x}", c as u32)))
    }),
    found("the same for every byte", |text| {
        each(text, "", |byte| format!("\\x{byte:02X}"))
    }),
    found("octal: `\\100`, every byte", |text| {
        each(text, "", |byte| format!("\\{byte:03o}"))
    }),
    found("shell, in quotes: `'\\''`, `\"'\"`", |text| {
        text.replace('\'', "'\\''").into()
    }),
    found(
        "a backslash before each symbol (Markdown, shell): `npg\\_`",
        |text| escaped(text, |c| special(c).then(|| format!("\\{c}"))),
    ),
    found("HTML and XML: `&amp;`, `&commat;`", |text| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        text.replace('@', "&commat;").into()
    }),
    found(
        "HTML and XML numeric references, every character: `&#110;`",
        |text| each(text, "", |byte| format!("&#{byte};")),
    ),
    found("the same in hexadecimal: `&#x6e;`", |text| {
        each(text, "", |byte| format!("&#x{byte:x};"))
    }),
    found("quoted-printable", |text| {
        escaped(text, |c| special(c).then(|| format!("={:02X}", c as u32)))
    }),
    found("in hex, as for `bytes.fromhex`", |text| {
        each(text, "", |byte| format!("{byte:02x}"))
    }),
    found("the same in capitals, with colons", |text| {
        each(text, ":", |byte| format!("{byte:02X}"))
    }),
    found("as a list of bytes: `0x6e, 0x70`", |text| {
        each(text, ", ", |byte| format!("0x{byte:02x}"))
    }),
    found("as a list of decimal numbers: `110, 112`", |text| {
        each(text, ", ", |byte| byte.to_string())
    }),
    found(
        "as calls: `chr(110)||chr(112)`, `Chr(110) & Chr(112)`",
        |text| each(text, "||", |byte| format!("chr({byte})")),
    ),
    found("as a list of characters: `'n', 'p'`", |text| {
        each(text, ", ", |byte| format!("'{}'", char::from(byte)))
    }),
    found("`xxd`", |text| dump(text, 2, ":", "")),
    found("`od -b`", |text| {
        octal_dump(text, |byte| format!(" {byte:03o}"))
    }),
    found("`od -c`", |text| {
        octal_dump(text, |byte| format!("   {}", char::from(byte)))
    }),
    found(
        "UTF-16 in hex (an exported registry): `6e,00,70,00`",
        |text| each(text, ",", |byte| format!("{byte:02x},00")),
    ),
    found("`hexdump -C`", |text| dump(text, 1, " ", "|")),
    found("base64", |text| base64(text)),
    found("base64 in lines of 64 or 76 (MIME)", |text| {
        wrapped(&base64(format!("{:59}{text}", "x")), 76, "\r\n")
    }),
    found("base64 in a string with `\\n`", |text| {
        wrapped(&base64(format!("{:41}{text}", "x")), 64, "\\n")
    }),
    found("base64 twice", |text| base64(base64(text))),
    found("base64 twice, the first in lines", |text| {
        base64(wrapped(&base64(format!("{:52}{text}", "x")), 76, "\n"))
    }),
    found("base64 of the percent-encoded secret", |text| {
        base64(escaped(text, |c| {
            special(c).then(|| format!("%{:02X}", c as u32))
        }))
    }),
    found("base64 of JSON", |text| {
        base64(serde_json::to_string(text).unwrap())
    }),
    found("base32", |text| base32(text.as_bytes())),
    found("UTF-16, in either byte order", utf16),
    found(
        "base64 of UTF-16 (PowerShell's `-EncodedCommand`)",
        |text| base64(utf16(text)),
    ),
    found("without `npg_` or `napi_`", |text| {
        text.trim_start_matches("npg_").into()
    }),
    found("continued on the next line after a `\\`", |text| {
        let (head, tail) = middle(text);
        format!("{head}\\\n{tail}").into()
    }),
    found("concatenated: `\"npg_ab\" + \"cd\"`", |text| {
        let (head, tail) = middle(text);
        format!("\"{head}\" +\n    \"{tail}\"").into()
    }),
    found("the same with a comment between the parts", |text| {
        let (head, tail) = middle(text);
        format!("\"postgres://o:{head}\"  # the first half\n    \"{tail}\"").into()
    }),
    found(
        "with tags of HTML or XML, or a terminal's colors, in it: `npg_ab<wbr>cd`",
        |text| {
            let (head, tail) = middle(text);
            format!("{head}<wbr>{tail}").into()
        },
    ),
    found("with a symbol between any two characters", |text| {
        let (head, tail) = middle(text);
        format!("{head}-{tail}").into()
    }),
    hidden(
        "with a symbol between all characters",
        "no recognizable part is left",
        |text| each(text, "-", |byte| char::from(byte).to_string()),
    ),
    hidden(
        "in pieces, each with its own name",
        "the text between them contains letters too",
        |text| {
            let (head, tail) = middle(text);
            format!("first = {head}\nsecond = {tail}\n").into()
        },
    ),
    hidden(
        "backwards, rotated (`rot13`), or in other capitals",
        "nobody does this by accident",
        |text| text.bytes().rev().collect(),
    ),
    hidden(
        "base64 three times",
        "each level triples the number of words to search for",
        |text| base64(base64(base64(text))),
    ),
    hidden("hex or base32 of another encoding", "the same", |text| {
        each(std::str::from_utf8(&base64(text)).unwrap(), "", |byte| {
            format!("{byte:02x}")
        })
    }),
    hidden(
        "two-byte words in machine order (`od -x`)",
        "its bytes are swapped in pairs",
        |text| {
            let pair = |pair: &[u8]| format!("{:02x}{:02x}", pair[pair.len() - 1], pair[0]);
            let words: Vec<_> = text.as_bytes().chunks(2).map(pair).collect();
            words.join(" ").into_bytes()
        },
    ),
    hidden(
        "base85, base58, uuencode, yEnc, punycode, EBCDIC, UTF-7",
        "they are rare, and each byte depends on all others or on its own table",
        |text| text.bytes().map(|byte| byte.wrapping_add(42)).collect(),
    ),
    hidden(
        "encrypted, hashed, or compressed without a header",
        "it can't be read without a key, or its start can't be recognized",
        |text| text.bytes().map(|byte| byte ^ 0x5a).collect(),
    ),
];

/// Passwords of Neon's, a URL's with signs in it, and an API key.
const SECRETS: [&str; 4] = [
    "npg_aB3dE5fG7hJ9",
    "Kq8vX'mN9p&Lw2z",
    "p@ss/w0rd%Kq8v",
    "napi_7xk2m9qv4zr8wb3nh6td1yc5gf0ajpe8us7lo4ik2mq9zx3vb6nr1wt5yd8hgc0f",
];

fn is_found(secret: &str, text: &[u8]) -> bool {
    let needles = Needles::new([&Secret::new(secret)]).unwrap();
    let hits = needles.find(text);
    assert!(hits.is_empty() || needles.may_match(text));
    !hits.is_empty()
}

#[test]
fn every_spelling_is_found_or_said_not_to_be() {
    let mut wrong = Vec::new();
    for way in WAYS {
        for secret in SECRETS {
            let written = (way.write)(secret);
            if is_found(secret, &written) != way.why.is_empty() {
                wrong.push(format!(
                    "{}: {}",
                    way.name,
                    String::from_utf8_lossy(&written)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_has_the_table() {
    let mut table = String::from("| spelling | found | |\n|---|---|---|\n");
    for way in WAYS {
        let found = if way.why.is_empty() { "yes" } else { "no" };
        let name = way.name.replace('|', "\\|");
        writeln!(table, "| {name} | {found} | {} |", way.why).unwrap();
    }
    let page = include_str!("../../../SECURITY.md").replace("\r\n", "\n");
    assert!(
        page.contains(&table),
        "SECURITY.md should have this table:\n{table}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_password_in_any_spelling_is_found_wherever_it_stands(
        tail in "[A-Za-z][a-zA-Z0-9]{3}[0-9][A-Z][a-z][A-Za-z0-9]{5,9}",
        way in 0..WAYS.len(),
        before in "[ -~\n]{0,40}",
        after in "[ -~\n]{0,40}",
    ) {
        let way = &WAYS[way];
        let secret = format!("npg_{tail}");
        let written = (way.write)(&secret);
        // what stands around it is another text
        let text = [before.as_bytes(), b"\n=\"", &written, b"\"\n", after.as_bytes()].concat();
        if way.why.is_empty() {
            prop_assert!(is_found(&secret, &text), "{}: {}", way.name, String::from_utf8_lossy(&text));
        }
        // and of another secret nothing is found
        prop_assert!(!is_found("npg_aB3dE5fG7hJ9", &text));
    }

    #[test]
    fn base64_is_found_in_every_text_in_every_width(
        tail in "[A-Za-z][a-zA-Z0-9]{3}[0-9][A-Z][a-z][A-Za-z0-9]{5,9}",
        before in "[ -~]{0,90}",
        after in "[ -~]{0,90}",
        width in 24_usize..80,
        indentation in 0_usize..6,
    ) {
        let secret = format!("npg_{tail}");
        let text = base64(format!("{before}{secret}{after}"));
        let text = wrapped(&text, width, &format!("\n{}", " ".repeat(indentation)));
        prop_assert!(is_found(&secret, &text), "{}", String::from_utf8_lossy(&text));
    }
}
