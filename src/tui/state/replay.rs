//! A presentation that plays by itself: how long each picture stays.

use std::time::Duration;

use crate::tui::state::{
    overlay::{Overlay, Slide},
    screen::Screen,
};

/// How long a slide stays that has a few sentences.
const SLIDE: Duration = Duration::from_secs(7);
/// How long a screen stays, or a dialog with what happens next.
const PICTURE: Duration = Duration::from_secs(5);
/// How long the end stays before all begins again.
const END: Duration = Duration::from_secs(12);

/// A presentation that plays by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Replay {
    /// Since when nothing has happened.
    pub quiet_since: Duration,
}

impl Replay {
    /// When the next key is pressed, unless something happens before.
    pub(crate) fn next(self, overlay: Option<&Overlay>, screen: Screen) -> Duration {
        let pause = match overlay {
            Some(Overlay::Slide(Slide::Opening | Slide::Before(_) | Slide::AfterIncident(_))) => {
                SLIDE
            }
            None if screen == Screen::Summary => END,
            Some(
                Overlay::Slide(_)
                | Overlay::Help { .. }
                | Overlay::Confirm(_)
                | Overlay::Prompt(_)
                | Overlay::Activity(_)
                | Overlay::Palette(_),
            )
            | None => PICTURE,
        };
        self.quiet_since + pause
    }
}
