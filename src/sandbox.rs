//! Our own local Neon: the same REST API, and real Postgres computes behind TLS and SCRAM, on loopback only.
//!
//! From the top down; a file imports only from files below it:
//!
//! | file | what it holds |
//! |---|---|
//! | `api`, `api/*` | the HTTP API, one file for each resource; `api/switches` is `/sandbox/…`, which Neon does not have |
//! | `front` | the port of an endpoint: TLS, for clients of Postgres and of HTTP |
//! | `serverless`, `serverless/*`, `site` | queries over HTTP and sessions in websockets, as Neon's serverless driver asks for them; which hosts and pages are answered |
//! | `session`, `scram`, `startup`, `wire` | a session: its start-up packet, SCRAM-SHA-256(-PLUS), then straight through |
//! | `operations` | asynchronous work: what a call schedules, done in the background |
//! | `lifecycle` | wakes, suspends and ends the compute of a branch |
//! | `branch_data`, `catalog` | the data of a branch, copied from template or parent; its roles and databases |
//! | `control_plane` | what all of these share: state, computes, fronts, faults, tasks |
//! | `compute` | the Postgres server of a branch, asleep or awake |
//! | `shapes` | what files of SQL make, in a server that lives for the question |
//! | `installation`, `bundled`, `installed` | which Postgres: given, bundled, or installed; the template; what is bundled, and what is installed |
//! | `scratch`, `server`, `socket_dir`, `password` | the temporary folder; a Postgres process that is never left behind; its socket; the superuser's password |
//! | `admin` | the superuser's session, and all SQL |
//! | `records`, `store`, `ids` | what there is, how it is kept, what it is called |
//! | `web_logins` | codes and tokens of logins in the browser, which `api/issuer` gives out |
//! | `ca`, `files`, `faults`, `error` | certificates; files and locks; the ways to misbehave; why a sandbox does not start |
//! | `build.rs` | the package's build script: carries the bundled Postgres |
//!
//! What differs from Neon, on purpose: a host carries its port (`localhost:54321`) wherever Neon has a bare host, in `host`,
//! `pooler_host` and the URIs; the pooled host is the direct one, because no second name resolves everywhere; one Postgres
//! serves all projects, and another `pg_version` is refused; a read-only endpoint is the same server with read-only transactions.
#![expect(
    clippy::disallowed_methods,
    reason = "it serves real files and real processes"
)]

mod admin;
mod api;
mod branch_data;
mod bundled;
mod ca;
mod catalog;
mod compute;
mod control_plane;
mod error;
mod faults;
mod files;
mod front;
#[cfg(any(test, feature = "testing"))]
mod fuzz;
mod ids;
mod installation;
mod installed;
mod lifecycle;
mod operations;
mod password;
mod records;
mod scram;
mod scratch;
mod server;
mod serverless;
mod session;
mod shapes;
mod site;
mod socket_dir;
mod startup;
mod store;
#[cfg(test)]
#[cfg(unix)]
mod tests;
mod web_logins;
mod wire;

use std::{
    fs::{self, File},
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

#[cfg(any(test, feature = "testing"))]
pub(crate) use crate::sandbox::fuzz::fuzz;
pub(crate) use crate::sandbox::{
    bundled::version as carried_postgres, error::SandboxError, faults::Faults,
    installed::PostgresWishes, shapes::CarriedPostgres,
};
use crate::{
    core::secret::Secret,
    os::{bounded, files::real, folders, server_user::ServerUser},
    sandbox::{
        control_plane::ControlPlane,
        installation::{ChosenSource, Installation, InstallationSource},
        records::BranchRef,
        scratch::ScratchDir,
        store::{OpenError, StateStore},
    },
};

/// How to start a sandbox.
#[derive(Debug, Clone)]
pub(crate) struct SandboxOptions {
    /// Where the state is kept. `None`: in a temporary folder that goes with the sandbox.
    pub dir: Option<PathBuf>,
    /// The API's port. `None`: one that is free.
    pub port: Option<u16>,
    /// The folder with `postgres` and `initdb`. `None`: the bundled Postgres, else the newest installed one.
    pub pg_bin: Option<PathBuf>,
    /// Where an installed Postgres is looked for, before the folders of packages.
    pub search_path: Vec<PathBuf>,
    /// What the project asks of the Postgres.
    pub wishes: PostgresWishes,
    /// How long a compute may be unused before it suspends, unless its endpoint says otherwise.
    pub idle: Duration,
    /// What goes wrong from the start.
    pub faults: Faults,
    /// Whether everyone on this machine may use the services without a key, and not only the user who starts it.
    pub claimable: bool,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            dir: None,
            port: None,
            pg_bin: None,
            search_path: Vec::new(),
            wishes: PostgresWishes::default(),
            idle: Duration::from_mins(5), // Neon's default
            faults: Faults::default(),
            claimable: false,
        }
    }
}

