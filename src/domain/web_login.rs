//! The login in the browser, without IO: OAuth 2's authorization code with PKCE on a callback of this machine (RFC 6749, 7636, 8252).
//!
//! | what | where |
//! |---|---|
//! | who is asked, what is asked for, and the address that asks | here |
//! | what the browser brings back | [`callback`] |
//! | the tokens, and how they are stored | [`tokens`] |

pub(crate) mod callback;
pub(crate) mod tokens;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::{core::secret::Secret, domain::host::is_loopback};

/// Neon's own issuer: the default of `NEON_OAUTH_HOST`.
pub(crate) const NEON_ISSUER: &str = "https://oauth2.neon.tech";
/// The public client that Neon has registered for programs on a developer's machine. It has no secret.
pub(crate) const CLIENT_ID: &str = "neonctl";
/// What is asked for: what the `neon` CLI asks for, since Neon allows this client no other set.
pub(crate) const SCOPES: &[&str] = &[
    "openid",
    "offline",
    "offline_access",
    "urn:neoncloud:projects:create",
    "urn:neoncloud:projects:read",
    "urn:neoncloud:projects:update",
    "urn:neoncloud:projects:delete",
    "urn:neoncloud:orgs:create",
    "urn:neoncloud:orgs:read",
    "urn:neoncloud:orgs:update",
    "urn:neoncloud:orgs:delete",
    "urn:neoncloud:orgs:permission",
];
/// The path of the callback; nothing else is answered.
pub(crate) const CALLBACK_PATH: &str = "/callback";
/// How many random bytes make a state or a verifier: 43 characters.
pub(crate) const RANDOM_BYTES: usize = 32;

/// What an issuer publishes about itself, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssuerEndpoints {
    /// As it calls itself.
    pub issuer: String,
    /// The page that a person agrees on.
    pub authorization: String,
    pub token: String,
    /// Where a token is revoked, if anywhere.
    pub revocation: Option<String>,
}

/// Why what an issuer publishes is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EndpointFault {
    #[error("it calls itself {0}")]
    OtherIssuer(String),
    /// The name of the endpoint.
    #[error("its {0} is not an https address")]
    Unsafe(&'static str),
    #[error("it doesn't offer PKCE with S256")]
    NoPkce,
}

impl IssuerEndpoints {
    /// Checks what the issuer at `asked` publishes: it must be that issuer (RFC 8414, section 3.3), and no token may cross a network
    /// in plain text.
    pub(crate) fn checked(
        self,
        asked: &str,
        challenge_methods: Option<&[String]>,
    ) -> Result<Self, EndpointFault> {
        if self.issuer.trim_end_matches('/') != asked.trim_end_matches('/') {
            return Err(EndpointFault::OtherIssuer(self.issuer));
        }
        let here = is_loopback(asked);
        for (name, address) in [
            ("authorization_endpoint", Some(&self.authorization)),
            ("token_endpoint", Some(&self.token)),
            ("revocation_endpoint", self.revocation.as_ref()),
        ] {
            if address.is_some_and(|address| !is_safe(address, here)) {
                return Err(EndpointFault::Unsafe(name));
            }
        }
        if challenge_methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err(EndpointFault::NoPkce);
        }
        Ok(self)
    }
}

/// Whether a token may be sent there: over TLS, or on this machine for an issuer that is on it, too.
fn is_safe(address: &str, here: bool) -> bool {
    let Ok(url) = url::Url::parse(address) else {
        return false;
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain
        && match url.scheme() {
            "https" => url.host().is_some(),
            "http" => here && is_loopback(address),
            _ => false,
        }
}

/// What ties one login together: made anew for each, and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginRequest {
    /// Comes back with the answer, and shows that it is the answer to this request.
    pub state: Secret,
    /// Shows the issuer that whoever has the code is whoever asked for it.
    pub verifier: Secret,
    /// Where the browser brings the answer.
    pub redirect: String,
}

impl LoginRequest {
    /// A request whose answer comes to this port. The bytes have to be random.
    pub(crate) fn new(
        state: &[u8; RANDOM_BYTES],
        verifier: &[u8; RANDOM_BYTES],
        port: u16,
    ) -> Self {
        Self {
            state: Secret::new(URL_SAFE_NO_PAD.encode(state)),
            verifier: Secret::new(URL_SAFE_NO_PAD.encode(verifier)),
            redirect: format!("http://127.0.0.1:{port}{CALLBACK_PATH}"),
        }
    }

