//! A session on a compute, from its start-up packet on: the same whichever way the client came in.
//!
//! The password is checked here, against what Postgres keeps of it; then the server is shown the role's proof.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::SemaphorePermit,
};

use crate::{
    os::sockets::Stream,
    sandbox::{
        admin::Admin,
        control_plane::ControlPlane,
        faults::DatabaseFault,
        lifecycle::{self, ComputeUse},
        records::BranchRef,
        scram::{self, LoginRefusal, RoleProof, ScramError, Verifier},
        socket_dir::SocketDir,
        startup::{Startup, StartupRefusal},
        wire,
    },
};

/// Postgres' own `authentication_timeout`. Waking a compute does not count.
pub(crate) const LOGIN_LIMIT: Duration = Duration::from_mins(1);

/// Neon's word for an endpoint that is not there.
const NO_ENDPOINT: &str = "The requested endpoint could not be found, or you don't have access to it. \
     Please check the provided ID and try again.";

/// An endpoint as the place that a client wants to reach.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) branch_ref: BranchRef,
    pub(crate) endpoint: String,
}

/// How a client shows that it knows the password.
pub(crate) enum Proving<'a> {
    /// It does not send it: SCRAM-SHA-256, bound to the TLS certificate (DER) where the client can.
    Scram { certificate: &'a [u8] },
    /// It sends it, inside the TLS of a websocket: Neon's driver sends it before it is asked, to save round trips.
    PlainText,
}

/// A compute that is awake, and what its server keeps of a role's password.
pub(crate) struct Admission {
    /// Keeps the compute awake.
    _in_use: ComputeUse,
    sockets: SocketDir,
    verifier: Verifier,
}

impl Target {
    /// The refusal for an endpoint that is not there.
    pub(crate) fn missing() -> StartupRefusal {
        StartupRefusal::new("XX000", NO_ENDPOINT)
    }

    /// Whether a client means this endpoint by its id; the pooler's id is the endpoint's own with an end.
    pub(crate) fn is_named(&self, id: &str) -> bool {
        id.strip_suffix("-pooler").unwrap_or(id) == self.endpoint
    }

    /// Refuses a name of the TLS connection that is another endpoint's. Names of one label say nothing.
    pub(crate) fn check_server_name(&self, name: Option<&str>) -> Result<(), StartupRefusal> {
        let endpoint = name
            .and_then(|name| name.split_once('.'))
            .map(|(first, _)| first)
            .filter(|first| first.starts_with("ep-"));
        if endpoint.is_some_and(|id| !self.is_named(id)) {
            return Err(Self::missing());
        }
        Ok(())
    }

    /// Checks that the endpoint may be used, and wakes its compute.
    pub(crate) async fn admit(&self, startup: &mut Startup) -> Result<Admission, StartupRefusal> {
        if startup
            .endpoint
            .as_deref()
            .is_some_and(|id| !self.is_named(id))
        {
            return Err(Self::missing());
        }
        let plane = &self.plane;
        let endpoint = plane.store.project(&self.branch_ref.project, |project| {
            let endpoint = project.endpoint(&self.endpoint)?;
            Some((endpoint.disabled, endpoint.read_only))
        });
        let (disabled, read_only) = endpoint.flatten().ok_or_else(Self::missing)?;
        if disabled {
            let text = "The endpoint has been disabled. Enable it using Neon API and retry.";
            return Err(StartupRefusal::new("XX000", text));
        }
        if read_only {
            startup.force("default_transaction_read_only", "on");
        }
        let unreachable = |error: io::Error| {
            StartupRefusal::new(
                "08006",
                format!("Couldn't connect to compute node: {error}"),
            )
        };
        let in_use = ComputeUse::begin(plane, self.branch_ref.clone());
        let sockets = lifecycle::wake(plane, &self.branch_ref)
            .await
            .map_err(unreachable)?;
        let verifier = self
            .verifier(&sockets, &startup.user)
            .await
            .map_err(unreachable)?;
        Ok(Admission {
            _in_use: in_use,
            sockets,
            verifier,
        })
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

    /// Serves a client that has sent this start-up packet, until one side ends.
    pub(crate) async fn serve<S>(
        &self,
        client: &mut S,
        packet: &[u8],
        proving: Proving<'_>,
        login: SemaphorePermit<'_>,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut startup = match Startup::parse(packet) {
            Ok(startup) => startup,
            Err(refusal) => return refuse(client, &refusal).await,
        };
        if let Some(unknown) = &startup.unknown {
            client.write_all(&unknown.message()).await?;
        }
        let admission = match self.admit(&mut startup).await {
            Ok(admission) => admission,
            Err(refusal) => return refuse(client, &refusal).await,
        };
        let proof = match within(admission.prove(client, proving)).await {
            Ok(proof) => proof,
            Err(ScramError::Refused) => {
                return refuse(client, &wrong_password(&startup.user)).await;
            }
            Err(ScramError::Io(error)) => {
                let refusal = StartupRefusal::new("08P01", error.to_string());
                return refuse(client, &refusal).await.and(Err(error));
            }
        };
        let mut server = match within(admission.log_in(&startup, &proof)).await {
            Ok(server) => server, // its next message says so to the client
            Err(LoginRefusal::Refused(message)) => return client.write_all(&message).await,
            Err(LoginRefusal::Io(error)) => {
                let refusal = StartupRefusal::new("08006", error.to_string());
                return refuse(client, &refusal).await.and(Err(error));
            }
        };
        drop(login);
        if self.plane.faults().database == DatabaseFault::Cut {
            return cut_at_first_query(client, &mut server).await;
        }
        let outcome = tokio::io::copy_bidirectional(client, &mut server).await;
        drop(admission);
        outcome.map(drop)
    }

    /// Passes on a request to cancel; a compute that sleeps has nothing to cancel.
    pub(crate) async fn cancel(&self, packet: &[u8]) -> io::Result<()> {
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

impl Admission {
    /// Has the client prove its password.
    async fn prove<S>(&self, client: &mut S, proving: Proving<'_>) -> Result<RoleProof, ScramError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match proving {
            Proving::Scram { certificate } => {
                scram::authenticate(client, certificate, &self.verifier).await
            }
            Proving::PlainText => scram::ask_password(client, &self.verifier).await,
        }
    }

    /// The proof of a password that is at hand; `None`: it is wrong.
    pub(crate) async fn check(&self, password: Vec<u8>) -> Option<RoleProof> {
        self.verifier.clone().check(password).await
    }

    /// Logs in at the server.
    pub(crate) async fn log_in(
        &self,
        startup: &Startup,
        proof: &RoleProof,
    ) -> Result<Stream, LoginRefusal> {
        let mut server = self.sockets.connect().await?;
        server.write_all(&startup.encode()).await?;
        proof.log_in(&mut server).await?;
        Ok(server)
    }
}

/// The refusal of a wrong password, with the words of Neon's proxy.
pub(crate) fn wrong_password(role: &str) -> StartupRefusal {
    StartupRefusal::new(
        "28P01",
        format!("password authentication failed for user '{role}'"),
    )
}

/// Tells a client why its session does not begin.
async fn refuse(
    client: &mut (impl AsyncWrite + Unpin),
    refusal: &StartupRefusal,
) -> io::Result<()> {
    let message = wire::fatal(refusal.sqlstate, &refusal.text);
    client.write_all(&message).await?;
    client.flush().await
}

/// Gives a part of a login its time.
pub(crate) async fn within<T, E: From<io::Error>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
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
