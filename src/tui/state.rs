//! The wizard's whole state. Nothing in it reaches outside: messages come in, effects go out.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tui_input::Input;

use crate::core::{
    answer::Answer,
    event::Phase,
    plan::{Plan, Status, StepState},
    step::StepId,
};
use crate::tui::{
    Options, Reason,
    msg::Effect,
    presenter::{Slide, keys::Keys, pause},
    screens::{self, health, login, project},
    theme::Theme,
    view,
};

/// Every screen there is: one for each step, and the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Screen {
    /// A step.
    Step(StepId),
    /// What was done, and what to do next.
    Summary,
}

impl Screen {
    /// The step it shows.
    pub(crate) const fn step(self) -> Option<StepId> {
        match self {
            Self::Step(step) => Some(step),
            Self::Summary => None,
        }
    }

    /// The screen after this one.
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::Step(step) => Some(step.next().map_or(Self::Summary, Self::Step)),
            Self::Summary => None,
        }
    }

    /// The screen before this one.
    pub(crate) fn previous(self) -> Option<Self> {
        match self {
            Self::Step(step) => step.previous().map(Self::Step),
            Self::Summary => Some(Self::Step(StepId::Secrets)),
        }
    }
}

/// The part of the screen that the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Focus {
    /// A text field.
    Field,
    /// The choices.
    Choices,
    /// The text, for scrolling.
    Body,
}

/// What lies over the screen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Overlay {
    /// The keys.
    Help {
        /// The first line that is shown.
        scroll: usize,
    },
    /// A question whose careful answer is preselected.
    Confirm(Confirm),
    /// A line to type.
    Prompt(Prompt),
    /// A pause of the presenter's mode.
    Slide(Slide),
}

/// A question whose careful answer is preselected.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Confirm {
    /// What is asked.
    pub question: Question,
    /// Whether yes is chosen.
    pub yes: bool,
}

/// What is asked before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// Leave while this step is being applied?
    Leave(StepId, Reason),
    /// Create a second project of a name that exists?
    Duplicate(String),
    /// End the password that everybody uses?
    Rotate,
    /// Put the whole demo back to the beginning?
    Reset,
}

/// A line to type.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    /// What it is for.
    pub about: PromptAbout,
    /// What was typed.
    pub input: Input,
    /// Whether it was offered and not typed: then the first character takes its place.
    pub offered: bool,
    /// What is the matter with it.
    pub problem: Option<String>,
}

impl PartialEq for Prompt {
    fn eq(&self, other: &Self) -> bool {
        self.about == other.about
            && self.input.value() == other.input.value()
            && self.problem == other.problem
    }
}

/// What a line is typed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromptAbout {
    /// Why this step is left out.
    Skip(StepId),
    /// The name of a new project.
    Name,
}

/// Work that was asked for and has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    /// Looking or doing.
    pub phase: Phase,
    /// When it was asked for.
    pub since: Duration,
    /// Its run, once it has begun.
    pub run: Option<u64>,
    /// Whether the user asked to cancel it.
    pub cancelled: bool,
}

/// A short word at the bottom that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    /// The words.
    pub text: String,
    /// When it goes away.
    pub until: Duration,
}

/// The state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct App {
    /// What is known of the steps.
    pub plan: Plan,
    /// What does not change: names, place, notes.
    pub options: Options,
    /// What is shown.
    pub screen: Screen,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// Where keys go.
    pub focus: Focus,
    /// Columns and rows.
    pub size: (u16, u16),
    /// How things look.
    pub theme: Theme,
    /// Whether this is shown to a room: identifiers are hidden, and each step is explained before it acts.
    pub presenter: bool,
    /// The screens that were announced.
    pub announced: BTreeSet<Screen>,
    /// The keys that were pressed last.
    pub pressed_keys: Keys,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// How long the wizard has been open.
    pub now: Duration,
    /// A short word.
    pub toast: Option<Toast>,
    /// Whether the wizard goes to the first open step by itself, since the user has not gone anywhere.
    pub follow: bool,
    /// The step from which it looks for an open one.
    pub from: StepId,
    /// What is under way.
    pub work: BTreeMap<StepId, Work>,
    /// The choice made on a screen, where it is not the default.
    pub chosen: BTreeMap<Screen, usize>,
    /// How far a screen's text is scrolled.
    pub scroll: BTreeMap<Screen, usize>,
    /// The login screen's answers.
    pub login: login::State,
    /// The project screen's answers.
    pub project: project::State,
    /// The health screen's watch, while it lasts.
    pub watch: Option<health::Watch>,
}

impl App {
    /// A wizard that knows nothing yet, and what it does first.
    pub(crate) fn new(options: Options, size: (u16, u16)) -> (Self, Vec<Effect>) {
        let mut app = Self {
            plan: Plan::new(),
            screen: Screen::Step(StepId::Login),
            overlay: options.presenter.then_some(Overlay::Slide(Slide::Opening)),
            focus: Focus::Choices,
            size,
            theme: Theme {
                no_color: options.no_color,
                ascii: options.ascii,
                light: options.light,
            },
            presenter: options.presenter,
            announced: BTreeSet::new(),
            pressed_keys: Keys::default(),
            mouse: false,
            now: Duration::ZERO,
            toast: None,
            follow: true,
            from: StepId::Login,
            work: BTreeMap::new(),
            chosen: BTreeMap::new(),
            scroll: BTreeMap::new(),
            login: login::State::default(),
            project: project::State::default(),
            watch: None,
            options,
        };
        let effects = app.probe(&StepId::ALL).into_iter().collect();
        (app, effects)
    }

