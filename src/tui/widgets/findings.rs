//! Findings and failures: what, where, why, and the way out.

use ratatui::text::{Line, Span};

use crate::{
    core::{code::Code, failure::Failure, finding::Finding, invocation::Invocation, step::StepId},
    tui::{
        state::Screen,
        text,
        text_context::TextContext,
        theme::{Role, Theme},
    },
};

/// The findings, the gravest first.
pub(crate) fn list(context: TextContext<'_>, findings: &[Finding]) -> Vec<Line<'static>> {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut lines = Vec::new();
    for finding in sorted {
        match finding.follows {
            Some(cause) => lines.extend(folded(context, finding, cause)),
            None => lines.extend(one(context, finding)),
        }
    }
    lines
}

/// What follows from a finding elsewhere: it has no fix of its own.
fn folded(context: TextContext<'_>, finding: &Finding, cause: Code) -> Vec<Line<'static>> {
    let follows = format!("{} (follows from {cause})", finding.title);
    context.signed(Role::Dim, &follows, &context.span(Role::Dim, "· "))
}

/// The cause, the place, why, the fix, and the code last.
fn one(context: TextContext<'_>, finding: &Finding) -> Vec<Line<'static>> {
    let (glyph, role) = Theme::severity(finding.severity);
    let sign = context.span(role, format!("{glyph} "));
    let mut lines = context.signed(Role::Text, &finding.title, &sign);
    let place = match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!("{path}:{line}"),
        // the title has named it
        (Some(path), None) if !finding.title.contains(path.as_str()) => path.clone(),
        (Some(_) | None, _) => String::new(),
    };
    if !place.is_empty() {
        let room = context.width.saturating_sub(2);
        let place = format!("  {}", text::elide(&place, room));
        lines.push(Line::from(context.span(Role::Dim, place)));
    }
    if !finding.detail.is_empty() {
        lines.extend(context.wrapped(Role::Dim, &finding.detail, 2));
    }
    if !is_offered(context, finding) {
        lines.extend(hint(context, &finding.hint));
    }
    end_with_code(context, &mut lines, finding.code.as_str());
    lines
}

/// Whether the screen offers what a finding's hint says: its footer has the step's own command, and the login screen a field for a
/// key, where to get one, and where to keep it.
fn is_offered(context: TextContext<'_>, finding: &Finding) -> bool {
    let Screen::Step(shown) = context.app.screen else {
        return false;
    };
    let has_field = matches!(
        finding.code,
        Code::LoginMissingKey | Code::LoginKeyringUnavailable
    );
    (has_field && shown == StepId::Login)
        || finding.hint == Invocation::SetupStep(shown).to_string()
}

/// Puts the code at the right end of the last line, or below it.
fn end_with_code(context: TextContext<'_>, lines: &mut Vec<Line<'static>>, code: &str) {
    match lines.last_mut() {
        Some(last) if last.width() + 2 + text::width(code) <= context.width => {
            let gap = context.width - last.width() - text::width(code);
            last.push_span(Span::raw(" ".repeat(gap)));
            last.push_span(context.span(Role::Dim, code.to_owned()));
        }
        _ => lines.extend(context.wrapped(Role::Dim, code, 2)),
    }
}

/// What to do, after an arrow.
fn hint(context: TextContext<'_>, hint: &str) -> Vec<Line<'static>> {
    context.signed(Role::Text, hint, &context.span(Role::Accent, "  → "))
}

/// A failure: what, why, the hint, the code.
pub(crate) fn failure(context: TextContext<'_>, failure: &Failure) -> Vec<Line<'static>> {
    let mut lines = context.signed(Role::Heading, &failure.what, &context.span(Role::Bad, "✗ "));
    lines.extend(context.wrapped(Role::Text, &failure.why, 2));
    lines.extend(hint(context, &failure.hint));
    let mut code = failure.code.as_str().to_owned();
    if let Some(id) = &failure.request_id {
        code = format!("{code} · request {id}");
    }
    end_with_code(context, &mut lines, &code);
    lines
}
