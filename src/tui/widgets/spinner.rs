//! The spinner. It moves with the time that `Tick` brings, never with the drawing.

use std::time::Duration;

use crate::tui::state::work::SPINNER_EVERY;

const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The frame for work that has taken this long.
pub(crate) fn frame(elapsed: Duration) -> &'static str {
    let step = elapsed.as_millis() / SPINNER_EVERY.as_millis();
    let index = usize::try_from(step).unwrap_or(0) % FRAMES.len();
    FRAMES.get(index).copied().unwrap_or("⠋")
}
