//! The one table of keys. What a key does, the footer and the help page all come from it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a key or a command that a place does not name means nothing there"
)]

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::core::{plan::Status, step::StepId};
use crate::tui::{
    choices::{chosen, of_screen},
    presenter::pause,
    screens::{self, health, help, login, project},
    state::{App, Focus, Overlay, Screen},
    theme::Theme,
};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// Do what is chosen.
    Enter,
    /// The choice above.
    Up,
    /// The choice below.
    Down,
    /// The step before.
    Left,
    /// The step after.
    Right,
    /// The next part of the screen.
    NextPart,
    /// The part before.
    PreviousPart,
    /// Out of what one is in.
    Back,
    /// Straight to a step.
    Jump(StepId),
    /// Straight to the summary.
    Summary,
    /// Look again.
    Probe,
    /// Mend what the step can mend.
    Fix,
    /// Take back the last write.
    Undo,
    /// Look again every second.
    Watch,
    /// Leave the step out.
    Skip,
    /// Copy the equivalent command.
    Copy,
    /// Show the key for some seconds.
    Reveal,
    /// Type a filter.
    Filter,
    /// Create another project.
    New,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the top.
    Home,
    /// To the end.
    End,
    /// Show it to a room.
    Presenter,
    /// Explain the step once more.
    Explain,
    /// Show the incidents that the demo can cause.
    Incidents,
    /// Put the demo back to the beginning.
    Reset,
    /// The help page.
    Help,
    /// Use the mouse, or leave it to the terminal.
    Mouse,
    /// Draw anew.
    Redraw,
    /// Stop until `fg`.
    Suspend,
    /// Leave.
    Quit,
    /// Ctrl-C.
    Interrupt,
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(KeyCode, KeyModifiers);

const fn code(code: KeyCode) -> Key {
    Key(code, KeyModifiers::NONE)
}

const fn char(char: char) -> Key {
    Key(KeyCode::Char(char), KeyModifiers::NONE)
}

