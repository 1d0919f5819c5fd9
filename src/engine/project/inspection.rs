//! Inspects the project: what exists, what is missing, and what the screen shows of it.

use crate::{
    core::{
        code::Severity,
        event::Report,
        facts::{Facts, JoinedProject, ListedProject, ProjectFacts},
        failure::{Failure, Result},
        finding::Finding,
        proof::Basis,
        secret::Secret,
    },
    domain::age,
    engine::{
        context::Cx,
        key,
        project::{
            branch::join,
            create::limit_reached,
            lookup::{self, Lookup, list},
            messages,
            temporary::{self, TemporaryOutcome},
        },
        project_id,
    },
    ports::neon::{Listing, Project},
};

/// Inspects the project. `created`: what `--new` asked for was done in this run.
pub(super) async fn inspect(cx: &Cx, created: bool) -> Result<Report> {
    let claimed = match temporary::inspect(cx, created).await? {
        TemporaryOutcome::Report(report) => return Ok(*report),
        TemporaryOutcome::Account { claimed, .. } => claimed,
    };
    let Some(known) = key::find(cx).await else {
        return Ok(Report::waiting("waits for an API key"));
    };
    let recorded = project_id::known(cx).is_some();
    let was_temporary = claimed.is_some();
    let (found, ()) = tokio::join!(lookup::find(cx, &known.key, claimed), cx.needed());
    if cx.known_key().is_none() {
        // Neon has refused it meanwhile, and it was forgotten
        return Ok(Report::waiting("waits for an API key"));
    }
    let (found, listing) = found?;
    if !matches!(found, Lookup::Recorded(_)) {
        // what an earlier probe of this run remembers may be another project's
        cx.remember_project(None);
    }
    let candidates: &[Project] = match &found {
        Lookup::Recorded(project) => std::slice::from_ref(project),
        Lookup::Named(projects) => projects,
        Lookup::Absent | Lookup::Lost(_) => &[],
    };
    let mut facts = facts(cx, &listing, candidates);
    let mut findings = Vec::new();
    let name = &cx.settings.project.name;
    if !listing.is_complete() && !recorded {
        findings.push(messages::unlisted(name, &listing));
    }
    let evidence = match found {
        Lookup::Recorded(project) => {
            let (joined, evidence) =
                inspect_recorded(cx, &known.key, &project, created, &mut findings).await?;
            facts.joined = joined;
            evidence
        }
        Lookup::Named(projects) => match projects.as_slice() {
            [only] => {
                let (finding, evidence) = messages::not_joined(cx, only, was_temporary);
                findings.push(finding);
                evidence
            }
            several => {
                findings.push(messages::ambiguous(name, several));
                format!("{} projects are named `{name}`", several.len())
            }
        },
        Lookup::Absent => {
            findings.push(messages::missing(name, &listing));
            findings.extend(limit_reached(cx, &listing));
            cx.remember_absent(listing);
            format!("no project `{name}` yet")
        }
        Lookup::Lost(id) => {
            findings.push(messages::lost(&id, was_temporary));
            format!("project {id} doesn't exist")
        }
    };
    Ok(Report::judged(evidence, Basis::Seen, findings).facts(Facts::Project(facts)))
}

/// Inspects how to connect to the recorded project, and gives the evidence.
async fn inspect_recorded(
    cx: &Cx,
    key: &Secret,
    project: &Project,
    created: bool,
    findings: &mut Vec<Finding>,
) -> Result<(Option<JoinedProject>, String)> {
    let (joined, mut more) = join(cx, key, project).await?;
    findings.append(&mut more);
    if cx.settings.flags.new_project && !created {
        findings.push(messages::recorded_already(&project.id));
    }
    let evidence = match (&joined, findings.first()) {
        (Some(joined), _) => messages::using(joined),
        (None, Some(finding)) => finding.title.clone(),
        (None, None) => format!("{} isn't ready", project.id),
    };
    Ok((joined, evidence))
}

/// Lists all projects, where the probe asks for the recorded one alone.
pub(super) async fn list_all(cx: &Cx) -> Result<Report> {
    let known = key::require(cx).await?;
    let (report, listing) = tokio::join!(inspect(cx, false), list(cx, &known.key));
    let mut report = report?;
    let listing = match listing {
        Ok(listing) => listing,
        // such as a key that is bound to this project: the project is as good as before
        Err(error) => {
            let finding = Failure::from(error).finding();
            report.findings.push(finding.severity(Severity::Note));
            return Ok(report);
        }
    };
    if let Some(Facts::Project(shown)) = &mut report.facts {
        let joined = shown.joined.as_ref().map(|joined| joined.id.clone());
        let is_joined = |project: &&Project| Some(&project.id) == joined.as_ref();
        let candidates: Vec<_> = listing.projects.iter().filter(is_joined).cloned().collect();
        let all = facts(cx, &listing, &candidates);
        shown.choices = all.choices;
        shown.unlisted = all.unlisted;
    }
    Ok(report)
}

/// Reports a project that was created now, and is used.
pub(super) fn report_joined(cx: &Cx, project: &Project, joined: JoinedProject) -> Report {
    let listing = Listing::of(vec![project.clone()]);
    let evidence = messages::using(&joined);
    let facts = ProjectFacts {
        joined: Some(joined),
        ..facts(cx, &listing, std::slice::from_ref(project))
    };
    Report::judged(evidence, Basis::Seen, Vec::new()).facts(Facts::Project(facts))
}

/// The facts for the screen, with the candidates first.
fn facts(cx: &Cx, listing: &Listing, candidates: &[Project]) -> ProjectFacts {
    let is_candidate = |id: &str| candidates.iter().any(|candidate| candidate.id == id);
    let mut choices: Vec<_> = listing
        .projects
        .iter()
        .map(|project| ListedProject {
            id: project.id.clone(),
            name: project.name.clone(),
            region: project.region_id.clone(),
            postgres: project.pg_version,
            created_at: project.created_at.clone(),
            age: age::since(&project.created_at, cx.settings.now),
            meant: is_candidate(&project.id),
        })
        .collect();
    choices.sort_by(|a, b| {
        b.meant
            .cmp(&a.meant)
            .then_with(|| b.created_at.cmp(&a.created_at))
    });
    ProjectFacts {
        wanted: cx.settings.project.name.clone(),
        region: cx.settings.project.region.clone().unwrap_or_default(),
        postgres: cx.settings.project.postgres,
        choices: choices.into(),
        unlisted: listing.unavailable.len(),
        temporary: false,
        joined: None,
        left_over: None,
    }
}
