//! The pauses of the presenter's mode: when they come, and what the keys do there.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a command means nothing where it is not named"
)]

use crossterm::event::KeyEvent;

use crate::tui::presenter::Slide;
use crate::{
    core::{
        answer::Answer,
        presenter::{DemoOutcome, DemoRequest, Incident, script},
        step::StepId,
    },
    tui::{
        keymap::Command,
        msg::Effect,
        screens,
        state::{App, Confirm, Overlay, Question, Screen},
        update,
    },
};

/// Turns the mode on or off. It begins with the screen that is shown.
pub(crate) fn toggle(app: &mut App) {
    if matches!(&app.overlay, Some(Overlay::Slide(Slide::Preparing(..)))) {
        return;
    }
    app.presenter = !app.presenter;
    if app.presenter {
        app.follow = false;
        app.announced.clear();
        app.say("presenter mode: identifiers are hidden");
        arrive(app);
    } else {
        if matches!(app.overlay, Some(Overlay::Slide(_))) {
            app.overlay = None;
        }
        app.say("presenter mode is off");
    }
}

/// A screen opens: what was not explained yet is explained first.
pub(crate) fn arrive(app: &mut App) {
    if app.presenter && app.overlay.is_none() && app.announced.insert(app.screen) {
        app.overlay = Some(Overlay::Slide(Slide::Before(app.screen)));
    }
}

/// A key was pressed: the room sees which.
pub(crate) fn pressed(app: &mut App, event: KeyEvent) {
    if app.presenter {
        // a key that is pasted as single characters may begin before its field has the focus
        let secret = !matches!(app.overlay, Some(Overlay::Prompt(_)))
            && app.screen == Screen::Step(StepId::Login)
            && screens::login::asks(app);
        app.pressed_keys.press(event, secret, app.now);
    }
}

/// Something was pasted.
pub(crate) fn pasted(app: &mut App) {
    if app.presenter {
        app.pressed_keys.add("paste".to_owned(), app.now);
    }
}

/// A step is to be applied: at once, or after a pause that says what will happen.
pub(crate) fn apply(app: &mut App, answer: Answer) -> Vec<Effect> {
    if app.presenter {
        app.overlay = Some(Overlay::Slide(Slide::BeforeApply(answer)));
        return Vec::new();
    }
    vec![app.apply(answer)]
}

/// Shows the explanation of this screen again.
pub(crate) fn explain(app: &mut App) {
    app.overlay = Some(Overlay::Slide(Slide::Before(app.screen)));
}

/// Asks whether everything shall begin anew.
pub(crate) fn ask_reset(app: &mut App) {
    if waits(app) {
        return;
    }
    if app.options.demo {
        app.overlay = Some(Overlay::Confirm(Confirm {
            question: Question::Reset,
            yes: false,
        }));
        return;
    }
    app.announced.clear();
    app.overlay = Some(Overlay::Slide(Slide::Opening));
    app.say("the tour begins again; your project is not touched");
}

/// Shows the menu of incidents.
pub(crate) fn menu(app: &mut App) {
    if !app.options.demo {
        app.say("mishaps are for the sample project: neonup demo --present");
    } else if !waits(app) {
        app.overlay = Some(Overlay::Slide(Slide::Incidents(0)));
    }
}

/// Says so where a step is being applied: the demo is not changed under its feet.
fn waits(app: &mut App) -> bool {
    let Some(step) = app.applying() else {
        return false;
    };
    app.say(format!("{} is at work; when it has ended", step.title()));
    true
}

/// Asks the demo for something, and waits.
pub(crate) fn request(app: &mut App, request: DemoRequest) -> Vec<Effect> {
    app.overlay = Some(Overlay::Slide(Slide::Preparing(request, app.now)));
    vec![Effect::Demo(request)]
}

