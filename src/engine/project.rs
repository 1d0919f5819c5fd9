//! The project step: the team's Neon project, joined or created once.

mod branch;
mod create;
mod discard;
mod inspection;
mod lookup;
mod messages;
mod ready;
mod temporary;

use async_trait::async_trait;

use self::{
    branch::{ensure, is_wanted, remember},
    create::{ObtainedProject, create, record, rivals},
    discard::discard,
    inspection::{inspect, list_all, report_joined},
    lookup::{Lookup, list},
    messages::{
        also_created_twice, ambiguous, created_twice, may_exist, not_visible, perhaps_twice,
        recorded_already,
    },
    ready::wait_until_ready,
    temporary::TemporaryOutcome,
};
use crate::{
    core::{
        answer::ProjectAnswer,
        event::Report,
        facts::{Facts, JoinedProject},
        failure::Result,
        secret::Secret,
    },
    engine::{context::Cx, key, neon_operations, project_id, rotate, step::Step},
    ports::neon::{Listing, Project},
};

/// The project step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProjectStep;

#[async_trait]
impl Step for ProjectStep {
    type Answer = ProjectAnswer;

    // any key may list, so that Neon is asked for the list while it says whose key it is
    const BEGINS_EARLY: bool = true;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        inspect(cx, false).await
    }

    async fn apply(&self, cx: &Cx, answer: ProjectAnswer) -> Result<Report> {
        if answer == ProjectAnswer::List {
            return list_all(cx).await;
        }
        if let ProjectAnswer::Discard(id) = &answer {
            return discarded(cx, id, inspect(cx, false).await?).await;
        }
        if answer == ProjectAnswer::ResetPassword {
            let rotated = rotate::password(cx).await?;
            return Ok(rotated.into_report(inspect(cx, true).await?));
        }
        let (mut claimed, mut over) = (None, false);
        // a named project is the account's, whatever else there is
        if !matches!(answer, ProjectAnswer::Join(_) | ProjectAnswer::Create(_)) {
            match temporary::apply(cx).await? {
                TemporaryOutcome::Report(report) => return Ok(*report),
                TemporaryOutcome::Account {
                    claimed: id,
                    over: ended,
                } => (claimed, over) = (id, ended),
            }
        }
        let key = key::require(cx).await?.key;
        let (obtained, listed_before) =
            match answer {
                ProjectAnswer::Join(id) => {
                    let project =
                        cx.ports.neon.project(&key, &id).await?.ok_or_else(|| {
                            not_visible(&id).hint("check the id in the Neon console")
                        })?;
                    (ObtainedProject::found(project), None)
                }
                ProjectAnswer::Create(name) => {
                    let listing = list(cx, &key).await?;
                    (create(cx, &key, &name, &listing).await?, Some(listing))
                }
                ProjectAnswer::Default
                | ProjectAnswer::List
                | ProjectAnswer::Discard(_)
                | ProjectAnswer::ResetPassword => find_or_create(cx, &key, claimed).await?,
            };
        let report = settle(cx, &key, obtained, listed_before).await?;
        if over {
            // neonup.toml names the project from here on
            temporary::forget(cx).await;
        }
        match &cx.settings.flags.discard {
            Some(id) => discarded(cx, id, report).await,
            None => Ok(report),
        }
    }
}

/// Deletes the empty project of this id, and adds that to a report.
async fn discarded(cx: &Cx, id: &str, mut report: Report) -> Result<Report> {
    let key = key::require(cx).await?.key;
    let done = discard(cx, &key, id).await?;
    report.evidence = format!("{done}; {}", report.evidence);
    Ok(report)
}

