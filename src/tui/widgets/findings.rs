//! Findings and failures: what, where, why, and the way out.

use ratatui::text::{Line, Span};

use crate::{
    core::{failure::Failure, finding::Finding},
    tui::{
        screens::Pen,
        text,
        theme::{Role, Theme},
    },
};

/// The findings, the gravest first.
pub(crate) fn list(pen: Pen<'_>, findings: &[Finding]) -> Vec<Line<'static>> {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut lines = Vec::new();
    for finding in sorted {
        lines.extend(one(pen, finding));
    }
    lines
}

fn one(pen: Pen<'_>, finding: &Finding) -> Vec<Line<'static>> {
    let (glyph, role) = Theme::severity(finding.severity);
    let word = finding.severity.word();
    let code = finding.code.as_str();
    let room = pen.width.saturating_sub(2 + word.len() + 2).max(1);
    // without a file, the code has its place at the end of the first line
    let aside = finding.path.is_none()
        && text::width(&text::clean(&finding.title)) + code.len() + 3 <= room;
    let mut lines = Vec::new();
    for (index, part) in text::wrap(&finding.title, room).into_iter().enumerate() {
        if index > 0 {
            lines.push(Line::from(pen.span(Role::Text, format!("  {part}"))));
            continue;
        }
        let left = vec![
            pen.span(role, glyph),
            Span::raw(" "),
            pen.span(Role::Text, part),
        ];
        let narrower = Pen {
            width: pen.width.saturating_sub(word.len()),
            ..pen
        };
        let code = if aside {
            format!("{code} · ")
        } else {
            String::new()
        };
        let mut line = narrower.ends(left, pen.span(Role::Dim, code));
        line.push_span(pen.span(role, word));
        lines.push(line);
    }
    if !aside {
        let place = match (&finding.path, finding.line) {
            (Some(path), Some(line)) => format!("{path}:{line} · {code}"),
            (Some(path), None) => format!("{path} · {code}"),
            (None, _) => code.to_owned(),
        };
        lines.push(Line::from(pen.span(
            Role::Dim,
            format!("  {}", text::elide(&place, pen.width.saturating_sub(2))),
        )));
    }
    if !finding.detail.is_empty() {
        lines.extend(pen.wrapped(Role::Dim, &finding.detail, 2));
    }
    if !finding.hint.is_empty() {
        lines.extend(hint(pen, &finding.hint));
    }
    lines
}

/// What to do, after an arrow.
fn hint(pen: Pen<'_>, hint: &str) -> Vec<Line<'static>> {
    text::wrap(hint, pen.width.saturating_sub(4))
        .into_iter()
        .enumerate()
        .map(|(index, part)| {
            let sign = if index == 0 { "  → " } else { "    " };
            Line::from(vec![
                pen.span(Role::Accent, sign),
                pen.span(Role::Text, part),
            ])
        })
        .collect()
}

/// A failure: what, why, the hint, the code.
pub(crate) fn failure(pen: Pen<'_>, failure: &Failure) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (index, part) in text::wrap(&failure.what, pen.width.saturating_sub(2))
        .into_iter()
        .enumerate()
    {
        let sign = if index == 0 { "✗ " } else { "  " };
        lines.push(Line::from(vec![
            pen.span(Role::Bad, sign),
            pen.span(Role::Heading, part),
        ]));
    }
    if !failure.why.is_empty() {
        lines.extend(pen.wrapped(Role::Text, &failure.why, 2));
    }
    let mut code = failure.code.as_str().to_owned();
    if let Some(id) = &failure.request_id {
        code = format!("{code} · request {id}");
    }
    lines.push(Line::from(pen.span(
        Role::Dim,
        format!("  {}", text::elide(&code, pen.width.saturating_sub(2))),
    )));
    if !failure.hint.is_empty() {
        lines.extend(hint(pen, &failure.hint));
    }
    lines
}
