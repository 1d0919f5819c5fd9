//! `neonup logout`: forgets the stored API key, and ends a login in the browser.

use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::{
    commands::{context::CommandContext, error::CommandError},
    core::{answer::KeyStorage, code::Code, exit::Exit, failure::Failure, secret::Secret},
    domain::web_login::tokens::WebTokens,
    engine::{key_journal::KeyJournal, turn},
    ports::{
        Ports,
        store::{KeyringError, StoreError},
    },
    project::settings::Settings,
    report::output::Output,
};

/// Forget the stored API key or browser login. A login is revoked, too.
#[derive(Debug, Args)]
pub(crate) struct LogoutArgs;

impl LogoutArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open_whole(context.flags())?;
        let account = settings.key_account();
        let mut removed = Vec::new();
        let mut failures = Vec::new();
        let stored = stored_keys(&ports, &account).await;
        let logins: Vec<_> = stored.iter().filter_map(WebTokens::of_stored).collect();
        let mut revoked = Vec::new();
        for login in &logins {
            revoked.push(revoke(&settings, &ports, login).await);
        }
        let tokens = logins.iter().flat_map(WebTokens::all).cloned();
        let keys: Vec<_> = stored.iter().cloned().chain(tokens).collect();
        for store in [KeyStorage::Keyring, KeyStorage::File] {
            match ports.store.delete(store, &account).await {
                Ok(true) => removed.push(ports.store.place(store, &account)),
                // a session without a keyring service has nothing to forget there
                Ok(false) | Err(StoreError::Keyring(KeyringError::NoService)) => {}
                Err(error) => failures.push(Failure::from(error)),
            }
        }
        turn::sweep(&settings, &ports);
        let journal = KeyJournal::load(ports.store.as_ref(), &account).await;
        if journal.pending.is_none()
            && let Err(error) = ports.store.delete_note(&account).await
        {
            failures.push(error.into());
        }
        failures.extend(
            ports
                .store
                .holding(&keys)
                .iter()
                .map(|path| still_holds(path)),
        );
        let in_environment = settings.environment.api_key().is_some();
        let (exit, status) = if failures.is_empty() {
            (Exit::Done, "done")
        } else {
            (Exit::Failed, "failed")
        };
        if output.json {
            output.document(&json!({
                "version": 1,
                "status": status,
                "removed": removed,
                "left": failures.iter().map(|failure| failure.what.as_str()).collect::<Vec<_>>(),
                "environment": in_environment,
                "revoked": revoked.iter().map(Result::is_ok).collect::<Vec<_>>(),
            }));
        }
        if !removed.is_empty() {
            output.line(format!("removed: {}", removed.join(", ")));
        } else if failures.is_empty() {
            output.line(format!("no stored key for {account}"));
        }
        for login in &revoked {
            match login {
                Ok(()) => output.note("the browser login is revoked"),
                Err(why) => output.note(format!(
                    "the browser login was not revoked ({why}); whoever has it can use it until it expires"
                )),
            }
        }
        for failure in &failures {
            output.note(format!(
                "error: {}: {}; a key may still be stored there",
                failure.what, failure.why
            ));
            output.note(format!("hint: {}", failure.hint));
        }
        if let Some(pending) = &journal.pending {
            output.note(format!(
                "a rotation of the API key was interrupted: revoke `{}` and the key before it in the Neon console, if they \
                are listed",
                pending.name
            ));
        }
        if in_environment {
            output.note("NEON_API_KEY is still set in this shell");
        }
        Ok(exit)
    }
}

/// The keys that are stored, to see whether anything else holds them.
async fn stored_keys(ports: &Ports, account: &str) -> Vec<Secret> {
    let mut keys = Vec::new();
    for store in [KeyStorage::Keyring, KeyStorage::File] {
        keys.extend(ports.store.get(store, account).await.ok().flatten());
    }
    keys
}

/// Revokes a login where it was issued; else says why not.
async fn revoke(settings: &Settings, ports: &Ports, login: &WebTokens) -> Result<(), String> {
    if settings.oauth_host.as_ref() != Some(&login.issuer) {
        return Err(format!("it is from {}", login.issuer));
    }
    // the end of the refresh token is the end of the access token
    let token = login.refresh.as_ref().unwrap_or(&login.access);
    let web = &ports.web_login;
    let endpoints = web.discover(&login.issuer).await;
    let endpoints = endpoints.map_err(|error| error.to_string())?;
    match web.revoke(&endpoints, token).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("{} has no way to", login.issuer)),
        Err(error) => Err(error.to_string()),
    }
}

fn still_holds(path: &Path) -> Failure {
    Failure::new(
        Code::LoginStoredInClear,
        format!("`{}` contains the key", path.display()),
    )
    .why("it couldn't be removed, or it is a backup for `neonup undo`")
    .hint(format!("delete it: rm {}", path.display()))
}
