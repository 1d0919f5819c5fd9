//! Draws the pauses: a slide over the whole window, or the text of a dialog over the screen.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
};

use crate::{
    core::{
        answer::Answer,
        presenter::{
            Incident,
            script::{self, Announcement},
        },
    },
    domain::duration,
    tui::{
        choices,
        presenter::{letters, redact},
        state::{
            App, Screen,
            overlay::{Overlay, Slide},
        },
        text,
        text_context::TextContext,
        theme::Role,
        widgets::{lines, spinner},
    },
};

/// From so many rows on there is room for large letters.
const TALL: u16 = 24;
/// A title that is as long as the longest.
const LONGEST: &str = "SUMMARY";
/// Longer lines are hard to read from the last row of a room.
const WIDEST: u16 = 72;

/// The announcement that fills the window, if there is one.
pub(crate) const fn shown_announcement(app: &App) -> Option<Announcement> {
    match &app.overlay {
        Some(Overlay::Slide(slide)) => announcement(slide),
        Some(
            Overlay::Help { .. }
            | Overlay::Confirm(_)
            | Overlay::Prompt(_)
            | Overlay::Activity(_)
            | Overlay::Palette(_),
        )
        | None => None,
    }
}

/// The announcement of a slide that fills the screen; `None` where the pause is a dialog.
pub(crate) const fn announcement(slide: &Slide) -> Option<Announcement> {
    match slide {
        Slide::Opening => Some(script::OPENING),
        // nothing is announced before a presentation has a project
        Slide::Before(Screen::Proposal) => None,
        Slide::Before(Screen::Summary) => Some(script::CLOSING),
        Slide::Before(Screen::Step(step)) => Some(script::step(*step)),
        Slide::AfterIncident(incident) => Some(script::incident(*incident)),
        Slide::BeforeApply(..) | Slide::Incidents(_) | Slide::Preparing(..) | Slide::Failed(_) => {
            None
        }
    }
}

/// How large the letters of the title may be: the columns of a dot; 0 where there is no room for them.
fn scale(context: TextContext<'_>, announcement: Announcement, area: Rect) -> usize {
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let fits = |scale: &usize| {
        // as wide as the longest title would be, so that no title is larger than another
        letters::width(LONGEST, *scale) + 8 <= columns
            && announcement_lines(context, announcement, *scale).len() <= rows
    };
    if context.app.size.1 < TALL {
        return 0;
    }
    (1..=3).rev().find(fits).unwrap_or(0)
}

/// Draws the slide between the upper and the lower rule.
pub(crate) fn draw(
    context: TextContext<'_>,
    announcement: Announcement,
    area: Rect,
    buffer: &mut Buffer,
) {
    let width = WIDEST.min(area.width.saturating_sub(4));
    let context = context.with_width(usize::from(width));
    let scale = scale(context, announcement, area);
    let lines = announcement_lines(context, announcement, scale);
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    let width = u16::try_from(widest)
        .unwrap_or(u16::MAX)
        .max(width)
        .min(area.width);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    // a little above the middle is where the eye rests
    let above = area.height.saturating_sub(rows) * 2 / 5;
    let text = Rect::new(
        area.x + (area.width.saturating_sub(width)) / 2,
        area.y + above,
        width,
        area.height.saturating_sub(above),
    );
    lines::draw(&lines, text, buffer, 0);
}

fn announcement_lines(
    context: TextContext<'_>,
    announcement: Announcement,
    scale: usize,
) -> Vec<Line<'static>> {
    let title = (scale > 0)
        .then(|| letters::lines(announcement.title, context.theme(), scale))
        .flatten();
    let mut lines = vec![context.line(Role::Dim, announcement.caption)];
    match title {
        Some(title) => {
            lines.push(Line::default());
            lines.extend(
                title
                    .into_iter()
                    .map(|line| Line::from(context.span(Role::Accent, line))),
            );
        }
        None => lines.push(context.line(Role::Accent, announcement.title)),
    }
    lines.push(Line::default());
    lines.extend(context.wrapped(Role::Text, announcement.text, 0));
    lines.push(Line::default());
    let lead = "Watch: ";
    let indent = text::width(lead);
    for (at, line) in text::wrap(announcement.watch, context.width.saturating_sub(indent))
        .into_iter()
        .enumerate()
    {
        let lead = if at == 0 { lead } else { "       " };
        lines.push(Line::from(vec![
            context.span(Role::Accent, lead),
            context.span(Role::Heading, line),
        ]));
    }
    lines
}

