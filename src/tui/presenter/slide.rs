//! Draws the pauses: a slide over the whole window, or a dialog over the screen that is meant.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::Widget as _,
};

use crate::tui::presenter::{Slide, letters, pause};
use crate::{
    core::{
        answer::Answer,
        presenter::{Incident, script},
    },
    tui::{
        choices,
        screens::Pen,
        state::{App, Overlay},
        text,
        theme::Role,
        widgets::spinner,
    },
};

/// From so many rows on there is room for large letters.
const TALL: u16 = 24;
/// A title that is as long as the longest.
const LONGEST: &str = "SUMMARY";
/// Longer lines are hard to read from the last row of a room.
const WIDEST: u16 = 72;

/// The announcement that fills the window, if there is one.
pub(crate) fn full(app: &App) -> Option<script::Announcement> {
    match &app.overlay {
        Some(Overlay::Slide(slide)) => pause::announcement(slide),
        Some(Overlay::Help { .. } | Overlay::Confirm(_) | Overlay::Prompt(_)) | None => None,
    }
}

/// How large the letters of the title may be: the columns of a dot; 0 where there is no room for them.
fn scale(pen: Pen<'_>, announcement: script::Announcement, area: Rect) -> usize {
    let (columns, rows) = (usize::from(area.width), usize::from(area.height));
    let fits = |scale: &usize| {
        // as wide as the longest title would be, so that no title is larger than another
        letters::width(LONGEST, *scale) + 8 <= columns
            && lines(pen, announcement, *scale).len() <= rows
    };
    if pen.app.size.1 < TALL {
        return 0;
    }
    (1..=3).rev().find(fits).unwrap_or(0)
}

/// Draws the slide between the upper and the lower rule.
pub(crate) fn draw(
    pen: Pen<'_>,
    announcement: script::Announcement,
    area: Rect,
    buffer: &mut Buffer,
) {
    let width = WIDEST.min(area.width.saturating_sub(4));
    let pen = Pen {
        width: usize::from(width),
        ..pen
    };
    let scale = scale(pen, announcement, area);
    let lines = lines(pen, announcement, scale);
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    let width = u16::try_from(widest)
        .unwrap_or(u16::MAX)
        .max(width)
        .min(area.width);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    // a little above the middle is where the eye rests
    let above = area.height.saturating_sub(rows) * 2 / 5;
    let place = Rect::new(
        area.x + (area.width.saturating_sub(width)) / 2,
        area.y + above,
        width,
        area.height.saturating_sub(above),
    )
    .intersection(buffer.area);
    for (line, y) in lines.iter().zip(place.top()..place.bottom()) {
        line.render(Rect::new(place.x, y, place.width, 1), buffer);
    }
}

