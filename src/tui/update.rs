//! What happens on each message. Pure and total: no IO, no clock, no environment; what is to be done goes out as data.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a command means nothing where it is not named, and a key edits nothing"
)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

use crate::tui::{
    Reason,
    choices::{self, chosen, chosen_index, of_screen},
    keymap::{self, Command},
    mouse::{self, Meaning, Mouse},
    msg::{Effect, Msg, Signal},
    presenter::pause,
    screens::{self, health, help, login, project},
    state::{App, Confirm, Focus, Overlay, Prompt, PromptAbout, Question, REVEAL_FOR, Screen},
    text, view,
};
use crate::{
    core::{
        answer::{Answer, EnvAnswer, LoginAnswer, ProjectAnswer, SecretsAnswer},
        choices::Action,
        code::Code,
        event::{Event, EventKind, Outcome, Phase, RunError, Verdict},
        plan::Status,
        presenter::DemoRequest,
        step::StepId,
    },
    engine,
    report::receipt,
};

/// Takes a message in; what is to be done comes out.
pub(crate) fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let effects = taken(app, msg);
    project::remember(app);
    effects
}

fn taken(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Tick(now) => tick(app, now),
        Msg::Resize(columns, rows) => {
            app.size = (columns, rows);
            clamp_scroll(app);
            Vec::new()
        }
        Msg::Engine(event) => engine(app, &event),
        Msg::Demo(outcome) => pause::demo(app, *outcome),
        Msg::Paste(secret) => {
            paste(app, secret.expose());
            Vec::new()
        }
        Msg::Key(event) => key(app, event),
        Msg::Mouse(mouse) => pointed(app, mouse),
        Msg::Signal(signal) => match signal {
            Signal::Interrupt => interrupt(app),
            Signal::Terminate => vec![Effect::Quit(Reason::Cancelled)],
            Signal::Hangup => vec![Effect::Quit(Reason::Hangup)],
            Signal::Stop => vec![Effect::Suspend],
        },
        Msg::InputClosed => vec![Effect::Quit(Reason::Hangup)],
    }
}

fn tick(app: &mut App, now: std::time::Duration) -> Vec<Effect> {
    app.now = now;
    app.toast = app.toast.take().filter(|toast| toast.until > now);
    app.login.revealed_until = app.login.revealed_until.filter(|until| *until > now);
    app.pressed_keys.fade(now);
    health::due(app).into_iter().collect()
}

// ---- the engine

fn engine(app: &mut App, event: &Event) -> Vec<Effect> {
    let step = event.step;
    if let EventKind::Bug(text) = &event.kind {
        return vec![Effect::Quit(Reason::Bug(text.clone()))];
    }
    let before = (app.screen.step() == Some(step)).then(|| of_screen(app));
    if !health::holds(app, event) {
        app.plan.fold(event);
    }
    if let (EventKind::Started(phase), Some(work)) = (&event.kind, app.work.get_mut(&step))
        && *phase == work.phase
    {
        work.run = Some(event.run);
    }
    let mut effects = Vec::new();
    if let EventKind::Finished(outcome) = &event.kind
        && let Some(work) = app.busy(step).filter(|work| work.run == Some(event.run))
    {
        app.work.remove(&step);
        health::watched(app, step, outcome);
        effects = finished(app, step, outcome, work.cancelled);
    }
    if let Some(before) = before
        && app.screen.step() == Some(step)
        && before != of_screen(app)
    {
        // other choices than those among which the user has moved
        app.chosen.remove(&Screen::Step(step));
    }
    if app.follow {
        follow(app);
    }
    clamp_scroll(app);
    effects
}

