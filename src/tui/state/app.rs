//! The wizard's whole state.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use crate::core::{
    answer::Answer,
    choices,
    code::Code,
    event::Phase,
    facts::{BrowserWait, Facts, LoginFacts, ProjectFacts},
    plan::{Plan, Status, StepState},
    step::StepId,
};
use crate::tui::{
    msg::{Effect, ExitReason},
    options::Options,
    proposal::ProposalScreen,
    state::{
        activity::ActivityLog,
        kept_app::KeptApp,
        login::LoginInput,
        overlay::{Overlay, Slide},
        pressed_keys::PressedKeys,
        project::{ListMatches, ProjectInput},
        replay::Replay,
        screen::{Focus, Screen},
        shown::Shown,
        watch::Watch,
        work::{LastChange, SPINNER_AFTER, SPINNER_EVERY, StepWork, TOAST_FOR, Toast},
    },
    theme::Theme,
};

/// The wizard's whole state.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "modes of the screen, each independent of the others"
)]
pub(crate) struct App {
    /// What is known of the steps.
    pub plan: Plan,
    /// What does not change.
    pub options: Options,
    pub screen: Screen,
    pub overlay: Option<Overlay>,
    /// Whether what is asked has been on the screen.
    pub shown: Shown,
    pub focus: Focus,
    /// Columns and rows.
    pub size: (u16, u16),
    pub theme: Theme,
    /// Whether presenter mode is on: identifiers are hidden, and each step is announced before it acts.
    pub presenter: bool,
    /// The screens that were announced.
    pub announced: BTreeSet<Screen>,
    /// The keys that were pressed last.
    pub pressed_keys: PressedKeys,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// How long the wizard has been open.
    pub now: Duration,
    pub toast: Option<Toast>,
    pub last_change: LastChange,
    /// What was asked of others, and heard from them.
    pub activity: ActivityLog,
    /// Whether the wizard goes to the first open step by itself, since the user has not gone anywhere.
    pub follow: bool,
    /// The step from which an open one is looked for.
    pub from: StepId,
    /// The steps whose warnings were shown: the wizard stops at each once.
    pub warned: BTreeSet<StepId>,
    /// What is under way.
    pub work: BTreeMap<StepId, StepWork>,
    /// The steps whose turn to fix something comes next.
    pub fixing: VecDeque<StepId>,
    /// What Enter alone has done already, each with the plan and the screen as they were: it does nothing twice.
    pub taken: BTreeSet<(u64, Screen)>,
    /// The row that was chosen on a screen, where it is not the default.
    pub chosen: BTreeMap<Screen, usize>,
    /// How far a screen's text is scrolled.
    pub scroll: BTreeMap<Screen, usize>,
    pub login: LoginInput,
    pub project: ProjectInput,
    /// The proposed `neonup.toml`, or the one whose values are changed, until it is written or left.
    pub proposal: Option<ProposalScreen>,
    /// The screen from which the values of `neonup.toml` were asked for.
    pub settings_from: Option<Screen>,
    /// The application that is kept running, until it is stopped.
    pub kept: Option<KeptApp>,
    /// Whether nothing is shown until the next key.
    pub blank: bool,
    /// The replay, while the presentation plays by itself.
    pub replay: Option<Replay>,
    /// The watch of the health screen, while it lasts.
    pub watch: Option<Watch>,
}

