//! The front of a compute endpoint: one loopback port that speaks TLS, to clients of Postgres and to those that ask over HTTP.
//!
//! One port for each endpoint, because `ep-….localhost` does not resolve everywhere (glibc without nss-myhostname).

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener},
    sync::Arc,
    time::Duration,
};

use rustls::pki_types::CertificateDer;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::sandbox::{
    ca,
    control_plane::ControlPlane,
    faults::DatabaseFault,
    records::BranchRef,
    serverless,
    session::{Proving, Target, within},
    wire,
};

/// Opens the front of an endpoint, on its old port if that is free; returns the port.
pub(crate) fn open(
    plane: &Arc<ControlPlane>,
    branch_ref: BranchRef,
    endpoint: &str,
    port: u16,
) -> io::Result<u16> {
    let listeners = bind(port).or_else(|_taken| bind(0))?;
    let port = listeners.port;
    let front = EndpointFront(Target {
        plane: Arc::clone(plane),
        branch_ref,
        endpoint: endpoint.to_owned(),
    });
    plane.add_front(endpoint, plane.spawn(Arc::new(front).accept(listeners)));
    Ok(port)
}

/// Opens the fronts of all endpoints again after a restart.
pub(crate) fn reopen_all(plane: &Arc<ControlPlane>) -> io::Result<()> {
    let endpoints: Vec<_> = plane.store.read(|state| {
        let all = state.projects.values().flat_map(|project| {
            let branch_ref = |branch: &str| BranchRef::new(&project.id, branch);
            project.endpoints.iter().map(move |endpoint| {
                (
                    branch_ref(&endpoint.branch_id),
                    endpoint.id.clone(),
                    endpoint.port,
                )
            })
        });
        all.collect()
    });
    for (branch_ref, id, port) in endpoints {
        let project = branch_ref.project.clone();
        let got = open(plane, branch_ref, &id, port)?;
        if got != port {
            plane.store.edit(&project, |project| {
                if let Some(endpoint) = project.endpoint_mut(&id) {
                    endpoint.port = got;
                }
            });
        }
    }
    Ok(())
}

/// The port on both loopback addresses.
struct LoopbackListeners {
    port: u16,
    four: TcpListener,
    /// `None` where the machine has no IPv6.
    six: Option<TcpListener>,
}

fn bind(port: u16) -> io::Result<LoopbackListeners> {
    let listen = |address: SocketAddr| {
        let listener = StdListener::bind(address)?;
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    };
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..16 {
        let four = listen((Ipv4Addr::LOCALHOST, port).into())?;
        let got = four.local_addr()?.port();
        match listen((Ipv6Addr::LOCALHOST, got).into()) {
            Ok(six) => {
                return Ok(LoopbackListeners {
                    port: got,
                    four,
                    six: Some(six),
                });
            }
            // `localhost` may mean ::1 first: another program there would get our clients' logins.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            Err(_no_ipv6) => {
                return Ok(LoopbackListeners {
                    port: got,
                    four,
                    six: None,
                });
            }
        }
        if port != 0 {
            break;
        }
    }
    Err(last)
}

impl LoopbackListeners {
    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = match &self.six {
            None => self.four.accept().await?,
            Some(six) => tokio::select! {
                accepted = self.four.accept() => accepted?,
                accepted = six.accept() => accepted?,
            },
        };
        Ok(stream)
    }
}

struct EndpointFront(Target);

/// What a client begins after TLS.
enum Begun {
    /// A session of Postgres.
    Postgres(TlsStream<TcpStream>),
    /// Requests over HTTP.
    Http(TlsStream<TcpStream>),
    /// It has its answer already.
    Done,
}

