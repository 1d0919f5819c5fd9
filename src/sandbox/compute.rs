//! Computes: the Postgres server of a branch, asleep or awake, and the data behind it.

use std::{
    fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Mutex, MutexGuard};

use crate::sandbox::{
    admin::Admin,
    core::Core,
    engine::{self, Engine},
    files, ids,
    server::Server,
    socket_dir::SocketDir,
    state::{Branch, EndpointState},
};

/// The compute of one branch. All endpoints of the branch lead to it.
#[derive(Default)]
pub(crate) struct Compute {
    slot: Mutex<Slot>,
    connections: AtomicUsize,
    /// Counts what happened here, so that an idle timer sees whether it was idle all the time.
    events: AtomicU64,
}

#[derive(Default)]
struct Slot {
    server: Option<Server>,
    /// The branch was deleted: nothing may start here again.
    gone: bool,
}

/// A branch by its ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) project: String,
    pub(crate) branch: String,
}

impl Place {
    pub(crate) fn new(project: &str, branch: &str) -> Self {
        Self {
            project: project.to_owned(),
            branch: branch.to_owned(),
        }
    }
}

/// One client's use of a compute; while there is one the compute does not suspend.
pub(crate) struct Use {
    core: Arc<Core>,
    compute: Arc<Compute>,
    place: Place,
}

impl Use {
    pub(crate) fn begin(core: &Arc<Core>, place: Place) -> Self {
        let compute = core.compute(&place.branch);
        compute.connections.fetch_add(1, Ordering::SeqCst);
        compute.events.fetch_add(1, Ordering::SeqCst);
        Self {
            core: Arc::clone(core),
            compute,
            place,
        }
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.compute.events.fetch_add(1, Ordering::SeqCst);
        if self.compute.connections.fetch_sub(1, Ordering::SeqCst) == 1 {
            suspend_when_idle(&self.core, &self.compute, self.place.clone());
        }
    }
}

/// Wakes the compute of a branch, if it sleeps; answers the folder of its socket.
pub(crate) async fn wake(core: &Arc<Core>, place: &Place) -> io::Result<SocketDir> {
    if core.faults().never_wakes {
        // For as long as the fault is on, as with a compute that hangs.
        core.until_faults(|faults| !faults.never_wakes).await;
    }
    let compute = core.compute(&place.branch);
    let mut slot = compute.slot.lock().await;
    if let Some(sockets) = awake(&mut slot) {
        return Ok(sockets);
    }
    if slot.gone {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the branch was deleted",
        ));
    }
    let least = Duration::from_millis(core.faults().wake_ms);
    if !least.is_zero() {
        tokio::time::sleep(least).await;
    }
    let engine = core.engine().await?;
    ensure_data(core, &engine, place).await?;
    let folder = core.folder(&place.branch);
    let server = Server::start(
        &engine,
        &folder.join("data"),
        core.next_sockets(),
        &folder.join("log"),
    )
    .await?;
    let sockets = server.sockets().clone();
    let fresh = core.store.project(&place.project, |project| {
        project
            .branch(&place.branch)
            .is_some_and(|branch| branch.fresh)
    });
    if fresh == Some(true) {
        reconcile(core, place, &sockets).await?;
    }
    slot.server = Some(server);
    set_state(core, place, EndpointState::Active);
    drop(slot);
    suspend_when_idle(core, &compute, place.clone());
    Ok(sockets)
}

/// The socket's folder of a compute that is awake; does not wake it.
pub(crate) async fn peek(core: &Core, branch: &str) -> Option<SocketDir> {
    awake(&mut *core.compute(branch).slot.lock().await)
}

fn awake(slot: &mut Slot) -> Option<SocketDir> {
    if slot.server.as_mut().is_some_and(|server| !server.alive()) {
        slot.server = None; // it died: somebody killed it
    }
    slot.server.as_ref().map(|server| server.sockets().clone())
}

/// Puts a compute to sleep, whoever is connected.
pub(crate) async fn suspend(core: &Core, place: &Place) {
    let compute = core.compute(&place.branch);
    let slot = compute.slot.lock().await;
    put_to_sleep(core, place, slot).await;
}

async fn put_to_sleep(core: &Core, place: &Place, mut slot: MutexGuard<'_, Slot>) {
    if let Some(server) = slot.server.take() {
        server.stop().await;
    }
    set_state(core, place, EndpointState::Idle);
}

