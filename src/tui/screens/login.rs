//! Login: what is known of the key, and the field for one.

use ratatui::{
    style::Modifier,
    text::{Line, Span},
};

use crate::{
    core::{
        facts::{Facts, KeyringState, LoginFacts},
        plan::StepState,
        secret::Secret,
    },
    domain::counted::counted,
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

/// What is shown while the browser is waited for.
pub(crate) fn waiting(context: TextContext<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(Facts::Login(LoginFacts {
        waiting: Some(waiting),
        ..
    })) = &state.facts
    else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if waiting.opened {
        let text = "Neon's login page opens in your browser. Log in there, and this screen continues by itself.";
        lines.extend(context.wrapped(Role::Text, text, 0));
        lines.push(Line::default());
        let text = "No page came up? `o` opens it again, and `y` copies its address:";
        lines.extend(context.wrapped(Role::Dim, text, 0));
        lines.push(context.line(Role::Accent, &without_query(&waiting.address)));
        return lines;
    }
    let text =
        "No browser can be opened here. Open this address in one, on any machine (`y` copies it).";
    lines.extend(context.wrapped(Role::Text, text, 0));
    let text = "It ends at a page that can't be loaded there: copy that page's address, and paste it here.";
    lines.extend(context.wrapped(Role::Text, text, 0));
    lines.extend(
        pieces(&waiting.address, context.width)
            .map(|piece| Line::from(context.span(Role::Accent, piece))),
    );
    lines
}

/// An address without what is of no use to a reader.
fn without_query(address: &str) -> String {
    match address.split_once('?') {
        Some((page, _)) => format!("{page}?…"),
        None => address.to_owned(),
    }
}

/// An address in lines of this width: all of it, since a part of it is of no use.
fn pieces(address: &str, width: usize) -> impl Iterator<Item = String> {
    let chars: Vec<char> = address.chars().collect();
    let lines: Vec<String> = chars
        .chunks(width.max(1))
        .map(|line| line.iter().collect())
        .collect();
    lines.into_iter()
}

/// The field for the address at which the browser has ended.
pub(crate) fn address_field(context: TextContext<'_>) -> Vec<Line<'static>> {
    let address = &context.app.login.address;
    let focused = context.app.focus == Focus::Field;
    let room = context.width.saturating_sub(14);
    let mut cells = Vec::new();
    if address.is_empty() {
        cells.extend(placeholder(
            context,
            focused,
            ("p", "aste the address it ended at"),
        ));
    } else {
        let count = counted(address.chars(), "character");
        cells.push(context.span(Role::Text, "•".repeat(room.saturating_sub(18).min(12))));
        cells.push(context.span(Role::Dim, format!(" {count}")));
    }
    let mut lines = vec![field::named(context, "Address", cells)];
    let problem = context
        .app
        .waiting()
        .and_then(|waiting| waiting.problem.as_ref());
    if let Some(problem) = problem.filter(|_| address.is_empty()) {
        for line in text::wrap(&format!("! {problem}"), room) {
            lines.push(field::named(
                context,
                "",
                vec![context.span(Role::Bad, line)],
            ));
        }
    }
    lines
}

/// What an empty field shows. The cursor is on its first letter, as in a line that is typed: nothing moves when the focus does.
fn placeholder(
    context: TextContext<'_>,
    focused: bool,
    (first, rest): (&'static str, &'static str),
) -> [Span<'static>; 2] {
    let reversed = context.style(Role::Text).add_modifier(Modifier::REVERSED);
    let first = if focused {
        Span::styled(first, reversed)
    } else {
        context.span(Role::Dim, first)
    };
    [first, context.span(Role::Dim, rest)]
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
        cells.extend(placeholder(context, focused, PLACEHOLDER));
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
        let mut words = vec![counted(count, "character")];
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
