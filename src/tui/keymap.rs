//! The one table of keys. What a key does, the footer and the help page all come from it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a key that is not named has no special meaning"
)]

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::{core::step::StepId, tui::theme::Theme};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyCommand {
    /// Do what is chosen.
    Enter,
    Up,
    Down,
    /// The step before.
    Left,
    /// The step after.
    Right,
    NextPart,
    PreviousPart,
    /// Out of what one is in.
    Back,
    /// Straight to a step.
    Jump(StepId),
    /// Straight to the summary.
    Summary,
    Probe,
    Fix,
    Undo,
    Watch,
    Skip,
    /// Copy the equivalent command.
    Copy,
    /// Show the API key for some seconds.
    Reveal,
    Filter,
    /// Create another project.
    New,
    /// Change the values of `neonup.toml`.
    Settings,
    /// Open the page that belongs to the screen in the browser.
    Open,
    /// Show what is asked of others, and heard from them.
    Activity,
    /// Find an action by its name.
    Palette,
    PageUp,
    PageDown,
    Home,
    End,
    /// Turn presenter mode on or off.
    Presenter,
    /// Announce the step once more.
    Explain,
    /// Show the incidents that the demo can cause.
    Incidents,
    /// Reset the demo.
    Reset,
    /// Show nothing until the next key.
    Blank,
    Help,
    /// Use the mouse, or leave it to the terminal.
    Mouse,
    Redraw,
    /// Stop until `fg`.
    Suspend,
    Quit,
    /// Ctrl-C.
    Interrupt,
}

/// A key with its modifiers.
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
pub(crate) struct KeyBinding {
    pub command: KeyCommand,
    pub keys: &'static [Key],
    /// How the keys are written.
    pub shown: &'static str,
    /// The word in the footer; empty where it is never there.
    pub label: &'static str,
    /// The sentence of the help page; empty where another row speaks for it.
    pub about: &'static str,
}

const fn row(
    command: KeyCommand,
    keys: &'static [Key],
    shown: &'static str,
    label: &'static str,
    about: &'static str,
) -> KeyBinding {
    KeyBinding {
        command,
        keys,
        shown,
        label,
        about,
    }
}

