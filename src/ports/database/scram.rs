//! SCRAM-SHA-256 and -PLUS on the client's side: the server proves that it knows the password too, and is not told it.
//!
//! RFC 5802, RFC 7677, and RFC 5929 section 4 (`tls-server-end-point`).

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// How many iterations of the hash a server may ask for. The least is RFC 7677's, and what Postgres has; the most is what OWASP
/// recommends, some 0.3 s of work.
const ITERATIONS: std::ops::RangeInclusive<u64> = 4096..=600_000;
/// The longest salt that is taken, in bytes; Postgres makes 16.
const SALT_LIMIT: usize = 1024;

/// Why a login is not proved. The password was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoginFault {
    #[error("it asks for the password in plain text")]
    PlainTextPassword,
    #[error("it asks for an MD5 hash of the password, which is as good as the password")]
    Md5Password,
    #[error("it accepts the login without a password, so it could be anyone")]
    NoPassword,
    #[error("it asks for an unknown login method ({0})")]
    OtherMethod(i32),
    #[error("it doesn't offer SCRAM-SHA-256")]
    NoScram,
    #[error("it doesn't bind the login to the TLS connection (SCRAM-SHA-256-PLUS)")]
    NoBinding,
    #[error("its certificate's type can't be used to bind the login")]
    UnbindableCertificate,
    #[error("it didn't continue the client's random number")]
    Nonce,
    #[error("it asks for {0} iterations of the hash; the allowed range is {least} to {most}", least = ITERATIONS.start(), most = ITERATIONS.end())]
    Iterations(u64),
    #[error("it doesn't know the password itself")]
    Signature,
    #[error("its SCRAM message is malformed")]
    Malformed,
    #[error("it sent something else during the login (type {0:?})")]
    OutOfTurn(char),
}

/// What binds a login to its TLS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ChannelBinding {
    /// The hash of the server's certificate.
    Bound(Vec<u8>),
    /// We could, and the server does not offer it.
    NotOffered,
    /// We could not.
    Unable,
}

impl ChannelBinding {
    const fn header(&self) -> &'static str {
        match self {
            Self::Bound(_) => "p=tls-server-end-point,,",
            Self::NotOffered => "y,,",
            Self::Unable => "n,,",
        }
    }

    pub(super) const fn mechanism(&self) -> &'static str {
        match self {
            Self::Bound(_) => "SCRAM-SHA-256-PLUS",
            Self::NotOffered | Self::Unable => "SCRAM-SHA-256",
        }
    }
}

/// The hash of a certificate that a login is bound to: that of the certificate's own signature, or SHA-256 where that is older.
/// `None` where the signature names no hash.
pub(super) fn end_point(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
    Some(match algorithm.as_str() {
        // RSA or ECDSA with SHA-256; the older MD5 and SHA-1 with RSA, and SHA-1 with ECDSA
        "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.3.2"
        | "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.10045.4.1" => Sha256::digest(der).to_vec(),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(der).to_vec(),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(der).to_vec(),
        _ => return None,
    })
}

/// One login.
pub(super) struct Exchange {
    binding: ChannelBinding,
    nonce: String,
}

/// What follows the server's first message.
pub(super) struct Proof {
    /// Our last message.
    pub message: String,
    server_signature: Hmac<Sha256>,
}

impl Exchange {
    pub(super) const fn new(binding: ChannelBinding, nonce: String) -> Self {
        Self { binding, nonce }
    }

    fn first_bare(&self) -> String {
        // the server takes the role from the start-up message
        format!("n=,r={}", self.nonce)
    }

    /// Our first message.
    pub(super) fn first(&self) -> String {
        format!("{}{}", self.binding.header(), self.first_bare())
    }

    /// Answers the server's first message. This takes as long as the server asks for, within bounds: keep it off the runtime.
    pub(super) fn prove(&self, password: &str, server_first: &str) -> Result<Proof, LoginFault> {
        let mut parts = server_first.split(',');
        let mut part = |name: &str| {
            let part = parts.next()?.strip_prefix(name)?;
            part.strip_prefix('=').map(str::to_owned)
        };
        let nonce = part("r").ok_or(LoginFault::Malformed)?;
        let salt = part("s")
            .filter(|salt| salt.len() <= SALT_LIMIT)
            .and_then(|salt| BASE64.decode(salt).ok())
            .filter(|salt| !salt.is_empty())
            .ok_or(LoginFault::Malformed)?;
        let iterations = part("i").ok_or(LoginFault::Malformed)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(LoginFault::Nonce);
        }
        if iterations.is_empty() || !iterations.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(LoginFault::Malformed);
        }
        let iterations = iterations.parse().unwrap_or(u64::MAX);
        if !ITERATIONS.contains(&iterations) {
            return Err(LoginFault::Iterations(iterations));
        }
        // Postgres takes a password that cannot be prepared as it is
        let prepared = stringprep::saslprep(password).unwrap_or(password.into());
        let salted = salted(prepared.as_bytes(), &salt, iterations);
        let client_key = mac(&salted, b"Client Key");
        let stored_key = Sha256::digest(client_key);
        let mut bound = self.binding.header().as_bytes().to_vec();
        if let ChannelBinding::Bound(data) = &self.binding {
            bound.extend_from_slice(data);
        }
        let without_proof = format!("c={},r={nonce}", BASE64.encode(bound));
        let exchange = format!("{},{server_first},{without_proof}", self.first_bare());
        let signature = mac(&stored_key, exchange.as_bytes());
        let proof: Vec<u8> = client_key
            .iter()
            .zip(signature)
            .map(|(key, signature)| key ^ signature)
            .collect();
        let mut server_signature = keyed(&mac(&salted, b"Server Key"));
        server_signature.update(exchange.as_bytes());
        Ok(Proof {
            message: format!("{without_proof},p={}", BASE64.encode(proof)),
            server_signature,
        })
    }
}

