//! The pauses of presenter mode: when they come, and what the keys do there.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a command that is not named does nothing here"
)]

use crossterm::event::KeyEvent;

use crate::{
    core::{
        answer::Answer,
        presenter::{DemoOutcome, DemoRequest, Incident},
        step::StepId,
    },
    tui::{
        keymap::KeyCommand,
        msg::Effect,
        state::{
            App, Screen,
            overlay::{ConfirmDialog, ConfirmPurpose, Overlay, Slide},
            project::ProjectInput,
            replay::Replay,
        },
    },
};

/// Turns the mode on or off. It begins with the screen that is shown.
pub(super) fn toggle(app: &mut App) {
    if app.is_preparing() {
        return;
    }
    app.presenter = !app.presenter;
    if app.presenter {
        app.follow = false;
        app.announced.clear();
        app.notify("presenter mode on: identifiers are hidden");
        app.announce();
    } else {
        if matches!(app.overlay, Some(Overlay::Slide(_))) {
            app.overlay = None;
        }
        app.notify("presenter mode off");
    }
}

/// Shows a key that was pressed.
pub(super) fn show_key(app: &mut App, event: KeyEvent) {
    if app.presenter {
        // a key that is pasted as single characters may begin before its field has the focus
        let secret = !matches!(app.overlay, Some(Overlay::Prompt(_)))
            && app.screen == Screen::Step(StepId::Login)
            && app.asks_for_key();
        app.pressed_keys.press(event, secret, app.now);
    }
}

/// Shows that something was pasted.
pub(super) fn show_paste(app: &mut App) {
    if app.presenter {
        app.pressed_keys.add("paste".to_owned(), app.now);
    }
}

/// Applies a step: at once, or after a pause that shows what will happen.
pub(super) fn apply(app: &mut App, answer: Answer) -> Vec<Effect> {
    if app.presenter {
        app.overlay = Some(Overlay::Slide(Slide::BeforeApply(answer)));
        return Vec::new();
    }
    vec![app.apply(answer)]
}

/// Announces this screen again.
pub(super) fn explain(app: &mut App) {
    app.overlay = Some(Overlay::Slide(Slide::Before(app.screen)));
}

/// Asks whether the demo shall be reset. Outside of the demo only the announcements begin again.
pub(super) fn ask_to_reset(app: &mut App) {
    if must_wait(app) {
        return;
    }
    if app.options.demo {
        let dialog = ConfirmDialog::new(ConfirmPurpose::Reset);
        app.overlay = Some(Overlay::Confirm(dialog));
        return;
    }
    app.announced.clear();
    app.overlay = Some(Overlay::Slide(Slide::Opening));
    app.notify("the tour starts over; your project is unchanged");
}

/// Shows the menu of incidents.
pub(super) fn show_incidents(app: &mut App) {
    if !app.options.demo {
        app.notify("mishaps work only in the sample project: neonup demo --present");
    } else if !must_wait(app) {
        app.overlay = Some(Overlay::Slide(Slide::Incidents(0)));
    }
}

/// Whether a step is being applied; if so, shows a message, since the demo is not changed meanwhile.
fn must_wait(app: &mut App) -> bool {
    let Some(step) = app.applying() else {
        return false;
    };
    app.notify(format!(
        "{} is still running; try again when it has finished",
        step.title()
    ));
    true
}

/// Asks the demo for something, and waits.
pub(super) fn request(app: &mut App, request: DemoRequest) -> Vec<Effect> {
    app.overlay = Some(Overlay::Slide(Slide::Preparing(request, app.now)));
    vec![Effect::Demo(request)]
}

/// What a command did during a pause.
pub(super) enum AfterPause {
    /// Everything that it means.
    Done(Vec<Effect>),
    /// It has ended the pause, and goes on to the screen.
    Continue(Vec<Effect>),
}

