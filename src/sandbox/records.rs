//! What the sandbox knows: organizations, keys, projects and all that is in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{domain::hex::hex, sandbox::ids};

/// The version of the files; a newer one is refused.
pub(crate) const VERSION: u32 = 1;

/// Role and database of a new project, which the template already holds.
pub(crate) const DEFAULT_ROLE: &str = "neondb_owner";
pub(crate) const DEFAULT_DATABASE: &str = "neondb";

/// What does not belong to a single project.
#[derive(Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub(crate) version: u32,
    /// The key that the sandbox shows at its start.
    pub(crate) api_key: String,
    pub(crate) user_id: String,
    pub(crate) organizations: Vec<OrganizationRecord>,
    pub(crate) keys: Vec<KeyRecord>,
    pub(crate) next_key: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OrganizationRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
}

/// What a key may do: everything of the user, of one organization, or of one project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyScope {
    Personal,
    Organization { org: String },
    Project { org: String, project: String },
}

impl KeyScope {
    /// The organization to which the key belongs; `None`: the user.
    pub(crate) fn organization(&self) -> Option<&str> {
        match self {
            Self::Personal => None,
            Self::Organization { org } | Self::Project { org, .. } => Some(org),
        }
    }

    /// The project to which the key is bound.
    pub(crate) fn project(&self) -> Option<&str> {
        match self {
            Self::Project { project, .. } => Some(project),
            Self::Personal | Self::Organization { .. } => None,
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) scope: KeyScope,
    pub(crate) created_at: String,
    pub(crate) last_used_at: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ProjectRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) org_id: String,
    pub(crate) region_id: String,
    pub(crate) pg_version: u32,
    pub(crate) store_passwords: bool,
    pub(crate) history_retention_seconds: i64,
    pub(crate) default_endpoint_settings: Value,
    pub(crate) settings: Value,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) branches: Vec<BranchRecord>,
    pub(crate) endpoints: Vec<EndpointRecord>,
    /// Oldest first.
    pub(crate) operations: Vec<OperationRecord>,
    #[serde(default)]
    pub(crate) permissions: Vec<PermissionRecord>,
    /// Set where it was made without an account.
    #[serde(default)]
    pub(crate) temporary: Option<TemporaryRecord>,
}

/// Whether a temporary database belongs to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TemporaryStatus {
    Unclaimed,
    Claiming,
    Claimed,
}

/// A database that was made without an account.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct TemporaryRecord {
    /// The id that reads and claims it.
    pub(crate) id: String,
    pub(crate) status: TemporaryStatus,
    pub(crate) expires_at: String,
    /// Whether the client has chosen the id, and expects the pooled address.
    #[serde(default)]
    pub(crate) chosen_id: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PermissionRecord {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) granted_at: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent facts, each a field of Neon's"
)]
pub(crate) struct BranchRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) parent_id: Option<String>,
    pub(crate) parent_lsn: Option<String>,
    pub(crate) parent_timestamp: Option<String>,
    pub(crate) init_source: String,
    pub(crate) default: bool,
    pub(crate) protected: bool,
    /// Whether its data exists; Neon reports `init` before that.
    pub(crate) ready: bool,
    /// Whether the next start has to reconcile roles and databases: the data is new, or the sandbox ended before they were
    /// made.
    pub(crate) fresh: bool,
    pub(crate) state_changed_at: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) expires_at: Option<String>,
    #[serde(default)]
    pub(crate) last_reset_at: Option<String>,
    pub(crate) roles: Vec<RoleRecord>,
    pub(crate) databases: Vec<DatabaseRecord>,
    #[serde(default)]
    pub(crate) annotations: Value,
}

