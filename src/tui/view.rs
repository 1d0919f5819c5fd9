//! Draws the state. Takes it by shared reference, never panics, at any size.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Paragraph, Widget as _},
};

use crate::core::{choices::Choices, facts::Facts, plan::Status, step::StepId};
use crate::tui::{
    choices::of_screen,
    dialog,
    presenter::{self, slide},
    screens::{self, Pen},
    state::{App, SPINNER_AFTER},
    text,
    theme::Role,
    widgets::{bar, choices, footer, spinner, stepper},
};

/// The smallest screen on which everything has its place.
pub(crate) const SMALLEST: (u16, u16) = (60, 18);
/// From this width on, the steps are a column.
pub(super) const WIDE: u16 = 76;
/// The columns of the bar beside work whose amount is known.
const AMOUNT: usize = 10;
/// Longer lines are hard to read.
const WIDEST_TEXT: u16 = 108;

/// Where things are, for an app of a given size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// The column of the steps; empty where they are a row.
    pub steps: Rect,
    /// The heading and its sentence.
    pub head: Rect,
    /// The text.
    pub body: Rect,
    /// How many lines the text has.
    pub lines: usize,
    /// What is under way.
    pub status: Rect,
    /// The field.
    pub field: Rect,
    /// The choices.
    pub ask: Rect,
}

/// How wide the text of a page is, on a screen of so many columns.
pub(super) fn text_width(columns: u16) -> u16 {
    let left = if columns >= WIDE {
        stepper::WIDTH + 3
    } else {
        2
    };
    columns.saturating_sub(left + 1).min(WIDEST_TEXT)
}

/// Where things are.
pub(crate) fn place(app: &App) -> Place {
    Page::new(app, area(app.size)).place
}

const fn area(size: (u16, u16)) -> Rect {
    Rect::new(0, 0, size.0, size.1)
}

/// A page, laid out: every line of it, and where it goes.
struct Page {
    place: Place,
    lead: Vec<Line<'static>>,
    body: Vec<Line<'static>>,
    status: Vec<Line<'static>>,
    field: Vec<Line<'static>>,
    choices: Choices,
}

impl Page {
    fn new(app: &App, area: Rect) -> Self {
        let wide = area.width >= WIDE;
        let top = if wide { 2 } else { 3 };
        let left = if wide { stepper::WIDTH + 3 } else { 2 };
        let height = area.height.saturating_sub(top + 2);
        let width = text_width(area.width);
        let breath = u16::from(area.height >= 30);
        let content = Rect::new(
            area.x + left,
            area.y + top + breath,
            width,
            height.saturating_sub(breath),
        );
        let pen = Pen {
            app,
            theme: app.theme,
            width: usize::from(width),
        };
        let mut lead = vec![heading(pen)];
        // the sentence may use the margin, where that keeps it in one line
        let sentence = Pen {
            width: pen.width + 1,
            ..pen
        };
        lead.extend(sentence.wrapped(Role::Dim, screens::title(app).1, 0));
        let body = screens::body(pen);
        let status = working(pen);
        let field = screens::field(pen);
        let choices = of_screen(app);
        let mut page = Self {
            place: Place {
                steps: if wide {
                    Rect::new(
                        area.x,
                        area.y + top + breath,
                        stepper::WIDTH,
                        height.saturating_sub(breath),
                    )
                } else {
                    Rect::default()
                },
                ..Place::default()
            },
            lead,
            body,
            status,
            field,
            choices,
        };
        page.stack(content);
        page
    }

