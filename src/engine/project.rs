//! The project step: the team's Neon project, joined or created once.

mod branch;
mod create;
mod find;
pub(crate) mod temporary;

use async_trait::async_trait;

pub(super) use self::find::known_id;

use self::{
    branch::{ensure, is_wanted, join, known},
    create::{Made, create, limit_reached, record, rivals, wait},
    find::{ambiguous, list, look},
};
use crate::engine::{
    Cx, Project as KnownProject, Step, login, operations, project::temporary::Course,
};
use crate::{
    core::{
        answer::ProjectAnswer,
        code::{Code, Severity},
        event::Report,
        facts::{Facts, JoinedProject, ListedProject, ProjectFacts},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        secret::Secret,
        step::StepId,
    },
    domain::age,
    ports::neon::{Listing, Project},
};

/// The project step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProjectStep;

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
    type Answer = ProjectAnswer;

    // any key may list, so that Neon is asked for the list while it says whose key it is
    const BEGINS_EARLY: bool = true;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        self.look(cx, false).await
    }

    async fn apply(&self, cx: &Cx, answer: ProjectAnswer) -> Result<Report> {
        if answer == ProjectAnswer::List {
            return self.listed(cx).await;
        }
        let (mut claimed, mut over) = (None, false);
        // a named project is the account's, whatever else there is
        if !matches!(answer, ProjectAnswer::Join(_) | ProjectAnswer::Create(_)) {
            match temporary::apply(cx).await? {
                Course::Report(report) => return Ok(*report),
                Course::Account {
                    claimed: id,
                    over: ended,
                } => (claimed, over) = (id, ended),
            }
        }
        let known = login::find_key(cx).await.ok_or_else(login::needed)?;
        let key = &known.key;
        let mut rivals_of = None;
        let made = match answer {
            ProjectAnswer::Join(id) => {
                let project = cx.ports.neon.project(key, &id).await?.ok_or_else(|| {
                    Failure::new(
                        Code::ProjectDeleted,
                        format!("project {id} is not there, or not visible to this key"),
                    )
                    .hint("check the id in the Neon console")
                })?;
                Made::found(project)
            }
            ProjectAnswer::Create(name) => {
                let listing = list(cx, key).await?;
                let made = create(cx, key, &name, &listing).await?;
                rivals_of = Some(listing);
                made
            }
            ProjectAnswer::Default | ProjectAnswer::List => {
                // the probe of a moment ago has read the whole list
                let absent = cx
                    .take_absent()
                    .filter(|_| claimed.is_none() && known_id(cx).is_none());
                let (sight, listing) = match absent {
                    Some(listing) => (Sight::Absent, listing),
                    None => look(cx, key, claimed).await?,
                };
                let name = cx.settings.project.name.clone();
                match sight {
                    Sight::Recorded(project) if cx.settings.flags.new_project => {
                        return Err(recorded_already(&project.id).into());
                    }
                    Sight::Recorded(project) => Made::found(project),
                    Sight::Named(_) | Sight::Lost(_) if cx.settings.flags.new_project => {
                        create(cx, key, &name, &listing).await?
                    }
                    Sight::Named(projects) => match <[Project; 1]>::try_from(projects) {
                        Ok([only]) => Made::found(only),
                        Err(several) => return Err(ambiguous(&name, &several).into()),
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
                    Sight::Absent => {
                        let made = create(cx, key, &name, &listing).await?;
                        rivals_of = Some(listing);
                        made
                    }
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
        let report = self.settle(cx, key, made, rivals_of).await?;
        if over {
            // neonup.toml names the project from here on
            temporary::forget(cx).await;
        }
        Ok(report)
    }
}

/// What is said where `--new` meets a project that is recorded.
fn recorded_already(id: &str) -> Finding {
    Finding::new(
        Code::ProjectDuplicate,
        format!("neonup.toml records project {id} already, so --new makes none"),
    )
    .detail("a second project beside the team's would be worse than none")
    .path("neonup.toml")
    .hint("leave --new out to use it; or take the line `id` out of neonup.toml first")
}

/// Which project is used, as evidence.
fn using(joined: &JoinedProject) -> String {
    format!("{} ({}), branch {}", joined.name, joined.id, joined.branch)
}

/// What is said, as a finding and in one sentence, of a project that is there and not recorded yet.
fn not_joined(cx: &Cx, only: &Project, was_temporary: bool) -> (Finding, String) {
    let age = age::since(&only.created_at, cx.settings.now);
    let finding = Finding::new(
        Code::ProjectDuplicate,
        format!("`{}` exists already: join it", only.name),
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

/// What is said of a project whose id is known, and which the key does not see.
fn lost(id: &str, was_temporary: bool) -> Finding {
    let finding = Finding::new(
        Code::ProjectDeleted,
        format!("project {id} is not there, or not visible to this key"),
    );
    if was_temporary {
        return finding
            .detail("it was the temporary database of this clone, which another account may have claimed")
            .hint("use a key of the account that claimed it; or --project ID, or --new for a new project");
    }
    finding
        .path("neonup.toml")
        .hint("use a key of the right account; or set another id with --project ID; or --new for a new project")
}

/// What is said where somebody else made a project of this name at the same moment.
fn made_twice(ours: &Project, others: &[Project], winner: Option<&Project>) -> Finding {
    let used = winner.unwrap_or(ours);
    let all = others.iter().chain([ours]);
    let extra: Vec<_> = all
        .filter(|project| project.id != used.id)
        .map(|project| project.id.as_str())
        .collect();
    Finding::new(
        Code::ProjectDuplicate,
        format!(
            "{} projects named `{}` were made at the same moment: {} is used",
            others.len() + 1,
            ours.name,
            used.id
        ),
    )
    .severity(Severity::Warning)
    .detail(format!(
        "the oldest is used, here and by whoever made the other; not used: {}",
        extra.join(", ")
    ))
    .hint("delete what is not used in the Neon console; nothing was deleted for you")
}

impl ProjectStep {
    /// Looks. `made`: what `--new` asked for was done in this run.
    async fn look(self, cx: &Cx, made: bool) -> Result<Report> {
        let claimed = match temporary::look(cx, made).await? {
            Course::Report(report) => return Ok(*report),
            Course::Account { claimed, .. } => claimed,
        };
        let Some(known) = login::find_key(cx).await else {
            return Ok(Report::waiting("waits for an API key"));
        };
        let key = &known.key;
        let recorded = known_id(cx).is_some();
        let was_temporary = claimed.is_some();
        let (seen, ()) = tokio::join!(look(cx, key, claimed), cx.needed());
        if cx.known_key().is_none() {
            // Neon has refused it meanwhile, and it was forgotten
            return Ok(Report::waiting("waits for an API key"));
        }
        let (sight, listing) = seen?;
        if !matches!(sight, Sight::Recorded(_)) {
            // what an earlier look of this run remembers may be another project's
            cx.remember_project(None);
        }
        let meant: &[Project] = match &sight {
            Sight::Recorded(project) => std::slice::from_ref(project),
            Sight::Named(projects) => projects,
            Sight::Absent | Sight::Lost(_) => &[],
        };
        let mut detail = self.detail(cx, &listing, meant);
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
                if cx.settings.flags.new_project && !made {
                    findings.push(recorded_already(&project.id));
                }
                let evidence = match (&joined, findings.first()) {
                    (Some(joined), _) => using(joined),
                    (None, Some(finding)) => finding.title.clone(),
                    (None, None) => format!("{} is not ready", project.id),
                };
                detail.joined = joined;
                evidence
            }
            Sight::Named(projects) => match projects.as_slice() {
                [only] => {
                    let (finding, evidence) = not_joined(cx, only, was_temporary);
                    findings.push(finding);
                    evidence
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
                    .command(Invocation::SetupStep(StepId::Project))
                    .fixable(),
                );
                findings.extend(limit_reached(cx, &listing));
                cx.remember_absent(listing);
                format!("no project `{name}` yet")
            }
            Sight::Lost(id) => {
                findings.push(lost(&id, was_temporary));
                format!("project {id} is not there")
            }
        };
        Ok(Report::judged(evidence, findings).facts(Facts::Project(detail)))
    }

    /// Looks at all projects, where the probe asks for the recorded one alone.
    async fn listed(self, cx: &Cx) -> Result<Report> {
        let known = login::find_key(cx).await.ok_or_else(login::needed)?;
        let (report, listing) = tokio::join!(self.look(cx, false), list(cx, &known.key));
        let mut report = report?;
        let listing = match listing {
            Ok(listing) => listing,
            // such as a key that is bound to this project: the project is as good as before
            Err(failure) => {
                report
                    .findings
                    .push(failure.finding().severity(Severity::Note));
                return Ok(report);
            }
        };
        if let Some(Facts::Project(detail)) = &mut report.facts {
            let joined = detail.joined.as_ref().map(|joined| joined.id.clone());
            let is_joined = |project: &&Project| Some(&project.id) == joined.as_ref();
            let meant: Vec<_> = listing.projects.iter().filter(is_joined).cloned().collect();
            let all = self.detail(cx, &listing, &meant);
            detail.choices = all.choices;
            detail.unlisted = all.unlisted;
        }
        Ok(report)
    }

    /// Writes the project down, waits for it, and looks whether somebody else made another one meanwhile.
    async fn settle(
        self,
        cx: &Cx,
        key: &Secret,
        made: Made,
        rivals_of: Option<Listing>,
    ) -> Result<Report> {
        let project = &made.project;
        // written down before anything is waited for: a run that is killed now must not make another one
        record(cx, project)?;
        let others = async {
            match &rivals_of {
                Some(before) => rivals(cx, key, project, before).await,
                None => Vec::new(),
            }
        };
        let done = self.finish(cx, key, &made);
        let (others, done) = tokio::join!(others, done);
        let known = done?;
        if others.is_empty()
            && let Some(joined) = known
        {
            return Ok(self.joined(cx, project, joined));
        }
        let mut winner = None;
        if !others.is_empty() {
            let oldest = others
                .iter()
                .chain([project])
                .min_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
            if let Some(oldest) = oldest.filter(|oldest| oldest.id != project.id) {
                record(cx, oldest)?;
                self.finish(cx, key, &Made::found(oldest.clone())).await?;
                winner = Some(oldest.clone());
            }
        }
        let mut report = self.look(cx, true).await?;
        if !others.is_empty() {
            report
                .findings
                .push(made_twice(project, &others, winner.as_ref()));
        }
        Ok(report)
    }

    /// Waits until the project is ready, and makes what is missing in it. How to connect is given where the answer to the create
    /// has said so, and nothing was missing: then Neon need not be asked again.
    async fn finish(self, cx: &Cx, key: &Secret, made: &Made) -> Result<Option<JoinedProject>> {
        let project = &made.project;
        let operations = match &made.operations {
            Some(operations) => operations.clone(),
            None => operations::open(cx, key, &project.id).await?,
        };
        // without an operation nobody knows whether it is ready
        let told = made.access.as_ref().filter(|_| !operations.is_empty());
        wait(cx, key, &project.id, operations).await?;
        if let Some((branch, connection)) = told
            && is_wanted(cx, branch, connection)?
        {
            return Ok(Some(known(cx, project, branch, connection, "active")));
        }
        ensure(cx, key, project).await?;
        Ok(None)
    }

    /// The report of a project that was made now, and is used.
    fn joined(self, cx: &Cx, project: &Project, joined: JoinedProject) -> Report {
        let mut detail = self.detail(
            cx,
            &Listing {
                projects: vec![project.clone()],
                unavailable: Vec::new(),
            },
            std::slice::from_ref(project),
        );
        let evidence = using(&joined);
        detail.joined = Some(joined);
        Report::judged(evidence, Vec::new()).facts(Facts::Project(detail))
    }

    #[expect(clippy::unused_self, reason = "reads as a part of the step")]
    fn detail(self, cx: &Cx, listing: &Listing, meant: &[Project]) -> ProjectFacts {
        let wanted = &cx.settings.project.name;
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
                meant: meant.iter().any(|meant| meant.id == project.id),
            })
            .collect();
        choices.sort_by(|a, b| {
            b.meant
                .cmp(&a.meant)
                .then_with(|| b.created_at.cmp(&a.created_at))
        });
        ProjectFacts {
            wanted: wanted.clone(),
            region: cx.settings.project.region.clone().unwrap_or_default(),
            postgres: cx.settings.project.postgres,
            choices: choices.into(),
            unlisted: listing.unavailable.len(),
            temporary: false,
            joined: None,
        }
    }
}