impl EndpointFront {
    async fn accept(self: Arc<Self>, mut listeners: LoopbackListeners) {
        let mut faults = self.0.plane.watch_faults();
        loop {
            if faults.borrow_and_update().database == DatabaseFault::Refuse {
                let port = listeners.port;
                drop(listeners);
                self.0
                    .plane
                    .until_faults(|faults| faults.database != DatabaseFault::Refuse)
                    .await;
                listeners = loop {
                    match bind(port) {
                        Ok(listeners) => break listeners,
                        Err(error) => {
                            tracing::warn!(%error, port, "the port of an endpoint is in use");
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                };
            }
            let accepted = tokio::select! {
                accepted = listeners.accept() => accepted,
                changed = faults.changed() => match changed {
                    Ok(()) => continue,
                    Err(_stopping) => return,
                },
            };
            match accepted {
                Ok(stream) => {
                    let front = Arc::clone(&self);
                    self.0.plane.spawn(async move {
                        if let Err(error) = front.serve(stream).await {
                            tracing::debug!(%error, endpoint = front.0.endpoint, "a connection ended");
                        }
                    });
                }
                // Out of file descriptors, say: that passes.
                Err(error) => {
                    tracing::warn!(%error, "couldn't accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let plane = &self.0.plane;
        let counted = plane.connections.try_acquire();
        let Ok((_counted, login)) =
            counted.and_then(|counted| Ok((counted, plane.logins.try_acquire()?)))
        else {
            // Postgres' words, which a client reads in place of the answer about TLS.
            return stream
                .write_all(&wire::fatal("53300", "sorry, too many clients already"))
                .await;
        };
        if plane.faults().database == DatabaseFault::Stall {
            // Until the fault is lifted or the client gives up.
            plane
                .until_faults(|faults| faults.database != DatabaseFault::Stall)
                .await;
        }
        let leaf = plane.authority.leaf(plane.faults().certificate);
        let mut tls = match within(self.begin(stream, &leaf.acceptor)).await? {
            Begun::Done => return Ok(()),
            Begun::Postgres(tls) => tls,
            Begun::Http(tls) => {
                drop(login); // each request has a login of its own
                return serverless::serve(&self.0, tls).await;
            }
        };
        let outcome = self.session(&mut tls, &leaf.der, login).await;
        // A close_notify even after an error: libpq 17 and newer report a failed cancel without it.
        tls.shutdown().await.unwrap_or_default();
        outcome
    }

    /// Reads up to the TLS handshake.
    async fn begin(&self, mut stream: TcpStream, acceptor: &TlsAcceptor) -> io::Result<Begun> {
        let mut first = [0];
        stream.peek(&mut first).await?;
        if first == [0x16] {
            return direct(acceptor.accept(stream).await?).await;
        }
        let mut packet = wire::read_untyped(&mut stream).await?;
        if wire::code(&packet)?.0 == wire::GSSENC_REQUEST {
            stream.write_all(b"N").await?;
            packet = wire::read_untyped(&mut stream).await?;
        }
        match wire::code(&packet)?.0 {
            wire::SSL_REQUEST => {
                if sent_more(&stream).await {
                    let refusal =
                        wire::fatal("08P01", "received unencrypted data after SSL request");
                    stream.write_all(&refusal).await?;
                    return Ok(Begun::Done);
                }
                stream.write_all(b"S").await?;
                acceptor.accept(stream).await.map(Begun::Postgres)
            }
            wire::CANCEL_REQUEST => {
                self.0.cancel(&packet).await?;
                Ok(Begun::Done)
            }
            _ => {
                // Neon's message.
                let refusal = wire::fatal(
                    "08P01",
                    "connection is insecure (try using `sslmode=require`)",
                );
                stream.write_all(&refusal).await?;
                Ok(Begun::Done)
            }
        }
    }

    async fn session(
        &self,
        tls: &mut TlsStream<TcpStream>,
        certificate: &CertificateDer<'static>,
        login: tokio::sync::SemaphorePermit<'_>,
    ) -> io::Result<()> {
        let packet = within(wire::read_untyped(tls)).await?;
        if wire::code(&packet)?.0 == wire::CANCEL_REQUEST {
            return self.0.cancel(&packet).await;
        }
        let named = tls.get_ref().1.server_name().map(str::to_owned);
        if let Err(refusal) = self.0.check_server_name(named.as_deref()) {
            let message = wire::fatal(refusal.sqlstate, &refusal.text);
            return tls.write_all(&message).await;
        }
        let proving = Proving::Scram { certificate };
        self.0.serve(tls, &packet, proving, login).await
    }
}

/// Tells who has begun with TLS: `sslnegotiation=direct` of libpq 17 and newer, or a client of HTTP. ALPN says so; a client
/// without it (the websockets of Node, say) is one of HTTP if it begins like one, as no session of Postgres does.
async fn direct(mut tls: TlsStream<TcpStream>) -> io::Result<Begun> {
    match tls.get_ref().1.alpn_protocol() {
        Some(ca::POSTGRES) => Ok(Begun::Postgres(tls)),
        Some(ca::HTTP) => Ok(Begun::Http(tls)),
        Some(_) | None => {
            let first = tls.fill_buf().await?.first().copied();
            first
                .is_some_and(|first| first.is_ascii_uppercase())
                .then_some(Begun::Http(tls))
                .ok_or_else(|| wire::malformed("direct TLS without the protocol `postgresql`"))
        }
    }
}

/// Whether the client has sent something before it may. Who stands between us could have: it would look like part of the
/// session that TLS protects.
async fn sent_more(stream: &TcpStream) -> bool {
    let mut next = [0];
    let peeked = tokio::time::timeout(Duration::ZERO, stream.peek(&mut next)).await;
    matches!(peeked, Ok(Ok(1..)))
}