    /// Gives every part its rows: the question and its answer always, the text what is left.
    fn stack(&mut self, content: Rect) {
        let rows = |lines: &[Line<'_>]| u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let gap = |rows: u16| u16::from(rows > 0);
        let (status, field) = (rows(&self.status), rows(&self.field));
        let choices = u16::try_from(self.choices.count()).unwrap_or(u16::MAX);
        let lines = rows(&self.body);
        let head = rows(&self.lead).min(content.height);
        let fixed = head + status + gap(status) + field + gap(field);
        let room = content.height.saturating_sub(fixed);
        // at least three choices, or all of them where there are fewer; the text shares what is left
        let least = choices.min(3);
        let body_least = lines.min(4) + gap(lines);
        let ask = choices
            .min(room.saturating_sub(gap(choices) + body_least))
            .max(least)
            .min(room);
        let body = lines.min(room.saturating_sub(ask + gap(ask) + gap(lines)));
        let mut y = content.y + head;
        let bottom = content.bottom();
        // a blank line goes before each part, as long as the parts that must be seen still fit
        let mut take = |rows: u16, after: u16| {
            let space = bottom.saturating_sub(y);
            let gap = u16::from(rows > 0 && space > rows + after);
            let rect = Rect::new(
                content.x,
                y + gap,
                content.width,
                rows.min(space.saturating_sub(gap)),
            );
            y = rect.bottom().min(bottom);
            if rows == 0 {
                y = y.saturating_sub(gap);
            }
            rect
        };
        let place = &mut self.place;
        place.head = Rect::new(content.x, content.y, content.width, head);
        place.body = take(
            body,
            status + field + ask + gap(status) + gap(field) + gap(ask),
        );
        place.status = take(status, field + ask + gap(field) + gap(ask));
        place.field = take(field, ask + gap(ask));
        place.ask = take(ask, 0);
        place.lines = self.body.len();
    }
}

/// Draws.
pub(crate) fn view(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        small(app, area, buffer);
        app.theme.finish(buffer);
        return;
    }
    let screen = Pen {
        app,
        theme: app.theme,
        width: usize::from(area.width),
    };
    let rule = app.theme.style(Role::Rule);
    title(screen).render(row(area, 0), buffer);
    if let Some(announcement) = slide::full(app) {
        stepper::row(screen).render(row(area, 1), buffer);
        for y in [2, area.height - 2] {
            horizontal(buffer, area, y, None, rule);
        }
        let place = Rect::new(area.x, area.y + 3, area.width, area.height - 5);
        slide::draw(screen, announcement, place, buffer);
        bottom(screen, row(area, area.height - 1), buffer);
        app.theme.finish(buffer);
        return;
    }
    let page = Page::new(app, area);
    let wide = page.place.steps.width > 0;
    let split = wide.then_some(stepper::WIDTH);
    horizontal(
        buffer,
        area,
        if wide { 1 } else { 2 },
        split.map(|x| (x, "┬")),
        rule,
    );
    horizontal(buffer, area, area.height - 2, split.map(|x| (x, "┴")), rule);
    if wide {
        for y in 2..area.height - 2 {
            buffer.set_string(area.x + stepper::WIDTH, area.y + y, "│", rule);
        }
        lines(&stepper::column(screen), page.place.steps, buffer, 0);
    } else {
        stepper::row(screen).render(row(area, 1), buffer);
    }
    let pen = Pen {
        width: usize::from(page.place.head.width),
        ..screen
    };
    let head = page.place.head;
    let head = Rect::new(head.x, head.y, head.width + 1, head.height);
    lines(&page.lead, head, buffer, 0);
    text_with_scroll(pen, &page, buffer);
    lines(&page.status, page.place.status, buffer, 0);
    lines(&page.field, page.place.field, buffer, 0);
    let asked = choices::lines(pen, &page.choices, usize::from(page.place.ask.height));
    lines(&asked, page.place.ask, buffer, 0);
    bottom(screen, row(area, area.height - 1), buffer);
    if let Some(overlay) = &app.overlay {
        dialog::draw(screen, overlay, area, buffer);
    }
    app.theme.finish(buffer);
}

const fn row(area: Rect, y: u16) -> Rect {
    Rect::new(area.x, area.y + y, area.width, 1)
}