/// Ends the compute for good and removes its data.
pub(crate) async fn destroy(core: &Core, branch: &str) -> io::Result<()> {
    let compute = core.compute(branch);
    let mut slot = compute.slot.lock().await;
    slot.gone = true;
    if let Some(server) = slot.server.take() {
        server.abandon().await;
    }
    let folder = core.folder(branch);
    core.forget_compute(branch);
    match files::blocking(move || fs::remove_dir_all(folder)).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Ends the server as the process ends: at once, or with a checkpoint if the data is kept.
pub(crate) async fn end(compute: &Compute, keep: bool) {
    let mut slot = compute.slot.lock().await;
    slot.gone = true;
    match slot.server.take() {
        Some(server) if keep => server.stop().await,
        Some(server) => server.abandon().await,
        None => {}
    }
}

/// The same where nobody can wait: `false` if it is being started this very moment.
pub(crate) fn end_now(compute: &Compute) -> bool {
    compute.slot.try_lock().is_ok_and(|mut slot| {
        slot.gone = true;
        drop(slot.server.take());
        true
    })
}

fn suspend_when_idle(core: &Arc<Core>, compute: &Arc<Compute>, place: Place) {
    let Some(idle) = idle_time(core, &place) else {
        return;
    };
    let compute = Arc::clone(compute);
    let before = compute.events.load(Ordering::SeqCst);
    let weak = Arc::downgrade(core); // a sleeping timer must not keep the sandbox alive
    core.spawn(async move {
        tokio::time::sleep(idle).await;
        let Some(core) = weak.upgrade() else { return };
        let slot = compute.slot.lock().await;
        let unused = compute.connections.load(Ordering::SeqCst) == 0;
        if unused && compute.events.load(Ordering::SeqCst) == before && slot.server.is_some() {
            put_to_sleep(&core, &place, slot).await;
        }
    });
}

/// How long the branch's compute may be idle: what its endpoint says, else the sandbox's own default; `None` = for ever.
fn idle_time(core: &Core, place: &Place) -> Option<Duration> {
    let seconds = core.store.project(&place.project, |project| {
        let endpoints = project.endpoints_of(&place.branch);
        endpoints
            .first()
            .map_or(0, |endpoint| endpoint.suspend_timeout_seconds)
    })?;
    match u64::try_from(seconds) {
        Ok(0) => Some(core.idle),
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_never) => None,
    }
}

fn set_state(core: &Core, place: &Place, state: EndpointState) {
    let now = ids::now();
    core.store.edit(&place.project, |project| {
        let endpoints = project
            .endpoints
            .iter_mut()
            .filter(|endpoint| endpoint.branch_id == place.branch);
        for endpoint in endpoints {
            endpoint.state = state;
            endpoint.pending_state = None;
            endpoint.last_active = Some(now.clone());
            match state {
                EndpointState::Active => endpoint.started_at = Some(now.clone()),
                EndpointState::Idle => endpoint.suspended_at = Some(now.clone()),
                EndpointState::Init => {}
            }
        }
    });
}

/// Makes the branch's data, unless it is there: from its parent, or from the template.
pub(crate) async fn create_data(core: &Arc<Core>, place: &Place) -> io::Result<()> {
    let compute = core.compute(&place.branch);
    let slot = compute.slot.lock().await;
    if slot.gone {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the branch was deleted",
        ));
    }
    let engine = core.engine().await?;
    ensure_data(core, &engine, place).await
}

/// The caller holds the branch's lock. A branch locks its parent and never the other way round.
fn ensure_data<'a>(
    core: &'a Arc<Core>,
    engine: &'a Arc<Engine>,
    place: &'a Place,
) -> std::pin::Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>> {
    Box::pin(async move {
        let folder = core.folder(&place.branch);
        let data = folder.join("data");
        if data.join("PG_VERSION").exists() {
            return Ok(());
        }
        make_folder(&folder, engine)?;
        let part = folder.join("part");
        match fs::remove_dir_all(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let parent = core
            .store
            .project(&place.project, |project| {
                project
                    .branch(&place.branch)
                    .map(|branch| branch.parent_id.clone())
            })
            .flatten()
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the branch was deleted"))?;
        if let Some(parent) = parent {
            let parent = Place::new(&place.project, &parent);
            let lsn = copy_parent(core, engine, &parent, &part).await?;
            core.store.edit(&place.project, |project| {
                if let Some(branch) = project.branch_mut(&place.branch) {
                    branch.parent_lsn = lsn.or(branch.parent_lsn.take());
                }
            });
        } else {
            let (engine, part) = (Arc::clone(engine), part.clone());
            files::blocking(move || engine.instantiate(&part)).await?;
        }
        fs::rename(part, data)
    })
}

fn make_folder(folder: &Path, engine: &Engine) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // Its files are private by their own modes; whoever runs Postgres has to pass through.
    files::chmod(
        folder,
        if engine.account.is_some() {
            0o711
        } else {
            0o700
        },
    )
}

