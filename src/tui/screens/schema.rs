//! Schema: the SQL before it runs, the tables and columns after.

use ratatui::text::{Line, Span};

use crate::{
    core::{
        facts::{Facts, Table},
        plan::{Status, StepState},
    },
    tui::{
        text,
        text_context::TextContext,
        theme::{Role, Theme},
        widgets::sql,
    },
};

/// The lines of the step's facts.
pub(crate) fn facts(context: TextContext<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(Facts::Schema(schema)) = &state.facts else {
        return Vec::new();
    };
    let tables = tree(context, &schema.tables);
    let mut source = Vec::new();
    if !schema.source.is_empty() {
        source.push(context.fact("SQL from", &schema.source));
    }
    let code = sql::lines(context, &schema.sql);
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

fn tree(context: TextContext<'_>, tables: &[Table]) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for table in tables {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        let (glyph, role) = Theme::check(table.state);
        lines.push(Line::from(vec![
            context.span(role, glyph),
            Span::raw(" "),
            context.span(
                Role::Heading,
                text::elide(&table.name, context.width.saturating_sub(2)),
            ),
        ]));
        let name = table
            .columns
            .iter()
            .map(|column| text::width(&column.name))
            .max()
            .unwrap_or(0)
            .min(context.width / 3);
        for column in &table.columns {
            let (glyph, role) = Theme::check(column.state);
            lines.push(Line::from(vec![
                Span::raw("  "),
                context.span(role, glyph),
                Span::raw(" "),
                context.span(Role::Text, text::pad(&column.name, name)),
                Span::raw("  "),
                context.span(
                    Role::Dim,
                    text::elide(&column.kind, context.width.saturating_sub(name + 6)),
                ),
            ]));
        }
        for note in &table.notes {
            lines.extend(context.wrapped(Role::Dim, note, 4));
        }
    }
    lines
}
