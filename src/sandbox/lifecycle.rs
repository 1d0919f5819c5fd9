//! Wakes computes, puts them to sleep, and ends them.

use std::{fs, io, sync::Arc, time::Duration};

use tokio::sync::MutexGuard;

use crate::sandbox::{
    branch_data, catalog,
    compute::{Compute, Slot},
    core::Core,
    files, ids,
    records::{EndpointState, Place},
    socket_dir::SocketDir,
};

/// One client's use of a compute; while there is one the compute does not suspend.
pub(crate) struct Use {
    core: Arc<Core>,
    compute: Arc<Compute>,
    place: Place,
}

impl Use {
    pub(crate) fn begin(core: &Arc<Core>, place: Place) -> Self {
        let compute = core.compute(&place.branch);
        compute.connect();
        Self {
            core: Arc::clone(core),
            compute,
            place,
        }
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        if self.compute.disconnect() {
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
    let mut slot = compute.lock().await;
    if let Some(sockets) = slot.awake() {
        return Ok(sockets);
    }
    slot.check_branch()?;
    let least = Duration::from_millis(core.faults().wake_ms);
    if !least.is_zero() {
        tokio::time::sleep(least).await;
    }
    let installation = core.installation().await?;
    branch_data::ensure(core, &installation, place).await?;
    let folder = core.folder(&place.branch);
    let server = installation
        .serve(
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
        catalog::reconcile(core, place, &sockets).await?;
    }
    slot.server = Some(server);
    set_state(core, place, EndpointState::Active);
    drop(slot);
    suspend_when_idle(core, &compute, place.clone());
    Ok(sockets)
}

/// The socket's folder of a compute that is awake; does not wake it.
pub(crate) async fn peek(core: &Core, branch: &str) -> Option<SocketDir> {
    core.compute(branch).lock().await.awake()
}

/// Puts a compute to sleep, whoever is connected.
pub(crate) async fn suspend(core: &Core, place: &Place) {
    let compute = core.compute(&place.branch);
    let slot = compute.lock().await;
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
    let mut slot = compute.lock().await;
    slot.close().await;
    let folder = core.folder(branch);
    core.forget_compute(branch);
    match files::blocking(move || fs::remove_dir_all(folder)).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn suspend_when_idle(core: &Arc<Core>, compute: &Arc<Compute>, place: Place) {
    let Some(idle) = idle_time(core, &place) else {
        return;
    };
    let compute = Arc::clone(compute);
    let before = compute.events();
    let weak = Arc::downgrade(core); // a sleeping timer must not keep the sandbox alive
    core.spawn(async move {
        tokio::time::sleep(idle).await;
        let Some(core) = weak.upgrade() else { return };
        let slot = compute.lock().await;
        if compute.idle_since(before) && slot.server.is_some() {
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
