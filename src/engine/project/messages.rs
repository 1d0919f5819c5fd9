//! The findings and failures of the project step.

use crate::{
    core::{
        code::{Code, Severity},
        facts::JoinedProject,
        failure::Failure,
        finding::Finding,
        invocation::Invocation,
        step::StepId,
    },
    domain::{age, counted::counted},
    engine::context::Cx,
    ports::neon::{Listing, Project},
};

/// How many ids of projects that could not be listed are shown.
const IDS_SHOWN: usize = 5;

/// `--new` meets a project that is recorded.
pub(super) fn recorded_already(id: &str) -> Finding {
    Finding::new(
        Code::ProjectDuplicate,
        format!("neonup.toml already records project {id}, so --new creates none"),
    )
    .detail("a duplicate of the team's project would be worse than none")
    .path("neonup.toml")
    .hint("to use that project, run it without --new; to replace it, first remove the line `id` from neonup.toml")
}

/// The evidence that a project is used.
pub(super) fn using(joined: &JoinedProject) -> String {
    format!("{} ({}), branch {}", joined.name, joined.id, joined.branch)
}

/// A project that exists and isn't recorded yet: the finding and the evidence.
pub(super) fn not_joined(cx: &Cx, only: &Project, was_temporary: bool) -> (Finding, String) {
    let age = age::since(&only.created_at, cx.settings.now);
    let finding = Finding::new(
        Code::ProjectDuplicate,
        format!("`{}` already exists: join it", only.name),
    )
    .detail(format!("{}, created {age}", only.id))
    .command(Invocation::SetupStep(StepId::Project))
    .fixable();
    let evidence = if was_temporary {
        format!(
            "the temporary database was claimed ({}), not joined yet",
            only.id
        )
    } else {
        format!("`{}` exists ({}), not joined yet", only.name, only.id)
    };
    (finding, evidence)
}

/// A project whose id is known, and which the key doesn't see.
pub(super) fn lost(id: &str, was_temporary: bool) -> Finding {
    let finding = Finding::new(
        Code::ProjectDeleted,
        format!("project {id} doesn't exist, or this key can't see it"),
    );
    if was_temporary {
        return finding
            .detail("it was this clone's temporary database; another account may have claimed it")
            .hint("use a key of the account that claimed it; or --project ID, or --new for a new project");
    }
    finding
        .path("neonup.toml")
        .hint("use a key of the right account; or set another id with --project ID; or --new for a new project")
}

/// Somebody else created a project of this name at the same moment.
pub(super) fn created_twice(
    ours: &Project,
    others: &[Project],
    winner: Option<&Project>,
) -> Finding {
    let lost = winner.is_some();
    let used = winner.unwrap_or(ours);
    let all = others.iter().chain([ours]);
    let extra: Vec<_> = all
        .filter(|project| project.id != used.id)
        .map(|project| project.id.as_str())
        .collect();
    let finding = Finding::new(
        Code::ProjectDuplicate,
        format!(
            "{} projects named `{}` were created at the same time: {} is used",
            others.len() + 1,
            ours.name,
            used.id
        ),
    )
    .severity(Severity::Warning)
    .detail(format!(
        "everyone uses the oldest one; not used: {}",
        extra.join(", ")
    ));
    if lost {
        let discard = Invocation::DiscardProject(ours.id.clone());
        let hint = format!(
            "`{discard}` deletes the one this run created, if it is empty; nothing was deleted"
        );
        return finding.command(discard).hint(hint);
    }
    finding.hint("whoever created the other one is offered to delete it; nothing was deleted")
}

/// Somebody else may have created a project of this name at the same moment.
pub(super) fn perhaps_twice(ours: &Project) -> Finding {
    Finding::new(
        Code::ProjectListingIncomplete,
        format!(
            "couldn't see whether somebody else created a project named `{}` at the same time",
            ours.name
        ),
    )
    .severity(Severity::Warning)
    .detail(format!("this run created {}, and uses it", ours.id))
    .hint("check the list of projects in the Neon console")
}

/// Adds to a failure that there are several projects of the name now.
pub(super) fn also_created_twice(failure: Failure, ours: &Project, others: &[Project]) -> Failure {
    let ids: Vec<_> = others.iter().map(|project| project.id.as_str()).collect();
    let twice = format!(
        "together with this run's {}, others named `{}` were created: {}",
        ours.id,
        ours.name,
        ids.join(", ")
    );
    let why = if failure.why.is_empty() {
        twice
    } else {
        format!("{}; {twice}", failure.why)
    };
    failure.why(why)
}

/// Some of the projects could not be listed.
pub(super) fn unlisted(name: &str, listing: &Listing) -> Finding {
    let finding = Finding::new(Code::ProjectListingIncomplete, incomplete(listing));
    let finding = match listing.cut {
        Some(cut) => finding.detail(format!("{cut}; `{name}` may be among the rest")),
        None => finding.detail(format!(
            "one of them may be `{name}`: {}",
            shortened(&listing.unavailable)
        )),
    };
    finding.hint("try again in a moment, or choose the project with --project ID")
}

/// What is missing from a list, in a sentence.
fn incomplete(listing: &Listing) -> String {
    if listing.cut.is_some() {
        format!(
            "the list of projects was cut off after {} of them",
            listing.projects.len()
        )
    } else {
        format!(
            "Neon couldn't list {} of the projects",
            listing.unavailable.len()
        )
    }
}

/// The first of many ids.
fn shortened(ids: &[String]) -> String {
    let shown = ids
        .iter()
        .take(IDS_SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match ids.len().saturating_sub(IDS_SHOWN) {
        0 => shown,
        more => format!("{shown}, and {more} more"),
    }
}

/// No project of the wanted name exists.
pub(super) fn missing(name: &str, listing: &Listing) -> Finding {
    let title = if listing.is_complete() {
        format!("project `{name}` doesn't exist yet")
    } else {
        format!("project `{name}` isn't in the part of the list that was read")
    };
    Finding::new(Code::ProjectMissing, title)
        .detail(format!(
            "this key can see {}",
            counted(listing.projects.len(), "project")
        ))
        .command(Invocation::SetupStep(StepId::Project))
        .fixable()
}

/// Several projects have the wanted name.
pub(super) fn ambiguous(name: &str, projects: &[Project]) -> Finding {
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
    .command(Invocation::JoinProject("ID".to_owned()))
    .hint("run neonup setup project --project ID, with one of these ids")
}

/// Nothing is created while a project of the name may exist.
pub(super) fn may_exist(listing: &Listing) -> Failure {
    Failure::new(
        Code::ProjectListingIncomplete,
        format!("{}, so none is created", incomplete(listing)),
    )
    .why(listing.cut.map(|cut| cut.to_string()).unwrap_or_default())
    .hint("try again in a moment, choose the project with --project ID, or force it with --new")
}

/// The key doesn't see the project of this id.
pub(super) fn not_visible(id: &str) -> Failure {
    Failure::new(
        Code::ProjectDeleted,
        format!("project {id} doesn't exist, or this key can't see it"),
    )
}
