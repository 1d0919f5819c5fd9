//! Neon API keys as people paste them.

use sha2::{Digest as _, Sha256};

use crate::{core::secret::Secret, domain::hex::hex};

/// No API key that Neon hands out is nearly as long.
pub(crate) const LONGEST: usize = 512;

/// Takes the API key out of a pasted text: drops a variable's name, `Bearer`, quotes, line ends, blanks and invisible characters.
///
/// A terminal may break a long paste, so what is left of several lines is joined. A page of text doesn't become a key: it stays
/// as long as it is.
pub(crate) fn clean(pasted: &str) -> Secret {
    let key: String = unwrap(pasted).split_whitespace().collect();
    Secret::new(key)
}

/// A fingerprint that tells a key from others and leads nowhere: a key is random, and far too long to be guessed from a hash.
pub(crate) fn fingerprint(key: &Secret) -> String {
    let digest = Sha256::digest(format!("neonup API key {}", key.expose()));
    hex(&digest).chars().take(32).collect()
}

/// Takes the API key out of a text that must hold nothing else, such as a piped file; `None` if it holds more than one word.
pub(crate) fn alone(text: &str) -> Option<Secret> {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    let key = unwrap(text);
    let is_one = lines <= 1 && key.chars().count() <= LONGEST && !key.contains(char::is_whitespace);
    is_one.then(|| Secret::new(key))
}

/// Removes what stands around a key, and what can't be seen in it.
fn unwrap(text: &str) -> String {
    let mut rest = text;
    for name in ["NEON_API_KEY=", "NEON_API_KEY:"] {
        if let Some((_, value)) = rest.split_once(name) {
            rest = value.lines().next().unwrap_or_default();
        }
    }
    for scheme in ["Bearer ", "bearer "] {
        if let Some((_, credentials)) = rest.split_once(scheme) {
            rest = credentials;
        }
    }
    let visible: String = rest
        .chars()
        .filter(|c| c.is_whitespace() || !(c.is_control() || is_invisible(*c) || is_quote(*c)))
        .collect();
    let mut rest = visible.trim();
    for word in ["export ", "Authorization:"] {
        rest = rest.strip_prefix(word).unwrap_or(rest).trim();
    }
    rest.trim_end_matches([';', ',']).trim_end().to_owned()
}

/// Zero-width and bidirectional marks.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '“' | '”' | '‘' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_key_loses_what_was_copied_with_it() {
        for pasted in [
            "napi_abc",
            "  napi_abc\n",
            "  napi_abc\r\n",
            "\tnapi_abc\u{a0}",
            "\"napi_abc\"",
            "'napi_abc'\r\n",
            "`napi_abc`",
            "“napi_abc”,",
            "Bearer napi_abc",
            "bearer napi_abc",
            "Authorization: Bearer napi_abc\n",
            "-H 'Authorization: Bearer napi_abc'",
            "Authorization: napi_abc",
            "NEON_API_KEY=napi_abc",
            "NEON_API_KEY: napi_abc",
            "export NEON_API_KEY='napi_abc'",
            "export NEON_API_KEY=\"napi_abc\";",
            "export NEON_API_KEY='napi_abc'\nexport OTHER=1\n",
            "# a comment\r\nexport NEON_API_KEY=\"napi_abc\"\r\nexport OTHER=1\r\n",
            "export napi_abc",
            "\u{feff}napi\u{200b}_abc\u{200d}",
            "\u{202a}napi_abc\u{202c}",
            "napi_\nabc",
            "napi_ abc",
            "\u{1b}napi_abc\u{7}",
        ] {
            assert_eq!(clean(pasted).expose(), "napi_abc", "{pasted:?}");
        }
    }

    #[test]
    fn blanks_and_quotes_are_an_empty_key() {
        for pasted in ["", " \n\t\"\" ", "NEON_API_KEY=", "NEON_API_KEY=\nOTHER=1"] {
            assert!(clean(pasted).is_empty(), "{pasted:?}");
        }
    }

    #[test]
    fn a_text_of_several_words_or_lines_is_not_a_key_alone() {
        for text in [
            "napi_abc\n",
            "export NEON_API_KEY='napi_abc'\n",
            "\n\nnapi_abc",
        ] {
            assert_eq!(alone(text).unwrap().expose(), "napi_abc", "{text:?}");
        }
        let long = "x".repeat(LONGEST + 1);
        for text in [
            "napi_abc\nOTHER=1\n",
            "NEON_API_KEY=napi_abc\nOTHER=1\n",
            "napi_ abc",
            "a page of text",
            &long,
        ] {
            assert_eq!(alone(text), None, "{text:?}");
        }
        assert!(alone("").unwrap().is_empty());
    }
}
