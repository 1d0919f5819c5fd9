//! SCRAM-SHA-256 and -PLUS on the server's side, from the verifier that Postgres keeps.
//!
//! The server behind the front has no TLS, so channel binding (`channel_binding=require`, which is in every URI that Neon
//! hands out) has to be done where TLS ends. RFC 5802, RFC 7677, RFC 5929 section 4 (`tls-server-end-point`).

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::sandbox::{ids, wire};

/// How many iterations of the hash are done for a password that is sent: a role may set its own (`scram_iterations`), up to
/// hours of work.
const ITERATIONS_LIMIT: u32 = 600_000;

/// What Postgres stores of a password: `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`.
#[derive(Clone)]
pub(crate) struct Verifier {
    iterations: String,
    salt: String,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
    /// Stands for a role that does not exist or has no password: the exchange runs to its end and fails.
    mock: bool,
}

impl Verifier {
    /// Reads `pg_authid.rolpassword`; `None` for another method (`md5…`) or a malformed one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("SCRAM-SHA-256$")?;
        let (iterations, rest) = rest.split_once(':')?;
        let (salt, keys) = rest.split_once('$')?;
        let (stored, server) = keys.split_once(':')?;
        iterations.parse::<u32>().ok()?;
        Some(Self {
            iterations: iterations.to_owned(),
            salt: salt.to_owned(),
            stored_key: BASE64.decode(stored).ok()?,
            server_key: BASE64.decode(server).ok()?,
            mock: false,
        })
    }

    /// A verifier for a role that cannot log in. Like Postgres it sends the same salt at every try, so that nobody learns
    /// which roles exist.
    pub(crate) fn mock(secret: &[u8], role: &str) -> Self {
        let salt = mac(secret, role.as_bytes());
        Self {
            iterations: "4096".to_owned(),
            salt: BASE64.encode(salt.iter().take(16).copied().collect::<Vec<_>>()),
            stored_key: vec![0; 32],
            server_key: vec![0; 32],
            mock: true,
        }
    }

    /// The proof of a password that the client has sent; `None`: it is wrong, or the role cannot log in.
    pub(crate) async fn check(self, password: Vec<u8>) -> Option<RoleProof> {
        let checked = tokio::task::spawn_blocking(move || self.prove(&password));
        checked.await.ok().flatten()
    }

    fn prove(&self, password: &[u8]) -> Option<RoleProof> {
        let iterations: u32 = self.iterations.parse().ok()?;
        let salt = BASE64.decode(&self.salt).ok()?;
        if !(1..=ITERATIONS_LIMIT).contains(&iterations) {
            return None;
        }
        // Postgres takes a password that cannot be prepared as it is.
        let text = std::str::from_utf8(password).ok();
        let prepared = text.and_then(|text| stringprep::saslprep(text).ok());
        let prepared = prepared
            .as_ref()
            .map_or(password, |prepared| prepared.as_bytes());
        let salted = salted(prepared, &salt, iterations);
        let client_key = mac(&salted, b"Client Key");
        let proven = Sha256::digest(client_key).as_slice() == self.stored_key.as_slice();
        (proven && !self.mock).then(|| RoleProof {
            client: client_key.to_vec(),
            stored: self.stored_key.clone(),
            server: self.server_key.clone(),
        })
    }
}

/// PBKDF2 with HMAC-SHA-256, for one block.
fn salted(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut block = mac(password, &[salt, &1_u32.to_be_bytes()].concat());
    let mut result = block;
    for _ in 1..iterations {
        block = mac(password, &block);
        for (byte, more) in result.iter_mut().zip(block) {
            *byte ^= more;
        }
    }
    result
}

/// Has the client send its password, and checks it.
pub(crate) async fn ask_password<S>(
    stream: &mut S,
    verifier: &Verifier,
) -> Result<RoleProof, ScramError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    send(stream, 3, b"").await?;
    let mut password = receive(stream).await?;
    if password.pop() != Some(0) {
        return Err(wire::malformed("a password ends with a zero byte").into());
    }
    let proof = verifier.clone().check(password).await;
    proof.ok_or(ScramError::Refused)
}

