//! The reset of a role's password at Neon.

use crate::{
    core::{
        event::Progress,
        failure::{Failure, Result},
        secret::Secret,
    },
    domain::url::recognize,
    engine::{
        context::{Cx, KnownProject},
        failures::neon::connection_uri_unreadable,
        neon_operations::{self, WaitMessages},
    },
    ports::neon::Operation,
};

/// Resets the password, and waits until Neon has applied it. A lost answer is looked up, and never sent again.
pub(super) async fn reset(cx: &Cx, key: &Secret, project: &KnownProject) -> Result<Secret> {
    let role = &project.connection.role;
    cx.progress(Progress::label(format!("resetting the password of {role}")));
    let neon = &cx.ports.neon;
    match neon
        .reset_password(key, &project.id, &project.branch, role)
        .await
    {
        Ok(reset) => {
            wait_until_applied(cx, key, &project.id, reset.operations).await?;
            Ok(reset.password)
        }
        Err(error) if error.outcome_unknown() => {
            cx.progress(Progress::label(
                "the answer was lost: checking whether the password was reset",
            ));
            let operations = neon_operations::open(cx, key, &project.id)
                .await
                .map_err(unsure)?;
            wait_until_applied(cx, key, &project.id, operations).await?;
            let now = current(cx, key, project).await.map_err(unsure)?;
            if now == project.connection.password {
                return Err(Failure {
                    hint: "the password is unchanged; run `neonup rotate` again".to_owned(),
                    ..error.into()
                });
            }
            Ok(now)
        }
        Err(error) => Err(error.into()),
    }
}

/// Neither the answer nor Neon says whether the password was reset.
fn unsure(failure: Failure) -> Failure {
    let why = if failure.why.is_empty() {
        failure.what
    } else {
        format!("{}: {}", failure.what, failure.why)
    };
    Failure {
        what: "the answer was lost, so it's unknown whether the password was reset".to_owned(),
        why,
        hint: "run `neonup rotate` again: it checks first, then resumes".to_owned(),
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
        .ok_or_else(connection_uri_unreadable)
}

/// Waits until the operations of a reset have ended.
async fn wait_until_applied(
    cx: &Cx,
    key: &Secret,
    project: &str,
    operations: Vec<Operation>,
) -> Result<()> {
    const MESSAGES: WaitMessages = WaitMessages {
        failed: "no file was changed; run `neonup rotate` again: it resumes from Neon's state at that point",
        meaning: "until they finish, the old password works and the new one doesn't",
        late: "run `neonup rotate` again: it keeps waiting",
        unanswered: Some("no file was changed; run `neonup rotate` again to resume"),
    };
    neon_operations::wait(cx, key, project, operations, MESSAGES).await
}

/// Waits until a reset of an earlier run has been applied.
pub(super) async fn finish_earlier(cx: &Cx, key: &Secret, project: &str) -> Result<()> {
    // what failed long ago is history
    let operations = neon_operations::open(cx, key, project).await?;
    wait_until_applied(cx, key, project, operations).await
}
