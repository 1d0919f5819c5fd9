//! The project step: the team's Neon project, joined or created once.

use std::time::Duration;

use async_trait::async_trait;

use super::{Cx, Project as KnownProject, Step, login};
use crate::{
    answer::Answer,
    detail::{Detail, Joined, Project as ProjectDetail, ProjectChoice},
    domain::{age, url::Connection},
    event::{Progress, Report},
    failure::{Failure, Result},
    finding::{Code, Finding},
    plan::StepId,
    ports::neon::{
        Branch, BranchDatabase, Listing, NewProject, Operation, Project, subject_project,
    },
    secret::Secret,
    settings::Config,
};

/// The project step.
#[derive(Debug, Clone, Copy)]
pub struct ProjectStep;

/// The longest that Neon's operations may take; its own SDK waits as long.
const OPERATIONS: Duration = Duration::from_mins(5);

/// What the look at Neon came to.
enum Sight {
    /// The project is known and recorded.
    Recorded(Project),
    /// One or more of this name exist, and none is recorded.
    Named(Vec<Project>),
    /// None of this name exists.
    Absent,
    /// The recorded one is not there, or not visible.
    Lost(String),
}

#[async_trait]
impl Step for ProjectStep {
    fn id(&self) -> StepId {
        StepId::Project
    }

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        let Some(known) = login::find_key(cx).await else {
            return Ok(Report::waiting("waits for an API key"));
        };
        let key = &known.key;
        let recorded = cx.settings.project.id.is_some() || recorded_id(cx).is_some();
        let (sight, listing) = look(cx, key).await?;
        if !matches!(sight, Sight::Recorded(_)) {
            // what an earlier look of this run remembers may be another project's
            cx.remember_project(None);
        }
        let mut detail = self.detail(cx, &listing);
        let mut findings = Vec::new();
        let name = &cx.settings.project.name;
        if !listing.unavailable.is_empty() && !recorded {
            findings.push(
                Finding::new(
                    Code::ProjectListingIncomplete,
                    format!(
                        "Neon could not list {} of the projects",
                        listing.unavailable.len()
                    ),
                )
                .detail(format!(
                    "one of them may be `{name}`: {}",
                    listing.unavailable.join(", ")
                ))
                .hint("try again in a moment, or name the project with --project ID"),
            );
        }
        let evidence = match sight {
            Sight::Recorded(project) => {
                let (joined, mut more) = join(cx, key, &project).await?;
                findings.append(&mut more);
                let evidence = match (&joined, findings.first()) {
                    (Some(joined), _) => {
                        format!("{} ({}), branch {}", joined.name, joined.id, joined.branch)
                    }
                    (None, Some(finding)) => finding.title.clone(),
                    (None, None) => format!("{} is not ready", project.id),
                };
                detail.joined = joined;
                evidence
            }
            Sight::Named(projects) => match projects.as_slice() {
                [only] => {
                    let age = age::since(&only.created_at, cx.settings.now);
                    findings.push(
                        Finding::new(
                            Code::ProjectDuplicate,
                            format!("`{name}` exists already: join it"),
                        )
                        .detail(format!("{}, created {age}", only.id))
                        .hint("neonup setup project")
                        .fixable(),
                    );
                    format!("`{name}` exists ({}), not joined yet", only.id)
                }
                several => {
                    findings.push(ambiguous(name, several));
                    format!("{} projects are named `{name}`", several.len())
                }
            },
            Sight::Absent => {
                findings.push(
                    Finding::new(
                        Code::ProjectMissing,
                        format!("there is no project `{name}` yet"),
                    )
                    .detail(format!(
                        "looked at all {} projects of this key",
                        listing.projects.len()
                    ))
                    .hint("neonup setup project")
                    .fixable(),
                );
                format!("no project `{name}` yet")
            }
            Sight::Lost(id) => {
                findings.push(
                    Finding::new(Code::ProjectDeleted, format!("project {id} is not there, or not visible to this key"))
                        .path("neonup.toml")
                        .hint("use a key of the right account; or set another id with --project ID; or --new for a new project"),
                );
                format!("project {id} is not there")
            }
        };
        Ok(Report::judged(evidence, findings).detail(Detail::Project(detail)))
    }

    async fn apply(&self, cx: &Cx, answer: Answer) -> Result<Report> {
        let known = login::find_key(cx).await.ok_or_else(login::needed)?;
        let key = &known.key;
        let (project, made) = match answer {
            Answer::Join(id) => {
                let project = cx.ports.neon.project(key, &id).await?.ok_or_else(|| {
                    Failure::new(
                        Code::ProjectDeleted,
                        format!("project {id} is not there, or not visible to this key"),
                    )
                    .hint("check the id in the Neon console")
                })?;
                (project, false)
            }
            Answer::Create(name) => {
                let listing = list(cx, key).await?;
                (create(cx, key, &name, &listing).await?, true)
            }
            Answer::Default
            | Answer::Key(..)
            | Answer::NeonCli(_)
            | Answer::EditCode
            | Answer::InPlace
            | Answer::Undo
            | Answer::Hook
            | Answer::Rotate => {
                let (sight, listing) = look(cx, key).await?;
                let name = cx.settings.project.name.clone();
                match sight {
                    Sight::Recorded(project) => (project, false),
                    Sight::Named(_) | Sight::Lost(_) if cx.settings.flags.new_project => {
                        (create(cx, key, &name, &listing).await?, true)
                    }
                    Sight::Named(projects) => match <[Project; 1]>::try_from(projects) {
                        Ok([only]) => (only, false),
                        Err(several) => {
                            let finding = ambiguous(&name, &several);
                            return Err(Failure::new(finding.code, finding.title)
                                .why(finding.detail)
                                .hint(finding.hint));
                        }
                    },
                    Sight::Absent
                        if !listing.unavailable.is_empty() && !cx.settings.flags.new_project =>
                    {
                        return Err(Failure::new(
                            Code::ProjectListingIncomplete,
                            format!("Neon could not list {} of the projects, so none is created", listing.unavailable.len()),
                        )
                        .hint("try again in a moment, name the project with --project ID, or insist with --new"));
                    }
                    Sight::Absent => (create(cx, key, &name, &listing).await?, true),
                    Sight::Lost(id) => {
                        return Err(Failure::new(
                            Code::ProjectDeleted,
                            format!("project {id} is not there, or not visible to this key"),
                        )
                        .why("nothing was created: a second project beside the team's would be worse")
                        .hint("use a key of the right account; or --project ID for another one; or --new for a new one"));
                    }
                }
            }
        };
        record(cx, &project)?;
        ready(cx, key, &project.id, made).await?;
        self.probe(cx).await
    }
}

