//! A call of the API: who asks, and which project, branch or part of one the path names.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        caller::{self, Caller},
        reply::{ApiError, OrNotFound as _},
        views,
    },
    catalog::{self, ConfigChange},
    control_plane::ControlPlane,
    operations::{self, OperationAction, ScheduledOperation},
    records::{BranchRecord, BranchRef, ProjectRecord, SandboxState},
};

/// A call by the holder of a valid key.
pub(super) struct Call {
    pub(super) plane: Arc<ControlPlane>,
    pub(super) caller: Caller,
    /// Empty where the path names none, as are the next three.
    pub(super) org: String,
    pub(super) project: String,
    pub(super) branch: String,
    /// The name or id of what the path names in the project or branch.
    pub(super) item: String,
}

impl FromRequestParts<Arc<ControlPlane>> for Call {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        plane: &Arc<ControlPlane>,
    ) -> Result<Self, Self::Rejection> {
        let mut call = Self {
            plane: Arc::clone(plane),
            caller: Caller::of(parts, plane).map_err(ApiError::into_response)?,
            org: String::new(),
            project: String::new(),
            branch: String::new(),
            item: String::new(),
        };
        let params = RawPathParams::from_request_parts(parts, plane).await;
        for (name, value) in &params.map_err(IntoResponse::into_response)? {
            let part = match name {
                "org" => &mut call.org,
                "project" => &mut call.project,
                "branch" => &mut call.branch,
                _ => &mut call.item,
            };
            value.clone_into(part);
        }
        Ok(call)
    }
}

impl Call {
    /// Refuses an organization that does not exist or is not the key's.
    pub(super) fn check_organization(&self, org: &str) -> Result<(), ApiError> {
        self.caller.organization(org)?;
        let known = |state: &SandboxState| state.account.organization(org).map(drop);
        self.plane.store.read(known).or_not_found("organization")
    }

    /// Reads the project, if the key may see it.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&ProjectRecord) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        if let Some(project) = self.caller.scope.project()
            && project != self.project
        {
            return Err(caller::outside(project));
        }
        let seen = |project: &ProjectRecord| self.caller.sees(project).then(|| read(project));
        let seen = self.plane.store.project(&self.project, seen);
        seen.flatten().or_not_found("project")?
    }

    /// Reads the branch, if the key may see it.
    pub(super) fn read_branch<T>(
        &self,
        read: impl FnOnce(&BranchRecord, &ProjectRecord) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.read(|project| {
            let branch = project.branch(&self.branch).or_not_found("branch")?;
            read(branch, project)
        })
    }

    /// Brings roles and databases in line with what SQL has made of them, if the key may see the branch and its compute is awake.
    pub(super) async fn look(&self) -> Result<(), ApiError> {
        self.read_branch(|_, _| Ok(()))?;
        let branch_ref = BranchRef::new(&self.project, &self.branch);
        if let Err(error) = catalog::discover(&self.plane, &branch_ref).await {
            tracing::debug!(%error, branch = self.branch, "couldn't read roles and databases; the last known ones are returned");
        }
        Ok(())
    }

    /// Changes the project, if the key may see it. A failed change changes nothing, so `change` checks before it writes.
    pub(super) fn edit<T>(
        &self,
        change: impl FnOnce(&mut ProjectRecord) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.read(|_| Ok(()))?;
        let edited = self.plane.store.edit(&self.project, change);
        edited.or_not_found("project")?
    }

    /// Changes the project and schedules operations, which is refused while others run.
    pub(super) fn schedule<T>(
        &self,
        change: impl FnOnce(&mut ProjectRecord) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.edit(|project| {
            if project.busy() {
                return Err(ApiError::locked());
            }
            change(project)
        })
    }

    /// Changes the project, runs the operations that this schedules, and adds them to the answer.
    pub(super) fn change(
        &self,
        change: impl FnOnce(&mut ProjectRecord) -> Result<(Value, Vec<ScheduledOperation>), ApiError>,
    ) -> Result<Value, ApiError> {
        let (mut answer, scheduled) = self.schedule(change)?;
        let operations = views::operations(&scheduled, &self.project);
        views::merge(&mut answer, json!({"operations": operations}));
        operations::run(&self.plane, &self.project, scheduled);
        Ok(answer)
    }

    /// Changes the roles or databases of the branch, and schedules that Postgres gets them.
    pub(super) fn configure(
        &self,
        change: impl FnOnce(&mut BranchRecord) -> Result<(Value, Vec<ConfigChange>), ApiError>,
    ) -> Result<Value, ApiError> {
        self.change(|project| {
            let branch = project.branch_mut(&self.branch).or_not_found("branch")?;
            let (answer, changes) = change(branch)?;
            let actions = vec![OperationAction::ApplyConfig(changes)];
            let scheduled = operations::schedule_on_branch(project, &self.branch, actions);
            Ok((answer, scheduled))
        })
    }
}
