//! A new database password in the place of the old one, and the proof that the old one is dead.
//!
//! Nothing of a rotation is recorded, as nothing else is. Neon knows the current password, the env files say which one the
//! application has, and from the two it follows what is left to do. So the order is: reset, wait, prove the new one, other files,
//! env files, prove that the old one is refused. Killed before the env files were written, the next run sees that they hold an older
//! password than Neon, and goes on from there without a second reset.

use std::time::Duration;

use crate::{
    core::{
        answer::EnvAnswer,
        code::Code,
        event::Progress,
        failure::{Failure, Result},
        invocation::Invocation,
        secret::Secret,
        step::StepId,
    },
    domain::url::{Connection, Part, recognize},
    engine::{
        connection,
        context::{Cx, KnownProject},
        env, key,
        neon_operations::{self, WaitMessages},
        rotate::{copies, outcome::Rotated},
        step::Step as _,
        temporary,
    },
    ports::{database::DatabaseError, files::UndoCopy, neon::Operation},
    project::settings::KeySpec,
};

/// The command that goes on where a rotation was interrupted.
const AGAIN: &str = "neonup rotate";
/// How long a password may go on being taken, or not being taken yet, after the operations have finished.
const LAG: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Gives the role a new password, or finishes what an earlier run began.
pub(in crate::engine) async fn reset(cx: &Cx) -> Result<Rotated> {
    if cx.project().is_some_and(|project| project.is_temporary()) {
        return Err(temporary::cannot_rotate());
    }
    let known = key::require(cx).await?;
    let project = cx.project().ok_or_else(|| {
        Failure::new(
            Code::ProjectMissing,
            "the project is not known, so there is no password to reset",
        )
        .command(Invocation::SetupStep(StepId::Project))
    })?;
    same_database(cx, &project)?;
    // all that could keep the new password from being written is found out while the old one still works
    env::rewritable(cx).await?;
    let authority = cx.authority().await?;
    let authority = authority.as_deref();
    let stale = stale_passwords(cx, &project.connection);
    let (mut old, mut new, mut began) = if stale.is_empty() {
        let old = project.connection.password.clone();
        let new = reset_once(cx, &known.key, &project).await?;
        (vec![old], new, true)
    } else {
        cx.progress(Progress::label(
            "Neon has a newer password than the env files: finishing what was begun",
        ));
        let mut operations = cx.ports.neon.operations(&known.key, &project.id).await?;
        // what failed long ago is history
        operations.retain(|operation| !operation.has_ended());
        settled(cx, &known.key, &project.id, operations).await?;
        (stale, project.connection.password.clone(), false)
    };
    let mut connection = Connection {
        password: new.clone(),
        ..project.connection.clone()
    };
    match taken(cx, &connection, authority).await {
        // Neon has nothing left to do, and its password opens nothing: the operation that was to bring it failed
        Err(DatabaseError::WrongPassword { .. }) if !began => {
            old.push(new);
            new = reset_once(cx, &known.key, &project).await?;
            began = true;
            connection.password = new.clone();
            taken(cx, &connection, authority).await.map_err(not_taken)?;
        }
        result => result.map_err(not_taken)?,
    }
    cx.remember_project(Some(KnownProject {
        connection: connection.clone(),
        ..project.clone()
    }));
    let copies = copies::Copies::rewrite(cx, &old, &new).await?;
    cx.progress(Progress::label("writing the env files"));
    env::EnvStep.apply(cx, EnvAnswer::Default).await?;
    cx.remember_change();
    for password in &old {
        refused(
            cx,
            &Connection {
                password: password.clone(),
                ..connection.clone()
            },
            authority,
        )
        .await?;
    }
    forget_undo_copies(cx, &old, &copies.rewritten);
    let mut findings = copies.findings(cx, &old).await;
    findings.extend(copies::other_branches(cx, &known.key, &project, &old).await);
    let written = cx.settings.env.len() + copies.rewritten.len();
    let what = if began {
        format!("the password of {} was reset", connection.role)
    } else {
        format!(
            "the password of {} had been reset already, and is in place now",
            connection.role
        )
    };
    let files = if written == 1 {
        "file holds"
    } else {
        "files hold"
    };
    Ok(Rotated {
        evidence: format!("{what}: {written} {files} the new one, and the old one is refused"),
        findings,
    })
}