/// Draws lines from the top of a place, without the first `skip`.
pub(super) fn lines(
    lines: &[Line<'_>],
    area: Rect,
    buffer: &mut ratatui::buffer::Buffer,
    skip: usize,
) {
    let area = area.intersection(buffer.area);
    for (line, y) in lines.iter().skip(skip).zip(area.top()..area.bottom()) {
        line.render(Rect::new(area.x, y, area.width, 1), buffer);
    }
}

fn horizontal(
    buffer: &mut ratatui::buffer::Buffer,
    area: Rect,
    y: u16,
    joint: Option<(u16, &str)>,
    style: Style,
) {
    let text = "─".repeat(usize::from(area.width));
    buffer.set_string(area.x, area.y + y, text, style);
    if let Some((x, symbol)) = joint {
        buffer.set_string(area.x + x, area.y + y, symbol, style);
    }
}

fn heading(pen: Pen<'_>) -> Line<'static> {
    let heading = pen.span(Role::Heading, screens::title(pen.app).0);
    match screens::standing(pen) {
        Some((role, words)) => pen.ends(vec![heading], pen.span(role, words)),
        None => Line::from(heading),
    }
}

/// The text, and how much of it is above and below.
fn text_with_scroll(pen: Pen<'_>, page: &Page, buffer: &mut ratatui::buffer::Buffer) {
    let body = page.place.body;
    let height = usize::from(body.height);
    let last = page.place.lines.saturating_sub(height);
    let at = pen
        .app
        .scroll
        .get(&pen.app.screen)
        .copied()
        .unwrap_or(0)
        .min(last);
    lines(&page.body, body, buffer, at);
    if last == 0 || body.height == 0 {
        return;
    }
    let below = last - at;
    let words = match (at, below) {
        (_, 0) => format!(" ↑ {at} more "),
        (0, _) => format!(" ↓ {below} more "),
        _ => format!(" ↑ {at}  ↓ {below} "),
    };
    // on the blank line below the text, so that it covers nothing
    let y = body.bottom();
    let width = u16::try_from(text::width(&words)).unwrap_or(0);
    if y < page
        .place
        .status
        .y
        .max(page.place.field.y)
        .max(page.place.ask.y)
    {
        let x = body.right().saturating_sub(width);
        let role = if pen.app.focus == crate::tui::state::Focus::Body {
            Role::Accent
        } else {
            Role::Dim
        };
        buffer.set_string(x, y, words, pen.theme.style(role));
    }
}

/// What is under way, with its time and the way to cancel it.
fn working(pen: Pen<'_>) -> Vec<Line<'static>> {
    let Some((step, state)) = pen.app.state() else {
        return Vec::new();
    };
    let Some(work) = pen.app.busy(step) else {
        // the place is kept between two looks of a watch, too
        return if pen.app.watching(step) {
            vec![Line::default()]
        } else {
            Vec::new()
        };
    };
    let taken = pen.app.now.saturating_sub(work.since);
    if taken < SPINNER_AFTER {
        // the place is kept, so that nothing jumps when the spinner comes
        return vec![Line::default()];
    }
    let state = presenter::veil(pen.app, state);
    let mut words = screens::working(step, work.phase).to_owned();
    let mut amount = None;
    if let Some(progress) = &state.progress {
        if !progress.label.is_empty() {
            words.clone_from(&progress.label);
        }
        match progress.total {
            Some(total) => {
                words = format!("{words}  {} of {total}", progress.done);
                amount = Some((progress.done, total));
            }
            None if progress.done > 0 => words = format!("{words}  {}", progress.done),
            None => {}
        }
    }
    if work.cancelled {
        "cancelling".clone_into(&mut words);
    }
    let time = text::running(taken);
    let mut left = vec![
        pen.span(Role::Accent, spinner::frame(taken)),
        Span::raw(" "),
    ];
    let mut room = pen.width.saturating_sub(text::width(&time) + 4);
    if let Some((done, total)) = amount.filter(|_| room > AMOUNT * 3) {
        let cells = bar::cells(done, total, AMOUNT);
        let track = bar::track(&cells, AMOUNT);
        left.push(pen.span(Role::Accent, cells));
        left.push(pen.span(Role::Rule, track));
        left.push(Span::raw("  "));
        room = room.saturating_sub(AMOUNT + 2);
    }
    left.push(pen.span(Role::Text, text::elide(&words, room)));
    vec![pen.ends(left, pen.span(Role::Dim, time))]
}

/// The first line: what, and where.
fn title(pen: Pen<'_>) -> Line<'static> {
    let app = pen.app;
    let mut right = app.options.place.clone();
    let done = app.settled(StepId::Project) == Status::Done;
    match (
        &app.plan.step(StepId::Project).facts,
        &app.plan.step(StepId::Login).facts,
    ) {
        (Some(Facts::Project(project)), _) if done && project.joined.is_some() => {
            if let Some(joined) = &project.joined {
                right = format!("{right} · {} · Postgres {}", joined.branch, joined.postgres);
            }
        }
        (_, Some(Facts::Login(login))) if !login.who.is_empty() => {
            right = format!("{right} · {}", login.who);
        }
        _ => {}
    }
    let right = presenter::text(app, &right).into_owned();
    let most = pen.width * 3 / 5;
    let right = format!("{} ", text::elide(&right, most));
    let room = pen.width.saturating_sub(text::width(&right) + 11 + 2);
    let name = text::elide(&app.options.project, room);
    pen.ends(
        vec![
            pen.span(Role::Heading, " neonup"),
            pen.span(Role::Dim, " · "),
            pen.span(Role::Text, name),
        ],
        pen.span(Role::Dim, right),
    )
}

/// The last line: the keys; or, for some seconds, a short word.
fn bottom(pen: Pen<'_>, area: Rect, buffer: &mut ratatui::buffer::Buffer) {
    footer::line(pen).render(area, buffer);
    let rule = Rect {
        y: area.y.saturating_sub(1),
        ..area
    };
    let keys = usize::from(slide::keys(pen, rule, buffer));
    if let Some(toast) = &pen.app.toast {
        // over the rule above the keys, so that they stay
        let words = presenter::text(pen.app, &toast.text);
        let words = format!(
            " {} ",
            text::elide(&words, pen.width.saturating_sub(6 + keys))
        );
        buffer.set_string(
            area.x + 2,
            area.y.saturating_sub(1),
            words,
            // nothing of the rule below shows through
            Style::reset().patch(pen.theme.style(Role::Accent)),
        );
    }
}

/// The page for a window that is too small.
fn small(app: &App, area: Rect, buffer: &mut ratatui::buffer::Buffer) {
    let words = format!(
        "Make the window larger, please:\n{} × {} at least; this is {} × {}.",
        SMALLEST.0, SMALLEST.1, area.width, area.height
    );
    Paragraph::new(words)
        .style(app.theme.style(Role::Text))
        .wrap(ratatui::widgets::Wrap { trim: true })
        .render(area, buffer);
}