/// Handles a command during a pause, which was taken off the screen.
pub(super) fn command(app: &mut App, slide: Slide, command: KeyCommand) -> AfterPause {
    // a clicker of a lecture room has no other keys than these two
    let on = matches!(command, KeyCommand::Enter | KeyCommand::PageDown);
    let back = matches!(command, KeyCommand::Back | KeyCommand::PageUp);
    let elsewhere = matches!(
        command,
        KeyCommand::Left
            | KeyCommand::Right
            | KeyCommand::Jump(_)
            | KeyCommand::Summary
            | KeyCommand::Reset
            | KeyCommand::Incidents
            | KeyCommand::Help
            | KeyCommand::Quit
    );
    let effects = match slide {
        Slide::Incidents(_) if command == KeyCommand::Help => {
            return AfterPause::Continue(Vec::new());
        }
        Slide::Incidents(chosen) => choose_incident(app, chosen, command),
        Slide::Opening if on => {
            app.go(Screen::Step(StepId::Login));
            Vec::new()
        }
        Slide::BeforeApply(answer) if on => vec![app.apply(answer)],
        Slide::AfterIncident(incident) if on || back || elsewhere => {
            let effects = app.probe(incident.seen_by()).into_iter().collect();
            app.focus = app.first_focus();
            if elsewhere {
                return AfterPause::Continue(effects);
            }
            effects
        }
        Slide::Opening | Slide::Before(_) | Slide::BeforeApply(..) | Slide::Failed(_)
            if on || back =>
        {
            app.focus = app.first_focus();
            Vec::new()
        }
        Slide::Opening | Slide::Before(_) | Slide::BeforeApply(..) | Slide::Failed(_)
            if elsewhere =>
        {
            return AfterPause::Continue(Vec::new());
        }
        Slide::Opening
        | Slide::Before(_)
        | Slide::BeforeApply(..)
        | Slide::AfterIncident(_)
        | Slide::Preparing(..)
        | Slide::Failed(_) => {
            app.overlay = Some(Overlay::Slide(slide));
            Vec::new()
        }
    };
    AfterPause::Done(effects)
}

fn choose_incident(app: &mut App, chosen: usize, command: KeyCommand) -> Vec<Effect> {
    let last = Incident::ALL.len() - 1;
    let chosen = match command {
        KeyCommand::Up => chosen.saturating_sub(1),
        KeyCommand::Down => (chosen + 1).min(last),
        KeyCommand::Back | KeyCommand::Quit | KeyCommand::Incidents => return Vec::new(),
        KeyCommand::Enter => {
            let incident = Incident::ALL.get(chosen).copied();
            return incident.map_or_else(Vec::new, |incident| {
                request(app, DemoRequest::Cause(incident))
            });
        }
        _ => chosen,
    };
    app.overlay = Some(Overlay::Slide(Slide::Incidents(chosen)));
    Vec::new()
}

/// Takes in what came of a request.
pub(super) fn demo(app: &mut App, outcome: DemoOutcome) -> Vec<Effect> {
    app.overlay = None;
    match (outcome.result, outcome.request) {
        (Err(error), _) => {
            app.overlay = Some(Overlay::Slide(Slide::Failed(error)));
            Vec::new()
        }
        (Ok(()), DemoRequest::Reset) => begin_again(app),
        (Ok(()), DemoRequest::Cause(incident)) => {
            for step in incident.seen_by() {
                app.plan.reopen(*step);
                app.chosen.remove(&Screen::Step(*step));
            }
            app.project = ProjectInput::default();
            let screen = Screen::Step(incident.step());
            app.announced.insert(screen);
            app.go(screen);
            app.overlay = Some(Overlay::Slide(Slide::AfterIncident(incident)));
            Vec::new()
        }
    }
}

/// Replaces the state by that of a wizard that knows nothing, in the same window.
fn begin_again(app: &mut App) -> Vec<Effect> {
    let (mut fresh, effects) = App::new(app.options.clone(), app.size);
    fresh.now = app.now;
    for work in fresh.work.values_mut() {
        work.since = app.now;
    }
    fresh.theme = app.theme;
    fresh.mouse = app.mouse;
    fresh.presenter = true;
    fresh.follow = false;
    fresh.pressed_keys = app.pressed_keys.clone();
    fresh.replay = app.replay.map(|_| Replay {
        quiet_since: app.now,
    });
    fresh.overlay = Some(Overlay::Slide(Slide::Opening));
    fresh.notify("Reset. Ready to start again");
    *app = fresh;
    effects
}
