//! Login: the browser, a key that was found, a key to be typed, the neon CLI's login, or no account at all.

use crate::core::{
    answer::{Answer, KeyStorage, LoginAnswer},
    choices::{
        choice::{Action, Choice, Choices},
        context::{Medium, StepContext},
    },
    code::Code,
    facts::{Facts, KeySource, KeyringState, LoginFacts},
    invocation::Invocation,
    plan::Status,
};

pub(super) fn choices(context: &StepContext<'_>) -> Choices {
    let login = match &context.state.facts {
        Some(Facts::Login(login)) => Some(login),
        _ => None,
    };
    let no_keyring =
        login.is_some_and(|login| matches!(login.keyring, Some(KeyringState::Unavailable(_))));
    let rejected = context.state.has(Code::LoginKeyRejected);
    let key_wanted = context.key_typed || context.change || rejected;
    let browser = login.and_then(|login| browser(context, login, no_keyring));
    let mut choices = Vec::new();
    // another attempt is what helps there
    let again =
        context.state.has(Code::LoginBrowserFailed) || context.state.has(Code::LoginExpired);
    if context.state.known() == Status::Failed && !context.key_typed && !rejected && !again {
        choices.push(context.probe_again());
    }
    let found = login.and_then(|login| login.key.as_ref());
    if let Some((source, _, _)) = found
        && !key_wanted
        && *source != KeySource::NeonCli
    {
        let label = format!("Use the key from {}", source.words());
        let answer = Answer::Login(LoginAnswer::Default);
        choices.push(context.apply(label, "use it", answer));
    }
    // what was typed is meant
    let (first, later) = if context.key_typed {
        (None, browser)
    } else {
        (browser, None)
    };
    choices.extend(first);
    let neon_cli = login.and_then(|login| neon_cli(context, login, no_keyring));
    if key_wanted {
        choices.extend(keys(context, no_keyring));
        choices.extend(later);
        choices.extend(neon_cli);
    } else {
        choices.extend(neon_cli);
        choices.extend(keys(context, no_keyring));
    }
    if found.is_none() && !context.change {
        let label = "Try a temporary database, no account";
        let answer = Answer::Login(LoginAnswer::Temporary);
        let temporary = context.apply(label, "use it", answer);
        choices.push(temporary.note("for 72 hours"));
    }
    if !context.change {
        choices.push(context.run("Try the demo, no account", Invocation::Demo));
    }
    choices.into()
}

/// The login in the browser. It is stored where a key would be, but never in plain text by default.
fn browser(context: &StepContext<'_>, login: &LoginFacts, no_keyring: bool) -> Option<Choice> {
    let storage = if no_keyring {
        KeyStorage::Session
    } else {
        KeyStorage::Keyring
    };
    let answer = Answer::Login(LoginAnswer::Browser(storage));
    let choice = context.apply("Log in with the browser", "log in", answer);
    let note = if no_keyring {
        "for this session only"
    } else {
        ""
    };
    login.browser.then(|| choice.note(note))
}

/// The neon CLI's login. It is stored where a key would be, but never in plain text by default.
fn neon_cli(context: &StepContext<'_>, login: &LoginFacts, no_keyring: bool) -> Option<Choice> {
    let account = login.neon_cli.as_ref()?;
    let storage = if no_keyring {
        KeyStorage::Session
    } else {
        KeyStorage::Keyring
    };
    let answer = Answer::Login(LoginAnswer::NeonCli(storage));
    let choice = context.apply("Use the neon CLI's login", "use it", answer);
    Some(choice.note(account))
}

/// What can be done with a key. The default never stores it in plain text.
fn keys(context: &StepContext<'_>, no_keyring: bool) -> [Choice; 2] {
    let key = |label: &str, storage| {
        let label = match context.medium {
            Medium::Screens => label.to_owned(),
            // a screen has a field for it
            Medium::Lines => format!("Paste an API key: {}", uncapitalized(label)),
        };
        context.choice(label, "check", Action::ApplyKey(storage))
    };
    if no_keyring {
        [
            key("Check the key", KeyStorage::Session).note("for this session only"),
            key("Check the key, keep it in a file", KeyStorage::File).note("plain text, 0600"),
        ]
    } else {
        [
            key("Check and store the key", KeyStorage::Keyring),
            key("Check the key", KeyStorage::Session).note("for this session only"),
        ]
    }
}

fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}", first.to_lowercase(), chars.as_str())
    })
}
