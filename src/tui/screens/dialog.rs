//! Dialogs: the help, a question, one line to type, a pause of presenter mode.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::Line,
    widgets::{Block, BorderType, Clear, Padding, Widget as _},
};

use crate::tui::{
    layout,
    presenter::slide,
    screens::{confirm, help, palette, prompt},
    state::{App, overlay::Overlay},
    text_context::TextContext,
    theme::Role,
    widgets::lines,
};

/// A dialog, laid out.
struct Dialog {
    frame: Rect,
    heading: String,
    body: Vec<Line<'static>>,
    scroll: usize,
}

impl Dialog {
    fn new(app: &App, overlay: &Overlay, size: (u16, u16)) -> Self {
        let context = TextContext::new(app, layout::dialog_text_width(size.0));
        let (heading, body, scroll) = match overlay {
            Overlay::Help { scroll } => ("Keys".to_owned(), help::lines(context), *scroll),
            Overlay::Confirm(confirm) => {
                let (heading, lines) = confirm::lines(context, confirm);
                (heading.to_owned(), lines, 0)
            }
            Overlay::Prompt(prompt) => {
                let (heading, lines) = prompt::lines(context, prompt);
                (heading, lines, 0)
            }
            // it fills the window
            Overlay::Activity(_) => (String::new(), Vec::new(), 0),
            Overlay::Palette(palette) => {
                ("Actions".to_owned(), palette::lines(context, palette), 0)
            }
            Overlay::Slide(slide) => {
                let (heading, lines) = slide::dialog(context, slide);
                (heading, lines, 0)
            }
        };
        Self {
            frame: layout::dialog_frame(size, body.len()),
            heading,
            body,
            scroll,
        }
    }
}

/// Draws what lies over the page.
pub(crate) fn draw(app: &App, overlay: &Overlay, area: Rect, buffer: &mut Buffer) {
    let dialog = Dialog::new(app, overlay, (area.width, area.height));
    // the title above and the keys below belong to the dialog as well
    let page = Rect::new(
        area.x,
        area.y + 1,
        area.width,
        area.height.saturating_sub(3),
    );
    dim(app, page, buffer);
    let text = layout::dialog_text(dialog.frame);
    let mut block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(app.theme.style(Role::Accent))
        .padding(Padding::new(2, 2, 1, 1))
        .title(Line::from(format!(" {} ", dialog.heading)).style(app.theme.style(Role::Heading)));
    if dialog.body.len() > usize::from(text.height) {
        block = block.title_bottom(Line::from(" ↑↓ scroll ").right_aligned());
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
    lines::draw(&dialog.body, text, buffer, dialog.scroll);
}

/// Draws the page behind a dialog in one quiet color: it can be read, and draws no eye.
fn dim(app: &App, area: Rect, buffer: &mut Buffer) {
    let rule = app.theme.style(Role::Rule).fg;
    let quiet = Style::reset().patch(app.theme.style(Role::Dim));
    for position in area.intersection(buffer.area).positions() {
        if let Some(cell) = buffer.cell_mut(position)
            && (rule.is_none() || Some(cell.fg) != rule)
        {
            cell.set_style(quiet);
        }
    }
}

/// The two rows of a question's answers, the careful one first; `None` where no question lies over the page.
pub(crate) fn answers(app: &App) -> Option<Rect> {
    let overlay = app.overlay.as_ref()?;
    if !matches!(overlay, Overlay::Confirm(_)) {
        return None;
    }
    let dialog = Dialog::new(app, overlay, app.size);
    let text = layout::dialog_text(dialog.frame);
    let above = u16::try_from(dialog.body.len()).ok()?.checked_sub(2)?;
    (above + 2 <= text.height).then(|| Rect::new(text.x, text.y + above, text.width, 2))
}