impl App {
    /// A wizard that knows nothing yet, and what it does first.
    pub(crate) fn new(options: Options, size: (u16, u16)) -> (Self, Vec<Effect>) {
        let mut app = Self {
            plan: Plan::new(),
            screen: Screen::Step(StepId::Login),
            overlay: options.presenter.then_some(Overlay::Slide(Slide::Opening)),
            shown: Shown::default(),
            focus: Focus::Choices,
            size,
            theme: options.theme(),
            presenter: options.presenter,
            announced: BTreeSet::new(),
            pressed_keys: PressedKeys::default(),
            mouse: false,
            now: Duration::ZERO,
            toast: None,
            last_change: LastChange::default(),
            activity: ActivityLog::default(),
            follow: true,
            from: StepId::Login,
            warned: BTreeSet::new(),
            work: BTreeMap::new(),
            fixing: VecDeque::new(),
            taken: BTreeSet::new(),
            chosen: BTreeMap::new(),
            scroll: BTreeMap::new(),
            login: LoginInput::default(),
            project: ProjectInput::default(),
            proposal: options.proposal.clone(),
            settings_from: None,
            kept: None,
            blank: false,
            replay: options.replay.then(Replay::default),
            watch: None,
            options,
        };
        if app.proposal.is_some() {
            // the steps depend on what is decided there
            app.screen = Screen::Proposal;
            return (app, Vec::new());
        }
        let effects = app.probe(&StepId::ALL).into_iter().collect();
        (app, effects)
    }

    // ---- the steps

    /// What a step is doing, if anything.
    pub(crate) fn busy(&self, step: StepId) -> Option<StepWork> {
        self.work.get(&step).copied()
    }

    /// Whether a step does something that has an end of its own; a watch has none.
    pub(crate) fn is_working(&self, step: StepId) -> bool {
        self.busy(step).is_some() && !self.is_watching(step)
    }

    /// The step's status as it is shown.
    pub(crate) fn status(&self, step: StepId) -> Status {
        if self.is_working(step) {
            Status::Running
        } else {
            self.settled(step)
        }
    }

