//! The first screen of a project without a `neonup.toml`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a command that is not named means here what it means on every screen"
)]

use tui_input::Input;

use crate::{
    core::{choices::Action, step::StepId},
    project::init,
    tui::{
        choices,
        keymap::KeyCommand,
        msg::Effect,
        proposal::{Opened, ProposalOutcome, ProposalRequest},
        state::{
            App, Screen,
            overlay::{Overlay, PromptDialog, PromptPurpose},
        },
        text,
        update::movement,
    },
};

/// What a key does here; `None` where it does what it does on every screen.
pub(super) fn command(app: &mut App, command: KeyCommand) -> Option<Vec<Effect>> {
    let proposal = app.proposal.as_ref()?;
    let waits = proposal.waits.is_some();
    Some(match command {
        KeyCommand::Enter
        | KeyCommand::New
        | KeyCommand::Explain
        | KeyCommand::Probe
        | KeyCommand::Right
        | KeyCommand::Jump(_)
        | KeyCommand::Summary
            if waits =>
        {
            Vec::new()
        }
        KeyCommand::New => {
            next(app);
            Vec::new()
        }
        KeyCommand::Explain => {
            match choices::chosen_value(app) {
                Some(index) => edit(app, index),
                None => app.notify("select a value first, with ↑ and ↓"),
            }
            Vec::new()
        }
        KeyCommand::Probe if proposal.draft.is_changed() => {
            app.notify("that would discard your changes; write the file first");
            Vec::new()
        }
        KeyCommand::Probe => {
            let dir = proposal.found.dir.clone();
            ask(app, ProposalRequest::Of(dir))
        }
        KeyCommand::Right => leave(app),
        KeyCommand::Jump(step) => {
            let effects = leave(app);
            movement::turn(app, Some(Screen::Step(step)));
            effects
        }
        KeyCommand::Summary => {
            let effects = leave(app);
            movement::turn(app, Some(Screen::Summary));
            effects
        }
        KeyCommand::Back | KeyCommand::Left => {
            app.notify("this is the first screen; q quits");
            Vec::new()
        }
        _ => return None,
    })
}

/// Does what a row does.
pub(super) fn act(app: &mut App, action: &Action) -> Vec<Effect> {
    let Some(proposal) = &app.proposal else {
        return Vec::new();
    };
    match action {
        Action::WriteConfig => {
            let text = proposal.draft.text();
            ask(app, ProposalRequest::Write(text))
        }
        Action::NextApp => match proposal.next_app() {
            Some((dir, _)) => {
                let dir = dir.clone();
                ask(app, ProposalRequest::Of(dir))
            }
            None => Vec::new(),
        },
        Action::EditValue(index) => {
            edit(app, *index);
            Vec::new()
        }
        _ => leave(app),
    }
}

/// Takes the value that was typed and selects the next one, or says what is wrong with it.
pub(super) fn set(app: &mut App, index: usize, typed: &str) -> Result<(), String> {
    if let Some(proposal) = &mut app.proposal {
        init::set_value(&mut proposal.draft, index, typed)?;
    }
    let choices = choices::of_screen(app);
    let next = choices::chosen_index(app, &choices).map_or(0, |at| at + 1);
    if next < choices.count() {
        app.chosen.insert(app.screen, next);
    } else {
        app.chosen.remove(&app.screen);
    }
    Ok(())
}

/// Takes in what came of a request.
pub(super) fn outcome(app: &mut App, outcome: ProposalOutcome) -> Vec<Effect> {
    let Some(proposal) = &mut app.proposal else {
        return Vec::new();
    };
    proposal.waits = None;
    app.shown.change();
    let opened = match outcome.result {
        Ok(opened) => opened,
        Err(problem) => {
            proposal.problem = Some(problem);
            return Vec::new();
        }
    };
    proposal.problem = None;
    // something is different now
    app.taken.clear();
    let Opened {
        project,
        start,
        found,
        file,
    } = opened;
    (app.options.project, app.options.start) = (project, start);
    match (outcome.request, found) {
        (ProposalRequest::Of(_), Some(found)) => {
            proposal.take(found, file);
            app.chosen.remove(&Screen::Proposal);
            app.notify("read again: this is what the files show now");
            Vec::new()
        }
        (ProposalRequest::Write(_), _) => {
            let effects = leave(app);
            app.notify("written: neonup.toml. Commit it when you commit next.");
            effects
        }
        // somebody has written one meanwhile
        (ProposalRequest::Of(_), None) => leave(app),
    }
}

/// Takes the next of the values that may be meant.
fn next(app: &mut App) {
    let index = choices::chosen_value(app);
    let Some(proposal) = &mut app.proposal else {
        return;
    };
    let taken = index.is_some_and(|index| init::take_next(&mut proposal.draft, index));
    if taken {
        app.shown.change();
    } else {
        app.notify(if index.is_some() {
            "no other value is likely here; e edits it"
        } else {
            "select a value first, with ↑ and ↓"
        });
    }
}

fn edit(app: &mut App, index: usize) {
    let proposal = app.proposal.as_ref();
    let Some(value) = proposal.and_then(|proposal| proposal.draft.value(index)) else {
        return;
    };
    app.overlay = Some(Overlay::Prompt(PromptDialog {
        purpose: PromptPurpose::DraftValue(index),
        input: Input::new(text::typed(&value.editable())),
        // a value is more often edited than replaced
        proposed: false,
        problem: None,
    }));
}

fn ask(app: &mut App, request: ProposalRequest) -> Vec<Effect> {
    if let Some(proposal) = &mut app.proposal {
        proposal.waits = Some(request.clone());
        proposal.problem = None;
    }
    vec![Effect::Proposal(request)]
}

/// Goes on to the steps.
fn leave(app: &mut App) -> Vec<Effect> {
    app.proposal = None;
    app.follow = true;
    app.go(Screen::Step(StepId::Login));
    app.probe(&StepId::ALL).into_iter().collect()
}
