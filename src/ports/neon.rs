//! Neon's API, as far as the steps use it. Source of all facts: Neon's published OpenAPI document (API v2).

pub(crate) mod error;
pub(crate) mod http;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
#[cfg(any(test, feature = "testing"))]
pub(crate) use http::fuzz;
use serde::Deserialize;

use crate::{
    core::secret::Secret,
    domain::url::Connection,
    ports::neon::error::{ListingCut, NeonError},
};

/// The answer of `GET /auth`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Auth {
    /// The user, or the organization of an organization's key.
    pub account_id: String,
    /// `api_key_user`, `api_key_org`, `oauth`, `keycloak` or `session_cookie`.
    pub auth_method: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Project {
    pub id: String,
    /// Not unique.
    pub name: String,
    /// Such as `aws-us-east-2`.
    pub region_id: String,
    /// The major version of Postgres.
    pub pg_version: u16,
    /// RFC 3339.
    pub created_at: String,
    /// Where the answer names it.
    #[serde(default)]
    pub org_id: Option<String>,
}

/// All projects that a key sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Listing {
    /// From all pages, the shared ones included.
    pub projects: Vec<Project>,
    /// Ids that Neon could not read: unknown, not absent.
    pub unavailable: Vec<String>,
    /// Why it was not read to its end, if it was not.
    pub cut: Option<ListingCut>,
}

impl Listing {
    /// A list that is known to hold these.
    pub(crate) const fn of(projects: Vec<Project>) -> Self {
        Self {
            projects,
            unavailable: Vec::new(),
            cut: None,
        }
    }

    /// Whether a project that is not in it does not exist, as far as the key sees.
    pub(crate) const fn is_complete(&self) -> bool {
        self.unavailable.is_empty() && self.cut.is_none()
    }
}

/// A project to create. Neon chooses what is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewProject {
    pub name: String,
    /// Needed for keys that see several.
    pub org: Option<String>,
    pub region: Option<String>,
    /// The major version of Postgres.
    pub postgres: Option<u16>,
    /// The name of its default branch.
    pub branch: Option<String>,
    /// The name of its database.
    pub database: Option<String>,
    /// The name of the role that owns it.
    pub role: Option<String>,
}

/// A branch to create. It begins with its parent's data, and has a compute of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewBranch {
    /// Unique in the project.
    pub name: String,
    /// The id of the branch that it is made from.
    pub parent: String,
    /// When Neon deletes it, RFC 3339; `None`: never.
    pub expires_at: Option<String>,
}

/// A piece of work that Neon does asynchronously.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Operation {
    /// The id to poll.
    pub id: String,
    /// `create_timeline`, `start_compute`, `apply_config`, …
    pub action: String,
    /// `scheduling`, `running`, `finished`, `failed`, `error`, `cancelling`, `cancelled` or `skipped`.
    pub status: String,
    #[serde(default)]
    pub error: Option<String>,
}

impl Operation {
    /// Tells whether it has failed. Neon may retry what has the status `failed`, but nobody can wait for that.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.status.as_str(), "failed" | "error")
    }

    /// Tells whether it has ended, well or not.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_failed() || matches!(self.status.as_str(), "finished" | "skipped" | "cancelled")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Branch {
    pub id: String,
    /// Unique in the project.
    pub name: String,
    #[serde(default)]
    pub default: bool,
    /// `init`, `ready`, `archived`, …
    pub current_state: String,
}

/// A compute of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Endpoint {
    pub id: String,
    /// For direct connections.
    pub host: String,
    pub branch_id: String,
    /// `read_write` or `read_only`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `init`, `active` or `idle`.
    pub current_state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct BranchDatabase {
    pub name: String,
    /// The role to connect as.
    pub owner_name: String,
}

/// A project that was just created. Its database answers only when the operations have finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreatedProject {
    pub project: Project,
    pub branch: Branch,
    pub operations: Vec<Operation>,
    pub connection: Option<Connection>,
}

/// The user of a personal key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct User {
    pub email: String,
    /// The most projects that the plan allows.
    #[serde(default)]
    pub projects_limit: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Organization {
    pub id: String,
    pub name: String,
    /// `console` for those made in Neon's own console or API.
    #[serde(default)]
    pub managed_by: String,
}

/// A new password of a role. It works when the operations have finished; until then the old one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasswordReset {
    pub password: Secret,
    pub operations: Vec<Operation>,
}

/// A new role. Where the project stores no passwords, this answer is the only one that has its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreatedRole {
    pub password: Option<Secret>,
    pub operations: Vec<Operation>,
}

