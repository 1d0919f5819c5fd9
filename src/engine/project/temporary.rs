//! The temporary database in the project step: created once, found again, replaced by the account's project once it is claimed.

use crate::{
    core::{
        answer::KeyStorage,
        code::{Code, Severity},
        event::{Progress, Report},
        facts::{Facts, JoinedProject, ProjectFacts},
        failure::Result,
        finding::Finding,
        invocation::Invocation,
        proof::Basis,
        secret::Secret,
    },
    domain::{
        age,
        temporary::{CLAIM_HOURS, HOURS, RecordedDatabase},
    },
    engine::{
        context::{Cx, KnownProject},
        failures::claimable::database_not_created,
        key,
        temporary::{ClaimState, DatabaseChoice, LiveTemporary, choose, claim_state},
    },
};

/// The command that creates a temporary database.
const SETUP: Invocation = Invocation::SetupClaimable;
/// What a temporary database may hold. Source: Neon's description of the service.
const LIMITS: &str = "100 MB of data, 1 GB of transfer, no branches";
/// What the service runs. Source: the same.
const POSTGRES: u16 = 17;
/// Stored while a create is running: not a record, but proof that one can be stored.
const PENDING: &str = "pending";

/// What follows for the project step.
pub(super) enum TemporaryOutcome {
    /// The step's report.
    Report(Box<Report>),
    /// The account's project is used.
    Account {
        /// The id of the temporary database's project, where an account has claimed it.
        claimed: Option<String>,
        /// Whether there was a temporary database, and it is over: claimed, or gone.
        over: bool,
    },
}

/// No temporary database is involved.
const ACCOUNT: TemporaryOutcome = TemporaryOutcome::Account {
    claimed: None,
    over: false,
};

/// Inspects it. `created`: what `--new` asked for was done in this run.
pub(super) async fn inspect(cx: &Cx, created: bool) -> Result<TemporaryOutcome> {
    let record = match choose(cx).await? {
        DatabaseChoice::Account => return Ok(ACCOUNT),
        DatabaseChoice::NewTemporary => return Ok(report(none_yet(cx))),
        DatabaseChoice::RecordedTemporary(record) => record,
    };
    cx.progress(Progress::label("requesting the temporary database"));
    let state = claim_state(&cx.settings, &cx.ports, record).await?;
    if !matches!(state, ClaimState::Live(_)) {
        // nothing may be written for, or to, what is not there any more
        cx.remember_project(None);
    }
    let key = key::find(cx).await.is_some();
    Ok(match state {
        ClaimState::Live(live) => report(in_use(cx, &live, created)),
        ClaimState::Unready => {
            let finding = Finding::new(
                Code::ProjectNotReady,
                "the temporary database has no connection yet: it is being created or claimed",
            )
            .hint("run the same command again in a moment");
            report(Report::judged(
                finding.title.clone(),
                Basis::Seen,
                vec![finding],
            ))
        }
        ClaimState::Claimed(record) if key => TemporaryOutcome::Account {
            claimed: Some(record.project).filter(|id| !id.is_empty()),
            over: true,
        },
        ClaimState::Claimed(_) => report(Report::waiting(
            "the temporary database was claimed: waiting for its account's API key",
        )),
        ClaimState::Gone(_) if cx.wants_temporary() => report(none_yet(cx)),
        ClaimState::Gone(_) if key => TemporaryOutcome::Account {
            claimed: None,
            over: true,
        },
        ClaimState::Gone(record) => report(gone(&record)),
    })
}

/// Creates what is missing, once.
pub(super) async fn apply(cx: &Cx) -> Result<TemporaryOutcome> {
    let wanted = cx.wants_temporary();
    let make = match choose(cx).await? {
        DatabaseChoice::Account => return Ok(ACCOUNT),
        DatabaseChoice::NewTemporary => true,
        DatabaseChoice::RecordedTemporary(_) if wanted && cx.settings.flags.new_project => true,
        DatabaseChoice::RecordedTemporary(record) => {
            wanted
                && matches!(
                    claim_state(&cx.settings, &cx.ports, record).await?,
                    ClaimState::Gone(_)
                )
        }
    };
    if make {
        create(cx).await?;
    }
    inspect(cx, make).await
}

/// Forgets a temporary database that is over.
pub(super) async fn forget(cx: &Cx) {
    if let Err(error) = cx
        .ports
        .store
        .delete(KeyStorage::File, &cx.settings.claim_account())
        .await
    {
        // it is asked about once more by the next run, and that is all
        tracing::info!(%error, "couldn't remove the record of a temporary database");
    }
    cx.remember_claim(None);
}

async fn create(cx: &Cx) -> Result<()> {
    let account = cx.settings.claim_account();
    let store = &cx.ports.store;
    let before = store.get(KeyStorage::File, &account).await?;
    // a database whose id cannot be stored would be created again by the next run
    store
        .set(KeyStorage::File, &account, &Secret::new(PENDING))
        .await?;
    let service = cx.settings.claim_name();
    cx.progress(Progress::label(format!(
        "requesting a temporary database from {service}"
    )));
    let created = match cx.ports.claimable.create().await {
        Ok(created) => created,
        Err(error) => {
            let back = match before {
                Some(before) => store.set(KeyStorage::File, &account, &before).await,
                None => store.delete(KeyStorage::File, &account).await.map(drop),
            };
            if let Err(also) = back {
                tracing::info!(error = %also, "couldn't remove an empty record of a temporary database");
            }
            return Err(database_not_created(error));
        }
    };
    let record = RecordedDatabase {
        id: created.id,
        project: created.project,
        expires_at: created.expires_at,
    };
    Ok(store
        .set(KeyStorage::File, &account, &record.text())
        .await?)
}

