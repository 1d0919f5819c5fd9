//! The JSON bodies of Neon's answers, as far as they are read.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};

use crate::ports::neon::{Branch, BranchDatabase, Endpoint, Operation, Organization, Project};

/// How many ids a page names. An empty one is three bytes of JSON and 24 in memory.
const IDS_LIMIT: usize = 10_000;

/// Reads a list of texts, up to [`IDS_LIMIT`].
fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Few;
    impl<'de> Visitor<'de> for Few {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {IDS_LIMIT} ids")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut read = Vec::new();
            while let Some(id) = list.next_element()? {
                if read.len() == IDS_LIMIT {
                    return Err(A::Error::invalid_length(IDS_LIMIT + 1, &self));
                }
                read.push(id);
            }
            Ok(read)
        }
    }
    deserializer.deserialize_seq(Few)
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    #[serde(default)]
    pub request_id: String,
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub message: String,
}

#[derive(Deserialize)]
pub(super) struct OrganizationsBody {
    pub organizations: Vec<Organization>,
}

#[derive(Deserialize)]
pub(super) struct ProjectsPage {
    pub projects: Vec<Project>,
    #[serde(default)]
    pub pagination: Option<ProjectsCursor>,
    #[serde(default, deserialize_with = "few")]
    pub unavailable_project_ids: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct ProjectsCursor {
    #[serde(default)]
    pub cursor: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ProjectBody {
    pub project: Project,
}

#[derive(Deserialize)]
pub(super) struct CreatedProjectBody {
    pub project: Project,
    pub branch: Branch,
    #[serde(default)]
    pub operations: Vec<Operation>,
    #[serde(default)]
    pub connection_uris: Vec<ConnectionUri>,
}

#[derive(Deserialize)]
pub(super) struct ConnectionUri {
    pub connection_uri: String,
    pub connection_parameters: ConnectionParameters,
}

#[derive(Deserialize)]
pub(super) struct ConnectionParameters {
    #[serde(default)]
    pub pooler_host: String,
}

#[derive(Deserialize)]
pub(super) struct OperationsBody {
    pub operations: Vec<Operation>,
}

#[derive(Deserialize)]
pub(super) struct OperationBody {
    pub operation: Operation,
}

/// The answer to a change, of which only the operations matter.
#[derive(Deserialize)]
pub(super) struct ChangeBody {
    #[serde(default)]
    pub operations: Vec<Operation>,
}

#[derive(Deserialize)]
pub(super) struct BranchesPage {
    pub branches: Vec<Branch>,
    #[serde(default)]
    pub pagination: Option<BranchesCursor>,
}

#[derive(Deserialize)]
pub(super) struct BranchesCursor {
    #[serde(default)]
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct EndpointsBody {
    pub endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
pub(super) struct DatabasesBody {
    pub databases: Vec<BranchDatabase>,
}

#[derive(Deserialize)]
pub(super) struct CreatedRoleBody {
    pub role: CreatedRoleFields,
    #[serde(default)]
    pub operations: Vec<Operation>,
}

#[derive(Deserialize)]
pub(super) struct CreatedRoleFields {
    #[serde(default)]
    pub password: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RolesBody {
    pub roles: Vec<NamedRole>,
}

#[derive(Deserialize)]
pub(super) struct NamedRole {
    pub name: String,
}

#[derive(Deserialize)]
pub(super) struct UriBody {
    pub uri: String,
}

#[derive(Deserialize)]
pub(super) struct ResetPasswordBody {
    pub role: RoleWithPassword,
    #[serde(default)]
    pub operations: Vec<Operation>,
}

#[derive(Deserialize)]
pub(super) struct RoleWithPassword {
    pub password: String,
}

#[derive(Deserialize)]
pub(super) struct NewApiKeyBody {
    pub id: i64,
    pub key: String,
}

/// The answer of a sandbox about itself.
#[derive(Deserialize)]
pub(super) struct SandboxBody {
    pub ca_pem: String,
}
