//! The login: the server proves that it knows the password, over the TLS connection whose certificate was verified, or nothing is
//! said. Source: PostgreSQL's protocol 3, sections "Start-up" and "SASL Authentication".

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use crate::{
    domain::url::Connection,
    ports::database::{
        scram::{ChannelBinding, Exchange, LoginFault},
        wire::{
            self, Fields, LOGIN_MESSAGE_LIMIT, Message, PARAMETERS_LIMIT, ReplyMeter, ServerError,
            WireError,
        },
    },
};

/// Protocol 3.0.
const PROTOCOL: i32 = 196_608;

/// Why nobody is logged in.
#[derive(Debug)]
pub(super) enum LoginError {
    Wire(WireError),
    Fault(LoginFault),
    Refused(ServerError),
}

impl From<WireError> for LoginError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<std::io::Error> for LoginError {
    fn from(error: std::io::Error) -> Self {
        Self::Wire(error.into())
    }
}

impl From<LoginFault> for LoginError {
    fn from(fault: LoginFault) -> Self {
        Self::Fault(fault)
    }
}

/// A connection that is logged in.
pub(super) struct LoggedIn<S> {
    pub stream: S,
    /// What the server said after the login, up to its first readiness, as it is passed on.
    pub greeting: Vec<u8>,
    /// What ends a query of this connection.
    pub cancel_key: Option<Vec<u8>>,
}

/// Logs in. `end_point`: the hash of the server's certificate; `must_bind`: whether a login without it is refused.
pub(super) async fn login<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    connection: &Connection,
    end_point: Option<Vec<u8>>,
    must_bind: bool,
) -> Result<LoggedIn<S>, LoginError> {
    let mut meter = ReplyMeter::default();
    stream.write_all(&start_up(connection)?).await?;
    stream.flush().await?;
    let (method, body) = asked(&mut stream, &mut meter).await?;
    match method {
        10 => {}
        0 => return Err(LoginFault::NoPassword.into()),
        3 => return Err(LoginFault::PlainTextPassword.into()),
        5 => return Err(LoginFault::Md5Password.into()),
        other => return Err(LoginFault::OtherMethod(other).into()),
    }
    let binding = choose(&body, end_point, must_bind)?;
    let mechanism = binding.mechanism();
    let nonce = random_nonce().ok_or(LoginFault::Nonce)?;
    let exchange = Exchange::new(binding, nonce);
    let first = exchange.first();
    let length = u32::try_from(first.len()).unwrap_or(u32::MAX);
    let body = [
        mechanism.as_bytes(),
        &[0],
        &length.to_be_bytes(),
        first.as_bytes(),
    ]
    .concat();
    send(&mut stream, &body).await?;
    let server_first = continued(&mut stream, &mut meter, 11).await?;
    let password = connection.password.clone();
    // the hash takes a while: the screen goes on
    let proof =
        tokio::task::spawn_blocking(move || exchange.prove(password.expose(), &server_first))
            .await
            .map_err(std::io::Error::other)??;
    send(&mut stream, proof.message.as_bytes()).await?;
    let server_final = continued(&mut stream, &mut meter, 12).await?;
    proof.verify(&server_final)?;
    if asked(&mut stream, &mut meter).await?.0 != 0 {
        return Err(LoginFault::OutOfTurn('R').into());
    }
    greeted(stream, &mut meter).await
}

/// The start-up message.
fn start_up(connection: &Connection) -> Result<Vec<u8>, LoginError> {
    let parameters = [
        ("user", connection.role.as_str()),
        ("database", connection.database.as_str()),
        ("application_name", "neonup"),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO, MDY"),
        ("TimeZone", "UTC"),
        ("extra_float_digits", "2"),
    ];
    let mut body = PROTOCOL.to_be_bytes().to_vec();
    for (name, value) in parameters {
        if value.contains('\0') {
            // what follows a zero byte would be another parameter
            return Err(LoginError::Refused(ServerError::ours(
                "the name of the role or database contains a NUL byte",
            )));
        }
        body.extend_from_slice(name.as_bytes());
        body.push(0);
        body.extend_from_slice(value.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    Ok([&length.to_be_bytes(), body.as_slice()].concat())
}

/// Chooses how to log in, among what the server offers.
fn choose(
    offers: &[u8],
    end_point: Option<Vec<u8>>,
    must_bind: bool,
) -> Result<ChannelBinding, LoginFault> {
    let mut fields = Fields(offers);
    let (mut plus, mut plain) = (false, false);
    while let Some(name) = fields.text().filter(|name| !name.is_empty()) {
        plus |= name == b"SCRAM-SHA-256-PLUS";
        plain |= name == b"SCRAM-SHA-256";
    }
    match end_point {
        Some(hash) if plus => Ok(ChannelBinding::Bound(hash)),
        Some(_) | None if !plus && !plain => Err(LoginFault::NoScram),
        Some(_) if must_bind => Err(LoginFault::NoBinding),
        None if must_bind => Err(LoginFault::UnbindableCertificate),
        Some(_) => Ok(ChannelBinding::NotOffered),
        None if plain => Ok(ChannelBinding::Unable),
        None => Err(LoginFault::UnbindableCertificate),
    }
}

fn random_nonce() -> Option<String> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).ok()?;
    Some(BASE64.encode(bytes))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), body: &[u8]) -> Result<(), LoginError> {
    stream.write_all(&wire::frame(b'p', body)).await?;
    stream.flush().await?;
    Ok(())
}