fn report(report: Report) -> TemporaryOutcome {
    TemporaryOutcome::Report(Box::new(report))
}

fn facts(cx: &Cx, joined: Option<JoinedProject>) -> Facts {
    Facts::Project(ProjectFacts {
        wanted: cx.settings.project.name.clone(),
        region: String::new(),
        postgres: Some(POSTGRES),
        choices: std::sync::Arc::default(),
        unlisted: 0,
        temporary: true,
        joined,
        left_over: None,
    })
}

fn none_yet(cx: &Cx) -> Report {
    cx.remember_project(None);
    let service = cx.settings.claim_name();
    let finding = Finding::new(
        Code::ProjectMissing,
        "this clone has no temporary database yet",
    )
    .detail(format!(
        "{service} creates one without an account: {LIMITS}, deleted after {HOURS} hours unless it is claimed"
    ))
    .command(SETUP)
    .fixable();
    Report::judged("no temporary database yet", Basis::Seen, vec![finding]).facts(facts(cx, None))
}

fn gone(record: &RecordedDatabase) -> Report {
    let at = if record.expires_at.is_empty() {
        String::new()
    } else {
        format!("it expired at {}; ", record.expires_at)
    };
    let finding = Finding::new(
        Code::ProjectDeleted,
        "the temporary database and its data are gone",
    )
    .detail(format!("{at}the service deletes databases that nobody claims"))
    .command(SETUP)
    .hint(format!(
        "{SETUP} creates another one; or run `neonup login`, then `neonup setup`, for a project of your own"
    ));
    Report::judged(finding.title.clone(), Basis::Seen, vec![finding])
}

/// Reports the database that exists, and remembers it for the other steps.
fn in_use(cx: &Cx, live: &LiveTemporary, created: bool) -> Report {
    let LiveTemporary {
        database,
        connection,
    } = live;
    let left = age::until(&database.expires_at, cx.settings.now);
    let time_left = left.map_or_else(|| database.expires_at.clone(), age::span);
    let age = age::until(&database.created_at, cx.settings.now).map(|until| -until);
    let lapsed = age.is_some_and(|age| age > time::Duration::hours(CLAIM_HOURS));
    let soon = left.is_some_and(|left| left < time::Duration::hours(24));
    let host = connection.address();
    let service = cx.settings.claim_name();
    let mut findings = vec![
        Finding::new(
            Code::ProjectTemporary,
            format!("the database is temporary: it will be deleted in {time_left} unless it is claimed"),
        )
        .severity(if soon { Severity::Warning } else { Severity::Note })
        .detail(format!("its limits are {LIMITS}"))
        .command(Invocation::Claim)
        .hint(if lapsed {
            format!("run neonup claim now: {service} guarantees the claim for only {CLAIM_HOURS} hours, which have passed")
        } else {
            format!("run neonup claim, which shows the link that keeps it; {service} guarantees it for the first \
            {CLAIM_HOURS} hours")
        }),
    ];
    if cx.settings.flags.new_project && !created {
        findings.push(
            Finding::new(
                Code::ProjectMissing,
                "another temporary database was requested, replacing this one",
            )
            .command(Invocation::NewClaimable)
            .fixable(),
        );
    }
    let wanted = &cx.settings.project;
    let ignored: Vec<_> = [
        (
            "database",
            wanted
                .database
                .as_ref()
                .is_some_and(|name| *name != connection.database),
        ),
        (
            "role",
            wanted
                .role
                .as_ref()
                .is_some_and(|role| *role != connection.role),
        ),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(name, _)| format!("`{name}`"))
    .collect();
    if !ignored.is_empty() {
        findings.push(
            Finding::new(
                Code::ProjectTemporary,
                format!("a temporary database has its own {}", ignored.join(" and ")),
            )
            .severity(Severity::Warning)
            .detail("what [project] in neonup.toml sets applies to projects of an account")
            .hint("claim it with neonup claim, or remove the setting"),
        );
    }
    let joined = JoinedProject {
        id: database.project.clone(),
        name: "temporary database".to_owned(),
        region: region(&connection.host).unwrap_or(service),
        postgres: POSTGRES,
        branch: "temporary".to_owned(),
        host: host.clone(),
        database: connection.database.clone(),
        role: connection.role.clone(),
        compute: "starts at the next connection".to_owned(),
        branches: Vec::new(),
        databases: Vec::new(),
        roles: Vec::new(),
    };
    cx.remember_project(Some(KnownProject {
        id: database.project.clone(),
        branch: String::new(),
        connection: connection.clone(),
    }));
    let named = if database.project.is_empty() {
        String::new()
    } else {
        format!(" {}", database.project)
    };
    Report::judged(
        format!("temporary database{named} on {host}, deleted in {time_left}"),
        Basis::Seen,
        findings,
    )
    .facts(facts(cx, Some(joined)))
}

/// Reads the region from a host of Neon's, such as `aws-us-east-2` of `ep-a-b-1.us-east-2.aws.neon.tech`.
fn region(host: &str) -> Option<String> {
    let labels: Vec<_> = host.split('.').collect();
    let clouds = ["aws", "azure", "gcp"];
    labels.windows(2).find_map(|pair| match pair {
        [region, cloud] if clouds.contains(cloud) => Some(format!("{cloud}-{region}")),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_read_from_the_host() {
        for (host, read) in [
            ("ep-a-b-1.us-east-2.aws.neon.tech", Some("aws-us-east-2")),
            (
                "ep-a-b-1-pooler.c-2.eastus2.azure.neon.tech",
                Some("azure-eastus2"),
            ),
            ("localhost", None),
        ] {
            assert_eq!(region(host).as_deref(), read, "{host}");
        }
    }
}