/// Why a login failed.
#[derive(Debug)]
pub(crate) enum ScramError {
    /// The proof is wrong, or the role cannot log in.
    Refused,
    /// The client broke the protocol or went away.
    Io(io::Error),
}

impl From<io::Error> for ScramError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What proves to a server with the same verifier that a client has proved its password: the key that the client has shown,
/// not the password.
pub(crate) struct RoleProof {
    /// RFC 5802's names end in `Key` all.
    client: Vec<u8>,
    stored: Vec<u8>,
    server: Vec<u8>,
}

/// Runs the exchange over `stream`; `certificate` is the DER of the one that TLS presented.
pub(crate) async fn authenticate<S>(
    stream: &mut S,
    certificate: &[u8],
    verifier: &Verifier,
) -> Result<RoleProof, ScramError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let offer = b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
    send(stream, 10, offer).await?;
    let first = ClientFirst::parse(&receive(stream).await?)?;
    let binding = match (first.mechanism.as_str(), first.flag.as_str()) {
        ("SCRAM-SHA-256-PLUS", "p=tls-server-end-point") => Sha256::digest(certificate).to_vec(),
        ("SCRAM-SHA-256", "n") => Vec::new(),
        // "y" means that the client believes we offer no binding although we do: somebody took it out of our offer.
        _ => {
            return Err(
                wire::malformed("the channel binding flag does not fit the mechanism").into(),
            );
        }
    };
    let nonce = format!("{}{}", first.nonce, BASE64.encode(ids::random::<18>()));
    let server_first = format!("r={nonce},s={},i={}", verifier.salt, verifier.iterations);
    send(stream, 11, server_first.as_bytes()).await?;

    let last = String::from_utf8(receive(stream).await?)
        .map_err(|error| wire::malformed(&error.to_string()))?;
    let broken = || wire::malformed("the client's last SCRAM message is malformed");
    let (without_proof, proof) = last.rsplit_once(",p=").ok_or_else(broken)?;
    let (channel, echoed) = without_proof.split_once(',').ok_or_else(broken)?;
    let header = format!("{},{},", first.flag, first.authzid);
    let expected = BASE64.encode([header.as_bytes(), &binding].concat());
    if channel.strip_prefix("c=") != Some(expected.as_str()) {
        return Err(wire::malformed(
            "the channel binding does not match: is something between us?",
        )
        .into());
    }
    if echoed.split(',').next() != Some(&format!("r={nonce}")) {
        return Err(wire::malformed("the SCRAM nonce does not match").into());
    }
    let exchange = format!("{},{server_first},{without_proof}", first.bare);
    let signature = mac(&verifier.stored_key, exchange.as_bytes());
    let proof = BASE64
        .decode(proof)
        .map_err(|error| wire::malformed(&error.to_string()))?;
    if proof.len() != signature.len() {
        return Err(broken().into());
    }
    let client_key: Vec<u8> = proof.iter().zip(signature).map(|(a, b)| a ^ b).collect();
    let proven = Sha256::digest(&client_key).as_slice() == verifier.stored_key.as_slice();
    if verifier.mock || !proven {
        return Err(ScramError::Refused);
    }
    let answer = format!(
        "v={}",
        BASE64.encode(mac(&verifier.server_key, exchange.as_bytes()))
    );
    send(stream, 12, answer.as_bytes()).await?;
    Ok(RoleProof {
        client: client_key,
        stored: verifier.stored_key.clone(),
        server: verifier.server_key.clone(),
    })
}

/// Why the server did not take a proof.
#[derive(Debug)]
pub(crate) enum LoginRefusal {
    /// The server's error message, framed, for the client.
    Refused(Vec<u8>),
    Io(io::Error),
}

