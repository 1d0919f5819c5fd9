//! Asynchronous work: what an API call schedules, done one after the other, visible as Neon's operations.

use std::{io, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::sandbox::{
    admin::Admin,
    compute::{self, Place},
    core::Core,
    ids,
    state::{Operation, Project, Status},
};

/// What an operation really does.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// Makes the branch's data.
    CreateTimeline,
    /// Wakes its compute.
    StartCompute,
    /// Puts it to sleep.
    SuspendCompute,
    /// Tells Postgres about roles and databases: first these changes, then everything that is pending.
    ApplyConfig(Vec<Change>),
    /// Removes the branch's data.
    DeleteTimeline,
}

/// What has to be undone or renamed in Postgres; additions are read from the state.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    DropRole { role: String, heir: String },
    DropDatabase(String),
    RenameDatabase { from: String, to: String },
    OwnDatabase { database: String, owner: String },
}

impl Work {
    /// Neon's word for it.
    const fn action(&self) -> &'static str {
        match self {
            Self::CreateTimeline => "create_timeline",
            Self::StartCompute => "start_compute",
            Self::SuspendCompute => "suspend_compute",
            Self::ApplyConfig(_) => "apply_config",
            Self::DeleteTimeline => "delete_timeline",
        }
    }
}

/// An operation and its work.
pub(crate) struct Scheduled {
    pub(crate) operation: Operation,
    branch: String,
    work: Work,
}

/// How many operations a project remembers.
const MEMORY: usize = 1000;

/// Writes the operations into the project, the first one running and the others waiting for it.
///
/// [`run`] then does them. The two are apart because the first happens inside the change that schedules them.
pub(crate) fn schedule(
    project: &mut Project,
    branch: &str,
    endpoint: Option<&str>,
    works: Vec<Work>,
) -> Vec<Scheduled> {
    let now = ids::now();
    let mut scheduled = Vec::new();
    for work in works {
        let first = scheduled.is_empty();
        let with_endpoint = !matches!(work, Work::CreateTimeline | Work::DeleteTimeline);
        scheduled.push(Scheduled {
            operation: Operation {
                id: ids::uuid(),
                branch_id: Some(branch.to_owned()),
                endpoint_id: endpoint.filter(|_| with_endpoint).map(str::to_owned),
                action: work.action().to_owned(),
                status: if first {
                    Status::Running
                } else {
                    Status::Scheduling
                },
                error: None,
                created_at: now.clone(),
                updated_at: now.clone(),
                total_duration_ms: 0,
            },
            branch: branch.to_owned(),
            work,
        });
    }
    project
        .operations
        .extend(scheduled.iter().map(|one| one.operation.clone()));
    let forgotten = project.operations.len().saturating_sub(MEMORY);
    project.operations.drain(..forgotten);
    scheduled
}

/// Does what was scheduled, in the background.
pub(crate) fn run(core: &Arc<Core>, project: &str, scheduled: Vec<Scheduled>) {
    if scheduled.is_empty() {
        return;
    }
    let (background, project) = (Arc::clone(core), project.to_owned());
    core.spawn(async move {
        let mut failed = false;
        for Scheduled {
            operation,
            branch,
            work,
        } in scheduled
        {
            if failed {
                update(
                    &background,
                    &project,
                    &operation.id,
                    Status::Cancelled,
                    None,
                    Duration::ZERO,
                );
                continue;
            }
            update(
                &background,
                &project,
                &operation.id,
                Status::Running,
                None,
                Duration::ZERO,
            );
            let start = Instant::now();
            let place = Place::new(&project, &branch);
            let outcome = perform(&background, &place, work).await;
            failed = outcome.is_err();
            let (status, error) = match outcome {
                Ok(()) => (Status::Finished, None),
                Err(error) => (Status::Failed, Some(error.to_string())),
            };
            update(
                &background,
                &project,
                &operation.id,
                status,
                error,
                start.elapsed(),
            );
        }
    });
}

fn update(
    core: &Core,
    project: &str,
    id: &str,
    status: Status,
    error: Option<String>,
    took: Duration,
) {
    core.store.edit(project, |project| {
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

async fn perform(core: &Arc<Core>, place: &Place, work: Work) -> io::Result<()> {
    let least = Duration::from_millis(core.faults().operation_ms);
    if !least.is_zero() {
        tokio::time::sleep(least).await;
    }
    if core.take_fault(crate::sandbox::faults::Faults::take_failed_operation) {
        return Err(io::Error::other(
            "the sandbox was told to let this operation fail",
        ));
    }
    match work {
        Work::CreateTimeline => {
            compute::create_data(core, place).await?;
            core.store.edit(&place.project, |project| {
                if let Some(branch) = project.branch_mut(&place.branch) {
                    branch.ready = true;
                    branch.state_changed_at = ids::now();
                }
            });
            Ok(())
        }
        Work::StartCompute => compute::wake(core, place).await.map(drop),
        Work::SuspendCompute => {
            compute::suspend(core, place).await;
            Ok(())
        }
        Work::ApplyConfig(changes) => {
            let sockets = compute::wake(core, place).await?;
            if !changes.is_empty() {
                let mut admin = Admin::connect(&sockets).await?;
                for change in changes {
                    apply(&mut admin, change).await?;
                }
            }
            compute::reconcile(core, place, &sockets).await
        }
        Work::DeleteTimeline => compute::destroy(core, &place.branch).await,
    }
}

async fn apply(admin: &mut Admin, change: Change) -> io::Result<()> {
    match change {
        Change::DropRole { role, heir } => admin.drop_role(&role, &heir).await,
        Change::DropDatabase(database) => admin.drop_database(&database).await,
        Change::RenameDatabase { from, to } => admin.rename_database(&from, &to).await,
        Change::OwnDatabase { database, owner } => admin.set_owner(&database, &owner).await,
    }
}
