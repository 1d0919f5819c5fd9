//! What the chosen row does, and how the wizard is left.

use tui_input::Input;

use crate::{
    core::{
        answer::{Answer, LoginAnswer, ProjectAnswer},
        choices::Action,
        event::Phase,
        invocation::Invocation,
        step::StepId,
    },
    domain::visible,
    report::receipt,
    tui::{
        msg::{Effect, ExitReason},
        state::{
            App, Focus, Screen,
            kept_app::{KeptApp, KeptState},
            overlay::{ConfirmDialog, ConfirmPurpose, Overlay, PromptDialog, PromptPurpose},
        },
        text,
        update::{movement, presenter, proposal, watch},
    },
};

/// Does what a row does.
pub(super) fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Apply(answer) => presenter::apply(app, answer),
        Action::ApplyKey(storage) => match app.login.checked() {
            Ok(key) => presenter::apply(app, Answer::Login(LoginAnswer::Key(key, storage))),
            Err(problem) => {
                app.login.problem = Some(problem);
                app.focus = Focus::Field;
                Vec::new()
            }
        },
        Action::Create => {
            ask_for_name(app);
            Vec::new()
        }
        Action::Rotate => {
            app.follow = false;
            app.overlay = Some(Overlay::Confirm(ConfirmDialog::new(ConfirmPurpose::Rotate)));
            Vec::new()
        }
        Action::Probe => {
            let Some(step) = app.screen.step() else {
                return Vec::new();
            };
            app.plan.reopen(step);
            app.follow = app.is_open(step);
            app.from = step;
            probe_by_key(app, &[step])
        }
        Action::FixAll(steps) => {
            app.fixing = steps.into();
            fix_next(app)
        }
        Action::ProbeAll => probe_by_key(app, &StepId::ALL),
        Action::Change => change(app),
        Action::GoOn => {
            go_on(app);
            Vec::new()
        }
        Action::GoTo(step) => {
            movement::turn(app, Some(Screen::Step(step)));
            Vec::new()
        }
        Action::Skip(reason) => {
            if let Some(step) = app.screen.step() {
                skip(app, step, reason);
            }
            Vec::new()
        }
        Action::AskToSkip => {
            if let Some(step) = app.screen.step() {
                ask_to_skip(app, step);
            }
            Vec::new()
        }
        Action::Run(command) => copy_command(app, &command),
        Action::Receipt => {
            let receipt = receipt::markdown(&app.plan, &StepId::ALL);
            copy(app, receipt)
        }
        Action::Watch => watch::toggle(app).into_iter().collect(),
        Action::KeepApp => {
            app.kept = Some(KeptApp {
                run: None,
                state: KeptState::Starting(None),
                since: app.now,
            });
            // the rows are others now
            app.chosen.remove(&app.screen);
            app.shown.change();
            vec![Effect::KeepApp]
        }
        Action::StopApp => vec![Effect::StopApp],
        Action::Open(address) => open(app, address),
        Action::WriteConfig | Action::LeaveProposal | Action::NextApp | Action::EditValue(_) => {
            proposal::act(app, &action)
        }
        Action::Settings(part) => proposal::open(app, part),
        Action::EditFile(file) => vec![Effect::Edit(file)],
        Action::OpenPsql => vec![Effect::Psql],
        Action::Quit => finish(app),
    }
}

/// Says how psql has ended, unless it was left.
pub(super) fn psql_ended(app: &mut App, outcome: Result<(), String>) {
    if let Err(why) = outcome {
        app.notify(why);
    }
}

/// Opens the env file of this screen in the user's editor.
pub(super) fn edit_file(app: &App) -> Vec<Effect> {
    let file = app.file_to_edit().map(str::to_owned);
    file.map(Effect::Edit).into_iter().collect()
}

/// Says what came of an edit, and shows what it changes.
pub(super) fn edited(app: &mut App, outcome: Result<bool, String>) -> Vec<Effect> {
    match outcome {
        Ok(true) => {
            app.notify("edited, not written yet: check the diff, then write it");
            app.follow = false;
            app.probe(&[StepId::Env]).into_iter().collect()
        }
        Ok(false) => {
            app.notify("nothing was changed in the editor");
            Vec::new()
        }
        Err(why) => {
            app.notify(why);
            Vec::new()
        }
    }
}

/// Probes for the user, who then hears what came of it.
pub(super) fn probe_by_key(app: &mut App, steps: &[StepId]) -> Vec<Effect> {
    let effects: Vec<_> = app.probe(steps).into_iter().collect();
    for step in steps {
        if let Some(work) = app.work.get_mut(step) {
            work.by_key = work.phase == Phase::Probe;
        }
    }
    effects
}

/// Opens the page that belongs to the screen; where there is no browser, its address is copied.
pub(super) fn open_page(app: &mut App) -> Vec<Effect> {
    let Some(address) = app.page_to_open() else {
        let sandbox = app.screen == Screen::Step(StepId::Login) && app.options.service != "Neon";
        app.notify(if sandbox {
            "the sandbox prints its key when it starts"
        } else {
            "no page to open here"
        });
        return Vec::new();
    };
    open(app, address)
}

