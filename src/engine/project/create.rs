//! Creates the project once, and records it.

use std::time::Duration;

use crate::{
    core::{
        code::Code,
        event::Progress,
        failure::{Failure, Result},
        finding::Finding,
        secret::Secret,
    },
    domain::url::Connection,
    engine::{
        changes,
        context::Cx,
        failures::create::project_not_created,
        project::{branch::USER, lookup::list, messages::ambiguous},
    },
    ports::neon::{Branch, Listing, NewProject, Operation, Project},
    project::config::Config,
};

/// How long the list is read for a project whose create was not answered.
const LOOKING: Duration = Duration::from_secs(30);

/// A project that was created now, or found.
pub(super) struct ObtainedProject {
    pub(super) project: Project,
    /// What Neon still does for it; `None` where that isn't known.
    pub(super) operations: Option<Vec<Operation>>,
    /// Its default branch, and how to connect to it, where the answer to the create holds them.
    pub(super) access: Option<(Branch, Connection)>,
}

impl ObtainedProject {
    /// A project that existed, or the answer to whose create was lost.
    pub(super) const fn found(project: Project) -> Self {
        Self {
            project,
            operations: None,
            access: None,
        }
    }
}

/// Creates the project, once. When the answer is lost, the list is read again instead.
pub(super) async fn create(
    cx: &Cx,
    key: &Secret,
    name: &str,
    before: &Listing,
) -> Result<ObtainedProject> {
    within_limit(cx, before)?;
    // a project whose id cannot be recorded would be created again by the next run
    if !cx.ports.files.writable(
        cx.settings
            .config_file
            .parent()
            .unwrap_or(&cx.settings.root),
    ) {
        return Err(Failure::new(
            Code::ProjectNotReady,
            format!(
                "can't write `{}`, so no project was created",
                cx.settings.config_file.display()
            ),
        )
        .hint("check the folder's permissions"));
    }
    if let Err(error) = cx.ports.files.resolve(&cx.settings.config_file) {
        return Err(Failure::new(
            Code::ProjectNotReady,
            format!(
                "`{}` isn't written, so no project was created",
                cx.settings.config_file.display()
            ),
        )
        .why(error.to_string())
        .hint("replace it with a file inside the repository"));
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
        // the branch of each developer is created from the default one later
        branch: cx
            .settings
            .project
            .branch
            .clone()
            .filter(|name| !name.contains(USER)),
        database: cx.settings.project.database.clone(),
        role: cx.settings.project.role.clone(),
    };
    let failure = match cx.ports.neon.create_project(key, &new).await {
        Ok(created) => {
            let branch = created.branch;
            return Ok(ObtainedProject {
                project: created.project,
                operations: Some(created.operations),
                access: created.connection.map(|connection| (branch, connection)),
            });
        }
        Err(error) if error.outcome_unknown() => project_not_created(error, &new),
        Err(error) => return Err(project_not_created(error, &new)),
    };
    let looked = tokio::time::timeout(LOOKING, appeared(cx, key, name, before)).await;
    match looked.unwrap_or(Appeared::Unseen) {
        Appeared::One(project) => Ok(ObtainedProject::found(*project)),
        Appeared::Several(projects) => Err(ambiguous(name, &projects).into()),
        Appeared::None => Err(failure.hint(
            "no project appeared; run the same command again: it checks first, and creates one \
        only if there is none",
        )),
        Appeared::Unseen => Err(failure.hint(
            "couldn't see whether a project was created; run the same command again: it \
        checks first, and creates one only if there is none",
        )),
    }
}

/// What the list shows after a create whose answer was lost.
enum Appeared {
    One(Box<Project>),
    Several(Vec<Project>),
    None,
    /// It could not be read.
    Unseen,
}

/// Looks whether a project of this name has appeared in the list.
async fn appeared(cx: &Cx, key: &Secret, name: &str, before: &Listing) -> Appeared {
    cx.progress(Progress::label(
        "the answer was lost: checking whether the project was created",
    ));
    let mut seen = Appeared::Unseen;
    // the list may lag behind the create
    for pause in [0, 500, 1500, 3000] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let Ok(now) = list(cx, key).await else {
            continue;
        };
        let complete = now.is_complete();
        let new = |project: &Project| {
            project.name == name && !before.projects.iter().any(|known| known.id == project.id)
        };
        let mut found: Vec<_> = now.projects.into_iter().filter(new).collect();
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => return Appeared::One(Box::new(only)),
            (Some(last), false) => {
                found.push(last);
                return Appeared::Several(found);
            }
            (None, _) if complete => seen = Appeared::None,
            (None, _) => {}
        }
    }
    seen
}

/// Records the project's id in `neonup.toml`, so that the next developer joins it with one command.
pub(super) fn record(cx: &Cx, project: &Project) -> Result<()> {
    let path = &cx.settings.config_file;
    let failed = |why: String| {
        Failure::new(
            Code::ProjectNotReady,
            format!("can't write the project's id to `{}`", path.display()),
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
        // what the disk has not confirmed is there all the same
        .map(drop)
        .map_err(|error| failed(error.to_string()))?;
    let shown = path.strip_prefix(&cx.settings.root).unwrap_or(path);
    cx.tell(changes::recorded(&shown.display().to_string()));
    Ok(())
}

/// Lists projects of the same name that appeared while ours was created, as when two developers set up at the same moment. Both read
/// the list after their create, so that the one whose project is younger sees the other's. `None` where that cannot be seen.
pub(super) async fn rivals(
    cx: &Cx,
    key: &Secret,
    created: &Project,
    before: &Listing,
) -> Option<Vec<Project>> {
    // no reason to fail: the project exists
    let now = list(cx, key).await.ok()?;
    let complete = now.is_complete();
    let others: Vec<_> = now
        .projects
        .into_iter()
        .filter(|project| {
            project.name == created.name
                && project.id != created.id
                && !before.projects.iter().any(|known| known.id == project.id)
        })
        .collect();
    (complete || !others.is_empty()).then_some(others)
}

/// Reports that the plan allows no more projects, before Neon refuses a create.
pub(super) fn limit_reached(cx: &Cx, listing: &Listing) -> Option<Finding> {
    let limit = usize::try_from(cx.projects_limit()?).ok()?;
    let count = listing.projects.len();
    // what a zero means is not documented; with an organization its own plan counts, which we cannot see
    let own = cx.settings.project.org.is_none() && cx.organization().is_none();
    (limit > 0 && own && count >= limit).then(|| {
        Finding::new(
            Code::ProjectLimitReached,
            format!("the Neon plan allows {limit} projects, and there are {count}"),
        )
        .hint("delete a project you don't need, join one with --project ID, or upgrade the plan")
    })
}

fn within_limit(cx: &Cx, listing: &Listing) -> Result<()> {
    limit_reached(cx, listing).map_or(Ok(()), |finding| Err(finding.into()))
}
