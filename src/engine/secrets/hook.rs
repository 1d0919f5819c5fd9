//! The pre-commit check: only what the next commit adds or changes, and only what can be known without asking anybody.
//!
//! It runs at every commit, so it asks neither Neon nor the keyring: the passwords come from the env files, the API key from the
//! environment or its file; any other Neon key or password is recognized by its form.

use std::sync::Arc;

use tokio::sync::mpsc::unbounded_channel;

use crate::{
    core::{
        answer::KeyStorage, code::Severity, facts::KeySource, failure::Result, finding::Finding,
        step::StepId,
    },
    engine::{
        context::{Cx, KnownKey, Shared},
        secrets::{live_secrets::LiveSecrets, messages, unread},
        temporary,
    },
    ports::Ports,
    project::settings::Settings,
};

/// Finds what the next commit must not contain.
pub(crate) async fn staged(settings: Settings, ports: Ports) -> Result<Vec<Finding>> {
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
    cx.remember_key(key.map(|key| KnownKey { key, source }));
    temporary::recall(&cx).await;
    let live = LiveSecrets::gather(&cx);
    let scan = cx.ports.repository.scan_staged(live.labelled()).await?;
    let mut findings: Vec<_> = scan
        .leaks
        .iter()
        .filter_map(|leak| Some(messages::of_tree(leak, live.found(&leak.secret)?)))
        .map(|finding| messages::accepted(&cx.settings.accepted, finding))
        .filter(|finding| finding.severity == Severity::Gap)
        .collect();
    messages::shorten(&mut findings);
    let (unread, _accepted) = unread::findings(&scan.coverage, &cx.settings.accepted);
    findings.extend(unread);
    Ok(findings)
}