impl Proof {
    /// Checks the server's last message: only who knows the password (or what Postgres keeps of it) can make it.
    pub(super) fn verify(self, server_final: &str) -> Result<(), LoginFault> {
        let signature = server_final
            .split(',')
            .next()
            .and_then(|part| part.strip_prefix("v="))
            .and_then(|text| BASE64.decode(text).ok())
            .ok_or(LoginFault::Malformed)?;
        self.server_signature
            .verify_slice(&signature)
            .map_err(|_different| LoginFault::Signature)
    }
}

/// PBKDF2 with HMAC-SHA-256, for one block.
fn salted(password: &[u8], salt: &[u8], iterations: u64) -> [u8; 32] {
    let start = keyed(password);
    let mut first = start.clone();
    first.update(salt);
    first.update(&1_u32.to_be_bytes());
    let mut block: [u8; 32] = first.finalize().into_bytes().into();
    let mut result = block;
    for _ in 1..iterations {
        let mut next = start.clone();
        next.update(&block);
        block = next.finalize().into_bytes().into();
        for (byte, more) in result.iter_mut().zip(block) {
            *byte ^= more;
        }
    }
    result
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of every length: the error cannot happen, and without a key nothing is proved
    Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_never| Hmac::<Sha256>::new(&[0; 64].into()))
}

fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(data);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const SERVER_FIRST: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    fn exchange() -> Exchange {
        Exchange::new(ChannelBinding::Unable, NONCE.to_owned())
    }

    /// The example of RFC 7677, section 3, but for the name of the user, which Postgres leaves empty: so the salted password is
    /// the example's, and the proof is checked against the one that is computed from its parts.
    #[test]
    fn the_example_of_the_rfc_is_proved() {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let salted = salted(b"pencil", &salt, 4096);
        assert_eq!(
            BASE64.encode(salted),
            "xKSVEDI6tPlSysH6mUQZOeeOp01r6B3fcJbodRPcYV0="
        );
        let bare = "n=user,r=rOprNGfwEbeRWgbNEkqO";
        let last = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let text = format!("{bare},{SERVER_FIRST},{last}");
        let signature = mac(&mac(&salted, b"Server Key"), text.as_bytes());
        assert_eq!(
            BASE64.encode(signature),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
    }

    #[test]
    fn only_who_knows_the_password_is_believed() {
        let proof = exchange().prove("pencil", SERVER_FIRST).unwrap();
        let text = format!(
            "{},{SERVER_FIRST},{}",
            exchange().first_bare(),
            proof.message.rsplit_once(",p=").unwrap().0
        );
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let right = mac(
            &mac(&salted(b"pencil", &salt, 4096), b"Server Key"),
            text.as_bytes(),
        );
        let wrong = mac(
            &mac(&salted(b"pencils", &salt, 4096), b"Server Key"),
            text.as_bytes(),
        );
        let verdict = |signature: &str| {
            let proof = exchange().prove("pencil", SERVER_FIRST).unwrap();
            proof.verify(signature)
        };
        assert_eq!(verdict(&format!("v={}", BASE64.encode(right))), Ok(()));
        assert_eq!(
            verdict(&format!("v={}", BASE64.encode(wrong))),
            Err(LoginFault::Signature)
        );
        assert_eq!(verdict("v="), Err(LoginFault::Signature));
        for malformed in ["", "v=!", "e=other-error"] {
            assert_eq!(verdict(malformed), Err(LoginFault::Malformed));
        }
    }

    #[test]
    fn a_server_that_does_not_keep_to_the_exchange_is_refused() {
        let with = |from: &str, to: &str| {
            exchange()
                .prove("pencil", &SERVER_FIRST.replace(from, to))
                .err()
        };
        for (from, to, fault) in [
            ("r=rOpr", "r=rOpx", LoginFault::Nonce),
            ("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "", LoginFault::Nonce),
            ("i=4096", "i=2147483648", LoginFault::Iterations(1 << 31)),
            (
                "i=4096",
                "i=99999999999999999999",
                LoginFault::Iterations(u64::MAX),
            ),
            ("i=4096", "i=1", LoginFault::Iterations(1)),
            ("i=4096", "i=0", LoginFault::Iterations(0)),
            ("i=4096", "i=-1", LoginFault::Malformed),
            ("i=4096", "i=+4096", LoginFault::Malformed),
            (",i=4096", "", LoginFault::Malformed),
            ("s=W22ZaJ0SNY7soEsUEjb6gQ==", "s=", LoginFault::Malformed),
            ("r=rOpr", "m=ext,r=rOpr", LoginFault::Malformed),
        ] {
            assert_eq!(with(from, to), Some(fault), "{to}");
        }
        let long = format!("s={}", "A".repeat(4 << 20));
        assert_eq!(
            with("s=W22ZaJ0SNY7soEsUEjb6gQ==", &long),
            Some(LoginFault::Malformed)
        );
    }
}