/// Fails where the env file leads to another database than the project's: then the two passwords have nothing to do with each other.
fn same_database(cx: &Cx, project: &KnownProject) -> Result<()> {
    let Some(url) = connection::written(cx) else {
        return Ok(());
    };
    let differences = project.connection.differences(&url);
    let others: Vec<_> = differences
        .iter()
        .filter(|difference| **difference != "the password")
        .copied()
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Code::EnvStaleUrl,
        "the env file leads to another database than this project's, so nothing was reset",
    )
    .why(format!("not the same: {}", others.join(", ")))
    .command(Invocation::SetupStep(StepId::Env)))
}

/// Drops the undo copies that hold a password which is proven to be dead: to bring it back would only break what works.
fn forget_undo_copies(cx: &Cx, old: &[Secret], others: &[String]) {
    let targets = cx.settings.env.iter().map(|target| &target.file);
    for file in targets.chain(others) {
        let path = cx.settings.path(file);
        let Ok(Some(UndoCopy::Bytes(copy))) = cx.ports.files.undo(&path) else {
            continue;
        };
        let dead = old
            .iter()
            .any(|old| memchr::memmem::find(&copy, old.expose().as_bytes()).is_some());
        if dead && cx.ports.files.forget_undo(&path).is_err() {
            // it stays as useless as it is, and harms nobody who does not ask for it
            tracing::warn!(file, "the undo copy of the old password stays");
        }
    }
}

/// The passwords of the env files that are not Neon's current one.
fn stale_passwords(cx: &Cx, connection: &Connection) -> Vec<Secret> {
    let mut stale: Vec<Secret> = Vec::new();
    for spec in &cx.settings.env {
        let path = cx.settings.path(&spec.file);
        let Ok(Some(bytes)) = cx.ports.files.read(&path) else {
            continue;
        };
        let document = crate::domain::dotenv::Document::parse(&bytes);
        let parts = spec
            .keys
            .iter()
            .filter(|(_, key)| {
                matches!(
                    key,
                    KeySpec::Part {
                        part: Part::Password,
                        ..
                    }
                )
            })
            .flat_map(|(name, _)| document.all(name))
            .map(|entry| entry.value.clone());
        for password in parts {
            let real = !crate::domain::credentials::is_placeholder(password.expose());
            if real && password != connection.password && !stale.contains(&password) {
                stale.push(password);
            }
        }
        let urls = spec
            .keys
            .iter()
            .filter(|(_, key)| matches!(key, KeySpec::Url { .. }))
            .flat_map(|(name, _)| document.all(name))
            .filter_map(|entry| recognize(entry.value.expose()));
        for url in urls {
            // a placeholder from the example is no password that anybody had
            let ours = connection.differences(&url) == ["the password"];
            let real = !crate::domain::credentials::is_placeholder(url.password.expose());
            if ours && real && !stale.contains(&url.password) {
                stale.push(url.password);
            }
        }
    }
    stale
}

/// Resets, and waits until the new password works. A lost answer is followed by a look, never by a second reset.
async fn reset_once(cx: &Cx, key: &Secret, project: &KnownProject) -> Result<Secret> {
    let role = &project.connection.role;
    cx.progress(Progress::label(format!("resetting the password of {role}")));
    let neon = &cx.ports.neon;
    match neon
        .reset_password(key, &project.id, &project.branch, role)
        .await
    {
        Ok(reset) => {
            settled(cx, key, &project.id, reset.operations).await?;
            Ok(reset.password)
        }
        Err(failure) if failure.code == Code::LoginUnreachable => {
            cx.progress(Progress::label(
                "the answer was lost: looking whether the password was reset",
            ));
            let mut operations = neon.operations(key, &project.id).await.map_err(unsure)?;
            operations.retain(|operation| !operation.has_ended());
            settled(cx, key, &project.id, operations).await?;
            let now = current(cx, key, project).await.map_err(unsure)?;
            if now == project.connection.password {
                return Err(Failure {
                    hint: format!("the password is as it was; run `{AGAIN}` again"),
                    ..failure
                });
            }
            Ok(now)
        }
        Err(failure) => Err(failure),
    }
}

