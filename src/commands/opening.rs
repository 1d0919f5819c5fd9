//! What a wizard is opened with, on the screen and in lines.

use std::sync::Arc;

use crate::{
    commands::context::CommandContext,
    core::children::Child,
    ports::{demo::DemoEnvironment, editor::TextEditor},
    project::{proposals::Proposals, settings::Settings},
};

/// What the wizard is opened with.
#[derive(Default)]
pub(crate) struct Opening {
    /// Sentences for the summary.
    pub notes: Vec<String>,
    /// Starts in presenter mode.
    pub present: bool,
    /// Plays the presentation by itself, until a key is pressed.
    pub replay: bool,
    /// The demo, where this is one.
    pub demo: Option<Arc<dyn DemoEnvironment>>,
    /// What proposes a `neonup.toml`, and writes it.
    pub proposals: Option<Arc<dyn Proposals>>,
    /// The user's editor, where there is one and a terminal for it.
    pub editor: Option<TextEditor>,
    /// Words that presenter mode hides, with the identifiers that the steps know.
    pub private: Vec<String>,
}

/// The user's editor, where there is a terminal for it.
pub(super) fn editor(context: &CommandContext) -> Option<TextEditor> {
    let environment = || context.environment_of(Child::Editor);
    context
        .is_interactive()
        .then(environment)
        .and_then(TextEditor::find)
}

/// Words that tell who we are: the user's name and the home directory.
pub(super) fn private_words(settings: &Settings) -> Vec<String> {
    let environment = &settings.environment;
    let word = |name: &str| environment.get(name).unwrap_or_default().to_owned();
    let names = ["HOME", "USER", "LOGNAME", "USERPROFILE", "USERNAME"];
    let mut words = names.map(word).to_vec();
    // these tell nothing about anybody, and are in many sentences
    words.retain(|word| word.len() >= 3 && !["/root", "root", "user"].contains(&word.as_str()));
    words
}
