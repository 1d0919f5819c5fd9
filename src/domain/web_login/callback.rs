//! What the browser brings back: a code, or why there is none.

use subtle::ConstantTimeEq as _;

use super::{CALLBACK_PATH, LoginRequest};
use crate::core::secret::Secret;

/// The longest word of an issuer's that is shown, in characters. The longest of the RFC has 25.
const WORD_LIMIT: usize = 60;
/// The longest address that is read when it is pasted, in bytes.
pub(crate) const PASTE_LIMIT: usize = 16 * 1024;

/// Why the answer of the browser is no login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallbackFault {
    /// The person, or the issuer for them, said no.
    #[error("the login was declined in the browser")]
    Denied,
    /// Another error of the issuer's, as a word of its own.
    #[error("the login page reported `{0}`")]
    Issuer(String),
    /// It is the answer to another request.
    #[error("the browser's answer belongs to another login")]
    OtherState,
    /// Another issuer has sent it (RFC 9207).
    #[error("the browser's answer comes from another issuer")]
    OtherIssuer,
    #[error("the browser's answer has no code in it")]
    NoCode,
}

/// Reads the query of a callback: the code, once the answer is known to be the one to this request.
pub(crate) fn read(
    query: &str,
    request: &LoginRequest,
    issuer: &str,
) -> Result<Secret, CallbackFault> {
    let mut fields = CallbackFields::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let field = match &*name {
            "state" => &mut fields.state,
            "code" => &mut fields.code,
            "error" => &mut fields.error,
            "iss" => &mut fields.issuer,
            _ => continue,
        };
        if field.replace(Secret::new(value)).is_some() {
            // whoever sends two leaves open which of them counts
            return Err(CallbackFault::OtherState);
        }
    }
    let state = fields.state.ok_or(CallbackFault::OtherState)?;
    if !is_same(&state, &request.state) {
        return Err(CallbackFault::OtherState);
    }
    let own = |said: &Secret| said.expose().trim_end_matches('/') == issuer.trim_end_matches('/');
    if fields.issuer.as_ref().is_some_and(|said| !own(said)) {
        return Err(CallbackFault::OtherIssuer);
    }
    match (fields.error, fields.code) {
        (Some(error), _) if error.expose() == "access_denied" => Err(CallbackFault::Denied),
        (Some(error), _) => Err(CallbackFault::Issuer(word(error.expose()))),
        (None, Some(code)) if !code.is_empty() => Ok(code),
        (None, _) => Err(CallbackFault::NoCode),
    }
}

/// The fields of a callback that mean something.
#[derive(Default)]
struct CallbackFields {
    state: Option<Secret>,
    code: Option<Secret>,
    error: Option<Secret>,
    issuer: Option<Secret>,
}

/// Reads the address at which the browser has ended, as a person pastes it: the query of a callback. `None` where it is none.
pub(crate) fn pasted(text: &str) -> Option<&str> {
    if text.len() > PASTE_LIMIT {
        return None;
    }
    let text = text.trim().trim_matches(['"', '\'', '<', '>', '`']);
    let (before, query) = text.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let is_callback = before.ends_with(CALLBACK_PATH) || before.is_empty();
    let plain = query
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'"');
    (is_callback && plain && query.contains("state=")).then_some(query)
}

/// Compares in a time that does not depend on where they differ.
fn is_same(one: &Secret, other: &Secret) -> bool {
    one.expose()
        .as_bytes()
        .ct_eq(other.expose().as_bytes())
        .into()
}