impl ProjectStep {
    #[expect(clippy::unused_self, reason = "reads as a part of the step")]
    fn detail(self, cx: &Cx, listing: &Listing) -> ProjectDetail {
        let wanted = &cx.settings.project.name;
        let mut choices: Vec<_> = listing
            .projects
            .iter()
            .map(|project| ProjectChoice {
                id: project.id.clone(),
                name: project.name.clone(),
                region: project.region_id.clone(),
                postgres: project.pg_version,
                created_at: project.created_at.clone(),
                age: age::since(&project.created_at, cx.settings.now),
                exact: project.name == *wanted,
            })
            .collect();
        choices.sort_by(|a, b| {
            b.exact
                .cmp(&a.exact)
                .then_with(|| b.created_at.cmp(&a.created_at))
        });
        ProjectDetail {
            wanted: wanted.clone(),
            region: cx.settings.project.region.clone().unwrap_or_default(),
            postgres: cx.settings.project.postgres,
            choices,
            unlisted: listing.unavailable.len(),
            joined: None,
        }
    }
}

/// The id that `neonup.toml` holds now: an earlier apply of this process may have written it.
fn recorded_id(cx: &Cx) -> Option<String> {
    let bytes = cx.ports.files.read(&cx.settings.config_file).ok()??;
    Config::parse(std::str::from_utf8(&bytes).ok()?)
        .ok()?
        .project
        .id
}

