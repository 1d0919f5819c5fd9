//! Schema: the SQL before it runs, the tables and columns after.

use ratatui::text::{Line, Span};

use crate::tui::screens::Pen;
use crate::{
    core::{
        facts::{Facts, SchemaFacts, Table},
        plan::{Status, StepState},
    },
    tui::{
        text,
        theme::{Role, Theme},
        widgets::sql,
    },
};

fn detail(state: &StepState) -> Option<&SchemaFacts> {
    match &state.facts {
        Some(Facts::Schema(schema)) => Some(schema),
        _ => None,
    }
}

/// What is known.
pub(crate) fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(schema) = detail(state) else {
        return Vec::new();
    };
    let tables = tree(pen, &schema.tables);
    let mut source = Vec::new();
    if !schema.source.is_empty() {
        source.push(pen.fact("SQL from", &schema.source));
    }
    let code = sql::lines(pen, &schema.sql);
    let done = matches!(state.status, Status::Done) || matches!(state.settled, Status::Done);
    let blocks = if done {
        [tables, source, code]
    } else {
        [source, code, tables]
    };
    let mut lines = Vec::new();
    for block in blocks {
        if !block.is_empty() && !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(block);
    }
    lines
}

fn tree(pen: Pen<'_>, tables: &[Table]) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for table in tables {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        let (glyph, role) = Theme::check(table.state);
        lines.push(Line::from(vec![
            pen.span(role, glyph),
            Span::raw(" "),
            pen.span(
                Role::Heading,
                text::elide(&table.name, pen.width.saturating_sub(2)),
            ),
        ]));
        let name = table
            .columns
            .iter()
            .map(|column| text::width(&column.name))
            .max()
            .unwrap_or(0)
            .min(pen.width / 3);
        for column in &table.columns {
            let (glyph, role) = Theme::check(column.state);
            lines.push(Line::from(vec![
                Span::raw("  "),
                pen.span(role, glyph),
                Span::raw(" "),
                pen.span(Role::Text, text::pad(&column.name, name)),
                Span::raw("  "),
                pen.span(
                    Role::Dim,
                    text::elide(&column.kind, pen.width.saturating_sub(name + 6)),
                ),
            ]));
        }
        for note in &table.notes {
            lines.extend(pen.wrapped(Role::Dim, note, 4));
        }
    }
    lines
}
