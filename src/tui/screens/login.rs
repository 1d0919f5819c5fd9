//! Login: a key is pasted, checked and stored; or another login that was found is used, when the user says so.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a key that is not named edits nothing"
)]

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{
    style::Modifier,
    text::{Line, Span},
};

use crate::tui::screens::Pen;
use crate::{
    core::{
        code::Code,
        facts::{Facts, KeyringState, LoginFacts},
        plan::{Status, StepState},
        secret::Secret,
        step::StepId,
    },
    domain::api_key,
    tui::{
        state::{App, Focus},
        text,
        theme::Role,
        widgets::field,
    },
};

/// What the user has answered here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// The key in the field.
    pub key: Secret,
    /// Whether Neon refused it: the next character starts anew.
    pub rejected: bool,
    /// What is the matter with it.
    pub problem: Option<String>,
    /// Whether another key was asked for although one works.
    pub change: bool,
    /// Until when it is shown.
    pub revealed_until: Option<Duration>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            key: Secret::new(""),
            rejected: false,
            problem: None,
            change: false,
            revealed_until: None,
        }
    }
}

impl State {
    /// Takes a pasted key in one piece. It replaces what was there; it never submits.
    pub(crate) fn paste(&mut self, pasted: &str) {
        self.key = api_key::clean(pasted);
        self.rejected = false;
        self.problem = None;
    }

    /// Takes a key press.
    pub(crate) fn typed(&mut self, event: KeyEvent) {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        self.problem = None;
        let fresh = std::mem::take(&mut self.rejected);
        match event.code {
            KeyCode::Char('u' | 'w') if control => self.key = Secret::new(""),
            KeyCode::Char(char) if !control && !char.is_whitespace() => {
                let before = if fresh { "" } else { self.key.expose() };
                if before.chars().count() < api_key::LONGEST {
                    self.key = Secret::new(format!("{before}{char}"));
                }
            }
            KeyCode::Backspace => {
                let mut rest = self.key.expose().to_owned();
                rest.pop();
                self.key = Secret::new(rest);
            }
            _ => self.rejected = fresh,
        }
    }

    /// The key, if it can be one.
    pub(crate) fn checked(&self) -> Result<Secret, String> {
        let count = self.key.chars();
        if self.key.is_empty() {
            Err("paste or type a key first".to_owned())
        } else if count > api_key::LONGEST {
            Err(format!(
                "{count} characters cannot be a key: copy the key alone"
            ))
        } else if self
            .key
            .expose()
            .chars()
            .any(|char| !char.is_ascii_graphic())
        {
            Err("a key has only plain letters, digits and signs".to_owned())
        } else {
            Ok(self.key.clone())
        }
    }
}

fn detail(state: &StepState) -> Option<&LoginFacts> {
    match &state.facts {
        Some(Facts::Login(login)) => Some(login),
        _ => None,
    }
}

/// Whether the screen asks for a key.
pub(crate) fn asks(app: &App) -> bool {
    match app.settled(StepId::Login) {
        Status::Todo | Status::Failed => true,
        Status::Done => app.login.change,
        Status::Unknown | Status::Running | Status::Skipped => false,
    }
}

/// Whether typing a key is what the screen asks for first.
pub(crate) fn wants_key(app: &App) -> bool {
    if !asks(app) {
        return false;
    }
    let state = app.plan.step(StepId::Login);
    let login = detail(state);
    let found = login.is_some_and(|login| login.key.is_some() || login.neon_cli.is_some());
    let unreachable = state.has(Code::LoginUnreachable);
    app.login.change
        || !app.login.key.is_empty()
        || state.has(Code::LoginKeyRejected)
        || !(found || unreachable)
}

