//! Known secrets, in every way they can be written down, in one automaton.

use std::fmt;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    core::secret::Secret,
    domain::credentials::{
        broken::BrokenForms,
        forms::{self, base64_at},
        judge::is_words,
        spelling::{NeedleHit, Spelling},
    },
};

/// Why the search can't be built.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the search for the known secrets couldn't be built")]
pub(crate) struct NeedlesError(#[source] aho_corasick::BuildError);

/// An automaton over the exact spellings of every known secret, and over other words to stop at, and a search for all its other
/// forms (see [`super::broken`]).
///
/// It needs no judgment: what it finds *is* the secret. Secrets of fewer than [`Needles::SHORTEST`] bytes would be found
/// everywhere, so they are looked for only as the password of a URL.
#[derive(Clone)]
pub(crate) struct Needles {
    automaton: AhoCorasick,
    patterns: Vec<(usize, Spelling)>,
    /// The words, and the exact spellings that hold no seed of another form.
    gate: AhoCorasick,
    broken: BrokenForms,
    secrets: usize,
}

impl fmt::Debug for Needles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Needles")
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

impl Needles {
    /// A shorter secret isn't looked for by itself.
    pub(crate) const SHORTEST: usize = 8;

    /// Builds the automaton.
    pub(crate) fn new<'a>(
        secrets: impl IntoIterator<Item = &'a Secret>,
    ) -> Result<Self, NeedlesError> {
        Self::with_words(secrets, &[])
    }

    /// Builds the automaton, with words at which [`Needles::is_match`] stops too.
    pub(crate) fn with_words<'a>(
        secrets: impl IntoIterator<Item = &'a Secret>,
        words: &[&str],
    ) -> Result<Self, NeedlesError> {
        let mut spelled: Vec<(Vec<u8>, usize, Spelling)> = Vec::new();
        let mut forms = Vec::new();
        let mut count = 0;
        for (index, secret) in secrets.into_iter().enumerate() {
            count = index + 1;
            for (bytes, spelling) in spellings(secret.expose()) {
                if !spelled
                    .iter()
                    .any(|(known, of, _)| *of == index && *known == bytes)
                {
                    spelled.push((bytes, index, spelling));
                }
            }
            if !is_word(secret.expose()) {
                let all = forms::of(secret.expose()).into_iter();
                forms.extend(all.map(|form| (index, form)));
            }
        }
        let broken = BrokenForms::new(forms);
        let patterns = spelled
            .iter()
            .map(|(_, secret, spelling)| (*secret, *spelling))
            .collect();
        let exact = spelled.iter().map(|(bytes, _, _)| bytes.as_slice());
        let gate = exact
            .clone()
            .filter(|bytes| !broken.may_match(bytes))
            .chain(words.iter().map(|word| word.as_bytes()));
        // the other kinds of match cannot use the vectorized search
        let mut builder = AhoCorasickBuilder::new();
        let builder = builder.match_kind(MatchKind::LeftmostFirst);
        Ok(Self {
            gate: builder.build(gate).map_err(NeedlesError)?,
            automaton: builder.build(exact).map_err(NeedlesError)?,
            patterns,
            broken,
            secrets: count,
        })
    }

    /// Whether a known secret, or one of the words, may stand in the text: it is worth a closer look.
    pub(crate) fn may_match(&self, text: &[u8]) -> bool {
        self.gate.find(text).is_some() || self.broken.may_match(text)
    }

    /// Whether a known secret stands in the text.
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        self.automaton.find(text).is_some() || !self.find(text).is_empty()
    }

    /// The length of the longest word that [`Needles::may_match`] looks for, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.gate.max_pattern_len().max(self.broken.longest())
    }

    /// Every known secret in the text, in order.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<NeedleHit> {
        let mut hits = Vec::new();
        let mut from = 0;
        // overlapping matches are wanted (a URL-coded password may begin inside another secret), so each search begins one
        // byte after the last match's start
        while let Some(found) = text.get(from..).and_then(|rest| self.automaton.find(rest)) {
            let (start, end) = (from + found.start(), from + found.end());
            from = start + 1;
            if let Some((secret, spelling)) = self.patterns.get(found.pattern().as_usize()) {
                hits.push(NeedleHit {
                    secret: *secret,
                    spelling: *spelling,
                    start,
                    end,
                });
            }
        }
        self.broken.find(text, &mut hits);
        hits
    }
}