/// Copies the parent's data as it is now; answers the log position where the copy begins.
async fn copy_parent(
    core: &Arc<Core>,
    engine: &Arc<Engine>,
    parent: &Place,
    to: &Path,
) -> io::Result<Option<String>> {
    let compute = core.compute(&parent.branch);
    let mut slot = compute.slot.lock().await;
    ensure_data(core, engine, parent).await?;
    let data = core.folder(&parent.branch).join("data");
    let account = engine.account;
    let Some(sockets) = awake(&mut slot) else {
        let to = to.to_owned();
        let skip = |path: &Path| path.ends_with("postmaster.pid");
        return files::blocking(move || {
            files::copy_tree(&data, &to, account, &skip).map(|()| None)
        })
        .await;
    };
    // A running parent is backed up online, so that nobody who is connected notices.
    // https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
    let mut admin = Admin::connect(&sockets).await?;
    let slot = format!("branch_{}", ids::uuid().replace('-', "_"));
    let lsn = admin.start_backup(&slot).await?;
    let (source, target) = (data.clone(), to.to_owned());
    // Left out is what belongs to the running server, or is read back from the log.
    let skip = move |path: &Path| {
        path.file_name().is_some_and(|name| {
            name == "postmaster.pid"
                || name == "postmaster.opts"
                || name == "pg_wal"
                || name == "pg_replslot"
        })
    };
    files::blocking(move || files::copy_tree(&source, &target, account, &skip)).await?;
    let label = admin.stop_backup().await?;
    let target = to.to_owned();
    files::blocking(move || {
        files::copy_tree(
            &data.join("pg_wal"),
            &target.join("pg_wal"),
            account,
            &|_| false,
        )?;
        let replslot = target.join("pg_replslot");
        files::create_private_dir(&replslot)?;
        let file = target.join("backup_label");
        files::write_private(&file, label.as_bytes())?;
        if let Some(account) = account {
            account.own(&replslot)?;
            account.own(&file)?;
        }
        Ok(())
    })
    .await?;
    Ok(Some(lsn))
}

/// Brings the roles and databases of a running compute in line with the state, and then the state with what was done.
pub(crate) async fn reconcile(core: &Core, place: &Place, sockets: &SocketDir) -> io::Result<()> {
    let branch = |project: &crate::sandbox::state::Project| project.branch(&place.branch).cloned();
    let Some(branch) = core.store.project(&place.project, branch).flatten() else {
        return Ok(());
    };
    let mut admin = Admin::connect(sockets).await?;
    rename_defaults(&mut admin, &branch).await?;
    let roles = admin.role_names().await?;
    let databases = admin.database_names().await?;
    for role in branch.roles.iter().filter(|role| role.pending) {
        let known = roles.contains(&role.name);
        if !known {
            admin.create_role(&role.name, !role.no_login).await?;
        }
        if let Some(password) = &role.password {
            admin.set_password(&role.name, password).await?;
        }
        if known {
            // "All open connections of the role are dropped" (reference/neon-api.md section 4).
            admin.disconnect_role(&role.name).await?;
        }
    }
    for database in branch.databases.iter().filter(|database| database.pending) {
        if !databases.contains(&database.name) {
            admin
                .create_database(&database.name, &database.owner_name)
                .await?;
        }
    }
    core.store.edit(&place.project, |project| {
        let Some(now) = project.branch_mut(&place.branch) else {
            return;
        };
        now.fresh = false;
        for done in &branch.roles {
            for role in now.roles.iter_mut().filter(|role| role.name == done.name) {
                role.pending &= role.password != done.password;
            }
        }
        for done in &branch.databases {
            for database in now
                .databases
                .iter_mut()
                .filter(|database| database.name == done.name)
            {
                database.pending = false;
            }
        }
    });
    Ok(())
}

/// The template has Neon's default names; a new project may have asked for others.
async fn rename_defaults(admin: &mut Admin, branch: &Branch) -> io::Result<()> {
    if !branch.fresh || branch.parent_id.is_some() {
        return Ok(());
    }
    let roles = branch.roles.iter().map(|role| role.name.as_str());
    if let Some(name) = renamed(engine::DEFAULT_ROLE, roles, &admin.role_names().await?) {
        admin.rename_role(engine::DEFAULT_ROLE, name).await?;
    }
    let databases = branch
        .databases
        .iter()
        .map(|database| database.name.as_str());
    if let Some(name) = renamed(
        engine::DEFAULT_DATABASE,
        databases,
        &admin.database_names().await?,
    ) {
        admin
            .rename_database(engine::DEFAULT_DATABASE, name)
            .await?;
    }
    Ok(())
}

/// The first of the wanted names, if the default has to get it.
fn renamed<'a>(
    default: &str,
    mut wanted: impl Iterator<Item = &'a str> + Clone,
    existing: &[String],
) -> Option<&'a str> {
    let exists = |name: &str| existing.iter().any(|known| known == name);
    let kept = wanted.clone().any(|name| name == default);
    let first = wanted.next()?;
    (!kept && !exists(first) && exists(default)).then_some(first)
}
