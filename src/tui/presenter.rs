//! Presenter mode: identifiers are hidden as well as secrets, so that a screen can be shown to a room.

use std::borrow::Cow;

use super::app::App;
use crate::{
    detail::{Detail, Env, Health, Secrets},
    plan::{StepId, StepState},
};

/// What stands for something hidden.
pub const HIDDEN: &str = "•••";

/// Everything in the plan that identifies somebody or something: hosts, ids, addresses of people. Longest first.
fn identifiers(app: &App) -> Vec<String> {
    let mut words = Vec::new();
    for step in StepId::ALL {
        match &app.plan.step(step).detail {
            Some(Detail::Login(login)) => {
                words.push(login.who.clone());
                words.extend(login.neon_cli.clone());
            }
            Some(Detail::Project(project)) => {
                words.extend(project.choices.iter().map(|choice| choice.id.clone()));
                if let Some(joined) = &project.joined {
                    words.push(joined.id.clone());
                    words.push(joined.host.clone());
                    words.extend(joined.host.split([':', '.']).next().map(str::to_owned));
                }
            }
            Some(
                Detail::Env(_)
                | Detail::Backend(_)
                | Detail::Schema(_)
                | Detail::Health(_)
                | Detail::Secrets(_),
            )
            | None => {}
        }
    }
    // a very short word would take half of the page with it
    words.retain(|word| word.chars().count() >= 4 && word != "localhost");
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

/// Hides identifiers in a text, and everything that looks like an e-mail address.
fn hide(words: &[String], text: &mut String) {
    for word in words {
        if text.contains(word.as_str()) {
            *text = text.replace(word.as_str(), HIDDEN);
        }
    }
    if text.contains('@') {
        let parts: Vec<_> = text
            .split(' ')
            .map(|part| {
                let mail = part.split_once('@').is_some_and(|(name, host)| {
                    !name.is_empty() && host.contains('.') && !part.contains("://")
                });
                if mail { HIDDEN } else { part }
            })
            .collect();
        *text = parts.join(" ");
    }
}

/// A text of another place, hidden where presenter mode is on.
pub fn text<'a>(app: &App, text: &'a str) -> Cow<'a, str> {
    if !app.presenter {
        return Cow::Borrowed(text);
    }
    let mut owned = text.to_owned();
    hide(&identifiers(app), &mut owned);
    Cow::Owned(owned)
}

/// The facts of a step, hidden where presenter mode is on.
pub fn veil<'a>(app: &App, state: &'a StepState) -> Cow<'a, StepState> {
    if !app.presenter {
        return Cow::Borrowed(state);
    }
    let words = identifiers(app);
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
            for choice in &mut project.choices {
                hide(&mut choice.id);
            }
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