/// Whether it is too short to be looked for by itself, or a word of documentation.
fn is_word(secret: &str) -> bool {
    secret.len() < Needles::SHORTEST || is_words(secret)
}

/// What is encoded in a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What encoders encode that follow WHATWG's userinfo set.
const USERINFO: &AsciiSet = &RESERVED
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b'%');

fn spellings(secret: &str) -> Vec<(Vec<u8>, Spelling)> {
    let mut all = Vec::new();
    if secret.is_empty() {
        return all;
    }
    if is_word(secret) {
        let password = utf8_percent_encode(secret, RESERVED).to_string();
        all.push((format!(":{secret}@").into_bytes(), Spelling::Plain));
        all.push((format!(":{password}@").into_bytes(), Spelling::Percent));
        return all;
    }
    let mut texts = vec![(secret.to_owned(), Spelling::Plain)];
    for set in [RESERVED, USERINFO, NON_ALPHANUMERIC] {
        let coded = utf8_percent_encode(secret, set).to_string();
        texts.push((coded.replace("%20", "+"), Spelling::Percent));
        texts.push((lower_codes(&coded), Spelling::Percent));
        texts.push((coded, Spelling::Percent));
    }
    if let Ok(decoded) = percent_decode_str(secret).decode_utf8()
        && decoded.len() >= Needles::SHORTEST
    {
        texts.push((decoded.into_owned(), Spelling::Percent));
    }
    let mut seen: Vec<String> = Vec::new();
    texts.retain(|(text, _)| {
        let new = !seen.contains(text);
        if new {
            seen.push(text.clone());
        }
        new
    });
    for (text, spelling) in &texts {
        all.push((text.clone().into_bytes(), *spelling));
    }
    for (text, _) in &texts {
        for escaped in escapes(text) {
            all.push((escaped.into_bytes(), Spelling::Escaped));
        }
    }
    for (text, _) in &texts {
        for lead in 0..3 {
            for bytes in base64_at(text.as_bytes(), lead) {
                all.push((bytes, Spelling::Base64));
            }
        }
        all.push((
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Spelling::Utf16,
        ));
        all.push((
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Spelling::Utf16,
        ));
    }
    all
}

/// Percent codes with lower-case digits.
fn lower_codes(coded: &str) -> String {
    let mut out = String::with_capacity(coded.len());
    let mut code = 0;
    for c in coded.chars() {
        if c == '%' {
            code = 3;
        }
        out.push(if code > 0 { c.to_ascii_lowercase() } else { c });
        code = u8::saturating_sub(code, 1);
    }
    out
}

/// The text as string literals and markup escape it.
fn escapes(text: &str) -> Vec<String> {
    let json = serde_json::to_string(text).unwrap_or_default();
    let json = json.trim_matches('"');
    let mut html_safe = String::new();
    let mut ascii = String::new();
    for c in json.chars() {
        match c {
            '&' | '<' | '>' | '\'' | '=' | '+' => {
                html_safe.push_str(&unicode_escape(u32::from(c)));
            }
            _ => html_safe.push(c),
        }
        if c.is_ascii() {
            ascii.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                ascii.push_str(&unicode_escape(u32::from(*unit)));
            }
        }
    }
    // Go's escapes, which leave the quote and the equals sign alone
    let go = json
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e");
    let html = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let mut all = vec![
        json.to_owned(),
        json.replace('/', "\\/"),
        html_safe.replace('/', "\\/"),
        html_safe,
        go.replace('/', "\\/"),
        go,
        ascii.replace('/', "\\/"),
        ascii,
        html.replace('\'', "&#39;"),
        html.replace('\'', "&#x27;"),
        html,
        text.replace('\'', "''"),
    ];
    all.retain(|escaped| escaped != text);
    all
}

