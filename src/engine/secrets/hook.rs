//! What our hooks find: only what the next commit or push takes along, and only what can be known without asking anybody.
//!
//! They run at every commit, so they ask neither Neon nor the keyring: the passwords come from the env files, the API key from the
//! environment or its file; any other Neon key or password is recognized by its form.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::mpsc::unbounded_channel;

use crate::{
    core::{
        answer::KeyStorage,
        code::{Code, Severity},
        facts::KeySource,
        failure::Result,
        finding::Finding,
        step::StepId,
    },
    engine::{
        context::{Cx, KnownKey, Shared},
        secrets::{live_secrets::LiveSecrets, messages, unread},
        temporary,
    },
    ports::{Ports, repository::Push},
    project::settings::{Accepted, Settings},
};

/// What is about to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// What is staged for the next commit.
    Staged,
    /// The message of the next commit, in this file.
    Message(PathBuf),
    /// What a push sends.
    Push(Push),
}

/// The variables by which git names who makes a commit.
const PEOPLE: [&str; 4] = [
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
];

/// Finds what must not leave.
pub(crate) async fn search(
    settings: Settings,
    ports: Ports,
    outgoing: &Outgoing,
) -> Result<Vec<Finding>> {
    let (events, _receiver) = unbounded_channel();
    let cx = Cx::new(
        Arc::new(settings),
        ports,
        Arc::new(Shared::default()),
        events,
        StepId::Secrets,
        1,
    );
    let (key, source) = if let Some(key) = cx.settings.environment.api_key() {
        (Some(key), KeySource::Environment)
    } else {
        let account = cx.settings.key_account();
        let stored = cx.ports.store.get(KeyStorage::File, &account).await;
        (stored.ok().flatten(), KeySource::File)
    };
    cx.remember_key(key.map(|key| KnownKey::of_stored(key, source)));
    temporary::recall(&cx).await;
    let live = LiveSecrets::gather(&cx);
    let repository = &cx.ports.repository;
    let scan = match outgoing {
        Outgoing::Staged => repository.scan_staged(live.labelled()).await?,
        Outgoing::Message(file) => {
            let people = PEOPLE
                .iter()
                .filter_map(|name| cx.settings.environment.get(name));
            let people: Vec<_> = people.map(str::to_owned).collect();
            repository
                .scan_message(live.labelled(), file, &people)
                .await?
        }
        Outgoing::Push(push) => repository.scan_push(live.labelled(), push).await?,
    };
    let mut findings: Vec<_> = scan
        .leaks
        .iter()
        .filter_map(|leak| Some(messages::of_outgoing(leak, live.found(&leak.secret)?)))
        .map(|finding| accepted(&cx.settings.accepted, finding, outgoing))
        .filter(|finding| finding.severity == Severity::Gap)
        .collect();
    messages::shorten(&mut findings);
    let (unread, _accepted) = unread::findings(&scan.coverage, &cx.settings.accepted);
    findings.extend(unread);
    Ok(findings)
}

/// The finding as a note, where `neonup.toml` accepts it: what a push sends is in files, and in the history.
fn accepted(accepts: &[Accepted], finding: Finding, outgoing: &Outgoing) -> Finding {
    let mut finding = messages::accepted(accepts, finding);
    if matches!(outgoing, Outgoing::Push(_))
        && finding.severity == Severity::Gap
        && finding.code == Code::SecretsCredentialInTree
    {
        finding.code = Code::SecretsCredentialInHistory;
        finding = messages::accepted(accepts, finding);
    }
    finding
}
