//! The issuer of logins in the browser, as our own adapters meet it, and as an attacker does.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use super::support::{Api, start};
use crate::{
    core::secret::Secret,
    domain::web_login::{IssuerEndpoints, LoginRequest, RANDOM_BYTES, callback, tokens::WebTokens},
    ports::web_login::{CallbackPage, IssuerError, WebLogin as _, browser::BrowserLogin},
    sandbox::{
        Sandbox,
        faults::{Faults, WebLoginFault},
    },
};

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

fn web() -> BrowserLogin {
    BrowserLogin::new(None, Duration::from_secs(10), None)
}

fn request(port: u16) -> LoginRequest {
    LoginRequest::new(&[7; RANDOM_BYTES], &[9; RANDOM_BYTES], port)
}

/// Opens the page, and returns the query of the callback that it leads to.
async fn agreed(endpoints: &IssuerEndpoints, request: &LoginRequest) -> String {
    let page = client().get(request.address(endpoints)).send().await;
    let page = page.unwrap();
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    let to = page.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with(&request.redirect), "{to}");
    to.split_once('?').unwrap().1.to_owned()
}

async fn log_in(sandbox: &Sandbox) -> (IssuerEndpoints, Result<WebTokens, IssuerError>) {
    let endpoints = web().discover(&sandbox.oauth_host()).await.unwrap();
    let request = request(4321);
    let query = agreed(&endpoints, &request).await;
    let code = callback::read(&query, &request, &endpoints.issuer).unwrap();
    let tokens = web().exchange(&endpoints, &request, &code).await;
    (endpoints, tokens)
}

fn set(sandbox: &Sandbox, login: WebLoginFault) {
    sandbox.set_faults(Faults {
        login,
        ..Faults::default()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_brings_the_code_to_the_listener_and_the_token_works() {
    let sandbox = start().await;
    let web = web();
    let endpoints = web.discover(&sandbox.oauth_host()).await.unwrap();
    let mut listener = web.listen(&sandbox.oauth_host()).await.unwrap();
    let request = request(listener.port());
    let address = request.address(&endpoints);
    // a browser follows the redirect by itself
    let browser = tokio::spawn(async move {
        let browser = reqwest::Client::builder().no_proxy().build().unwrap();
        let page = browser.get(address).send().await.unwrap();
        page.text().await.unwrap()
    });
    let read = |query: &str| callback::read(query, &request, &endpoints.issuer);
    let judge = |query: &str| match read(query) {
        Ok(_) => CallbackPage::Received,
        Err(_) => CallbackPage::Failed,
    };
    let query = listener.query(&judge).await.unwrap();
    assert!(browser.await.unwrap().contains("You can close this page"));
    let code = read(query.expose()).unwrap();
    let tokens = web.exchange(&endpoints, &request, &code).await.unwrap();
    let api = Api::of(&sandbox).with_key(tokens.access.expose());
    let who = api.get("/auth").await.expect(200);
    assert_eq!(who.text("/auth_method"), "oauth");
    api.get("/users/me").await.expect(200);
    api.get("/projects").await.expect(200);
    // a code works once
    let again = web.exchange(&endpoints, &request, &code).await;
    assert!(again.unwrap_err().is_final());
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_rotate_and_are_revoked() {
    let sandbox = start().await;
    let (endpoints, tokens) = log_in(&sandbox).await;
    let first = tokens.unwrap();
    let web = web();
    let spent = first.refresh.unwrap();
    let second = web.renew(&endpoints, &spent).await.unwrap();
    let api = Api::of(&sandbox).with_key(second.access.expose());
    api.get("/auth").await.expect(200);
    assert!(
        web.revoke(&endpoints, second.refresh.as_ref().unwrap())
            .await
            .unwrap()
    );
    api.get("/auth").await.expect(401);
    // who comes with a spent one ends the login of both
    let (endpoints, tokens) = log_in(&sandbox).await;
    let first = tokens.unwrap();
    let spent = first.refresh.unwrap();
    let second = web.renew(&endpoints, &spent).await.unwrap();
    assert!(web.renew(&endpoints, &spent).await.unwrap_err().is_final());
    let api = api.with_key(second.access.expose());
    api.get("/auth").await.expect(401);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_login_fault_does_what_it_says() {
    let sandbox = start().await;
    let endpoints = web().discover(&sandbox.oauth_host()).await.unwrap();
    let request = request(4321);
    let fault = async || {
        let query = agreed(&endpoints, &request).await;
        callback::read(&query, &request, &endpoints.issuer).map(|_| ())
    };
    set(&sandbox, WebLoginFault::Denied);
    assert_eq!(fault().await, Err(callback::CallbackFault::Denied));
    set(&sandbox, WebLoginFault::WrongState);
    assert_eq!(fault().await, Err(callback::CallbackFault::OtherState));
    set(&sandbox, WebLoginFault::CodeRefused);
    assert!(log_in(&sandbox).await.1.unwrap_err().is_final());
    set(&sandbox, WebLoginFault::NoRefreshToken);
    assert_eq!(log_in(&sandbox).await.1.unwrap().refresh, None);
    set(&sandbox, WebLoginFault::Slow);
    let slow = tokio::time::timeout(Duration::from_millis(300), fault()).await;
    assert!(slow.is_err(), "the page came");
    Api::of(&sandbox)
        .post("/sandbox/faults", json!({"login_seconds": 1}))
        .await
        .expect(200);
    let tokens = log_in(&sandbox).await.1.unwrap();
    let api = Api::of(&sandbox).with_key(tokens.access.expose());
    api.get("/auth").await.expect(200);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    api.get("/auth").await.expect(401);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_a_token_without_the_verifier_or_a_code_elsewhere() {
    let sandbox = start().await;
    let endpoints = web().discover(&sandbox.oauth_host()).await.unwrap();
    let request = request(4321);
    let query = agreed(&endpoints, &request).await;
    let code = callback::read(&query, &request, &endpoints.issuer).unwrap();
    let thief = LoginRequest {
        verifier: Secret::new("a".repeat(43)),
        ..request.clone()
    };
    let stolen = web().exchange(&endpoints, &thief, &code).await;
    assert!(stolen.unwrap_err().is_final());
    let address = request.address(&endpoints);
    for (from, to) in [
        ("127.0.0.1%3A4321", "evil.test"),
        ("client_id=neonctl", "client_id=other"),
    ] {
        let answer = client().get(address.replace(from, to)).send().await;
        assert_eq!(answer.unwrap().status(), StatusCode::BAD_REQUEST, "{to}");
    }
    // a page of another site cannot do it for its visitor
    let page = client()
        .get(&address)
        .header("sec-fetch-site", "cross-site")
        .send();
    assert_eq!(page.await.unwrap().status(), StatusCode::FORBIDDEN);
    for (from, to, error) in [
        ("S256", "plain", "invalid_request"),
        (
            "response_type=code",
            "response_type=token",
            "unsupported_response_type",
        ),
    ] {
        let answer = client()
            .get(address.replace(from, to))
            .send()
            .await
            .unwrap();
        let to = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(to.contains(error) && !to.contains("code="), "{to}");
    }
    sandbox.shutdown().await;
}