    /// What a step is doing, if anything.
    pub(crate) fn busy(&self, step: StepId) -> Option<Work> {
        self.work.get(&step).copied()
    }

    /// The step's status as it is shown.
    pub(crate) fn status(&self, step: StepId) -> Status {
        if self.busy(step).is_some() && !self.watching(step) {
            Status::Running
        } else {
            self.settled(step)
        }
    }

    /// Whether the step is looked at again and again; what it was found to be stands meanwhile.
    pub(crate) fn watching(&self, step: StepId) -> bool {
        step == StepId::Health
            && self.watch.is_some()
            && self
                .busy(step)
                .is_none_or(|work| work.phase == Phase::Probe)
    }

    /// What the step's status was before the work that is under way, or is.
    pub(crate) fn settled(&self, step: StepId) -> Status {
        self.plan.step(step).known()
    }

    /// What is known of the step that is shown.
    pub(crate) fn state(&self) -> Option<(StepId, &StepState)> {
        let step = self.screen.step()?;
        Some((step, self.plan.step(step)))
    }

    /// The step that is being applied, if there is one.
    pub(crate) fn applying(&self) -> Option<StepId> {
        self.work
            .iter()
            .find(|(_, work)| work.phase == Phase::Apply)
            .map(|(step, _)| *step)
    }

    /// Whether a step is neither done nor left out.
    pub(crate) fn open(&self, step: StepId) -> bool {
        !matches!(self.status(step), Status::Done | Status::Skipped)
    }

    /// The first open step, from this one on and then from the start.
    pub(crate) fn open_from(&self, from: StepId) -> Option<StepId> {
        let open = |step: &StepId| self.open(*step);
        StepId::ALL
            .into_iter()
            .filter(|step| *step >= from)
            .find(open)
            .or_else(|| StepId::ALL.into_iter().find(open))
    }

    /// Whether characters go into a field.
    pub(crate) fn typing(&self) -> bool {
        match &self.overlay {
            Some(Overlay::Prompt(_)) => true,
            Some(Overlay::Help { .. } | Overlay::Confirm(_) | Overlay::Slide(_)) => false,
            None => self.focus == Focus::Field,
        }
    }

    /// The parts of the screen that Tab goes round.
    pub(crate) fn parts(&self) -> Vec<Focus> {
        let mut parts = Vec::new();
        if screens::has_field(self) {
            parts.push(Focus::Field);
        }
        parts.push(Focus::Choices);
        if self.scrolls() {
            parts.push(Focus::Body);
        }
        parts
    }

    /// Whether the text is longer than its place.
    pub(crate) fn scrolls(&self) -> bool {
        let place = view::place(self);
        place.lines > usize::from(place.body.height)
    }

    /// When the screen changes by itself next; `None` where nothing moves, so that idling costs nothing.
    pub(crate) fn next_tick(&self) -> Option<Duration> {
        let spinner = self.work.values().map(|work| {
            let shown = work.since + SPINNER_AFTER;
            if self.now < shown {
                shown
            } else {
                self.now + SPINNER_EVERY
            }
        });
        spinner
            .chain(self.toast.as_ref().map(|toast| toast.until))
            .chain(self.login.revealed_until)
            .chain(self.pressed_keys.next())
            .chain(self.preparing().then_some(self.now + SPINNER_EVERY))
            .chain(
                self.watch
                    .as_ref()
                    .filter(|_| self.busy(StepId::Health).is_none())
                    .map(|watch| watch.next),
            )
            .min()
    }

    /// Shows another screen, with its own focus.
    pub(crate) fn go(&mut self, screen: Screen) {
        if self.screen != screen {
            self.login.revealed_until = None;
            self.watch = None;
        }
        self.screen = screen;
        self.focus = screens::first_focus(self);
        pause::arrive(self);
    }

    /// Whether the demo is carrying out a request.
    const fn preparing(&self) -> bool {
        matches!(&self.overlay, Some(Overlay::Slide(Slide::Preparing(..))))
    }

    /// Says a short word.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast {
            text: text.into(),
            until: self.now + TOAST_FOR,
        });
    }

    /// Asks for probes of those of these steps that are not being changed.
    pub(crate) fn probe(&mut self, steps: &[StepId]) -> Option<Effect> {
        let steps: Vec<_> = steps
            .iter()
            .copied()
            .filter(|step| {
                self.busy(*step)
                    .is_none_or(|work| work.phase == Phase::Probe)
            })
            .collect();
        for step in &steps {
            self.begin(*step, Phase::Probe);
        }
        (!steps.is_empty()).then_some(Effect::Probe(steps))
    }

    /// Asks for a change.
    pub(crate) fn apply(&mut self, answer: Answer) -> Effect {
        let step = answer.step();
        self.plan.reopen(step);
        self.begin(step, Phase::Apply);
        Effect::Apply(answer)
    }

    fn begin(&mut self, step: StepId, phase: Phase) {
        self.work.insert(
            step,
            Work {
                phase,
                since: self.now,
                run: None,
                cancelled: false,
            },
        );
    }
}

/// A spinner that comes at once flickers on fast answers.
pub(crate) const SPINNER_AFTER: Duration = Duration::from_millis(150);
/// Slow enough for a slow line.
pub(crate) const SPINNER_EVERY: Duration = Duration::from_millis(100);
/// How long a short word stays.
pub(crate) const TOAST_FOR: Duration = Duration::from_secs(4);
/// How long a revealed key stays.
pub(crate) const REVEAL_FOR: Duration = Duration::from_secs(4);
