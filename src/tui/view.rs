//! Draws the state. Takes it by shared reference, never panics, at any size.

mod footer;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::Line,
    widgets::{Paragraph, Widget as _, Wrap},
};

use crate::tui::{
    layout::{self, SMALLEST, STEPS_WIDTH},
    page::Page,
    presenter::{redact, slide},
    screens::{activity, dialog},
    state::{App, Focus, activity::ActivityPane, overlay::Overlay},
    text,
    text_context::TextContext,
    theme::Role,
    widgets::{choices, lines, stepper},
};
use crate::{
    core::{facts::Facts, plan::Status, presenter::script::Announcement, step::StepId},
    domain::visible,
};

#[cfg(test)]
#[cfg(test)]
pub(crate) use self::footer::items as footer_items;

/// Draws the state.
pub(crate) fn view(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if app.blank {
        // the eyes of the room are elsewhere
    } else if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        draw_too_small(app, area, buffer);
    } else {
        let window = TextContext::new(app, area.width);
        title(window).render(row(area, 0), buffer);
        let page = Page::new(app, (area.width, area.height));
        match (slide::shown_announcement(app), &app.overlay) {
            (Some(announcement), _) => draw_slide(window, announcement, area, buffer),
            (None, Some(Overlay::Activity(log))) => draw_pane(window, log, area, buffer),
            (None, _) => draw_page(window, &page, area, buffer),
        }
        draw_bottom(window, &page, row(area, area.height - 1), buffer);
        if slide::shown_announcement(app).is_none()
            && let Some(overlay) = &app.overlay
            && !matches!(overlay, Overlay::Activity(_))
        {
            dialog::draw(app, overlay, area, buffer);
        }
    }
    app.theme.finish(buffer);
    let cells = buffer.content.iter_mut();
    for cell in cells.filter(|cell| !is_safe(cell.symbol())) {
        // no text gets here that was not made safe to show: this is for the one that somebody forgets
        cell.set_char(char::REPLACEMENT_CHARACTER);
    }
}

/// Whether a cell holds nothing that a terminal acts on.
fn is_safe(symbol: &str) -> bool {
    symbol.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !visible::is_changed(symbol)
}

const fn row(area: Rect, y: u16) -> Rect {
    Rect::new(area.x, area.y + y, area.width, 1)
}

/// Asks for a larger window.
fn draw_too_small(app: &App, area: Rect, buffer: &mut Buffer) {
    let text = format!(
        "Make the window larger:\nat least {} × {}; this one is {} × {}",
        SMALLEST.0, SMALLEST.1, area.width, area.height
    );
    Paragraph::new(text)
        .style(app.theme.style(Role::Text))
        .wrap(Wrap { trim: true })
        .render(area, buffer);
}

fn draw_slide(
    window: TextContext<'_>,
    announcement: Announcement,
    area: Rect,
    buffer: &mut Buffer,
) {
    stepper::row(window).render(row(area, 1), buffer);
    for y in [2, area.height - 2] {
        draw_rule(window, row(area, y), None, buffer);
    }
    let between = Rect::new(area.x, area.y + 3, area.width, area.height - 5);
    slide::draw(window, announcement, between, buffer);
}

fn draw_pane(window: TextContext<'_>, log: &ActivityPane, area: Rect, buffer: &mut Buffer) {
    for y in [1, area.height - 2] {
        draw_rule(window, row(area, y), None, buffer);
    }
    let width = layout::pane_width(area.width);
    let rows = layout::pane_rows(area.height);
    let context = window.with_width(usize::from(width));
    let inner = Rect::new(area.x + 2, area.y + 2, width, area.height.saturating_sub(4));
    lines::draw(&activity::lines(context, log, rows), inner, buffer, 0);
}

