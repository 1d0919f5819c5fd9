//! Wakes computes, puts them to sleep, and ends them.

use std::{fs, io, sync::Arc, time::Duration};

use tokio::sync::MutexGuard;

use crate::sandbox::{
    branch_data, catalog,
    compute::{Compute, Slot},
    control_plane::{ControlPlane, RUNNING_LIMIT},
    files, ids,
    records::{BranchRef, EndpointState},
    socket_dir::SocketDir,
};

/// A client's use of a compute, which does not suspend meanwhile.
pub(crate) struct ComputeUse {
    plane: Arc<ControlPlane>,
    compute: Arc<Compute>,
    branch_ref: BranchRef,
}

impl ComputeUse {
    pub(crate) fn begin(plane: &Arc<ControlPlane>, branch_ref: BranchRef) -> Self {
        let compute = plane.compute(&branch_ref.branch);
        compute.connect();
        Self {
            plane: Arc::clone(plane),
            compute,
            branch_ref,
        }
    }
}

impl Drop for ComputeUse {
    fn drop(&mut self) {
        if self.compute.disconnect() {
            suspend_when_idle(&self.plane, &self.compute, self.branch_ref.clone());
        }
    }
}

/// Wakes the compute of a branch, if it sleeps; returns the folder of its socket.
pub(crate) async fn wake(
    plane: &Arc<ControlPlane>,
    branch_ref: &BranchRef,
) -> io::Result<SocketDir> {
    if plane.faults().never_wakes {
        // For as long as the fault is on, as with a compute that hangs.
        plane.until_faults(|faults| !faults.never_wakes).await;
    }
    let compute = plane.compute(&branch_ref.branch);
    let mut slot = compute.lock().await;
    if let Some(sockets) = slot.awake() {
        return Ok(sockets);
    }
    slot.check_branch()?;
    let least = Duration::from_millis(plane.faults().wake_ms);
    if !least.is_zero() {
        tokio::time::sleep(least).await;
    }
    let running = Arc::clone(&plane.running).try_acquire_owned();
    // Neon's word for computes is endpoints.
    let running = running.map_err(|_full| {
        io::Error::other(format!(
            "active endpoints limit of {RUNNING_LIMIT} exceeded"
        ))
    })?;
    let installation = plane.installation().await?;
    branch_data::ensure(plane, &installation, branch_ref).await?;
    let folder = plane.folder(&branch_ref.branch);
    let mut server = installation.serve(&folder, plane.next_sockets()).await?;
    server.place = Some(running);
    let sockets = server.sockets().clone();
    if plane.store.branch(branch_ref, |branch| branch.fresh) == Some(true) {
        catalog::reconcile(plane, branch_ref, &sockets).await?;
    }
    slot.server = Some(server);
    set_state(plane, branch_ref, EndpointState::Active);
    drop(slot);
    suspend_when_idle(plane, &compute, branch_ref.clone());
    Ok(sockets)
}

/// The folder of the socket of a compute that is awake. Does not wake it.
pub(crate) async fn peek(plane: &ControlPlane, branch: &str) -> Option<SocketDir> {
    plane.compute(branch).lock().await.awake()
}

/// Puts a compute to sleep, whoever is connected.
pub(crate) async fn suspend(plane: &ControlPlane, branch_ref: &BranchRef) {
    let compute = plane.compute(&branch_ref.branch);
    let slot = compute.lock().await;
    put_to_sleep(plane, branch_ref, slot).await;
}

async fn put_to_sleep(
    plane: &ControlPlane,
    branch_ref: &BranchRef,
    mut slot: MutexGuard<'_, Slot>,
) {
    if let Some(server) = slot.server.take() {
        server.stop().await;
    }
    set_state(plane, branch_ref, EndpointState::Idle);
}

/// Ends the compute for good and removes its data.
pub(crate) async fn destroy(plane: &ControlPlane, branch: &str) -> io::Result<()> {
    let compute = plane.compute(branch);
    let mut slot = compute.lock().await;
    slot.close().await;
    let folder = plane.folder(branch);
    plane.forget_compute(branch);
    files::blocking(move || files::unless_absent(fs::remove_dir_all(folder))).await
}

fn suspend_when_idle(plane: &Arc<ControlPlane>, compute: &Arc<Compute>, branch_ref: BranchRef) {
    let Some(idle) = idle_time(plane, &branch_ref) else {
        return;
    };
    let compute = Arc::clone(compute);
    let before = compute.events();
    let weak = Arc::downgrade(plane); // a sleeping timer must not keep the sandbox alive
    plane.spawn(async move {
        tokio::time::sleep(idle).await;
        let Some(plane) = weak.upgrade() else { return };
        let slot = compute.lock().await;
        if compute.idle_since(before) && slot.server.is_some() {
            put_to_sleep(&plane, &branch_ref, slot).await;
        }
    });
}

/// How long the branch's compute may be idle: as its endpoint has it, else the sandbox's default; `None` = forever.
fn idle_time(plane: &ControlPlane, branch_ref: &BranchRef) -> Option<Duration> {
    let seconds = plane.store.project(&branch_ref.project, |project| {
        let endpoint = project.main_endpoint(&branch_ref.branch);
        endpoint.map_or(0, |endpoint| endpoint.suspend_timeout_seconds)
    })?;
    match u64::try_from(seconds) {
        Ok(0) => Some(plane.idle),
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_never) => None,
    }
}

fn set_state(plane: &ControlPlane, branch_ref: &BranchRef, state: EndpointState) {
    let now = ids::now();
    plane.store.edit(&branch_ref.project, |project| {
        let endpoints = project
            .endpoints
            .iter_mut()
            .filter(|endpoint| endpoint.branch_id == branch_ref.branch);
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
