//! Proposal: the `neonup.toml` that the repository lacks, with what shows each value.

use ratatui::text::Line;

use crate::{
    project::draft::in_folder,
    tui::{choices, proposal::ProposalRequest, text, text_context::TextContext, theme::Role},
};

/// The heading, and the sentence below it.
pub(crate) const TITLE: (&str, &str) = (
    "A neonup.toml for this project",
    "None yet. Commit it: the next person just runs neonup.",
);

/// The lines above the values.
pub(crate) fn body(context: TextContext<'_>) -> Vec<Line<'static>> {
    let Some(proposal) = &context.app.proposal else {
        return Vec::new();
    };
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
        Some(ProposalRequest::Write(_)) => lines.push(context.line(Role::Dim, "Writing…")),
        None => {}
    }
    lines
}
