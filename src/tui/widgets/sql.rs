//! SQL with simple highlighting: keywords, literals, comments.

use ratatui::text::{Line, Span};

use crate::tui::{text, text_context::TextContext, theme::Role};

const KEYWORDS: &[&str] = &[
    "add",
    "alter",
    "and",
    "as",
    "begin",
    "between",
    "by",
    "cascade",
    "case",
    "check",
    "column",
    "commit",
    "constraint",
    "create",
    "database",
    "default",
    "delete",
    "do",
    "drop",
    "else",
    "end",
    "exists",
    "extension",
    "false",
    "foreign",
    "from",
    "function",
    "grant",
    "if",
    "in",
    "index",
    "insert",
    "into",
    "is",
    "key",
    "language",
    "not",
    "null",
    "on",
    "or",
    "order",
    "primary",
    "references",
    "replace",
    "returns",
    "schema",
    "select",
    "set",
    "table",
    "then",
    "to",
    "trigger",
    "true",
    "type",
    "unique",
    "update",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// What goes on at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SqlState {
    Code,
    /// A `/* … */`.
    Block,
    /// A `-- …` that was broken.
    Line,
}

/// The highlighted lines; a longer one is broken, so that nothing that runs is hidden.
pub(crate) fn lines(context: TextContext<'_>, sql: &str) -> Vec<Line<'static>> {
    let mut inside = SqlState::Code;
    let mut lines = Vec::new();
    for line in sql.lines() {
        let line = line.replace('\t', "    ");
        let indent = line.chars().take_while(|char| *char == ' ').count();
        let indent = indent.min(context.width / 2);
        let parts = if text::width(&line) + 2 <= context.width {
            vec![text::clean(&line)]
        } else {
            text::wrap(&line, context.width.saturating_sub(indent + 6))
                .into_iter()
                .enumerate()
                .map(|(index, part)| {
                    let hang = if index == 0 { indent } else { indent + 4 };
                    format!("{}{part}", " ".repeat(hang))
                })
                .collect()
        };
        for part in parts {
            let mut spans = vec![Span::raw("  ")];
            highlight(context, &part, &mut inside, &mut spans);
            lines.push(Line::from(spans));
        }
        if inside == SqlState::Line {
            inside = SqlState::Code;
        }
    }
    lines
}

fn highlight(
    context: TextContext<'_>,
    line: &str,
    inside: &mut SqlState,
    spans: &mut Vec<Span<'static>>,
) {
    let chars: Vec<char> = line.chars().collect();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        let start = at;
        let role = if *inside == SqlState::Line {
            at = chars.len();
            Role::Dim
        } else if *inside == SqlState::Block || (char == '/' && next == Some('*')) {
            *inside = SqlState::Block;
            while at < chars.len() {
                if chars.get(at) == Some(&'*') && chars.get(at + 1) == Some(&'/') && at > start {
                    at += 2;
                    *inside = SqlState::Code;
                    break;
                }
                at += 1;
            }
            Role::Dim
        } else if char == '-' && next == Some('-') {
            *inside = SqlState::Line;
            at = chars.len();
            Role::Dim
        } else if char == '\'' {
            at += 1;
            while chars.get(at).is_some_and(|char| *char != '\'') {
                at += 1;
            }
            at += 1;
            Role::Literal
        } else if char.is_alphabetic() || char == '_' {
            while chars
                .get(at)
                .is_some_and(|char| char.is_alphanumeric() || *char == '_')
            {
                at += 1;
            }
            let word: String = chars.iter().skip(start).take(at - start).collect();
            if KEYWORDS.contains(&word.to_lowercase().as_str()) {
                Role::Keyword
            } else {
                Role::Text
            }
        } else if char.is_ascii_digit() {
            while chars.get(at).is_some_and(char::is_ascii_digit) {
                at += 1;
            }
            Role::Literal
        } else {
            at += 1;
            Role::Text
        };
        at = at.min(chars.len());
        let part: String = chars.iter().skip(start).take(at - start).collect();
        spans.push(context.span(role, part));
    }
}
