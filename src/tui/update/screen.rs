//! Commands on a screen without an overlay.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a command that is not named does nothing here"
)]

use std::time::Duration;

use crate::{
    core::{
        answer::{Answer, EnvAnswer},
        choices::Action,
        choices::SettingsPart,
        event::Phase,
        plan::Status,
        secret::Secret,
        step::StepId,
    },
    engine,
    tui::{
        choices,
        keymap::KeyCommand,
        msg::Effect,
        page::Page,
        state::{App, Focus, Screen, overlay::Overlay},
        update::{actions, movement, presenter, proposal, watch},
    },
};

/// How long a revealed key stays.
const REVEAL_FOR: Duration = Duration::from_secs(4);

pub(super) fn command(app: &mut App, page: &Page, command: KeyCommand) -> Vec<Effect> {
    if let Some(effects) = proposal::command(app, command) {
        return effects;
    }
    let step = app.screen.step();
    let busy = step.and_then(|step| app.busy(step));
    match command {
        KeyCommand::Enter if app.waiting_here().is_some() => hand_over(app),
        KeyCommand::Enter if busy.is_some() => Vec::new(),
        // the field is meant, and not the row below it
        KeyCommand::Enter if is_empty_key_field(app) => {
            app.login.problem = app.login.checked().err();
            Vec::new()
        }
        KeyCommand::Enter => {
            if let Some(row) = choices::chosen(app, &page.choices) {
                let action = row.action();
                let here = (app.plan.fingerprint(), app.screen);
                if matches!(
                    action,
                    Action::Apply(_)
                        | Action::Probe
                        | Action::ProbeAll
                        | Action::WriteConfig
                        | Action::NextApp
                        | Action::Settings(_)
                        | Action::EditFile(_)
                ) {
                    app.chosen.remove(&app.screen);
                }
                // going on leads to the end by itself, and a key that is none was not tried
                let leads_on =
                    matches!(action, Action::GoOn | Action::Change | Action::Settings(_));
                let typed = matches!(action, Action::ApplyKey(_));
                let effects = actions::act(app, action);
                let refused = typed && effects.is_empty() && app.overlay.is_none();
                if !leads_on && !refused {
                    // what acts is done again only after another key
                    app.taken.insert(here);
                }
                return effects;
            }
            if page.choices.count() > 0 {
                app.notify("select one first, with ↑ and ↓");
            }
            Vec::new()
        }
        KeyCommand::Back => back(app),
        KeyCommand::Probe => {
            app.follow = false;
            match step {
                Some(step) if busy.is_none_or(|work| work.phase == Phase::Probe) => {
                    app.plan.reopen(step);
                    actions::probe_by_key(app, &[step])
                }
                Some(_) => Vec::new(),
                None => actions::probe_by_key(app, &StepId::ALL),
            }
        }
        KeyCommand::Watch => watch::toggle(app).into_iter().collect(),
        KeyCommand::Fix => match step {
            Some(step) if busy.is_none() && app.can_fix() => {
                presenter::apply(app, Answer::default_of(step))
            }
            _ => {
                app.notify(why_not_fixable(app));
                Vec::new()
            }
        },
        KeyCommand::Undo => {
            if step == Some(StepId::Env) && busy.is_none() && app.can_undo() {
                presenter::apply(app, Answer::Env(EnvAnswer::Undo))
            } else {
                app.notify("nothing to undo here");
                Vec::new()
            }
        }
        KeyCommand::Copy if let Some(waiting) = app.waiting_here() => {
            let address = waiting.address.clone();
            app.notify("copied the address of the login page");
            vec![Effect::Copy(address)]
        }
        KeyCommand::Copy => {
            let command = choices::command(app, &page.choices);
            actions::copy_command(app, &command)
        }
        KeyCommand::Open => actions::open_page(app),
        KeyCommand::Settings => {
            let part = step.map_or(SettingsPart::Branch, SettingsPart::of_step);
            proposal::open(app, part)
        }
        KeyCommand::Explain if app.file_to_edit().is_some() => actions::edit_file(app),
        KeyCommand::New if page.choices.has(&Action::Create) => actions::act(app, Action::Create),
        KeyCommand::Quit => actions::finish(app),
        _ => {
            move_or_show(app, page, command);
            Vec::new()
        }
    }
}

