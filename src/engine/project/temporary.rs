//! The temporary database of this clone, which needs no account: made once, found again, given up for the account's project
//! once it is claimed.
//!
//! What it is now is asked of the service each time. The one thing that is kept is its id, since nobody lists temporary
//! databases. The id is a secret, because it leads to the connection string and to the claim; so it is kept like a key, in a 0600
//! file of the user's, one for each clone: not in the repository, where a file can be committed, and not in an env file, whose
//! variables reach the application and with a `PUBLIC_` prefix the browser. The keyring is not asked: it would be at every look,
//! and the database's password lies in the env file with the same permissions anyway.

use crate::engine::{Cx, Project as KnownProject, login, project::known_id};
use crate::{
    core::{
        answer::KeyStorage,
        code::{Code, Severity},
        event::{Progress, Report},
        facts::{Facts, JoinedProject, ProjectFacts},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        secret::Secret,
    },
    domain::{
        age,
        temporary::{CLAIM_HOURS, HOURS, Record},
        url::Connection,
    },
    ports::{
        Ports,
        claimable::{Ownership, TemporaryDatabase},
    },
    project::settings::Settings,
};

/// The command that makes a temporary database.
const SETUP: Invocation = Invocation::SetupClaimable;
/// What a temporary database may hold. Source: Neon's description of the service.
const LIMITS: &str = "100 MB of data, 1 GB of transfer, no branches";
/// What the service runs. Source: the same.
const POSTGRES: u16 = 17;
/// What is kept while a create is under way: no record, but proof that one can be kept.
const PENDING: &str = "pending";

/// How it stands with a temporary database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is there, and nobody's.
    Live(Box<Live>),
    /// It is there, but does not tell its connection: it is being made, or being claimed.
    Unready,
    /// An account has it.
    Claimed(Record),
    /// Its time is up, or the service does not know it.
    Gone(Record),
}

/// A temporary database that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    /// What the service says.
    pub database: TemporaryDatabase,
    /// How to connect.
    pub connection: Connection,
}

/// What the project step does about it.
pub(in crate::engine) enum Course {
    /// This is the step's report.
    Report(Box<Report>),
    /// The account's project is meant.
    Account {
        /// The id of the temporary database's project, where an account has claimed it.
        claimed: Option<String>,
        /// Whether there was a temporary database, and it is over: claimed, or gone.
        over: bool,
    },
}

/// No temporary database has anything to do with it.
const ACCOUNT: Course = Course::Account {
    claimed: None,
    over: false,
};

/// The record of this clone's temporary database, if it has one.
pub(crate) async fn recorded(settings: &Settings, ports: &Ports) -> Result<Option<Record>> {
    let kept = ports
        .store
        .get(KeyStorage::File, &settings.claim_account())
        .await?;
    Ok(kept.as_ref().and_then(Record::parse))
}

/// Asks the service how it stands with a recorded one.
pub(crate) async fn ask(settings: &Settings, ports: &Ports, record: Record) -> Result<Standing> {
    let Some(database) = ports.claimable.get(&record.id).await? else {
        return Ok(Standing::Gone(record));
    };
    let over =
        age::until(&database.expires_at, settings.now).is_some_and(time::Duration::is_negative);
    let connection = database
        .connection_string
        .as_ref()
        .and_then(|uri| Connection::from_uris(uri, None));
    Ok(match (database.ownership, connection) {
        (Ownership::Claimed, _) => Standing::Claimed(Record {
            project: if database.project.is_empty() {
                record.project
            } else {
                database.project
            },
            ..record
        }),
        (Ownership::Unclaimed, _) if over => Standing::Gone(record),
        (Ownership::Unclaimed | Ownership::Claiming, Some(connection)) => {
            Standing::Live(Box::new(Live {
                database,
                connection,
            }))
        }
        (Ownership::Unclaimed | Ownership::Claiming, None) => Standing::Unready,
    })
}

/// Remembers the id for this run, so that the secrets step looks for it. Asks nobody outside.
pub(in crate::engine) async fn recall(cx: &Cx) -> Option<Record> {
    let record = recorded(&cx.settings, &cx.ports).await.ok()??;
    cx.remember_claim(Some(record.id.clone()));
    Some(record)
}

/// What this run goes by.
enum Plan {
    /// The account's project.
    Account,
    /// A temporary database, which is not there yet.
    Make,
    /// The one that is recorded.
    Recorded(Record),
}

