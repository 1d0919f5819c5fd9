//! The application that is kept running.

use std::time::Duration;

use crate::{
    core::{
        app_run::{AppAddress, AppEvent},
        choices::AppChoice,
        facts::{CheckState, Facts},
        step::StepId,
    },
    tui::state::App,
};

/// The application, from its start until it is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptApp {
    /// Which start it is; `None` until that is told.
    pub run: Option<u64>,
    pub state: KeptState,
    /// When it was started, in the wizard's time.
    pub since: Duration,
}

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeptState {
    Starting,
    Answers(AppAddress),
    /// It has ended by itself, or never began: why.
    Ended(String),
}

impl App {
    /// Whether an application runs that ends with the wizard.
    pub(crate) fn keeps_app(&self) -> bool {
        let runs = |kept: &KeptApp| !matches!(kept.state, KeptState::Ended(_));
        self.kept_app.as_ref().is_some_and(runs)
    }

    /// Where the application that is kept running answers.
    pub(crate) fn app_address(&self) -> Option<&AppAddress> {
        match &self.kept_app.as_ref()?.state {
            KeptState::Answers(address) => Some(address),
            KeptState::Starting | KeptState::Ended(_) => None,
        }
    }

    /// What can be done with the application: one that has answered can be kept running.
    pub(crate) fn app_choice(&self) -> AppChoice {
        if self.keeps_app() {
            return AppChoice::Running(self.app_address().cloned());
        }
        let proved = match &self.plan.step(StepId::Health).facts {
            Some(Facts::Health(health)) => health
                .checks
                .iter()
                .any(|check| check.label == "App" && check.state == CheckState::Ok),
            _ => false,
        };
        if proved && !self.options.start.is_empty() {
            AppChoice::Proved
        } else {
            AppChoice::None
        }
    }

    /// Takes in what has become of it. What comes of an earlier start is no longer of interest.
    pub(crate) fn follow_app(&mut self, run: u64, event: &AppEvent) {
        let Some(kept) = &mut self.kept_app else {
            return;
        };
        if kept.run.is_some_and(|known| known > run) {
            return;
        }
        kept.run = Some(run);
        match event {
            AppEvent::Started { .. } => kept.state = KeptState::Starting,
            AppEvent::Answers(address) => {
                kept.state = KeptState::Answers(address.clone());
                let root = address.root.clone();
                self.notify(format!("the app runs at {root}"));
            }
            AppEvent::Ended { why } => kept.state = KeptState::Ended(why.clone()),
            AppEvent::Stopped => {
                self.kept_app = None;
                self.notify("the app has stopped");
            }
        }
    }
}
