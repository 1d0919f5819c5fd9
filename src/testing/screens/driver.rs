//! Drives an app as the event loop would, one message after the other.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    facts::ms,
    options::{demo_options, options},
    reports::{done, failed, failure, finished, todo},
};
use crate::{
    core::{
        event::{Event, EventKind, Phase, Report},
        secret::Secret,
        step::StepId,
    },
    tui::{Options, msg::Msg, state::App, update::update},
};

/// An app of 80 × 24, and the number of the engine's latest run.
pub(crate) struct AppDriver {
    pub app: App,
    run: u64,
}

impl AppDriver {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            app: App::new(options, (80, 24)).0,
            run: 0,
        }
    }

    /// Starts the wizard with every step probed: those before this one are done, the others are open.
    pub(crate) fn up_to(step: StepId) -> Self {
        Self::with_options(options(), step)
    }

    /// Starts the wizard with every step probed as done.
    pub(crate) fn all_done() -> Self {
        let mut driver = Self::new(options());
        for step in StepId::ALL {
            driver.probe(step, done(step));
        }
        driver
    }

    /// [`Self::up_to`] with other options.
    pub(crate) fn with_options(options: Options, step: StepId) -> Self {
        let mut driver = Self::new(options);
        for id in StepId::ALL {
            driver.probe(id, if id < step { done(id) } else { todo(id) });
        }
        driver
    }

    /// [`Self::up_to`] in a demo, past the presenter's opening.
    pub(crate) fn demo_up_to(step: StepId) -> Self {
        let mut driver = Self::with_options(demo_options(), step);
        driver.press(&[KeyCode::Char('1'), KeyCode::Enter]);
        driver
    }

    pub(crate) fn send(&mut self, msg: Msg) -> &mut Self {
        drop(update(&mut self.app, msg));
        self
    }

    /// Sends an event of the latest run.
    pub(crate) fn emit(&mut self, step: StepId, kind: EventKind) -> &mut Self {
        let event = Event {
            run: self.run,
            step,
            kind,
        };
        self.send(Msg::Engine(Box::new(event)))
    }

    /// Begins work that was asked for.
    pub(crate) fn begin(&mut self, step: StepId, phase: Phase) -> &mut Self {
        self.run += 1;
        self.emit(step, EventKind::Started(phase))
    }

    /// Begins and ends a probe that was asked for.
    pub(crate) fn probe(&mut self, step: StepId, report: Report) -> &mut Self {
        self.begin(step, Phase::Probe)
            .emit(step, finished(Phase::Probe, 12, report))
    }

    /// Asks for another probe, which ends with this report.
    pub(crate) fn probe_again(&mut self, step: StepId, report: Report) -> &mut Self {
        drop(self.app.probe(&[step]));
        self.probe(step, report)
    }

    /// Presses Enter, which begins to apply the step.
    pub(super) fn apply(&mut self, step: StepId) -> &mut Self {
        self.press(&[KeyCode::Enter]).begin(step, Phase::Apply)
    }

    /// Presses Enter, and the apply fails.
    pub(super) fn fail(&mut self, step: StepId) -> &mut Self {
        self.apply(step)
            .emit(step, failed(Phase::Apply, failure(step)))
    }

    pub(crate) fn press(&mut self, codes: &[KeyCode]) -> &mut Self {
        for code in codes {
            self.send(Msg::Key(KeyEvent::new(*code, KeyModifiers::NONE)));
        }
        self
    }

    /// Presses a key together with Ctrl.
    pub(super) fn press_ctrl(&mut self, char: char) -> &mut Self {
        let key = KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL);
        self.send(Msg::Key(key))
    }

    pub(crate) fn type_text(&mut self, text: &str) -> &mut Self {
        let keys: Vec<_> = text.chars().map(KeyCode::Char).collect();
        self.press(&keys)
    }

    pub(super) fn paste(&mut self, text: &str) -> &mut Self {
        self.send(Msg::Paste(Secret::new(text)))
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, millis: u64) -> &mut Self {
        let now = self.app.now + ms(millis);
        self.send(Msg::Tick(now))
    }
}