/// A role. Not `Debug`: it holds a password.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RoleRecord {
    pub(crate) name: String,
    /// The newest password; Postgres may not know it yet.
    pub(crate) password: Option<String>,
    /// Whether Postgres does not know the role or its password yet.
    pub(crate) pending: bool,
    pub(crate) no_login: bool,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DatabaseRecord {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) owner_name: String,
    /// Whether Postgres does not have it yet.
    pub(crate) pending: bool,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndpointState {
    Init,
    Active,
    Idle,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct EndpointRecord {
    pub(crate) id: String,
    pub(crate) branch_id: String,
    pub(crate) read_only: bool,
    pub(crate) name: Option<String>,
    /// The loopback port of its front.
    pub(crate) port: u16,
    pub(crate) state: EndpointState,
    pub(crate) pending_state: Option<EndpointState>,
    pub(crate) disabled: bool,
    pub(crate) autoscaling_limit_min_cu: f64,
    pub(crate) autoscaling_limit_max_cu: f64,
    /// 0 = the default, -1 = never.
    pub(crate) suspend_timeout_seconds: i64,
    pub(crate) settings: Value,
    pub(crate) last_active: Option<String>,
    pub(crate) started_at: Option<String>,
    pub(crate) suspended_at: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// The states of an operation, with Neon's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OperationStatus {
    Scheduling,
    Running,
    Finished,
    Failed,
    Cancelled,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OperationRecord {
    pub(crate) id: String,
    pub(crate) branch_id: Option<String>,
    pub(crate) endpoint_id: Option<String>,
    pub(crate) action: String,
    pub(crate) status: OperationStatus,
    pub(crate) error: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) total_duration_ms: u64,
}

/// Names a branch and its project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BranchRef {
    pub(crate) project: String,
    pub(crate) branch: String,
}

impl BranchRef {
    pub(crate) fn new(project: &str, branch: &str) -> Self {
        Self {
            project: project.to_owned(),
            branch: branch.to_owned(),
        }
    }
}

impl RoleRecord {
    /// A role that Postgres does not have yet, with a password if it may log in.
    pub(crate) fn new(name: String, login: bool) -> Self {
        let now = ids::now();
        Self {
            name,
            password: login.then(ids::password),
            pending: true,
            no_login: !login,
            created_at: now.clone(),
            updated_at: now,
        }
    }

    /// Sets a new password, which Postgres does not know yet.
    pub(crate) fn reset_password(&mut self) {
        self.password = Some(ids::password());
        self.pending = true;
        self.updated_at = ids::now();
    }
}

impl DatabaseRecord {
    /// A database that Postgres does not have yet.
    pub(crate) fn new(id: i64, name: String, owner_name: String) -> Self {
        let now = ids::now();
        Self {
            id,
            name,
            owner_name,
            pending: true,
            created_at: now.clone(),
            updated_at: now,
        }
    }
}

impl EndpointRecord {
    /// An endpoint that has not started.
    pub(crate) fn new(branch: &str) -> Self {
        let now = ids::now();
        Self {
            id: ids::endpoint(),
            branch_id: branch.to_owned(),
            read_only: false,
            name: None,
            port: 0,
            state: EndpointState::Init,
            pending_state: Some(EndpointState::Active),
            disabled: false,
            autoscaling_limit_min_cu: 0.25,
            autoscaling_limit_max_cu: 2.0,
            suspend_timeout_seconds: 0,
            settings: json!({}),
            last_active: None,
            started_at: None,
            suspended_at: None,
            created_at: now.clone(),
            updated_at: now,
        }
    }
}

impl BranchRecord {
    /// A branch with nothing in it.
    pub(crate) fn new(name: String) -> Self {
        let now = ids::now();
        Self {
            id: ids::branch(),
            name,
            parent_id: None,
            parent_lsn: None,
            parent_timestamp: None,
            init_source: "parent-data".to_owned(),
            default: false,
            protected: false,
            ready: false,
            fresh: true,
            state_changed_at: now.clone(),
            created_at: now.clone(),
            updated_at: now,
            expires_at: None,
            last_reset_at: None,
            roles: Vec::new(),
            databases: Vec::new(),
            annotations: json!({}),
        }
    }

    pub(crate) fn role(&self, name: &str) -> Option<&RoleRecord> {
        self.roles.iter().find(|role| role.name == name)
    }

    pub(crate) fn role_mut(&mut self, name: &str) -> Option<&mut RoleRecord> {
        self.roles.iter_mut().find(|role| role.name == name)
    }

