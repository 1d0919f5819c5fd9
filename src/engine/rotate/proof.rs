//! The proof that the new password opens the database, and that the old one is refused.

use std::time::Duration;

use crate::engine::clock;
use crate::{
    core::{
        code::Code,
        event::Progress,
        failure::{Failure, Result},
        invocation::Invocation,
        step::StepId,
    },
    domain::url::Connection,
    engine::context::Cx,
    ports::database::DatabaseError,
};

/// How long the compute may lag behind after the operations have ended.
const LAG: Duration = Duration::from_secs(15);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// What the compute does with a password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ExpectedAnswer {
    Accepted,
    Refused,
}

/// Logs in until the compute answers as expected, or can no longer be lagging behind. Gives its last answer.
async fn log_in(
    cx: &Cx,
    connection: &Connection,
    authority: Option<&str>,
    expected: ExpectedAnswer,
) -> Result<(), DatabaseError> {
    let started = clock::now();
    loop {
        let database = &cx.ports.database;
        let answer = database.connect(connection, authority).await.map(drop);
        let lags = match &answer {
            Ok(()) => expected == ExpectedAnswer::Refused,
            Err(error) => {
                expected == ExpectedAnswer::Accepted
                    && matches!(error, DatabaseError::WrongPassword { .. })
            }
        };
        if !lags || started.elapsed() >= LAG {
            return answer;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Makes sure that the database is reached from here. Where it isn't, a new password could not be proved, and nobody would have it
/// in a file while the old one is dead.
pub(super) async fn check_reachable(
    cx: &Cx,
    connection: &Connection,
    authority: Option<&str>,
) -> Result<()> {
    cx.progress(Progress::label("connecting to the database"));
    let reached = cx.ports.database.handshake(connection, authority).await;
    reached.map(drop).map_err(|error| Failure {
        what: format!("the password wasn't reset: {error}"),
        ..error.into()
    })
}

/// Logs in with the new password.
pub(super) async fn log_in_with_new(
    cx: &Cx,
    connection: &Connection,
    authority: Option<&str>,
) -> Result<(), DatabaseError> {
    cx.progress(Progress::label("connecting with the new password"));
    log_in(cx, connection, authority, ExpectedAnswer::Accepted).await
}

/// The new password does not open the database.
pub(super) fn not_accepted(error: DatabaseError) -> Failure {
    Failure::from(error).hint(
        "Neon has a new password, and no file was changed: run `neonup rotate` again to resume",
    )
}

/// Makes sure that an old password is refused.
pub(super) async fn prove_refused(
    cx: &Cx,
    connection: &Connection,
    authority: Option<&str>,
) -> Result<()> {
    cx.progress(Progress::label("testing the old password"));
    match log_in(cx, connection, authority, ExpectedAnswer::Refused).await {
        Err(DatabaseError::WrongPassword { .. }) => Ok(()),
        Err(error) => Err(Failure {
            what: format!(
                "the new password is in place, but the old one couldn't be tested: {error}"
            ),
            hint: "run neonup check health, then try the old URL yourself".to_owned(),
            command: Some(Box::new(Invocation::CheckStep(StepId::Health))),
            ..error.into()
        }),
        Ok(()) => Err(Failure::new(
            Code::HealthAuth,
            "the new password is in place, but the old one still works",
        )
        .why("Neon reports the reset, but the compute still accepts the old password")
        .hint("restart the compute in the Neon console, then try the old URL again")),
    }
}