/// A running sandbox.
///
/// [`Sandbox::shutdown`] stops it in order; a drop does the same as well as it can without waiting; and on Linux and
/// Windows its servers end with the process, whatever kills it.
pub(crate) struct Sandbox {
    plane: Arc<ControlPlane>,
    port: u16,
    key: Secret,
    /// What a person should know about the Postgres.
    note: Option<String>,
    api: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    /// Keeps a second sandbox out of the folder; dropped last.
    _lock: Option<File>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts a sandbox; returns as soon as the API listens.
    ///
    /// The first time on a machine, Postgres is unpacked and its template made in the background. Operations wait for it, and
    /// report if it fails.
    pub(crate) async fn start(options: SandboxOptions) -> Result<Self, SandboxError> {
        let path = &options.search_path;
        let kept = options.dir.as_deref().and_then(kept_major);
        let ChosenSource { source, note } = match kept.filter(|_| options.pg_bin.is_none()) {
            Some(major) => {
                InstallationSource::choose_for_data(major, path, options.wishes.clone())?
            }
            None => InstallationSource::choose(options.pg_bin.as_deref(), path, &options.wishes)?,
        };
        let user = ServerUser::unprivileged();
        let shown = options.dir.clone().unwrap_or_else(folders::temporary);
        let unusable = |source: io::Error| SandboxError::Dir {
            dir: shown.clone(),
            source,
        };
        let scratch = ScratchDir::create(user).map_err(unusable)?;
        let keep = options.dir.is_some();
        let state_dir = if let Some(dir) = &options.dir {
            files::create_private_dir(dir).map_err(unusable)?;
            real(dir).map_err(unusable)?
        } else {
            let dir = scratch.path().join("state");
            files::create_private_dir(&dir).map_err(unusable)?;
            dir
        };
        let lock = if keep {
            let lock = files::lock(&state_dir).map_err(unusable)?;
            Some(lock.ok_or_else(|| SandboxError::DirInUse(shown.clone()))?)
        } else {
            None
        };
        let user = match user {
            Some(user) if ServerUser::OPENS_BY_NUMBER => Some(user),
            Some(user) if reaches(user, &state_dir, &scratch).map_err(unusable)? => Some(user),
            Some(_) => return Err(SandboxError::OutOfReach(shown)),
            None => None,
        };
        let store = StateStore::open(&state_dir, keep).map_err(|error| match error {
            OpenError::Io(source) => unusable(source),
            OpenError::Newer(version) => SandboxError::NewerState {
                dir: shown.clone(),
                version,
            },
            error @ OpenError::Malformed { .. } => SandboxError::BrokenState {
                dir: shown.clone(),
                why: error.to_string(),
            },
        })?;
        let authority =
            ca::open(&state_dir).map_err(|error| SandboxError::Certificates(error.to_string()))?;
        let listener = listen(options.port).await?;
        let port = listener.local_addr().map_err(SandboxError::Listen)?.port();
        let key = Secret::new(store.read(|state| state.account.api_key.clone()));
        let plane = ControlPlane::new(
            store,
            authority,
            options.idle,
            options.faults,
            state_dir,
            keep,
            scratch,
        );
        let mut plane = plane.map_err(unusable)?;
        plane.claimable = options.claimable;
        let plane = Arc::new(plane);
        front::reopen_all(&plane).map_err(SandboxError::Listen)?;
        let background = Arc::clone(&plane);
        plane.spawn(async move {
            let known = |version| background.set_pg_version(version);
            let state = background.state_dir();
            let installation =
                Installation::prepare(source, user, state, options.search_path, known).await;
            background.set_installation(installation);
        });
        operations::resume(&plane);
        api::watch_all(&plane);
        let api = api::serve(Arc::clone(&plane), listener);
        Ok(Self {
            plane,
            port,
            key,
            note,
            api: Some(api),
            _lock: lock,
        })
    }

    /// The API's base, as `NEON_API_HOST` wants it: `http://127.0.0.1:PORT/api/v2`.
    pub(crate) fn api_host(&self) -> String {
        format!("http://127.0.0.1:{}/api/v2", self.port)
    }

