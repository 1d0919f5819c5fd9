//! Where everything goes, for a window of a given size.

use ratatui::layout::Rect;

/// The smallest window in which everything has its place.
pub(crate) const SMALLEST: (u16, u16) = (60, 18);
/// From this width on, the steps are a column.
pub(crate) const WIDE: u16 = 76;
/// The columns of the steps, where they are a column.
pub(crate) const STEPS_WIDTH: u16 = 20;
/// From this height on, there is a blank line above the page.
const TALL: u16 = 30;
/// Longer lines are hard to read.
const WIDEST_TEXT: u16 = 108;

/// Where the parts of a page go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PageLayout {
    /// The column of the steps; empty where they are a row.
    pub steps: Rect,
    /// The heading and its sentence.
    pub head: Rect,
    /// The text.
    pub body: Rect,
    /// What is under way.
    pub status: Rect,
    /// The field.
    pub field: Rect,
    /// The choices.
    pub choices: Rect,
}

/// How many rows each part of a page would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartRows {
    pub head: usize,
    pub body: usize,
    pub status: usize,
    pub field: usize,
    pub choices: usize,
}

/// How wide the text of a page is, in a window of so many columns.
pub(crate) fn text_width(columns: u16) -> u16 {
    columns.saturating_sub(left(columns) + 1).min(WIDEST_TEXT)
}

/// The first column of a page's text.
const fn left(columns: u16) -> u16 {
    if columns >= WIDE { STEPS_WIDTH + 3 } else { 2 }
}

impl PageLayout {
    /// Gives every part its rows: the choices and what belongs to them always, the text what is left.
    pub(crate) fn new((columns, rows): (u16, u16), parts: &PartRows) -> Self {
        let wide = columns >= WIDE;
        let top = if wide { 2 } else { 3 } + u16::from(rows >= TALL);
        let height = rows.saturating_sub(top + 2);
        let content = Rect::new(left(columns), top, text_width(columns), height);
        let steps = if wide {
            Rect::new(0, top, STEPS_WIDTH, height)
        } else {
            Rect::default()
        };
        Self {
            steps,
            ..Self::stack(content, parts)
        }
    }

    fn stack(content: Rect, parts: &PartRows) -> Self {
        let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let gap = |rows: u16| u16::from(rows > 0);
        let (lines, choices) = (rows(parts.body), rows(parts.choices));
        let (status, field) = (rows(parts.status), rows(parts.field));
        let head = rows(parts.head).min(content.height);
        let fixed = head + status + gap(status) + field + gap(field);
        let room = content.height.saturating_sub(fixed);
        // at least three choices, or all of them where there are fewer; the text shares what is left
        let least = choices.min(3);
        let body_least = lines.min(4) + gap(lines);
        let choices = choices
            .min(room.saturating_sub(gap(choices) + body_least))
            .max(least)
            .min(room);
        let body = lines.min(room.saturating_sub(choices + gap(choices) + gap(lines)));
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
        Self {
            steps: Rect::default(),
            head: Rect::new(content.x, content.y, content.width, head),
            body: take(
                body,
                status + field + choices + gap(status) + gap(field) + gap(choices),
            ),
            status: take(status, field + choices + gap(field) + gap(choices)),
            field: take(field, choices + gap(choices)),
            choices: take(choices, 0),
        }
    }
}

/// How wide a pane is that covers the whole page.
pub(crate) const fn pane_width(columns: u16) -> u16 {
    columns.saturating_sub(4)
}

/// The rows of a pane that covers the whole page, between the rule below the title and the one above the keys.
pub(crate) const fn pane_rows(rows: u16) -> usize {
    rows.saturating_sub(4) as usize
}

/// The most columns of a dialog: longer lines are hard to read.
const WIDEST_DIALOG: u16 = 78;
/// The frame, and two blank columns, on either side.
const DIALOG_SIDES: u16 = 3;
/// The frame, and a blank row, above and below.
const DIALOG_ENDS: u16 = 2;

/// The first column of a dialog, and its columns. It begins where the text of the page does, and leaves the column of the steps
/// free.
fn dialog_columns(window: u16) -> (u16, u16) {
    let left = if window >= WIDE { STEPS_WIDTH + 2 } else { 1 };
    (left, window.saturating_sub(left + 1).min(WIDEST_DIALOG))
}

/// How wide the text of a dialog is, in a window of so many columns.
pub(crate) fn dialog_text_width(window: u16) -> u16 {
    dialog_columns(window).1.saturating_sub(2 * DIALOG_SIDES)
}

/// The frame of a dialog with so many lines of text.
pub(crate) fn dialog_frame((columns, rows): (u16, u16), lines: usize) -> Rect {
    let (x, width) = dialog_columns(columns);
    let height = u16::try_from(lines)
        .unwrap_or(u16::MAX)
        .saturating_add(2 * DIALOG_ENDS)
        .min(rows.saturating_sub(4));
    Rect::new(x, rows.saturating_sub(height) / 2, width, height)
}

/// Where the text of a dialog is.
pub(crate) const fn dialog_text(frame: Rect) -> Rect {
    Rect::new(
        frame.x + DIALOG_SIDES,
        frame.y + DIALOG_ENDS,
        frame.width.saturating_sub(2 * DIALOG_SIDES),
        frame.height.saturating_sub(2 * DIALOG_ENDS),
    )
}

/// How many lines of a long dialog are seen at once.
pub(crate) const fn dialog_page(rows: u16) -> usize {
    // a row above and below the frame, the frame, and a blank line inside it
    rows.saturating_sub(8) as usize
}
