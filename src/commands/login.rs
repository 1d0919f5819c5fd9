//! `neonup login` and `neonup logout`.

use std::io::{IsTerminal as _, Read as _};

use crate::{
    commands::{Output, prompt, session},
    report::{lines, output::Tone},
};
use crate::{
    core::{
        answer::{Answer, KeyStorage, LoginAnswer},
        code::Code,
        exit::Exit,
        failure::Failure,
        plan::Status,
        secret::Secret,
        step::StepId,
    },
    domain::api_key,
    os::signals::Signals,
    ports::Ports,
    project::settings::Settings,
};

/// The most that is read from standard input: no key is longer, and a wrong file may be endless.
const MOST: u64 = 64 * 1024;

/// Checks a key and keeps it.
pub(crate) async fn login(
    settings: Settings,
    ports: Ports,
    store: Option<KeyStorage>,
    output: &mut Output,
) -> Exit {
    let key = match read_key(&settings, output).await {
        Ok(key) => key,
        Err(failure) => return output.failed(&failure, Exit::Failed),
    };
    let Some(key) = key else {
        output.note("cancelled: nothing was stored");
        return Exit::Cancelled;
    };
    let steps = [StepId::Login];
    let mut work = session::Work::new(settings, ports);
    let answer = Answer::Login(LoginAnswer::Key(key, store.unwrap_or_default()));
    if let Err(stop) = work.apply(answer, output).await {
        return work.stopped(stop, &steps, output).await;
    }
    if !output.json {
        lines::step(output, StepId::Login, work.plan.step(StepId::Login));
    }
    let done = work.plan.status(StepId::Login) == Status::Done;
    if done && store == Some(KeyStorage::Session) {
        output.note("checked; not stored: with --store session the key ends with this command");
    }
    let place = match &work.plan.step(StepId::Login).facts {
        Some(crate::core::facts::Facts::Login(login))
            if done && store != Some(KeyStorage::Session) =>
        {
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
async fn read_key(settings: &Settings, output: &mut Output) -> Result<Option<Secret>, Failure> {
    if std::io::stdin().is_terminal() {
        output.prompt("Paste the API key (it is not shown), then Enter: ");
        let mut signals = Signals::ending();
        let typed = prompt::secret(signals.any()).await.map_err(|error| {
            Failure::new(
                Code::LoginMissingKey,
                "cannot read the key from this terminal",
            )
            .why(error.to_string())
            .hint("pipe it: `neonup login < key-file`")
        })?;
        output.prompt("\n");
        return Ok(match typed {
            prompt::Typed::Secret(key) => Some(api_key::clean(key.expose())),
            prompt::Typed::Back | prompt::Typed::Cancelled => None,
        });
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
    // anything but one line is some other file: it is not sent to anybody
    api_key::alone(&text).ok_or_else(|| {
        Failure::new(
            Code::LoginKeyRejected,
            "standard input holds something else than one API key",
        )
        .why("a key is one line that begins with napi_; nothing was sent to Neon")
        .hint("pipe the key alone: `neonup login < key-file`")
    })
}

/// For `setup`: a key that was piped in on purpose, with where it is to be kept. Only where `--store` says so, since standard input
/// is often something else.
pub(super) fn piped_key(settings: &Settings, dry_run: bool) -> Option<(Secret, KeyStorage)> {
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
pub(crate) async fn logout(settings: &Settings, ports: &Ports, output: &mut Output) -> Exit {
    let account = settings.key_account();
    let mut removed = Vec::new();
    let mut troubles = Vec::new();
    for store in [KeyStorage::Keyring, KeyStorage::File] {
        match ports.store.delete(store, &account).await {
            Ok(true) => removed.push(ports.store.place(store, &account)),
            Ok(false) => {}
            // a session without a keyring service has nothing to forget there
            Err(failure) if failure.why.contains("no keyring service") => {}
            Err(failure) => troubles.push(failure),
        }
    }
    let environment = settings.environment.api_key().is_some();
    let exit = if troubles.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    };
    if output.json {
        let status = if troubles.is_empty() {
            "done"
        } else {
            "failed"
        };
        output.document(&serde_json::json!({
            "version": 1,
            "status": status,
            "removed": removed,
            "environment": environment,
        }));
    }
    if !removed.is_empty() {
        output.line(format!("forgotten: {}", removed.join(", ")));
    } else if troubles.is_empty() {
        output.line(format!("no stored key for {account}"));
    }
    for failure in &troubles {
        output.note(format!(
            "error: {}: {}; a key may still be stored there",
            failure.what, failure.why
        ));
        output.note(format!("hint: {}", failure.hint));
    }
    if environment {
        output.note("NEON_API_KEY is still set in this shell");
    }
    exit
}
