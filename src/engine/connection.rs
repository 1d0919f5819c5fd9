//! How the application connects, as its own env file says; and the secrets that no output may hold.

use crate::{
    core::secret::{DOTS, Secret},
    domain::{
        dotenv::Document,
        redact, sensitive,
        url::{Connection, RecognizedUrl, recognize, recognize_parts},
    },
    engine::context::{Cx, KnownKey},
    ports::Ports,
    project::settings::{EnvTarget, KeySpec, Settings},
};

/// Reads the env file that holds the connection, as a URL or in parts.
fn document(cx: &Cx) -> Option<(Document, &EnvTarget)> {
    document_of(&cx.settings, &cx.ports)
}

fn document_of<'a>(settings: &'a Settings, ports: &Ports) -> Option<(Document, &'a EnvTarget)> {
    let target = match settings.url_key() {
        Some((target, ..)) => target,
        None => settings.parts_target()?,
    };
    let bytes = ports.files.read(&settings.path(&target.file)).ok()??;
    Some((Document::parse(&bytes), target))
}

/// The connection URL as it is in the env file.
pub(super) fn url(cx: &Cx) -> Option<Secret> {
    let (_, key, ..) = cx.settings.url_key()?;
    document(cx)?.0.get(key).cloned()
}

/// The connection in the env file, if it can be read as one.
pub(super) fn written(cx: &Cx) -> Option<RecognizedUrl> {
    written_in(&cx.settings, &cx.ports)
}

/// How to connect, as the env file of a clone says.
pub(crate) fn of_clone(settings: &Settings, ports: &Ports) -> Option<Connection> {
    written_in(settings, ports).map(|recognized| recognized.connection())
}

fn written_in(settings: &Settings, ports: &Ports) -> Option<RecognizedUrl> {
    let (document, target) = document_of(settings, ports)?;
    if let Some((_, key, ..)) = settings.url_key() {
        return recognize(document.get(key)?.expose());
    }
    recognize_parts(|wanted| {
        let (key, _) = target
            .keys
            .iter()
            .find(|(_, spec)| matches!(spec, KeySpec::Part { part, .. } if *part == wanted))?;
        document.get(key).map(|value| value.expose().to_owned())
    })
}

/// How to connect as the application does: as its env file says, else as the project step found.
pub(super) fn of_app_or_project(cx: &Cx) -> Option<Connection> {
    written(cx)
        .map(|recognized| recognized.connection())
        .or_else(|| cx.project().map(|project| project.connection))
}

/// How the application connects: only as its env file says.
pub(super) fn of_app(cx: &Cx) -> Option<Connection> {
    if cx.settings.url_key().is_none() && cx.settings.parts_target().is_none() {
        return cx.project().map(|project| project.connection);
    }
    written(cx).map(|recognized| recognized.connection())
}

/// Whether the env file leads to another database than the project: then nothing may be written to either.
pub(super) fn leads_elsewhere(cx: &Cx) -> bool {
    match (written(cx), cx.project()) {
        (Some(written), Some(project)) => !project.connection.matches(&written),
        _ => false,
    }
}

/// The variables of the env file, for a command of the project.
pub(super) fn environment(cx: &Cx) -> Vec<(String, Secret)> {
    let Some((document, _)) = document(cx) else {
        return Vec::new();
    };
    let entries = document.entries();
    entries
        .map(|entry| (entry.key.clone(), entry.value.clone()))
        .collect()
}

/// Every secret that this run knows, for redacting the output of other programs.
pub(super) fn secrets(cx: &Cx) -> Vec<Secret> {
    let mut secrets: Vec<_> = environment(cx)
        .into_iter()
        .filter(|(key, value)| {
            sensitive::is_secret_key(key) || sensitive::is_secret_value(value.expose())
        })
        .map(|(_, value)| value)
        .collect();
    secrets.extend(of_app_or_project(cx).map(|connection| connection.password));
    secrets.extend(cx.known_key().iter().flat_map(KnownKey::secrets));
    secrets
}

/// Redacts the text of another program.
pub(super) fn redact(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.chars() >= 8) {
        text = text.replace(secret.expose(), DOTS);
    }
    redact::text(&text)
}
