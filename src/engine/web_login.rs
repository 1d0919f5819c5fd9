//! The login in the browser: asks the issuer for a code, exchanges it, and renews what came of that for as long as it is used.
//!
//! A refresh token works once. So whoever renews a stored login has the turn to, and looks first whether another process has renewed it
//! already.

use std::time::{Duration, UNIX_EPOCH};

use crate::{
    core::{
        answer::KeyStorage,
        code::{Code, Severity},
        event::Progress,
        facts::{BrowserWait, Facts, KeySource, LoginFacts},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        secret::Secret,
    },
    domain::web_login::{
        IssuerEndpoints, LoginRequest, RANDOM_BYTES,
        callback::{self, CallbackFault},
        tokens::WebTokens,
    },
    engine::{
        context::{Cx, KnownKey},
        failures::web_login as failures,
        key_store,
    },
    ports::web_login::{CallbackListener, CallbackPage},
};

/// How long the browser is waited for.
pub(super) const BROWSER_LIMIT: Duration = Duration::from_mins(1);
/// How long where nobody could open one here: the address has to be carried to another machine, and the answer back.
pub(super) const BY_HAND_LIMIT: Duration = Duration::from_mins(5);

/// Logs in with the browser, and keeps the login.
pub(super) async fn log_in(cx: &Cx, storage: KeyStorage) -> Result<()> {
    // nobody is sent to a browser for a login that can't be kept
    key_store::check_storage(cx, storage).await?;
    let issuer = cx
        .settings
        .oauth_host
        .as_deref()
        .ok_or_else(failures::no_issuer)?;
    cx.progress(Progress::label("asking Neon where to log in"));
    let web = &cx.ports.web_login;
    let endpoints = web.discover(issuer).await?;
    let mut listener = web
        .listen(&origin(&endpoints.authorization))
        .await
        .map_err(|error| failures::no_listener(&error))?;
    let [state, verifier] = [random()?, random()?];
    let request = LoginRequest::new(&state, &verifier, listener.port());
    let code = answer(cx, &endpoints, &request, listener.as_mut()).await?;
    // nothing listens any more
    drop(listener);
    cx.progress(Progress::label("checking the login with Neon"));
    let tokens = web
        .exchange(&endpoints, &request, &code)
        .await
        .map_err(failures::code_refused)?;
    for token in tokens.all() {
        cx.settings.gate.close_to(token);
    }
    // what Neon's API does not accept is never stored
    cx.ports.neon.auth(&tokens.access).await?;
    cx.progress(Progress::label("storing the login"));
    key_store::store_login(cx, tokens, storage).await
}

/// Waits for the browser's answer: at the callback, or pasted by a person.
async fn answer(
    cx: &Cx,
    endpoints: &IssuerEndpoints,
    request: &LoginRequest,
    listener: &mut dyn CallbackListener,
) -> Result<Secret> {
    let read = |query: &str| callback::read(query, request, &endpoints.issuer);
    let page = |query: &str| match read(query) {
        Ok(_) => CallbackPage::Received,
        Err(_) => CallbackPage::Failed,
    };
    cx.forget_pasted();
    let address = request.address(endpoints);
    let opened = cx.ports.web_login.open(&address);
    let show = |problem: Option<&str>| {
        cx.show(Facts::Login(LoginFacts {
            api_host: cx.settings.api_host.clone(),
            browser: true,
            waiting: Some(BrowserWait {
                address: address.clone(),
                opened,
                problem: problem.map(str::to_owned),
            }),
            ..LoginFacts::default()
        }));
    };
    show(None);
    cx.progress(Progress::label("waiting for your browser"));
    let limit = if opened { BROWSER_LIMIT } else { BY_HAND_LIMIT };
    let end = tokio::time::sleep(limit);
    tokio::pin!(end);
    loop {
        tokio::select! {
            biased;
            query = listener.query(&page) => {
                let query = query.map_err(|error| failures::no_listener(&error))?;
                return read(query.expose()).map_err(Failure::from);
            }
            address = cx.pasted() => {
                let read = callback::pasted(address.expose()).map(&read);
                match read {
                    Some(Ok(code)) => return Ok(code),
                    // what was pasted may be of an earlier attempt: this one goes on
                    Some(Err(fault @ (CallbackFault::Denied | CallbackFault::Issuer(_)))) => {
                        return Err(fault.into());
                    }
                    Some(Err(fault)) => show(Some(&fault.to_string())),
                    None => show(Some("that isn't the address the browser ended at: it has /callback? in it")),
                }
            }
            () = &mut end => return Err(failures::timed_out(limit, opened)),
        }
    }
}