    /// Whether the step is probed again and again; its last status is shown meanwhile.
    pub(crate) fn is_watching(&self, step: StepId) -> bool {
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

    /// The step that is shown, and what is known of it.
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

    /// Whether the values of `neonup.toml` may be changed now: not before an audience, and not while a step works with them.
    pub(crate) fn can_change_settings(&self) -> bool {
        self.proposal.is_none() && !self.presenter && self.applying().is_none()
    }

    /// Whether a step is neither done nor skipped.
    pub(crate) fn is_open(&self, step: StepId) -> bool {
        !matches!(self.status(step), Status::Done | Status::Skipped)
    }

    /// The first open step, from this one on and then from the start.
    pub(crate) fn open_from(&self, from: StepId) -> Option<StepId> {
        let open = |step: &StepId| self.is_open(*step);
        StepId::ALL
            .into_iter()
            .filter(|step| *step >= from)
            .find(open)
            .or_else(|| StepId::ALL.into_iter().find(open))
    }

    /// The first step to stop at, from this one on and then from the start: one that is open, or that is done with warnings which
    /// nobody has seen yet.
    pub(crate) fn stop_from(&self, from: StepId) -> Option<StepId> {
        let stops = |step: &StepId| self.is_open(*step) || self.has_unseen_warnings(*step);
        StepId::ALL
            .into_iter()
            .filter(|step| *step >= from)
            .find(stops)
            .or_else(|| StepId::ALL.into_iter().find(stops))
    }

    /// Whether the step is done with warnings, and the wizard has not stopped at it yet.
    pub(crate) fn has_unseen_warnings(&self, step: StepId) -> bool {
        self.status(step) == Status::Done
            && self.plan.step(step).warnings() > 0
            && !self.warned.contains(&step)
    }

    /// Why the wizard ends, when it is left now.
    pub(crate) fn exit_reason(&self) -> ExitReason {
        if self.open_from(StepId::Login).is_none() {
            ExitReason::Finished
        } else {
            ExitReason::Quit
        }
    }

    /// Whether the step that is shown can fix something by itself.
    pub(crate) fn can_fix(&self) -> bool {
        self.state().is_some_and(|(step, state)| {
            // which project it is, is a question
            step != StepId::Project
                && matches!(self.settled(step), Status::Todo | Status::Done)
                && state.findings.iter().any(|finding| finding.fixable)
        })
    }

    /// Whether the last write of the env files can be undone.
    pub(crate) fn can_undo(&self) -> bool {
        choices::can_undo(self.plan.step(StepId::Env))
    }

    /// The env file that can be edited here.
    pub(crate) fn file_to_edit(&self) -> Option<&str> {
        let step = StepId::Env;
        let idle = self.busy(step).is_none() && self.screen == Screen::Step(step);
        let can = idle && self.can_edit() && self.plan.blocker(step).is_none();
        can.then(|| choices::file_to_edit(self.plan.step(step)))?
    }

    /// Whether there is an editor that may be opened: it would show the audience what presenter mode hides.
    pub(crate) const fn can_edit(&self) -> bool {
        self.options.editor.is_some() && !self.presenter
    }

    /// Whether there is something to watch: a health screen whose checks were run, and that is doing nothing else.
    pub(crate) fn can_watch(&self) -> bool {
        self.screen == Screen::Step(StepId::Health)
            && self
                .busy(StepId::Health)
                .is_none_or(|work| work.phase == Phase::Probe)
            && matches!(
                self.settled(StepId::Health),
                Status::Done | Status::Todo | Status::Failed
            )
            && self.plan.blocker(StepId::Health).is_none()
    }

    /// The page that belongs to the screen, if there is one: Neon's, where keys are made or the project is, or the running application's.
    pub(crate) fn page_to_open(&self) -> Option<String> {
        const CONSOLE: &str = "https://console.neon.tech/app";
        if self.screen == Screen::Summary {
            return self.app_address().map(|address| address.root.clone());
        }
        if let Some(waiting) = self.waiting_here() {
            return Some(waiting.address.clone());
        }
        if self.options.service != "Neon" {
            return None;
        }
        if self.screen == Screen::Step(StepId::Login) {
            return Some(format!("{CONSOLE}/settings/api-keys"));
        }
        let joined = self.project_facts()?.joined.as_ref();
        let joined = joined.filter(|_| self.screen == Screen::Step(StepId::Project))?;
        Some(format!("{CONSOLE}/projects/{}", joined.id))
    }

    // ---- login and project

    /// Whether the login screen has a field for a key.
    pub(crate) fn asks_for_key(&self) -> bool {
        match self.settled(StepId::Login) {
            Status::Todo | Status::Failed => true,
            Status::Done => self.login.change,
            Status::Unknown | Status::Running | Status::Skipped => false,
        }
    }

    /// Whether typing a key comes first on the login screen. The browser is easier, where it can be used.
    pub(crate) fn wants_key(&self) -> bool {
        if !self.asks_for_key() || self.waiting().is_some() {
            return false;
        }
        let state = self.plan.step(StepId::Login);
        let login = self.login_facts();
        let found = login.is_some_and(|login| login.key.is_some() || login.neon_cli.is_some());
        let browser = login.is_some_and(|login| login.browser);
        let only_key = self.login.change
            || state.has(Code::LoginKeyRejected)
            || !(found || state.has(Code::LoginUnreachable));
        !self.login.key.is_empty() || (only_key && !browser)
    }

    fn login_facts(&self) -> Option<&LoginFacts> {
        match &self.plan.step(StepId::Login).facts {
            Some(Facts::Login(login)) => Some(login),
            _ => None,
        }
    }

    /// The login in the browser that is under way.
    pub(crate) fn waiting(&self) -> Option<&BrowserWait> {
        self.busy(StepId::Login)
            .filter(|work| work.phase == Phase::Apply)?;
        self.login_facts()?.waiting.as_ref()
    }

    /// The same, where its screen is shown.
    pub(crate) fn waiting_here(&self) -> Option<&BrowserWait> {
        self.waiting()
            .filter(|_| self.screen == Screen::Step(StepId::Login))
    }

    pub(crate) fn project_facts(&self) -> Option<&ProjectFacts> {
        match &self.plan.step(StepId::Project).facts {
            Some(Facts::Project(project)) => Some(project),
            _ => None,
        }
    }

    /// Whether the screen lists projects to choose from.
    pub(crate) fn lists_projects(&self) -> bool {
        let asks = match self.settled(StepId::Project) {
            Status::Todo | Status::Failed => true,
            Status::Done => self.project.change,
            Status::Unknown | Status::Running | Status::Skipped => false,
        };
        self.screen == Screen::Step(StepId::Project)
            && asks
            && self
                .project_facts()
                .is_some_and(|facts| !facts.choices.is_empty())
    }

    /// The projects that the filter matches, where projects are listed; remembered ones, if they are still right.
    pub(crate) fn project_matches(&self) -> Option<Arc<ListMatches>> {
        let facts = self.project_facts().filter(|_| self.lists_projects())?;
        let filter = self.project.filter.value();
        let remembered = self.project.matches.as_ref();
        let remembered = remembered.filter(|found| found.matches.are_of(&facts.choices, filter));
        Some(remembered.map_or_else(
            || Arc::new(ListMatches::new(&facts.choices, filter)),
            Arc::clone,
        ))
    }

    /// Matches the filter once, so that the frame that follows need not.
    pub(crate) fn remember_matches(&mut self) {
        if let Some(matches) = self.project_matches() {
            self.project.matches = Some(matches);
        }
    }

    /// Whether a project of this name is listed.
    pub(crate) fn has_project(&self, name: &str) -> bool {
        self.project_facts().is_some_and(|facts| facts.has(name))
    }

    /// The wanted name, or the first `name-2` that no project has.
    pub(crate) fn free_project_name(&self) -> String {
        let wanted = self
            .project_facts()
            .map_or(&self.options.project, |facts| &facts.wanted);
        if !self.has_project(wanted) {
            return wanted.clone();
        }
        (2..100)
            .map(|number| format!("{wanted}-{number}"))
            .find(|name| !self.has_project(name))
            .unwrap_or_default()
    }

    // ---- the screen

    /// Whether the screen has a text field.
    pub(crate) fn has_field(&self) -> bool {
        match self.screen {
            Screen::Step(StepId::Login) => self.asks_for_key() || self.waiting().is_some(),
            Screen::Step(StepId::Project) => self.lists_projects(),
            Screen::Step(
                StepId::Env | StepId::Backend | StepId::Schema | StepId::Health | StepId::Secrets,
            )
            | Screen::Proposal
            | Screen::Summary => false,
        }
    }

    /// Whether characters go into a field.
    pub(crate) fn is_typing(&self) -> bool {
        match &self.overlay {
            Some(Overlay::Prompt(_) | Overlay::Palette(_)) => true,
            Some(Overlay::Activity(pane)) => pane.typing,
            Some(Overlay::Help { .. } | Overlay::Confirm(_) | Overlay::Slide(_)) => false,
            None => self.focus == Focus::Field,
        }
    }

    /// Whether a paste goes into the field of the screen although the focus is elsewhere.
    pub(crate) fn takes_paste(&self) -> bool {
        let asks = self.asks_for_key() || self.waiting().is_some();
        self.overlay.is_none() && self.screen == Screen::Step(StepId::Login) && asks
    }

    /// Whether the demo is carrying out a request.
    pub(crate) const fn is_preparing(&self) -> bool {
        matches!(&self.overlay, Some(Overlay::Slide(Slide::Preparing(..))))
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
            .chain(self.shown.next())
            .chain(
                self.replay
                    .as_ref()
                    .filter(|_| self.work.is_empty() && !self.is_preparing())
                    .map(|replay| replay.next(self.overlay.as_ref(), self.screen)),
            )
            .chain(self.is_preparing().then_some(self.now + SPINNER_EVERY))
            .chain(
                self.watch
                    .as_ref()
                    .filter(|_| self.busy(StepId::Health).is_none())
                    .map(|watch| watch.next),
            )
            .min()
    }

    /// Shows a message for some seconds.
    pub(crate) fn notify(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast {
            text: text.into(),
            until: self.now + TOAST_FOR,
        });
    }

    // ---- work

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
        self.last_change.answer = Some(answer.clone());
        Effect::Apply(answer)
    }

    fn begin(&mut self, step: StepId, phase: Phase) {
        self.work.insert(
            step,
            StepWork {
                phase,
                since: self.now,
                run: None,
                cancelled: false,
                by_key: false,
            },
        );
    }
}