/// Finds the right project, or creates it where there is none. Gives the list that was read before a create.
async fn find_or_create(
    cx: &Cx,
    key: &Secret,
    claimed: Option<String>,
) -> Result<(ObtainedProject, Option<Listing>)> {
    // the probe of a moment ago has read the whole list
    let absent = cx
        .take_absent()
        .filter(|_| claimed.is_none() && project_id::known(cx).is_none());
    let (found, listing) = match absent {
        Some(listing) => (Lookup::Absent, listing),
        None => lookup::find(cx, key, claimed).await?,
    };
    let name = &cx.settings.project.name;
    let insists = cx.settings.flags.new_project;
    match found {
        Lookup::Recorded(project) if insists => Err(recorded_already(&project.id).into()),
        Lookup::Recorded(project) => Ok((ObtainedProject::found(project), None)),
        Lookup::Named(_) | Lookup::Lost(_) if insists => {
            Ok((create(cx, key, name, &listing).await?, None))
        }
        Lookup::Named(projects) => match <[Project; 1]>::try_from(projects) {
            Ok([only]) => Ok((ObtainedProject::found(only), None)),
            Err(several) => Err(ambiguous(name, &several).into()),
        },
        Lookup::Absent if !listing.is_complete() && !insists => Err(may_exist(&listing)),
        Lookup::Absent => Ok((create(cx, key, name, &listing).await?, Some(listing))),
        Lookup::Lost(id) => Err(not_visible(&id)
            .why("nothing was created: a duplicate of the team's project would be worse")
            .hint("use a key of the right account; or --project ID for another project; or --new for a new one")),
    }
}

/// Records the project, waits for it, and checks whether somebody else created another one meanwhile.
async fn settle(
    cx: &Cx,
    key: &Secret,
    obtained: ObtainedProject,
    listed_before: Option<Listing>,
) -> Result<Report> {
    let project = &obtained.project;
    // recorded before anything is waited for: a run that is killed now must not create another one
    record(cx, project)?;
    let others = async {
        match &listed_before {
            Some(before) => rivals(cx, key, project, before).await,
            None => Some(Vec::new()),
        }
    };
    let (looked, joined) = tokio::join!(others, finish(cx, key, &obtained));
    // whoever lost a race is told so, whatever else went wrong
    let joined = joined.map_err(|failure| match looked.as_deref() {
        None | Some([]) => failure,
        Some(others) => also_created_twice(failure, project, others),
    })?;
    let unsure = looked.is_none();
    let others = looked.unwrap_or_default();
    if others.is_empty()
        && let Some(joined) = joined
    {
        let mut report = report_joined(cx, project, joined);
        report
            .findings
            .extend(unsure.then(|| perhaps_twice(project)));
        return Ok(report);
    }
    let mut winner = None;
    if !others.is_empty() {
        let oldest = others
            .iter()
            .chain([project])
            .min_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
        if let Some(oldest) = oldest.filter(|oldest| oldest.id != project.id) {
            let joining = async {
                record(cx, oldest)?;
                finish(cx, key, &ObtainedProject::found(oldest.clone())).await
            };
            joining
                .await
                .map_err(|failure| also_created_twice(failure, project, &others))?;
            winner = Some(oldest.clone());
        }
    }
    let mut report = inspect(cx, true).await?;
    report
        .findings
        .extend(unsure.then(|| perhaps_twice(project)));
    if !others.is_empty() {
        report
            .findings
            .push(created_twice(project, &others, winner.as_ref()));
        if let (Some(_), Some(Facts::Project(facts))) = (&winner, &mut report.facts) {
            facts.left_over = Some(project.id.clone());
        }
    }
    Ok(report)
}

/// Waits until the project is ready, and creates what is missing in it. Gives the connection where the answer to the create
/// holds it, and nothing was missing: then Neon need not be asked again.
async fn finish(
    cx: &Cx,
    key: &Secret,
    obtained: &ObtainedProject,
) -> Result<Option<JoinedProject>> {
    let project = &obtained.project;
    let operations = match &obtained.operations {
        Some(operations) => operations.clone(),
        None => neon_operations::open(cx, key, &project.id).await?,
    };
    // without an operation nobody knows whether it is ready
    let access = obtained.access.as_ref().filter(|_| !operations.is_empty());
    wait_until_ready(cx, key, &project.id, operations).await?;
    if let Some((branch, connection)) = access
        && is_wanted(cx, branch, connection)?
    {
        return Ok(Some(remember(cx, project, branch, connection, "active")));
    }
    ensure(cx, key, project).await?;
    Ok(None)
}
