//! What the audience of a presentation sees.

use crate::{
    core::presenter::notes::{Presented, Scene, SceneState},
    tui::state::{
        app::App,
        overlay::{Overlay, Slide},
        screen::Screen,
    },
};

impl App {
    /// What the audience sees; `None` outside of presenter mode.
    pub(crate) fn presented(&self) -> Option<Presented> {
        self.presenter.then(|| Presented {
            place: self.place(),
            moment: self.moment(),
        })
    }

    const fn place(&self) -> Scene {
        let screen = match &self.overlay {
            Some(Overlay::Slide(Slide::Opening)) => return Scene::Opening,
            Some(Overlay::Slide(Slide::Before(screen))) => *screen,
            _ => self.screen,
        };
        match screen {
            Screen::Proposal => Scene::Opening,
            Screen::Step(step) => Scene::Step(step),
            Screen::Summary => Scene::Summary,
        }
    }

    fn moment(&self) -> SceneState {
        if self.blank {
            return SceneState::Blank;
        }
        match &self.overlay {
            Some(Overlay::Slide(slide)) => match slide {
                Slide::Opening | Slide::Before(_) => SceneState::Announced,
                Slide::BeforeApply(_) => SceneState::BeforeApply,
                Slide::Preparing(..) => SceneState::Working,
                Slide::Incidents(_) | Slide::AfterIncident(_) | Slide::Failed(_) => {
                    SceneState::Mishap
                }
            },
            _ if self.screen.step().is_some_and(|step| self.is_working(step)) => {
                SceneState::Working
            }
            _ => SceneState::Shown,
        }
    }
}