fn finished(app: &mut App, step: StepId, outcome: &Outcome, cancelled: bool) -> Vec<Effect> {
    let here = app.screen == Screen::Step(step);
    let label = step.title();
    let asks =
        |confirm: &Confirm| matches!(confirm.question, Question::Leave(asked, _) if asked == step);
    if matches!(&app.overlay, Some(Overlay::Confirm(confirm)) if asks(confirm)) {
        // what it asks about is over
        app.overlay = None;
    }
    let mut effects = Vec::new();
    let listed = step == StepId::Project
        && outcome.phase == Phase::Apply
        && std::mem::take(&mut app.project.listing);
    match (&outcome.result, outcome.phase) {
        // the list is there, and the question stands as it was asked
        (Ok(_), Phase::Apply) if listed => {}
        (Ok(report), Phase::Apply) => {
            if step == StepId::Login {
                app.login = login::State::default();
            }
            if step == StepId::Project {
                app.project = project::State::default();
            }
            if report.verdict == Verdict::Todo {
                app.say(format!("{label} is still open: {}", report.evidence));
            } else {
                app.say(format!("{label}: {}", report.evidence));
                if here && app.overlay.is_none() {
                    app.follow = true;
                    app.from = step;
                }
            }
            effects.extend(app.probe(&step.seen_by()));
        }
        (Err(RunError::Cancelled), Phase::Apply) => {
            app.say(format!("{label}: cancelled; looking at what was done"));
            effects.extend(app.probe(&[step]));
        }
        (Err(RunError::Failed(failure)), Phase::Apply) => {
            if step == StepId::Login {
                app.login.rejected =
                    failure.code == Code::LoginKeyRejected && !app.login.key.is_empty();
                if here {
                    app.focus = screens::first_focus(app);
                }
            }
            if !here {
                app.say(format!("{label} failed: {}", failure.what));
            }
        }
        (Err(RunError::Cancelled), Phase::Probe) if cancelled => {
            app.say(format!("{label}: cancelled"));
        }
        (Ok(_) | Err(_), Phase::Probe) => {
            if here && app.focus == Focus::Choices && app.follow {
                app.focus = screens::first_focus(app);
            }
        }
    }
    effects
}

/// Goes to the first open step; when there is none, to the summary.
fn follow(app: &mut App) {
    if app.overlay.is_some() {
        return;
    }
    let target = app
        .open_from(app.from)
        .map_or(Screen::Summary, Screen::Step);
    // a presenter goes on when the room has seen it
    if target != app.screen && !app.presenter {
        app.go(target);
    } else if app.focus == Focus::Choices && screens::first_focus(app) == Focus::Field {
        app.focus = Focus::Field;
    }
}

// ---- keys

fn paste(app: &mut App, pasted: &str) {
    app.toast = None;
    pause::pasted(app);
    if let Some(Overlay::Prompt(prompt)) = &mut app.overlay {
        if std::mem::take(&mut prompt.offered) {
            prompt.input.reset();
        }
        for char in text::clean(pasted).chars() {
            prompt.input.handle(InputRequest::InsertChar(char));
        }
        prompt.problem = None;
        return;
    }
    if app.overlay.is_some() {
        return;
    }
    match app.screen {
        Screen::Step(StepId::Login) if login::asks(app) => {
            app.follow = false;
            app.login.paste(pasted);
            app.focus = Focus::Field;
            app.chosen.remove(&app.screen);
        }
        Screen::Step(StepId::Project) if project::lists(app) && app.focus == Focus::Field => {
            for char in text::clean(pasted).chars() {
                app.project.filter.handle(InputRequest::InsertChar(char));
            }
            app.chosen.remove(&app.screen);
        }
        Screen::Step(_) | Screen::Summary => {
            app.say("nothing takes a paste here");
        }
    }
}

fn key(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    let typing = app.typing();
    pause::pressed(app, event);
    let Some(command) = keymap::command(event, typing) else {
        if typing {
            typed(app, event);
        }
        return Vec::new();
    };
    if command != Command::Enter {
        app.toast = None;
    }
    match command {
        Command::Redraw => return vec![Effect::Redraw],
        Command::Suspend => return vec![Effect::Suspend],
        Command::Interrupt => return interrupt(app),
        Command::Presenter if !typing => {
            pause::toggle(app);
            return Vec::new();
        }
        Command::Mouse if !typing => {
            app.mouse = !app.mouse;
            app.say(if app.mouse {
                "the mouse works here; M gives it back to the terminal"
            } else {
                "the mouse is the terminal's again"
            });
            return vec![Effect::Mouse(app.mouse)];
        }
        _ => {}
    }
    if app.overlay.is_some() {
        return overlay(app, command);
    }
    screen(app, command)
}

