//! Commands for the activity pane and the palette.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a command that is not named does nothing here"
)]

use crate::tui::{
    choices::palette::{self as actions_by_name, PaletteAction},
    keymap::KeyCommand,
    layout,
    msg::Effect,
    screens::activity,
    state::{App, Focus, activity::ActivityPane, overlay::Overlay, palette::Palette},
    text_context::TextContext,
};

/// Opens the pane of what is asked and heard.
pub(super) fn show_activity(app: &mut App) {
    app.overlay = Some(Overlay::Activity(ActivityPane::default()));
}

/// Opens the palette.
pub(super) fn show_palette(app: &mut App) {
    app.overlay = Some(Overlay::Palette(Palette::default()));
}

pub(super) fn activity(app: &mut App, mut log: ActivityPane, command: KeyCommand) -> Vec<Effect> {
    let context = TextContext::new(app, layout::pane_width(app.size.0));
    let (last, page) = activity::extent(context, &log, layout::pane_rows(app.size.1));
    let mut effects = Vec::new();
    match command {
        KeyCommand::Up => log.below += 1,
        KeyCommand::Down => log.below = log.below.saturating_sub(1),
        KeyCommand::PageUp => log.below += page.max(1),
        KeyCommand::PageDown => log.below = log.below.saturating_sub(page.max(1)),
        KeyCommand::Home => log.below = last,
        KeyCommand::End => log.below = 0,
        KeyCommand::Filter => log.typing = true,
        KeyCommand::Enter => log.typing = false,
        KeyCommand::Copy => {
            let text = activity::copied(app, &log);
            let lines = text.lines().count();
            app.notify(format!("copied {lines} lines"));
            effects.push(Effect::Copy(text));
        }
        KeyCommand::Back if log.typing || !log.search.value().is_empty() => {
            log.typing = false;
            log.search.reset();
        }
        KeyCommand::Back | KeyCommand::Activity | KeyCommand::Quit => return Vec::new(),
        _ => {}
    }
    log.below = log.below.min(last);
    app.overlay = Some(Overlay::Activity(log));
    effects
}

pub(super) fn palette(app: &mut App, mut palette: Palette, command: KeyCommand) -> Vec<Effect> {
    let entries = actions_by_name::entries(app, palette.search.value());
    let last = entries.len().saturating_sub(1);
    match command {
        KeyCommand::Up => palette.chosen = palette.chosen.saturating_sub(1),
        KeyCommand::Down => palette.chosen = (palette.chosen + 1).min(last),
        KeyCommand::Back | KeyCommand::Palette => return Vec::new(),
        _ => {}
    }
    app.overlay = Some(Overlay::Palette(palette));
    Vec::new()
}

/// Closes an open palette, and gives the command of what is chosen in it; `None` where nothing is found.
pub(super) fn found(app: &mut App) -> Option<KeyCommand> {
    let Some(Overlay::Palette(palette)) = &app.overlay else {
        return None;
    };
    let entries = actions_by_name::entries(app, palette.search.value());
    let chosen = palette.chosen.min(entries.len().saturating_sub(1));
    let does = entries.get(chosen)?.does;
    app.overlay = None;
    if app.focus == Focus::Field {
        app.focus = Focus::Choices;
    }
    Some(match does {
        PaletteAction::Command(command) => command,
        PaletteAction::Row(row) => {
            app.follow = false;
            app.chosen.insert(app.screen, row);
            KeyCommand::Enter
        }
    })
}