/// Neither the answer nor a look at Neon says whether it was done.
fn unsure(failure: Failure) -> Failure {
    let why = if failure.why.is_empty() {
        failure.what
    } else {
        format!("{}: {}", failure.what, failure.why)
    };
    Failure {
        what: "the answer was lost, so whether the password was reset is not known".to_owned(),
        why,
        hint: format!("run `{AGAIN}` again: it looks first, and goes on from what is true"),
        ..failure
    }
}

/// The password that Neon has now.
async fn current(cx: &Cx, key: &Secret, project: &KnownProject) -> Result<Secret> {
    let KnownProject {
        id,
        branch,
        connection,
    } = project;
    let uri = cx
        .ports
        .neon
        .connection_uri(
            key,
            id,
            branch,
            &connection.database,
            &connection.role,
            false,
        )
        .await?;
    recognize(uri.expose())
        .map(|read| read.password)
        .ok_or_else(|| {
            Failure::new(
                Code::ProjectNotReady,
                "Neon's connection URI is not of the form that it documents",
            )
            .hint("this version of neonup may be too old: update it")
        })
}

/// Waits for these operations.
async fn settled(cx: &Cx, key: &Secret, project: &str, operations: Vec<Operation>) -> Result<()> {
    const MESSAGES: WaitMessages = WaitMessages {
        failed: "no file was changed; run `neonup rotate` again: it goes on from what Neon says then",
        meaning: "until they do, the old password works and the new one does not",
        late: "run `neonup rotate` again: it goes on waiting",
        unanswered: Some("no file was changed; run `neonup rotate` again: it goes on from there"),
    };
    neon_operations::wait(cx, key, project, operations, MESSAGES).await
}

/// Logs in until the compute does with this password what it is to do, or has had the time that it may lag behind; gives its last answer.
async fn log_in(
    cx: &Cx,
    connection: &Connection,
    authority: Option<&str>,
    to_be_taken: bool,
) -> Result<(), DatabaseError> {
    let started = tokio::time::Instant::now();
    loop {
        let database = &cx.ports.database;
        let answer = database.connect(connection, authority).await.map(drop);
        let lags = match &answer {
            Ok(()) => !to_be_taken,
            Err(error) => to_be_taken && matches!(error, DatabaseError::WrongPassword { .. }),
        };
        if !lags || started.elapsed() >= LAG {
            return answer;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Logs in with the new password.
async fn taken(
    cx: &Cx,
    connection: &Connection,
    authority: Option<&str>,
) -> Result<(), DatabaseError> {
    cx.progress(Progress::label("connecting with the new password"));
    log_in(cx, connection, authority, true).await
}

/// The new password does not open the database.
fn not_taken(error: DatabaseError) -> Failure {
    Failure::from(error).hint(format!(
        "Neon has a new password, and no file was changed: run `{AGAIN}` again, it goes on from there"
    ))
}

/// Makes sure that an old password opens nothing any more.
async fn refused(cx: &Cx, connection: &Connection, authority: Option<&str>) -> Result<()> {
    cx.progress(Progress::label("trying the old password"));
    match log_in(cx, connection, authority, false).await {
        Err(DatabaseError::WrongPassword { .. }) => Ok(()),
        Err(error) => Err(Failure {
            what: format!(
                "the new password is in place, but whether the old one is refused could not be seen: {error}"
            ),
            hint: "neonup check health, then try the old URL yourself".to_owned(),
            ..error.into()
        }),
        Ok(()) => Err(Failure::new(
            Code::HealthAuth,
            "the new password is in place, but the old one still opens the database",
        )
        .why("Neon says that it was reset, and the compute takes the old one")
        .hint("restart the compute in the Neon console, then try the old URL again")),
    }
}
