//! Login: what is known of the key, and the field for one.

use ratatui::{
    style::Modifier,
    text::{Line, Span},
};

use crate::{
    core::{
        facts::{Facts, KeyringState},
        plan::StepState,
        secret::Secret,
    },
    tui::{
        state::{App, Focus},
        text,
        text_context::TextContext,
        theme::Role,
        widgets::field,
    },
};

/// The lines of the step's facts.
pub(crate) fn facts(context: TextContext<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(Facts::Login(login)) = &state.facts else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some((source, masked, count)) = &login.key {
        lines.push(context.fact("Key", &format!("{masked}, {count} characters")));
        lines.push(context.fact("Found in", source.words()));
    }
    if let Some(kind) = login.kind {
        lines.push(context.fact("Kind", kind.words()));
    }
    if !login.who.is_empty() {
        lines.push(context.fact("Account", &login.who));
    }
    // without a keyring there is a finding that says so
    if login.keyring == Some(KeyringState::Ready) && login.key.is_some() && !login.store.is_empty()
    {
        lines.push(context.fact("Stored in", &login.store));
    }
    if let Some(account) = &login.neon_cli {
        lines.push(context.fact("Also found", &format!("the neon CLI's login ({account})")));
    }
    if login.key.is_some() && !login.api_host.is_empty() {
        lines.push(context.fact("API", &login.api_host));
    }
    lines
}

/// The field for a key.
pub(crate) fn field(context: TextContext<'_>) -> Vec<Line<'static>> {
    let state = &context.app.login;
    let focused = context.app.focus == Focus::Field;
    let room = context.width.saturating_sub(14);
    let cursor = |on: &'static str| {
        Span::styled(
            on,
            context.style(Role::Text).add_modifier(Modifier::REVERSED),
        )
    };
    let mut cells = Vec::new();
    let mut under = Vec::new();
    let mut problems = Vec::new();
    if state.key.is_empty() {
        // the cursor is on the first letter, as in a line that is typed: nothing moves when the focus does
        let (first, rest) = PLACEHOLDER;
        cells.push(if focused {
            cursor(first)
        } else {
            context.span(Role::Dim, first)
        });
        cells.push(context.span(Role::Dim, rest));
        under.push(context.span(Role::Dim, key_source(context.app)));
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
        cells.push(context.span(role, shown));
        if focused {
            cells.push(cursor(" "));
        }
        let mut words = vec![text::count(count, "character", "characters")];
        if state.key.expose().starts_with("napi_") {
            words.push("napi_".to_owned());
            if (40..=128).contains(&count) {
                words.push("looks complete".to_owned());
            }
        } else if count >= 5 {
            words.push("does not start with napi_".to_owned());
        }
        under.push(context.span(Role::Dim, text::elide(&words.join(" · "), room)));
    }
    if let Some(problem) = &state.problem {
        for line in text::wrap(&format!("! {problem}"), room) {
            problems.push(vec![context.span(Role::Bad, line)]);
        }
    } else if state.rejected {
        under = vec![context.span(Role::Bad, "! Neon rejected this key; paste another one")];
    }
    let name = if state.key.is_empty() && state.problem.is_none() {
        "Get a key"
    } else {
        ""
    };
    let mut lines = vec![field::named(context, "API key", cells)];
    if problems.is_empty() {
        lines.push(field::named(context, name, under));
    }
    lines.extend(
        problems
            .into_iter()
            .map(|problem| field::named(context, "", problem)),
    );
    lines
}

/// What an empty field shows: its first letter, which is under the cursor, and the rest.
const PLACEHOLDER: (&str, &str) = ("p", "aste it here; it stays hidden");

/// Where a key comes from, short enough for the narrowest screen.
fn key_source(app: &App) -> &'static str {
    if app.options.service == "Sandbox" {
        "the sandbox prints it when it starts"
    } else {
        "console.neon.tech/app/settings/api-keys"
    }
}

/// Dots for the characters, and the last four of a key that is long enough not to be guessed from them.
fn dots(key: &Secret, room: usize) -> String {
    let count = key.chars();
    if count < 16 {
        return "•".repeat(count.min(room));
    }
    let last: String = key.expose().chars().skip(count - 4).collect();
    let dots = (count - 4).min(room.saturating_sub(6)).min(40);
    format!("{} …{last}", "•".repeat(dots))
}
