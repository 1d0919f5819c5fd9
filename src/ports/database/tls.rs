//! TLS connections to Postgres, with certificate and host name verified.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::ports::{
    certificate::{self, CertificateFault},
    database::DatabaseError,
};

/// The code of an `SSLRequest`; PostgreSQL protocol 3, section "Message Formats".
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// The code of a `CancelRequest`.
const CANCEL_REQUEST: [u8; 8] = [0, 0, 0, 16, 4, 210, 22, 46];
/// How many addresses of a host are tried, each for its share of the time limit. Neon's hosts have six.
pub(super) const ADDRESSES_LIMIT: usize = 8;

/// The way to a server.
#[derive(Clone)]
pub(super) struct ServerRoute {
    host: String,
    addresses: Vec<SocketAddr>,
    config: Arc<ClientConfig>,
    limit: Duration,
}

impl ServerRoute {
    pub(super) fn new(
        host: &str,
        addresses: Vec<SocketAddr>,
        roots: Arc<RootCertStore>,
        limit: Duration,
    ) -> Result<Self, DatabaseError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| no_tls(host, &error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            host: host.to_owned(),
            addresses,
            config: Arc::new(config),
            limit,
        })
    }

    /// Opens a connection, and does the handshake. No compute has to wake up for it, so that half of the limit is enough: two steps
    /// that meet the same silence one after the other are through when one limit is over.
    pub(super) async fn open(&self) -> Result<TlsStream<TcpStream>, DatabaseError> {
        let mut stream = dial(&self.addresses, self.limit).await?;
        let name =
            ServerName::try_from(self.host.clone()).map_err(|error| no_tls(&self.host, &error))?;
        let work = async {
            stream.write_all(&SSL_REQUEST).await?;
            // one byte and no more: what came along in plain text would be taken for an answer under TLS
            if stream.read_u8().await? != b'S' {
                return Err(io::Error::other("the server doesn't support TLS"));
            }
            TlsConnector::from(Arc::clone(&self.config))
                .connect(name, stream)
                .await
        };
        timeout(self.limit / 2, work)
            .await
            .map_err(|_elapsed| self.stalled())?
            .map_err(|error| match certificate_fault(&error) {
                Some(fault) => DatabaseError::BadCertificate {
                    host: self.host.clone(),
                    fault,
                    reason: error.to_string(),
                },
                None => no_tls(&self.host, &error),
            })
    }

    fn stalled(&self) -> DatabaseError {
        DatabaseError::Stalled {
            host: self.host.clone(),
            limit: self.limit / 2,
        }
    }

    /// Asks the server to end what the connection with this key does.
    pub(super) async fn cancel(&self, key: &[u8]) -> Result<(), DatabaseError> {
        let mut stream = self.open().await?;
        let sent = async {
            stream.write_all(&CANCEL_REQUEST).await?;
            stream.write_all(key).await?;
            stream.flush().await?;
            // it is done when the server closes the connection, which it does without a word
            let mut answer = [0; 16];
            while stream.read(&mut answer).await.is_ok_and(|read| read > 0) {}
            io::Result::Ok(())
        };
        timeout(self.limit / 2, sent)
            .await
            .map_err(|_elapsed| self.stalled())?
            .map_err(|source| DatabaseError::Cut {
                host: self.host.clone(),
                source,
            })
    }
}

/// What is wrong with the certificate, if that is why the handshake failed.
fn certificate_fault(error: &io::Error) -> Option<CertificateFault> {
    certificate::fault(error.get_ref()?.downcast_ref()?)
}

fn no_tls(host: &str, reason: &dyn ToString) -> DatabaseError {
    DatabaseError::NoTls {
        host: host.to_owned(),
        reason: reason.to_string(),
    }
}

/// Connects to the first address that answers. Together they get as long as one: a firewall may swallow them all.
pub(super) async fn dial(
    addresses: &[SocketAddr],
    limit: Duration,
) -> Result<TcpStream, DatabaseError> {
    let mut last: Option<(SocketAddr, io::Error)> = None;
    let count = addresses.len().clamp(1, ADDRESSES_LIMIT);
    let limit = limit / u32::try_from(count).unwrap_or(1);
    for address in addresses.iter().take(ADDRESSES_LIMIT) {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = Some((*address, error)),
            Err(_elapsed) => last = Some((*address, io::ErrorKind::TimedOut.into())),
        }
    }
    let (address, source) = last.map_or_else(
        || ("no address".to_owned(), io::ErrorKind::NotFound.into()),
        |(address, error)| (address.to_string(), error),
    );
    Err(DatabaseError::NotConnected { address, source })
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn only_the_first_addresses_of_a_host_are_tried() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let open = listener.local_addr().unwrap();
        // a port that nobody has taken since
        let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let refused = closed.local_addr().unwrap();
        drop(closed);
        let limit = Duration::from_secs(10);
        let mut addresses = vec![refused; ADDRESSES_LIMIT];
        addresses.push(open);
        let error = dial(&addresses, limit).await.unwrap_err();
        let DatabaseError::NotConnected { address, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*address, refused.to_string());
        addresses.remove(0);
        let stream = dial(&addresses, limit).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
    }
}