/// Reads the next message but notices. An error ends the login.
async fn next(
    stream: &mut (impl AsyncRead + Unpin),
    meter: &mut ReplyMeter,
) -> Result<Message, LoginError> {
    loop {
        let message = wire::read(stream, LOGIN_MESSAGE_LIMIT).await?;
        meter.count(&message)?;
        match message.kind {
            b'N' => {}
            b'E' => return Err(LoginError::Refused(ServerError::parse(&message)?)),
            _ => return Ok(message),
        }
    }
}

/// Reads what the server asks for: the method, and what belongs to it.
async fn asked(
    stream: &mut (impl AsyncRead + Unpin),
    meter: &mut ReplyMeter,
) -> Result<(i32, Vec<u8>), LoginError> {
    let message = next(stream, meter).await?;
    if message.kind != b'R' {
        return Err(LoginFault::OutOfTurn(char::from(message.kind)).into());
    }
    let mut fields = Fields(&message.body);
    let method = fields.int32().ok_or_else(|| message.malformed())?;
    Ok((method, fields.0.to_vec()))
}

/// Reads the next text of the exchange. A server that takes the login for done before it has proved anything is nobody we know.
async fn continued(
    stream: &mut (impl AsyncRead + Unpin),
    meter: &mut ReplyMeter,
    wanted: i32,
) -> Result<String, LoginError> {
    match asked(stream, meter).await? {
        (method, text) if method == wanted => {
            String::from_utf8(text).map_err(|_invalid| LoginFault::Malformed.into())
        }
        (0, _) => Err(LoginFault::Signature.into()),
        (3, _) => Err(LoginFault::PlainTextPassword.into()),
        (5, _) => Err(LoginFault::Md5Password.into()),
        _ => Err(LoginFault::OutOfTurn('R').into()),
    }
}

/// Reads what the server says after the login, until it is ready.
async fn greeted<S: AsyncRead + Unpin>(
    mut stream: S,
    meter: &mut ReplyMeter,
) -> Result<LoggedIn<S>, LoginError> {
    let mut greeting = Vec::new();
    let mut cancel_key = None;
    let mut parameters = 0;
    loop {
        let message = next(&mut stream, meter).await?;
        match message.kind {
            b'S' => {
                parameters += 1;
                if parameters > PARAMETERS_LIMIT {
                    return Err(WireError::TooManyParameters.into());
                }
                let mut fields = Fields(&message.body);
                let readable = fields
                    .text()
                    .zip(fields.text())
                    .is_some_and(|(name, value)| {
                        std::str::from_utf8(name).is_ok() && std::str::from_utf8(value).is_ok()
                    });
                if !readable {
                    return Err(message.malformed().into());
                }
            }
            b'K' if message.body.len() == 8 => cancel_key = Some(message.body.clone()),
            b'Z' if message.body == b"I" => {
                greeting.extend(message.frame());
                return Ok(LoggedIn {
                    stream,
                    greeting,
                    cancel_key,
                });
            }
            b'K' | b'Z' => return Err(message.malformed().into()),
            _ => return Err(message.unexpected().into()),
        }
        greeting.extend(message.frame());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_is_bound_wherever_it_can_be() {
        const BOTH: &[u8] = b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
        const PLAIN: &[u8] = b"SCRAM-SHA-256\0\0";
        let hash = || Some(vec![1; 32]);
        let bound = Ok(ChannelBinding::Bound(vec![1; 32]));
        for must_bind in [true, false] {
            assert_eq!(choose(BOTH, hash(), must_bind), bound);
            for offers in [b"".as_slice(), b"\0", b"OAUTHBEARER\0\0", b"SCRAM-SHA-256"] {
                assert_eq!(choose(offers, hash(), must_bind), Err(LoginFault::NoScram));
            }
        }
        assert_eq!(choose(PLAIN, hash(), true), Err(LoginFault::NoBinding));
        assert_eq!(choose(PLAIN, hash(), false), Ok(ChannelBinding::NotOffered));
        assert_eq!(choose(BOTH, None, false), Ok(ChannelBinding::Unable));
        assert_eq!(
            choose(BOTH, None, true),
            Err(LoginFault::UnbindableCertificate)
        );
    }
}
