//! Moving the choice, the text and the focus, and going from screen to screen.

use crate::tui::{
    choices,
    page::Page,
    state::{App, Focus, Screen},
};

/// Moves the choice, or the text where that has the focus.
pub(super) fn walk(app: &mut App, page: &Page, by: isize) {
    app.follow = false;
    let choices = &page.choices;
    if app.focus == Focus::Body || (choices.count() < 2 && page.scrolls()) {
        scroll_by(app, page, by);
        return;
    }
    let last = choices.count().saturating_sub(1);
    let next = match choices::chosen_index(app, choices) {
        Some(at) => at.saturating_add_signed(by).min(last),
        None if by > 0 => 0,
        None => last,
    };
    if choices.count() > 0 {
        app.chosen.insert(app.screen, next);
    }
}

/// Moves the text by so many lines.
pub(super) fn scroll_by(app: &mut App, page: &Page, by: isize) {
    scroll_to(app, page, page.scroll(app).saturating_add_signed(by));
}

/// Moves the text by a page.
pub(super) fn scroll_page(app: &mut App, page: &Page, down: bool) {
    let rows = page.body_rows().saturating_sub(1).max(1);
    let at = page.scroll(app);
    let to = if down {
        at + rows
    } else {
        at.saturating_sub(rows)
    };
    scroll_to(app, page, to);
}

/// Moves the text to this line.
pub(super) fn scroll_to(app: &mut App, page: &Page, line: usize) {
    app.scroll.insert(app.screen, line.min(page.last_scroll()));
}

/// Moves the text back where it has become shorter.
pub(super) fn clamp_scroll(app: &mut App) {
    if app.scroll.get(&app.screen).is_some_and(|at| *at > 0) {
        let page = Page::new(app, app.size);
        scroll_by(app, &page, 0);
    }
}

/// Gives the focus to the next part of the screen, or the previous one.
pub(super) fn turn_focus(app: &mut App, page: &Page, backwards: bool) {
    let mut parts = page.parts(app);
    if backwards {
        parts.reverse();
    }
    let at = parts.iter().position(|part| *part == app.focus);
    let next = at.map_or(0, |at| (at + 1) % parts.len());
    app.focus = parts.get(next).copied().unwrap_or(Focus::Choices);
}

/// Goes to a screen, where there is one.
pub(super) fn turn(app: &mut App, screen: Option<Screen>) {
    app.follow = false;
    match screen {
        Some(screen) => app.go(screen),
        None => app.notify("this is the last step"),
    }
}
