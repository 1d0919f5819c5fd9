//! SQL with simple highlighting: keywords, literals, comments.

use ratatui::text::{Line, Span};

use crate::tui::{screens::Pen, text, theme::Role};

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

/// The highlighted lines. Block comments and dollar quotes reach over lines.
pub fn lines(pen: Pen<'_>, sql: &str) -> Vec<Line<'static>> {
    let mut comment = false;
    sql.lines()
        .map(|line| {
            let line = text::elide(&line.replace('\t', "    "), pen.width.saturating_sub(2));
            let mut spans = vec![Span::raw("  ")];
            highlight(pen, &line, &mut comment, &mut spans);
            Line::from(spans)
        })
        .collect()
}

fn highlight(pen: Pen<'_>, line: &str, comment: &mut bool, spans: &mut Vec<Span<'static>>) {
    let chars: Vec<char> = line.chars().collect();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        let start = at;
        let role = if *comment || (char == '/' && next == Some('*')) {
            *comment = true;
            while at < chars.len() {
                if chars.get(at) == Some(&'*') && chars.get(at + 1) == Some(&'/') && at > start {
                    at += 2;
                    *comment = false;
                    break;
                }
                at += 1;
            }
            Role::Dim
        } else if char == '-' && next == Some('-') {
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
        spans.push(pen.span(role, part));
    }
}