impl From<io::Error> for LoginRefusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl RoleProof {
    /// Logs in at the server, which has been sent the start-up packet. Whoever the packet names: only the role that the
    /// client has proved gets in.
    pub(crate) async fn log_in<S>(&self, server: &mut S) -> Result<(), LoginRefusal>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let offer = expect(server, 10).await?;
        if !offer.split(|byte| *byte == 0).any(|name| name == MECHANISM) {
            return Err(wire::malformed("the server offers no SCRAM-SHA-256").into());
        }
        let nonce = BASE64.encode(ids::random::<18>());
        let bare = format!("n=,r={nonce}");
        let first = format!("n,,{bare}");
        let length = u32::try_from(first.len()).unwrap_or(u32::MAX);
        let initial = [MECHANISM, b"\0", &length.to_be_bytes(), first.as_bytes()].concat();
        server.write_all(&wire::message(b'p', &initial)).await?;
        let broken = || wire::malformed("the server's SCRAM message is malformed");
        let server_first =
            String::from_utf8(expect(server, 11).await?).map_err(|_other| broken())?;
        let nonces = server_first
            .split(',')
            .find_map(|part| part.strip_prefix("r="))
            .filter(|nonces| nonces.starts_with(&nonce) && nonces.len() > nonce.len())
            .ok_or_else(broken)?;
        let without_proof = format!("c=biws,r={nonces}"); // biws: `n,,`
        let exchange = format!("{bare},{server_first},{without_proof}");
        let signature = mac(&self.stored, exchange.as_bytes());
        let proof: Vec<u8> = self
            .client
            .iter()
            .zip(signature)
            .map(|(a, b)| a ^ b)
            .collect();
        let last = format!("{without_proof},p={}", BASE64.encode(proof));
        server
            .write_all(&wire::message(b'p', last.as_bytes()))
            .await?;
        let signed = expect(server, 12).await?;
        let own = format!(
            "v={}",
            BASE64.encode(mac(&self.server, exchange.as_bytes()))
        );
        if signed != own.as_bytes() {
            return Err(wire::malformed("the server does not know the role's password").into());
        }
        Ok(())
    }
}

const MECHANISM: &[u8] = b"SCRAM-SHA-256";

/// Reads an authentication message of this kind from a server; without the kind.
async fn expect(server: &mut (impl AsyncRead + Unpin), kind: u32) -> Result<Vec<u8>, LoginRefusal> {
    match wire::read_message(server).await? {
        (b'E', body) => Err(LoginRefusal::Refused(wire::message(b'E', &body))),
        (b'R', body) => match body.split_first_chunk::<4>() {
            Some((found, rest)) if u32::from_be_bytes(*found) == kind => Ok(rest.to_vec()),
            _ => Err(wire::malformed("the server asks for another login").into()),
        },
        _ => Err(wire::malformed("the server answers out of turn").into()),
    }
}

struct ClientFirst {
    mechanism: String,
    flag: String,
    authzid: String,
    bare: String,
    nonce: String,
}

impl ClientFirst {
    fn parse(message: &[u8]) -> io::Result<Self> {
        let broken = || wire::malformed("the client's first SCRAM message is malformed");
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).map_err(|error| wire::malformed(&error.to_string()))
        };
        let end = message
            .iter()
            .position(|byte| *byte == 0)
            .ok_or_else(broken)?;
        let (mechanism, rest) = message.split_at_checked(end).ok_or_else(broken)?;
        let rest = rest.strip_prefix(&[0]).ok_or_else(broken)?;
        let (length, data) = rest.split_first_chunk::<4>().ok_or_else(broken)?;
        if usize::try_from(u32::from_be_bytes(*length)) != Ok(data.len()) {
            return Err(broken());
        }
        let data = text(data)?;
        let mut parts = data.splitn(3, ',');
        let mut part = || parts.next().map(str::to_owned).ok_or_else(broken);
        let (flag, authzid, bare) = (part()?, part()?, part()?);
        // `n=` and the name, which Postgres takes from the start-up packet; then the nonce. Nothing is asked of us in between.
        let nonce = bare
            .strip_prefix("n=")
            .and_then(|rest| rest.split_once(",r="))
            .filter(|(name, _)| !name.contains(','))
            .map(|(_, rest)| rest.split(',').next().unwrap_or_default().to_owned())
            .filter(|nonce| !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_graphic()))
            .ok_or_else(broken)?;
        if !authzid.is_empty() {
            return Err(wire::malformed(
                "the client uses authorization identity, but it is not supported",
            ));
        }
        Ok(Self {
            mechanism: text(mechanism)?,
            flag,
            authzid,
            bare,
            nonce,
        })
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), kind: u32, data: &[u8]) -> io::Result<()> {
    let body = [&kind.to_be_bytes(), data].concat();
    stream.write_all(&wire::message(b'R', &body)).await?;
    stream.flush().await
}

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    match wire::read_message(stream).await? {
        (b'p', body) => Ok(body),
        _ => Err(wire::malformed("expected a SASL message")),
    }
}

fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    // HMAC takes keys of every length: the error cannot happen.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(data);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scram_verifier_is_parsed_and_others_are_refused() {
        let stored = BASE64.encode([1; 32]);
        let text = format!("SCRAM-SHA-256$4096:c2FsdA==${stored}:{stored}");
        let verifier = Verifier::parse(&text).unwrap();
        assert_eq!(
            (verifier.salt.as_str(), verifier.iterations.as_str()),
            ("c2FsdA==", "4096")
        );
        assert!(Verifier::parse("md5abc").is_none());
        assert!(Verifier::parse("SCRAM-SHA-256$many:a$b:c").is_none());
    }

    #[test]
    fn password_is_checked_against_the_verifier() {
        let salt = BASE64.encode(b"0123456789abcdef");
        let salted = salted(b"pencil", b"0123456789abcdef", 4096);
        let stored = BASE64.encode(Sha256::digest(mac(&salted, b"Client Key")));
        let server = BASE64.encode(mac(&salted, b"Server Key"));
        let text = |iterations: u64| format!("SCRAM-SHA-256${iterations}:{salt}${stored}:{server}");
        let verifier = Verifier::parse(&text(4096)).unwrap();
        assert!(verifier.prove(b"pencil").is_some());
        assert!(verifier.prove(b"pencils").is_none());
        assert!(verifier.prove(b"").is_none());
        // more iterations than are done for anybody
        let slow = Verifier::parse(&text(2_000_000_000)).unwrap();
        assert!(slow.prove(b"pencil").is_none());
        let mock = Verifier::mock(b"secret", "ghost");
        assert!(mock.prove(b"pencil").is_none());
    }

    /// RFC 7677, section 3: the example's password, salt and keys.
    #[test]
    fn salted_password_is_the_one_of_the_rfc() {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let salted = salted(b"pencil", &salt, 4096);
        let server_first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let exchange = format!(
            "n=user,r=rOprNGfwEbeRWgbNEkqO,{server_first},c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        );
        let signature = mac(&mac(&salted, b"Server Key"), exchange.as_bytes());
        assert_eq!(
            BASE64.encode(signature),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
    }

    #[test]
    fn mock_salt_depends_on_the_role_and_stays_the_same() {
        let salt = |role| Verifier::mock(b"secret", role).salt;
        assert_eq!(salt("ghost"), salt("ghost"));
        assert_ne!(salt("ghost"), salt("spirit"));
    }

    #[test]
    fn first_message_is_parsed() {
        let message = b"SCRAM-SHA-256\0\0\0\0\x0bn,,n=,r=abc";
        let first = ClientFirst::parse(message).unwrap();
        assert_eq!(
            (
                first.flag.as_str(),
                first.bare.as_str(),
                first.nonce.as_str()
            ),
            ("n", "n=,r=abc", "abc")
        );
        for broken in [
            b"SCRAM".as_slice(),
            b"SCRAM-SHA-256\0\0\0\0\x10n,,n=,r=abc",
            b"SCRAM-SHA-256\0\xff\xff\xff\xffn,,n=,r=abc",
            b"SCRAM-SHA-256\0\0\0\0\x0cn,a=x,n=,r=a",
            b"SCRAM-SHA-256\0\0\0\0\x0fn,,m=1,n=,r=abc",
            b"SCRAM-SHA-256\0\0\0\0\x08n,,n=,r=",
        ] {
            assert!(ClientFirst::parse(broken).is_err(), "{broken:?}");
        }
    }
}