    pub(crate) fn database(&self, name: &str) -> Option<&DatabaseRecord> {
        let mut databases = self.databases.iter();
        databases.find(|database| database.name == name)
    }

    pub(crate) fn database_mut(&mut self, name: &str) -> Option<&mut DatabaseRecord> {
        let mut databases = self.databases.iter_mut();
        databases.find(|database| database.name == name)
    }
}

impl ProjectRecord {
    /// Whether it is a temporary database without an account, which no key sees.
    pub(crate) fn is_ownerless(&self) -> bool {
        self.temporary
            .as_ref()
            .is_some_and(|temporary| temporary.status != TemporaryStatus::Claimed)
    }

    /// The branch that is used when none is named.
    pub(crate) fn default_branch(&self) -> Option<&BranchRecord> {
        self.branches.iter().find(|branch| branch.default)
    }

    pub(crate) fn branch(&self, id: &str) -> Option<&BranchRecord> {
        self.branches.iter().find(|branch| branch.id == id)
    }

    pub(crate) fn branch_mut(&mut self, id: &str) -> Option<&mut BranchRecord> {
        self.branches.iter_mut().find(|branch| branch.id == id)
    }

    pub(crate) fn endpoint(&self, id: &str) -> Option<&EndpointRecord> {
        self.endpoints.iter().find(|endpoint| endpoint.id == id)
    }

    pub(crate) fn endpoint_mut(&mut self, id: &str) -> Option<&mut EndpointRecord> {
        self.endpoints.iter_mut().find(|endpoint| endpoint.id == id)
    }

    /// The endpoints of a branch, the read-write one first.
    pub(crate) fn endpoints_of(&self, branch: &str) -> Vec<&EndpointRecord> {
        let mut endpoints: Vec<_> = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.branch_id == branch)
            .collect();
        endpoints.sort_by_key(|endpoint| endpoint.read_only);
        endpoints
    }

    /// The endpoint of a branch that operations name: the read-write one, if there is one.
    pub(crate) fn main_endpoint(&self, branch: &str) -> Option<&EndpointRecord> {
        self.endpoints_of(branch).into_iter().next()
    }

    /// Whether an operation is not finished, so that no other may be scheduled.
    pub(crate) fn busy(&self) -> bool {
        let unfinished = |operation: &&OperationRecord| {
            matches!(
                operation.status,
                OperationStatus::Scheduling | OperationStatus::Running
            )
        };
        self.operations
            .iter()
            .rev()
            .any(|operation| unfinished(&operation))
    }
}

/// Everything that the sandbox knows.
pub(crate) struct SandboxState {
    pub(crate) account: AccountRecord,
    pub(crate) projects: BTreeMap<String, ProjectRecord>,
}

impl SandboxState {
    /// The project of a temporary database, by the database's id.
    pub(crate) fn temporary_project(&self, database: &str) -> Option<&ProjectRecord> {
        self.projects.values().find(|project| {
            let temporary = project.temporary.as_ref();
            temporary.is_some_and(|temporary| temporary.id == database)
        })
    }
}

impl AccountRecord {
    pub(crate) fn organization(&self, id: &str) -> Option<&OrganizationRecord> {
        self.organizations.iter().find(|org| org.id == id)
    }

    /// The organization that is used when none is named.
    pub(crate) fn default_organization(&self) -> Option<&OrganizationRecord> {
        self.organizations.first()
    }

    pub(crate) fn new() -> Self {
        let api_key = ids::api_key();
        let now = ids::now();
        let key = KeyRecord {
            id: 1,
            name: "sandbox".to_owned(),
            digest: digest(&api_key),
            scope: KeyScope::Personal,
            created_at: now.clone(),
            last_used_at: None,
        };
        Self {
            version: VERSION,
            api_key,
            user_id: ids::uuid(),
            organizations: vec![OrganizationRecord {
                id: ids::organization(),
                name: "Sandbox".to_owned(),
                created_at: now,
            }],
            keys: vec![key],
            next_key: 2,
        }
    }
}

/// The SHA-256 of a key, which is kept instead of it.
pub(crate) fn digest(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}
