//! Reads an API key: from the terminal, a pipe or the environment.

use crate::{
    commands::{
        context::CommandContext,
        error::CommandError,
        input::{self, TypedSecret},
    },
    core::{answer::KeyStorage, secret::Secret},
    domain::api_key,
    os::signals::Signals,
    report::output::Output,
};

/// The most that is read from standard input: no key is longer, and a wrong file may be endless.
const LIMIT: u64 = 64 * 1024;

/// For `login`: the key that is piped in, or typed; without a terminal and a pipe, `NEON_API_KEY`. `None` when the user cancels.
pub(super) async fn for_login(
    context: &CommandContext,
    output: &mut Output,
) -> Result<Option<Secret>, CommandError> {
    if context.streams.stdin {
        output.prompt("Paste the API key (it is not shown), then Enter: ");
        let mut signals = Signals::ending();
        let typed = input::secret(signals.any())
            .await
            .map_err(CommandError::KeyNotTyped)?;
        output.block("");
        return Ok(match typed {
            TypedSecret::Secret(key) => Some(api_key::clean(key.expose())),
            TypedSecret::Back | TypedSecret::Cancelled => None,
        });
    }
    let key = piped()?;
    if !key.is_empty() {
        return Ok(Some(key));
    }
    let key = context.environment.api_key();
    key.map(Some).ok_or(CommandError::NoKeyPiped)
}

/// For `setup`: a key that is piped in or in the environment, and where to keep it. Only with `--store`, since standard input is
/// often something else.
pub(super) fn for_setup(
    context: &CommandContext,
    store: Option<KeyStorage>,
) -> Option<(Secret, KeyStorage)> {
    let store = store?;
    let piped = if context.streams.stdin {
        None
    } else {
        piped().ok()
    };
    piped
        .filter(|key| !key.is_empty())
        .or_else(|| context.environment.api_key())
        .map(|key| (key, store))
}

/// The key on standard input.
fn piped() -> Result<Secret, CommandError> {
    let text = input::read_all(LIMIT).map_err(CommandError::KeyNotPiped)?;
    // anything but one line is some other file: it is not sent to anybody
    api_key::alone(&text).ok_or(CommandError::NotAKey)
}
