//! What all parts of the sandbox share: its state, and what runs.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::{
    sync::{Semaphore, watch},
    task::{AbortHandle, JoinSet},
};

use crate::{
    os::files::set_mode,
    sandbox::{
        ca::Authority, compute::Compute, faults::Faults, ids, installation::Installation,
        records::ProjectRecord, scratch::ScratchDir, store::StateStore, web_logins::WebLogins,
    },
};

/// How many requests the log remembers.
const LOG_LIMIT: usize = 10_000;
/// How many computes run at a time: a workshop's worth. Each has some 20 MB of memory.
pub(crate) const RUNNING_LIMIT: usize = 200;
/// How many endpoints have a port, which is as many as a process may have open files by half.
pub(crate) const ENDPOINTS_LIMIT: usize = 500;
/// How many connections to computes there are at a time.
pub(crate) const CONNECTIONS_LIMIT: usize = 1000;
/// How many of them have not logged in yet: more than the connections that one compute takes.
pub(crate) const LOGINS_LIMIT: usize = 150;

/// How many connections over HTTP there are at a time: they have no login, so they are fewer than all.
pub(crate) const HTTP_LIMIT: usize = 256;
/// What their requests and answers may hold together, in MiB.
const HTTP_MEMORY: usize = 256;

/// The running sandbox.
pub(crate) struct ControlPlane {
    pub(crate) store: StateStore,
    pub(crate) authority: Authority,
    pub(crate) idle: Duration,
    /// Whether the state outlives this run.
    pub(crate) keep: bool,
    /// Whether other users of this machine may use the services without a key.
    pub(crate) claimable: bool,
    /// The places for computes that run, connections to them, and logins under way.
    pub(crate) running: Arc<Semaphore>,
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) logins: Arc<Semaphore>,
    pub(crate) http: Arc<Semaphore>,
    pub(crate) http_memory: Arc<Semaphore>,
    /// When each key was last used; the state has it to the minute.
    key_uses: Mutex<BTreeMap<i64, String>>,
    /// The logins in the browser.
    web_logins: Mutex<WebLogins>,
    /// When the latest databases that are nobody's were made.
    turns: Mutex<VecDeque<Instant>>,
    /// Salts the exchanges with roles that do not exist.
    pub(crate) mock_secret: [u8; 32],
    state_dir: PathBuf,
    sockets: PathBuf,
    socket_count: AtomicUsize,
    installation: watch::Sender<Option<Result<Arc<Installation>, String>>>,
    /// The major version of Postgres, known before the installation is ready.
    pg_version: watch::Sender<Option<u32>>,
    faults: watch::Sender<Faults>,
    computes: Mutex<BTreeMap<String, Arc<Compute>>>,
    fronts: Mutex<BTreeMap<String, AbortHandle>>,
    requests: Mutex<VecDeque<LoggedRequest>>,
    started: Instant,
    tasks: Mutex<JoinSet<()>>,
    scratch: Mutex<Option<ScratchDir>>,
}