const fn ctrl(char: char) -> Key {
    Key(KeyCode::Char(char), KeyModifiers::CONTROL)
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding {
    /// What it asks for.
    pub command: Command,
    /// The keys that mean it.
    pub keys: &'static [Key],
    /// How the keys are written.
    pub shown: &'static str,
    /// The word in the footer; empty where it never stands there.
    pub label: &'static str,
    /// The sentence of the help page; empty where another row speaks for it.
    pub about: &'static str,
}

const fn row(
    command: Command,
    keys: &'static [Key],
    shown: &'static str,
    label: &'static str,
    about: &'static str,
) -> Binding {
    Binding {
        command,
        keys,
        shown,
        label,
        about,
    }
}

/// The table, in the order of the footer.
pub(crate) const KEYS: &[Binding] = &[
    row(
        Command::Enter,
        &[code(KeyCode::Enter)],
        "⏎",
        "go",
        "Do what is chosen; where nothing is open, go on",
    ),
    row(
        Command::Up,
        &[code(KeyCode::Up), char('k')],
        "↑ k",
        "",
        "The choice above, or a line up",
    ),
    row(
        Command::Down,
        &[code(KeyCode::Down), char('j')],
        "↓ j",
        "",
        "The choice below, or a line down",
    ),
    row(
        Command::NextPart,
        &[code(KeyCode::Tab)],
        "tab",
        "next part",
        "The next part of the screen",
    ),
    row(
        Command::PreviousPart,
        &[code(KeyCode::BackTab)],
        "shift-tab",
        "",
        "The part before",
    ),
    row(
        Command::Reveal,
        &[ctrl('r')],
        "ctrl-r",
        "reveal",
        "Login: show the key for four seconds",
    ),
    row(
        Command::Filter,
        &[char('/')],
        "/",
        "filter",
        "Project: type to filter the list",
    ),
    row(
        Command::New,
        &[char('n')],
        "n",
        "new",
        "Project: create another one",
    ),
    row(
        Command::Fix,
        &[char('f')],
        "f",
        "fix",
        "Mend what this step can mend by itself",
    ),
    row(
        Command::Undo,
        &[char('u')],
        "u",
        "undo",
        "Env: bring back what the last write replaced",
    ),
    row(
        Command::Probe,
        &[char('r')],
        "r",
        "look again",
        "Look again at this step",
    ),
    row(
        Command::Watch,
        &[char('w')],
        "w",
        "watch",
        "Health: look again every second, until w or Esc",
    ),
    row(
        Command::Skip,
        &[char('s')],
        "s",
        "skip",
        "Leave this step out, with a reason",
    ),
    row(
        Command::Back,
        &[code(KeyCode::Esc)],
        "esc",
        "back",
        "Out of a field; cancel what runs; the step before",
    ),
    row(
        Command::Left,
        &[code(KeyCode::Left), char('h')],
        "← h",
        "",
        "The step before; answers are kept",
    ),
    row(
        Command::Right,
        &[code(KeyCode::Right), char('l')],
        "→ l",
        "",
        "The step after",
    ),
    row(
        Command::Jump(StepId::Login),
        &[char('1')],
        "1 – 7",
        "",
        "Straight to a step",
    ),
    row(Command::Jump(StepId::Project), &[char('2')], "", "", ""),
    row(Command::Jump(StepId::Env), &[char('3')], "", "", ""),
    row(Command::Jump(StepId::Backend), &[char('4')], "", "", ""),
    row(Command::Jump(StepId::Schema), &[char('5')], "", "", ""),
    row(Command::Jump(StepId::Health), &[char('6')], "", "", ""),
    row(Command::Jump(StepId::Secrets), &[char('7')], "", "", ""),
    row(
        Command::Summary,
        &[char('8'), char('0')],
        "8",
        "",
        "Straight to the summary",
    ),
    row(
        Command::PageUp,
        &[code(KeyCode::PageUp), ctrl('b')],
        "pgup",
        "",
        "A page up",
    ),
    row(
        Command::PageDown,
        &[code(KeyCode::PageDown), ctrl('f'), char(' ')],
        "pgdn",
        "scroll",
        "A page down; space does the same",
    ),
    row(
        Command::Home,
        &[code(KeyCode::Home), char('g')],
        "home g",
        "",
        "To the top",
    ),
    row(
        Command::End,
        &[code(KeyCode::End), char('G')],
        "end G",
        "",
        "To the end",
    ),
    row(
        Command::Copy,
        &[char('y')],
        "y",
        "copy",
        "Copy the equivalent command",
    ),
    row(
        Command::Presenter,
        &[char('p')],
        "p",
        "",
        "Presenter mode: explain, wait, hide hosts and ids",
    ),
    row(
        Command::Explain,
        &[char('e')],
        "e",
        "explain",
        "Presenter: explain this step once more",
    ),
    row(
        Command::Incidents,
        &[char('m')],
        "m",
        "mishaps",
        "Presenter, in the demo: let something go wrong",
    ),
    row(
        Command::Reset,
        &[char('R')],
        "R",
        "reset",
        "Presenter: put the whole demo back to the beginning",
    ),
    row(
        Command::Mouse,
        &[char('M')],
        "M",
        "",
        "The mouse, on or off: press a step or an answer, scroll",
    ),
    row(
        Command::Redraw,
        &[ctrl('l')],
        "ctrl-l",
        "",
        "Draw the screen anew",
    ),
    row(
        Command::Suspend,
        &[ctrl('z')],
        "ctrl-z",
        "",
        "Stop until the shell's fg",
    ),
    row(
        Command::Quit,
        &[char('q')],
        "q",
        "quit",
        "Leave; nothing is lost, the next start looks again",
    ),
    row(
        Command::Interrupt,
        &[ctrl('c')],
        "ctrl-c",
        "",
        "Cancel and leave, saying what was done",
    ),
    row(
        Command::Help,
        &[char('?'), code(KeyCode::F(1))],
        "?",
        "help",
        "This page; F1 works inside fields too",
    ),
];

/// What a key means here. While text is typed, plain characters and keys that edit mean nothing but themselves.
pub(crate) fn command(key: KeyEvent, typing: bool) -> Option<Command> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let plain = !key
        .modifiers
        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER);
    if typing && plain {
        let edits = matches!(
            key.code,
            KeyCode::Char(_) | KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End
        );
        if edits {
            return None;
        }
    }
    // terminals differ in whether an upper-case letter, or back-tab, also says Shift
    let modifiers = key.modifiers - KeyModifiers::SHIFT;
    let code = match key.code {
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        KeyCode::Char(char) if modifiers.contains(KeyModifiers::CONTROL) => {
            KeyCode::Char(char.to_ascii_lowercase())
        }
        other => other,
    };
    let key = Key(code, modifiers);
    KEYS.iter()
        .find(|binding| binding.keys.contains(&key))
        .map(|binding| binding.command)
}

/// The footer: the keys that work here and now, most important first.
pub(crate) fn footer(app: &App) -> Vec<(&'static str, String)> {
    let busy = app.screen.step().is_some_and(|step| works(app, step));
    let mut items: Vec<(&'static str, String)> = Vec::new();
    let mut rows: Vec<&Binding> = KEYS.iter().collect();
    let paused = matches!(app.overlay, Some(Overlay::Slide(_)));
    if (busy || app.watch.is_some()) && !paused {
        // the way out of what runs comes first
        rows.sort_by_key(|binding| binding.command != Command::Back);
    }
    for binding in rows {
        let Some(label) = label(app, binding) else {
            continue;
        };
        // Enter may do the same as a letter; once is enough
        if items.iter().any(|(_, known)| *known == label) {
            continue;
        }
        // `?` is a character like any other inside a field
        let keys = match (binding.command, app.typing()) {
            (Command::Help, true) => "F1",
            _ => shown(binding, app.theme),
        };
        items.push((keys, label));
    }
    let choosing = app.overlay.is_none() && !app.typing() && !busy;
    if choosing && of_screen(app).count() > 1 {
        items.insert(0, ("↑↓", "choose".to_owned()));
    }
    items
}

/// How the keys of a row are written.
pub(crate) fn shown(binding: &Binding, theme: Theme) -> &'static str {
    if theme.ascii && binding.command == Command::Enter {
        "enter"
    } else {
        binding.shown
    }
}

