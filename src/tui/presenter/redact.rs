//! Hides identifiers in presenter mode: whatever the steps know of hosts, ids and people, and who and where we are.

use std::{borrow::Cow, sync::Arc};

use crate::{
    core::{
        facts::{EnvFacts, Facts, HealthFacts, SecretsFacts},
        plan::StepState,
        redact::{REDACTED, Redactor},
    },
    tui::state::App,
};

/// Neon's own API, which identifies nobody.
const NEON: &str = "//console.neon.tech/";

/// A text that is not a step's, redacted in presenter mode.
pub(crate) fn text<'a>(app: &App, text: &'a str) -> Cow<'a, str> {
    if !app.presenter {
        return Cow::Borrowed(text);
    }
    Cow::Owned(redactor(app).redact(text))
}

fn redactor(app: &App) -> Redactor {
    let mut redactor = Redactor::new(app.options.private.clone());
    redactor.learn(&app.plan);
    redactor
}

/// What is known of a step, redacted in presenter mode.
pub(crate) fn step_state<'a>(app: &App, state: &'a StepState) -> Cow<'a, StepState> {
    if !app.presenter {
        return Cow::Borrowed(state);
    }
    let redactor = redactor(app);
    let hide = |text: &mut String| redactor.redact_in_place(text);
    let mut state = state.clone();
    hide(&mut state.evidence);
    for finding in &mut state.findings {
        hide(&mut finding.title);
        hide(&mut finding.detail);
        hide(&mut finding.hint);
    }
    if let Some(failure) = &mut state.failure {
        hide(&mut failure.what);
        hide(&mut failure.why);
        hide(&mut failure.hint);
        failure.request_id = None;
    }
    if let Some(progress) = &mut state.progress {
        hide(&mut progress.label);
    }
    match &mut state.facts {
        Some(Facts::Login(login)) => {
            hide(&mut login.who);
            hide(&mut login.store);
            if !login.api_host.contains(NEON) {
                REDACTED.clone_into(&mut login.api_host);
            }
            if let Some(waiting) = &mut login.waiting {
                REDACTED.clone_into(&mut waiting.address);
            }
            if let Some(account) = &mut login.neon_cli {
                REDACTED.clone_into(account);
            }
        }
        Some(Facts::Project(project)) => {
            // a page's text never shows them: the choices do, without their ids
            project.choices = Arc::default();
            if let Some(joined) = &mut project.joined {
                for text in [
                    &mut joined.id,
                    &mut joined.host,
                    // a branch for each developer has the name of one
                    &mut joined.branch,
                    &mut joined.database,
                    &mut joined.role,
                ] {
                    hide(text);
                }
            }
        }
        Some(Facts::Env(EnvFacts { files })) => {
            for line in files.iter_mut().flat_map(|file| &mut file.diff) {
                hide(&mut line.text);
            }
        }
        Some(Facts::Backend(backend)) => {
            for check in &mut backend.checks {
                hide(&mut check.text);
            }
            for change in &mut backend.changes {
                hide(&mut change.path);
                hide(&mut change.why);
                for line in &mut change.diff {
                    hide(&mut line.text);
                }
            }
        }
        Some(
            Facts::Health(HealthFacts { checks, .. }) | Facts::Secrets(SecretsFacts { checks, .. }),
        ) => {
            for check in checks {
                hide(&mut check.text);
            }
        }
        Some(Facts::Schema(schema)) => {
            hide(&mut schema.source);
            hide(&mut schema.sql);
            for note in schema.tables.iter_mut().flat_map(|table| &mut table.notes) {
                hide(note);
            }
        }
        None => {}
    }
    Cow::Owned(state)
}
