//! The connection that the application uses: what its env file says, else what the project step found.

use super::Cx;
use crate::{domain::url::Connection, failure::Result, secret::Secret};

/// How to connect as the application does. `None` while neither the env file nor the project is known.
pub(super) fn connection(cx: &Cx) -> Result<Option<Connection>> {
    Ok(cx.project().map(|project| project.connection))
}

/// The variables of the first env file, for a command of the project.
pub(super) fn environment(_cx: &Cx) -> Result<Vec<(String, Secret)>> {
    Ok(Vec::new())
}

/// Every secret that this run knows: to be taken out of other programs' output.
pub(super) fn secrets(cx: &Cx) -> Result<Vec<Secret>> {
    let mut secrets: Vec<_> = environment(cx)?
        .into_iter()
        .map(|(_, value)| value)
        .collect();
    secrets.extend(connection(cx)?.map(|connection| connection.password));
    secrets.extend(cx.known_key().map(|known| known.key));
    Ok(secrets)
}

/// A text of another program without the secrets in it.
pub(super) fn redact(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.chars() >= 6) {
        text = text.replace(secret.expose(), "••••");
    }
    text
}