/// The heading and the lines of a pause that is a dialog.
pub(crate) fn dialog(context: TextContext<'_>, slide: &Slide) -> (String, Vec<Line<'static>>) {
    match slide {
        Slide::BeforeApply(answer) => {
            let heading = format!("{}: what happens next", answer.step().title());
            (heading, consequences(context, answer))
        }
        Slide::Incidents(chosen) => ("Break something".to_owned(), menu(context, *chosen)),
        Slide::Preparing(request, since) => {
            let taken = context.app.now.saturating_sub(*since);
            let line = context.justified(
                vec![
                    context.span(Role::Accent, spinner::frame(taken)),
                    Span::raw(" "),
                    context.span(Role::Text, script::progress(*request)),
                ],
                context.span(Role::Dim, duration::running(taken)),
            );
            ("Preparing".to_owned(), vec![line])
        }
        Slide::Failed(error) => {
            let what = |text: &str| redact::text(context.app, text).into_owned();
            let mut lines = context.wrapped(Role::Bad, &what(&error.to_string()), 0);
            for part in [error.why(), error.hint()] {
                if !part.is_empty() {
                    lines.extend(context.wrapped(Role::Text, &what(part), 0));
                }
            }
            ("That didn't work".to_owned(), lines)
        }
        Slide::Opening | Slide::Before(_) | Slide::AfterIncident(_) => (String::new(), Vec::new()),
    }
}

/// What will happen, a sentence for each thing, with blank lines between them where there is room.
fn consequences(context: TextContext<'_>, answer: &Answer) -> Vec<Line<'static>> {
    let parts: Vec<Vec<String>> = script::consequences(answer, &context.app.plan)
        .iter()
        .map(|sentence| text::wrap(sentence, context.width.saturating_sub(2)))
        .collect();
    let all = parts.iter().map(|part| part.len() + 1).sum::<usize>() + 2;
    let roomy = fits(context, all);
    let mut lines = Vec::new();
    for part in parts {
        for (at, line) in part.into_iter().enumerate() {
            let sign = if at == 0 { "› " } else { "  " };
            lines.push(Line::from(vec![
                context.span(Role::Accent, sign),
                context.span(Role::Text, line),
            ]));
        }
        if roomy {
            lines.push(Line::default());
        }
    }
    if !roomy {
        lines.push(Line::default());
    }
    let command = format!("$ {}", choices::command_for(context.app, answer));
    lines.push(context.line(Role::Dim, &command));
    lines.push(answers(context, "continue", "cancel"));
    lines
}

/// Whether a dialog of so many lines fits: it has a frame, and two rows above and below it.
fn fits(context: TextContext<'_>, lines: usize) -> bool {
    lines + 8 <= usize::from(context.app.size.1)
}

/// The incidents, each with its sentence and a blank line; in a small window only the chosen one has its sentence.
fn menu(context: TextContext<'_>, chosen: usize) -> Vec<Line<'static>> {
    let summary = |incident| context.wrapped(Role::Dim, script::summary(incident), 2);
    let all: usize = Incident::ALL
        .into_iter()
        .map(|incident| summary(incident).len() + 2)
        .sum();
    let roomy = fits(context, all.saturating_sub(1));
    let mut lines = Vec::new();
    for (at, incident) in Incident::ALL.into_iter().enumerate() {
        let here = at == chosen;
        if roomy && at > 0 {
            lines.push(Line::default());
        }
        let role = if here { Role::Accent } else { Role::Text };
        lines.push(Line::from(vec![
            context.span(Role::Accent, if here { "❯ " } else { "  " }),
            context.span(role, script::name(incident)),
        ]));
        if roomy || here {
            lines.extend(summary(incident));
        }
    }
    lines
}

/// The two ways out of a dialog.
fn answers(context: TextContext<'_>, enter: &'static str, esc: &'static str) -> Line<'static> {
    let key = if context.theme().ascii {
        "enter"
    } else {
        "⏎"
    };
    Line::from(vec![
        context.span(Role::Accent, key),
        context.span(Role::Dim, format!(" {enter}   ")),
        context.span(Role::Accent, "esc"),
        context.span(Role::Dim, format!(" {esc}")),
    ])
}

/// Draws the pressed keys at the right end of a row, and returns the columns that they take.
pub(crate) fn draw_pressed_keys(context: TextContext<'_>, row: Rect, buffer: &mut Buffer) -> u16 {
    if !context.app.presenter {
        return 0;
    }
    let caps: Vec<String> = context
        .app
        .pressed_keys
        .shown()
        .map(|name| {
            let name = if context.theme().ascii {
                name.replace('⏎', "enter").replace('×', "x")
            } else {
                name
            };
            format!(" {name} ")
        })
        .collect();
    let mut x = row.right().saturating_sub(2);
    let last = caps.len().saturating_sub(1);
    for (at, cap) in caps.iter().enumerate().rev() {
        let width = u16::try_from(text::width(cap)).unwrap_or(0);
        let Some(left) = x
            .checked_sub(width)
            .filter(|left| *left > row.x + row.width / 2)
        else {
            break;
        };
        let role = if at == last { Role::Accent } else { Role::Text };
        // the rule below lends its colour to none of them
        let style = Style::reset()
            .patch(context.style(role))
            .add_modifier(Modifier::REVERSED);
        buffer.set_string(left, row.y, cap, style);
        x = left.saturating_sub(1);
    }
    row.right().saturating_sub(x)
}
