//! Neon's operations: what an API call schedules, done in the background, one after the other.

use std::{io, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::sandbox::{
    admin::Admin,
    branch_data,
    catalog::{self, ConfigChange},
    control_plane::ControlPlane,
    faults::Faults,
    ids, lifecycle,
    records::{BranchRef, OperationRecord, OperationStatus, ProjectRecord},
};

/// What an operation does.
#[derive(Debug, Clone)]
pub(crate) enum OperationAction {
    /// Creates the branch's data.
    CreateTimeline,
    /// Replaces the branch's data by its parent's.
    ResetTimeline,
    StartCompute,
    SuspendCompute,
    /// Applies these changes of roles and databases, then everything that is pending.
    ApplyConfig(Vec<ConfigChange>),
    /// Removes the branch's data.
    DeleteTimeline,
}

impl OperationAction {
    /// What Neon calls it.
    const fn name(&self) -> &'static str {
        match self {
            // what Neon does: a new timeline, which takes the place of the old one
            Self::CreateTimeline | Self::ResetTimeline => "create_timeline",
            Self::StartCompute => "start_compute",
            Self::SuspendCompute => "suspend_compute",
            Self::ApplyConfig(_) => "apply_config",
            Self::DeleteTimeline => "delete_timeline",
        }
    }
}

/// An operation, and what it does.
pub(crate) struct ScheduledOperation {
    pub(crate) operation: OperationRecord,
    branch: String,
    action: OperationAction,
}

/// How many operations a project remembers.
const MEMORY: usize = 1000;

/// Writes the operations into the project, the first one running and the others waiting for it.
///
/// The caller then passes them to [`run`], outside of the change that schedules them.
pub(crate) fn schedule(
    project: &mut ProjectRecord,
    branch: &str,
    endpoint: Option<&str>,
    actions: Vec<OperationAction>,
) -> Vec<ScheduledOperation> {
    let now = ids::now();
    let mut scheduled = Vec::new();
    for action in actions {
        let first = scheduled.is_empty();
        let with_endpoint = !matches!(
            action,
            OperationAction::CreateTimeline
                | OperationAction::ResetTimeline
                | OperationAction::DeleteTimeline
        );
        scheduled.push(ScheduledOperation {
            operation: OperationRecord {
                id: ids::uuid(),
                branch_id: Some(branch.to_owned()),
                endpoint_id: endpoint.filter(|_| with_endpoint).map(str::to_owned),
                action: action.name().to_owned(),
                status: if first {
                    OperationStatus::Running
                } else {
                    OperationStatus::Scheduling
                },
                error: None,
                created_at: now.clone(),
                updated_at: now.clone(),
                total_duration_ms: 0,
            },
            branch: branch.to_owned(),
            action,
        });
    }
    project
        .operations
        .extend(scheduled.iter().map(|one| one.operation.clone()));
    let forgotten = project.operations.len().saturating_sub(MEMORY);
    project.operations.drain(..forgotten);
    scheduled
}

/// Schedules operations of a branch as a whole, which name its main endpoint.
pub(crate) fn schedule_on_branch(
    project: &mut ProjectRecord,
    branch: &str,
    actions: Vec<OperationAction>,
) -> Vec<ScheduledOperation> {
    let endpoint = project
        .main_endpoint(branch)
        .map(|endpoint| endpoint.id.clone());
    schedule(project, branch, endpoint.as_deref(), actions)
}

/// Runs in the background what was scheduled.
pub(crate) fn run(plane: &Arc<ControlPlane>, project: &str, scheduled: Vec<ScheduledOperation>) {
    if scheduled.is_empty() {
        return;
    }
    let (background, project) = (Arc::clone(plane), project.to_owned());
    plane.spawn(async move {
        let mut failed = false;
        for ScheduledOperation {
            operation,
            branch,
            action,
        } in scheduled
        {
            let update = |status, error, took| {
                update(&background, &project, &operation.id, status, error, took);
            };
            if failed {
                update(OperationStatus::Cancelled, None, Duration::ZERO);
                continue;
            }
            update(OperationStatus::Running, None, Duration::ZERO);
            let start = Instant::now();
            let branch_ref = BranchRef::new(&project, &branch);
            let outcome = perform(&background, &branch_ref, action).await;
            failed = outcome.is_err();
            let (status, error) = match outcome {
                Ok(()) => (OperationStatus::Finished, None),
                Err(error) => (OperationStatus::Failed, Some(error.to_string())),
            };
            update(status, error, start.elapsed());
        }
    });
}

/// Resumes what a sandbox that was killed had begun: branches without their data.
pub(crate) fn resume(plane: &Arc<ControlPlane>) {
    let begun: Vec<_> = plane.store.read(|state| {
        let all = state.projects.values().flat_map(|project| {
            let unfinished = project.branches.iter().filter(|branch| !branch.ready);
            unfinished.filter_map(|branch| {
                let endpoint = project.endpoints_of(&branch.id).first()?.id.clone();
                Some((project.id.clone(), branch.id.clone(), endpoint))
            })
        });
        all.collect()
    });
    for (project, branch, endpoint) in begun {
        let actions = vec![
            OperationAction::CreateTimeline,
            OperationAction::StartCompute,
        ];
        let scheduled = plane.store.edit(&project, |project| {
            schedule(project, &branch, Some(&endpoint), actions)
        });
        run(plane, &project, scheduled.unwrap_or_default());
    }
}

fn update(
    plane: &ControlPlane,
    project: &str,
    id: &str,
    status: OperationStatus,
    error: Option<String>,
    took: Duration,
) {
    plane.store.edit(project, |project| {
        let operation = project
            .operations
            .iter_mut()
            .find(|operation| operation.id == id);
        if let Some(operation) = operation {
            operation.status = status;
            operation.error = error;
            operation.updated_at = ids::now();
            operation.total_duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        }
    });
}

async fn perform(
    plane: &Arc<ControlPlane>,
    branch_ref: &BranchRef,
    action: OperationAction,
) -> io::Result<()> {
    let least = Duration::from_millis(plane.faults().operation_ms);
    if !least.is_zero() {
        tokio::time::sleep(least).await;
    }
    if plane.take_fault(Faults::take_failed_operation) {
        return Err(io::Error::other(
            "the sandbox was told to fail this operation",
        ));
    }
    match action {
        OperationAction::CreateTimeline => {
            branch_data::create(plane, branch_ref).await?;
            plane.store.edit_branch(branch_ref, |branch| {
                branch.ready = true;
                branch.state_changed_at = ids::now();
            });
            Ok(())
        }
        OperationAction::ResetTimeline => branch_data::reset(plane, branch_ref).await,
        OperationAction::StartCompute => lifecycle::wake(plane, branch_ref).await.map(drop),
        OperationAction::SuspendCompute => {
            lifecycle::suspend(plane, branch_ref).await;
            Ok(())
        }
        OperationAction::ApplyConfig(changes) => {
            let sockets = lifecycle::wake(plane, branch_ref).await?;
            if !changes.is_empty() {
                let mut admin = Admin::connect(&sockets).await?;
                for change in changes {
                    catalog::apply(&mut admin, change).await?;
                }
            }
            catalog::reconcile(plane, branch_ref, &sockets).await
        }
        OperationAction::DeleteTimeline => lifecycle::destroy(plane, &branch_ref.branch).await,
    }
}