/// One API request in the log.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoggedRequest {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    /// `None`: the connection was cut.
    pub(crate) status: Option<u16>,
    /// When it arrived, in microseconds since the sandbox's start.
    pub(crate) began_us: u64,
    /// When its answer was ready, in microseconds since the sandbox's start.
    pub(crate) ended_us: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ControlPlane {
    pub(crate) fn new(
        store: StateStore,
        authority: Authority,
        idle: Duration,
        faults: Faults,
        state_dir: PathBuf,
        keep: bool,
        scratch: ScratchDir,
    ) -> io::Result<Self> {
        let sockets = scratch.path().join("s");
        fs::create_dir(&sockets)?;
        set_mode(&sockets, 0o711)?;
        Ok(Self {
            store,
            authority,
            idle,
            keep,
            claimable: false,
            running: Arc::new(Semaphore::new(RUNNING_LIMIT)),
            connections: Arc::new(Semaphore::new(CONNECTIONS_LIMIT)),
            logins: Arc::new(Semaphore::new(LOGINS_LIMIT)),
            http: Arc::new(Semaphore::new(HTTP_LIMIT)),
            http_memory: Arc::new(Semaphore::new(HTTP_MEMORY)),
            key_uses: Mutex::default(),
            web_logins: Mutex::default(),
            turns: Mutex::default(),
            mock_secret: ids::random(),
            state_dir,
            sockets,
            socket_count: AtomicUsize::new(0),
            installation: watch::Sender::new(None),
            pg_version: watch::Sender::new(None),
            faults: watch::Sender::new(faults),
            computes: Mutex::default(),
            fronts: Mutex::default(),
            requests: Mutex::default(),
            started: Instant::now(),
            tasks: Mutex::default(),
            scratch: Mutex::new(Some(scratch)),
        })
    }

    /// The folder with the data of a branch.
    pub(crate) fn folder(&self, branch: &str) -> PathBuf {
        self.state_dir.join("computes").join(branch)
    }

    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// A new folder for a server's socket: in an old one, the lock file of a killed server would stand in the way.
    pub(crate) fn next_sockets(&self) -> PathBuf {
        let number = self.socket_count.fetch_add(1, Ordering::Relaxed);
        self.sockets.join(number.to_string())
    }

    /// The installation, as soon as it is ready.
    pub(crate) async fn installation(&self) -> io::Result<Arc<Installation>> {
        let mut installation = self.installation.subscribe();
        let ready = installation.wait_for(Option::is_some).await;
        match ready.map(|ready| (*ready).clone()) {
            Ok(Some(Ok(installation))) => Ok(installation),
            Ok(Some(Err(why))) => Err(io::Error::other(why)),
            Ok(None) | Err(_) => Err(io::Error::other("the sandbox is stopping")),
        }
    }

    /// The major version of the Postgres that serves all projects, as soon as it is known. Where there is none, operations
    /// tell why; then it is Neon's default of the time when there was no other.
    pub(crate) async fn pg_version(&self) -> u32 {
        let mut version = self.pg_version.subscribe();
        tokio::select! {
            known = version.wait_for(Option::is_some) => known.ok().and_then(|known| *known),
            failed = self.installation() => failed.ok().and_then(|_| *self.pg_version.borrow()),
        }
        .unwrap_or(17)
    }

    /// Tells which version it is, and corrects what projects of an earlier run say.
    pub(crate) fn set_pg_version(&self, version: u32) {
        let served = |branch: &str| {
            let file = self.folder(branch).join("data/PG_VERSION");
            let text = fs::read_to_string(file).ok()?;
            text.trim().parse().ok()
        };
        let projects: Vec<_> = self.store.read(|state| {
            let others = state.projects.values();
            let others = others.filter(|project| project.pg_version != version);
            let branch = |project: &ProjectRecord| {
                let branch = project.default_branch();
                branch.map(|branch| branch.id.clone()).unwrap_or_default()
            };
            others
                .map(|project| (project.id.clone(), branch(project)))
                .collect()
        });
        for (project, branch) in projects {
            let version = served(&branch).unwrap_or(version);
            self.store
                .edit(&project, |project| project.pg_version = version);
        }
        self.pg_version.send_replace(Some(version));
    }

    pub(crate) fn set_installation(&self, installation: io::Result<Installation>) {
        let installation = installation.map(Arc::new).map_err(|error| {
            tracing::error!(%error, "can't prepare the Postgres engine");
            format!("can't prepare the Postgres engine: {error}")
        });
        self.installation.send_replace(Some(installation));
    }

    pub(crate) fn faults(&self) -> Faults {
        self.faults.borrow().clone()
    }

    pub(crate) fn watch_faults(&self) -> watch::Receiver<Faults> {
        self.faults.subscribe()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.faults.send_replace(faults);
    }

    /// Uses up what a fault has counted.
    pub(crate) fn take_fault<T: Default>(&self, take: impl FnOnce(&mut Faults) -> T) -> T {
        let mut taken = T::default();
        self.faults.send_if_modified(|faults| {
            let before = faults.clone();
            taken = take(faults);
            *faults != before
        });
        taken
    }

    /// Waits until the faults fulfil a condition.
    pub(crate) async fn until_faults(&self, such: impl FnMut(&Faults) -> bool) {
        let mut faults = self.faults.subscribe();
        if faults.wait_for(such).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn compute(&self, branch: &str) -> Arc<Compute> {
        Arc::clone(lock(&self.computes).entry(branch.to_owned()).or_default())
    }

    pub(crate) fn forget_compute(&self, branch: &str) {
        lock(&self.computes).remove(branch);
    }

    pub(crate) fn add_front(&self, endpoint: &str, front: AbortHandle) {
        lock(&self.fronts).insert(endpoint.to_owned(), front);
    }

    /// How many endpoints have a port.
    pub(crate) fn front_count(&self) -> usize {
        lock(&self.fronts).len()
    }

    pub(crate) fn web_logins(&self) -> MutexGuard<'_, WebLogins> {
        lock(&self.web_logins)
    }

    pub(crate) fn note_use(&self, key: i64, at: String) {
        lock(&self.key_uses).insert(key, at);
    }

    /// When a key was last used in this run.
    pub(crate) fn last_use(&self, key: i64) -> Option<String> {
        lock(&self.key_uses).get(&key).cloned()
    }

    /// Takes one of so many turns in a time; `false` if all are taken.
    pub(crate) fn take_turn(&self, count: usize, time: Duration) -> bool {
        let mut turns = lock(&self.turns);
        turns.retain(|taken| taken.elapsed() < time);
        let free = turns.len() < count;
        if free {
            turns.push_back(Instant::now());
        }
        free
    }

    /// Closes the port of an endpoint.
    pub(crate) fn close_front(&self, endpoint: &str) {
        if let Some(front) = lock(&self.fronts).remove(endpoint) {
            front.abort();
        }
    }

    /// Microseconds since the sandbox's start, for the log.
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(crate) fn log_request(&self, request: LoggedRequest) {
        let mut requests = lock(&self.requests);
        if requests.len() == LOG_LIMIT {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    pub(crate) fn requests(&self) -> Vec<LoggedRequest> {
        lock(&self.requests).iter().cloned().collect()
    }

    /// Runs a task that ends with the sandbox.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {} // so that the set does not grow
        tasks.spawn(task)
    }

    /// Ends all tasks and servers, and removes what is temporary.
    pub(crate) async fn end(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
        let computes = std::mem::take(&mut *lock(&self.computes));
        let mut ending = JoinSet::new();
        for (_, compute) in computes {
            let keep = self.keep;
            ending.spawn(async move { compute.end(keep).await });
        }
        while ending.join_next().await.is_some() {}
        drop(lock(&self.scratch).take());
    }

    /// Does the same as far as possible where nobody can wait.
    pub(crate) fn end_now(&self) {
        lock(&self.tasks).abort_all();
        let computes = std::mem::take(&mut *lock(&self.computes));
        let all = computes
            .values()
            .map(|compute| compute.end_now())
            .fold(true, |all, one| all & one);
        if all {
            drop(lock(&self.scratch).take());
        }
        // Otherwise the aborted task drops its server, and the last owner of the control plane drops the folder.
    }
}
