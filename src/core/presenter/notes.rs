//! What the presenter sees in a second window: what to say, and what comes next.

use crate::core::step::StepId;

/// The part of the presentation that the audience sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scene {
    Opening,
    Step(StepId),
    Summary,
}

impl Scene {
    /// All of them, in their order.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let steps = StepId::ALL.into_iter().map(Self::Step);
        [Self::Opening]
            .into_iter()
            .chain(steps)
            .chain([Self::Summary])
    }

    /// The name, for a person and in the file that the two windows share.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Step(step) => step.name(),
            Self::Summary => "summary",
        }
    }

    /// The one that follows.
    pub(crate) fn next(self) -> Option<Self> {
        Self::all().skip_while(|place| *place != self).nth(1)
    }
}

/// What the audience sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SceneState {
    /// A slide announces it.
    Announced,
    /// The screen itself.
    Shown,
    /// A dialog says what Enter is going to do.
    BeforeApply,
    /// Something is being done.
    Working,
    /// Something is broken, or is about to be.
    Mishap,
    /// Nothing: the screen is blank.
    Blank,
}

impl SceneState {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Announced,
        Self::Shown,
        Self::BeforeApply,
        Self::Working,
        Self::Mishap,
        Self::Blank,
    ];

    /// The name in the file that the two windows share.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Shown => "shown",
            Self::BeforeApply => "before-apply",
            Self::Working => "working",
            Self::Mishap => "mishap",
            Self::Blank => "blank",
        }
    }

    /// What the audience sees, and what Enter does now.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Announced => "The slide is on the screen. Enter shows the step itself.",
            Self::Shown => {
                "The step is on the screen. Enter runs the selected action, after a pause."
            }
            Self::BeforeApply => "The screen says what happens next. Enter does it, Esc goes back.",
            Self::Working => "neonup is working. Wait for the result.",
            Self::Mishap => {
                "A mishap is on the screen. Let the audience guess before you press Enter."
            }
            Self::Blank => "The screen is blank. Any key shows it again.",
        }
    }
}

/// What is on the audience's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Presented {
    pub place: Scene,
    pub moment: SceneState,
}

/// What to say there.
pub(crate) const fn of(place: Scene) -> &'static [&'static str] {
    match place {
        Scene::Opening => &[
            "Ask who has spent a morning on a project's setup document. Keep it to a show of hands.",
            "Say that everything on this screen is real: a real API, a real Postgres, on this machine.",
            "Point out the keys in the corner: they show what you press.",
        ],
        Scene::Step(StepId::Login) => &[
            "Ask where the API key of their last project is stored. Many say: in a chat.",
            "The key is asked for once, checked with one request, and kept in the keyring.",
        ],
        Scene::Step(StepId::Project) => &[
            "Two developers who set up at the same time must not create two projects. Here the second one joins.",
            "Show the line in neonup.toml afterwards: it's what the next person needs.",
        ],
        Scene::Step(StepId::Env) => &[
            "Let them find the password in the diff. They can't: it is masked.",
            "Name the three checks: ignored by git, not tracked, readable only by you.",
            "Good mishap here: m, then the committed env file.",
        ],
        Scene::Step(StepId::Backend) => &[
            "The file is new, so it is written. main.py exists, so the change is only shown.",
            "Say why the session module tests a connection before it uses it: a Neon compute falls asleep.",
        ],
        Scene::Step(StepId::Schema) => &[
            "One transaction: if the last statement fails, the first one never happened.",
            "The columns are compared with the model, so a forgotten migration shows.",
        ],
        Scene::Step(StepId::Health) => &[
            "Read the list from the top. The first line that fails is the cause; the rest follows from it.",
            "Good mishap here: m, then the sleeping compute. Watch the login line take longer.",
        ],
        Scene::Step(StepId::Secrets) => &[
            "Deleting a leaked password from a file doesn't help: the history keeps it.",
            "Good mishap here: m, then the leaked password. The only fix is a new password.",
        ],
        Scene::Summary => &[
            "Nothing was stored as progress. Quit and start again, and it looks the same.",
            "End with the command that they can run on their own machine: uvx neonup demo.",
            "R resets everything for the next group.",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_something_to_say_and_leads_to_the_end() {
        let mut place = Scene::Opening;
        let mut seen = vec![place];
        while let Some(next) = place.next() {
            seen.push(next);
            place = next;
        }
        assert_eq!(seen, Scene::all().collect::<Vec<_>>());
        assert_eq!(place, Scene::Summary);
        assert!(seen.iter().all(|place| !of(*place).is_empty()));
    }
}
