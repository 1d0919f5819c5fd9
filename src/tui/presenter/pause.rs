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
    if matches!(&app.overlay, Some(Overlay::Slide(Slide::Setting(..)))) {
        return;
    }
    app.presenter = !app.presenter;
    if app.presenter {
        app.follow = false;
        app.tour.told.clear();
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
    if app.presenter && app.overlay.is_none() && app.tour.told.insert(app.screen) {
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
        app.tour.keys.press(event, secret, app.now);
    }
}

/// Something was pasted.
pub(crate) fn pasted(app: &mut App) {
    if app.presenter {
        app.tour.keys.add("paste".to_owned(), app.now);
    }
}

/// A step is to be applied: at once, or after a pause that says what will happen.
pub(crate) fn apply(app: &mut App, answer: Answer) -> Vec<Effect> {
    if app.presenter {
        app.overlay = Some(Overlay::Slide(Slide::Act(answer)));
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
    if app.options.stage {
        app.overlay = Some(Overlay::Confirm(Confirm {
            question: Question::Reset,
            yes: false,
        }));
        return;
    }
    app.tour.told.clear();
    app.overlay = Some(Overlay::Slide(Slide::Opening));
    app.say("the tour begins again; your project is not touched");
}

/// Shows the mishaps.
pub(crate) fn menu(app: &mut App) {
    if !app.options.stage {
        app.say("mishaps are for the sample project: neonup demo --present");
    } else if !waits(app) {
        app.overlay = Some(Overlay::Slide(Slide::Mishaps(0)));
    }
}

/// The stage is not changed under a step that is being applied.
fn waits(app: &mut App) -> bool {
    let Some(step) = app.applying() else {
        return false;
    };
    app.say(format!("{} is at work; when it has ended", step.title()));
    true
}

/// Gives an order to the stage.
pub(crate) fn order(app: &mut App, order: DemoRequest) -> Vec<Effect> {
    app.overlay = Some(Overlay::Slide(Slide::Setting(order, app.now)));
    vec![Effect::Stage(order)]
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
            | Command::Mishaps
            | Command::Help
            | Command::Quit
    );
    match slide {
        Slide::Mishaps(at) => {
            let last = Incident::ALL.len() - 1;
            let next = match command {
                Command::Up => at.saturating_sub(1),
                Command::Down => (at + 1).min(last),
                Command::Back | Command::Quit | Command::Mishaps => return Vec::new(),
                Command::Help => return update::screen(app, command),
                Command::Enter => {
                    return Incident::ALL.get(at).map_or_else(Vec::new, |incident| {
                        order(app, DemoRequest::Arrange(*incident))
                    });
                }
                _ => at,
            };
            app.overlay = Some(Overlay::Slide(Slide::Mishaps(next)));
            Vec::new()
        }
        Slide::Opening if on => {
            app.go(Screen::Step(StepId::Login));
            Vec::new()
        }
        Slide::Act(answer) if on => vec![app.apply(answer)],
        Slide::Arranged(incident) if on || back || moves => {
            let mut effects: Vec<Effect> = app.probe(incident.seen_by()).into_iter().collect();
            app.focus = screens::first_focus(app);
            if moves {
                effects.extend(update::screen(app, command));
            }
            effects
        }
        Slide::Opening | Slide::Before(_) | Slide::Act(..) | Slide::Trouble(_) if on || back => {
            app.focus = screens::first_focus(app);
            Vec::new()
        }
        Slide::Opening | Slide::Before(_) | Slide::Act(..) | Slide::Trouble(_) if moves => {
            update::screen(app, command)
        }
        Slide::Opening
        | Slide::Before(_)
        | Slide::Act(..)
        | Slide::Arranged(_)
        | Slide::Setting(..)
        | Slide::Trouble(_) => {
            app.overlay = Some(Overlay::Slide(slide));
            Vec::new()
        }
    }
}

/// The stage has done what it was asked, or has not.
pub(crate) fn staged(app: &mut App, staged: DemoOutcome) -> Vec<Effect> {
    app.overlay = None;
    match (staged.result, staged.order) {
        (Err(failure), _) => {
            app.overlay = Some(Overlay::Slide(Slide::Trouble(failure)));
            Vec::new()
        }
        (Ok(()), DemoRequest::Reset) => begin_again(app),
        (Ok(()), DemoRequest::Arrange(incident)) => {
            for step in incident.seen_by() {
                app.plan.reopen(*step);
                app.chosen.remove(&Screen::Step(*step));
            }
            app.project = screens::project::State::default();
            let screen = Screen::Step(incident.step());
            app.tour.told.insert(screen);
            app.go(screen);
            app.overlay = Some(Overlay::Slide(Slide::Arranged(incident)));
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
    fresh.tour.keys = app.tour.keys.clone();
    fresh.overlay = Some(Overlay::Slide(Slide::Opening));
    fresh.say("everything is as at the beginning");
    *app = fresh;
    effects
}

/// The word in the footer for a command during a pause; `usual` is the one it has elsewhere.
pub(crate) fn label(app: &App, slide: &Slide, command: Command, usual: &str) -> Option<String> {
    let word = match (slide, command) {
        (Slide::Setting(..), Command::Interrupt) => "leave",
        (Slide::Setting(..), _) => return None,
        (Slide::Opening, Command::Enter) => "begin",
        (Slide::Before(_), Command::Enter) => "show it",
        (Slide::Act(..), Command::Enter) => "do it",
        (Slide::Act(..), Command::Back) => "leave it",
        (Slide::Mishaps(_), Command::Enter) => "let it happen",
        (Slide::Arranged(_), Command::Enter) => "look",
        (Slide::Trouble(_), Command::Enter) | (_, Command::Back) => "close",
        (Slide::Opening | Slide::Before(_), Command::Mishaps | Command::Reset)
            if app.options.stage =>
        {
            usual
        }
        (_, Command::Help) => usual,
        _ => return None,
    };
    Some(word.to_owned())
}

/// What is told on a slide that fills the screen; `None` where the pause is a dialog.
pub(crate) const fn told(slide: &Slide) -> Option<script::Talk> {
    match slide {
        Slide::Opening => Some(script::OPENING),
        Slide::Before(Screen::Summary) => Some(script::CLOSING),
        Slide::Before(Screen::Step(step)) => Some(script::step(*step)),
        Slide::Arranged(incident) => Some(script::incident(*incident)),
        Slide::Act(..) | Slide::Mishaps(_) | Slide::Setting(..) | Slide::Trouble(_) => None,
    }
}