    /// The address to open in the browser. It holds the state, which opens nothing, and the verifier's hash.
    pub(crate) fn address(&self, endpoints: &IssuerEndpoints) -> String {
        let Ok(mut url) = url::Url::parse(&endpoints.authorization) else {
            return endpoints.authorization.clone();
        };
        url.query_pairs_mut()
            .append_pair("client_id", CLIENT_ID)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", &SCOPES.join(" "))
            .append_pair("state", self.state.expose())
            .append_pair("code_challenge", &challenge(&self.verifier))
            .append_pair("code_challenge_method", "S256");
        url.into()
    }
}

/// The challenge of a verifier: its SHA-256 (RFC 7636, section 4.2).
pub(crate) fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn endpoints(base: &str) -> IssuerEndpoints {
        IssuerEndpoints {
            issuer: format!("{base}/"),
            authorization: format!("{base}/oauth2/auth"),
            token: format!("{base}/oauth2/token"),
            revocation: Some(format!("{base}/oauth2/revoke")),
        }
    }

    #[test]
    fn the_challenge_is_the_one_of_the_rfc() {
        // RFC 7636, appendix B
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(
            challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn the_address_asks_for_a_code_with_the_hash_and_never_with_the_verifier() {
        let request = LoginRequest::new(&[7; RANDOM_BYTES], &[9; RANDOM_BYTES], 4321);
        let address = request.address(&endpoints(NEON_ISSUER));
        assert!(!address.contains(request.verifier.expose()));
        let url = url::Url::parse(&address).unwrap();
        assert_eq!(url.origin().ascii_serialization(), NEON_ISSUER);
        let pairs: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs["client_id"], "neonctl");
        assert_eq!(pairs["response_type"], "code");
        assert_eq!(pairs["redirect_uri"], "http://127.0.0.1:4321/callback");
        assert_eq!(pairs["state"], request.state.expose());
        assert_eq!(pairs["code_challenge"], challenge(&request.verifier));
        assert_eq!(pairs["code_challenge_method"], "S256");
        assert!(pairs["scope"].starts_with("openid offline offline_access urn:neoncloud:"));
    }

    #[test]
    fn an_issuer_is_believed_only_about_itself_and_over_tls() {
        let checked = |endpoints: IssuerEndpoints, asked: &str| endpoints.checked(asked, None);
        assert!(checked(endpoints(NEON_ISSUER), NEON_ISSUER).is_ok());
        assert!(checked(endpoints("http://127.0.0.1:8787"), "http://127.0.0.1:8787").is_ok());
        assert!(matches!(
            checked(endpoints("https://evil.test"), NEON_ISSUER),
            Err(EndpointFault::OtherIssuer(_))
        ));
        for address in [
            "http://oauth2.neon.tech/token",
            "http://127.0.0.1:8787/token",
            "https://a:b@oauth2.neon.tech/token",
            "javascript:alert(1)",
            "nowhere",
            "",
        ] {
            let mut unsafe_ = endpoints(NEON_ISSUER);
            unsafe_.token = address.to_owned();
            assert_eq!(
                checked(unsafe_, NEON_ISSUER),
                Err(EndpointFault::Unsafe("token_endpoint")),
                "{address}"
            );
        }
        let methods = |methods: &[&str]| {
            let methods: Vec<_> = methods.iter().map(|method| (*method).to_owned()).collect();
            endpoints(NEON_ISSUER).checked(NEON_ISSUER, Some(&methods))
        };
        assert!(methods(&["plain", "S256"]).is_ok());
        assert_eq!(methods(&["plain"]), Err(EndpointFault::NoPkce));
    }

    proptest! {
        #[test]
        fn each_request_is_its_own_and_its_parts_have_the_form_of_the_rfc(
            state in any::<[u8; RANDOM_BYTES]>(),
            verifier in any::<[u8; RANDOM_BYTES]>(),
            port in 1..=u16::MAX,
        ) {
            let request = LoginRequest::new(&state, &verifier, port);
            for part in [&request.state, &request.verifier] {
                // RFC 7636, section 4.1
                prop_assert!((43..=128).contains(&part.expose().len()));
                prop_assert!(part.expose().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
            }
            let address = request.address(&endpoints(NEON_ISSUER));
            prop_assert!(address.is_ascii() && !address.contains(char::is_whitespace));
            prop_assert_eq!(request.state == request.verifier, state == verifier);
        }
    }
}