fn pointed(app: &mut App, mouse: Mouse) -> Vec<Effect> {
    app.toast = None;
    let command = match mouse {
        Mouse::WheelUp => Command::Up,
        Mouse::WheelDown => Command::Down,
        Mouse::Press(column, row) => match mouse::meaning(app, column, row) {
            None => return Vec::new(),
            Some(Meaning::Command(command)) if app.overlay.is_some() => {
                return overlay(app, command);
            }
            Some(Meaning::Command(command)) => return screen(app, command),
            Some(Meaning::Answer(yes)) => {
                if let Some(Overlay::Confirm(confirm)) = &mut app.overlay {
                    confirm.yes = yes;
                }
                return Vec::new();
            }
            Some(Meaning::Choose(index)) => {
                app.follow = false;
                app.focus = Focus::Choices;
                app.chosen.insert(app.screen, index);
                return Vec::new();
            }
            Some(Meaning::Focus(focus)) => {
                app.follow = false;
                app.focus = focus;
                return Vec::new();
            }
        },
    };
    match app.overlay {
        // a question is not answered by the wheel
        Some(Overlay::Confirm(_) | Overlay::Prompt(_)) => Vec::new(),
        Some(Overlay::Help { .. } | Overlay::Slide(_)) => overlay(app, command),
        None => {
            let by = if command == Command::Up { -1 } else { 1 };
            app.follow = false;
            if app.scrolls() {
                scroll(app, |at, _, _| at.saturating_add_signed(by));
            } else {
                walk(app, by);
            }
            Vec::new()
        }
    }
}

/// A character, or a key that edits, for the field that has the focus.
fn typed(app: &mut App, event: KeyEvent) {
    app.toast = None;
    let edit =
        |input: &mut Input| edits(event).is_some_and(|request| input.handle(request).is_some());
    if let Some(Overlay::Prompt(prompt)) = &mut app.overlay {
        if std::mem::take(&mut prompt.offered)
            && matches!(edits(event), Some(InputRequest::InsertChar(_)))
        {
            prompt.input.reset();
        }
        if edit(&mut prompt.input) {
            prompt.problem = None;
        }
        return;
    }
    app.follow = false;
    match app.screen {
        Screen::Step(StepId::Login) => {
            app.login.typed(event);
            app.chosen.remove(&app.screen);
        }
        Screen::Step(StepId::Project) => {
            if edit(&mut app.project.filter) {
                app.chosen.remove(&app.screen);
            }
        }
        Screen::Step(_) | Screen::Summary => {}
    }
}

/// What a key does to a line of text.
fn edits(event: KeyEvent) -> Option<InputRequest> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('u') if control => InputRequest::DeleteFromStart,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char(char) if !control => InputRequest::InsertChar(char),
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return None,
    })
}

fn interrupt(app: &mut App) -> Vec<Effect> {
    let asked = matches!(
        &app.overlay,
        Some(Overlay::Confirm(Confirm {
            question: Question::Leave(..),
            ..
        }))
    );
    if asked {
        vec![Effect::Quit(Reason::Cancelled)]
    } else {
        leave(app, Reason::Cancelled)
    }
}

fn leave(app: &mut App, reason: Reason) -> Vec<Effect> {
    match app.applying() {
        Some(step) => {
            app.overlay = Some(Overlay::Confirm(Confirm {
                question: Question::Leave(step, reason),
                yes: false,
            }));
            Vec::new()
        }
        None => vec![Effect::Quit(reason)],
    }
}

