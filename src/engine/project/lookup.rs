//! Looks for the right project among those that the key sees.

use crate::{
    core::{
        event::Progress,
        failure::{Failure, Result},
        secret::Secret,
    },
    domain::{dotenv::Document, url::Connection},
    engine::{context::Cx, project_id},
    ports::neon::{Endpoint, Listing, Organization, Project, error::NeonError},
};

/// How many projects are asked one by one which computes they have.
const FEW: usize = 10;

/// The outcome of looking for the project in Neon.
pub(super) enum Lookup {
    /// The project is known and recorded.
    Recorded(Project),
    /// One or more of this name exist, and none is recorded.
    Named(Vec<Project>),
    /// None of this name exists.
    Absent,
    /// The recorded one doesn't exist, or isn't visible.
    Lost(String),
}

/// Finds the project: by its id, else by its exact name over everything that the key sees. `claimed`: the id of the temporary
/// database that an account has claimed, which is used unless another id is recorded.
pub(super) async fn find(
    cx: &Cx,
    key: &Secret,
    claimed: Option<String>,
) -> Result<(Lookup, Listing)> {
    if let Some(id) = project_id::known(cx) {
        cx.progress(Progress::label("getting the project from Neon"));
        return match cx.ports.neon.project(key, &id).await? {
            Some(project) => {
                let listing = Listing::of(vec![project.clone()]);
                Ok((Lookup::Recorded(project), listing))
            }
            None => Ok((Lookup::Lost(id), Listing::default())),
        };
    }
    if let Some(id) = claimed.filter(|_| !cx.settings.flags.new_project) {
        cx.progress(Progress::label("getting the claimed project from Neon"));
        return match cx.ports.neon.project(key, &id).await? {
            Some(project) => {
                let listing = Listing::of(vec![project.clone()]);
                Ok((Lookup::Named(vec![project]), listing))
            }
            None => Ok((Lookup::Lost(id), Listing::default())),
        };
    }
    let listing = match list(cx, key).await {
        Ok(listing) => listing,
        // a key that is bound to one project cannot list, but the refusal names that project
        Err(error) => {
            let Some(id) = error.only_project() else {
                return Err(error.into());
            };
            let project = cx.ports.neon.project(key, id).await?.ok_or(error)?;
            Listing::of(vec![project])
        }
    };
    // what another tool has written down beats a name
    if let Some(id) = context_id(cx)
        && let Some(project) = listing.projects.iter().find(|project| project.id == id)
    {
        return Ok((Lookup::Named(vec![project.clone()]), listing));
    }
    let named: Vec<_> = listing
        .projects
        .iter()
        .filter(|project| project.name == cx.settings.project.name)
        .cloned()
        .collect();
    let sight = match named.len() {
        1 => Lookup::Named(named),
        0 if listing.projects.len() > FEW => Lookup::Absent,
        0 => by_host(cx, key, &listing.projects)
            .await?
            .map_or(Lookup::Absent, |project| Lookup::Named(vec![project])),
        several => {
            let host = if several > FEW {
                None
            } else {
                by_host(cx, key, &named).await?
            };
            Lookup::Named(host.map_or(named, |project| vec![project]))
        }
    };
    Ok((sight, listing))
}

/// The id in a `.neon` file beside the configuration, which the `neon` CLI writes: it names no secret.
fn context_id(cx: &Cx) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Context {
        #[serde(rename = "projectId")]
        project: String,
    }
    let bytes = cx
        .ports
        .files
        .read(&cx.settings.root.join(".neon"))
        .ok()??;
    let context: Context = serde_json::from_slice(&bytes).ok()?;
    Some(context.project).filter(|id| !id.is_empty())
}

/// The project whose compute the connection URL in the env file leads to. Neon has no way to ask for a host, so that each
/// project costs a request: `projects` is to be short.
async fn by_host(cx: &Cx, key: &Secret, projects: &[Project]) -> Result<Option<Project>> {
    let Some(address) = env_address(cx).filter(|_| !projects.is_empty()) else {
        return Ok(None);
    };
    cx.progress(Progress::label("comparing with the host in the env file"));
    let asked = projects.iter().map(|project| async move {
        let endpoints = cx.ports.neon.project_endpoints(key, &project.id).await;
        (project, endpoints)
    });
    for (project, endpoints) in futures_util::future::join_all(asked).await {
        // a sandbox's hosts differ by their port
        let serves = |endpoint: &Endpoint| endpoint.host == address;
        match endpoints {
            Ok(endpoints) if endpoints.iter().any(serves) => return Ok(Some(project.clone())),
            // where Neon does not know it: deleted since the list was read, or not for this key
            Ok(_) | Err(NeonError::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// The direct address of the connection URL in the env file.
fn env_address(cx: &Cx) -> Option<String> {
    let (target, key, ..) = cx.settings.url_key()?;
    let bytes = cx
        .ports
        .files
        .read(&cx.settings.path(&target.file))
        .ok()??;
    let document = Document::parse(&bytes);
    Connection::from_uris(document.get(key)?, None).map(|connection| connection.address())
}

/// Why the projects could not be listed.
pub(super) enum ListError {
    Neon(NeonError),
    /// Neon asks for an organization, and the key sees several.
    ManyOrganizations {
        needed: NeonError,
        organizations: Vec<Organization>,
    },
}

impl ListError {
    /// The only project that the key is for, where Neon's refusal names it.
    fn only_project(&self) -> Option<&str> {
        match self {
            Self::Neon(error) => error.only_project(),
            Self::ManyOrganizations { .. } => None,
        }
    }
}

impl From<NeonError> for ListError {
    fn from(error: NeonError) -> Self {
        Self::Neon(error)
    }
}

impl From<ListError> for Failure {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Neon(error) => error.into(),
            ListError::ManyOrganizations {
                needed,
                organizations,
            } => {
                let names: Vec<_> = organizations
                    .iter()
                    .map(|org| format!("{} ({})", org.name, org.id))
                    .collect();
                Self::from(needed).why(format!("this key can see {}", names.join(", ")))
            }
        }
    }
}

/// Lists every project, in the right organization where Neon insists on one.
pub(super) async fn list(cx: &Cx, key: &Secret) -> Result<Listing, ListError> {
    let page = |count: usize| {
        cx.progress(Progress {
            label: "listing projects".to_owned(),
            done: count as u64,
            total: None,
        });
    };
    page(0);
    let org = cx
        .settings
        .project
        .org
        .clone()
        .or_else(|| cx.organization());
    match cx.ports.neon.projects(key, org.as_deref(), &page).await {
        Err(needed @ NeonError::OrganizationNeeded(_)) if org.is_none() => {
            let org = organization(cx, key, needed).await?;
            cx.remember_organization(Some(org.clone()));
            Ok(cx.ports.neon.projects(key, Some(&org), &page).await?)
        }
        other => Ok(other?),
    }
}

/// The organization to use where none was named: the only one, or the only one that Neon's own console manages.
async fn organization(cx: &Cx, key: &Secret, needed: NeonError) -> Result<String, ListError> {
    let all = cx.ports.neon.organizations(key).await?;
    let console: Vec<_> = all
        .iter()
        .filter(|org| org.managed_by == "console")
        .collect();
    match (all.as_slice(), console.as_slice()) {
        ([only], _) => Ok(only.id.clone()),
        (_, [only]) => Ok(only.id.clone()),
        _ => Err(ListError::ManyOrganizations {
            needed,
            organizations: all,
        }),
    }
}