/// Finds the project: by its id, else by its exact name over everything that the key sees.
async fn look(cx: &Cx, key: &Secret) -> Result<(Sight, Listing)> {
    let id = cx
        .settings
        .flags
        .project
        .clone()
        .or_else(|| recorded_id(cx))
        .or_else(|| cx.settings.project.id.clone());
    if let Some(id) = id {
        cx.progress(Progress::label("asking Neon for the project"));
        return match cx.ports.neon.project(key, &id).await? {
            Some(project) => {
                let listing = Listing {
                    projects: vec![project.clone()],
                    unavailable: Vec::new(),
                };
                Ok((Sight::Recorded(project), listing))
            }
            None => Ok((Sight::Lost(id), Listing::default())),
        };
    }
    let listing = match list(cx, key).await {
        Ok(listing) => listing,
        // a key that is bound to one project cannot list, but its refusal says which project that is
        Err(failure) => {
            let Some(id) = subject_project(&failure) else {
                return Err(failure);
            };
            let project = cx.ports.neon.project(key, &id).await?.ok_or(failure)?;
            Listing {
                projects: vec![project],
                unavailable: Vec::new(),
            }
        }
    };
    let named: Vec<_> = listing
        .projects
        .iter()
        .filter(|project| project.name == cx.settings.project.name)
        .cloned()
        .collect();
    let sight = if named.is_empty() {
        Sight::Absent
    } else {
        Sight::Named(named)
    };
    Ok((sight, listing))
}

/// Lists every project, in the right organization where Neon insists on one.
async fn list(cx: &Cx, key: &Secret) -> Result<Listing> {
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
        Err(failure) if failure.code == Code::ProjectOrganizationNeeded && org.is_none() => {
            let org = organization(cx, key, failure).await?;
            cx.remember_organization(Some(org.clone()));
            cx.ports.neon.projects(key, Some(&org), &page).await
        }
        other => other,
    }
}

/// The organization to use where none was named: the only one, or the only one that Neon's own console manages.
async fn organization(cx: &Cx, key: &Secret, needed: Failure) -> Result<String> {
    let all = cx.ports.neon.organizations(key).await?;
    let console: Vec<_> = all
        .iter()
        .filter(|org| org.managed_by == "console")
        .collect();
    match (all.as_slice(), console.as_slice()) {
        ([only], _) => Ok(only.id.clone()),
        (_, [only]) => Ok(only.id.clone()),
        _ => {
            let names: Vec<_> = all
                .iter()
                .map(|org| format!("{} ({})", org.name, org.id))
                .collect();
            Err(needed.why(format!("this key sees {}", names.join(", "))))
        }
    }
}

fn ambiguous(name: &str, projects: &[Project]) -> Finding {
    let ids: Vec<_> = projects
        .iter()
        .map(|project| {
            format!(
                "{} ({}, {})",
                project.id, project.region_id, project.created_at
            )
        })
        .collect();
    Finding::new(
        Code::ProjectAmbiguous,
        format!("{} projects are named `{name}`", projects.len()),
    )
    .detail(ids.join(", "))
    .hint("neonup setup project --project ID, with one of these ids")
}

/// Creates the project, once. When the answer is lost, the list is read again instead.
async fn create(cx: &Cx, key: &Secret, name: &str, before: &Listing) -> Result<Project> {
    // a project whose id cannot be recorded would be made again by the next run
    if !cx.ports.files.writable(
        cx.settings
            .config_file
            .parent()
            .unwrap_or(&cx.settings.root),
    ) {
        return Err(Failure::new(
            Code::ProjectNotReady,
            format!(
                "cannot write `{}`, so no project was created",
                cx.settings.config_file.display()
            ),
        )
        .hint("check the folder's permissions"));
    }
    cx.progress(Progress::label(format!("creating {name}")));
    let new = NewProject {
        name: name.to_owned(),
        org: cx
            .settings
            .project
            .org
            .clone()
            .or_else(|| cx.organization()),
        region: cx.settings.project.region.clone(),
        postgres: cx.settings.project.postgres,
    };
    let failure = match cx.ports.neon.create_project(key, &new).await {
        Ok(created) => {
            return Ok(created.project);
        }
        Err(failure) if failure.code == Code::ProjectNotReady => failure,
        Err(failure) => return Err(failure),
    };
    cx.progress(Progress::label(
        "the answer was lost: looking whether the project was made",
    ));
    // the list may lag behind the create
    for pause in [0, 500, 1500, 3000] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let Ok(now) = list(cx, key).await else {
            continue;
        };
        let mut appeared = now.projects.into_iter().filter(|project| {
            project.name == name && !before.projects.iter().any(|known| known.id == project.id)
        });
        match (appeared.next(), appeared.next()) {
            (Some(project), None) => return Ok(project),
            (Some(a), Some(b)) => {
                let finding = ambiguous(name, &[a, b]);
                return Err(Failure::new(finding.code, finding.title)
                    .why(finding.detail)
                    .hint(finding.hint));
            }
            (None, _) => {}
        }
    }
    Err(failure.hint("no project appeared; run the same command again: it looks first, and creates only if there is none"))
}

