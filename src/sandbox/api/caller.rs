//! Who asks, and what their key allows.
//!
//! Neon has three kinds of keys. A personal one may do everything; one of an organization only what belongs to it, and nothing
//! that belongs to a user; one of a project is an editor of that project.

use std::sync::Arc;

use axum::http::request::Parts;

use crate::sandbox::{
    api::{
        reply::ApiError,
        request,
        temporary::{self, AGENTS_BASE},
    },
    control_plane::ControlPlane,
    ids,
    records::{KeyScope, ProjectRecord, digest},
};

/// The holder of a valid key.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) scope: KeyScope,
    /// Whether it is the token of a login in the browser.
    pub(super) logged_in: bool,
}

impl Caller {
    /// Who asks, by the key in the request.
    pub(super) fn of(parts: &Parts, plane: &Arc<ControlPlane>) -> Result<Self, ApiError> {
        // The official client also sends the key as cookies; only the header counts.
        let key = request::bearer(&parts.headers).ok_or_else(ApiError::unauthorized)?;
        // Where an identity of `agents` asks, its token is good for its own project.
        if request::is_below(parts, AGENTS_BASE)
            && let Some(project) = temporary::find_ownerless(plane, key)
        {
            let org = String::new();
            return Ok(Self {
                scope: KeyScope::Project { org, project },
                logged_in: false,
            });
        }
        let digest = digest(key);
        if plane.web_logins().knows(&digest) {
            return Ok(Self {
                scope: KeyScope::Personal,
                logged_in: true,
            });
        }
        let known = plane.store.read(|state| {
            let key = state
                .account
                .keys
                .iter()
                .find(|known| known.digest == digest)?;
            // The state keeps the time of use to the minute, or each request would write it.
            let now = ids::now();
            plane.note_use(key.id, now.clone());
            let minute = |time: &str| time.get(..16).map(str::to_owned);
            let stale = key.last_used_at.as_deref().and_then(minute) != minute(&now);
            Some((key.scope.clone(), key.id, stale.then_some(now)))
        });
        let (scope, id, used) = known.ok_or_else(ApiError::unauthorized)?;
        if let Some(used) = used {
            plane.store.edit_account(|account| {
                if let Some(key) = account.keys.iter_mut().find(|key| key.id == id) {
                    key.last_used_at = Some(used);
                }
            });
        }
        Ok(Self {
            scope,
            logged_in: false,
        })
    }

    /// Refuses what only a personal key may do.
    pub(super) fn personal(&self, what: &str) -> Result<(), ApiError> {
        match &self.scope {
            KeyScope::Personal => Ok(()),
            KeyScope::Organization { .. } => Err(ApiError::refused(format!(
                "{what} is not allowed for organization API keys"
            ))),
            KeyScope::Project { project, .. } => Err(outside(project)),
        }
    }

    /// Refuses a key that is bound to one project.
    pub(super) fn unscoped(&self) -> Result<(), ApiError> {
        match &self.scope {
            KeyScope::Personal | KeyScope::Organization { .. } => Ok(()),
            KeyScope::Project { project, .. } => Err(outside(project)),
        }
    }

    /// Refuses an organization that is not the key's.
    pub(super) fn organization(&self, org: &str) -> Result<(), ApiError> {
        match &self.scope {
            KeyScope::Personal => Ok(()),
            KeyScope::Organization { org: own } if own == org => Ok(()),
            KeyScope::Organization { .. } => Err(ApiError::not_found("organization")),
            KeyScope::Project { project, .. } => Err(outside(project)),
        }
    }

    /// Whether the key may see the project.
    pub(super) fn sees(&self, project: &ProjectRecord) -> bool {
        match &self.scope {
            // an identity of the service of temporary databases
            KeyScope::Project { project: own, .. } => project.id == *own,
            KeyScope::Personal | KeyScope::Organization { .. } if project.is_ownerless() => false,
            KeyScope::Personal => true,
            KeyScope::Organization { org } => project.org_id == *org,
        }
    }
}

pub(super) fn outside(project: &str) -> ApiError {
    // Neon's words exactly: clients read the project's id out of it.
    ApiError::refused(format!(
        "not allowed to perform actions outside the project this key is scoped to; subject_project_id:\"{project}\""
    ))
}