fn overlay(app: &mut App, command: Command) -> Vec<Effect> {
    let Some(mut overlay) = app.overlay.take() else {
        return Vec::new();
    };
    match &mut overlay {
        Overlay::Help { scroll } => {
            let page = help::page(app.size).max(1);
            let last = help::count(app).saturating_sub(page);
            *scroll = match command {
                Command::Up => scroll.saturating_sub(1),
                Command::Down => (*scroll + 1).min(last),
                Command::PageUp => scroll.saturating_sub(page),
                Command::PageDown => (*scroll + page).min(last),
                Command::Home => 0,
                Command::End => last,
                Command::Back | Command::Help | Command::Enter | Command::Quit => {
                    return Vec::new();
                }
                _ => *scroll,
            };
        }
        Overlay::Confirm(confirm) => match command {
            Command::Up
            | Command::Down
            | Command::Left
            | Command::Right
            | Command::NextPart
            | Command::PreviousPart => confirm.yes = !confirm.yes,
            Command::Back | Command::Quit => return Vec::new(),
            Command::Enter => {
                return match (confirm.yes, &confirm.question) {
                    (false, _) => Vec::new(),
                    (true, Question::Leave(_, reason)) => vec![Effect::Quit(reason.clone())],
                    (true, Question::Reset) => pause::request(app, DemoRequest::Reset),
                    (true, Question::Rotate) => {
                        vec![app.apply(Answer::Secrets(SecretsAnswer::RotatePassword))]
                    }
                    (true, Question::Duplicate(name)) => {
                        vec![app.apply(Answer::Project(ProjectAnswer::Create(name.clone())))]
                    }
                };
            }
            _ => {}
        },
        Overlay::Slide(slide) => return pause::command(app, slide.clone(), command),
        Overlay::Prompt(prompt) => match command {
            Command::Back => return Vec::new(),
            Command::Enter => match answered(app, prompt) {
                Ok(effects) => return effects,
                Err(problem) => prompt.problem = Some(problem),
            },
            _ => {}
        },
    }
    // the question that the answer has raised lies over it
    app.overlay.get_or_insert(overlay);
    Vec::new()
}

fn answered(app: &mut App, prompt: &Prompt) -> Result<Vec<Effect>, String> {
    let value = prompt.input.value().trim().to_owned();
    match prompt.about {
        PromptAbout::Skip(_) if value.is_empty() => Err("say in a word why".to_owned()),
        PromptAbout::Skip(step) => {
            decline(app, step, value);
            Ok(Vec::new())
        }
        PromptAbout::Name if value.is_empty() => Err("a project needs a name".to_owned()),
        PromptAbout::Name if value.chars().count() > 64 => {
            Err("Neon takes at most 64 characters".to_owned())
        }
        PromptAbout::Name if project::exists(app, &value) => {
            app.overlay = Some(Overlay::Confirm(Confirm {
                question: Question::Duplicate(value),
                yes: false,
            }));
            Ok(Vec::new())
        }
        PromptAbout::Name => Ok(pause::apply(
            app,
            Answer::Project(ProjectAnswer::Create(value)),
        )),
    }
}

fn decline(app: &mut App, step: StepId, reason: String) {
    app.plan.skip(step, reason);
    app.chosen.remove(&Screen::Step(step));
    let next = app.open_from(step).map_or(Screen::Summary, Screen::Step);
    app.go(next);
}

pub(super) fn screen(app: &mut App, command: Command) -> Vec<Effect> {
    let step = app.screen.step();
    let busy = step.and_then(|step| app.busy(step));
    match command {
        Command::Enter if busy.is_some() => Vec::new(),
        Command::Enter => {
            let choices = of_screen(app);
            if let Some(row) = chosen(app, &choices) {
                return act(app, row.action());
            }
            if choices.count() > 0 {
                app.say("choose one first, with ↑ and ↓");
            }
            Vec::new()
        }
        Command::Back => back(app),
        Command::Probe => {
            app.follow = false;
            match step {
                Some(step) if busy.is_none_or(|work| work.phase == Phase::Probe) => {
                    app.plan.reopen(step);
                    app.probe(&[step]).into_iter().collect()
                }
                Some(_) => Vec::new(),
                None => app.probe(&StepId::ALL).into_iter().collect(),
            }
        }
        Command::Watch => health::watch(app).into_iter().collect(),
        Command::Fix => match step {
            Some(step) if busy.is_none() && screens::fixable(app) => {
                pause::apply(app, Answer::default_of(step))
            }
            _ => {
                app.say("nothing here can be mended by itself");
                Vec::new()
            }
        },
        Command::Undo => {
            if step == Some(StepId::Env) && busy.is_none() && screens::undoable(app) {
                pause::apply(app, Answer::Env(EnvAnswer::Undo))
            } else {
                app.say("there is nothing to undo here");
                Vec::new()
            }
        }
        Command::Copy => {
            let command = choices::command(app, &of_screen(app));
            copy(app, command.to_string())
        }
        Command::New if project::lists(app) => act(app, Action::Create),
        Command::Quit => leave(app, screens::summary::reason(app)),
        _ => {
            walk_about(app, command);
            Vec::new()
        }
    }
}

