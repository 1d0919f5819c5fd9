//! Presenter mode: identifiers are hidden as well as secrets, so that a screen can be shown to a room.

use std::{borrow::Cow, sync::Arc};

use super::app::App;
use crate::{
    detail::{Detail, Env, Health, Secrets},
    plan::StepState,
    receipt::{hide, identifiers},
};

pub use crate::receipt::HIDDEN;

/// A text of another place, hidden where presenter mode is on.
pub fn text<'a>(app: &App, text: &'a str) -> Cow<'a, str> {
    if !app.presenter {
        return Cow::Borrowed(text);
    }
    let mut owned = text.to_owned();
    hide(&identifiers(&app.plan), &mut owned);
    Cow::Owned(owned)
}

/// The facts of a step, hidden where presenter mode is on.
pub fn veil<'a>(app: &App, state: &'a StepState) -> Cow<'a, StepState> {
    if !app.presenter {
        return Cow::Borrowed(state);
    }
    let words = identifiers(&app.plan);
    let hide = |text: &mut String| hide(&words, text);
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
    match &mut state.detail {
        Some(Detail::Login(login)) => {
            hide(&mut login.who);
            hide(&mut login.store);
            if let Some(account) = &mut login.neon_cli {
                HIDDEN.clone_into(account);
            }
        }
        Some(Detail::Project(project)) => {
            // a page's text never shows them: the choices do, without their ids
            project.choices = Arc::default();
            if let Some(joined) = &mut project.joined {
                hide(&mut joined.id);
                hide(&mut joined.host);
            }
        }
        Some(Detail::Env(Env { files })) => {
            for line in files.iter_mut().flat_map(|file| &mut file.diff) {
                hide(&mut line.text);
            }
        }
        Some(Detail::Backend(backend)) => {
            for check in &mut backend.checks {
                hide(&mut check.text);
            }
        }
        Some(
            Detail::Health(Health { rungs: checks, .. }) | Detail::Secrets(Secrets { checks, .. }),
        ) => {
            for check in checks {
                hide(&mut check.text);
            }
        }
        Some(Detail::Schema(_)) | None => {}
    }
    Cow::Owned(state)
}
