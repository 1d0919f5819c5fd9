//! The first screen of a project without a `neonup.toml`, and the same screen where one exists and is changed.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a command that is not named means here what it means on every screen"
)]

use tui_input::Input;

use crate::{
    core::{
        choices::{Action, SettingsPart},
        step::StepId,
    },
    project::{
        edit::{self, Present},
        init,
    },
    tui::{
        choices,
        keymap::KeyCommand,
        msg::Effect,
        proposal::{Opened, ProposalAnswer, ProposalOutcome, ProposalRequest, ProposalScreen},
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
    let leads_away = matches!(
        command,
        KeyCommand::Back
            | KeyCommand::Left
            | KeyCommand::Right
            | KeyCommand::Jump(_)
            | KeyCommand::Summary
    );
    let asks = matches!(
        command,
        KeyCommand::Enter | KeyCommand::New | KeyCommand::Explain | KeyCommand::Probe
    );
    if proposal.waits.is_some() && (asks || leads_away) {
        return Some(Vec::new());
    }
    let unsaved = proposal.exists && proposal.draft.is_changed();
    if unsaved && (leads_away || command == KeyCommand::Quit) {
        app.notify("not saved yet: save it, or choose “Go back without saving”");
        return Some(Vec::new());
    }
    Some(match command {
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
        KeyCommand::Probe if proposal.exists => {
            ask(app, ProposalRequest::Read(SettingsPart::Branch))
        }
        KeyCommand::Probe => {
            let dir = proposal.found.dir.clone();
            ask(app, ProposalRequest::Of(dir))
        }
        KeyCommand::Settings => Vec::new(),
        KeyCommand::Back | KeyCommand::Left if !proposal.exists => {
            app.notify("this is the first screen; q quits");
            Vec::new()
        }
        KeyCommand::Back | KeyCommand::Left | KeyCommand::Right => leave(app),
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
        _ => return None,
    })
}

/// Asks for the values of `neonup.toml`, to change this part of it.
pub(super) fn open(app: &mut App, part: SettingsPart) -> Vec<Effect> {
    if !app.can_change_settings() {
        app.notify(if app.presenter {
            "not in presenter mode: the file names the project"
        } else {
            "a step is still running; try again when it has finished"
        });
        return Vec::new();
    }
    app.settings_from = Some(app.screen);
    vec![Effect::Proposal(ProposalRequest::Read(part))]
}

/// Does what a row does.
pub(super) fn act(app: &mut App, action: &Action) -> Vec<Effect> {
    let Some(proposal) = &app.proposal else {
        return Vec::new();
    };
    match action {
        Action::WriteConfig if proposal.exists && !proposal.draft.is_changed() => leave(app),
        Action::WriteConfig => {
            let request = proposal.to_write();
            ask(app, request)
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
        if proposal.exists && proposal.draft.is_changed() {
            // one value is what most come for: what follows is to save it
            app.chosen.remove(&app.screen);
            return Ok(());
        }
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
    app.shown.change();
    let (request, answer) = (outcome.request, outcome.result);
    if let ProposalRequest::Read(part) = request {
        show_file(app, part, answer);
        return Vec::new();
    }
    let Some(proposal) = &mut app.proposal else {
        return Vec::new();
    };
    proposal.waits = None;
    let opened = match answer {
        Ok(ProposalAnswer::Settings(opened)) => opened,
        // what is read is asked for above alone
        Ok(ProposalAnswer::Text(_)) => return Vec::new(),
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
    (app.options.project, app.options.start, app.options.config) = (project, start, file.clone());
    match (request, found) {
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
        (ProposalRequest::Replace { .. }, _) => {
            drop(leave(app));
            app.notify("saved: neonup.toml. Commit it when you commit next.");
            // whatever was learned was learned with other settings
            app.probe(&StepId::ALL).into_iter().collect()
        }
        // somebody has written one meanwhile
        (ProposalRequest::Of(_) | ProposalRequest::Read(_), _) => leave(app),
    }
}

/// Shows the values of the file that was read, if one still is where they were asked for.
fn show_file(app: &mut App, part: SettingsPart, answer: Result<ProposalAnswer<Opened>, String>) {
    let again = app.screen == Screen::Proposal;
    let here = Some(app.screen) == app.settings_from && app.overlay.is_none();
    if !again && !here {
        return;
    }
    let text = match answer {
        Ok(ProposalAnswer::Text(text)) => text,
        Ok(ProposalAnswer::Settings(_)) => return,
        Err(problem) => {
            if let Some(proposal) = &mut app.proposal {
                proposal.waits = None;
            }
            app.notify(problem);
            return;
        }
    };
    let joined = app.project_facts().and_then(|facts| facts.joined.as_ref());
    let present = joined.map_or_else(Present::default, |joined| Present {
        branches: &joined.branches,
        databases: &joined.databases,
        roles: &joined.roles,
    });
    let draft = match edit::of_file(&text, &present) {
        Ok(draft) => draft,
        Err(error) => {
            app.notify(format!("neonup.toml, {error}"));
            return;
        }
    };
    let file = app.options.config.clone();
    let proposal = ProposalScreen::of_file(draft, file);
    let place = proposal.place_of(part);
    app.proposal = Some(proposal);
    app.follow = false;
    app.go(Screen::Proposal);
    app.chosen.remove(&Screen::Proposal);
    let choices = choices::of_screen(app);
    let row = place.and_then(|place| choices.position(&Action::EditValue(place)));
    if let Some(row) = row.filter(|_| !again) {
        app.chosen.insert(Screen::Proposal, row);
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
            "there are no other suggestions; e edits it"
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

/// Goes on to the steps, or back to where the values were asked for.
fn leave(app: &mut App) -> Vec<Effect> {
    let exists = app.proposal.take().is_some_and(|proposal| proposal.exists);
    app.chosen.remove(&Screen::Proposal);
    if exists {
        let back = app.settings_from.take();
        app.go(back.unwrap_or(Screen::Step(StepId::Login)));
        return Vec::new();
    }
    app.follow = true;
    app.go(Screen::Step(StepId::Login));
    app.probe(&StepId::ALL).into_iter().collect()
}