/// Writes the project's id into `neonup.toml`, so that the next developer joins it with one command.
fn record(cx: &Cx, project: &Project) -> Result<()> {
    let path = &cx.settings.config_file;
    let failed = |why: String| {
        Failure::new(
            Code::ProjectNotReady,
            format!("cannot write the project's id into `{}`", path.display()),
        )
        .why(why)
        .hint(format!(
            "set [project] id = \"{}\" there yourself, then run the command again",
            project.id
        ))
    };
    let before = cx
        .ports
        .files
        .read(path)
        .map_err(|error| failed(error.to_string()))?;
    let text = match &before {
        None => String::new(),
        Some(bytes) => {
            String::from_utf8(bytes.clone()).map_err(|error| failed(error.to_string()))?
        }
    };
    let after = Config::with_project(&text, &project.name, &project.id)
        .map_err(|error| failed(error.to_string()))?;
    if after == text {
        return Ok(());
    }
    cx.ports
        .files
        .replace(path, before.as_deref(), after.as_bytes())
        .map_err(|error| failed(error.to_string()))
}

/// Waits for the project's operations, with live progress.
async fn ready(cx: &Cx, key: &Secret, project: &str, made: bool) -> Result<()> {
    let started = tokio::time::Instant::now();
    let mut pause = Duration::from_millis(50);
    // of a project that others made, what had ended before we looked is history, however it ended
    let mut watched: Option<Vec<String>> = None;
    loop {
        let operations = cx.ports.neon.operations(key, project).await?;
        let watched = watched.get_or_insert_with(|| {
            let open = operations
                .iter()
                .filter(|operation| made || !operation.has_ended());
            open.map(|operation| operation.id.clone()).collect()
        });
        let ours = |operation: &&Operation| watched.contains(&operation.id);
        if let Some(failed) = operations
            .iter()
            .filter(ours)
            .find(|operation| operation.has_failed())
        {
            return Err(Failure::new(
                Code::ProjectNotReady,
                format!("Neon's operation {} failed", failed.action),
            )
            .why(failed.error.clone().unwrap_or_else(|| failed.status.clone()))
            .hint("the project exists: run the command again to join it, or delete it in the Neon console"));
        }
        let open: Vec<_> = operations
            .iter()
            .filter(|operation| !operation.has_ended())
            .collect();
        let Some(current) = open.first() else {
            return Ok(());
        };
        let total = watched.len().max(open.len()) as u64;
        cx.progress(Progress {
            label: format!("Neon: {}", current.action.replace('_', " ")),
            done: total - open.len() as u64,
            total: Some(total),
        });
        if started.elapsed() > OPERATIONS {
            return Err(Failure::new(
                Code::ProjectNotReady,
                "Neon's operations did not finish within 5 minutes",
            )
            .why(current.action.clone())
            .hint("the project exists: run the command again to go on waiting"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(1));
    }
}

/// How to connect to the project, and whether `neonup.toml` records it.
async fn join(cx: &Cx, key: &Secret, project: &Project) -> Result<(Option<Joined>, Vec<Finding>)> {
    let (joined, mut findings) = connect(cx, key, project).await?;
    if joined.is_none() {
        // nothing may be written for, or to, a database that was not asked for
        cx.remember_project(None);
    }
    let named = cx.settings.flags.project.as_deref() == Some(&project.id);
    if named && recorded_id(cx).as_ref() != Some(&project.id) {
        findings.push(
            Finding::new(
                Code::ProjectDuplicate,
                format!("{} is not recorded in neonup.toml yet", project.id),
            )
            .hint(format!("neonup setup project --project {}", project.id))
            .fixable(),
        );
    }
    Ok((joined, findings))
}

/// How to connect: branch, compute, database, role, password. Remembers it for the other steps.
async fn connect(
    cx: &Cx,
    key: &Secret,
    project: &Project,
) -> Result<(Option<Joined>, Vec<Finding>)> {
    cx.progress(Progress::label("asking Neon how to connect"));
    let neon = &cx.ports.neon;
    let branches = neon.branches(key, &project.id).await?;
    let wanted = cx.settings.project.branch.as_deref();
    let branch = match pick_branch(&branches, wanted) {
        Ok(branch) => branch,
        Err(finding) => return Ok((None, vec![*finding])),
    };
    let (endpoints, databases) = tokio::try_join!(
        neon.endpoints(key, &project.id, &branch.id),
        neon.databases(key, &project.id, &branch.id),
    )?;
    let Some(endpoint) = endpoints
        .iter()
        .find(|endpoint| endpoint.kind == "read_write")
    else {
        let finding = Finding::new(
            Code::ProjectNoCompute,
            format!("branch `{}` has no compute", branch.name),
        )
        .hint("add a compute to the branch in the Neon console");
        return Ok((None, vec![finding]));
    };
    let wanted = cx.settings.project.database.as_deref();
    let database = match pick_database(&databases, wanted, &branch.name) {
        Ok(database) => database,
        Err(_) if is_initial(branch, &endpoint.current_state) => {
            return Ok((None, vec![not_ready(&project.name)]));
        }
        Err(finding) => return Ok((None, vec![*finding])),
    };
    let uri = |pooled| {
        neon.connection_uri(
            key,
            &project.id,
            &branch.id,
            &database.name,
            &database.owner_name,
            pooled,
        )
    };
    let (direct, pooled) = tokio::try_join!(uri(false), uri(true))?;
    let connection = Connection::from_uris(&direct, Some(&pooled)).ok_or_else(|| {
        Failure::new(
            Code::ProjectNotReady,
            "Neon's connection URI is not of the form that it documents",
        )
        .hint("this version of neonup may be too old: update it")
    })?;
    let joined = Joined {
        id: project.id.clone(),
        name: project.name.clone(),
        region: project.region_id.clone(),
        postgres: project.pg_version,
        branch: branch.name.clone(),
        host: connection.port.map_or_else(
            || connection.host.clone(),
            |port| format!("{}:{port}", connection.host),
        ),
        database: connection.database.clone(),
        role: connection.role.clone(),
        compute: endpoint.current_state.clone(),
    };
    cx.remember_project(Some(KnownProject {
        id: project.id.clone(),
        branch: branch.id.clone(),
        connection,
    }));
    let findings = if is_initial(branch, &endpoint.current_state) {
        vec![not_ready(&project.name)]
    } else {
        Vec::new()
    };
    Ok((Some(joined), findings))
}

/// The wanted branch, else the default one.
fn pick_branch<'a>(
    branches: &'a [Branch],
    wanted: Option<&str>,
) -> Result<&'a Branch, Box<Finding>> {
    let found = match wanted {
        Some(name) => branches.iter().find(|branch| branch.name == name),
        None => branches
            .iter()
            .find(|branch| branch.default)
            .or_else(|| branches.first()),
    };
    found.ok_or_else(|| {
        let names: Vec<_> = branches.iter().map(|branch| branch.name.as_str()).collect();
        let finding = Finding::new(
            Code::ProjectBranchMissing,
            format!("there is no branch `{}`", wanted.unwrap_or("main")),
        );
        Box::new(
            finding
                .detail(format!("the branches are {}", names.join(", ")))
                .hint(
                    "set [project] branch in neonup.toml, or make the branch in the Neon console",
                ),
        )
    })
}

/// The wanted database, else Neon's usual one, else the first.
fn pick_database<'a>(
    databases: &'a [BranchDatabase],
    wanted: Option<&str>,
    branch: &str,
) -> Result<&'a BranchDatabase, Box<Finding>> {
    let named = |name: &str| databases.iter().find(|database| database.name == name);
    let found = match wanted {
        Some(name) => named(name),
        None => named("neondb").or_else(|| databases.first()),
    };
    found.ok_or_else(|| {
        let known: Vec<_> = databases.iter().map(|database| database.name.as_str()).collect();
        let finding = Finding::new(
            Code::ProjectBranchMissing,
            format!("branch `{branch}` has no database `{}`", wanted.unwrap_or("neondb")),
        );
        Box::new(
            finding
                .detail(format!("its databases are {}", known.join(", ")))
                .hint("set [project] database in neonup.toml, or make the database in the Neon console"),
        )
    })
}

fn is_initial(branch: &Branch, compute: &str) -> bool {
    branch.current_state == "init" || compute == "init"
}

fn not_ready(name: &str) -> Finding {
    Finding::new(
        Code::ProjectNotReady,
        format!("Neon is still making `{name}`"),
    )
    .hint("neonup setup project")
    .fixable()
}
