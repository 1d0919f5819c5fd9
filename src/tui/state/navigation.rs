//! Going from screen to screen.

use crate::{
    core::step::StepId,
    tui::state::{
        app::App,
        overlay::{Overlay, Slide},
        screen::{Focus, Screen},
    },
};

impl App {
    /// Shows another screen, with its own focus.
    pub(crate) fn go(&mut self, screen: Screen) {
        if self.screen != screen {
            self.login.revealed_until = None;
            self.watch = None;
        }
        self.screen = screen;
        self.focus = self.first_focus();
        self.announce();
    }

    /// Where the keys go when a screen opens: into the field only where typing comes first.
    pub(crate) fn first_focus(&self) -> Focus {
        if self.screen == Screen::Step(StepId::Login) && self.wants_key() {
            Focus::Field
        } else {
            Focus::Choices
        }
    }

    /// Announces the screen that is shown, in presenter mode, unless it was announced before.
    pub(crate) fn announce(&mut self) {
        if self.presenter
            && self.screen != Screen::Proposal
            && self.overlay.is_none()
            && self.announced.insert(self.screen)
        {
            self.overlay = Some(Overlay::Slide(Slide::Before(self.screen)));
        }
    }
}