fn unicode_escape(unit: u32) -> String {
    format!("\\u{unit:04x}")
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };
    use proptest::prelude::*;

    use super::*;

    fn needles(secret: &str) -> Needles {
        Needles::new([&Secret::new(secret)]).unwrap()
    }

    #[test]
    fn escaped_secrets_are_found() {
        let needles = needles("pa/ss&wo<rd\"é");
        for text in [
            r#"x pa\/ss&wo<rd\"é x"#,
            r#"x pa/ss\u0026wo\u003crd\"é x"#,
            r#"x pa/ss&wo<rd\"\u00e9 x"#,
            "x pa/ss&amp;wo&lt;rd&quot;é x",
            "x pa%2Fss%26wo%3Crd%22%C3%A9 x",
            "x pa%2fss%26wo%3crd%22%c3%a9 x",
        ] {
            assert_eq!(needles.find(text.as_bytes()).len(), 1, "{text}");
        }
    }

    #[test]
    fn percent_coded_secrets_are_found_decoded() {
        assert!(needles("a%40b%2Fc12345").is_match(b"pw: a@b/c12345"));
    }

    #[test]
    fn short_secrets_are_looked_for_in_urls_only() {
        let needles = needles("abc");
        assert!(!needles.is_match(b"abc abcabc"));
        assert!(needles.is_match(b"postgres://u:abc@h"));
        let word = super::tests::needles("changeme");
        assert!(!word.is_match(b"please changeme"));
        assert!(word.is_match(b"postgres://u:changeme@h"));
        assert!(needles_empty());
    }

    fn needles_empty() -> bool {
        let needles = Needles::new([&Secret::new("")]).unwrap();
        needles.automaton.patterns_len() == 0
    }

    #[test]
    fn overlapping_secrets_are_both_found() {
        let secrets = [Secret::new("aaaabbbbcccc"), Secret::new("bbbbccccdddd")];
        let needles = Needles::new(&secrets).unwrap();
        let found: Vec<_> = needles
            .find(b"aaaabbbbccccdddd")
            .into_iter()
            .map(|hit| hit.secret)
            .collect();
        assert_eq!(found, [0, 1]);
    }

    #[test]
    fn debug_hides_the_secrets() {
        assert_eq!(
            format!("{:?}", needles("npg_canaryCANARY")),
            "Needles { secrets: 1, .. }"
        );
    }

    proptest! {
        #[test]
        fn every_spelling_is_found_at_every_alignment(
            secret in "[ -~]{8,40}",
            before in proptest::collection::vec(any::<u8>(), 0..7),
            after in proptest::collection::vec(any::<u8>(), 0..7),
        ) {
            let needles = needles(&secret);
            let around = |middle: &[u8]| [before.as_slice(), middle, after.as_slice()].concat();
            let found = |text: &[u8]| needles.find(text).iter().any(|hit| hit.secret == 0);
            prop_assert!(found(&around(secret.as_bytes())));
            let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
            prop_assert!(found(&around(&utf16)));
            let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_be_bytes).collect();
            prop_assert!(found(&around(&utf16)));
            let coded = utf8_percent_encode(&secret, NON_ALPHANUMERIC).to_string();
            prop_assert!(found(&around(coded.as_bytes())));
            prop_assert!(found(&around(serde_json::to_string(&secret).unwrap().as_bytes())));
            // eight bytes are the shortest secret, and at the worst alignment leave eight characters of base64
            prop_assert!(found(STANDARD.encode(around(secret.as_bytes())).as_bytes()));
            prop_assert!(found(URL_SAFE_NO_PAD.encode(around(secret.as_bytes())).as_bytes()));
        }
    }
}