/// An API key in a list, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct ApiKey {
    /// The number that revokes it.
    pub id: i64,
    /// Not unique.
    pub name: String,
    /// RFC 3339; `None`: never.
    #[serde(default)]
    pub last_used_at: Option<String>,
}

/// A new API key, which Neon shows only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewApiKey {
    /// The number that revokes it.
    pub id: i64,
    pub key: Secret,
}

/// Neon's API. Every call takes the key, so that nothing holds it longer than needed.
///
/// Reads are retried where that is safe; a request that changes something is sent once unless Neon says that it did nothing.
#[async_trait]
pub(crate) trait Neon: Send + Sync {
    /// Asks whose key it is and of which kind.
    async fn auth(&self, key: &Secret) -> Result<Auth, NeonError>;

    /// Asks for the user of a personal key.
    async fn user(&self, key: &Secret) -> Result<User, NeonError>;

    /// Lists the user's organizations.
    async fn organizations(&self, key: &Secret) -> Result<Vec<Organization>, NeonError>;

    /// Lists every project on every page, and the shared ones. `page` is told how many are listed so far.
    async fn projects(
        &self,
        key: &Secret,
        org: Option<&str>,
        page: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<Listing, NeonError>;

    /// Reads one project; `None` when it is not there or not visible.
    async fn project(&self, key: &Secret, id: &str) -> Result<Option<Project>, NeonError>;

    /// Creates a project. When the [outcome is unknown](NeonError::outcome_unknown), the list must be read.
    async fn create_project(
        &self,
        key: &Secret,
        new: &NewProject,
    ) -> Result<CreatedProject, NeonError>;

    /// Deletes a project; one that is gone already isn't a failure.
    async fn delete_project(&self, key: &Secret, id: &str) -> Result<(), NeonError>;

    /// Lists the newest operations of a project.
    async fn operations(&self, key: &Secret, project: &str) -> Result<Vec<Operation>, NeonError>;

    /// Reads one operation.
    async fn operation(
        &self,
        key: &Secret,
        project: &str,
        id: &str,
    ) -> Result<Operation, NeonError>;

    /// Lists the branches of a project.
    async fn branches(&self, key: &Secret, project: &str) -> Result<Vec<Branch>, NeonError>;

    /// Lists the computes of a branch.
    async fn endpoints(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
    ) -> Result<Vec<Endpoint>, NeonError>;

    /// Lists every compute of a project.
    async fn project_endpoints(
        &self,
        key: &Secret,
        project: &str,
    ) -> Result<Vec<Endpoint>, NeonError>;

    /// Makes a branch with a read-write compute. Names are unique, so that a lost answer is settled by reading the branches again.
    async fn create_branch(
        &self,
        key: &Secret,
        project: &str,
        new: &NewBranch,
    ) -> Result<Vec<Operation>, NeonError>;

    /// Gives a branch a read-write compute; a branch can have one only.
    async fn create_endpoint(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
    ) -> Result<Vec<Operation>, NeonError>;

    /// Makes a database; its name is unique in its branch.
    async fn create_database(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        database: &BranchDatabase,
    ) -> Result<Vec<Operation>, NeonError>;

    /// Lists the databases of a branch.
    async fn databases(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
    ) -> Result<Vec<BranchDatabase>, NeonError>;

    /// Makes a role; its name is unique in its branch.
    async fn create_role(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        role: &str,
    ) -> Result<CreatedRole, NeonError>;

    /// Lists the names of the roles of a branch.
    async fn roles(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
    ) -> Result<Vec<String>, NeonError>;

    /// Builds the connection URI of a role, direct or pooled, with its password.
    async fn connection_uri(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        database: &str,
        role: &str,
        pooled: bool,
    ) -> Result<Secret, NeonError>;

    /// Gives a role of a branch a new password. When the [outcome is unknown](NeonError::outcome_unknown),
    /// [`Self::connection_uri`] shows whether it was done.
    async fn reset_password(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        role: &str,
    ) -> Result<PasswordReset, NeonError>;

    /// Lists the user's API keys. Only a personal key may ask.
    async fn api_keys(&self, key: &Secret) -> Result<Vec<ApiKey>, NeonError>;

    /// Makes a personal API key. When the [outcome is unknown](NeonError::outcome_unknown), it may be in the list, and nobody
    /// has it.
    async fn create_api_key(&self, key: &Secret, name: &str) -> Result<NewApiKey, NeonError>;

    /// Revokes a personal API key; one that is gone already isn't a failure.
    async fn revoke_api_key(&self, key: &Secret, id: i64) -> Result<(), NeonError>;

    /// Asks for the sandbox's certificate authority, as PEM; `None` where the API is not a sandbox on this machine.
    async fn sandbox_authority(&self) -> Option<String>;
}