/// A command, while a pause lies over the screen; it was taken off.
pub(crate) fn command(app: &mut App, slide: Slide, command: Command) -> Vec<Effect> {
    // a clicker of a lecture room has no other keys than these two
    let on = matches!(command, Command::Enter | Command::PageDown);
    let back = matches!(command, Command::Back | Command::PageUp);
    let moves = matches!(
        command,
        Command::Left
            | Command::Right
            | Command::Jump(_)
            | Command::Summary
            | Command::Reset
            | Command::Incidents
            | Command::Help
            | Command::Quit
    );
    match slide {
        Slide::Incidents(at) => {
            let last = Incident::ALL.len() - 1;
            let next = match command {
                Command::Up => at.saturating_sub(1),
                Command::Down => (at + 1).min(last),
                Command::Back | Command::Quit | Command::Incidents => return Vec::new(),
                Command::Help => return update::screen(app, command),
                Command::Enter => {
                    return Incident::ALL.get(at).map_or_else(Vec::new, |incident| {
                        request(app, DemoRequest::Cause(*incident))
                    });
                }
                _ => at,
            };
            app.overlay = Some(Overlay::Slide(Slide::Incidents(next)));
            Vec::new()
        }
        Slide::Opening if on => {
            app.go(Screen::Step(StepId::Login));
            Vec::new()
        }
        Slide::BeforeApply(answer) if on => vec![app.apply(answer)],
        Slide::AfterIncident(incident) if on || back || moves => {
            let mut effects: Vec<Effect> = app.probe(incident.seen_by()).into_iter().collect();
            app.focus = screens::first_focus(app);
            if moves {
                effects.extend(update::screen(app, command));
            }
            effects
        }
        Slide::Opening | Slide::Before(_) | Slide::BeforeApply(..) | Slide::Failed(_)
            if on || back =>
        {
            app.focus = screens::first_focus(app);
            Vec::new()
        }
        Slide::Opening | Slide::Before(_) | Slide::BeforeApply(..) | Slide::Failed(_) if moves => {
            update::screen(app, command)
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
    }
}

/// Takes in what came of a request.
pub(crate) fn demo(app: &mut App, outcome: DemoOutcome) -> Vec<Effect> {
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
            app.project = screens::project::State::default();
            let screen = Screen::Step(incident.step());
            app.announced.insert(screen);
            app.go(screen);
            app.overlay = Some(Overlay::Slide(Slide::AfterIncident(incident)));
            Vec::new()
        }
    }
}

/// A wizard that knows nothing, in the same window.
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
    fresh.overlay = Some(Overlay::Slide(Slide::Opening));
    fresh.say("everything is as at the beginning");
    *app = fresh;
    effects
}

/// The word in the footer for a command during a pause; `usual` is the one it has elsewhere.
pub(crate) fn label(app: &App, slide: &Slide, command: Command, usual: &str) -> Option<String> {
    let word = match (slide, command) {
        (Slide::Preparing(..), Command::Interrupt) => "leave",
        (Slide::Preparing(..), _) => return None,
        (Slide::Opening, Command::Enter) => "begin",
        (Slide::Before(_), Command::Enter) => "show it",
        (Slide::BeforeApply(..), Command::Enter) => "do it",
        (Slide::BeforeApply(..), Command::Back) => "leave it",
        (Slide::Incidents(_), Command::Enter) => "let it happen",
        (Slide::AfterIncident(_), Command::Enter) => "look",
        (Slide::Failed(_), Command::Enter) | (_, Command::Back) => "close",
        (Slide::Opening | Slide::Before(_), Command::Incidents | Command::Reset)
            if app.options.demo =>
        {
            usual
        }
        (_, Command::Help) => usual,
        _ => return None,
    };
    Some(word.to_owned())
}

/// The announcement of a slide that fills the screen; `None` where the pause is a dialog.
pub(crate) const fn announcement(slide: &Slide) -> Option<script::Announcement> {
    match slide {
        Slide::Opening => Some(script::OPENING),
        Slide::Before(Screen::Summary) => Some(script::CLOSING),
        Slide::Before(Screen::Step(step)) => Some(script::step(*step)),
        Slide::AfterIncident(incident) => Some(script::incident(*incident)),
        Slide::BeforeApply(..) | Slide::Incidents(_) | Slide::Preparing(..) | Slide::Failed(_) => {
            None
        }
    }
}
