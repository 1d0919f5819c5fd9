//! The front of a compute endpoint: one loopback port that speaks TLS and SCRAM, wakes the compute, and then steps aside.
//!
//! One port for each endpoint, because `ep-….localhost` does not resolve everywhere (glibc without nss-myhostname).

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::SemaphorePermit,
};

use crate::sandbox::{
    admin::Admin,
    control_plane::ControlPlane,
    faults::DatabaseFault,
    lifecycle::{self, ComputeUse},
    records::BranchRef,
    scram::{self, LoginError, ScramError, Verifier},
    socket_dir::SocketDir,
    startup::Startup,
    wire,
};

/// Postgres' own `authentication_timeout`. Waking a compute does not count.
const LOGIN_LIMIT: Duration = Duration::from_mins(1);

/// Opens the front of an endpoint, on its old port if that is free; returns the port.
pub(crate) fn open(
    plane: &Arc<ControlPlane>,
    branch_ref: BranchRef,
    endpoint: &str,
    port: u16,
) -> io::Result<u16> {
    let listeners = bind(port).or_else(|_taken| bind(0))?;
    let port = listeners.port;
    let front = EndpointFront {
        plane: Arc::clone(plane),
        branch_ref,
        endpoint: endpoint.to_owned(),
    };
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

struct EndpointFront {
    plane: Arc<ControlPlane>,
    branch_ref: BranchRef,
    endpoint: String,
}

impl EndpointFront {
    async fn accept(self: Arc<Self>, mut listeners: LoopbackListeners) {
        let mut faults = self.plane.watch_faults();
        loop {
            if faults.borrow_and_update().database == DatabaseFault::Refuse {
                let port = listeners.port;
                drop(listeners);
                self.plane
                    .until_faults(|faults| faults.database != DatabaseFault::Refuse)
                    .await;
                listeners = loop {
                    match bind(port) {
                        Ok(listeners) => break listeners,
                        Err(error) => {
                            tracing::warn!(%error, port, "the port of an endpoint is taken");
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
                    self.plane.spawn(async move {
                        if let Err(error) = front.serve(stream).await {
                            tracing::debug!(%error, endpoint = front.endpoint, "a connection ended");
                        }
                    });
                }
                // Out of file descriptors, say: that passes.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let counted = self.plane.connections.try_acquire();
        let Ok((_counted, login)) =
            counted.and_then(|counted| Ok((counted, self.plane.logins.try_acquire()?)))
        else {
            // Postgres' words, which a client reads in place of the answer about TLS.
            return stream
                .write_all(&wire::fatal("53300", "sorry, too many clients already"))
                .await;
        };
        if self.plane.faults().database == DatabaseFault::Stall {
            // Until the fault is lifted or the client gives up.
            self.plane
                .until_faults(|faults| faults.database != DatabaseFault::Stall)
                .await;
        }
        let Some(mut tls) = within(self.begin(&mut stream)).await? else {
            return Ok(());
        };
        let outcome = self.session(&mut tls, login).await;
        // A close_notify even after an error: libpq 17 and newer report a failed cancel without it.
        tls.shutdown().await.unwrap_or_default();
        outcome
    }

    /// Reads up to the TLS handshake; `None` if the connection is done.
    async fn begin<'a>(&self, stream: &'a mut TcpStream) -> io::Result<Option<ClientStream<'a>>> {
        let mut first = [0];
        stream.peek(&mut first).await?;
        if first == [0x16] {
            // Direct TLS, `sslnegotiation=direct` of libpq 17 and newer: ALPN is what makes it safe.
            let tls = self.plane.authority.acceptor.accept(stream).await?;
            let agreed = tls.get_ref().1.alpn_protocol() == Some(b"postgresql");
            return agreed
                .then_some(Some(tls))
                .ok_or_else(|| wire::malformed("direct TLS without the protocol `postgresql`"));
        }
        let mut packet = wire::read_untyped(stream).await?;
        if wire::code(&packet)?.0 == wire::GSSENC_REQUEST {
            stream.write_all(b"N").await?;
            packet = wire::read_untyped(stream).await?;
        }
        match wire::code(&packet)?.0 {
            wire::SSL_REQUEST => {
                if sent_more(stream).await {
                    let refusal =
                        wire::fatal("08P01", "received unencrypted data after SSL request");
                    stream.write_all(&refusal).await?;
                    return Ok(None);
                }
                stream.write_all(b"S").await?;
                self.plane.authority.acceptor.accept(stream).await.map(Some)
            }
            wire::CANCEL_REQUEST => {
                self.cancel(&packet).await?;
                Ok(None)
            }
            _ => {
                // Neon's message.
                let refusal = wire::fatal(
                    "08P01",
                    "connection is insecure (try using `sslmode=require`)",
                );
                stream.write_all(&refusal).await?;
                Ok(None)
            }
        }
    }

    async fn session(
        &self,
        tls: &mut ClientStream<'_>,
        login: SemaphorePermit<'_>,
    ) -> io::Result<()> {
        let packet = within(wire::read_untyped(tls)).await?;
        if wire::code(&packet)?.0 == wire::CANCEL_REQUEST {
            return self.cancel(&packet).await;
        }
        let mut startup = match Startup::parse(&packet) {
            Ok(startup) => startup,
            Err(refusal) => return refuse(tls, refusal.sqlstate, &refusal.text).await,
        };
        if let Some(unknown) = &startup.unknown {
            tls.write_all(&unknown.message()).await?;
        }
        let endpoint = self
            .plane
            .store
            .project(&self.branch_ref.project, |project| {
                let endpoint = project.endpoint(&self.endpoint)?;
                Some((endpoint.disabled, endpoint.read_only))
            });
        let Some((disabled, read_only)) = endpoint.flatten() else {
            return refuse(tls, "XX000", "The requested endpoint could not be found").await;
        };
        if disabled {
            let text = "The endpoint has been disabled. Enable it using Neon API and retry.";
            return refuse(tls, "XX000", text).await;
        }
        if read_only {
            startup.force("default_transaction_read_only", "on");
        }
        let in_use = ComputeUse::begin(&self.plane, self.branch_ref.clone());
        let sockets = match lifecycle::wake(&self.plane, &self.branch_ref).await {
            Ok(sockets) => sockets,
            Err(error) => {
                let text = format!("Couldn't connect to compute node: {error}");
                return refuse(tls, "08006", &text).await;
            }
        };
        let verifier = self.verifier(&sockets, &startup.user).await?;
        let proof = match within(scram::authenticate(
            tls,
            &self.plane.authority.leaf,
            &verifier,
        ))
        .await
        {
            Ok(proof) => proof,
            Err(ScramError::Refused) => {
                let text = format!("password authentication failed for user '{}'", startup.user);
                return refuse(tls, "28P01", &text).await;
            }
            Err(ScramError::Io(error)) => {
                return refuse(tls, "08P01", &error.to_string())
                    .await
                    .and(Err(error));
            }
        };
        let mut server = sockets.connect().await?;
        server.write_all(&startup.encode()).await?;
        match within(proof.log_in(&mut server)).await {
            Ok(()) => {} // the server's next message says so to the client
            Err(LoginError::Refused(message)) => return tls.write_all(&message).await,
            Err(LoginError::Io(error)) => {
                return refuse(tls, "08006", &error.to_string())
                    .await
                    .and(Err(error));
            }
        }
        drop(login);
        if self.plane.faults().database == DatabaseFault::Cut {
            return cut_at_first_query(tls, &mut server).await;
        }
        let outcome = tokio::io::copy_bidirectional(tls, &mut server).await;
        drop(in_use);
        outcome.map(drop)
    }

    /// The role's verifier as Postgres keeps it, so that a password changed with SQL works as well.
    async fn verifier(&self, sockets: &SocketDir, role: &str) -> io::Result<Verifier> {
        let stored = Admin::connect(sockets)
            .await?
            .password_verifier(role)
            .await?;
        Ok(stored
            .and_then(|text| Verifier::parse(&text))
            .unwrap_or_else(|| Verifier::mock(&self.plane.mock_secret, role)))
    }

    /// Passes on a request to cancel; a compute that sleeps has nothing to cancel.
    async fn cancel(&self, packet: &[u8]) -> io::Result<()> {
        if packet.len() != wire::CANCEL_LENGTH {
            return Err(wire::malformed("a request to cancel has another length"));
        }
        let Some(sockets) = lifecycle::peek(&self.plane, &self.branch_ref.branch).await else {
            return Ok(());
        };
        let mut server = sockets.connect().await?;
        server.write_all(&wire::untyped(packet)).await?;
        // The server closes when it has signalled: only then may the client be told.
        server.read_to_end(&mut Vec::new()).await.map(drop)
    }
}

/// Whether the client has sent something before it may. Who stands between us could have: it would look like part of the
/// session that TLS protects.
async fn sent_more(stream: &TcpStream) -> bool {
    let mut next = [0];
    let peeked = tokio::time::timeout(Duration::ZERO, stream.peek(&mut next)).await;
    matches!(peeked, Ok(Ok(1..)))
}

type ClientStream<'a> = tokio_rustls::server::TlsStream<&'a mut TcpStream>;

async fn refuse(tls: &mut ClientStream<'_>, sqlstate: &str, text: &str) -> io::Result<()> {
    tls.write_all(&wire::fatal(sqlstate, text)).await
}

async fn within<T, E: From<io::Error>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let in_time = tokio::time::timeout(LOGIN_LIMIT, work).await;
    in_time.unwrap_or_else(|_elapsed| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Lets the login through and drops the connection at the client's first message after it.
async fn cut_at_first_query<C, S>(client: &mut C, server: &mut S) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + Unpin,
{
    let (mut from_client, mut to_client) = tokio::io::split(client);
    tokio::select! {
        copied = tokio::io::copy(server, &mut to_client) => copied.map(drop),
        asked = from_client.read_u8() => asked.map(drop),
    }
}
