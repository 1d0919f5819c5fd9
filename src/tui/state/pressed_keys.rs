//! The pressed keys, as a screencast shows them. What is typed into a field for an API key is never among them.

use std::{collections::VecDeque, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// How long a key stays.
pub(crate) const SHOWN_FOR: Duration = Duration::from_secs(2);
/// The most that are shown at once.
const MOST: usize = 5;

/// The keys that are shown, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PressedKeys(VecDeque<PressedKey>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct PressedKey {
    name: String,
    times: u32,
    until: Duration,
}

impl PressedKeys {
    /// Adds a key. In a field for a secret a character is a dot.
    pub(crate) fn press(&mut self, event: KeyEvent, secret: bool, now: Duration) {
        if event.kind != KeyEventKind::Release
            && let Some(name) = name(event, secret)
        {
            self.add(name, now);
        }
    }

    /// Adds something that is not a single key, such as a paste.
    pub(crate) fn add(&mut self, name: String, now: Duration) {
        let until = now + SHOWN_FOR;
        match self.0.back_mut() {
            Some(last) if last.name == name => {
                last.times += 1;
                last.until = until;
            }
            Some(_) | None => {
                if self.0.len() == MOST {
                    self.0.pop_front();
                }
                self.0.push_back(PressedKey {
                    name,
                    times: 1,
                    until,
                });
            }
        }
    }

    /// Removes the keys that were shown for long enough.
    pub(crate) fn fade(&mut self, now: Duration) {
        self.0.retain(|key| key.until > now);
    }

    /// When the next one goes; `None` where none is shown, so that idling costs nothing.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.0.iter().map(|key| key.until).min()
    }

    /// Their names, the oldest first.
    pub(crate) fn shown(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|key| match key.times {
            1 => key.name.clone(),
            times => format!("{} ×{times}", key.name),
        })
    }
}

/// What is written on the key.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "keys that no keyboard of a workshop has are shown as nothing"
)]
fn name(event: KeyEvent, secret: bool) -> Option<String> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    let base = match event.code {
        KeyCode::Char(_) if secret && !control && !alt => "•".to_owned(),
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(char) if control => char.to_ascii_lowercase().to_string(),
        KeyCode::Char(char) => crate::tui::text::clean(&char.to_string()),
        KeyCode::Enter => "⏎".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => "shift-tab".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "shift-tab".to_owned(),
        KeyCode::Up => "↑".to_owned(),
        KeyCode::Down => "↓".to_owned(),
        KeyCode::Left => "←".to_owned(),
        KeyCode::Right => "→".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Delete => "del".to_owned(),
        KeyCode::F(number) => format!("F{number}"),
        _ => return None,
    };
    if base.is_empty() {
        return None;
    }
    let mut name = String::new();
    if control {
        name.push_str("ctrl-");
    }
    if alt {
        name.push_str("alt-");
    }
    name.push_str(&base);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(keys: &PressedKeys) -> Vec<String> {
        keys.shown().collect()
    }

    #[test]
    fn keys_are_counted_and_disappear_after_a_while() {
        let mut keys = PressedKeys::default();
        let press = |keys: &mut PressedKeys, code, modifiers, now| {
            keys.press(
                KeyEvent::new(code, modifiers),
                false,
                Duration::from_secs(now),
            );
        };
        for _ in 0..3 {
            press(&mut keys, KeyCode::Down, KeyModifiers::NONE, 0);
        }
        press(&mut keys, KeyCode::Char('R'), KeyModifiers::CONTROL, 1);
        press(&mut keys, KeyCode::Enter, KeyModifiers::NONE, 1);
        assert_eq!(shown(&keys), ["↓ ×3", "ctrl-r", "⏎"]);
        assert_eq!(keys.next(), Some(Duration::from_secs(2)));
        keys.fade(Duration::from_secs(2));
        assert_eq!(shown(&keys), ["ctrl-r", "⏎"]);
        keys.fade(Duration::from_secs(3));
        assert_eq!(keys.next(), None);
        for char in 'a'..='h' {
            press(&mut keys, KeyCode::Char(char), KeyModifiers::NONE, 4);
        }
        assert_eq!(shown(&keys), ["d", "e", "f", "g", "h"]);
    }

    #[test]
    fn characters_of_a_secret_are_dots() {
        let mut keys = PressedKeys::default();
        for char in "napi_key".chars() {
            let event = KeyEvent::new(KeyCode::Char(char), KeyModifiers::NONE);
            keys.press(event, true, Duration::ZERO);
        }
        assert_eq!(shown(&keys), ["• ×8"]);
    }
}