/// Whether the step does something that has an end of its own; a watch has none.
fn works(app: &App, step: StepId) -> bool {
    app.busy(step).is_some() && !app.watching(step)
}

fn label(app: &App, binding: &Binding) -> Option<String> {
    let plain = || (!binding.label.is_empty()).then(|| binding.label.to_owned());
    if let Some(overlay) = &app.overlay {
        return match (overlay, binding.command) {
            (Overlay::Help { .. }, Command::PageDown) => {
                (help::count(app) > help::page(app.size)).then(|| binding.label.to_owned())
            }
            (Overlay::Slide(slide), command) => pause::label(app, slide, command, binding.label),
            (Overlay::Confirm(_), Command::Enter) => Some("choose".to_owned()),
            (Overlay::Prompt(_), Command::Enter) => Some("take it".to_owned()),
            (_, Command::Back) => Some("close".to_owned()),
            _ => None,
        };
    }
    let typing = app.typing();
    let step = app.screen.step();
    let busy = step.is_some_and(|step| works(app, step));
    match binding.command {
        Command::Enter if busy => None,
        Command::Enter => {
            let choices = of_screen(app);
            chosen(app, &choices).map(|row| row.verb().to_owned())
        }
        Command::Back if busy => Some("cancel".to_owned()),
        Command::Back if app.watch.is_some() => Some("stop watching".to_owned()),
        Command::Back if app.focus == Focus::Field => Some("leave the field".to_owned()),
        Command::Back => step
            .is_none_or(|step| step.previous().is_some())
            .then(|| binding.label.to_owned()),
        Command::Reveal => (app.screen == Screen::Step(StepId::Login)
            && !app.login.key.is_empty()
            && login::asks(app))
        .then(|| binding.label.to_owned()),
        Command::NextPart if project::lists(app) && !typing => None,
        Command::NextPart => (app.parts().len() > 1).then(|| {
            match app.focus {
                Focus::Choices if app.parts().contains(&Focus::Field) => "field",
                Focus::Choices => "text",
                Focus::Field | Focus::Body => "choices",
            }
            .to_owned()
        }),
        Command::Filter => (!typing && project::lists(app)).then(|| binding.label.to_owned()),
        Command::New => (!typing && project::lists(app)).then(|| binding.label.to_owned()),
        Command::PageDown => app.scrolls().then(|| binding.label.to_owned()),
        Command::Help => plain(),
        Command::Fix | Command::Undo | Command::Probe | Command::Skip if typing || busy => None,
        Command::Watch if busy || app.watch.is_some() => None,
        Command::Watch => health::watchable(app).then(|| binding.label.to_owned()),
        Command::Fix => screens::fixable(app).then(|| binding.label.to_owned()),
        Command::Undo => (app.screen == Screen::Step(StepId::Env) && screens::undoable(app))
            .then(|| binding.label.to_owned()),
        Command::Skip => step
            .is_some_and(|step| matches!(app.plan.status(step), Status::Todo | Status::Failed))
            .then(|| binding.label.to_owned()),
        Command::Incidents | Command::Reset => {
            (app.presenter && app.options.demo && !typing).then(|| binding.label.to_owned())
        }
        Command::Probe | Command::Copy | Command::Quit => {
            (!typing).then(|| binding.label.to_owned())
        }
        Command::Up
        | Command::Down
        | Command::Left
        | Command::Right
        | Command::PreviousPart
        | Command::Jump(_)
        | Command::Summary
        | Command::PageUp
        | Command::Home
        | Command::End
        | Command::Presenter
        | Command::Explain
        | Command::Mouse
        | Command::Redraw
        | Command::Suspend
        | Command::Interrupt => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut seen = Vec::new();
        for binding in KEYS {
            for key in binding.keys {
                assert!(!seen.contains(key), "{key:?} twice");
                seen.push(*key);
            }
            assert_eq!(
                binding.shown.is_empty(),
                binding.about.is_empty(),
                "{:?}",
                binding.command
            );
        }
    }

    #[test]
    fn a_field_takes_characters_but_not_commands() {
        let key = |code, modifiers| KeyEvent::new(code, modifiers);
        let none = KeyModifiers::NONE;
        assert_eq!(
            command(key(KeyCode::Char('q'), none), false),
            Some(Command::Quit)
        );
        assert_eq!(command(key(KeyCode::Char('q'), none), true), None);
        assert_eq!(
            command(key(KeyCode::Char('?'), KeyModifiers::SHIFT), false),
            Some(Command::Help)
        );
        assert_eq!(command(key(KeyCode::F(1), none), true), Some(Command::Help));
        assert_eq!(
            command(key(KeyCode::Char('G'), KeyModifiers::SHIFT), false),
            Some(Command::End)
        );
        assert_eq!(
            command(key(KeyCode::Char('c'), KeyModifiers::CONTROL), true),
            Some(Command::Interrupt)
        );
        assert_eq!(
            command(key(KeyCode::Tab, KeyModifiers::SHIFT), true),
            Some(Command::PreviousPart)
        );
    }
}
