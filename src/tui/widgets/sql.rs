//! SQL with simple highlighting: keywords, literals, comments.

use std::iter::Peekable;

use ratatui::text::{Line, Span};

use crate::{
    domain::sql::{self, SqlToken},
    tui::{text, text_context::TextContext, theme::Role},
};

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

/// The highlighted lines; a longer one is broken, so that nothing that runs is hidden.
pub(crate) fn lines(context: TextContext<'_>, sql: &str) -> Vec<Line<'static>> {
    let source: Vec<String> = sql
        .lines()
        .map(|line| text::clean(&line.replace('\t', "    ")))
        .collect();
    let mut roles = Vec::new();
    collect_roles(&source.join("\n"), 0, &mut roles);
    // breaking a line changes its blanks alone
    let mut roles = roles.into_iter().peekable();
    let mut lines = Vec::new();
    for line in source {
        for part in broken(&line, context.width) {
            lines.push(highlight(context, &part, &mut roles));
        }
    }
    lines
}

fn broken(line: &str, width: usize) -> Vec<String> {
    if text::width(line) + 2 <= width {
        return vec![line.to_owned()];
    }
    let indent = line.chars().take_while(|char| *char == ' ').count();
    let indent = indent.min(width / 2);
    text::wrap(line, width.saturating_sub(indent + 6))
        .into_iter()
        .enumerate()
        .map(|(index, part)| {
            let hang = if index == 0 { indent } else { indent + 4 };
            format!("{}{part}", " ".repeat(hang))
        })
        .collect()
}

/// Gathers the role of every character that isn't blank, with the place of its token in the text.
fn collect_roles(sql: &str, offset: usize, roles: &mut Vec<(Role, usize)>) {
    let mut start = offset;
    for (token, text) in sql::tokens(sql) {
        let role = match token {
            SqlToken::LineComment | SqlToken::BlockComment => Role::Dim,
            SqlToken::String | SqlToken::Number => Role::Literal,
            SqlToken::Word if KEYWORDS.contains(&text.to_lowercase().as_str()) => Role::Keyword,
            SqlToken::Word
            | SqlToken::QuotedName
            | SqlToken::DollarString
            | SqlToken::Symbol
            | SqlToken::Space => Role::Text,
        };
        let mut add = |text: &str| {
            let visible = text.chars().filter(|char| !char.is_whitespace());
            roles.extend(visible.map(|_| (role, start)));
        };
        match sql::dollar_body(text).filter(|_| token == SqlToken::DollarString) {
            // the body of a function is code, too
            Some((fence, body)) => {
                add(fence);
                collect_roles(body, start + fence.len(), roles);
                let closing = text.get(fence.len() + body.len()..).unwrap_or_default();
                roles.extend(closing.chars().map(|_| (role, start)));
            }
            None => add(text),
        }
        start += text.len();
    }
}

fn highlight(
    context: TextContext<'_>,
    line: &str,
    roles: &mut Peekable<impl Iterator<Item = (Role, usize)>>,
) -> Line<'static> {
    let mut runs: Vec<(Role, String)> = Vec::new();
    let mut token = None;
    for char in line.chars() {
        let inside = token.is_some() && token.as_ref() == roles.peek();
        let role = match token {
            Some((role, _)) if char.is_whitespace() && inside => role,
            _ if char.is_whitespace() => Role::Text,
            _ => {
                token = roles.next();
                token.map_or(Role::Text, |(role, _)| role)
            }
        };
        match runs.last_mut() {
            Some((last, text)) if *last == role => text.push(char),
            _ => runs.push((role, char.to_string())),
        }
    }
    let spans = runs
        .into_iter()
        .map(|(role, text)| context.span(role, text));
    std::iter::once(Span::raw("  ")).chain(spans).collect()
}