/// The table, in the order of the footer.
pub(crate) const KEYS: &[KeyBinding] = &[
    row(
        KeyCommand::Enter,
        &[code(KeyCode::Enter)],
        "⏎",
        "go",
        "Run the selected action, or continue",
    ),
    row(
        KeyCommand::Up,
        &[code(KeyCode::Up), char('k')],
        "↑ k",
        "",
        "Move up: a choice, or a line",
    ),
    row(
        KeyCommand::Down,
        &[code(KeyCode::Down), char('j')],
        "↓ j",
        "",
        "Move down: a choice, or a line",
    ),
    row(
        KeyCommand::NextPart,
        &[code(KeyCode::Tab)],
        "tab",
        "next pane",
        "Next pane",
    ),
    row(
        KeyCommand::PreviousPart,
        &[code(KeyCode::BackTab)],
        "shift-tab",
        "",
        "Previous pane",
    ),
    row(
        KeyCommand::Reveal,
        &[ctrl('r')],
        "ctrl-r",
        "reveal",
        "Login: show the key for four seconds",
    ),
    row(
        KeyCommand::Filter,
        &[char('/')],
        "/",
        "filter",
        "Project: filter the list as you type. Log: search it",
    ),
    row(
        KeyCommand::New,
        &[char('n')],
        "n",
        "new",
        "Project: create another one. neonup.toml: next value",
    ),
    row(
        KeyCommand::Settings,
        &[char('c')],
        "c",
        "",
        "Change the settings in neonup.toml",
    ),
    row(
        KeyCommand::Open,
        &[char('o'), ctrl('o')],
        "o",
        "open page",
        "Open Neon's page for this step, or the running app (ctrl-o in fields)",
    ),
    row(
        KeyCommand::Fix,
        &[char('f')],
        "f",
        "fix",
        "Fix what this step can fix automatically",
    ),
    row(
        KeyCommand::Undo,
        &[char('u')],
        "u",
        "undo",
        "Env: restore what the last write replaced",
    ),
    row(
        KeyCommand::Probe,
        &[char('r')],
        "r",
        "re-check",
        "Re-check this step",
    ),
    row(
        KeyCommand::Watch,
        &[char('w')],
        "w",
        "watch",
        "Health: re-check every second, until w or Esc",
    ),
    row(
        KeyCommand::Skip,
        &[char('s')],
        "s",
        "skip",
        "Skip this step, with a reason",
    ),
    row(
        KeyCommand::Back,
        &[code(KeyCode::Esc)],
        "esc",
        "back",
        "Leave the field, cancel, or go back",
    ),
    row(
        KeyCommand::Left,
        &[code(KeyCode::Left), char('h')],
        "← h",
        "",
        "Previous step; answers are kept",
    ),
    row(
        KeyCommand::Right,
        &[code(KeyCode::Right)],
        "→",
        "",
        "Next step",
    ),
    row(
        KeyCommand::Jump(StepId::Login),
        &[char('1')],
        "1 – 7",
        "",
        "Go to a step",
    ),
    row(KeyCommand::Jump(StepId::Project), &[char('2')], "", "", ""),
    row(KeyCommand::Jump(StepId::Env), &[char('3')], "", "", ""),
    row(KeyCommand::Jump(StepId::Backend), &[char('4')], "", "", ""),
    row(KeyCommand::Jump(StepId::Schema), &[char('5')], "", "", ""),
    row(KeyCommand::Jump(StepId::Health), &[char('6')], "", "", ""),
    row(KeyCommand::Jump(StepId::Secrets), &[char('7')], "", "", ""),
    row(
        KeyCommand::Summary,
        &[char('8'), char('0')],
        "8",
        "",
        "Go to the summary",
    ),
    row(
        KeyCommand::PageUp,
        &[code(KeyCode::PageUp), ctrl('b')],
        "pgup",
        "",
        "Page up",
    ),
    row(
        KeyCommand::PageDown,
        &[code(KeyCode::PageDown), ctrl('f'), char(' ')],
        "pgdn",
        "scroll",
        "Page down (also space)",
    ),
    row(
        KeyCommand::Home,
        &[code(KeyCode::Home), char('g')],
        "home g",
        "",
        "Go to the top",
    ),
    row(
        KeyCommand::End,
        &[code(KeyCode::End), char('G')],
        "end G",
        "",
        "Go to the end",
    ),
    row(
        KeyCommand::Copy,
        &[char('y')],
        "y",
        "copy",
        "Copy the equivalent command",
    ),
    row(
        KeyCommand::Activity,
        &[char('l')],
        "l",
        "log",
        "Show requests, SQL, git and the app's log as they happen",
    ),
    row(
        KeyCommand::Palette,
        &[char(':'), ctrl('k')],
        ": ctrl-k",
        "",
        "Find an action by its name",
    ),
    row(
        KeyCommand::Presenter,
        &[char('p')],
        "p",
        "",
        "Presenter mode: explain, wait, hide hosts and ids",
    ),
    row(
        KeyCommand::Explain,
        &[char('e')],
        "e",
        "explain",
        "Env: edit the file. neonup.toml: edit the value. Presenter: explain",
    ),
    row(
        KeyCommand::Incidents,
        &[char('m')],
        "m",
        "mishaps",
        "Presenter, in the demo: break something",
    ),
    row(
        KeyCommand::Reset,
        &[char('R')],
        "R",
        "reset",
        "Presenter: reset the whole demo",
    ),
    row(
        KeyCommand::Blank,
        &[char('.')],
        ".",
        "",
        "Presenter: blank the screen until the next key",
    ),
    row(
        KeyCommand::Mouse,
        &[char('M')],
        "M",
        "",
        "Mouse on or off: click steps and answers, scroll",
    ),
    row(
        KeyCommand::Redraw,
        &[ctrl('l')],
        "ctrl-l",
        "",
        "Redraw the screen",
    ),
    row(
        KeyCommand::Suspend,
        &[ctrl('z')],
        "ctrl-z",
        "",
        "Suspend (fg resumes)",
    ),
    row(
        KeyCommand::Quit,
        &[char('q')],
        "q",
        "quit",
        "Quit; progress is kept",
    ),
    row(
        KeyCommand::Interrupt,
        &[ctrl('c')],
        "ctrl-c",
        "",
        "Cancel and quit, listing what was done",
    ),
    row(
        KeyCommand::Help,
        &[char('?'), code(KeyCode::F(1))],
        "?",
        "help",
        "Show this page (F1 works in fields too)",
    ),
];

/// What a key means here. While text is typed, plain characters and keys that edit mean nothing but themselves.
pub(crate) fn command(key: KeyEvent, typing: bool) -> Option<KeyCommand> {
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
    // terminals differ in whether an upper-case letter, or back-tab, comes with Shift
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

/// How the keys of a row are written.
pub(crate) fn shown(binding: &KeyBinding, theme: Theme) -> &'static str {
    if theme.ascii && binding.command == KeyCommand::Enter {
        "enter"
    } else {
        binding.shown
    }
}

/// The character that a key types, if it does nothing else. A paste that comes as keys consists of these.
pub(crate) fn plain_char(event: &KeyEvent) -> Option<char> {
    match event.code {
        KeyCode::Char(char) if command(*event, true).is_none() => Some(char),
        KeyCode::Enter => Some('\n'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_means_one_thing() {
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
            Some(KeyCommand::Quit)
        );
        assert_eq!(command(key(KeyCode::Char('q'), none), true), None);
        assert_eq!(
            command(key(KeyCode::Char('?'), KeyModifiers::SHIFT), false),
            Some(KeyCommand::Help)
        );
        assert_eq!(
            command(key(KeyCode::F(1), none), true),
            Some(KeyCommand::Help)
        );
        assert_eq!(
            command(key(KeyCode::Char('G'), KeyModifiers::SHIFT), false),
            Some(KeyCommand::End)
        );
        assert_eq!(
            command(key(KeyCode::Char('c'), KeyModifiers::CONTROL), true),
            Some(KeyCommand::Interrupt)
        );
        assert_eq!(
            command(key(KeyCode::Tab, KeyModifiers::SHIFT), true),
            Some(KeyCommand::PreviousPart)
        );
    }
}