fn lines(pen: Pen<'_>, announcement: script::Announcement, scale: usize) -> Vec<Line<'static>> {
    let title = (scale > 0)
        .then(|| letters::lines(announcement.title, pen.theme, scale))
        .flatten();
    let mut lines = vec![pen.line(Role::Dim, announcement.caption)];
    match title {
        Some(title) => {
            lines.push(Line::default());
            lines.extend(
                title
                    .into_iter()
                    .map(|line| Line::from(pen.span(Role::Accent, line))),
            );
        }
        None => lines.push(pen.line(Role::Accent, announcement.title)),
    }
    lines.push(Line::default());
    lines.extend(pen.wrapped(Role::Text, announcement.text, 0));
    lines.push(Line::default());
    let lead = "Watch: ";
    let indent = text::width(lead);
    for (at, line) in text::wrap(announcement.watch, pen.width.saturating_sub(indent))
        .into_iter()
        .enumerate()
    {
        let lead = if at == 0 { lead } else { "       " };
        lines.push(Line::from(vec![
            pen.span(Role::Accent, lead),
            pen.span(Role::Heading, line),
        ]));
    }
    lines
}

/// The heading and the lines of a pause that is a dialog.
pub(crate) fn dialog(pen: Pen<'_>, slide: &Slide) -> (String, Vec<Line<'static>>) {
    match slide {
        Slide::BeforeApply(answer) => {
            let lines = will(pen, answer);
            (
                format!("{}: what will happen", answer.step().title()),
                lines,
            )
        }
        Slide::Incidents(chosen) => ("Let something go wrong".to_owned(), menu(pen, *chosen)),
        Slide::Preparing(request, since) => {
            let taken = pen.app.now.saturating_sub(*since);
            let line = pen.ends(
                vec![
                    pen.span(Role::Accent, spinner::frame(taken)),
                    Span::raw(" "),
                    pen.span(Role::Text, script::progress(*request)),
                ],
                pen.span(Role::Dim, text::running(taken)),
            );
            ("On the stage".to_owned(), vec![line])
        }
        Slide::Failed(error) => {
            let what = |text: &str| crate::tui::presenter::text(pen.app, text).into_owned();
            let mut lines = pen.wrapped(Role::Bad, &what(&error.to_string()), 0);
            for part in [error.why(), error.hint()] {
                if !part.is_empty() {
                    lines.extend(pen.wrapped(Role::Text, &what(part), 0));
                }
            }
            ("That did not work".to_owned(), lines)
        }
        Slide::Opening | Slide::Before(_) | Slide::AfterIncident(_) => (String::new(), Vec::new()),
    }
}

/// What will happen, a sentence for each thing, with blank lines between them where there is room.
fn will(pen: Pen<'_>, answer: &Answer) -> Vec<Line<'static>> {
    let parts: Vec<Vec<String>> = script::consequences(answer, &pen.app.plan)
        .iter()
        .map(|sentence| text::wrap(sentence, pen.width.saturating_sub(2)))
        .collect();
    let all = parts.iter().map(|part| part.len() + 1).sum::<usize>() + 2;
    let roomy = fits(pen, all);
    let mut lines = Vec::new();
    for part in parts {
        for (at, line) in part.into_iter().enumerate() {
            let sign = if at == 0 { "› " } else { "  " };
            lines.push(Line::from(vec![
                pen.span(Role::Accent, sign),
                pen.span(Role::Text, line),
            ]));
        }
        if roomy {
            lines.push(Line::default());
        }
    }
    if !roomy {
        lines.push(Line::default());
    }
    let command = format!("$ {}", choices::command_for(pen.app, answer));
    lines.push(pen.line(Role::Dim, &command));
    lines.push(answers(pen, "does it", "leaves everything as it is"));
    lines
}

/// Whether a dialog of so many lines fits: it has a frame, and two rows above and below it.
fn fits(pen: Pen<'_>, lines: usize) -> bool {
    lines + 8 <= usize::from(pen.app.size.1)
}

/// The four, each with its sentence and a blank line; in a small window only the chosen one has its sentence.
fn menu(pen: Pen<'_>, chosen: usize) -> Vec<Line<'static>> {
    let summary = |incident| pen.wrapped(Role::Dim, script::summary(incident), 2);
    let all: usize = Incident::ALL
        .into_iter()
        .map(|incident| summary(incident).len() + 2)
        .sum();
    let roomy = fits(pen, all.saturating_sub(1));
    let mut lines = Vec::new();
    for (at, incident) in Incident::ALL.into_iter().enumerate() {
        let here = at == chosen;
        if roomy && at > 0 {
            lines.push(Line::default());
        }
        let role = if here { Role::Accent } else { Role::Text };
        lines.push(Line::from(vec![
            pen.span(Role::Accent, if here { "❯ " } else { "  " }),
            pen.span(role, script::name(incident)),
        ]));
        if roomy || here {
            lines.extend(summary(incident));
        }
    }
    lines
}

/// The two ways out of a dialog.
fn answers(pen: Pen<'_>, enter: &'static str, esc: &'static str) -> Line<'static> {
    let key = if pen.theme.ascii { "enter" } else { "⏎" };
    Line::from(vec![
        pen.span(Role::Accent, key),
        pen.span(Role::Dim, format!(" {enter}   ")),
        pen.span(Role::Accent, "esc"),
        pen.span(Role::Dim, format!(" {esc}")),
    ])
}

/// Shows the pressed keys at the right end of a row; the columns that they take.
pub(crate) fn keys(pen: Pen<'_>, row: Rect, buffer: &mut Buffer) -> u16 {
    if !pen.app.presenter {
        return 0;
    }
    let caps: Vec<String> = pen
        .app
        .pressed_keys
        .shown()
        .map(|name| {
            let name = if pen.theme.ascii {
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
            .patch(pen.theme.style(role))
            .add_modifier(Modifier::REVERSED);
        buffer.set_string(left, row.y, cap, style);
        x = left.saturating_sub(1);
    }
    row.right().saturating_sub(x)
}
