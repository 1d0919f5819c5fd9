//! A new database password in the place of the old one, and the proof that the old one is dead.
//!
//! Nothing of a rotation is recorded. Neon knows the current password, the env files say which one the application has, and from
//! the two it follows what is left to do. So the order is: reset, wait, prove the new one, other files,
//! env files, prove that the old one is refused. Killed before the env files were written, the next run sees that they hold an older
//! password than Neon, and goes on from there without a second reset.

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
    domain::url::Connection,
    engine::{
        context::{Cx, KnownProject},
        env, key,
        rotate::{
            copies::{Copies, other_branches},
            env_files::{check_same_database, forget_undo_copies, stale_passwords},
            outcome::Rotated,
            proof::{check_reachable, log_in_with_new, not_accepted, prove_refused},
            reset::{self, finish_earlier},
        },
        step::Step as _,
        temporary,
    },
    ports::database::DatabaseError,
};

/// A password that works, and what it replaces.
struct NewPassword {
    connection: Connection,
    old: Vec<Secret>,
    /// Whether this run has reset it; else an earlier one had.
    reset_now: bool,
}

/// Gives the role a new password, or finishes what an earlier run began.
pub(in crate::engine) async fn rotate(cx: &Cx) -> Result<Rotated> {
    if cx.project().is_some_and(|project| project.is_temporary()) {
        return Err(temporary::cannot_rotate());
    }
    let known = key::require(cx).await?;
    let project = cx.project().or_else(|| cx.passwordless()).ok_or_else(|| {
        Failure::new(
            Code::ProjectMissing,
            "the project isn't known, so there is no password to reset",
        )
        .command(Invocation::SetupStep(StepId::Project))
    })?;
    // a URL of another database is replaced, as it is wherever the project's is known
    if !project.connection.password.is_empty() {
        check_same_database(cx, &project)?;
    }
    // all that could keep the new password from being written is found out while the old one still works
    env::check_rewritable(cx).await?;
    let authority = cx.authority().await?;
    let authority = authority.as_deref();
    let new = new_password(cx, &known.key, &project, authority).await?;
    cx.settings.gate.close_to(&new.connection.password);
    let NewPassword {
        connection, old, ..
    } = &new;
    let renewed = KnownProject {
        connection: connection.clone(),
        ..project.clone()
    };
    // where Neon stores no passwords, nobody else knows it until the env files are written
    cx.remember_passwordless(Some(renewed.clone()));
    cx.remember_project(Some(renewed));
    let copies = Copies::rewrite(cx, old, &connection.password).await?;
    cx.progress(Progress::label("writing the env files"));
    env::EnvStep.apply(cx, EnvAnswer::Default).await?;
    for password in old {
        let connection = Connection {
            password: password.clone(),
            ..connection.clone()
        };
        prove_refused(cx, &connection, authority).await?;
    }
    forget_undo_copies(cx, old, &copies.rewritten);
    let mut findings = copies.findings(cx, old).await;
    findings.extend(other_branches(cx, &known.key, &project, old).await);
    Ok(Rotated {
        evidence: evidence(&new, cx.settings.env.len() + copies.rewritten.len()),
        findings,
    })
}

/// Resets the password, or takes the one of an interrupted rotation, and proves that it opens the database.
async fn new_password(
    cx: &Cx,
    key: &Secret,
    project: &KnownProject,
    authority: Option<&str>,
) -> Result<NewPassword> {
    let stale = stale_passwords(cx, &project.connection);
    let mut new = NewPassword {
        connection: project.connection.clone(),
        old: stale,
        reset_now: false,
    };
    if new.old.is_empty() {
        check_reachable(cx, &project.connection, authority).await?;
        new.replace(reset::reset(cx, key, project).await?);
    } else {
        cx.progress(Progress::label(
            "Neon has a newer password than the env files: finishing the interrupted rotation",
        ));
        finish_earlier(cx, key, &project.id).await?;
    }
    match log_in_with_new(cx, &new.connection, authority).await {
        // Neon has nothing left to do, and its password opens nothing: the operation that was to bring it failed
        Err(DatabaseError::WrongPassword { .. }) if !new.reset_now => {
            new.replace(reset::reset(cx, key, project).await?);
            log_in_with_new(cx, &new.connection, authority)
                .await
                .map_err(not_accepted)?;
        }
        result => result.map_err(not_accepted)?,
    }
    Ok(new)
}

impl NewPassword {
    /// Takes a password that was reset now.
    fn replace(&mut self, password: Secret) {
        let old = std::mem::replace(&mut self.connection.password, password);
        if !old.is_empty() {
            self.old.push(old);
        }
        self.reset_now = true;
    }
}

fn evidence(new: &NewPassword, files: usize) -> String {
    let role = &new.connection.role;
    let what = if new.reset_now {
        format!("the password of {role} was reset")
    } else {
        format!("the password of {role} had already been reset, and is now in place")
    };
    let holds = if files == 1 { "file has" } else { "files have" };
    let refused = if new.old.is_empty() {
        ""
    } else {
        ", and the old one is rejected"
    };
    format!("{what}: {files} {holds} the new one{refused}")
}
