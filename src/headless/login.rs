//! `neonup login` and `neonup logout`.

use std::io::{IsTerminal as _, Read as _};

use super::{Output, ask, output::Tone, report, work};
use crate::{
    answer::{Answer, Store},
    engine::login::clean,
    failure::{Exit, Failure},
    finding::Code,
    plan::{Status, StepId},
    ports::Ports,
    secret::Secret,
    settings::Settings,
};

/// The most that is read from standard input: no key is longer, and a wrong file may be endless.
const MOST: u64 = 64 * 1024;

/// Checks a key and keeps it.
pub async fn login(
    settings: Settings,
    ports: Ports,
    store: Option<Store>,
    output: &mut Output,
) -> Exit {
    let key = match read_key(&settings, output) {
        Ok(key) => key,
        Err(failure) => return output.failed(&failure, Exit::Failed),
    };
    let Some(key) = key else {
        output.note("cancelled: nothing was stored");
        return Exit::Cancelled;
    };
    let steps = [StepId::Login];
    let mut work = work::Work::new(settings, ports);
    let answer = Answer::Key(key, store.unwrap_or_default());
    if let Err(stop) = work.apply(StepId::Login, answer, output).await {
        return work.stopped(stop, &steps, output).await;
    }
    if !output.json {
        report::step(output, StepId::Login, work.plan.step(StepId::Login));
    }
    let done = work.plan.status(StepId::Login) == Status::Done;
    let place = match &work.plan.step(StepId::Login).detail {
        Some(crate::detail::Detail::Login(login)) if done && store != Some(Store::Session) => {
            login.store.clone()
        }
        _ => String::new(),
    };
    let exit = work.finished(&steps, output).await;
    if !place.is_empty() {
        let place = output.paint(Tone::Dim, place);
        output.note(format!("stored in {place}"));
    }
    exit
}

/// The key that is piped in, or typed; `None` when the user cancels. Without a terminal and a pipe, `NEON_API_KEY`.
fn read_key(settings: &Settings, output: &mut Output) -> Result<Option<Secret>, Failure> {
    if std::io::stdin().is_terminal() {
        output.prompt("Paste the API key (it is not shown), then Enter: ");
        let key = ask::secret().map_err(|error| {
            Failure::new(
                Code::LoginMissingKey,
                "cannot read the key from this terminal",
            )
            .why(error.to_string())
            .hint("pipe it: `neonup login < key-file`")
        })?;
        output.prompt("\n");
        return Ok(key.map(|key| clean(key.expose())));
    }
    let key = piped()?;
    if !key.is_empty() {
        return Ok(Some(key));
    }
    settings.environment.api_key().map(Some).ok_or_else(|| {
        Failure::new(
            Code::LoginMissingKey,
            "the key is empty: standard input held nothing",
        )
        .hint("pipe the key: `neonup login < key-file`, or set NEON_API_KEY")
    })
}

/// A key from a pipe or a file.
fn piped() -> Result<Secret, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(MOST)
        .read_to_string(&mut text)
        .map_err(|error| {
            Failure::new(
                Code::LoginMissingKey,
                "cannot read the key from standard input",
            )
            .why(error.to_string())
            .hint("pipe the key as text: `neonup login < key-file`")
        })?;
    Ok(clean(&text))
}

/// For `setup`: a key that was piped in on purpose, with where it is to be kept. Only where `--store` says so, since standard input
/// is often something else.
pub(super) fn piped_key(settings: &Settings, dry_run: bool) -> Option<(Secret, Store)> {
    let store = settings.flags.store?;
    if dry_run {
        return None;
    }
    let typed = if std::io::stdin().is_terminal() {
        None
    } else {
        piped().ok()
    };
    typed
        .filter(|key| !key.is_empty())
        .or_else(|| settings.environment.api_key())
        .map(|key| (key, store))
}

/// Forgets the stored key.
pub async fn logout(settings: &Settings, ports: &Ports, output: &mut Output) -> Exit {
    let account = settings.key_account();
    let mut removed = Vec::new();
    let mut troubles = Vec::new();
    for store in [Store::Keyring, Store::File] {
        match ports.store.delete(store, &account).await {
            Ok(true) => removed.push(ports.store.place(store, &account)),
            Ok(false) => {}
            Err(failure) => troubles.push(failure),
        }
    }
    let environment = settings.environment.api_key().is_some();
    if output.json {
        output.document(&serde_json::json!({ "version": 1, "status": "done", "removed": removed, "environment": environment }));
    }
    match removed.as_slice() {
        [] => output.line(format!("no stored key for {account}")),
        places => output.line(format!("forgotten: {}", places.join(", "))),
    }
    if environment {
        output.note("NEON_API_KEY is still set in this shell");
    }
    // a machine without a keyring has nothing to forget there
    for failure in troubles.iter().filter(|_| removed.is_empty()) {
        output.note(format!("note: {} ({})", failure.what, failure.why));
    }
    Exit::Done
}
