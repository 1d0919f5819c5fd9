//! Proposal: the `neonup.toml` that the repository lacks, with what shows each value; or the values of the one that it has.

use ratatui::text::Line;

use crate::{
    project::draft::{DraftValue, in_folder},
    tui::{
        choices,
        proposal::{ProposalRequest, ProposalScreen},
        state::App,
        text,
        text_context::TextContext,
        theme::Role,
    },
};

/// The heading, and the sentence below it.
pub(crate) fn title(app: &App) -> (&'static str, &'static str) {
    if app
        .proposal
        .as_ref()
        .is_some_and(|proposal| proposal.exists)
    {
        return (
            "The settings in neonup.toml",
            "Nothing is written before you save. The rest is kept.",
        );
    }
    (
        "A neonup.toml for this project",
        "None yet. Commit it: the next person just runs neonup.",
    )
}

/// What a value of a file that exists decides.
fn about(value: &DraftValue) -> &'static str {
    match (value.table, value.key.as_str()) {
        ("project", "name") => "the name of the project at Neon; used only until one is joined",
        ("project", "org") => "the organization in which the project is created",
        ("project", "branch") => {
            "the branch to use; it is created if it's missing. dev/{user} gives each developer a branch"
        }
        ("project", "database") => "the database to use; it is created if it's missing",
        ("project", "role") => {
            "the role that the app logs in as, instead of the database's owner; it is created if it's missing"
        }
        ("project", "region") => {
            "where a new project is created; an existing one stays where it is"
        }
        ("project", "postgres") => {
            "the version that a new project gets; an existing one keeps its own"
        }
        ("project", "branch_expires_days") => {
            "after how many days Neon deletes a developer's branch"
        }
        ("env", "file") => "the file that neonup writes",
        ("env", "example") => "the committed file that lists every key without its value",
        ("env", _) => "what this key holds; n switches between the direct and the pooled address",
        ("schema", _) => "how the tables are created",
        ("backend", _) => "how the app is started and checked",
        _ => "",
    }
}

/// The lines above the values of a file that exists.
fn body_of_file(context: TextContext<'_>, proposal: &ProposalScreen) -> Vec<Line<'static>> {
    let value = choices::chosen_value(context.app).and_then(|index| proposal.draft.value(index));
    let (name, about) = match value {
        Some(value) => (value.name().to_owned(), about(value)),
        None => ("Values".to_owned(), "select one to see what it decides"),
    };
    let mut lines = vec![context.fact("File", &proposal.proposed().path)];
    lines.extend(context.wrapped(Role::Text, &format!("{}: {about}.", text::clean(&name)), 0));
    if let Some(problem) = &proposal.problem {
        lines.extend(context.wrapped(Role::Bad, &format!("✗ {problem}"), 0));
    }
    if proposal.waits.is_some() {
        lines.push(context.line(Role::Dim, "Saving…"));
    }
    lines
}

/// The lines above the values.
pub(crate) fn body(context: TextContext<'_>) -> Vec<Line<'static>> {
    let Some(proposal) = &context.app.proposal else {
        return Vec::new();
    };
    if proposal.exists {
        return body_of_file(context, proposal);
    }
    let found = &proposal.found;
    let mut lines = vec![context.fact("App", &in_folder(found.stack, &found.dir))];
    match proposal.other_apps() {
        0 => {}
        1 => lines.push(context.fact("Also here", "1 other app that uses a database")),
        many => {
            let also = format!("{many} other apps that use a database");
            lines.push(context.fact("Also here", &also));
        }
    }
    let from = match choices::chosen_value(context.app) {
        Some(index) => proposal.shown_by(index),
        None => "select a value to see what shows it".to_owned(),
    };
    lines.push(context.fact("Shown by", &from));
    if let Some(why) = found.cut {
        lines.extend(context.wrapped(Role::Warn, &format!("! There may be more: {why}"), 0));
    }
    if let Some(doubt) = proposal.doubt() {
        lines.extend(context.wrapped(Role::Warn, &format!("! {doubt}"), 0));
    }
    if let Some(problem) = &proposal.problem {
        lines.extend(context.wrapped(Role::Bad, &format!("✗ {problem}"), 0));
    }
    match &proposal.waits {
        Some(ProposalRequest::Of(dir)) => {
            let place = if dir.is_empty() { "the root" } else { dir };
            lines.push(context.line(Role::Dim, &format!("Reading {}…", text::clean(place))));
        }
        Some(
            ProposalRequest::Write(_) | ProposalRequest::Replace { .. } | ProposalRequest::Read(_),
        ) => lines.push(context.line(Role::Dim, "Writing…")),
        None => {}
    }
    lines
}
