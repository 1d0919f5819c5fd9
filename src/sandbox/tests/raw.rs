//! A bare client of Postgres, which says what a driver would not.

use std::{io, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rustls::{ClientConfig, RootCertStore, pki_types::pem::PemObject as _};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::sandbox::{Sandbox, wire};
use crate::testing::requirements::PATIENCE;

/// A connection after the TLS handshake.
pub(crate) struct RawClient {
    stream: TlsStream<TcpStream>,
    password: String,
}

/// What an error of the server says: its SQLSTATE and message.
pub(crate) type Refused = (String, String);

pub(crate) async fn plain(uri: &str) -> TcpStream {
    let url = url::Url::parse(uri).unwrap();
    let address = (url.host_str().unwrap(), url.port().unwrap());
    TcpStream::connect(address).await.unwrap()
}

/// Everything that is sent until the connection ends.
pub(crate) async fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await;
    read.unwrap().ok();
    all
}

impl RawClient {
    pub(crate) async fn connect(uri: &str, sandbox: &Sandbox) -> Self {
        let mut plain = plain(uri).await;
        plain
            .write_all(&wire::untyped(&wire::SSL_REQUEST.to_be_bytes()))
            .await
            .unwrap();
        assert_eq!(plain.read_u8().await.unwrap(), b'S');
        let mut roots = RootCertStore::empty();
        let ca = rustls::pki_types::CertificateDer::from_pem_file(sandbox.ca_file()).unwrap();
        roots.add(ca).unwrap();
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, plain)
            .await
            .unwrap();
        let password = url::Url::parse(uri).unwrap().password().unwrap().to_owned();
        Self { stream, password }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Sends a start-up packet of any content behind the version.
    pub(crate) async fn start(&mut self, body: &[u8]) -> Result<(), Refused> {
        let body = [&wire::PROTOCOL_3.to_be_bytes(), body].concat();
        self.send(&wire::untyped(&body)).await;
        self.log_in().await
    }

    /// Logs in with parameters in any number and order.
    pub(crate) async fn start_with(&mut self, parameters: &[(&str, &str)]) -> Result<(), Refused> {
        let mut body = Vec::new();
        for text in parameters.iter().flat_map(|(name, value)| [name, value]) {
            body.extend(text.as_bytes());
            body.push(0);
        }
        body.push(0);
        self.start(&body).await
    }

    async fn log_in(&mut self) -> Result<(), Refused> {
        self.expect(b'R').await?;
        let first = "n=,r=cmF3";
        let data = format!("n,,{first}");
        let mut body = b"SCRAM-SHA-256\0".to_vec();
        body.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        body.extend(data.as_bytes());
        self.send(&wire::message(b'p', &body)).await;
        let server = String::from_utf8(self.expect(b'R').await?.split_off(4)).unwrap();
        let part = |name: &str| {
            let mut parts = server.split(',');
            parts.find_map(|part| part.strip_prefix(name)).unwrap()
        };
        let salted = salted(
            self.password.as_bytes(),
            &BASE64.decode(part("s=")).unwrap(),
            part("i=").parse().unwrap(),
        );
        let client_key = mac(&salted, b"Client Key");
        let without = format!("c=biws,r={}", part("r="));
        let signature = mac(
            &Sha256::digest(client_key),
            format!("{first},{server},{without}").as_bytes(),
        );
        let proof: Vec<u8> = client_key
            .iter()
            .zip(signature)
            .map(|(a, b)| a ^ b)
            .collect();
        let last = format!("{without},p={}", BASE64.encode(proof));
        self.send(&wire::message(b'p', last.as_bytes())).await;
        self.until_ready().await.map(drop)
    }

    /// Runs a query; its rows' first columns, or the first error.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<String>, Refused> {
        self.send(&wire::message(b'Q', &[sql.as_bytes(), b"\0"].concat()))
            .await;
        self.until_ready().await
    }

    async fn until_ready(&mut self) -> Result<Vec<String>, Refused> {
        let (mut rows, mut refused) = (Vec::new(), None);
        loop {
            match self.message().await {
                Err(_ended) => {
                    let ended = || (String::new(), "the connection ended".to_owned());
                    return Err(refused.unwrap_or_else(ended));
                }
                Ok((b'Z', _)) => return refused.map_or(Ok(rows), Err),
                Ok((b'E', body)) => {
                    refused.get_or_insert(error(&body));
                }
                Ok((b'D', body)) => {
                    let text = body.get(6..).unwrap_or_default();
                    rows.push(String::from_utf8_lossy(text).into_owned());
                }
                Ok(_) => {}
            }
        }
    }

    async fn expect(&mut self, kind: u8) -> Result<Vec<u8>, Refused> {
        match self.message().await {
            Ok((found, body)) if found == kind => Ok(body),
            Ok((b'E', body)) => Err(error(&body)),
            other => Err((String::new(), format!("{other:?}"))),
        }
    }

    pub(crate) async fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let read = async {
            let kind = self.stream.read_u8().await?;
            let length = self.stream.read_u32().await?;
            let mut body = vec![0; usize::try_from(length).unwrap() - 4];
            self.stream.read_exact(&mut body).await?;
            Ok((kind, body))
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap()
    }
}

fn error(body: &[u8]) -> Refused {
    let field = |wanted: u8| {
        let mut fields = body.split(|byte| *byte == 0);
        let found = fields.find(|field| field.first() == Some(&wanted));
        let text = found.and_then(|field| field.get(1..)).unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    };
    (field(b'C'), field(b'M'))
}

fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().into()
}

fn salted(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut last = mac(password, &[salt, &1_u32.to_be_bytes()].concat());
    let mut all = last;
    for _ in 1..iterations {
        last = mac(password, &last);
        for (sum, byte) in all.iter_mut().zip(last) {
            *sum ^= byte;
        }
    }
    all
}