/// Hands the pasted address to the login that waits for it.
fn hand_over(app: &mut App) -> Vec<Effect> {
    if app.login.address.is_empty() {
        app.notify("still waiting for your browser; esc cancels");
        return Vec::new();
    }
    let address = std::mem::replace(&mut app.login.address, Secret::new(""));
    app.focus = Focus::Choices;
    vec![Effect::HandOver(address)]
}

/// Whether Enter is pressed in the field for a key, and there is none.
fn is_empty_key_field(app: &App) -> bool {
    app.screen == Screen::Step(StepId::Login)
        && app.focus == Focus::Field
        && app.login.key.is_empty()
}

/// Commands that change nothing but what is shown.
fn move_or_show(app: &mut App, page: &Page, command: KeyCommand) {
    match command {
        KeyCommand::Up => movement::walk(app, page, -1),
        KeyCommand::Down => movement::walk(app, page, 1),
        KeyCommand::Left => movement::turn(app, app.screen.previous()),
        KeyCommand::Right => movement::turn(app, app.screen.next()),
        KeyCommand::Jump(step) => movement::turn(app, Some(Screen::Step(step))),
        KeyCommand::Summary => movement::turn(app, Some(Screen::Summary)),
        KeyCommand::NextPart => movement::turn_focus(app, page, false),
        KeyCommand::PreviousPart => movement::turn_focus(app, page, true),
        KeyCommand::PageUp => movement::scroll_page(app, page, false),
        KeyCommand::PageDown => movement::scroll_page(app, page, true),
        KeyCommand::Home => movement::scroll_to(app, page, 0),
        KeyCommand::End => movement::scroll_to(app, page, usize::MAX),
        KeyCommand::Skip => match app.screen.step() {
            Some(step)
                if app.busy(step).is_none()
                    && matches!(app.settled(step), Status::Todo | Status::Failed) =>
            {
                actions::ask_to_skip(app, step);
            }
            _ => app.notify("nothing to skip"),
        },
        KeyCommand::Reveal
            if app.screen == Screen::Step(StepId::Login) && !app.login.key.is_empty() =>
        {
            app.login.revealed_until = match app.login.revealed_until {
                Some(_) => None,
                None => Some(app.now + REVEAL_FOR),
            };
        }
        KeyCommand::Filter if app.lists_projects() => app.focus = Focus::Field,
        KeyCommand::Explain if app.presenter => presenter::explain(app),
        KeyCommand::Incidents if app.presenter => presenter::show_incidents(app),
        KeyCommand::Reset if app.presenter => presenter::ask_to_reset(app),
        KeyCommand::Explain | KeyCommand::Incidents | KeyCommand::Reset => {
            app.notify("presenter mode only: press p first");
        }
        KeyCommand::Filter => app.notify("there is no list to filter here"),
        KeyCommand::New => app.notify("nothing to create here"),
        KeyCommand::Reveal => app.notify("no typed key to show here"),
        KeyCommand::Help => app.overlay = Some(Overlay::Help { scroll: 0 }),
        _ => {}
    }
}

/// Out of what one is in: a revealed key, a watch, work, a field, another choice, the screen.
fn back(app: &mut App) -> Vec<Effect> {
    app.follow = false;
    if app.login.revealed_until.take().is_some() || app.watch.take().is_some() {
        return Vec::new();
    }
    if let Some(step) = app.screen.step()
        && let Some(work) = app.work.get_mut(&step)
    {
        if work.phase == Phase::Apply && engine::must_finish(step) {
            app.notify(format!(
                "{} can't be interrupted safely; it finishes in a moment",
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
    let changed = match app.screen {
        Screen::Step(StepId::Project) => std::mem::take(&mut app.project.change),
        Screen::Step(StepId::Login) => std::mem::take(&mut app.login.change),
        Screen::Proposal | Screen::Step(_) | Screen::Summary => false,
    };
    if changed {
        return Vec::new();
    }
    match app.screen.previous() {
        Some(screen) => app.go(screen),
        None => app.notify("this is the first step; q quits"),
    }
    Vec::new()
}

/// Why there is nothing to fix here, with what the worst finding asks for instead.
fn why_not_fixable(app: &App) -> String {
    let findings = app.state().map(|(_, state)| &state.findings[..]);
    let worst = findings
        .unwrap_or_default()
        .iter()
        .filter(|finding| finding.follows.is_none() && !finding.hint.is_empty())
        .max_by_key(|finding| finding.severity);
    worst.map_or_else(
        || "nothing to fix automatically here".to_owned(),
        |finding| format!("this needs you: {}", finding.hint),
    )
}