/// Which of the two is meant. `--claimable` insists on a temporary one, `--project` and `--new` alone on the account's. Else a
/// recorded temporary database goes on being used, unless a key is there and neonup.toml names the team's project.
async fn plan(cx: &Cx) -> Result<Plan> {
    let flags = &cx.settings.flags;
    let wanted = cx.wants_temporary();
    if wanted {
        // a record that cannot be read must not end in a second database
        recorded(&cx.settings, &cx.ports).await?;
    } else if flags.project.is_some() || flags.new_project {
        return Ok(Plan::Account);
    }
    let Some(record) = recall(cx).await else {
        return Ok(if wanted { Plan::Make } else { Plan::Account });
    };
    if !wanted && known_id(cx).is_some() && login::find_key(cx).await.is_some() {
        return Ok(Plan::Account);
    }
    Ok(Plan::Recorded(record))
}

/// What the login step says where no account is needed; `None`: it goes its usual way, and a key is used where there is one.
pub(in crate::engine) async fn login(cx: &Cx) -> Option<Report> {
    let wanted = cx.wants_temporary();
    let skipped = || Some(Report::skipped("no account: a temporary database"));
    let record = match plan(cx).await {
        Ok(Plan::Account) => return None,
        Ok(Plan::Make) | Err(_) => return skipped(),
        Ok(Plan::Recorded(record)) => record,
    };
    if !wanted && login::find_key(cx).await.is_some() {
        return None;
    }
    match ask(&cx.settings, &cx.ports, record).await {
        Ok(Standing::Claimed(_)) if login::find_key(cx).await.is_none() => {
            let finding = Finding::new(
                Code::LoginMissingKey,
                "the temporary database was claimed: its account's API key is needed now",
            )
            .detail(
                "its connection is told to its account alone, and its password may be a new one",
            )
            .command(Invocation::Login)
            .hint("neonup login, then neonup setup");
            Some(Report::judged(finding.title.clone(), vec![finding]))
        }
        Ok(Standing::Claimed(_)) => None,
        Ok(Standing::Gone(_)) if !wanted => None,
        // what cannot be asked is the project step's failure
        Ok(Standing::Gone(_) | Standing::Live(_) | Standing::Unready) | Err(_) => skipped(),
    }
}

/// Looks. `made`: what `--new` asked for was done in this run.
pub(in crate::engine) async fn look(cx: &Cx, made: bool) -> Result<Course> {
    let record = match plan(cx).await? {
        Plan::Account => return Ok(ACCOUNT),
        Plan::Make => return Ok(report(none_yet(cx))),
        Plan::Recorded(record) => record,
    };
    cx.progress(Progress::label("asking for the temporary database"));
    let standing = ask(&cx.settings, &cx.ports, record).await?;
    if !matches!(standing, Standing::Live(_)) {
        // nothing may be written for, or to, what is not there any more
        cx.remember_project(None);
    }
    let key = login::find_key(cx).await.is_some();
    Ok(match standing {
        Standing::Live(live) => report(in_use(cx, &live, made)),
        Standing::Unready => {
            let finding = Finding::new(
                Code::ProjectNotReady,
                "the temporary database does not tell its connection: it is being made, or being claimed",
            )
            .hint("run the same command again in a moment");
            report(Report::judged(finding.title.clone(), vec![finding]))
        }
        Standing::Claimed(record) if key => Course::Account {
            claimed: Some(record.project).filter(|id| !id.is_empty()),
            over: true,
        },
        Standing::Claimed(_) => report(Report::waiting(
            "the temporary database was claimed: waits for its account's API key",
        )),
        Standing::Gone(_) if cx.wants_temporary() => report(none_yet(cx)),
        Standing::Gone(_) if key => Course::Account {
            claimed: None,
            over: true,
        },
        Standing::Gone(record) => report(gone(&record)),
    })
}

/// Makes what is missing, once.
pub(in crate::engine) async fn apply(cx: &Cx) -> Result<Course> {
    let wanted = cx.wants_temporary();
    let make = match plan(cx).await? {
        Plan::Account => return Ok(ACCOUNT),
        Plan::Make => true,
        Plan::Recorded(_) if wanted && cx.settings.flags.new_project => true,
        Plan::Recorded(record) => {
            wanted
                && matches!(
                    ask(&cx.settings, &cx.ports, record).await?,
                    Standing::Gone(_)
                )
        }
    };
    if make {
        create(cx).await?;
    }
    look(cx, make).await
}

/// Forgets a temporary database that is over.
pub(in crate::engine) async fn forget(cx: &Cx) {
    if let Err(failure) = cx
        .ports
        .store
        .delete(KeyStorage::File, &cx.settings.claim_account())
        .await
    {
        // it is asked about once more by the next run, and that is all
        tracing::info!(what = %failure.what, "the record of a temporary database stays");
    }
    cx.remember_claim(None);
}

/// Why the password of a temporary database is not rotated: only the API resets passwords, and nobody's project is in no account.
pub(crate) fn no_rotation() -> Failure {
    Failure::new(
        Code::ProjectTemporary,
        "nothing was rotated: the password of a temporary database cannot be reset",
    )
    .why("it belongs to no account, and only its account could")
    .command(Invocation::NewClaimable)
    .hint(format!(
        "{SETUP} --new makes another database with a password of its own; or claim this one (`neonup claim`), then rotate"
    ))
}

