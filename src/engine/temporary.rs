//! The temporary database of this clone, which needs no account: its record, its state, and whether this run uses it.
//!
//! Its state is asked of the service each time. Only its id is stored, since the service lists no temporary databases. The id is a secret, because it leads to the connection string and to the claim; so it is stored like a key, in a 0600
//! file of the user's, one for each clone: not in the repository, where a file can be committed, and not in an env file, whose
//! variables reach the application and with a `PUBLIC_` prefix the browser. The keyring is not asked: it would be at every probe,
//! and the database's password is in the env file with the same permissions anyway.

use crate::{
    core::{
        answer::KeyStorage,
        code::Code,
        failure::{Failure, Result},
        invocation::Invocation,
    },
    domain::{age, temporary::RecordedDatabase, url::Connection},
    engine::{context::Cx, key, project_id},
    ports::{
        Ports,
        claimable::{Ownership, TemporaryDatabase},
    },
    project::settings::Settings,
};

/// Whether a temporary database exists, and who owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClaimState {
    /// Exists, and nobody has claimed it.
    Live(Box<LiveTemporary>),
    /// Exists, but has no connection yet: it is being made, or being claimed.
    Unready,
    /// An account has it.
    Claimed(RecordedDatabase),
    /// Its time is up, or the service doesn't know it.
    Gone(RecordedDatabase),
}

/// A temporary database that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LiveTemporary {
    pub database: TemporaryDatabase,
    pub connection: Connection,
}

/// Reads the record of this clone's temporary database.
pub(crate) async fn recorded(
    settings: &Settings,
    ports: &Ports,
) -> Result<Option<RecordedDatabase>> {
    let kept = ports
        .store
        .get(KeyStorage::File, &settings.claim_account())
        .await?;
    Ok(kept.as_ref().and_then(RecordedDatabase::parse))
}

/// Asks the service about a recorded one.
pub(crate) async fn claim_state(
    settings: &Settings,
    ports: &Ports,
    record: RecordedDatabase,
) -> Result<ClaimState> {
    let Some(database) = ports.claimable.get(&record.id).await? else {
        return Ok(ClaimState::Gone(record));
    };
    let over =
        age::until(&database.expires_at, settings.now).is_some_and(time::Duration::is_negative);
    let connection = database
        .connection_string
        .as_ref()
        .and_then(|uri| Connection::from_uris(uri, None));
    Ok(match (database.ownership, connection) {
        (Ownership::Claimed, _) => ClaimState::Claimed(RecordedDatabase {
            project: if database.project.is_empty() {
                record.project
            } else {
                database.project
            },
            ..record
        }),
        (Ownership::Unclaimed, _) if over => ClaimState::Gone(record),
        (Ownership::Unclaimed | Ownership::Claiming, Some(connection)) => {
            ClaimState::Live(Box::new(LiveTemporary {
                database,
                connection,
            }))
        }
        (Ownership::Unclaimed | Ownership::Claiming, None) => ClaimState::Unready,
    })
}

/// Remembers the id for this run, so that the secrets step looks for it. Asks nobody outside.
pub(super) async fn recall(cx: &Cx) -> Option<RecordedDatabase> {
    let record = recorded(&cx.settings, &cx.ports).await.ok()??;
    cx.remember_claim(Some(record.id.clone()));
    Some(record)
}

/// The database that this run uses.
pub(super) enum DatabaseChoice {
    /// The account's project.
    Account,
    /// A temporary database, which doesn't exist yet.
    NewTemporary,
    /// The recorded temporary database.
    RecordedTemporary(RecordedDatabase),
}

/// Chooses between the two. `--claimable` insists on a temporary one, `--project` and `--new` alone on the account's. Else a
/// recorded temporary database goes on being used, unless there is a key and neonup.toml names the team's project.
pub(super) async fn choose(cx: &Cx) -> Result<DatabaseChoice> {
    let flags = &cx.settings.flags;
    let wanted = cx.wants_temporary();
    if wanted {
        // a record that cannot be read must not end in a second database
        recorded(&cx.settings, &cx.ports).await?;
    } else if flags.project.is_some() || flags.new_project {
        return Ok(DatabaseChoice::Account);
    }
    let Some(record) = recall(cx).await else {
        return Ok(if wanted {
            DatabaseChoice::NewTemporary
        } else {
            DatabaseChoice::Account
        });
    };
    if !wanted && project_id::known(cx).is_some() && key::find(cx).await.is_some() {
        return Ok(DatabaseChoice::Account);
    }
    Ok(DatabaseChoice::RecordedTemporary(record))
}

/// Says why the password of a temporary database can't be rotated: only its account could, and it has none.
pub(crate) fn cannot_rotate() -> Failure {
    Failure::new(
        Code::ProjectTemporary,
        "nothing was rotated: a temporary database's password can't be reset",
    )
    .why("it belongs to no account, and only an account can reset it")
    .command(Invocation::NewClaimable)
    .hint(format!(
        "{} creates another database with its own password; or claim this one (`neonup claim`), then rotate",
        Invocation::NewClaimable
    ))
}
