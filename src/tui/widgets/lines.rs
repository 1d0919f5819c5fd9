//! Lines of text, drawn.

use ratatui::{buffer::Buffer, layout::Rect, text::Line, widgets::Widget as _};

/// Draws lines from the top of an area, without the first `skip`.
pub(crate) fn draw(lines: &[Line<'_>], area: Rect, buffer: &mut Buffer, skip: usize) {
    let area = area.intersection(buffer.area);
    for (line, y) in lines.iter().skip(skip).zip(area.top()..area.bottom()) {
        line.render(Rect::new(area.x, y, area.width, 1), buffer);
    }
}
