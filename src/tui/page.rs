//! The page that is shown: its lines, its choices, and where they go.

use ratatui::text::Line;

use crate::{
    core::choices::Choices,
    tui::{
        choices,
        layout::{self, PageLayout, PartRows},
        screens::{self, progress},
        state::{App, Focus},
        text_context::TextContext,
    },
};

/// The page that is shown. It is made once for a frame, and once for a message that needs it.
pub(crate) struct Page {
    pub layout: PageLayout,
    pub head: Vec<Line<'static>>,
    pub body: Vec<Line<'static>>,
    pub status: Vec<Line<'static>>,
    pub field: Vec<Line<'static>>,
    pub choices: Choices,
}

impl Page {
    pub(crate) fn new(app: &App, size: (u16, u16)) -> Self {
        let context = TextContext::new(app, layout::text_width(size.0));
        let head = screens::head(context);
        let body = screens::body(context);
        let status = progress::lines(context);
        let field = screens::field(context);
        let choices = choices::of_screen(app);
        let parts = PartRows {
            head: head.len(),
            body: body.len(),
            status: status.len(),
            field: field.len(),
            choices: choices.count(),
        };
        Self {
            layout: PageLayout::new(size, &parts),
            head,
            body,
            status,
            field,
            choices,
        }
    }

    /// How many lines of the text are seen at once.
    pub(crate) fn body_rows(&self) -> usize {
        usize::from(self.layout.body.height)
    }

    /// The furthest that the text can be scrolled.
    pub(crate) fn last_scroll(&self) -> usize {
        self.body.len().saturating_sub(self.body_rows())
    }

    /// How far the text is scrolled.
    pub(crate) fn scroll(&self, app: &App) -> usize {
        let scroll = app.scroll.get(&app.screen).copied().unwrap_or(0);
        scroll.min(self.last_scroll())
    }

    /// Whether the text is longer than its place.
    pub(crate) fn scrolls(&self) -> bool {
        self.last_scroll() > 0
    }

    /// The parts of the screen that Tab goes round.
    pub(crate) fn parts(&self, app: &App) -> Vec<Focus> {
        let mut parts = Vec::new();
        if app.has_field() {
            parts.push(Focus::Field);
        }
        parts.push(Focus::Choices);
        if self.scrolls() {
            parts.push(Focus::Body);
        }
        parts
    }
}
