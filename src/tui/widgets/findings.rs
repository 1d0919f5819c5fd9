//! Findings and failures: what, where, why, and the way out.

use ratatui::text::{Line, Span};

use crate::{
    core::{code::Code, failure::Failure, finding::Finding},
    tui::{
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
    let room = context.width.saturating_sub(2).max(1);
    let follows = format!("{} (follows from {cause})", finding.title);
    let parts = text::wrap(&follows, room).into_iter().enumerate();
    parts
        .map(|(index, part)| {
            let sign = if index == 0 { "· " } else { "  " };
            Line::from(context.span(Role::Dim, format!("{sign}{part}")))
        })
        .collect()
}

fn one(context: TextContext<'_>, finding: &Finding) -> Vec<Line<'static>> {
    let (glyph, role) = Theme::severity(finding.severity);
    let word = finding.severity.word();
    let code = finding.code.as_str();
    let room = context.width.saturating_sub(2 + word.len() + 2).max(1);
    // without a file, the code has its place at the end of the first line
    let aside = finding.path.is_none()
        && text::width(&text::clean(&finding.title)) + code.len() + 3 <= room;
    let mut lines = Vec::new();
    for (index, part) in text::wrap(&finding.title, room).into_iter().enumerate() {
        if index > 0 {
            lines.push(Line::from(context.span(Role::Text, format!("  {part}"))));
            continue;
        }
        let left = vec![
            context.span(role, glyph),
            Span::raw(" "),
            context.span(Role::Text, part),
        ];
        let narrower = context.with_width(context.width.saturating_sub(word.len()));
        let code = if aside {
            format!("{code} · ")
        } else {
            String::new()
        };
        let mut line = narrower.justified(left, context.span(Role::Dim, code));
        line.push_span(context.span(role, word));
        lines.push(line);
    }
    if !aside {
        let place = match (&finding.path, finding.line) {
            (Some(path), Some(line)) => format!("{path}:{line} · {code}"),
            (Some(path), None) => format!("{path} · {code}"),
            (None, _) => code.to_owned(),
        };
        lines.push(Line::from(context.span(
            Role::Dim,
            format!("  {}", text::elide(&place, context.width.saturating_sub(2))),
        )));
    }
    if !finding.detail.is_empty() {
        lines.extend(context.wrapped(Role::Dim, &finding.detail, 2));
    }
    if !finding.hint.is_empty() {
        lines.extend(hint(context, &finding.hint));
    }
    lines
}

/// What to do, after an arrow.
fn hint(context: TextContext<'_>, hint: &str) -> Vec<Line<'static>> {
    text::wrap(hint, context.width.saturating_sub(4))
        .into_iter()
        .enumerate()
        .map(|(index, part)| {
            let sign = if index == 0 { "  → " } else { "    " };
            Line::from(vec![
                context.span(Role::Accent, sign),
                context.span(Role::Text, part),
            ])
        })
        .collect()
}

/// A failure: what, why, the hint, the code.
pub(crate) fn failure(context: TextContext<'_>, failure: &Failure) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (index, part) in text::wrap(&failure.what, context.width.saturating_sub(2))
        .into_iter()
        .enumerate()
    {
        let sign = if index == 0 { "✗ " } else { "  " };
        lines.push(Line::from(vec![
            context.span(Role::Bad, sign),
            context.span(Role::Heading, part),
        ]));
    }
    if !failure.why.is_empty() {
        lines.extend(context.wrapped(Role::Text, &failure.why, 2));
    }
    let mut code = failure.code.as_str().to_owned();
    if let Some(id) = &failure.request_id {
        code = format!("{code} · request {id}");
    }
    lines.push(Line::from(context.span(
        Role::Dim,
        format!("  {}", text::elide(&code, context.width.saturating_sub(2))),
    )));
    if !failure.hint.is_empty() {
        lines.extend(hint(context, &failure.hint));
    }
    lines
}
