//! The actions that the palette finds: all that works on the screen that is shown.

use crate::{
    core::{event::Phase, plan::Status, step::StepId},
    tui::{
        choices,
        keymap::{KEYS, KeyCommand},
        state::{App, Screen},
    },
};

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PaletteEntry {
    pub label: String,
    /// The keys that do the same.
    pub keys: &'static str,
    pub does: PaletteAction,
}

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaletteAction {
    /// The same as choosing this row of the screen.
    Row(usize),
    /// The same as a key.
    Command(KeyCommand),
}

/// The entries in which all words of the search occur, whatever their case: what the screen offers, then where to go, then the keys.
pub(crate) fn entries(app: &App, search: &str) -> Vec<PaletteEntry> {
    let words: Vec<_> = search.split_whitespace().map(str::to_lowercase).collect();
    let mut entries = all(app);
    entries.retain(|entry| {
        let label = entry.label.to_lowercase();
        words.iter().all(|word| label.contains(word))
    });
    entries
}

fn all(app: &App) -> Vec<PaletteEntry> {
    let command = |label: String, keys, command| PaletteEntry {
        label,
        keys,
        does: PaletteAction::Command(command),
    };
    let choices = choices::of_screen(app);
    let busy = app.screen.step().is_some_and(|step| app.is_working(step));
    let mut entries = Vec::new();
    if !busy {
        let rows = choices.above_projects().iter().enumerate();
        entries.extend(rows.map(|(at, choice)| PaletteEntry {
            label: choice.label.clone(),
            keys: "",
            does: PaletteAction::Row(at),
        }));
    }
    for (step, keys) in StepId::ALL
        .into_iter()
        .zip(["1", "2", "3", "4", "5", "6", "7"])
    {
        let label = format!("Go to {}", step.title());
        entries.push(command(label, keys, KeyCommand::Jump(step)));
    }
    let keys = KEYS.iter().filter(|binding| works(app, binding.command));
    entries.extend(keys.map(|binding| {
        let about = binding.about.to_owned();
        command(about, binding.shown, binding.command)
    }));
    entries
}

/// Whether a key is worth a name here. Those that move about in what is shown are none.
fn works(app: &App, command: KeyCommand) -> bool {
    let step = app.screen.step();
    let busy = step.is_some_and(|step| app.is_working(step));
    match command {
        KeyCommand::Reveal => {
            app.screen == Screen::Step(StepId::Login)
                && app.asks_for_key()
                && !app.login.key.is_empty()
        }
        KeyCommand::Open => app.page_to_open().is_some(),
        KeyCommand::Filter => app.lists_projects(),
        KeyCommand::New => app.proposal.is_some() || app.lists_projects(),
        KeyCommand::Settings => app.can_change_settings(),
        KeyCommand::Fix => !busy && app.can_fix(),
        KeyCommand::Undo => !busy && app.screen == Screen::Step(StepId::Env) && app.can_undo(),
        KeyCommand::Watch => app.watch.is_some() || app.can_watch(),
        KeyCommand::Skip => step.is_some_and(|step| {
            !busy && matches!(app.settled(step), Status::Todo | Status::Failed)
        }),
        KeyCommand::Probe => {
            step.is_none_or(|step| app.busy(step).is_none_or(|work| work.phase == Phase::Probe))
        }
        KeyCommand::Explain => app.presenter || app.proposal.is_some(),
        KeyCommand::Blank => app.presenter,
        KeyCommand::Incidents | KeyCommand::Reset => app.presenter && app.options.demo,
        KeyCommand::Summary
        | KeyCommand::Copy
        | KeyCommand::Presenter
        | KeyCommand::Activity
        | KeyCommand::Help
        | KeyCommand::Mouse
        | KeyCommand::Redraw
        | KeyCommand::Suspend
        | KeyCommand::Quit => true,
        KeyCommand::Enter
        | KeyCommand::Up
        | KeyCommand::Down
        | KeyCommand::Left
        | KeyCommand::Right
        | KeyCommand::NextPart
        | KeyCommand::PreviousPart
        | KeyCommand::Back
        | KeyCommand::Jump(_)
        | KeyCommand::PageUp
        | KeyCommand::PageDown
        | KeyCommand::Home
        | KeyCommand::End
        | KeyCommand::Palette
        | KeyCommand::Interrupt => false,
    }
}