/// Commands that change nothing but what is shown.
fn walk_about(app: &mut App, command: Command) {
    match command {
        Command::Up => walk(app, -1),
        Command::Down => walk(app, 1),
        Command::Left => turn(app, app.screen.previous()),
        Command::Right => turn(app, app.screen.next()),
        Command::Jump(step) => turn(app, Some(Screen::Step(step))),
        Command::Summary => turn(app, Some(Screen::Summary)),
        Command::NextPart | Command::PreviousPart => {
            let mut parts = app.parts();
            if command == Command::PreviousPart {
                parts.reverse();
            }
            let at = parts.iter().position(|part| *part == app.focus);
            let next = at.map_or(0, |at| (at + 1) % parts.len());
            app.focus = parts.get(next).copied().unwrap_or(Focus::Choices);
        }
        Command::Skip => match app.screen.step() {
            Some(step)
                if app.busy(step).is_none()
                    && matches!(app.settled(step), Status::Todo | Status::Failed) =>
            {
                ask_why(app, step);
            }
            _ => app.say("there is nothing open to skip here"),
        },
        Command::Reveal
            if app.screen == Screen::Step(StepId::Login) && !app.login.key.is_empty() =>
        {
            app.login.revealed_until = match app.login.revealed_until {
                Some(_) => None,
                None => Some(app.now + REVEAL_FOR),
            };
        }
        Command::Filter if project::lists(app) => app.focus = Focus::Field,
        Command::Explain if app.presenter => pause::explain(app),
        Command::Incidents if app.presenter => pause::menu(app),
        Command::Reset if app.presenter => pause::ask_reset(app),
        Command::Explain | Command::Incidents | Command::Reset => {
            app.say("that is the presenter's: p turns the mode on");
        }
        Command::PageUp => scroll(app, |at, page, _| at.saturating_sub(page)),
        Command::PageDown => scroll(app, |at, page, _| at + page),
        Command::Home => scroll(app, |_, _, _| 0),
        Command::End => scroll(app, |_, _, last| last),
        Command::Help => app.overlay = Some(Overlay::Help { scroll: 0 }),
        _ => {}
    }
}

fn ask_why(app: &mut App, step: StepId) {
    app.follow = false;
    app.overlay = Some(Overlay::Prompt(Prompt {
        about: PromptAbout::Skip(step),
        input: Input::new("not now".to_owned()),
        offered: true,
        problem: None,
    }));
}

fn turn(app: &mut App, screen: Option<Screen>) {
    app.follow = false;
    match screen {
        Some(screen) => app.go(screen),
        None => app.say("there is no step beyond this one"),
    }
}

fn back(app: &mut App) -> Vec<Effect> {
    app.follow = false;
    if app.login.revealed_until.take().is_some() {
        return Vec::new();
    }
    if app.watch.take().is_some() {
        return Vec::new();
    }
    if let Some(step) = app.screen.step()
        && let Some(work) = app.work.get_mut(&step)
    {
        if work.phase == Phase::Apply && engine::must_finish(step) {
            app.say(format!(
                "{} must not be cut off; it ends in a moment",
                step.title()
            ));
            return Vec::new();
        }
        work.cancelled = true;
        return vec![Effect::Cancel(step)];
    }
    if app.focus != Focus::Choices {
        if app.screen == Screen::Step(StepId::Project) {
            app.project.filter.reset();
            app.chosen.remove(&app.screen);
        }
        app.focus = Focus::Choices;
        return Vec::new();
    }
    if app.screen == Screen::Step(StepId::Project) && app.project.change {
        app.project.change = false;
        return Vec::new();
    }
    if app.screen == Screen::Step(StepId::Login) && app.login.change {
        app.login.change = false;
        return Vec::new();
    }
    match app.screen.previous() {
        Some(screen) => app.go(screen),
        None => app.say("this is the first step; q leaves"),
    }
    Vec::new()
}