fn draw_page(window: TextContext<'_>, page: &Page, area: Rect, buffer: &mut Buffer) {
    let layout = page.layout;
    if layout.steps.is_empty() {
        draw_rule(window, row(area, 2), None, buffer);
        draw_rule(window, row(area, area.height - 2), None, buffer);
        stepper::row(window).render(row(area, 1), buffer);
    } else {
        draw_rule(window, row(area, 1), Some("┬"), buffer);
        draw_rule(window, row(area, area.height - 2), Some("┴"), buffer);
        let rule = window.style(Role::Rule);
        for y in 2..area.height - 2 {
            buffer.set_string(area.x + STEPS_WIDTH, area.y + y, "│", rule);
        }
        lines::draw(&stepper::column(window), layout.steps, buffer, 0);
    }
    let head = Rect {
        // its sentence may use the margin
        width: layout.head.width + 1,
        ..layout.head
    };
    lines::draw(&page.head, head, buffer, 0);
    draw_body(window, page, buffer);
    lines::draw(&page.status, layout.status, buffer, 0);
    lines::draw(&page.field, layout.field, buffer, 0);
    let context = window.with_width(usize::from(layout.head.width));
    let height = usize::from(layout.choices.height);
    let choices = choices::lines(context, &page.choices, height);
    lines::draw(&choices, layout.choices, buffer, 0);
}

/// A horizontal line, with a joint at the column of the steps.
fn draw_rule(window: TextContext<'_>, row: Rect, joint: Option<&str>, buffer: &mut Buffer) {
    let style = window.style(Role::Rule);
    let line = "─".repeat(usize::from(row.width));
    buffer.set_string(row.x, row.y, line, style);
    if let Some(joint) = joint {
        buffer.set_string(row.x + STEPS_WIDTH, row.y, joint, style);
    }
}

/// The text, and how much of it is above and below.
fn draw_body(window: TextContext<'_>, page: &Page, buffer: &mut Buffer) {
    let area = page.layout.body;
    let above = page.scroll(window.app);
    lines::draw(&page.body, area, buffer, above);
    if !page.scrolls() || area.height == 0 {
        return;
    }
    let below = page.last_scroll() - above;
    let text = match (above, below) {
        (_, 0) => format!(" ↑ {above} more "),
        (0, _) => format!(" ↓ {below} more "),
        _ => format!(" ↑ {above}  ↓ {below} "),
    };
    // on the blank line below the text, so that it covers nothing
    let y = area.bottom();
    let layout = page.layout;
    if y < layout.status.y.max(layout.field.y).max(layout.choices.y) {
        let width = u16::try_from(text::width(&text)).unwrap_or(0);
        let x = area.right().saturating_sub(width);
        let role = if window.app.focus == Focus::Body {
            Role::Accent
        } else {
            Role::Dim
        };
        buffer.set_string(x, y, text, window.style(role));
    }
}

/// The first line: what, and where.
fn title(window: TextContext<'_>) -> Line<'static> {
    let app = window.app;
    let mut right = app.options.service.clone();
    let done = app.settled(StepId::Project) == Status::Done;
    let project = app.project_facts().filter(|_| done);
    if let Some(joined) = project.and_then(|project| project.joined.as_ref()) {
        right = format!("{right} · {} · Postgres {}", joined.branch, joined.postgres);
    } else if let Some(Facts::Login(login)) = &app.plan.step(StepId::Login).facts
        && !login.who.is_empty()
    {
        right = format!("{right} · {}", login.who);
    }
    let right = redact::text(app, &right).into_owned();
    let most = window.width * 3 / 5;
    let right = format!("{} ", text::elide(&right, most));
    let room = window.width.saturating_sub(text::width(&right) + 11 + 2);
    let name = text::elide(&app.options.project, room);
    window.justified(
        vec![
            window.span(Role::Heading, " neonup"),
            window.span(Role::Dim, " · "),
            window.span(Role::Text, name),
        ],
        window.span(Role::Dim, right),
    )
}

/// The last line: the keys; and over the rule above it the pressed keys, and for some seconds a message.
fn draw_bottom(window: TextContext<'_>, page: &Page, area: Rect, buffer: &mut Buffer) {
    footer::line(window, page).render(area, buffer);
    let rule = Rect {
        y: area.y.saturating_sub(1),
        ..area
    };
    let keys = usize::from(slide::draw_pressed_keys(window, rule, buffer));
    if let Some(toast) = &window.app.toast {
        // over the rule above the keys, so that they stay
        let text = redact::text(window.app, &toast.text);
        let text = text::without_backticks(&text);
        let room = window.width.saturating_sub(6 + keys);
        let text = format!(" {} ", text::elide(&text, room));
        // nothing of the rule below shows through
        let style = Style::reset().patch(window.style(Role::Accent));
        buffer.set_string(rule.x + 2, rule.y, text, style);
    }
}
