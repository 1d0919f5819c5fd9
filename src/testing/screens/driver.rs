//! An app to which things happen, one message after the other.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{facts::ms, options, reports::*};
use crate::{
    core::{
        event::{Event, EventKind, Phase, Report},
        step::StepId,
    },
    tui::{Options, msg::Msg, state::App, update::update},
};

/// An app of 80 × 24 to which things happen.
pub(crate) struct Stage {
    /// The app.
    pub app: App,
    run: u64,
}

impl Stage {
    /// A fresh one.
    pub(crate) fn new(options: Options) -> Self {
        Self {
            app: App::new(options, (80, 24)).0,
            run: 0,
        }
    }

    /// One in which these steps were probed as done, and those after them as open.
    pub(crate) fn up_to(step: StepId) -> Self {
        Self::told(options(), step)
    }

    /// The same, told something else.
    pub(super) fn told(options: Options, step: StepId) -> Self {
        let mut stage = Self::new(options);
        for id in StepId::ALL {
            let report = if id < step { done(id) } else { todo(id) };
            stage.probed(id, report);
        }
        stage
    }

    /// Takes a message in.
    pub(crate) fn tell(&mut self, msg: Msg) -> &mut Self {
        drop(update(&mut self.app, msg));
        self
    }

    /// An event of the latest run.
    pub(crate) fn event(&mut self, step: StepId, kind: EventKind) -> &mut Self {
        let event = Event {
            run: self.run,
            step,
            kind,
        };
        self.tell(Msg::Engine(Box::new(event)))
    }

    /// Work that was asked for begins.
    pub(crate) fn begins(&mut self, step: StepId, phase: Phase) -> &mut Self {
        self.run += 1;
        self.event(step, EventKind::Started(phase))
    }

    /// A probe that was asked for begins and ends.
    pub(crate) fn probed(&mut self, step: StepId, report: Report) -> &mut Self {
        self.begins(step, Phase::Probe);
        self.event(step, finished(Phase::Probe, 12, report))
    }

    /// Keys are pressed.
    pub(crate) fn keys(&mut self, codes: &[KeyCode]) -> &mut Self {
        for code in codes {
            self.tell(Msg::Key(KeyEvent::new(*code, KeyModifiers::NONE)));
        }
        self
    }

    /// Text is typed.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        for char in text.chars() {
            self.keys(&[KeyCode::Char(char)]);
        }
        self
    }

    /// Time goes on.
    pub(crate) fn after(&mut self, millis: u64) -> &mut Self {
        let now = self.app.now + ms(millis);
        self.tell(Msg::Tick(now))
    }

    pub(super) fn done(&mut self) -> App {
        self.app.clone()
    }
}
