//! Every screen in every state, with facts such as the steps report: for snapshots, sweeps, benchmarks and pictures.

mod driver;
#[cfg(test)]
mod engine;
mod facts;
mod fixtures;
mod reports;

pub(crate) use driver::Stage;
#[cfg(test)]
pub(crate) use engine::World;
pub(crate) use fixtures::gallery;
pub(crate) use reports::{done, todo};
#[cfg(test)]
pub(crate) use {
    facts::health,
    reports::{event, failed, failure, finished},
};

use crate::{core::step::StepId, tui::Options};
use crossterm::event::KeyCode;

/// What the wizard is told in the gallery.
pub(crate) fn options() -> Options {
    Options {
        project: "aido-todo".to_owned(),
        place: "Sandbox".to_owned(),
        start: "cd backend && python -m uvicorn src.main:app --port 8000".to_owned(),
        notes: vec![
            "The sample project lies in /tmp/neonup-demo/aido-todo".to_owned(),
            "It is removed at the end; `neonup demo --dir DIR` keeps it".to_owned(),
        ],
        ..Options::default()
    }
}

/// What it is told against the real Neon.
fn at_neon() -> Options {
    Options {
        place: "Neon".to_owned(),
        notes: Vec::new(),
        ..options()
    }
}

/// What the wizard of a tour is told.
pub(crate) fn on_stage() -> Options {
    Options {
        presenter: true,
        demo: true,
        private: vec!["/tmp/neonup-demo".to_owned()],
        ..options()
    }
}

/// A tour that stands before this step: those before it are done.
pub(crate) fn tour_at(step: StepId) -> Stage {
    let mut stage = Stage::new(on_stage());
    for id in StepId::ALL {
        stage.probed(id, if id < step { done(id) } else { todo(id) });
    }
    stage.keys(&[KeyCode::Char('1'), KeyCode::Enter]);
    stage
}
