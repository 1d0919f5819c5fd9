//! What is typed on the login screen.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a key that is not named edits nothing"
)]

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    core::secret::Secret,
    domain::{api_key, web_login::callback::PASTE_LIMIT},
};

/// The field for an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginInput {
    pub key: Secret,
    /// The address at which the browser has ended, while it is waited for.
    pub address: Secret,
    /// Whether Neon rejected it: the next character replaces it.
    pub rejected: bool,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// Whether another key was asked for although one works.
    pub change: bool,
    /// Until when the key is shown.
    pub revealed_until: Option<Duration>,
}

impl Default for LoginInput {
    fn default() -> Self {
        Self {
            key: Secret::new(""),
            address: Secret::new(""),
            rejected: false,
            problem: None,
            change: false,
            revealed_until: None,
        }
    }
}

impl LoginInput {
    /// Takes a pasted key in one piece. It replaces what was there, and never submits.
    pub(crate) fn paste(&mut self, pasted: &str) {
        self.key = api_key::clean(pasted);
        self.rejected = false;
        self.problem = None;
    }

    /// Takes a pasted address in one piece.
    pub(crate) fn paste_address(&mut self, pasted: &str) {
        let address: String = pasted.split_whitespace().collect();
        self.address = Secret::new(address);
    }

    /// Takes a key press for the address.
    pub(crate) fn press_address(&mut self, event: KeyEvent) {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let mut text = self.address.expose().to_owned();
        match event.code {
            KeyCode::Char('u' | 'w') if control => text.clear(),
            KeyCode::Char(char) if !control && text.len() < PASTE_LIMIT => text.push(char),
            KeyCode::Backspace => drop(text.pop()),
            _ => {}
        }
        self.address = Secret::new(text);
    }

    /// Takes a key press.
    pub(crate) fn press(&mut self, event: KeyEvent) {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        self.problem = None;
        let fresh = std::mem::take(&mut self.rejected);
        match event.code {
            KeyCode::Char('u' | 'w') if control => self.key = Secret::new(""),
            KeyCode::Char(char) if !control && !char.is_whitespace() => {
                let before = if fresh { "" } else { self.key.expose() };
                if before.chars().count() < api_key::LONGEST {
                    self.key = Secret::new(format!("{before}{char}"));
                }
            }
            KeyCode::Backspace => {
                let mut rest = self.key.expose().to_owned();
                rest.pop();
                self.key = Secret::new(rest);
            }
            _ => self.rejected = fresh,
        }
    }

    /// The key, if it can be one.
    pub(crate) fn checked(&self) -> Result<Secret, String> {
        let count = self.key.chars();
        if self.key.is_empty() {
            Err("paste or type a key first".to_owned())
        } else if count > api_key::LONGEST {
            Err(format!(
                "{count} characters can't be a key: copy only the key"
            ))
        } else if self
            .key
            .expose()
            .chars()
            .any(|char| !char.is_ascii_graphic())
        {
            Err("a key contains only plain letters, digits and signs".to_owned())
        } else {
            Ok(self.key.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_text_is_not_a_key() {
        let mut login = LoginInput::default();
        login.paste(&"line\n".repeat(900));
        assert_eq!(
            login.checked().unwrap_err(),
            "3600 characters can't be a key: copy only the key"
        );
    }
}