/// The known key, renewed where its login is about to end.
pub(super) async fn fresh(cx: &Cx, known: KnownKey) -> Result<KnownKey> {
    let now = now(cx);
    let Some(login) = known.login.as_ref().filter(|login| login.is_due(now)) else {
        return Ok(known);
    };
    let over = login.is_over(now);
    match renew(cx, &known, login).await {
        Err(failure) if !over => {
            tracing::debug!(%failure, "the login isn't renewed yet");
            Ok(known)
        }
        renewed => renewed,
    }
}

/// Renews the login after a failure that says that Neon rejects it. `None` where it says something else, or where there is no login.
pub(super) async fn renew_after(cx: &Cx, failure: &Failure) -> Option<Result<KnownKey>> {
    if failure.code != Code::LoginKeyRejected {
        return None;
    }
    let known = cx.known_key()?;
    let login = known.login.as_ref()?;
    let _search = cx.key_search().await;
    match cx.known_key() {
        // another step was as quick
        Some(other) if other != known => Some(Ok(other)),
        _ => Some(renew(cx, &known, login).await),
    }
}

/// What was being done has to be done again, with the renewed login.
pub(super) fn repeat() -> Failure {
    Failure::new(
        Code::LoginExpired,
        "the browser login had expired, and was renewed",
    )
    .hint("do it again")
}

async fn renew(cx: &Cx, known: &KnownKey, login: &WebTokens) -> Result<KnownKey> {
    let stored = match known.source {
        KeySource::Keyring => Some(KeyStorage::Keyring),
        KeySource::File => Some(KeyStorage::File),
        KeySource::Typed | KeySource::Environment | KeySource::NeonCli => None,
    };
    let mut login = login.clone();
    let mut _turn = None;
    if let Some(storage) = stored {
        _turn = Some(key_store::take_turn(cx, "another neonup is renewing this login").await?);
        let account = cx.settings.key_account();
        let text = cx.ports.store.get(storage, &account).await?;
        let present = KnownKey::of_stored(text.ok_or_else(failures::logged_out)?, known.source);
        let due = present
            .login
            .as_ref()
            .is_some_and(|present| present.is_due(now(cx)));
        if present.key != known.key && !due {
            // another process has renewed it, or stored a key
            cx.remember_key(Some(present.clone()));
            return Ok(present);
        }
        login = present.login.unwrap_or(login);
    }
    let refresh = login.refresh.as_ref().ok_or_else(failures::no_refresh)?;
    // nobody else ever gets it
    if cx.settings.oauth_host.as_ref() != Some(&login.issuer) {
        return Err(failures::other_issuer(&login.issuer));
    }
    cx.progress(Progress::label("renewing the login"));
    let web = &cx.ports.web_login;
    let endpoints = web.discover(&login.issuer).await?;
    let renewed = web
        .renew(&endpoints, refresh)
        .await
        .map_err(failures::not_renewed)?;
    let known = KnownKey::of_login(renewed, known.source);
    cx.remember_key(Some(known.clone()));
    if let (Some(storage), Some(login)) = (stored, &known.login) {
        let account = cx.settings.key_account();
        let text = login.to_stored();
        if let Err(error) = cx.ports.store.set(storage, &account, &text).await {
            cx.tell(not_kept(&error.into()));
        }
    }
    Ok(known)
}

/// The old refresh token is spent, and the new one is known to this run alone.
fn not_kept(failure: &Failure) -> Finding {
    Finding::new(
        Code::LoginExpired,
        "the renewed login couldn't be stored, and is gone when neonup ends",
    )
    .severity(Severity::Warning)
    .detail(format!("{}: {}", failure.what, failure.why))
    .command(Invocation::LoginWithBrowser)
    .hint("fix that, then run `neonup login --web` again")
}

/// A login that ends with its access token.
pub(super) fn cannot_be_renewed() -> Finding {
    Finding::new(
        Code::LoginExpired,
        "this browser login can't be renewed: Neon gave no refresh token",
    )
    .severity(Severity::Warning)
    .command(Invocation::LoginWithBrowser)
    .hint("when it expires, run `neonup login --web` again")
}

/// Seconds since 1970; 0 before.
fn now(cx: &Cx) -> u64 {
    let now = cx.ports.web_login.now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

fn random() -> Result<[u8; RANDOM_BYTES]> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| failures::no_random(&error))?;
    Ok(bytes)
}

/// Scheme, host and port of the issuer's page.
fn origin(address: &str) -> String {
    let url = url::Url::parse(address).ok();
    url.map_or_else(String::new, |url| url.origin().ascii_serialization())
}
