//! What lies over a page: the help, a question, one line to type, a presenter's pause. Where it lies, and how it is drawn.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::Line,
    widgets::{Block, BorderType, Clear, Padding, Widget as _},
};

use crate::tui::{
    presenter::slide,
    screens::{Pen, confirm, help, prompt},
    state::{App, Overlay},
    theme::Role,
    view::{self, WIDE},
    widgets::stepper,
};

/// The most columns: longer lines are hard to read.
const WIDEST: u16 = 78;
/// The frame, and two columns of breath, on either side.
const BESIDE: u16 = 3;
/// The frame, and a blank row, above and below.
const AROUND: u16 = 2;

/// The first column of a dialog, and its columns. It begins where the text of the page does, and leaves the column of the steps
/// free.
fn columns(screen: u16) -> (u16, u16) {
    let left = if screen >= WIDE {
        stepper::WIDTH + 2
    } else {
        1
    };
    (left, screen.saturating_sub(left + 1).min(WIDEST))
}

/// How wide the text of a dialog is.
pub(crate) fn text_width(screen: u16) -> u16 {
    columns(screen).1.saturating_sub(2 * BESIDE)
}

/// A dialog, laid out.
struct Dialog {
    frame: Rect,
    heading: String,
    body: Vec<Line<'static>>,
    scroll: usize,
}

impl Dialog {
    fn new(pen: Pen<'_>, overlay: &Overlay, area: Rect) -> Self {
        let (x, width) = columns(area.width);
        let pen = Pen {
            width: usize::from(text_width(area.width)),
            ..pen
        };
        let (heading, body, scroll) = match overlay {
            Overlay::Help { scroll } => ("Keys".to_owned(), help::lines(pen), *scroll),
            Overlay::Confirm(confirm) => {
                let (heading, lines) = confirm::lines(pen, confirm);
                (heading.to_owned(), lines, 0)
            }
            Overlay::Prompt(prompt) => {
                let (heading, lines) = prompt::lines(pen, prompt);
                (heading, lines, 0)
            }
            Overlay::Slide(pause) => {
                let (heading, lines) = slide::dialog(pen, pause);
                (heading, lines, 0)
            }
        };
        let height = u16::try_from(body.len())
            .unwrap_or(u16::MAX)
            .saturating_add(2 * AROUND)
            .min(area.height.saturating_sub(4));
        let y = area.y + area.height.saturating_sub(height) / 2;
        Self {
            frame: Rect::new(area.x + x, y, width, height),
            heading,
            body,
            scroll,
        }
    }

    /// Where the text is.
    const fn text(&self) -> Rect {
        Rect::new(
            self.frame.x + BESIDE,
            self.frame.y + AROUND,
            self.frame.width.saturating_sub(2 * BESIDE),
            self.frame.height.saturating_sub(2 * AROUND),
        )
    }
}

/// Draws what lies over the page.
pub(crate) fn draw(pen: Pen<'_>, overlay: &Overlay, area: Rect, buffer: &mut Buffer) {
    let dialog = Dialog::new(pen, overlay, area);
    // the title above and the keys below belong to the dialog as well
    let page = Rect::new(
        area.x,
        area.y + 1,
        area.width,
        area.height.saturating_sub(3),
    );
    behind(pen, page, buffer);
    let text = dialog.text();
    let mut block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(pen.theme.style(Role::Accent))
        .padding(Padding::new(2, 2, 1, 1))
        .title(Line::from(format!(" {} ", dialog.heading)).style(pen.theme.style(Role::Heading)));
    if dialog.body.len() > usize::from(text.height) {
        block = block.title_bottom(Line::from(" ↑↓ scrolls ").right_aligned());
    }
    // its rows are its own: halves of words at its sides would only confuse
    let rows = Rect {
        x: dialog.frame.x.saturating_sub(1),
        width: area
            .right()
            .saturating_sub(dialog.frame.x.saturating_sub(1)),
        ..dialog.frame
    };
    Clear.render(rows, buffer);
    block.render(dialog.frame, buffer);
    view::lines(&dialog.body, text, buffer, dialog.scroll);
}

/// The page behind a dialog can be read, and draws no eye: one quiet colour, nothing bold.
fn behind(pen: Pen<'_>, area: Rect, buffer: &mut Buffer) {
    let rule = pen.theme.style(Role::Rule).fg;
    let quiet = Style::reset().patch(pen.theme.style(Role::Dim));
    for position in area.intersection(buffer.area).positions() {
        if let Some(cell) = buffer.cell_mut(position)
            && (rule.is_none() || Some(cell.fg) != rule)
        {
            cell.set_style(quiet);
        }
    }
}

/// The two rows of a question's answers, the careful one first; nothing where no question lies over the page.
pub(crate) fn answers(app: &App) -> Option<Rect> {
    let overlay = app.overlay.as_ref()?;
    if !matches!(overlay, Overlay::Confirm(_)) {
        return None;
    }
    let pen = Pen {
        app,
        theme: app.theme,
        width: usize::from(app.size.0),
    };
    let dialog = Dialog::new(pen, overlay, Rect::new(0, 0, app.size.0, app.size.1));
    let text = dialog.text();
    let above = u16::try_from(dialog.body.len()).ok()?.checked_sub(2)?;
    (above + 2 <= text.height).then(|| Rect::new(text.x, text.y + above, text.width, 2))
}
