//! Reports, failures and events such as the engine sends.

use super::facts::{
    backend, env, env_done, health, listed_project, login, login_without, ms, project,
    project_facts, schema, secrets,
};
#[cfg(test)]
use crate::core::event::Event;
use crate::core::{
    code::Code,
    event::{EventKind, Outcome, Phase, Report, RunError, Verdict},
    facts::{CheckState, KeyringState},
    failure::Failure,
    finding::Finding,
    remedy::Remedy,
    step::StepId,
};

/// An event of a step.
#[cfg(test)]
pub(crate) fn event(step: StepId, run: u64, kind: EventKind) -> Event {
    Event { run, step, kind }
}

/// A successful end of a probe or an apply.
pub(crate) fn finished(phase: Phase, elapsed: u64, report: Report) -> EventKind {
    EventKind::Finished(Outcome {
        phase,
        elapsed: ms(elapsed),
        result: Ok(report),
    })
}

/// A failed end of a probe or an apply.
pub(crate) fn failed(phase: Phase, error: impl Into<RunError>) -> EventKind {
    EventKind::Finished(Outcome {
        phase,
        elapsed: ms(812),
        result: Err(error.into()),
    })
}

/// The report of a step that is done.
pub(crate) fn done(step: StepId) -> Report {
    let (evidence, detail) = match step {
        StepId::Login => ("ada@example.org, from the OS keyring", login()),
        StepId::Project => ("aido-todo in aws-us-east-2, branch main", project()),
        StepId::Env => ("2 files have all their keys", env_done()),
        StepId::Backend => (
            "session, start-up and health route are fine",
            backend(false, false),
        ),
        StepId::Schema => ("2 tables, 12 columns as expected", schema(true)),
        StepId::Health => (
            "the app answered 200 at 14:03 UTC, 12 minutes ago; login 412 ms, query 33 ms",
            health(8, CheckState::Ok),
        ),
        StepId::Secrets => ("no secret in 412 files and 18,204 objects", secrets(false)),
    };
    Report::staged(Verdict::Done, evidence.to_owned(), Vec::new(), Some(detail))
}

/// The report of a step with a gap that it can close.
pub(crate) fn todo(step: StepId) -> Report {
    let (evidence, finding, detail) = match step {
        StepId::Login => (
            "no API key was found",
            Finding::new(Code::LoginMissingKey, "no Neon API key was found")
                .detail("looked in NEON_API_KEY, the OS keyring and the key file")
                .hint("run `neonup login --web`, or `neonup login` with a key of console.neon.tech › Account settings › API keys"),
            login_without(KeyringState::Ready, None),
        ),
        StepId::Project => (
            "project `aido-todo` doesn't exist yet",
            Finding::new(Code::ProjectMissing, "project `aido-todo` doesn't exist yet").fixable(),
            project_facts(
                vec![listed_project("tiny-fog-11223344", "billing", ("aws-eu-central-1", 16), "2 years ago")],
                None,
            ),
        ),
        StepId::Env => (
            "backend/.env is out of date, frontend/.env.local is missing",
            Finding::new(Code::EnvStaleUrl, "`DATABASE_URL` isn't this project's connection URL")
                .path("backend/.env")
                .line(3)
                .hint("neonup setup env")
                .fixable(),
            env(true),
        ),
        StepId::Backend => (
            "the session module is missing",
            Finding::new(Code::BackendSessionMissing, "nothing in the application connects it to the database")
                .path("backend/src/db/session.py")
                .fixable(),
            backend(true, true),
        ),
        StepId::Schema => (
            "2 of 2 tables are missing",
            Finding::new(Code::SchemaMissingTable, "tables `user` and `task` are missing").fixable(),
            schema(false),
        ),
        StepId::Health => (
            "the app hasn't been started here yet; login 412 ms, query 33 ms",
            Finding::new(
                Code::HealthAppNotProved,
                "the app hasn't been started here yet",
            )
            .hint("neonup setup health")
            .fixable(),
            health(7, CheckState::Waiting),
        ),
        StepId::Secrets => (
            "your live password is in the history",
            Finding::new(Code::SecretsLiveSecretInHistory, "your live password is in 2 commits")
                .path("DEPLOY.md")
                .line(41)
                .detail("First in f12fda3 of 2 January, which is on origin. Anyone who can read the repository can use it. Removing the file does not help.")
                .hint("run `neonup rotate` to set a new password and prove that this one is rejected")
                .remedy(Some(Remedy::RotatePassword)),
            secrets(true),
        ),
    };
    Report::staged(
        Verdict::Todo,
        evidence.to_owned(),
        vec![finding],
        Some(detail),
    )
}

/// A typical failure of each step.
pub(crate) fn failure(step: StepId) -> Failure {
    match step {
        StepId::Login => Failure::new(Code::LoginKeyRejected, "Neon rejects the API key")
            .why("HTTP 401: authentication failed")
            .hint("create a new key at console.neon.tech › Account settings › API keys")
            .request_id(Some("5f2c9a1e-77aa-4f8e".to_owned())),
        StepId::Project => Failure::new(
            Code::ProjectLimitReached,
            "Neon didn't create `aido-todo`: a plan limit is reached",
        )
        .why("HTTP 422: projects limit exceeded (limit 1)")
        .hint("join an existing one, or delete one you don't need"),
        StepId::Env => Failure::new(Code::EnvOpenPermissions, "can't write `backend/.env`")
            .why("permission denied")
            .hint("chmod u+w backend"),
        StepId::Backend => {
            Failure::new(Code::BackendNotFound, "`backend/src/main.py` doesn't exist")
                .hint("set the folder in neonup.toml, under [backend] dir")
        }
        StepId::Schema => Failure::new(
            Code::SchemaSqlError,
            "the schema was not created: nothing was changed",
        )
        .why("assets/schema.sql:12:17: syntax error at or near \"REFERENCE\"")
        .hint("fix the file (nothing was changed)"),
        StepId::Health => Failure::new(Code::HealthTcp, "no connection to `127.0.0.1:54321`")
            .why("connection refused")
            .hint("start the sandbox: neonup sandbox"),
        StepId::Secrets => Failure::new(Code::SecretsUnknown, "git didn't answer")
            .why("fatal: not a git repository")
            .hint("git init"),
    }
}
