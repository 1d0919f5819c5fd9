//! A bar that grows in eighths of a cell.

use ratatui::symbols::block;

use crate::tui::text;

/// Parts of a cell, from none to all but one of eight.
const PARTS: [&str; 8] = [
    "",
    block::ONE_EIGHTH,
    block::ONE_QUARTER,
    block::THREE_EIGHTHS,
    block::HALF,
    block::FIVE_EIGHTHS,
    block::THREE_QUARTERS,
    block::SEVEN_EIGHTHS,
];

/// A bar as long as `part` is of `whole`, at most `room` cells. Even nothing of it shows a little.
pub(crate) fn cells(part: u64, whole: u64, room: usize) -> String {
    let most = u64::try_from(room)
        .unwrap_or_default()
        .saturating_mul(8)
        .max(1);
    let eighths = u128::from(part) * u128::from(most) / u128::from(whole.max(1));
    let eighths = u64::try_from(eighths).unwrap_or(most).clamp(1, most);
    let mut bar = block::FULL.repeat(usize::try_from(eighths / 8).unwrap_or_default());
    let rest = usize::try_from(eighths % 8).unwrap_or_default();
    bar.push_str(PARTS.get(rest).copied().unwrap_or_default());
    bar
}

/// What is left of the room behind a bar, so that its length can be seen as a part of something.
pub(crate) fn track(bar: &str, room: usize) -> String {
    "─".repeat(room.saturating_sub(text::width(bar)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_never_empty_and_never_longer_than_their_room() {
        for room in [1, 7, 20] {
            for (part, whole) in [
                (0, 0),
                (1, 2000),
                (33, 412),
                (412, 412),
                (3000, 412),
                (u64::MAX, 1),
            ] {
                let bar = cells(part, whole, room);
                assert!((1..=room).contains(&text::width(&bar)), "{bar}");
                assert_eq!(text::width(&bar) + text::width(&track(&bar, room)), room);
            }
        }
        assert_eq!(cells(1, 2, 8), "████");
        assert_eq!(cells(1, 16, 8), "▌");
    }
}