    /// The host of the service of temporary databases, as `NEONUP_CLAIM_HOST` wants it.
    pub(crate) fn claim_host(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The host of Claimable Neon, as the `neon` CLI's `CLAIMABLE_NEON_HOST` wants it: plain http by the name `localhost` alone.
    pub(crate) fn claimable_neon_host(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The issuer of logins in the browser, as `NEON_OAUTH_HOST` wants it.
    pub(crate) fn oauth_host(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where Neon's serverless driver sends its queries, as `neonConfig.fetchEndpoint` wants it.
    pub(crate) fn fetch_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, serverless::SQL)
    }

    /// Where it opens its websockets, as `neonConfig.wsProxy` wants it: without TLS.
    pub(crate) fn ws_proxy(&self) -> String {
        format!("127.0.0.1:{}{}", self.port, serverless::WEBSOCKET)
    }

    /// The major version of the Postgres that runs all computes, as soon as it is known.
    pub(crate) async fn postgres_version(&self) -> u32 {
        self.plane.pg_version().await
    }

    /// A personal API key; the same for as long as the state is kept.
    pub(crate) const fn api_key(&self) -> &Secret {
        &self.key
    }

    /// The certificate of the authority that the databases' certificates are signed by.
    pub(crate) fn ca_file(&self) -> &Path {
        &self.plane.authority.file
    }

    /// What a person should know about the Postgres that was chosen.
    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Sets what goes wrong from now on.
    #[cfg(all(test, unix))]
    pub(crate) fn set_faults(&self, faults: Faults) {
        self.plane.set_faults(faults);
    }

    /// A handle with which a presenter controls it while it runs.
    pub(crate) fn controls(&self) -> Controls {
        Controls(Arc::clone(&self.plane))
    }

    /// Stops the API, the fronts and every server, and removes what is temporary.
    pub(crate) async fn shutdown(mut self) {
        if let Some((stop, mut api)) = self.api.take() {
            stop.send(()).unwrap_or_default();
            // Requests that are being answered may finish; one that is told to be slow need not.
            let limit = Duration::from_millis(500);
            if tokio::time::timeout(limit, &mut api).await.is_err() {
                api.abort();
            }
        }
        self.plane.end().await;
    }
}

/// A presenter's controls of a running sandbox.
#[derive(Clone)]
pub(crate) struct Controls(Arc<ControlPlane>);

impl Controls {
    /// Removes all projects and faults; the key stays. The computes end in the background.
    pub(crate) fn clear(&self) {
        self.0.set_faults(Faults::default());
        api::remove_all(&self.0);
    }

    /// Puts all computes to sleep, whoever is connected, and makes each take at least `wakes` to wake up.
    pub(crate) async fn sleep(&self, wakes: Duration) {
        let branches: Vec<_> = self.0.store.read(|state| {
            let all = state.projects.values().flat_map(|project| {
                let branches = project.branches.iter();
                branches.map(|branch| BranchRef::new(&project.id, &branch.id))
            });
            all.collect()
        });
        for branch_ref in branches {
            lifecycle::suspend(&self.0, &branch_ref).await;
        }
        let wake_ms = u64::try_from(wakes.as_millis()).unwrap_or(u64::MAX);
        self.0.set_faults(Faults {
            wake_ms,
            ..self.0.faults()
        });
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some((stop, api)) = self.api.take() {
            stop.send(()).unwrap_or_default();
            api.abort();
            self.plane.end_now();
        }
    }
}

/// The major version of Postgres that made the data of a kept folder, if there are any.
fn kept_major(dir: &Path) -> Option<u32> {
    let computes = fs::read_dir(dir.join("computes")).ok()?;
    computes.flatten().find_map(|compute| {
        let file = compute.path().join("data/PG_VERSION");
        let text = bounded::read_text(&file, VERSION_LIMIT).ok()?;
        text.trim().parse().ok()
    })
}

/// How long the file is in which Postgres keeps its version.
const VERSION_LIMIT: u64 = 64;

/// Opens the way to the data for the user, and returns whether it gets there.
fn reaches(user: ServerUser, state: &Path, scratch: &ScratchDir) -> io::Result<bool> {
    for folder in [state.to_owned(), state.join("computes")] {
        files::create_private_dir(&folder)?;
        files::let_through(&folder)?; // what lies there is private by its own mode
    }
    Ok(user.reaches(state) && user.reaches(scratch.path()))
}

async fn listen(port: Option<u16>) -> Result<TcpListener, SandboxError> {
    let wanted = port.unwrap_or(0);
    TcpListener::bind((Ipv4Addr::LOCALHOST, wanted))
        .await
        .map_err(|error| {
            if error.kind() == io::ErrorKind::AddrInUse {
                SandboxError::PortInUse(wanted)
            } else {
                SandboxError::Listen(error)
            }
        })
}