/// Opens an address; where there is no browser, it is copied.
fn open(app: &mut App, address: String) -> Vec<Effect> {
    if app.options.browser.is_none() {
        return copy(app, address);
    }
    app.notify(format!("opening {address}"));
    vec![Effect::Open(address)]
}

/// Leaves at the user's wish. A demo, a presentation or a running application asks first: its sandbox, the audience's screen or the
/// application would be gone.
pub(super) fn finish(app: &mut App) -> Vec<Effect> {
    let reason = app.exit_reason();
    if app.applying().is_none() && (app.options.demo || app.presenter || app.keeps_app()) {
        app.overlay = Some(Overlay::Confirm(ConfirmDialog {
            // who has finished is asked whether that's all
            yes: reason == ExitReason::Finished && !app.keeps_app(),
            purpose: ConfirmPurpose::Finish(reason),
        }));
        return Vec::new();
    }
    leave(app, reason)
}

/// Lets the next of the steps that are to be fixed have its turn; one that has nothing left to fix is passed over.
pub(super) fn fix_next(app: &mut App) -> Vec<Effect> {
    while let Some(step) = app.fixing.pop_front() {
        if app.plan.fixable().contains(&step) {
            return presenter::apply(app, Answer::default_of(step));
        }
    }
    Vec::new()
}

/// Goes to what comes next. From a step at which the wizard has stopped for its warnings alone, to the next stop.
fn go_on(app: &mut App) {
    match app
        .screen
        .step()
        .filter(|step| app.has_unseen_warnings(*step))
    {
        Some(step) => {
            app.warned.insert(step);
            let next = app.stop_from(step).map_or(Screen::Summary, Screen::Step);
            app.go(next);
        }
        None => movement::turn(app, app.screen.next()),
    }
}

/// Shows the choices of a step although it is done.
fn change(app: &mut App) -> Vec<Effect> {
    app.follow = false;
    app.chosen.remove(&app.screen);
    match app.screen {
        Screen::Step(StepId::Login) => app.login.change = true,
        Screen::Step(StepId::Project) => {
            app.project.change = true;
            app.project.listing = true;
            return vec![app.apply(Answer::Project(ProjectAnswer::List))];
        }
        Screen::Step(
            StepId::Env | StepId::Backend | StepId::Schema | StepId::Health | StepId::Secrets,
        )
        | Screen::Proposal
        | Screen::Summary => {}
    }
    app.focus = app.first_focus();
    Vec::new()
}

fn ask_for_name(app: &mut App) {
    app.follow = false;
    app.overlay = Some(Overlay::Prompt(PromptDialog {
        purpose: PromptPurpose::ProjectName,
        // what is created is what is shown
        input: Input::new(text::typed(&app.free_project_name())),
        // a name is more often edited than replaced
        proposed: false,
        problem: None,
    }));
}

/// Asks why a step is skipped.
pub(super) fn ask_to_skip(app: &mut App, step: StepId) {
    app.follow = false;
    app.overlay = Some(Overlay::Prompt(PromptDialog {
        purpose: PromptPurpose::SkipReason(step),
        input: Input::new("not now".to_owned()),
        proposed: true,
        problem: None,
    }));
}

/// Skips a step, and goes to the next open one.
pub(super) fn skip(app: &mut App, step: StepId, reason: String) {
    app.plan.skip(step, reason);
    app.chosen.remove(&Screen::Step(step));
    let next = app.open_from(step).map_or(Screen::Summary, Screen::Step);
    app.go(next);
}

/// Copies a command. It stays one line, whatever names are in it: a shell runs each line of a paste.
pub(super) fn copy_command(app: &mut App, command: &Invocation) -> Vec<Effect> {
    let command = command.to_string();
    copy(app, visible::line_in_full(&command).into_owned())
}

fn copy(app: &mut App, text: String) -> Vec<Effect> {
    app.notify(format!("copied: {text}"));
    vec![Effect::Copy(text)]
}

/// Leaves, after a question where a step is being applied.
pub(super) fn leave(app: &mut App, reason: ExitReason) -> Vec<Effect> {
    match app.applying() {
        Some(step) => {
            let purpose = ConfirmPurpose::Leave(step, reason);
            app.overlay = Some(Overlay::Confirm(ConfirmDialog::new(purpose)));
            Vec::new()
        }
        None => vec![Effect::Quit(reason)],
    }
}

/// Leaves as Ctrl-C does: a second one needs no answer.
pub(super) fn interrupt(app: &mut App) -> Vec<Effect> {
    let asked = matches!(
        &app.overlay,
        Some(Overlay::Confirm(ConfirmDialog {
            purpose: ConfirmPurpose::Leave(..) | ConfirmPurpose::Finish(_),
            ..
        }))
    );
    if asked {
        vec![Effect::Quit(ExitReason::Cancelled)]
    } else {
        leave(app, ExitReason::Cancelled)
    }
}
