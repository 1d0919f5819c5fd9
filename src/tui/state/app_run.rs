//! What becomes of the application that is kept running, and what can be done with it.

use crate::{
    core::{
        app_run::{AppAddress, AppEvent},
        choices::AppChoice,
        facts::{CheckState, Facts},
        step::StepId,
    },
    tui::state::{
        App,
        kept_app::{KeptApp, KeptState},
    },
};

impl App {
    /// Whether an application runs that ends with the wizard.
    pub(crate) fn keeps_app(&self) -> bool {
        let runs = |kept: &KeptApp| !matches!(kept.state, KeptState::Ended(_));
        self.kept.as_ref().is_some_and(runs)
    }

    /// Where the application that is kept running answers.
    pub(crate) fn app_address(&self) -> Option<&AppAddress> {
        match &self.kept.as_ref()?.state {
            KeptState::Answers(address) => Some(address),
            KeptState::Starting(_) | KeptState::Ended(_) => None,
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
        let Some(kept) = &mut self.kept else {
            return;
        };
        if kept.run.is_some_and(|known| known > run) {
            return;
        }
        kept.run = Some(run);
        // the rows are others now, so that Enter means something again
        self.taken.clear();
        match event {
            AppEvent::Started { command } => {
                kept.state = KeptState::Starting(Some(command.clone()));
            }
            AppEvent::Answers(address) => {
                kept.state = KeptState::Answers(address.clone());
                let root = address.root.clone();
                self.notify(format!("the app runs at {root}"));
            }
            AppEvent::Ended { why } => kept.state = KeptState::Ended(why.clone()),
            AppEvent::Stopped => {
                self.kept = None;
                self.notify("the app has stopped");
            }
        }
    }
}
