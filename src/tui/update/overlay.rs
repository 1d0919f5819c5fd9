//! Commands for what lies over the screen.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a command that is not named does nothing here"
)]

use crate::{
    core::{
        answer::{Answer, ProjectAnswer},
        presenter::DemoRequest,
        step::StepId,
    },
    tui::{
        keymap::KeyCommand,
        layout,
        msg::Effect,
        page::Page,
        screens::help,
        state::{
            App,
            overlay::{ConfirmDialog, ConfirmPurpose, Overlay, PromptDialog, PromptPurpose},
        },
        update::{
            actions, panes,
            presenter::{self, AfterPause},
            proposal, screen,
        },
    },
};

/// The longest name that Neon takes for a project.
const LONGEST_NAME: usize = 64;

pub(super) fn command(app: &mut App, command: KeyCommand) -> Vec<Effect> {
    match app.overlay.take() {
        None => Vec::new(),
        Some(Overlay::Help { scroll }) => {
            app.overlay = help_at(app, scroll, command);
            Vec::new()
        }
        Some(Overlay::Confirm(dialog)) => confirm(app, dialog, command),
        Some(Overlay::Prompt(dialog)) => prompt(app, dialog, command),
        Some(Overlay::Activity(pane)) => panes::activity(app, pane, command),
        Some(Overlay::Palette(palette)) => panes::palette(app, palette, command),
        Some(Overlay::Slide(slide)) => match presenter::command(app, slide, command) {
            AfterPause::Done(effects) => effects,
            AfterPause::Continue(mut effects) => {
                let page = Page::new(app, app.size);
                effects.extend(screen::command(app, &page, command));
                effects
            }
        },
    }
}

fn help_at(app: &App, scroll: usize, command: KeyCommand) -> Option<Overlay> {
    let page = layout::dialog_page(app.size.1).max(1);
    let last = help::count(app).saturating_sub(page);
    let scroll = match command {
        KeyCommand::Up => scroll.saturating_sub(1),
        KeyCommand::Down => (scroll + 1).min(last),
        KeyCommand::PageUp => scroll.saturating_sub(page),
        KeyCommand::PageDown => (scroll + page).min(last),
        KeyCommand::Home => 0,
        KeyCommand::End => last,
        KeyCommand::Back | KeyCommand::Help | KeyCommand::Enter | KeyCommand::Quit => return None,
        _ => scroll,
    };
    Some(Overlay::Help { scroll })
}

fn confirm(app: &mut App, mut dialog: ConfirmDialog, command: KeyCommand) -> Vec<Effect> {
    match command {
        KeyCommand::Enter if dialog.yes => return confirmed(app, dialog.purpose),
        KeyCommand::Enter | KeyCommand::Back | KeyCommand::Quit => return Vec::new(),
        KeyCommand::Up
        | KeyCommand::Down
        | KeyCommand::Left
        | KeyCommand::Right
        | KeyCommand::NextPart
        | KeyCommand::PreviousPart => dialog.yes = !dialog.yes,
        _ => {}
    }
    app.overlay = Some(Overlay::Confirm(dialog));
    Vec::new()
}

fn confirmed(app: &mut App, purpose: ConfirmPurpose) -> Vec<Effect> {
    match purpose {
        ConfirmPurpose::Leave(_, reason) | ConfirmPurpose::Finish(reason) => {
            vec![Effect::Quit(reason)]
        }
        ConfirmPurpose::Reset => presenter::request(app, DemoRequest::Reset),
        ConfirmPurpose::Rotate => {
            let step = app.screen.step().unwrap_or(StepId::Secrets);
            vec![app.apply(Answer::rotation_at(step))]
        }
        ConfirmPurpose::Duplicate(name) => {
            vec![app.apply(Answer::Project(ProjectAnswer::Create(name)))]
        }
    }
}

fn prompt(app: &mut App, mut dialog: PromptDialog, command: KeyCommand) -> Vec<Effect> {
    match command {
        KeyCommand::Back => return Vec::new(),
        KeyCommand::Enter => match submitted(app, &dialog) {
            Ok(effects) => return effects,
            Err(problem) => dialog.problem = Some(problem),
        },
        _ => {}
    }
    app.overlay = Some(Overlay::Prompt(dialog));
    Vec::new()
}

/// Takes what was typed, or says what is wrong with it.
fn submitted(app: &mut App, dialog: &PromptDialog) -> Result<Vec<Effect>, String> {
    let text = dialog.input.value().trim().to_owned();
    match dialog.purpose {
        PromptPurpose::SkipReason(_) if text.is_empty() => Err("enter a reason".to_owned()),
        PromptPurpose::SkipReason(step) => {
            actions::skip(app, step, text);
            Ok(Vec::new())
        }
        PromptPurpose::ProjectName if text.is_empty() => Err("enter a project name".to_owned()),
        PromptPurpose::ProjectName if text.chars().count() > LONGEST_NAME => {
            Err(format!("Neon allows at most {LONGEST_NAME} characters"))
        }
        PromptPurpose::ProjectName if app.has_project(&text) => {
            let purpose = ConfirmPurpose::Duplicate(text);
            app.overlay = Some(Overlay::Confirm(ConfirmDialog::new(purpose)));
            Ok(Vec::new())
        }
        PromptPurpose::DraftValue(index) => {
            proposal::set(app, index, &text)?;
            Ok(Vec::new())
        }
        PromptPurpose::ProjectName => {
            let create = Answer::Project(ProjectAnswer::Create(text));
            Ok(presenter::apply(app, create))
        }
    }
}