/// What is known.
pub(crate) fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(login) = detail(state) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some((source, masked, count)) = &login.key {
        lines.push(pen.fact("Key", &format!("{masked}, {count} characters")));
        lines.push(pen.fact("Found in", source.words()));
    }
    if let Some(kind) = login.kind {
        lines.push(pen.fact("Kind", kind.words()));
    }
    if !login.who.is_empty() {
        lines.push(pen.fact("Account", &login.who));
    }
    match &login.keyring {
        Some(KeyringState::Unavailable(why)) => {
            lines.push(pen.fact("Keyring", &format!("not available: {why}")));
        }
        Some(KeyringState::Ready) if !login.store.is_empty() => {
            lines.push(pen.fact("Stored in", &login.store));
        }
        Some(KeyringState::Ready) | None => {}
    }
    if let Some(account) = &login.neon_cli {
        lines.push(pen.fact("Also found", &format!("the neon CLI's login ({account})")));
    }
    if !login.api_host.is_empty() {
        lines.push(pen.fact("API", &login.api_host));
    }
    lines
}

/// The key's field.
pub(crate) fn field(pen: Pen<'_>) -> Vec<Line<'static>> {
    let state = &pen.app.login;
    let focused = pen.app.focus == Focus::Field;
    let room = pen.width.saturating_sub(14);
    let cursor = |on: &'static str| {
        Span::styled(
            on,
            pen.theme.style(Role::Text).add_modifier(Modifier::REVERSED),
        )
    };
    let mut cells = Vec::new();
    let mut under = Vec::new();
    let mut problems = Vec::new();
    if state.key.is_empty() {
        // the cursor lies on the first letter, as in a line that is typed: nothing moves when the keys go elsewhere
        let (first, rest) = PLACEHOLDER;
        cells.push(if focused {
            cursor(first)
        } else {
            pen.span(Role::Dim, first)
        });
        cells.push(pen.span(Role::Dim, rest));
        under.push(pen.span(Role::Dim, where_from(pen.app)));
    } else {
        let count = state.key.chars();
        let shown = if state.revealed_until.is_some() {
            text::elide(state.key.expose(), room)
        } else {
            dots(&state.key, room)
        };
        let role = if state.rejected {
            Role::Bad
        } else {
            Role::Text
        };
        cells.push(pen.span(role, shown));
        if focused {
            cells.push(cursor(" "));
        }
        let mut words = vec![text::count(count, "character", "characters")];
        if state.key.expose().starts_with("napi_") {
            words.push("napi_".to_owned());
            if (40..=128).contains(&count) {
                words.push("looks whole".to_owned());
            }
        } else if count >= 5 {
            words.push("no napi_ at its start".to_owned());
        }
        under.push(pen.span(Role::Dim, text::elide(&words.join(" · "), room)));
    }
    if let Some(problem) = &state.problem {
        for line in text::wrap(&format!("! {problem}"), room) {
            problems.push(vec![pen.span(Role::Bad, line)]);
        }
    } else if state.rejected {
        under = vec![pen.span(Role::Bad, "! refused by Neon; paste another one")];
    }
    let name = if state.key.is_empty() && state.problem.is_none() {
        "Get one"
    } else {
        ""
    };
    let mut lines = vec![field::named(pen, "API key", cells)];
    if problems.is_empty() {
        lines.push(field::named(pen, name, under));
    }
    lines.extend(
        problems
            .into_iter()
            .map(|problem| field::named(pen, "", problem)),
    );
    lines
}

/// What an empty field says: its first letter, which the cursor lies on, and the rest.
const PLACEHOLDER: (&str, &str) = ("p", "aste it here; it stays hidden");

/// Where a key comes from, short enough for the narrowest screen.
fn where_from(app: &App) -> &'static str {
    if app.options.place == "Sandbox" {
        "the sandbox says it when it starts"
    } else {
        "console.neon.tech/app/settings/api-keys"
    }
}

/// Dots for each character, and the last four of a key that is long enough not to be told by them.
fn dots(key: &Secret, room: usize) -> String {
    let count = key.chars();
    if count < 16 {
        return "•".repeat(count.min(room));
    }
    let last: String = key.expose().chars().skip(count - 4).collect();
    let dots = (count - 4).min(room.saturating_sub(6)).min(40);
    format!("{} …{last}", "•".repeat(dots))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_text_is_no_key() {
        let mut state = State::default();
        state.paste(&"line\n".repeat(900));
        assert_eq!(
            state.checked().unwrap_err(),
            "3600 characters cannot be a key: copy the key alone"
        );
    }
}