async fn create(cx: &Cx) -> Result<()> {
    let account = cx.settings.claim_account();
    let store = &cx.ports.store;
    let before = store.get(KeyStorage::File, &account).await?;
    // a database whose id cannot be kept would be made again by the next run
    store
        .set(KeyStorage::File, &account, &Secret::new(PENDING))
        .await?;
    let service = cx.settings.claim_name();
    cx.progress(Progress::label(format!(
        "asking {service} for a temporary database"
    )));
    let made = match cx.ports.claimable.create().await {
        Ok(made) => made,
        Err(failure) => {
            let back = match before {
                Some(before) => store.set(KeyStorage::File, &account, &before).await,
                None => store.delete(KeyStorage::File, &account).await.map(drop),
            };
            if let Err(also) = back {
                tracing::info!(what = %also.what, "a record of no temporary database stays");
            }
            return Err(failure);
        }
    };
    let record = Record {
        id: made.id,
        project: made.project,
        expires_at: made.expires_at,
    };
    store.set(KeyStorage::File, &account, &record.text()).await
}

fn report(report: Report) -> Course {
    Course::Report(Box::new(report))
}

fn detail(cx: &Cx, joined: Option<JoinedProject>) -> Facts {
    Facts::Project(ProjectFacts {
        wanted: cx.settings.project.name.clone(),
        region: String::new(),
        postgres: POSTGRES,
        choices: std::sync::Arc::default(),
        unlisted: 0,
        temporary: true,
        joined,
    })
}

fn none_yet(cx: &Cx) -> Report {
    cx.remember_project(None);
    let service = cx.settings.claim_name();
    let finding = Finding::new(
        Code::ProjectMissing,
        "there is no temporary database for this clone yet",
    )
    .detail(format!(
        "{service} makes one without an account: {LIMITS}, and {HOURS} hours to live unless it is claimed"
    ))
    .command(SETUP)
    .fixable();
    Report::judged("no temporary database yet", vec![finding]).facts(detail(cx, None))
}

fn gone(record: &Record) -> Report {
    let at = if record.expires_at.is_empty() {
        String::new()
    } else {
        format!("its time was up at {}; ", record.expires_at)
    };
    let finding = Finding::new(
        Code::ProjectDeleted,
        "the temporary database is gone, and what was in it",
    )
    .detail(format!("{at}the service does not keep what nobody claims"))
    .command(SETUP)
    .hint(format!(
        "{SETUP} makes another one; or `neonup login`, then `neonup setup` for a project of your own"
    ));
    Report::judged(finding.title.clone(), vec![finding])
}

/// The one that is there, for the other steps and for a person.
fn in_use(cx: &Cx, live: &Live, made: bool) -> Report {
    let Live {
        database,
        connection,
    } = live;
    let left = age::until(&database.expires_at, cx.settings.now);
    let left_words = left.map_or_else(|| database.expires_at.clone(), age::span);
    let age = age::until(&database.created_at, cx.settings.now).map(|until| -until);
    let lapsed = age.is_some_and(|age| age > time::Duration::hours(CLAIM_HOURS));
    let soon = left.is_some_and(|left| left < time::Duration::hours(24));
    let host = connection.port.map_or_else(
        || connection.host.clone(),
        |port| format!("{}:{port}", connection.host),
    );
    let service = cx.settings.claim_name();
    let mut findings = vec![
        Finding::new(
            Code::ProjectTemporary,
            format!("the database is temporary: it is deleted in {left_words} unless it is claimed"),
        )
        .severity(if soon { Severity::Warning } else { Severity::Note })
        .detail(format!("its limits are {LIMITS}"))
        .command(Invocation::Claim)
        .hint(if lapsed {
            format!("neonup claim, at once: {service} promises the claim for {CLAIM_HOURS} hours only, and they are over")
        } else {
            format!("neonup claim, which shows the link that keeps it; {service} promises it for the first {CLAIM_HOURS} hours")
        }),
    ];
    if cx.settings.flags.new_project && !made {
        findings.push(
            Finding::new(
                Code::ProjectMissing,
                "another temporary database was asked for, in place of this one",
            )
            .command(Invocation::NewClaimable)
            .fixable(),
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
        compute: "starts when it is first asked".to_owned(),
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
        format!("temporary database{named} on {host}, deleted in {left_words}"),
        findings,
    )
    .facts(detail(cx, Some(joined)))
}

/// The region in a host of Neon's, such as `aws-us-east-2` of `ep-a-b-1.us-east-2.aws.neon.tech`.
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