/// Moves the choice, or the text where that has the focus.
fn walk(app: &mut App, by: isize) {
    app.follow = false;
    if app.focus == Focus::Body {
        scroll(app, |at, _, _| at.saturating_add_signed(by));
        return;
    }
    let choices = of_screen(app);
    if choices.count() < 2 && app.scrolls() {
        scroll(app, |at, _, _| at.saturating_add_signed(by));
        return;
    }
    let last = choices.count().saturating_sub(1);
    let next = match chosen_index(app, &choices) {
        Some(at) => at.saturating_add_signed(by).min(last),
        None if by > 0 => 0,
        None => last,
    };
    if choices.count() > 0 {
        app.chosen.insert(app.screen, next);
    }
}

/// Moves the text; the function gets where it is, the height of a page, and the last place.
fn scroll(app: &mut App, to: impl FnOnce(usize, usize, usize) -> usize) {
    let place = view::place(app);
    let page = usize::from(place.body.height);
    let last = place.lines.saturating_sub(page);
    let at = app.scroll.get(&app.screen).copied().unwrap_or(0).min(last);
    let next = to(at, page.saturating_sub(1).max(1), last).min(last);
    app.scroll.insert(app.screen, next);
}

fn clamp_scroll(app: &mut App) {
    if app.scroll.get(&app.screen).is_some_and(|at| *at > 0) {
        scroll(app, |at, _, _| at);
    }
}

fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Apply(answer) => pause::apply(app, answer),
        Action::ApplyKey(storage) => match app.login.checked() {
            Ok(key) => pause::apply(app, Answer::Login(LoginAnswer::Key(key, storage))),
            Err(problem) => {
                app.login.problem = Some(problem);
                app.focus = Focus::Field;
                Vec::new()
            }
        },
        Action::Create => {
            app.follow = false;
            app.overlay = Some(Overlay::Prompt(Prompt {
                about: PromptAbout::Name,
                input: Input::new(project::free_name(app)),
                // a name is more often edited than replaced
                offered: false,
                problem: None,
            }));
            Vec::new()
        }
        Action::Rotate => {
            app.follow = false;
            app.overlay = Some(Overlay::Confirm(Confirm {
                question: Question::Rotate,
                yes: false,
            }));
            Vec::new()
        }
        Action::Probe => {
            let Some(step) = app.screen.step() else {
                return Vec::new();
            };
            app.plan.reopen(step);
            app.follow = app.open(step);
            app.from = step;
            app.probe(&[step]).into_iter().collect()
        }
        Action::ProbeAll => app.probe(&StepId::ALL).into_iter().collect(),
        Action::Change => change(app),
        Action::GoOn => {
            turn(app, app.screen.next());
            Vec::new()
        }
        Action::GoTo(step) => {
            turn(app, Some(Screen::Step(step)));
            Vec::new()
        }
        Action::Skip(reason) => {
            if let Some(step) = app.screen.step() {
                decline(app, step, reason);
            }
            Vec::new()
        }
        Action::AskToSkip => {
            if let Some(step) = app.screen.step() {
                ask_why(app, step);
            }
            Vec::new()
        }
        Action::Run(command) => copy(app, command.to_string()),
        Action::Receipt => {
            let receipt = receipt::markdown(&app.plan, &StepId::ALL);
            copy(app, receipt)
        }
        Action::Watch => health::watch(app).into_iter().collect(),
        Action::Quit => leave(app, screens::summary::reason(app)),
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
        | Screen::Summary => {}
    }
    app.focus = screens::first_focus(app);
    Vec::new()
}

fn copy(app: &mut App, command: String) -> Vec<Effect> {
    app.say(format!("copied: {command}"));
    vec![Effect::Copy(command)]
}

/// Whether a key event is a plain character; used to tell a paste that came as keys from typing.
pub(super) fn plain_char(event: &KeyEvent) -> Option<char> {
    match event.code {
        KeyCode::Char(char) if keymap::command(*event, true).is_none() => Some(char),
        KeyCode::Enter => Some('\n'),
        _ => None,
    }
}