/// A word of somebody else's that can be shown: the letters that an error code may have (RFC 6749, section 5.2).
pub(crate) fn word(text: &str) -> String {
    text.chars()
        .filter(|char| char.is_ascii_alphanumeric() || "_-. ".contains(*char))
        .take(WORD_LIMIT)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::web_login::{NEON_ISSUER, RANDOM_BYTES};

    fn request() -> LoginRequest {
        LoginRequest::new(&[7; RANDOM_BYTES], &[9; RANDOM_BYTES], 4321)
    }

    fn answer(query: &str) -> Result<Secret, CallbackFault> {
        let state = request().state;
        let query = query.replace("STATE", state.expose());
        read(&query, &request(), NEON_ISSUER)
    }

    #[test]
    fn a_code_counts_only_with_the_state_that_was_sent() {
        assert_eq!(
            answer("code=ory_ac_1&scope=openid&state=STATE"),
            Ok(Secret::new("ory_ac_1"))
        );
        assert_eq!(
            answer("state=STATE&code=a%2Bb&iss=https%3A%2F%2Foauth2.neon.tech%2F"),
            Ok(Secret::new("a+b"))
        );
        for (query, fault) in [
            ("", CallbackFault::OtherState),
            ("code=a", CallbackFault::OtherState),
            ("code=a&state=", CallbackFault::OtherState),
            ("code=a&state=STATEx", CallbackFault::OtherState),
            ("code=a&state=STATE&state=STATE", CallbackFault::OtherState),
            ("code=a&code=b&state=STATE", CallbackFault::OtherState),
            ("error=access_denied&state=other", CallbackFault::OtherState),
            ("error=access_denied&state=STATE", CallbackFault::Denied),
            (
                "error=access_denied&code=a&state=STATE",
                CallbackFault::Denied,
            ),
            (
                "error=invalid_scope%1b[2J&state=STATE",
                CallbackFault::Issuer("invalid_scope2J".to_owned()),
            ),
            ("code=&state=STATE", CallbackFault::NoCode),
            ("state=STATE", CallbackFault::NoCode),
            (
                "code=a&state=STATE&iss=https://evil.test",
                CallbackFault::OtherIssuer,
            ),
        ] {
            assert_eq!(answer(query), Err(fault), "{query}");
        }
    }

    #[test]
    fn a_pasted_address_is_a_callback_or_nothing() {
        for text in [
            "http://127.0.0.1:4321/callback?code=a&state=b",
            "  \"http://localhost:4321/callback?code=a&state=b\"\n",
            "127.0.0.1:4321/callback?code=a&state=b",
            "/callback?code=a&state=b#fragment",
            "?code=a&state=b",
        ] {
            assert_eq!(pasted(text), Some("code=a&state=b"), "{text}");
        }
        for text in [
            "",
            "napi_0123456789",
            "http://127.0.0.1:4321/callback",
            "http://127.0.0.1:4321/other?code=a&state=b",
            "http://127.0.0.1:4321/callback?code=a",
            "http://127.0.0.1:4321/callback?code=a b&state=c",
            &format!("/callback?state={}", "x".repeat(PASTE_LIMIT)),
        ] {
            assert_eq!(pasted(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_query_is_taken_for_an_answer_without_the_state(query in "\\PC{0,200}") {
            prop_assert_eq!(read(&query, &request(), NEON_ISSUER), Err(CallbackFault::OtherState));
        }

        #[test]
        fn a_code_comes_through_as_it_was(code in "\\PC{1,60}", other in "[a-z]{1,8}") {
            let state = request().state;
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair(&format!("x-{other}"), &code)
                .append_pair("code", &code)
                .append_pair("state", state.expose())
                .finish();
            let address = format!("http://127.0.0.1:4321/callback?{query}");
            let pasted = pasted(&address).unwrap();
            prop_assert_eq!(read(pasted, &request(), NEON_ISSUER), Ok(Secret::new(code)));
        }

        #[test]
        fn what_is_pasted_never_panics(text in "\\PC*") {
            if let Some(query) = pasted(&text) {
                read(query, &request(), NEON_ISSUER).ok();
            }
        }

        #[test]
        fn a_word_holds_nothing_that_a_terminal_acts_on(text in any::<String>()) {
            let word = word(&text);
            prop_assert!(word.len() <= WORD_LIMIT && word.chars().all(|char| !char.is_control()));
        }
    }
}
